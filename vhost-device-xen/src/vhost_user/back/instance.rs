// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One device at one socket, for one front end after the other.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backends::ratelimit::Level;
use backends::{log_limited, warn_limited};
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use vhost::vhost_user::{Error as Refusal, Listener};
use vmm_sys_util::eventfd::EventFd;

use super::front::Front;
use super::session::Session;
use crate::guest::chain;

/// Why nobody can connect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process listens there, or something else is there.
    #[error("{} is in use", path.display())]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// No socket can be made.
    #[error("cannot listen at {}", path.display())]
    Listen {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: Refusal,
    },
    /// The event loop.
    #[error("cannot wait for events")]
    Events(#[source] event_manager::Error),
}

/// A device that waits for front ends.
pub struct Instance {
    path: PathBuf,
    listener: Listener,
    session: Arc<Mutex<Session>>,
    front: Option<Front>,
    stop: EventFd,
    /// Set when it is over.
    outcome: Option<Result<(), Error>>,
}

/// What a readable descriptor means.
#[derive(Clone, Copy, Debug)]
enum Token {
    /// A front end comes.
    Listener,
    /// It has said something, or is gone.
    Front,
    /// It is over.
    Stop,
}

impl Instance {
    /// Listens at `path`, for front ends of the device behind `session`, until `stop` is written
    /// to.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn new(path: PathBuf, session: Session, stop: EventFd) -> Result<Self, Error> {
        clear(&path)?;
        let listening = Listener::new(&path, false).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        match listening {
            Ok(listener) => Ok(Self {
                path,
                listener,
                session: Arc::new(Mutex::new(session)),
                front: None,
                stop,
                outcome: None,
            }),
            Err(source) => Err(Error::Listen { path, source }),
        }
    }

    /// Serves one front end after the other.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot wait for any.
    pub fn run(self) -> Result<(), Error> {
        let mut events = EventManager::new().map_err(Error::Events)?;
        let id = events.add_subscriber(self);
        loop {
            let instance = events.subscriber_mut(id).map_err(Error::Events)?;
            if let Some(outcome) = instance.outcome.take() {
                instance.session().end();
                return outcome;
            }
            events.run().map_err(Error::Events)?;
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_listener(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        let accepted = self.listener.accept().and_then(|stream| {
            let front = stream.map(|stream| Front::new(stream, &self.session));
            front.transpose().map_err(Refusal::SocketError)
        });
        match accepted {
            Ok(Some(front)) => {
                log_limited!(Level::Info, "{}: a front end has come", self.path.display());
                self.watch(ops, front.as_raw_fd(), Token::Front)?;
                // One at a time: others wait.
                self.unwatch(ops, self.listener.as_raw_fd())?;
                self.front = Some(front);
            }
            Ok(None) => {}
            Err(e) => warn_limited!("{}: a front end is lost: {e}", self.path.display()),
        }
        Ok(())
    }

    fn on_front(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        let Some(front) = &mut self.front else {
            return Ok(());
        };
        let why = match front.handle() {
            Ok(()) => return Ok(()),
            Err(why) => why,
        };
        self.unwatch(ops, front_fd(&self.front))?;
        self.front = None;
        let counters = self.session().end();
        let path = self.path.display();
        match why {
            Refusal::Disconnected => {
                log_limited!(Level::Info, "{path}: the front end has gone: {counters}");
            }
            why => warn_limited!("{path}: the front end is dropped: {}", reason(&why)),
        }
        self.watch(ops, self.listener.as_raw_fd(), Token::Listener)
    }

    fn watch(&self, ops: &mut EventOps, fd: RawFd, token: Token) -> Result<(), Error> {
        let events = Events::with_data_raw(fd, token as u32, EventSet::IN);
        ops.add(events).map_err(Error::Events)
    }

    fn unwatch(&self, ops: &mut EventOps, fd: RawFd) -> Result<(), Error> {
        ops.remove(Events::empty_raw(fd)).map_err(Error::Events)
    }
}

/// Why a front end is dropped, with causes.
fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::ReqHandlerError(e) => e.get_ref().map_or_else(|| e.to_string(), |e| chain(e)),
        other => other.to_string(),
    }
}

fn front_fd(front: &Option<Front>) -> RawFd {
    front.as_ref().map_or(-1, |front| front.as_raw_fd())
}

/// Removes the socket that a process has left behind.
fn clear(path: &Path) -> Result<(), Error> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let is_left = found.file_type().is_socket()
        && UnixStream::connect(path).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    match is_left && fs::remove_file(path).is_ok() {
        true => Ok(()),
        false => Err(Error::InUse {
            path: path.to_owned(),
        }),
    }
}

impl MutEventSubscriber for Instance {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        let done = match events.data() {
            token if token == Token::Stop as u32 => {
                self.outcome = Some(Ok(()));
                return;
            }
            token if token == Token::Listener as u32 => self.on_listener(ops),
            _ => self.on_front(ops),
        };
        if let Err(e) = done {
            self.outcome = Some(Err(e));
        }
    }

    fn init(&mut self, ops: &mut EventOps) {
        let watched = self
            .watch(ops, self.stop.as_raw_fd(), Token::Stop)
            .and_then(|()| self.watch(ops, self.listener.as_raw_fd(), Token::Listener));
        self.outcome = watched.err().map(Err);
    }
}
