// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Event channels of a plain loop: the thread sleeps until one fires.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use std::os::fd::AsRawFd;

use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use xen_hypercall::events::{AsyncEventReceiver, EventInterface, EventReceiver};
use xen_hypercall::{DomId, Port};
use xen_ioctls::{Error, EventChannels};

/// When an event is lost, in milliseconds.
const LIMIT: i32 = 20_000;

/// The receiver for loops, with the descriptor to wait on.
pub struct InStep {
    events: EventChannels,
    epoll: Epoll,
}

fn waiting(source: io::Error) -> Error {
    Error::Events {
        what: "wait for",
        source,
    }
}

impl InStep {
    /// Opens the node.
    pub fn open() -> Result<Self, Error> {
        let events = EventChannels::open()?;
        let epoll = Epoll::new().map_err(waiting)?;
        let fd = events.as_raw_fd();
        epoll
            .ctl(ControlOperation::Add, fd, EpollEvent::new(EventSet::IN, 0))
            .map_err(waiting)?;
        Ok(Self { events, epoll })
    }
}

impl EventInterface for InStep {
    type Error = Error;

    fn offer(&self, domain: DomId) -> Result<Port, Error> {
        self.events.offer(domain)
    }

    fn bind(&self, domain: DomId, port: Port) -> Result<Port, Error> {
        self.events.bind(domain, port)
    }

    fn unbind(&self, port: Port) -> Result<(), Error> {
        self.events.unbind(port)
    }

    fn notify(&self, port: Port) -> Result<(), Error> {
        self.events.notify(port)
    }
}

impl EventReceiver for InStep {
    fn pending(&self, ports: &mut [u32]) -> Result<usize, Error> {
        self.events.pending(ports)
    }

    fn acknowledge(&self, ports: &[u32]) -> Result<(), Error> {
        self.events.acknowledge(ports)
    }
}

impl AsyncEventReceiver for InStep {
    /// Ready at once: it is the thread that waits.
    async fn wait(&self, ports: &mut [u32]) -> Result<usize, Error> {
        loop {
            match self.pending(ports)? {
                0 => {}
                count => return Ok(count),
            }
            match self.epoll.wait(LIMIT, &mut [EpollEvent::default()]) {
                Ok(0) => return Err(waiting(io::ErrorKind::TimedOut.into())),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(waiting(error));
                }
                _ => {}
            }
        }
    }
}

/// Completes a future that never waits for a waker.
pub fn complete<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
