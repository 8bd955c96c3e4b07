// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

mod any;
mod chains;
mod kept;
mod mapped;
mod quiet;
mod resume;

use std::sync::Mutex;

use super::*;
use crate::device::Traits;
use crate::limits::{BATCH_CHAINS, CHAIN_DESCRIPTORS, REQUEST_BYTES};
use crate::testing::{Driver, END, Interrupts};

/// A device that is one function, and marks what it has to refuse. With `true`, its driver looks
/// at the mark only.
struct Function<F>(F, bool);

impl<F: FnMut(Request<'_>) + Send> Device for Function<F> {
    fn traits(&self) -> Traits {
        Traits {
            id: 42,
            features: 0,
            queues: 1,
            queue_size: 256,
        }
    }

    fn serve(&mut self, _queue: u16, request: Request<'_>) {
        self.0(request);
    }

    fn refuse(&mut self, _queue: u16, mut request: Request<'_>) -> bool {
        assert_eq!(request.readable_len(), 0);
        let status = request.split_status();
        status.map(|status| status.set(0xee)).is_some() || !self.1
    }
}

/// Gives back what it is sent.
fn echo(mut request: Request<'_>) {
    let mut bytes = vec![0; request.readable_len().min(100)];
    request.read_bytes(&mut bytes);
    request.write_bytes(&bytes);
}

/// Does nothing.
fn ignore(_: Request<'_>) {}

/// One queue with a driver at its other end.
struct Bench {
    driver: Driver,
    queue: VirtQueue,
    interrupts: Interrupts,
    counters: Counters,
}

impl Bench {
    fn new(size: u16) -> Self {
        let driver = Driver::new(size);
        let queue = VirtQueue::new(0, driver.queue());
        Self {
            driver,
            queue,
            interrupts: Interrupts::default(),
            counters: Counters::default(),
        }
    }

    fn with_event_idx(size: u16) -> Self {
        let mut bench = Self::new(size);
        bench.queue.queue.set_event_idx(true);
        bench
    }

    fn process(&mut self, serve: impl FnMut(Request<'_>) + Send) -> Progress {
        self.process_with(Function(serve, false))
    }

    fn process_with(&mut self, mut device: impl Device) -> Progress {
        let memory = self.driver.memory();
        self.queue
            .process(&memory, &mut device, &self.interrupts, &self.counters)
    }

    fn malformed(&self) -> u64 {
        self.counters.snapshot().malformed
    }

    /// Checks that the one chain on the ring goes back with nothing and counts as malformed.
    fn is_malformed(&mut self) {
        assert_eq!(self.process(|_| panic!("served")), Progress::Idle);
        assert_eq!(self.driver.used(), [(0, 0)]);
        assert_eq!(self.malformed(), 1);
    }
}

#[test]
fn a_batch_ends_at_its_limit_of_bytes() {
    let mut bench = Bench::new(8);
    let large = bench.driver.writable(REQUEST_BYTES);
    let heads: Vec<_> = (0..5).map(|_| bench.driver.send(&[large])).collect();

    assert_eq!(bench.process(ignore), Progress::More);
    assert_eq!(bench.driver.used_index(), 2);
    assert_eq!(bench.process(ignore), Progress::More);
    assert_eq!(bench.process(ignore), Progress::Idle);

    let used = bench.driver.used();
    assert_eq!(
        used.iter().map(|(head, _)| *head).collect::<Vec<_>>(),
        heads.iter().map(|h| u32::from(*h)).collect::<Vec<_>>()
    );
    assert_eq!(bench.interrupts.queues().len(), 3);
}

#[test]
fn a_batch_ends_at_its_limit_of_chains() {
    let mut bench = Bench::new(512);
    let buffer = bench.driver.writable(1);
    (0..BATCH_CHAINS + 1).for_each(|_| _ = bench.driver.send(&[buffer]));

    assert_eq!(bench.process(ignore), Progress::More);
    assert_eq!(bench.driver.used().len(), BATCH_CHAINS);
    assert_eq!(bench.process(ignore), Progress::Idle);
    assert_eq!(bench.driver.used().len(), 1);
}

#[test]
fn a_batch_ends_at_its_limit_of_descriptors() {
    let mut bench = Bench::new(8);
    let buffers = vec![bench.driver.writable(1); CHAIN_DESCRIPTORS];
    (0..5).for_each(|_| _ = bench.driver.send_indirect(&buffers));

    assert_eq!(bench.process(ignore), Progress::More);
    assert_eq!(bench.driver.used().len(), 4);
    assert_eq!(bench.process(ignore), Progress::Idle);
    assert_eq!(bench.driver.used().len(), 1);
}

#[test]
fn a_head_beyond_the_table_breaks_the_queue_once() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(1);
    bench.driver.send(&[buffer]);
    bench.driver.offer(8);

    assert_eq!(bench.process(|_| panic!("served")), Progress::Broken);
    bench.driver.set_avail_index(1);
    assert_eq!(bench.process(|_| panic!("served")), Progress::Broken);

    assert!(bench.queue.is_broken());
    assert_eq!(bench.queue.queue().next_avail(), 0);
    assert_eq!(bench.interrupts.breaks(), 1);
    assert!(bench.driver.used().is_empty());
}

#[test]
fn an_available_index_that_jumps_breaks_the_queue() {
    let mut bench = Bench::new(8);
    bench.driver.set_avail_index(9);

    assert_eq!(bench.process(|_| panic!("served")), Progress::Broken);
    assert_eq!(bench.interrupts.breaks(), 1);
}

#[test]
fn rings_outside_memory_break_the_queue() {
    let mut bench = Bench::new(8);
    bench
        .queue
        .queue
        .try_set_used_ring_address(GuestAddress(END.0 - 8))
        .unwrap();

    assert_eq!(bench.process(|_| panic!("served")), Progress::Broken);
    assert_eq!(bench.interrupts.breaks(), 1);
}

#[test]
fn no_interrupt_is_raised_when_the_driver_wants_none() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(1);
    bench.driver.want_interrupts(false);
    bench.driver.send(&[buffer]);
    bench.process(ignore);
    assert!(bench.interrupts.queues().is_empty());

    bench.driver.want_interrupts(true);
    bench.driver.send(&[buffer]);
    bench.process(ignore);

    assert_eq!(bench.interrupts.queues(), [0]);
    let counts = bench.counters.snapshot();
    assert_eq!((counts.suppressed, counts.interrupts), (1, 1));
}

