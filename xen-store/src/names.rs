// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The names of the children of a node, whole or in parts.

use std::fmt;

use crate::error::Error;
use crate::store::{malformed, text};
use crate::wire::MessageType;

/// How often a list of children that changes while it is read in parts is started again.
///
/// A guest that creates and removes nodes all the time must not keep a reader busy for ever.
pub const DIRECTORY_ATTEMPTS: u32 = 16;

/// The longest list of children, in bytes of their names, that is read.
///
/// The server's quotas bound what a guest can create; this bounds what a wrong or unlimited
/// server can make the process allocate.
pub const DIRECTORY_LIMIT: usize = 1 << 20;

/// Parts of a list are put together up to this. A string that grows may take twice as much.
const CHUNK: usize = 32 << 10;

/// The names of the children of a node, in the server's order; see
/// [`Store::directory`](crate::Store::directory).
///
/// They are kept as they came, so that a long list costs few allocations and none over 64 KiB.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Store, sim};
///
/// let server = sim::Server::new();
/// server.write("/local/domain/1/name", "guest");
/// let client = server.client();
///
/// let domains = client.directory("/local/domain")?.unwrap_or_default();
/// for domain in domains.iter() {
///     assert!(client.read(&format!("/local/domain/{domain}/name"))?.is_some());
/// }
/// assert_eq!(domains, ["1"]);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Clone, Default)]
pub struct Names {
    /// Names, each of which ends with a NUL; the last of a chunk need not.
    chunks: Vec<String>,
}

impl Names {
    /// The answer to a DIRECTORY request.
    pub(crate) fn from_payload(path: &str, payload: Vec<u8>) -> Result<Self, Error> {
        let chunks = vec![text(path, payload)?];
        Ok(Self { chunks })
    }

    fn add(&mut self, part: String) {
        match self.chunks.last_mut() {
            Some(last) if last.len() + part.len() <= CHUNK => last.push_str(&part),
            _ => self.chunks.push(part),
        }
    }

    /// The names one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.split_terminator('\0'))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Names {}

impl<const N: usize> PartialEq<[&str; N]> for Names {
    fn eq(&self, other: &[&str; N]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}

/// A list of children that is read in parts, all from one generation of the node.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    generation: Option<Box<[u8]>>,
    names: Names,
    /// Bytes of the names.
    length: usize,
    restarts: u32,
}

impl Listing {
    /// The argument of the next DIRECTORY_PART.
    pub(crate) fn offset(&self) -> Vec<u8> {
        format!("{}\0", self.length).into_bytes()
    }

    /// Adds a part; returns the list when it is whole.
    pub(crate) fn add(&mut self, path: &str, answer: &[u8]) -> Result<Option<Names>, Error> {
        let kind = MessageType::DirectoryPart;
        let end = answer.iter().position(|&byte| byte == 0);
        let (current, part) = answer.split_at(end.ok_or_else(|| malformed(kind, path))?);
        let part = &part[1..];
        let first = self.generation.get_or_insert_with(|| current.into());
        if **first != *current {
            return self.restart().map(|()| None);
        }
        // The last part ends with an empty name.
        let is_last = part == b"\0" || part.ends_with(b"\0\0");
        let part = &part[..part.len() - usize::from(is_last)];
        if !part.ends_with(b"\0") && !is_last {
            return Err(malformed(kind, path));
        }
        self.length += part.len();
        self.names.add(text(path, part.to_vec())?);
        if is_last {
            return Ok(Some(std::mem::take(&mut self.names)));
        }
        if self.length > DIRECTORY_LIMIT {
            return Err(Error::Length {
                length: self.length,
                limit: DIRECTORY_LIMIT,
            });
        }
        Ok(None)
    }

    fn restart(&mut self) -> Result<(), Error> {
        let restarts = self.restarts + 1;
        if restarts == DIRECTORY_ATTEMPTS {
            return Err(Error::Conflict {
                attempts: DIRECTORY_ATTEMPTS,
            });
        }
        *self = Self {
            restarts,
            ..Self::default()
        };
        Ok(())
    }
}
