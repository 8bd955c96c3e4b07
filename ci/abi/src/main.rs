// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `xen-abi generate | stale`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The ABI specifications: what is generated from them, and whether it is right.
#[derive(Debug, Parser)]
struct Args {
    /// The checkout.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the generated files.
    Generate,
    /// Fail when a generated file is not what would be written.
    Stale,
}

fn run(args: &Args) -> Result<(), xen_abi::Error> {
    match &args.action {
        Action::Generate => xen_abi::write(&args.root),
        Action::Stale => xen_abi::check_stale(&args.root),
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}
