// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst, fence};
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
fn a_thread_that_cannot_be_entered_serves_nothing() {
    let mut bench = Bench::new();
    bench.send(0, 1);

    let worker = Worker::spawn_in("no".into(), bench.setup(), || false).unwrap();
    bench.interrupts.wait(0, 1);
    let stopped = worker.stop();

    assert!(bench.drivers[0].used().is_empty());
    assert!(stopped.queues.iter().all(|(queue, _)| queue.is_broken()));
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

/// Says on which thread it serves, for which it never waits.
struct Quick(Count, Arc<Mutex<Vec<thread::ThreadId>>>);

impl Device for Quick {
    fn traits(&self) -> Traits {
        self.0.traits()
    }

    fn is_quick(&self) -> bool {
        true
    }

    fn serve(&mut self, queue: u16, request: Request<'_>) {
        self.1.lock().unwrap().push(thread::current().id());
        self.0.serve(queue, request);
    }
}

#[test]
fn a_quick_device_is_served_on_the_thread_that_brings_the_kick() {
    let mut bench = Bench::new();
    let threads = Arc::default();
    let device = Box::new(Quick(Count(0), Arc::clone(&threads)));
    let setup = Setup {
        device,
        ..bench.setup()
    };
    let worker = Worker::spawn("quick".into(), setup).unwrap();

    let attend = || {
        // The worker may be looking at its queues just now.
        while !worker.attend(1) {
            thread::yield_now();
        }
    };
    attend();
    bench.send(1, 1);
    attend();
    let served = bench.drivers[1].used();
    bench.send(0, 1);
    bench.kicks[0].write(1).unwrap();
    bench.interrupts.wait(2, 0);
    drop(worker);

    assert_eq!(served, [(0, 2)]);
    assert_eq!(bench.drivers[0].used(), [(0, 2)]);
    let threads = threads.lock().unwrap();
    assert_eq!(threads[0], thread::current().id());
    assert_ne!(threads[1], thread::current().id());
}

#[test]
fn a_device_that_may_wait_and_a_queue_that_is_not_there_are_left_to_the_worker() {
    let mut bench = Bench::new();
    let worker = Worker::spawn("slow".into(), bench.setup()).unwrap();
    bench.send(0, 1);

    assert!(!worker.attend(0));
    assert!(!worker.attend(7));

    bench.kicks[0].write(1).unwrap();
    bench.interrupts.wait(1, 0);
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

/// Keeps its requests until its descriptor is written to; panics when it has none then.
struct Waiting {
    event: EventFd,
    kept: Vec<crate::Pending>,
    served: Arc<AtomicUsize>,
}

impl Device for Waiting {
    fn traits(&self) -> Traits {
        Count(0).traits()
    }

    fn serve(&mut self, _queue: u16, request: Request<'_>) {
        self.kept.extend(request.keep().ok());
        self.served.fetch_add(1, SeqCst);
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        Some(&self.event)
    }

    fn wake(&mut self) -> bool {
        let pending = self.kept.pop().unwrap();
        pending.answer(|mut request| _ = request.write_bytes(&[1, 2]));
        false
    }

    fn reset(&mut self) {
        self.kept.clear();
    }
}

/// Keeps the requests of queue 1, and answers them when there is one of queue 0.
#[derive(Default)]
struct Crossing(Vec<crate::Pending>);

impl Device for Crossing {
    fn traits(&self) -> Traits {
        Count(0).traits()
    }

    fn serve(&mut self, queue: u16, mut request: Request<'_>) {
        if queue == 1 {
            return self.0.extend(request.keep().ok());
        }
        for pending in self.0.drain(..) {
            pending.answer(|mut request| _ = request.write_bytes(&[1, 2]));
        }
        assert!(request.write_obj(&0_u16));
    }
}

#[test]
fn what_a_request_has_answered_elsewhere_goes_back_before_it() {
    let mut bench = Bench::new();
    bench.send(1, 1);
    let setup = Setup {
        device: Box::new(Crossing::default()),
        ..bench.setup()
    };
    let bell = EventFd::new(EFD_NONBLOCK).unwrap();
    let mut body = Body::new(setup, bell, Arc::default());
    body.round();
    assert!(bench.interrupts.queues().is_empty());

    bench.send(0, 1);
    body.notified(0);
    body.round();

    assert_eq!(bench.interrupts.queues(), [1, 0]);
    assert_eq!(bench.drivers[0].used(), [(0, 2)]);
    assert_eq!(bench.drivers[1].used(), [(0, 2)]);
}

/// A worker for a device that waits, which has got one request of each queue.
fn waiting() -> (Bench, EventFd, Worker) {
    let mut bench = Bench::new();
    bench.send(0, 1);
    bench.send(1, 1);
    let event = EventFd::new(EFD_NONBLOCK).unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let device = Waiting {
        served: Arc::clone(&served),
        event: event.try_clone().unwrap(),
        kept: Vec::new(),
    };
    let setup = Setup {
        device: Box::new(device),
        ..bench.setup()
    };
    let worker = Worker::spawn("waiting".into(), setup).unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while served.load(SeqCst) < 2 {
        assert!(Instant::now() < end, "not served");
        thread::yield_now();
    }
    (bench, event, worker)
}

#[test]
fn a_device_answers_when_its_own_descriptor_says_so() {
    let (mut bench, event, worker) = waiting();

    event.write(1).unwrap();
    bench.interrupts.wait(1, 0);
    event.write(1).unwrap();
    bench.interrupts.wait(2, 0);
    drop(worker);

    assert_eq!(bench.interrupts.queues(), [1, 0]);
    assert_eq!(bench.drivers[0].used(), [(0, 2)]);
    assert_eq!(bench.drivers[1].used(), [(0, 2)]);
}

#[test]
fn what_a_stopped_device_keeps_does_not_go_back_after_a_reset() {
    let (mut bench, _event, worker) = waiting();

    let mut stopped = worker.stop();
    stopped.device.reset();

    drop(stopped);
    assert!(bench.drivers[0].used().is_empty() && bench.interrupts.queues().is_empty());
}

#[test]
fn a_panic_of_a_woken_device_ends_its_service() {
    let (mut bench, event, worker) = waiting();
    event.write(1).unwrap();
    bench.interrupts.wait(1, 0);
    event.write(1).unwrap();
    bench.interrupts.wait(2, 0);

    event.write(1).unwrap();
    bench.interrupts.wait(2, 1);
    event.write(1).unwrap();
    bench.send(0, 1);
    bench.kicks[0].write(1).unwrap();
    drop(worker);

    assert_eq!(bench.interrupts.breaks(), 1);
    assert_eq!(bench.drivers[0].used().len(), 1);
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

/// What a worker's thread has, when its drivers have notified soon for a while.
fn patient(bench: &Bench) -> Body<Arc<vm_memory::GuestMemoryMmap<()>>> {
    let mut body = Body::new(
        bench.setup(),
        EventFd::new(EFD_NONBLOCK).unwrap(),
        Arc::default(),
    );
    body.patience = Patience::new(2);
    while !body.patience.is_worth_it() {
        body.patience.notified(true);
    }
    body
}

#[test]
fn requests_that_are_expected_are_served_without_a_kick() {
    let mut bench = Bench::new();
    let mut body = patient(&bench);
    bench.send(0, 1);
    body.serve();
    assert!(!bench.drivers[0].is_kick_wanted());
    assert!(bench.drivers[1].is_kick_wanted());
    assert!(!body.look(false));

    bench.send(0, 1);
    assert!(body.look(false));
    body.round();

    assert_eq!(bench.drivers[0].used().len(), 2);
    assert_eq!(bench.counts().kicks, 0);
}

#[test]
fn kicks_are_asked_for_when_nothing_comes() {
    let mut bench = Bench::new();
    let mut body = patient(&bench);
    bench.send(0, 1);

    body.round();

    assert_eq!(bench.drivers[0].used().len(), 1);
    assert!(bench.drivers[0].is_kick_wanted());
    assert!(body.is_idle());
    assert!(!body.patience.is_worth_it());
}

/// Keeps what is on its first queue.
struct KeepFirst(Count, Vec<crate::Pending>);

impl Device for KeepFirst {
    fn traits(&self) -> Traits {
        self.0.traits()
    }

    fn serve(&mut self, queue: u16, request: Request<'_>) {
        match queue {
            0 => self.1.extend(request.keep()),
            _ => self.0.serve(queue, request),
        }
    }
}

/// What ends it shows on no ring.
#[test]
fn nobody_looks_for_requests_while_the_device_keeps_one() {
    let mut bench = Bench::new();
    let mut body = patient(&bench);
    body.setup.device = Box::new(KeepFirst(Count(0), Vec::new()));
    bench.send(0, 1);
    bench.send(1, 1);

    body.round();

    assert_eq!(bench.drivers[1].used().len(), 1);
    assert!(bench.drivers.iter().all(Driver::is_kick_wanted));
    assert!(body.patience.is_worth_it());
}

#[test]
fn what_is_found_elsewhere_is_served_without_a_kick() {
    let mut bench = Bench::new();
    let mut body = patient(&bench);
    bench.send(0, 1);
    body.serve();
    bench.send(1, 1);

    body.linger();
    assert!(!bench.drivers[0].is_kick_wanted());
    body.round();

    assert_eq!(bench.drivers[1].used().len(), 1);
    assert_eq!(bench.counts().kicks, 0);
}

/// The driver takes back what it has made available.
#[test]
fn an_index_that_moves_back_is_no_request() {
    let mut bench = Bench::new();
    let mut body = patient(&bench);
    bench.send(0, 1);
    body.serve();

    body.found_after = Some(body.requests());
    body.round();

    assert!(!body.patience.is_worth_it());
}
