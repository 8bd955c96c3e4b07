// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The one place that calls `ioctl` and `open`.

// UNSAFE: ioctl(2) is how these drivers are spoken to, and it cannot know what it is given.
#![expect(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use crate::error::{Error, Result};

/// Opens a device node for reading and writing, close-on-exec.
pub(crate) fn open(path: &'static str, flags: libc::c_int) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|source| Error::Open { path, source })
}

/// Calls `ioctl` with a pointer argument and gives back its non-negative result.
///
/// # Safety
///
/// `arg` must point to what `request` of `file`'s driver reads and writes, including everything
/// that pointers inside of it lead to, valid for the whole call.
pub(crate) unsafe fn ioctl<T>(file: &File, request: u32, arg: *mut T) -> io::Result<u32> {
    // SAFETY: the descriptor is open as long as `file` is borrowed; the caller answers for
    // `arg`.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::Ioctl::from(request), arg) };
    u32::try_from(result).map_err(|_negative| io::Error::last_os_error())
}
