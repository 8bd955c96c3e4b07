// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT,
};
use vmm_sys_util::eventfd::EventFd;
use zerocopy::FromZeros;

use super::*;
use crate::counters::Snapshot;
use crate::testing::{Buffer, Driver, END, Interrupts, serve, serve_on};
use crate::{Counters, Setup, VirtQueue, Worker};
use vm_memory::{Bytes, GuestAddress};

mod malformed;
mod modes;
mod ranges;
mod uring;

const SECTORS: u64 = 64;

/// A file whose sectors each hold their number.
fn image() -> File {
    let mut file = tempfile::tempfile().unwrap();
    (0..64_u8).for_each(|sector| file.write_all(&[sector; 512]).unwrap());
    file
}

fn disk(file: &File) -> Disk {
    Disk::new(file.try_clone().unwrap(), Options::default()).unwrap()
}

fn disk_with(file: &File, options: Options) -> Disk {
    Disk::new(file.try_clone().unwrap(), options).unwrap()
}

/// A disk at work, and who hears of it.
fn at_work(driver: &Driver, mut disk: Disk) -> (Worker, Arc<Interrupts>) {
    disk.negotiated(0);
    let interrupts = Arc::<Interrupts>::default();
    let setup = Setup {
        space: driver.memory(),
        device: Box::new(disk),
        queues: vec![(VirtQueue::new(0, driver.queue()), EventFd::new(0).unwrap())],
        interrupt: interrupts.clone(),
        counters: Arc::<Counters>::default(),
    };
    let worker = Worker::spawn("disk".into(), setup).unwrap();
    (worker, interrupts)
}

/// What the driver reads of the configuration space.
fn config(disk: &Disk) -> Config {
    let mut config = Config::new_zeroed();
    disk.config().read(0, config.as_mut_bytes());
    config
}

fn sector_of(mut file: &File, sector: u64) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    file.seek(SeekFrom::Start(sector * SECTOR)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    bytes
}

/// A request being put together, and its outcome.
struct Exchange {
    driver: Driver,
    buffers: Vec<Buffer>,
    counts: Snapshot,
}

impl Exchange {
    fn new(kind: u32, sector: u64) -> Self {
        let header = Header {
            kind: kind.into(),
            reserved: 0.into(),
            sector: sector.into(),
        };
        Self::raw().readable(header.as_bytes())
    }

    fn raw() -> Self {
        Self {
            driver: Driver::new(8),
            buffers: Vec::new(),
            counts: Snapshot::default(),
        }
    }

    fn readable(mut self, bytes: &[u8]) -> Self {
        self.buffers.push(self.driver.readable(bytes));
        self
    }

    fn writable(mut self, len: usize) -> Self {
        self.buffers.push(self.driver.writable(len));
        self
    }

    fn buffer(mut self, buffer: Buffer) -> Self {
        self.buffers.push(buffer);
        self
    }

    /// Has it served, and returns the status byte and the used length.
    fn run(&mut self, disk: &mut Disk) -> (u8, u32) {
        self.run_on(0, disk)
    }

    /// The same on another queue.
    fn run_on(&mut self, queue: u16, disk: &mut Disk) -> (u8, u32) {
        let last = self.buffers.last().unwrap();
        let status = Buffer {
            addr: GuestAddress(last.addr.0 + u64::from(last.len) - 1),
            len: 1,
            ..*last
        };
        self.driver
            .memory()
            .write_slice(&[0x77], status.addr)
            .unwrap();
        self.driver.send(&self.buffers);
        self.counts = serve_on(queue, &self.driver, disk);
        (self.driver.bytes(status)[0], self.driver.used()[0].1)
    }

    fn bytes(&self, buffer: usize) -> Vec<u8> {
        self.driver.bytes(self.buffers[buffer])
    }
}

#[test]
fn a_read_fills_all_segments() {
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, 5)
        .writable(512)
        .writable(1024)
        .writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (0, 1537));

    assert_eq!(exchange.bytes(1), [5; 512]);
    assert_eq!(exchange.bytes(2), [[6; 512], [7; 512]].concat());
}

