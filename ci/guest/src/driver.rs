// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A small driver of virtio-mmio devices, for what Linux' own does not do. It polls.

use std::error::Error;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::memory::{Memory, PAGE};
use crate::window::{MMIO_SIZE, Width, Window};

// Offsets: virtio 1.2, "MMIO Device Register Layout".
const DRIVER_FEATURES: usize = 0x20;
const DRIVER_FEATURES_SELECT: usize = 0x24;
const QUEUE_SELECT: usize = 0x30;
const QUEUE_NUM: usize = 0x38;
const QUEUE_READY: usize = 0x44;
const QUEUE_NOTIFY: usize = 0x50;
const STATUS: usize = 0x70;
const QUEUE_RESET: usize = 0xc0;
const RING: [usize; 3] = [0x80, 0x90, 0xa0];

const FEATURES_OK: u64 = 8;
const NEEDS_RESET: u64 = 0x40;

/// Feature bits that every device has.
pub const VERSION_1: u64 = 1 << 32;
/// Grants.
pub const ACCESS_PLATFORM: u64 = 1 << 33;
/// Queues can be reset one by one.
pub const RING_RESET: u64 = 1 << 40;

/// Descriptors of a queue: as many as a page has room for together with requests.
pub const SIZE: u16 = 8;
const AVAIL: u64 = 0x100;
const USED: u64 = 0x180;
/// Where a queue's part of a page is free for requests, to its end.
pub const FREE: usize = 0x200;

/// A descriptor has another behind it.
const NEXT: u16 = 1;
/// The device writes there.
pub const WRITE: u16 = 2;
/// A table of descriptors is there.
pub const INDIRECT: u16 = 4;

/// A part of a request.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Where it is.
    pub address: u64,
    /// How long it is.
    pub len: u32,
    /// [`WRITE`] and [`INDIRECT`].
    pub flags: u16,
}

/// Bytes of a table of descriptors, each but the last with the next one behind it.
pub fn table(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut parts = parts.iter().peekable();
    for next in 1_u16.. {
        let Some(part) = parts.next() else { break };
        let (flag, next) = parts.peek().map_or((0, 0), |_| (NEXT, next));
        bytes.extend(part.address.to_le_bytes());
        bytes.extend(part.len.to_le_bytes());
        bytes.extend((part.flags | flag).to_le_bytes());
        bytes.extend(next.to_le_bytes());
    }
    bytes
}

/// A device and its queues, in equal parts of one page.
#[derive(Debug)]
pub struct Driver {
    window: Window,
    /// The page of the queues.
    pub page: Memory,
    /// Requests of each queue so far.
    sent: Vec<u16>,
}

impl Driver {
    /// Does nothing to the device yet.
    ///
    /// # Errors
    ///
    /// When the registers cannot be reached.
    pub fn new(base: u64, page: Memory, queues: usize) -> io::Result<Self> {
        Ok(Self {
            window: Window::open(base, MMIO_SIZE)?,
            page,
            sent: vec![0; queues],
        })
    }

    fn register(&self, offset: usize, value: u64) {
        self.window.write(offset, Width::B4, value);
    }

    /// Where in the page a queue is.
    pub fn offset(&self, queue: usize) -> u64 {
        (queue * (PAGE / self.sent.len())) as u64
    }

    /// Brings the device up: virtio 1.2, "Device Initialization".
    ///
    /// # Errors
    ///
    /// When it does not take the features.
    pub fn start(&mut self, features: u64) -> Result<(), Box<dyn Error>> {
        self.start_at(features, |ring| ring)
    }

    /// The same, with the three parts of the rings where `place` says instead.
    ///
    /// # Errors
    ///
    /// As of [`start`](Self::start).
    pub fn start_at(
        &mut self,
        features: u64,
        place: impl Fn([u64; 3]) -> [u64; 3],
    ) -> Result<(), Box<dyn Error>> {
        // No status, then each step.
        for status in [0, 1, 3] {
            self.register(STATUS, status);
        }
        for (select, features) in [(0, features & 0xffff_ffff), (1, features >> 32)] {
            self.register(DRIVER_FEATURES_SELECT, select);
            self.register(DRIVER_FEATURES, features);
        }
        self.register(STATUS, 3 | FEATURES_OK);
        if self.window.read(STATUS, Width::B4) & FEATURES_OK == 0 {
            return Err("the features are not accepted".into());
        }
        for queue in 0..self.sent.len() {
            self.set_up_queue(queue, &place)?;
        }
        self.register(STATUS, 7 | FEATURES_OK);
        Ok(())
    }

