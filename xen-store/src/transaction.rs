// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Transactions.

use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::connection::Request;
use crate::error::{Errno, Error};
use crate::store::{Session, Store, malformed};
use crate::wire::MessageType;

/// How often a transaction is tried while others interfere.
///
/// A guest can write to what a transaction reads as often as it likes, and must not keep the
/// caller busy for ever. With the pauses between attempts this is about a second.
pub const TRANSACTION_ATTEMPTS: u32 = 1000;

/// Attempts before the first pause; a conflict with a single other writer is over by then.
const IMMEDIATE_ATTEMPTS: u32 = 4;

/// Attempts after which pauses stop growing by [`PAUSE_STEP`].
const LONGEST_PAUSE: u32 = 100;

const PAUSE_STEP: Duration = Duration::from_micros(10);

/// A transaction; see [`Client::transaction`].
///
/// Its reads see one state of the tree with its own writes applied; nobody else sees its writes
/// before it is committed.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Error, Store, Transaction, sim};
///
/// /// Moves a node.
/// fn rename(store: &Transaction<'_>, from: &str, to: &str) -> Result<(), Error> {
///     store.write(to, store.read(from)?.unwrap_or_default())?;
///     store.rm(from)
/// }
///
/// let server = sim::Server::new();
/// server.write("/a", "1");
/// server.client().transaction(|store| rename(store, "/a", "/b"))?;
/// assert_eq!((server.read("/a"), server.read("/b")), (None, Some(b"1".to_vec())));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Transaction<'a> {
    client: &'a Client,
    id: u32,
    /// Of the connection that it was started on.
    epoch: u32,
    open: bool,
}

impl<'a> Transaction<'a> {
    fn start(client: &'a Client) -> Result<Self, Error> {
        let kind = MessageType::TransactionStart;
        let (answer, epoch) = loop {
            let epoch = client.connection().epoch();
            let answer = client.call(kind, "", &[])?;
            // Otherwise it may have been started on the connection before.
            if client.connection().epoch() == epoch {
                break (answer, epoch);
            }
        };
        Ok(Self {
            client,
            id: number(&answer)?,
            epoch,
            open: true,
        })
    }

    /// Commits; false when others interfered. The server ends the transaction in any case.
    fn commit(mut self) -> Result<bool, Error> {
        self.open = false;
        match self.call(MessageType::TransactionEnd, "T", &[]) {
            Ok(_) => Ok(true),
            Err(error) if error.errno() == Some(&Errno::Again) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.call(MessageType::TransactionEnd, "F", &[])
        {
            log::debug!("cannot discard a transaction: {error}");
        }
    }
}

impl Session for Transaction<'_> {
    fn call(&self, kind: MessageType, subject: &str, rest: &[&[u8]]) -> Result<Vec<u8>, Error> {
        self.client.connection().call(Request {
            transaction: Some((self.id, self.epoch)),
            ..Request::new(kind, subject, rest)
        })
    }
}

impl Store for Transaction<'_> {}

/// The number of a transaction in the answer to its start.
pub(crate) fn number(answer: &[u8]) -> Result<u32, Error> {
    let text = answer.strip_suffix(b"\0").unwrap_or(answer);
    let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| malformed(MessageType::TransactionStart, ""))
}

/// How long to wait after an attempt that failed.
pub(crate) fn pause(attempt: u32) -> Duration {
    let steps = attempt.saturating_sub(IMMEDIATE_ATTEMPTS);
    PAUSE_STEP * steps.min(LONGEST_PAUSE)
}

pub(crate) fn run<T, E: From<Error>>(
    client: &Client,
    mut body: impl FnMut(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    for attempt in 1..=TRANSACTION_ATTEMPTS {
        let transaction = Transaction::start(client)?;
        let value = body(&transaction)?;
        if transaction.commit()? {
            return Ok(value);
        }
        thread::sleep(pause(attempt));
    }
    Err(Error::Conflict {
        attempts: TRANSACTION_ATTEMPTS,
    }
    .into())
}
