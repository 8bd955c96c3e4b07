// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that are wrong.

use proptest::prelude::*;
use virtio_bindings::virtio_blk::{VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES};

use super::*;
use crate::block::wire::Segment;
use crate::testing::flaws::Subject;

const IN: u32 = VIRTIO_BLK_T_IN;
const OUT: u32 = VIRTIO_BLK_T_OUT;
const DISCARD: u32 = VIRTIO_BLK_T_DISCARD;
const ZEROES: u32 = VIRTIO_BLK_T_WRITE_ZEROES;

const IOERR: u8 = 1;
const UNSUPP: u8 = 2;

/// What is wrong, the status that it gets, and how it is made, but for the byte of the status.
type Wrong = (&'static str, u8, fn() -> Exchange);

fn read(sector: u64, len: usize) -> Exchange {
    Exchange::new(IN, sector).writable(len)
}

fn write(sector: u64, len: usize) -> Exchange {
    Exchange::new(OUT, sector).readable(&vec![0xee; len])
}

fn ranges(kind: u32, segments: &[(u64, u32, u32)]) -> Exchange {
    let segment = |(sector, count, flags): &(u64, u32, u32)| Segment {
        sector: (*sector).into(),
        num_sectors: (*count).into(),
        flags: (*flags).into(),
    };
    let bytes: Vec<u8> = segments
        .iter()
        .flat_map(|s| segment(s).as_bytes().to_vec())
        .collect();
    Exchange::new(kind, 0).readable(&bytes)
}

fn outside(addr: u64, len: u32, writable: bool) -> Buffer {
    Buffer {
        addr: GuestAddress(addr),
        len,
        writable,
    }
}

const LIST: &[Wrong] = &[
    ("no header", IOERR, Exchange::raw),
    ("15 bytes of a header", IOERR, || {
        Exchange::raw().readable(&[0; 15])
    }),
    ("a header that is to be written", IOERR, || {
        Exchange::raw().writable(16)
    }),
    ("kind 2", UNSUPP, || Exchange::new(2, 0).readable(&[0; 512])),
    ("the largest kind", UNSUPP, || Exchange::new(u32::MAX, 0)),
    ("secure erase, which is not offered", UNSUPP, || {
        ranges(14, &[(0, 1, 0)])
    }),
    ("a read behind the end", IOERR, || read(SECTORS + 1, 512)),
    ("a read from the end on", IOERR, || read(SECTORS, 512)),
    ("a read across the end", IOERR, || read(SECTORS - 1, 1024)),
    ("a read of the last sector there can be", IOERR, || {
        read(u64::MAX, 512)
    }),
    ("a read at an offset of 2^64", IOERR, || read(1 << 55, 512)),
    ("a read of 511 bytes", IOERR, || read(0, 511)),
    ("a read of 513 bytes", IOERR, || read(0, 513)),
    ("a write behind the end", IOERR, || write(SECTORS + 1, 512)),
    ("a write from the end on", IOERR, || write(SECTORS, 512)),
    ("a write across the end", IOERR, || write(SECTORS - 1, 1024)),
    ("a write of the last sector there can be", IOERR, || {
        write(u64::MAX, 512)
    }),
    ("a write at an offset of 2^64", IOERR, || {
        write(1 << 55, 512)
    }),
    ("a write of 511 bytes", IOERR, || write(0, 511)),
    ("a write of a sector and one byte", IOERR, || {
        write(0, 512).readable(&[0; 1])
    }),
    ("19 bytes for a serial number", IOERR, || {
        Exchange::new(VIRTIO_BLK_T_GET_ID, 0).writable(19)
    }),
    ("no room for a serial number", IOERR, || {
        Exchange::new(VIRTIO_BLK_T_GET_ID, 0)
    }),
    ("a discard of nothing", IOERR, || ranges(DISCARD, &[])),
    ("a discard with half a segment", IOERR, || {
        Exchange::new(DISCARD, 0).readable(&[0; 8])
    }),
    ("a discard with one and a half", IOERR, || {
        Exchange::new(DISCARD, 0).readable(&[0; 24])
    }),
    ("a discard with 33 segments", IOERR, || {
        ranges(DISCARD, &[(0, 1, 0); 33])
    }),
    ("a discard across the end", IOERR, || {
        ranges(DISCARD, &[(SECTORS - 1, 2, 0)])
    }),
    ("a discard that wraps around", IOERR, || {
        ranges(DISCARD, &[(u64::MAX, 2, 0)])
    }),
    ("a discard that is too long", IOERR, || {
        ranges(DISCARD, &[(0, (1 << 21) + 1, 0)])
    }),
    ("a discard with a wrong second segment", IOERR, || {
        ranges(DISCARD, &[(0, 1, 0), (SECTORS, 1, 0)])
    }),
    ("a discard that is to unmap", UNSUPP, || {
        ranges(DISCARD, &[(0, 1, 1)])
    }),
    ("a discard with a reserved flag", UNSUPP, || {
        ranges(DISCARD, &[(0, 1, 1 << 31)])
    }),
    ("no zeroes", IOERR, || ranges(ZEROES, &[])),
    ("zeroes in two segments", IOERR, || {
        ranges(ZEROES, &[(0, 1, 0), (1, 1, 0)])
    }),
    ("zeroes across the end", IOERR, || {
        ranges(ZEROES, &[(SECTORS - 1, 2, 0)])
    }),
    ("too many zeroes", IOERR, || {
        ranges(ZEROES, &[(0, (1 << 15) + 1, 0)])
    }),
    ("zeroes with a reserved flag", UNSUPP, || {
        ranges(ZEROES, &[(0, 1, 2)])
    }),
    ("a read to where no memory is", IOERR, || {
        Exchange::new(IN, 0).buffer(outside(END.0, 512, true))
    }),
    ("a write from where no memory is", IOERR, || {
        Exchange::new(OUT, 0).buffer(outside(END.0, 512, false))
    }),
    ("a read of more than a request may have", IOERR, || {
        Exchange::new(IN, 0).buffer(outside(0x20_0000, 17 << 20, true))
    }),
];

/// The used length of a failed request: 1 if the status is all that could be written, and the
/// request could be read; what is before a status that fails it was not written.
fn length(buffers: &[Buffer]) -> u32 {
    let room: u32 = buffers.iter().filter(|b| b.writable).map(|b| b.len).sum();
    u32::from(room == 1 && buffers.iter().all(|buffer| buffer.addr < END))
}

#[test]
fn each_request_of_the_list_fails_and_goes_back_and_does_nothing() {
    let file = image();
    let before: Vec<_> = (0..SECTORS).map(|n| sector_of(&file, n)).collect();
    let mut disk = disk(&file);

    for (what, expected, make) in LIST {
        let mut exchange = make().writable(1);
        let (status, used) = exchange.run(&mut disk);
        assert_eq!(status, *expected, "{what}");
        assert_eq!(used, length(&exchange.buffers), "{what}: the length");
        assert!(
            exchange.driver.used().is_empty(),
            "{what}: it went back twice"
        );
        let mut good = read(7, 512).writable(1);
        assert_eq!(good.run(&mut disk), (0, 513), "after {what}");
    }

    assert!(LIST.len() >= 25);
    let after: Vec<_> = (0..SECTORS).map(|n| sector_of(&file, n)).collect();
    assert!(before == after);
}

/// A read of the first sector.
fn good(driver: &mut Driver) -> Vec<Buffer> {
    let header = driver.readable(&[0; 16]);
    vec![header, driver.writable(512), driver.writable(1)]
}

fn survives_every_flaw(engine: Engine) {
    let options = Options {
        engine,
        ..Options::default()
    };
    let mut subject = Subject {
        device: &mut disk_with(&image(), options),
        features: u64::MAX,
        queue: 0,
        good,
        failure: Some(IOERR),
    };
    subject.fails_and_survives_each();
}

#[test]
fn chains_that_are_wrong_fail_where_there_is_a_status_and_go_back() {
    survives_every_flaw(Engine::Sync);
    survives_every_flaw(Engine::Auto);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_bytes_in_any_chain_go_back_once_and_stay_on_the_disk(
        kind in prop_oneof![0_u32..16, any::<u32>()],
        sector in prop_oneof![0..=SECTORS, any::<u64>()],
        // What comes after the header: whose, how long, and full of what.
        shape in prop::collection::vec((any::<bool>(), 0_usize..1100, any::<u8>()), 0..6),
        cut in 0_usize..=16,
        read_only in any::<bool>(),
    ) {
        let file = image();
        let options = Options { read_only, ..Options::default() };
        let mut disk = disk_with(&file, options);
        let header = Header { kind: kind.into(), reserved: 0.into(), sector: sector.into() };
        let mut driver = Driver::new(16);
        let mut buffers = vec![driver.readable(&header.as_bytes()[..cut])];
        buffers.push(driver.readable(&header.as_bytes()[cut..]));
        for (writable, len, fill) in shape {
            buffers.push(match writable {
                true => driver.writable(len),
                false => driver.readable(&vec![fill; len]),
            });
        }
        driver.send(&buffers);

        serve(&driver, &mut disk);

        prop_assert_eq!(driver.used().len(), 1);
        prop_assert_eq!(file.metadata().unwrap().len(), SECTORS * SECTOR);
        if read_only {
            prop_assert_eq!(sector_of(&file, 9), vec![9; 512]);
        }
    }
}