    fn set_up_queue(
        &mut self,
        queue: usize,
        place: impl Fn([u64; 3]) -> [u64; 3],
    ) -> io::Result<()> {
        let offset = self.offset(queue);
        self.page.write(offset, &[0; FREE])?;
        self.sent[queue] = 0;
        let base = self.page.address() + offset;
        self.register(QUEUE_SELECT, queue as u64);
        self.register(QUEUE_NUM, SIZE.into());
        let parts = place([base, base + AVAIL, base + USED]);
        for (register, address) in RING.into_iter().zip(parts) {
            self.register(register, address & 0xffff_ffff);
            self.register(register + 4, address >> 32);
        }
        self.register(QUEUE_READY, 1);
        Ok(())
    }

    /// Resets one queue, and begins it again: virtio 1.2, "Virtqueue Reset".
    ///
    /// # Errors
    ///
    /// When the device does not do that.
    pub fn begin_again(&mut self, queue: usize) -> Result<(), Box<dyn Error>> {
        self.register(QUEUE_SELECT, queue as u64);
        self.register(QUEUE_RESET, 1);
        for (register, wanted) in [(QUEUE_RESET, 0), (QUEUE_READY, 0)] {
            if self.window.read(register, Width::B4) != wanted {
                return Err("the queue is not reset".into());
            }
        }
        self.set_up_queue(queue, |parts| parts)?;
        match self.window.read(QUEUE_READY, Width::B4) {
            1 => Ok(()),
            _ => Err("the queue does not begin again".into()),
        }
    }

    /// Ends it.
    pub fn stop(&self) {
        self.register(STATUS, 0);
    }

    /// Whether the device has given up, in time.
    pub fn is_broken(&self, limit: Duration) -> bool {
        let broken = || self.window.read(STATUS, Width::B4) & NEEDS_RESET != 0;
        in_time(limit, || Ok(broken())).unwrap_or(false)
    }

    /// Sends a request; there is never more than one in a queue.
    ///
    /// # Errors
    ///
    /// When it has more parts than descriptors.
    pub fn send(&mut self, queue: usize, parts: &[Part]) -> Result<(), Box<dyn Error>> {
        if parts.len() > SIZE.into() {
            return Err("too many parts".into());
        }
        let offset = self.offset(queue);
        self.page.write(offset, &table(parts))?;
        self.sent[queue] = self.sent[queue].wrapping_add(1);
        self.page
            .write(offset + AVAIL + 2, &self.sent[queue].to_le_bytes())?;
        self.register(QUEUE_NOTIFY, queue as u64);
        Ok(())
    }

    /// Whether the request comes back, in time.
    ///
    /// # Errors
    ///
    /// When the page cannot be read.
    pub fn is_answered(&self, queue: usize, limit: Duration) -> io::Result<bool> {
        in_time(limit, || Ok(self.answered(queue)? == self.sent[queue]))
    }

    /// How many requests have come back.
    ///
    /// # Errors
    ///
    /// When the page cannot be read.
    pub fn answered(&self, queue: usize) -> io::Result<u16> {
        let used = self.offset(queue) + USED + 2;
        self.page.read(used).map(u16::from_le_bytes)
    }
}

/// Whether something becomes true.
fn in_time(limit: Duration, is_so: impl Fn() -> io::Result<bool>) -> io::Result<bool> {
    let end = Instant::now() + limit;
    while !is_so()? {
        if Instant::now() > end {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_chain() {
        let part = |address, flags| Part {
            address,
            len: 0x55,
            flags,
        };

        let bytes = table(&[part(1, 0), part(2, WRITE)]);

        assert_eq!(
            bytes[..16],
            [1, 0, 0, 0, 0, 0, 0, 0, 0x55, 0, 0, 0, 1, 0, 1, 0]
        );
        assert_eq!(
            bytes[16..],
            [2, 0, 0, 0, 0, 0, 0, 0, 0x55, 0, 0, 0, 2, 0, 0, 0]
        );
    }
}
