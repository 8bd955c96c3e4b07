// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The other end of a queue, for tests: a driver that builds rings and chains in memory,
//! and a transport that records interrupts.
//!
//! Its functions panic when a test asks for what does not fit; none is for production.

#[cfg(test)]
pub(crate) mod flaws;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use virtio_bindings::virtio_ring::{
    VRING_AVAIL_F_NO_INTERRUPT, VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE,
};
use virtio_queue::{Queue, QueueT};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

use crate::counters::{Counters, Snapshot};
use crate::device::{Device, Interrupt};
use crate::queue::{Progress, VirtQueue};

/// Where the first queue's descriptor table is; its available and used ring follow.
const RINGS: u64 = 0x1000;
/// Where buffers are allocated from.
const HEAP: u64 = 0x20_0000;
/// Two regions without a gap, so that a buffer can lie across their border.
const REGION: u64 = 0x200_0000;

/// The first address that no memory is at.
pub const END: GuestAddress = GuestAddress(2 * REGION);

const WHY: &str = "a test stays within the driver's memory";

/// One buffer of a chain, as its descriptor says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Buffer {
    /// The first byte.
    pub addr: GuestAddress,
    /// How many bytes.
    pub len: u32,
    /// Whether it is for the device to write.
    pub writable: bool,
}

/// A driver of one queue, with 64 MiB of memory to itself.
#[derive(Debug)]
pub struct Driver {
    memory: Arc<GuestMemoryMmap<()>>,
    rings: u64,
    size: u16,
    next_descriptor: u16,
    next_avail: u16,
    next_used: u16,
    heap: u64,
}

impl Driver {
    /// Makes a driver and its rings for `size` descriptors.
    pub fn new(size: u16) -> Self {
        let region = usize::try_from(REGION).expect(WHY);
        let ranges = [(GuestAddress(0), region), (GuestAddress(REGION), region)];
        let memory = GuestMemoryMmap::from_ranges(&ranges).expect("the host has memory");
        Self::over(Arc::new(memory), size)
    }

    /// Makes a driver in memory that the test shares: 64 MiB from 0 on.
    pub fn over(memory: Arc<GuestMemoryMmap<()>>, size: u16) -> Self {
        Self::within(memory, RINGS, HEAP, size)
    }

    fn within(memory: Arc<GuestMemoryMmap<()>>, rings: u64, heap: u64, size: u16) -> Self {
        let (next_descriptor, next_avail, next_used) = (0, 0, 0);
        Self {
            memory,
            rings,
            size,
            next_descriptor,
            next_avail,
            next_used,
            heap,
        }
    }

    /// Makes a second driver in the same memory, for another queue of the same size.
    ///
    /// Its buffers are allocated from the second half of the memory; the first driver
    /// should keep out of that.
    pub fn beside(&self) -> Self {
        Self::within(self.memory(), self.rings + HEAP / 2, REGION, self.size)
    }

    /// Its memory.
    pub fn memory(&self) -> Arc<GuestMemoryMmap<()>> {
        Arc::clone(&self.memory)
    }

    /// The ring as the device gets it: without `RING_EVENT_IDX`.
    pub fn queue(&self) -> Queue {
        let mut queue = Queue::new(self.size).expect("a test's size is a power of two");
        queue
            .try_set_desc_table_address(GuestAddress(self.rings))
            .expect(WHY);
        queue.try_set_avail_ring_address(self.avail()).expect(WHY);
        queue
            .try_set_used_ring_address(self.used_ring())
            .expect(WHY);
        queue.set_ready(true);
        queue
    }

    /// The address of the available ring.
    pub fn avail(&self) -> GuestAddress {
        GuestAddress(self.rings + 16 * u64::from(self.size))
    }

    /// The address of the used ring.
    pub fn used_ring(&self) -> GuestAddress {
        GuestAddress((self.avail().0 + 6 + 2 * u64::from(self.size)).next_multiple_of(4))
    }

    /// Allocates a buffer for the device to read.
    pub fn readable(&mut self, bytes: &[u8]) -> Buffer {
        let buffer = Buffer {
            writable: false,
            ..self.writable(bytes.len())
        };
        self.memory.write_slice(bytes, buffer.addr).expect(WHY);
        buffer
    }

