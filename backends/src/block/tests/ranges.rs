// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Discard and write-zeroes.

use std::os::unix::fs::MetadataExt;

use virtio_bindings::virtio_blk::{VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES};

use super::*;
use crate::block::wire::{Segment, UNMAP};

fn segment(sector: u64, num_sectors: u32, flags: u32) -> [u8; 16] {
    let segment = Segment {
        sector: sector.into(),
        num_sectors: num_sectors.into(),
        flags: flags.into(),
    };
    segment.as_bytes().try_into().unwrap()
}

/// The status of a request with these segments.
fn status(disk: &mut Disk, kind: u32, segments: &[[u8; 16]]) -> u8 {
    let segments = segments.concat();
    let mut exchange = Exchange::new(kind, 0).readable(&segments).writable(1);
    exchange.run(disk).0
}

/// A file of 1 MiB without holes.
fn large() -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![7; 1 << 20]).unwrap();
    file.sync_all().unwrap();
    file
}

#[test]
fn what_is_discarded_takes_no_space_any_more() {
    let file = large();
    let before = file.metadata().unwrap().blocks();

    let outcome = status(
        &mut disk(&file),
        VIRTIO_BLK_T_DISCARD,
        &[segment(0, 1024, 0), segment(1536, 512, 0)],
    );

    assert_eq!(outcome, 0);
    assert_eq!(before - file.metadata().unwrap().blocks(), 1536);
    assert_eq!(sector_of(&file, 1023), [0; 512]);
    assert_eq!(sector_of(&file, 1024), [7; 512]);
    assert_eq!(file.metadata().unwrap().len(), 1 << 20);
}

#[test]
fn zeroes_are_written_where_they_should_be() {
    let file = image();

    let outcome = status(
        &mut disk(&file),
        VIRTIO_BLK_T_WRITE_ZEROES,
        &[segment(2, 3, 0)],
    );

    assert_eq!(outcome, 0);
    assert_eq!(sector_of(&file, 1), [1; 512]);
    assert_eq!(sector_of(&file, 2), [0; 512]);
    assert_eq!(sector_of(&file, 4), [0; 512]);
    assert_eq!(sector_of(&file, 5), [5; 512]);
}

#[test]
fn zeroes_take_space_unless_the_driver_can_do_without() {
    let (kept, given) = (large(), large());
    let before = kept.metadata().unwrap().blocks();
    let all = |flags| [segment(0, 2048, flags)];

    let outcomes = [
        status(&mut disk(&kept), VIRTIO_BLK_T_WRITE_ZEROES, &all(0)),
        status(&mut disk(&given), VIRTIO_BLK_T_WRITE_ZEROES, &all(UNMAP)),
    ];

    assert_eq!(outcomes, [0, 0]);
    assert_eq!(kept.metadata().unwrap().blocks(), before);
    assert!(given.metadata().unwrap().blocks() < before);
    assert_eq!(sector_of(&kept, 2047), [0; 512]);
    assert_eq!(sector_of(&given, 2047), [0; 512]);
}

#[test]
fn zeroes_keep_their_space_where_nothing_may_be_discarded() {
    let file = large();
    let before = file.metadata().unwrap().blocks();
    let options = Options {
        discard: false,
        ..Options::default()
    };
    let mut disk = disk_with(&file, options);

    let discarded = status(&mut disk, VIRTIO_BLK_T_DISCARD, &[segment(0, 8, 0)]);
    let zeroed = status(
        &mut disk,
        VIRTIO_BLK_T_WRITE_ZEROES,
        &[segment(0, 2048, UNMAP)],
    );

    assert_eq!((discarded, zeroed), (2, 0));
    assert_eq!(file.metadata().unwrap().blocks(), before);
    assert_eq!(config(&disk).write_zeroes_may_unmap, 0);
}

#[test]
fn a_host_without_a_way_to_make_zeroes_writes_them() {
    let file = large();
    let disk = disk(&file);

    disk.image.write_out_zeroes(512, (1 << 20) - 1024).unwrap();

    assert_eq!(sector_of(&file, 0), [7; 512]);
    assert_eq!(sector_of(&file, 1), [0; 512]);
    assert_eq!(sector_of(&file, 2046), [0; 512]);
    assert_eq!(sector_of(&file, 2047), [7; 512]);
}

#[test]
fn what_the_host_cannot_do_is_unsupported() {
    let unsupported = [libc::EOPNOTSUPP, libc::ENOSYS, libc::ENOTTY]
        .map(|errno| host::is_unsupported(&std::io::Error::from_raw_os_error(errno)));
    let failed = host::is_unsupported(&std::io::Error::from_raw_os_error(libc::EIO));

    assert_eq!(unsupported, [true; 3]);
    assert!(!failed);
}

#[test]
fn one_wrong_segment_keeps_all_from_being_done() {
    let file = image();
    let end = u32::try_from(SECTORS).unwrap();

    let outcome = status(
        &mut disk(&file),
        VIRTIO_BLK_T_DISCARD,
        &[segment(0, 8, 0), segment(1, end, 0)],
    );

    assert_eq!(outcome, 1);
    assert_eq!(sector_of(&file, 3), [3; 512]);
}

#[test]
fn a_segment_of_nothing_is_done() {
    let outcome = status(
        &mut disk(&image()),
        VIRTIO_BLK_T_DISCARD,
        &[segment(SECTORS, 0, 0)],
    );

    assert_eq!(outcome, 0);
}
