// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/privcmd`: hypercalls, device model operations, memory of other domains, and
//! eventfds in place of interrupts and register writes.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use xen_hypercall::dm_op::DmOp;
use xen_hypercall::memory::Resource;
use xen_hypercall::slot::{NoSlot, Slot};
use xen_hypercall::version::{self, Version};
use xen_hypercall::{DomId, Gfn, PAGE_SIZE, XenError};

use crate::error::{Error, Result};
use crate::mapping::{Mapping, Protection};
use crate::node::Node;

pub(crate) mod abi;
mod eventfd;

pub use eventfd::{IoEventFd, IrqFd, Kick};

const PATH: &str = "/dev/xen/privcmd";

/// One open `/dev/xen/privcmd`, shared by its clones.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, dm_op::NrVcpus};
/// use xen_ioctls::sim;
///
/// let xen = sim::Xen::new();
/// let _guest = xen.create_domain(DomId(1), 4);
/// let privcmd = xen.privcmd(); // on Xen: Privcmd::open()?
/// privcmd.restrict(DomId(1))?; // from now on, no other guest
/// assert_eq!(privcmd.perform(DomId(1), NrVcpus::new())?, 4);
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Privcmd(Arc<Node>);

impl Privcmd {
    /// Opens the node.
    ///
    /// # Errors
    ///
    /// [`Error::Open`].
    pub fn open() -> Result<Self> {
        Node::open(PATH, 0).map(|node| Self(Arc::new(node)))
    }

    /// Lets this descriptor, and its clones, act on `domain` only from now on, and make no plain
    /// hypercalls.
    ///
    /// # Errors
    ///
    /// [`Error::Restrict`], also when it is restricted to another domain already.
    pub fn restrict(&self, domain: DomId) -> Result<()> {
        let mut arg = domain.0;
        // SAFETY: RESTRICT reads one u16; `arg` is one and outlives the call.
        unsafe { self.0.ioctl(abi::RESTRICT, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::Restrict {
                path: PATH,
                domain,
                source,
            })
    }

    /// Asks which Xen this is. Not possible once [restricted](Self::restrict).
    ///
    /// # Errors
    ///
    /// [`Error::Hypercall`].
    pub fn xen_version(&self) -> Result<Version> {
        let mut arg = abi::Hypercall {
            op: version::HYPERCALL,
            arg: [version::XENVER_VERSION, 0, 0, 0, 0],
        };
        // SAFETY: HYPERCALL reads one `Hypercall`; this one has no pointers in it.
        unsafe { self.0.ioctl(abi::HYPERCALL, &raw mut arg) }
            .map(Version::from_raw)
            .map_err(|source| Error::Hypercall {
                number: version::HYPERCALL,
                source,
            })
    }

    /// Makes a plain hypercall.
    ///
    /// # Safety
    ///
    /// As [`XenHypercall::hypercall5`](xen_hypercall::XenHypercall::hypercall5).
    pub(crate) unsafe fn hypercall(
        &self,
        number: usize,
        args: [usize; 5],
    ) -> std::result::Result<usize, XenError> {
        let word = |word| u64::try_from(word).map_err(|_too_wide| XenError::INVAL);
        let [a, b, c, d, e] = args;
        let mut arg = abi::Hypercall {
            op: word(number)?,
            arg: [word(a)?, word(b)?, word(c)?, word(d)?, word(e)?],
        };
        // SAFETY: HYPERCALL reads one `Hypercall`; the caller answers for what is in it.
        match unsafe { self.0.ioctl(abi::HYPERCALL, &raw mut arg) } {
            // The kernel keeps the result in an int: it was cut, and nobody knows how much.
            Ok(result) if result > i32::MAX.cast_unsigned() => Err(XenError::OVERFLOW),
            Ok(result) => usize::try_from(result).map_err(|_too_wide| XenError::OVERFLOW),
            Err(e) => Err(e
                .raw_os_error()
                .and_then(XenError::from_errno)
                .unwrap_or(XenError::IO)),
        }
    }

    /// Performs a device model operation on `domain`, and returns what comes back.
    ///
    /// # Errors
    ///
    /// [`Error::DmOp`].
    pub fn perform<T>(&self, domain: DomId, op: T) -> Result<T::Output>
    where
        T: for<'s> DmOp<Slot<'s> = NoSlot>,
    {
        self.perform_op(domain, op, NoSlot)
            .map(|(output, ())| output)
    }

    /// Performs a device model operation that has a second buffer.
    ///
    /// # Errors
    ///
    /// [`Error::DmOp`].
    pub fn perform_with<'s, T: DmOp>(
        &self,
        domain: DomId,
        op: T,
        slot: T::Slot<'s>,
    ) -> Result<(T::Output, <T::Slot<'s> as Slot>::Back)> {
        self.perform_op(domain, op, slot)
    }

