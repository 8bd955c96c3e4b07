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
//! # Example
//!
//! ```no_run
//! use xen_hypercall::{DomId, dm_op::NrVcpus};
//! use xen_ioctls::Privcmd;
//!
//! let privcmd = Privcmd::open()?;
//! println!("Xen {}", privcmd.xen_version()?);
//! let mut question = NrVcpus::new();
//! privcmd.dm_op(DomId(1), &mut question)?;
//! println!("domain 1 has {} vCPUs", question.vcpus());
//! # Ok::<(), xen_ioctls::Error>(())
//! ```

mod error;
mod evtchn;
mod gntalloc;
mod gntdev;
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
    Announcement, CopyStatus, DmaBufFlags, GrantMapping, Grants, ImportedDmaBuf, Segment,
};
pub use hypercall::Hypercalls;
pub use hypercaller::{Bounce, ConstBounce, Hypercaller, MutBounce};
pub use mapping::{Mapping, Protection};
pub use privcmd::{ForeignMapping, IoEventFd, IrqFd, Kick, Privcmd};
#[cfg(feature = "tokio")]
pub use receiver::TokioEventChannels;
