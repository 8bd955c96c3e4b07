// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory of a guest that hands out guest-physical addresses.

mod cache;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use vm_memory::GuestAddress;
use xen_hypercall::{DomId, Gfn, PAGE_SIZE};
use xen_ioctls::{ForeignMapping, Privcmd, Protection};

use crate::address::{Mode, Pages};
use crate::batch::{ByNumber, Piece};
use crate::counters::Counters;
use cache::{Cache, Generation};

/// Frames of one bucket: 2 MiB.
const BUCKET: u64 = 512;
/// [`BUCKET`] as a number of pages.
pub(crate) const BUCKET_PAGES: usize = 512;

/// Attack: a guest that names memory it does not have, a different page each time, has one
/// mapping tried for each. After so many in a batch, what is not mapped yet is taken for a hole.
const MISSES: usize = 64;

/// A domain whose memory is mapped by privilege, and what of it is mapped so far.
#[derive(Debug)]
pub(crate) struct ForeignMemory {
    pub domain: DomId,
    pub privcmd: Privcmd,
    cache: RwLock<Cache<ForeignMapping>>,
    /// Numbers batches, to know what was used last.
    batches: AtomicU64,
    counters: Arc<Counters>,
}

/// What one batch has used: it stays mapped until the batch ends, also when the guest's memory
/// has changed meanwhile.
#[derive(Debug, Default)]
pub(crate) struct ForeignBatch {
    /// The number of the batch, once it has used anything.
    number: Option<u64>,
    /// The bucket that was used last; most batches need no other.
    last: Option<(u64, Arc<ForeignMapping>)>,
    /// Counted here, and added up once.
    hits: usize,
    used: ByNumber<Arc<ForeignMapping>>,
    /// Used buckets that were mapped anew.
    replaced: Vec<Arc<ForeignMapping>>,
    /// Pages beyond the budget, by frame, and what they are in.
    single: ByNumber<(usize, usize)>,
    singles: Vec<ForeignMapping>,
    misses: usize,
}

impl ForeignMemory {
    /// Memory of which `budget` buckets stay mapped.
    pub fn new(domain: DomId, privcmd: Privcmd, budget: usize, counters: Arc<Counters>) -> Self {
        Self {
            domain,
            privcmd,
            cache: RwLock::new(Cache::new(budget)),
            batches: AtomicU64::new(0),
            counters,
        }
    }

    /// Forgets every bucket; the next batch maps what the guest has then.
    pub fn invalidate(&self) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let gone = cache.invalidate();
        drop(cache);
        self.drop_buckets(gone);
    }

    fn find(&self, number: u64, batch: u64) -> Result<Arc<ForeignMapping>, Generation> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.find(number, batch)
    }

    fn generation(&self) -> Generation {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.generation()
    }

    fn budget(&self) -> usize {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.budget()
    }

    /// Maps frames; a hole is no error.
    pub fn map(&self, first: u64, count: usize) -> Result<ForeignMapping, xen_ioctls::Error> {
        let frames: Vec<Gfn> = (first..).take(count).map(Gfn).collect();
        let mapping = self
            .privcmd
            .map_foreign(self.domain, &frames, Protection::ReadWrite)?;
        Counters::add(&self.counters.maps, 1);
        Counters::add(&self.counters.pages, count);
        Ok(mapping)
    }

    /// Whether the guest has memory at a frame just now.
    fn probe(&self, frame: u64) -> bool {
        let mapping = self.map(frame, 1);
        let there = mapping.as_ref().is_ok_and(|mapping| mapping.is_mapped(0));
        Counters::add(&self.counters.unmaps, usize::from(mapping.is_ok()));
        there
    }

    /// Maps a bucket and keeps it, unless the guest's memory has changed since `generation`.
    fn map_bucket(
        &self,
        number: u64,
        generation: Generation,
        batch: u64,
    ) -> Option<Arc<ForeignMapping>> {
        let mapping = self
            .map(number.checked_mul(BUCKET)?, BUCKET_PAGES)
            .inspect_err(|e| log::debug!("domain {}: bucket {number:#x}: {e}", self.domain));
        let bucket = Arc::new(mapping.ok()?);
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let gone = cache.insert(number, generation, bucket.clone(), batch);
        drop(cache);
        Counters::add(&self.counters.evictions, gone.len());
        self.drop_buckets(gone);
        Some(bucket)
    }

    fn drop_buckets(&self, gone: Vec<Arc<ForeignMapping>>) {
        Counters::add(&self.counters.unmaps, gone.len());
    }
}

impl ForeignBatch {
    /// The longest piece of memory at `addr` that lies side by side, at most `len` bytes.
    pub fn piece(
        &mut self,
        memory: &ForeignMemory,
        addr: GuestAddress,
        len: usize,
    ) -> Option<Piece> {
        let pages = Pages::new(addr, len, Mode::Foreign)?;
        let number = pages.first / BUCKET;
        self.turn_to(number);
        if let Some(piece) = self.piece_of_last(number, pages, len) {
            self.hits += 1;
            return Some(piece);
        }
        if let Some(piece) = self.single(pages, len) {
            return Some(piece);
        }
        let found = self.look_up(memory, number, pages, len);
        Counters::add(&memory.counters.failures, usize::from(found.is_none()));
        found
    }

