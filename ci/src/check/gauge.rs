// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What guests' requests cost has not grown.

use super::{Suite, Tally, lab::failed};
use crate::{bench, error::Error};

/// Counts instructions in the lab and compares; with `no_lab` not.
pub(super) fn run(suite: &mut Suite, no_lab: bool) {
    suite.count("gauge: guests' requests", || {
        if no_lab {
            println!("left out, because --no-lab was given");
            return Tally::SKIPPED;
        }
        match bench::guest_is_as_good() {
            Ok(true) => Tally::PASSED,
            Ok(false) => Tally::FAILED,
            Err(Error::Unavailable(missing)) => {
                println!("left out, because {missing}");
                Tally::SKIPPED
            }
            Err(error) => failed(&error),
        }
    });
}
