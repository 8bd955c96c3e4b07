// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any messages of a front end, as bytes describe them: the back side ends the connection or goes
//! on, and serves the next front end. The fuzz target `vhost_user_back` tries the same.

use std::fs::File;
use std::io::Write;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread;

use backends::rng::{Entropy, Source};
use backends::testing::{Driver, END};
use backends::{Device, gpio};
use vhost::vhost_user::Frontend;
use vhost::vhost_user::message::VhostUserProtocolFeatures;
use vhost_device_xen::Server;
use virtio_queue::QueueT;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};
use vmm_sys_util::sock_ctrl_msg::ScmSocket;

use super::front::{Front, SIZE, USER, memory};

/// Messages of one input; what waits to be read must fit into the socket.
const MOST: usize = 64;

/// What comes with a message.
#[derive(Clone, Copy, Debug)]
enum Attached {
    Nothing,
    Eventfd,
    Memory,
    /// A file that is neither.
    Other,
    /// As many as a message may have, and one.
    Many,
}

use Attached::{Eventfd, Many, Memory, Nothing, Other};

const ATTACHED: [Attached; 8] = [
    Nothing, Eventfd, Memory, Other, Many, Nothing, Eventfd, Memory,
];

type Message = (u32, Vec<u8>, Attached);

/// The descriptors that are sent.
struct Files {
    eventfd: EventFd,
    memory: File,
    other: File,
}

impl Files {
    fn of(&self, attached: Attached) -> Vec<RawFd> {
        match attached {
            Nothing => Vec::new(),
            Eventfd => vec![self.eventfd.as_raw_fd()],
            Memory => vec![self.memory.as_raw_fd()],
            Other => vec![self.other.as_raw_fd()],
            Many => vec![self.memory.as_raw_fd(); 33],
        }
    }
}

/// Sends what bytes describe to a back side, and then has it serve a front end that behaves.
pub fn run(bytes: &[u8]) {
    let (choice, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let is_rng = choice & 1 == 0;
    let server = Server::new("any", device(is_rng), is_rng);
    serve(&server, |stream| {
        send_all(stream, bytes);
        false
    });
    serve(&server, |stream| {
        let stream = stream.try_clone().unwrap();
        let none = VhostUserProtocolFeatures::empty();
        let front = Front::new(Frontend::from_stream(stream, 16), memory(), none);
        behave(front.started(), is_rng);
        true
    });
}

fn device(is_rng: bool) -> Box<dyn Device> {
    match is_rng {
        true => Box::new(Entropy::new(Source::Kernel)),
        false => {
            let chip = gpio::SimulatedChip::new(4);
            Box::new(gpio::Controller::new(Box::new(chip), None).unwrap())
        }
    }
}

/// Serves a connection to the end of what `talk` sends; it says whether all of it is good.
fn serve(server: &Server, talk: impl FnOnce(&UnixStream) -> bool) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    // Whoever fuzzes is killed for writing to who is gone.
    let _open = theirs.try_clone().unwrap();
    thread::scope(|scope| {
        let served = scope.spawn(|| server.serve(theirs));
        let is_good = talk(&ours);
        ours.shutdown(Shutdown::Write).unwrap();
        let outcome = served.join().expect("the back side has panicked");
        assert!(!is_good || outcome.is_ok(), "{outcome:?}");
    });
}

/// Has a good request served.
fn behave(mut front: Front, is_rng: bool) {
    if is_rng {
        front.entropy();
        return;
    }
    let driver = &mut front.rings[0].driver;
    // "Get value" of line 0.
    let question = driver.readable(&[4, 0, 0, 0, 0, 0, 0, 0]);
    let answer = driver.writable(2);
    assert_eq!(front.rings[0].request(&[question, answer]), 2);
}

