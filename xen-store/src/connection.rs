// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One connection: requests out from any thread, answers and events in through one reader.
//!
//! The reader is whoever waits for an answer while nobody else reads; it hands out what is not
//! its own, and when it has its answer another waiting caller reads on, or else the thread of
//! [`crate::idle`]. So a lone caller pays for one `write` and one `read` and no switch of
//! threads.
//!
//! Locks, in this order: `turn`, `outgoing`, `incoming` (held by the reader), `state`, `idle`. Nobody
//! waits for the transport with `state` held.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::error::{Errno, Error};
use crate::idle::Idle;
use crate::options::Options;
use crate::router::{Answer, Registered, Router, Waiter, Want};
use crate::transport::Transport;
use crate::wire::{self, Decoder, MessageType, PAYLOAD_MAX};

pub(crate) mod reading;
mod reconnect;

/// Locks a mutex whose data is consistent at every step, so that a panic elsewhere does not
/// spread.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request but for its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) kind: MessageType,
    /// The transaction and the epoch of the connection that it was started on.
    pub(crate) transaction: Option<(u32, u32)>,
    /// What errors name: the path, or the first argument.
    pub(crate) subject: &'a str,
    /// Payload after the subject and its NUL, of up to six parts; `None` when there is no NUL either.
    pub(crate) rest: Option<&'a [&'a [u8]]>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(kind: MessageType, subject: &'a str, rest: &'a [&'a [u8]]) -> Self {
        Self {
            kind,
            transaction: None,
            subject,
            rest: Some(rest),
        }
    }

    /// Adds the message to `buffer`.
    pub(crate) fn append(&self, buffer: &mut Vec<u8>, id: u32, limit: usize) -> Result<(), Error> {
        let tx_id = self.transaction.map_or(0, |(tx_id, _)| tx_id);
        let mut parts = [self.subject.as_bytes(), b"\0", b"", b"", b"", b"", b"", b""];
        let parts = match self.rest {
            Some(rest) => {
                parts[2..2 + rest.len()].copy_from_slice(rest);
                &parts[..2 + rest.len()]
            }
            None => &[],
        };
        let length = parts.iter().map(|part| part.len()).sum();
        if length > limit {
            return Err(Error::Length { length, limit });
        }
        wire::encode(buffer, self.kind, id, tx_id, parts)
    }

    /// What the answer means.
    pub(crate) fn interpret(&self, answer: Answer) -> Result<Vec<u8>, Error> {
        let (kind, payload) = answer.map_err(|source| Error::Lost { source })?;
        // Only oxenstored's lists of children are longer.
        let fits = payload.len() <= PAYLOAD_MAX || kind == MessageType::Directory;
        if kind == self.kind && fits {
            return Ok(payload);
        }
        let path = self.subject.into();
        let request = self.kind;
        let name = wire::strings(&payload).next().map(str::from_utf8);
        match name {
            Some(Ok(name)) if kind == MessageType::Error => Err(Error::Refused {
                request,
                path,
                errno: Errno::from_name(name),
            }),
            _ => Err(Error::Reply { request, path }),
        }
    }
}

#[derive(Debug)]
struct State {
    router: Router,
    /// Somebody holds, or is about to take, `incoming`.
    reading: bool,
    /// The transport will wake the idle thread.
    armed: bool,
    /// Of the transport.
    fd: RawFd,
}

#[derive(Debug)]
struct Outgoing {
    transport: Arc<Transport>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Incoming {
    transport: Arc<Transport>,
    decoder: Decoder,
    wake: Vec<Waiter>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    outgoing: Mutex<Outgoing>,
    incoming: Mutex<Incoming>,
    state: Mutex<State>,
    idle: Mutex<Option<Idle>>,
    /// Held during an attempt to connect again.
    attempt: Mutex<()>,
    /// Held while a request is under way, if `single`.
    turn: Mutex<()>,
    /// The transport takes one request at a time.
    single: AtomicBool,
    options: Options,
}

impl Connection {
    fn new(transport: Transport, options: Options) -> Self {
        let single = AtomicBool::new(transport.is_single());
        let transport = Arc::new(transport);
        let state = State {
            router: Router::default(),
            reading: false,
            armed: false,
            fd: transport.as_raw_fd(),
        };
        Self {
            outgoing: Mutex::new(Outgoing {
                transport: Arc::clone(&transport),
                buffer: Vec::new(),
            }),
            incoming: Mutex::new(Incoming {
                transport,
                decoder: Decoder::new(),
                wake: Vec::new(),
            }),
            state: Mutex::new(state),
            idle: Mutex::default(),
            attempt: Mutex::default(),
            turn: Mutex::default(),
            single,
            options,
        }
    }

