// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The client for tasks, on tokio (feature `tokio`).

mod driver;
mod scan;
mod store;
mod transaction;
mod watch;

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, watch as tokio_watch};
use tokio::time;

use crate::connection::{Request, lock};
use crate::error::Error;
use crate::options::Options;
use crate::path;
use crate::router::{Router, Want};
use crate::store::malformed;
use crate::transport::Transport;
use crate::wire::{self, MessageType};
use driver::{Driver, Pending};

pub use scan::AsyncScan;
pub use store::AsyncStore;
pub use transaction::AsyncTransaction;
pub use watch::AsyncWatch;

/// A connection to xenstored that any number of tasks share.
///
/// One task of the runtime does its input and output: requests that are made at the same time
/// leave in one system call, and so arrive their answers. It ends with the last handle; an
/// [`AsyncWatch`] is a handle too. A request that is dropped before it is answered may or may not
/// take effect.
///
/// Reading and writing are methods of [`AsyncStore`].
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{AsyncStore, sim};
///
/// let server = sim::Server::new(); // elsewhere: AsyncClient::open()
/// let client = server.async_client();
///
/// client.write("/local/domain/1/name", "guest").await?;
/// let (name, domains) = tokio::join!(
///     client.read_string("/local/domain/1/name"),
///     client.directory("/local/domain"),
/// );
/// assert_eq!(name?.as_deref(), Some("guest"));
/// assert_eq!(domains?.unwrap_or_default(), ["1"]);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct AsyncClient {
    handle: Arc<Handle>,
}

/// Ends the driver when the last client is dropped.
#[derive(Debug)]
struct Handle(Arc<Shared>);

/// Between the clients and their driver.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is something to send, or the last client is gone.
    work: Notify,
    stopping: AtomicBool,
    /// Whether there is a connection.
    up: tokio_watch::Sender<bool>,
    options: Options,
}

#[derive(Debug, Default)]
struct State {
    router: Router,
    /// Messages that the driver has not taken yet.
    outgoing: Vec<u8>,
    payload_max: usize,
}

impl AsyncClient {
    /// Connects to the xenstored of this host; see [`Client::open`](crate::Client::open).
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] and [`Error::Setup`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn open() -> Result<Self, Error> {
        Options::new().open_async()
    }

    /// Uses a socket that is already connected.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn from_stream(stream: UnixStream) -> Result<Self, Error> {
        stream
            .set_nonblocking(true)
            .map_err(|source| Error::Setup { source })?;
        Self::new(Transport::Socket(stream), Options::new())
    }

    pub(crate) fn new(transport: Transport, options: Options) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                payload_max: transport.payload_max(),
                ..State::default()
            }),
            work: Notify::new(),
            stopping: AtomicBool::new(false),
            up: tokio_watch::Sender::new(true),
            options,
        });
        let driver = Driver::new(Arc::clone(&shared), transport);
        let driver = driver.map_err(|source: io::Error| Error::Setup { source })?;
        tokio::spawn(driver.run());
        Ok(Self {
            handle: Arc::new(Handle(shared)),
        })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.0
    }

    /// Watches a node and what is below it; see [`Client::watch`](crate::Client::watch).
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub async fn watch(&self, path: &str) -> Result<AsyncWatch, Error> {
        path::check_watched(path)?;
        AsyncWatch::new(self.clone(), path, None).await
    }

    /// Watches a node and `depth` levels below it; see
    /// [`Client::watch_depth`](crate::Client::watch_depth).
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub async fn watch_depth(&self, path: &str, depth: u32) -> Result<AsyncWatch, Error> {
        path::check_watched(path)?;
        AsyncWatch::new(self.clone(), path, Some(depth)).await
    }

    /// Runs `body` as one transaction; see [`Client::transaction`](crate::Client::transaction).
    ///
    /// # Errors
    ///
    /// What `body` returns; [`Error::Conflict`] after the last attempt; and see
    /// [`Store`](crate::Store).
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "sim")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), xen_store::Error> {
    /// use xen_store::{AsyncStore, Error, sim};
    ///
    /// let server = sim::Server::new();
    /// let client = server.async_client();
    /// let next = client.transaction(async |store| {
    ///     let next = store.read_parsed::<u32>("/counter").await?.unwrap_or(0) + 1;
    ///     store.write("/counter", next.to_string()).await?;
    ///     Ok::<_, Error>(next)
    /// }).await?;
    /// assert_eq!(next, 1);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sim"))]
    /// # fn main() {}
    /// ```
    pub async fn transaction<T, E: From<Error>>(
        &self,
        body: impl AsyncFnMut(&AsyncTransaction) -> Result<T, E>,
    ) -> Result<T, E> {
        transaction::run(self, body).await
    }

    /// The home of a domain; see [`Client::domain_path`](crate::Client::domain_path).
    ///
    /// # Errors
    ///
    /// [`Error::NotText`], and see [`Store`](crate::Store).
    pub async fn domain_path(&self, domain: u16) -> Result<String, Error> {
        let domain = domain.to_string();
        let request = Request::new(MessageType::GetDomainPath, &domain, &[]);
        let mut answer = self.shared().call(request).await?;
        if answer.ends_with(b"\0") {
            answer.pop();
        }
        crate::store::text(&domain, answer)
    }

    /// Whether xenstored is connected with a domain; see
    /// [`Client::is_introduced`](crate::Client::is_introduced).
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub async fn is_introduced(&self, domain: u16) -> Result<bool, Error> {
        let domain = domain.to_string();
        let request = Request::new(MessageType::IsDomainIntroduced, &domain, &[]);
        let answer = self.shared().call(request).await?;
        match wire::strings(&answer).next() {
            Some(b"T") => Ok(true),
            Some(b"F") => Ok(false),
            _ => Err(malformed(request.kind, &domain)),
        }
    }
}

impl Shared {
    async fn call(self: &Arc<Self>, request: Request<'_>) -> Result<Vec<u8>, Error> {
        if let (Some(patience), None) = (self.options.patience(), request.transaction) {
            // Whether it is up or not shows when the request is made.
            let mut up = self.up.subscribe();
            let _ = time::timeout(patience, up.wait_for(|up| *up)).await;
        }
        let id = self.send(request, Want::Answer)?;
        request.interpret(Pending::new(Arc::clone(self), id).await)
    }

    /// Leaves a request to the driver.
    fn send(&self, request: Request<'_>, want: Want) -> Result<u32, Error> {
        let mut state = lock(&self.state);
        let State {
            router,
            outgoing,
            payload_max,
        } = &mut *state;
        let epoch = request.transaction.map(|(_, epoch)| epoch);
        let id = router.register(epoch, want)?;
        let idle = outgoing.is_empty();
        if let Err(error) = request.append(outgoing, id, *payload_max) {
            router.cancel(id);
            return Err(error);
        }
        drop(state);
        if idle {
            self.work.notify_one();
        }
        Ok(id)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.work.notify_one();
    }
}
