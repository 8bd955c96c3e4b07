// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/memory.yaml by `xen-abi generate`: edit that file.

//! Memory of a domain.
//!
//! Frames that a domain gives back, gets, or places in its address space; the map of its memory;
//! and
//! resources of a domain that its device model may map.
//!
//! Source: `xen/include/public/memory.h`.
//!
//! # To share memory with another domain
//!
//! A device model maps the IOREQ pages of a server, or a grant table, as a resource: in Linux
//! with `IOCTL_PRIVCMD_MMAP_RESOURCE`, in a kernel with `acquire_resource` and a list of frames.
//! The guest's own memory is mapped by grants or, with privilege over it, by frame number.
//!
//! ```
//! use xen_hypercall::DomId;
//! use xen_hypercall::abi::memory::{Resource, XenMemAcquireResource};
//!
//! let args = XenMemAcquireResource {
//!     domid: DomId(3),
//!     kind: Resource::IOREQ_SERVER,
//!     id: 7,       // the server
//!     frame: 1,    // the first page of slots; 0 is the buffered page
//!     nr_frames: 1,
//!     ..Default::default()
//! };
//! assert_eq!(size_of_val(&args), 32);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Frame of an IOREQ server's buffered page; its slots begin at frame 1.
pub const FRAME_BUFIOREQ: u32 = 0;

/// Grant table as a resource: the entries.
pub const ID_SHARED: u32 = 0;

/// Grant table as a resource: the status words of version 2.
pub const ID_STATUS: u32 = 1;

/// Flag of `reserved_device_memory_map`: of all devices.
pub const RDM_ALL: u32 = 1;

/// What can be mapped as a resource.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    PartialOrd,
    Ord,
    Hash,
)]
#[repr(transparent)]
pub struct Resource(pub u16);

impl Resource {
    /// Pages of an IOREQ server; `id` is the server.
    pub const IOREQ_SERVER: Self = Self(0);
    /// Pages of the grant table.
    pub const GRANT_TABLE: Self = Self(1);
    /// Trace buffer of a vCPU.
    pub const VMTRACE_BUF: Self = Self(2);
}

/// What is placed in a guest's address space.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    PartialOrd,
    Ord,
    Hash,
)]
#[repr(transparent)]
pub struct Space(pub u32);

impl Space {
    /// The shared info page.
    pub const SHARED_INFO: Self = Self(0);
    /// A page of the grant table.
    pub const GRANT_TABLE: Self = Self(1);
    /// A frame of the same domain.
    pub const GMFN: Self = Self(2);
    /// Frames of the same domain.
    pub const GMFN_RANGE: Self = Self(3);
    /// A frame of another domain; only in a batch.
    pub const GMFN_FOREIGN: Self = Self(4);
    /// Device memory; Arm only and only for the hardware domain.
    pub const DEV_MMIO: Self = Self(5);
}

/// How frames are allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct Memf(pub u32);

impl Memf {
    /// How many address bits the frames may have; 0 for any.
    pub const ADDRESS_BITS: Self = Self(0xff);
    /// The lowest bit of [`ADDRESS_BITS`](Self::ADDRESS_BITS).
    pub const ADDRESS_BITS_SHIFT: u32 = 0;
    /// NUMA node plus one; 0 for any.
    pub const NODE: Self = Self(0xff00);
    /// The lowest bit of [`NODE`](Self::NODE).
    pub const NODE_SHIFT: u32 = 8;
    /// Allocate when they are touched.
    pub const POPULATE_ON_DEMAND: Self = Self(0x10000);
    /// From that node or not at all.
    pub const EXACT_NODE_REQUEST: Self = Self(0x20000);
    /// The node is a virtual one.
    pub const VNODE: Self = Self(0x40000);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x7ffff);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for Memf {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Extents of memory.
///
/// C: `struct xen_memory_reservation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenMemoryReservation {
    /// In: The first frame of each extent.
    pub extent_start: u64,
    /// In: How many extents.
    pub nr_extents: u64,
    /// In: Frames of an extent as a power of two.
    pub extent_order: u32,
    /// In: How they are allocated.
    pub mem_flags: Memf,
    /// In: Whose memory.
    pub domid: crate::DomId,
    /// Zero.
    pub pad0: [u8; 6],
}

