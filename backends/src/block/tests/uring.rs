// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that io_uring does side by side.

use std::os::unix::fs::FileExt;

use super::*;
use crate::{Counters, VirtQueue};

/// A disk on io_uring; `None` where there is none.
fn ring_disk(file: &File, write_through: bool) -> Option<Disk> {
    let options = Options {
        engine: Engine::Uring,
        write_through,
        ..Options::default()
    };
    match Disk::new(file.try_clone().unwrap(), options) {
        Ok(disk) => Some(disk),
        Err(Error::Uring { source }) => {
            eprintln!("no io_uring here: {source}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

fn header(kind: u32, sector: u64) -> Header {
    Header {
        kind: kind.into(),
        reserved: 0.into(),
        sector: sector.into(),
    }
}

/// Sends a request of two segments, and returns where its data and its status are.
fn send(driver: &mut Driver, kind: u32, sector: u64, data: Option<&[u8]>) -> [Buffer; 3] {
    let header = driver.readable(header(kind, sector).as_bytes());
    let [first, second] = match data {
        Some(data) => [driver.readable(&data[..512]), driver.readable(&data[512..])],
        None => [driver.writable(512), driver.writable(512)],
    };
    let status = driver.writable(1);
    driver.send_indirect(&[header, first, second, status]);
    [first, second, status]
}

#[test]
fn many_reads_of_one_batch_are_all_right() {
    let file = image();
    let Some(mut disk) = ring_disk(&file, false) else {
        return;
    };
    let mut driver = Driver::new(64);
    let reads: Vec<_> = (0..62)
        .map(|sector| send(&mut driver, VIRTIO_BLK_T_IN, sector, None))
        .collect();

    let counts = serve(&driver, &mut disk);

    let used = driver.used();
    assert_eq!((used.len(), counts.requests), (62, 62));
    assert!(used.iter().all(|(_, len)| *len == 1025));
    for (sector, [first, second, status]) in (0_u8..).zip(reads) {
        assert_eq!(driver.bytes(first), [sector; 512]);
        assert_eq!(driver.bytes(second), [sector + 1; 512]);
        assert_eq!(driver.bytes(status), [0]);
    }
}

#[test]
fn writes_through_the_ring_reach_the_file_and_are_counted() {
    let file = image();
    let Some(mut disk) = ring_disk(&file, true) else {
        return;
    };
    let mut driver = Driver::new(64);
    let data = |n: u8| [[n; 512], [n + 100; 512]].concat();
    let status: Vec<_> = (0..32_u8)
        .map(|n| {
            send(
                &mut driver,
                VIRTIO_BLK_T_OUT,
                u64::from(n) * 2,
                Some(&data(n)),
            )[2]
        })
        .collect();

    let counts = serve(&driver, &mut disk);

    assert!(driver.used().iter().all(|(_, len)| *len == 1));
    assert!(status.iter().all(|status| driver.bytes(*status) == [0]));
    assert_eq!(counts.bytes_read, 32 * (16 + 1024));
    assert_eq!(sector_of(&file, 62), [31; 512]);
    assert_eq!(sector_of(&file, 63), [131; 512]);
}

#[test]
fn a_flush_through_the_ring_succeeds() {
    let Some(mut disk) = ring_disk(&image(), false) else {
        return;
    };
    let mut exchange = Exchange::new(VIRTIO_BLK_T_FLUSH, 0).writable(1);

    assert_eq!(exchange.run(&mut disk), (0, 1));
}

#[test]
fn long_reads_side_by_side_in_memory_are_all_right() {
    const LEN: usize = 256 << 10;
    let Ok(file) = tempfile::tempfile_in("/dev/shm") else {
        return;
    };
    let sectors: Vec<u8> = (0..=250)
        .cycle()
        .take(2048)
        .flat_map(|n| [n; 512])
        .collect();
    file.write_all_at(&sectors, 0).unwrap();
    let mut disk = Disk::new(file, Options::default()).unwrap();
    let mut driver = Driver::new(16);
    let mut send = |sector: u64| {
        let header = driver.readable(header(VIRTIO_BLK_T_IN, sector).as_bytes());
        let [data, status] = [driver.writable(LEN), driver.writable(1)];
        driver.send(&[header, data, status]);
        data
    };
    let reads = [0, 512, 1024, 1536].map(|sector| (sector, send(sector)));

    let counts = serve(&driver, &mut disk);

    assert_eq!((driver.used().len(), counts.requests), (4, 4));
    for (sector, data) in reads {
        let start = usize::try_from(sector * 512).unwrap();
        assert!(driver.bytes(data) == sectors[start..start + LEN]);
    }
}

/// In time they are waited for, but for one now and then.
#[test]
fn requests_that_come_alone_for_long_are_all_answered() {
    let Some(mut disk) = ring_disk(&image(), false) else {
        return;
    };
    let mut is_flushed = || {
        let mut exchange = Exchange::new(VIRTIO_BLK_T_FLUSH, 0).writable(1);
        exchange.run(&mut disk) == (0, 1)
    };

    assert!((0..400).all(|_| is_flushed()));
}

#[test]
fn a_read_through_the_ring_ends_with_the_file() {
    let file = image();
    let Some(mut disk) = ring_disk(&file, false) else {
        return;
    };
    file.set_len(3 * 512 + 100).unwrap();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, 2)
        .writable(700)
        .writable(324)
        .writable(1);

    assert_eq!(exchange.run(&mut disk), (1, 612));

    assert_eq!(exchange.counts.failed, 1);
    assert_eq!(exchange.bytes(1)[..512], [2; 512]);
}

/// A request for each slot of the ring and some more, on a disk that is not cached.
#[test]
fn more_than_the_ring_takes_is_done_as_well() {
    let file = image();
    let Some(mut disk) = ring_disk(&file, true) else {
        return;
    };
    let mut driver = Driver::new(512);
    (0..400).for_each(|n| {
        send(&mut driver, VIRTIO_BLK_T_OUT, n % 62, Some(&[7; 1024]));
    });

    serve(&driver, &mut disk);

    assert_eq!(driver.used().len(), 400);
    assert_eq!(sector_of(&file, 61), [7; 512]);
}

#[test]
fn what_is_under_way_goes_back_before_the_worker_ends() {
    let file = image();
    let Some(disk) = ring_disk(&file, true) else {
        return;
    };
    let mut driver = Driver::new(64);
    (0..60).for_each(|n| {
        send(&mut driver, VIRTIO_BLK_T_OUT, n, Some(&[9; 1024]));
    });

    let (worker, interrupts) = at_work(&driver, disk);
    interrupts.wait(1, 0);
    worker.stop();

    assert_eq!(driver.used().len(), 60);
    assert_eq!(sector_of(&file, 60), [9; 512]);
}

#[test]
fn a_disk_that_ends_waits_for_what_the_kernel_does() {
    let file = image();
    let Some(mut disk) = ring_disk(&file, true) else {
        return;
    };
    let mut driver = Driver::new(64);
    (0..20).for_each(|n| {
        send(&mut driver, VIRTIO_BLK_T_OUT, n, Some(&[5; 1024]));
    });
    let mut queue = VirtQueue::new(0, driver.queue());
    let memory = driver.memory();
    let counters = Counters::default();
    queue.process(&memory, &mut disk, &Interrupts::default(), &counters);

    drop(disk);

    assert_eq!(sector_of(&file, 20), [5; 512]);
}
