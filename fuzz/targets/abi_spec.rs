// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any text as a specification of ours: what obeys the rules can be written in every form.

#![no_main]

use xen_abi::{c, doc, parse, rules, rust};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(interface) = parse::interface("fuzz.yaml", text) else {
        return;
    };
    if rules::check(&interface).is_ok() {
        rust::module(&interface);
        doc::page(&interface);
        c::header(&[interface]);
    }
});
