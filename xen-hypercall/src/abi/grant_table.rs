// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/grant_table.yaml by `xen-abi generate`: edit that file.

//! Grant tables.
//!
//! A domain writes into its grant table who may map or copy which of its pages; another maps them,
//! or has Xen copy to or from them. Each entry of a batch has its own status: the call succeeds
//! even
//! when entries fail.
//!
//! Source: `xen/include/public/grant_table.h`.
//!
//! # To copy to or from a page that another domain grants
//!
//! Set `source` and `dest` to a reference of the other domain or to a frame of one's own; a copy
//! must not cross a page at either end. Look at `status` of each entry.
//!
//! ```
//! use xen_hypercall::abi::grant_table::{GnttabCopy, GnttabCopyDest, GnttabCopySource};
//! use xen_hypercall::{DomId, Gfn, GrantRef};
//!
//! let mut copy = GnttabCopy { len: 512, source_domid: DomId(3), ..Default::default() };
//! copy.dest_domid = DomId(0x7ff0); // ourselves
//! copy.set_source(GnttabCopySource::Ref(GrantRef(8)));
//! copy.set_dest(GnttabCopyDest::Gmfn(Gfn(0x1234)));
//! assert_eq!(copy.flags.0, 1);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What became of one entry of a batch.
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
pub struct Status(pub i16);

impl Status {
    /// It is done.
    pub const OKAY: Self = Self(0);
    /// Something is wrong with it.
    pub const GENERAL_ERROR: Self = Self(-1);
    /// There is no such domain.
    pub const BAD_DOMAIN: Self = Self(-2);
    /// The reference is out of range or not granted to the caller.
    pub const BAD_GNTREF: Self = Self(-3);
    /// There is no such mapping.
    pub const BAD_HANDLE: Self = Self(-4);
    /// The address cannot be mapped at.
    pub const BAD_VIRT_ADDR: Self = Self(-5);
    /// The device address cannot be unmapped.
    pub const BAD_DEV_ADDR: Self = Self(-6);
    /// The IOMMU has no room.
    pub const NO_DEVICE_SPACE: Self = Self(-7);
    /// The grant is read-only or of another kind.
    pub const PERMISSION_DENIED: Self = Self(-8);
    /// The page cannot be shared.
    pub const BAD_PAGE: Self = Self(-9);
    /// A copy crosses a page.
    pub const BAD_COPY_ARG: Self = Self(-10);
    /// The page is beyond what can be addressed.
    pub const ADDRESS_TOO_BIG: Self = Self(-11);
    /// The page is being paged in; try again.
    pub const EAGAIN: Self = Self(-12);
    /// There is no room for more mappings.
    pub const NO_SPACE: Self = Self(-13);
}

/// How a grant is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct MapFlags(pub u32);

impl MapFlags {
    /// For devices.
    pub const DEVICE_MAP: Self = Self(0x1);
    /// For the CPU.
    pub const HOST_MAP: Self = Self(0x2);
    /// Read only.
    pub const READONLY: Self = Self(0x4);
    /// For user mode as well.
    pub const APPLICATION_MAP: Self = Self(0x8);
    /// `host_addr` is the address of a page table entry (PV).
    pub const CONTAINS_PTE: Self = Self(0x10);
    /// Bits of the entry for the guest's own use (PV).
    pub const GUEST_AVAIL_MASK: Self = Self(0xffff0000);
    /// The lowest bit of [`GUEST_AVAIL_MASK`](Self::GUEST_AVAIL_MASK).
    pub const GUEST_AVAIL_MASK_SHIFT: u32 = 16;
    /// Every bit that has a name.
    pub const ALL: Self = Self(0xffff001f);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for MapFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

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

/// An entry of the grant table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct EntryFlags(pub u16);

impl EntryFlags {
    /// What it grants: 0 nothing, 1 access, 2 a transfer, 3 access through another grant.
    pub const TYPE_MASK: Self = Self(0x3);
    /// The lowest bit of [`TYPE_MASK`](Self::TYPE_MASK).
    pub const TYPE_MASK_SHIFT: u32 = 0;
    /// Only reading.
    pub const READONLY: Self = Self(0x4);
    /// It is mapped or read; Xen's.
    pub const READING: Self = Self(0x8);
    /// It is mapped for writing; Xen's.
    pub const WRITING: Self = Self(0x10);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x1f);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for EntryFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// An entry of a version 1 table.
///
/// C: `struct grant_entry_v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GrantEntryV1 {
    /// In and out: What is granted; write it last.
    pub flags: EntryFlags,
    /// In: To whom.
    pub domid: crate::DomId,
    /// In: Which frame.
    pub frame: u32,
}

