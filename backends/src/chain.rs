// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! From the available ring to checked buffers.
//!
//! Three steps, so that memory is mapped at most twice for a batch: [`Chains::take`]
//! copies descriptors out of the table, [`Chains::plan`] reads the indirect tables and
//! checks every chain, [`Chains::resolve`] makes the buffers accessible. Each descriptor
//! is read once; what was checked is what is used.

mod deliver;
mod plan;

use std::num::Wrapping;
use std::sync::atomic::Ordering;

use virtio_bindings::virtio_ring::{VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT};
use virtio_queue::{Queue, QueueOwnedT, QueueT};
use vm_memory::{Bytes, GuestAddress, Permissions, VolatileSlice};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use self::plan::{Plan, Planned};
use crate::limits::{BATCH_BYTES, BATCH_CHAINS, BATCH_DESCRIPTORS, CHAIN_DESCRIPTORS};
use crate::memory::{Batch, Range};
use crate::pending::Kept;
use crate::request::Receipt;

/// `struct virtq_desc`: virtio 1.2, "The Virtqueue Descriptor Table".
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Descriptor {
    addr: U64,
    len: U32,
    flags: U16,
    next: U16,
}

const DESCRIPTOR_SIZE: usize = size_of::<Descriptor>();
const _: () = assert!(DESCRIPTOR_SIZE == 16);

impl Descriptor {
    /// Whether `flag`, one of `VRING_DESC_F_*`, is set.
    fn has(&self, flag: u32) -> bool {
        u32::from(self.flags.get()) & flag != 0
    }
}

/// What is wrong with a ring as a whole: it cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the queue is not ready, or its rings are not in memory")]
    Invalid,
    #[error("the available ring ends before its index")]
    Unreadable,
    #[error("head {head} is beyond the {size} descriptors")]
    Head { head: u16, size: u16 },
    #[error("the rings cannot be accessed")]
    Access(#[from] vm_memory::GuestMemoryError),
    #[error("the rings cannot be used")]
    Ring(#[from] virtio_queue::Error),
    #[error("the driver cannot be told that head {head} has failed: {flaw}")]
    Untold { head: u16, flaw: Flaw },
}

/// What is wrong with one chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("the chain is too long or loops")]
    Long,
    #[error("a descriptor is beyond its table")]
    Next,
    #[error("an indirect table is empty, too large or not whole")]
    TableSize,
    #[error("an indirect table cannot be read")]
    Table,
    #[error("an indirect descriptor has a successor or is in an indirect table")]
    Nested,
    #[error("a readable buffer follows a writable one")]
    Order,
    #[error("a buffer wraps around the address space")]
    Wraps,
    #[error("the buffers are too large in sum")]
    Large,
    #[error("a buffer cannot be accessed")]
    Inaccessible,
    #[error("the answer does not reach the guest")]
    Lost,
}

impl Flaw {
    /// Whether the host may be the cause, and not the driver alone.
    pub(crate) fn may_be_the_hosts(self) -> bool {
        matches!(self, Self::Table | Self::Inaccessible | Self::Lost)
    }
}

/// A chain as the descriptor table has it.
#[derive(Debug)]
struct Taken {
    head: u16,
    /// The end of its part of `Chains::direct`.
    end: usize,
    table: Option<Range>,
    flaw: Option<Flaw>,
}

/// A chain whose buffers can be accessed: its parts of the slices of the batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    pub(crate) head: u16,
    first: usize,
    split: usize,
    end: usize,
    /// Of a chain with one, there is at most the last writable buffer.
    pub(crate) flaw: Option<Flaw>,
}

impl Resolved {
    /// Its readable and its writable slices.
    pub(crate) fn sides<'b, 'm>(
        &self,
        slices: &'b [VolatileSlice<'m>],
    ) -> (&'b [VolatileSlice<'m>], &'b [VolatileSlice<'m>]) {
        (
            &slices[self.first..self.split],
            &slices[self.split..self.end],
        )
    }
}

/// The chains of one batch. The vectors are kept from batch to batch; `limits` bounds them.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    taken: Vec<Taken>,
    direct: Vec<Descriptor>,
    tables: Vec<Range>,
    /// Descriptors in those tables.
    entries: usize,
    /// The indirect table that is being read.
    table: Vec<Descriptor>,
    planned: Vec<Planned>,
    ranges: Vec<Range>,
    /// What of the last batch the guest was not given.
    lost: Vec<(GuestAddress, usize)>,
    /// The longest of those.
    longest_lost: usize,
}

