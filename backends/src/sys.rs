// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What devices ask of the system.

use std::io;

/// The error of a system call that has returned `outcome`, which is negative if there is one.
pub(crate) fn check(outcome: libc::c_int) -> io::Result<()> {
    match outcome {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How many processors this process may use, 1 if nobody knows.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
