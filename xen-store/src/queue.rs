// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The queue between the reader of a connection and a watch.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use vmm_sys_util::eventfd::EventFd;

use crate::connection::lock;
use crate::error::Error;
use crate::watch::WatchEvent;

/// Events that wait in a [`Watch`](crate::Watch) before they are merged into one [`WatchEvent::Rescan`].
///
/// A guest may write to its part of the tree as fast as it likes while the receiver is busy:
/// without a bound it could make the process grow without end. 256 events hold the setup of more
/// devices than a guest has, and at most 768 KiB of paths.
pub const QUEUE_LIMIT: usize = 256;

/// What the reader fills and a watch empties.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The watched path; what is deeper below it than `depth` is left out.
    path: Box<str>,
    depth: Option<u32>,
    inner: Mutex<Inner>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<String>,
    /// Replaces `events`, which is empty then.
    rescan: bool,
    end: End,
    /// Threads that wait in `filled`.
    waiting: usize,
    signal: Option<Signal>,
    #[cfg(feature = "tokio")]
    waker: Option<std::task::Waker>,
}

/// The descriptor of a watch: not zero exactly while there is something to take, from when
/// somebody has asked for it. Before that its two system calls for each event are saved.
#[derive(Debug)]
struct Signal {
    readable: EventFd,
    used: bool,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    Open,
    Lost(Arc<Error>),
    Told,
}

impl Queue {
    pub(crate) fn new(path: &str, depth: Option<u32>, signal: Option<EventFd>) -> Self {
        let signal = signal.map(|readable| Signal {
            readable,
            used: false,
        });
        Self {
            path: path.into(),
            depth,
            inner: Mutex::new(Inner {
                signal,
                ..Inner::default()
            }),
            filled: Condvar::new(),
        }
    }

    /// Whether a change at `path` is of interest.
    fn covers(&self, path: &str) -> bool {
        let Some(depth) = self.depth.filter(|_| !self.path.starts_with('@')) else {
            return true;
        };
        let below = path.strip_prefix(&*self.path).unwrap_or_default();
        let levels = below.split('/').filter(|name| !name.is_empty()).count();
        u32::try_from(levels).is_ok_and(|levels| levels <= depth)
    }

    pub(crate) fn push(&self, path: &str) {
        if !self.covers(path) {
            return;
        }
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
            inner.signal(true);
            #[cfg(feature = "tokio")]
            inner
                .waker
                .take()
                .into_iter()
                .for_each(std::task::Waker::wake);
            if inner.waiting > 0 {
                self.filled.notify_one();
            }
        }
    }

    /// The next item if there is one.
    pub(crate) fn pop(&self) -> Option<Result<WatchEvent, Error>> {
        lock(&self.inner).pop()
    }

    /// Waits for the next item; `None` after the last.
    pub(crate) fn wait(&self) -> Option<Result<WatchEvent, Error>> {
        let mut inner = lock(&self.inner);
        loop {
            let item = inner.pop();
            if item.is_some() || matches!(inner.end, End::Told) {
                return item;
            }
            inner.waiting += 1;
            inner = self
                .filled
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
            inner.waiting -= 1;
        }
    }

    /// Has `context` woken when there is a next item.
    #[cfg(feature = "tokio")]
    pub(crate) fn poll(
        &self,
        context: &std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<WatchEvent, Error>>> {
        let mut inner = lock(&self.inner);
        let item = inner.pop();
        if item.is_some() || matches!(inner.end, End::Told) {
            return std::task::Poll::Ready(item);
        }
        inner.waker = Some(context.waker().clone());
        std::task::Poll::Pending
    }

    /// A descriptor that is readable while there is something to take.
    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        let mut inner = lock(&self.inner);
        let empty = inner.is_empty();
        let signal = inner.signal.as_mut()?;
        let fd = signal.readable.as_raw_fd();
        if !std::mem::replace(&mut signal.used, true) && !empty {
            inner.signal(true);
        }
        Some(fd)
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

    /// Makes the descriptor readable, or not.
    fn signal(&self, readable: bool) {
        let Some(signal) = self.signal.as_ref().filter(|signal| signal.used) else {
            return;
        };
        let done = if readable {
            signal.readable.write(1)
        } else {
            signal.readable.read().map(drop)
        };
        if let Err(error) = done {
            log::error!("cannot signal a watch: {error}");
        }
    }

    fn pop(&mut self) -> Option<Result<WatchEvent, Error>> {
        let item = self.take()?;
        if self.is_empty() {
            self.signal(false);
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

    fn queue(depth: Option<u32>) -> Queue {
        let signal = EventFd::new(libc::EFD_NONBLOCK).unwrap();
        Queue::new("/a", depth, Some(signal))
    }

    fn take(queue: &Queue) -> Option<Result<WatchEvent, Error>> {
        queue.pop()
    }

    fn is_readable(queue: &Queue) -> bool {
        queue.descriptor().unwrap();
        let inner = lock(&queue.inner);
        let readable = &inner.signal.as_ref().unwrap().readable;
        let value = readable.read();
        value.is_ok_and(|value| readable.write(value).is_ok())
    }

    #[test]
    fn what_is_deeper_than_asked_is_left_out() {
        let queue = queue(Some(1));

        queue.push("/a/b/c");
        queue.push("/a/b");
        queue.push("/a");

        let path = "/a/b".into();
        assert_eq!(take(&queue).unwrap().unwrap(), WatchEvent::Changed { path });
        let path = "/a".into();
        assert_eq!(take(&queue).unwrap().unwrap(), WatchEvent::Changed { path });
        assert!(take(&queue).is_none());
    }

    #[test]
    fn an_overflow_is_one_rescan() {
        let queue = queue(None);

        (0..=QUEUE_LIMIT).for_each(|_| queue.push("/a"));
        queue.push("/b");

        assert_eq!(take(&queue).unwrap().unwrap(), WatchEvent::Rescan);
        assert!(take(&queue).is_none());
        assert!(!is_readable(&queue));
    }

    #[test]
    fn events_after_a_rescan_are_delivered() {
        let queue = queue(None);

        queue.push_rescan();
        take(&queue).unwrap().unwrap();
        queue.push("/a");

        let path = "/a".into();
        assert_eq!(take(&queue).unwrap().unwrap(), WatchEvent::Changed { path });
    }

    #[test]
    fn the_descriptor_is_readable_until_the_last_event_is_taken() {
        let queue = queue(None);

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
        let queue = queue(None);

        queue.push("/a");
        queue.end(&Arc::new(Error::Closed));

        assert!(take(&queue).unwrap().is_ok());
        assert!(is_readable(&queue));
        assert!(matches!(take(&queue), Some(Err(Error::Lost { .. }))));
        assert!(take(&queue).is_none());
        assert!(!is_readable(&queue));
    }
}
