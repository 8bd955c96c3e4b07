// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A layout of guest memory and a sequence of operations on it, in every mode, against an array.

#![no_main]

#[path = "../../xen-vm-memory/tests/patterns/mod.rs"]
mod patterns;

libfuzzer_sys::fuzz_target!(|data: &[u8]| patterns::run(data));
