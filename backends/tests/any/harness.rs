// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any requests to a device, as bytes describe them, and what holds whatever they are: nothing
//! panics, every chain goes back once, nothing is written but what the driver has lent for that,
//! and a good request is served afterwards.

use std::sync::Arc;

use backends::testing::{Buffer, Driver, Interrupts};
use backends::{Counters, Device, Progress, VirtQueue};
use virtio_bindings::virtio_ring::{VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE};
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryMmap};

/// Descriptors of each ring.
const SIZE: u16 = 16;
/// Indirect tables: behind the first ring.
const TABLES: u64 = 0x2000;
/// Buffers: the first page is for requests that are good.
const HEAP: u64 = 0x20_1000;
const HEAP_END: u64 = 0x22_0000;
/// Where memory is: rings and tables, the second ring, and buffers.
const MEMORY: [(GuestAddress, usize); 3] = [
    (GuestAddress(0x1000), 0x8000),
    (GuestAddress(0x10_1000), 0x1000),
    (GuestAddress(0x20_0000), 0x2_0000),
];
const WHY: &str = "it is in the memory";

/// A request that has to succeed.
pub struct Good {
    /// What is sent.
    pub question: Vec<u8>,
    /// How many bytes are for the answer: all of them are written.
    pub room: u32,
    /// Which of them says 0, for success, if one does.
    pub status: Option<usize>,
}

/// What is tried.
pub struct Subject {
    pub device: Box<dyn Device>,
    /// What the driver has accepted.
    pub features: u64,
    /// What requests begin with.
    pub examples: Vec<Vec<u8>>,
    /// After these, nothing is kept.
    pub release: Vec<Good>,
    pub good: Good,
}

/// The bytes, one after the other; behind the last there are zeroes.
pub struct Feed<'a>(&'a [u8]);

impl<'a> Feed<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn byte(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let (now, later) = self.0.split_at(N.min(self.0.len()));
        bytes[..now.len()].copy_from_slice(now);
        self.0 = later;
        bytes
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A device with a driver of two queues, of which the device may have only the first.
struct Bench {
    subject: Subject,
    memory: Arc<GuestMemoryMmap<()>>,
    drivers: [Driver; 2],
    queues: [VirtQueue; 2],
    /// Chains that are not back: the head, and how much may be written.
    away: [Vec<(u16, u64)>; 2],
    /// Descriptors that are not served, and where the next one is.
    unserved: [u16; 2],
    next: [u16; 2],
    /// Where the next buffer and the next table are.
    heap: u64,
    table: u64,
    lent: Vec<std::ops::Range<u64>>,
    /// The device may write to rings, tables or good requests: nothing is known of them any more.
    is_wild: bool,
    /// Something lies outside the memory: a device may retire its queue.
    is_outside: bool,
}

/// Sends what `bytes` describe to a device.
pub fn run(subject: Subject, bytes: Feed<'_>) {
    let mut bench = Bench::new(subject);
    let mut feed = bytes;
    let mut is_alive = true;
    while is_alive && !feed.is_empty() {
        is_alive = bench.chain(&mut feed);
    }
    if is_alive && bench.serve() {
        bench.end();
    }
    let mut subject = bench.subject;
    subject.device.reset();
    Bench::new(subject).end();
}

impl Bench {
    fn new(mut subject: Subject) -> Self {
        subject.device.negotiated(subject.features);
        let memory = GuestMemoryMmap::from_ranges(&MEMORY).expect("the host has memory");
        let memory = Arc::new(memory);
        let first = Driver::over(Arc::clone(&memory), SIZE);
        let second = first.beside();
        Self {
            subject,
            queues: [
                VirtQueue::new(0, first.queue()),
                VirtQueue::new(1, second.queue()),
            ],
            drivers: [first, second],
            memory,
            away: [Vec::new(), Vec::new()],
            unserved: [0; 2],
            next: [0; 2],
            heap: HEAP,
            table: TABLES,
            lent: Vec::new(),
            is_wild: false,
            is_outside: false,
        }
    }

