// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory that the guest grants, page by page, request by request.

use std::cell::RefCell;
use std::collections::HashMap;

use vm_memory::{GuestAddress, Permissions};
use xen_hypercall::{DomId, GrantRef, PAGE_SIZE};
use xen_ioctls::{GrantMapping, Grants, Protection};

use crate::address::{Mode, Pages};
use crate::batch::{self, Piece};

/// A guest that names one buffer of 2^32 pages must not make this process build a list of them:
/// one access maps at most 64 MiB, a quarter of what gntdev takes in one call.
const MAX_PAGES: usize = 16 * 1024;

/// A domain whose devices use grants.
#[derive(Debug)]
pub(crate) struct GrantMemory {
    pub domain: DomId,
    pub grants: Grants,
}

/// The grants of one batch: what is mapped so far, by first reference.
#[derive(Debug, Default)]
pub(crate) struct MappedGrants(RefCell<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Where to find the pages that begin with a reference.
    index: HashMap<u64, Entry>,
    /// What keeps them mapped. Only ever grows, so a piece once given out stays valid.
    mappings: Vec<GrantMapping>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: *mut u8,
    count: usize,
    protection: Protection,
}

impl Entry {
    fn serves(&self, count: usize, protection: Protection) -> bool {
        self.count >= count && (self.protection == protection || protection == Protection::Read)
    }
}

impl MappedGrants {
    /// Maps all that the ranges need in two calls, one for what is read and one for what is
    /// written. Where that fails, a bad reference is among them: nothing is mapped, and the good
    /// ones are mapped one by one when they are accessed.
    pub fn declare(
        &self,
        memory: &GrantMemory,
        ranges: impl Iterator<Item = (GuestAddress, usize, Permissions)> + Clone,
    ) {
        let inner = &mut *self.0.borrow_mut();
        for protection in [Protection::Read, Protection::ReadWrite] {
            let mut total = 0;
            let pages: Vec<Pages> = ranges
                .clone()
                .filter(|(_, _, access)| batch::protection(*access) == protection)
                .filter_map(|(addr, len, _)| Pages::new(addr, len, Mode::Grant))
                .filter(|pages| !inner.has(pages, protection))
                .take_while(|pages| {
                    total += pages.count;
                    total <= MAX_PAGES
                })
                .collect();
            if pages.len() > 1
                && let Err(e) = inner.map(memory, &pages, protection)
            {
                log::debug!("domain {}: grants one by one: {e}", memory.domain);
            }
        }
    }

    /// The memory at `addr`, mapped now unless it is already.
    pub fn piece(
        &self,
        memory: &GrantMemory,
        addr: GuestAddress,
        len: usize,
        protection: Protection,
    ) -> Option<Piece> {
        let pages = Pages::new(addr, len, Mode::Grant).filter(|p| p.count <= MAX_PAGES)?;
        let inner = &mut *self.0.borrow_mut();
        let start = match inner.index.get(&pages.first) {
            Some(entry) if entry.serves(pages.count, protection) => entry.start,
            _ => inner.map(memory, &[pages], protection).ok()?,
        };
        Some(Piece {
            start: start.wrapping_add(pages.offset),
            len,
        })
    }
}

impl Inner {
    fn has(&self, pages: &Pages, protection: Protection) -> bool {
        self.index
            .get(&pages.first)
            .is_some_and(|entry| entry.serves(pages.count, protection))
    }

    /// Maps the pages side by side, remembers where each range begins, and returns where the
    /// first does.
    fn map(
        &mut self,
        memory: &GrantMemory,
        pages: &[Pages],
        protection: Protection,
    ) -> Result<*mut u8, xen_ioctls::Error> {
        let refs: Vec<GrantRef> = pages.iter().flat_map(|p| p.grants()).collect();
        let mapping = memory.grants.map(memory.domain, &refs, protection)?;
        let first = mapping.mapping().as_ptr();
        let mut start = first;
        for range in pages {
            let entry = Entry {
                start,
                count: range.count,
                protection,
            };
            let known = self.index.entry(range.first).or_insert(entry);
            // Two buffers may begin in the same page: an entry that serves both stays.
            if entry.serves(known.count, known.protection) {
                *known = entry;
            }
            start = start.wrapping_add(range.count * PAGE_SIZE);
        }
        self.mappings.push(mapping);
        Ok(first)
    }
}
