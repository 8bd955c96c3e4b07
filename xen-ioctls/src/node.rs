// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! An open device node: the one place that calls `open`, `ioctl`, `read` and `write`.
//!
//! With the feature `sim` it may be a simulated one. Without, there is nothing to choose from,
//! and a node is a file.

// UNSAFE: ioctl(2) is how these drivers are spoken to, and it cannot know what it is given.
#![expect(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use crate::error::{Error, Result};
use crate::mapping::{Mapping, Protection};

/// An open device node.
#[derive(Debug)]
pub(crate) enum Node {
    /// The kernel's.
    File(File),
    /// A simulated one.
    #[cfg(feature = "sim")]
    Sim(std::sync::Arc<crate::sim::Open>),
}

impl Node {
    /// Opens a device node for reading and writing, close-on-exec.
    pub fn open(path: &'static str, flags: libc::c_int) -> Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(path)
            .map(Self::File)
            .map_err(|source| Error::Open { path, source })
    }

    /// Calls `ioctl` with a pointer argument and gives back its result: -1 is an error, any
    /// other number is bits.
    ///
    /// # Safety
    ///
    /// `arg` must point to what `request` of this driver reads and writes, including everything
    /// that pointers inside of it lead to, valid for the whole call.
    pub unsafe fn ioctl<T>(&self, request: u32, arg: *mut T) -> io::Result<u32> {
        let file = match self {
            Self::File(file) => file,
            #[cfg(feature = "sim")]
            Self::Sim(node) => {
                // SAFETY: the caller answers for `arg`, as for the kernel's.
                return unsafe { node.ioctl(request, arg.cast()) };
            }
        };
        // SAFETY: the descriptor is open as long as `self` is borrowed; the caller answers for
        // `arg`.
        let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::Ioctl::from(request), arg) };
        match result {
            -1 => Err(io::Error::last_os_error()),
            bits => Ok(bits.cast_unsigned()),
        }
    }

    /// Maps `len` bytes of the node at `offset`, shared.
    pub fn mmap(&self, offset: u64, len: usize, protection: Protection) -> io::Result<Mapping> {
        match self {
            Self::File(file) => Mapping::new(file, offset, len, protection),
            #[cfg(feature = "sim")]
            Self::Sim(node) => node.mmap(offset, len, protection),
        }
    }

    /// Reads into `bytes`.
    pub fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => { file }.read(bytes),
            #[cfg(feature = "sim")]
            Self::Sim(node) => node.read(bytes),
        }
    }

    /// Writes all of `bytes`.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => { file }.write_all(bytes),
            #[cfg(feature = "sim")]
            Self::Sim(node) => node.write_all(bytes),
        }
    }
}

/// An open node that came from elsewhere, over a socket for example.
impl From<OwnedFd> for Node {
    fn from(fd: OwnedFd) -> Self {
        Self::File(fd.into())
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::File(file) => file.as_fd(),
            #[cfg(feature = "sim")]
            Self::Sim(node) => node.as_fd(),
        }
    }
}
