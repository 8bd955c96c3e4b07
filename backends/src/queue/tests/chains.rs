// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Chains, right and wrong.

use virtio_bindings::virtio_ring::{VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE};
use virtio_queue::QueueT;
use vm_memory::GuestAddress;

use super::{Bench, Function, echo};
use crate::limits::{CHAIN_DESCRIPTORS, REQUEST_BYTES};
use crate::queue::Progress;
use crate::request::Request;
use crate::testing::{Buffer, END};

const NEXT: u32 = VRING_DESC_F_NEXT;
const WRITE: u32 = VRING_DESC_F_WRITE;
const INDIRECT: u32 = VRING_DESC_F_INDIRECT;

#[test]
fn direct_and_indirect_chains_look_the_same() {
    let mut bench = Bench::new(8);
    let (question, first, second) = (
        bench.driver.readable(b"question"),
        bench.driver.writable(3),
        bench.driver.writable(10),
    );
    bench.driver.send(&[question, first, second]);
    bench.driver.send_indirect(&[question, first, second]);

    assert_eq!(bench.process(echo), Progress::Idle);

    assert_eq!(bench.driver.used(), [(0, 8), (3, 8)]);
    assert_eq!(bench.driver.bytes(first), b"que");
    assert_eq!(bench.driver.bytes(second), b"stion\0\0\0\0\0");
    let counts = bench.counters.snapshot();
    assert_eq!(
        (counts.requests, counts.bytes_read, counts.bytes_written),
        (2, 16, 16)
    );
    assert_eq!((counts.batches, counts.interrupts), (1, 1));
}

#[test]
fn an_indirect_table_may_end_a_direct_chain() {
    let mut bench = Bench::new(8);
    let (a, b, answer) = (
        bench.driver.readable(b"ab"),
        bench.driver.readable(b"cd"),
        bench.driver.writable(9),
    );
    let table = bench.driver.writable(32);
    bench.driver.descriptor(table.addr, 0, b, NEXT, 1);
    bench.driver.descriptor(table.addr, 1, answer, WRITE, 0);
    bench.driver.table(0, a, NEXT, 5);
    bench.driver.table(5, table, INDIRECT | WRITE, 0);
    bench.driver.offer(0);

    bench.process(echo);

    assert_eq!(bench.driver.used(), [(0, 4)]);
    assert_eq!(&bench.driver.bytes(answer)[..4], b"abcd");
}

#[test]
fn a_buffer_across_regions_is_whole() {
    let mut bench = Bench::new(8);
    let question = bench.driver.readable(b"across");
    let answer = Buffer {
        addr: GuestAddress(END.0 / 2 - 2),
        len: 6,
        writable: true,
    };
    bench.driver.send(&[question, answer]);

    bench.process(echo);

    assert_eq!(bench.driver.used(), [(0, 6)]);
    assert_eq!(bench.driver.bytes(answer), b"across");
}

#[test]
fn an_empty_descriptor_is_nothing() {
    let mut bench = Bench::new(8);
    let nowhere = Buffer {
        addr: GuestAddress(u64::MAX),
        len: 0,
        writable: false,
    };
    let answer = bench.driver.writable(4);
    bench.driver.send(&[
        nowhere,
        answer,
        Buffer {
            writable: true,
            ..nowhere
        },
    ]);

    bench.process(|mut request| assert_eq!(request.write_bytes(b"four"), 4));

    assert_eq!(bench.driver.used(), [(0, 4)]);
}

#[test]
fn a_chain_that_loops_is_malformed() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(1);
    bench.driver.table(0, buffer, NEXT | WRITE, 1);
    bench.driver.table(1, buffer, NEXT | WRITE, 0);
    bench.driver.offer(0);

    bench.is_malformed();
}

#[test]
fn a_next_beyond_the_table_is_malformed() {
    let mut bench = Bench::new(8);
    let buffer = bench.driver.writable(1);
    bench.driver.table(0, buffer, NEXT | WRITE, 8);
    bench.driver.offer(0);

    bench.is_malformed();
}

#[test]
fn a_readable_buffer_after_a_writable_one_is_malformed() {
    let mut bench = Bench::new(8);
    let (answer, question) = (bench.driver.writable(1), bench.driver.readable(b"?"));
    bench.driver.send(&[answer, question]);

    bench.is_malformed();
}

#[test]
fn a_buffer_that_wraps_is_malformed() {
    let mut bench = Bench::new(8);
    bench.driver.send(&[Buffer {
        addr: GuestAddress(u64::MAX - 1),
        len: 3,
        writable: true,
    }]);

    bench.is_malformed();
}

#[test]
fn a_table_in_a_table_is_malformed() {
    let mut bench = Bench::new(8);
    let table = bench.driver.writable(16);
    bench.driver.descriptor(table.addr, 0, table, INDIRECT, 0);
    bench.driver.table(0, table, INDIRECT, 0);
    bench.driver.offer(0);

    bench.is_malformed();
}

