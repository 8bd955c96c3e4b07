// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes from a server: a corpus, and random ones. No panic, and never an allocation over
//! 64 KiB.

#[path = "../examples/bench/counting.rs"]
mod counting;
#[path = "reader/mod.rs"]
mod reader;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use proptest::prelude::*;
use xen_store::wire::{MessageType, RECEIVE_MAX};

/// The largest allocation that bytes of a server may cause.
const LARGEST: usize = 64 << 10;

/// One test at a time: there is one count for all threads.
static COUNTED: Mutex<()> = Mutex::new(());

/// The largest allocation that the reader makes of `bytes`.
fn largest(bytes: impl FnOnce() -> Vec<u8>) -> usize {
    let _counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = bytes();
    counting::take_largest();
    reader::feed(&bytes);
    counting::take_largest()
}

/// The answer to the request of that number of [`reader::feed`], of any length.
fn answer(number: u32, kind: MessageType, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("no answer is that long");
    let header = [kind.into(), number << 20, 0, length].map(u32::to_ne_bytes);
    [&header.concat(), payload].concat()
}

/// A message that may be an answer to one of the first requests, or an event of the first watch.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![0..30_u32, any::<u32>()];
    let id = prop_oneof![
        (0..10_u32).prop_map(|number| number << 20),
        0..4_u32,
        any::<u32>()
    ];
    let payload = prop_oneof![
        Just(b"OK\0".to_vec()),
        Just(b"E2BIG\0".to_vec()),
        Just(b"/a\x000\0".to_vec()),
        Just(b"1\0".to_vec()),
        prop::collection::vec(any::<u8>(), 0..300),
    ];
    let length = prop::option::weighted(0.1, prop_oneof![0..70_000_u32, any::<u32>()]);
    (kind, id, payload, length).prop_map(|(kind, id, payload, length)| {
        let whole = u32::try_from(payload.len()).unwrap_or_default();
        let header = [kind, id, 0, length.unwrap_or(whole)].map(u32::to_ne_bytes);
        [&header.concat(), &payload[..]].concat()
    })
}

#[test]
fn the_reader_survives_everything_in_bounds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/store_reader");
    let seeds: Vec<_> = fs::read_dir(corpus)
        .unwrap()
        .map(|seed| fs::read(seed.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty());

    assert!(seeds.into_iter().all(|seed| largest(|| seed) <= LARGEST));

    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(512));
    runner
        .run(&prop::collection::vec(message(), 0..12), |messages| {
            prop_assert!(largest(|| messages.concat()) <= LARGEST);
            Ok(())
        })
        .unwrap();
    assert!(counting::allocations() > 0);
}

#[test]
fn the_longest_answers_stay_in_bounds() {
    let largest = largest(|| {
        let list = b"n\0".repeat(RECEIVE_MAX / 2);
        let answers = [
            answer(0, MessageType::Watch, b"OK\0"),
            answer(1, MessageType::Directory, &list),
            answer(2, MessageType::GetPerms, &b"n0\0".repeat(RECEIVE_MAX / 3)),
            answer(3, MessageType::Read, &list),
            answer(4, MessageType::Error, b"EINVAL\0"),
            answer(5, MessageType::IsDomainIntroduced, b"T\0"),
            answer(6, MessageType::GetQuota, &b"q ".repeat(RECEIVE_MAX / 2)),
            answer(7, MessageType::Watch, b"OK\0"),
            answer(8, MessageType::Directory, &list),
        ];
        answers.concat()
    });

    assert!(largest > RECEIVE_MAX / 2, "they were not taken");
    assert!(largest <= LARGEST, "{largest} bytes");
}

#[test]
fn a_list_in_many_parts_stays_in_bounds() {
    let largest = largest(|| {
        let names = (0..500_u32).flat_map(|name| format!("{name:03}\0").into_bytes());
        let part: Vec<u8> = b"1\0".iter().copied().chain(names).collect();
        let mut answers = vec![
            answer(0, MessageType::Watch, b"OK\0"),
            answer(1, MessageType::Error, b"E2BIG\0"),
        ];
        answers.extend((2..260).map(|number| answer(number, MessageType::DirectoryPart, &part)));
        answers.push(answer(260, MessageType::DirectoryPart, b"1\0\0"));
        answers.concat()
    });

    assert!(largest > 16 << 10, "they were not taken");
    assert!(largest <= LARGEST, "{largest} bytes");
}
