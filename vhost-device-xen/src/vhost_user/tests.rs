// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Both sides talk to each other: the front end's link, and a backend. Memory is a file; that of
//! guests is in the lab.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use backends::rng::{Entropy, Source};
use backends::testing::{Driver, END};
use virtio_queue::QueueT;
use vm_memory::{FileOffset, GuestAddress, GuestMemoryMmap};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

use super::back::rng_instance;
use super::front::link::{Error, Link};
use super::wire::Region;
use crate::channel::External;
use crate::transport::QueueSetup;

const SIZE: u16 = 16;

/// A conversation with a backend.
fn begin(external: &External) -> Result<Link, Error> {
    Link::begin(UnixStream::connect(&external.socket).unwrap(), external)
}

/// A backend on a thread, until it is dropped.
struct Backend {
    dir: tempfile::TempDir,
    stop: EventFd,
    thread: Option<JoinHandle<()>>,
}

impl Backend {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stop = EventFd::new(EFD_NONBLOCK).unwrap();
        let device = Box::new(Entropy::new(Source::Kernel));
        let instance = rng_instance(dir.path().join("s"), device, stop.try_clone().unwrap());
        let thread = thread::spawn(move || instance.run().unwrap());
        Self {
            dir,
            stop,
            thread: Some(thread),
        }
    }

    fn external(&self) -> External {
        External {
            device: 4,
            socket: self.dir.path().join("s"),
            queues: 1,
            queue_size: SIZE,
            config: 0,
            memory: END.0,
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.write(1).unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A driver, and its memory as one region.
fn driver() -> (Driver, Vec<(Region, File)>) {
    let file = tempfile::tempfile().unwrap();
    file.set_len(END.0).unwrap();
    let start = FileOffset::new(file.try_clone().unwrap(), 0);
    let ranges = [(
        GuestAddress(0),
        usize::try_from(END.0).unwrap(),
        Some(start),
    )];
    let memory = GuestMemoryMmap::from_ranges_with_files(ranges).unwrap();
    let region = Region {
        size: END.0,
        ..Region::default()
    };
    (Driver::over(Arc::new(memory), SIZE), vec![(region, file)])
}

fn setup(driver: &Driver) -> QueueSetup {
    let queue = driver.queue();
    QueueSetup {
        index: 0,
        size: SIZE,
        desc: GuestAddress(queue.desc_table()),
        avail: GuestAddress(queue.avail_ring()),
        used: GuestAddress(queue.used_ring()),
    }
}

/// Starts the queue from `base`, and has one request served.
fn serve(link: &mut Link, driver: &mut Driver, memory: &[(Region, File)], base: u16) {
    let eventfd = || EventFd::new(EFD_NONBLOCK).unwrap();
    let (kick, call) = (eventfd(), eventfd());
    link.prepare(link.features(), memory).unwrap();
    link.start(&setup(driver), base, &kick, &call).unwrap();
    let buffer = driver.writable(32);
    driver.want_interrupt_after(driver.used_index());
    driver.send(&[buffer]);
    kick.write(1).unwrap();
    for _ in 0..10_000 {
        if call.read().is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(driver.used().len(), 1);
    assert_ne!(driver.bytes(buffer), [0; 32]);
}

#[test]
fn a_backend_serves_its_front_end() {
    let backend = Backend::new();
    let (mut driver, memory) = driver();
    let mut link = begin(&backend.external()).unwrap();

    serve(&mut link, &mut driver, &memory, 0);
    link.stop(0).unwrap();

    assert!(link.config(8).is_err());
    assert!(link.config(0).unwrap().is_empty());
}

/// It tells the backend to look at the queue, which ours is told by an edge and never reads.
#[test]
fn a_queue_that_starts_is_notified() {
    let backend = Backend::new();
    let (driver, memory) = driver();
    let mut link = begin(&backend.external()).unwrap();
    let [kick, call] = [(); 2].map(|()| EventFd::new(EFD_NONBLOCK).unwrap());
    link.prepare(link.features(), &memory).unwrap();

    link.start(&setup(&driver), 0, &kick, &call).unwrap();

    assert_eq!(kick.read().unwrap(), 1);
}

#[test]
fn the_next_link_goes_on_where_the_first_was() {
    let backend = Backend::new();
    let (mut driver, memory) = driver();
    let mut link = begin(&backend.external()).unwrap();
    serve(&mut link, &mut driver, &memory, 0);
    drop(link);

    let mut link = begin(&backend.external()).unwrap();
    serve(&mut link, &mut driver, &memory, 1);
}

#[test]
fn a_backend_with_fewer_queues_is_refused() {
    let backend = Backend::new();
    let external = External {
        queues: 2,
        ..backend.external()
    };

    assert!(matches!(
        begin(&external),
        Err(Error::Lacks { what: "queues" })
    ));
}

#[test]
fn features_that_the_backend_has_not_are_refused() {
    let backend = Backend::new();
    let mut link = begin(&backend.external()).unwrap();

    let outcome = link.prepare(1 << 50, &[]);

    assert!(matches!(outcome, Err(Error::Lacks { what: "features" })));
}

#[test]
fn memory_that_the_backend_refuses_is_an_error() {
    let backend = Backend::new();
    let (_, mut memory) = driver();
    memory[0].0.size *= 2;
    let mut link = begin(&backend.external()).unwrap();

    let outcome = link.prepare(link.features(), &memory);

    assert!(matches!(outcome, Err(Error::Share(_))));
}
