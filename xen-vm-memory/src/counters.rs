// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What reaching the guest's memory has cost, in numbers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one [`GuestSpace`](crate::GuestSpace), shared by its clones.
///
/// They only ever grow, and are not synchronised with each other.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub maps: AtomicU64,
    pub pages: AtomicU64,
    pub unmaps: AtomicU64,
    pub copies: AtomicU64,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    pub hits: AtomicU64,
    pub evictions: AtomicU64,
    pub failures: AtomicU64,
    pub undelivered: AtomicU64,
}

/// What a [`GuestSpace`](crate::GuestSpace) has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Mappings made: of a bucket, of a ring, of all grants of one kind in a batch.
    pub maps: u64,
    /// Pages in them.
    pub pages: u64,
    /// Mappings ended.
    pub unmaps: u64,
    /// Grant copies made, each of any number of ranges.
    pub copies: u64,
    /// Bytes copied from the guest.
    pub bytes_in: u64,
    /// Bytes copied to the guest.
    pub bytes_out: u64,
    /// Ranges that were reachable already when they were accessed.
    pub hits: u64,
    /// Buckets that made room for others.
    pub evictions: u64,
    /// Mappings, ranges and pages that could not be had.
    pub failures: u64,
    /// Pieces that a device has written and the guest does not have: their grants did not take
    /// them any more.
    pub undelivered: u64,
}

impl Counters {
    pub fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(u64::try_from(n).unwrap_or(u64::MAX), Relaxed);
    }

    pub fn usage(&self) -> Usage {
        Usage {
            maps: self.maps.load(Relaxed),
            pages: self.pages.load(Relaxed),
            unmaps: self.unmaps.load(Relaxed),
            copies: self.copies.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            hits: self.hits.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            failures: self.failures.load(Relaxed),
            undelivered: self.undelivered.load(Relaxed),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "maps={} pages={} unmaps={} copies={} copied_in={} copied_out={} hits={} \
             evictions={} unreachable={} undelivered={}",
            self.maps,
            self.pages,
            self.unmaps,
            self.copies,
            self.bytes_in,
            self.bytes_out,
            self.hits,
            self.evictions,
            self.failures,
            self.undelivered,
        )
    }
}
