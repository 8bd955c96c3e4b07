// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/evtchn`: event channels of this domain.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use xen_hypercall::{DomId, Port};
use zerocopy::IntoBytes;

use crate::error::{Error, Result};
use crate::node::Node;

/// `include/uapi/xen/evtchn.h`.
pub(crate) mod abi {
    pub use xen_hypercall::abi::linux_evtchn::{
        BIND_INTERDOMAIN, BIND_UNBOUND_PORT, BIND_VIRQ, BindInterdomain, NOTIFY, RESET,
        RESTRICT_DOMID, UNBIND,
    };
}

const PATH: &str = "/dev/xen/evtchn";

/// The ports bound through one open `/dev/xen/evtchn`; dropping it unbinds them all.
///
/// A port that has fired is silent until it is [acknowledged](Self::acknowledge). The descriptor
/// polls readable while [`pending`](Self::pending) has something to say.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_ioctls::sim;
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// let events = xen.event_channels(); // on Xen: EventChannels::open()?
/// let port = events.bind_interdomain(DomId(1), guest.offer_port(DomId(0)))?;
///
/// let mut fired = [0; 16];
/// let count = events.pending(&mut fired)?;
/// assert_eq!(fired[..count], [port.0]);
/// events.acknowledge(&fired[..count])?;
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct EventChannels(Node);

impl EventChannels {
    /// Opens the node, not blocking.
    ///
    /// # Errors
    ///
    /// [`Error::Open`].
    pub fn open() -> Result<Self> {
        Node::open(PATH, libc::O_NONBLOCK).map(Self)
    }

    /// Lets this descriptor bind only to ports of `domain` from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Restrict`], also when it is restricted already.
    pub fn restrict(&self, domain: DomId) -> Result<()> {
        let mut arg = domain.0;
        // SAFETY: RESTRICT_DOMID reads one u16; `arg` is one and outlives the call.
        unsafe { self.0.ioctl(abi::RESTRICT_DOMID, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::Restrict {
                path: PATH,
                domain,
                source,
            })
    }

    /// Binds a local port to `port` of `domain` and returns the local port.
    ///
    /// # Errors
    ///
    /// [`Error::Bind`] when `domain` is gone, has not offered `port`, or no local port is free.
    pub fn bind_interdomain(&self, domain: DomId, port: Port) -> Result<Port> {
        let mut arg = abi::BindInterdomain {
            remote_domain: domain.0.into(),
            remote_port: port,
        };
        // SAFETY: BIND_INTERDOMAIN reads one `BindInterdomain`; `arg` is one and outlives the
        // call. The driver keeps no pointer to it.
        unsafe { self.0.ioctl(abi::BIND_INTERDOMAIN, &raw mut arg) }
            .map(Port)
            .map_err(|source| Error::Bind {
                domain,
                port,
                source,
            })
    }

    /// Offers a new local port to `domain` and returns it. Not possible once
    /// [restricted](Self::restrict).
    ///
    /// # Errors
    ///
    /// [`Error::Offer`] when no local port is free.
    pub fn bind_unbound(&self, domain: DomId) -> Result<Port> {
        let mut arg = u32::from(domain.0);
        // SAFETY: BIND_UNBOUND_PORT reads one u32; `arg` is one and outlives the call.
        unsafe { self.0.ioctl(abi::BIND_UNBOUND_PORT, &raw mut arg) }
            .map(Port)
            .map_err(|source| Error::Offer { domain, source })
    }

    /// Binds a local port to a virtual interrupt (`VIRQ_*`, xen/include/public/xen.h) and returns
    /// the port. Not possible once [restricted](Self::restrict).
    ///
    /// # Errors
    ///
    /// [`Error::Virq`] when it is bound already, or not for this domain.
    pub fn bind_virq(&self, virq: u32) -> Result<Port> {
        let mut arg = virq;
        // SAFETY: BIND_VIRQ reads one u32; `arg` is one and outlives the call.
        unsafe { self.0.ioctl(abi::BIND_VIRQ, &raw mut arg) }
            .map(Port)
            .map_err(|source| Error::Virq { virq, source })
    }

    /// Forgets events that were not read, and that some were lost. Ports that have fired stay
    /// silent until they are [acknowledged](Self::acknowledge): acknowledge all of them after
    /// this, and look at all that they stand for.
    ///
    /// # Errors
    ///
    /// [`Error::Events`].
    pub fn reset(&self) -> Result<()> {
        let mut none = 0u32;
        // SAFETY: RESET reads nothing.
        unsafe { self.0.ioctl(abi::RESET, &raw mut none) }
            .map(drop)
            .map_err(|source| Error::Events {
                what: "reset",
                source,
            })
    }

    /// Unbinds a local port.
    ///
    /// # Errors
    ///
    /// [`Error::EventChannel`] when `port` is not bound through `self`.
    pub fn unbind(&self, port: Port) -> Result<()> {
        let mut arg = port.0;
        // SAFETY: UNBIND reads one u32; `arg` is one and outlives the call.
        unsafe { self.0.ioctl(abi::UNBIND, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::EventChannel {
                what: "unbind",
                port,
                source,
            })
    }

    /// Sends an event to the other end of a local port.
    ///
    /// # Errors
    ///
    /// [`Error::EventChannel`] when `port` is not bound through `self`.
    pub fn notify(&self, port: Port) -> Result<()> {
        let mut arg = port.0;
        // SAFETY: NOTIFY reads one u32; `arg` is one and outlives the call.
        unsafe { self.0.ioctl(abi::NOTIFY, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::EventChannel {
                what: "notify",
                port,
                source,
            })
    }

    /// Takes the ports that have fired, as many as fit into `ports`, and returns how many; 0 when
    /// none has. They stay silent until they are acknowledged.
    ///
    /// # Errors
    ///
    /// [`Error::Events`] when events were lost (`EFBIG`), or the descriptor cannot be read or gives
    /// something else.
    pub fn pending(&self, ports: &mut [u32]) -> Result<usize> {
        match self.0.read(ports.as_mut_bytes()) {
            // The driver gives whole ports, and never none where there is room.
            Ok(bytes) if bytes % size_of::<u32>() != 0 || (bytes == 0 && !ports.is_empty()) => {
                Err(Error::Events {
                    what: "read",
                    source: io::ErrorKind::UnexpectedEof.into(),
                })
            }
            Ok(bytes) => Ok(bytes / size_of::<u32>()),
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(0)
            }
            Err(source) => Err(Error::Events {
                what: "read",
                source,
            }),
        }
    }

    /// Lets `ports` fire again. One system call for all of them.
    ///
    /// # Errors
    ///
    /// [`Error::Events`] when the descriptor cannot be written.
    pub fn acknowledge(&self, ports: &[u32]) -> Result<()> {
        self.0
            .write_all(ports.as_bytes())
            .map_err(|source| Error::Events {
                what: "acknowledge",
                source,
            })
    }
}

impl From<OwnedFd> for EventChannels {
    /// A node that was opened elsewhere, not blocking, perhaps restricted there.
    fn from(fd: OwnedFd) -> Self {
        Self(fd.into())
    }
}

#[cfg(feature = "sim")]
impl From<Node> for EventChannels {
    fn from(node: Node) -> Self {
        Self(node)
    }
}

impl AsFd for EventChannels {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for EventChannels {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}
