// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that are not lost with the process that serves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU64, Ordering::Relaxed, compiler_fence};

use vm_memory::{AtomicInteger, MmapRegion, VolatileMemory};

/// Bytes before the descriptors.
const HEADER: usize = 16;
/// Bytes for each descriptor.
const ENTRY: usize = 16;
/// Of the layout.
const VERSION: u16 = 1;

/// Where things are: vhost-user, "Inflight I/O tracking", the structures for split virtqueues.
mod field {
    pub const VERSION: usize = 8;
    pub const DESC_NUM: usize = 10;
    pub const LAST_BATCH_HEAD: usize = 12;
    pub const USED_IDX: usize = 14;
    /// Of a descriptor.
    pub const INFLIGHT: usize = 0;
    /// Of a descriptor.
    pub const COUNTER: usize = 8;
}

/// A record of the requests of one ring that were taken and did not go back, in memory that is still
/// there when this process is not: a file of the host's, mapped shared. The next process gives it to
/// [`VirtQueue::resume`](crate::VirtQueue::resume).
///
/// The layout is that of vhost-user's in-flight regions, with batches of one.
#[derive(Debug)]
pub struct InFlight {
    area: Arc<MmapRegion>,
    offset: usize,
    size: u16,
    /// Requests so far: in which order they were taken.
    taken: u64,
}

impl InFlight {
    /// How much room the record of a ring of `size` descriptors takes, a multiple of 16.
    pub const fn bytes(size: u16) -> usize {
        HEADER + size as usize * ENTRY
    }

    /// The [bytes](Self::bytes) of a record in which nothing is in flight, and nothing was.
    pub fn empty(size: u16) -> Vec<u8> {
        let mut bytes = vec![0; Self::bytes(size)];
        bytes[field::VERSION..][..2].copy_from_slice(&VERSION.to_ne_bytes());
        bytes[field::DESC_NUM..][..2].copy_from_slice(&size.to_ne_bytes());
        bytes
    }

    /// The record of a ring of `size` descriptors, [so long](Self::bytes), at `offset` of `area`; `None` if
    /// that is not there, or not a multiple of 8.
    pub fn new(area: Arc<MmapRegion>, offset: usize, size: u16) -> Option<Self> {
        let end = offset.checked_add(Self::bytes(size))?;
        let fits = end <= area.size() && offset.is_multiple_of(8);
        fits.then_some(Self {
            area,
            offset,
            size,
            taken: 0,
        })
    }

    /// Nothing is in flight, and nothing was.
    pub fn clear(&mut self) {
        self.taken = 0;
        for head in 0..self.size {
            self.set_taken(head, false);
        }
        self.half(field::USED_IDX).store(0, Relaxed);
        self.half(field::LAST_BATCH_HEAD).store(0, Relaxed);
        self.half(field::DESC_NUM).store(self.size, Relaxed);
        self.half(field::VERSION).store(VERSION, Relaxed);
    }

    /// What is in flight, in the order in which it was taken, where the used index in the ring is `used`.
    pub(crate) fn recover(&mut self, used: u16) -> Vec<u16> {
        let last = self.half(field::LAST_BATCH_HEAD).load(Relaxed);
        // It went back, and there was no time to write that down.
        if self.half(field::USED_IDX).load(Relaxed) != used && last < self.size {
            self.set_taken(last, false);
        }
        self.half(field::USED_IDX).store(used, Relaxed);
        let mut heads: Vec<u16> = (0..self.size).filter(|head| self.is_taken(*head)).collect();
        heads.sort_by_key(|head| self.counter(*head).load(Relaxed));
        let newest = heads.last().map(|head| self.counter(*head).load(Relaxed));
        self.taken = newest.map_or(0, |newest| newest.wrapping_add(1));
        heads
    }

    /// The request at `head`, a descriptor of the ring, was taken.
    pub(crate) fn take(&mut self, head: u16) {
        self.counter(head).store(self.taken, Relaxed);
        self.taken = self.taken.wrapping_add(1);
        compiler_fence_all();
        self.set_taken(head, true);
        compiler_fence_all();
    }

