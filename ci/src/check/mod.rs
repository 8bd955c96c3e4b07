// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask test`: everything that a change has to pass.

pub(crate) mod cargo;
mod house;
mod lab;
mod plain;
mod tally;

use std::{fmt::Display, process::ExitCode, time::Instant};

pub use tally::Tally;

use crate::lab_tests;

/// Runs every check, or only the lab tests whose names contain one of `names`, and prints the sum
/// as the last line.
pub fn run(names: &[String], no_lab: bool) -> ExitCode {
    let mut suite = Suite::default();
    if names.is_empty() {
        cargo::run(&mut suite);
        house::run(&mut suite);
    }
    let tests = lab_tests::named(names);
    if no_lab {
        lab::leave_out(&mut suite, &tests, "--no-lab was given");
    } else {
        lab::run(&mut suite, &tests, !names.is_empty());
    }
    plain::run(&mut suite, names, no_lab);
    if !suite.failures.is_empty() {
        println!("failed: {}", suite.failures.join(", "));
    }
    let nothing_ran = suite.tally == Tally::default();
    if nothing_ran {
        println!("no lab test has such a name");
    }
    println!("{}", suite.tally);
    if suite.tally.failed == 0 && !nothing_ran {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What has been checked so far.
#[derive(Debug, Default)]
struct Suite {
    tally: Tally,
    failures: Vec<String>,
}

impl Suite {
    /// Runs one step, which returns its own counts.
    fn count(&mut self, name: &str, step: impl FnOnce() -> Tally) {
        println!("== {name}");
        let started = Instant::now();
        let tally = step();
        self.tally += tally;
        let seconds = started.elapsed().as_secs_f64();
        let verdict = match tally {
            Tally { failed: 1.., .. } => "FAILED",
            Tally {
                passed: 0,
                skipped: 1..,
                ..
            } => "skipped",
            _ => "ok",
        };
        println!("== {name}: {verdict} ({seconds:.1} s)");
        if tally.failed > 0 {
            self.failures.push(name.into());
        }
    }

    /// Runs one step that passes or fails as a whole; the error says why it failed.
    fn step<E: Display>(&mut self, name: &str, step: impl FnOnce() -> Result<(), E>) {
        self.count(name, || match step() {
            Ok(()) => Tally::PASSED,
            Err(error) => {
                println!("{error}");
                Tally::FAILED
            }
        });
    }
}
