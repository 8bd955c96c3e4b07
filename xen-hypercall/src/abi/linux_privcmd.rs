// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/linux_privcmd.yaml by `xen-abi generate`: edit that file.

//! Linux's /dev/xen/privcmd.
//!
//! Hypercalls for processes, and mappings of other domains' memory. After `RESTRICT` the descriptor
//! serves one domain only, and plain hypercalls are refused.
//!
//! Source: `include/uapi/xen/privcmd.h`.
//!
//! # To open a hypercall interface
//!
//! Open the node read-write and close-on-exec. A device model restricts it to its guest at once
//! and uses `DM_OP`, `MMAP_RESOURCE` and `MMAPBATCH_V2` alone. Pages of a DM operation's buffers
//! are pinned for writing, so even input must be writable memory.
//!
//! ```
//! use xen_hypercall::DomId;
//! use xen_hypercall::abi::linux_privcmd::{DM_OP, DmOp};
//!
//! let args = DmOp { dom: DomId(3), num: 1, ..Default::default() };
//! assert_eq!(DM_OP, 0x10_5005);
//! assert_eq!(size_of_val(&args), 16);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What to do with an interrupt eventfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct IrqfdFlags(pub u32);

impl IrqfdFlags {
    /// Take it away.
    pub const DEASSIGN: Self = Self(0x1);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x1);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for IrqfdFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What to do with a kick eventfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct IoeventfdFlags(pub u32);

impl IoeventfdFlags {
    /// Take it away.
    pub const DEASSIGN: Self = Self(0x1);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x1);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for IoeventfdFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A hypercall.
///
/// C: `struct privcmd_hypercall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Hypercall {
    /// In: Which.
    pub op: u64,
    /// In: Its arguments.
    pub arg: [u64; 5],
}

impl Default for Hypercall {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Hypercall>() == 48);
    assert!(align_of::<Hypercall>() == 8);
    assert!(core::mem::offset_of!(Hypercall, op) == 0);
    assert!(core::mem::offset_of!(Hypercall, arg) == 8);
};

/// Frames of a domain to map.
///
/// C: `struct privcmd_mmapbatch_v2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MmapbatchV2 {
    /// In: How many.
    pub num: u32,
    /// In: Whose.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: Where: in a mapping of this descriptor.
    pub addr: u64,
    /// In: The frames.
    pub arr: u64,
    /// In: What became of each: 0 or -errno.
    pub err: u64,
}

impl Default for MmapbatchV2 {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<MmapbatchV2>() == 32);
    assert!(align_of::<MmapbatchV2>() == 8);
    assert!(core::mem::offset_of!(MmapbatchV2, num) == 0);
    assert!(core::mem::offset_of!(MmapbatchV2, dom) == 4);
    assert!(core::mem::offset_of!(MmapbatchV2, pad0) == 6);
    assert!(core::mem::offset_of!(MmapbatchV2, addr) == 8);
    assert!(core::mem::offset_of!(MmapbatchV2, arr) == 16);
    assert!(core::mem::offset_of!(MmapbatchV2, err) == 24);
};

/// A buffer of a DM operation.
///
/// C: `struct privcmd_dm_op_buf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DmOpBuf {
    /// In: Where it is.
    pub uptr: u64,
    /// In: Bytes of it; at most 4096.
    pub size: u64,
}

impl Default for DmOpBuf {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DmOpBuf>() == 16);
    assert!(align_of::<DmOpBuf>() == 8);
    assert!(core::mem::offset_of!(DmOpBuf, uptr) == 0);
    assert!(core::mem::offset_of!(DmOpBuf, size) == 8);
};

/// A DM operation.
///
/// C: `struct privcmd_dm_op`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DmOp {
    /// In: The domain.
    pub dom: crate::DomId,
    /// In: How many buffers; at most 16.
    pub num: u16,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The buffers.
    pub ubufs: u64,
}

impl Default for DmOp {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DmOp>() == 16);
    assert!(align_of::<DmOp>() == 8);
    assert!(core::mem::offset_of!(DmOp, dom) == 0);
    assert!(core::mem::offset_of!(DmOp, num) == 2);
    assert!(core::mem::offset_of!(DmOp, pad0) == 4);
    assert!(core::mem::offset_of!(DmOp, ubufs) == 8);
};

/// The domain that remains; C has a bare `domid_t`
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Restrict {
    /// In: The domain.
    pub dom: crate::DomId,
}

impl Default for Restrict {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Restrict>() == 2);
    assert!(align_of::<Restrict>() == 2);
    assert!(core::mem::offset_of!(Restrict, dom) == 0);
};

/// Frames of a resource to map.
///
/// C: `struct privcmd_mmap_resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MmapResource {
    /// In: Whose.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: A `XENMEM_resource_` number.
    pub kind: u32,
    /// In: Which one.
    pub id: u32,
    /// In: First frame of it.
    pub idx: u32,
    /// In and out: How many frames; with 0 for `addr` too, asks how many there are.
    pub num: u64,
    /// In: Where.
    pub addr: u64,
}

impl Default for MmapResource {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<MmapResource>() == 32);
    assert!(align_of::<MmapResource>() == 8);
    assert!(core::mem::offset_of!(MmapResource, dom) == 0);
    assert!(core::mem::offset_of!(MmapResource, pad0) == 2);
    assert!(core::mem::offset_of!(MmapResource, kind) == 4);
    assert!(core::mem::offset_of!(MmapResource, id) == 8);
    assert!(core::mem::offset_of!(MmapResource, idx) == 12);
    assert!(core::mem::offset_of!(MmapResource, num) == 16);
    assert!(core::mem::offset_of!(MmapResource, addr) == 24);
};

