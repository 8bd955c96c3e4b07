// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The address space that a device worker holds.

use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vm_memory::{GuestAddress, GuestAddressSpace};
use xen_hypercall::{DomId, Gfn, GrantRef};
use xen_ioctls::{ForeignMapping, GrantMapping, Grants, Mapping, Privcmd, Protection};

use crate::address::{Mode, Pages};
use crate::batch::{Batch, BatchGuard, Piece};
use crate::error::{Error, Result};
use crate::foreign::ForeignMemory;
use crate::grant::GrantMemory;

/// The memory of one guest as one device sees it. Cheap to clone; clones share what is mapped.
#[derive(Clone, Debug)]
pub struct GuestSpace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Memory,
    /// Batches take the list as it is; a change makes a new one.
    pins: Mutex<Arc<Vec<Arc<Pinned>>>>,
}

#[derive(Debug)]
pub(crate) enum Memory {
    Foreign(ForeignMemory),
    Grant(GrantMemory),
}

impl GuestSpace {
    /// Memory by guest-physical address.
    pub fn foreign(domain: DomId, privcmd: Privcmd) -> Self {
        Self::new(Memory::Foreign(ForeignMemory::new(domain, privcmd)))
    }

    /// Memory by grant.
    pub fn grant(domain: DomId, grants: Grants) -> Self {
        Self::new(Memory::Grant(GrantMemory { domain, grants }))
    }

    fn new(memory: Memory) -> Self {
        Self(Arc::new(Inner {
            memory,
            pins: Mutex::default(),
        }))
    }

    /// Which addresses the guest has to use.
    pub fn mode(&self) -> Mode {
        match &self.0.memory {
            Memory::Foreign(_) => Mode::Foreign,
            Memory::Grant(_) => Mode::Grant,
        }
    }

    pub(crate) fn memory_of(&self) -> &Memory {
        &self.0.memory
    }

    /// Maps `len` bytes at `addr` for reading and writing, side by side, until the result is
    /// dropped. For rings. Batches that begin later find it there.
    ///
    /// # Errors
    ///
    /// [`Error`] when not every byte of the range is memory that the guest shares.
    pub fn pin(&self, addr: GuestAddress, len: usize) -> Result<Pin> {
        let pages = Pages::new(addr, len, self.mode()).ok_or(Error::Address {
            addr,
            len,
            mode: self.mode(),
        })?;
        let failed = |source| Error::Map { addr, len, source };
        let backing = match &self.0.memory {
            Memory::Foreign(memory) => {
                let frames: Vec<Gfn> = (pages.first..).take(pages.count).map(Gfn).collect();
                let mapping = memory
                    .privcmd
                    .map_foreign(memory.domain, &frames, Protection::ReadWrite)
                    .map_err(failed)?;
                if !(0..pages.count).all(|n| mapping.is_mapped(n)) {
                    return Err(Error::Hole { addr, len });
                }
                Backing::Foreign(mapping)
            }
            Memory::Grant(memory) => {
                let refs: Vec<GrantRef> = pages.grants().collect();
                let mapping = memory
                    .grants
                    .map(memory.domain, &refs, Protection::ReadWrite)
                    .map_err(failed)?;
                Backing::Grant(mapping)
            }
        };
        let pinned = Arc::new(Pinned {
            addr,
            len,
            offset: pages.offset,
            backing,
        });
        self.change_pins(|pins| pins.push(pinned.clone()));
        Ok(Pin {
            space: self.clone(),
            pinned,
        })
    }

    /// Forgets what is mapped of memory that may have changed hands (`IOREQ_TYPE_INVALIDATE`).
    /// Batches under way, and pins, keep what they have.
    pub fn invalidate(&self) {
        if let Memory::Foreign(memory) = &self.0.memory {
            memory.invalidate();
        }
    }

    fn pins(&self) -> MutexGuard<'_, Arc<Vec<Arc<Pinned>>>> {
        self.0.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_pins(&self, change: impl FnOnce(&mut Vec<Arc<Pinned>>)) {
        change(Arc::make_mut(&mut self.pins()));
    }
}

impl GuestAddressSpace for GuestSpace {
    type M = Batch;
    type T = BatchGuard;

    /// Begins a batch.
    fn memory(&self) -> BatchGuard {
        let pins = self.pins().clone();
        BatchGuard(Rc::new(Batch::new(self.clone(), pins)))
    }
}

/// A range that stays mapped.
#[derive(Debug)]
pub(crate) struct Pinned {
    addr: GuestAddress,
    len: usize,
    /// Of the range in its first page.
    offset: usize,
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    Foreign(ForeignMapping),
    Grant(GrantMapping),
}

impl Backing {
    fn mapping(&self) -> &Mapping {
        match self {
            Self::Foreign(mapping) => mapping.mapping(),
            Self::Grant(mapping) => mapping.mapping(),
        }
    }
}

impl Pinned {
    /// The memory at `addr` if all `len` bytes of it are in this range.
    pub fn piece(&self, addr: GuestAddress, len: usize) -> Option<Piece> {
        let skip = usize::try_from(addr.0.checked_sub(self.addr.0)?).ok()?;
        if skip.checked_add(len)? > self.len {
            return None;
        }
        let start = self
            .backing
            .mapping()
            .as_ptr()
            .wrapping_add(self.offset + skip);
        Some(Piece { start, len })
    }
}

/// Keeps a range [pinned](GuestSpace::pin) while it lives. The memory itself goes when the last
/// batch that knew of it has ended.
#[derive(Debug)]
pub struct Pin {
    space: GuestSpace,
    pinned: Arc<Pinned>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.space
            .change_pins(|pins| pins.retain(|p| !Arc::ptr_eq(p, &self.pinned)));
    }
}
