// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Small questions to Linux.

// UNSAFE: descriptors by number.
#![expect(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use vmm_sys_util::eventfd::EventFd;

use super::Error;
use crate::channel::is_readable;

/// Another descriptor of the same eventfd.
pub fn duplicate(eventfd: &EventFd) -> Result<OwnedFd, Error> {
    let duplicate = borrow(eventfd).try_clone_to_owned();
    duplicate.map_err(Error::EventFd)
}

/// Whether somebody has written to it whom nobody has read.
pub fn is_written(eventfd: &EventFd) -> bool {
    is_readable(borrow(eventfd))
}

fn borrow(eventfd: &EventFd) -> BorrowedFd<'_> {
    // SAFETY: the descriptor is open as long as `eventfd` is borrowed.
    unsafe { BorrowedFd::borrow_raw(eventfd.as_raw_fd()) }
}
