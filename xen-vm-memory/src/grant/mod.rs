// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory that the guest grants, page by page, request by request.

// UNSAFE: pointers into memory of the batch's own go from thread to thread with it.
#![expect(unsafe_code)]

mod bounce;
mod copy;
mod policy;

use std::collections::hash_map::Entry;
use std::sync::Arc;

use vm_memory::{GuestAddress, Permissions};
use xen_hypercall::{DomId, PAGE_SIZE};
use xen_ioctls::{GrantList, GrantMapping, Grants, Protection};

use crate::address::{Mode, Pages};
use crate::batch::{self, ByNumber, Piece};
use crate::counters::Counters;
use bounce::Bounce;
use copy::Copies;
pub use policy::{COPY_IN_MAX, COPY_OUT_MAX, Policy};

/// A guest that names one buffer of 2^32 pages must not make this process build a list of them:
/// one access reaches at most 64 MiB, a quarter of what gntdev takes in one call.
const MAX_PAGES: usize = 16 * 1024;

/// A domain whose devices use grants.
#[derive(Debug)]
pub(crate) struct GrantMemory {
    pub domain: DomId,
    pub grants: Grants,
    pub policy: Policy,
    pub counters: Arc<Counters>,
}

/// What one batch has reached so far. Whatever piece it has once given out stays valid until the
/// batch ends.
#[derive(Debug, Default)]
pub(crate) struct GrantBatch {
    /// How each page is reached, by reference: all ranges of a batch see a page in the same way,
    /// so that what one of them writes another one reads.
    pages: ByNumber<Page>,
    /// What was declared, in order; mostly it is accessed in that order.
    declared: Vec<Declared>,
    /// The next of them.
    next: usize,
    /// Counted here, and added up once.
    hits: usize,
    /// What keeps the mapped pages. Only ever grows.
    mappings: Vec<GrantMapping>,
    bounce: Bounce,
    copies: Copies,
    /// References that are about to be mapped, and their ranges.
    list: GrantList,
    wanted: Vec<Pages>,
}

// SAFETY: the pointers lead to memory that the batch owns (its mappings, its bounce pages), which
// is not bound to a thread.
unsafe impl Send for GrantBatch {}

#[derive(Clone, Copy, Debug)]
struct Page {
    start: *mut u8,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Mapped(Protection),
    /// A bounce page, of which these bytes are the guest's.
    Copied {
        from: usize,
        to: usize,
    },
    /// Xen has refused it.
    Refused,
}

#[derive(Clone, Copy, Debug)]
struct Declared {
    addr: GuestAddress,
    len: usize,
    access: Permissions,
    start: *mut u8,
}

impl Page {
    fn serves(&self, from: usize, to: usize, protection: Protection) -> bool {
        match self.form {
            Form::Mapped(mapped) => mapped == protection || protection == Protection::Read,
            Form::Copied { from: a, to: b } => a <= from && to <= b,
            Form::Refused => false,
        }
    }

    fn is_copied(&self) -> bool {
        matches!(self.form, Form::Copied { .. })
    }
}

impl GrantBatch {
    /// Reaches all that the ranges need: maps what is mapped in one go for what is read and one
    /// for what is written, and copies in what is copied in one go. Where a mapping fails, a bad
    /// reference is among many: its ranges are copied too, each for itself.
    pub fn declare(
        &mut self,
        memory: &GrantMemory,
        ranges: impl Iterator<Item = (GuestAddress, usize, Permissions)> + Clone,
    ) {
        let mut room = MAX_PAGES;
        let mut fallback = false;
        for protection in [Protection::Read, Protection::ReadWrite] {
            for (addr, len, access) in ranges.clone() {
                if memory.policy.maps(len, access) && batch::protection(access) == protection {
                    self.want(addr, len, protection, &mut room);
                }
            }
            fallback |= !self.map_wanted(memory, protection) && memory.policy != Policy::Map;
        }
        for (addr, len, access) in ranges.clone() {
            let mapped = memory.policy.maps(len, access);
            if (!mapped || fallback)
                && let Some(pages) = Pages::new(addr, len, Mode::Grant)
            {
                self.want_copy(memory, pages, len, access, &mut room);
            }
        }
        self.copy_in(memory);
        self.next = self.declared.len();
        for (addr, len, access) in ranges {
            let pages = Pages::new(addr, len, Mode::Grant);
            if let Some(pages) = pages
                && let Some(piece) = self.reached(pages, len, batch::protection(access))
                && piece.len == len
            {
                if access.has_write() {
                    self.will_write(pages, len);
                }
                let start = piece.start;
                self.declared.push(Declared {
                    addr,
                    len,
                    access,
                    start,
                });
            }
        }
    }

