// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The fuzz target `guest_memory` on seeds and on random bytes.

mod patterns;

use proptest::prelude::*;

/// All kinds of pages, in turn.
const MIXED: [u8; 4] = [0b11_10_01_00, 0, 0b00_00_10_00, 0b11_00_00_01];

/// Operations that once showed something, or that random bytes seldom are.
const SEEDS: [&[u8]; 4] = [
    // Declare, write, read over it, finish, write again, end.
    &[
        3, 0, 9, 0, 200, 0, 6, 0, 9, 0, 200, 7, 5, 0, 0, 0, 255, 0, 1, 0, 0, 0, 0, 0, 6, 0, 9, 0,
        90, 9,
    ],
    // A write that a read-only page ends.
    &[
        3, 1, 0, 15, 140, 0, 6, 1, 0, 15, 140, 1, 4, 1, 0, 15, 100, 0, 0, 0, 0, 0, 0, 0,
    ],
    // Memory comes where there was a hole, and goes.
    &[
        4, 3, 0, 0, 10, 0, 7, 3, 0, 0, 0, 8, 4, 3, 0, 0, 10, 0, 7, 3, 0, 0, 0, 8, 4, 3, 0, 0, 10, 0,
    ],
    // A small range first, then a large one over it.
    &[
        2, 0, 0, 1, 10, 0, 3, 0, 0, 0, 255, 0, 6, 0, 0, 0, 255, 4, 4, 0, 0, 1, 10, 0,
    ],
];

#[test]
fn seeds_pass_in_every_mode() {
    for mode in 0..4 {
        for layout in [[0; 4], MIXED] {
            for seed in SEEDS {
                patterns::run(&[&[mode], &layout[..], seed].concat());
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
