// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Runs the test list of the protocol against the server that the environment names
//! (`XENSTORED_PATH`, as for libxenstore), or against the one of this host.
//!
//! Prints one line for each test and at the end `N passed, N failed`. Works below
//! `/xen-store-test`, which it removes.

mod list;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (passed, failed) = list::run();
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
