// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Watches, for threads.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use vmm_sys_util::eventfd::EventFd;

use crate::client::Client;
use crate::error::Error;
use crate::queue::Queue;
use crate::router::Registered;

/// What a [`Watch`] reports.
///
/// Events are hints: the server fires each watch once when it is registered, may fire without a
/// reason, and may merge events. Read the tree again; do not count.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Store, WatchEvent, sim};
///
/// let server = sim::Server::new();
/// let client = server.client();
/// let watch = client.watch("/a")?;
/// server.write("/a/b", "1");
/// client.read("/a/b")?; // what the server sent before the answer has arrived
///
/// while let Some(event) = watch.try_next() {
///     match event? {
///         WatchEvent::Changed { path } => println!("look at {path}"),
///         WatchEvent::Rescan => println!("look at everything"),
///     }
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
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
    path: Arc<str>,
    token: u64,
    queue: Arc<Queue>,
}

impl Watch {
    pub(crate) fn new(client: Client, path: &str, depth: Option<u32>) -> Result<Self, Error> {
        let signal = EventFd::new(libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)
            .map_err(|source| Error::Setup { source })?;
        let registered = Registered {
            path: path.into(),
            depth,
            queue: Arc::new(Queue::new(path, depth, Some(signal))),
        };
        let token = client.connection().watch(&registered)?;
        let Registered { path, queue, .. } = registered;
        Ok(Self {
            client,
            path,
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
        self.queue.pop()
    }
}

impl Iterator for Watch {
    type Item = Result<WatchEvent, Error>;

    /// Waits for the next item; `None` after the connection was lost.
    fn next(&mut self) -> Option<Self::Item> {
        self.queue.wait()
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.queue.descriptor().unwrap_or(-1)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.client.connection().unwatch(&self.path, self.token);
    }
}