impl Default for GrantEntryV1 {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GrantEntryV1>() == 8);
    assert!(align_of::<GrantEntryV1>() == 4);
    assert!(core::mem::offset_of!(GrantEntryV1, flags) == 0);
    assert!(core::mem::offset_of!(GrantEntryV1, domid) == 2);
    assert!(core::mem::offset_of!(GrantEntryV1, frame) == 4);
};

/// A grant to map.
///
/// C: `struct gnttab_map_grant_ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GnttabMapGrantRef {
    /// In: Where.
    pub host_addr: u64,
    /// In: How.
    pub flags: MapFlags,
    /// In: The reference.
    pub gref: crate::GrantRef,
    /// In: Who grants it.
    pub dom: crate::DomId,
    /// Out: What became of it.
    pub status: Status,
    /// Out: The mapping.
    pub handle: u32,
    /// Out: Its address for devices.
    pub dev_bus_addr: u64,
}

impl Default for GnttabMapGrantRef {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GnttabMapGrantRef>() == 32);
    assert!(align_of::<GnttabMapGrantRef>() == 8);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, host_addr) == 0);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, flags) == 8);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, gref) == 12);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, dom) == 16);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, status) == 18);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, handle) == 20);
    assert!(core::mem::offset_of!(GnttabMapGrantRef, dev_bus_addr) == 24);
};

/// A mapping to undo.
///
/// C: `struct gnttab_unmap_grant_ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GnttabUnmapGrantRef {
    /// In: Where; 0 leaves it to `unmap_and_replace`
    pub host_addr: u64,
    /// In: Its address for devices, or zero.
    pub dev_bus_addr: u64,
    /// In: The mapping.
    pub handle: u32,
    /// Out: What became of it.
    pub status: Status,
    /// Zero.
    pub pad0: [u8; 2],
}

impl Default for GnttabUnmapGrantRef {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GnttabUnmapGrantRef>() == 24);
    assert!(align_of::<GnttabUnmapGrantRef>() == 8);
    assert!(core::mem::offset_of!(GnttabUnmapGrantRef, host_addr) == 0);
    assert!(core::mem::offset_of!(GnttabUnmapGrantRef, dev_bus_addr) == 8);
    assert!(core::mem::offset_of!(GnttabUnmapGrantRef, handle) == 16);
    assert!(core::mem::offset_of!(GnttabUnmapGrantRef, status) == 20);
    assert!(core::mem::offset_of!(GnttabUnmapGrantRef, pad0) == 22);
};

/// A copy within two pages.
///
/// C: `struct gnttab_copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GnttabCopy {
    /// In: Where from.
    pub source: [u64; 1],
    /// In: Whose.
    pub source_domid: crate::DomId,
    /// In: Offset in the page.
    pub source_offset: u16,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: Where to.
    pub dest: [u64; 1],
    /// In: Whose.
    pub dest_domid: crate::DomId,
    /// In: Offset in the page.
    pub dest_offset: u16,
    /// Zero.
    pub pad1: [u8; 4],
    /// In: Bytes.
    pub len: u16,
    /// In: Which ends are references.
    pub flags: CopyFlags,
    /// Out: What became of it.
    pub status: Status,
    /// Zero.
    pub pad2: [u8; 2],
}

impl Default for GnttabCopy {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GnttabCopy>() == 40);
    assert!(align_of::<GnttabCopy>() == 8);
    assert!(core::mem::offset_of!(GnttabCopy, source) == 0);
    assert!(core::mem::offset_of!(GnttabCopy, source_domid) == 8);
    assert!(core::mem::offset_of!(GnttabCopy, source_offset) == 10);
    assert!(core::mem::offset_of!(GnttabCopy, pad0) == 12);
    assert!(core::mem::offset_of!(GnttabCopy, dest) == 16);
    assert!(core::mem::offset_of!(GnttabCopy, dest_domid) == 24);
    assert!(core::mem::offset_of!(GnttabCopy, dest_offset) == 26);
    assert!(core::mem::offset_of!(GnttabCopy, pad1) == 28);
    assert!(core::mem::offset_of!(GnttabCopy, len) == 32);
    assert!(core::mem::offset_of!(GnttabCopy, flags) == 34);
    assert!(core::mem::offset_of!(GnttabCopy, status) == 36);
    assert!(core::mem::offset_of!(GnttabCopy, pad2) == 38);
};

