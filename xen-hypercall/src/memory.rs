// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Resources of a domain that its device model may map: `xen/include/public/memory.h`,
//! `XENMEM_acquire_resource` (since Xen 4.11).

use crate::abi::memory as abi;
use crate::dm_op::ServerId;

/// What to acquire: `type`, `id` and first `frame` of `struct xen_mem_acquire_resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `XENMEM_resource_*`.
    pub kind: u32,
    /// Which one of that kind.
    pub id: u32,
    /// First frame of it.
    pub frame: u32,
}

impl Resource {
    /// Page `n` of the synchronous ioreq pages of a server (frame 0 is the buffered one):
    /// `XENMEM_resource_ioreq_server_frame_ioreq(n)`.
    pub fn ioreq_page(server: ServerId, n: u32) -> Self {
        Self {
            kind: abi::Resource::IOREQ_SERVER.0.into(),
            id: server.0.into(),
            frame: abi::FRAME_BUFIOREQ + 1 + n,
        }
    }
}
