// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How to connect, and what to do when the connection is lost.

use std::path::PathBuf;
use std::time::Duration;

use crate::client::Client;
use crate::error::Error;
use crate::transport::{Mode, Transport};

/// The first pause between attempts to connect again, and the longest.
pub(crate) const PAUSES: (Duration, Duration) =
    (Duration::from_millis(5), Duration::from_millis(250));

/// How to connect to xenstored; [`Client::open`] is `Options::new().open()`.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use xen_store::Options;
///
/// let client = Options::new()
///     .path("/run/xenstored/socket")
///     .reconnect(Duration::from_secs(30))
///     .open()?;
/// # Ok::<(), xen_store::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    path: Option<PathBuf>,
    reconnect: Option<Duration>,
}

impl Options {
    /// The server that [`Client::open`] finds, and one connection for ever.
    pub fn new() -> Self {
        Self::default()
    }

    /// The socket or the device to open.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Connects again when the connection is lost, as when xenstored is restarted.
    ///
    /// What was under way fails with [`Error::Lost`]: the server may or may not have done it. So
    /// does every later request of a transaction that had begun. New requests wait up to `within`
    /// for the server. Watches go on: each is registered again and then reports
    /// [`WatchEvent::Rescan`](crate::WatchEvent::Rescan), as anything may have changed; they are
    /// tried for as long as they exist.
    #[must_use]
    pub fn reconnect(mut self, within: Duration) -> Self {
        self.reconnect = Some(within);
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], and [`Error::Setup`].
    pub fn open(self) -> Result<Client, Error> {
        let transport = self.connect(Mode::Blocking)?;
        Ok(Client::new(transport, self))
    }

    /// Connects from tasks.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], and [`Error::Setup`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[cfg(feature = "tokio")]
    pub fn open_async(self) -> Result<crate::AsyncClient, Error> {
        let transport = self.connect(Mode::NonBlocking)?;
        crate::AsyncClient::new(transport, self)
    }

    pub(crate) fn connect(&self, mode: Mode) -> Result<Transport, Error> {
        match &self.path {
            None => Transport::open(mode),
            Some(path) => Transport::open_path(path, mode).map_err(|source| Error::Connect {
                path: path.clone(),
                source,
            }),
        }
    }

    /// How long a request waits for a new connection; `None` when there will be none.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.reconnect
    }
}
