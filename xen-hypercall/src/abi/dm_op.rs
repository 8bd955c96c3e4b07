// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/dm_op.yaml by `xen-abi generate`: edit that file.

//! Device model operations.
//!
//! What a device model asks of Xen about the one guest it serves: IOREQ servers and their ranges,
//! interrupts, dirty pages. The only family whose buffers a kernel can check without knowing the
//! operations: every address is in the list of buffers, none is inside one.
//!
//! The first buffer holds [`XenDmOp`]: number, zero, arguments. It may be larger than the operation
//! needs and must not be smaller. All padding must be zero, or the answer is `EINVAL`. Xen writes
//! the arguments back only when the operation has results and has succeeded.
//!
//! Source: `xen/include/public/hvm/dm_op.h`, `xen/include/public/hvm/hvm_op.h`.
//!
//! # To emulate a range of guest addresses
//!
//! Create an IOREQ server, map its pages with `memory.acquire_resource`, enable it, bind the
//! event channel of each slot, and only then map ranges to it. Destroying the server takes its
//! ranges with it.
//!
//! ```
//! use xen_hypercall::abi::dm_op::{IoRange, IoreqServerRange, XenDmOp, XenDmOpU};
//!
//! let mut op = XenDmOp::default();
//! op.set_u(XenDmOpU::MapIoRangeToIoreqServer(IoreqServerRange {
//!     id: 7,
//!     kind: IoRange::MEMORY,
//!     start: 0x200_0000,
//!     end: 0x200_01ff,
//!     ..Default::default()
//! }));
//! assert_eq!(op.op, 3);
//! ```
//!
//! # To inject an interrupt
//!
//! On Arm raise a shared peripheral interrupt with `set_irq_level`. On x86 an ISA line with
//! `set_isa_irq_level`, a PCI pin with `set_pci_intx_level`, a message with `inject_msi`.
//!
//! ```
//! use xen_hypercall::abi::dm_op::{SetIrqLevel, XenDmOp, XenDmOpU};
//!
//! let mut op = XenDmOp::default();
//! let args = SetIrqLevel { irq: 33, level: 1, ..Default::default() };
//! op.set_u(XenDmOpU::SetIrqLevel(args));
//! assert_eq!(op.u_value(), Ok(XenDmOpU::SetIrqLevel(args)));
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of number and zero before the arguments.
pub const SIZE_MIN: u32 = 8;

/// Xen takes no more buffers (`E2BIG`).
pub const BUFFERS_MAX: u32 = 2;

/// Type for `pin_memory_cacheattr` that removes a pinned range.
pub const DELETE_MEM_CACHEATTR: u32 = 4294967295;

/// Whether an IOREQ server has a page of buffered writes.
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
pub struct Bufioreq(pub u8);

impl Bufioreq {
    /// None; the only choice on Arm.
    pub const OFF: Self = Self(0);
    /// The pointers are updated one after the other.
    pub const LEGACY: Self = Self(1);
    /// Both pointers are updated by one compare and exchange.
    pub const ATOMIC: Self = Self(2);
}

/// What the ends of a range are.
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
pub struct IoRange(pub u32);

impl IoRange {
    /// x86 port numbers.
    pub const PORT: Self = Self(0);
    /// Guest-physical addresses.
    pub const MEMORY: Self = Self(1);
    /// A PCI function; both ends are segment << 16, bus << 8, device << 3, function.
    pub const PCI: Self = Self(2);
}

/// What kind of event is injected into a vCPU.
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
pub struct EventType(pub u8);

impl EventType {
    /// External interrupt.
    pub const EXT_INT: Self = Self(0);
    /// Non-maskable interrupt.
    pub const NMI: Self = Self(2);
    /// Hardware exception.
    pub const HW_EXC: Self = Self(3);
    /// Software interrupt (`INT n`).
    pub const SW_INT: Self = Self(4);
    /// Privileged software exception (`ICEBP`).
    pub const PRI_SW_EXC: Self = Self(5);
    /// Software exception (`INT3`, `INTO`).
    pub const SW_EXC: Self = Self(6);
}

/// Caching of a pinned range of memory.
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
pub struct Cacheattr(pub u32);

impl Cacheattr {
    /// Uncacheable.
    pub const UC: Self = Self(0);
    /// Write combining.
    pub const WC: Self = Self(1);
    /// Write through.
    pub const WT: Self = Self(4);
    /// Write protected.
    pub const WP: Self = Self(5);
    /// Write back.
    pub const WB: Self = Self(6);
    /// Uncacheable unless the guest says otherwise.
    pub const UCM: Self = Self(7);
}

/// What is asked of `get_ioreq_server_info`
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct ServerInfo(pub u16);

