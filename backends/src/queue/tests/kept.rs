// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that are answered later.

use super::*;
use crate::limits::KEPT_DESCRIPTORS;
use crate::pending::Pending;

/// Serves what there is, and keeps it.
fn keep_all(bench: &mut Bench) -> Vec<Pending> {
    let mut kept = Vec::new();
    let progress = bench.process(|request| kept.extend(request.keep().ok()));
    assert_eq!(progress, Progress::Idle);
    kept
}

fn pass(_: Request<'_>) {
    panic!("served");
}

#[test]
fn a_kept_request_goes_back_when_it_is_answered() {
    let mut bench = Bench::new(8);
    let (question, answer) = (bench.driver.readable(b"?"), bench.driver.writable(4));
    bench.driver.send(&[question, answer]);

    let kept = keep_all(&mut bench);
    assert!(bench.driver.used().is_empty() && bench.interrupts.queues().is_empty());
    assert!(!bench.queue.has_answers());
    assert_eq!(bench.counters.snapshot().in_flight, 1);
    for pending in kept {
        pending.answer(|mut request| {
            assert_eq!((request.readable_len(), request.writable_len()), (0, 4));
            request.write_bytes(b"yes");
        });
    }

    assert!(bench.queue.has_answers());
    assert_eq!(bench.process(pass), Progress::More);
    assert_eq!(bench.process(pass), Progress::Idle);
    assert_eq!(bench.driver.used(), [(0, 3)]);
    assert_eq!(bench.driver.bytes(answer), b"yes\0");
    assert_eq!(bench.interrupts.queues(), [0]);
    let counts = bench.counters.snapshot();
    assert_eq!((counts.requests, counts.in_flight), (1, 0));
    assert_eq!(counts.latency.iter().sum::<u64>(), 1);
}

#[test]
fn answers_go_back_in_their_own_order_with_one_interrupt() {
    let mut bench = Bench::new(8);
    let room = bench.driver.writable(1);
    (0..3).for_each(|_| _ = bench.driver.send(&[room]));

    let mut kept = keep_all(&mut bench);
    kept.drain(1..).rev().for_each(|pending| {
        pending.answer(|mut request| _ = request.write_bytes(&[1]));
    });
    assert_eq!(bench.process(pass), Progress::More);

    assert_eq!(bench.driver.used(), [(2, 1), (1, 1)]);
    assert_eq!(bench.interrupts.queues(), [0]);
    assert_eq!(kept.len(), 1);
}

#[test]
fn an_answer_within_the_same_batch_is_given_at_once() {
    let mut bench = Bench::new(8);
    let room = bench.driver.writable(1);
    bench.driver.send(&[room]);

    let progress = bench.process(|request| {
        let pending = request.keep().unwrap();
        pending.answer(|mut request| _ = request.write_bytes(&[1]));
    });

    assert_eq!(progress, Progress::Idle);
    assert_eq!(bench.driver.used(), [(0, 1)]);
    assert_eq!(bench.interrupts.queues(), [0]);
}

#[test]
fn a_request_that_is_dropped_unanswered_is_refused() {
    let mut bench = Bench::new(8);
    let (data, status) = (bench.driver.writable(3), bench.driver.writable(1));
    bench.driver.send(&[data, status]);

    drop(keep_all(&mut bench));
    bench.process(pass);

    assert_eq!(bench.driver.used(), [(0, 0)]);
    assert_eq!(bench.driver.bytes(status), [0xee]);
    assert_eq!(bench.malformed(), 0);
}

#[test]
fn what_was_written_before_stays() {
    let mut bench = Bench::new(8);
    let buffers = [3, 5, 2].map(|len| bench.driver.writable(len));
    bench.driver.send(&buffers);
    let mut kept = None;

    bench.process(|mut request| {
        let _status = request.split_status();
        request.write_bytes(b"abcd");
        kept = request.keep().ok();
    });
    kept.unwrap().answer(|mut request| {
        let status = request.split_status().unwrap();
        assert_eq!(request.write_bytes(b"EFGHIJKLM"), 5);
        status.set(7);
    });
    bench.process(pass);

    assert_eq!(bench.driver.used(), [(0, 10)]);
    let bytes: Vec<_> = buffers
        .iter()
        .flat_map(|b| bench.driver.bytes(*b))
        .collect();
    assert_eq!(bytes, b"abcdEFGHI\x07");
}

