// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::sync::atomic::{Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

use virtio_queue::QueueT;

use super::*;
use crate::counters::Snapshot;
use crate::device::Traits;
use crate::request::Request;
use crate::testing::{Driver, Interrupts};

/// Writes its number of requests so far; panics at 0xdead.
struct Count(u16);

impl Device for Count {
    fn traits(&self) -> Traits {
        Traits {
            id: 42,
            features: 0,
            queues: 2,
            queue_size: 8,
        }
    }

    fn serve(&mut self, _queue: u16, mut request: Request<'_>) {
        assert_ne!(request.read_obj::<u16>(), Some(0xdead));
        self.0 += 1;
        assert!(request.write_obj(&self.0));
    }
}

/// A worker with two queues, and what reaches it.
struct Bench {
    drivers: [Driver; 2],
    kicks: [EventFd; 2],
    interrupts: Arc<Interrupts>,
    counters: Arc<Counters>,
}

impl Bench {
    fn new() -> Self {
        let first = Driver::new(8);
        // The second queue's rings are in the same memory, as a guest's would be.
        let second = first.beside();
        Self {
            drivers: [first, second],
            kicks: [0, 1].map(|_| EventFd::new(EFD_NONBLOCK).unwrap()),
            interrupts: Arc::default(),
            counters: Arc::default(),
        }
    }

    fn setup(&self) -> Setup<Arc<vm_memory::GuestMemoryMmap<()>>> {
        let queues = (0..).zip(self.drivers.iter().zip(&self.kicks));
        Setup {
            space: self.drivers[0].memory(),
            device: Box::new(Count(0)),
            queues: queues
                .map(|(i, (driver, kick))| {
                    (VirtQueue::new(i, driver.queue()), kick.try_clone().unwrap())
                })
                .collect(),
            interrupt: Arc::clone(&self.interrupts) as Arc<dyn Interrupt>,
            counters: Arc::clone(&self.counters),
        }
    }

    fn send(&mut self, queue: usize, request: u16) {
        let driver = &mut self.drivers[queue];
        let buffers = [driver.readable(&request.to_ne_bytes()), driver.writable(2)];
        driver.send(&buffers);
    }

    fn counts(&self) -> Snapshot {
        self.counters.snapshot()
    }
}

#[test]
fn requests_from_before_the_start_are_served_without_a_kick() {
    let mut bench = Bench::new();
    bench.send(0, 1);
    bench.send(1, 1);

    let worker = Worker::spawn("before".into(), bench.setup()).unwrap();
    bench.interrupts.wait(2, 0);
    let stopped = worker.stop();

    assert_eq!(bench.interrupts.queues(), [0, 1]);
    assert_eq!(bench.drivers[1].used(), [(0, 2)]);
    assert_eq!(stopped.device.traits().id, 42);
    assert_eq!(stopped.queues.len(), 2);
}

#[test]
fn each_kick_wakes_the_worker_though_nobody_reads_it() {
    let mut bench = Bench::new();
    let worker = Worker::spawn("kicks".into(), bench.setup()).unwrap();

    bench.send(1, 1);
    bench.kicks[1].write(1).unwrap();
    bench.interrupts.wait(1, 0);
    bench.send(1, 1);
    bench.kicks[1].write(1).unwrap();
    bench.interrupts.wait(2, 0);
    bench.send(0, 1);
    bench.kicks[0].write(1).unwrap();
    bench.interrupts.wait(3, 0);
    drop(worker);

    assert_eq!(bench.interrupts.queues(), [1, 1, 0]);
    assert_eq!(bench.counts().kicks, 3);
}

#[test]
fn a_stopped_device_goes_on_where_it_was() {
    let mut bench = Bench::new();
    bench.send(0, 1);
    let worker = Worker::spawn("first".into(), bench.setup()).unwrap();
    bench.interrupts.wait(1, 0);
    let Stopped { device, queues } = worker.stop();
    bench.send(0, 1);

    let worker = Worker::spawn(
        "second".into(),
        Setup {
            device,
            queues,
            ..bench.setup()
        },
    )
    .unwrap();
    bench.interrupts.wait(2, 0);
    drop(worker);

    assert_eq!(bench.drivers[0].used(), [(0, 2), (2, 2)]);
    assert_eq!(bench.counts().bytes_written, 4);
}

#[test]
fn a_panic_of_the_device_ends_its_service_and_not_the_worker() {
    let mut bench = Bench::new();
    let worker = Worker::spawn("panic".into(), bench.setup()).unwrap();
    bench.send(0, 0xdead);
    bench.kicks[0].write(1).unwrap();
    bench.interrupts.wait(0, 1);
    bench.send(1, 1);
    bench.kicks[1].write(1).unwrap();

    let stopped = worker.stop();

    assert_eq!(bench.drivers[0].used(), [(0, 0)]);
    assert!(bench.drivers[1].used().is_empty());
    assert!(stopped.queues.iter().all(|(queue, _)| queue.is_broken()));
    assert_eq!(stopped.device.traits().queues, 2);
}

#[test]
fn a_broken_ring_stays_quiet_and_the_other_is_served() {
    let mut bench = Bench::new();
    let worker = Worker::spawn("broken".into(), bench.setup()).unwrap();
    bench.drivers[0].offer(99);
    bench.kicks[0].write(1).unwrap();
    bench.interrupts.wait(0, 1);
    bench.kicks[0].write(1).unwrap();
    bench.send(1, 1);
    bench.kicks[1].write(1).unwrap();
    bench.interrupts.wait(1, 1);

    drop(worker);

    assert_eq!(bench.interrupts.breaks(), 1);
    assert_eq!(bench.interrupts.queues(), [1]);
    assert!(
        bench.counts().kicks <= 3,
        "a kick that nobody takes does not spin"
    );
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let error = Worker::spawn("sixteen-bytes-xx".into(), Bench::new().setup()).unwrap_err();

    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

/// Sends requests as fast as they come back, with a kick only where it is asked for.
fn race(event_idx: bool) {
    let mut bench = Bench::new();
    let mut setup = bench.setup();
    let mut queue = bench.drivers[0].queue();
    queue.set_event_idx(event_idx);
    setup.queues[0].0 = VirtQueue::new(0, queue);
    let worker = Worker::spawn("race".into(), setup).unwrap();
    let (driver, kick) = (&mut bench.drivers[0], &bench.kicks[0]);
    let (question, answer) = (driver.readable(&[1, 0]), driver.writable(2));
    let end = Instant::now() + Duration::from_secs(60);

    for sent in 0..20_000_u16 {
        driver.send(&[question, answer]);
        fence(SeqCst);
        let asked = if event_idx {
            driver.kick_wanted_after() == sent
        } else {
            driver.is_kick_wanted()
        };
        if asked {
            kick.write(1).unwrap();
        }
        while driver.used_index() + 3 < sent {
            assert!(Instant::now() < end, "a kick was lost after {sent}");
            thread::yield_now();
        }
    }
    while driver.used_index() < 20_000 {
        assert!(Instant::now() < end, "a kick was lost at the end");
        thread::yield_now();
    }
    drop(worker);
}

#[test]
fn no_kick_is_lost_with_flags() {
    race(false);
}

#[test]
fn no_kick_is_lost_with_event_idx() {
    race(true);
}
