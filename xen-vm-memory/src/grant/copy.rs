// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Ranges that are copied instead of mapped.

// UNSAFE: the kernel copies to and from bounce pages, to which slices may point.
#![expect(unsafe_code)]

use vm_memory::{GuestAddress, Permissions};
use xen_hypercall::{GrantRef, PAGE_SHIFT, PAGE_SIZE};
use xen_ioctls::Segment;

use super::{Form, GrantBatch, GrantMemory, Page};
use crate::address::{GRANT_BIT, Pages};
use crate::batch;
use crate::counters::Counters;

/// What a byte is that was declared for writing and was not written: no leftover of an earlier
/// request, and of no device's status bytes the one that means success.
const UNWRITTEN: u8 = 0xff;

/// The lists of a batch's copies.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// To be copied in, or out; always empty between calls.
    segments: Vec<Segment<'static>>,
    /// The pages that `segments` are of.
    owners: Vec<u64>,
    /// What the device may have written.
    written: Vec<Written>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    page: u64,
    from: usize,
    to: usize,
    start: *mut u8,
}

/// The parts of a range that lie in one page each: its number, and from where to where.
fn parts(pages: Pages, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = pages.offset + len;
    (pages.first..).zip(0..pages.count).map(move |(page, n)| {
        let from = if n == 0 { pages.offset } else { 0 };
        (page, from, PAGE_SIZE.min(end - n * PAGE_SIZE))
    })
}

/// A reference that [`Pages::new`] has checked.
fn reference(page: u64) -> GrantRef {
    GrantRef(u32::try_from(page).expect("Pages::new has checked the limit"))
}

impl GrantBatch {
    /// Gives a range bounce pages, as far as it is not reached, and puts what the device will
    /// read of it on the list of what is to be copied in.
    pub(super) fn want_copy(
        &mut self,
        memory: &GrantMemory,
        pages: Pages,
        len: usize,
        access: Permissions,
        room: &mut usize,
    ) {
        if pages.count > *room {
            return;
        }
        *room -= pages.count;
        let protection = batch::protection(access);
        for (page, from, to) in parts(pages, len) {
            let known = self.pages.get(&page).copied();
            if !known.is_some_and(|known| known.serves(from, to, protection)) {
                let read = access != Permissions::Write;
                self.want_part(memory, (page, known), (from, to), read);
            }
        }
    }

    /// Has a part of a page copied in, or filled, and between it and what is there already what
    /// makes them one.
    fn want_part(
        &mut self,
        memory: &GrantMemory,
        (number, old): (u64, Option<Page>),
        (from, to): (usize, usize),
        read: bool,
    ) {
        let (start, pieces, form) = match old.map(|page| (page.start, page.form)) {
            Some((_, Form::Refused)) => return,
            Some((start, Form::Copied { from: a, to: b })) => (
                start,
                [(from, a), (b, to)],
                Form::Copied {
                    from: from.min(a),
                    to: to.max(b),
                },
            ),
            // Mapped for reading only, or not reached at all.
            Some((_, Form::Mapped(_))) | None => {
                let Some(start) = self.bounce.take() else {
                    return;
                };
                // Where declared ranges are may have changed: each is to be looked up.
                self.next = self.declared.len();
                (start, [(from, to), (to, to)], Form::Copied { from, to })
            }
        };
        // What lies between is the guest's, too: only a part by itself can be filled.
        let by_itself = !matches!(old.map(|page| page.form), Some(Form::Copied { .. }));
        if by_itself && !read {
            // SAFETY: the bytes are of a bounce page that was taken just now, for this alone.
            unsafe { start.wrapping_add(from).write_bytes(UNWRITTEN, to - from) };
            self.pages.insert(number, Page { start, form });
            return;
        }
        for (from, to) in pieces.into_iter().filter(|(from, to)| from < to) {
            let memory_at = start.wrapping_add(from);
            // SAFETY: the bytes are of a bounce page of this batch, which exists until the batch
            // ends, after the list was used. They are no part of what any slice covers: a slice
            // covers bytes that were copied in before.
            let segment = unsafe {
                Segment::read_to(memory.domain, reference(number), from, memory_at, to - from)
            };
            self.copies
                .segments
                .push(segment.expect("a part of a page"));
            self.copies.owners.push(number);
        }
        self.pages.insert(number, Page { start, form });
    }

