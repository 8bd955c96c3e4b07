// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The thread that reads while no caller does, so that watches fire.
//!
//! It sleeps in epoll, where the transport is armed for one event at a time, and only while no
//! caller reads: a caller then waits for its answer with one `read`, and this thread is not woken
//! by it.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::EventFd;

use crate::connection::Connection;

/// Marks the event that is not the transport's.
const CALL: u64 = 1;

#[derive(Debug)]
pub(crate) struct Idle {
    waiting: Arc<Waiting>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Waiting {
    epoll: Epoll,
    call: EventFd,
    stopping: AtomicBool,
}

impl Idle {
    /// Starts the thread for `connection`, whose transport is `transport`.
    pub(crate) fn start(connection: &Arc<Connection>, transport: RawFd) -> io::Result<Self> {
        let waiting = Arc::new(Waiting {
            epoll: Epoll::new()?,
            call: EventFd::new(libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)?,
            stopping: AtomicBool::new(false),
        });
        let add = |fd, event| waiting.epoll.ctl(ControlOperation::Add, fd, event);
        add(
            waiting.call.as_raw_fd(),
            EpollEvent::new(EventSet::IN, CALL),
        )?;
        add(transport, event(false))?;
        let (connection, theirs) = (Arc::clone(connection), Arc::clone(&waiting));
        let thread = thread::Builder::new()
            .name("xenstore".into())
            .spawn(move || run(&connection, &theirs))?;
        Ok(Self { waiting, thread })
    }

    /// Lets the transport wake the thread once, or not.
    pub(crate) fn arm(&self, transport: RawFd, armed: bool) {
        if let Err(error) =
            self.waiting
                .epoll
                .ctl(ControlOperation::Modify, transport, event(armed))
        {
            log::error!("cannot wait for xenstored: {error}");
        }
    }

    /// Waits for another transport; the one before is closed, which ends waiting for it.
    pub(crate) fn replace(&self, transport: RawFd) -> io::Result<()> {
        self.waiting
            .epoll
            .ctl(ControlOperation::Add, transport, event(false))
    }

    /// Makes the thread look at the connection.
    pub(crate) fn call(&self) {
        if let Err(error) = self.waiting.call.write(1) {
            log::error!("cannot wake the reader of xenstored: {error}");
        }
    }

    pub(crate) fn stop(self) {
        self.waiting.stopping.store(true, Ordering::Release);
        self.call();
        if self.thread.join().is_err() {
            log::error!("the reader of the connection to xenstored panicked");
        }
    }
}

fn event(armed: bool) -> EpollEvent {
    let events = if armed {
        EventSet::IN | EventSet::ONE_SHOT
    } else {
        EventSet::ONE_SHOT
    };
    EpollEvent::new(events, 0)
}

fn run(connection: &Connection, waiting: &Waiting) {
    let mut events = [EpollEvent::default(); 2];
    while !waiting.stopping.load(Ordering::Acquire) {
        match waiting.epoll.wait(-1, &mut events) {
            Ok(count) => {
                let happened = &events[..count];
                if happened.iter().any(|event| event.data() == CALL) {
                    // Fails only when it was read already.
                    let _ = waiting.call.read();
                }
                // It comes once, so that it is not left for later.
                if happened.iter().any(|event| event.data() != CALL) {
                    connection.read_idly();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return log::error!("cannot wait for xenstored: {error}"),
        }
        connection.reconnect_while(|| !waiting.stopping.load(Ordering::Acquire));
    }
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use std::time::{Duration, Instant};

    use crate::{Options, Store, WatchEvent, sim};

    #[test]
    fn an_event_that_comes_together_with_a_call_is_read() {
        let (server, dir) = (sim::Server::new(), tempfile::tempdir().unwrap());
        let path = dir.path().join("socket");
        let _listener = server.listen(&path);
        // One that comes back looks at its state after each event.
        let options = Options::new().path(&path).reconnect(Duration::from_secs(1));
        let client = options.open().unwrap();
        let watch = client.watch("/a").unwrap();
        // The first event has been read, and the thread waits for the next.
        client.read("/").unwrap();
        assert!(watch.try_next().is_some());
        let connection = client.connection();

        connection.with_state_held(|idle| {
            // The thread wakes and waits for the state.
            idle.call();
            std::thread::sleep(Duration::from_millis(50));
            idle.call();
            server.write("/a/b", "");
            std::thread::sleep(Duration::from_millis(50));
        });

        let end = Instant::now() + Duration::from_secs(10);
        let path = "/a/b".into();
        loop {
            match watch.try_next() {
                Some(event) => break assert_eq!(event.unwrap(), WatchEvent::Changed { path }),
                None => assert!(Instant::now() < end, "the event was lost"),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
