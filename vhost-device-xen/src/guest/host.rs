// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Small questions to Linux.

// UNSAFE: descriptors by number.
#![expect(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use vmm_sys_util::eventfd::EventFd;

use super::Error;

/// Another descriptor of the same eventfd.
pub fn duplicate(eventfd: &EventFd) -> Result<OwnedFd, Error> {
    // SAFETY: the descriptor is open as long as `eventfd` is borrowed.
    let fd = unsafe { BorrowedFd::borrow_raw(eventfd.as_raw_fd()) };
    fd.try_clone_to_owned().map_err(Error::EventFd)
}
