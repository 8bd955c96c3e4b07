// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One connection: requests out from any thread, answers and events in through one reader.
//!
//! Locks: `outgoing` before `state`; the reader takes only `state`, so it never waits for a
//! writer and always drains what the server sends.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::error::{Errno, Error};
use crate::transport::Transport;
use crate::watch::Queue;
use crate::wire::{self, Decoder, Message, MessageType};

/// Locks a mutex whose data is consistent at every step, so that a panic elsewhere does not
/// spread.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request but for its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) kind: MessageType,
    pub(crate) tx_id: u32,
    /// What errors name: the path, or the first argument.
    pub(crate) subject: &'a str,
    /// Payload after the subject and its NUL.
    pub(crate) rest: &'a [&'a [u8]],
}

/// What a request waits for.
type Answer = Result<(MessageType, Vec<u8>), Arc<Error>>;

#[derive(Debug, Default)]
struct Slot {
    answer: Mutex<Option<Answer>>,
    answered: Condvar,
}

impl Slot {
    fn fill(&self, answer: Answer) {
        *lock(&self.answer) = Some(answer);
        self.answered.notify_one();
    }

    fn wait(&self) -> Answer {
        let mut answer = lock(&self.answer);
        loop {
            if let Some(answer) = answer.take() {
                return answer;
            }
            answer = self
                .answered
                .wait(answer)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[derive(Debug, Default)]
struct State {
    next_request: u32,
    next_token: u64,
    /// Requests without an answer; `None` when nobody waits for it.
    requests: HashMap<u32, Option<Arc<Slot>>>,
    watches: HashMap<u64, Arc<Queue>>,
    lost: Option<Arc<Error>>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    transport: Transport,
    /// Held while a message is written; the buffer it is built in.
    outgoing: Mutex<Vec<u8>>,
    state: Mutex<State>,
}

impl Connection {
    /// Sends a request and waits for its answer.
    pub(crate) fn call(&self, request: Request<'_>) -> Result<Vec<u8>, Error> {
        let slot = Arc::new(Slot::default());
        self.send(request, Some(Arc::clone(&slot)))?;
        let (kind, payload) = slot.wait().map_err(|source| Error::Lost { source })?;
        let (request, path) = (request.kind, request.subject.into());
        if kind == request {
            Ok(payload)
        } else if kind == MessageType::Error
            && let Some(Ok(name)) = wire::strings(&payload).next().map(str::from_utf8)
        {
            Err(Error::Refused {
                request,
                path,
                errno: Errno::from_name(name),
            })
        } else {
            Err(Error::Reply { request, path })
        }
    }

    /// Sends a request; its answer goes to `slot`, or nowhere.
    fn send(&self, request: Request<'_>, slot: Option<Arc<Slot>>) -> Result<(), Error> {
        let parts = [&[request.subject.as_bytes(), b"\0"], request.rest].concat();
        let length = parts.iter().map(|part| part.len()).sum();
        let limit = self.transport.payload_max();
        if length > limit {
            return Err(Error::Length { length, limit });
        }
        let mut outgoing = lock(&self.outgoing);
        let id = self.register(slot)?;
        wire::encode(&mut outgoing, request.kind, id, request.tx_id, &parts)
            .and_then(|()| {
                self.transport
                    .send(&outgoing)
                    .map_err(|source| Error::Send { source })
            })
            .or_else(|error| self.failed_to_send(request, id, error))
    }

    fn register(&self, slot: Option<Arc<Slot>>) -> Result<u32, Error> {
        let mut state = lock(&self.state);
        if let Some(source) = &state.lost {
            return Err(Error::Lost {
                source: Arc::clone(source),
            });
        }
        let mut id = state.next_request;
        while state.requests.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        state.next_request = id.wrapping_add(1);
        state.requests.insert(id, slot);
        Ok(id)
    }

    /// On a device one request has failed; on a socket all have, this one through its slot.
    fn failed_to_send(&self, request: Request<'_>, id: u32, error: Error) -> Result<(), Error> {
        if !self.transport.fails_singly() {
            self.lose(error);
            self.transport.stop();
            return Ok(());
        }
        lock(&self.state).requests.remove(&id);
        let Error::Send { source } = &error else {
            return Err(error);
        };
        Err(match source.raw_os_error().and_then(Errno::from_raw) {
            Some(errno) => Error::Refused {
                request: request.kind,
                path: request.subject.into(),
                errno,
            },
            None => error,
        })
    }

    /// Starts a watch and returns its token.
    pub(crate) fn watch(&self, path: &str, queue: Arc<Queue>) -> Result<u64, Error> {
        let token = {
            let mut state = lock(&self.state);
            let token = state.next_token;
            state.next_token += 1;
            // Known before the server knows it: its first event may come before the answer.
            state.watches.insert(token, queue);
            token
        };
        let text = format!("{token}\0");
        let rest = [text.as_bytes()];
        let request = Request {
            kind: MessageType::Watch,
            tx_id: 0,
            subject: path,
            rest: &rest,
        };
        match self.call(request) {
            Ok(_) => Ok(token),
            Err(error) => {
                lock(&self.state).watches.remove(&token);
                Err(error)
            }
        }
    }

    /// Ends a watch without waiting for the server.
    pub(crate) fn unwatch(&self, path: &str, token: u64) {
        if lock(&self.state).watches.remove(&token).is_none() {
            return;
        }
        let text = format!("{token}\0");
        let rest = [text.as_bytes()];
        let request = Request {
            kind: MessageType::Unwatch,
            tx_id: 0,
            subject: path,
            rest: &rest,
        };
        if let Err(error) = self.send(request, None) {
            log::debug!("cannot unwatch {path:?}: {error}");
        }
    }

    /// Reads until the connection ends.
    fn read(&self) -> Error {
        let mut decoder = Decoder::new();
        loop {
            match self.transport.receive(decoder.space()) {
                Ok(0) => return Error::Closed,
                Ok(count) => decoder.commit(count),
                Err(source) => return Error::Receive { source },
            }
            loop {
                match decoder.next_message() {
                    Ok(Some(message)) => self.dispatch(message),
                    Ok(None) => break,
                    Err(error) => return error,
                }
            }
        }
    }

    fn dispatch(&self, message: Message<'_>) {
        if message.kind == MessageType::WatchEvent {
            return self.fire(message.payload);
        }
        let slot = lock(&self.state).requests.remove(&message.req_id);
        match slot {
            Some(Some(slot)) => slot.fill(Ok((message.kind, message.payload.to_vec()))),
            Some(None) => {}
            None => log::warn!("xenstored answered request {}, never sent", message.req_id),
        }
    }

    fn fire(&self, payload: &[u8]) {
        let mut strings = wire::strings(payload).map(|string| str::from_utf8(string).ok());
        let event = (strings.next().flatten(), strings.next().flatten());
        let state = lock(&self.state);
        if let (Some(path), Some(Ok(token))) = (event.0, event.1.map(str::parse::<u64>)) {
            // A token without a watch: the event crossed our UNWATCH.
            if let Some(queue) = state.watches.get(&token) {
                queue.push(path);
            }
        } else {
            log::warn!("xenstored sent a malformed watch event: rescanning");
            state.watches.values().for_each(|queue| queue.push_rescan());
        }
    }

    /// Ends the connection for everyone, once.
    fn lose(&self, cause: Error) {
        let mut state = lock(&self.state);
        if state.lost.is_some() {
            return;
        }
        let source = Arc::new(cause);
        state.lost = Some(Arc::clone(&source));
        for slot in state.requests.drain().filter_map(|(_, slot)| slot) {
            slot.fill(Err(Arc::clone(&source)));
        }
        for (_, queue) in state.watches.drain() {
            queue.end(&source);
        }
    }
}

/// Ends the connection also when the reader panics, so that nobody waits for it for ever.
struct LoseOnPanic<'a>(&'a Connection);

impl Drop for LoseOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lose(Error::Closed);
        }
    }
}

