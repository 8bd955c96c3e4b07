// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `include/uapi/xen/gntdev.h`: numbers and structures of the generated
//! [`linux_gntdev`](xen_hypercall::abi::linux_gntdev).

use xen_hypercall::abi::linux_gntdev as linux;

use crate::privcmd::abi::same_layout;

pub use linux::{
    CopyForeign, DMABUF_EXP_FROM_REFS, DMABUF_EXP_WAIT_RELEASED, DMABUF_IMP_RELEASE,
    DMABUF_IMP_TO_REFS, DmabufExpWaitReleased, DmabufImpRelease, GET_OFFSET_FOR_VADDR, GRANT_COPY,
    GetOffsetForVaddr, MAP_GRANT_REF, SET_UNMAP_NOTIFY, UNMAP_GRANT_REF, UnmapGrantRef,
    UnmapNotify, UnmapNotifyAction,
};

/// 8 bytes of `struct ioctl_gntdev_map_grant_ref`: `count` and padding, then `index`, then
/// `domid` and `ref` of each grant.
pub type Pair = [u32; 2];
const _: () = assert!(size_of::<Pair>() == size_of::<linux::GrantRef>());
const _: () = assert!(core::mem::offset_of!(linux::MapGrantRef, index) == size_of::<Pair>());
const _: () = assert!(core::mem::offset_of!(linux::MapGrantRef, refs) == 2 * size_of::<Pair>());

/// `struct ioctl_gntdev_grant_copy`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct GrantCopy {
    pub count: u32,
    pub segments: *mut CopySegment,
}
same_layout! { GrantCopy = linux::GrantCopy { count segments } }

/// One side of a segment: an address of the process, or a place in a grant.
#[derive(Clone, Copy)]
#[repr(C)]
pub union CopyPlace {
    pub virt: *mut u8,
    pub foreign: CopyForeign,
}

/// `struct gntdev_grant_copy_segment`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct CopySegment {
    pub source: CopyPlace,
    pub dest: CopyPlace,
    pub len: u16,
    pub flags: u16,
    pub status: i16,
}
same_layout! { CopySegment = linux::GrantCopySegment { source dest len flags status } }

/// `GNTCOPY_source_gref` (xen/include/public/grant_table.h).
pub const SOURCE_GREF: u16 = linux::CopyFlags::SOURCE_GREF.0;
/// `GNTCOPY_dest_gref`.
pub const DEST_GREF: u16 = linux::CopyFlags::DEST_GREF.0;
