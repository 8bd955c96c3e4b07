// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A bus of the host: `/dev/i2c-N` of Linux.

// UNSAFE: ioctls of i2c-dev have no safe wrapper.
#![expect(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::smbus::{self, BLOCK_BYTES, Command, Kind};
use super::{Action, Address, Bus, Segment};
use crate::error::Error;
use crate::sys::check;

/// include/uapi/linux/i2c.h and include/uapi/linux/i2c-dev.h.
mod abi {
    /// `struct i2c_msg`.
    #[repr(C)]
    pub struct Message {
        pub addr: u16,
        pub flags: u16,
        pub len: u16,
        pub buf: *mut u8,
    }

    /// `struct i2c_rdwr_ioctl_data`.
    #[repr(C)]
    pub struct Transfer {
        pub msgs: *mut Message,
        pub nmsgs: u32,
    }

    /// `struct i2c_smbus_ioctl_data`.
    #[repr(C)]
    pub struct Smbus {
        pub read_write: u8,
        pub command: u8,
        pub size: u32,
        pub data: *mut [u8; DATA_BYTES],
    }

    #[cfg(target_pointer_width = "64")]
    const _: () = assert!(
        size_of::<Message>() == 16 && size_of::<Transfer>() == 16 && size_of::<Smbus>() == 16
    );

    /// `union i2c_smbus_data`: a length, a block, and a byte to spare.
    pub const DATA_BYTES: usize = super::BLOCK_BYTES + 2;

    pub const I2C_M_TEN: u16 = 0x0010;
    pub const I2C_M_RD: u16 = 0x0001;
    pub const I2C_FUNC_I2C: libc::c_ulong = 0x0000_0001;
    pub const I2C_SLAVE: libc::Ioctl = 0x0703;
    pub const I2C_FUNCS: libc::Ioctl = 0x0705;
    pub const I2C_RDWR: libc::Ioctl = 0x0707;
    pub const I2C_SMBUS: libc::Ioctl = 0x0720;
}

/// An I2C adapter of the host, or an SMBus adapter as far as its commands go.
#[derive(Debug)]
pub struct HostBus {
    file: File,
    functions: libc::c_ulong,
}

impl HostBus {
    /// Uses the adapter whose device node, `/dev/i2c-N`, the caller has opened for reading and
    /// writing.
    ///
    /// # Errors
    ///
    /// [`Error::I2cAdapter`] if the file is something else.
    pub fn new(file: File) -> Result<Self, Error> {
        let mut functions: libc::c_ulong = 0;
        // SAFETY: I2C_FUNCS writes one `unsigned long` to the pointer, which is one that outlives
        // the call. Any other driver would have to know the number 0x705 to do something else:
        // those that do (the old IDE and ISDN ones) are no files a caller opens by mistake.
        let result = unsafe { libc::ioctl(file.as_raw_fd(), abi::I2C_FUNCS, &raw mut functions) };
        check(result).map_err(|source| Error::I2cAdapter { source })?;
        Ok(Self { file, functions })
    }

    /// Sends segments as they are, as one transfer.
    fn combined(&self, segments: &mut [Segment]) -> io::Result<()> {
        let messages = segments.iter_mut().map(message);
        let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
        let nmsgs = u32::try_from(messages.len()).map_err(io::Error::other)?;
        let mut transfer = abi::Transfer {
            msgs: messages.as_mut_ptr(),
            nmsgs,
        };
        // SAFETY: I2C_RDWR (drivers/i2c/i2c-dev.c) reads one `Transfer` and the `nmsgs` messages it
        // points to, and reads or writes `len` bytes at each `buf`: all are the vectors' of
        // `segments` and of `messages`, which outlive the call and are not used during it. Without
        // I2C_M_RECV_LEN, which is never set, no message is longer than its `len`. Nothing keeps a
        // pointer.
        let result =
            unsafe { libc::ioctl(self.file.as_raw_fd(), abi::I2C_RDWR, &raw mut transfer) };
        check(result)
    }

    /// Executes one command, and returns what was read.
    fn command(&self, command: &Command) -> io::Result<Vec<u8>> {
        let address = libc::c_ulong::from(command.address);
        // SAFETY: I2C_SLAVE takes a number and touches no memory of this process.
        let result = unsafe { libc::ioctl(self.file.as_raw_fd(), abi::I2C_SLAVE, address) };
        check(result)?;
        let mut data = outgoing(command);
        let mut smbus = abi::Smbus {
            read_write: u8::from(command.into.is_some() && command.kind != Kind::ProcessCall),
            command: command.code,
            size: command.kind as u32,
            data: &raw mut data,
        };
        // SAFETY: I2C_SMBUS reads one `Smbus`, and reads and writes at most a `union
        // i2c_smbus_data` (34 bytes) at its `data`: both are, outlive the call, and are not used
        // during it. Nothing keeps a pointer.
        let result = unsafe { libc::ioctl(self.file.as_raw_fd(), abi::I2C_SMBUS, &raw mut smbus) };
        check(result)?;
        Ok(incoming(command, &data))
    }
}