impl ServerInfo {
    /// Do not place the pages in the guest; needed on Arm and where pages are mapped as a resource.
    pub const NO_GFNS: Self = Self(0x1);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x1);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for ServerInfo {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Which accesses to a memory type become ioreqs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct MemAccess(pub u32);

impl MemAccess {
    /// Reads; Xen refuses it so far.
    pub const READ: Self = Self(0x1);
    /// Writes.
    pub const WRITE: Self = Self(0x2);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x3);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for MemAccess {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Creates an IOREQ server.
///
/// C: `struct xen_dm_op_create_ioreq_server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CreateIoreqServer {
    /// In: Whether it has a page of buffered writes.
    pub handle_bufioreq: Bufioreq,
    /// Zero.
    pub pad0: [u8; 3],
    /// Out: The new server.
    pub id: u16,
}

impl Default for CreateIoreqServer {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<CreateIoreqServer>() == 6);
    assert!(align_of::<CreateIoreqServer>() == 2);
    assert!(core::mem::offset_of!(CreateIoreqServer, handle_bufioreq) == 0);
    assert!(core::mem::offset_of!(CreateIoreqServer, pad0) == 1);
    assert!(core::mem::offset_of!(CreateIoreqServer, id) == 4);
};

/// Where an IOREQ server's pages and its buffered event channel are.
///
/// C: `struct xen_dm_op_get_ioreq_server_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GetIoreqServerInfo {
    /// In: The server.
    pub id: u16,
    /// In: What not to do.
    pub flags: ServerInfo,
    /// Out: Xen's end of the channel for buffered writes.
    pub bufioreq_port: crate::Port,
    /// Out: The page of slots.
    pub ioreq_gfn: crate::Gfn,
    /// Out: The page of buffered writes.
    pub bufioreq_gfn: crate::Gfn,
}

impl Default for GetIoreqServerInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GetIoreqServerInfo>() == 24);
    assert!(align_of::<GetIoreqServerInfo>() == 8);
    assert!(core::mem::offset_of!(GetIoreqServerInfo, id) == 0);
    assert!(core::mem::offset_of!(GetIoreqServerInfo, flags) == 2);
    assert!(core::mem::offset_of!(GetIoreqServerInfo, bufioreq_port) == 4);
    assert!(core::mem::offset_of!(GetIoreqServerInfo, ioreq_gfn) == 8);
    assert!(core::mem::offset_of!(GetIoreqServerInfo, bufioreq_gfn) == 16);
};

/// A range of a server; the newest server that has an address gets the access.
///
/// C: `struct xen_dm_op_ioreq_server_range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct IoreqServerRange {
    /// In: The server.
    pub id: u16,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: What the ends are.
    pub kind: IoRange,
    /// In: The first.
    pub start: u64,
    /// In: The last, which belongs to the range.
    pub end: u64,
}

impl Default for IoreqServerRange {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<IoreqServerRange>() == 24);
    assert!(align_of::<IoreqServerRange>() == 8);
    assert!(core::mem::offset_of!(IoreqServerRange, id) == 0);
    assert!(core::mem::offset_of!(IoreqServerRange, pad0) == 2);
    assert!(core::mem::offset_of!(IoreqServerRange, kind) == 4);
    assert!(core::mem::offset_of!(IoreqServerRange, start) == 8);
    assert!(core::mem::offset_of!(IoreqServerRange, end) == 16);
};

/// Enables or disables an IOREQ server.
///
/// C: `struct xen_dm_op_set_ioreq_server_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetIoreqServerState {
    /// In: The server.
    pub id: u16,
    /// In: Not zero when the guest's accesses go to it.
    pub enabled: u8,
    /// Zero.
    pub pad0: [u8; 1],
}

impl Default for SetIoreqServerState {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetIoreqServerState>() == 4);
    assert!(align_of::<SetIoreqServerState>() == 2);
    assert!(core::mem::offset_of!(SetIoreqServerState, id) == 0);
    assert!(core::mem::offset_of!(SetIoreqServerState, enabled) == 2);
    assert!(core::mem::offset_of!(SetIoreqServerState, pad0) == 3);
};

/// Destroys an IOREQ server.
///
/// C: `struct xen_dm_op_destroy_ioreq_server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DestroyIoreqServer {
    /// In: The server.
    pub id: u16,
    /// Zero.
    pub pad0: [u8; 2],
}

impl Default for DestroyIoreqServer {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DestroyIoreqServer>() == 4);
    assert!(align_of::<DestroyIoreqServer>() == 2);
    assert!(core::mem::offset_of!(DestroyIoreqServer, id) == 0);
    assert!(core::mem::offset_of!(DestroyIoreqServer, pad0) == 2);
};

