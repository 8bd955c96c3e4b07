// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! When writes are durable, how the disk is shown, and that its size changes.

use super::*;

const FLUSH: u64 = 1 << VIRTIO_BLK_F_FLUSH;
const CONFIG_WCE: u64 = 1 << VIRTIO_BLK_F_CONFIG_WCE;

#[test]
fn writes_are_durable_at_once_unless_flush_was_accepted() {
    let mut disk = disk(&image());
    assert!(disk.is_write_through());

    disk.negotiated(FLUSH);
    assert!(!disk.is_write_through());
    disk.reset();

    assert!(disk.is_write_through());
}

#[test]
fn the_driver_chooses_the_cache_mode() {
    let mut disk = disk(&image());
    let transport = disk.config();
    disk.negotiated(FLUSH | CONFIG_WCE);
    assert_eq!(config(&disk).writeback, 1);

    transport.write(32, &[0]);
    let chosen = disk.is_write_through();
    disk.negotiated(FLUSH | CONFIG_WCE);
    let started = disk.is_write_through();
    transport.write(32, &[1]);

    assert!(chosen && started);
    assert!(!disk.is_write_through());
}

#[test]
fn a_driver_that_did_not_ask_to_choose_does_not() {
    let mut disk = disk(&image());
    disk.negotiated(FLUSH);

    disk.config().write(32, &[0]);

    assert!(!disk.is_write_through());
}

#[test]
fn a_driver_that_cannot_flush_writes_through() {
    let mut disk = disk(&image());

    disk.negotiated(CONFIG_WCE);

    assert_eq!(config(&disk).writeback, 0);
    assert!(disk.is_write_through());
}

#[test]
fn a_choice_does_not_outlive_a_reset() {
    let mut disk = disk(&image());
    disk.negotiated(FLUSH | CONFIG_WCE);
    disk.config().write(32, &[0]);

    disk.reset();
    disk.negotiated(FLUSH | CONFIG_WCE);

    assert_eq!(config(&disk).writeback, 1);
    assert!(!disk.is_write_through());
}

#[test]
fn a_disk_that_writes_through_leaves_no_choice() {
    let options = Options {
        write_through: true,
        ..Options::default()
    };
    let disk = disk_with(&image(), options);

    assert_eq!(disk.traits().features & (FLUSH | CONFIG_WCE), 0);
    assert_eq!(config(&disk).writeback, 0);
    assert!(disk.is_write_through());
}

#[test]
fn a_disk_has_the_blocks_that_were_asked_for() {
    let options = Options {
        block_size: Some(2048),
        ..Options::default()
    };
    let config = config(&disk_with(&image(), options));

    assert_eq!(config.blk_size.get(), 2048);
    assert_eq!(config.discard_sector_alignment.get(), 4);
    assert!(2048_u32 << config.physical_block_exp >= 2048);
}

#[test]
fn blocks_and_queues_that_cannot_be_are_refused() {
    let new = |block_size, queues| {
        let options = Options {
            block_size,
            queues,
            ..Options::default()
        };
        Disk::new(image(), options).unwrap_err()
    };
    let blocks = |size| new(Some(size), 1);

    assert!(matches!(
        blocks(256),
        Error::DiskBlocks {
            size: 256,
            least: 512
        }
    ));
    assert!(matches!(blocks(513), Error::DiskBlocks { size: 513, .. }));
    assert!(matches!(blocks(8192), Error::DiskBlocks { size: 8192, .. }));
    assert!(matches!(new(None, 0), Error::DiskQueues { queues: 0 }));
    assert!(matches!(new(None, 17), Error::DiskQueues { queues: 17 }));
}

#[test]
fn each_queue_is_served() {
    let options = Options {
        queues: 4,
        ..Options::default()
    };
    let mut disk = disk_with(&image(), options);
    let features = disk.traits().features;
    let mut first = Exchange::new(VIRTIO_BLK_T_IN, 1).writable(512).writable(1);

    assert_eq!(
        (disk.traits().queues, config(&disk).num_queues.get()),
        (4, 4)
    );
    assert_ne!(features & (1 << VIRTIO_BLK_F_MQ), 0);
    assert_eq!(first.run_on(3, &mut disk), (0, 513));
}

#[test]
fn the_driver_is_told_of_another_size_and_of_the_next_one() {
    let file = image();
    let disk = disk(&file);
    let config = disk.config();
    let (worker, interrupts) = at_work(&Driver::new(8), disk);
    let capacity = || {
        let mut bytes = [0; 8];
        config.read(0, &mut bytes);
        u64::from_le_bytes(bytes)
    };

    file.set_len(100 * SECTOR + 1).unwrap();
    interrupts.wait_for_changes(1);
    let grown = (capacity(), config.generation());
    file.set_len(10 * SECTOR).unwrap();
    interrupts.wait_for_changes(2);
    let shrunk = (capacity(), config.generation());

    assert_eq!((grown, shrunk), ((100, 1), (10, 2)));
    worker.stop();
}

