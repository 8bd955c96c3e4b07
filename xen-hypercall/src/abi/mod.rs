// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/*.yaml by `xen-abi generate`: edit those files.

//! Every interface as the specifications in `abi/` describe it: structures, numbers, operations.
//!
//! Structures have C's layout on 64-bit machines; where 32-bit callers differ, the page of the
//! interface says so. Fields that Xen declares as pointers are addresses in `u64`.

pub mod dm_op;
pub mod event_channel;
pub mod grant_table;
pub mod ioreq;
pub mod memory;
