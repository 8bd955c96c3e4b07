// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Resources of a domain that its device model may map: `xen/include/public/memory.h`,
//! `XENMEM_acquire_resource` (since Xen 4.11).

// UNSAFE: each operation says what Xen makes of it.
#![expect(unsafe_code)]

use crate::call::XenHypercall;
use crate::dm_op::ServerId;
use crate::operation::operation;
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
            kind: 0,
            id: server.0.into(),
            frame: 1 + n,
        }
    }
}

/// `__HYPERVISOR_memory_op`.
pub const HYPERCALL: usize = 12;
/// `XENMEM_maximum_ram_page`.
const MAXIMUM_RAM_PAGE: usize = 2;

operation! {
    /// `XENMEM_decrease_reservation`: gives frames back to Xen. Returns how many extents.
    Decrease = HYPERCALL, 1, 32, {
        extent_start: u64,
        nr_extents: u64,
        extent_order: u32,
        mem_flags: u32,
        domid: u16,
        pad: [u16; 3],
    } slot In<u64> as |this, address, count| {
        this.extent_start = address;
        this.nr_extents = u64::try_from(count).unwrap_or(u64::MAX);
    } => usize, |_this, result| Ok(result)
}

operation! {
    /// `XENMEM_populate_physmap`: gets memory for frames. Returns how many extents.
    Populate = HYPERCALL, 6, 32, {
        extent_start: u64,
        nr_extents: u64,
        extent_order: u32,
        mem_flags: u32,
        domid: u16,
        pad: [u16; 3],
    } slot In<u64> as |this, address, count| {
        this.extent_start = address;
        this.nr_extents = u64::try_from(count).unwrap_or(u64::MAX);
    } => usize, |_this, result| Ok(result)
}

impl Decrease {
    /// Extents of `1 << order` frames of `domain`: the first frame of each is in the buffer.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses those frames any more.
    pub unsafe fn new(domain: DomId, order: u32) -> Self {
        Self {
            extent_start: 0,
            nr_extents: 0,
            extent_order: order,
            mem_flags: 0,
            domid: domain.0,
            pad: [0; 3],
        }
    }
}

impl Populate {
    /// Extents of `1 << order` frames of `domain`, holes so far: the first frame of each is in
    /// the buffer.
    pub fn new(domain: DomId, order: u32) -> Self {
        Self {
            extent_start: 0,
            nr_extents: 0,
            extent_order: order,
            mem_flags: 0,
            domid: domain.0,
            pad: [0; 3],
        }
    }
}

operation! {
    /// `XENMEM_add_to_physmap`: puts a page of Xen's into the memory of a domain.
    AddToPhysmap = HYPERCALL, 7, 24, {
        domid: u16,
        size: u16,
        space: u32,
        idx: u64,
        gpfn: u64,
    } no_slot NoSlot => (), |_this, _| Ok(())
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
            Space::SharedInfo => (0, 0),
            Space::GrantTable(n) => (1, n),
        };
        Self {
            domid: domain.0,
            size: 0,
            space,
            idx,
            gpfn: frame.0,
        }
    }
}

operation! {
    /// `XENMEM_remove_from_physmap`: takes a page out of the memory of a domain.
    RemoveFromPhysmap = HYPERCALL, 15, 16, {
        domid: u16,
        pad: [u16; 3],
        gpfn: u64,
    } no_slot NoSlot => (), |_this, _| Ok(())
}

impl RemoveFromPhysmap {
    /// Whatever is at a frame of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses that frame.
    pub unsafe fn new(domain: DomId, frame: Gfn) -> Self {
        Self {
            domid: domain.0,
            pad: [0; 3],
            gpfn: frame.0,
        }
    }
}

operation! {
    /// `XENMEM_acquire_resource`: asks for the machine frames of a resource; without room for
    /// any, for how many there are. Returns that number.
    AcquireResource = HYPERCALL, 28, 32, {
        domid: u16,
        kind: u16,
        id: u32,
        nr_frames: u32,
        pad: u32,
        frame: u64,
        frame_list: u64,
    } slot Out<u64> as |this, address, count| {
        this.nr_frames = u32::try_from(count).unwrap_or(u32::MAX);
        this.frame_list = if count == 0 { 0 } else { address };
    } => u32, |this, _| Ok(this.nr_frames)
}

impl AcquireResource {
    /// A resource of `domain`, from its first frame on; `None` when Xen has no such kind.
    pub fn new(domain: DomId, resource: Resource) -> Option<Self> {
        Some(Self {
            domid: domain.0,
            kind: u16::try_from(resource.kind).ok()?,
            id: resource.id,
            nr_frames: 0,
            pad: 0,
            frame: resource.frame.into(),
            frame_list: 0,
        })
    }
}

/// The number of the last machine frame.
///
/// # Errors
///
/// What Xen says.
pub fn maximum_ram_page<X: XenHypercall>(xen: &X) -> Result<usize, XenError> {
    // SAFETY: XENMEM_maximum_ram_page takes no argument.
    unsafe { xen.hypercall2_wide(HYPERCALL, [MAXIMUM_RAM_PAGE, 0]) }
}
