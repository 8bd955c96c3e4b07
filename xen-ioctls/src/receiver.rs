// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/evtchn` as what all ways of using event channels have in common.

use xen_hypercall::events::{EventInterface, EventReceiver};
use xen_hypercall::{DomId, Port};

use crate::error::{Error, Result};
use crate::evtchn::EventChannels;

impl EventInterface for EventChannels {
    type Error = Error;

    fn offer(&self, domain: DomId) -> Result<Port> {
        self.bind_unbound(domain)
    }

    fn bind(&self, domain: DomId, port: Port) -> Result<Port> {
        self.bind_interdomain(domain, port)
    }

    fn unbind(&self, port: Port) -> Result<()> {
        Self::unbind(self, port)
    }

    fn notify(&self, port: Port) -> Result<()> {
        Self::notify(self, port)
    }
}

impl EventReceiver for EventChannels {
    fn pending(&self, ports: &mut [u32]) -> Result<usize> {
        Self::pending(self, ports)
    }

    fn acknowledge(&self, ports: &[u32]) -> Result<()> {
        Self::acknowledge(self, ports)
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    // UNSAFE: a descriptor is registered, which must stay open.
    #![expect(unsafe_code)]

    use std::io;

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use xen_hypercall::events::{AsyncEventReceiver, EventInterface, EventReceiver};
    use xen_hypercall::{DomId, Port};

    use crate::error::{Error, Result};
    use crate::evtchn::EventChannels;

    /// Event channels of a tokio task: all of them wait in the reactor, and none has a thread
    /// (feature `tokio`).
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::events::{AsyncEventReceiver, EventReceiver};
    /// use xen_hypercall::DomId;
    /// use xen_ioctls::{TokioEventChannels, sim};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
    /// let xen = sim::Xen::new();
    /// let guest = xen.create_domain(DomId(1), 1);
    /// let events = xen.event_channels(); // on Xen: EventChannels::open()?
    /// let port = events.bind_interdomain(DomId(1), guest.offer_port(DomId(0)))?;
    /// let events = TokioEventChannels::new(events)?;
    ///
    /// let mut ports = [0; 16];
    /// assert_eq!(events.wait(&mut ports).await?, 1);
    /// assert_eq!(ports[0], port.0);
    /// events.acknowledge(&ports[..1])?;
    /// # Ok::<(), xen_ioctls::Error>(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct TokioEventChannels(AsyncFd<EventChannels>);

    impl TokioEventChannels {
        /// Registers event channels with the runtime that this is called in.
        ///
        /// # Errors
        ///
        /// [`Error::Events`].
        ///
        /// # Panics
        ///
        /// Outside of a tokio runtime with I/O.
        pub fn new(events: EventChannels) -> Result<Self> {
            // SAFETY: the node owns its descriptor, which stays the same and open until the node
            // is dropped, and the node is not given out but by reference.
            let registered = unsafe { AsyncFd::register_with_interest(events, Interest::READABLE) };
            registered.map(Self).map_err(|error| Error::Events {
                what: "register",
                source: error.into(),
            })
        }

        /// The event channels.
        pub fn get_ref(&self) -> &EventChannels {
            self.0.get_ref()
        }
    }

    impl EventInterface for TokioEventChannels {
        type Error = Error;

        fn offer(&self, domain: DomId) -> Result<Port> {
            self.get_ref().bind_unbound(domain)
        }

        fn bind(&self, domain: DomId, port: Port) -> Result<Port> {
            self.get_ref().bind_interdomain(domain, port)
        }

        fn unbind(&self, port: Port) -> Result<()> {
            self.get_ref().unbind(port)
        }

        fn notify(&self, port: Port) -> Result<()> {
            self.get_ref().notify(port)
        }
    }

    impl EventReceiver for TokioEventChannels {
        fn pending(&self, ports: &mut [u32]) -> Result<usize> {
            self.get_ref().pending(ports)
        }

        fn acknowledge(&self, ports: &[u32]) -> Result<()> {
            self.get_ref().acknowledge(ports)
        }
    }

    impl AsyncEventReceiver for TokioEventChannels {
        async fn wait(&self, ports: &mut [u32]) -> Result<usize> {
            loop {
                let ready = self.0.readable().await;
                let mut ready = ready.map_err(|source| Error::Events {
                    what: "wait for",
                    source,
                })?;
                // Readiness is forgotten only where the node has said that there is nothing:
                // events that come afterwards set it again.
                let taken = ready.try_io(|events| match events.get_ref().pending(ports) {
                    Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
                    result => Ok(result),
                });
                match taken {
                    Ok(Ok(result)) => return result,
                    Ok(Err(source)) => {
                        return Err(Error::Events {
                            what: "read",
                            source,
                        });
                    }
                    Err(_nothing_yet) => {}
                }
            }
        }
    }
}

#[cfg(feature = "tokio")]
pub use with_tokio::TokioEventChannels;