/// A range of frames of which the guest's writes are recorded.
///
/// C: `struct xen_dm_op_track_dirty_vram`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct TrackDirtyVram {
    /// In: How many; zero stops the recording.
    pub nr: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The first frame.
    pub first_pfn: crate::Gfn,
}

impl Default for TrackDirtyVram {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<TrackDirtyVram>() == 16);
    assert!(align_of::<TrackDirtyVram>() == 8);
    assert!(core::mem::offset_of!(TrackDirtyVram, nr) == 0);
    assert!(core::mem::offset_of!(TrackDirtyVram, pad0) == 4);
    assert!(core::mem::offset_of!(TrackDirtyVram, first_pfn) == 8);
};

/// The level of a PCI interrupt pin.
///
/// C: `struct xen_dm_op_set_pci_intx_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetPciIntxLevel {
    /// In: PCI segment; zero.
    pub domain: u16,
    /// In: PCI bus; zero.
    pub bus: u8,
    /// In: PCI device; below 32.
    pub device: u8,
    /// In: Pin: 0 is INTA, 3 is INTD.
    pub intx: u8,
    /// In: 0 or 1.
    pub level: u8,
}

impl Default for SetPciIntxLevel {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetPciIntxLevel>() == 6);
    assert!(align_of::<SetPciIntxLevel>() == 2);
    assert!(core::mem::offset_of!(SetPciIntxLevel, domain) == 0);
    assert!(core::mem::offset_of!(SetPciIntxLevel, bus) == 2);
    assert!(core::mem::offset_of!(SetPciIntxLevel, device) == 3);
    assert!(core::mem::offset_of!(SetPciIntxLevel, intx) == 4);
    assert!(core::mem::offset_of!(SetPciIntxLevel, level) == 5);
};

/// The level of an ISA interrupt line.
///
/// C: `struct xen_dm_op_set_isa_irq_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetIsaIrqLevel {
    /// In: The line; below 16.
    pub isa_irq: u8,
    /// In: 0 or 1.
    pub level: u8,
}

impl Default for SetIsaIrqLevel {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetIsaIrqLevel>() == 2);
    assert!(align_of::<SetIsaIrqLevel>() == 1);
    assert!(core::mem::offset_of!(SetIsaIrqLevel, isa_irq) == 0);
    assert!(core::mem::offset_of!(SetIsaIrqLevel, level) == 1);
};

/// The ISA line of a PCI interrupt link.
///
/// C: `struct xen_dm_op_set_pci_link_route`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetPciLinkRoute {
    /// In: The link; below 4.
    pub link: u8,
    /// In: The line, 1 to 15; 0 disconnects.
    pub isa_irq: u8,
}

impl Default for SetPciLinkRoute {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetPciLinkRoute>() == 2);
    assert!(align_of::<SetPciLinkRoute>() == 1);
    assert!(core::mem::offset_of!(SetPciLinkRoute, link) == 0);
    assert!(core::mem::offset_of!(SetPciLinkRoute, isa_irq) == 1);
};

/// How many extents follow, and where a continued call goes on.
///
/// C: `struct xen_dm_op_modified_memory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ModifiedMemory {
    /// In and out: Extents in the second buffer that are not done yet.
    pub nr_extents: u32,
    /// In and out: Zero at first; Xen's own.
    pub opaque: u32,
}

impl Default for ModifiedMemory {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<ModifiedMemory>() == 8);
    assert!(align_of::<ModifiedMemory>() == 4);
    assert!(core::mem::offset_of!(ModifiedMemory, nr_extents) == 0);
    assert!(core::mem::offset_of!(ModifiedMemory, opaque) == 4);
};

/// Neighbouring frames that the device model has written.
///
/// C: `struct xen_dm_op_modified_memory_extent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ModifiedMemoryExtent {
    /// In: How many.
    pub nr: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The first.
    pub first_pfn: crate::Gfn,
}

impl Default for ModifiedMemoryExtent {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<ModifiedMemoryExtent>() == 16);
    assert!(align_of::<ModifiedMemoryExtent>() == 8);
    assert!(core::mem::offset_of!(ModifiedMemoryExtent, nr) == 0);
    assert!(core::mem::offset_of!(ModifiedMemoryExtent, pad0) == 4);
    assert!(core::mem::offset_of!(ModifiedMemoryExtent, first_pfn) == 8);
};

/// The type of neighbouring frames.
///
/// C: `struct xen_dm_op_set_mem_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetMemType {
    /// In and out: How many; counts down when the call is continued.
    pub nr: u32,
    /// In: An `HVMMEM_` number.
    pub mem_type: u16,
    /// Zero.
    pub pad0: [u8; 2],
    /// In and out: The first.
    pub first_pfn: crate::Gfn,
}