#[test]
fn a_read_of_more_segments_than_one_system_call_takes_is_whole() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 20).unwrap();
    (&file).seek(SeekFrom::Start(299 * SECTOR)).unwrap();
    (&file).write_all(&[9; 512]).unwrap();
    let mut driver = Driver::new(512);
    let header = Header {
        kind: 0.into(),
        reserved: 0.into(),
        sector: 0.into(),
    };
    let mut buffers = vec![driver.readable(header.as_bytes())];
    (0..300).for_each(|_| buffers.push(driver.writable(512)));
    buffers.push(driver.writable(1));
    driver.send(&buffers);

    serve(&driver, &mut disk(&file));

    assert_eq!(driver.used(), [(0, 300 * 512 + 1)]);
    assert_eq!(driver.bytes(buffers[300]), [9; 512]);
}

#[test]
fn the_layout_of_a_request_makes_no_difference() {
    let header = Header {
        kind: VIRTIO_BLK_T_IN.into(),
        reserved: 0.into(),
        sector: 9.into(),
    };
    let mut exchange = Exchange::raw()
        .readable(&header.as_bytes()[..3])
        .readable(&header.as_bytes()[3..])
        .writable(100)
        .writable(413);

    assert_eq!(exchange.run(&mut disk(&image())), (0, 513));

    assert_eq!(exchange.bytes(2), [9; 100]);
    assert_eq!(exchange.bytes(3)[..412], [9; 412]);
}

#[test]
fn a_write_reaches_the_file() {
    let file = image();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_OUT, 62)
        .readable(&[0xaa; 512])
        .readable(&[0xbb; 512])
        .writable(1);

    assert_eq!(exchange.run(&mut disk(&file)), (0, 1));

    assert_eq!(sector_of(&file, 61), [61; 512]);
    assert_eq!(sector_of(&file, 62), [0xaa; 512]);
    assert_eq!(sector_of(&file, 63), [0xbb; 512]);
    assert_eq!(exchange.counts.bytes_read, 16 + 1024);
}

#[test]
fn a_write_to_a_read_only_disk_fails() {
    let file = image();
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let mut disk = Disk::new(file.try_clone().unwrap(), options).unwrap();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_OUT, 1)
        .readable(&[0xaa; 512])
        .writable(1);

    assert_eq!(exchange.run(&mut disk), (1, 1));

    assert_eq!(sector_of(&file, 1), [1; 512]);
    assert_ne!(disk.traits().features & (1 << VIRTIO_BLK_F_RO), 0);
}

#[test]
fn a_flush_succeeds() {
    let mut exchange = Exchange::new(VIRTIO_BLK_T_FLUSH, 0).writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (0, 1));
}

#[test]
fn the_serial_number_is_padded() {
    let options = Options {
        serial: "serial".into(),
        ..Options::default()
    };
    let mut disk = Disk::new(image(), options).unwrap();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_GET_ID, 0)
        .writable(20)
        .writable(1);

    assert_eq!(exchange.run(&mut disk), (0, 21));

    assert_eq!(exchange.bytes(1), b"serial\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

#[test]
fn a_serial_number_without_room_fails() {
    let mut exchange = Exchange::new(VIRTIO_BLK_T_GET_ID, 0)
        .writable(19)
        .writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (1, 0));
}

#[test]
fn an_operation_that_is_not_offered_is_unsupported() {
    let mut exchange = Exchange::new(0x55, 0).readable(&[0; 16]).writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (2, 1));
}

#[test]
fn a_read_beyond_the_end_fails_whole() {
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, SECTORS - 1)
        .writable(1024)
        .writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (1, 0));

    assert_eq!(exchange.bytes(1), [0; 1024]);
    assert_eq!((exchange.counts.malformed, exchange.counts.failed), (1, 0));
}

