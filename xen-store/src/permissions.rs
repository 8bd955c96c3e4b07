// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Who may read and write a node.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use crate::wire;

/// What a domain may do with a node.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Access, Permissions, Store, sim};
///
/// let server = sim::Server::new();
/// let client = server.client();
/// client.mkdir("/a")?;
/// // Domain 3 owns it, all others may read it.
/// let permissions = Permissions { owner: 3, others: Access::Read, domains: vec![] };
/// client.set_permissions("/a", &permissions)?;
/// assert_eq!(client.permissions("/a")?, Some(permissions));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Access {
    /// Nothing (`n`).
    None,
    /// Read it (`r`).
    Read,
    /// Write it (`w`).
    Write,
    /// Read and write it (`b`).
    Both,
}

impl Access {
    fn letter(self) -> char {
        match self {
            Self::None => 'n',
            Self::Read => 'r',
            Self::Write => 'w',
            Self::Both => 'b',
        }
    }

    fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b'n' => Some(Self::None),
            b'r' => Some(Self::Read),
            b'w' => Some(Self::Write),
            b'b' => Some(Self::Both),
            _ => None,
        }
    }
}

/// The permissions of a node.
///
/// On the wire they are a list whose first entry means something else than the others: it names
/// the owner, who may do everything, and what domains *not* listed may do.
///
/// # Example
///
/// ```
/// use xen_store::{Access, Permissions};
///
/// let permissions = Permissions {
///     owner: 0,
///     others: Access::None,
///     domains: vec![(5, Access::Read)],
/// };
/// assert_eq!(permissions.to_string(), "n0 r5");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Permissions {
    /// The domain that owns the node.
    pub owner: u16,
    /// What domains that are not in `domains` may do.
    pub others: Access,
    /// What single domains may do.
    pub domains: Vec<(u16, Access)>,
}

impl Permissions {
    /// The list as it travels: `n0`, NUL, `r5`, NUL.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut payload = self.to_string().replace(' ', "\0").into_bytes();
        payload.push(0);
        payload
    }

    /// The permissions that a list stands for; `None` when it has another form.
    pub fn from_payload(payload: &[u8]) -> Option<Self> {
        let mut entries = wire::strings(payload).map(entry);
        let (owner, others) = entries.next()??;
        Some(Self {
            owner,
            others,
            domains: entries.collect::<Option<_>>()?,
        })
    }
}

fn entry(text: &[u8]) -> Option<(u16, Access)> {
    let (letter, domain) = text.split_first()?;
    Some((
        str::from_utf8(domain).ok()?.parse().ok()?,
        Access::from_letter(*letter)?,
    ))
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.others.letter(), self.owner)?;
        for (domain, access) in &self.domains {
            write!(f, " {}{domain}", access.letter())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_and_back_is_the_same() {
        let permissions = Permissions {
            owner: 3,
            others: Access::Write,
            domains: vec![(0, Access::None), (65535, Access::Both)],
        };

        assert_eq!(permissions.to_payload(), b"w3\0n0\0b65535\0");
        assert_eq!(
            Permissions::from_payload(b"w3\0n0\0b65535\0"),
            Some(permissions)
        );
    }

    #[test]
    fn a_malformed_list_is_none() {
        assert_eq!(Permissions::from_payload(b""), None);
        assert_eq!(Permissions::from_payload(b"x3\0"), None);
        assert_eq!(Permissions::from_payload(b"r\0"), None);
        assert_eq!(Permissions::from_payload(b"r65536\0"), None);
        assert_eq!(Permissions::from_payload(b"r3\0\0"), None);
    }
}
