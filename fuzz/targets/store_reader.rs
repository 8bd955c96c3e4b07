// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes from a server: no panic, no hang, a typed error at the end.

#![no_main]

#[path = "../../xen-store/tests/reader/mod.rs"]
mod reader;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reader::feed(bytes));
