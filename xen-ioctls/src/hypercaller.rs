// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Hypercalls of a process: through `/dev/xen/privcmd`, with copies of what is lent in memory
//! that Xen can reach.

// UNSAFE: copies are made in memory that is known by address.
#![expect(unsafe_code)]

use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use xen_hypercall::abi::hypercalls::numbers::MULTICALL;
use xen_hypercall::call::{ConstMemory, MutMemory, OwnedMemory};
use xen_hypercall::{PAGE_SIZE, XenAllocate, XenError, XenHypercall};

use crate::error::Result;
use crate::hypercall::Hypercalls;
use crate::mapping::Mapping;
use crate::privcmd::Privcmd;

/// Pages that are kept for the next call: more than any one call lends at once.
const KEPT: usize = 16;

/// Plain hypercalls of this process. Not possible through a [restricted](Privcmd::restrict)
/// descriptor.
///
/// What is lent is copied into pages that are kept from call to call, so that a call costs no
/// system call but its own.
///
/// # Example
///
/// ```
/// use xen_hypercall::event_channel::{AllocUnbound, GetStatus, Status};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, version};
/// use xen_ioctls::{Hypercaller, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// // On Xen: Hypercaller::open()?
/// let xen = Hypercaller::new(xen.privcmd(), xen.hypercalls());
///
/// println!("Xen {}", version::version(&xen)?);
/// let port = xen.perform(AllocUnbound::new(DomId(1)))?;
/// assert_eq!(xen.perform(GetStatus::new(port))?, Status::Unbound(DomId(1)));
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct Hypercaller {
    privcmd: Privcmd,
    memory: Hypercalls,
    /// Single pages that nobody uses.
    kept: Mutex<Vec<Mapping>>,
}

impl Hypercaller {
    /// Opens both nodes.
    ///
    /// # Errors
    ///
    /// [`Error::Open`](crate::Error::Open).
    pub fn open() -> Result<Self> {
        Ok(Self::new(Privcmd::open()?, Hypercalls::open()?))
    }

    /// Uses nodes that are open already.
    pub fn new(privcmd: Privcmd, memory: Hypercalls) -> Self {
        Self {
            privcmd,
            memory,
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Mapping>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, len: usize) -> std::result::Result<Bounce<'_>, XenError> {
        let kept = match len <= PAGE_SIZE {
            true => self.kept().pop(),
            false => None,
        };
        let mapping = match kept {
            Some(mapping) => mapping,
            None => self
                .memory
                .allocate(len)
                .map_err(|e| error_of(e.raw_os_error()))?,
        };
        Ok(Bounce {
            owner: self,
            mapping: Some(mapping),
            len,
        })
    }
}

fn error_of(errno: Option<i32>) -> XenError {
    errno
        .and_then(XenError::from_errno)
        .unwrap_or(XenError::NOMEM)
}

/// Memory for one buffer; kept for the next one when dropped.
///
/// # Example
///
/// ```
/// use xen_hypercall::{XenAllocate, call::OwnedMemory};
/// use xen_ioctls::{Bounce, Hypercaller, sim};
///
/// let xen = sim::Xen::new();
/// let xen = Hypercaller::new(xen.privcmd(), xen.hypercalls());
/// let memory: Bounce<'_> = xen.allocate(24)?;
/// assert_eq!(memory.bytes(), [0; 24]);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct Bounce<'a> {
    owner: &'a Hypercaller,
    /// Always there until `drop` takes it.
    mapping: Option<Mapping>,
    len: usize,
}

impl Bounce<'_> {
    fn start(&self) -> *mut u8 {
        self.mapping.as_ref().expect("only drop takes it").as_ptr()
    }
}

impl OwnedMemory for Bounce<'_> {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the memory is mapped, `len` bytes at least, and this object's alone; Xen
        // writes to it only in calls that `bytes_mut` was borrowed for.
        unsafe { slice::from_raw_parts(self.start(), self.len) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.start(), self.len) }
    }
}

impl Drop for Bounce<'_> {
    fn drop(&mut self) {
        let mut kept = self.owner.kept();
        if let Some(mapping) = self.mapping.take()
            && mapping.len() == PAGE_SIZE
            && kept.len() < KEPT
        {
            kept.push(mapping);
        }
    }
}

