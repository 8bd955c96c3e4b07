// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `include/uapi/xen/privcmd.h`: numbers and structures of the generated
//! [`linux_privcmd`](xen_hypercall::abi::linux_privcmd).

use xen_hypercall::abi::linux_privcmd as linux;

pub use linux::{
    DM_OP, HYPERCALL, Hypercall, IOEVENTFD, IRQFD, MMAP_RESOURCE, MMAPBATCH_V2, MmapResource,
    RESTRICT,
};

/// `PRIVCMD_IRQFD_FLAG_DEASSIGN` and `PRIVCMD_IOEVENTFD_FLAG_DEASSIGN`.
pub const DEASSIGN: u32 = linux::IrqfdFlags::DEASSIGN.0;
const _: () = assert!(DEASSIGN == linux::IoeventfdFlags::DEASSIGN.0);

/// Asserts that a structure of ours, which has pointers where the generated one has numbers so
/// that provenance is kept, is laid out as that one.
macro_rules! same_layout {
    ($ours:ident = $theirs:path { $($field:ident)* }) => {
        const _: () = {
            use core::mem::offset_of;
            assert!(size_of::<$ours>() == size_of::<$theirs>());
            $(assert!(offset_of!($ours, $field) == offset_of!($theirs, $field));)*
        };
    };
}
pub(crate) use same_layout;

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
same_layout! { MmapBatchV2 = linux::MmapbatchV2 { num dom addr arr err } }

/// `struct privcmd_dm_op_buf`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DmOpBuf {
    pub uptr: *mut u8,
    pub size: usize,
}
same_layout! { DmOpBuf = linux::DmOpBuf { uptr size } }

/// `struct privcmd_dm_op`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DmOp {
    pub dom: u16,
    pub num: u16,
    pub ubufs: *const DmOpBuf,
}
same_layout! { DmOp = linux::DmOp { dom num ubufs } }

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
same_layout! { IrqFd = linux::Irqfd { dm_op size fd flags dom } }

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
same_layout! {
    IoEventFd = linux::Ioeventfd { ioreq ports addr addr_len event_fd vcpus vq flags dom }
}
