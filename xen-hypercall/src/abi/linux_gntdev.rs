// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/linux_gntdev.yaml by `xen-abi generate`: edit that file.

//! Linux's /dev/xen/gntdev.
//!
//! Pages that other domains grant. `MAP_GRANT_REF` only reserves an offset; the grants are mapped
//! by
//! `mmap` at that offset, all or none.
//!
//! Source: `include/uapi/xen/gntdev.h`.
//!
//! # To share memory with another domain
//!
//! Reserve, `mmap`, use, `munmap`, release. Small and rare accesses are cheaper with
//! `GRANT_COPY`, which reports each segment by itself.
//!
//! ```
//! use xen_hypercall::abi::linux_gntdev::{GrantCopySegment, GrantCopySegmentSource};
//!
//! let mut segment = GrantCopySegment { len: 512, ..Default::default() };
//! segment.set_source(GrantCopySegmentSource::Virt(0x1000));
//! assert_eq!(segment.flags.0, 0);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Which ends of a copy are references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct CopyFlags(pub u16);

impl CopyFlags {
    /// The source is a reference.
    pub const SOURCE_GREF: Self = Self(0x1);
    /// The destination is a reference.
    pub const DEST_GREF: Self = Self(0x2);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x3);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for CopyFlags {
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

/// What kind of memory a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct DmaFlags(pub u32);

impl DmaFlags {
    /// Write combining.
    pub const WC: Self = Self(0x1);
    /// Coherent.
    pub const COHERENT: Self = Self(0x2);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x3);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for DmaFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A reference of a domain.
///
/// C: `struct ioctl_gntdev_grant_ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GrantRef {
    /// In: The domain.
    pub domid: u32,
    /// In: The reference.
    pub gref: crate::GrantRef,
}

impl Default for GrantRef {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GrantRef>() == 8);
    assert!(align_of::<GrantRef>() == 4);
    assert!(core::mem::offset_of!(GrantRef, domid) == 0);
    assert!(core::mem::offset_of!(GrantRef, gref) == 4);
};

/// References to map; more than one follow the first.
///
/// C: `struct ioctl_gntdev_map_grant_ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MapGrantRef {
    /// In: How many.
    pub count: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// Out: The offset for `mmap`
    pub index: u64,
    /// In: The references.
    pub refs: [GrantRef; 1],
}

impl Default for MapGrantRef {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<MapGrantRef>() == 24);
    assert!(align_of::<MapGrantRef>() == 8);
    assert!(core::mem::offset_of!(MapGrantRef, count) == 0);
    assert!(core::mem::offset_of!(MapGrantRef, pad0) == 4);
    assert!(core::mem::offset_of!(MapGrantRef, index) == 8);
    assert!(core::mem::offset_of!(MapGrantRef, refs) == 16);
};

/// A reservation to release.
///
/// C: `struct ioctl_gntdev_unmap_grant_ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct UnmapGrantRef {
    /// In: Its offset.
    pub index: u64,
    /// In: How many references.
    pub count: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for UnmapGrantRef {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<UnmapGrantRef>() == 16);
    assert!(align_of::<UnmapGrantRef>() == 8);
    assert!(core::mem::offset_of!(UnmapGrantRef, index) == 0);
    assert!(core::mem::offset_of!(UnmapGrantRef, count) == 8);
    assert!(core::mem::offset_of!(UnmapGrantRef, pad0) == 12);
};

/// A mapping to be identified.
///
/// C: `struct ioctl_gntdev_get_offset_for_vaddr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GetOffsetForVaddr {
    /// In: Its address.
    pub vaddr: u64,
    /// Out: Its offset.
    pub offset: u64,
    /// Out: Its pages.
    pub count: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for GetOffsetForVaddr {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GetOffsetForVaddr>() == 24);
    assert!(align_of::<GetOffsetForVaddr>() == 8);
    assert!(core::mem::offset_of!(GetOffsetForVaddr, vaddr) == 0);
    assert!(core::mem::offset_of!(GetOffsetForVaddr, offset) == 8);
    assert!(core::mem::offset_of!(GetOffsetForVaddr, count) == 16);
    assert!(core::mem::offset_of!(GetOffsetForVaddr, pad0) == 20);
};

/// A limit that no longer is one.
///
/// C: `struct ioctl_gntdev_set_max_grants`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetMaxGrants {
    /// In: How many.
    pub count: u32,
}

impl Default for SetMaxGrants {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SetMaxGrants>() == 4);
    assert!(align_of::<SetMaxGrants>() == 4);
    assert!(core::mem::offset_of!(SetMaxGrants, count) == 0);
};

/// What happens when a page is unmapped.
///
/// C: `struct ioctl_gntdev_unmap_notify`.
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

/// A place in a granted page.
///
/// C: `struct gntdev_grant_copy_segment, source.foreign`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CopyForeign {
    /// In: The reference.
    pub gref: crate::GrantRef,
    /// In: Offset in the page.
    pub offset: u16,
    /// In: The domain.
    pub domid: crate::DomId,
}