#[test]
fn with_event_idx_the_interrupt_comes_after_the_index_asked_for() {
    let mut bench = Bench::with_event_idx(8);
    let buffer = bench.driver.writable(1);
    bench.driver.want_interrupt_after(1);
    bench.driver.want_interrupts(true);
    bench.driver.send(&[buffer]);
    bench.process(ignore);
    assert!(bench.interrupts.queues().is_empty());

    bench.driver.send(&[buffer]);
    bench.process(ignore);

    assert_eq!(bench.interrupts.queues(), [0]);
    assert_eq!(bench.driver.kick_wanted_after(), 2);
}

#[test]
fn an_empty_queue_raises_no_interrupt() {
    let mut bench = Bench::new(8);

    assert_eq!(bench.process(ignore), Progress::Idle);

    assert!(bench.interrupts.queues().is_empty());
    assert_eq!(bench.counters.snapshot(), crate::Snapshot::default());
}

#[test]
fn kicks_are_not_wanted_while_serving_and_wanted_again_after() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(1);
    bench.driver.send(&[buffer]);
    let (memory, flags) = (bench.driver.memory(), bench.driver.used_ring());

    bench.process(|_| assert_eq!(memory.read_obj::<u16>(flags).unwrap(), 1));

    assert!(bench.driver.is_kick_wanted());
}

#[test]
fn what_arrives_while_serving_is_not_lost() {
    let Bench {
        mut driver,
        mut queue,
        interrupts,
        counters,
    } = Bench::new(8);
    let (memory, buffer) = (driver.memory(), driver.writable(1));
    driver.send(&[buffer]);
    let driver = Mutex::new(driver);
    let mut device = Function(
        |_: Request<'_>| _ = driver.lock().unwrap().send(&[buffer]),
        false,
    );

    let progress = queue.process(&memory, &mut device, &interrupts, &counters);

    assert_eq!(progress, Progress::More);
    let mut device = Function(|_: Request<'_>| {}, false);
    assert_eq!(
        queue.process(&memory, &mut device, &interrupts, &counters),
        Progress::Idle
    );
    assert_eq!(driver.lock().unwrap().used().len(), 2);
}

#[test]
fn a_forgotten_request_goes_back_with_what_was_written() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(9);
    bench.driver.send(&[buffer]);

    bench.process(|mut request| {
        request.write_bytes(b"four");
        #[expect(
            clippy::forget_non_drop,
            reason = "that it makes no difference is what is tested"
        )]
        std::mem::forget(request);
    });

    assert_eq!(bench.driver.used(), [(0, 4)]);
}

#[test]
fn a_panic_returns_what_was_seen_and_retires_the_queue() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(9);
    (0..3).for_each(|_| _ = bench.driver.send(&[buffer]));
    let mut served = 0;

    let outcome = catch_unwind(AssertUnwindSafe(|| {
        bench.process(|mut request| {
            request.write_bytes(b"four");
            served += 1;
            assert!(served < 2, "the second request");
        })
    }));

    assert!(outcome.is_err());
    assert!(bench.queue.is_broken());
    assert_eq!(bench.driver.used(), [(0, 4), (1, 4)]);
    assert_eq!(bench.queue.queue().next_avail(), 2);
}