impl Chains {
    /// Takes chains off the available ring, and says whether it stopped at a limit.
    pub(crate) fn take<M: Batch>(&mut self, queue: &mut Queue, mem: &M) -> Result<bool, Fault> {
        self.begin();
        let (table, size) = (GuestAddress(queue.desc_table()), queue.size());
        let next = Wrapping(queue.next_avail());
        let available = usize::from((queue.avail_idx(mem, Ordering::Acquire)? - next).0);
        let mut heads = queue.iter(mem)?;
        while self.taken.len() < available {
            if self.taken.len() == BATCH_CHAINS {
                return Ok(true);
            }
            let head = heads.next().ok_or(Fault::Unreadable)?.head_index();
            if !self.admit(mem, table, size, head)? {
                heads.go_to_previous_position();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As [`take`](Self::take), of chains that were taken before by somebody who is no more: as many of
    /// `heads`, from the first on, as a batch may have.
    pub(crate) fn take_again<M: Batch>(
        &mut self,
        heads: &[u16],
        queue: &Queue,
        mem: &M,
    ) -> Result<(), Fault> {
        self.begin();
        let (table, size) = (GuestAddress(queue.desc_table()), queue.size());
        for head in heads.iter().take(BATCH_CHAINS) {
            if !self.admit(mem, table, size, *head)? {
                break;
            }
        }
        Ok(())
    }

    /// How many chains the batch has.
    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }

    fn begin(&mut self) {
        self.taken.clear();
        self.direct.clear();
        self.tables.clear();
        self.entries = 0;
    }

    /// Takes one chain; false if the batch has no room for it.
    fn admit<M: Batch>(
        &mut self,
        mem: &M,
        table: GuestAddress,
        size: u16,
        head: u16,
    ) -> Result<bool, Fault> {
        if head >= size {
            return Err(Fault::Head { head, size });
        }
        let first = self.direct.len();
        let taken = self.walk(mem, table, size, head)?;
        self.entries += taken.table.map_or(0, |table| table.len / DESCRIPTOR_SIZE);
        if self.direct.len() + self.entries > BATCH_DESCRIPTORS && !self.taken.is_empty() {
            self.direct.truncate(first);
            return Ok(false);
        }
        self.tables.extend(taken.table);
        self.taken.push(taken);
        Ok(true)
    }

    /// Copies a chain's descriptors out of the table, up to an indirect one.
    fn walk<M: Batch>(
        &mut self,
        mem: &M,
        table: GuestAddress,
        size: u16,
        head: u16,
    ) -> Result<Taken, Fault> {
        let mut taken = Taken {
            head,
            end: self.direct.len(),
            table: None,
            flaw: None,
        };
        let mut index = head;
        for _ in 0..CHAIN_DESCRIPTORS.min(usize::from(size)) {
            let offset = usize::from(index) * DESCRIPTOR_SIZE;
            let addr = mem_offset(table, offset).ok_or(Fault::Invalid)?;
            let mut descriptor = Descriptor::new_zeroed();
            mem.read_slice(descriptor.as_mut_bytes(), addr)?;
            if descriptor.has(VRING_DESC_F_INDIRECT) {
                match indirect(&descriptor) {
                    Ok(table) => taken.table = Some(table),
                    Err(flaw) => taken.flaw = Some(flaw),
                }
                taken.end = self.direct.len();
                return Ok(taken);
            }
            self.direct.push(descriptor);
            taken.end = self.direct.len();
            if !descriptor.has(VRING_DESC_F_NEXT) {
                return Ok(taken);
            }
            index = descriptor.next.get();
            if index >= size {
                taken.flaw = Some(Flaw::Next);
                return Ok(taken);
            }
        }
        taken.flaw = Some(Flaw::Long);
        Ok(taken)
    }

    /// Reads the indirect tables and checks the chains, in order, until [`BATCH_BYTES`] are
    /// reached; says how many chains are left out, to be taken again.
    pub(crate) fn plan<M: Batch>(&mut self, mem: &M) -> u16 {
        self.planned.clear();
        self.ranges.clear();
        if !self.tables.is_empty() {
            mem.declare(&self.tables);
        }
        let (mut start, mut total) = (0, 0);
        for (i, taken) in self.taken.iter().enumerate() {
            let mut plan = Plan::new(&mut self.ranges);
            let direct = &self.direct[start..taken.end];
            let outcome = plan.chain(mem, taken, direct, &mut self.table);
            let planned = plan.finish(taken.head, outcome);
            start = taken.end;
            total += self.ranges[planned.first..]
                .iter()
                .map(|r| r.len)
                .sum::<usize>();
            if total > BATCH_BYTES && i > 0 {
                self.ranges.truncate(planned.first);
                break;
            }
            self.planned.push(planned);
        }
        let left = self.taken.len() - self.planned.len();
        u16::try_from(left).expect("a batch has no more chains than BATCH_CHAINS")
    }

    /// Takes the place of [`take`](Self::take) and [`plan`](Self::plan) for chains that a device
    /// has kept: each with its writable ranges that are left.
    pub(crate) fn plan_kept<'k>(&mut self, kept: impl Iterator<Item = &'k Kept>) {
        self.planned.clear();
        self.ranges.clear();
        for kept in kept {
            let first = self.ranges.len();
            self.ranges.extend(&kept.ranges);
            let end = self.ranges.len();
            self.planned
                .push(Planned::again(kept.head, first, end, kept.flaw));
        }
    }

    /// What is to be remembered of the chain at `place` in the batch.
    pub(crate) fn keep(&self, place: usize, receipt: &Receipt) -> Kept {
        let planned = &self.planned[place];
        let writable = &self.ranges[planned.split..planned.end];
        let written = receipt.written.get();
        Kept::new(planned.head, written, writable, receipt.taken)
    }

    /// The same of a chain of which an answer in parts is lost: it is to be refused.
    pub(crate) fn keep_lost(&self, place: usize, receipt: &Receipt) -> Kept {
        let planned = &self.planned[place];
        let writable = &self.ranges[planned.split..planned.end];
        Kept {
            flaw: Some(Flaw::Lost),
            ..Kept::new(
                planned.head,
                0,
                &writable[writable.len().saturating_sub(1)..],
                receipt.taken,
            )
        }
    }

    /// Makes the buffers accessible: all slices of the batch in one vector, and whose is which.
    pub(crate) fn resolve<'m, M: Batch>(
        &self,
        mem: &'m M,
    ) -> (Vec<VolatileSlice<'m>>, Vec<Resolved>) {
        if !self.ranges.is_empty() {
            mem.declare(&self.ranges);
        }
        let mut slices = Vec::with_capacity(self.ranges.len());
        let resolved = self
            .planned
            .iter()
            .map(|planned| self.reach(*planned, mem, &mut slices));
        let resolved = resolved.collect();
        (slices, resolved)
    }