    /// Allocates a buffer for the device to write, full of zeroes.
    pub fn writable(&mut self, len: usize) -> Buffer {
        let addr = GuestAddress(self.heap);
        let len = u32::try_from(len).expect(WHY);
        self.heap = (self.heap + u64::from(len)).next_multiple_of(16);
        assert!(self.heap <= END.0, "{WHY}");
        Buffer {
            addr,
            len,
            writable: true,
        }
    }

    /// What a buffer holds.
    pub fn bytes(&self, buffer: Buffer) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(buffer.len).expect(WHY)];
        self.memory.read_slice(&mut bytes, buffer.addr).expect(WHY);
        bytes
    }

    /// Writes a descriptor at `table`, whatever it says.
    pub fn descriptor(
        &self,
        table: GuestAddress,
        index: u16,
        buffer: Buffer,
        flags: u32,
        next: u16,
    ) {
        let flags = u16::try_from(flags).expect("the flags of a descriptor are 16 bits");
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&buffer.addr.0.to_le_bytes());
        bytes[8..12].copy_from_slice(&buffer.len.to_le_bytes());
        bytes[12..14].copy_from_slice(&flags.to_le_bytes());
        bytes[14..].copy_from_slice(&next.to_le_bytes());
        let addr = GuestAddress(table.0 + 16 * u64::from(index));
        self.memory.write_slice(&bytes, addr).expect(WHY);
    }

    /// Writes a descriptor of the queue's own table, whatever it says.
    pub fn table(&self, index: u16, buffer: Buffer, flags: u32, next: u16) {
        self.descriptor(GuestAddress(self.rings), index, buffer, flags, next);
    }

    /// Sends a chain of `buffers`, and returns its head.
    pub fn send(&mut self, buffers: &[Buffer]) -> u16 {
        let head = self.next_descriptor;
        for (i, buffer) in buffers.iter().enumerate() {
            let index = self.next_descriptor;
            self.next_descriptor = (index + 1) % self.size;
            let next = if i + 1 < buffers.len() {
                VRING_DESC_F_NEXT
            } else {
                0
            };
            self.table(
                index,
                *buffer,
                next | write_flag(*buffer),
                self.next_descriptor,
            );
        }
        self.offer(head);
        head
    }

    /// Sends a chain of `buffers` through an indirect table, and returns its head.
    pub fn send_indirect(&mut self, buffers: &[Buffer]) -> u16 {
        let table = self.writable(16 * buffers.len());
        for (i, buffer) in (0_u16..).zip(buffers) {
            let last = usize::from(i) + 1 == buffers.len();
            let next = if last { 0 } else { VRING_DESC_F_NEXT };
            self.descriptor(table.addr, i, *buffer, next | write_flag(*buffer), i + 1);
        }
        let head = self.next_descriptor;
        self.next_descriptor = (head + 1) % self.size;
        self.table(head, table, VRING_DESC_F_INDIRECT, 0);
        self.offer(head);
        head
    }

    /// Puts `head` on the available ring, whatever it is.
    pub fn offer(&mut self, head: u16) {
        let slot = u64::from(self.next_avail % self.size);
        let addr = GuestAddress(self.avail().0 + 4 + 2 * slot);
        self.memory
            .store(head.to_le(), addr, Ordering::Relaxed)
            .expect(WHY);
        self.set_avail_index(self.next_avail.wrapping_add(1));
    }

    /// Sets the index of the available ring, whatever it was.
    pub fn set_avail_index(&mut self, index: u16) {
        self.next_avail = index;
        let addr = GuestAddress(self.avail().0 + 2);
        self.memory
            .store(index.to_le(), addr, Ordering::Release)
            .expect(WHY);
    }

    /// Asks for interrupts or against them, without `RING_EVENT_IDX`.
    pub fn want_interrupts(&self, wanted: bool) {
        let flags = if wanted {
            0
        } else {
            VRING_AVAIL_F_NO_INTERRUPT
        };
        let flags = u16::try_from(flags).expect("the flags of a ring are 16 bits");
        self.memory
            .store(flags.to_le(), self.avail(), Ordering::Relaxed)
            .expect(WHY);
    }

    /// Asks for an interrupt when the used index passes `index`, with `RING_EVENT_IDX`.
    pub fn want_interrupt_after(&self, index: u16) {
        let addr = GuestAddress(self.avail().0 + 4 + 2 * u64::from(self.size));
        self.memory
            .store(index.to_le(), addr, Ordering::Relaxed)
            .expect(WHY);
    }

    /// Whether the device wants to be notified, without `RING_EVENT_IDX`.
    pub fn is_kick_wanted(&self) -> bool {
        let flags: u16 = self
            .memory
            .load(self.used_ring(), Ordering::Acquire)
            .expect(WHY);
        flags == 0
    }

    /// The index that the device wants to be notified after, with `RING_EVENT_IDX`.
    pub fn kick_wanted_after(&self) -> u16 {
        let addr = GuestAddress(self.used_ring().0 + 4 + 8 * u64::from(self.size));
        u16::from_le(self.memory.load(addr, Ordering::Acquire).expect(WHY))
    }

    /// The index of the used ring.
    pub fn used_index(&self) -> u16 {
        let addr = GuestAddress(self.used_ring().0 + 2);
        u16::from_le(self.memory.load(addr, Ordering::Acquire).expect(WHY))
    }

    /// The chains that came back since it was last asked: head and length.
    pub fn used(&mut self) -> Vec<(u32, u32)> {
        let mut used = Vec::new();
        while self.next_used != self.used_index() {
            let slot = u64::from(self.next_used % self.size);
            let addr = self.used_ring().0 + 4 + 8 * slot;
            let id: u32 = self.memory.read_obj(GuestAddress(addr)).expect(WHY);
            let len: u32 = self.memory.read_obj(GuestAddress(addr + 4)).expect(WHY);
            used.push((u32::from_le(id), u32::from_le(len)));
            self.next_used = self.next_used.wrapping_add(1);
        }
        used
    }
}

