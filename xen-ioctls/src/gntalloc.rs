// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/gntalloc`: pages of this process that other domains may map.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use xen_hypercall::{DomId, GrantRef, PAGE_SIZE, Port};

use crate::error::{Error, Result};
use crate::gntdev::action;
use crate::mapping::{Mapping, Protection};
use crate::node::Node;

/// `include/uapi/xen/gntalloc.h`.
pub(crate) mod abi {
    use std::mem::offset_of;

    use xen_hypercall::abi::linux_gntalloc as linux;

    pub use linux::{ALLOC_GREF, DEALLOC_GREF, DeallocGref, SET_UNMAP_NOTIFY};

    // The two drivers have one structure for this.
    pub use crate::gntdev::abi::UnmapNotify;
    const _: () = assert!(size_of::<UnmapNotify>() == size_of::<linux::UnmapNotify>());

    /// `struct ioctl_gntalloc_alloc_gref` up to its array of references.
    #[derive(Clone, Copy)]
    #[repr(C)]
    pub struct Allocate {
        pub domid: u16,
        pub flags: u16,
        pub count: u32,
        pub index: u64,
    }
    const _: () = assert!(size_of::<Allocate>() == offset_of!(linux::AllocGref, gref_ids));
    const _: () = assert!(offset_of!(Allocate, flags) == offset_of!(linux::AllocGref, flags));
    const _: () = assert!(offset_of!(Allocate, count) == offset_of!(linux::AllocGref, count));
    const _: () = assert!(offset_of!(Allocate, index) == offset_of!(linux::AllocGref, index));

    /// `GNTALLOC_FLAG_WRITABLE`.
    pub const WRITABLE: u16 = linux::Flags::WRITABLE.0;
}

/// One open `/dev/xen/gntalloc`, shared by its clones.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_ioctls::{Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
///
/// let pages = xen.grant_allocator().allocate(DomId(1), 2, true)?;
/// let theirs = guest.grants().map(DomId(0), pages.refs(), Protection::ReadWrite)?;
/// assert_eq!(theirs.mapping().len(), pages.mapping().len());
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GrantAllocator(Arc<Node>);

impl GrantAllocator {
    /// Opens the node.
    ///
    /// # Errors
    ///
    /// [`Error::Open`].
    pub fn open() -> Result<Self> {
        Node::open("/dev/xen/gntalloc", 0).map(|node| Self(Arc::new(node)))
    }

    /// Allocates `count` pages, grants them to `domain`, and maps them here.
    ///
    /// # Errors
    ///
    /// [`Error::Allocate`] when there are too many, [`Error::Map`] when the process has no room.
    pub fn allocate(&self, domain: DomId, count: u32, writable: bool) -> Result<GrantedPages> {
        let allocation =
            self.announce(domain, count, writable)
                .map_err(|source| Error::Allocate {
                    domain,
                    count,
                    source,
                })?;
        let len = allocation.refs.len() * PAGE_SIZE;
        let mapping = self
            .0
            .mmap(allocation.index, len, Protection::ReadWrite)
            .map_err(|source| Error::Map {
                domain,
                len,
                source,
            })?;
        Ok(GrantedPages {
            mapping,
            allocation,
        })
    }

    fn announce(&self, domain: DomId, count: u32, writable: bool) -> io::Result<Allocation> {
        // The head in two words of 64 bits, then two references in each.
        let words = usize::try_from(count)
            .map_err(io::Error::other)?
            .div_ceil(2);
        let mut arg = vec![0u64; 2 + words];
        let head = abi::Allocate {
            domid: domain.0,
            flags: if writable { abi::WRITABLE } else { 0 },
            count,
            index: 0,
        };
        // SAFETY: `arg` begins with room for an `Allocate`, aligned as one.
        unsafe { arg.as_mut_ptr().cast::<abi::Allocate>().write(head) };
        // SAFETY: ALLOC_GREF reads the head, and writes `index` and `count` references after it;
        // `arg` has room for them and outlives the call.
        unsafe { self.0.ioctl(abi::ALLOC_GREF, arg.as_mut_ptr()) }?;
        let refs = arg[2..].iter().flat_map(|word| {
            let [first, second]: [u32; 2] = zerocopy::transmute!(*word);
            [GrantRef(first), GrantRef(second)]
        });
        Ok(Allocation {
            node: self.clone(),
            index: arg[1],
            refs: refs
                .take(usize::try_from(count).map_err(io::Error::other)?)
                .collect(),
        })
    }
}

impl From<OwnedFd> for GrantAllocator {
    /// A node that was opened elsewhere.
    fn from(fd: OwnedFd) -> Self {
        Self(Arc::new(fd.into()))
    }
}

#[cfg(feature = "sim")]
impl From<Node> for GrantAllocator {
    fn from(node: Node) -> Self {
        Self(Arc::new(node))
    }
}

impl AsFd for GrantAllocator {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for GrantAllocator {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Pages that are granted to another domain. Dropping this unmaps them here; they are freed once
/// the other domain has unmapped them, too.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_ioctls::{GrantedPages, sim};
///
/// let xen = sim::Xen::new();
/// let _guest = xen.create_domain(DomId(1), 1);
/// let pages: GrantedPages = xen.grant_allocator().allocate(DomId(1), 2, true)?;
/// assert_eq!(pages.refs().len(), 2);
/// pages.notify_at_end(0, true, None)?; // byte 0 becomes zero when they go
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct GrantedPages {
    mapping: Mapping,
    /// After the mapping: the kernel keeps pages that are mapped.
    allocation: Allocation,
}

impl GrantedPages {
    /// The memory.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The grants, page by page.
    pub fn refs(&self) -> &[GrantRef] {
        &self.allocation.refs
    }

    /// Has the kernel tell the other domain when a page is given up, also when this process is
    /// killed: it clears the byte at `offset` in the memory, or sends an event through a local
    /// port, or both. Each page has one such notice, the one that `offset` is in.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`] when there is no such byte, or the port is not bound.
    pub fn notify_at_end(&self, offset: usize, clear: bool, event: Option<Port>) -> Result<()> {
        let failed = |source| Error::Grants {
            what: "have the end of a granted page told",
            source,
        };
        let offset = u64::try_from(offset).map_err(|e| failed(io::Error::other(e)))?;
        let mut arg = abi::UnmapNotify {
            index: self.allocation.index + offset,
            action: action(clear, event.is_some()),
            event_channel_port: event.unwrap_or(Port(0)),
        };
        let node = &self.allocation.node.0;
        // SAFETY: SET_UNMAP_NOTIFY reads one `UnmapNotify`; `arg` is one and outlives the call.
        unsafe { node.ioctl(abi::SET_UNMAP_NOTIFY, &raw mut arg) }
            .map(drop)
            .map_err(failed)
    }
}

/// What the kernel has allocated; given up when dropped.
#[derive(Debug)]
struct Allocation {
    node: GrantAllocator,
    index: u64,
    refs: Vec<GrantRef>,
}

impl Drop for Allocation {
    fn drop(&mut self) {
        let mut arg = abi::DeallocGref {
            index: self.index,
            count: u32::try_from(self.refs.len()).expect("the kernel has counted them"),
            ..Default::default()
        };
        // SAFETY: DEALLOC_GREF reads one `DeallocGref`; `arg` is one and outlives the call.
        let result = unsafe { self.node.0.ioctl(abi::DEALLOC_GREF, &raw mut arg) };
        if let Err(e) = result {
            log::error!("cannot give up {} granted pages: {e}", arg.count);
        }
    }
}
