// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Transactions, for tasks.

use tokio::time;

use super::AsyncClient;
use super::store::{AsyncSession, AsyncStore};
use crate::connection::{Request, lock};
use crate::error::{Errno, Error};
use crate::router::Want;
use crate::transaction::{TRANSACTION_ATTEMPTS, number, pause};
use crate::wire::MessageType;

/// A transaction; see [`AsyncClient::transaction`].
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{AsyncStore, AsyncTransaction, Error, sim};
///
/// /// Moves a node.
/// async fn rename(store: &AsyncTransaction, from: &str, to: &str) -> Result<(), Error> {
///     store.write(to, store.read(from).await?.unwrap_or_default()).await?;
///     store.rm(from).await
/// }
///
/// let server = sim::Server::new();
/// server.write("/a", "1");
/// let client = server.async_client();
/// client.transaction(async |store| rename(store, "/a", "/b").await).await?;
/// assert_eq!(server.read("/b"), Some(b"1".to_vec()));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct AsyncTransaction {
    client: AsyncClient,
    id: u32,
    /// Of the connection that it was started on.
    epoch: u32,
    open: bool,
}

impl AsyncTransaction {
    async fn start(client: &AsyncClient) -> Result<Self, Error> {
        let epoch = || lock(&client.shared().state).router.epoch;
        let request = Request::new(MessageType::TransactionStart, "", &[]);
        loop {
            let before = epoch();
            let answer = client.shared().call(request).await?;
            if epoch() == before {
                return Ok(Self {
                    client: client.clone(),
                    id: number(&answer)?,
                    epoch: before,
                    open: true,
                });
            }
        }
    }

    /// Commits; false when others interfered. The server ends the transaction in any case.
    async fn commit(mut self) -> Result<bool, Error> {
        self.open = false;
        match self.call(MessageType::TransactionEnd, "T", &[]).await {
            Ok(_) => Ok(true),
            Err(error) if error.errno() == Some(&Errno::Again) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for AsyncTransaction {
    fn drop(&mut self) {
        if self.open {
            let end = Request {
                transaction: Some((self.id, self.epoch)),
                ..Request::new(MessageType::TransactionEnd, "F", &[])
            };
            if let Err(error) = self.client.shared().send(end, Want::Nothing) {
                log::debug!("cannot discard a transaction: {error}");
            }
        }
    }
}

impl AsyncSession for AsyncTransaction {
    async fn call(
        &self,
        kind: MessageType,
        subject: &str,
        rest: &[&[u8]],
    ) -> Result<Vec<u8>, Error> {
        let request = Request {
            transaction: Some((self.id, self.epoch)),
            ..Request::new(kind, subject, rest)
        };
        self.client.shared().call(request).await
    }
}

impl AsyncStore for AsyncTransaction {}

pub(super) async fn run<T, E: From<Error>>(
    client: &AsyncClient,
    mut body: impl AsyncFnMut(&AsyncTransaction) -> Result<T, E>,
) -> Result<T, E> {
    for attempt in 1..=TRANSACTION_ATTEMPTS {
        let transaction = AsyncTransaction::start(client).await?;
        let value = body(&transaction).await?;
        if transaction.commit().await? {
            return Ok(value);
        }
        time::sleep(pause(attempt)).await;
    }
    Err(Error::Conflict {
        attempts: TRANSACTION_ATTEMPTS,
    }
    .into())
}
