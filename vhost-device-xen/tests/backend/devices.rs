// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Each device does its work.

use std::fs;

use vhost::vhost_user::VhostUserFrontend;
use vhost::vhost_user::message::VhostUserConfigFlags;

use crate::support::{Front, Process, Ring, image};

const GPIO_EVENTS: usize = 1;

/// Reads configuration space.
fn config(front: &mut Front, at: u32, len: u32) -> Vec<u8> {
    let empty = vec![0; usize::try_from(len).unwrap()];
    let flags = VhostUserConfigFlags::empty();
    front.frontend.get_config(at, len, flags, &empty).unwrap().1
}

/// A block request with data for the device; its status.
fn write(ring: &mut Ring, sector: u64, data: &[u8]) -> u8 {
    let header = ring.driver.readable(&header(1, sector));
    let data = ring.driver.readable(data);
    let status = ring.driver.writable(1);
    ring.request(&[header, data, status]);
    ring.driver.bytes(status)[0]
}

fn header(kind: u32, sector: u64) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes.extend(sector.to_le_bytes());
    bytes
}

/// A request for a GPIO line; status and value.
fn gpio(ring: &mut Ring, kind: u16, line: u16, value: u32) -> [u8; 2] {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend(line.to_le_bytes());
    bytes.extend(value.to_le_bytes());
    let request = ring.driver.readable(&bytes);
    let response = ring.driver.writable(2);
    ring.request(&[request, response]);
    ring.driver.bytes(response).try_into().unwrap()
}

/// Puts a buffer for an interrupt of a line onto the event queue.
fn await_interrupt(ring: &mut Ring, line: u16) -> backends::testing::Buffer {
    let request = ring.driver.readable(&line.to_le_bytes());
    let response = ring.driver.writable(1);
    ring.driver.send(&[request, response]);
    ring.kick.write(1).unwrap();
    response
}

#[test]
fn an_entropy_source_gives_entropy() {
    let process = Process::start("rng --socket-path {}/s");
    let mut front = process.front("s").started();

    let (first, second) = (front.entropy(), front.entropy());

    assert_ne!(first, second);
}

#[test]
fn an_entropy_source_may_be_a_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("source"), [7; 64]).unwrap();
    let process = Process::start_in(dir, "rng --socket-path {}/s --source {}/source");
    let mut front = process.front("s").started();

    assert_eq!(front.entropy(), [7; 32]);
}

#[test]
fn a_disk_keeps_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    image(&dir.path().join("disk"), 1 << 20);
    let process = Process::start_in(dir, "block --socket-path {}/s --image {}/disk --serial abc");
    let mut front = process.front("s").started();
    let ring = &mut front.rings[0];

    assert_eq!(write(ring, 3, &[0xab; 512]), 0);
    let head = ring.driver.readable(&header(0, 3));
    let data = ring.driver.writable(512);
    let status = ring.driver.writable(1);
    let len = ring.request(&[head, data, status]);

    assert_eq!(len, 513);
    assert_eq!(ring.driver.bytes(data), [0xab; 512]);
    let image = fs::read(process.path("disk")).unwrap();
    assert_eq!(image[1536..2048], [0xab; 512]);
    assert_eq!(image[2048..2560], [0; 512]);
    assert_eq!(config(&mut front, 0, 8), (1_u64 << 20 >> 9).to_le_bytes());
    // Front ends ask for the whole structure, however much of it a device has.
    assert_eq!(config(&mut front, 0, 72)[60..], [0; 12]);
}

#[test]
fn a_disk_may_be_read_only() {
    let dir = tempfile::tempdir().unwrap();
    image(&dir.path().join("disk"), 4096);
    let process = Process::start_in(dir, "block --socket-path {}/s --image {}/disk --read-only");
    let mut front = process.front("s").started();

    assert_eq!(write(&mut front.rings[0], 0, &[1; 512]), 1);
    assert_eq!(fs::read(process.path("disk")).unwrap(), [0; 4096]);
}

#[test]
fn an_i2c_adapter_has_its_chips() {
    let process = Process::start("i2c --socket-path {}/s --bus sim:0x20");
    let mut front = process.front("s").started();
    let ring = &mut front.rings[0];
    let mut transfer = |address: u16, flags: u32, data: Option<&[u8]>| {
        let mut bytes = (address << 1).to_le_bytes().to_vec();
        bytes.extend([0; 2]);
        bytes.extend(flags.to_le_bytes());
        let head = ring.driver.readable(&bytes);
        let status = ring.driver.writable(1);
        let data = match data {
            Some(data) => ring.driver.readable(data),
            None => ring.driver.writable(1),
        };
        ring.request(&[head, data, status]);
        (ring.driver.bytes(status)[0], ring.driver.bytes(data)[0])
    };

    assert_eq!(transfer(0x20, 0, Some(&[5, 0xcd])).0, 0);
    assert_eq!(transfer(0x20, 0, Some(&[5])).0, 0);
    assert_eq!(transfer(0x20, 2, None), (0, 0xcd));
    assert_eq!(transfer(0x21, 2, None).0, 1);
}

#[test]
fn a_gpio_chip_has_interrupts() {
    let process = Process::start("gpio --socket-path {}/s --chip sim --lines 0,1");
    let mut front = process.front("s");
    front.start(0, 0).unwrap();
    front.start(GPIO_EVENTS, 0).unwrap();
    let [requests, events] = &mut front.rings[..] else {
        panic!("two queues");
    };

    // Line 1 is an input that tells of rising edges; line 0, its partner, rises.
    assert_eq!(gpio(requests, 3, 1, 2), [0, 0]);
    assert_eq!(gpio(requests, 6, 1, 1), [0, 0]);
    let response = await_interrupt(events, 1);
    assert_eq!(gpio(requests, 5, 0, 1), [0, 0]);
    assert_eq!(gpio(requests, 3, 0, 1), [0, 0]);

    assert_eq!(events.next_used().1, 1);
    assert_eq!(events.driver.bytes(response), [1]);
    assert_eq!(gpio(requests, 4, 1, 0), [0, 1]);
    assert_eq!(config(&mut front, 0, 2), 2_u16.to_le_bytes());
}

#[test]
fn a_guest_that_was_stopped_goes_on_with_its_interrupts() {
    let process = Process::start("gpio --socket-path {}/s --chip sim");
    let mut front = process.front("s");
    front.start(0, 0).unwrap();
    front.start(GPIO_EVENTS, 0).unwrap();
    gpio(&mut front.rings[0], 3, 1, 2);
    gpio(&mut front.rings[0], 6, 1, 1);
    let response = await_interrupt(&mut front.rings[1], 1);
    // A second answer means that the first buffer was seen.
    gpio(&mut front.rings[0], 4, 1, 0);

    let bases = [0, 1].map(|index| {
        let base = vhost::VhostBackend::get_vring_base(&front.frontend, index).unwrap();
        u16::try_from(base).unwrap()
    });
    front.start(0, bases[0]).unwrap();
    front.start(GPIO_EVENTS, bases[1]).unwrap();
    gpio(&mut front.rings[0], 5, 0, 1);
    gpio(&mut front.rings[0], 3, 0, 1);

    assert_eq!(bases, [3, 1]);
    assert_eq!(front.rings[1].next_used().1, 1);
    assert_eq!(front.rings[1].driver.bytes(response), [1]);
}