    /// The memory at `addr`, reached now unless it is already.
    pub fn piece(
        &mut self,
        memory: &GrantMemory,
        addr: GuestAddress,
        len: usize,
        access: Permissions,
    ) -> Option<Piece> {
        if let Some(known) = self.declared.get(self.next)
            && (known.addr, known.len, known.access) == (addr, len, access)
        {
            self.next += 1;
            self.hits += 1;
            let start = known.start;
            return Some(Piece { start, len });
        }
        let pages = Pages::new(addr, len, Mode::Grant).filter(|p| p.count <= MAX_PAGES)?;
        let protection = batch::protection(access);
        let mut piece = self.reached(pages, len, protection);
        if piece.is_some() {
            self.hits += 1;
        } else {
            self.reach(memory, pages, len, access);
            piece = self.reached(pages, len, protection);
        }
        match piece {
            Some(Piece { len, .. }) if access.has_write() => self.will_write(pages, len),
            Some(_) => {}
            None => Counters::add(&memory.counters.failures, 1),
        }
        piece
    }

    /// Reaches one range by itself.
    fn reach(&mut self, memory: &GrantMemory, pages: Pages, len: usize, access: Permissions) {
        let protection = batch::protection(access);
        let mut room = MAX_PAGES;
        let copied = self.pages.get(&pages.first).is_some_and(Page::is_copied);
        if memory.policy.maps(len, access) && !copied {
            self.wanted.push(pages);
            if self.map_wanted(memory, protection) || memory.policy == Policy::Map {
                return;
            }
        }
        // Nobody has said that all of it will be written.
        let access = access | Permissions::Read;
        self.want_copy(memory, pages, len, access, &mut room);
        self.copy_in(memory);
    }

    /// How much of a range is reached, side by side.
    fn reached(&self, pages: Pages, len: usize, protection: Protection) -> Option<Piece> {
        let mut start = None;
        let mut done = 0;
        let mut offset = pages.offset;
        for number in pages.first.. {
            let to = PAGE_SIZE.min(offset + (len - done));
            let page = self.pages.get(&number);
            let Some(page) = page.filter(|page| page.serves(offset, to, protection)) else {
                break;
            };
            let first = *start.get_or_insert(page.start.wrapping_add(offset));
            if page.start.wrapping_add(offset) != first.wrapping_add(done) {
                break;
            }
            done += to - offset;
            offset = 0;
            if done == len {
                break;
            }
        }
        start.map(|start| Piece { start, len: done })
    }

    /// Puts a range on the list of what is to be mapped, unless it is reached or cannot be.
    fn want(&mut self, addr: GuestAddress, len: usize, protection: Protection, room: &mut usize) {
        let Some(pages) = Pages::new(addr, len, Mode::Grant).filter(|p| p.count <= *room) else {
            return;
        };
        // A page that is copied stays copied; so does the range that it is in.
        let copied = |number| self.pages.get(&number).is_some_and(Page::is_copied);
        let mut numbers = (pages.first..).take(pages.count);
        let reached = self.reached(pages, len, protection);
        if reached.is_none_or(|piece| piece.len < len) && !numbers.any(copied) {
            *room -= pages.count;
            self.wanted.push(pages);
        }
    }

