// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The clients of the control socket: who there is, and what each waits for. The supervisor waits for
//! none of them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use backends::warn_limited;
use event_manager::{EventOps, EventSet, Events};
use vmm_sys_util::timerfd::TimerFd;

use super::Token;
use super::keys::Key;
use crate::control::{Answer, Connection, Device, Listener};
use crate::stats::Stats;

/// More clients than that have to wait until one of these has gone.
const CLIENTS: usize = 16;
/// How long a client may say nothing, or not take what it has asked for.
const IDLE: Duration = Duration::from_secs(30);
/// How long guest processes may take to say what their devices have done.
pub(super) const STATS: Duration = Duration::from_secs(2);
/// How long a guest process may take to let a device go or to serve it again.
pub(super) const CHANGE: Duration = Duration::from_secs(10);

/// What a client waits for.
#[derive(Debug)]
pub(super) enum Wait {
    /// What these devices have done, those in the set still.
    Stats(BTreeMap<Key, Device>, BTreeSet<Key>),
    /// That a device is served.
    Attach(Key),
    /// That a device is gone.
    Detach(Key),
}

#[derive(Debug)]
struct Client {
    connection: Connection,
    wait: Option<Wait>,
    /// When it is dropped, or answered with what there is.
    until: Instant,
    /// What its descriptor is watched for.
    interest: EventSet,
}

/// The control socket and its clients.
#[derive(Debug)]
pub(super) struct Clients {
    listener: Listener,
    /// Ends the patience with clients and for them.
    timer: TimerFd,
    clients: BTreeMap<u16, Client>,
    next: u16,
}

impl Clients {
    /// Listens at `path`.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            listener: Listener::bind(path)?,
            timer: TimerFd::new()?,
            clients: BTreeMap::new(),
            next: 0,
        })
    }

    /// Has the socket watched.
    pub(super) fn register(&self, ops: &mut EventOps) -> event_manager::Result<()> {
        let mut add = |fd, token: Token| {
            let events = Events::with_data_raw(fd, token.into(), EventSet::IN);
            ops.add(events)
        };
        add(self.listener.as_raw_fd(), Token::Control)?;
        add(self.timer.as_raw_fd(), Token::Patience)
    }

    /// Takes in all clients that have come.
    pub(super) fn accept(&mut self, ops: &mut EventOps) {
        loop {
            match self.listener.accept() {
                Ok(None) => return,
                Ok(Some(connection)) => self.add(connection, ops),
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                    warn_limited!("control socket: a client that is not root is turned away");
                }
                Err(e) => return warn_limited!("control socket: {e}"),
            }
        }
    }

    fn add(&mut self, connection: Connection, ops: &mut EventOps) {
        if self.clients.len() >= CLIENTS {
            return warn_limited!("control socket: {CLIENTS} clients are enough");
        }
        while self.clients.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let fd = connection.as_raw_fd();
        let token = Token::Client(self.next);
        if let Err(e) = ops.add(Events::with_data_raw(fd, token.into(), EventSet::IN)) {
            return warn_limited!("control socket: {e}");
        }
        let client = Client {
            connection,
            wait: None,
            until: Instant::now() + IDLE,
            interest: EventSet::IN,
        };
        self.clients.insert(self.next, client);
        self.next = self.next.wrapping_add(1);
    }

    /// A client has said something, or can take something, or is gone.
    pub(super) fn wake(&mut self, number: u16, ops: &mut EventOps) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        let connection = &mut client.connection;
        let is_there = connection.flush().and_then(|()| match &client.wait {
            // One request at a time; what it says meanwhile is read later. But it may be gone.
            Some(_) if client.interest.is_empty() => Err(io::ErrorKind::BrokenPipe.into()),
            _ => connection.fill(),
        });
        if is_there.is_err() {
            self.remove(number, ops);
        }
    }

    /// The connection to a client that is there and waits for nothing.
    pub(super) fn listening(&mut self, number: u16) -> Option<&mut Connection> {
        let client = self.clients.get_mut(&number)?;
        let is_free = client.wait.is_none() && !client.connection.has_output();
        is_free.then_some(&mut client.connection)
    }

    /// Answers a client.
    pub(super) fn answer(&mut self, number: u16, answer: &Answer) {
        if let Some(client) = self.clients.get_mut(&number) {
            client.wait = None;
            client.until = Instant::now() + IDLE;
            // One that is gone is found out when it is looked at next.
            if client.connection.send(answer).is_err() {
                client.until = Instant::now();
            }
        }
    }

    /// Has a client wait.
    pub(super) fn wait(&mut self, number: u16, wait: Wait, patience: Duration) {
        if let Some(client) = self.clients.get_mut(&number) {
            client.wait = Some(wait);
            client.until = Instant::now() + patience;
        }
    }

    /// What each client waits for, and whether it has waited long enough.
    pub(super) fn waits(&self) -> impl Iterator<Item = (u16, &Wait, bool)> {
        let now = Instant::now();
        let clients = self.clients.iter();
        clients.filter_map(move |(number, client)| {
            let wait = client.wait.as_ref()?;
            Some((*number, wait, client.until <= now))
        })
    }

    /// A guest process has said what a device has done.
    pub(super) fn on_stats(&mut self, key: Key, stats: Option<&Stats>) {
        for client in self.clients.values_mut() {
            if let Some(Wait::Stats(devices, missing)) = &mut client.wait
                && missing.remove(&key)
                && let Some(device) = devices.get_mut(&key)
            {
                device.stats = stats.cloned();
            }
        }
    }

    /// All clients, by number.
    pub(super) fn numbers(&self) -> Vec<u16> {
        self.clients.keys().copied().collect()
    }

    pub(super) fn remove(&mut self, number: u16, ops: &mut EventOps) {
        if let Some(client) = self.clients.remove(&number)
            && let Err(e) = ops.remove(Events::empty(&client.connection))
        {
            log::error!("control socket: {e}");
        }
    }

    /// Drops clients that have had their time, and watches the others for what they may do next.
    pub(super) fn settle(&mut self, ops: &mut EventOps) {
        let now = Instant::now();
        for number in self.numbers() {
            let Some(client) = self.clients.get_mut(&number) else {
                continue;
            };
            if client.wait.is_none() && client.until <= now {
                self.remove(number, ops);
                continue;
            }
            let interest = match (client.connection.has_output(), &client.wait) {
                (true, _) => EventSet::OUT,
                (false, Some(_)) => EventSet::empty(),
                (false, None) => EventSet::IN,
            };
            if interest != client.interest {
                client.interest = interest;
                let fd = client.connection.as_raw_fd();
                let token = Token::Client(number);
                if let Err(e) = ops.modify(Events::with_data_raw(fd, token.into(), interest)) {
                    log::error!("control socket: {e}");
                    self.remove(number, ops);
                }
            }
        }
        let next = self.clients.values().map(|client| client.until).min();
        let set = match next {
            // Zero would turn it off.
            Some(next) => {
                let wait = next.saturating_duration_since(now);
                self.timer.reset(wait.max(Duration::from_millis(1)), None)
            }
            None => self.timer.clear(),
        };
        if let Err(e) = set {
            log::error!("control socket: cannot set a timer: {e}");
        }
    }
}
