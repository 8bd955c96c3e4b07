// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is mapped when.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use vm_memory::bitmap::BS;
use vm_memory::guest_memory::{self, GuestMemorySliceIterator};
use vm_memory::{GuestAddress, GuestAddressSpace, GuestMemory, GuestMemoryBackend};
use vm_memory::{GuestMemoryMmap, Permissions};

use super::{Bench, Function, echo};
use crate::block;
use crate::device::Device;
use crate::memory::{Batch, Range};
use crate::queue::Progress;
use crate::request::Request;
use crate::testing::{Buffer, Driver};

/// An address space that counts what its guards have touched outside the rings.
#[derive(Clone)]
struct Watched {
    memory: Arc<GuestMemoryMmap<()>>,
    used_index: GuestAddress,
    heap: GuestAddress,
    watch: Arc<Watch>,
}

#[derive(Default)]
struct Watch {
    /// Accesses through guards that still live.
    mapped: AtomicUsize,
    published: AtomicUsize,
    published_while_mapped: AtomicUsize,
    undeclared: AtomicUsize,
    declared: Mutex<Vec<Vec<Range>>>,
    /// What the guest cannot be given.
    lost: Mutex<VecDeque<(GuestAddress, usize)>>,
}

impl Watched {
    /// Watches the memory of a driver from its first buffer on.
    fn new(driver: &Driver, first: Buffer) -> Self {
        Self {
            memory: driver.memory(),
            used_index: GuestAddress(driver.used_ring().0 + 2),
            heap: first.addr,
            watch: Arc::default(),
        }
    }

    /// Has a piece that was written not arrive, the next time that pieces are given to the guest
    /// or, called again, the time after.
    fn lose(&self, addr: GuestAddress, len: usize) {
        self.watch.lost.lock().unwrap().push_back((addr, len));
    }
}

struct Guarded {
    space: Watched,
    touched: AtomicUsize,
}

impl GuestAddressSpace for Watched {
    type M = Guarded;
    type T = Arc<Guarded>;

    fn memory(&self) -> Arc<Guarded> {
        Arc::new(Guarded {
            space: self.clone(),
            touched: AtomicUsize::new(0),
        })
    }
}

impl GuestMemory for Guarded {
    type PhysicalMemory = GuestMemoryMmap<()>;
    type Bitmap = ();

    fn check_range(&self, addr: GuestAddress, count: usize, _access: Permissions) -> bool {
        GuestMemoryBackend::check_range(&*self.space.memory, addr, count)
    }

    fn get_slices<'a>(
        &'a self,
        addr: GuestAddress,
        count: usize,
        access: Permissions,
    ) -> guest_memory::Result<impl GuestMemorySliceIterator<'a, BS<'a, ()>>> {
        let watch = &self.space.watch;
        if addr >= self.space.heap {
            self.touched.fetch_add(1, SeqCst);
            watch.mapped.fetch_add(1, SeqCst);
            let declared = watch.declared.lock().unwrap();
            let known = declared.iter().flatten().any(|range| {
                *range
                    == Range {
                        addr,
                        len: count,
                        access,
                    }
            });
            watch.undeclared.fetch_add(usize::from(!known), SeqCst);
        }
        if addr == self.space.used_index && access == Permissions::Write {
            watch.published.fetch_add(1, SeqCst);
            let mapped = watch.mapped.load(SeqCst) > 0;
            watch
                .published_while_mapped
                .fetch_add(usize::from(mapped), SeqCst);
        }
        GuestMemory::get_slices(&*self.space.memory, addr, count, access)
    }
}

impl Batch for Guarded {
    fn declare(&self, ranges: &[Range]) {
        self.space
            .watch
            .declared
            .lock()
            .unwrap()
            .push(ranges.to_vec());
    }

