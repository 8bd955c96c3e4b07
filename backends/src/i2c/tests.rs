// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::counters::Counters;
use crate::queue::{Progress, VirtQueue};
use crate::testing::flaws::{Subject, try_each};
use crate::testing::{Buffer, Driver, END, Interrupts, serve};

const CHIP: u16 = 0x50;
const READ: u32 = FLAG_READ;
const JOINED: u32 = FLAG_FAIL_NEXT;

/// `struct virtio_i2c_out_hdr`.
fn header(addr: u16, flags: u32) -> Vec<u8> {
    let mut bytes = addr.to_le_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(flags.to_le_bytes());
    bytes
}

fn adapter(addresses: Option<BTreeSet<u8>>) -> Adapter {
    Adapter::new(Box::new(SimulatedBus::new([0x50, 0x51])), addresses).unwrap()
}

/// Writes down what it is asked for; fails with this error if there is one.
struct Recorder(Arc<Mutex<Vec<Vec<Segment>>>>, Option<i32>);

impl Bus for Recorder {
    fn transfer(&mut self, segments: &mut [Segment]) -> io::Result<()> {
        self.0.lock().unwrap().push(segments.to_vec());
        match self.1 {
            Some(code) => Err(io::Error::from_raw_os_error(code)),
            None => Ok(()),
        }
    }
}

/// Sends a write, and returns its status.
fn write(driver: &mut Driver, chip: u16, flags: u32, bytes: &[u8]) -> Buffer {
    let mut buffers = vec![driver.readable(&header(chip << 1, flags))];
    if !bytes.is_empty() {
        buffers.push(driver.readable(bytes));
    }
    let status = driver.writable(1);
    buffers.push(status);
    driver.send(&buffers);
    status
}

/// Sends a read, and returns its data and its status.
fn read(driver: &mut Driver, chip: u16, flags: u32, len: usize) -> (Buffer, Buffer) {
    let header = driver.readable(&header(chip << 1, flags | READ));
    let (data, status) = (driver.writable(len), driver.writable(1));
    driver.send(&[header, data, status]);
    (data, status)
}

/// What the statuses are; 0xff is none.
fn statuses(driver: &Driver, statuses: &[Buffer]) -> Vec<u8> {
    statuses.iter().map(|s| driver.bytes(*s)[0]).collect()
}

#[test]
fn what_was_written_is_read_again() {
    let mut driver = Driver::new(64);
    let set = write(&mut driver, CHIP, 0, &[7, 1, 2, 3]);
    let point = write(&mut driver, CHIP, JOINED, &[8]);
    let (data, status) = read(&mut driver, CHIP, 0, 2);

    let counts = serve(&driver, &mut adapter(None));

    assert_eq!(statuses(&driver, &[set, point, status]), [0, 0, 0]);
    assert_eq!(driver.bytes(data), [2, 3]);
    assert_eq!(driver.used(), [(0, 1), (3, 1), (6, 3)]);
    assert_eq!((counts.malformed, counts.failed), (0, 0));
}

#[test]
fn requests_without_data_find_out_who_is_there() {
    let mut driver = Driver::new(64);
    let there = write(&mut driver, CHIP, 0, &[]);
    let absent = write(&mut driver, 0x52, 0, &[]);
    let (_, reads) = read(&mut driver, CHIP, 0, 0);

    let counts = serve(&driver, &mut adapter(None));

    assert_eq!(statuses(&driver, &[there, absent, reads]), [0, 1, 0]);
    assert_eq!((counts.malformed, counts.failed), (0, 0));
}

#[test]
fn joined_requests_are_one_transfer() {
    let seen = Arc::default();
    let bus = Recorder(Arc::clone(&seen), None);
    let mut driver = Driver::new(64);
    write(&mut driver, CHIP, JOINED, &[1]);
    write(&mut driver, 0x51, JOINED, &[2, 3]);
    read(&mut driver, CHIP, 0, 4);
    write(&mut driver, CHIP, 0, &[9]);

    serve(&driver, &mut Adapter::new(Box::new(bus), None).unwrap());

    let transfers: Vec<_> = seen.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(transfers, [3, 1]);
    assert_eq!(driver.used().len(), 4);
}