    fn perform_op<T: DmOp, S: Slot>(
        &self,
        domain: DomId,
        mut op: T,
        mut slot: S,
    ) -> Result<(T::Output, S::Back)> {
        op.attach(slot.count());
        let describe = |bytes: &mut [u8]| abi::DmOpBuf {
            uptr: bytes.as_mut_ptr(),
            size: bytes.len(),
        };
        let second = slot.bytes().map(describe);
        let first = describe(DmOp::as_mut_bytes(&mut op));
        let buffers = [first, second.unwrap_or(first)];
        let mut arg = abi::DmOp {
            dom: domain.0,
            num: 1 + u16::from(second.is_some()),
            ubufs: buffers.as_ptr(),
        };
        // SAFETY: DM_OP reads one `DmOp` and `num` descriptions of buffers; Xen reads and writes
        // within the buffers, which `op` and `slot` own or borrow mutably, and which nobody
        // touches during the call.
        unsafe { self.0.ioctl(abi::DM_OP, &raw mut arg) }.map_err(|source| Error::DmOp {
            number: T::NUMBER,
            domain,
            source,
        })?;
        Ok((op.output(), slot.back()))
    }

    /// Maps guest frames of `domain` side by side. A frame that cannot be had (a hole, a
    /// ballooned page) does not fail the others: ask [`ForeignMapping::is_mapped`]. When the domain
    /// is gone, the call succeeds and every frame has the [error](ForeignMapping::error) `ESRCH`.
    ///
    /// # Errors
    ///
    /// [`Error::Map`] when the process has no room, [`Error::Acquire`] when the descriptor is
    /// [restricted](Self::restrict) to another domain.
    pub fn map_foreign(
        &self,
        domain: DomId,
        frames: &[Gfn],
        protection: Protection,
    ) -> Result<ForeignMapping> {
        let len = frames.len() * PAGE_SIZE;
        let mapping = self
            .0
            .mmap(0, len, protection)
            .map_err(|source| Error::Map {
                domain,
                len,
                source,
            })?;
        let numbers: Vec<u64> = frames.iter().map(|frame| frame.0).collect();
        let mut errors = vec![0i32; frames.len()];
        let mut arg = abi::MmapBatchV2 {
            num: u32::try_from(frames.len()).expect("a mapping of so many pages was made"),
            dom: domain.0,
            addr: mapping.as_ptr().addr() as u64,
            arr: numbers.as_ptr(),
            err: errors.as_mut_ptr(),
        };
        // SAFETY: MMAPBATCH_V2 reads `num` frame numbers at `arr`, writes `num` errors at `err`,
        // and puts pages into the mapping at `addr`, which is this driver's, as long as `num`
        // pages, and not in use by anybody yet.
        let result = unsafe { self.0.ioctl(abi::MMAPBATCH_V2, &raw mut arg) };
        match result {
            Ok(_) => Ok(ForeignMapping { mapping, errors }),
            // Some frames are paged out: their errors say which.
            Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {
                Ok(ForeignMapping { mapping, errors })
            }
            Err(source) => Err(Error::Acquire {
                what: "frames",
                domain,
                source,
            }),
        }
    }

    /// Maps one page of a resource of `domain`.
    ///
    /// # Errors
    ///
    /// [`Error::Map`] when the process has no room, [`Error::Acquire`] when there is no such
    /// resource.
    pub fn map_resource(&self, domain: DomId, resource: Resource) -> Result<Mapping> {
        let mapping = self
            .0
            .mmap(0, PAGE_SIZE, Protection::ReadWrite)
            .map_err(|source| Error::Map {
                domain,
                len: PAGE_SIZE,
                source,
            })?;
        let mut arg = abi::MmapResource {
            dom: domain,
            kind: resource.kind,
            id: resource.id,
            idx: resource.frame,
            num: 1,
            addr: mapping.as_ptr().addr() as u64,
            ..Default::default()
        };
        // SAFETY: MMAP_RESOURCE reads one `MmapResource` and puts one page into the mapping at
        // `addr`, which is this driver's, one page long, and not in use by anybody yet.
        unsafe { self.0.ioctl(abi::MMAP_RESOURCE, &raw mut arg) }.map_err(|source| {
            Error::Acquire {
                what: "an ioreq page",
                domain,
                source,
            }
        })?;
        Ok(mapping)
    }
}

impl From<OwnedFd> for Privcmd {
    /// A node that was opened elsewhere, perhaps restricted there.
    fn from(fd: OwnedFd) -> Self {
        Self(Arc::new(fd.into()))
    }
}

impl AsFd for Privcmd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Privcmd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(feature = "sim")]
impl From<Node> for Privcmd {
    fn from(node: Node) -> Self {
        Self(Arc::new(node))
    }
}

/// Frames of another domain.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{ForeignMapping, Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// guest.add_memory(0, 4096);
/// let frames = [Gfn(0), Gfn(1)];
/// let memory: ForeignMapping = xen.privcmd().map_foreign(DomId(1), &frames, Protection::Read)?;
/// assert!(memory.is_mapped(0) && !memory.is_mapped(1)); // a hole is not touched
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct ForeignMapping {
    mapping: Mapping,
    errors: Vec<i32>,
}

impl ForeignMapping {
    /// The memory. Only frames that [are mapped](Self::is_mapped) may be touched.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Whether frame number `n` of the request is there. Touching one that is not raises SIGBUS
    /// or SIGSEGV.
    pub fn is_mapped(&self, n: usize) -> bool {
        self.errors.get(n) == Some(&0)
    }

    /// Why frame number `n` of the request is not there; `None` where it is.
    pub fn error(&self, n: usize) -> Option<XenError> {
        XenError::from_errno(self.errors.get(n)?.checked_neg()?)
    }

    /// Whether any frame is there.
    pub fn any_mapped(&self) -> bool {
        self.errors.contains(&0)
    }
}
