// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What can go wrong with memory that stays mapped. What goes wrong with a single access is
//! [`vm_memory::GuestMemoryError`].

use vm_memory::GuestAddress;

use crate::Mode;

/// The result of pinning memory.
pub type Result<T> = std::result::Result<T, Error>;

/// Why memory cannot be pinned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A grant where guest-physical addresses are expected, the other way round, or a range that
    /// wraps around.
    #[error("{len} bytes at {:#x} are no range in {mode} mode", addr.0)]
    Address {
        /// The guest's address.
        addr: GuestAddress,
        /// The length of the range.
        len: usize,
        /// What the device was set up for.
        mode: Mode,
    },
    /// The guest has no memory there.
    #[error("{len} bytes at {:#x} are not all memory of the guest", addr.0)]
    Hole {
        /// The guest's address.
        addr: GuestAddress,
        /// The length of the range.
        len: usize,
    },
    /// Xen or the kernel refused the mapping.
    #[error("cannot map {len} bytes at {:#x}", addr.0)]
    Map {
        /// The guest's address.
        addr: GuestAddress,
        /// The length of the range.
        len: usize,
        /// What they said.
        #[source]
        source: xen_ioctls::Error,
    },
}