impl Default for SetMemType {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetMemType>() == 16);
    assert!(align_of::<SetMemType>() == 8);
    assert!(core::mem::offset_of!(SetMemType, nr) == 0);
    assert!(core::mem::offset_of!(SetMemType, mem_type) == 4);
    assert!(core::mem::offset_of!(SetMemType, pad0) == 6);
    assert!(core::mem::offset_of!(SetMemType, first_pfn) == 8);
};

/// An event for a vCPU.
///
/// C: `struct xen_dm_op_inject_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InjectEvent {
    /// In: The vCPU.
    pub vcpuid: u32,
    /// In: Vector.
    pub vector: u8,
    /// In: What kind of event.
    pub kind: EventType,
    /// In: Length of the instruction for software events.
    pub insn_len: u8,
    /// Zero.
    pub pad0: [u8; 1],
    /// In: Error code; all ones for none.
    pub error_code: u32,
    /// Zero.
    pub pad1: [u8; 4],
    /// In: Faulting address of a page fault.
    pub cr2: u64,
}

impl Default for InjectEvent {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<InjectEvent>() == 24);
    assert!(align_of::<InjectEvent>() == 8);
    assert!(core::mem::offset_of!(InjectEvent, vcpuid) == 0);
    assert!(core::mem::offset_of!(InjectEvent, vector) == 4);
    assert!(core::mem::offset_of!(InjectEvent, kind) == 5);
    assert!(core::mem::offset_of!(InjectEvent, insn_len) == 6);
    assert!(core::mem::offset_of!(InjectEvent, pad0) == 7);
    assert!(core::mem::offset_of!(InjectEvent, error_code) == 8);
    assert!(core::mem::offset_of!(InjectEvent, pad1) == 12);
    assert!(core::mem::offset_of!(InjectEvent, cr2) == 16);
};

/// A message-signalled interrupt.
///
/// C: `struct xen_dm_op_inject_msi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InjectMsi {
    /// In: Message data.
    pub data: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: Message address.
    pub addr: u64,
}

impl Default for InjectMsi {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<InjectMsi>() == 16);
    assert!(align_of::<InjectMsi>() == 8);
    assert!(core::mem::offset_of!(InjectMsi, data) == 0);
    assert!(core::mem::offset_of!(InjectMsi, pad0) == 4);
    assert!(core::mem::offset_of!(InjectMsi, addr) == 8);
};

/// Gives the accesses to a memory type to a server.
///
/// C: `struct xen_dm_op_map_mem_type_to_ioreq_server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MapMemTypeToIoreqServer {
    /// In: The server.
    pub id: u16,
    /// In: `HVMMEM_ioreq_server`
    pub mem_type: u16,
    /// In: Which accesses; none takes the type back.
    pub flags: MemAccess,
    /// In and out: Zero at first; Xen's own.
    pub opaque: u64,
}

impl Default for MapMemTypeToIoreqServer {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<MapMemTypeToIoreqServer>() == 16);
    assert!(align_of::<MapMemTypeToIoreqServer>() == 8);
    assert!(core::mem::offset_of!(MapMemTypeToIoreqServer, id) == 0);
    assert!(core::mem::offset_of!(MapMemTypeToIoreqServer, mem_type) == 2);
    assert!(core::mem::offset_of!(MapMemTypeToIoreqServer, flags) == 4);
    assert!(core::mem::offset_of!(MapMemTypeToIoreqServer, opaque) == 8);
};

/// Shuts the guest down.
///
/// C: `struct xen_dm_op_remote_shutdown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RemoteShutdown {
    /// In: A `SHUTDOWN_` number.
    pub reason: u32,
}

impl Default for RemoteShutdown {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<RemoteShutdown>() == 4);
    assert!(align_of::<RemoteShutdown>() == 4);
    assert!(core::mem::offset_of!(RemoteShutdown, reason) == 0);
};

/// Moves frames within the guest's address space.
///
/// C: `struct xen_dm_op_relocate_memory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RelocateMemory {
    /// In and out: How many; undefined afterwards.
    pub size: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In and out: The first; undefined afterwards.
    pub src_gfn: crate::Gfn,
    /// In and out: Where it goes; undefined afterwards.
    pub dst_gfn: crate::Gfn,
}

impl Default for RelocateMemory {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<RelocateMemory>() == 24);
    assert!(align_of::<RelocateMemory>() == 8);
    assert!(core::mem::offset_of!(RelocateMemory, size) == 0);
    assert!(core::mem::offset_of!(RelocateMemory, pad0) == 4);
    assert!(core::mem::offset_of!(RelocateMemory, src_gfn) == 8);
    assert!(core::mem::offset_of!(RelocateMemory, dst_gfn) == 16);
};

