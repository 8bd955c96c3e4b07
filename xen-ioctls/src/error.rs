// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What can go wrong between a process and Xen.

use std::io;

use xen_hypercall::{DomId, Port};

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A call that failed, with what it was about.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, dm_op::NrVcpus};
/// use xen_ioctls::{Error, sim};
///
/// let gone = sim::Xen::new().privcmd().perform(DomId(7), NrVcpus::new()).unwrap_err();
/// assert!(matches!(gone, Error::DmOp { domain: DomId(7), .. }));
/// assert_eq!(gone.raw_os_error(), Some(3)); // ESRCH
/// assert_eq!(gone.to_string(), "device model operation 20 on domain 7 failed");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A device node cannot be opened: not a Xen host, no permission, or the driver is missing.
    #[error("cannot open {path}")]
    Open {
        /// The node.
        path: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A hypercall through privcmd failed.
    #[error("hypercall {number} failed")]
    Hypercall {
        /// `__HYPERVISOR_*`.
        number: u64,
        /// What Xen said.
        #[source]
        source: io::Error,
    },
    /// There is no memory for the buffers of a hypercall.
    #[error("cannot get {len} bytes for a hypercall")]
    HypercallMemory {
        /// How much was asked for.
        len: usize,
        /// What the kernel said: `ENOMEM` or `EAGAIN` beyond the limit of locked memory.
        #[source]
        source: io::Error,
    },
    /// Xen or the kernel refused a device model operation.
    #[error("device model operation {number} on domain {domain} failed")]
    DmOp {
        /// `XEN_DMOP_*`.
        number: u32,
        /// The domain it was for.
        domain: DomId,
        /// What Xen said: `ESRCH` when the domain is gone.
        #[source]
        source: io::Error,
    },
    /// The process has no room for a mapping, or the kernel refused it.
    #[error("cannot map {len} bytes of domain {domain}")]
    Map {
        /// The domain the memory belongs to.
        domain: DomId,
        /// How much was asked for.
        len: usize,
        /// What the kernel said: `EINVAL` from gntdev when one of the references is bad.
        #[source]
        source: io::Error,
    },
    /// Frames or a resource of a domain cannot be had.
    #[error("cannot get {what} of domain {domain}")]
    Acquire {
        /// Which resource.
        what: &'static str,
        /// The domain it belongs to.
        domain: DomId,
        /// What Xen said.
        #[source]
        source: io::Error,
    },
    /// A descriptor cannot be restricted to one domain.
    #[error("cannot restrict {path} to domain {domain}")]
    Restrict {
        /// The node.
        path: &'static str,
        /// The domain.
        domain: DomId,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The kernel refused to bind an eventfd to an interrupt or a register.
    #[error("cannot bind an eventfd to {what} of domain {domain}")]
    EventFd {
        /// Interrupt or kick.
        what: &'static str,
        /// The domain.
        domain: DomId,
        /// `EOPNOTSUPP` or `ENOTTY` when the kernel has no `XEN_PRIVCMD_EVENTFD`.
        #[source]
        source: io::Error,
    },
    /// A grant operation failed.
    #[error("cannot {what}")]
    Grants {
        /// Copy, find, export.
        what: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Pages cannot be granted to another domain.
    #[error("cannot grant {count} pages to domain {domain}")]
    Allocate {
        /// The other domain.
        domain: DomId,
        /// How many.
        count: u32,
        /// What the kernel said: `ENOSPC` beyond
        /// `/sys/module/xen_gntalloc/parameters/limit`.
        #[source]
        source: io::Error,
    },
    /// A local port cannot be bound to a port of another domain.
    #[error("cannot bind to port {port} of domain {domain}")]
    Bind {
        /// The other domain.
        domain: DomId,
        /// Its port.
        port: Port,
        /// What Xen said.
        #[source]
        source: io::Error,
    },
    /// No local port can be offered to another domain.
    #[error("cannot offer a port to domain {domain}")]
    Offer {
        /// The other domain.
        domain: DomId,
        /// What Xen said.
        #[source]
        source: io::Error,
    },
    /// A local port cannot be bound to a virtual interrupt.
    #[error("cannot bind to virtual interrupt {virq}")]
    Virq {
        /// `VIRQ_*`.
        virq: u32,
        /// What Xen said: `EEXIST` when it is bound already.
        #[source]
        source: io::Error,
    },
    /// An event channel operation on a local port failed.
    #[error("cannot {what} local port {port}")]
    EventChannel {
        /// Notify, unbind.
        what: &'static str,
        /// The local port.
        port: Port,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Events cannot be read or acknowledged.
    #[error("cannot {what} events")]
    Events {
        /// Read, acknowledge, reset.
        what: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// The errno underneath.
    pub fn raw_os_error(&self) -> Option<i32> {
        std::error::Error::source(self)?
            .downcast_ref::<io::Error>()?
            .raw_os_error()
    }
}