/// A connection and its reader thread, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Handle {
    connection: Arc<Connection>,
    reader: Option<JoinHandle<()>>,
}

impl Handle {
    pub(crate) fn new(transport: Transport) -> io::Result<Self> {
        let connection = Arc::new(Connection {
            transport,
            outgoing: Mutex::default(),
            state: Mutex::default(),
        });
        let theirs = Arc::clone(&connection);
        let reader = thread::Builder::new()
            .name("xenstore".into())
            .spawn(move || {
                let _guard = LoseOnPanic(&theirs);
                let cause = theirs.read();
                theirs.lose(cause);
            })?;
        Ok(Self {
            connection,
            reader: Some(reader),
        })
    }
}

impl std::ops::Deref for Handle {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.connection.transport.stop();
        if self
            .reader
            .take()
            .is_some_and(|reader| reader.join().is_err())
        {
            log::error!("the reader of the connection to xenstored panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use super::*;

    const READ: Request<'_> = Request {
        kind: MessageType::Read,
        tx_id: 0,
        subject: "/a",
        rest: &[],
    };

    #[test]
    fn a_write_that_a_device_refuses_fails_alone() {
        // Writing to the read end of a pipe fails, as a WATCH that the device cannot register.
        let (reader, _writer) = io::pipe().unwrap();
        let device = Transport::device(File::from(OwnedFd::from(reader))).unwrap();
        let handle = Handle::new(device).unwrap();

        assert!(matches!(handle.call(READ), Err(Error::Send { .. })));
        assert!(matches!(handle.call(READ), Err(Error::Send { .. })));
        assert!(lock(&handle.state).requests.is_empty());
    }

    #[test]
    fn numbers_in_use_are_not_given_again() {
        let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let handle = Handle::new(Transport::Socket(ours)).unwrap();

        let first = handle.register(None).unwrap();
        lock(&handle.state).next_request = first;

        assert_ne!(handle.register(None).unwrap(), first);
    }
}