impl Default for CopyForeign {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<CopyForeign>() == 8);
    assert!(align_of::<CopyForeign>() == 4);
    assert!(core::mem::offset_of!(CopyForeign, gref) == 0);
    assert!(core::mem::offset_of!(CopyForeign, offset) == 4);
    assert!(core::mem::offset_of!(CopyForeign, domid) == 6);
};

/// A copy; at a granted end it may cross pages of one's own memory only.
///
/// C: `struct gntdev_grant_copy_segment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GrantCopySegment {
    /// In: Where from.
    pub source: [u64; 1],
    /// In: Where to.
    pub dest: [u64; 1],
    /// In: Bytes.
    pub len: u16,
    /// In: Which ends are references.
    pub flags: CopyFlags,
    /// Out: A `GNTST_` number.
    pub status: i16,
    /// Zero.
    pub pad0: [u8; 2],
}

impl Default for GrantCopySegment {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GrantCopySegment>() == 24);
    assert!(align_of::<GrantCopySegment>() == 8);
    assert!(core::mem::offset_of!(GrantCopySegment, source) == 0);
    assert!(core::mem::offset_of!(GrantCopySegment, dest) == 8);
    assert!(core::mem::offset_of!(GrantCopySegment, len) == 16);
    assert!(core::mem::offset_of!(GrantCopySegment, flags) == 18);
    assert!(core::mem::offset_of!(GrantCopySegment, status) == 20);
    assert!(core::mem::offset_of!(GrantCopySegment, pad0) == 22);
};

/// Where from, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantCopySegmentSource {
    /// One's own memory.
    Virt(u64),
    /// A granted page.
    Foreign(CopyForeign),
}

impl GrantCopySegment {
    /// What [`source`](Self::source) holds.
    ///
    /// # Errors
    ///
    /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.
    pub fn source_value(&self) -> Result<GrantCopySegmentSource, crate::operation::UnknownTag> {
        match self.flags.0 & 0x1 {
            0 => Ok(GrantCopySegmentSource::Virt(crate::operation::prefix(
                IntoBytes::as_bytes(&self.source),
            ))),
            1 => Ok(GrantCopySegmentSource::Foreign(crate::operation::prefix(
                IntoBytes::as_bytes(&self.source),
            ))),
            tag => Err(crate::operation::UnknownTag(u64::from(tag))),
        }
    }

    /// Sets [`source`](Self::source) and its tag; the rest of it becomes zero.
    pub fn set_source(&mut self, value: GrantCopySegmentSource) {
        zerocopy::FromZeros::zero(&mut self.source);
        match value {
            GrantCopySegmentSource::Virt(value) => {
                self.flags.0 &= !0x1;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.source));
            }
            GrantCopySegmentSource::Foreign(value) => {
                self.flags.0 = (self.flags.0 & !0x1) | 1;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.source));
            }
        }
    }
}

/// Where to, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantCopySegmentDest {
    /// One's own memory.
    Virt(u64),
    /// A granted page.
    Foreign(CopyForeign),
}

impl GrantCopySegment {
    /// What [`dest`](Self::dest) holds.
    ///
    /// # Errors
    ///
    /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.
    pub fn dest_value(&self) -> Result<GrantCopySegmentDest, crate::operation::UnknownTag> {
        match self.flags.0 & 0x2 {
            0 => Ok(GrantCopySegmentDest::Virt(crate::operation::prefix(
                IntoBytes::as_bytes(&self.dest),
            ))),
            2 => Ok(GrantCopySegmentDest::Foreign(crate::operation::prefix(
                IntoBytes::as_bytes(&self.dest),
            ))),
            tag => Err(crate::operation::UnknownTag(u64::from(tag))),
        }
    }

    /// Sets [`dest`](Self::dest) and its tag; the rest of it becomes zero.
    pub fn set_dest(&mut self, value: GrantCopySegmentDest) {
        zerocopy::FromZeros::zero(&mut self.dest);
        match value {
            GrantCopySegmentDest::Virt(value) => {
                self.flags.0 &= !0x2;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.dest));
            }
            GrantCopySegmentDest::Foreign(value) => {
                self.flags.0 = (self.flags.0 & !0x2) | 2;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.dest));
            }
        }
    }
}

/// Copies to make.
///
/// C: `struct ioctl_gntdev_grant_copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GrantCopy {
    /// In: How many.
    pub count: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The copies.
    pub segments: u64,
}

impl Default for GrantCopy {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GrantCopy>() == 16);
    assert!(align_of::<GrantCopy>() == 8);
    assert!(core::mem::offset_of!(GrantCopy, count) == 0);
    assert!(core::mem::offset_of!(GrantCopy, pad0) == 4);
    assert!(core::mem::offset_of!(GrantCopy, segments) == 8);
};

/// References to make a buffer of.
///
/// C: `struct ioctl_gntdev_dmabuf_exp_from_refs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DmabufExpFromRefs {
    /// In: What kind of memory.
    pub flags: DmaFlags,
    /// In: How many references.
    pub count: u32,
    /// Out: The buffer.
    pub fd: u32,
    /// In: The domain.
    pub domid: u32,
    /// In: The references.
    pub refs: [crate::GrantRef; 1],
}