    fn finish(&self, lost: &mut dyn FnMut(GuestAddress, usize)) {
        if let Some((addr, len)) = self.space.watch.lost.lock().unwrap().pop_front() {
            lost(addr, len);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.space
            .watch
            .mapped
            .fetch_sub(self.touched.load(SeqCst), SeqCst);
    }
}

impl Bench {
    fn process_in(&mut self, space: &Watched, device: &mut dyn Device) -> Progress {
        let (interrupts, counters) = (&self.interrupts, &self.counters);
        self.queue.process(space, device, interrupts, counters)
    }
}

/// Sends three requests, and returns the second one's buffers to write: what may be lost, and its
/// status.
fn three_requests(bench: &mut Bench) -> (Watched, [Buffer; 2]) {
    let driver = &mut bench.driver;
    let (question, good) = (driver.readable(b"question"), driver.writable(99));
    let pair = [driver.writable(8), driver.writable(1)];
    driver.send(&[question, good]);
    driver.send(&[question, pair[0], pair[1]]);
    driver.send(&[question, good]);
    (Watched::new(driver, question), pair)
}

#[test]
fn all_is_declared_before_and_unmapped_when_the_used_index_is_published() {
    let mut bench = Bench::new(16);
    let (question, answer) = (
        bench.driver.readable(b"question"),
        bench.driver.writable(99),
    );
    bench.driver.send(&[question, answer]);
    bench.driver.send_indirect(&[question, answer]);
    bench.driver.send_indirect(&[question, answer]);
    let space = Watched::new(&bench.driver, question);
    let watch = Arc::clone(&space.watch);
    let mut device = Function(
        |request: Request<'_>| {
            assert_eq!(watch.mapped.load(SeqCst), 8, "2 tables and 6 buffers");
            assert_eq!(watch.published.load(SeqCst), 0);
            echo(request);
        },
        false,
    );

    let progress = bench.process_in(&space, &mut device);

    assert_eq!(progress, Progress::Idle);
    assert_eq!(bench.driver.used(), [(0, 8), (2, 8), (3, 8)]);
    let watch = &space.watch;
    assert_eq!(watch.published.load(SeqCst), 3);
    assert_eq!(watch.published_while_mapped.load(SeqCst), 0);
    assert_eq!(watch.undeclared.load(SeqCst), 0);
    assert_eq!(watch.mapped.load(SeqCst), 0);
    let calls: Vec<_> = watch
        .declared
        .lock()
        .unwrap()
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(calls, [2, 6]);
}

#[test]
fn a_kept_request_is_mapped_neither_while_it_waits_nor_when_it_is_published() {
    let mut bench = Bench::new(16);
    let (question, answer) = (
        bench.driver.readable(b"question"),
        bench.driver.writable(99),
    );
    bench.driver.send(&[question, answer]);
    let space = Watched::new(&bench.driver, question);
    let watch = Arc::clone(&space.watch);
    let mut kept = Vec::new();
    let mut device = Function(
        |request: Request<'_>| kept.extend(request.keep().ok()),
        false,
    );

    bench.process_in(&space, &mut device);

    assert_eq!(watch.mapped.load(SeqCst), 0);
    let seen = Arc::clone(&watch);
    kept.pop().unwrap().answer(move |mut request| {
        assert_eq!(seen.mapped.load(SeqCst), 1, "what can still be written");
        request.write_bytes(b"answer");
    });
    bench.process_in(&space, &mut Function(echo, false));
    assert_eq!(bench.driver.used(), [(0, 6)]);
    assert_eq!(watch.published_while_mapped.load(SeqCst), 0);
    assert_eq!(watch.undeclared.load(SeqCst), 0);
    assert_eq!(watch.mapped.load(SeqCst), 0);
}

#[test]
fn an_answer_that_does_not_reach_the_guest_is_refused_and_counted() {
    let mut bench = Bench::new(16);
    let (space, [bad, status]) = three_requests(&mut bench);
    space.lose(bad.addr, 1);

    bench.process_in(&space, &mut Function(echo, true));

    assert_eq!(bench.driver.used(), [(0, 8), (2, 0), (5, 8)]);
    assert_eq!(bench.driver.bytes(status), [0xee]);
    assert_eq!(bench.malformed(), 1);
}

#[test]
fn a_lost_answer_whose_driver_cannot_be_told_does_not_go_back() {
    let mut bench = Bench::new(16);
    let (space, [_, status]) = three_requests(&mut bench);
    space.lose(status.addr, 1);

    let progress = bench.process_in(&space, &mut Function(echo, true));

    assert_eq!(progress, Progress::Broken);
    assert_eq!(bench.driver.used(), [(0, 8), (5, 8)]);
    assert_eq!(bench.malformed(), 1);
}

