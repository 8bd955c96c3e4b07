// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory of a domain, and resources of it that its device model may map:
//! `xen/include/public/memory.h` (`XENMEM_acquire_resource` since Xen 4.11).

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::abi::hypercalls::numbers::MEMORY_OP;
use crate::abi::memory::{self as abi, numbers, ops};
use crate::call::XenHypercall;
use crate::dm_op::ServerId;
use crate::operation::{request, word};
use crate::{DomId, Gfn, XenError};

/// What to acquire: `type`, `id` and first `frame` of `struct xen_mem_acquire_resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `XENMEM_resource_*`.
    pub kind: u32,
    /// Which one of that kind.
    pub id: u32,
    /// First frame of it.
    pub frame: u32,
}

impl Resource {
    /// Page `n` of the synchronous ioreq pages of a server (frame 0 is the buffered one):
    /// `XENMEM_resource_ioreq_server_frame_ioreq(n)`.
    pub fn ioreq_page(server: ServerId, n: u32) -> Self {
        Self {
            kind: abi::Resource::IOREQ_SERVER.0.into(),
            id: server.0.into(),
            frame: abi::FRAME_BUFIOREQ + 1 + n,
        }
    }
}

/// `__HYPERVISOR_memory_op`.
pub const HYPERCALL: usize = word(MEMORY_OP);

/// Tells where the extents are, and how many.
fn extents(reservation: &mut abi::XenMemoryReservation, address: u64, count: usize) {
    reservation.extent_start = address;
    reservation.nr_extents = u64::try_from(count).unwrap_or(u64::MAX);
}

request! {
    /// `XENMEM_decrease_reservation`: gives frames back to Xen. Returns how many extents.
    Decrease = ops::DecreaseReservation, slot |args, address, count| {
        extents(args, address, count);
    } => usize, |_args, result| Ok(result)
}

request! {
    /// `XENMEM_populate_physmap`: gets memory for frames. Returns how many extents. A caller with
    /// its own translation (PV) gets the machine frames in the buffer.
    Populate = ops::PopulatePhysmap, slot |args, address, count| {
        extents(args, address, count);
    } => usize, |_args, result| Ok(result)
}

impl Decrease {
    /// Extents of `1 << order` frames of `domain`: the first frame of each is in the buffer.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses those frames any more.
    pub unsafe fn new(domain: DomId, order: u32) -> Self {
        Self(abi::XenMemoryReservation {
            extent_order: order,
            domid: domain,
            ..Default::default()
        })
    }
}

impl Populate {
    /// Extents of `1 << order` frames of `domain`, holes so far: the first frame of each is in
    /// the buffer.
    pub fn new(domain: DomId, order: u32) -> Self {
        Self(abi::XenMemoryReservation {
            extent_order: order,
            domid: domain,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_add_to_physmap`: puts a page of Xen's into the memory of a domain.
    AddToPhysmap = ops::AddToPhysmap, => (), |_args, _| Ok(())
}

/// `XENMAPSPACE_*`: which page of Xen's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Space {
    /// The page that the domain shares with Xen.
    SharedInfo,
    /// A page of the domain's grant table.
    GrantTable(u64),
}

impl AddToPhysmap {
    /// Puts it at a frame of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses what was at that frame.
    pub unsafe fn new(domain: DomId, space: Space, frame: Gfn) -> Self {
        let (space, idx) = match space {
            Space::SharedInfo => (abi::Space::SHARED_INFO, 0),
            Space::GrantTable(n) => (abi::Space::GRANT_TABLE, n),
        };
        Self(abi::XenAddToPhysmap {
            domid: domain,
            space,
            idx,
            gpfn: frame,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_remove_from_physmap`: takes a page out of the memory of a domain.
    RemoveFromPhysmap = ops::RemoveFromPhysmap, => (), |_args, _| Ok(())
}

impl RemoveFromPhysmap {
    /// Whatever is at a frame of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses that frame.
    pub unsafe fn new(domain: DomId, frame: Gfn) -> Self {
        Self(abi::XenRemoveFromPhysmap {
            domid: domain,
            gpfn: frame,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_acquire_resource`: asks for the machine frames of a resource, or, for a caller
    /// whose memory Xen translates, puts the resource at the frames in the buffer. Without room
    /// for any, asks how many there are. Returns that number.
    AcquireResource = ops::AcquireResource, slot |args, address, count| {
        args.nr_frames = u32::try_from(count).unwrap_or(u32::MAX);
        args.frame_list = if count == 0 { 0 } else { address };
    } => u32, |args, _| Ok(args.nr_frames)
}

impl AcquireResource {
    /// A resource of `domain`, from its first frame on; `None` when Xen has no such kind.
    pub fn new(domain: DomId, resource: Resource) -> Option<Self> {
        Some(Self(abi::XenMemAcquireResource {
            domid: domain,
            kind: abi::Resource(u16::try_from(resource.kind).ok()?),
            id: resource.id,
            frame: resource.frame.into(),
            ..Default::default()
        }))
    }
}

/// The number of the last machine frame.
///
/// # Errors
///
/// What Xen says.
pub fn maximum_ram_page<X: XenHypercall>(xen: &X) -> Result<usize, XenError> {
    // SAFETY: XENMEM_maximum_ram_page takes no argument.
    unsafe { xen.hypercall2_wide(HYPERCALL, [word(numbers::MAXIMUM_RAM_PAGE), 0]) }
}
