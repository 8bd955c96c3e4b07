// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Random bytes from Linux.

// UNSAFE: getrandom(2) has no safe wrapper in std, and none at all into guest memory.
#![expect(unsafe_code)]

use std::io;

use vm_memory::{Bytes, VolatileSlice};

impl super::Source {
    /// Writes random bytes to the front of `slice`, which is not empty, and says how many;
    /// 0 when there are no more.
    pub(super) fn fill(&self, slice: VolatileSlice<'_>) -> io::Result<usize> {
        match self {
            // getrandom(2) without flags waits until the kernel's generator is ready, which it is long
            // before there are guests.
            Self::Kernel => {
                let guard = slice.ptr_guard_mut();
                // SAFETY: getrandom writes at most `len` bytes from the pointer on, in the kernel, which
                // fails with EFAULT where there is no memory. A `VolatileSlice` is `len` bytes that stay
                // mapped for writing while it lives; nothing in this process refers to them but
                // through such slices, so no reference is invalidated.
                let given = unsafe { libc::getrandom(guard.as_ptr().cast(), guard.len(), 0) };
                usize::try_from(given).map_err(|_negative| io::Error::last_os_error())
            }
            Self::File(file) => slice
                .read_volatile_from(0, &mut &*file, slice.len())
                .map_err(io::Error::other),
        }
    }
}
