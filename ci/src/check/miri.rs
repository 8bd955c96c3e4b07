// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Miri, on what makes no system call that it does not know.

use std::process::Command;

use super::{Suite, Tally, skipped};
use crate::tools;

/// Cases of each property: an interpreter is some hundred times slower.
const CASES: &str = "2";

/// Packages, cargo's arguments, and parts of names of the tests.
const PARTS: &[(&str, &[&str], &[&str])] = &[
    ("xen-hypercall", &["--lib", "--tests"], &[]),
    (
        "xen-store",
        &["--lib"],
        &[
            "number::",
            "path::",
            "permissions::",
            "router::",
            "scan::",
            "wire::",
        ],
    ),
    ("xen-vm-memory", &["--lib"], &[]),
    (
        "backends",
        &["--lib"],
        &[
            "chain::",
            "direct_and_indirect",
            "across_regions",
            "request::",
        ],
    ),
];

pub(super) fn run(suite: &mut Suite) {
    suite.count("Miri", || match tools::miri() {
        Ok(miri) => PARTS
            .iter()
            .fold(Tally::default(), |mut tally, (package, kinds, names)| {
                println!("-- {package}");
                tally += interpret(miri(), package, kinds, names);
                tally
            }),
        Err(lack) => skipped("Miri", &lack),
    });
}

fn interpret(mut cargo: Command, package: &str, kinds: &[&str], names: &[&str]) -> Tally {
    cargo
        .args(["test", "--quiet", "--no-fail-fast", "--all-features"])
        .args(["--package", package])
        .args(kinds)
        .arg("--")
        .args(names)
        .env("PROPTEST_CASES", CASES)
        // Files of properties that failed are looked for, clocks are read. Xen is given addresses as
        // numbers: that provenance is exposed for it is no reason for a warning.
        .env(
            "MIRIFLAGS",
            "-Zmiri-disable-isolation -Zmiri-permissive-provenance",
        );
    super::cargo::test(&mut cargo)
}
