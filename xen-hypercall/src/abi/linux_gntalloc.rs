// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/linux_gntalloc.yaml by `xen-abi generate`: edit that file.

//! Linux's /dev/xen/gntalloc.
//!
//! Pages that a process grants to another domain. They live until the file is closed and the other
//! domain has unmapped them.
//!
//! Source: `include/uapi/xen/gntalloc.h`.
//!
//! # To share memory with another domain
//!
//! Allocate; `mmap` at the index that comes back; tell the other domain the references.
//!
//! ```
//! use xen_hypercall::DomId;
//! use xen_hypercall::abi::linux_gntalloc::{AllocGref, Flags};
//!
//! let args = AllocGref {
//!     domid: DomId(3),
//!     flags: Flags::WRITABLE,
//!     count: 1,
//!     ..Default::default()
//! };
//! assert_eq!(args.flags.0, 1);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// How pages are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct Flags(pub u16);

impl Flags {
    /// The other domain may write.
    pub const WRITABLE: Self = Self(0x1);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x1);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What happens when a page is unmapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct UnmapNotifyAction(pub u32);

impl UnmapNotifyAction {
    /// The byte at the index becomes zero.
    pub const CLEAR_BYTE: Self = Self(0x1);
    /// An event is sent.
    pub const SEND_EVENT: Self = Self(0x2);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x3);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for UnmapNotifyAction {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Pages to grant; room for more references than one follows.
///
/// C: `struct ioctl_gntalloc_alloc_gref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct AllocGref {
    /// In: To whom.
    pub domid: crate::DomId,
    /// In: How.
    pub flags: Flags,
    /// In: How many.
    pub count: u32,
    /// Out: The offset for `mmap`
    pub index: u64,
    /// Out: The references.
    pub gref_ids: [crate::GrantRef; 1],
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for AllocGref {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<AllocGref>() == 24);
    assert!(align_of::<AllocGref>() == 8);
    assert!(core::mem::offset_of!(AllocGref, domid) == 0);
    assert!(core::mem::offset_of!(AllocGref, flags) == 2);
    assert!(core::mem::offset_of!(AllocGref, count) == 4);
    assert!(core::mem::offset_of!(AllocGref, index) == 8);
    assert!(core::mem::offset_of!(AllocGref, gref_ids) == 16);
    assert!(core::mem::offset_of!(AllocGref, pad0) == 20);
};

/// Pages to grant no longer.
///
/// C: `struct ioctl_gntalloc_dealloc_gref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DeallocGref {
    /// In: Their offset.
    pub index: u64,
    /// In: How many.
    pub count: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for DeallocGref {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DeallocGref>() == 16);
    assert!(align_of::<DeallocGref>() == 8);
    assert!(core::mem::offset_of!(DeallocGref, index) == 0);
    assert!(core::mem::offset_of!(DeallocGref, count) == 8);
    assert!(core::mem::offset_of!(DeallocGref, pad0) == 12);
};

/// What happens when a page is unmapped.
///
/// C: `struct ioctl_gntalloc_unmap_notify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct UnmapNotify {
    /// In: Offset of the page plus that of the byte.
    pub index: u64,
    /// In: What.
    pub action: UnmapNotifyAction,
    /// In: The port to send on.
    pub event_channel_port: crate::Port,
}

impl Default for UnmapNotify {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<UnmapNotify>() == 16);
    assert!(align_of::<UnmapNotify>() == 8);
    assert!(core::mem::offset_of!(UnmapNotify, index) == 0);
    assert!(core::mem::offset_of!(UnmapNotify, action) == 8);
    assert!(core::mem::offset_of!(UnmapNotify, event_channel_port) == 12);
};

/// Allocates and grants pages.
///
/// C: `IOCTL_GNTALLOC_ALLOC_GREF`. Takes [`AllocGref`].
pub const ALLOC_GREF: u32 = 0x184705;

/// Grants them no longer.
///
/// C: `IOCTL_GNTALLOC_DEALLOC_GREF`. Takes [`DeallocGref`].
pub const DEALLOC_GREF: u32 = 0x104706;

/// Says what happens when a page is unmapped.
///
/// C: `IOCTL_GNTALLOC_SET_UNMAP_NOTIFY`. Takes [`UnmapNotify`].
pub const SET_UNMAP_NOTIFY: u32 = 0x104707;