#[test]
fn a_transfer_that_fails_fails_all_of_its_requests() {
    let bus = Recorder(Arc::default(), Some(libc::ETIMEDOUT));
    let mut driver = Driver::new(64);
    let first = write(&mut driver, CHIP, JOINED, &[1]);
    let (_, second) = read(&mut driver, CHIP, 0, 4);

    let counts = serve(&driver, &mut Adapter::new(Box::new(bus), None).unwrap());

    assert_eq!(statuses(&driver, &[first, second]), [1, 1]);
    assert_eq!(counts.failed, 1);
}

#[test]
fn a_chip_that_is_not_allowed_is_not_there() {
    let seen = Arc::default();
    let bus = Recorder(Arc::clone(&seen), None);
    let mut driver = Driver::new(64);
    let other = write(&mut driver, 0x51, 0, &[1]);
    let allowed = write(&mut driver, CHIP, 0, &[1]);

    serve(
        &driver,
        &mut Adapter::new(Box::new(bus), Some([0x50].into())).unwrap(),
    );

    assert_eq!(statuses(&driver, &[other, allowed]), [1, 0]);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn nothing_of_a_transfer_with_a_chip_that_is_not_allowed_is_sent() {
    let seen = Arc::default();
    let bus = Recorder(Arc::clone(&seen), None);
    let mut driver = Driver::new(64);
    let parts = [(CHIP, JOINED), (0x51, JOINED), (CHIP, 0), (CHIP, 0)];
    let all = parts.map(|(chip, flags)| write(&mut driver, chip, flags, &[1]));

    serve(
        &driver,
        &mut Adapter::new(Box::new(bus), Some([0x50].into())).unwrap(),
    );

    assert_eq!(statuses(&driver, &all), [1, 1, 1, 0]);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn a_transfer_that_is_too_long_fails() {
    let mut driver = Driver::new(256);
    let joined = [JOINED; I2C_SEGMENTS];
    let mut all: Vec<_> = joined
        .iter()
        .map(|flags| write(&mut driver, CHIP, *flags, &[1]))
        .collect();
    all.push(write(&mut driver, CHIP, 0, &[1]));
    let next = write(&mut driver, CHIP, 0, &[1]);

    serve(&driver, &mut adapter(None));

    assert_eq!(statuses(&driver, &all), [1; I2C_SEGMENTS + 1]);
    assert_eq!(statuses(&driver, &[next]), [0]);
}

#[test]
fn a_transfer_without_an_end_is_done_when_nothing_more_comes() {
    let mut driver = Driver::new(64);
    let status = write(&mut driver, CHIP, JOINED, &[1]);
    let mut adapter = adapter(None);
    let (interrupts, counters) = (Interrupts::default(), Counters::default());
    let mut queue = VirtQueue::new(0, driver.queue());
    let memory = driver.memory();
    let mut step = |adapter: &mut Adapter| {
        while queue.process(&memory, adapter, &interrupts, &counters) == Progress::More {}
    };

    step(&mut adapter);
    adapter.wake();
    step(&mut adapter);
    assert!(driver.used().is_empty());
    std::thread::sleep(PATIENCE);
    assert!(adapter.alarm.is_due());
    adapter.wake();
    step(&mut adapter);

    assert_eq!(driver.used(), [(0, 1)]);
    assert_eq!(statuses(&driver, &[status]), [0]);
}

#[test]
fn a_reset_forgets_a_transfer_that_has_begun() {
    let seen = Arc::default();
    let bus = Recorder(Arc::clone(&seen), None);
    let mut driver = Driver::new(64);
    write(&mut driver, CHIP, JOINED, &[1]);
    let mut adapter = Adapter::new(Box::new(bus), None).unwrap();
    serve(&driver, &mut adapter);

    adapter.reset();
    let mut next = Driver::new(64);
    write(&mut next, CHIP, 0, &[2]);
    serve(&next, &mut adapter);

    assert_eq!(seen.lock().unwrap().len(), 1);
    assert!(driver.used().is_empty());
}

#[test]
fn a_driver_has_to_accept_requests_without_data() {
    assert_eq!(adapter(None).required(), 1);
    assert_eq!(adapter(None).traits().features, 1);
}

/// A request as the pieces of its two sides.
type Pieces = (&'static str, Vec<Vec<u8>>, Vec<usize>);

/// Requests that break the rules. Each goes back, with a failure if it has room for one.
fn malformed() -> Vec<Pieces> {
    let plain = |flags| header(CHIP << 1, flags);
    let with = |head: Vec<u8>, more: usize| vec![head, vec![0; more]];
    vec![
        ("nothing at all", vec![], vec![]),
        ("an empty buffer", vec![vec![]], vec![]),
        ("no status", vec![plain(0)], vec![]),
        ("no status for data", with(plain(0), 3), vec![]),
        ("no status for a read", vec![plain(READ)], vec![]),
        ("an empty status", vec![plain(0)], vec![0]),
        ("no header", vec![], vec![1]),
        ("no header, but data", vec![], vec![8, 1]),
        ("an empty header", vec![vec![]], vec![1]),
        ("one byte of a header", vec![vec![0xa0]], vec![1]),
        ("seven bytes", vec![plain(0)[..7].to_vec()], vec![1]),
        (
            "half a header to read",
            vec![plain(READ)[..4].to_vec()],
            vec![4, 1],
        ),
        ("a writable header", vec![], vec![9]),
        ("a readable status", with(plain(0), 1), vec![]),
        ("a write with room", with(plain(0), 2), vec![2, 1]),
        ("an empty write with room", vec![plain(0)], vec![1, 1]),
        ("a read with data", with(plain(READ), 2), vec![1]),
        ("a read both ways", with(plain(READ), 2), vec![2, 1]),
        ("flag 2", vec![plain(1 << 2)], vec![1]),
        ("flag 31", vec![plain(1 << 31)], vec![1]),
        ("every flag", vec![plain(u32::MAX)], vec![1, 1]),
        ("an odd address", vec![header(0xa1, 0)], vec![1]),
        ("an address of 9 bits", vec![header(0x1a0, 0)], vec![1]),
        ("an address of 16 bits", vec![header(0xffff, 0)], vec![1]),
        (
            "an odd address of 10 bits",
            vec![header(0xa1f1, 0)],
            vec![1],
        ),
        ("a write too long", with(plain(0), 8193), vec![1]),
        ("a vast write", with(plain(0), 1 << 20), vec![1]),
        ("a read too long", vec![plain(READ)], vec![8193, 1]),
        ("a vast read", vec![plain(READ)], vec![1 << 20, 1]),
        (
            "a vaster read than any",
            vec![plain(READ)],
            vec![17 << 20, 1],
        ),
        ("joined, flag 2", vec![plain(JOINED | 1 << 2)], vec![1]),
        ("joined, no address", vec![header(0xa1, JOINED)], vec![1]),
        ("joined, both ways", with(plain(JOINED), 1), vec![1, 1]),
        ("joined, too long", with(plain(JOINED), 8193), vec![1]),
        ("joined, no status", vec![plain(JOINED)], vec![]),
    ]
}

/// Sends a request, and after it two that are well, of which the second has to succeed.
fn survives((name, readable, writable): Pieces) {
    let mut driver = Driver::new(64);
    let mut buffers: Vec<_> = readable.iter().map(|b| driver.readable(b)).collect();
    buffers.extend(writable.iter().map(|len| driver.writable(*len)));
    if buffers.is_empty() {
        buffers.push(driver.readable(&[]));
    }
    let head = driver.send(&buffers);
    write(&mut driver, CHIP, 0, &[1]);
    let last = write(&mut driver, CHIP, 0, &[1]);

    let counts = serve(&driver, &mut adapter(None));

    let used: BTreeMap<_, _> = driver.used().into_iter().collect();
    assert_eq!(used.len(), 3, "{name}: not all go back");
    // What is before the status was not written.
    let is_whole = writable.iter().sum::<usize>() == 1;
    assert_eq!(
        used[&head.into()],
        u32::from(is_whole),
        "{name}: the length"
    );
    assert_eq!(counts.malformed, 1, "{name}: not counted");
    assert_eq!(statuses(&driver, &[last]), [0], "{name}: the next fails");
    if let Some(end) = buffers.last().filter(|b| b.writable && b.len > 0) {
        let status = *driver.bytes(*end).last().unwrap();
        assert_eq!(status, Status::Err as u8, "{name}: is no failure");
    }
}

#[test]
fn every_malformed_request_fails_and_goes_back() {
    try_each(malformed(), survives);
}

#[test]
fn chains_that_are_wrong_fail_where_there_is_a_status_and_go_back() {
    let mut subject = Subject {
        device: &mut adapter(None),
        features: 1,
        queue: 0,
        good: |driver| {
            let header = driver.readable(&header(CHIP << 1, 0));
            vec![header, driver.readable(&[1, 2]), driver.writable(1)]
        },
        failure: Some(Status::Err as u8),
    };
    subject.fails_and_survives_each();
}

#[test]
fn a_transfer_of_which_a_request_cannot_be_read_is_not_begun() {
    let seen = Arc::default();
    let bus = Recorder(Arc::clone(&seen), None);
    let mut driver = Driver::new(64);
    let first = write(&mut driver, CHIP, JOINED, &[1]);
    let (nowhere, middle) = (
        Buffer {
            addr: END,
            len: 8,
            writable: false,
        },
        driver.writable(1),
    );
    driver.send(&[nowhere, middle]);
    let last = write(&mut driver, CHIP, 0, &[2]);
    let next = write(&mut driver, CHIP, 0, &[3]);

    serve(&driver, &mut Adapter::new(Box::new(bus), None).unwrap());

    assert_eq!(
        statuses(&driver, &[first, middle, last, next]),
        [1, 1, 1, 0]
    );
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn a_request_with_a_buffer_that_is_nowhere_fails_and_goes_back() {
    let mut driver = Driver::new(64);
    let status = driver.writable(1);
    let header = Buffer {
        addr: END,
        len: 8,
        writable: false,
    };
    driver.send(&[header, status]);

    let counts = serve(&driver, &mut adapter(None));

    assert_eq!(driver.used(), [(0, 0)]);
    assert_eq!(statuses(&driver, &[status]), [1]);
    assert_eq!(counts.malformed, 1);
}

proptest! {
    #[test]
    fn any_requests_go_back_with_a_status(
        requests in prop::collection::vec(
            (
                prop::collection::vec(any::<u8>(), 0..12),
                prop_oneof![Just(None), (0..0x60_u16, 0..5_u32).prop_map(Some)],
                0..4_usize,
            ),
            1..20,
        ),
    ) {
        let mut driver = Driver::new(64);
        let mut ends = Vec::new();
        for (bytes, head, room) in &requests {
            let mut out = head.map_or(Vec::new(), |(addr, flags)| header(addr << 1, flags));
            out.extend(bytes);
            let (out, room) = (driver.readable(&out), driver.writable(*room));
            driver.send(&[out, room]);
            ends.push(room);
        }
        let mut adapter = adapter(None);

        serve(&driver, &mut adapter);
        adapter.reset();

        let used = driver.used().len();
        // Those of a transfer that has no end are kept.
        prop_assert!(used <= requests.len());
        for end in ends.iter().filter(|end| end.len > 0) {
            prop_assert!(*driver.bytes(*end).last().unwrap() <= 1);
        }
    }
}
