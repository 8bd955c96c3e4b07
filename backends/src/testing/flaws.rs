// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Chains that are wrong whatever the device is: the list that each device is tried with, besides
//! its own.

use virtio_bindings::virtio_ring::{VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE};
use vm_memory::{Bytes, GuestAddress};

use super::{Buffer, Driver, END, drain, write_flag};
use crate::device::Device;
use crate::limits::{CHAIN_DESCRIPTORS, REQUEST_BYTES};
use crate::queue::VirtQueue;

const NEXT: u32 = VRING_DESC_F_NEXT;
const WRITE: u32 = VRING_DESC_F_WRITE;
const INDIRECT: u32 = VRING_DESC_F_INDIRECT;

/// What a byte is that nobody has written to.
const UNTOUCHED: u8 = 0x77;

/// What the driver gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answer {
    /// The chain back, with a failure in its status.
    Failure,
    /// The chain back. It has no end that a status could be at.
    Nothing,
    /// The chain has a status that cannot be reached, which may be the host's fault. Where drivers
    /// look at the status only, the chain does not go back and the queue is retired.
    Retired,
}

use Answer::{Failure, Nothing, Retired};

/// A mistake: its name, what it gets, and how it is made of a good request.
type Flaw = (&'static str, Answer, fn(&mut Driver, &[Buffer]));

/// A device, and how a good request is made.
pub(crate) struct Subject<'d> {
    pub(crate) device: &'d mut dyn Device,
    /// What its driver has accepted.
    pub(crate) features: u64,
    pub(crate) queue: u16,
    /// Its status is the first byte of its last buffer; 0 is success.
    pub(crate) good: fn(&mut Driver) -> Vec<Buffer>,
    /// The status of a failure, if there are statuses.
    pub(crate) failure: Option<u8>,
}

const FLAWS: &[Flaw] = &[
    ("an empty buffer to read", Nothing, |driver, _| {
        let empty = driver.readable(&[]);
        driver.send(&[empty]);
    }),
    ("an empty buffer to write", Nothing, |driver, _| {
        let empty = driver.writable(0);
        driver.send(&[empty]);
    }),
    ("empty buffers in a table", Nothing, |driver, _| {
        let empties = [driver.readable(&[]), driver.writable(0)];
        driver.send_indirect(&empties);
    }),
    ("a descriptor behind itself", Nothing, |driver, good| {
        driver.table(0, good[0], NEXT | write_flag(good[0]), 0);
        driver.offer(0);
    }),
    ("two descriptors in a circle", Nothing, |driver, good| {
        driver.table(0, good[0], NEXT | WRITE, 1);
        driver.table(1, good[0], NEXT | WRITE, 0);
        driver.offer(0);
    }),
    ("a request that begins again", Nothing, |driver, good| {
        follow(driver, good, 0);
    }),
    ("a successor behind the table", Nothing, |driver, good| {
        follow(driver, good, 16);
    }),
    (
        "the last successor there can be",
        Nothing,
        |driver, good| {
            follow(driver, good, u16::MAX);
        },
    ),
    ("something to read at the end", Nothing, |driver, good| {
        let (room, more) = (driver.writable(1), driver.readable(b"?"));
        driver.send(&[good, &[room, more]].concat());
    }),
    ("something to read behind room", Failure, |driver, good| {
        let wrong = [driver.writable(1), driver.readable(b"?")];
        driver.send(&[&wrong, good].concat());
    }),
    ("the same in a table", Failure, |driver, good| {
        let wrong = [driver.writable(1), driver.readable(b"?")];
        driver.send_indirect(&[&wrong, good].concat());
    }),
    ("a question that wraps around", Failure, |driver, good| {
        driver.send(&[&[nowhere(u64::MAX - 1, 3, false)], good].concat());
    }),
    ("room that wraps around", Failure, |driver, good| {
        driver.send(&before_last(good, nowhere(u64::MAX, 2, true)));
    }),
    ("an end that wraps around", Nothing, |driver, good| {
        driver.send(&[good, &[nowhere(u64::MAX - 1, 3, true)]].concat());
    }),
    ("a question that is nowhere", Failure, |driver, good| {
        driver.send(&[&[nowhere(END.0, 8, false)], good].concat());
    }),
    ("room that is nowhere", Failure, |driver, good| {
        driver.send(&before_last(good, nowhere(1 << 63, 8, true)));
    }),
    ("room that memory ends in", Failure, |driver, good| {
        driver.send(&before_last(good, nowhere(END.0 - 1, 2, true)));
    }),
    ("the same room in a table", Failure, |driver, good| {
        driver.send_indirect(&before_last(good, nowhere(END.0 - 1, 2, true)));
    }),
    ("an end that is nowhere", Retired, |driver, good| {
        driver.send(&[good, &[nowhere(END.0, 1, true)]].concat());
    }),
    ("more than a request may have", Failure, |driver, good| {
        let large = driver.writable(REQUEST_BYTES);
        driver.send(&before_last(good, large));
    }),
    ("as much in many pieces", Failure, |driver, good| {
        let pieces = vec![driver.writable(1 << 20); 16];
        let (last, rest) = good.split_last().unwrap();
        driver.send_indirect(&[rest, &pieces, &[*last]].concat());
    }),
    ("a table of no bytes", Nothing, |driver, _| {
        table(driver, 0, 0)
    }),
    ("a table of half an entry", Nothing, |driver, _| {
        table(driver, 8, 0);
    }),
    ("a table of an entry and a bit", Nothing, |driver, _| {
        table(driver, 17, 0);
    }),
    ("a table of too many entries", Nothing, |driver, good| {
        driver.send_indirect(&vec![good[0]; CHAIN_DESCRIPTORS + 1]);
    }),
    ("a full table behind a descriptor", Nothing, |driver, _| {
        let piece = driver.writable(1);
        driver.send_indirect(&[piece; CHAIN_DESCRIPTORS]);
        driver.table(1, piece, NEXT | WRITE, 0);
        driver.set_avail_index(0);
        driver.offer(1);
    }),
    ("a table with a successor", Nothing, |driver, _| {
        table(driver, 16, NEXT);
    }),
    ("a table in a table", Nothing, |driver, _| {
        let inner = driver.writable(16);
        driver.descriptor(inner.addr, 0, inner, INDIRECT, 0);
        driver.table(0, inner, INDIRECT, 0);
        driver.offer(0);
    }),
    (
        "a table in which a successor is not",
        Nothing,
        |driver, good| {
            in_table(driver, good[0], 1);
        },
    ),
    (
        "a table in which one is behind itself",
        Nothing,
        |driver, good| {
            in_table(driver, good[0], 0);
        },
    ),
    ("a table that is nowhere", Retired, |driver, _| {
        driver.table(0, nowhere(END.0, 16, false), INDIRECT, 0);
        driver.offer(0);
    }),
    ("a table that wraps around", Retired, |driver, _| {
        driver.table(0, nowhere(u64::MAX - 7, 16, false), INDIRECT, 0);
        driver.offer(0);
    }),
];

