// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The ABI's generator, which is a package of its own, and the headers that it compares with.

use std::{ffi::OsStr, io, path::PathBuf, process::Command};

use super::Suite;
use crate::{
    cache::Cache,
    cross::{cargo, succeed},
    error::{Error, reason},
    progress::Reporter,
    recipe::Recipe,
    tools::{self, Lack},
};

/// Debian's releases with Xen 4.17 and 4.20.
const SUITES: [&str; 2] = ["bookworm", "trixie"];

/// Runs the ABI's generator.
pub(crate) fn run(args: &[impl AsRef<OsStr>]) -> io::Result<()> {
    succeed(&mut command(args))
}

/// Compares the specifications with the headers of Xen and Linux in Debian's releases, and returns
/// where these are.
pub(super) fn check(suite: &mut Suite) -> Option<PathBuf> {
    let mut place = None;
    suite.step_with("ABI and headers", headers, |headers| {
        let done = succeed(command(&["check", "--cache"]).arg(&headers));
        place = Some(headers);
        done
    });
    place
}

/// The headers, downloaded, and a compiler that reads them.
fn headers() -> Result<PathBuf, Lack> {
    tools::program("gcc", &["gcc", "libc6-dev"])?;
    let cross = ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"];
    if let Err(lack) = tools::program("aarch64-linux-gnu-gcc", &cross) {
        println!("on x86 only, because {lack}");
    }
    let cache = Cache::open().map_err(|error| reason(&error))?;
    fetch(&cache).map_err(|error| format!("there are no headers ({})", reason(&error)))?;
    Ok(cache.artefact(&recipe()))
}

/// The recipe of the headers.
pub(crate) fn recipe() -> Recipe {
    Recipe::new("headers").with_all("suite", &SUITES)
}

fn fetch(cache: &Cache) -> Result<(), Error> {
    let recipe = recipe();
    if cache.has(&recipe) {
        return Ok(());
    }
    let mut reporter = Reporter::new(cache.log("headers")?)?;
    let mut step = reporter.step("the headers of Xen and Linux");
    cache.build(&recipe, |scratch| {
        step.run(command(&["fetch", "--cache"]).arg(scratch.out()))
    })?;
    step.done();
    Ok(())
}

fn command(args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "xen-abi", "--"])
        .args(args);
    command
}