    /// Sends a request and waits for its answer; connects again first if that is needed and
    /// wanted.
    pub(crate) fn call(&self, request: Request<'_>) -> Result<Vec<u8>, Error> {
        if let (Some(patience), None) = (self.options.patience(), request.transaction) {
            let deadline = Instant::now() + patience;
            self.reconnect_while(|| Instant::now() < deadline);
        }
        self.call_once(request)
    }

    fn call_once(&self, request: Request<'_>) -> Result<Vec<u8>, Error> {
        let turn = self.turn();
        let id = self.send(request, Want::Answer)?;
        let answer = self.wait(id);
        drop(turn);
        request.interpret(answer)
    }

    /// The right to send, where one request at a time may be under way.
    ///
    /// Linux keeps a pointer into the buffer of the open device until the request is in the ring,
    /// and the next `write` overwrites it: xenbus_dev_request_and_reply in
    /// drivers/xen/xenbus/xenbus_xs.c (6.12) takes `msg + 1` for the body. Two requests under way
    /// are then two times the second.
    fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        let single = self.single.load(Ordering::Relaxed);
        single.then(|| lock(&self.turn))
    }

    /// How often the connection was made again.
    pub(crate) fn epoch(&self) -> u32 {
        lock(&self.state).router.epoch
    }

    /// Sends a request and returns its number.
    fn send(&self, request: Request<'_>, want: Want) -> Result<u32, Error> {
        let mut outgoing = lock(&self.outgoing);
        let Outgoing { transport, buffer } = &mut *outgoing;
        let epoch = request.transaction.map(|(_, epoch)| epoch);
        let id = lock(&self.state).router.register(epoch, want)?;
        buffer.clear();
        if let Err(error) = request.append(buffer, id, transport.payload_max()) {
            lock(&self.state).router.cancel(id);
            return Err(error);
        }
        match transport.send(buffer) {
            Ok(()) => Ok(id),
            Err(source) => {
                let single = transport.is_single();
                if !single {
                    transport.close();
                }
                drop(outgoing);
                self.failed_to_send(request, id, source, single)
            }
        }
    }

    /// On a device one request has failed; on a socket all have, this one through its answer.
    fn failed_to_send(
        &self,
        request: Request<'_>,
        id: u32,
        source: io::Error,
        single: bool,
    ) -> Result<u32, Error> {
        if !single {
            self.lose(Error::Send { source });
            return Ok(id);
        }
        lock(&self.state).router.cancel(id);
        match source.raw_os_error().and_then(Errno::from_raw) {
            // The kernel repeats what the server said.
            Some(errno) => Err(Error::Refused {
                request: request.kind,
                path: request.subject.into(),
                errno,
            }),
            None => Err(Error::Send { source }),
        }
    }

    fn wait(&self, id: u32) -> Answer {
        let mut state = lock(&self.state);
        loop {
            if let Some(answer) = state.router.take(id) {
                return answer;
            }
            if state.reading {
                state.router.park(id, Waiter::Thread(thread::current()));
                drop(state);
                thread::park();
            } else {
                let epoch = self.start_reading(&mut state);
                drop(state);
                self.read(Some(id), epoch);
            }
            state = lock(&self.state);
        }
    }

    /// Starts a watch and returns its token.
    pub(crate) fn watch(self: &Arc<Self>, watch: &Registered) -> Result<u64, Error> {
        self.ensure_idle()
            .map_err(|source| Error::Setup { source })?;
        let token = lock(&self.state).router.add_watch(watch.clone());
        let registered = self.register_watch(token, watch, true);
        if registered.is_err() {
            // It may be registered all the same, by who has connected again meanwhile.
            self.unwatch(&watch.path, token);
        }
        registered.map(|()| token)
    }

