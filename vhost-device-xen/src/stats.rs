// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a device has done, as guest processes tell it to the supervisor and that to clients.

use serde::{Deserialize, Serialize};

/// What a device has done since its guest found it. The names are part of the control protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The driver is ready to use the device, now.
    pub driver_ready: bool,
    /// Requests that went back to the driver.
    pub requests: u64,
    /// How many times some did.
    pub batches: u64,
    /// Bytes that the device read from the guest.
    pub bytes_from_guest: u64,
    /// Bytes that the device wrote to the guest.
    pub bytes_to_guest: u64,
    /// Notifications of the driver that woke the device.
    pub kicks: u64,
    /// Interrupts for requests that went back.
    pub interrupts: u64,
    /// Interrupts that the driver did not want.
    pub interrupts_suppressed: u64,
    /// Requests that the guest got wrong.
    pub malformed: u64,
    /// Requests that the host failed.
    pub failed: u64,
    /// Requests that were taken and have not gone back.
    pub in_flight: u64,
    /// Requests by latency: number `n` counts those below 2^n µs that are in no class before, the
    /// last one all others.
    pub latency: Vec<u64>,
    /// What reaching the guest's memory has cost. Without grants, of all its devices together.
    pub memory: Memory,
}

/// What reaching a guest's memory has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Mappings made.
    pub maps: u64,
    /// Pages in them.
    pub pages: u64,
    /// Mappings ended.
    pub unmaps: u64,
    /// Grant copies made.
    pub copies: u64,
    /// Bytes in those from the guest.
    pub copied_from_guest: u64,
    /// Bytes in those to the guest.
    pub copied_to_guest: u64,
    /// Ranges that were reachable already.
    pub hits: u64,
    /// Buckets of pages that made room for others.
    pub evictions: u64,
    /// What could not be had.
    pub unreachable: u64,
    /// Answers that the guest does not have.
    pub undelivered: u64,
}

impl Stats {
    /// Of a device's counters and its memory's.
    pub fn new(
        driver_ready: bool,
        counters: &backends::Snapshot,
        usage: &xen_vm_memory::Usage,
    ) -> Self {
        Self {
            driver_ready,
            requests: counters.requests,
            batches: counters.batches,
            bytes_from_guest: counters.bytes_read,
            bytes_to_guest: counters.bytes_written,
            kicks: counters.kicks,
            interrupts: counters.interrupts,
            interrupts_suppressed: counters.suppressed,
            malformed: counters.malformed,
            failed: counters.failed,
            in_flight: counters.in_flight,
            latency: counters.latency.to_vec(),
            memory: Memory {
                maps: usage.maps,
                pages: usage.pages,
                unmaps: usage.unmaps,
                copies: usage.copies,
                copied_from_guest: usage.bytes_in,
                copied_to_guest: usage.bytes_out,
                hits: usage.hits,
                evictions: usage.evictions,
                unreachable: usage.failures,
                undelivered: usage.undelivered,
            },
        }
    }

    /// What was done since `before`. What is in flight is what it is now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let (now, old) = (&self.memory, &before.memory);
        let past = before.latency.iter().chain(std::iter::repeat(&0));
        Self {
            driver_ready: self.driver_ready,
            requests: self.requests.saturating_sub(before.requests),
            batches: self.batches.saturating_sub(before.batches),
            bytes_from_guest: self
                .bytes_from_guest
                .saturating_sub(before.bytes_from_guest),
            bytes_to_guest: self.bytes_to_guest.saturating_sub(before.bytes_to_guest),
            kicks: self.kicks.saturating_sub(before.kicks),
            interrupts: self.interrupts.saturating_sub(before.interrupts),
            interrupts_suppressed: self
                .interrupts_suppressed
                .saturating_sub(before.interrupts_suppressed),
            malformed: self.malformed.saturating_sub(before.malformed),
            failed: self.failed.saturating_sub(before.failed),
            in_flight: self.in_flight,
            latency: (self.latency.iter().zip(past))
                .map(|(now, past)| now.saturating_sub(*past))
                .collect(),
            memory: Memory {
                maps: now.maps.saturating_sub(old.maps),
                pages: now.pages.saturating_sub(old.pages),
                unmaps: now.unmaps.saturating_sub(old.unmaps),
                copies: now.copies.saturating_sub(old.copies),
                copied_from_guest: now.copied_from_guest.saturating_sub(old.copied_from_guest),
                copied_to_guest: now.copied_to_guest.saturating_sub(old.copied_to_guest),
                hits: now.hits.saturating_sub(old.hits),
                evictions: now.evictions.saturating_sub(old.evictions),
                unreachable: now.unreachable.saturating_sub(old.unreachable),
                undelivered: now.undelivered.saturating_sub(old.undelivered),
            },
        }
    }

    /// Requests that did not do what they should have.
    pub fn errors(&self) -> u64 {
        self.malformed.saturating_add(self.failed)
    }
}
