// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The program behind `cargo xtask`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    ci::run(ci::args::Args::parse())
}
