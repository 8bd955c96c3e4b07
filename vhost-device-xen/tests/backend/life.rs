// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Front ends and backends come and go.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

use vhost::VhostBackend;
use vhost::vhost_user::VhostUserFrontend;
use vhost::vhost_user::message::{VhostUserInflight, VhostUserProtocolFeatures};
use vm_memory::Bytes;

use crate::support::{Front, Process, eventually, image, memory};

const RNG: &str = "rng --socket-path {}/s";
const DISK: &str = "block --socket-path {}/s --image {}/disk";

/// Sends a write of a byte all over a sector, and does not wait for it.
fn send(front: &mut Front, sector: u64, byte: u8) {
    let driver = &mut front.rings[0].driver;
    let mut header = vec![1, 0, 0, 0, 0, 0, 0, 0];
    header.extend(sector.to_le_bytes());
    let header = driver.readable(&header);
    let data = driver.readable(&[byte; 512]);
    let status = driver.writable(1);
    driver.send(&[header, data, status]);
}

#[test]
fn one_front_end_follows_another() {
    let process = Process::start(RNG);

    for _ in 0..3 {
        process.front("s").started().entropy();
    }
}

#[test]
fn a_second_front_end_waits_for_its_turn() {
    let process = Process::start(RNG);
    let mut first = process.front("s").started();
    let waiting = process.connect("s");
    first.entropy();
    drop(first);

    let frontend = vhost::vhost_user::Frontend::from_stream(waiting, 1);

    assert_ne!(frontend.get_features().unwrap(), 0);
}

#[test]
fn sockets_have_devices_of_their_own() {
    let process = Process::start("rng --socket-path {}/a --socket-path {}/b");
    let mut first = process.front("a").started();
    let mut second = process.front("b").started();

    first.entropy();
    drop(first);
    second.entropy();
}

#[test]
fn a_front_end_that_dies_leaves_what_it_has_sent() {
    let dir = tempfile::tempdir().unwrap();
    image(&dir.path().join("disk"), 1 << 20);
    let process = Process::start_in(dir, DISK);
    let mut front = process.front("s").started();
    send(&mut front, 0, 1);
    front.rings[0].kick.write(1).unwrap();
    front.rings[0].next_used();
    drop(front);

    let mut next = process.front("s").started();
    send(&mut next, 1, 2);
    next.rings[0].kick.write(1).unwrap();
    next.rings[0].next_used();

    let image = fs::read(process.path("disk")).unwrap();
    assert_eq!((image[..512].to_vec(), image[512]), (vec![1; 512], 2));
}

#[test]
fn requests_in_flight_survive_the_process() {
    let (file, memory) = memory();
    let shared = || (file.try_clone().unwrap(), memory.clone());
    let more = VhostUserProtocolFeatures::INFLIGHT_SHMFD;
    let process = Process::start(RNG);
    let mut front = process.front_with("s", shared(), more);
    let wanted = VhostUserInflight::new(0, 0, 1, 16);
    let (inflight, buffer) = front.frontend.get_inflight_fd(&wanted).unwrap();
    let fd = buffer.as_raw_fd();
    front.frontend.set_inflight_fd(&inflight, fd).unwrap();
    front.start(0, 0).unwrap();
    front.entropy();

    let dir = process.crash();
    let driver = &mut front.rings[0].driver;
    let buffers = [16, 24].map(|len| driver.writable(len));
    for buffer in buffers {
        driver.send(&[buffer]);
    }
    let process = Process::start_in(dir, RNG);
    let mut again = process.front_with("s", shared(), more);
    again.rings = front.rings;
    again.frontend.set_inflight_fd(&inflight, fd).unwrap();
    // A front end whose backend is gone cannot know better.
    again.start(0, 0).unwrap();

    let driver = &mut again.rings[0].driver;
    eventually("both", || (driver.used_index() == 3).then_some(()));
    assert_eq!(driver.used(), [(1, 16), (2, 24)]);
    let are_zero = buffers.map(|buffer| driver.bytes(buffer).iter().all(|byte| *byte == 0));
    assert_eq!(are_zero, [false, false]);
}