impl Bus for HostBus {
    fn transfer(&mut self, segments: &mut [Segment]) -> io::Result<()> {
        if self.functions & abi::I2C_FUNC_I2C != 0 {
            return self.combined(segments);
        }
        let unsupported = || io::Error::from_raw_os_error(libc::EOPNOTSUPP);
        for command in smbus::commands(segments).ok_or_else(unsupported)? {
            let bytes = self.command(&command)?;
            if let Some((place, len)) = command.into
                && let Action::Read(into) = &mut segments[place].action
            {
                // The adapter may have found fewer.
                into.copy_from_slice(bytes.get(..len).ok_or(io::ErrorKind::UnexpectedEof)?);
            }
        }
        Ok(())
    }
}

/// A segment as Linux has it; it points into the segment.
fn message(segment: &mut Segment) -> io::Result<abi::Message> {
    let (addr, flags) = match segment.address {
        Address::Seven(address) => (address.into(), 0),
        Address::Ten(address) => (address, abi::I2C_M_TEN),
    };
    let (bytes, direction) = match &mut segment.action {
        Action::Read(bytes) => (bytes, abi::I2C_M_RD),
        Action::Write(bytes) => (bytes, 0),
    };
    Ok(abi::Message {
        addr,
        flags: flags | direction,
        len: u16::try_from(bytes.len()).map_err(io::Error::other)?,
        buf: bytes.as_mut_ptr(),
    })
}

/// `union i2c_smbus_data` before a command. A command has no more data than a block.
fn outgoing(command: &Command) -> [u8; abi::DATA_BYTES] {
    let mut data = [0; abi::DATA_BYTES];
    let out = &command.out;
    match command.kind {
        Kind::Quick | Kind::Byte => {}
        Kind::ByteData => data[..out.len()].copy_from_slice(out),
        Kind::WordData | Kind::ProcessCall => {
            if let [low, high] = out[..] {
                data[..2].copy_from_slice(&u16::from_le_bytes([low, high]).to_ne_bytes());
            }
        }
        Kind::Block | Kind::I2cBlock => {
            let len = command.into.map_or(out.len(), |(_, len)| len);
            data[0] = u8::try_from(len).unwrap_or(0);
            data[1..=out.len()].copy_from_slice(out);
        }
    }
    data
}

/// What was read, from `union i2c_smbus_data` after a command.
fn incoming(command: &Command, data: &[u8; abi::DATA_BYTES]) -> Vec<u8> {
    match command.kind {
        Kind::Quick => Vec::new(),
        Kind::Byte | Kind::ByteData => data[..1].to_vec(),
        Kind::WordData | Kind::ProcessCall => {
            let word = u16::from_ne_bytes([data[0], data[1]]);
            word.to_le_bytes().to_vec()
        }
        Kind::Block | Kind::I2cBlock => {
            let len = usize::from(data[0]).min(BLOCK_BYTES);
            data[1..=len].to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_adapter_is_refused() {
        let file = tempfile::tempfile().unwrap();

        let error = HostBus::new(file).unwrap_err();

        assert!(matches!(error, Error::I2cAdapter { .. }));
    }

    #[test]
    fn words_have_their_low_byte_first_on_the_bus() {
        let command = Command {
            address: 0x50,
            kind: Kind::WordData,
            code: 7,
            out: vec![0x34, 0x12],
            into: None,
        };

        let data = outgoing(&command);

        assert_eq!(u16::from_ne_bytes([data[0], data[1]]), 0x1234);
        assert_eq!(incoming(&command, &data), [0x34, 0x12]);
    }

    #[test]
    fn blocks_have_their_length_before_them() {
        let mut command = Command {
            address: 0x50,
            kind: Kind::I2cBlock,
            code: 7,
            out: (1..=32).collect(),
            into: None,
        };

        let data = outgoing(&command);
        command.out.clear();
        command.into = Some((1, 5));
        let asked = outgoing(&command);

        assert_eq!((data[0], data[1], data[32], data[33]), (32, 1, 32, 0));
        assert_eq!(incoming(&command, &data).len(), 32);
        assert_eq!(asked[0], 5);
    }
}
