// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A disk's contents: a file or block device of Linux.

// UNSAFE: preadv, pwritev, fcntl and ioctl have no safe wrapper in std, and none into guest memory.
#![expect(unsafe_code)]

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::ptr;

use crate::error::Error;
use crate::request::Buffers;

/// Pieces of memory per system call: 4 KiB of stack, and below Linux' limit of 1024.
const IOVECS: usize = 256;

/// An image of a disk.
#[derive(Debug)]
pub(super) struct Image {
    file: File,
    /// Its size when it was opened.
    pub(super) bytes: u64,
    /// The smallest piece that it can be written in without reading first.
    pub(super) block_size: u32,
}

/// Which way the data goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    /// From the image to the guest.
    In,
    /// From the guest to the image.
    Out,
}

impl Direction {
    /// What it means when nothing was moved.
    fn ended(self) -> io::ErrorKind {
        match self {
            Self::In => io::ErrorKind::UnexpectedEof,
            Self::Out => io::ErrorKind::WriteZero,
        }
    }
}

impl Image {
    /// Examines `file`, and checks that it was opened for what is needed.
    pub(super) fn new(mut file: File, read_only: bool) -> Result<Self, Error> {
        let kind = query("examine", file.metadata())?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(Error::DiskKind);
        }
        let mode = query("examine", access_mode(&file))?;
        if mode == libc::O_WRONLY {
            return Err(Error::DiskAccess { needed: "reading" });
        }
        if mode == libc::O_RDONLY && !read_only {
            return Err(Error::DiskAccess { needed: "writing" });
        }
        let bytes = query("measure", file.seek(SeekFrom::End(0)))?;
        let block_size = if kind.is_block_device() {
            query("measure the blocks of", logical_block_size(&file))?
        } else {
            512
        };
        Ok(Self {
            file,
            bytes,
            block_size,
        })
    }

    /// Moves all of `buffers` to or from `offset`. Says how many bytes were moved even
    /// when it fails: they are the first ones.
    pub(super) fn transfer(
        &self,
        direction: Direction,
        mut offset: u64,
        mut buffers: Buffers<'_>,
    ) -> (usize, io::Result<()>) {
        let mut done = 0;
        while !buffers.is_empty() {
            match self.transfer_some(direction, offset, buffers) {
                Ok(0) => return (done, Err(direction.ended().into())),
                Ok(n) => {
                    buffers.advance(n);
                    done += n;
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (done, Err(error)),
            }
        }
        (done, Ok(()))
    }

    /// One system call's worth of [`transfer`](Self::transfer).
    fn transfer_some(
        &self,
        direction: Direction,
        offset: u64,
        buffers: Buffers<'_>,
    ) -> io::Result<usize> {
        let mut iovecs = [libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        }; IOVECS];
        let mut count = 0;
        for (iovec, slice) in iovecs.iter_mut().zip(buffers.slices()) {
            let guard = slice.ptr_guard_mut();
            *iovec = libc::iovec {
                iov_base: guard.as_ptr().cast(),
                iov_len: guard.len(),
            };
            count += 1;
        }
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        let fd = self.file.as_raw_fd();
        let moved = match direction {
            // SAFETY: `iovecs` has `count` initialised elements and outlives the call. Each
            // is a `VolatileSlice` of `buffers`: memory that stays mapped while `buffers` lives,
            // and is the writable side of a chain, so mapped for writing. The kernel copies into
            // it (failing with EFAULT where there is no memory) and keeps no pointer. Nothing in
            // this process refers to that memory but through volatile slices.
            Direction::In => unsafe { libc::preadv(fd, iovecs.as_ptr(), count, offset) },
            // SAFETY: as above, but the kernel only reads the memory, which is the readable
            // side of a chain and mapped at least for that.
            Direction::Out => unsafe { libc::pwritev(fd, iovecs.as_ptr(), count, offset) },
        };
        usize::try_from(moved).map_err(|_negative| io::Error::last_os_error())
    }

    /// Makes everything that was written durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Names what was tried in the error.
fn query<T>(action: &'static str, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::DiskQuery { action, source })
}

/// `O_RDONLY`, `O_WRONLY` or `O_RDWR`.
fn access_mode(file: &File) -> io::Result<libc::c_int> {
    // SAFETY: F_GETFL takes no argument and touches no memory; the descriptor is open, as
    // `file` is.
    let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
    if flags < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(flags & libc::O_ACCMODE)
    }
}

/// What the driver of a block device calls its block size.
fn logical_block_size(file: &File) -> io::Result<u32> {
    let mut size: libc::c_int = 0;
    // SAFETY: BLKSSZGET (block/ioctl.c, `put_int`) writes one `int` to the pointer, which is
    // one that outlives the call; the descriptor is open, as `file` is.
    let outcome = unsafe { libc::ioctl(file.as_raw_fd(), libc::BLKSSZGET, &raw mut size) };
    if outcome < 0 {
        return Err(io::Error::last_os_error());
    }
    u32::try_from(size).map_err(io::Error::other)
}
