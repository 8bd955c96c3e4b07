// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Reading and writing, for tasks.

use std::future::Future;

use super::AsyncClient;
use crate::connection::Request;
use crate::error::{Errno, Error};
use crate::names::{Listing, Names};
use crate::number::Number;
use crate::path;
use crate::permissions::Permissions;
use crate::store::{self, optional};
use crate::wire::MessageType;

/// What knows how to send a request.
///
/// Public in form only: `AsyncStore` is implemented for the types of this crate.
pub trait AsyncSession: Sync {
    /// Sends `subject`, a NUL and `rest`, and returns the payload of the answer.
    fn call(
        &self,
        kind: MessageType,
        subject: &str,
        rest: &[&[u8]],
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send;
}

/// The operations on nodes, which [`AsyncClient`] and
/// [`AsyncTransaction`](crate::AsyncTransaction) have in common.
///
/// Each does and returns what the method of the same name of [`Store`](crate::Store) does.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{AsyncStore, Error, sim};
///
/// /// Works with a client and in a transaction.
/// async fn base(store: &impl AsyncStore, device: &str) -> Result<Option<u64>, Error> {
///     store.read_parsed(&format!("{device}/base")).await
/// }
///
/// let server = sim::Server::new();
/// server.write("/device/0/base", "0x2000000");
/// let client = server.async_client();
/// assert_eq!(base(&client, "/device/0").await?, Some(0x200_0000));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[expect(async_fn_in_trait, reason = "sealed; all futures here are Send")]
pub trait AsyncStore: AsyncSession {
    /// The value of a node.
    ///
    /// # Errors
    ///
    /// See [`Store::read`](crate::Store::read).
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        path::check(path)?;
        optional(self.call(MessageType::Read, path, &[]).await)
    }

    /// The value of a node as text.
    ///
    /// # Errors
    ///
    /// See [`Store::read_string`](crate::Store::read_string).
    async fn read_string(&self, path: &str) -> Result<Option<String>, Error> {
        let value = self.read(path).await?;
        value.map(|value| store::text(path, value)).transpose()
    }

    /// The value of a node as a number.
    ///
    /// # Errors
    ///
    /// See [`Store::read_parsed`](crate::Store::read_parsed).
    async fn read_parsed<T: Number>(&self, path: &str) -> Result<Option<T>, Error> {
        let text = self.read_string(path).await?;
        text.map(|text| store::number(path, &text)).transpose()
    }

    /// Sets the value of a node, and creates it and its parents if they do not exist.
    ///
    /// # Errors
    ///
    /// See [`Store::write`](crate::Store::write).
    async fn write(&self, path: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        path::check(path)?;
        let rest = [value.as_ref()];
        self.call(MessageType::Write, path, &rest).await.map(drop)
    }

    /// Creates a node and its parents with empty values; leaves what exists as it is.
    ///
    /// # Errors
    ///
    /// See [`Store::mkdir`](crate::Store::mkdir).
    async fn mkdir(&self, path: &str) -> Result<(), Error> {
        path::check(path)?;
        self.call(MessageType::Mkdir, path, &[]).await.map(drop)
    }

    /// Removes a node and what is below it; it need not exist, but its parent must.
    ///
    /// # Errors
    ///
    /// See [`Store::rm`](crate::Store::rm).
    async fn rm(&self, path: &str) -> Result<(), Error> {
        path::check_removed(path)?;
        self.call(MessageType::Rm, path, &[]).await.map(drop)
    }

    /// The names of the children of a node, in the server's order.
    ///
    /// # Errors
    ///
    /// See [`Store::directory`](crate::Store::directory).
    async fn directory(&self, path: &str) -> Result<Option<Names>, Error> {
        path::check(path)?;
        let list = match self.call(MessageType::Directory, path, &[]).await {
            Err(error) if error.errno() == Some(&Errno::TooBig) => {
                let mut listing = Listing::default();
                loop {
                    let offset = listing.offset();
                    let rest = [&*offset];
                    let part = self.call(MessageType::DirectoryPart, path, &rest).await;
                    match part.and_then(|part| listing.add(path, &part)) {
                        Ok(None) => {}
                        Ok(Some(names)) => break Ok(names),
                        Err(error) => break Err(error),
                    }
                }
            }
            list => list.and_then(|list| Names::from_payload(path, list)),
        };
        optional(list)
    }

    /// The permissions of a node, or of a special path such as `@releaseDomain`.
    ///
    /// # Errors
    ///
    /// See [`Store::permissions`](crate::Store::permissions).
    async fn permissions(&self, path: &str) -> Result<Option<Permissions>, Error> {
        path::check_watched(path)?;
        let list = optional(self.call(MessageType::GetPerms, path, &[]).await)?;
        list.map(|list| store::permissions(path, &list)).transpose()
    }

    /// Sets the permissions of a node, or of a special path such as `@releaseDomain`.
    ///
    /// # Errors
    ///
    /// See [`Store::set_permissions`](crate::Store::set_permissions).
    async fn set_permissions(&self, path: &str, permissions: &Permissions) -> Result<(), Error> {
        path::check_watched(path)?;
        let payload = permissions.to_payload();
        let rest = [&*payload];
        self.call(MessageType::SetPerms, path, &rest)
            .await
            .map(drop)
    }
}

impl AsyncSession for AsyncClient {
    async fn call(
        &self,
        kind: MessageType,
        subject: &str,
        rest: &[&[u8]],
    ) -> Result<Vec<u8>, Error> {
        self.shared().call(Request::new(kind, subject, rest)).await
    }
}

impl AsyncStore for AsyncClient {}
