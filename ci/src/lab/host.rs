// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The packages that this machine needs to make and run the lab.

use std::{
    io::{self, IsTerminal},
    process::{Command, Stdio},
};

use super::Kind;
use crate::{
    error::{Error, Missing},
    progress::Reporter,
};

/// What a lab needs.
pub const fn packages(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Arm64 => ARM64,
        Kind::X86 | Kind::X86Older => X86,
        Kind::X86Grants => X86_GRANTS,
    }
}

/// A linker, and what unpacks.
const X86: &[&str] = &[
    "binutils-x86-64-linux-gnu",
    "debian-archive-keyring",
    "gcc",
    "gzip",
    "libc6-dev",
    "xz-utils",
];

/// The same, and what the build of Linux calls.
const X86_GRANTS: &[&str] = &[
    "bc",
    "binutils-x86-64-linux-gnu",
    "bison",
    "debian-archive-keyring",
    "flex",
    "gcc",
    "gzip",
    "libc6-dev",
    "libelf-dev",
    "lz4",
    "make",
    "xz-utils",
];

/// Compilers, the emulator, and what the builds of Xen and Linux call.
const ARM64: &[&str] = &[
    "bc",
    "binutils-aarch64-linux-gnu",
    "bison",
    "debian-archive-keyring",
    "device-tree-compiler",
    "dpkg-dev",
    "flex",
    "gcc",
    "gcc-aarch64-linux-gnu",
    "libc6-dev",
    "libc6-dev-arm64-cross",
    "libssl-dev",
    "make",
    "patch",
    "python3",
    "qemu-system-arm",
    "xz-utils",
];

/// Which of the `packages` are missing.
///
/// # Errors
///
/// [`Error::Unavailable`] if this is no Debian machine.
pub fn missing(packages: &[&str]) -> Result<Vec<String>, Error> {
    let query = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\n"])
        .args(packages)
        .stderr(Stdio::null())
        .output();
    match query {
        // Its exit code says that some package is unknown: so does its output.
        Ok(output) => Ok(not_installed(
            packages,
            &String::from_utf8_lossy(&output.stdout),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::Unavailable(Missing::Apt))
        }
        Err(error) => Err(Error::start("dpkg-query")(error)),
    }
}

/// Those of `packages` that `listed`, lines of package and state, does not have as installed.
pub(super) fn not_installed(packages: &[&str], listed: &str) -> Vec<String> {
    let is_installed = |package: &str| {
        listed
            .lines()
            .any(|line| line.split_once(' ') == Some((package, "installed")))
    };
    let missing = packages.iter().filter(|package| !is_installed(package));
    missing.map(|package| (*package).to_owned()).collect()
}

/// Installs `packages`, through sudo if this user is not root.
///
/// # Errors
///
/// [`Error::Unavailable`] if there is no apt-get, or no way to become root;
/// [`Error::Program`] if apt-get fails.
pub fn install(packages: &[String], reporter: &mut Reporter) -> Result<(), Error> {
    let root = root_prefix(packages)?;
    let mut step = reporter.step(&format!("host packages: {}", packages.join(" ")));
    let apt_get = |words: &[&str]| {
        let mut command = Command::new(root.first().copied().unwrap_or("env"));
        command.args(root.get(1..).unwrap_or_default());
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
            .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
            .args(words);
        command
    };
    let known = Command::new("apt-cache")
        .args(["show", "--no-all-versions"])
        .args(packages)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !known.map_err(Error::start("apt-cache"))?.success() {
        step.run(&mut apt_get(&["update"]))?;
    }
    step.run(apt_get(&["install", "-y", "--no-install-recommends"]).args(packages))?;
    step.done();
    Ok(())
}

/// How a command is begun that has to run as root.
fn root_prefix(packages: &[String]) -> Result<&'static [&'static str], Error> {
    if !succeeds("apt-get", &["--version"]) {
        return Err(Error::Unavailable(Missing::Apt));
    }
    if succeeds("sh", &["-c", "[ $(id -u) = 0 ]"]) {
        return Ok(&["env"]);
    }
    let refused = || {
        Error::Unavailable(Missing::Root {
            packages: packages.to_vec(),
        })
    };
    if !succeeds("sudo", &["--version"]) {
        return Err(refused());
    }
    eprintln!(
        "The lab needs these packages, to be installed with sudo: {}",
        packages.join(" ")
    );
    // Where nobody can be asked for a password, sudo must not ask.
    let ask: &[&str] = if io::stdin().is_terminal() {
        &["-v"]
    } else {
        &["-n", "true"]
    };
    if succeeds("sudo", ask) {
        Ok(&["sudo", "env"])
    } else {
        Err(refused())
    }
}

fn succeeds(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_removed_packages_are_missing() {
        let listed = "make installed\nflex config-files\nlibc6-dev installed\n";
        assert_eq!(
            not_installed(&["flex", "make", "gcc"], listed),
            ["flex", "gcc"]
        );
    }

    #[test]
    fn a_package_whose_name_begins_alike_does_not_count() {
        assert_eq!(not_installed(&["gcc"], "gcc-12 installed\n"), ["gcc"]);
    }
}
