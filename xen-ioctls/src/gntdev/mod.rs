// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/gntdev`: memory that other domains have granted.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use xen_hypercall::{DomId, GrantRef, PAGE_SIZE, Port};

use crate::error::{Error, Result};
use crate::mapping::{Mapping, Protection};
use crate::node::Node;

pub(crate) mod abi;
mod copy;
mod dmabuf;
mod list;

pub use copy::{CopyStatus, Segment};
pub use dmabuf::{DmaBufFlags, ImportedDmaBuf};
pub use list::GrantList;

/// One open `/dev/xen/gntdev`. The kernel keeps a list of mappings per descriptor under one lock,
/// so threads that map at the same time do better with one each.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// guest.add_memory(0, 4096);
/// let grant = guest.grant(Gfn(0), DomId(0), false);
///
/// let grants = xen.grants(); // on Xen: Grants::open()?
/// let mapped = grants.map(DomId(1), &[grant], Protection::Read)?;
/// assert_eq!(guest.mappings_of(grant), 1);
/// drop(mapped);
/// assert_eq!(guest.mappings_of(grant), 0);
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grants(Arc<Node>);

impl Grants {
    /// Opens the node.
    ///
    /// # Errors
    ///
    /// [`Error::Open`].
    pub fn open() -> Result<Self> {
        Node::open("/dev/xen/gntdev", 0).map(|node| Self(Arc::new(node)))
    }

    /// Maps `refs` of `domain`, one page each, side by side in the given order.
    ///
    /// Two system calls, whatever the number of references. A read-only grant can be mapped with
    /// [`Protection::Read`] only.
    ///
    /// # Errors
    ///
    /// [`Error::Map`] when a single one of them is not a grant to this domain, or not with this
    /// protection, or there are none or too many (`/sys/module/xen_gntdev/parameters/limit`).
    pub fn map(
        &self,
        domain: DomId,
        refs: &[GrantRef],
        protection: Protection,
    ) -> Result<GrantMapping> {
        let mut list = GrantList::default();
        list.extend(domain, refs.iter().copied());
        self.map_list(domain, &mut list, protection)
    }

    /// As [`map`](Self::map), with a list that the caller keeps, so that nothing is allocated.
    ///
    /// # Errors
    ///
    /// As for [`map`](Self::map), naming `domain`.
    pub fn map_list(
        &self,
        domain: DomId,
        list: &mut GrantList,
        protection: Protection,
    ) -> Result<GrantMapping> {
        let len = list.len() * PAGE_SIZE;
        let failed = |source| Error::Map {
            domain,
            len,
            source,
        };
        let (index, count) = self.reserve(list).map_err(failed)?;
        // The hypercall happens here.
        match self.0.mmap(index, len, protection) {
            Ok(mapping) => Ok(GrantMapping {
                mapping: Some(mapping),
                grants: self.clone(),
                index,
                count,
            }),
            Err(source) => {
                self.release(index, count);
                Err(failed(source))
            }
        }
    }

    /// Announces the references; returns the offset under which to map them, and their number.
    fn reserve(&self, list: &mut GrantList) -> std::io::Result<(u64, u32)> {
        let count = u32::try_from(list.len()).map_err(std::io::Error::other)?;
        let arg = list.argument(count);
        // SAFETY: MAP_GRANT_REF reads `count`, 4 bytes of padding, and `count` references from
        // byte 16 on, and writes `index` at byte 8; `arg` holds just that and outlives the call.
        unsafe { self.0.ioctl(abi::MAP_GRANT_REF, arg.as_mut_ptr()) }?;
        Ok((zerocopy::transmute!(arg[1]), count))
    }

    /// Which announcement the page at an address belongs to: what the kernel knows of a mapping
    /// that was made elsewhere in this process.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`] when the page is no grant of this node.
    pub fn announcement_of(&self, address: usize) -> Result<Announcement> {
        let mut arg = abi::GetOffsetForVaddr {
            vaddr: u64::try_from(address).expect("an address has 64 bits at most"),
            ..Default::default()
        };
        // SAFETY: GET_OFFSET_FOR_VADDR reads and writes one `GetOffsetForVaddr`; `arg` is one and
        // outlives the call. It looks up the address and does not touch it.
        unsafe { self.0.ioctl(abi::GET_OFFSET_FOR_VADDR, &raw mut arg) }.map_err(|source| {
            Error::Grants {
                what: "find the grants behind an address",
                source,
            }
        })?;
        Ok(Announcement {
            index: arg.offset,
            count: arg.count,
        })
    }