#[test]
fn a_sector_that_overflows_fails() {
    let mut exchange = Exchange::new(VIRTIO_BLK_T_OUT, u64::MAX)
        .readable(&[0; 512])
        .writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (1, 1));
}

#[test]
fn data_that_is_not_whole_sectors_fails() {
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, 0).writable(511).writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (1, 0));
}

#[test]
fn a_request_without_a_whole_header_fails() {
    let mut exchange = Exchange::raw().readable(&[0; 15]).writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (1, 1));
    assert_eq!(exchange.counts.malformed, 1);
}

#[test]
fn a_request_without_a_status_does_nothing() {
    let file = image();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_OUT, 1).readable(&[0; 512]);

    let (_, used) = exchange.run(&mut disk(&file));

    assert_eq!(used, 0);
    assert_eq!(sector_of(&file, 1), [1; 512]);
    assert_eq!(exchange.counts.malformed, 1);
}

#[test]
fn a_buffer_outside_memory_fails_with_a_status() {
    let outside = Buffer {
        addr: END,
        len: 512,
        writable: true,
    };
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, 0)
        .buffer(outside)
        .writable(1);

    assert_eq!(exchange.run(&mut disk(&image())), (1, 0));
}

#[test]
fn a_file_that_shrank_is_the_hosts_failure() {
    let file = image();
    let mut disk = disk(&file);
    file.set_len(3 * 512 + 100).unwrap();
    let mut exchange = Exchange::new(VIRTIO_BLK_T_IN, 2).writable(1024).writable(1);

    assert_eq!(exchange.run(&mut disk), (1, 612));

    assert_eq!(exchange.counts.failed, 1);
}

#[test]
fn the_configuration_space_says_what_the_limits_are() {
    let config = config(&disk(&image()));

    assert_eq!(config.capacity.get(), SECTORS);
    assert_eq!(config.size_max.get(), 0x1_0000);
    assert_eq!(config.seg_max.get(), 254);
    assert_eq!(config.blk_size.get(), 512);
    assert_eq!(config.num_queues.get(), 1);
    assert_eq!(config.max_discard_sectors.get(), 1 << 21);
    assert_eq!(config.max_discard_seg.get(), 32);
    assert_eq!(config.discard_sector_alignment.get(), 1);
    assert_eq!(config.max_write_zeroes_sectors.get(), 1 << 15);
    assert_eq!(config.max_write_zeroes_seg.get(), 1);
    assert_eq!(config.write_zeroes_may_unmap, 1);
}

#[test]
fn a_last_block_that_is_not_whole_is_left_out() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(8192 + 1025).unwrap();
    let options = Options {
        block_size: Some(4096),
        ..Options::default()
    };

    assert_eq!(disk(&file).sectors(), 18);
    assert_eq!(disk_with(&file, options).sectors(), 16);
}

#[test]
fn what_cannot_be_a_disk_is_named() {
    let path = tempfile::NamedTempFile::new().unwrap();
    path.as_file().set_len(511).unwrap();
    let new = |file, options| Disk::new(file, options).unwrap_err();
    let read_only = Options {
        read_only: true,
        ..Options::default()
    };
    let serial = Options {
        serial: "x".repeat(21),
        ..Options::default()
    };
    let write_only = OpenOptions::new().write(true).open(path.path()).unwrap();

    assert!(matches!(
        new(File::open("/").unwrap(), read_only.clone()),
        Error::DiskKind
    ));
    assert!(matches!(
        new(File::open("/dev/null").unwrap(), read_only.clone()),
        Error::DiskKind
    ));
    assert!(matches!(
        new(image(), serial),
        Error::Serial { len: 21, max: 20 }
    ));
    assert!(matches!(
        new(File::open(path.path()).unwrap(), Options::default()),
        Error::DiskAccess { needed: "writing" }
    ));
    assert!(matches!(
        new(write_only, read_only.clone()),
        Error::DiskAccess { needed: "reading" }
    ));
    assert!(matches!(
        new(File::open(path.path()).unwrap(), read_only),
        Error::DiskTooSmall { bytes: 511 }
    ));
}
