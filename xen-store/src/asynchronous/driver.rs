// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The task that sends and receives.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::thread;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time;

use super::{Shared, State};
use crate::connection::reading::CROWD;
use crate::connection::{Request, lock, watch_arguments};
use crate::error::{Errno, Error};
use crate::options::PAUSES;
use crate::router::{Answer, Waiter, Want};
use crate::transport::{Mode, Transport};
use crate::wire::{Decoder, HEADER_SIZE, Header, Message, MessageType};

pub(super) struct Driver {
    shared: Arc<Shared>,
    transport: AsyncFd<Transport>,
    decoder: Decoder,
    /// Being sent, from `sent` on.
    outgoing: Vec<u8>,
    sent: usize,
    /// The request that the device has to answer before it takes the next.
    unanswered: Option<u32>,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, transport: Transport) -> io::Result<Self> {
        Ok(Self {
            shared,
            transport: watched(transport)?,
            decoder: Decoder::new(),
            outgoing: Vec::new(),
            sent: 0,
            unanswered: None,
        })
    }

    pub(super) async fn run(mut self) {
        while let Err(cause) = self.converse().await {
            self.lose(cause);
            if self.shared.options.patience().is_none() || !self.reconnect().await {
                return;
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Acquire)
    }

    /// Sends and receives until the connection is lost, or no longer needed.
    async fn converse(&mut self) -> Result<(), Error> {
        while !self.is_stopping() {
            self.send()?;
            let interest = if self.sent < self.outgoing.len() && self.unanswered.is_none() {
                Interest::READABLE | Interest::WRITABLE
            } else {
                Interest::READABLE
            };
            tokio::select! {
                () = self.shared.work.notified() => {}
                ready = self.transport.ready(interest) => {
                    let mut guard = ready.map_err(|source| Error::Receive { source })?;
                    if guard.ready().is_readable() || guard.ready().is_read_closed() {
                        let space = self.decoder.space();
                        let read = guard.try_io(|fd| fd.get_ref().receive(space));
                        match read {
                            // Would block: `guard` knows.
                            Err(_) => {}
                            Ok(Ok(0)) => return Err(Error::Closed),
                            Ok(Ok(count)) => self.decoder.commit(count),
                            Ok(Err(source)) => return Err(Error::Receive { source }),
                        }
                    }
                }
            }
            if self.receive()? > CROWD {
                thread::yield_now();
            }
        }
        Ok(())
    }

    /// Hands out what has arrived; returns how many requests are under way.
    fn receive(&mut self) -> Result<usize, Error> {
        let mut wake = Vec::new();
        let mut state = lock(&self.shared.state);
        let decoded = loop {
            match self.decoder.next_message() {
                Ok(Some(message)) => {
                    if message.kind != MessageType::WatchEvent {
                        self.unanswered.take_if(|id| *id == message.req_id);
                    }
                    state.router.dispatch(message, &mut wake);
                }
                Ok(None) => break Ok(state.router.outstanding()),
                Err(error) => break Err(error),
            }
        };
        drop(state);
        wake.into_iter().for_each(Waiter::wake);
        decoded
    }

    /// Sends what the transport takes.
    fn send(&mut self) -> Result<(), Error> {
        loop {
            if self.sent == self.outgoing.len() {
                self.outgoing.clear();
                self.sent = 0;
                std::mem::swap(&mut self.outgoing, &mut lock(&self.shared.state).outgoing);
            }
            if self.outgoing.is_empty() || self.unanswered.is_some() {
                return Ok(());
            }
            let rest = &self.outgoing[self.sent..];
            let transport = self.transport.get_ref();
            // The device takes one message at a time.
            let single = transport.is_single();
            let (end, unanswered) = if single {
                first_message(rest)
            } else {
                (rest.len(), None)
            };
            match transport.send_some(&rest[..end]) {
                Ok(count) => {
                    self.sent += count;
                    self.unanswered = unanswered;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.wait_to_send();
                }
                Err(source) if single => {
                    self.refuse(&source, end);
                }
                Err(source) => return Err(Error::Send { source }),
            }
        }
    }

    /// Forgets that the transport was writable.
    fn wait_to_send(&self) -> Result<(), Error> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        if let Poll::Ready(guard) = self.transport.poll_write_ready(&mut context) {
            guard
                .map_err(|source| Error::Send { source })?
                .clear_ready();
        }
        Ok(())
    }

    /// Answers the request that the device refused to take, of `length` bytes.
    fn refuse(&mut self, source: &io::Error, length: usize) {
        let errno = source.raw_os_error().and_then(Errno::from_raw);
        let name = format!("{}\0", errno.unwrap_or(Errno::Io));
        let mut decoder = Decoder::new();
        decoder.space()[..length].copy_from_slice(&self.outgoing[self.sent..self.sent + length]);
        decoder.commit(length);
        self.sent += length;
        let mut wake = Vec::new();
        if let Ok(Some(request)) = decoder.next_message() {
            let answer = Message {
                kind: MessageType::Error,
                payload: name.as_bytes(),
                ..request
            };
            lock(&self.shared.state).router.dispatch(answer, &mut wake);
        }
        wake.into_iter().for_each(Waiter::wake);
    }

    fn lose(&self, cause: Error) {
        let keep_watches = self.shared.options.patience().is_some();
        let mut wake = Vec::new();
        self.shared.up.send_replace(false);
        let mut state = lock(&self.shared.state);
        state.router.lose(cause, keep_watches, &mut wake);
        state.outgoing.clear();
        drop(state);
        wake.into_iter().for_each(Waiter::wake);
    }

    /// Connects again; false when nobody needs it any more.
    async fn reconnect(&mut self) -> bool {
        let mut pause = PAUSES.0;
        loop {
            if self.is_stopping() {
                return false;
            }
            match self.attempt() {
                Ok(()) => return true,
                Err(error) => log::debug!("cannot connect to xenstored again: {error}"),
            }
            time::sleep(pause).await;
            pause = PAUSES.1.min(pause * 2);
        }
    }

    fn attempt(&mut self) -> Result<(), Error> {
        let transport = self.shared.options.connect(Mode::NonBlocking)?;
        let payload_max = transport.payload_max();
        self.transport = watched(transport).map_err(|source| Error::Setup { source })?;
        self.decoder = Decoder::new();
        self.outgoing.clear();
        self.sent = 0;
        self.unanswered = None;
        let watches = {
            let mut state = lock(&self.shared.state);
            state.router.renew();
            state.payload_max = payload_max;
            state.router.watches.clone()
        };
        for (token, watch) in watches {
            // Without a depth, which old servers refuse: the queue leaves out what is too deep.
            let text = watch_arguments(token, None);
            let rest = [text.as_bytes()];
            let request = Request::new(MessageType::Watch, &watch.path, &rest);
            self.shared.send(request, Want::Rewatch(token))?;
        }
        self.shared.up.send_replace(true);
        log::info!("connected to xenstored again");
        Ok(())
    }
}