    /// The request at `head` goes back by `publish`, which gives the new used index.
    pub(crate) fn give_back<E>(
        &mut self,
        head: u16,
        publish: impl FnOnce() -> Result<u16, E>,
    ) -> Result<(), E> {
        self.half(field::LAST_BATCH_HEAD).store(head, Relaxed);
        compiler_fence_all();
        let used = publish()?;
        compiler_fence_all();
        self.set_taken(head, false);
        compiler_fence_all();
        self.half(field::USED_IDX).store(used, Relaxed);
        Ok(())
    }

    fn is_taken(&self, head: u16) -> bool {
        self.at::<AtomicU8>(entry(head) + field::INFLIGHT)
            .load(Relaxed)
            == 1
    }

    fn set_taken(&self, head: u16, is_taken: bool) {
        self.at::<AtomicU8>(entry(head) + field::INFLIGHT)
            .store(is_taken.into(), Relaxed);
    }

    fn counter(&self, head: u16) -> &AtomicU64 {
        self.at(entry(head) + field::COUNTER)
    }

    fn half(&self, offset: usize) -> &AtomicU16 {
        self.at(offset)
    }

    fn at<T: AtomicInteger>(&self, offset: usize) -> &T {
        self.area
            .get_atomic_ref(self.offset + offset)
            .expect("`new` has checked that all of it is there")
    }
}

/// Where the part of a descriptor begins.
fn entry(head: u16) -> usize {
    HEADER + usize::from(head) * ENTRY
}

/// What comes before is in memory before what comes after. A process is killed between two
/// instructions, so it is the compiler alone that could change the order.
fn compiler_fence_all() {
    compiler_fence(std::sync::atomic::Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(len: usize) -> Arc<MmapRegion> {
        Arc::new(MmapRegion::new(len).unwrap())
    }

    fn record(area: &Arc<MmapRegion>) -> InFlight {
        InFlight::new(area.clone(), 64, 4).unwrap()
    }

    fn back(record: &mut InFlight, head: u16, used: u16) {
        record.give_back(head, || Ok::<_, ()>(used)).unwrap();
    }

    #[test]
    fn it_is_where_there_is_room_and_nowhere_else() {
        let area = area(256);

        assert!(InFlight::new(area.clone(), 256 - InFlight::bytes(4), 4).is_some());
        assert!(InFlight::new(area.clone(), 264 - InFlight::bytes(4), 4).is_none());
        assert!(InFlight::new(area.clone(), 4, 4).is_none());
        assert!(InFlight::new(area, usize::MAX - 7, 4).is_none());
    }

    #[test]
    fn an_empty_record_is_one_that_was_cleared() {
        let area = area(256);
        record(&area).clear();

        let bytes = |n| {
            area.get_atomic_ref::<AtomicU8>(64 + n)
                .unwrap()
                .load(Relaxed)
        };
        let cleared: Vec<u8> = (0..InFlight::bytes(4)).map(bytes).collect();

        assert_eq!(cleared, InFlight::empty(4));
        assert_eq!(cleared[8..16], [1, 0, 4, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_did_not_go_back_is_found_in_its_order() {
        let area = area(256);
        let mut first = record(&area);
        first.clear();
        for head in [3, 0, 2, 1] {
            first.take(head);
        }
        back(&mut first, 0, 1);

        let mut second = record(&area);
        assert_eq!(second.recover(1), [3, 2, 1]);

        back(&mut second, 3, 2);
        second.take(0);
        assert_eq!(record(&area).recover(2), [2, 1, 0]);
    }

    #[test]
    fn what_went_back_at_the_last_moment_is_not_in_flight() {
        let area = area(256);
        let mut first = record(&area);
        first.clear();
        first.take(2);
        first.take(1);
        // It ends after the ring was written.
        first.give_back(2, || Err(())).unwrap_err();

        assert_eq!(record(&area).recover(1), [1]);
        // The next one has written that down.
        assert_eq!(record(&area).recover(1), [1]);
    }

    #[test]
    fn what_was_about_to_go_back_is_in_flight() {
        let area = area(256);
        let mut first = record(&area);
        first.clear();
        first.take(2);
        // It ends before the ring was written.
        first.give_back(2, || Err(())).unwrap_err();

        assert_eq!(record(&area).recover(0), [2]);
    }

    #[test]
    fn nonsense_leads_to_no_other_place() {
        let area = area(256);
        for byte in 0..256 {
            area.get_atomic_ref::<AtomicU8>(byte)
                .unwrap()
                .store(0xff, Relaxed);
        }

        assert!(record(&area).recover(0).is_empty());
    }
}
