// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any ring at all.

use proptest::prelude::*;
use virtio_bindings::virtio_ring::VRING_DESC_F_INDIRECT;
use virtio_queue::QueueT;
use vm_memory::GuestAddress;

use super::Bench;
use crate::queue::Progress;
use crate::request::Request;
use crate::testing::{Buffer, END};

/// A descriptor: address, length, flags, next.
type Raw = (u64, u32, u32, u16);

/// Any descriptor of buffers from `low` on, near enough to what makes sense to get past the
/// first check.
fn descriptor(low: u64) -> impl Strategy<Value = Raw> {
    let addr = prop_oneof![low..0x40_0000, END.0 - 0x100..END.0 + 0x100, any::<u64>()];
    let len = prop_oneof![0..0x100_u32, (0..40_u32).prop_map(|n| n * 16), any::<u32>()];
    let flags = prop_oneof![8 => 0..8_u32, 1 => 0..0x1_0000_u32];
    (addr, len, flags, 0..20_u16)
}

/// A descriptor table, what indirect tables are made of, and the heads that are offered.
fn ring(low: u64) -> impl Strategy<Value = (Vec<Raw>, Vec<Raw>, Vec<u16>)> {
    let head = prop_oneof![40 => 0..16_u16, 1 => any::<u16>()];
    (
        prop::collection::vec(descriptor(low), 16),
        prop::collection::vec(descriptor(low), 64),
        prop::collection::vec(head, 0..=16),
    )
}

/// Sets a ring up.
fn set_up(bench: &mut Bench, table: &[Raw], indirect: &[Raw], heads: &[u16]) {
    let room = bench.driver.writable(16 * indirect.len()).addr;
    let fill = |at: GuestAddress, list: &[Raw]| {
        for (i, (addr, len, flags, next)) in (0..).zip(list) {
            // Indirect descriptors meet a table half the time.
            let meets = flags & VRING_DESC_F_INDIRECT != 0 && addr % 2 == 0;
            let addr = if meets { room.0 + addr % 8 * 16 } else { *addr };
            let buffer = Buffer {
                addr: GuestAddress(addr),
                len: *len,
                writable: false,
            };
            bench.driver.descriptor(at, i, buffer, *flags, *next);
        }
    };
    fill(room, indirect);
    fill(GuestAddress(bench.queue.queue().desc_table()), table);
    heads.iter().for_each(|head| bench.driver.offer(*head));
}

/// Sets a ring up and serves it to the end; says how that was, and in how many batches.
fn serve_ring(
    bench: &mut Bench,
    table: &[Raw],
    indirect: &[Raw],
    heads: &[u16],
) -> (Progress, u32) {
    set_up(bench, table, indirect, heads);
    let mut batches = 1;
    while bench.process(exercise) == Progress::More {
        batches += 1;
        assert!(batches < 100, "does not end");
    }
    (bench.process(exercise), batches)
}

/// Uses a request in every way there is.
fn exercise(mut request: Request<'_>) {
    let status = request.split_status();
    let _header = request.read_obj::<[u8; 16]>();
    request.read_bytes(&mut [0; 64]);
    request.write_bytes(&[0x5a; 64]);
    let lens: usize = request.writable().slices().map(|slice| slice.len()).sum();
    assert_eq!(lens, request.writable_len());
    let lens: usize = request.readable().slices().map(|slice| slice.len()).sum();
    assert_eq!(lens, request.readable_len());
    request.consume_readable(lens / 2);
    request.consume_writable(usize::MAX);
    if let Some(status) = status {
        status.set(0x5a);
    }
}

proptest! {
    #[test]
    fn any_ring_ends_and_every_head_goes_back_once(
        (table, indirect, heads) in ring(0x2000),
        event_idx: bool,
    ) {
        let mut bench = if event_idx { Bench::with_event_idx(16) } else { Bench::new(16) };

        let (last, _) = serve_ring(&mut bench, &table, &indirect, &heads);

        let used: Vec<_> = bench.driver.used().iter().map(|(head, _)| *head).collect();
        let offered: Vec<_> = heads.iter().map(|head| u32::from(*head)).collect();
        let sound = heads.iter().take_while(|head| **head < 16).count();
        if sound == heads.len() {
            prop_assert_eq!(last, Progress::Idle);
            prop_assert_eq!(used, offered);
        } else {
            prop_assert_eq!(last, Progress::Broken);
            prop_assert!(used.len() <= sound && offered.starts_with(&used));
        }
    }

    #[test]
    fn every_head_goes_back_once_whatever_is_kept_and_when_it_is_answered(
        (table, indirect, heads) in ring(0x2000),
        choices in prop::collection::vec(0..4_u8, 1..20),
    ) {
        let mut bench = Bench::new(16);
        let heads: Vec<_> = heads.into_iter().filter(|head| *head < 16).collect();
        let mut choices = choices.into_iter().cycle();
        let mut kept = std::collections::VecDeque::new();
        let mut serve = |request: Request<'_>| match (choices.next(), request.keep()) {
            (Some(0), Ok(pending)) => pending.answer(exercise),
            (Some(1), Ok(pending)) => drop(pending),
            (Some(2), Ok(pending)) => kept.push_back(pending),
            (_, Ok(pending)) => kept.push_front(pending),
            (_, Err(request)) => exercise(request),
        };
        set_up(&mut bench, &table, &indirect, &heads);

        while bench.process(&mut serve) == Progress::More {}
        let waiting = kept.len();
        let early = bench.driver.used().len();
        kept.into_iter().for_each(|pending| pending.answer(exercise));
        while bench.process(exercise) == Progress::More {}

        let late = bench.driver.used().len();
        prop_assert_eq!((early + late, late), (heads.len(), waiting));
    }

    #[test]
    fn a_ring_whose_buffers_are_the_rings_ends(
        (table, indirect, heads) in ring(0xf80),
        addrs in prop::collection::vec(0xf80..0x1400_u64, 16),
        event_idx: bool,
    ) {
        let mut bench = if event_idx { Bench::with_event_idx(16) } else { Bench::new(16) };
        let table = table.iter().zip(addrs).map(|(raw, addr)| (addr, raw.1, raw.2, raw.3));
        let table: Vec<Raw> = table.collect();

        let (_, batches) = serve_ring(&mut bench, &table, &indirect, &heads);

        prop_assert!(batches < 100);
    }
}
