// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Front ends and drivers that do what they should not.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use vhost::VhostBackend;
use vhost::vhost_user::VhostUserFrontend;
use vhost::vhost_user::message::{VhostUserInflight, VhostUserProtocolFeatures};
use vmm_sys_util::sock_ctrl_msg::ScmSocket;

use crate::support::{Front, Process, USER, eventually, memory};

const RNG: &str = "rng --socket-path {}/s";

/// A message as it goes over the socket.
fn message(request: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap();
    let mut bytes = [request, 1, size].map(u32::to_ne_bytes).concat();
    bytes.extend(payload);
    bytes
}

/// Two words of 32 bits.
fn state(index: u32, num: u32) -> [u8; 8] {
    [index.to_ne_bytes(), num.to_ne_bytes()]
        .concat()
        .try_into()
        .unwrap()
}

/// Waits until the backend has ended a connection.
fn wait_for_end(mut stream: &UnixStream) {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // What it has not read of us makes this an error instead of an end.
    match stream.read(&mut [0]) {
        Ok(0) => {}
        Ok(_) => panic!("there is an answer"),
        Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

/// Sends bytes to a fresh connection, which they end; the next front end is served.
fn ends_the_connection(bytes: &[u8]) {
    let mut process = Process::start(RNG);
    let mut stream = process.connect("s");

    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    wait_for_end(&stream);

    process.front("s").started().entropy();
    assert!(process.is_alive());
}

#[test]
fn an_unknown_request_ends_the_connection() {
    ends_the_connection(&message(999, &[]));
}

#[test]
fn half_a_header_ends_the_connection() {
    ends_the_connection(&message(1, &[])[..7]);
}

#[test]
fn half_a_payload_ends_the_connection() {
    ends_the_connection(&message(8, &state(0, 16))[..15]);
}

#[test]
fn a_wrong_version_ends_the_connection() {
    let mut bytes = message(1, &[]);
    bytes[4] = 2;
    ends_the_connection(&bytes);
}

#[test]
fn a_message_beyond_the_limit_ends_the_connection() {
    ends_the_connection(&message(25, &[0; 0x1001]));
}

#[test]
fn a_table_without_descriptors_ends_the_connection() {
    let mut payload = state(1, 0).to_vec();
    payload.extend([0; 32]);
    ends_the_connection(&message(5, &payload));
}

#[test]
fn a_ring_that_is_not_there_ends_the_connection() {
    ends_the_connection(&message(8, &state(7, 16)));
}

#[test]
fn a_size_beyond_any_ring_ends_the_connection() {
    ends_the_connection(&message(8, &state(0, 0x1_0000)));
}

#[test]
fn a_base_beyond_any_ring_ends_the_connection() {
    ends_the_connection(&message(10, &state(0, 0x1_0000)));
}

#[test]
fn a_ring_to_poll_ends_the_connection() {
    ends_the_connection(&message(12, &0x100_u64.to_ne_bytes()));
}

#[test]
fn features_that_were_not_offered_end_the_connection() {
    ends_the_connection(&message(2, &(1_u64 << 33).to_ne_bytes()));
}

/// Asks for a record of so many rings of such a size; the next front end is served.
fn record(rings: u16, size: u16) -> bool {
    let process = Process::start(RNG);
    let more = VhostUserProtocolFeatures::INFLIGHT_SHMFD;
    let mut front = process.front_with("s", memory(), more);
    let wanted = VhostUserInflight::new(0, 0, rings, size);

    let is_given = front.frontend.get_inflight_fd(&wanted).is_ok();

    drop(front);
    process.front("s").started().entropy();
    is_given
}

#[test]
fn a_record_has_no_more_rings_than_there_are() {
    assert!(record(1, 16));
    assert!(!record(2, 16));
    // 64 GiB.
    assert!(!record(u16::MAX, u16::MAX));
}

#[test]
fn a_record_has_no_longer_rings_than_there_can_be() {
    assert!(record(1, 0x8000));
    assert!(!record(1, 0x8001));
}

#[test]
fn a_state_that_cannot_be_moved_ends_the_connection() {
    ends_the_connection(&message(42, &state(0, 0)));
}

/// Starts a ring, which is refused; the next front end is served.
fn is_refused(change: impl FnOnce(&mut Front)) {
    let process = Process::start(RNG);
    let mut front = process.front("s");

    change(&mut front);

    assert!(front.start(0, 0).is_err());
    drop(front);
    process.front("s").started().entropy();
}

#[test]
fn a_ring_without_memory_is_refused() {
    is_refused(|front| {
        let region = vhost::VhostUserMemoryRegionInfo {
            userspace_addr: USER + 0x100_0000,
            ..front.region()
        };
        front.frontend.set_mem_table(&[region]).unwrap();
    });
}

#[test]
fn a_kick_that_is_no_eventfd_is_refused() {
    let process = Process::start(RNG);
    let front = process.front("s");
    let stream = front.frontend.as_raw_fd();
    let file = File::open("/dev/zero").unwrap();

    let bytes = message(12, &0_u64.to_ne_bytes());
    let sent = Raw(stream).send_with_fd(bytes.as_slice(), file.as_raw_fd());

    assert_eq!(sent.unwrap(), bytes.len());
    eventually("the end", || front.frontend.get_features().err());
    drop(front);
    process.front("s").started().entropy();
}

/// A socket by its descriptor.
struct Raw(i32);

impl ScmSocket for Raw {
    fn socket_fd(&self) -> i32 {
        self.0
    }
}

#[test]
fn memory_that_is_not_there_is_refused() {
    let process = Process::start(RNG);
    let front = process.front("s");
    front.file.set_len(4096).unwrap();

    assert!(front.share().is_err());

    drop(front);
    process.front("s").started().entropy();
}

#[test]
fn a_ring_that_is_on_keeps_its_shape() {
    let process = Process::start(RNG);
    let front = process.front("s").started();

    assert!(front.frontend.set_vring_num(0, 8).is_err());
}

#[test]
fn a_ring_that_jumps_is_retired() {
    let mut process = Process::start(RNG);
    let mut front = process.front("s").started();

    front.rings[0].driver.set_avail_index(1000);
    front.rings[0].kick.write(1).unwrap();

    eventually("an error", || front.rings[0].error.read().ok());
    assert_eq!(front.rings[0].driver.used_index(), 0);
    assert!(process.is_alive());
    drop(front);
    process.front("s").started().entropy();
}

#[test]
fn a_chain_that_never_ends_goes_back() {
    let process = Process::start(RNG);
    let mut front = process.front("s").started();
    let ring = &mut front.rings[0];
    let buffer = ring.driver.writable(8);
    ring.driver.table(0, buffer, 1 | 2, 0);
    ring.driver.offer(0);

    ring.kick.write(1).unwrap();

    assert_eq!(ring.next_used(), (0, 0));
}

#[test]
fn a_buffer_outside_of_memory_goes_back() {
    let process = Process::start(RNG);
    let mut front = process.front("s").started();
    let ring = &mut front.rings[0];
    let nowhere = backends::testing::Buffer {
        addr: backends::testing::END,
        len: 8,
        writable: true,
    };

    assert_eq!(ring.request(&[nowhere]), 0);
    front.entropy();
}

/// A region as front ends of Xen guests send it.
fn xen_region(flags: u32, domain: u32) -> Vec<u8> {
    let mut bytes = state(1, 0).to_vec();
    for word in [0, backends::testing::END.0, USER, 0] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(state(flags, domain));
    bytes
}

/// A front end that has negotiated `XEN_MMAP` and sent a region of such a kind.
fn xen_front(process: &Process, flags: u32, domain: u32) -> Front {
    let xen = VhostUserProtocolFeatures::XEN_MMAP;
    let front = process.front_with("s", memory(), xen);
    let bytes = message(5, &xen_region(flags, domain));
    let stream = Raw(front.frontend.as_raw_fd());
    let sent = stream.send_with_fd(bytes.as_slice(), front.file.as_raw_fd());
    assert_eq!(sent.unwrap(), bytes.len());
    front
}

#[test]
fn files_are_mapped_with_the_regions_of_xen_too() {
    let process = Process::start(RNG);

    xen_front(&process, 0, 0).started().entropy();
}

#[test]
fn a_file_is_no_guest() {
    let mut process = Process::start(RNG);
    let mut foreign = xen_front(&process, 1, 5);
    assert!(foreign.start(0, 0).is_err());
    drop(foreign);

    let mut grants = xen_front(&process, 2, 5);
    assert!(grants.start(0, 0).is_err());
    drop(grants);

    process.front("s").started().entropy();
    assert!(process.is_alive());
}

#[test]
fn a_domain_that_cannot_be_is_refused() {
    let process = Process::start(RNG);
    let mut front = xen_front(&process, 1, 0x1_0000);

    assert!(front.start(0, 0).is_err());
}

#[test]
fn regions_without_the_words_of_xen_are_refused_once_they_are_agreed() {
    let process = Process::start(RNG);
    let xen = VhostUserProtocolFeatures::XEN_MMAP;
    let front = process.front_with("s", memory(), xen);

    assert!(front.share().is_err());
}

#[test]
fn acknowledgements_of_regions_are_sent() {
    let process = Process::start(RNG);
    let xen = VhostUserProtocolFeatures::XEN_MMAP;
    let mut front = process.front_with("s", memory(), xen);
    let mut bytes = message(5, &xen_region(0, 0));
    bytes[4] |= 8;
    let stream = Raw(front.frontend.as_raw_fd());
    stream
        .send_with_fd(bytes.as_slice(), front.file.as_raw_fd())
        .unwrap();
    let mut answer = [0; 20];
    let mut len = 0;
    eventually("an answer", || {
        let (got, _) = stream.recv_with_fd(&mut answer[len..]).unwrap();
        len += got;
        (len == answer.len()).then_some(())
    });

    assert_eq!(answer[..12], [5_u32, 5, 8].map(u32::to_ne_bytes).concat());
    assert_eq!(answer[12..], [0; 8]);
    front.start(0, 0).unwrap();
    front.entropy();
}