impl Default for XenMemoryReservation {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenMemoryReservation>() == 32);
    assert!(align_of::<XenMemoryReservation>() == 8);
    assert!(core::mem::offset_of!(XenMemoryReservation, extent_start) == 0);
    assert!(core::mem::offset_of!(XenMemoryReservation, nr_extents) == 8);
    assert!(core::mem::offset_of!(XenMemoryReservation, extent_order) == 16);
    assert!(core::mem::offset_of!(XenMemoryReservation, mem_flags) == 20);
    assert!(core::mem::offset_of!(XenMemoryReservation, domid) == 24);
    assert!(core::mem::offset_of!(XenMemoryReservation, pad0) == 26);
};

/// A page to place in an address space.
///
/// C: `struct xen_add_to_physmap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenAddToPhysmap {
    /// In: Whose address space.
    pub domid: crate::DomId,
    /// In and out: How many pages, for `gmfn_range`
    pub size: u16,
    /// In: What is placed.
    pub space: Space,
    /// In and out: Which one of it.
    pub idx: u64,
    /// In and out: Where it goes.
    pub gpfn: crate::Gfn,
}

impl Default for XenAddToPhysmap {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenAddToPhysmap>() == 24);
    assert!(align_of::<XenAddToPhysmap>() == 8);
    assert!(core::mem::offset_of!(XenAddToPhysmap, domid) == 0);
    assert!(core::mem::offset_of!(XenAddToPhysmap, size) == 2);
    assert!(core::mem::offset_of!(XenAddToPhysmap, space) == 4);
    assert!(core::mem::offset_of!(XenAddToPhysmap, idx) == 8);
    assert!(core::mem::offset_of!(XenAddToPhysmap, gpfn) == 16);
};

/// Pages to place in an address space.
///
/// C: `struct xen_add_to_physmap_batch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenAddToPhysmapBatch {
    /// In: Whose address space.
    pub domid: crate::DomId,
    /// In: What is placed; a `space` number.
    pub space: u16,
    /// In and out: How many; counts down.
    pub size: u16,
    /// In: For `gmfn_foreign`: whose frames; else zero.
    pub foreign_domid: crate::DomId,
    /// In: Which ones of it.
    pub idxs: u64,
    /// In: Where they go.
    pub gpfns: u64,
    /// In: What became of each.
    pub errs: u64,
}

impl Default for XenAddToPhysmapBatch {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenAddToPhysmapBatch>() == 32);
    assert!(align_of::<XenAddToPhysmapBatch>() == 8);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, domid) == 0);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, space) == 2);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, size) == 4);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, foreign_domid) == 6);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, idxs) == 8);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, gpfns) == 16);
    assert!(core::mem::offset_of!(XenAddToPhysmapBatch, errs) == 24);
};

/// A page to take out of an address space.
///
/// C: `struct xen_remove_from_physmap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenRemoveFromPhysmap {
    /// In: Whose address space.
    pub domid: crate::DomId,
    /// Zero.
    pub pad0: [u8; 6],
    /// In: Which page.
    pub gpfn: crate::Gfn,
}

impl Default for XenRemoveFromPhysmap {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenRemoveFromPhysmap>() == 16);
    assert!(align_of::<XenRemoveFromPhysmap>() == 8);
    assert!(core::mem::offset_of!(XenRemoveFromPhysmap, domid) == 0);
    assert!(core::mem::offset_of!(XenRemoveFromPhysmap, pad0) == 2);
    assert!(core::mem::offset_of!(XenRemoveFromPhysmap, gpfn) == 8);
};

/// A buffer for the map of memory.
///
/// C: `struct xen_memory_map`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenMemoryMap {
    /// In and out: Entries that the buffer has room for; then, how many there are.
    pub nr_entries: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The buffer.
    pub buffer: u64,
}

