// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! An IOREQ server as an object: the guest's accesses to ranges of its address space arrive here
//! and are answered here.
//!
//! Xen blocks a vCPU that touches a server's range until the server has answered, without a time
//! limit. So every request is answered, whatever the handler does, and before any work that it
//! causes.
//!
//! # Example
//!
//! ```
//! use xen_hypercall::DomId;
//! use xen_ioctls::sim;
//! use xen_ioreq::{Access, Handler, IoreqServer};
//!
//! struct Register(u64);
//!
//! impl Handler for Register {
//!     type Work = ();
//!     fn read(&mut self, _access: Access) -> u64 {
//!         self.0
//!     }
//!     fn write(&mut self, _access: Access, value: u64) -> Option<()> {
//!         self.0 = value;
//!         None
//!     }
//!     fn work(&mut self, _work: ()) {}
//!     fn invalidate(&mut self) {}
//! }
//!
//! // On Xen: IoreqServer::create(DomId(1), Privcmd::open()?)?
//! let xen = sim::Xen::new();
//! let guest = xen.create_domain(DomId(1), 2);
//! let mut server =
//!     IoreqServer::create_with(DomId(1), xen.privcmd(), xen.event_channels())?;
//! server.ranges().map_mmio(0x200_0000..=0x200_01ff)?;
//!
//! let reading = guest.mmio_read(0, 0x200_0000, 4).expect("the range is ours");
//! // Wait until `server.as_fd()` is readable, then:
//! server.dispatch(&mut Register(42))?;
//! assert_eq!(reading.answer(), Some(42));
//! # Ok::<(), xen_ioreq::Error>(())
//! ```

mod access;
mod page;
mod ranges;
mod server;
mod strings;

pub use access::{Access, Sbdf, Space};
pub use ranges::Ranges;
pub use server::{Error, Handler, IoreqServer, Result};
pub use xen_ioctls::{IoEventFd, Kick};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
