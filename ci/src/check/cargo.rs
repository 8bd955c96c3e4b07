// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The checks that cargo does: format, lints, tests, documentation.

use std::{
    io::{self, BufRead, BufReader},
    process::{Command, Stdio},
};

use super::{Suite, Tally, abi, miri};
use crate::{
    cross::{cargo, succeed},
    fuzz, tools,
};

/// Targets without a standard library.
const BARE: [&str; 2] = ["aarch64-unknown-none", "x86_64-unknown-none"];

/// What is built without one: packages, and the features that it has then.
const NO_STD: [(&str, &str); 2] = [
    ("xen-hypercall", "--all-features"),
    ("xen-store", "--no-default-features"),
];

pub(super) fn run(suite: &mut Suite) {
    suite.step("format", || {
        succeed(cargo().args(["fmt", "--all", "--", "--check"]))
    });
    suite.step("clippy", || {
        let mut clippy = cargo();
        clippy.args(["clippy", "--workspace", "--all-targets", "--all-features"]);
        succeed(clippy.args(["--", "-D", "warnings"]))
    });
    suite.step("generated ABI", || abi::run(&["stale"]));
    let headers = abi::check(suite);
    suite.count("cargo test", || {
        let mut tests = cargo();
        tests.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
        // For tests that compare with them.
        tests.envs(headers.map(|headers| ("XEN_ABI_HEADERS", headers)));
        test(&mut tests)
    });
    for target in BARE {
        suite.step_with(
            &format!("no_std: {target}"),
            || tools::target(target),
            |()| no_std(target),
        );
    }
    suite.step("documentation", || {
        let mut doc = cargo();
        doc.args(["doc", "--workspace", "--no-deps", "--all-features"]);
        succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    suite.step_with("fuzz targets", fuzz::needs, |()| fuzz::smoke());
    miri::run(suite);
}

/// Compiles what promises to need no standard library where there is none.
fn no_std(target: &str) -> io::Result<()> {
    for (package, features) in NO_STD {
        let mut check = cargo();
        check.args(["check", "--quiet", "--target", target]);
        succeed(check.args(["--package", package, features]))?;
    }
    Ok(())
}

/// Runs `cargo test`, shows what it prints, and adds up what its harnesses say.
pub(super) fn test(command: &mut Command) -> Tally {
    match try_test(command) {
        Ok(tally) => tally,
        Err(error) => {
            println!("{error}");
            Tally::FAILED
        }
    }
}

fn try_test(command: &mut Command) -> io::Result<Tally> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut tally = Tally::default();
    let output = child
        .stdout
        .take()
        .expect("standard output was asked to be a pipe");
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        tally += Tally::of_result_line(&line).unwrap_or_default();
    }
    // What does not compile, or dies, has no result line.
    if !child.wait()?.success() && tally.failed == 0 {
        tally += Tally::FAILED;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_results_of_several_harnesses_are_added() {
        let script = "for i in 1 2; do echo 'test result: ok. 3 passed; 0 failed; 1 ignored'; done";
        assert_eq!(
            test(&mut shell(script)),
            Tally {
                passed: 6,
                failed: 0,
                skipped: 2
            }
        );
    }

    #[test]
    fn a_failure_without_a_result_line_counts() {
        assert_eq!(test(&mut shell("exit 101")), Tally::FAILED);
    }

    #[test]
    fn a_counted_failure_is_not_counted_twice() {
        let script = "echo 'test result: FAILED. 0 passed; 2 failed'; exit 101";
        assert_eq!(
            test(&mut shell(script)),
            Tally {
                passed: 0,
                failed: 2,
                skipped: 0
            }
        );
    }
}