/// A copy that Xen reads.
///
/// # Example
///
/// ```
/// use xen_hypercall::{XenHypercall, call::ConstMemory};
/// use xen_ioctls::{ConstBounce, Hypercaller, sim};
///
/// let xen = sim::Xen::new();
/// let xen = Hypercaller::new(xen.privcmd(), xen.hypercalls());
/// let text = b"hello";
/// let lent: ConstBounce<'_> = xen.lend_const(text)?;
/// assert_ne!(lent.as_ptr(), text.as_ptr()); // a copy where Xen can reach it
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct ConstBounce<'a>(Bounce<'a>);

impl ConstMemory for ConstBounce<'_> {
    fn as_ptr(&self) -> *const u8 {
        self.0.start()
    }
}

/// A copy that Xen reads and writes, and the original.
///
/// # Example
///
/// ```
/// use xen_hypercall::{XenHypercall, call::MutMemory};
/// use xen_ioctls::{Hypercaller, MutBounce, sim};
///
/// let xen = sim::Xen::new();
/// let xen = Hypercaller::new(xen.privcmd(), xen.hypercalls());
/// let mut answer = [0; 4];
/// let mut lent: MutBounce<'_> = xen.lend_mut(&mut answer)?;
/// // SAFETY: four bytes were lent.
/// unsafe { lent.as_mut_ptr().write(5) };
/// lent.update();
/// drop(lent);
/// assert_eq!(answer, [5, 0, 0, 0]);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct MutBounce<'a> {
    copy: Bounce<'a>,
    original: &'a mut [u8],
}

impl MutMemory for MutBounce<'_> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.copy.start()
    }

    fn update(&mut self) {
        self.original.copy_from_slice(self.copy.bytes());
    }
}

// SAFETY: each buffer is a copy as long as the original, in memory of its own that stays at its
// address, and which `/dev/xen/hypercall`, or locking, keeps in place for Xen. Only `update`
// changes an original.
unsafe impl XenHypercall for Hypercaller {
    type Const<'a> = ConstBounce<'a>;
    type Mut<'a> = MutBounce<'a>;

    unsafe fn hypercall5(
        &self,
        number: usize,
        args: [usize; 5],
    ) -> std::result::Result<usize, XenError> {
        // SAFETY: as the caller says.
        unsafe { self.privcmd.hypercall(number, args) }
    }

    /// Linux keeps the result of a hypercall in an `int`, but not those of a multicall, which
    /// are in memory.
    unsafe fn hypercall2_wide(
        &self,
        number: usize,
        [first, second]: [usize; 2],
    ) -> std::result::Result<usize, XenError> {
        // `struct multicall_entry`: the number, the result, six arguments.
        let mut entry = [number, 0, first, second, 0, 0, 0, 0];
        let mut lent = self.mut_buffer(&mut entry)?;
        let pointer = lent.as_hypercall_ptr().expose_provenance();
        // SAFETY: a multicall takes entries, and how many; the one there is carries what the
        // caller answers for.
        unsafe { self.hypercall2(MULTICALL as usize, [pointer, 1]) }?;
        lent.update();
        drop(lent);
        XenError::check(entry[1])
    }

    fn lend_const<'a>(&'a self, bytes: &'a [u8]) -> std::result::Result<ConstBounce<'a>, XenError> {
        let mut copy = self.take(bytes.len())?;
        copy.bytes_mut().copy_from_slice(bytes);
        Ok(ConstBounce(copy))
    }

    fn lend_mut<'a>(&'a self, bytes: &'a mut [u8]) -> std::result::Result<MutBounce<'a>, XenError> {
        let mut copy = self.take(bytes.len())?;
        copy.bytes_mut().copy_from_slice(bytes);
        Ok(MutBounce {
            copy,
            original: bytes,
        })
    }
}

// SAFETY: a mapping stays at its address, and is page aligned.
unsafe impl XenAllocate for Hypercaller {
    type Owned<'a> = Bounce<'a>;

    fn allocate(&self, len: usize) -> std::result::Result<Bounce<'_>, XenError> {
        let mut copy = self.take(len)?;
        copy.bytes_mut().fill(0);
        Ok(copy)
    }
}