    /// Sends a chain; says whether the rings are still served.
    fn chain(&mut self, feed: &mut Feed<'_>) -> bool {
        let shape = feed.byte();
        let mut buffers: Vec<_> = (0..=shape & 7).map(|_| self.buffer(feed)).collect();
        if shape & 0x08 == 0 {
            buffers.sort_by_key(|buffer| buffer.writable);
        }
        let has_second = self.subject.device.traits().queues > 1;
        let queue = usize::from(has_second && shape & 0x80 != 0);
        let direct = match shape & 0x10 {
            0 => buffers.len(),
            _ => usize::from(feed.byte()) % buffers.len(),
        };
        let needed = u16::try_from(buffers.len()).expect("8 at most") + 1;
        if self.unserved[queue] + needed > SIZE && !self.serve() {
            return false;
        }
        let has_flaws = shape & 0x20 != 0;
        let mut room = 0;
        for buffer in buffers.iter().filter(|buffer| buffer.writable) {
            room += u64::from(buffer.len);
            self.lend(*buffer);
        }
        let mut flaws = has_flaws.then_some(feed);
        let head = self.next[queue] % SIZE;
        let (first, rest) = buffers.split_at(direct);
        let mut left = buffers.len();
        for buffer in first {
            left -= 1;
            self.descriptor(queue, *buffer, 0, left > 0, flaws.as_deref_mut());
        }
        if !rest.is_empty() {
            let table = self.indirect(rest, flaws.as_deref_mut());
            self.descriptor(queue, table, VRING_DESC_F_INDIRECT, false, flaws);
        }
        self.drivers[queue].offer(head);
        self.away[queue].push((head, if has_flaws { u64::MAX } else { room }));
        shape & 0x40 != 0 || self.serve()
    }

    /// A buffer, with what the device is to read in it.
    fn buffer(&mut self, feed: &mut Feed<'_>) -> Buffer {
        let how = feed.byte();
        let mut bytes = match how >> 3 & 3 {
            0 => self.example(feed),
            1 => {
                let len = usize::from(feed.byte() & 31);
                (0..len).map(|_| feed.byte()).collect()
            }
            2 => vec![feed.byte(); 512],
            _ => Vec::new(),
        };
        let writable = how & 1 != 0;
        if writable {
            let lens = [0, 1, 2, 8, 32, 512, 1025, 8193];
            bytes = vec![0x77; lens[usize::from(how >> 5)]];
        }
        let mut len = u32::try_from(bytes.len()).expect("they are few");
        let addr = match how >> 1 & 3 {
            2 => {
                let span = u32::from_le_bytes(feed.take()) % 0x1_f800;
                HEAP + u64::from(span)
            }
            // Rare: a device may retire its queue then.
            3 if feed.byte() & 3 == 0 => {
                len = u32::from_le_bytes(feed.take());
                u64::from_le_bytes(feed.take())
            }
            _ => {
                let end = self.heap + u64::from(len);
                let addr = if end > HEAP_END { HEAP } else { self.heap };
                self.heap = addr + u64::from(len);
                self.memory
                    .write_slice(&bytes, GuestAddress(addr))
                    .expect(WHY);
                addr
            }
        };
        let addr = GuestAddress(addr);
        self.note(addr, len);
        Buffer {
            addr,
            len,
            writable,
        }
    }

    /// What a request begins with, and one byte of it changed.
    fn example(&self, feed: &mut Feed<'_>) -> Vec<u8> {
        let examples = &self.subject.examples;
        let mut bytes = examples[usize::from(feed.byte()) % examples.len()].clone();
        let [place, change] = feed.take();
        let len = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(usize::from(place) % len) {
            *byte ^= change;
        }
        bytes
    }

