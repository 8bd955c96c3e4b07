// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The checks that need a kernel of the lab's, and no Xen.

use super::{
    Suite, Tally,
    lab::{failed, judge},
};
use crate::{
    cache::Cache,
    cross,
    error::Error,
    lab::{Kind, Lab},
    lab_tests::{
        parts::{DAEMON, LAB_GUEST},
        plain,
    },
};

/// Runs the tests whose names contain one of `names`, or all; with `no_lab` none.
pub(super) fn run(suite: &mut Suite, names: &[String], no_lab: bool) {
    let tests = plain::named(names);
    let live = !names.is_empty();
    let mut prepared = None;
    for test in tests {
        suite.count(&format!("plain: {}", test.name), || {
            if no_lab {
                println!("left out, because --no-lab was given");
                return Tally::SKIPPED;
            }
            match prepared.get_or_insert_with(prepare) {
                Ok((lab, daemon, guest)) => {
                    let show = |line: &str| {
                        if live {
                            println!("{line}");
                        }
                    };
                    judge(test.run(lab, daemon, guest.clone(), show), live)
                }
                Err(Error::Unavailable(missing)) => {
                    println!("left out, because {missing}");
                    Tally::SKIPPED
                }
                Err(error) => failed(error),
            }
        });
    }
}

/// The lab, the daemon for this host and what runs in guests.
fn prepare() -> Result<(Lab, std::path::PathBuf, std::path::PathBuf), Error> {
    let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
    let daemon = cross::build_native(&lab, DAEMON)?;
    let guest = cross::build(&lab, LAB_GUEST)?;
    Ok((lab, daemon, guest))
}
