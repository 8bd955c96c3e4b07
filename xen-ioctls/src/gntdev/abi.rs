// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `include/uapi/xen/gntdev.h`.

/// 8 bytes of `struct ioctl_gntdev_map_grant_ref`: `count` and padding, then `index`, then
/// `domid` and `ref` of each grant.
pub type Pair = [u32; 2];

/// `struct ioctl_gntdev_unmap_grant_ref`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Unmap {
    pub index: u64,
    pub count: u32,
    pub pad: u32,
}
const _: () = assert!(size_of::<Unmap>() == 16);

/// `struct ioctl_gntdev_get_offset_for_vaddr`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct GetOffset {
    pub vaddr: u64,
    pub offset: u64,
    pub count: u32,
    pub pad: u32,
}
const _: () = assert!(size_of::<GetOffset>() == 24);

/// `struct ioctl_gntdev_unmap_notify`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct UnmapNotify {
    pub index: u64,
    pub action: u32,
    pub event_channel_port: u32,
}
const _: () = assert!(size_of::<UnmapNotify>() == 16);

/// `struct ioctl_gntdev_grant_copy`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct GrantCopy {
    pub count: u32,
    pub segments: *mut CopySegment,
}
const _: () = assert!(size_of::<GrantCopy>() == 16);

/// One side of a segment: an address of the process, or a place in a grant.
#[derive(Clone, Copy)]
#[repr(C)]
pub union CopyPlace {
    pub virt: *mut u8,
    pub foreign: CopyForeign,
}

/// A place in a grant.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct CopyForeign {
    pub gref: u32,
    pub offset: u16,
    pub domid: u16,
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
const _: () = assert!(size_of::<CopySegment>() == 24);

/// `struct ioctl_gntdev_dmabuf_exp_wait_released`, and `.._imp_release` with `reserved` for `ms`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DmaBufFd {
    pub fd: u32,
    pub ms: u32,
}
const _: () = assert!(size_of::<DmaBufFd>() == 8);

/// `IOCTL_GNTDEV_MAP_GRANT_REF`; its size field counts one reference, the array is longer.
pub const MAP_GRANT_REF: u32 = 0x0018_4700;
/// `IOCTL_GNTDEV_UNMAP_GRANT_REF`.
pub const UNMAP_GRANT_REF: u32 = 0x0010_4701;
/// `IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR`.
pub const GET_OFFSET_FOR_VADDR: u32 = 0x0018_4702;
/// `IOCTL_GNTDEV_SET_UNMAP_NOTIFY`.
pub const SET_UNMAP_NOTIFY: u32 = 0x0010_4707;
/// `IOCTL_GNTDEV_GRANT_COPY`.
pub const GRANT_COPY: u32 = 0x0010_4708;
/// `IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS`: `flags`, `count`, `fd` (out), `domid`, then references,
/// 32 bits each; the size field counts one reference.
pub const DMABUF_EXP_FROM_REFS: u32 = 0x0014_4709;
/// `IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED`.
pub const DMABUF_EXP_WAIT_RELEASED: u32 = 0x0008_470a;
/// `IOCTL_GNTDEV_DMABUF_IMP_TO_REFS`: `fd`, `count`, `domid`, `reserved`, then references (out),
/// 32 bits each; the size field counts one reference.
pub const DMABUF_IMP_TO_REFS: u32 = 0x0014_470b;
/// `IOCTL_GNTDEV_DMABUF_IMP_RELEASE`.
pub const DMABUF_IMP_RELEASE: u32 = 0x0008_470c;

/// `UNMAP_NOTIFY_CLEAR_BYTE`.
pub const CLEAR_BYTE: u32 = 1;
/// `UNMAP_NOTIFY_SEND_EVENT`.
pub const SEND_EVENT: u32 = 2;
/// `GNTCOPY_source_gref` (xen/include/public/grant_table.h).
pub const SOURCE_GREF: u16 = 1;
/// `GNTCOPY_dest_gref`.
pub const DEST_GREF: u16 = 2;