    /// Copies in what is on the list. What Xen refuses is not reached.
    pub(super) fn copy_in(&mut self, memory: &GrantMemory) {
        let Copies {
            segments, owners, ..
        } = &mut self.copies;
        if segments.is_empty() {
            return;
        }
        let all = memory.grants.copy(segments);
        Counters::add(&memory.counters.copies, 1);
        if let Err(e) = &all {
            log::debug!("domain {}: {e}", memory.domain);
        }
        let mut bytes = 0;
        for (segment, owner) in segments.drain(..).zip(owners.drain(..)) {
            match (&all, segment.status()) {
                (Ok(()), Ok(())) => bytes += segment.len(),
                _ => {
                    Counters::add(&memory.counters.failures, 1);
                    let page = self.pages.get_mut(&owner);
                    page.expect("its owner was listed").form = Form::Refused;
                }
            }
        }
        Counters::add(&memory.counters.bytes_in, bytes);
    }

    /// Remembers that the first `len` bytes of a range may be written: what of them is copied has
    /// to go back to the guest.
    pub(super) fn will_write(&mut self, pages: Pages, len: usize) {
        /// How many of the last ranges are looked at for one that covers this one.
        const RECENT: usize = 4;
        for (page, from, to) in parts(pages, len) {
            if from >= to {
                break;
            }
            let Some(Page { start, .. }) = self.pages.get(&page).filter(|p| p.is_copied()) else {
                continue;
            };
            let written = Written {
                page,
                from,
                to,
                start: *start,
            };
            let list = &mut self.copies.written;
            let mut recent = list.iter().rev().take(RECENT);
            if !recent.any(|w| w.page == page && w.from <= from && to <= w.to) {
                list.push(written);
            }
        }
    }
}

impl Copies {
    /// Copies out what may have been written; each piece that the guest could not be given goes
    /// to `lost`.
    pub(super) fn copy_out(
        &mut self,
        memory: &GrantMemory,
        lost: &mut dyn FnMut(GuestAddress, usize),
    ) {
        if self.written.is_empty() {
            return;
        }
        for w in &self.written {
            let from = w.start.wrapping_add(w.from);
            let (grant, len) = (reference(w.page), w.to - w.from);
            // SAFETY: the bytes are of a bounce page of this batch, which exists until the batch
            // ends, after the list was used; the kernel only reads them.
            let segment = unsafe { Segment::write_from(memory.domain, grant, w.from, from, len) };
            self.segments.push(segment.expect("a part of a page"));
        }
        let all = memory.grants.copy(&mut self.segments);
        Counters::add(&memory.counters.copies, 1);
        if let Err(e) = &all {
            log::debug!("domain {}: {e}", memory.domain);
        }
        for (segment, w) in self.segments.drain(..).zip(self.written.drain(..)) {
            let len = w.to - w.from;
            if all.is_ok() && segment.status().is_ok() {
                Counters::add(&memory.counters.bytes_out, len);
                continue;
            }
            Counters::add(&memory.counters.undelivered, 1);
            let offset = u64::try_from(w.from).expect("an offset in a page");
            lost(
                GuestAddress(GRANT_BIT | (w.page << PAGE_SHIFT) | offset),
                len,
            );
        }
    }

    /// Forgets everything, and keeps the room for it.
    pub(super) fn clear(&mut self) {
        self.segments.clear();
        self.owners.clear();
        self.written.clear();
    }
}
