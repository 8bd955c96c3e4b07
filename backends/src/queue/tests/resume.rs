// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Rings whose process has ended at any moment, and that the next one goes on with.

use proptest::collection::vec;
use proptest::prelude::*;
use virtio_bindings::virtio_ring::VRING_DESC_F_WRITE;
use vm_memory::MmapRegion;

use super::*;

const SIZE: u16 = 16;

/// The record of a ring, and room for no other.
fn record(area: &Arc<MmapRegion>) -> InFlight {
    InFlight::new(area.clone(), 0, SIZE).unwrap()
}

fn area() -> Arc<MmapRegion> {
    Arc::new(MmapRegion::new(InFlight::bytes(SIZE)).unwrap())
}

/// One of which somebody keeps a record.
fn recorded(area: &Arc<MmapRegion>) -> Bench {
    let mut bench = Bench::new(SIZE);
    bench.queue.record(record(area));
    bench
}

impl Bench {
    /// Another process takes the place of the one that served the ring.
    fn succeed(&mut self, area: &Arc<MmapRegion>) {
        self.queue = VirtQueue::new(0, self.driver.queue());
        let memory = self.driver.memory();
        self.queue.resume(record(area), &memory).unwrap();
    }

    fn serve_all(&mut self) {
        while self.process(echo) == Progress::More {}
    }
}

#[test]
fn what_was_kept_is_served_again_in_its_order_and_then_what_came_since() {
    let area = area();
    let mut bench = recorded(&area);
    let mut heads = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let buffer = bench.driver.writable(1);
        heads.push(u32::from(bench.driver.send(&[buffer])));
    }
    bench.process(|request| kept.extend(request.keep().ok()));
    let buffer = bench.driver.writable(1);
    heads.push(u32::from(bench.driver.send(&[buffer])));

    bench.succeed(&area);
    bench.serve_all();

    let used = bench.driver.used();
    assert_eq!(
        used.iter().map(|(head, _)| *head).collect::<Vec<_>>(),
        heads
    );
}

#[test]
fn a_ring_that_was_served_to_its_end_goes_on_with_what_comes() {
    let area = area();
    let mut bench = recorded(&area);
    for round in 0..3 * SIZE {
        let buffer = bench.driver.writable(1);
        bench.driver.send(&[buffer]);
        if round % 5 == 0 {
            bench.succeed(&area);
        }
        bench.serve_all();
        assert_eq!(bench.driver.used().len(), 1, "{round}");
    }
}

#[test]
fn a_driver_that_begins_anew_has_nothing_in_flight() {
    let area = area();
    let mut bench = recorded(&area);
    let mut kept = Vec::new();
    let buffer = bench.driver.writable(1);
    bench.driver.send(&[buffer]);
    bench.process(|request| kept.extend(request.keep().ok()));

    let mut bench = recorded(&area);
    bench.succeed(&area);
    bench.serve_all();

    assert!(bench.driver.used().is_empty());
}

#[test]
fn a_record_that_makes_no_sense_harms_the_ring_alone() {
    let area = area();
    let mut bench = recorded(&area);
    let mut wrong = record(&area);
    (0..SIZE).for_each(|head| wrong.take(head));

    bench.succeed(&area);
    bench.serve_all();

    assert_eq!(bench.driver.used().len(), usize::from(SIZE));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 200 }))]

    /// Any number of processes, each of which answers some requests in any order, keeps others, and
    /// ends: each request goes back once.
    #[test]
    fn each_request_goes_back_once(steps in vec((0usize..6, any::<u8>(), any::<bool>()), 1..40)) {
        let area = area();
        let mut bench = recorded(&area);
        let buffer = bench.driver.writable(1);
        (0..SIZE).for_each(|head| bench.driver.table(head, buffer, VRING_DESC_F_WRITE, 0));
        let mut free: Vec<u16> = (0..SIZE).collect();
        let (mut sent, mut back) = (Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for (count, choice, ends) in steps {
            for _ in 0..count.min(free.len()) {
                let head = free.remove(usize::from(choice) % free.len());
                bench.driver.offer(head);
                sent.push(u32::from(head));
            }
            let mut turn = 0;
            bench.process(|request| {
                turn += 1;
                match choice >> (turn % 8) & 1 {
                    0 => echo(request),
                    _ => kept.extend(request.keep().ok()),
                }
            });
            if choice & 1 == 1 && !kept.is_empty() {
                let pending: crate::Pending = kept.remove(usize::from(choice) % kept.len());
                pending.answer(echo);
                bench.process(echo);
            }
            for (head, _) in bench.driver.used() {
                free.push(u16::try_from(head).unwrap());
                back.push(head);
            }
            if ends {
                kept.clear();
                bench.succeed(&area);
            }
        }
        kept.clear();
        bench.succeed(&area);
        bench.serve_all();
        back.extend(bench.driver.used().iter().map(|(head, _)| *head));
        sent.sort_unstable();
        back.sort_unstable();
        prop_assert_eq!(sent, back);
    }
}