    /// Maps what is wanted, side by side; whether that went well.
    fn map_wanted(&mut self, memory: &GrantMemory, protection: Protection) -> bool {
        if self.wanted.is_empty() {
            return true;
        }
        self.list.clear();
        for pages in &self.wanted {
            self.list.extend(memory.domain, pages.grants());
        }
        let mapping = memory
            .grants
            .map_list(memory.domain, &mut self.list, protection);
        match mapping {
            Ok(mapping) => {
                Counters::add(&memory.counters.maps, 1);
                Counters::add(&memory.counters.pages, self.list.len());
                self.mapped(mapping, protection);
                true
            }
            Err(e) => {
                log::debug!("domain {}: grants one by one: {e}", memory.domain);
                Counters::add(&memory.counters.failures, 1);
                self.wanted.clear();
                false
            }
        }
    }

    /// Remembers what is mapped.
    fn mapped(&mut self, mapping: GrantMapping, protection: Protection) {
        let mut start = mapping.mapping().as_ptr();
        let form = Form::Mapped(protection);
        for number in self
            .wanted
            .drain(..)
            .flat_map(|pages| (pages.first..).take(pages.count))
        {
            let page = Page { start, form };
            match self.pages.entry(number) {
                Entry::Vacant(entry) => {
                    entry.insert(page);
                }
                // Two buffers may share a page: one that serves both stays, unless ranges that
                // go on behind it need it side by side with the next.
                Entry::Occupied(mut entry) if !entry.get().is_copied() => {
                    let known = entry.get().form;
                    if known != Form::Mapped(Protection::ReadWrite) || known == form {
                        entry.insert(page);
                    }
                }
                Entry::Occupied(_) => {}
            }
            start = start.wrapping_add(PAGE_SIZE);
        }
        self.mappings.push(mapping);
    }

    /// Copies out what has been written, and tells `lost` what the guest could not be given.
    pub fn finish(&mut self, memory: &GrantMemory, lost: &mut dyn FnMut(GuestAddress, usize)) {
        self.copies.copy_out(memory, lost);
    }

    /// Finishes, and lets go of everything.
    pub fn end(&mut self, memory: &GrantMemory) {
        self.finish(memory, &mut |_, _| {});
        if !self.mappings.is_empty() {
            Counters::add(&memory.counters.unmaps, self.mappings.len());
        }
        if self.hits > 0 {
            Counters::add(&memory.counters.hits, self.hits);
        }
        self.hits = 0;
        self.mappings.clear();
        self.pages.clear();
        self.declared.clear();
        self.next = 0;
        self.copies.clear();
        self.bounce.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: u64 = 40;

    /// A batch of which `bytes` of each of three pages are copied.
    fn three_pages(bytes: [(usize, usize); 3]) -> GrantBatch {
        let mut batch = GrantBatch::default();
        for (number, (from, to)) in (FIRST..).zip(bytes) {
            let start = batch.bounce.take().unwrap();
            let form = Form::Copied { from, to };
            batch.pages.insert(number, Page { start, form });
        }
        batch
    }

    fn reached(batch: &GrantBatch, offset: usize, len: usize) -> Option<usize> {
        let pages = Pages {
            first: FIRST,
            offset,
            count: (offset + len).div_ceil(PAGE_SIZE),
        };
        let piece = batch.reached(pages, len, Protection::ReadWrite)?;
        for n in 0..piece.len {
            // SAFETY: the bytes are of bounce pages, and this test's alone.
            unsafe { piece.start.wrapping_add(n).write(1) };
        }
        Some(piece.len)
    }

    #[test]
    fn pages_side_by_side_are_one_piece() {
        let batch = three_pages([(100, 4096), (0, 4096), (0, 50)]);

        assert_eq!(reached(&batch, 100, 3996 + 4096 + 50), Some(8142));
        assert_eq!(reached(&batch, 4095, 2), Some(2));
    }

    #[test]
    fn a_piece_ends_where_the_copied_bytes_do() {
        let batch = three_pages([(100, 4096), (0, 4095), (0, 4096)]);

        assert_eq!(reached(&batch, 99, 10), None);
        assert_eq!(reached(&batch, 100, 3996 + 4095), Some(3996 + 4095));
        assert_eq!(reached(&batch, 100, 3996 + 4096), Some(3996));
        assert_eq!(reached(&batch, 100, 10_000), Some(3996));
    }
}
