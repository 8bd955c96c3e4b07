// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The children of a node, for tasks.

use super::{AsyncClient, AsyncStore, AsyncWatch};
use crate::error::Error;
use crate::scan::{Children, ScanEvent};

/// The children of a node as they come, change and go; see [`Scan`](crate::Scan).
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{AsyncScan, ScanEvent, sim};
///
/// let server = sim::Server::new();
/// let mut scan = AsyncScan::new(&server.async_client(), "/backend").await?;
/// server.write("/backend/1", "");
/// let event = scan.next().await.expect("it ends only after an error")?;
/// assert_eq!(event, ScanEvent::Added("1".into()));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct AsyncScan {
    client: AsyncClient,
    watch: AsyncWatch,
    children: Children,
}

impl AsyncScan {
    /// Starts with the children that there are.
    ///
    /// # Errors
    ///
    /// As for [`AsyncClient::watch`].
    pub async fn new(client: &AsyncClient, path: &str) -> Result<Self, Error> {
        Ok(Self {
            client: client.clone(),
            watch: client.watch(path).await?,
            children: Children::new(path),
        })
    }

    /// The next event; `None` after the connection was lost.
    ///
    /// It can be dropped while it waits without losing an event.
    pub async fn next(&mut self) -> Option<Result<ScanEvent, Error>> {
        loop {
            if let Some(event) = self.children.pop() {
                return Some(Ok(event));
            }
            while let Some(event) = self.watch.try_next() {
                match event {
                    Ok(event) => self.children.note(&event),
                    Err(error) => return Some(Err(error)),
                }
            }
            if self.children.is_stale() {
                match self.client.directory(self.watch.path()).await {
                    Ok(names) => self.children.list(&names.unwrap_or_default()),
                    Err(error) => return Some(Err(error)),
                }
            } else {
                match self.watch.next().await? {
                    Ok(event) => self.children.note(&event),
                    Err(error) => return Some(Err(error)),
                }
            }
        }
    }
}
