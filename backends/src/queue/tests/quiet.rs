// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Queues that linger.

use super::*;

/// One that lingers, with a request on it.
fn bench() -> Bench {
    let mut bench = Bench::new(8);
    bench.queue.linger(true);
    let buffer = bench.driver.writable(1);
    bench.driver.send(&[buffer]);
    bench
}

#[test]
fn a_queue_that_lingers_asks_for_kicks_when_it_is_told_to() {
    let mut bench = bench();
    let memory = bench.driver.memory();

    assert_eq!(bench.process(ignore), Progress::Quiet);
    assert!(!bench.driver.is_kick_wanted());
    assert!(!bench.queue.has_more(&memory));

    assert!(!bench.queue.listen(&memory, &bench.interrupts));
    assert!(bench.driver.is_kick_wanted());
}

#[test]
fn what_comes_while_a_queue_lingers_is_seen() {
    let mut bench = bench();
    let memory = bench.driver.memory();
    assert_eq!(bench.process(ignore), Progress::Quiet);

    let buffer = bench.driver.writable(1);
    bench.driver.send(&[buffer]);

    assert!(bench.queue.has_more(&memory));
    assert!(bench.queue.listen(&memory, &bench.interrupts));
}

#[test]
fn a_queue_lingers_only_once_for_what_went_back() {
    let mut bench = bench();
    let memory = bench.driver.memory();
    assert_eq!(bench.process(ignore), Progress::Quiet);
    bench.queue.listen(&memory, &bench.interrupts);

    assert_eq!(bench.process(ignore), Progress::Idle);
    assert!(bench.driver.is_kick_wanted());
}

#[test]
fn a_queue_does_not_linger_while_the_device_keeps_requests() {
    let mut bench = bench();
    let mut kept = Vec::new();

    let progress = bench.process(|request| kept.extend(request.keep().ok()));

    assert_eq!(progress, Progress::Idle);
    assert!(bench.driver.is_kick_wanted());
}

#[test]
fn a_ring_that_goes_away_is_retired_when_it_is_to_listen() {
    let mut bench = bench();
    assert_eq!(bench.process(ignore), Progress::Quiet);
    let nowhere = Arc::new(vm_memory::GuestMemoryMmap::<()>::new());

    assert!(bench.queue.has_more(&nowhere));
    assert!(!bench.queue.listen(&nowhere, &bench.interrupts));

    assert!(bench.queue.is_broken());
    assert_eq!(bench.interrupts.breaks(), 1);
    assert!(!bench.queue.has_more(&nowhere));
}
