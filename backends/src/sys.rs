// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! System calls that devices make.

use std::io;

/// The error of a system call that has returned `outcome`, which is negative if there is one.
pub(crate) fn check(outcome: libc::c_int) -> io::Result<()> {
    match outcome {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
