// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How a Linux process speaks to Xen: one type per device node.
//!
//! | node | type |
//! |---|---|
//! | `/dev/xen/privcmd` | [`Privcmd`] |
//! | `/dev/xen/evtchn` | [`EventChannels`] |
//! | `/dev/xen/gntdev` | [`Grants`] |
//! | `/dev/xen/gntalloc` | [`GrantAllocator`] |
//! | `/dev/xen/hypercall` | [`Hypercalls`] |
//!
//! Only what is stable between Xen versions is used: device model operations, resource and
//! foreign mappings, event channels, grants. No domctl, no sysctl, no C library of Xen.
//!
//! [`guide`] has a page for each thing that one begins with.
//!
//! Without a Xen host, the same types work on the simulated one of the feature `sim`.
//!
//! # Example
//!
//! ```
//! use xen_hypercall::{DomId, dm_op::NrVcpus};
//! # #[cfg(feature = "sim")] {
//! use xen_ioctls::sim;
//!
//! let xen = sim::Xen::new();
//! let _guest = xen.create_domain(DomId(1), 4);
//! let privcmd = xen.privcmd(); // on Xen: Privcmd::open()?
//!
//! println!("Xen {}", privcmd.xen_version()?);
//! assert_eq!(privcmd.perform(DomId(1), NrVcpus::new())?, 4);
//! # }
//! # Ok::<(), xen_ioctls::Error>(())
//! ```

mod error;
mod evtchn;
mod gntalloc;
mod gntdev;
pub mod guide;
mod hypercall;
mod hypercaller;
mod mapping;
mod node;
mod privcmd;
mod receiver;
#[cfg(feature = "sim")]
pub mod sim;

pub use error::{Error, Result};
pub use evtchn::EventChannels;
pub use gntalloc::{GrantAllocator, GrantedPages};
pub use gntdev::{
    Announcement, CopyStatus, DmaBufFlags, GrantList, GrantMapping, Grants, ImportedDmaBuf, Segment,
};
pub use hypercall::Hypercalls;
pub use hypercaller::{Bounce, ConstBounce, Hypercaller, MutBounce};
pub use mapping::{Mapping, Protection};
pub use privcmd::{ForeignMapping, IoEventFd, IrqFd, Kick, Privcmd};
#[cfg(feature = "tokio")]
pub use receiver::TokioEventChannels;

#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
mod readme {}
