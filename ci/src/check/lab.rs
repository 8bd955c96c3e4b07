// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The checks that need the lab.

use super::{Suite, Tally};
use crate::{
    cache::Cache,
    error::{Error, report},
    lab::{Kind, Lab},
    lab_tests::{self, LabTest, Programs, Verdict},
};

/// Sets the labs up and runs `tests`; with `live`, what their scripts print is shown as it comes.
pub(super) fn run(suite: &mut Suite, tests: &[&LabTest], live: bool) {
    for kind in Kind::ALL {
        run_on(suite, kind, &lab_tests::on(kind, tests), live);
    }
}

/// Sets one lab up and runs `tests`, which are its own.
fn run_on(suite: &mut Suite, kind: Kind, tests: &[&LabTest], live: bool) {
    if tests.is_empty() {
        return;
    }
    let mut unavailable = None;
    let mut lab = None;
    suite.always(
        &format!("lab: set-up of {}", kind.name()),
        || match Cache::open().and_then(|cache| Lab::setup(&cache, kind)) {
            Ok(made) => {
                lab = Some(made);
                Tally::PASSED
            }
            Err(Error::Unavailable(missing)) => {
                unavailable = Some(missing.to_string());
                Tally::SKIPPED
            }
            Err(error) => failed(&error),
        },
    );
    if let Some(reason) = unavailable {
        return leave_out(suite, tests, &reason);
    }
    let Some(lab) = lab else {
        return leave_out(suite, tests, "its set-up failed");
    };
    let mut programs = None;
    suite.always(
        &format!("lab: programs for {}", kind.name()),
        || match Programs::build(&lab, tests) {
            Ok(built) => {
                programs = Some(built);
                Tally::PASSED
            }
            Err(error) => failed(&error),
        },
    );
    let Some(programs) = programs else {
        return leave_out(suite, tests, "their programs were not built");
    };
    for test in tests {
        suite.always(&format!("lab: {}", test.name), || {
            one(test, &lab, &programs, live)
        });
    }
}

/// Counts `tests` as skipped, and says why.
pub(super) fn leave_out(suite: &mut Suite, tests: &[&LabTest], reason: &str) {
    let names: Vec<&str> = tests.iter().map(|test| test.name).collect();
    println!("lab tests left out, because {reason}: {}", names.join(", "));
    for _ in tests {
        suite.tally += Tally::SKIPPED;
    }
}

fn one(test: &LabTest, lab: &Lab, programs: &Programs, live: bool) -> Tally {
    let show = |line: &str| {
        if live {
            println!("{line}");
        }
    };
    judge(test.run(lab, programs, show), live)
}

/// Prints what is wrong, if something is, and counts.
pub(super) fn judge(verdict: Result<Verdict, Error>, live: bool) -> Tally {
    match verdict {
        Ok(Verdict { complaints, .. }) if complaints.is_empty() => Tally::PASSED,
        Ok(Verdict {
            outcome,
            complaints,
        }) => {
            for line in outcome.lines.iter().filter(|_| !live) {
                println!("{line}");
            }
            for complaint in complaints {
                println!("!! {complaint}");
            }
            println!("!! the serial log is {}", outcome.serial.display());
            Tally::FAILED
        }
        Err(error) => failed(&error),
    }
}

pub(super) fn failed(error: &Error) -> Tally {
    report(error);
    Tally::FAILED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab_tests::ALL;

    #[test]
    fn what_is_left_out_counts_as_skipped() {
        let mut suite = Suite::default();
        leave_out(&mut suite, &ALL[..2], "this is a test");
        assert_eq!(
            suite.tally,
            Tally {
                passed: 0,
                failed: 0,
                skipped: 2
            }
        );
    }
}
