// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The address space that a device worker holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vm_memory::{GuestAddress, GuestAddressSpace};
use xen_hypercall::{DomId, GrantRef, PAGE_SIZE};
use xen_ioctls::{ForeignMapping, GrantMapping, Grants, Mapping, Privcmd, Protection};

use crate::address::{Mode, Pages};
use crate::batch::{Batch, BatchGuard, Piece};
use crate::counters::{Counters, Usage};
use crate::error::{Error, Result};
use crate::foreign::{BUCKET_PAGES, ForeignMemory};
use crate::grant::{GrantMemory, Policy};

/// How much of a guest's memory stays mapped, unless one says otherwise: 1 GiB.
pub const FOREIGN_BUDGET: usize = 1 << 30;

/// Batches that wait in the pool: the one of each queue that is served, and the one that
/// publishes its used index.
const POOL: usize = 4;

/// The memory of one guest as one device sees it. Cheap to clone; clones share what is mapped.
#[derive(Clone, Debug)]
pub struct GuestSpace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Memory,
    /// Batches take the list as it is; a change makes a new one.
    pins: Mutex<Arc<Vec<Arc<Pinned>>>>,
    /// Batches that have ended, for their vectors.
    pool: Mutex<Vec<Arc<Batch>>>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
pub(crate) enum Memory {
    Foreign(ForeignMemory),
    Grant(GrantMemory),
}

impl GuestSpace {
    /// Memory by guest-physical address, of which [`FOREIGN_BUDGET`] stays mapped.
    pub fn foreign(domain: DomId, privcmd: Privcmd) -> Self {
        Self::foreign_within(domain, privcmd, FOREIGN_BUDGET)
    }

    /// Memory by guest-physical address, of which `budget` bytes stay mapped, in pieces of 2 MiB.
    /// What was not used for the longest time makes room. What batches use at the moment, and
    /// rings, come on top of it.
    pub fn foreign_within(domain: DomId, privcmd: Privcmd, budget: usize) -> Self {
        let counters = Arc::<Counters>::default();
        let buckets = budget / (BUCKET_PAGES * PAGE_SIZE);
        let memory = ForeignMemory::new(domain, privcmd, buckets, counters.clone());
        Self::new(Memory::Foreign(memory), counters)
    }

    /// Memory by grant. Give each worker a node of its own: the kernel keeps the mappings of one
    /// in a list under a lock.
    pub fn grant(domain: DomId, grants: Grants) -> Self {
        Self::grant_by(domain, grants, Policy::default())
    }

    /// Memory by grant, mapped or copied as `policy` says.
    pub fn grant_by(domain: DomId, grants: Grants, policy: Policy) -> Self {
        let counters = Arc::<Counters>::default();
        let memory = GrantMemory {
            domain,
            grants,
            policy,
            counters: counters.clone(),
        };
        Self::new(Memory::Grant(memory), counters)
    }

    fn new(memory: Memory, counters: Arc<Counters>) -> Self {
        Self(Arc::new(Inner {
            memory,
            pins: Mutex::default(),
            pool: Mutex::default(),
            counters,
        }))
    }

    /// What has been done so far.
    pub fn usage(&self) -> Usage {
        self.0.counters.usage()
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
                let mapping = memory.map(pages.first, pages.count).map_err(failed)?;
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
                Counters::add(&self.0.counters.maps, 1);
                Counters::add(&self.0.counters.pages, pages.count);
                Backing::Grant(mapping)
            }
        };
        let pinned = Arc::new(Pinned {
            addr,
            len,
            offset: pages.offset,
            backing,
            counters: self.0.counters.clone(),
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

    fn pool(&self) -> MutexGuard<'_, Vec<Arc<Batch>>> {
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a batch that has ended.
    pub(crate) fn give_back(&self, batch: Arc<Batch>) {
        let pool = &mut *self.pool();
        if pool.len() < POOL {
            pool.push(batch);
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
        let known = self.pool().pop();
        let mut batch = known.unwrap_or_else(|| Arc::new(Batch::new(self.mode())));
        let fresh = Arc::get_mut(&mut batch).expect("the pool's share was the last one");
        fresh.begin(self.clone(), pins);
        BatchGuard::new(batch)
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
    counters: Arc<Counters>,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        Counters::add(&self.counters.unmaps, 1);
    }
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