impl Default for XenMemoryMap {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenMemoryMap>() == 16);
    assert!(align_of::<XenMemoryMap>() == 8);
    assert!(core::mem::offset_of!(XenMemoryMap, nr_entries) == 0);
    assert!(core::mem::offset_of!(XenMemoryMap, pad0) == 4);
    assert!(core::mem::offset_of!(XenMemoryMap, buffer) == 8);
};

/// Frames of a resource.
///
/// C: `struct xen_mem_acquire_resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenMemAcquireResource {
    /// In: Whose resource.
    pub domid: crate::DomId,
    /// In: What kind.
    pub kind: Resource,
    /// In: Which one.
    pub id: u32,
    /// In and out: How many frames; 0 asks how many there are.
    pub nr_frames: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The first frame of it.
    pub frame: u64,
    /// In: Where the frames are, or, for callers with translated memory, where they shall go.
    pub frame_list: u64,
}

impl Default for XenMemAcquireResource {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenMemAcquireResource>() == 32);
    assert!(align_of::<XenMemAcquireResource>() == 8);
    assert!(core::mem::offset_of!(XenMemAcquireResource, domid) == 0);
    assert!(core::mem::offset_of!(XenMemAcquireResource, kind) == 2);
    assert!(core::mem::offset_of!(XenMemAcquireResource, id) == 4);
    assert!(core::mem::offset_of!(XenMemAcquireResource, nr_frames) == 8);
    assert!(core::mem::offset_of!(XenMemAcquireResource, pad0) == 12);
    assert!(core::mem::offset_of!(XenMemAcquireResource, frame) == 16);
    assert!(core::mem::offset_of!(XenMemAcquireResource, frame_list) == 24);
};

/// The number of every operation.
pub mod numbers {
    /// Gets memory anywhere.
    pub const INCREASE_RESERVATION: u32 = 0;
    /// Gives extents of memory back to Xen.
    pub const DECREASE_RESERVATION: u32 = 1;
    /// The highest frame of the machine.
    pub const MAXIMUM_RAM_PAGE: u32 = 2;
    /// How many pages a domain has.
    pub const CURRENT_RESERVATION: u32 = 3;
    /// How many pages a domain may have.
    pub const MAXIMUM_RESERVATION: u32 = 4;
    /// Frames of the machine-to-physical table.
    pub const MACHPHYS_MFN_LIST: u32 = 5;
    /// Gets memory at given frames.
    pub const POPULATE_PHYSMAP: u32 = 6;
    /// Places a page in an address space.
    pub const ADD_TO_PHYSMAP: u32 = 7;
    /// Says what is where in the caller's address space.
    pub const MEMORY_MAP: u32 = 9;
    /// The machine's map of memory.
    pub const MACHINE_MEMORY_MAP: u32 = 10;
    /// Exchanges extents of memory.
    pub const EXCHANGE: u32 = 11;
    /// Where the machine-to-physical table is.
    pub const MACHPHYS_MAPPING: u32 = 12;
    /// Sets a domain's map of memory.
    pub const SET_MEMORY_MAP: u32 = 13;
    /// The highest frame of a domain.
    pub const MAXIMUM_GPFN: u32 = 14;
    /// Takes a page out of an address space.
    pub const REMOVE_FROM_PHYSMAP: u32 = 15;
    /// Sets the target of populate-on-demand.
    pub const SET_POD_TARGET: u32 = 16;
    /// The target of populate-on-demand.
    pub const GET_POD_TARGET: u32 = 17;
    /// Pages that sharing has freed.
    pub const GET_SHARING_FREED_PAGES: u32 = 18;
    /// Pages that are shared.
    pub const GET_SHARING_SHARED_PAGES: u32 = 19;
    /// Paging of a domain's memory.
    pub const PAGING_OP: u32 = 20;
    /// Access rights of a domain's memory.
    pub const ACCESS_OP: u32 = 21;
    /// Sharing of memory between domains.
    pub const SHARING_OP: u32 = 22;
    /// Places pages in an address space, with a result for each.
    pub const ADD_TO_PHYSMAP_BATCH: u32 = 23;
    /// Reserves memory for a domain to be.
    pub const CLAIM_PAGES: u32 = 24;
    /// Frames of the table for 32-bit callers.
    pub const MACHPHYS_COMPAT_MFN_LIST: u32 = 25;
    /// The virtual NUMA layout.
    pub const GET_VNUMAINFO: u32 = 26;
    /// Ranges that devices need left alone.
    pub const RESERVED_DEVICE_MEMORY_MAP: u32 = 27;
    /// Gives frames of a resource to the caller.
    pub const ACQUIRE_RESOURCE: u32 = 28;
}