#[test]
fn no_more_requests_are_kept_than_the_queue_has_descriptors() {
    let mut bench = Bench::new(4);
    let room = bench.driver.writable(1);
    let head = bench.driver.send(&[room]);
    let first = keep_all(&mut bench);
    // The head is still the device's; a driver that offers it again breaks the rules.
    (0..4).for_each(|_| bench.driver.offer(head));

    let more = keep_all(&mut bench);

    assert_eq!((first.len(), more.len()), (1, 3));
    assert_eq!(bench.driver.used(), [(0, 0)]);
    drop((first, more));
    bench.process(pass);
    assert_eq!(bench.driver.used().len(), 4);
    bench.driver.offer(head);
    assert_eq!(keep_all(&mut bench).len(), 1);
}

#[test]
fn what_is_remembered_of_kept_requests_is_bounded() {
    let mut bench = Bench::new(16);
    let room = bench.driver.writable(1);
    let long = vec![room; CHAIN_DESCRIPTORS];
    (0..6).for_each(|_| _ = bench.driver.send_indirect(&long));
    let (mut kept, mut refused) = (Vec::new(), 0);

    while bench.process(|request| match request.keep() {
        Ok(pending) => kept.push(pending),
        Err(_) => refused += 1,
    }) == Progress::More
    {}

    assert_eq!(kept.len(), KEPT_DESCRIPTORS / CHAIN_DESCRIPTORS);
    assert_eq!(refused, 6 - kept.len());
}

#[test]
fn a_request_to_refuse_cannot_be_kept() {
    struct Stubborn;
    impl Device for Stubborn {
        fn traits(&self) -> Traits {
            Function(ignore, false).traits()
        }
        fn serve(&mut self, _queue: u16, _request: Request<'_>) {
            panic!("served");
        }
        fn refuse(&mut self, _queue: u16, request: Request<'_>) -> bool {
            assert!(request.keep().is_err());
            true
        }
    }
    let mut bench = Bench::new(8);
    let outside = crate::testing::Buffer {
        addr: END,
        len: 1,
        writable: true,
    };
    bench.driver.send(&[outside]);
    let memory = bench.driver.memory();

    bench
        .queue
        .process(&memory, &mut Stubborn, &bench.interrupts, &bench.counters);

    assert_eq!(bench.driver.used(), [(0, 0)]);
}

#[test]
fn a_panic_of_an_answer_retires_the_queue() {
    let mut bench = Bench::new(8);
    let room = bench.driver.writable(1);
    bench.driver.send(&[room]);
    bench.driver.send(&[room]);
    for pending in keep_all(&mut bench) {
        pending.answer(|_| panic!("answer"));
    }

    let outcome = catch_unwind(AssertUnwindSafe(|| bench.process(pass)));

    assert!(outcome.is_err());
    assert_eq!(bench.driver.used(), [(0, 0)]);
    assert_eq!(bench.process(pass), Progress::Broken);
    assert!(!bench.queue.has_answers());
}

#[test]
fn answers_to_a_retired_queue_go_nowhere() {
    let mut bench = Bench::new(8);
    let room = bench.driver.writable(1);
    bench.driver.send(&[room]);
    let kept = keep_all(&mut bench);

    bench.queue.retire();
    drop(kept);

    assert!(!bench.queue.has_answers());
    assert_eq!(bench.process(pass), Progress::Broken);
    assert!(bench.driver.used().is_empty());
}

#[test]
fn answers_are_given_in_batches_within_the_limits() {
    let mut bench = Bench::new(8);
    let large = bench.driver.writable(REQUEST_BYTES);
    (0..5).for_each(|_| _ = bench.driver.send(&[large]));
    let mut kept = Vec::new();
    while bench.process(|request| kept.extend(request.keep().ok())) == Progress::More {}

    drop(kept);
    bench.process(pass);

    assert_eq!(bench.driver.used_index(), 2);
    while bench.process(pass) == Progress::More {}
    assert_eq!(bench.driver.used_index(), 5);
}
