// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A split virtqueue as a driver has it: virtio 1.2, "Split Virtqueues".

use std::sync::atomic::{Ordering, fence};

use virtio_bindings::virtio_blk::{VIRTIO_BLK_S_OK, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT};
use virtio_bindings::virtio_ring::{VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE};
use vm_memory::{Bytes, VolatileSlice};
use vmm_sys_util::eventfd::EventFd;

use crate::Result;
use crate::cases::Case;

/// Entries of each ring.
pub const SIZE: u16 = 256;

const PAGE: usize = 4096;
const DESCRIPTOR: usize = 16;
/// Where the parts of a ring are.
const AVAILABLE: usize = PAGE;
const USED: usize = 2 * PAGE;
const TABLES: usize = 3 * PAGE;
/// Bytes of a request, but for its data.
const REQUEST: usize = 512;
/// Where its parts are: a table of descriptors, the header, the status.
const HEADER: usize = 400;
const STATUS: usize = 448;
/// Bytes of a piece of data, at most.
const PIECE: u32 = 64 << 10;

/// A ring and its requests, as many as are to be under way.
pub struct Ring<'m> {
    memory: VolatileSlice<'m>,
    /// The guest's address of that.
    start: u64,
    depth: u16,
    /// The index that the device was told.
    told: u16,
    /// What is on the ring.
    next: u16,
    /// What was seen of the used ring.
    seen: u16,
    pub kick: EventFd,
    /// Times the device was notified.
    pub kicks: u32,
}

/// Bytes of a ring with its requests.
pub fn bytes(case: &Case) -> Result<usize> {
    let data = usize::from(case.depth) * usize::try_from(case.len)?;
    Ok(requests(case.depth) + data)
}

/// Bytes of all but the data.
fn requests(depth: u16) -> usize {
    (TABLES + usize::from(depth) * REQUEST).next_multiple_of(PAGE)
}

impl<'m> Ring<'m> {
    /// A ring in `memory`, which is at `start` for the guest.
    pub fn new(case: &Case, memory: VolatileSlice<'m>, start: u64, kick: EventFd) -> Result<Self> {
        let ring = Self {
            memory,
            start,
            depth: case.depth,
            told: 0,
            next: 0,
            seen: 0,
            kick,
            kicks: 0,
        };
        for n in 0..case.depth {
            ring.prepare(case, n)?;
        }
        Ok(ring)
    }

    /// The guest's addresses of descriptors, available and used ring.
    pub fn addresses(&self) -> [u64; 3] {
        [0, AVAILABLE, USED].map(|offset| self.address(offset))
    }

    fn address(&self, offset: usize) -> u64 {
        self.start + offset as u64
    }

    /// Describes request `n`, for good.
    fn prepare(&self, case: &Case, n: u16) -> Result<()> {
        let request = TABLES + usize::from(n) * REQUEST;
        let (kind, access) = match case.write {
            true => (VIRTIO_BLK_T_OUT, 0),
            false => (VIRTIO_BLK_T_IN, VRING_DESC_F_WRITE),
        };
        self.memory.write_obj(kind, request + HEADER)?;
        let len = usize::try_from(case.len)?;
        let mut data = requests(case.depth) + usize::from(n) * len;
        let mut pieces = vec![(request + HEADER, 16, 0)];
        let mut left = case.len;
        while left > 0 {
            let piece = left.min(PIECE);
            pieces.push((data, piece, access));
            data += usize::try_from(piece)?;
            left -= piece;
        }
        pieces.push((request + STATUS, 1, VRING_DESC_F_WRITE));
        let last = pieces.len() - 1;
        for (i, (offset, len, flags)) in pieces.into_iter().enumerate() {
            let more = if i == last { 0 } else { VRING_DESC_F_NEXT };
            let at = request + i * DESCRIPTOR;
            self.describe(at, offset, len, flags | more, u16::try_from(i + 1)?)?;
        }
        let table = u32::try_from((last + 1) * DESCRIPTOR)?;
        let at = usize::from(n) * DESCRIPTOR;
        self.describe(at, request, table, VRING_DESC_F_INDIRECT, 0)
    }

    /// Writes a descriptor.
    fn describe(&self, at: usize, offset: usize, len: u32, flags: u32, next: u16) -> Result<()> {
        self.memory.write_obj(self.address(offset), at)?;
        self.memory.write_obj(len, at + 8)?;
        self.memory.write_obj(u16::try_from(flags)?, at + 12)?;
        self.memory.write_obj(next, at + 14)?;
        Ok(())
    }

    /// Sends all requests.
    pub fn fill(&mut self, mut sector: impl FnMut() -> u64) -> Result<()> {
        for n in 0..self.depth {
            self.push(n, sector())?;
        }
        self.publish()
    }