    /// Appends the slices of one chain.
    fn reach<'m, M: Batch>(
        &self,
        planned: Planned,
        mem: &'m M,
        slices: &mut Vec<VolatileSlice<'m>>,
    ) -> Resolved {
        let Planned {
            head,
            first,
            split,
            end,
            mut flaw,
        } = planned;
        let start = slices.len();
        let mut middle = start;
        let mut whole = push(&self.ranges[first..split], mem, slices);
        if whole {
            middle = slices.len();
            whole = push(&self.ranges[split..end], mem, slices);
        }
        if !whole {
            slices.truncate(start);
            middle = start;
            flaw = flaw.or(Some(Flaw::Inaccessible));
            if end > split && !push(&self.ranges[end - 1..end], mem, slices) {
                slices.truncate(start);
            }
        }
        Resolved {
            head,
            first: start,
            split: middle,
            end: slices.len(),
            flaw,
        }
    }
}

/// Appends what `ranges` are made of, and says whether all of it can be accessed.
fn push<'m, M: Batch>(ranges: &[Range], mem: &'m M, slices: &mut Vec<VolatileSlice<'m>>) -> bool {
    ranges.iter().all(|range| {
        mem.get_slices(range.addr, range.len, range.access)
            .is_ok_and(|pieces| {
                pieces
                    .into_iter()
                    .all(|piece| piece.map(|slice| slices.push(slice)).is_ok())
            })
    })
}

/// `base + offset`, if there is such an address.
fn mem_offset(base: GuestAddress, offset: usize) -> Option<GuestAddress> {
    base.0
        .checked_add(u64::try_from(offset).ok()?)
        .map(GuestAddress)
}

/// The table that an indirect descriptor describes. Its `WRITE` flag means nothing.
fn indirect(descriptor: &Descriptor) -> Result<Range, Flaw> {
    let len = usize::try_from(descriptor.len.get()).unwrap_or(usize::MAX);
    if descriptor.has(VRING_DESC_F_NEXT) {
        return Err(Flaw::Nested);
    }
    if len == 0 || len % DESCRIPTOR_SIZE != 0 || len / DESCRIPTOR_SIZE > CHAIN_DESCRIPTORS {
        return Err(Flaw::TableSize);
    }
    Ok(Range {
        addr: GuestAddress(descriptor.addr.get()),
        len,
        access: Permissions::Read,
    })
}