#[test]
fn only_devices_in_order_have_requests_in_flight() {
    let process = Process::start("gpio --socket-path {}/s --chip sim");
    let mut front = process.front("s");

    let offered = front.frontend.get_protocol_features().unwrap();

    assert!(!offered.contains(VhostUserProtocolFeatures::INFLIGHT_SHMFD));
}

#[test]
fn a_ring_that_is_disabled_is_not_served() {
    let process = Process::start(RNG);
    let mut front = process.front("s").started();
    front.frontend.set_vring_enable(0, false).unwrap();
    let ring = &mut front.rings[0];
    let buffer = ring.driver.writable(8);
    ring.driver.send(&[buffer]);
    ring.kick.write(1).unwrap();
    // Its answer says that everything before it was done.
    front.frontend.get_queue_num().unwrap();
    assert_eq!(front.rings[0].driver.used_index(), 0);

    front.frontend.set_vring_enable(0, true).unwrap();

    assert_eq!(front.rings[0].next_used(), (0, 8));
}

#[test]
fn a_device_that_is_reset_begins_anew() {
    let process = Process::start(RNG);
    let mut front = process.front("s").started();
    front.entropy();

    front.frontend.reset_device().unwrap();
    let features = front.frontend.get_features().unwrap();
    front.frontend.set_features(features & !(1 << 29)).unwrap();
    front.start(0, 1).unwrap();

    front.entropy();
}

#[test]
fn memory_can_change_under_a_device() {
    let process = Process::start(RNG);
    let mut front = process.front("s").started();
    front.entropy();
    let more = front.region();
    let more = vhost::VhostUserMemoryRegionInfo {
        guest_phys_addr: 1 << 40,
        userspace_addr: 1 << 40,
        memory_size: 1 << 20,
        ..more
    };

    front.frontend.add_mem_region(&more).unwrap();
    front.entropy();
    let ring = &mut front.rings[0];
    let there = backends::testing::Buffer {
        addr: vm_memory::GuestAddress((1 << 40) + 0x8_0000),
        len: 16,
        writable: true,
    };
    // The same file: what is written there is seen here.
    let before = [0_u8; 16];
    ring.driver
        .memory()
        .write_slice(&before, vm_memory::GuestAddress(0x8_0000))
        .unwrap();
    assert_eq!(ring.request(&[there]), 16);
    let mut after = [0_u8; 16];
    ring.driver
        .memory()
        .read_slice(&mut after, vm_memory::GuestAddress(0x8_0000))
        .unwrap();
    assert_ne!(before, after);
    front.frontend.remove_mem_region(&more).unwrap();
    // The buffer is nowhere now: it comes back, and nothing is written.
    assert_eq!(front.rings[0].request(&[there]), 0);
    front.share().unwrap();
    front.entropy();
}

#[test]
fn a_signal_ends_it_in_order() {
    let mut process = Process::start("rng --socket-path {}/a --socket-path {}/b");
    let mut front = process.front("a").started();
    front.entropy();
    process.connect("b");

    process.signal("TERM");

    assert!(process.end().success());
    assert!(!process.path("a").exists() && !process.path("b").exists());
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(dir.path().join("s")).unwrap());

    let process = Process::start_in(dir, RNG);

    process.front("s").started().entropy();
}

#[test]
fn a_socket_that_is_in_use_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(dir.path().join("s")).unwrap();

    let mut process = Process::start_in(dir, RNG);

    assert!(!process.end().success());
    assert!(process.path("s").exists());
    drop(listener);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("s"), "mine").unwrap();

    let mut process = Process::start_in(dir, RNG);

    assert!(!process.end().success());
    assert_eq!(fs::read_to_string(process.path("s")).unwrap(), "mine");
}
