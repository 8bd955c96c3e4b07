// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Watches: what a caller holds, and the queue between it and the reader thread.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use vmm_sys_util::eventfd::EventFd;

use crate::client::Client;
use crate::connection::lock;
use crate::error::Error;

/// Events that wait in a [`Watch`] before they are merged into one [`WatchEvent::Rescan`].
///
/// A guest may write to its part of the tree as fast as it likes while the receiver is busy:
/// without a bound it could make the process grow without end. 256 events hold the setup of more
/// devices than a guest has, and at most 768 KiB of paths.
pub const QUEUE_LIMIT: usize = 256;

/// What a [`Watch`] reports.
///
/// Events are hints: the server fires each watch once when it is registered, may fire without a
/// reason, and may merge events. Read the tree again; do not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WatchEvent {
    /// Something may have happened to the node at `path`, which is the watched node or below it.
    Changed {
        /// Relative if the watched path was.
        path: String,
    },
    /// Events were lost: anything at or below the watched node may have changed.
    Rescan,
}

/// A watch on a node and all that is below it; made by [`Client::watch`].
///
/// Use it as a blocking iterator, or put its descriptor, which is readable while there is
/// something to take, in an event loop (level or edge triggered) and then call
/// [`Watch::try_next`] until it returns `None`. Do not read the descriptor.
///
/// When the connection is lost, the descriptor becomes readable and the last item is
/// [`Error::Lost`]. Dropping the watch ends it.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{WatchEvent, sim};
///
/// let server = sim::Server::new();
/// let mut watch = server.client().watch("/local/domain/0/backend")?;
/// assert!(watch.next().is_some()); // fires once when it is registered
///
/// server.write("/local/domain/0/backend/virtio/1/0/state", "1");
/// let event = watch.next().expect("a watch ends only after an error")?;
/// let path = "/local/domain/0/backend/virtio/1/0/state".into();
/// assert_eq!(event, WatchEvent::Changed { path });
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Watch {
    client: Client,
    path: Box<str>,
    token: u64,
    queue: Arc<Queue>,
}

impl Watch {
    pub(crate) fn new(client: Client, path: &str) -> Result<Self, Error> {
        let queue = Arc::new(Queue::new()?);
        let token = client.connection().watch(path, Arc::clone(&queue))?;
        Ok(Self {
            client,
            path: path.into(),
            token,
            queue,
        })
    }

    /// The watched path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The next item if there is one.
    ///
    /// # Errors
    ///
    /// The item is [`Error::Lost`], once, when the connection is gone; after it there are none.
    pub fn try_next(&self) -> Option<Result<WatchEvent, Error>> {
        lock(&self.queue.inner).pop(&self.queue.readable)
    }
}

impl Iterator for Watch {
    type Item = Result<WatchEvent, Error>;

    /// Waits for the next item; `None` after the connection was lost.
    fn next(&mut self) -> Option<Self::Item> {
        let queue = &self.queue;
        let mut inner = lock(&queue.inner);
        loop {
            let item = inner.pop(&queue.readable);
            if item.is_some() || matches!(inner.end, End::Told) {
                return item;
            }
            inner = queue
                .filled
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.queue.readable.as_raw_fd()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.client.connection().unwatch(&self.path, self.token);
    }
}

/// Between the reader thread and a [`Watch`].
#[derive(Debug)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
    /// Not zero exactly while `inner` has something to take.
    readable: EventFd,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<String>,
    /// Replaces `events`, which is empty then.
    rescan: bool,
    end: End,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    Open,
    Lost(Arc<Error>),
    Told,
}

impl Queue {
    fn new() -> Result<Self, Error> {
        let readable = EventFd::new(libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)
            .map_err(|source| Error::Setup { source })?;
        Ok(Self {
            inner: Mutex::default(),
            filled: Condvar::new(),
            readable,
        })
    }

    pub(crate) fn push(&self, path: &str) {
        self.fill(|inner| {
            if inner.rescan {
                // The rescan to come sees this change as well.
            } else if inner.events.len() < QUEUE_LIMIT {
                inner.events.push_back(path.into());
            } else {
                inner.merge();
            }
        });
    }

    pub(crate) fn push_rescan(&self) {
        self.fill(Inner::merge);
    }

    pub(crate) fn end(&self, source: &Arc<Error>) {
        self.fill(|inner| inner.end = End::Lost(Arc::clone(source)));
    }

    /// Changes the queue so that it has something to take, and says so.
    fn fill(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = lock(&self.inner);
        let was_empty = inner.is_empty();
        change(&mut inner);
        if was_empty {
            if let Err(error) = self.readable.write(1) {
                log::error!("cannot signal a watch: {error}");
            }
            self.filled.notify_one();
        }
    }
}

impl Inner {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.rescan && !matches!(self.end, End::Lost(_))
    }

    fn merge(&mut self) {
        self.events.clear();
        self.rescan = true;
    }

    fn pop(&mut self, readable: &EventFd) -> Option<Result<WatchEvent, Error>> {
        let item = self.take()?;
        if self.is_empty()
            && let Err(error) = readable.read()
        {
            log::error!("cannot clear the signal of a watch: {error}");
        }
        Some(item)
    }

    fn take(&mut self) -> Option<Result<WatchEvent, Error>> {
        if std::mem::take(&mut self.rescan) {
            return Some(Ok(WatchEvent::Rescan));
        }
        if let Some(path) = self.events.pop_front() {
            return Some(Ok(WatchEvent::Changed { path }));
        }
        match std::mem::replace(&mut self.end, End::Told) {
            End::Lost(source) => Some(Err(Error::Lost { source })),
            other => {
                self.end = other;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(queue: &Queue) -> Option<Result<WatchEvent, Error>> {
        lock(&queue.inner).pop(&queue.readable)
    }

    fn is_readable(queue: &Queue) -> bool {
        let value = queue.readable.read();
        value.is_ok_and(|value| queue.readable.write(value).is_ok())
    }

    #[test]
    fn an_overflow_is_one_rescan() {
        let queue = Queue::new().unwrap();

        (0..=QUEUE_LIMIT).for_each(|_| queue.push("/a"));
        queue.push("/b");

        assert_eq!(take(&queue).unwrap().unwrap(), WatchEvent::Rescan);
        assert!(take(&queue).is_none());
        assert!(!is_readable(&queue));
    }

    #[test]
    fn events_after_a_rescan_are_delivered() {
        let queue = Queue::new().unwrap();

        queue.push_rescan();
        take(&queue).unwrap().unwrap();
        queue.push("/a");

        let path = "/a".into();
        assert_eq!(take(&queue).unwrap().unwrap(), WatchEvent::Changed { path });
    }

    #[test]
    fn the_descriptor_is_readable_until_the_last_event_is_taken() {
        let queue = Queue::new().unwrap();

        queue.push("/a");
        queue.push("/b");

        assert!(is_readable(&queue));
        take(&queue).unwrap().unwrap();
        assert!(is_readable(&queue));
        take(&queue).unwrap().unwrap();
        assert!(!is_readable(&queue));
    }

    #[test]
    fn a_lost_connection_is_told_once_after_the_events() {
        let queue = Queue::new().unwrap();

        queue.push("/a");
        queue.end(&Arc::new(Error::Closed));

        assert!(take(&queue).unwrap().is_ok());
        assert!(is_readable(&queue));
        assert!(matches!(take(&queue), Some(Err(Error::Lost { .. }))));
        assert!(take(&queue).is_none());
        assert!(!is_readable(&queue));
    }
}
