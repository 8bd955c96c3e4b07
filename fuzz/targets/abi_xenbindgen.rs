// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any text as two of xenbindgen's specifications, of which the second may include the first,
//! divided by a line of dashes: what obeys the rules can be written in C and Rust.

#![no_main]

use xen_abi::{rust, xenbindgen};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let texts: Vec<_> = text
        .splitn(2, "\n---\n")
        .zip(["arch", "extra"])
        .map(|(text, name)| (name.into(), vec![(format!("{name}.toml"), text.into())]))
        .collect();
    for spec in xenbindgen::parse(&texts).unwrap_or_default() {
        xenbindgen::header(&spec, "fuzz.h");
        rust::module(&spec.interface);
    }
});