impl Default for DmabufExpFromRefs {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DmabufExpFromRefs>() == 20);
    assert!(align_of::<DmabufExpFromRefs>() == 4);
    assert!(core::mem::offset_of!(DmabufExpFromRefs, flags) == 0);
    assert!(core::mem::offset_of!(DmabufExpFromRefs, count) == 4);
    assert!(core::mem::offset_of!(DmabufExpFromRefs, fd) == 8);
    assert!(core::mem::offset_of!(DmabufExpFromRefs, domid) == 12);
    assert!(core::mem::offset_of!(DmabufExpFromRefs, refs) == 16);
};

/// A buffer to wait for.
///
/// C: `struct ioctl_gntdev_dmabuf_exp_wait_released`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DmabufExpWaitReleased {
    /// In: The buffer.
    pub fd: u32,
    /// In: Milliseconds.
    pub wait_to_ms: u32,
}

impl Default for DmabufExpWaitReleased {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DmabufExpWaitReleased>() == 8);
    assert!(align_of::<DmabufExpWaitReleased>() == 4);
    assert!(core::mem::offset_of!(DmabufExpWaitReleased, fd) == 0);
    assert!(core::mem::offset_of!(DmabufExpWaitReleased, wait_to_ms) == 4);
};

/// A buffer to grant.
///
/// C: `struct ioctl_gntdev_dmabuf_imp_to_refs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DmabufImpToRefs {
    /// In: The buffer.
    pub fd: u32,
    /// In: How many references.
    pub count: u32,
    /// In: The domain that may use it.
    pub domid: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// Out: The references.
    pub refs: [crate::GrantRef; 1],
}

impl Default for DmabufImpToRefs {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DmabufImpToRefs>() == 20);
    assert!(align_of::<DmabufImpToRefs>() == 4);
    assert!(core::mem::offset_of!(DmabufImpToRefs, fd) == 0);
    assert!(core::mem::offset_of!(DmabufImpToRefs, count) == 4);
    assert!(core::mem::offset_of!(DmabufImpToRefs, domid) == 8);
    assert!(core::mem::offset_of!(DmabufImpToRefs, pad0) == 12);
    assert!(core::mem::offset_of!(DmabufImpToRefs, refs) == 16);
};

/// A buffer to grant no longer.
///
/// C: `struct ioctl_gntdev_dmabuf_imp_release`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DmabufImpRelease {
    /// In: The buffer.
    pub fd: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for DmabufImpRelease {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<DmabufImpRelease>() == 8);
    assert!(align_of::<DmabufImpRelease>() == 4);
    assert!(core::mem::offset_of!(DmabufImpRelease, fd) == 0);
    assert!(core::mem::offset_of!(DmabufImpRelease, pad0) == 4);
};

/// Reserves a mapping.
///
/// C: `IOCTL_GNTDEV_MAP_GRANT_REF`. Takes [`MapGrantRef`].
pub const MAP_GRANT_REF: u32 = 0x184700;

/// Releases a mapping.
///
/// C: `IOCTL_GNTDEV_UNMAP_GRANT_REF`. Takes [`UnmapGrantRef`].
pub const UNMAP_GRANT_REF: u32 = 0x104701;

/// Identifies a mapping.
///
/// C: `IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR`. Takes [`GetOffsetForVaddr`].
pub const GET_OFFSET_FOR_VADDR: u32 = 0x184702;

/// Does nothing any more.
///
/// C: `IOCTL_GNTDEV_SET_MAX_GRANTS`. Takes [`SetMaxGrants`].
pub const SET_MAX_GRANTS: u32 = 0x44703;

/// Says what happens when a page is unmapped.
///
/// C: `IOCTL_GNTDEV_SET_UNMAP_NOTIFY`. Takes [`UnmapNotify`].
pub const SET_UNMAP_NOTIFY: u32 = 0x104707;

/// Copies to or from granted pages.
///
/// C: `IOCTL_GNTDEV_GRANT_COPY`. Takes [`GrantCopy`].
pub const GRANT_COPY: u32 = 0x104708;

/// Makes a buffer of granted pages.
///
/// C: `IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS`. Takes [`DmabufExpFromRefs`].
pub const DMABUF_EXP_FROM_REFS: u32 = 0x144709;

/// Waits until nobody uses the buffer.
///
/// C: `IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED`. Takes [`DmabufExpWaitReleased`].
pub const DMABUF_EXP_WAIT_RELEASED: u32 = 0x8470a;

/// Grants the pages of a buffer.
///
/// C: `IOCTL_GNTDEV_DMABUF_IMP_TO_REFS`. Takes [`DmabufImpToRefs`].
pub const DMABUF_IMP_TO_REFS: u32 = 0x14470b;

/// Grants them no longer.
///
/// C: `IOCTL_GNTDEV_DMABUF_IMP_RELEASE`. Takes [`DmabufImpRelease`].
pub const DMABUF_IMP_RELEASE: u32 = 0x8470c;
