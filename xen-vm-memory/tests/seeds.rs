// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The fuzz target `guest_memory` on seeds and on random bytes.

mod patterns;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// All kinds of pages, in turn.
const MIXED: [u8; 4] = [0b11_10_01_00, 0, 0b00_00_10_00, 0b11_00_00_01];

/// Bytes of a seed before its operations: the mode, and the layout.
const HEAD: usize = 5;

#[test]
fn seeds_pass_in_every_mode() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/guest_memory");
    let seeds: Vec<_> = fs::read_dir(corpus)
        .unwrap()
        .map(|seed| fs::read(seed.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty());
    for mode in 0..4 {
        for layout in [[0; 4], MIXED] {
            for seed in &seeds {
                patterns::run(&[&[mode], &layout[..], &seed[HEAD..]].concat());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_operations_pass(
        mode in 0..4u8,
        layout in prop_oneof![Just([0; 4]), any::<[u8; 4]>()],
        ops in prop::collection::vec(any::<[u8; 6]>(), 0..40),
    ) {
        patterns::run(&[&[mode], &layout[..], &ops.concat()].concat());
    }
}
