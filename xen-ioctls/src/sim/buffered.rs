// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Writes that need no answer, as Xen puts them into a server's buffered page (xen/common/ioreq.c).

// UNSAFE: pointers of the page are changed by the server too.
#![expect(unsafe_code)]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use xen_hypercall::abi::ioreq::{BUFFER_SLOTS, BufIoreq, Buffered};

use super::Answer;
use super::channel::Other;
use super::ioreq::Page;
use super::state::State;

/// Addresses that a slot has room for.
const ADDRESSES: u64 = 1 << 20;
/// Bytes in front of the slots.
const HEAD: usize = 8;

/// The buffered page of a server.
#[derive(Debug)]
pub(super) struct Ring {
    pub port: u32,
    /// Both pointers are moved back together, before they are too large.
    pub atomic: bool,
    pub page: Option<Page>,
}

impl Ring {
    /// Puts one write into the page; whether there was room.
    fn put(&self, kind: u8, address: u64, size: u32, data: u64) -> bool {
        let Some(page) = &self.page else {
            return false;
        };
        let power = size.trailing_zeros();
        if address >= ADDRESSES || size.count_ones() != 1 || power > 3 {
            return false;
        }
        let [low, high]: [u32; 2] = zerocopy::transmute!(data);
        let halves = &[low, high][..if power == 3 { 2 } else { 1 }];
        let start = page.view.as_ptr();
        // SAFETY: the two words at the beginning of the mapped page are only changed atomically.
        let read = unsafe { AtomicU32::from_ptr(start.cast()) };
        // SAFETY: as above.
        let write = unsafe { AtomicU32::from_ptr(start.wrapping_add(4).cast()) };
        let mut next = write.load(Ordering::Relaxed);
        let used = next.wrapping_sub(read.load(Ordering::Acquire));
        let wanted = u32::from(power == 3);
        if used >= BUFFER_SLOTS - wanted {
            return false;
        }
        // The generated masks say where each part is; the address is less than 20 bits.
        let address = u32::try_from(address).unwrap_or(0);
        let head = Buffered(u32::from(kind) | power << 10 | address << 12);
        for half in halves {
            let slot = usize::try_from(next % BUFFER_SLOTS).unwrap_or(0);
            let at = start.wrapping_add(HEAD + slot * size_of::<BufIoreq>());
            let value = BufIoreq { head, data: *half };
            // SAFETY: the slot is in the page, aligned, and Xen's until the pointer is moved.
            unsafe { at.cast::<BufIoreq>().write_volatile(value) };
            next = next.wrapping_add(1);
        }
        write.store(next, Ordering::Release);
        if self.atomic {
            // SAFETY: the page is aligned, and both words are only changed atomically.
            move_back(unsafe { AtomicU64::from_ptr(start.cast()) });
        }
        true
    }
}

/// Takes the same whole number of rounds from both pointers.
fn move_back(pointers: &AtomicU64) {
    let moved = |old: u64| {
        let [read, write]: [u32; 2] = zerocopy::transmute!(old);
        let rounds = read / BUFFER_SLOTS * BUFFER_SLOTS;
        (rounds > 0).then(|| zerocopy::transmute!([read - rounds, write - rounds]))
    };
    // Nothing to move is no failure.
    let _old = pointers.fetch_update(Ordering::AcqRel, Ordering::Relaxed, moved);
}

impl State {
    /// Machine frame of the buffered page, made when it is first asked for.
    pub fn buffered_page(&mut self, caller: u16, domain: u16, id: u16) -> Answer<u64> {
        let ring = self.server(caller, domain, id)?.ring.as_ref();
        if let Some(page) = &ring.ok_or(libc::ENOENT)?.page {
            return Ok(page.machine);
        }
        let machine = self.machine.allocate(1);
        let view = self.machine.view(machine).or(Err(libc::ENOMEM))?;
        let ring = self.server(caller, domain, id)?.ring.as_mut();
        ring.ok_or(libc::ENOENT)?.page = Some(Page { machine, view });
        Ok(machine)
    }

    /// A write to an address that a server owns; whether it went into its page.
    pub fn post_buffered(&mut self, domain: u16, kind: u8, at: u64, size: u32, data: u64) -> bool {
        let last = at.saturating_add(u64::from(size).saturating_sub(1));
        let Some(id) = self.claimant(domain, kind.into(), at, last) else {
            return false;
        };
        let server = self.any_server(domain, id);
        let Some(ring) = server.and_then(|server| server.ring.as_ref()) else {
            return false;
        };
        let port = ring.port;
        if !ring.put(kind, at, size, data) {
            return false;
        }
        if let Some(channel) = self.channel_mut(domain, port)
            && let Other::Interdomain(emulator, remote) = channel.other
        {
            self.arrive(emulator, remote);
        }
        true
    }
}
