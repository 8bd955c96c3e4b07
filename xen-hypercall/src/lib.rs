// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is said to Xen: ABI types and typed operations, without any system call.
//!
//! This crate is `no_std` and allocates nothing. How the words reach Xen (a Linux device node, a
//! trapping instruction) is somebody else's business: on Linux, `xen-ioctls`.
//!
//! # Example
//!
//! ```
//! use xen_hypercall::dm_op::{DmOp, SetIrqLevel};
//!
//! let raise = SetIrqLevel::new(33, true);
//! assert_eq!(SetIrqLevel::NUMBER, 19);
//! // What Xen reads: the number, a zero, the SPI, the level.
//! assert_eq!(&raise.as_bytes()[..4], 19u32.to_ne_bytes());
//! assert_eq!(&raise.as_bytes()[8..12], 33u32.to_ne_bytes());
//! ```

#![no_std]

pub mod abi;
pub mod buffer;
pub mod call;
pub mod console;
pub mod dm_op;
mod domain;
pub mod envelope;
mod error;
pub mod event_channel;
pub mod events;
#[cfg(target_arch = "x86_64")]
pub mod fastabi;
pub mod grant_table;
pub mod growth;
pub mod hvm;
pub mod ioreq;
pub mod memory;
#[cfg(all(
    feature = "native",
    any(target_arch = "aarch64", target_arch = "x86_64")
))]
pub mod native;
pub mod operation;
pub mod sched;
pub mod slot;
pub mod vcpu;
pub mod version;

pub use call::{XenAllocate, XenHypercall};
pub use domain::{DomId, Gfn, GrantRef, PAGE_SHIFT, PAGE_SIZE, Port};
pub use error::XenError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
