// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a toolstack asks of xenstored about domains: their connections, features and quotas.

use crate::client::Client;
use crate::error::Error;
use crate::store::{Session, malformed};
use crate::wire::{self, MessageType};

/// What a server offers a domain (docs/misc/xenstore-ring.txt, "Server feature bitmap").
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Errno, Features, sim};
///
/// let depth = match sim::Server::new().client().features(None) {
///     Ok(features) => features.contains(Features::WATCH_DEPTH),
///     // Before Xen 4.21, and oxenstored.
///     Err(error) if error.errno() == Some(&Errno::Unsupported) => false,
///     Err(error) => return Err(error),
/// };
/// assert!(depth);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Features(pub u32);

impl Features {
    /// The ring can be connected again.
    pub const RECONNECTION: Self = Self(1);
    /// The ring has an error field.
    pub const ERROR: Self = Self(2);
    /// WATCH takes a depth, and special watches name the domain.
    pub const WATCH_DEPTH: Self = Self(4);

    /// Whether all of `features` are among these.
    ///
    /// ```
    /// use xen_store::Features;
    ///
    /// assert!(Features(5).contains(Features::WATCH_DEPTH));
    /// assert!(!Features(3).contains(Features::WATCH_DEPTH));
    /// ```
    pub fn contains(self, features: Self) -> bool {
        self.0 & features.0 == features.0
    }
}

/// For privileged domains; a server that does not know a request says
/// [`Errno::Unsupported`](crate::Errno::Unsupported).
impl Client {
    /// The home of a domain, `/local/domain/<domain>`, whether or not it exists.
    ///
    /// # Errors
    ///
    /// [`Error::NotText`], and see [`Store`](crate::Store).
    pub fn domain_path(&self, domain: u16) -> Result<String, Error> {
        let domain = domain.to_string();
        let mut answer = self.call(MessageType::GetDomainPath, &domain, &[])?;
        if answer.ends_with(b"\0") {
            answer.pop();
        }
        String::from_utf8(answer).map_err(|source| Error::NotText {
            path: domain.into(),
            source,
        })
    }

    /// Whether xenstored is connected with a domain: from its introduction until it is gone.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store); only a privileged domain may ask.
    pub fn is_introduced(&self, domain: u16) -> Result<bool, Error> {
        let request = MessageType::IsDomainIntroduced;
        let domain = domain.to_string();
        let answer = self.call(request, &domain, &[])?;
        match wire::strings(&answer).next() {
            Some(b"T") => Ok(true),
            Some(b"F") => Ok(false),
            _ => Err(malformed(request, &domain)),
        }
    }

    /// Connects xenstored with a domain: the frame of its ring, and the event channel that the
    /// domain has for it.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn introduce(&self, domain: u16, frame: u64, port: u32) -> Result<(), Error> {
        let rest = format!("{frame}\0{port}\0");
        let domain = domain.to_string();
        self.call(MessageType::Introduce, &domain, &[rest.as_bytes()])
            .map(drop)
    }

    /// Disconnects xenstored from a domain, which also happens when the domain is destroyed.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn release(&self, domain: u16) -> Result<(), Error> {
        self.call(MessageType::Release, &domain.to_string(), &[])
            .map(drop)
    }

    /// Has the next shutdown of a domain reported, after it was resumed from one.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn resume(&self, domain: u16) -> Result<(), Error> {
        self.call(MessageType::Resume, &domain.to_string(), &[])
            .map(drop)
    }

    /// Gives `domain` the rights of `target` as well.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn set_target(&self, domain: u16, target: u16) -> Result<(), Error> {
        let target = format!("{target}\0");
        self.call(
            MessageType::SetTarget,
            &domain.to_string(),
            &[target.as_bytes()],
        )
        .map(drop)
    }

    /// What the server offers, or what it offers `domain`.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn features(&self, domain: Option<u16>) -> Result<Features, Error> {
        let kind = MessageType::GetFeature;
        let domain = domain.map(|domain| domain.to_string());
        let answer = self.ask(kind, domain.as_deref())?;
        number(kind, &answer).map(Features)
    }

    /// Sets what the server offers a domain, before it is introduced.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn set_features(&self, domain: u16, features: Features) -> Result<(), Error> {
        let value = format!("{}\0", features.0);
        let domain = domain.to_string();
        self.call(MessageType::SetFeature, &domain, &[value.as_bytes()])
            .map(drop)
    }

    /// The names of the quotas that the server has.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn quotas(&self) -> Result<Vec<String>, Error> {
        let kind = MessageType::GetQuota;
        let answer = self.ask(kind, None)?;
        let names = wire::strings(&answer).next().unwrap_or_default();
        let names = str::from_utf8(names).ok();
        let names = names.ok_or_else(|| malformed(kind, ""))?;
        Ok(names.split_ascii_whitespace().map(String::from).collect())
    }

    /// A quota of a domain, or the one that new domains get; 0 is none.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn quota(&self, domain: Option<u16>, name: &str) -> Result<u32, Error> {
        let kind = MessageType::GetQuota;
        let answer = match domain {
            None => self.call(kind, name, &[])?,
            Some(domain) => self.call(kind, &domain.to_string(), &[name.as_bytes(), b"\0"])?,
        };
        number(kind, &answer)
    }

    /// Sets a quota of a domain, or the one that new domains get; 0 is none.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn set_quota(&self, domain: Option<u16>, name: &str, value: u32) -> Result<(), Error> {
        let kind = MessageType::SetQuota;
        let value = format!("{value}\0");
        match domain {
            None => self.call(kind, name, &[value.as_bytes()]),
            Some(domain) => self.call(
                kind,
                &domain.to_string(),
                &[name.as_bytes(), b"\0", value.as_bytes()],
            ),
        }
        .map(drop)
    }

    /// Ends all watches and transactions of this connection at the server.
    ///
    /// For a program that takes over a connection of which it does not know what it did; the
    /// watches of this client fall silent.
    ///
    /// # Errors
    ///
    /// See [`Store`](crate::Store).
    pub fn reset_watches(&self) -> Result<(), Error> {
        self.call(MessageType::ResetWatches, "", &[]).map(drop)
    }

    /// A request with one argument or none.
    fn ask(&self, kind: MessageType, argument: Option<&str>) -> Result<Vec<u8>, Error> {
        match argument {
            Some(argument) => self.call(kind, argument, &[]),
            None => self.call_bare(kind),
        }
    }
}

fn number(kind: MessageType, answer: &[u8]) -> Result<u32, Error> {
    let text = wire::strings(answer).next();
    let number = text.and_then(|text| str::from_utf8(text).ok()?.parse().ok());
    number.ok_or_else(|| malformed(kind, ""))
}
