// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! An open simulated node: where system calls arrive.

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use xen_hypercall::PAGE_SIZE;

use super::call::{Call, NodeKind};
use super::signal::Signal;
use super::state::{Area, State};
use super::{Answer, Shared, gntdev, machine};
use crate::mapping::{Mapping, Protection};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Whether this thread is in a system call of the simulation. What is allocated then is not the
/// process's: for tests that count allocations.
pub fn is_running() -> bool {
    DEPTH.get() > 0
}

/// A system call under way.
struct Running;

impl Running {
    fn new() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// An open node of one domain.
#[derive(Debug)]
pub(crate) struct Open {
    shared: Arc<Shared>,
    /// What the node's state is found by.
    pub(super) file: usize,
    pub(super) domain: u16,
    kind: NodeKind,
    /// What can be polled; also holds the number of a descriptor.
    signal: Arc<Signal>,
}

impl Open {
    pub(super) fn new(shared: Arc<Shared>, domain: u16, kind: NodeKind) -> Arc<Self> {
        let signal = Arc::new(Signal::new());
        let state = &mut *shared.lock();
        let file = state.next_file;
        state.next_file += 1;
        state.record(domain, || Call::Open(kind));
        match kind {
            NodeKind::EventChannels => state.open_evtchn(file, domain, signal.clone()),
            NodeKind::Grants => state.open_gntdev(file),
            NodeKind::GrantAllocator => state.open_gntalloc(file),
            NodeKind::Privcmd | NodeKind::Hypercall => {}
        }
        Arc::new(Self {
            shared: shared.clone(),
            file,
            domain,
            kind,
            signal,
        })
    }

    /// `ioctl`.
    ///
    /// # Safety
    ///
    /// As for the kernel's: `arg` leads to what `request` reads and writes.
    pub unsafe fn ioctl(&self, request: u32, arg: *mut u8) -> io::Result<u32> {
        let _running = Running::new();
        let state = &mut *self.shared.lock();
        let answer = match self.kind {
            // SAFETY: as the caller says.
            NodeKind::Privcmd => unsafe { state.privcmd_ioctl(self, request, arg) },
            // SAFETY: as the caller says.
            NodeKind::EventChannels => unsafe { state.evtchn_ioctl(self, request, arg) },
            // SAFETY: as the caller says.
            NodeKind::Grants => unsafe { state.gntdev_ioctl(self, request, arg) },
            // SAFETY: as the caller says.
            NodeKind::GrantAllocator => unsafe { state.gntalloc_ioctl(self, request, arg) },
            NodeKind::Hypercall => Err(libc::ENOTTY),
        };
        answer.map_err(io::Error::from_raw_os_error)
    }

    /// `mmap`, shared, at an address of the kernel's choice.
    pub fn mmap(
        self: &Arc<Self>,
        offset: u64,
        len: usize,
        protection: Protection,
    ) -> io::Result<Mapping> {
        let _running = Running::new();
        if len == 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let len = len.next_multiple_of(PAGE_SIZE);
        let start = machine::reserve(len)?;
        let vma = Vma {
            open: self.clone(),
            start: start.as_ptr().addr(),
        };
        // From here on the address space is given back whatever happens.
        let mapping = Mapping::simulated(start, len, vma);
        let mut state = self.shared.lock();
        state.record(self.domain, || Call::Mmap {
            node: self.kind,
            offset,
            len,
            protection,
        });
        let area = Area {
            len,
            protection,
            node: self.kind,
            file: self.file,
            offset,
            first_frame: None,
            populated: false,
        };
        let start = start.as_ptr().addr();
        state.areas.insert(start, area);
        let placed = self.populate(&mut state, start, offset, len, protection);
        if placed.is_err() {
            // It was never there: nobody is told of its end.
            state.areas.remove(&start);
        }
        // The end of a mapping takes the lock.
        drop(state);
        match placed {
            Ok(()) => Ok(mapping),
            Err(errno) => Err(io::Error::from_raw_os_error(errno)),
        }
    }

    fn populate(
        &self,
        state: &mut State,
        start: usize,
        offset: u64,
        len: usize,
        protection: Protection,
    ) -> Answer<()> {
        match self.kind {
            NodeKind::Grants => {
                let pages = len / PAGE_SIZE;
                state.map_grants(
                    self,
                    gntdev::Wanted {
                        start,
                        offset,
                        pages,
                        protection,
                    },
                )
            }
            NodeKind::Privcmd => Ok(()),
            NodeKind::GrantAllocator => {
                let frames = state.granted_frames(self, offset, len / PAGE_SIZE)?;
                state.place(start, &frames, protection)
            }
            NodeKind::Hypercall => {
                let first = state
                    .machine
                    .allocate(u64::try_from(len / PAGE_SIZE).or(Err(libc::ENOMEM))?);
                let frames: Vec<_> = (first..).take(len / PAGE_SIZE).map(Some).collect();
                state.place(start, &frames, protection)?;
                let (_, area) = state.area(NodeKind::Hypercall, start)?;
                area.first_frame = Some(first);
                Ok(())
            }
            NodeKind::EventChannels => Err(libc::ENODEV),
        }
    }

    /// `read`.
    pub fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.shared.lock();
        match self.kind {
            NodeKind::EventChannels => state.evtchn_read(self, bytes),
            _ => Err(libc::EINVAL),
        }
        .map_err(io::Error::from_raw_os_error)
    }

    /// `write`, until all of `bytes` is written.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let state = &mut *self.shared.lock();
        match self.kind {
            NodeKind::EventChannels => {
                state.evtchn_write(self, bytes);
                Ok(())
            }
            _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }
}

impl AsFd for Open {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signal.as_fd()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let state = &mut *self.shared.lock();
        state.restricted.remove(&self.file);
        state.close_evtchn(self.file, self.domain);
        state.close_gntdev(self.file);
        state.close_gntalloc(self.file, self.domain);
    }
}

/// A mapping of a simulated node. The kernel is told before the memory goes: afterwards the
/// address may be somebody else's already.
#[derive(Debug)]
pub(crate) struct Vma {
    open: Arc<Open>,
    start: usize,
}

impl Drop for Vma {
    fn drop(&mut self) {
        let _running = Running::new();
        let state = &mut *self.open.shared.lock();
        let Some(area) = state.areas.remove(&self.start) else {
            return;
        };
        state.record(self.open.domain, || Call::Munmap {
            node: area.node,
            len: area.len,
        });
        match area.node {
            NodeKind::Grants => state.unmap_area(area.file, self.open.domain, self.start),
            NodeKind::GrantAllocator => {
                let (offset, pages) = (area.offset, area.len / PAGE_SIZE);
                state.unmap_granted(area.file, self.open.domain, offset, pages);
            }
            _ => {}
        }
    }
}
