// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The client.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use crate::connection::{Connection, Handle, Request};
use crate::error::Error;
use crate::options::Options;
use crate::path;
use crate::store::{Session, Store};
use crate::transaction::{self, Transaction};
use crate::transport::Transport;
use crate::watch::Watch;
use crate::wire::MessageType;

/// A connection to xenstored.
///
/// A clone is another handle to the same connection. Any number of threads may use it at once:
/// each waits for its own answer only, and requests of one thread take effect in order. With the
/// first watch the connection gets a thread of its own, which ends with the last handle; a
/// [`Watch`] is a handle too.
///
/// Reading and writing are methods of [`Store`].
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Store, sim};
///
/// let server = sim::Server::new(); // elsewhere: Client::open()
/// let client = server.client();
///
/// client.write("/local/domain/1/name", "guest")?;
/// assert_eq!(client.read_string("/local/domain/1/name")?.as_deref(), Some("guest"));
/// assert_eq!(client.directory("/local/domain")?.unwrap_or_default(), ["1"]);
/// assert_eq!(client.read("/local/domain/2/name")?, None);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    handle: Arc<Handle>,
}

impl Client {
    /// Connects to the xenstored of this host.
    ///
    /// The environment decides as it does for libxenstore: `XENSTORED_PATH` names the socket or
    /// device and nothing else is tried; `XENSTORED_RUNDIR` names the directory of `socket`. The
    /// order is otherwise `/run/xenstored/socket`, `/var/run/xenstored/socket`,
    /// `/dev/xen/xenbus`.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] with the first of them that exists, and [`Error::Setup`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// let client = xen_store::Client::open()?;
    /// # Ok::<(), xen_store::Error>(())
    /// ```
    pub fn open() -> Result<Self, Error> {
        Options::new().open()
    }

    /// Connects to the socket or opens the device at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`].
    pub fn open_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        Options::new().path(path.as_ref()).open()
    }

    /// Uses a socket that is already connected, such as one received from another process.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`].
    pub fn from_stream(stream: UnixStream) -> Result<Self, Error> {
        stream
            .set_nonblocking(false)
            .map_err(|source| Error::Setup { source })?;
        Ok(Self::new(Transport::Socket(stream), Options::new()))
    }

    pub(crate) fn new(transport: Transport, options: Options) -> Self {
        Self {
            handle: Arc::new(Handle::new(transport, options)),
        }
    }

    /// Sends a request that has no arguments at all.
    pub(crate) fn call_bare(&self, kind: MessageType) -> Result<Vec<u8>, Error> {
        self.connection().call(Request {
            rest: None,
            ..Request::new(kind, "", &[])
        })
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.handle
    }

    /// Watches a node and what is below it, or a special path: `@introduceDomain` or
    /// `@releaseDomain`, which fire when domains come, and when they shut down or go.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] when the process lacks a descriptor, and see [`Store`].
    pub fn watch(&self, path: &str) -> Result<Watch, Error> {
        path::check_watched(path)?;
        Watch::new(self.clone(), path, None)
    }

    /// Watches a node and `depth` levels below it: 0 is the node alone.
    ///
    /// A server that knows depths (Xen 4.22) sends no more than that; what others send too much
    /// is left out here. For `@introduceDomain` and `@releaseDomain`, depth 1 asks the server to
    /// append `/<domid>` to the path that it reports; older servers do not.
    ///
    /// # Errors
    ///
    /// As for [`Client::watch`].
    pub fn watch_depth(&self, path: &str, depth: u32) -> Result<Watch, Error> {
        path::check_watched(path)?;
        Watch::new(self.clone(), path, Some(depth))
    }

    /// Runs `body` as one transaction: all of its writes happen at once, or none.
    ///
    /// When somebody changed what it has read, `body` runs again, up to
    /// [`TRANSACTION_ATTEMPTS`](crate::TRANSACTION_ATTEMPTS) times. When it returns an error or
    /// panics, its writes are discarded.
    ///
    /// # Errors
    ///
    /// What `body` returns; [`Error::Conflict`] after the last attempt; and see [`Store`].
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "sim")]
    /// # fn main() -> Result<(), xen_store::Error> {
    /// use xen_store::{Store, sim};
    ///
    /// let server = sim::Server::new();
    /// let client = server.client();
    /// let next = client.transaction(|store| {
    ///     let next = store.read_parsed::<u32>("/counter")?.unwrap_or(0) + 1;
    ///     store.write("/counter", next.to_string())?;
    ///     Ok::<_, xen_store::Error>(next)
    /// })?;
    /// assert_eq!(next, 1);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sim"))]
    /// # fn main() {}
    /// ```
    pub fn transaction<T, E: From<Error>>(
        &self,
        body: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        transaction::run(self, body)
    }
}

impl Session for Client {
    fn call(&self, kind: MessageType, subject: &str, rest: &[&[u8]]) -> Result<Vec<u8>, Error> {
        self.connection().call(Request::new(kind, subject, rest))
    }
}

impl Store for Client {}

/// Threads share clients, and watches move between them.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Client>();
    shared::<Watch>();
};
