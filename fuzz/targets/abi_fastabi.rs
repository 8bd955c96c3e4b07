// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any text as a FastABI specification: what is read can be written in C and Rust.

#![no_main]

use xen_abi::fastabi;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(spec) = fastabi::parse("fuzz.yml", text) {
        fastabi::header(&spec, fastabi::Options::default());
        fastabi::stubs(&[spec], &[]);
    }
});
