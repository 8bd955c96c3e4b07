// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory of a guest that hands out guest-physical addresses.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
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
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    buckets: HashMap<u64, Arc<ForeignMapping>>,
    /// How often everything was forgotten.
    generation: u64,
}

/// The buckets that one batch has used: they stay mapped until it ends, also when the guest's
/// memory has changed meanwhile.
#[derive(Debug, Default)]
pub(crate) struct UsedBuckets(RefCell<Used>);

#[derive(Debug, Default)]
struct Used {
    /// The one to use for each number.
    current: HashMap<u64, Arc<ForeignMapping>>,
    /// Replaced during this batch, but slices may point to them.
    replaced: Vec<Arc<ForeignMapping>>,
    /// Mapped during this batch: what is a hole in one of these stays one. A guest that names
    /// holes over and over must not have their bucket mapped each time.
    fresh: HashSet<u64>,
}

impl ForeignMemory {
    pub fn new(domain: DomId, privcmd: Privcmd) -> Self {
        Self {
            domain,
            privcmd,
            known: RwLock::default(),
        }
    }

    /// Forgets every bucket; the next access maps what the guest has then.
    pub fn invalidate(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.buckets.clear();
        known.generation = known.generation.wrapping_add(1);
    }

    fn known(&self, number: u64) -> Option<Arc<ForeignMapping>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.buckets.get(&number).cloned()
    }

    /// Maps a bucket as the guest's memory is now. It is kept for others, unless the guest's
    /// memory has changed meanwhile: then it may hold what the guest has given away.
    fn map_bucket(&self, number: u64) -> Option<Arc<ForeignMapping>> {
        let generation = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .generation;
        let first = number.checked_mul(BUCKET)?;
        let frames: Vec<Gfn> = (first..first.checked_add(BUCKET)?).map(Gfn).collect();
        let mapping = self
            .privcmd
            .map_foreign(self.domain, &frames, Protection::ReadWrite)
            .inspect_err(|e| log::debug!("domain {}: bucket {number:#x}: {e}", self.domain))
            .ok()
            .filter(ForeignMapping::any_mapped)?;
        let bucket = Arc::new(mapping);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation == generation {
            known.buckets.insert(number, bucket.clone());
        }
        Some(bucket)
    }
}

impl UsedBuckets {
    /// The longest piece of memory at `addr` that lies in one bucket, at most `len` bytes.
    pub fn piece(&self, memory: &ForeignMemory, addr: GuestAddress, len: usize) -> Option<Piece> {
        let pages = Pages::new(addr, len, Mode::Foreign)?;
        let number = pages.first / BUCKET;
        let used = &mut *self.0.borrow_mut();
        let known = used
            .current
            .get(&number)
            .cloned()
            .or_else(|| memory.known(number));
        if let Some(bucket) = known {
            let piece = piece_of(&bucket, pages, len);
            used.keep(number, bucket);
            if piece.is_some() || used.fresh.contains(&number) {
                return piece;
            }
        }
        // There is no bucket yet, or a hole in it, which may have become memory since: nobody
        // tells when a guest's balloon gives back.
        used.fresh.insert(number);
        let bucket = memory.map_bucket(number)?;
        let piece = piece_of(&bucket, pages, len);
        used.keep(number, bucket);
        piece
    }
}

impl Used {
    fn keep(&mut self, number: u64, bucket: Arc<ForeignMapping>) {
        match self.current.insert(number, bucket.clone()) {
            Some(old) if !Arc::ptr_eq(&old, &bucket) => self.replaced.push(old),
            _ => {}
        }
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
