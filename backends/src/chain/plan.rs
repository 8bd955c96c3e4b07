// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The check of a chain.

use virtio_bindings::virtio_ring::{VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE};
use vm_memory::{Bytes, GuestAddress, Permissions};
use zerocopy::{FromZeros, IntoBytes};

use super::{DESCRIPTOR_SIZE, Descriptor, Flaw, Taken, mem_offset};
use crate::limits::{CHAIN_DESCRIPTORS, REQUEST_BYTES};
use crate::memory::{Batch, Range};

/// A chain whose descriptors are all read. `first..end` is its part of `Chains::ranges`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    pub(super) head: u16,
    pub(super) first: usize,
    /// Where the writable ranges begin.
    pub(super) split: usize,
    pub(super) end: usize,
    pub(super) flaw: Option<Flaw>,
}

impl Planned {
    /// A chain that was checked before, with writable ranges only.
    pub(super) fn again(head: u16, first: usize, end: usize, flaw: Option<Flaw>) -> Self {
        Self {
            head,
            first,
            split: first,
            end,
            flaw,
        }
    }
}

/// The check of one chain, descriptor by descriptor.
pub(super) struct Plan<'a> {
    ranges: &'a mut Vec<Range>,
    first: usize,
    /// Where writable ranges begin, once one was seen.
    split: Option<usize>,
    descriptors: usize,
    bytes: usize,
    /// What is wrong though the chain has an end.
    flaw: Option<Flaw>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(ranges: &'a mut Vec<Range>) -> Self {
        let first = ranges.len();
        Self {
            ranges,
            first,
            split: None,
            descriptors: 0,
            bytes: 0,
            flaw: None,
        }
    }

    /// Checks all of a chain; `table` is room for an indirect table.
    pub(super) fn chain<M: Batch>(
        &mut self,
        mem: &M,
        taken: &Taken,
        direct: &[Descriptor],
        table: &mut Vec<Descriptor>,
    ) -> Result<(), Flaw> {
        if let Some(flaw) = taken.flaw {
            return Err(flaw);
        }
        direct
            .iter()
            .try_for_each(|descriptor| self.descriptor(descriptor))?;
        if let Some(range) = taken.table {
            table.clear();
            table.resize(range.len / DESCRIPTOR_SIZE, Descriptor::new_zeroed());
            if mem.read_slice(table.as_mut_bytes(), range.addr).is_err() {
                return Err(Flaw::Table);
            }
            self.table(table)?;
        }
        match self.flaw {
            Some(flaw) => Err(flaw),
            None if self.bytes > REQUEST_BYTES => Err(Flaw::Large),
            None => Ok(()),
        }
    }

    /// Follows a chain through its indirect table.
    fn table(&mut self, table: &[Descriptor]) -> Result<(), Flaw> {
        let mut index = 0;
        loop {
            let descriptor = table.get(index).ok_or(Flaw::Next)?;
            if descriptor.has(VRING_DESC_F_INDIRECT) {
                return Err(Flaw::Nested);
            }
            self.descriptor(descriptor)?;
            if !descriptor.has(VRING_DESC_F_NEXT) {
                return Ok(());
            }
            index = usize::from(descriptor.next.get());
        }
    }

    /// Checks one descriptor. An empty one is allowed, and is nothing. One that is at the wrong place
    /// fails the chain, but not before its end is found, where the status may be.
    fn descriptor(&mut self, descriptor: &Descriptor) -> Result<(), Flaw> {
        self.descriptors += 1;
        if self.descriptors > CHAIN_DESCRIPTORS {
            return Err(Flaw::Long);
        }
        let len = usize::try_from(descriptor.len.get()).unwrap_or(usize::MAX);
        let access = match (descriptor.has(VRING_DESC_F_WRITE), self.split) {
            (true, split) => {
                self.split = split.or(Some(self.ranges.len()));
                Permissions::Write
            }
            (false, None) => Permissions::Read,
            (false, Some(_)) => {
                self.flaw = self.flaw.or(Some(Flaw::Order));
                Permissions::Read
            }
        };
        if len == 0 {
            return Ok(());
        }
        let addr = GuestAddress(descriptor.addr.get());
        if mem_offset(addr, len - 1).is_none() {
            self.flaw = self.flaw.or(Some(Flaw::Wraps));
            // What is before it is not the last one.
            self.ranges.truncate(self.first);
            return Ok(());
        }
        self.bytes = self.bytes.saturating_add(len);
        self.ranges.push(Range { addr, len, access });
        Ok(())
    }

    /// Keeps what the chain may use: all ranges, or of a flawed one that has an end the last
    /// writable range, or nothing.
    pub(super) fn finish(self, head: u16, outcome: Result<(), Flaw>) -> Planned {
        let Self {
            ranges,
            first,
            split,
            ..
        } = self;
        let split = split.unwrap_or(ranges.len());
        let Err(flaw) = outcome else {
            return Planned {
                head,
                first,
                split,
                end: ranges.len(),
                flaw: None,
            };
        };
        let has_end = matches!(flaw, Flaw::Large | Flaw::Order | Flaw::Wraps);
        let last = ranges[first..].last().copied().filter(|range| {
            has_end && range.access == Permissions::Write && range.len <= REQUEST_BYTES
        });
        ranges.truncate(first);
        ranges.extend(last);
        Planned {
            head,
            first,
            split: first,
            end: ranges.len(),
            flaw: Some(flaw),
        }
    }
}
