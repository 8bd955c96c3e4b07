// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The devices, each as a first byte chooses.

use std::fs::File;
use std::io::Write;
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt;

use backends::{block, gpio, i2c, rng};

use super::harness::{Feed, Good, Subject, run};

/// Sectors of the disk.
const SECTORS: u8 = 64;
const SECTOR: usize = 512;

/// An entropy source, with a limit or without.
pub fn entropy(bytes: &[u8]) {
    let mut feed = Feed::new(bytes);
    let mut device = rng::Entropy::new(rng::Source::Kernel);
    if feed.byte() & 1 != 0 {
        device = device.with_rate(NonZeroU32::MAX).expect("there are timers");
    }
    let subject = Subject {
        device: Box::new(device),
        features: 0,
        examples: vec![vec![0]],
        release: Vec::new(),
        good: Good {
            question: Vec::new(),
            room: 32,
            status: None,
        },
    };
    run(subject, feed);
}

/// A disk: read-only or not, with either engine, and as drivers use it that know of flushes or not.
pub fn disk(bytes: &[u8]) {
    let mut feed = Feed::new(bytes);
    let choice = feed.byte();
    let has = |bit: u8| choice & bit != 0;
    let mut file = tempfile::tempfile().expect("there is room for files");
    let image: Vec<_> = (0..SECTORS).flat_map(|n| [n; SECTOR]).collect();
    file.write_all(&image).expect("it is as good as memory");
    let is_ring = has(2) && block::Engine::check_uring().is_ok();
    let options = block::Options {
        read_only: has(1),
        block_size: has(8).then_some(4096),
        discard: !has(16),
        engine: if is_ring {
            block::Engine::Uring
        } else {
            block::Engine::Sync
        },
        ..block::Options::default()
    };
    let own = file.try_clone().expect("there are descriptors");
    let disk = block::Disk::new(own, options).expect("it is a disk");
    let subject = Subject {
        device: Box::new(disk),
        features: if has(4) { u64::MAX } else { 0 },
        examples: disk_examples(),
        release: Vec::new(),
        good: Good {
            question: disk_header(0, 0),
            room: 513,
            status: Some(SECTOR),
        },
    };
    run(subject, feed);
    check_image(&file, has(1).then_some(&image));
}

/// Checks that a disk is as long as it was and, if it is not to be written to, what it was.
fn check_image(file: &File, content: Option<&Vec<u8>>) {
    let mut now = vec![0; usize::from(SECTORS) * SECTOR + 1];
    let len = file.read_at(&mut now, 0).expect("it is as good as memory");
    assert_eq!(len + 1, now.len(), "the disk has another size");
    now.truncate(len);
    assert!(
        content.is_none_or(|content| *content == now),
        "a read-only disk is written to"
    );
}

fn disk_header(kind: u32, sector: u64) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat()
}

fn disk_examples() -> Vec<Vec<u8>> {
    let segment = |sector: u64, count: u32| {
        [&sector.to_le_bytes()[..], &count.to_le_bytes(), &[0; 4]].concat()
    };
    let plain = [0, 1, 4, 8].map(|kind| disk_header(kind, 3));
    let end = u64::from(SECTORS) - 1;
    let ranges = [11, 13].map(|kind| [disk_header(kind, 0), segment(8, 8)].concat());
    let edges = [0, 1].map(|kind| disk_header(kind, end));
    let alone = [segment(end, 1)];
    plain
        .into_iter()
        .chain(ranges)
        .chain(edges)
        .chain(alone)
        .collect()
}

/// An I2C adapter, of which all addresses are the guest's or one.
pub fn adapter(bytes: &[u8]) {
    let mut feed = Feed::new(bytes);
    let bus = i2c::SimulatedBus::new([0x50, 0x51]);
    let allowed = (feed.byte() & 1 != 0).then(|| [0x50].into());
    let device = i2c::Adapter::new(Box::new(bus), allowed).expect("there are timers");
    let header =
        |addr: u16, flags: u32| [&addr.to_le_bytes()[..], &[0; 2], &flags.to_le_bytes()].concat();
    let heads = [
        (0xa0, 0),
        (0xa0, 1),
        (0xa0, 2),
        (0xa0, 3),
        (0xa2, 0),
        (0xa2, 3),
        (0x60, 0),
    ];
    let good = || Good {
        question: [header(0xa0, 0), vec![7]].concat(),
        room: 1,
        status: Some(0),
    };
    let subject = Subject {
        device: Box::new(device),
        features: 1,
        examples: heads.map(|(addr, flags)| header(addr, flags)).into(),
        // The end of whatever transfer has begun.
        release: vec![good()],
        good: good(),
    };
    run(subject, feed);
}

/// A GPIO chip, of which all lines are the guest's or two, with interrupts or without.
pub fn chip(bytes: &[u8]) {
    let mut feed = Feed::new(bytes);
    let choice = feed.byte();
    let lines = (choice & 1 != 0).then(|| vec![3, 2]);
    let count = lines.as_ref().map_or(4, |_| 2);
    let chip = gpio::SimulatedChip::new(4);
    let device = gpio::Controller::new(Box::new(chip), lines).expect("it has these lines");
    let message = |kind: u16, line: u16, value: u32| {
        [
            &kind.to_le_bytes()[..],
            &line.to_le_bytes(),
            &value.to_le_bytes(),
        ]
        .concat()
    };
    let ask = |kind, line| Good {
        question: message(kind, line, 0),
        room: 2,
        status: Some(0),
    };
    let values = [
        (1, 0, 0),
        (2, 1, 0),
        (3, 0, 1),
        (3, 1, 2),
        (4, 1, 0),
        (5, 0, 1),
        (6, 1, 3),
        (6, 1, 4),
    ];
    let messages = values.map(|(kind, line, value)| message(kind, line, value));
    let events = [0_u16, 1].map(|line| line.to_le_bytes().to_vec());
    let subject = Subject {
        device: Box::new(device),
        features: u64::from(choice & 2 == 0),
        examples: messages.into_iter().chain(events).collect(),
        // A line that is not used any more has no interrupt.
        release: (0..count).map(|line| ask(3, line)).collect(),
        good: ask(4, 0),
    };
    run(subject, feed);
}