/// As if there had been none for ten seconds.
#[test]
fn a_disk_that_nobody_uses_is_looked_at_when_somebody_does() {
    let file = image();
    let mut disk = disk(&file);
    for _ in 0..20 {
        disk.next_look = Instant::now();
        disk.wake();
    }
    // The last one that was set has expired.
    disk.timer.clear().unwrap();
    file.set_len(100 * SECTOR).unwrap();
    disk.wake();
    let idle = (config(&disk).capacity.get(), disk.timer.is_armed().unwrap());

    let mut last = Exchange::new(VIRTIO_BLK_T_IN, 99).writable(513);
    let status = last.run(&mut disk).0;

    assert_eq!((idle, status), ((64, false), 0));
    assert_eq!(config(&disk).capacity.get(), 100);
    assert!(disk.timer.is_armed().unwrap());
}

#[test]
fn another_size_is_seen_at_once_when_somebody_says_so() {
    let file = image();
    let disk = disk(&file);
    let config = disk.config();
    let (worker, interrupts) = at_work(&Driver::new(8), disk);

    file.set_len(100 * SECTOR).unwrap();
    let start = Instant::now();
    worker.look();
    interrupts.wait_for_changes(1);

    // Far less than when it would look by itself.
    assert!(start.elapsed() < Duration::from_millis(700));
    assert_eq!((config.byte(0), config.generation()), (100, 1));
    worker.stop();
}

#[test]
fn a_driver_that_comes_finds_the_size_as_it_is() {
    let file = image();
    let mut disk = disk(&file);
    file.set_len(3 * SECTOR).unwrap();

    disk.negotiated(0);

    assert_eq!(config(&disk).capacity.get(), 3);
    let mut beyond = Exchange::new(VIRTIO_BLK_T_OUT, 3)
        .readable(&[1; 512])
        .writable(1);
    assert_eq!(beyond.run(&mut disk), (1, 1));
    assert_eq!(file.metadata().unwrap().len(), 3 * SECTOR);
}

/// A disk that does without the page cache, and its block size; `None` where the file system
/// of temporary files cannot.
fn direct(file: &File) -> Option<(Disk, usize)> {
    let options = Options {
        direct: true,
        ..Options::default()
    };
    match Disk::new(file.try_clone().unwrap(), options) {
        Ok(disk) => {
            let block_size = usize::try_from(disk.block_size).unwrap();
            Some((disk, block_size))
        }
        Err(Error::DiskQuery { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

/// A buffer that begins `offset` bytes into a page.
fn aligned(driver: &mut Driver, len: usize, offset: usize) -> Buffer {
    let room = driver.writable(len + 8192);
    let start = room.addr.0.next_multiple_of(4096) + offset as u64;
    Buffer {
        addr: GuestAddress(start),
        len: u32::try_from(len).unwrap(),
        writable: true,
    }
}

#[test]
fn direct_reads_reach_any_memory() {
    let file = image();
    file.sync_all().unwrap();
    let Some((mut disk, block_size)) = direct(&file) else {
        eprintln!("no direct I/O here");
        return;
    };
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, 0);
    let fit = aligned(&mut exchange.driver, block_size, 0);
    let odd = aligned(&mut exchange.driver, block_size, 1);
    let mut exchange = exchange.buffer(fit).buffer(odd).writable(1);
    let mut alone = Exchange::new(VIRTIO_BLK_T_IN, 0);
    let whole = aligned(&mut alone.driver, 8192, 0);
    let mut alone = alone.buffer(whole).writable(1);

    let status = [exchange.run(&mut disk).0, alone.run(&mut disk).0];

    assert_eq!(status, [0, 0]);
    assert_eq!(exchange.bytes(1)[..512], [0; 512]);
    let second = u8::try_from(block_size / 512).unwrap();
    assert_eq!(exchange.bytes(2)[..512], [second; 512]);
    assert_eq!(alone.bytes(1)[8191], 15);
}

#[test]
fn direct_writes_come_from_any_memory() {
    let file = image();
    let Some((mut disk, block_size)) = direct(&file) else {
        eprintln!("no direct I/O here");
        return;
    };
    let data: Vec<u8> = (0..=250).cycle().take(block_size * 4).collect();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_OUT, 8)
        .readable(&data[..7])
        .readable(&data[7..])
        .writable(1);

    assert_eq!(exchange.run(&mut disk).0, 0);

    // Opened anew: the disk shares the flags of the other, and reads into a vector are not aligned.
    let mut file = File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    let mut found = vec![0; data.len()];
    file.seek(SeekFrom::Start(8 * SECTOR)).unwrap();
    file.read_exact(&mut found).unwrap();
    assert!(found == data);
}
