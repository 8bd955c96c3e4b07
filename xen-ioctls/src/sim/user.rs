// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How the simulated kernel reads and writes the memory of its caller.

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::{Answer, machine};

/// Reads an argument.
///
/// # Safety
///
/// `from` leads to a readable `T`.
pub(super) unsafe fn get<T: Copy>(from: *const u8) -> T {
    // SAFETY: the caller answers for `from`; nothing is said of its alignment.
    unsafe { from.cast::<T>().read_unaligned() }
}

/// Reads `count` items.
///
/// # Safety
///
/// `from` leads to `count` readable items.
pub(super) unsafe fn get_all<T: Copy>(from: *const T, count: usize) -> Vec<T> {
    (0..count)
        .map(|n| {
            let item = from.wrapping_add(n).cast();
            // SAFETY: the caller answers for `count` items from `from` on; this is one of them.
            unsafe { get(item) }
        })
        .collect()
}

/// Writes a result.
///
/// # Safety
///
/// `to` leads to a writable `T` that nobody else uses.
pub(super) unsafe fn put<T>(to: *mut u8, value: T) {
    // SAFETY: the caller answers for `to`; nothing is said of its alignment.
    unsafe { to.cast::<T>().write_unaligned(value) }
}

/// Moves bytes between the caller and the kernel where the addresses are not to be trusted:
/// through a file, since the real kernel then says `EFAULT` itself.
#[derive(Debug)]
pub(super) struct Window(File);

impl Window {
    pub fn new() -> Self {
        Self(machine::memory_file())
    }

    /// Copies `len` bytes at `from`.
    pub fn read(&self, from: *const u8, len: usize) -> Answer<Vec<u8>> {
        // SAFETY: pwrite checks that the process may read each byte, and says EFAULT if not.
        let moved = unsafe { libc::pwrite(self.0.as_raw_fd(), from.cast(), len, 0) };
        if usize::try_from(moved) != Ok(len) {
            return Err(libc::EFAULT);
        }
        let mut bytes = vec![0; len];
        self.0
            .read_exact_at(&mut bytes, 0)
            .expect("the bytes are in the file");
        Ok(bytes)
    }

    /// Copies `bytes` to `to`.
    pub fn write(&self, to: *mut u8, bytes: &[u8]) -> Answer<()> {
        self.0
            .write_all_at(bytes, 0)
            .expect("a file in memory takes a few bytes");
        // SAFETY: pread checks that the process may write each byte, and says EFAULT if not; the
        // caller of the system call has lent them to it.
        let moved = unsafe { libc::pread(self.0.as_raw_fd(), to.cast(), bytes.len(), 0) };
        match usize::try_from(moved) == Ok(bytes.len()) {
            true => Ok(()),
            false => Err(libc::EFAULT),
        }
    }
}
