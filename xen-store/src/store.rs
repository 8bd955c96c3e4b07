// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Reading and writing, inside and outside transactions.

use crate::error::{Errno, Error};
use crate::names::{Listing, Names};
use crate::number::Number;
use crate::path;
use crate::permissions::Permissions;
use crate::wire::MessageType;

/// What knows how to send a request.
///
/// Public in form only: `Store` is implemented for the types of this crate.
pub trait Session {
    /// Sends `subject`, a NUL and `rest`, and returns the payload of the answer.
    fn call(&self, kind: MessageType, subject: &str, rest: &[&[u8]]) -> Result<Vec<u8>, Error>;
}

/// The operations on nodes, which [`Client`](crate::Client) and
/// [`Transaction`](crate::Transaction) have in common.
///
/// Queries of a node that does not exist return `None`. All methods return [`Error::PathSyntax`]
/// or [`Error::PathLength`] for a path that the protocol does not allow, [`Error::Refused`] when
/// the server says no, and [`Error::Lost`] when the connection is gone.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Error, Store, sim};
///
/// /// Works with a client and in a transaction.
/// fn base(store: &impl Store, device: &str) -> Result<Option<u64>, Error> {
///     store.read_parsed(&format!("{device}/base"))
/// }
///
/// let server = sim::Server::new();
/// let client = server.client();
/// client.write("/device/0/base", "0x2000000")?;
/// assert_eq!(base(&client, "/device/0")?, Some(0x200_0000));
/// assert_eq!(client.transaction(|store| base(store, "/device/1"))?, None);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
pub trait Store: Session {
    /// The value of a node.
    ///
    /// # Errors
    ///
    /// See [`Store`].
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        path::check(path)?;
        optional(self.call(MessageType::Read, path, &[]))
    }

    /// The value of a node as text.
    ///
    /// # Errors
    ///
    /// [`Error::NotText`], and see [`Store`].
    fn read_string(&self, path: &str) -> Result<Option<String>, Error> {
        self.read(path)?.map(|value| text(path, value)).transpose()
    }

    /// The value of a node as a number, hexadecimal if it begins with `0x`; see [`Number`].
    ///
    /// # Errors
    ///
    /// [`Error::NotText`], [`Error::NotNumber`], and see [`Store`].
    fn read_parsed<T: Number>(&self, path: &str) -> Result<Option<T>, Error>
    where
        Self: Sized,
    {
        self.read_string(path)?
            .map(|text| number(path, &text))
            .transpose()
    }

    /// Sets the value of a node, and creates it and its parents if they do not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] when path and value do not fit a message, and see [`Store`].
    fn write(&self, path: &str, value: impl AsRef<[u8]>) -> Result<(), Error>
    where
        Self: Sized,
    {
        path::check(path)?;
        self.call(MessageType::Write, path, &[value.as_ref()])
            .map(drop)
    }

    /// Creates a node and its parents with empty values; leaves what exists as it is.
    ///
    /// # Errors
    ///
    /// See [`Store`].
    fn mkdir(&self, path: &str) -> Result<(), Error> {
        path::check(path)?;
        self.call(MessageType::Mkdir, path, &[]).map(drop)
    }

    /// Removes a node and all that is below it; it need not exist, but its parent must. The root
    /// cannot be removed: oxenstored would remove the whole tree.
    ///
    /// # Errors
    ///
    /// [`Errno::NotFound`] when the parent does not exist, and see [`Store`].
    fn rm(&self, path: &str) -> Result<(), Error> {
        path::check_removed(path)?;
        self.call(MessageType::Rm, path, &[]).map(drop)
    }

    /// The names of the children of a node, in the server's order.
    ///
    /// A list that does not fit a message is read in parts; it is then still a list that the node
    /// had at one moment.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when a long list changed in each of [`DIRECTORY_ATTEMPTS`](crate::DIRECTORY_ATTEMPTS) attempts,
    /// [`Error::Length`] when it is over [`DIRECTORY_LIMIT`](crate::DIRECTORY_LIMIT), and see [`Store`].
    fn directory(&self, path: &str) -> Result<Option<Names>, Error> {
        path::check(path)?;
        let list = match self.call(MessageType::Directory, path, &[]) {
            Err(error) if error.errno() == Some(&Errno::TooBig) => {
                let mut listing = Listing::default();
                loop {
                    let offset = listing.offset();
                    let part = self.call(MessageType::DirectoryPart, path, &[&offset]);
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
    /// [`Error::Reply`] when the list has a form that this crate does not know, and see
    /// [`Store`].
    fn permissions(&self, path: &str) -> Result<Option<Permissions>, Error> {
        path::check_watched(path)?;
        optional(self.call(MessageType::GetPerms, path, &[]))?
            .map(|list| permissions(path, &list))
            .transpose()
    }

    /// Sets the permissions of a node, or of a special path such as `@releaseDomain`.
    ///
    /// # Errors
    ///
    /// See [`Store`].
    fn set_permissions(&self, path: &str, permissions: &Permissions) -> Result<(), Error> {
        path::check_watched(path)?;
        self.call(MessageType::SetPerms, path, &[&permissions.to_payload()])
            .map(drop)
    }
}

pub(crate) fn text(path: &str, value: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(value).map_err(|source| Error::NotText {
        path: path.into(),
        source,
    })
}

pub(crate) fn number<T: Number>(path: &str, text: &str) -> Result<T, Error> {
    T::parse(text).map_err(|source| Error::NotNumber {
        path: path.into(),
        source,
    })
}

pub(crate) fn permissions(path: &str, list: &[u8]) -> Result<Permissions, Error> {
    Permissions::from_payload(list).ok_or_else(|| malformed(MessageType::GetPerms, path))
}

pub(crate) fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(error) if error.errno() == Some(&Errno::NotFound) => Ok(None),
        result => result.map(Some),
    }
}

pub(crate) fn malformed(request: MessageType, path: &str) -> Error {
    Error::Reply {
        request,
        path: path.into(),
    }
}
