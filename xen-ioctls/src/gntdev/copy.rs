// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Copying from and to grants without mapping them.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;

use xen_hypercall::abi::grant_table::Status;
use xen_hypercall::{DomId, GrantRef, PAGE_SIZE};

use super::{Grants, abi};
use crate::error::{Error, Result};

/// A piece of one granted page, and memory of this process to copy it from or to.
///
/// A list of segments is what [`Grants::copy`] works on, in place: nothing is converted.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Segment, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// guest.add_memory(0, 4096);
/// let grant = guest.grant(Gfn(0), DomId(0), true);
///
/// let write = Segment::write(DomId(1), grant, 0, b"hello").expect("within a page");
/// xen.grants().copy(&mut [write])?;
/// let mut seen = [0; 5];
/// guest.read(0, &mut seen);
/// assert_eq!(&seen, b"hello");
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[repr(transparent)]
pub struct Segment<'a> {
    raw: abi::CopySegment,
    memory: PhantomData<&'a mut [u8]>,
}

// SAFETY: the pointer inside is to memory that is borrowed for as long as the segment lives, as
// by a `&mut [u8]`, which may go to another thread.
unsafe impl Send for Segment<'_> {}

impl<'a> Segment<'a> {
    /// Copies from `offset` of a granted page into `memory`. `None` when that goes beyond the
    /// page.
    pub fn read(
        domain: DomId,
        grant: GrantRef,
        offset: usize,
        memory: &'a mut [u8],
    ) -> Option<Self> {
        // SAFETY: the memory is borrowed, mutably, for as long as there is the segment.
        unsafe { Self::read_to(domain, grant, offset, memory.as_mut_ptr(), memory.len()) }
    }

    /// Copies `memory` to `offset` of a granted page. `None` when that goes beyond the page.
    pub fn write(domain: DomId, grant: GrantRef, offset: usize, memory: &'a [u8]) -> Option<Self> {
        // SAFETY: the memory is borrowed for as long as there is the segment.
        unsafe { Self::write_from(domain, grant, offset, memory.as_ptr(), memory.len()) }
    }

    /// As [`read`](Self::read), into memory that nobody borrows.
    ///
    /// # Safety
    ///
    /// `memory` leads to `len` bytes that may be written whenever the segment is copied.
    pub unsafe fn read_to(
        domain: DomId,
        grant: GrantRef,
        offset: usize,
        memory: *mut u8,
        len: usize,
    ) -> Option<Self> {
        let (foreign, len) = place(domain, grant, offset, len)?;
        Some(Self::new(abi::CopySegment {
            source: abi::CopyPlace { foreign },
            dest: abi::CopyPlace { virt: memory },
            len,
            flags: abi::SOURCE_GREF,
            status: 0,
        }))
    }

    /// As [`write`](Self::write), from memory that nobody borrows.
    ///
    /// # Safety
    ///
    /// `memory` leads to `len` bytes that may be read whenever the segment is copied.
    pub unsafe fn write_from(
        domain: DomId,
        grant: GrantRef,
        offset: usize,
        memory: *const u8,
        len: usize,
    ) -> Option<Self> {
        let (foreign, len) = place(domain, grant, offset, len)?;
        // Only read from: the flags say which side is the grant.
        let virt = memory.cast_mut();
        Some(Self::new(abi::CopySegment {
            source: abi::CopyPlace { virt },
            dest: abi::CopyPlace { foreign },
            len,
            flags: abi::DEST_GREF,
            status: 0,
        }))
    }

    fn new(raw: abi::CopySegment) -> Self {
        Self {
            raw,
            memory: PhantomData,
        }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.raw.len.into()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.raw.len == 0
    }

    /// What became of this segment in the last call.
    ///
    /// # Errors
    ///
    /// What Xen says of the grant.
    pub fn status(&self) -> std::result::Result<(), CopyStatus> {
        match self.raw.status {
            0 => Ok(()),
            status => Err(CopyStatus(status)),
        }
    }
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("len", &self.raw.len)
            .field("flags", &self.raw.flags)
            .field("status", &self.raw.status)
            .finish_non_exhaustive()
    }
}

fn place(
    domain: DomId,
    grant: GrantRef,
    offset: usize,
    len: usize,
) -> Option<(abi::CopyForeign, u16)> {
    offset.checked_add(len).filter(|end| *end <= PAGE_SIZE)?;
    let foreign = abi::CopyForeign {
        gref: grant,
        offset: u16::try_from(offset).ok()?,
        domid: domain,
    };
    Some((foreign, u16::try_from(len).ok()?))
}

/// `GNTST_*`: why one grant was refused (xen/include/public/grant_table.h).
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, GrantRef};
/// use xen_ioctls::{CopyStatus, Segment, sim};
///
/// let xen = sim::Xen::new();
/// let _guest = xen.create_domain(DomId(1), 1);
/// let mut bytes = [0; 4];
/// let read = Segment::read(DomId(1), GrantRef(99), 0, &mut bytes).expect("within a page");
/// let mut segments = [read];
/// xen.grants().copy(&mut segments)?;
/// assert_eq!(segments[0].status(), Err(CopyStatus(-3))); // GNTST_bad_gntref
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyStatus(pub i16);

impl fmt::Display for CopyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match Status(self.0) {
            Status::GENERAL_ERROR => "not granted like this",
            Status::BAD_DOMAIN => "no such domain",
            Status::BAD_GNTREF => "no such grant",
            Status::PERMISSION_DENIED => "not permitted",
            Status::BAD_PAGE => "no page behind the grant",
            Status::BAD_COPY_ARG => "a copy over the end of a page",
            Status::EAGAIN => "try again",
            _ => "refused",
        };
        write!(f, "{name} (grant status {})", self.0)
    }
}

impl std::error::Error for CopyStatus {}

impl Grants {
    /// Copies all segments in one system call, and one hypercall for each 16 or so. A grant that
    /// is refused fails [its segment](Segment::status) alone.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`] when the kernel cannot do any of it.
    pub fn copy(&self, segments: &mut [Segment<'_>]) -> Result<()> {
        let failed = |source| Error::Grants {
            what: "copy from or to grants",
            source,
        };
        let mut arg = abi::GrantCopy {
            count: u32::try_from(segments.len()).map_err(|e| failed(std::io::Error::other(e)))?,
            segments: segments.as_mut_ptr().cast(),
        };
        // SAFETY: GRANT_COPY reads one `GrantCopy` and `count` segments, which `Segment` has the
        // layout of, and writes their status. Each leads to memory of this process that is
        // borrowed as long as the segment, for writing where it is the destination.
        unsafe { self.0.ioctl(abi::GRANT_COPY, &raw mut arg) }
            .map(drop)
            .map_err(failed)
    }
}