    /// Remembers whether something is where no memory is.
    fn note(&mut self, addr: GuestAddress, len: u32) {
        let len = usize::try_from(len).expect("32 bits");
        self.is_outside |= len > 0 && !self.memory.check_range(addr, len);
    }

    fn lend(&mut self, buffer: Buffer) {
        let start = buffer.addr.0;
        let range = start..start.saturating_add(u64::from(buffer.len));
        self.is_wild |= range.start < HEAP && !range.is_empty();
        self.lent.push(range);
    }

    /// Writes an indirect table.
    fn indirect(&mut self, buffers: &[Buffer], mut flaws: Option<&mut Feed<'_>>) -> Buffer {
        let addr = GuestAddress(self.table);
        self.table = TABLES + (self.table + 0x80 - TABLES) % 0x6000;
        for (i, buffer) in (0..).zip(buffers) {
            let more = usize::from(i) + 1 < buffers.len();
            let (buffer, flags, next) = self.flawed(*buffer, 0, more, i + 1, flaws.as_deref_mut());
            self.drivers[0].descriptor(addr, i, buffer, flags, next);
        }
        let len = u32::try_from(16 * buffers.len()).expect("8 at most");
        Buffer {
            addr,
            len,
            writable: false,
        }
    }

    /// Writes the next descriptor of a ring.
    fn descriptor(
        &mut self,
        queue: usize,
        buffer: Buffer,
        flags: u32,
        more: bool,
        flaws: Option<&mut Feed<'_>>,
    ) {
        let index = self.next[queue] % SIZE;
        self.next[queue] = index + 1;
        self.unserved[queue] += 1;
        let next = (index + 1) % SIZE;
        let (buffer, flags, next) = self.flawed(buffer, flags, more, next, flaws);
        self.drivers[queue].table(index, buffer, flags, next);
    }

    /// What a descriptor says, which may be changed by a byte: its flags, successor or length.
    fn flawed(
        &mut self,
        mut buffer: Buffer,
        mut flags: u32,
        more: bool,
        mut next: u16,
        flaws: Option<&mut Feed<'_>>,
    ) -> (Buffer, u32, u16) {
        flags |= if more { VRING_DESC_F_NEXT } else { 0 };
        flags |= if buffer.writable {
            VRING_DESC_F_WRITE
        } else {
            0
        };
        let is_table = flags & VRING_DESC_F_INDIRECT != 0;
        if let Some(feed) = flaws {
            let change = feed.byte();
            match change >> 6 {
                1 => flags ^= u32::from(change & 7),
                2 => next = u16::from(change & 0x1f),
                3 => buffer.len ^= 1 << (change & 0x1f),
                _ => {}
            }
            if flags & VRING_DESC_F_WRITE != 0 {
                self.lend(buffer);
            }
            self.note(buffer.addr, buffer.len);
            // A table of who knows what.
            self.is_wild |= !is_table && flags & VRING_DESC_F_INDIRECT != 0;
        }
        (buffer, flags, next)
    }

    /// Has the device serve all that was sent, and checks what it has done; says whether the rings
    /// are still served.
    fn serve(&mut self) -> bool {
        self.unserved = [0; 2];
        let before = self.snapshot();
        let is_alive = self.process();
        if self.is_wild {
            return is_alive;
        }
        self.check_writes(before);
        for (driver, away) in self.drivers.iter_mut().zip(&mut self.away) {
            for (head, len) in driver.used() {
                come_back(away, head, len);
            }
        }
        is_alive
    }

