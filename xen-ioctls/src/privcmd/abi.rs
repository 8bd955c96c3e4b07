// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `include/uapi/xen/privcmd.h`.

/// `struct privcmd_hypercall`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Hypercall {
    pub op: u64,
    pub arg: [u64; 5],
}
/// `struct privcmd_mmapbatch_v2`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct MmapBatchV2 {
    pub num: u32,
    pub dom: u16,
    pub addr: u64,
    pub arr: *const u64,
    pub err: *mut i32,
}
/// `struct privcmd_dm_op_buf`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DmOpBuf {
    pub uptr: *mut u8,
    pub size: usize,
}
/// `struct privcmd_dm_op`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DmOp {
    pub dom: u16,
    pub num: u16,
    pub ubufs: *const DmOpBuf,
}
/// `struct privcmd_mmap_resource`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct MmapResource {
    pub dom: u16,
    pub kind: u32,
    pub id: u32,
    pub idx: u32,
    pub num: u64,
    pub addr: u64,
}
/// `struct privcmd_irqfd`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct IrqFd {
    pub dm_op: *const u8,
    pub size: u32,
    pub fd: u32,
    pub flags: u32,
    pub dom: u16,
    pub pad: [u8; 2],
}
/// `struct privcmd_ioeventfd`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct IoEventFd {
    pub ioreq: *const u8,
    pub ports: *const u32,
    pub addr: u64,
    pub addr_len: u32,
    pub event_fd: u32,
    pub vcpus: u32,
    pub vq: u32,
    pub flags: u32,
    pub dom: u16,
    pub pad: [u8; 2],
}
const _: () = assert!(size_of::<Hypercall>() == 48);
const _: () = assert!(size_of::<MmapBatchV2>() == 32);
const _: () = assert!(size_of::<DmOp>() == 16);
const _: () = assert!(size_of::<MmapResource>() == 32);
const _: () = assert!(size_of::<IrqFd>() == 24);
const _: () = assert!(size_of::<IoEventFd>() == 48);

/// `IOCTL_PRIVCMD_HYPERCALL`.
pub const HYPERCALL: u32 = 0x0030_5000;
/// `IOCTL_PRIVCMD_MMAPBATCH_V2`.
pub const MMAPBATCH_V2: u32 = 0x0020_5004;
/// `IOCTL_PRIVCMD_DM_OP`.
pub const DM_OP: u32 = 0x0010_5005;
/// `IOCTL_PRIVCMD_RESTRICT`: one u16.
pub const RESTRICT: u32 = 0x0002_5006;
/// `IOCTL_PRIVCMD_MMAP_RESOURCE`.
pub const MMAP_RESOURCE: u32 = 0x0020_5007;
/// `IOCTL_PRIVCMD_IRQFD`.
pub const IRQFD: u32 = 0x4018_5008;
/// `IOCTL_PRIVCMD_IOEVENTFD`.
pub const IOEVENTFD: u32 = 0x4030_5009;
/// `PRIVCMD_IRQFD_FLAG_DEASSIGN` and `PRIVCMD_IOEVENTFD_FLAG_DEASSIGN`.
pub const DEASSIGN: u32 = 1;