/// Each operation as a type.
pub mod ops {
    /// Gives extents of memory back to Xen.
    ///
    /// C: `XENMEM_decrease_reservation`. Returns how many extents were done.
    ///
    /// - `extents`: The first frame of each extent.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DecreaseReservation;

    impl crate::operation::Operation for DecreaseReservation {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "memory.decrease_reservation";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenMemoryReservation;
        type Slots = (crate::operation::Many<crate::operation::In, crate::Gfn>,);
    }

    /// Gets memory at given frames.
    ///
    /// C: `XENMEM_populate_physmap`. Returns how many extents were done.
    ///
    /// - `extents`: Where each goes; for callers with their own translation, what it became.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PopulatePhysmap;

    impl crate::operation::Operation for PopulatePhysmap {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "memory.populate_physmap";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenMemoryReservation;
        type Slots = (crate::operation::Many<crate::operation::InOut, crate::Gfn>,);
    }

    /// Places a page in an address space.
    ///
    /// C: `XENMEM_add_to_physmap`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AddToPhysmap;

    impl crate::operation::Operation for AddToPhysmap {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 7;
        const NAME: &'static str = "memory.add_to_physmap";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenAddToPhysmap;
        type Slots = ();
    }

    /// Says what is where in the caller's address space.
    ///
    /// C: `XENMEM_memory_map`.
    ///
    /// - `entries`: 20 bytes an entry on x86: address, length, type.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MemoryMap;

    impl crate::operation::Operation for MemoryMap {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 9;
        const NAME: &'static str = "memory.memory_map";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::XenMemoryMap;
        type Slots = (crate::operation::Many<crate::operation::Out, u8>,);
    }

    /// Takes a page out of an address space.
    ///
    /// C: `XENMEM_remove_from_physmap`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RemoveFromPhysmap;

    impl crate::operation::Operation for RemoveFromPhysmap {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 15;
        const NAME: &'static str = "memory.remove_from_physmap";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenRemoveFromPhysmap;
        type Slots = ();
    }

    /// Places pages in an address space, with a result for each.
    ///
    /// C: `XENMEM_add_to_physmap_batch`.
    ///
    /// - `idxs`: Which ones.
    ///
    /// - `gpfns`: Where they go.
    ///
    /// - `errs`: What became of each.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AddToPhysmapBatch;

    impl crate::operation::Operation for AddToPhysmapBatch {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 23;
        const NAME: &'static str = "memory.add_to_physmap_batch";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenAddToPhysmapBatch;
        type Slots = (
            crate::operation::Many<crate::operation::In, u64>,
            crate::operation::Many<crate::operation::In, crate::Gfn>,
            crate::operation::Many<crate::operation::Out, i32>,
        );
    }

    /// Gives frames of a resource to the caller.
    ///
    /// C: `XENMEM_acquire_resource`. Since Xen 4.11.
    ///
    /// - `frames`: Where they are, or shall go.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AcquireResource;

    impl crate::operation::Operation for AcquireResource {
        const HYPERCALL: u32 = 12;
        const NUMBER: u32 = 28;
        const NAME: &'static str = "memory.acquire_resource";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 11)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::XenMemAcquireResource;
        type Slots = (crate::operation::Many<crate::operation::InOut, crate::Gfn>,);
    }
}