    /// Takes what is done, sends it again while there are sectors for it, and says how many were
    /// done. When there are none, the device will say when there are.
    pub fn turn(&mut self, mut sector: impl FnMut() -> Option<u64>) -> Result<u32> {
        let used: u16 = self.memory.load(USED + 2, Ordering::Acquire)?;
        let done = used.wrapping_sub(self.seen);
        if done == 0 {
            return Ok(0);
        }
        while self.seen != used {
            let at = USED + 4 + 8 * usize::from(self.seen % SIZE);
            let head: u32 = self.memory.read_obj(at)?;
            let head = u16::try_from(head)?;
            let request = TABLES + usize::from(head) * REQUEST;
            let status: u8 = self.memory.read_obj(request + STATUS)?;
            if head >= self.depth || u32::from(status) != VIRTIO_BLK_S_OK {
                return Err(format!("request {head}: status {status}").into());
            }
            self.seen = self.seen.wrapping_add(1);
            if let Some(sector) = sector() {
                self.push(head, sector)?;
            }
        }
        self.publish()?;
        // The device interrupts for the one after those that were seen.
        let event = AVAILABLE + 4 + 2 * usize::from(SIZE);
        self.memory.store(self.seen, event, Ordering::Relaxed)?;
        fence(Ordering::SeqCst);
        Ok(done.into())
    }

    /// Whether no request is under way.
    pub fn is_done(&self) -> bool {
        self.seen == self.told
    }

    fn push(&mut self, head: u16, sector: u64) -> Result<()> {
        let request = TABLES + usize::from(head) * REQUEST;
        self.memory.write_obj(sector, request + HEADER + 8)?;
        self.memory.write_obj(0xff_u8, request + STATUS)?;
        let at = AVAILABLE + 4 + 2 * usize::from(self.next % SIZE);
        self.memory.write_obj(head, at)?;
        self.next = self.next.wrapping_add(1);
        Ok(())
    }

    /// Tells the device what is on the ring, and notifies it if it has asked for that.
    fn publish(&mut self) -> Result<()> {
        let (old, new) = (self.told, self.next);
        if old == new {
            return Ok(());
        }
        self.memory.store(new, AVAILABLE + 2, Ordering::Release)?;
        self.told = new;
        fence(Ordering::SeqCst);
        let event = USED + 4 + 8 * usize::from(SIZE);
        let event: u16 = self.memory.load(event, Ordering::Relaxed)?;
        if is_crossed(event, old, new) {
            self.kick.write(1)?;
            self.kicks += 1;
        }
        Ok(())
    }
}

/// Whether the index goes past `event` between `old` and `new`.
fn is_crossed(event: u16, old: u16, new: u16) -> bool {
    new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    #[test]
    fn an_event_is_crossed_by_the_index_behind_it() {
        assert!(is_crossed(4, 4, 5));
        assert!(!is_crossed(5, 4, 5));
        assert!(!is_crossed(3, 4, 5));
        assert!(is_crossed(u16::MAX, u16::MAX - 1, 1));
    }

    /// The case's ring with what is behind it.
    fn with_ring(case: &Case, test: impl FnOnce(&mut Ring<'_>, VolatileSlice<'_>)) {
        let mut bytes = vec![0; bytes(case).unwrap()];
        let memory = VolatileSlice::from(&mut bytes[..]);
        let mut ring = Ring::new(case, memory, 0, EventFd::new(0).unwrap()).unwrap();
        test(&mut ring, memory);
    }

    #[test]
    fn a_request_that_is_done_is_sent_again() {
        with_ring(&CASES[0], |ring, memory| {
            ring.fill(|| 5).unwrap();
            assert_eq!(ring.turn(|| Some(6)).unwrap(), 0);
            memory.write_obj(0_u8, TABLES + STATUS).unwrap();
            memory.write_obj(1_u16, USED + 2).unwrap();
            assert_eq!(ring.turn(|| Some(6)).unwrap(), 1);
            assert_eq!(memory.read_obj::<u16>(AVAILABLE + 2).unwrap(), 2);
            let sector: u64 = memory.read_obj(TABLES + HEADER + 8).unwrap();
            assert_eq!((sector, ring.is_done()), (6, false));
        });
    }

    #[test]
    fn a_request_that_has_failed_ends_it() {
        with_ring(&CASES[0], |ring, memory| {
            ring.fill(|| 5).unwrap();
            memory.write_obj(1_u8, TABLES + STATUS).unwrap();
            memory.write_obj(1_u16, USED + 2).unwrap();
            assert!(ring.turn(|| None).is_err());
        });
    }
}