    fn process(&mut self) -> bool {
        let (interrupts, counters) = (Interrupts::default(), Counters::default());
        let device = &mut *self.subject.device;
        let queues = usize::from(device.traits().queues).min(self.queues.len());
        for _ in 0..1000 {
            let mut is_idle = true;
            for queue in &mut self.queues[..queues] {
                let progress = queue.process(&self.memory, device, &interrupts, &counters);
                device.submit(true);
                is_idle &= progress == Progress::Idle && !queue.has_answers();
                if progress == Progress::Broken {
                    assert!(self.is_wild || self.is_outside, "retired for nothing");
                    return false;
                }
            }
            if is_idle {
                return true;
            }
        }
        panic!("it does not end");
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let region = |(addr, len): &(GuestAddress, usize)| {
            let mut bytes = vec![0; *len];
            self.memory.read_slice(&mut bytes, *addr).expect(WHY);
            bytes
        };
        MEMORY.iter().map(region).collect()
    }

    /// Checks that only what is lent, and the used rings, was written to.
    fn check_writes(&self, mut before: Vec<Vec<u8>>) {
        let after = self.snapshot();
        let used = self.drivers.iter().map(|driver| {
            let start = driver.used_ring().0;
            start..start + 6 + 8 * u64::from(SIZE)
        });
        for range in used.chain(self.lent.iter().cloned()) {
            for ((start, _), (before, after)) in MEMORY.iter().zip(before.iter_mut().zip(&after)) {
                let place = |addr: u64| {
                    let offset = addr.saturating_sub(start.0);
                    usize::try_from(offset).map_or(after.len(), |n| n.min(after.len()))
                };
                let range = place(range.start)..place(range.end);
                before[range.clone()].copy_from_slice(&after[range]);
            }
        }
        if before != after {
            let pairs = before.concat().into_iter().zip(after.concat());
            let places: Vec<_> = (0..).zip(pairs).filter(|(_, (b, a))| b != a).collect();
            panic!("bytes are written that are not lent: {places:?} of {MEMORY:?}");
        }
    }

    /// Has the device give everything back, and serve a good request.
    fn end(&mut self) {
        let good = self.subject.release.len();
        for n in 0..=good {
            if !self.succeeds(n) {
                return;
            }
        }
        if !self.is_wild {
            assert_eq!(self.away, [[], []], "not all came back");
        }
    }

    /// Sends the `n`-th request that ends what is kept, or then the good one. Says whether the
    /// rings are still served.
    fn succeeds(&mut self, n: usize) -> bool {
        let is_last = n == self.subject.release.len();
        let good = self.subject.release.get(n).unwrap_or(&self.subject.good);
        let (addr, room) = (GuestAddress(MEMORY[2].0.0), good.room);
        let at = |offset: u64, len: u32, writable: bool| Buffer {
            addr: GuestAddress(addr.0 + offset),
            len,
            writable,
        };
        self.memory.write_slice(&good.question, addr).expect(WHY);
        let len = u32::try_from(good.question.len()).expect("they are few");
        let (question, answer) = (at(0, len, false), at(0x800, room, true));
        let status = good.status;
        self.memory
            .write_slice(&vec![0x77; 0x800], answer.addr)
            .expect(WHY);
        self.lent
            .push(answer.addr.0..answer.addr.0 + u64::from(room));
        let head = self.drivers[0].send(&[question, answer]);
        self.away[0].push((head, room.into()));
        if !self.serve() {
            return false;
        }
        if !self.is_wild && is_last {
            let bytes = self.drivers[0].bytes(answer);
            assert!(
                status.is_none_or(|place| bytes[place] == 0),
                "a good request fails"
            );
            assert!(
                bytes.iter().any(|byte| *byte != 0x77),
                "a good request is not answered"
            );
        }
        true
    }
}

/// Takes a chain off the list of those that are away: the one that has the least room, if there are
/// several with the same head.
fn come_back(away: &mut Vec<(u16, u64)>, head: u32, len: u32) {
    let fitting = away
        .iter()
        .enumerate()
        .filter(|(_, (index, room))| u32::from(*index) == head && *room >= u64::from(len));
    let place = fitting
        .min_by_key(|(_, (_, room))| *room)
        .map(|(place, _)| place);
    let place = place.unwrap_or_else(|| panic!("{head} comes back with {len}, out of {away:?}"));
    away.swap_remove(place);
}