/// A DM operation to issue whenever an eventfd is signalled.
///
/// C: `struct privcmd_irqfd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Irqfd {
    /// In: Address of the operation; the kernel copies it.
    pub dm_op: u64,
    /// In: Bytes of it.
    pub size: u32,
    /// In: The eventfd.
    pub fd: u32,
    /// In: Whether to take it away.
    pub flags: IrqfdFlags,
    /// In: The domain.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
}

impl Default for Irqfd {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Irqfd>() == 24);
    assert!(align_of::<Irqfd>() == 8);
    assert!(core::mem::offset_of!(Irqfd, dm_op) == 0);
    assert!(core::mem::offset_of!(Irqfd, size) == 8);
    assert!(core::mem::offset_of!(Irqfd, fd) == 12);
    assert!(core::mem::offset_of!(Irqfd, flags) == 16);
    assert!(core::mem::offset_of!(Irqfd, dom) == 20);
    assert!(core::mem::offset_of!(Irqfd, pad0) == 22);
};

/// An eventfd to signal whenever a guest writes a queue number to a device.
///
/// C: `struct privcmd_ioeventfd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Ioeventfd {
    /// In: The page of slots, mapped by itself.
    pub ioreq: u64,
    /// In: Address of the ports of the vCPUs.
    pub ports: u64,
    /// In: Guest-physical address of the device's registers.
    pub addr: u64,
    /// In: Bytes of the write.
    pub addr_len: u32,
    /// In: The eventfd.
    pub event_fd: u32,
    /// In: How many vCPUs; at most 4096.
    pub vcpus: u32,
    /// In: The queue.
    pub vq: u32,
    /// In: Whether to take it away.
    pub flags: IoeventfdFlags,
    /// In: The domain.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
}

impl Default for Ioeventfd {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Ioeventfd>() == 48);
    assert!(align_of::<Ioeventfd>() == 8);
    assert!(core::mem::offset_of!(Ioeventfd, ioreq) == 0);
    assert!(core::mem::offset_of!(Ioeventfd, ports) == 8);
    assert!(core::mem::offset_of!(Ioeventfd, addr) == 16);
    assert!(core::mem::offset_of!(Ioeventfd, addr_len) == 24);
    assert!(core::mem::offset_of!(Ioeventfd, event_fd) == 28);
    assert!(core::mem::offset_of!(Ioeventfd, vcpus) == 32);
    assert!(core::mem::offset_of!(Ioeventfd, vq) == 36);
    assert!(core::mem::offset_of!(Ioeventfd, flags) == 40);
    assert!(core::mem::offset_of!(Ioeventfd, dom) == 44);
    assert!(core::mem::offset_of!(Ioeventfd, pad0) == 46);
};

/// The interrupt of a PCI device.
///
/// C: `struct privcmd_pcidev_get_gsi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PcidevGetGsi {
    /// In: The device.
    pub sbdf: u32,
    /// Out: Its global system interrupt.
    pub gsi: u32,
}

impl Default for PcidevGetGsi {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<PcidevGetGsi>() == 8);
    assert!(align_of::<PcidevGetGsi>() == 4);
    assert!(core::mem::offset_of!(PcidevGetGsi, sbdf) == 0);
    assert!(core::mem::offset_of!(PcidevGetGsi, gsi) == 4);
};

/// Issues a hypercall.
///
/// C: `IOCTL_PRIVCMD_HYPERCALL`. Takes [`Hypercall`]. Returns what Xen returns, cut to 32 bits.
pub const HYPERCALL: u32 = 0x305000;

/// Maps frames of a domain.
///
/// C: `IOCTL_PRIVCMD_MMAPBATCH_V2`. Takes [`MmapbatchV2`].
pub const MMAPBATCH_V2: u32 = 0x205004;

/// Issues a DM operation.
///
/// C: `IOCTL_PRIVCMD_DM_OP`. Takes [`DmOp`].
pub const DM_OP: u32 = 0x105005;

/// Restricts the descriptor to a domain for ever.
///
/// C: `IOCTL_PRIVCMD_RESTRICT`. Takes [`Restrict`].
pub const RESTRICT: u32 = 0x25006;

/// Maps frames of a resource.
///
/// C: `IOCTL_PRIVCMD_MMAP_RESOURCE`. Takes [`MmapResource`].
pub const MMAP_RESOURCE: u32 = 0x205007;

/// Ties an eventfd to a DM operation.
///
/// C: `IOCTL_PRIVCMD_IRQFD`. Takes [`Irqfd`]. Since Linux 6.6.
pub const IRQFD: u32 = 0x40185008;

/// Ties a queue's kicks to an eventfd.
///
/// C: `IOCTL_PRIVCMD_IOEVENTFD`. Takes [`Ioeventfd`]. Since Linux 6.7.
pub const IOEVENTFD: u32 = 0x40305009;

/// Says the interrupt of a PCI device.
///
/// C: `IOCTL_PRIVCMD_PCIDEV_GET_GSI`. Takes [`PcidevGetGsi`]. Since Linux 6.12.
pub const PCIDEV_GET_GSI: u32 = 0x8500a;
