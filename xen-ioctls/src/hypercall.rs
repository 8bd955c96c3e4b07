// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/hypercall`: memory that hypercalls may be given pointers to.

// UNSAFE: memory is kept from children.
#![expect(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use xen_hypercall::PAGE_SIZE;

use crate::error::{Error, Result};
use crate::mapping::{Mapping, Protection};
use crate::node::Node;

const PATH: &str = "/dev/xen/hypercall";

/// Where memory for hypercalls comes from: one open `/dev/xen/hypercall`, or, on a kernel before
/// 4.18 that has none, locked memory of the process.
///
/// Xen must find each page at its place during the whole call. The pages of the node never move;
/// locked memory may still be migrated now and then, which fails that call with `EFAULT`.
/// Children get neither.
///
/// # Example
///
/// ```
/// use xen_ioctls::{Hypercalls, sim};
///
/// let memory = sim::Xen::new().hypercalls(); // on Xen: Hypercalls::open()?
/// assert_eq!(memory.allocate(100)?.len(), 4096);
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hypercalls(Option<Arc<Node>>);

impl Hypercalls {
    /// Opens the node, or does without if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] when there is one that cannot be opened.
    pub fn open() -> Result<Self> {
        match Node::open(PATH, 0) {
            Ok(node) => Ok(Self(Some(Arc::new(node)))),
            Err(Error::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Self::locked())
            }
            Err(e) => Err(e),
        }
    }

    /// Uses locked memory, whether there is a node or not.
    pub fn locked() -> Self {
        Self(None)
    }

    /// The node, if there is one.
    pub fn node(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(|node| node.as_fd())
    }

    /// Takes whole pages, at least `len` bytes of them, filled with zeros.
    ///
    /// # Errors
    ///
    /// [`Error::HypercallMemory`].
    pub fn allocate(&self, len: usize) -> Result<Mapping> {
        let len = len.max(1).next_multiple_of(PAGE_SIZE);
        let mapping = match &self.0 {
            Some(node) => node.mmap(0, len, Protection::ReadWrite),
            None => lock(len),
        };
        mapping.map_err(|source| Error::HypercallMemory { len, source })
    }
}

impl From<OwnedFd> for Hypercalls {
    /// A node that was opened elsewhere.
    fn from(fd: OwnedFd) -> Self {
        Self(Some(Arc::new(fd.into())))
    }
}

#[cfg(feature = "sim")]
impl From<Node> for Hypercalls {
    fn from(node: Node) -> Self {
        Self(Some(Arc::new(node)))
    }
}

/// Memory that is there, stays there, and is not shared with children: a child that writes to a
/// page would otherwise move the parent's.
fn lock(len: usize) -> io::Result<Mapping> {
    let mapping = Mapping::locked(len)?;
    let start = mapping.as_ptr().cast();
    // SAFETY: the range is the mapping, which nobody uses yet.
    match unsafe { libc::madvise(start, len, libc::MADV_DONTFORK) } {
        0 => Ok(mapping),
        _ => Err(io::Error::last_os_error()),
    }
}
