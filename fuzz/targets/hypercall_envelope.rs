// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes as a call: nothing harmful passes the filter.

#![no_main]

#[path = "../../xen-hypercall/tests/harmless/mod.rs"]
mod harmless;

use xen_hypercall::envelope::audit;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = audit(bytes, &[harmless::HYPERCALL], &harmless::OURS) {
        assert!(harmless::is_harmless(&envelope));
    }
});
