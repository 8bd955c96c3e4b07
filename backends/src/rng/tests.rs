// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::io::{Seek, Write};
use std::thread::sleep;
use std::time::Duration;

use super::*;
use crate::counters::Snapshot;
use crate::testing::flaws::Subject;
use crate::testing::{Buffer, Driver, Interrupts, serve};
use crate::{Counters, VirtQueue};

fn file_of(bytes: &[u8]) -> Source {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Source::File(file)
}

fn ask(
    source: Source,
    pick: impl Fn(&mut Driver) -> Vec<Buffer>,
) -> (Driver, Vec<Buffer>, Snapshot) {
    let mut driver = Driver::new(8);
    let buffers = pick(&mut driver);
    driver.send(&buffers);
    let counts = serve(&driver, &mut Entropy::new(source));
    (driver, buffers, counts)
}

#[test]
fn all_buffers_of_a_request_are_filled() {
    let (mut driver, buffers, counts) = ask(Source::Kernel, |d| {
        vec![d.writable(100), d.writable(0), d.writable(200)]
    });

    assert_eq!(driver.used(), [(0, 300)]);
    assert!(driver.bytes(buffers[0]).iter().any(|&byte| byte != 0));
    assert!(
        driver.bytes(buffers[2])[180..]
            .iter()
            .any(|&byte| byte != 0)
    );
    assert_eq!(counts.bytes_written, 300);
}

#[test]
fn a_file_gives_its_bytes_in_order() {
    let (mut driver, buffers, _) = ask(file_of(b"entropy"), |d| vec![d.writable(3), d.writable(4)]);

    assert_eq!(driver.used(), [(0, 7)]);
    assert_eq!(driver.bytes(buffers[0]), b"ent");
    assert_eq!(driver.bytes(buffers[1]), b"ropy");
}

#[test]
fn a_file_that_ends_gives_what_it_has_and_counts_a_failure() {
    let (mut driver, _, counts) = ask(file_of(b"xyz"), |d| vec![d.writable(8)]);

    assert_eq!(driver.used(), [(0, 3)]);
    assert_eq!(counts.failed, 1);
}

#[test]
fn a_greedy_request_is_given_no_more_than_the_limit() {
    let (mut driver, _, _) = ask(Source::Kernel, |d| vec![d.writable(1 << 20)]);

    assert_eq!(driver.used(), [(0, 4096)]);
}

#[test]
fn what_goes_beyond_the_rate_waits_for_its_turn() {
    let mut driver = Driver::new(8);
    let rooms = [driver.writable(60), driver.writable(60)];
    rooms.iter().for_each(|room| _ = driver.send(&[*room]));
    // One byte in each tenth of a second.
    let rate = NonZeroU32::new(10).unwrap();
    let mut device = Entropy::new(Source::Kernel).with_rate(rate).unwrap();
    let (interrupts, counters) = (Interrupts::default(), Counters::default());
    let (mut queue, memory) = (VirtQueue::new(0, driver.queue()), driver.memory());

    while driver.used_index() < 2 {
        queue.process(&memory, &mut device, &interrupts, &counters);
        sleep(Duration::from_millis(1));
        device.wake();
    }

    assert_eq!(driver.used(), [(0, 1), (1, 1)]);
    assert!(device.waiting.is_empty());
}

#[test]
fn who_waits_is_forgotten_with_a_reset() {
    let mut driver = Driver::new(8);
    let room = driver.writable(8);
    (0..4).for_each(|_| _ = driver.send(&[room]));
    let mut device = Entropy::new(Source::Kernel)
        .with_rate(NonZeroU32::MIN)
        .unwrap();

    serve(&driver, &mut device);
    device.reset();

    assert!(driver.used().len() < 4);
    assert!(device.waiting.is_empty());
}

/// What is wrong, and the chain: what is sent, and how much room there is.
type Wrong = (&'static str, &'static [&'static [u8]], &'static [usize]);

/// Requests that are none for entropy. There is no status to say so. The specification forbids
/// drivers to send what is to be read, has them look at the used length, and says nothing of what a
/// device does with other chains: here they go back with a length of 0, and nothing is written.
const LIST: &[Wrong] = &[
    ("a question", &[b"?"], &[]),
    ("a question and room", &[b"?"], &[8]),
    ("a question and room for none", &[b"?"], &[0]),
    ("two questions and room", &[b"a", b"b"], &[8, 8]),
    ("a disk's request", &[&[0; 16]], &[512, 1]),
    ("a long question", &[&[1; 65536]], &[1]),
    ("an empty question and no room", &[b""], &[]),
    ("room for nothing", &[], &[0]),
    ("room for nothing, twice", &[], &[0, 0]),
];

#[test]
fn each_request_of_the_list_gets_nothing_and_goes_back() {
    for (name, questions, rooms) in LIST {
        let mut driver = Driver::new(8);
        let questions = questions.iter().map(|bytes| driver.readable(bytes));
        let mut buffers: Vec<_> = questions.collect();
        buffers.extend(rooms.iter().map(|len| driver.writable(*len)));
        driver.send(&buffers);
        let good = driver.writable(8);
        driver.send(&[good]);

        let counts = serve(&driver, &mut Entropy::new(Source::Kernel));

        let back: Vec<_> = driver.used().iter().map(|(_, len)| *len).collect();
        assert_eq!(back, [0, 8], "{name}");
        assert_eq!(counts.malformed, 1, "{name}");
        let written = buffers.iter().filter(|buffer| buffer.writable);
        let written: Vec<_> = written.flat_map(|room| driver.bytes(*room)).collect();
        assert!(written.iter().all(|byte| *byte == 0), "{name}: is answered");
    }
}

/// Chains that no device takes get nothing as well.
fn survives_every_flaw(device: &mut Entropy) {
    let mut subject = Subject {
        device,
        features: 0,
        queue: 0,
        good: |driver| vec![driver.writable(32)],
        failure: None,
    };
    subject.fails_and_survives_each();
}

#[test]
fn chains_that_are_wrong_get_nothing_and_go_back() {
    survives_every_flaw(&mut Entropy::new(Source::Kernel));
}

#[test]
fn so_they_do_if_others_wait() {
    let device = Entropy::new(Source::Kernel).with_rate(NonZeroU32::MAX);
    survives_every_flaw(&mut device.unwrap());
}
