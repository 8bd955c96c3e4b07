// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Reads of a file that are under way together.

// UNSAFE: Linux's own asynchronous I/O, which the C library has no functions for.
#![expect(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// include/uapi/linux/aio_abi.h.
mod abi {
    pub const IOCB_CMD_PREAD: u16 = 0;

    /// `struct iocb`, as little-endian machines have it.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct Iocb {
        pub data: u64,
        pub key: u32,
        pub rw_flags: i32,
        pub opcode: u16,
        pub priority: i16,
        pub fd: u32,
        pub buffer: u64,
        pub len: u64,
        pub offset: i64,
        pub reserved: u64,
        pub flags: u32,
        pub eventfd: u32,
    }
    const _: () = assert!(size_of::<Iocb>() == 64);

    /// `struct io_event`.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct IoEvent {
        pub data: u64,
        pub request: u64,
        pub result: i64,
        pub more: i64,
    }
    const _: () = assert!(size_of::<IoEvent>() == 32);
}

/// What direct I/O is aligned to.
pub const PAGE: usize = 4096;

/// Bytes that begin at a page of their own.
pub struct Pages {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Pages {
    /// `len` bytes, all of them there.
    pub fn new(len: usize) -> Self {
        let bytes = vec![0xa5; len + PAGE];
        let start = bytes.as_ptr().align_offset(PAGE);
        Self { bytes, start, len }
    }

    /// The bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }
}

/// Up to so many reads of a page each, under way together. Each has a slot.
pub struct Queue {
    context: libc::c_ulong,
    file: File,
    memory: Pages,
    requests: Vec<abi::Iocb>,
    staged: Vec<*mut abi::Iocb>,
    events: Vec<abi::IoEvent>,
}

impl Queue {
    /// A queue with `depth` slots.
    pub fn new(file: File, depth: usize) -> io::Result<Self> {
        let mut context: libc::c_ulong = 0;
        let slots = libc::c_long::try_from(depth).map_err(io::Error::other)?;
        // SAFETY: io_setup writes the context's number to the variable, which it is given zeroed.
        let done = unsafe { libc::syscall(libc::SYS_io_setup, slots, &raw mut context) };
        count(done)?;
        Ok(Self {
            context,
            file,
            memory: Pages::new(depth * PAGE),
            requests: vec![abi::Iocb::default(); depth],
            staged: Vec::with_capacity(depth),
            events: vec![abi::IoEvent::default(); depth],
        })
    }

    /// Prepares the read of the page at `offset` in a slot, where none is under way.
    pub fn stage(&mut self, slot: usize, offset: u64) -> io::Result<()> {
        let page = &mut self.memory.bytes()[slot * PAGE..][..PAGE];
        let request = &mut self.requests[slot];
        *request = abi::Iocb {
            data: u64::try_from(slot).map_err(io::Error::other)?,
            opcode: abi::IOCB_CMD_PREAD,
            fd: u32::try_from(self.file.as_raw_fd()).map_err(io::Error::other)?,
            buffer: u64::try_from(page.as_mut_ptr().expose_provenance())
                .map_err(io::Error::other)?,
            len: u64::try_from(PAGE).map_err(io::Error::other)?,
            offset: i64::try_from(offset).map_err(io::Error::other)?,
            ..Default::default()
        };
        self.staged.push(request);
        Ok(())
    }

    /// Begins what was staged, in one system call.
    pub fn submit(&mut self) -> io::Result<()> {
        let staged = self.staged.len();
        let long = libc::c_long::try_from(staged).map_err(io::Error::other)?;
        let list = self.staged.as_mut_ptr();
        // SAFETY: io_submit reads so many pointers, each to an `Iocb` of `requests`, which does not
        // grow. The pages that they name stay until `drop`, which waits for the reads.
        let done = unsafe { libc::syscall(libc::SYS_io_submit, self.context, long, list) };
        self.staged.clear();
        match count(done)? {
            begun if begun == staged => Ok(()),
            begun => Err(io::Error::other(format!("{begun} of {staged} begun"))),
        }
    }

    /// Waits until at least one read has ended; the slots of all that have.
    pub fn wait(&mut self) -> io::Result<Vec<usize>> {
        let most = libc::c_long::try_from(self.events.len()).map_err(io::Error::other)?;
        let events = self.events.as_mut_ptr();
        let forever = std::ptr::null::<libc::timespec>();
        let number = libc::SYS_io_getevents;
        let least: libc::c_long = 1;
        // SAFETY: io_getevents writes at most so many events, and there is room for them.
        let done = unsafe { libc::syscall(number, self.context, least, most, events, forever) };
        let done = &self.events[..count(done)?];
        let slot = |event: &abi::IoEvent| match usize::try_from(event.result) {
            Ok(PAGE) => usize::try_from(event.data).map_err(io::Error::other),
            _ => Err(io::Error::other(format!(
                "a read ended with {}",
                event.result
            ))),
        };
        done.iter().map(slot).collect()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: io_destroy takes a number; it returns when no read is under way any more.
        unsafe { libc::syscall(libc::SYS_io_destroy, self.context) };
    }
}

fn count(result: libc::c_long) -> io::Result<usize> {
    usize::try_from(result).map_err(|_negative| io::Error::last_os_error())
}