#[test]
fn a_kept_request_of_which_a_part_is_lost_is_refused_when_it_is_answered() {
    let mut bench = Bench::new(16);
    let (bad, status) = (bench.driver.writable(8), bench.driver.writable(1));
    bench.driver.send(&[bad, status]);
    let space = Watched::new(&bench.driver, bad);
    space.lose(bad.addr, 8);
    let mut kept = Vec::new();
    let mut device = Function(
        |mut request: Request<'_>| {
            request.write_bytes(b"eight by");
            kept.extend(request.keep().ok());
        },
        true,
    );

    bench.process_in(&space, &mut device);
    assert_eq!(bench.driver.used(), []);
    kept.pop().unwrap().answer(|_| panic!("answered"));
    let progress = bench.process_in(&space, &mut Function(echo, true));

    assert_eq!(progress, Progress::More);
    assert_eq!(bench.driver.used(), [(0, 0)]);
    assert_eq!(bench.driver.bytes(status), [0xee]);
    assert_eq!(bench.malformed(), 1);
}

#[test]
fn a_late_answer_that_does_not_reach_the_guest_is_refused() {
    let mut bench = Bench::new(16);
    let (bad, status) = (bench.driver.writable(8), bench.driver.writable(1));
    bench.driver.send(&[bad, status]);
    let space = Watched::new(&bench.driver, bad);
    let mut kept = Vec::new();
    let mut device = Function(
        |request: Request<'_>| kept.extend(request.keep().ok()),
        true,
    );

    bench.process_in(&space, &mut device);
    space.lose(bad.addr, 8);
    let answer = |mut request: Request<'_>| _ = request.write_bytes(b"eight by\0");
    kept.pop().unwrap().answer(answer);
    bench.process_in(&space, &mut Function(echo, true));

    assert_eq!(bench.driver.used(), [(0, 0)]);
    assert_eq!(bench.driver.bytes(status), [0xee]);
    assert_eq!(bench.malformed(), 1);
}

#[test]
fn an_answer_whose_refusal_is_lost_too_does_not_go_back() {
    let mut bench = Bench::new(16);
    let question = bench.driver.readable(b"question");
    let (good, bad, status) = (
        bench.driver.writable(99),
        bench.driver.writable(8),
        bench.driver.writable(1),
    );
    bench.driver.send(&[question, good]);
    bench.driver.send(&[question, bad, status]);
    let space = Watched::new(&bench.driver, question);
    space.lose(bad.addr, 1);
    space.lose(status.addr, 1);

    let progress = bench.process_in(&space, &mut Function(echo, true));

    assert_eq!(progress, Progress::Broken);
    assert_eq!(bench.driver.used(), [(0, 8)]);
    assert_eq!(bench.malformed(), 1);
}

#[test]
fn a_lost_answer_of_a_device_that_panics_does_not_go_back() {
    let mut bench = Bench::new(16);
    let question = bench.driver.readable(b"question");
    let (bad, good) = (bench.driver.writable(8), bench.driver.writable(99));
    bench.driver.send(&[question, bad]);
    bench.driver.send(&[question, good]);
    bench.driver.send(&[question, good]);
    let space = Watched::new(&bench.driver, question);
    space.lose(bad.addr, 1);
    let mut served = 0;
    let mut device = Function(
        |request: Request<'_>| {
            served += 1;
            assert!(served < 3, "the third request is too much");
            echo(request);
        },
        true,
    );

    let outcome = catch_unwind(AssertUnwindSafe(|| bench.process_in(&space, &mut device)));

    assert!(outcome.is_err());
    // What was served before, and what it panicked at; it is not called to refuse anything.
    assert_eq!(bench.driver.used(), [(2, 8), (4, 0)]);
    assert_eq!(bench.malformed(), 0);
}

#[test]
fn what_io_uring_uses_is_unmapped_when_the_used_index_is_published() {
    let image = tempfile::tempfile().unwrap();
    image.set_len(1 << 20).unwrap();
    let options = block::Options {
        engine: block::Engine::Uring,
        ..block::Options::default()
    };
    let Ok(mut disk) = block::Disk::new(image, options) else {
        eprintln!("no io_uring here");
        return;
    };
    let mut bench = Bench::new(64);
    let header = bench.driver.readable(&[0; 16]);
    let (data, status) = (bench.driver.writable(4096), bench.driver.writable(1));
    (0..16).for_each(|_| _ = bench.driver.send(&[header, data, status]));
    let space = Watched::new(&bench.driver, header);

    let progress = bench.process_in(&space, &mut disk);

    assert_eq!(progress, Progress::Idle);
    assert_eq!(bench.driver.used().len(), 16);
    assert_eq!(space.watch.mapped.load(SeqCst), 0);
    assert_eq!(space.watch.published.load(SeqCst), 16);
    assert_eq!(space.watch.published_while_mapped.load(SeqCst), 0);
    assert_eq!(bench.interrupts.queues().len(), 1);
}
