// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guest memory of a Xen domain for [`vm_memory`].
//!
//! A [`GuestSpace`] is what a device worker holds, in one of two modes:
//!
//! - **foreign**: the guest hands out guest-physical addresses. Frames are mapped in buckets of
//!   2 MiB on first use and stay, within a budget, until [`GuestSpace::invalidate`].
//! - **grant**: the guest hands out grants: addresses with bit 63 set, the grant reference in bits
//!   43..12, the offset in the page in bits 11..0 (Linux's `grant-dma-ops.c`). Small ranges are
//!   copied and large ones mapped by the batch that uses them, and gone when it ends.
//!
//! [`memory()`](vm_memory::GuestAddressSpace::memory) gives a [`Batch`], which implements
//! [`vm_memory::GuestMemory`], so `virtio-queue` and any device written against those traits work
//! on it. An address that the guest has no right to give, or that has no memory behind it, is an
//! error of that access; nothing panics, and no signal is raised.
//!
//! The rings are [pinned](GuestSpace::pin): mapped once, for as long as the queue lives.
//!
//! # Example
//!
//! ```
//! use vm_memory::{Bytes, GuestAddress, GuestAddressSpace};
//! use xen_hypercall::DomId;
//! use xen_ioctls::sim;
//! use xen_vm_memory::GuestSpace;
//!
//! let xen = sim::Xen::new();
//! let guest = xen.create_domain(DomId(1), 1);
//! guest.add_memory(0x4000_0000, 1 << 20);
//! guest.write(0x4000_0000, &7u32.to_ne_bytes());
//!
//! // On Xen: Privcmd::open()?
//! let space = GuestSpace::foreign(DomId(1), xen.privcmd());
//! let batch = space.memory();
//! let first: u32 = batch.read_obj(GuestAddress(0x4000_0000))?;
//! assert_eq!(first, 7);
//! // Dropping the batch ends everything that was mapped for it alone.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod batch;
mod counters;
mod error;
mod foreign;
mod grant;
mod region;
mod space;

pub use address::{GRANT_BIT, Mode};
pub use batch::{Batch, BatchGuard};
pub use counters::Usage;
pub use error::{Error, Result};
pub use grant::{COPY_IN_MAX, COPY_OUT_MAX, Policy};
pub use region::{PROTOCOL_F_XEN_MMAP, Use, XenRegion};
pub use space::{FOREIGN_BUDGET, GuestSpace, Pin};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
