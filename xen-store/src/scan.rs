// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The children of a node, without losing one.

use std::collections::BTreeSet;
use std::os::fd::{AsRawFd, RawFd};

use crate::client::Client;
use crate::error::Error;
use crate::names::Names;
use crate::store::Store;
use crate::watch::{Watch, WatchEvent};

/// What happened to a child of the node that a [`Scan`] looks at.
///
/// What is reported at once is reported in this order.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use std::collections::BTreeSet;
/// use xen_store::{Scan, ScanEvent, sim};
///
/// let server = sim::Server::new();
/// server.write("/backend/1/state", "1");
/// let mut scan = Scan::new(&server.client(), "/backend")?;
///
/// let mut served = BTreeSet::new();
/// while let Some(event) = scan.try_next() {
///     match event? {
///         ScanEvent::Added(name) => drop(served.insert(name)),
///         ScanEvent::Changed(name) => println!("look at {name} again"),
///         ScanEvent::Removed(name) => drop(served.remove(&name)),
///     }
/// }
/// assert!(served.contains("1"));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ScanEvent {
    /// There is no child of this name any more.
    Removed(String),
    /// There is a child of this name.
    Added(String),
    /// The child, or something below it, may have changed; it may also have been removed and made
    /// again.
    Changed(String),
}

/// The children of a node as they come, change and go.
///
/// A watch tells that something happened, perhaps late, perhaps once for many changes, perhaps
/// for none; what is true is only what the tree says when it is read. `Scan` reads the list of
/// children again after every event, compares it with the list before, and reports the
/// difference: first the children that are there, later what changes. What it has reported is
/// the list that the server gave at one moment, so it never names a child that never was, and
/// once the tree is quiet and everything has been taken, it is the list that there is.
///
/// Use it as a blocking iterator, or put its descriptor in an event loop and then call
/// [`Scan::try_next`] until it returns `None`. The node need not exist.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Scan, ScanEvent, sim};
///
/// let server = sim::Server::new();
/// server.write("/backend/1/state", "1");
/// let mut scan = Scan::new(&server.client(), "/backend")?;
/// assert_eq!(scan.next().transpose()?, Some(ScanEvent::Added("1".into())));
///
/// server.remove("/backend/1");
/// assert_eq!(scan.next().transpose()?, Some(ScanEvent::Removed("1".into())));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Scan {
    client: Client,
    watch: Watch,
    children: Children,
}

impl Scan {
    /// Starts with the children that there are.
    ///
    /// # Errors
    ///
    /// As for [`Client::watch`].
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        Ok(Self {
            client: client.clone(),
            watch: client.watch(path)?,
            children: Children::new(path),
        })
    }

    /// The path of the node.
    pub fn path(&self) -> &str {
        self.watch.path()
    }

    /// The names of the children as far as they were reported, or are about to be.
    pub fn children(&self) -> impl Iterator<Item = &str> {
        self.children.known.iter().map(|name| &**name)
    }

    /// The next event if there is one; waits for the server at most.
    ///
    /// # Errors
    ///
    /// The item is an error when the list cannot be read, which the next call tries again, and
    /// [`Error::Lost`], once, when the connection is gone.
    pub fn try_next(&mut self) -> Option<Result<ScanEvent, Error>> {
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
            if !self.children.is_stale() {
                return None;
            }
            match self.client.directory(self.watch.path()) {
                Ok(names) => self.children.list(&names.unwrap_or_default()),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Iterator for Scan {
    type Item = Result<ScanEvent, Error>;

    /// Waits for the next event; `None` after the connection was lost.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            match self.watch.next()? {
                Ok(event) => self.children.note(&event),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl AsRawFd for Scan {
    fn as_raw_fd(&self) -> RawFd {
        self.watch.as_raw_fd()
    }
}

/// What is known of the children, and what is to be reported. No input or output.
#[derive(Debug)]
pub(crate) struct Children {
    /// The node's path and a slash.
    prefix: Box<str>,
    known: BTreeSet<String>,
    /// Children that events named since the last list.
    touched: BTreeSet<String>,
    /// Any child may have changed.
    all: bool,
    /// The list has to be read.
    stale: bool,
    /// A set for its small allocations.
    events: BTreeSet<ScanEvent>,
}

impl Children {
    pub(crate) fn new(path: &str) -> Self {
        let slash = if path == "/" { "" } else { "/" };
        Self {
            prefix: format!("{path}{slash}").into(),
            known: BTreeSet::new(),
            touched: BTreeSet::new(),
            all: false,
            stale: true,
            events: BTreeSet::new(),
        }
    }

    pub(crate) fn note(&mut self, event: &WatchEvent) {
        self.stale = true;
        let WatchEvent::Changed { path } = event else {
            self.all = true;
            return;
        };
        // An event for the node itself may stand for its removal with all below it.
        let below = path.strip_prefix(&*self.prefix).unwrap_or_default();
        if let Some(name) = below.split('/').next().filter(|name| !name.is_empty()) {
            self.touched.insert(name.into());
        }
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale
    }

    /// Takes the list that the server has given after all events that were noted.
    pub(crate) fn list(&mut self, list: &Names) {
        let mut names = BTreeSet::new();
        // One by one: `from_iter` would sort them in one large vector first.
        names.extend(list.iter().map(String::from));
        let removed = self.known.difference(&names).cloned();
        self.events.extend(removed.map(ScanEvent::Removed));
        for name in &names {
            if !self.known.contains(name) {
                self.events.insert(ScanEvent::Added(name.clone()));
            } else if self.all || self.touched.contains(name) {
                self.events.insert(ScanEvent::Changed(name.clone()));
            }
        }
        self.known = names;
        self.touched.clear();
        self.all = false;
        self.stale = false;
    }

    pub(crate) fn pop(&mut self) -> Option<ScanEvent> {
        self.events.pop_first()
    }
}

#[cfg(test)]
mod tests;
