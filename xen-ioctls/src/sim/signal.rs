// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Eventfds, and waiting for them.

// UNSAFE: eventfd(2) and poll(2) are called.
#![expect(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, RawFd};
use std::time::Duration;

/// An eventfd that does not block.
#[derive(Debug)]
pub(super) struct Signal(File);

impl Signal {
    pub fn new() -> Self {
        // SAFETY: eventfd takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        assert!(fd >= 0, "eventfd: {}", io::Error::last_os_error());
        // SAFETY: the descriptor is new and belongs to nobody else.
        Self(unsafe { File::from_raw_fd(fd) })
    }

    /// Makes the descriptor readable.
    pub fn raise(&self) {
        signal(&self.0);
    }

    /// Makes the descriptor unreadable, and says whether it was readable.
    pub fn clear(&self) -> bool {
        take(&self.0)
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Adds one to an eventfd.
pub(super) fn signal(mut eventfd: &File) {
    // A counter that is full is readable, which is all that is wanted.
    let _full = eventfd.write(&1u64.to_ne_bytes());
}

/// Takes what has been added to an eventfd, if anything.
pub(super) fn take(mut eventfd: &File) -> bool {
    wait(&[eventfd.as_raw_fd()], Duration::ZERO) && eventfd.read(&mut [0; 8]).is_ok()
}

/// Waits until one of the descriptors is readable; whether one is.
pub(super) fn wait(fds: &[RawFd], timeout: Duration) -> bool {
    let mut fds: Vec<libc::pollfd> = fds
        .iter()
        .map(|fd| libc::pollfd {
            fd: *fd,
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    // Rounded up: waiting for less than a millisecond must not become spinning.
    let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    let count = libc::nfds_t::try_from(fds.len()).expect("a few descriptors");
    // SAFETY: poll reads and writes `count` items of `fds`.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, millis) };
    ready > 0
}
