// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `xen-abi generate | stale | fetch | check`.

use std::path::{Path, PathBuf};
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
    /// Download the headers that Debian packages.
    Fetch(Headers),
    /// Compare with them, downloading what is not there.
    Check(Headers),
}

#[derive(Debug, clap::Args)]
struct Headers {
    /// A suite: its `libxen-dev` and `linux-libc-dev` are downloaded.
    #[arg(long = "suite", default_values_t = ["bookworm".to_owned(), "trixie".to_owned()])]
    suites: Vec<String>,
    /// Where downloads are kept.
    #[arg(long, default_value_os_t = std::env::temp_dir().join("xen-abi-headers"))]
    cache: PathBuf,
}

impl Headers {
    fn fetch(&self) -> Result<Vec<xen_abi::Headers>, xen_abi::Error> {
        let mut sets = Vec::new();
        for suite in &self.suites {
            sets.extend(xen_abi::check::debian(suite, &self.cache)?);
        }
        Ok(sets)
    }
}

fn check(root: &Path, sets: &[xen_abi::Headers]) -> Result<(), xen_abi::Error> {
    for set in sets {
        println!("{} ({})", set.name, set.compiler);
    }
    let report = xen_abi::check_headers(root, sets)?;
    println!(
        "{} values agree in {} sets of headers",
        report.values, report.sets
    );
    Ok(())
}

fn run(args: &Args) -> Result<(), xen_abi::Error> {
    match &args.action {
        Action::Generate => xen_abi::write(&args.root),
        Action::Stale => xen_abi::check_stale(&args.root),
        Action::Fetch(headers) => headers.fetch().map(drop),
        Action::Check(headers) => check(&args.root, &headers.fetch()?),
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
