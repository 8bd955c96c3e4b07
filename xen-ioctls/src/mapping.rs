// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A piece of this process's address space that a Xen device node backs.

// UNSAFE: mmap(2) and munmap(2) make and end the memory that everything else points to.
#![expect(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

/// What the process may do with a mapping.
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
/// let readable = guest.grant(Gfn(0), DomId(0), false);
/// assert!(xen.grants().map(DomId(1), &[readable], Protection::Read).is_ok());
/// assert!(xen.grants().map(DomId(1), &[readable], Protection::ReadWrite).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Reading only: what a device-readable descriptor, or a read-only grant, needs.
    Read,
    /// Reading and writing.
    ReadWrite,
}

impl Protection {
    pub(crate) fn flags(self) -> libc::c_int {
        match self {
            Self::Read => libc::PROT_READ,
            Self::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        }
    }
}

/// Memory shared with another domain, unmapped when dropped.
///
/// The other domain reads and writes it at any time: go through volatile or atomic accesses
/// only, and copy what must not change.
///
/// # Example
///
/// ```
/// use xen_ioctls::{Mapping, sim};
///
/// let memory: Mapping = sim::Xen::new().hypercalls().allocate(4096)?;
/// // SAFETY: the memory is mapped, and nobody else's; what is shared is accessed volatile.
/// unsafe { memory.as_ptr().write_volatile(1) };
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
    /// Tells the simulated kernel when the mapping goes.
    #[cfg(feature = "sim")]
    sim: Option<crate::sim::Vma>,
}

// SAFETY: the mapping is plain memory of the process, not of a thread; it is moved and dropped
// from any thread, and access to it is by raw pointer on its user's responsibility.
unsafe impl Send for Mapping {}
// SAFETY: as above: `&Mapping` gives out nothing but the address and the length.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` bytes of `file` at `offset`, shared.
    pub(crate) fn new(
        file: &File,
        offset: u64,
        len: usize,
        protection: Protection,
    ) -> io::Result<Self> {
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: a null hint without MAP_FIXED replaces no existing mapping; the descriptor is
        // open.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                protection.flags(),
                libc::MAP_SHARED,
                file.as_raw_fd(),
                offset,
            )
        };
        Self::mapped(start, len)
    }

    /// Takes `len` bytes of locked memory of the process's own.
    pub(crate) fn locked(len: usize) -> io::Result<Self> {
        // SAFETY: a null hint without MAP_FIXED replaces no existing mapping.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                Protection::ReadWrite.flags(),
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_LOCKED,
                -1,
                0,
            )
        };
        Self::mapped(start, len)
    }

    /// What mmap has returned.
    fn mapped(start: *mut libc::c_void, len: usize) -> io::Result<Self> {
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        match NonNull::new(start.cast()) {
            Some(start) => Ok(Self {
                start,
                len,
                #[cfg(feature = "sim")]
                sim: None,
            }),
            None => Err(io::Error::from_raw_os_error(libc::ENOMEM)),
        }
    }

    /// A piece of address space that a simulated node has made.
    #[cfg(feature = "sim")]
    pub(crate) fn simulated(start: NonNull<u8>, len: usize, sim: crate::sim::Vma) -> Self {
        Self {
            start,
            len,
            sim: Some(sim),
        }
    }

    /// A piece of address space that no node knows of.
    #[cfg(feature = "sim")]
    pub(crate) fn plain(start: NonNull<u8>, len: usize) -> Self {
        Self {
            start,
            len,
            sim: None,
        }
    }

    /// The first byte. Page aligned; valid for [`len`](Self::len) bytes until `self` is dropped.
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the mapping has no bytes: never, the kernel refuses it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        #[cfg(feature = "sim")]
        drop(self.sim.take());
        // SAFETY: `start` and `len` are what mmap gave to this object alone, and nobody holds a
        // pointer into it beyond the life of `self`: that is what `as_ptr` asks for.
        let result = unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
        if result != 0 {
            log::error!(
                "cannot unmap {} bytes: {}",
                self.len,
                io::Error::last_os_error()
            );
        }
    }
}
