// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask soak`: long loads in the lab, too long for every change.

use std::{process::ExitCode, time::Duration};

use crate::{
    args::Subject,
    cache::Cache,
    error::Error,
    lab::Lab,
    lab_tests::{LabTest, Programs, Verdict, hypercall, memory, store},
};

/// 32 threads with 10,000 mixed requests each and 200 watches, then 8 writers of one counter; and
/// the same requests with the server killed half way.
const STORE: LabTest = LabTest {
    name: "soak_store",
    timeout: Duration::from_secs(1800),
    examples: &[("xen-store", "stress")],
    files: &[store::STORE],
    dom0: "
        . ./store.sh
        load 'on xenstored' 32 10000 200 8 1000
        load_killed xenstored 32 10000 200
        store_kill
        store_start oxenstored
        load 'on oxenstored' 32 10000 200 8 1000
        load_killed oxenstored 32 10000 200
    ",
    seen: &[
        (
            "dom0",
            "on xenstored: 320000 answered, 0 lost * 0 forgotten, 0 wrong; * 0 missed",
        ),
        ("dom0", "on xenstored: counter: 8000 after 8 x 1000"),
        ("dom0", "on xenstored, killed: * 0 wrong; * 0 missed"),
        (
            "dom0",
            "on oxenstored: 320000 answered, 0 lost * 0 forgotten, 0 wrong; * 0 missed",
        ),
        ("dom0", "on oxenstored: counter: 8000 after 8 x 1000"),
        ("dom0", "on oxenstored, killed: * 0 wrong; * 0 missed"),
    ],
    // A server that was killed too late.
    unseen: &[("dom0", "killed: * events, 0 rescans")],
    ..LabTest::DEFAULT
};

/// Runs the load of `subject` and prints what came of it; success only if all was as it must be.
///
/// # Errors
///
/// When the lab cannot be set up or started.
pub fn run(subject: Subject) -> Result<ExitCode, Error> {
    let tests: &[&LabTest] = match subject {
        Subject::Events => &[&hypercall::NO_EVENT_IS_LOST_IN_A_LONG_TIME],
        Subject::Memory => &[
            &memory::RANDOM_PATTERNS_ARE_SERVED_IN_EVERY_MODE,
            &memory::MEMORY_MAY_GO_WHILE_IT_IS_USED,
        ],
        Subject::Store => &[&STORE],
    };
    let lab = Lab::setup(&Cache::open()?)?;
    let programs = Programs::build(&lab, tests)?;
    let mut all_well = true;
    for test in tests {
        all_well &= one(test, &lab, &programs)?;
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs one load, and says whether all was as it must be.
fn one(test: &LabTest, lab: &Lab, programs: &Programs) -> Result<bool, Error> {
    let Verdict {
        outcome,
        complaints,
    } = test.run(lab, programs, |line| println!("{line}"))?;
    for complaint in &complaints {
        println!("!! {complaint}");
    }
    let seconds = outcome.took.as_secs_f64();
    if complaints.is_empty() {
        println!("{}: all was as it must be, in {seconds:.1} s", test.name);
    } else {
        println!("!! the serial log is {}", outcome.serial.display());
    }
    Ok(complaints.is_empty())
}
