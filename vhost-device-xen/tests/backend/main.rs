// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `backend` as its front ends see it: a process, and requests in shared memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod devices;
mod front;
mod hostile;
mod life;
mod messages;
mod support;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]

    #[test]
    fn a_back_side_survives_any_messages(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
    ) {
        messages::run(&bytes);
    }
}