/// Where from, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GnttabCopySource {
    /// A frame.
    Gmfn(crate::Gfn),
    /// A reference.
    Ref(crate::GrantRef),
}

impl GnttabCopy {
    /// What [`source`](Self::source) holds.
    ///
    /// # Errors
    ///
    /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.
    pub fn source_value(&self) -> Result<GnttabCopySource, crate::operation::UnknownTag> {
        match self.flags.0 & 0x1 {
            0 => Ok(GnttabCopySource::Gmfn(crate::operation::prefix(
                IntoBytes::as_bytes(&self.source),
            ))),
            1 => Ok(GnttabCopySource::Ref(crate::operation::prefix(
                IntoBytes::as_bytes(&self.source),
            ))),
            tag => Err(crate::operation::UnknownTag(u64::from(tag))),
        }
    }

    /// Sets [`source`](Self::source) and its tag; the rest of it becomes zero.
    pub fn set_source(&mut self, value: GnttabCopySource) {
        zerocopy::FromZeros::zero(&mut self.source);
        match value {
            GnttabCopySource::Gmfn(value) => {
                self.flags.0 &= !0x1;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.source));
            }
            GnttabCopySource::Ref(value) => {
                self.flags.0 = (self.flags.0 & !0x1) | 1;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.source));
            }
        }
    }
}

/// Where to, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GnttabCopyDest {
    /// A frame.
    Gmfn(crate::Gfn),
    /// A reference.
    Ref(crate::GrantRef),
}

impl GnttabCopy {
    /// What [`dest`](Self::dest) holds.
    ///
    /// # Errors
    ///
    /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.
    pub fn dest_value(&self) -> Result<GnttabCopyDest, crate::operation::UnknownTag> {
        match self.flags.0 & 0x2 {
            0 => Ok(GnttabCopyDest::Gmfn(crate::operation::prefix(
                IntoBytes::as_bytes(&self.dest),
            ))),
            2 => Ok(GnttabCopyDest::Ref(crate::operation::prefix(
                IntoBytes::as_bytes(&self.dest),
            ))),
            tag => Err(crate::operation::UnknownTag(u64::from(tag))),
        }
    }

    /// Sets [`dest`](Self::dest) and its tag; the rest of it becomes zero.
    pub fn set_dest(&mut self, value: GnttabCopyDest) {
        zerocopy::FromZeros::zero(&mut self.dest);
        match value {
            GnttabCopyDest::Gmfn(value) => {
                self.flags.0 &= !0x2;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.dest));
            }
            GnttabCopyDest::Ref(value) => {
                self.flags.0 = (self.flags.0 & !0x2) | 2;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.dest));
            }
        }
    }
}

/// The size of a grant table.
///
/// C: `struct gnttab_query_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GnttabQuerySize {
    /// In: Whose.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// Out: Frames it has.
    pub nr_frames: u32,
    /// Out: Frames it may have.
    pub max_nr_frames: u32,
    /// Out: What became of it.
    pub status: Status,
    /// Zero.
    pub pad1: [u8; 2],
}

impl Default for GnttabQuerySize {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GnttabQuerySize>() == 16);
    assert!(align_of::<GnttabQuerySize>() == 4);
    assert!(core::mem::offset_of!(GnttabQuerySize, dom) == 0);
    assert!(core::mem::offset_of!(GnttabQuerySize, pad0) == 2);
    assert!(core::mem::offset_of!(GnttabQuerySize, nr_frames) == 4);
    assert!(core::mem::offset_of!(GnttabQuerySize, max_nr_frames) == 8);
    assert!(core::mem::offset_of!(GnttabQuerySize, status) == 12);
    assert!(core::mem::offset_of!(GnttabQuerySize, pad1) == 14);
};

