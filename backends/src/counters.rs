// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a device has done, in numbers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How many classes of latency are told apart: below 1 µs, 2 µs, 4 µs, .. 2^22 µs (4.2 s), and the rest.
pub const LATENCIES: usize = 24;

/// Counters of one device, shared between its worker and whoever wants to know.
///
/// They only ever grow, but for what is in flight, and are not synchronised with each other.
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
    /// Requests that were taken and have not gone back, kept ones among them.
    pub in_flight: AtomicU64,
    /// Requests by the time from taking their batch to putting them back: number `n` counts those below
    /// 2^n µs that are in no class before, the last one all others.
    pub latency: [AtomicU64; LATENCIES],
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
    pub in_flight: u64,
    pub latency: [u64; LATENCIES],
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
            in_flight: self.in_flight.load(Relaxed),
            latency: std::array::from_fn(|class| self.latency[class].load(Relaxed)),
        }
    }

    /// Nothing is in flight any more: the queues are gone, with what had been taken from them.
    pub fn abandon(&self) {
        self.in_flight.store(0, Relaxed);
    }

    /// What a queue has in flight has changed.
    pub(crate) fn moved(&self, before: u64, after: u64) {
        if before != after {
            self.in_flight
                .fetch_add(after.wrapping_sub(before), Relaxed);
        }
    }

    /// Adds to one counter.
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
    }
}

/// Counts the latencies of a batch, with one addition for each run of the same class.
pub(crate) struct Latencies<'c> {
    counters: &'c Counters,
    class: usize,
    count: u64,
}

impl<'c> Latencies<'c> {
    pub(crate) fn of(counters: &'c Counters) -> Self {
        Self {
            counters,
            class: 0,
            count: 0,
        }
    }

    /// One more request has gone back.
    pub(crate) fn add(&mut self, taken: Duration) {
        let class = class(taken);
        if class != self.class {
            self.flush();
            self.class = class;
        }
        self.count += 1;
    }

    fn flush(&mut self) {
        let count = std::mem::take(&mut self.count);
        if count > 0 {
            Counters::add(&self.counters.latency[self.class], count);
        }
    }
}

impl Drop for Latencies<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The class of a latency.
fn class(taken: Duration) -> usize {
    let micros = taken.as_secs().saturating_mul(1_000_000);
    let micros = micros.saturating_add(taken.subsec_micros().into());
    let bits = u64::BITS - micros.leading_zeros();
    usize::try_from(bits).map_or(LATENCIES - 1, |bits| bits.min(LATENCIES - 1))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_counted_by_powers_of_two() {
        let counters = Counters::default();

        let mut latencies = Latencies::of(&counters);
        for nanos in [999, 1_000, 1_999, 2_000, 4_194_303_999, 4_194_304_000] {
            latencies.add(Duration::from_nanos(nanos));
        }
        latencies.add(Duration::MAX);
        drop(latencies);

        let mut expected = [0; LATENCIES];
        (expected[0], expected[1], expected[2]) = (1, 2, 1);
        (expected[22], expected[23]) = (1, 2);
        assert_eq!(counters.snapshot().latency, expected);
    }

    #[test]
    fn what_is_in_flight_rises_and_falls() {
        let counters = Counters::default();

        counters.moved(0, 5);
        counters.moved(5, 2);
        assert_eq!(counters.snapshot().in_flight, 2);
        counters.abandon();

        assert_eq!(counters.snapshot().in_flight, 0);
    }
}
