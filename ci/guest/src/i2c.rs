// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: i2c-dev is used by ioctls.
#![expect(unsafe_code)]

//! `i2c`: a user of the chips on an adapter.

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io,
    os::fd::AsRawFd,
};

/// include/uapi/linux/i2c-dev.h and include/uapi/linux/i2c.h.
mod abi {
    pub const I2C_SLAVE: libc::Ioctl = 0x0703;
    pub const I2C_RDWR: libc::Ioctl = 0x0707;
    pub const I2C_SMBUS: libc::Ioctl = 0x0720;
    pub const I2C_M_RD: u16 = 1;

    pub const QUICK: u32 = 0;
    pub const BYTE: u32 = 1;
    pub const BYTE_DATA: u32 = 2;
    pub const WORD_DATA: u32 = 3;
    pub const I2C_BLOCK_DATA: u32 = 8;

    #[repr(C)]
    pub struct Message {
        pub addr: u16,
        pub flags: u16,
        pub len: u16,
        pub buf: *mut u8,
    }

    #[repr(C)]
    pub struct Transfer {
        pub msgs: *mut Message,
        pub nmsgs: u32,
    }

    #[repr(C)]
    pub struct Smbus {
        pub read_write: u8,
        pub command: u8,
        pub size: u32,
        pub data: *mut [u8; 34],
    }
}

/// Runs `i2c NODE detect`, `i2c NODE use CHIP`, `i2c NODE words CHIP` or `i2c NODE refused CHIP`.
///
/// # Errors
///
/// When something is not as it should be.
pub fn main(words: &[&str]) -> Result<(), Box<dyn Error>> {
    match *words {
        [node, "detect"] => Adapter::open(node)?.detect(),
        [node, "use", chip] => Adapter::open(node)?.r#use(address(chip)?),
        [node, "words", chip] => Adapter::open(node)?.words(address(chip)?),
        [node, "refused", chip] => Adapter::open(node)?.refused(address(chip)?),
        _ => Err(crate::USAGE.into()),
    }
}

/// An address in hexadecimal, with `0x` or without.
fn address(text: &str) -> Result<u16, std::num::ParseIntError> {
    u16::from_str_radix(text.trim_start_matches("0x"), 16)
}

/// Reads single bytes of a chip.
pub struct ByteReader {
    adapter: Adapter,
    chip: u16,
}

impl ByteReader {
    /// Opens the adapter `node`.
    pub fn new(node: &str, chip: u16) -> io::Result<Self> {
        let adapter = Adapter::open(node)?;
        Ok(Self { adapter, chip })
    }

    /// Reads a register.
    pub fn read(&self, register: u8) -> io::Result<u8> {
        let data = self.adapter.read(self.chip, register, abi::BYTE_DATA, 1)?;
        Ok(data[0])
    }
}

struct Adapter(File);