    /// The same, if all of it is in the bucket that was used last.
    pub fn hit(&mut self, addr: GuestAddress, len: usize) -> Option<Piece> {
        let pages = Pages::new(addr, len, Mode::Foreign)?;
        let piece = self.piece_of_last(pages.first / BUCKET, pages, len)?;
        if piece.len != len {
            return None;
        }
        self.hits += 1;
        Some(piece)
    }

    fn piece_of_last(&self, number: u64, pages: Pages, len: usize) -> Option<Piece> {
        let (_, bucket) = self.last.as_ref().filter(|(last, _)| *last == number)?;
        piece_of(bucket, pages, len)
    }

    /// Makes a bucket that was used before the last one.
    fn turn_to(&mut self, number: u64) {
        if self.is_last(number) || self.used.is_empty() {
            return;
        }
        let found = self.used.remove(&number);
        let old = std::mem::replace(&mut self.last, found.map(|bucket| (number, bucket)));
        self.used.extend(old);
    }

    /// Whether this is the bucket that was used last.
    fn is_last(&self, number: u64) -> bool {
        self.last.as_ref().is_some_and(|(last, _)| *last == number)
    }

    /// Makes a bucket the last one, in place of an older mapping of it if there is one.
    fn set_last(&mut self, number: u64, bucket: Arc<ForeignMapping>) {
        match self.last.replace((number, bucket)) {
            Some((old, bucket)) if old == number => self.replaced.push(bucket),
            old => self.used.extend(old),
        }
    }

    /// Finds memory that this batch has not used yet: [`turn_to`](Self::turn_to) was in vain.
    fn look_up(
        &mut self,
        memory: &ForeignMemory,
        number: u64,
        pages: Pages,
        len: usize,
    ) -> Option<Piece> {
        let batch = *self
            .number
            .get_or_insert_with(|| memory.batches.fetch_add(1, Relaxed));
        if !self.is_last(number)
            && let Ok(bucket) = memory.find(number, batch)
        {
            let piece = piece_of(&bucket, pages, len);
            self.set_last(number, bucket);
            if piece.is_some() {
                self.hits += 1;
                return piece;
            }
        }
        // Not mapped, or a hole when it was: holes become memory without a word from Xen.
        let generation = memory.generation();
        if self.misses >= MISSES {
            return None;
        }
        let known = self.is_last(number);
        if !memory.probe(pages.first) {
            self.misses += 1;
            return None;
        }
        // A guest may make memory of a hole, and a hole of it again, as often as it likes.
        self.misses += usize::from(known);
        let held = self.used.len() + usize::from(self.last.is_some());
        if !known && held >= memory.budget() {
            return self.map_single(memory, pages, len);
        }
        let bucket = memory.map_bucket(number, generation, batch)?;
        let piece = piece_of(&bucket, pages, len);
        self.set_last(number, bucket);
        piece
    }

    /// Maps the pages of a range, as far as its bucket goes, for this batch alone.
    fn map_single(&mut self, memory: &ForeignMemory, pages: Pages, len: usize) -> Option<Piece> {
        let left = usize::try_from(BUCKET - pages.first % BUCKET).ok()?;
        let count = pages.count.min(left);
        let mapping = memory.map(pages.first, count).ok()?;
        for (n, frame) in (0..count).zip(pages.first..) {
            self.single.insert(frame, (self.singles.len(), n));
        }
        self.singles.push(mapping);
        self.single(pages, len)
    }

    fn single(&self, pages: Pages, len: usize) -> Option<Piece> {
        if self.singles.is_empty() {
            return None;
        }
        let (mapping, first) = *self.single.get(&pages.first)?;
        cut(&self.singles[mapping], first, pages, len)
    }

    /// Lets go of everything.
    pub fn end(&mut self, memory: &ForeignMemory) {
        if self.hits > 0 {
            Counters::add(&memory.counters.hits, self.hits);
        }
        self.hits = 0;
        self.number = None;
        self.last = None;
        self.misses = 0;
        if !self.used.is_empty() || !self.singles.is_empty() || !self.replaced.is_empty() {
            Counters::add(&memory.counters.unmaps, self.singles.len());
            self.used.clear();
            self.replaced.clear();
            self.single.clear();
            self.singles.clear();
        }
    }
}

/// The piece of `pages` that begins in `bucket`.
fn piece_of(bucket: &ForeignMapping, pages: Pages, len: usize) -> Option<Piece> {
    cut(
        bucket,
        usize::try_from(pages.first % BUCKET).ok()?,
        pages,
        len,
    )
}

/// The piece of `pages` whose first is number `first` of a mapping: it ends with the mapping, with
/// the first frame that is not there, or with the `len` bytes.
fn cut(mapping: &ForeignMapping, first: usize, pages: Pages, len: usize) -> Option<Piece> {
    let frames = first..first.checked_add(pages.count)?;
    let there = frames.take_while(|n| mapping.is_mapped(*n)).count();
    let bytes = (there * PAGE_SIZE).checked_sub(pages.offset)?.min(len);
    let start = mapping.mapping().as_ptr();
    (bytes > 0).then(|| Piece {
        start: start.wrapping_add(first * PAGE_SIZE + pages.offset),
        len: bytes,
    })
}