/// Tries a device with each mistake of a list.
pub(crate) fn try_each<W>(list: Vec<W>, survives: fn(W)) {
    assert!(list.len() >= 25);
    list.into_iter().for_each(survives);
}

/// A buffer that the driver has not allocated.
fn nowhere(addr: u64, len: u32, writable: bool) -> Buffer {
    Buffer {
        addr: GuestAddress(addr),
        len,
        writable,
    }
}

/// Puts a buffer before that with the status.
fn before_last(good: &[Buffer], buffer: Buffer) -> Vec<Buffer> {
    let (last, rest) = good.split_last().unwrap();
    [rest, &[buffer, *last]].concat()
}

/// Sends a request whose last descriptor has a successor.
fn follow(driver: &mut Driver, good: &[Buffer], next: u16) {
    driver.send(good);
    let last = good.len() - 1;
    let flags = NEXT | write_flag(good[last]);
    driver.table(u16::try_from(last).unwrap(), good[last], flags, next);
}

/// Sends an indirect table of so many bytes, all 0.
fn table(driver: &mut Driver, len: usize, flags: u32) {
    let table = driver.writable(len);
    driver.table(0, table, INDIRECT | flags, 1);
    driver.offer(0);
}

/// Sends a table of one descriptor, which has a successor.
fn in_table(driver: &mut Driver, buffer: Buffer, next: u16) {
    let table = driver.writable(16);
    let flags = NEXT | write_flag(buffer);
    driver.descriptor(table.addr, 0, buffer, flags, next);
    driver.table(0, table, INDIRECT, 0);
    driver.offer(0);
}

impl Subject<'_> {
    /// Tries the device with every mistake of the list, and each time with a good request behind
    /// it.
    pub(crate) fn fails_and_survives_each(&mut self) {
        for flaw in FLAWS {
            self.device.negotiated(self.features);
            self.fails_and_survives(flaw);
            self.device.reset();
        }
        assert!(FLAWS.len() >= 25);
    }

    fn fails_and_survives(&mut self, (name, answer, make): &Flaw) {
        let mut driver = Driver::new(16);
        let good = (self.good)(&mut driver);
        let status = good[good.len() - 1].addr;
        let memory = driver.memory();
        memory.write_obj(UNTOUCHED, status).unwrap();
        let mut queue = VirtQueue::new(self.queue, driver.queue());

        make(&mut driver, &good);
        let counts = drain(&mut queue, &driver, self.device);

        let is_retired = *answer == Retired && self.failure.is_some();
        let back: Vec<_> = driver.used().iter().map(|(_, len)| *len).collect();
        let expected: &[u32] = if is_retired { &[] } else { &[0] };
        assert_eq!(back, expected, "{name}: what goes back");
        let said: u8 = memory.read_obj(status).unwrap();
        let expected = self.failure.filter(|_| *answer == Failure);
        assert_eq!(said, expected.unwrap_or(UNTOUCHED), "{name}: the status");
        assert_eq!(counts.malformed, 1, "{name}: not counted");
        assert_eq!(queue.is_broken(), is_retired, "{name}: the queue");
        if is_retired {
            driver = Driver::new(16);
            queue = VirtQueue::new(self.queue, driver.queue());
            self.device.reset();
            self.device.negotiated(self.features);
        }
        self.serves_a_good_one(name, &mut driver, &mut queue);
    }

    fn serves_a_good_one(&mut self, name: &str, driver: &mut Driver, queue: &mut VirtQueue) {
        let good = (self.good)(driver);
        let room: u32 = good.iter().filter(|b| b.writable).map(|b| b.len).sum();
        let status = good[good.len() - 1];
        driver.memory().write_obj(UNTOUCHED, status.addr).unwrap();
        driver.send(&good);

        drain(queue, driver, self.device);

        let back: Vec<_> = driver.used().iter().map(|(_, len)| *len).collect();
        assert_eq!(back, [room], "after {name}");
        if self.failure.is_some() {
            assert_eq!(driver.bytes(status)[0], 0, "after {name}");
        }
    }
}