/// The version of the caller's table.
///
/// C: `struct gnttab_set_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GnttabSetVersion {
    /// In and out: 1 or 2.
    pub version: u32,
}

impl Default for GnttabSetVersion {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GnttabSetVersion>() == 4);
    assert!(align_of::<GnttabSetVersion>() == 4);
    assert!(core::mem::offset_of!(GnttabSetVersion, version) == 0);
};

/// The version of a table.
///
/// C: `struct gnttab_get_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct GnttabGetVersion {
    /// In: Whose.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// Out: 1 or 2.
    pub version: u32,
}

impl Default for GnttabGetVersion {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<GnttabGetVersion>() == 8);
    assert!(align_of::<GnttabGetVersion>() == 4);
    assert!(core::mem::offset_of!(GnttabGetVersion, dom) == 0);
    assert!(core::mem::offset_of!(GnttabGetVersion, pad0) == 2);
    assert!(core::mem::offset_of!(GnttabGetVersion, version) == 4);
};

/// The number of every operation.
pub mod numbers {
    /// Maps grants.
    pub const MAP_GRANT_REF: u32 = 0;
    /// Undoes mappings.
    pub const UNMAP_GRANT_REF: u32 = 1;
    /// Gives the frames of a table.
    pub const SETUP_TABLE: u32 = 2;
    /// Once printed a table.
    pub const DUMP_TABLE: u32 = 3;
    /// Gives pages away; x86 PV.
    pub const TRANSFER: u32 = 4;
    /// Copies between pages.
    pub const COPY: u32 = 5;
    /// Says how large a grant table is.
    pub const QUERY_SIZE: u32 = 6;
    /// Undoes a mapping and puts another in its place.
    pub const UNMAP_AND_REPLACE: u32 = 7;
    /// Sets the version of the caller's table.
    pub const SET_VERSION: u32 = 8;
    /// Gives the status frames of a version 2 table.
    pub const GET_STATUS_FRAMES: u32 = 9;
    /// Says the version of a table.
    pub const GET_VERSION: u32 = 10;
    /// Exchanges two entries.
    pub const SWAP_GRANT_REF: u32 = 11;
    /// Cleans or invalidates caches of a granted page.
    pub const CACHE_FLUSH: u32 = 12;
}

/// Each operation as a type.
pub mod ops {
    /// Maps grants.
    ///
    /// C: `GNTTABOP_map_grant_ref`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MapGrantRef;

    impl crate::operation::Operation for MapGrantRef {
        const HYPERCALL: u32 = 20;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "grant_table.map_grant_ref";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = true;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::GnttabMapGrantRef;
        type Slots = ();
    }

    /// Undoes mappings.
    ///
    /// C: `GNTTABOP_unmap_grant_ref`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct UnmapGrantRef;

    impl crate::operation::Operation for UnmapGrantRef {
        const HYPERCALL: u32 = 20;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "grant_table.unmap_grant_ref";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = true;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::GnttabUnmapGrantRef;
        type Slots = ();
    }

    /// Copies between pages.
    ///
    /// C: `GNTTABOP_copy`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Copy;

    impl crate::operation::Operation for Copy {
        const HYPERCALL: u32 = 20;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "grant_table.copy";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = true;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::GnttabCopy;
        type Slots = ();
    }

    /// Says how large a grant table is.
    ///
    /// C: `GNTTABOP_query_size`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct QuerySize;

    impl crate::operation::Operation for QuerySize {
        const HYPERCALL: u32 = 20;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "grant_table.query_size";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = true;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::GnttabQuerySize;
        type Slots = ();
    }

    /// Sets the version of the caller's table.
    ///
    /// C: `GNTTABOP_set_version`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetVersion;

    impl crate::operation::Operation for SetVersion {
        const HYPERCALL: u32 = 20;
        const NUMBER: u32 = 8;
        const NAME: &'static str = "grant_table.set_version";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = true;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::GnttabSetVersion;
        type Slots = ();
    }

    /// Says the version of a table.
    ///
    /// C: `GNTTABOP_get_version`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetVersion;

    impl crate::operation::Operation for GetVersion {
        const HYPERCALL: u32 = 20;
        const NUMBER: u32 = 10;
        const NAME: &'static str = "grant_table.get_version";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = true;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::GnttabGetVersion;
        type Slots = ();
    }
}