/// Sends what the bytes describe: messages that make sense, with changes, and others.
fn send_all(mut stream: &UnixStream, bytes: &[u8]) {
    let (file, memory) = memory();
    let mut driver = Driver::over(memory, SIZE);
    let buffer = driver.writable(32);
    driver.send(&[buffer]);
    let files = Files {
        eventfd: EventFd::new(EFD_NONBLOCK).unwrap(),
        memory: file,
        other: File::open("/dev/zero").unwrap(),
    };
    let examples = examples(&driver);
    let mut bytes = bytes.iter().copied();
    for _ in 0..MOST {
        let Some(kind) = bytes.next() else { return };
        let mut byte = || bytes.next().unwrap_or(0);
        let example = examples.get(usize::from(kind & 0x3f)).cloned();
        let (request, mut payload, mut attached) = example.unwrap_or_else(|| {
            let request = u32::from(byte());
            let len = byte() & 0x3f;
            (request, (0..len).map(|_| byte()).collect(), Nothing)
        });
        if kind & 0x40 != 0 {
            let (place, change) = (usize::from(byte()), byte());
            let len = payload.len().max(1);
            if let Some(byte) = payload.get_mut(place % len) {
                *byte ^= change;
            }
            attached = ATTACHED[usize::from(byte() & 7)];
        }
        let (mut flags, mut size) = (1, payload.len().to_le_bytes()[0]);
        if kind & 0x80 != 0 {
            flags ^= u32::from(byte());
            size ^= byte();
        }
        let header = [request, flags, u32::from(size)].map(u32::to_ne_bytes);
        let message = [&header.concat()[..], &payload].concat();
        let fds = files.of(attached);
        match fds.is_empty() {
            true => stream.write_all(&message).unwrap(),
            false => _ = stream.send_with_fds(&[&message[..]], &fds).unwrap(),
        }
    }
}

fn words<const N: usize>(words: [u64; N]) -> Vec<u8> {
    words.map(u64::to_ne_bytes).concat()
}

/// Two words of 32 bits.
fn pair(first: u32, second: u32) -> Vec<u8> {
    [first, second].map(u32::to_ne_bytes).concat()
}

/// What a front end says to have the first ring served, and what it may say besides.
fn examples(driver: &Driver) -> Vec<Message> {
    let ring = |index: u32| {
        let queue = driver.queue();
        let rings = [queue.desc_table(), queue.used_ring(), queue.avail_ring()];
        let rings = words(rings.map(|addr| USER + addr));
        [pair(index, 0), rings, words([0])].concat()
    };
    let region = words([0, END.0, USER, 0]);
    let table = [pair(1, 0), region.clone()].concat();
    let single = [words([0]), region].concat();
    let xen = |bytes: &[u8], flags, domain| [bytes, &pair(flags, domain)].concat();
    let config = |at: u32, len: u32| {
        let head = [at, len, 0].map(u32::to_ne_bytes).concat();
        [head, vec![1; 8]].concat()
    };
    let size = u32::from(SIZE);
    let mut all = vec![
        (3, vec![], Nothing),
        (1, vec![], Nothing),
        (2, words([1 << 32 | 1 << 30]), Nothing),
        (15, vec![], Nothing),
        // Multiple queues, acknowledgements, configuration, in-flight, reset, slots.
        (
            16,
            words([1 | 1 << 3 | 1 << 9 | 1 << 12 | 1 << 13 | 1 << 15]),
            Nothing,
        ),
        (5, table.clone(), Memory),
        (37, single.clone(), Memory),
        (38, single.clone(), Nothing),
        (8, pair(0, size), Nothing),
        (10, pair(0, 0), Nothing),
        (9, ring(0), Nothing),
        (13, words([0]), Eventfd),
        (14, words([0]), Eventfd),
        (12, words([0]), Eventfd),
        (18, pair(0, 1), Nothing),
        (18, pair(0, 0), Nothing),
        (11, pair(0, 0), Nothing),
        (17, vec![], Nothing),
        (24, config(0, 8), Nothing),
        (25, config(0, 8), Nothing),
        (
            31,
            [words([0, 0]), pair(1 | size << 16, 0)].concat(),
            Nothing,
        ),
        (
            32,
            [words([4096, 0]), pair(1 | size << 16, 0)].concat(),
            Memory,
        ),
        (34, vec![], Nothing),
        (36, vec![], Nothing),
    ];
    all.extend([
        // The same memory as Xen's; and a guest's, with privcmd and with grants.
        (16, words([1 << 3 | 1 << 15 | 1 << 17]), Nothing),
        (5, xen(&table, 0, 0), Memory),
        (5, xen(&table, 1, 5), Other),
        (5, xen(&table, 2, 5), Other),
        (37, xen(&single, 0, 0), Memory),
        (38, xen(&single, 0, 0), Nothing),
        // The second ring, of devices that have one.
        (8, pair(1, size), Nothing),
        (9, ring(1), Nothing),
        (12, words([1]), Eventfd),
        (18, pair(1, 1), Nothing),
    ]);
    all
}