    /// Gives back what [`reserve`](Self::reserve) has announced.
    fn release(&self, index: u64, count: u32) {
        let mut arg = abi::UnmapGrantRef {
            index,
            count,
            ..Default::default()
        };
        // SAFETY: UNMAP_GRANT_REF reads one `UnmapGrantRef`; `arg` is one and outlives the call.
        let result = unsafe { self.0.ioctl(abi::UNMAP_GRANT_REF, &raw mut arg) };
        if let Err(e) = result {
            log::error!("cannot give back {count} grants: {e}");
        }
    }
}

impl From<OwnedFd> for Grants {
    /// A node that was opened elsewhere.
    fn from(fd: OwnedFd) -> Self {
        Self(Arc::new(fd.into()))
    }
}

#[cfg(feature = "sim")]
impl From<Node> for Grants {
    fn from(node: Node) -> Self {
        Self(Arc::new(node))
    }
}

impl AsFd for Grants {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Grants {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Grants that were announced to the kernel together.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// guest.add_memory(0, 4096);
/// let grant = guest.grant(Gfn(0), DomId(0), false);
/// let grants = xen.grants();
/// let mapped = grants.map(DomId(1), &[grant], Protection::Read)?;
///
/// let found = grants.announcement_of(mapped.mapping().as_ptr().addr())?;
/// assert_eq!((found, found.count), (mapped.announcement(), 1));
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The offset in the node under which they are mapped.
    pub index: u64,
    /// How many they are.
    pub count: u32,
}

/// Mapped grants, given back when dropped.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{GrantMapping, Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// guest.add_memory(0, 4096);
/// let grant = guest.grant(Gfn(0), DomId(0), true);
/// let mapped: GrantMapping = xen.grants().map(DomId(1), &[grant], Protection::ReadWrite)?;
/// mapped.notify_at_end(Some(7), None)?; // byte 7 becomes zero, even if this process is killed
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct GrantMapping {
    /// Always there until `drop` takes it: the memory must be unmapped before the grants are
    /// given back.
    mapping: Option<Mapping>,
    grants: Grants,
    index: u64,
    count: u32,
}

impl GrantMapping {
    /// The memory.
    pub fn mapping(&self) -> &Mapping {
        self.mapping.as_ref().expect("only drop takes it")
    }

    /// Which announcement the mapping was made from.
    pub fn announcement(&self) -> Announcement {
        Announcement {
            index: self.index,
            count: self.count,
        }
    }

    /// Has the kernel tell the other domain when the mapping ends, also when this process is
    /// killed: it clears the byte at an offset in the mapping, or sends an event through a local
    /// port, or both.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`] when the mapping is for reading only and a byte is to be cleared, or the
    /// port is not bound.
    pub fn notify_at_end(&self, clear: Option<usize>, event: Option<Port>) -> Result<()> {
        let offset = u64::try_from(clear.unwrap_or(0)).expect("an offset has 64 bits at most");
        let mut arg = abi::UnmapNotify {
            index: self.index + offset,
            action: action(clear.is_some(), event.is_some()),
            event_channel_port: event.unwrap_or(Port(0)),
        };
        // SAFETY: SET_UNMAP_NOTIFY reads one `UnmapNotify`; `arg` is one and outlives the call.
        unsafe { self.grants.0.ioctl(abi::SET_UNMAP_NOTIFY, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::Grants {
                what: "have the end of a mapping told",
                source,
            })
    }
}

/// What is told at the end of a mapping, or of a granted page.
pub(crate) fn action(clear: bool, event: bool) -> abi::UnmapNotifyAction {
    let [none, clear_byte, send_event] = [
        abi::UnmapNotifyAction(0),
        abi::UnmapNotifyAction::CLEAR_BYTE,
        abi::UnmapNotifyAction::SEND_EVENT,
    ];
    (if clear { clear_byte } else { none }) | (if event { send_event } else { none })
}

impl Drop for GrantMapping {
    fn drop(&mut self) {
        drop(self.mapping.take());
        self.grants.release(self.index, self.count);
    }
}
