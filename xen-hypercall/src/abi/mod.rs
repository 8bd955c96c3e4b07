// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/*.yaml by `xen-abi generate`: edit those files.

//! Every interface as the specifications in `abi/` describe it: structures, numbers, operations.
//!
//! Structures have C's layout on 64-bit machines; where 32-bit callers differ, the page of the
//! interface says so. Fields that Xen declares as pointers are addresses in `u64`.

pub mod console;
pub mod dm_op;
pub mod event_channel;
#[cfg(target_arch = "x86_64")]
pub mod fastabi;
pub mod grant_table;
pub mod hvm;
pub mod hypercalls;
pub mod ioreq;
pub mod linux_evtchn;
pub mod linux_gntalloc;
pub mod linux_gntdev;
pub mod linux_privcmd;
pub mod memory;
pub mod sched;
pub mod start_info;
pub mod vcpu;
pub mod version;
pub mod virq;
pub mod xs_wire;