fn write_flag(buffer: Buffer) -> u32 {
    if buffer.writable {
        VRING_DESC_F_WRITE
    } else {
        0
    }
}

/// Has `device` serve what is on the queue, until it is idle or broken; says what was counted.
pub fn serve(driver: &Driver, device: &mut dyn Device) -> Snapshot {
    serve_on(0, driver, device)
}

/// The same, as queue number `index` of the device.
pub fn serve_on(index: u16, driver: &Driver, device: &mut dyn Device) -> Snapshot {
    drain(&mut VirtQueue::new(index, driver.queue()), driver, device)
}

/// The same with a queue that goes on where it was.
pub fn drain(queue: &mut VirtQueue, driver: &Driver, device: &mut dyn Device) -> Snapshot {
    let (interrupts, counters) = (Interrupts::default(), Counters::default());
    let memory = driver.memory();
    loop {
        while queue.process(&memory, device, &interrupts, &counters) == Progress::More {}
        device.submit(true);
        if !queue.has_answers() {
            return counters.snapshot();
        }
    }
}

/// A transport that only records.
#[derive(Debug, Default)]
pub struct Interrupts {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    /// Queues that were interrupted, in order.
    queues: Vec<u16>,
    /// How often the device broke.
    breaks: u32,
    /// How often its configuration changed.
    changes: u32,
}

impl Interrupts {
    /// The queues that were interrupted, in order.
    pub fn queues(&self) -> Vec<u16> {
        self.seen().queues.clone()
    }

    /// How often the device was reported broken.
    pub fn breaks(&self) -> u32 {
        self.seen().breaks
    }

    /// Waits until there were so many interrupts, and so many reports of a broken device.
    ///
    /// # Panics
    ///
    /// After ten seconds.
    pub fn wait(&self, queues: usize, breaks: u32) {
        self.wait_until(|seen| seen.queues.len() >= queues && seen.breaks >= breaks);
    }

    /// Waits until the configuration has changed so many times.
    ///
    /// # Panics
    ///
    /// After ten seconds.
    pub fn wait_for_changes(&self, changes: u32) {
        self.wait_until(|seen| seen.changes >= changes);
    }

    fn wait_until(&self, is_done: impl Fn(&Seen) -> bool) {
        let limit = Duration::from_secs(10);
        let (seen, timeout) = self
            .changed
            .wait_timeout_while(self.seen(), limit, |seen| !is_done(seen))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "only saw {seen:?}");
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.seen());
        self.changed.notify_all();
    }
}

impl Interrupt for Interrupts {
    fn queue(&self, index: u16) {
        self.note(|seen| seen.queues.push(index));
    }

    fn config_changed(&self) {
        self.note(|seen| seen.changes += 1);
    }

    fn broken(&self) {
        self.note(|seen| seen.breaks += 1);
    }
}