impl Drop for Driver {
    /// Also when the runtime ends: nobody shall wait for ever.
    fn drop(&mut self) {
        let mut wake = Vec::new();
        let mut state = lock(&self.shared.state);
        let State { router, .. } = &mut *state;
        router.lose(Error::Closed, false, &mut wake);
        drop(state);
        wake.into_iter().for_each(Waiter::wake);
    }
}

/// Has the runtime wait for a transport.
///
/// tokio 1.54 makes this function unsafe under a new name, because a type could give away its
/// descriptor and change it; `Transport` owns its own and always names the same.
#[allow(
    deprecated,
    reason = "the successor needs unsafe code, for what Transport keeps anyway"
)]
fn watched(transport: Transport) -> io::Result<AsyncFd<Transport>> {
    AsyncFd::new(transport)
}

/// Where the first of some whole messages ends, and its number if the device keeps it for later
/// (see `Connection::turn`): it does WATCH and UNWATCH itself, at once.
fn first_message(messages: &[u8]) -> (usize, Option<u32>) {
    let Ok((header, _)) = <Header as zerocopy::FromBytes>::read_from_prefix(messages) else {
        return (messages.len(), None);
    };
    let kept = !matches!(
        MessageType::from(header.kind),
        MessageType::Watch | MessageType::Unwatch
    );
    let end = messages.len().min(HEADER_SIZE + header.len as usize);
    (end, kept.then_some(header.req_id))
}

/// An answer to come.
pub(super) struct Pending {
    shared: Arc<Shared>,
    id: u32,
    taken: bool,
}

impl Pending {
    pub(super) fn new(shared: Arc<Shared>, id: u32) -> Self {
        Self {
            shared,
            id,
            taken: false,
        }
    }
}

impl Future for Pending {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let shared = Arc::clone(&self.shared);
        let mut state = lock(&shared.state);
        match state.router.take(self.id) {
            Some(answer) => {
                self.taken = true;
                Poll::Ready(answer)
            }
            None => {
                let waiter = Waiter::Task(context.waker().clone());
                state.router.park(self.id, waiter);
                Poll::Pending
            }
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.taken {
            lock(&self.shared.state).router.abandon(self.id);
        }
    }
}
