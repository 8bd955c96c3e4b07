// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory of a guest that hands out guest-physical addresses.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use vm_memory::GuestAddress;
use xen_hypercall::{DomId, Gfn, PAGE_SIZE};
use xen_ioctls::{ForeignMapping, Privcmd, Protection};

use crate::address::{Mode, Pages};
use crate::batch::Piece;

/// Frames of one bucket: 2 MiB.
const BUCKET: u64 = 512;
/// [`BUCKET`] as a number of pages.
const BUCKET_PAGES: usize = 512;

/// A domain whose memory is mapped by privilege, and what of it is mapped so far.
///
/// There are at most as many buckets as the guest has memory for: one without a single frame is
/// not kept.
#[derive(Debug)]
pub(crate) struct ForeignMemory {
    pub domain: DomId,
    pub privcmd: Privcmd,
    buckets: RwLock<HashMap<u64, Arc<ForeignMapping>>>,
}

/// The buckets that one batch has used: they stay mapped until it ends, also when the guest's
/// memory has changed meanwhile.
#[derive(Debug, Default)]
pub(crate) struct UsedBuckets(RefCell<HashMap<u64, Arc<ForeignMapping>>>);

impl ForeignMemory {
    pub fn new(domain: DomId, privcmd: Privcmd) -> Self {
        Self {
            domain,
            privcmd,
            buckets: RwLock::default(),
        }
    }

    /// Forgets every bucket; the next access maps what the guest has then.
    pub fn invalidate(&self) {
        self.buckets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn bucket(&self, number: u64) -> Option<Arc<ForeignMapping>> {
        let known = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = known.get(&number) {
            return Some(bucket.clone());
        }
        drop(known);
        self.map_bucket(number)
    }

    /// Maps a bucket. Two workers may do so at the same time; the later one's stays.
    fn map_bucket(&self, number: u64) -> Option<Arc<ForeignMapping>> {
        let first = number.checked_mul(BUCKET)?;
        let frames: Vec<Gfn> = (first..first.checked_add(BUCKET)?).map(Gfn).collect();
        let mapping = self
            .privcmd
            .map_foreign(self.domain, &frames, Protection::ReadWrite)
            .inspect_err(|e| log::debug!("domain {}: bucket {number:#x}: {e}", self.domain))
            .ok()
            .filter(ForeignMapping::any_mapped)?;
        let bucket = Arc::new(mapping);
        let mut known = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(number, bucket.clone());
        Some(bucket)
    }
}

impl UsedBuckets {
    /// The longest piece of memory at `addr` that lies in one bucket, at most `len` bytes.
    pub fn piece(&self, memory: &ForeignMemory, addr: GuestAddress, len: usize) -> Option<Piece> {
        let pages = Pages::new(addr, len, Mode::Foreign)?;
        let number = pages.first / BUCKET;
        let used = &mut *self.0.borrow_mut();
        let known = used.get(&number).cloned();
        let piece = known.and_then(|bucket| piece_of(&bucket, pages, len));
        if piece.is_some() {
            return piece;
        }
        // A frame that was a hole may have become memory: look once more.
        let bucket = match used.contains_key(&number) {
            false => memory.bucket(number)?,
            true => return None,
        };
        let piece = piece_of(&bucket, pages, len);
        used.insert(number, bucket);
        piece
    }
}

/// The piece of `pages` that begins in `bucket` and ends with it, with the first frame that is
/// not there, or with the `len` bytes.
fn piece_of(bucket: &ForeignMapping, pages: Pages, len: usize) -> Option<Piece> {
    let first = usize::try_from(pages.first % BUCKET).ok()?;
    let last = (first + pages.count).min(BUCKET_PAGES);
    let there = (first..last).take_while(|n| bucket.is_mapped(*n)).count();
    let bytes = (there * PAGE_SIZE).checked_sub(pages.offset)?.min(len);
    let start = bucket
        .mapping()
        .as_ptr()
        .wrapping_add(first * PAGE_SIZE + pages.offset);
    (bytes > 0).then_some(Piece { start, len: bytes })
}
