// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any chains with any bytes for a GPIO chip: every chain goes back, nothing is written to what was not
//! lent, and a good request is served afterwards.

#![no_main]

#[path = "../../backends/tests/any/harness.rs"]
mod harness;
#[path = "../../backends/tests/any/subjects.rs"]
#[allow(dead_code, reason = "the other devices")]
mod subjects;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| subjects::chip(bytes));