impl Adapter {
    fn open(node: &str) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(node);
        file.map(Self)
    }

    /// Says who answers, as `i2cdetect` does.
    fn detect(&self) -> Result<(), Box<dyn Error>> {
        let mut found = Vec::new();
        for chip in 0x03..=0x77 {
            let mut data = [0; 34];
            if self.smbus(chip, false, 0, abi::QUICK, &mut data).is_ok() {
                found.push(format!("{chip:#04x}"));
            }
        }
        println!("i2c: found {}", found.join(" "));
        Ok(())
    }

    /// Writes and reads a chip in every way, and compares.
    fn r#use(&self, chip: u16) -> Result<(), Box<dyn Error>> {
        self.words(chip)?;
        let mut data = [0; 34];
        let block: Vec<u8> = (1..=32).collect();
        data[0] = 32;
        data[1..33].copy_from_slice(&block);
        self.smbus(chip, false, 0x40, abi::I2C_BLOCK_DATA, &mut data)?;
        same(
            "block",
            &self.read(chip, 0x40, abi::I2C_BLOCK_DATA, 32)?[1..33],
            &block,
        )?;

        let (mut register, mut bytes) = ([0x44], [0; 8]);
        self.transfer(chip, &mut [(false, &mut register), (true, &mut bytes)])?;
        same("combined transfer", &bytes, &block[4..12])
    }

    /// The same with one byte or two at a time.
    fn words(&self, chip: u16) -> Result<(), Box<dyn Error>> {
        let mut data = [0; 34];
        data[0] = 0xa5;
        self.smbus(chip, false, 0x10, abi::BYTE_DATA, &mut data)?;
        same(
            "byte",
            &self.read(chip, 0x10, abi::BYTE_DATA, 1)?[..1],
            &[0xa5],
        )?;

        self.smbus(chip, false, 0x10, abi::BYTE, &mut data)?;
        same(
            "byte from the pointer",
            &self.read(chip, 0, abi::BYTE, 1)?[..1],
            &[0xa5],
        )?;

        data[..2].copy_from_slice(&0x1234_u16.to_ne_bytes());
        self.smbus(chip, false, 0x20, abi::WORD_DATA, &mut data)?;
        let word = self.read(chip, 0x20, abi::WORD_DATA, 2)?;
        same("word", &word[..2], &0x1234_u16.to_ne_bytes())
    }

    /// Checks that nothing can be done with a chip.
    fn refused(&self, chip: u16) -> Result<(), Box<dyn Error>> {
        let (mut register, mut byte) = ([0], [0]);
        let combined = self.transfer(chip, &mut [(false, &mut register), (true, &mut byte)]);
        let read = self.read(chip, 0, abi::BYTE_DATA, 1);
        let quick = self.read(chip, 0, abi::QUICK, 0);
        match (combined, read, quick) {
            (Err(error), Err(_), Err(_)) => {
                println!("i2c: {chip:#04x} is refused: {error}");
                Ok(())
            }
            _ => Err(format!("{chip:#04x} can be used").into()),
        }
    }

    fn read(&self, chip: u16, command: u8, size: u32, len: u8) -> io::Result<[u8; 34]> {
        let mut data = [0; 34];
        data[0] = len;
        self.smbus(chip, true, command, size, &mut data)?;
        Ok(data)
    }

    fn smbus(
        &self,
        chip: u16,
        read: bool,
        command: u8,
        size: u32,
        data: &mut [u8; 34],
    ) -> io::Result<()> {
        let fd = self.0.as_raw_fd();
        // SAFETY: I2C_SLAVE takes a number and touches no memory.
        let result = unsafe { libc::ioctl(fd, abi::I2C_SLAVE, libc::c_ulong::from(chip)) };
        check(result)?;
        let mut smbus = abi::Smbus {
            read_write: read.into(),
            command,
            size,
            data,
        };
        // SAFETY: I2C_SMBUS reads one `Smbus`, and reads and writes at most 34 bytes at its
        // `data`, which has so many and is borrowed for the call.
        check(unsafe { libc::ioctl(fd, abi::I2C_SMBUS, &raw mut smbus) })
    }

    /// Sends messages with repeated starts between them; a true one is for reading.
    fn transfer(&self, chip: u16, parts: &mut [(bool, &mut [u8])]) -> io::Result<()> {
        let message = |(read, bytes): &mut (bool, &mut [u8])| {
            Ok(abi::Message {
                addr: chip,
                flags: if *read { abi::I2C_M_RD } else { 0 },
                len: u16::try_from(bytes.len()).map_err(io::Error::other)?,
                buf: bytes.as_mut_ptr(),
            })
        };
        let mut messages = parts
            .iter_mut()
            .map(message)
            .collect::<io::Result<Vec<_>>>()?;
        let mut transfer = abi::Transfer {
            msgs: messages.as_mut_ptr(),
            nmsgs: u32::try_from(messages.len()).map_err(io::Error::other)?,
        };
        // SAFETY: I2C_RDWR reads one `Transfer` and its `nmsgs` messages, and reads or writes `len`
        // bytes at each `buf`: all are borrowed for the call.
        let done = unsafe { libc::ioctl(self.0.as_raw_fd(), abi::I2C_RDWR, &raw mut transfer) };
        check(done)?;
        // Linux's virtio driver says how many messages were sent, even if that is none.
        if u32::try_from(done) != Ok(transfer.nmsgs) {
            return Err(io::Error::other(format!("{done} messages were sent")));
        }
        Ok(())
    }
}

fn same(what: &str, got: &[u8], wanted: &[u8]) -> Result<(), Box<dyn Error>> {
    if got != wanted {
        return Err(format!("{what}: {got:x?} is not {wanted:x?}").into());
    }
    println!("i2c: {what} is well");
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
