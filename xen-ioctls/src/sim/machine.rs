// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The memory of the simulated machine: one file, a page of it per machine frame.

// UNSAFE: mappings are made and changed here.
#![expect(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::ptr::{self, NonNull};

use xen_hypercall::PAGE_SIZE;

use crate::mapping::{Mapping, Protection};

/// How much memory can ever be given out: 16 TiB, none of it there until it is touched.
const FRAMES: u64 = 1 << 32;
const PAGE: u64 = PAGE_SIZE as u64;

/// A file that exists in memory only, as large as the machine.
pub(super) fn memory_file() -> File {
    // SAFETY: the name is a C string.
    let fd = unsafe { libc::memfd_create(c"xen-sim".as_ptr(), libc::MFD_CLOEXEC) };
    assert!(fd >= 0, "memfd_create: {}", io::Error::last_os_error());
    // SAFETY: the descriptor is new and belongs to nobody else.
    unsafe { File::from_raw_fd(fd) }
}

/// Machine frames. One that was given out is never given out again, so that a mapping that
/// outlives its right sees old memory, and nobody else's.
#[derive(Debug)]
pub(super) struct Machine {
    memory: File,
    next: u64,
}

impl Machine {
    pub fn new() -> Self {
        let memory = memory_file();
        memory
            .set_len(FRAMES * PAGE)
            .expect("a sparse file can be large");
        Self { memory, next: 0 }
    }

    /// Gives out `count` frames side by side, and returns the first.
    pub fn allocate(&mut self, count: u64) -> u64 {
        let first = self.next;
        self.next += count;
        assert!(self.next <= FRAMES, "the machine is out of memory");
        first
    }

    /// Reads within a frame.
    pub fn read(&self, frame: u64, offset: u64, bytes: &mut [u8]) {
        self.memory
            .read_exact_at(bytes, frame * PAGE + offset)
            .expect("the file is as large as the machine");
    }

    /// Writes within a frame.
    pub fn write(&self, frame: u64, offset: u64, bytes: &[u8]) {
        self.memory
            .write_all_at(bytes, frame * PAGE + offset)
            .expect("the file is as large as the machine");
    }

    /// Maps one frame for Xen itself.
    pub fn view(&self, frame: u64) -> io::Result<Mapping> {
        Mapping::new(&self.memory, frame * PAGE, PAGE_SIZE, Protection::ReadWrite)
    }

    /// Puts `frames` into the reserved address space at `start`, page by page. One that is `None`
    /// stays untouchable.
    ///
    /// # Safety
    ///
    /// The address space is a reservation of at least as many pages, in use by nobody.
    pub unsafe fn place(
        &self,
        start: usize,
        frames: &[Option<u64>],
        protection: Protection,
    ) -> io::Result<()> {
        let mut page = start;
        // Frames that follow each other go in one piece.
        for run in frames.chunk_by(|a, b| a.is_some() && b.is_some() && *b == a.map(|a| a + 1)) {
            if let Some(first) = run[0] {
                // SAFETY: the caller answers for the pages, of which these are some.
                unsafe { self.place_run(page, first, run.len(), protection) }?;
            }
            page += run.len() * PAGE_SIZE;
        }
        Ok(())
    }

    /// # Safety
    ///
    /// As [`place`](Self::place).
    unsafe fn place_run(
        &self,
        at: usize,
        frame: u64,
        pages: usize,
        protection: Protection,
    ) -> io::Result<()> {
        let offset = libc::off_t::try_from(frame * PAGE).map_err(io::Error::other)?;
        // SAFETY: MAP_FIXED replaces pages of a reservation, which the caller answers for.
        let placed = unsafe {
            libc::mmap(
                ptr::with_exposed_provenance_mut(at),
                pages * PAGE_SIZE,
                protection.flags(),
                libc::MAP_SHARED | libc::MAP_FIXED,
                self.memory.as_raw_fd(),
                offset,
            )
        };
        match placed == libc::MAP_FAILED {
            true => Err(io::Error::last_os_error()),
            false => Ok(()),
        }
    }
}

/// Takes `len` bytes of address space that cannot be touched yet.
pub(super) fn reserve(len: usize) -> io::Result<NonNull<u8>> {
    // SAFETY: a null hint without MAP_FIXED replaces no existing mapping.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    start.expose_provenance();
    NonNull::new(start.cast()).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))
}

/// Maps frames for the domain that they belong to.
pub(super) fn map(machine: &Machine, frames: &[Option<u64>]) -> io::Result<Mapping> {
    let len = frames.len() * PAGE_SIZE;
    let start = reserve(len)?;
    let mapping = Mapping::plain(start, len);
    // SAFETY: the address space was reserved just now, and is that long.
    unsafe { machine.place(start.as_ptr().addr(), frames, Protection::ReadWrite) }?;
    Ok(mapping)
}