    /// Asks the server for a watch that the router knows.
    fn register_watch(&self, token: u64, watch: &Registered, patient: bool) -> Result<(), Error> {
        let ask = |depth: Option<u32>| {
            let text = watch_arguments(token, depth);
            let rest = [text.as_bytes()];
            let request = Request::new(MessageType::Watch, &watch.path, &rest);
            if patient {
                self.call(request)
            } else {
                self.call_once(request)
            }
        };
        match ask(watch.depth) {
            // The server does not know depths: the queue leaves out what is too deep.
            Err(error) if watch.depth.is_some() && error.errno() == Some(&Errno::Invalid) => {
                ask(None)
            }
            answer => answer,
        }
        .map(drop)
        .or_else(unless_registered)
    }

    /// Ends a watch without waiting for the server.
    pub(crate) fn unwatch(&self, path: &str, token: u64) {
        if lock(&self.state).router.watches.remove(&token).is_some() {
            self.send_unwatch(path, token);
        }
    }

    fn send_unwatch(&self, path: &str, token: u64) {
        let text = watch_arguments(token, None);
        let rest = [text.as_bytes()];
        let request = Request::new(MessageType::Unwatch, path, &rest);
        let turn = self.turn();
        let sent = self.send(request, Want::Nothing);
        drop(turn);
        match sent {
            // Somebody must read the answer, or many of them would fill the connection.
            Ok(_) => self.arm_if_unread(&mut lock(&self.state)),
            Err(error) => log::debug!("cannot unwatch {path:?}: {error}"),
        }
    }

    fn ensure_idle(self: &Arc<Self>) -> io::Result<()> {
        let state = lock(&self.state);
        let mut idle = lock(&self.idle);
        if idle.is_none() {
            *idle = Some(Idle::start(self, state.fd)?);
        }
        Ok(())
    }
}

/// What follows the path in WATCH and UNWATCH.
pub(crate) fn watch_arguments(token: u64, depth: Option<u32>) -> String {
    match depth {
        Some(depth) => format!("{token}\0{depth}\0"),
        None => format!("{token}\0"),
    }
}

/// No token is used twice: who has connected again meanwhile has registered the watch.
pub(crate) fn unless_registered(error: Error) -> Result<(), Error> {
    match error.errno() {
        Some(Errno::Exists) => Ok(()),
        _ => Err(error),
    }
}

/// Owns a connection; its thread, if it has one, ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Handle(Arc<Connection>);

impl Handle {
    pub(crate) fn new(transport: Transport, options: Options) -> Self {
        Self(Arc::new(Connection::new(transport, options)))
    }
}

impl std::ops::Deref for Handle {
    type Target = Arc<Connection>;

    fn deref(&self) -> &Arc<Connection> {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let idle = lock(&self.0.idle).take();
        if let Some(idle) = idle {
            idle.stop();
        }
    }
}

#[cfg(all(test, feature = "sim"))]
impl Connection {
    /// Keeps the idle thread, with which `act` does something, from everything else meanwhile.
    pub(crate) fn with_state_held(&self, act: impl FnOnce(&Idle)) {
        let _state = lock(&self.state);
        let idle = lock(&self.idle);
        act(idle.as_ref().expect("a watch has started it"));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use super::*;

    const READ: Request<'_> = Request {
        kind: MessageType::Read,
        transaction: None,
        subject: "/a",
        rest: Some(&[]),
    };

    #[test]
    fn a_write_that_a_device_refuses_fails_alone() {
        // Writing to the read end of a pipe fails, as a WATCH that the device cannot register.
        let (reader, _writer) = io::pipe().unwrap();
        let device = Transport::Device(File::from(OwnedFd::from(reader)));
        let handle = Handle::new(device, Options::new());

        assert!(matches!(handle.call(READ), Err(Error::Send { .. })));
        assert!(matches!(handle.call(READ), Err(Error::Send { .. })));
        assert!(lock(&handle.state).router.successor().is_none());
    }
}
