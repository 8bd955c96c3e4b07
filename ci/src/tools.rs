// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Tools that only some checks need: found, or installed where this machine lets them be.

use std::process::{Command, Stdio};

use crate::{
    cache::Cache,
    cross,
    error::{Error, reason},
    lab::host,
    progress::Reporter,
};

/// The toolchain that has Miri.
const NIGHTLY: &str = "nightly";

/// Why a check cannot be made here, in one line.
pub type Lack = String;

/// Makes sure of the program `name`, which Debian has in `packages`.
///
/// # Errors
///
/// When it is not here and cannot be installed.
pub fn program(name: &str, packages: &[&str]) -> Result<(), Lack> {
    let is_here = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if is_here {
        return Ok(());
    }
    let packages: Vec<String> = packages.iter().map(|name| (*name).to_owned()).collect();
    install(&packages).map_err(|error| format!("there is no {name} ({})", reason(&error)))
}

fn install(packages: &[String]) -> Result<(), Error> {
    let mut reporter = Reporter::new(Cache::open()?.log("tools")?)?;
    host::install(packages, &mut reporter)
}

/// Makes sure that the active toolchain can build for `target`.
///
/// # Errors
///
/// When it cannot, and rustup cannot help.
pub fn target(name: &str) -> Result<(), Lack> {
    rustup(&["target", "add", name])
}

/// Makes sure of Miri, and returns what begins its commands.
///
/// # Errors
///
/// When there is none, and rustup cannot install it.
pub fn miri() -> Result<fn() -> Command, Lack> {
    let add = [
        "component",
        "add",
        "--toolchain",
        NIGHTLY,
        "miri",
        "rust-src",
    ];
    let mut install = vec!["toolchain", "install", NIGHTLY, "--profile", "minimal"];
    install.extend(["--component", "miri", "--component", "rust-src"]);
    // Installing a toolchain that is there would bring another version of it.
    if rustup(&add).is_err() {
        rustup(&install)?;
    }
    Ok(cargo_miri)
}

/// `cargo miri`, in the workspace's directory.
fn cargo_miri() -> Command {
    let mut cargo = Command::new("rustup");
    cargo
        .args(["run", NIGHTLY, "cargo", "miri"])
        .current_dir(cross::root());
    // The pinned toolchain's, which runs this.
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        cargo.env_remove(variable);
    }
    cargo
}

/// Runs rustup, quietly; it asks the network only for what is not there.
fn rustup(args: &[&str]) -> Result<(), Lack> {
    let output = Command::new("rustup")
        .args(args)
        .current_dir(cross::root())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("there is no rustup: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or("it says nothing").trim();
    Err(format!("rustup {}: {last}", args.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_here_needs_no_package() {
        assert_eq!(program("sh", &["no-such-package"]), Ok(()));
    }

    #[test]
    fn what_rustup_does_not_know_is_lacking() {
        let lack = target("no-such-target").unwrap_err();
        assert!(lack.contains("rustup"), "{lack}");
    }
}
