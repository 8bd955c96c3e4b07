// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask test`: everything that a change has to pass.

pub(crate) mod abi;
mod cargo;
mod gauge;
mod house;
mod lab;
mod miri;
mod plain;
mod tally;

use std::{fmt::Display, process::ExitCode, time::Instant};

pub use tally::Tally;

use crate::{lab_tests, tools::Lack};

/// Runs every check, or only the steps and lab tests whose names contain one of `names`, and prints
/// the sum as the last line.
pub fn run(names: &[String], no_lab: bool) -> ExitCode {
    let mut suite = Suite {
        names: names.to_vec(),
        ..Suite::default()
    };
    cargo::run(&mut suite);
    house::run(&mut suite);
    let tests = lab_tests::named(names);
    if no_lab {
        lab::leave_out(&mut suite, &tests, "--no-lab was given");
    } else {
        lab::run(&mut suite, &tests, !names.is_empty());
    }
    plain::run(&mut suite, names, no_lab);
    gauge::run(&mut suite, no_lab);
    if !suite.failures.is_empty() {
        println!("failed: {}", suite.failures.join(", "));
    }
    let nothing_ran = suite.tally == Tally::default();
    if nothing_ran {
        println!("no step and no lab test has such a name");
    }
    println!("{}", suite.tally);
    if suite.tally.failed == 0 && !nothing_ran {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says why a step failed.
fn passed<E: Display>(result: Result<(), E>) -> Tally {
    match result {
        Ok(()) => Tally::PASSED,
        Err(error) => {
            println!("{error}");
            Tally::FAILED
        }
    }
}

/// Says why a step is not run.
fn skipped(name: &str, lack: &Lack) -> Tally {
    println!("{name} left out, because {lack}");
    Tally::SKIPPED
}

/// What has been checked so far.
#[derive(Debug, Default)]
struct Suite {
    /// Parts of names of the steps that are wanted; all of them without.
    names: Vec<String>,
    tally: Tally,
    failures: Vec<String>,
}

impl Suite {
    /// Runs one step, if it is wanted, which returns its own counts.
    fn count(&mut self, name: &str, step: impl FnOnce() -> Tally) {
        if self.names.is_empty() || self.names.iter().any(|part| name.contains(part)) {
            self.always(name, step);
        }
    }

    /// Runs one step, which returns its own counts.
    fn always(&mut self, name: &str, step: impl FnOnce() -> Tally) {
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
        self.count(name, || passed(step()));
    }

    /// Runs one step with what `needs` gives it. Where that lacks, the step is skipped.
    fn step_with<T, E: Display>(
        &mut self,
        name: &str,
        needs: impl FnOnce() -> Result<T, Lack>,
        step: impl FnOnce(T) -> Result<(), E>,
    ) {
        self.count(name, || match needs() {
            Ok(tool) => passed(step(tool)),
            Err(lack) => skipped(name, &lack),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_whose_tool_lacks_is_skipped() {
        let mut suite = Suite::default();

        suite.step_with("a", || Err("there is none".into()), |()| Err("not reached"));

        assert_eq!(suite.tally, Tally::SKIPPED);
        assert!(suite.failures.is_empty());
    }

    #[test]
    fn a_step_with_another_name_is_not_run() {
        let mut suite = Suite {
            names: vec!["iri".into()],
            ..Suite::default()
        };

        suite.count("format", || Tally::FAILED);
        suite.count("Miri: a", || Tally::PASSED);

        assert_eq!(suite.tally, Tally::PASSED);
    }

    #[test]
    fn a_step_that_fails_with_its_tool_is_named() {
        let mut suite = Suite::default();

        suite.step_with("a", || Ok(1), |one| Err::<(), _>(one + 1));

        assert_eq!(suite.tally, Tally::FAILED);
        assert_eq!(suite.failures, ["a"]);
    }
}