/// Fixes the caching of a range of frames.
///
/// C: `struct xen_dm_op_pin_memory_cacheattr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PinMemoryCacheattr {
    /// In: The first frame.
    pub start: crate::Gfn,
    /// In: The last frame, which belongs to the range.
    pub end: crate::Gfn,
    /// In: How it is cached.
    pub kind: Cacheattr,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for PinMemoryCacheattr {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<PinMemoryCacheattr>() == 24);
    assert!(align_of::<PinMemoryCacheattr>() == 8);
    assert!(core::mem::offset_of!(PinMemoryCacheattr, start) == 0);
    assert!(core::mem::offset_of!(PinMemoryCacheattr, end) == 8);
    assert!(core::mem::offset_of!(PinMemoryCacheattr, kind) == 16);
    assert!(core::mem::offset_of!(PinMemoryCacheattr, pad0) == 20);
};

/// The level of a shared peripheral interrupt.
///
/// C: `struct xen_dm_op_set_irq_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetIrqLevel {
    /// In: The INTID: 32 or more, and not one that Xen itself drives.
    pub irq: u32,
    /// In: 0 or 1.
    pub level: u8,
    /// Zero.
    pub pad0: [u8; 3],
}

impl Default for SetIrqLevel {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetIrqLevel>() == 8);
    assert!(align_of::<SetIrqLevel>() == 4);
    assert!(core::mem::offset_of!(SetIrqLevel, irq) == 0);
    assert!(core::mem::offset_of!(SetIrqLevel, level) == 4);
    assert!(core::mem::offset_of!(SetIrqLevel, pad0) == 5);
};

/// How many vCPUs the domain has at most.
///
/// C: `struct xen_dm_op_nr_vcpus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct NrVcpus {
    /// Out: The answer.
    pub vcpus: u32,
}

impl Default for NrVcpus {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<NrVcpus>() == 4);
    assert!(align_of::<NrVcpus>() == 4);
    assert!(core::mem::offset_of!(NrVcpus, vcpus) == 0);
};

/// The first buffer: which operation, and its arguments.
///
/// C: `struct xen_dm_op`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenDmOp {
    /// In: The operation.
    pub op: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In and out: Its arguments.
    pub u: [u64; 3],
}

impl Default for XenDmOp {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenDmOp>() == 32);
    assert!(align_of::<XenDmOp>() == 8);
    assert!(core::mem::offset_of!(XenDmOp, op) == 0);
    assert!(core::mem::offset_of!(XenDmOp, pad0) == 4);
    assert!(core::mem::offset_of!(XenDmOp, u) == 8);
};

/// Its arguments, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XenDmOpU {
    /// Create a server.
    CreateIoreqServer(CreateIoreqServer),
    /// Ask about a server.
    GetIoreqServerInfo(GetIoreqServerInfo),
    /// Give a range to a server.
    MapIoRangeToIoreqServer(IoreqServerRange),
    /// Take a range from a server.
    UnmapIoRangeFromIoreqServer(IoreqServerRange),
    /// Enable or disable a server.
    SetIoreqServerState(SetIoreqServerState),
    /// Destroy a server.
    DestroyIoreqServer(DestroyIoreqServer),
    /// Record writes.
    TrackDirtyVram(TrackDirtyVram),
    /// Set a PCI pin.
    SetPciIntxLevel(SetPciIntxLevel),
    /// Set an ISA line.
    SetIsaIrqLevel(SetIsaIrqLevel),
    /// Route a PCI link.
    SetPciLinkRoute(SetPciLinkRoute),
    /// Tell of written frames.
    ModifiedMemory(ModifiedMemory),
    /// Set a memory type.
    SetMemType(SetMemType),
    /// Inject an event.
    InjectEvent(InjectEvent),
    /// Inject a message.
    InjectMsi(InjectMsi),
    /// Give a memory type to a server.
    MapMemTypeToIoreqServer(MapMemTypeToIoreqServer),
    /// Shut down.
    RemoteShutdown(RemoteShutdown),
    /// Move frames.
    RelocateMemory(RelocateMemory),
    /// Pin caching.
    PinMemoryCacheattr(PinMemoryCacheattr),
    /// Set an interrupt.
    SetIrqLevel(SetIrqLevel),
    /// Count vCPUs.
    NrVcpus(NrVcpus),
}

