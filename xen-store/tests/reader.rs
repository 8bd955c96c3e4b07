// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes from a server: a corpus, and random ones. No panic, and never an allocation over
//! 64 KiB.

#[path = "../examples/bench/counting.rs"]
mod counting;
#[path = "reader/mod.rs"]
mod reader;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// The largest allocation that bytes of a server may cause.
const LARGEST: usize = 64 << 10;

/// A message that may be an answer to one of the first requests, or an event of the first watch.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![0..30_u32, any::<u32>()];
    let id = prop_oneof![
        Just(0_u32),
        Just(1 << 20),
        Just(2 << 20),
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
    counting::take_largest();

    seeds.iter().for_each(|bytes| reader::feed(bytes));

    assert!(counting::take_largest() <= LARGEST);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(512));
    runner
        .run(&prop::collection::vec(message(), 0..12), |messages| {
            let bytes = messages.concat();
            counting::take_largest();
            reader::feed(&bytes);
            prop_assert!(counting::take_largest() <= LARGEST);
            Ok(())
        })
        .unwrap();
    assert!(counting::allocations() > 0);
}
