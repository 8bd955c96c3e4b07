// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes from a server: no panic, no hang, no allocation over 64 KiB, a typed error at the
//! end.

#![no_main]

#[path = "../../xen-store/examples/bench/counting.rs"]
mod counting;
#[path = "../../xen-store/tests/reader/mod.rs"]
mod reader;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    counting::take_largest();
    reader::feed(bytes);
    assert!(counting::take_largest() <= 64 << 10, "too much at once");
});