#[test]
fn a_table_with_a_successor_is_malformed() {
    let mut bench = Bench::new(8);
    let table = bench.driver.writable(16);
    bench.driver.table(0, table, INDIRECT | NEXT, 1);
    bench.driver.offer(0);

    bench.is_malformed();
}

#[test]
fn a_table_that_is_not_whole_is_malformed() {
    let mut bench = Bench::new(8);
    let table = bench.driver.writable(17);
    bench.driver.table(0, table, INDIRECT, 0);
    bench.driver.offer(0);

    bench.is_malformed();
}

#[test]
fn a_table_outside_memory_is_malformed() {
    let mut bench = Bench::new(8);
    bench.driver.table(
        0,
        Buffer {
            addr: END,
            len: 16,
            writable: false,
        },
        INDIRECT,
        0,
    );
    bench.driver.offer(0);

    bench.is_malformed();
}

#[test]
fn a_table_beyond_the_limit_is_malformed() {
    let mut bench = Bench::new(8);
    let buffers = vec![bench.driver.writable(1); CHAIN_DESCRIPTORS + 1];
    bench.driver.send_indirect(&buffers);

    bench.is_malformed();
}

#[test]
fn a_table_at_the_limit_is_served_though_the_queue_is_smaller() {
    let mut bench = Bench::new(8);
    let buffers = vec![bench.driver.writable(1); CHAIN_DESCRIPTORS];
    bench.driver.send_indirect(&buffers);

    bench.process(|mut request| assert_eq!(request.write_bytes(&[1; 4096]), CHAIN_DESCRIPTORS));

    assert_eq!(bench.driver.used(), [(0, 1024)]);
}

#[test]
fn a_buffer_outside_memory_fails_its_request_alone_and_its_status_says_so() {
    let mut bench = Bench::new(8);
    let (question, status) = (bench.driver.readable(b"abc"), bench.driver.writable(3));
    let outside = Buffer {
        addr: GuestAddress(END.0 - 1),
        len: 2,
        writable: true,
    };
    bench.driver.send(&[question, outside, status]);
    bench.driver.send(&[question, outside]);
    let answer = bench.driver.writable(3);
    bench.driver.send(&[question, answer]);

    assert_eq!(bench.process(echo), Progress::Idle);

    assert_eq!(bench.driver.used(), [(0, 0), (3, 0), (5, 3)]);
    assert_eq!(bench.driver.bytes(status), [0, 0, 0xee]);
    assert_eq!(bench.driver.bytes(answer), b"abc");
    assert_eq!(bench.malformed(), 2);
}

#[test]
fn a_request_beyond_the_limit_is_refused_and_its_status_says_so() {
    let mut bench = Bench::new(8);
    let (large, status) = (
        bench.driver.writable(REQUEST_BYTES),
        bench.driver.writable(1),
    );
    bench.driver.send(&[large, status]);

    bench.process(|_| panic!("served"));

    assert_eq!(bench.driver.used(), [(0, 0)]);
    assert_eq!(bench.driver.bytes(status), [0xee]);
}

#[test]
fn a_failure_that_the_driver_would_not_see_retires_the_queue() {
    let mut bench = Bench::new(8);
    let (question, answer) = (bench.driver.readable(b"abc"), bench.driver.writable(3));
    let outside = Buffer {
        addr: GuestAddress(END.0 - 1),
        len: 2,
        writable: true,
    };
    bench.driver.send(&[question, answer]);
    bench.driver.send(&[question, outside]);
    bench.driver.send(&[question, answer]);

    let progress = bench.process_with(Function(echo, true));

    // The first request is answered; the second one hangs rather than lies.
    assert_eq!(progress, Progress::Broken);
    assert_eq!(bench.driver.used(), [(0, 3)]);
    assert_eq!(bench.interrupts.breaks(), 1);
    assert_eq!(bench.queue.queue.next_avail(), 1);
}

#[test]
fn a_table_that_cannot_be_read_retires_the_queue_of_such_a_device() {
    let mut bench = Bench::new(8);
    let table = Buffer {
        addr: END,
        len: 32,
        writable: false,
    };
    bench.driver.table(0, table, INDIRECT, 0);
    bench.driver.offer(0);

    let progress = bench.process_with(Function(|_: Request<'_>| panic!("served"), true));

    assert_eq!(progress, Progress::Broken);
    assert_eq!(bench.driver.used(), []);
}

#[test]
fn a_mistake_that_is_the_drivers_alone_retires_nothing() {
    let mut bench = Bench::new(8);
    let (question, answer) = (bench.driver.readable(b"abc"), bench.driver.writable(3));
    bench.driver.send(&[answer, question]);

    let progress = bench.process_with(Function(|_: Request<'_>| panic!("served"), true));

    assert_eq!(progress, Progress::Idle);
    assert_eq!(bench.driver.used(), [(0, 0)]);
}
