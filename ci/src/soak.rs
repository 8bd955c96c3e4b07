// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask soak`: long loads in the lab, too long for every change.

use std::{process::ExitCode, time::Duration};

use crate::{
    args::Subject,
    cache::Cache,
    error::Error,
    lab::{Kind, Lab},
    lab_tests::{
        self, LabTest, Programs, Verdict, block, crowd, devices, external, hypercall, memory, pci,
        store, x86, x86_more,
    },
};

macro_rules! store_test {
    ($name:literal, $server:literal, $dom0:literal) => {
        LabTest {
            name: $name,
            timeout: Duration::from_secs(2400),
            examples: &[("xen-store", "stress")],
            files: &[store::STORE],
            dom0: concat!(
                ". ./store.sh\n",
                $dom0,
                "\nload 'on ",
                $server,
                "' 32 10000 200 8 1000\nload_killed ",
                $server,
                " 32 10000 200\n"
            ),
            seen: &[
                (
                    "dom0",
                    concat!(
                        "on ",
                        $server,
                        ": 320000 answered, 0 lost * 0 forgotten, 0 wrong; * 0 missed"
                    ),
                ),
                (
                    "dom0",
                    concat!("on ", $server, ": counter: 8000 after 8 x 1000"),
                ),
                (
                    "dom0",
                    concat!("on ", $server, ", killed: * 0 wrong; * 0 missed"),
                ),
            ],
            // A server that was killed too late.
            unseen: &[("dom0", "killed: * events, 0 rescans")],
            ..LabTest::DEFAULT
        }
    };
}

/// 32 threads with 10,000 mixed requests each and 200 watches, then 8 writers of one counter; and
/// the same requests with the server killed half way.
const STORE_IN_C: LabTest = store_test!("soak_xenstored", "xenstored", "");

/// The same on the other server.
const STORE_IN_OCAML: LabTest = store_test!(
    "soak_oxenstored",
    "oxenstored",
    "store_kill\nstore_start oxenstored"
);

/// Runs the load of `subject` and prints what came of it; success only if all was as it must be.
///
/// # Errors
///
/// When the lab cannot be set up or started.
pub fn run(subject: Subject, names: &[String]) -> Result<ExitCode, Error> {
    let mut tests: Vec<&LabTest> = match subject {
        Subject::Block => vec![
            &block::TEN_MINUTES_OF_REQUESTS_ARE_VERIFIED,
            &block::TWENTY_CUTS_LOSE_NOTHING,
        ],
        Subject::Entropy => vec![&devices::ENTROPY_IS_GOOD],
        Subject::External => vec![&external::PROCESSES_OF_RUST_VMM_WORK],
        Subject::Events => vec![&hypercall::NO_EVENT_IS_LOST_IN_A_LONG_TIME],
        Subject::Guests => crowd::A_HUNDRED_GUESTS_LEAVE_NOTHING
            .iter()
            .chain(&crowd::A_GUEST_REBOOTS_TWENTY_TIMES)
            .chain(pci::THE_DAEMON_IS_FIRST_ON_PCI)
            .chain([&pci::DEBIANS_KERNEL_USES_DEVICES_ON_PCI])
            .chain([
                &crowd::TWENTY_LARGE_GUESTS_COME_AND_GO,
                &crowd::CREATION_TAKES_ITS_TIME,
                &crowd::IDLE_GUESTS_COST_NOTHING,
                &crowd::A_HOSTILE_GUEST_ATTACKS_FOR_FIVE_MINUTES,
            ])
            .collect(),
        Subject::X86 => x86_more::GRANTS_WORK_ON_X86
            .iter()
            .chain([
                &x86::MESSAGES_REACH_FOUR_CPUS_ON_X86,
                &x86_more::A_LARGE_GUEST_IS_SERVED_ON_X86,
                &x86_more::DEBIAN_BOOTS_FROM_A_DISK_ON_X86,
                &x86_more::THE_DAEMON_IS_FIRST_ON_X86,
            ])
            .collect(),
        Subject::Memory => vec![
            &memory::RANDOM_PATTERNS_ARE_SERVED_IN_EVERY_MODE,
            &memory::MEMORY_MAY_GO_WHILE_IT_IS_USED,
        ],
        Subject::Store => vec![&STORE_IN_OCAML, &STORE_IN_C],
    };
    tests.retain(|test| names.is_empty() || names.iter().any(|part| test.name.contains(part)));
    let mut all_well = true;
    for kind in Kind::ALL {
        let tests = lab_tests::on(kind, &tests);
        if !tests.is_empty() {
            all_well &= all(kind, &tests)?;
        }
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs loads in one lab, and says whether all was as it must be.
fn all(kind: Kind, tests: &[&LabTest]) -> Result<bool, Error> {
    let lab = Lab::setup(&Cache::open()?, kind)?;
    let programs = Programs::build(&lab, tests)?;
    let mut all_well = true;
    for test in tests {
        all_well &= one(test, &lab, &programs)?;
    }
    Ok(all_well)
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
