// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a device has done, in numbers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one device, shared between its worker and whoever wants to know.
///
/// They only ever grow, and are not synchronised with each other.
#[derive(Debug, Default)]
pub struct Counters {
    /// Times the guest's notifications woke the worker.
    pub kicks: AtomicU64,
    /// Batches with at least one chain.
    pub batches: AtomicU64,
    /// Chains put back, wrong ones included.
    pub requests: AtomicU64,
    /// Bytes that devices read from the guest.
    pub bytes_read: AtomicU64,
    /// Bytes that devices wrote to the guest.
    pub bytes_written: AtomicU64,
    /// Interrupts raised for used buffers.
    pub interrupts: AtomicU64,
    /// Interrupts that the driver did not want.
    pub suppressed: AtomicU64,
    /// Requests that were wrong: malformed chains, inaccessible buffers, bad contents.
    pub malformed: AtomicU64,
    /// Requests that failed for a reason of the host's.
    pub failed: AtomicU64,
}

/// The values of [`Counters`] at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of `Counters`")]
pub struct Snapshot {
    pub kicks: u64,
    pub batches: u64,
    pub requests: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub interrupts: u64,
    pub suppressed: u64,
    pub malformed: u64,
    pub failed: u64,
}

impl Counters {
    /// Reads all counters.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            kicks: self.kicks.load(Relaxed),
            batches: self.batches.load(Relaxed),
            requests: self.requests.load(Relaxed),
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            interrupts: self.interrupts.load(Relaxed),
            suppressed: self.suppressed.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }

    /// Adds to one counter.
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kicks,
            batches,
            requests,
            bytes_read,
            bytes_written,
            ..
        } = self;
        let Self {
            interrupts,
            suppressed,
            malformed,
            failed,
            ..
        } = self;
        write!(
            f,
            "kicks={kicks} batches={batches} requests={requests} bytes_read={bytes_read} \
             bytes_written={bytes_written} interrupts={interrupts} suppressed={suppressed} \
             malformed={malformed} failed={failed}"
        )
    }
}