impl XenDmOp {
    /// What [`u`](Self::u) holds.
    ///
    /// # Errors
    ///
    /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.
    pub fn u_value(&self) -> Result<XenDmOpU, crate::operation::UnknownTag> {
        match self.op {
            1 => Ok(XenDmOpU::CreateIoreqServer(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            2 => Ok(XenDmOpU::GetIoreqServerInfo(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            3 => Ok(XenDmOpU::MapIoRangeToIoreqServer(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            4 => Ok(XenDmOpU::UnmapIoRangeFromIoreqServer(
                crate::operation::prefix(IntoBytes::as_bytes(&self.u)),
            )),
            5 => Ok(XenDmOpU::SetIoreqServerState(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            6 => Ok(XenDmOpU::DestroyIoreqServer(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            7 => Ok(XenDmOpU::TrackDirtyVram(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            8 => Ok(XenDmOpU::SetPciIntxLevel(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            9 => Ok(XenDmOpU::SetIsaIrqLevel(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            10 => Ok(XenDmOpU::SetPciLinkRoute(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            11 => Ok(XenDmOpU::ModifiedMemory(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            12 => Ok(XenDmOpU::SetMemType(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            13 => Ok(XenDmOpU::InjectEvent(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            14 => Ok(XenDmOpU::InjectMsi(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            15 => Ok(XenDmOpU::MapMemTypeToIoreqServer(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            16 => Ok(XenDmOpU::RemoteShutdown(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            17 => Ok(XenDmOpU::RelocateMemory(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            18 => Ok(XenDmOpU::PinMemoryCacheattr(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            19 => Ok(XenDmOpU::SetIrqLevel(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            20 => Ok(XenDmOpU::NrVcpus(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            tag => Err(crate::operation::UnknownTag(u64::from(tag))),
        }
    }

    /// Sets [`u`](Self::u) and its tag; the rest of it becomes zero.
    pub fn set_u(&mut self, value: XenDmOpU) {
        zerocopy::FromZeros::zero(&mut self.u);
        match value {
            XenDmOpU::CreateIoreqServer(value) => {
                self.op = 1;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::GetIoreqServerInfo(value) => {
                self.op = 2;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::MapIoRangeToIoreqServer(value) => {
                self.op = 3;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::UnmapIoRangeFromIoreqServer(value) => {
                self.op = 4;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::SetIoreqServerState(value) => {
                self.op = 5;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::DestroyIoreqServer(value) => {
                self.op = 6;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::TrackDirtyVram(value) => {
                self.op = 7;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::SetPciIntxLevel(value) => {
                self.op = 8;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::SetIsaIrqLevel(value) => {
                self.op = 9;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::SetPciLinkRoute(value) => {
                self.op = 10;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::ModifiedMemory(value) => {
                self.op = 11;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::SetMemType(value) => {
                self.op = 12;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::InjectEvent(value) => {
                self.op = 13;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::InjectMsi(value) => {
                self.op = 14;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::MapMemTypeToIoreqServer(value) => {
                self.op = 15;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::RemoteShutdown(value) => {
                self.op = 16;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::RelocateMemory(value) => {
                self.op = 17;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::PinMemoryCacheattr(value) => {
                self.op = 18;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::SetIrqLevel(value) => {
                self.op = 19;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            XenDmOpU::NrVcpus(value) => {
                self.op = 20;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
        }
    }
}

/// A buffer of the call.
///
/// C: `struct xen_dm_op_buf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenDmOpBuf {
    /// In: Where it is.
    pub h: u64,
    /// In: Bytes of it.
    pub size: u64,
}

impl Default for XenDmOpBuf {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenDmOpBuf>() == 16);
    assert!(align_of::<XenDmOpBuf>() == 8);
    assert!(core::mem::offset_of!(XenDmOpBuf, h) == 0);
    assert!(core::mem::offset_of!(XenDmOpBuf, size) == 8);
};

/// The number of every operation.
pub mod numbers {
    /// Creates an IOREQ server. A domain has at most eight. Pauses the domain for a moment.
    pub const CREATE_IOREQ_SERVER: u32 = 1;
    /// Says where an IOREQ server's pages are. On Arm only with `no_gfns`.
    pub const GET_IOREQ_SERVER_INFO: u32 = 2;
    /// Gives a range to a server. A server has at most 256.
    pub const MAP_IO_RANGE_TO_IOREQ_SERVER: u32 = 3;
    /// Takes a range from a server, exactly as it was given.
    pub const UNMAP_IO_RANGE_FROM_IOREQ_SERVER: u32 = 4;
    /// Enables or disables a server. Enabling fills in the event channels of its page, which must
    /// have been acquired before.
    pub const SET_IOREQ_SERVER_STATE: u32 = 5;
    /// Destroys a server with its ranges. Pauses the domain for a moment.
    pub const DESTROY_IOREQ_SERVER: u32 = 6;
    /// Says which frames of a range the guest has written since the last call.
    pub const TRACK_DIRTY_VRAM: u32 = 7;
    /// Sets the level of a PCI interrupt pin.
    pub const SET_PCI_INTX_LEVEL: u32 = 8;
    /// Sets the level of an ISA interrupt line.
    pub const SET_ISA_IRQ_LEVEL: u32 = 9;
    /// Routes a PCI interrupt link to an ISA line.
    pub const SET_PCI_LINK_ROUTE: u32 = 10;
    /// Tells Xen that the device model has written frames, for live migration.
    pub const MODIFIED_MEMORY: u32 = 11;
    /// Sets the type of neighbouring frames.
    pub const SET_MEM_TYPE: u32 = 12;
    /// Injects an event into a vCPU when it runs next.
    pub const INJECT_EVENT: u32 = 13;
    /// Injects a message-signalled interrupt.
    pub const INJECT_MSI: u32 = 14;
    /// Gives the accesses to a memory type to a server.
    pub const MAP_MEM_TYPE_TO_IOREQ_SERVER: u32 = 15;
    /// Shuts the guest down.
    pub const REMOTE_SHUTDOWN: u32 = 16;
    /// Moves frames within the guest's address space.
    pub const RELOCATE_MEMORY: u32 = 17;
    /// Fixes the caching of a range of frames.
    pub const PIN_MEMORY_CACHEATTR: u32 = 18;
    /// Sets the level of a shared peripheral interrupt.
    pub const SET_IRQ_LEVEL: u32 = 19;
    /// Says how many vCPUs the domain has at most.
    pub const NR_VCPUS: u32 = 20;
}

/// Each operation as a type.
pub mod ops {
    /// Creates an IOREQ server. A domain has at most eight. Pauses the domain for a moment.
    ///
    /// C: `XEN_DMOP_create_ioreq_server`. Since Xen 4.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CreateIoreqServer;

    impl crate::operation::Operation for CreateIoreqServer {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "dm_op.create_ioreq_server";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::CreateIoreqServer;
        type Slots = ();
    }

    /// Says where an IOREQ server's pages are. On Arm only with `no_gfns`.
    ///
    /// C: `XEN_DMOP_get_ioreq_server_info`. Since Xen 4.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetIoreqServerInfo;

    impl crate::operation::Operation for GetIoreqServerInfo {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 2;
        const NAME: &'static str = "dm_op.get_ioreq_server_info";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::GetIoreqServerInfo;
        type Slots = ();
    }

    /// Gives a range to a server. A server has at most 256.
    ///
    /// C: `XEN_DMOP_map_io_range_to_ioreq_server`. Since Xen 4.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MapIoRangeToIoreqServer;

    impl crate::operation::Operation for MapIoRangeToIoreqServer {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 3;
        const NAME: &'static str = "dm_op.map_io_range_to_ioreq_server";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::IoreqServerRange;
        type Slots = ();
    }

    /// Takes a range from a server, exactly as it was given.
    ///
    /// C: `XEN_DMOP_unmap_io_range_from_ioreq_server`. Since Xen 4.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct UnmapIoRangeFromIoreqServer;

    impl crate::operation::Operation for UnmapIoRangeFromIoreqServer {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 4;
        const NAME: &'static str = "dm_op.unmap_io_range_from_ioreq_server";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::IoreqServerRange;
        type Slots = ();
    }

    /// Enables or disables a server. Enabling fills in the event channels of its page, which must have
    /// been acquired before.
    ///
    /// C: `XEN_DMOP_set_ioreq_server_state`. Since Xen 4.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetIoreqServerState;

    impl crate::operation::Operation for SetIoreqServerState {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "dm_op.set_ioreq_server_state";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::SetIoreqServerState;
        type Slots = ();
    }

    /// Destroys a server with its ranges. Pauses the domain for a moment.
    ///
    /// C: `XEN_DMOP_destroy_ioreq_server`. Since Xen 4.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DestroyIoreqServer;

    impl crate::operation::Operation for DestroyIoreqServer {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "dm_op.destroy_ioreq_server";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::DestroyIoreqServer;
        type Slots = ();
    }

    /// Says which frames of a range the guest has written since the last call.
    ///
    /// C: `XEN_DMOP_track_dirty_vram`. Since Xen 4.9. Only x86.
    ///
    /// - `bitmap`: A bit for each frame, in at least `nr` / 8 bytes rounded up.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TrackDirtyVram;

    impl crate::operation::Operation for TrackDirtyVram {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 7;
        const NAME: &'static str = "dm_op.track_dirty_vram";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::TrackDirtyVram;
        type Slots = (crate::operation::Many<crate::operation::Out, u8>,);
    }

    /// Sets the level of a PCI interrupt pin.
    ///
    /// C: `XEN_DMOP_set_pci_intx_level`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetPciIntxLevel;

    impl crate::operation::Operation for SetPciIntxLevel {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 8;
        const NAME: &'static str = "dm_op.set_pci_intx_level";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::SetPciIntxLevel;
        type Slots = ();
    }

    /// Sets the level of an ISA interrupt line.
    ///
    /// C: `XEN_DMOP_set_isa_irq_level`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetIsaIrqLevel;

    impl crate::operation::Operation for SetIsaIrqLevel {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 9;
        const NAME: &'static str = "dm_op.set_isa_irq_level";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::SetIsaIrqLevel;
        type Slots = ();
    }

    /// Routes a PCI interrupt link to an ISA line.
    ///
    /// C: `XEN_DMOP_set_pci_link_route`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetPciLinkRoute;

    impl crate::operation::Operation for SetPciLinkRoute {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 10;
        const NAME: &'static str = "dm_op.set_pci_link_route";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::SetPciLinkRoute;
        type Slots = ();
    }

    /// Tells Xen that the device model has written frames, for live migration.
    ///
    /// C: `XEN_DMOP_modified_memory`. Since Xen 4.9. Only x86.
    ///
    /// - `extents`: The frames, at least `nr_extents` entries, taken from the end.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ModifiedMemory;

    impl crate::operation::Operation for ModifiedMemory {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 11;
        const NAME: &'static str = "dm_op.modified_memory";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::ModifiedMemory;
        type Slots = (crate::operation::Many<crate::operation::In, super::ModifiedMemoryExtent>,);
    }

    /// Sets the type of neighbouring frames.
    ///
    /// C: `XEN_DMOP_set_mem_type`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetMemType;

    impl crate::operation::Operation for SetMemType {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 12;
        const NAME: &'static str = "dm_op.set_mem_type";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::SetMemType;
        type Slots = ();
    }

    /// Injects an event into a vCPU when it runs next.
    ///
    /// C: `XEN_DMOP_inject_event`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct InjectEvent;

    impl crate::operation::Operation for InjectEvent {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 13;
        const NAME: &'static str = "dm_op.inject_event";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::InjectEvent;
        type Slots = ();
    }

    /// Injects a message-signalled interrupt.
    ///
    /// C: `XEN_DMOP_inject_msi`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct InjectMsi;

    impl crate::operation::Operation for InjectMsi {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 14;
        const NAME: &'static str = "dm_op.inject_msi";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::InjectMsi;
        type Slots = ();
    }

    /// Gives the accesses to a memory type to a server.
    ///
    /// C: `XEN_DMOP_map_mem_type_to_ioreq_server`. Since Xen 4.9. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MapMemTypeToIoreqServer;

    impl crate::operation::Operation for MapMemTypeToIoreqServer {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 15;
        const NAME: &'static str = "dm_op.map_mem_type_to_ioreq_server";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 9)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::MapMemTypeToIoreqServer;
        type Slots = ();
    }

    /// Shuts the guest down.
    ///
    /// C: `XEN_DMOP_remote_shutdown`. Since Xen 4.10. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RemoteShutdown;

    impl crate::operation::Operation for RemoteShutdown {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 16;
        const NAME: &'static str = "dm_op.remote_shutdown";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 10)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::RemoteShutdown;
        type Slots = ();
    }

    /// Moves frames within the guest's address space.
    ///
    /// C: `XEN_DMOP_relocate_memory`. Since Xen 4.11. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RelocateMemory;

    impl crate::operation::Operation for RelocateMemory {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 17;
        const NAME: &'static str = "dm_op.relocate_memory";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 11)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::RelocateMemory;
        type Slots = ();
    }

    /// Fixes the caching of a range of frames.
    ///
    /// C: `XEN_DMOP_pin_memory_cacheattr`. Since Xen 4.11. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PinMemoryCacheattr;

    impl crate::operation::Operation for PinMemoryCacheattr {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 18;
        const NAME: &'static str = "dm_op.pin_memory_cacheattr";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 11)),
            x86: true,
            arm: false,
            xsm: "device model of the domain",
        };
        type Args = super::PinMemoryCacheattr;
        type Slots = ();
    }

    /// Sets the level of a shared peripheral interrupt.
    ///
    /// C: `XEN_DMOP_set_irq_level`. Since Xen 4.15. Only Arm.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetIrqLevel;

    impl crate::operation::Operation for SetIrqLevel {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 19;
        const NAME: &'static str = "dm_op.set_irq_level";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 15)),
            x86: false,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::SetIrqLevel;
        type Slots = ();
    }

    /// Says how many vCPUs the domain has at most.
    ///
    /// C: `XEN_DMOP_nr_vcpus`. Since Xen 4.15.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct NrVcpus;

    impl crate::operation::Operation for NrVcpus {
        const HYPERCALL: u32 = 41;
        const NUMBER: u32 = 20;
        const NAME: &'static str = "dm_op.nr_vcpus";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 15)),
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::NrVcpus;
        type Slots = ();
    }
}
