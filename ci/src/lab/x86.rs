// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What only the lab of x86 has: Debian's hypervisor, and an emulator.
//!
//! The lab brings its own, and the libraries of that, as those of releases do not do for nested virtualization:
//! Debian 12's (7.2) corrupts the flags of guests; Debian 13's (10.0) loses interrupts, since where an exit of a
//! guest meets a timer of another thread both change what the CPU is asked for, one of them without the lock.

use std::{ffi::OsString, path::Path, process::Command};

use super::{
    Release,
    apt::{Apt, BACKPORTS},
    arch::Arch,
};
use crate::{cache::Scratch, error::Error, progress::Step, recipe::Recipe};

/// What dom0 and the guests are made of; what they depend on comes with them.
const PACKAGES: &[&str] = &[
    "busybox-static",
    "e2fsprogs",
    "pciutils",
    "qemu-system-xen",
    "rng-tools5",
    "seabios",
    "strace",
    "xenstore-utils",
];

/// The emulator, and of what it depends on what is of its own version.
const EMULATOR: &[&str] = &[
    "qemu-system-common",
    "qemu-system-data",
    "qemu-system-x86",
    "seabios",
];

/// The loader of programs, which runs those that are not at home on this machine.
const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";

/// The emulator's loader of kernels wants Xen as it is in memory.
const HYPERVISOR: &[&[&str]] = &[
    &["cp", "{sysroot}/boot/xen-{version}-amd64.gz", "xen.gz"],
    &["gzip", "-d", "xen.gz"],
];

/// [`PACKAGES`], and Xen and its tools.
fn packages(release: Release) -> Vec<String> {
    let version = release.xen;
    let xen = [
        format!("xen-hypervisor-{version}-amd64"),
        format!("xen-utils-{version}"),
    ];
    PACKAGES
        .iter()
        .copied()
        .map(str::to_owned)
        .chain(xen)
        .collect()
}

/// The recipe of the unpacked packages.
pub(super) fn sysroot_recipe(release: Release) -> Recipe {
    let packages = packages(release);
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    Recipe::new("sysroot-x86")
        .with("suite", release.suite)
        .with_all("package", &packages)
}

/// The recipe of the emulator.
pub(super) fn emulator_recipe() -> Recipe {
    Recipe::new("emulator-x86")
        .with("suite", BACKPORTS)
        .with_all("package", EMULATOR)
}

/// Downloads and unpacks the packages.
///
/// # Errors
///
/// [`Error::Program`] if apt or dpkg fails.
pub(super) fn fetch(
    release: Release,
    apt: &Apt,
    step: &mut Step<'_>,
    scratch: &Scratch,
) -> Result<(), Error> {
    let remotes = apt.closure(step, &packages(release))?;
    let out = scratch.out();
    apt.unpack(step, &remotes, &out)?;
    // Packages of older releases have files in either.
    for name in ["bin", "lib", "sbin"] {
        let (from, to) = (out.join(name), out.join("usr").join(name));
        if from.is_dir() {
            step.run(
                Command::new("cp")
                    .args(["-a", "--no-target-directory"])
                    .args([from, to]),
            )?;
        }
    }
    Ok(())
}

/// Downloads and unpacks the emulator.
///
/// # Errors
///
/// [`Error::Program`] if apt or dpkg fails.
pub(super) fn fetch_emulator(
    apt: &Apt,
    step: &mut Step<'_>,
    scratch: &Scratch,
) -> Result<(), Error> {
    let names: Vec<String> = EMULATOR
        .iter()
        .map(|name| format!("{name}/{BACKPORTS}"))
        .collect();
    let remotes = apt.closure(step, &names)?;
    apt.unpack(step, &remotes, &scratch.out())
}

/// The recipe of Xen.
pub(super) fn xen_recipe(release: Release, sysroot: &Recipe) -> Recipe {
    let recipe = Recipe::new("xen-x86")
        .from(sysroot)
        .with("version", release.xen);
    HYPERVISOR.iter().fold(recipe, |recipe, command| {
        recipe.with_all("command", command)
    })
}

/// Unpacks Xen: `xen`.
///
/// # Errors
///
/// [`Error::Program`] if a command fails.
pub(super) fn xen(
    release: Release,
    step: &mut Step<'_>,
    sysroot: &Path,
    out: &Path,
) -> Result<(), Error> {
    let sysroot = sysroot.to_string_lossy();
    let values = [("sysroot", &*sysroot), ("version", release.xen)];
    step.run_all(out, HYPERVISOR, &values)
}

/// How the emulator in `root` is run: by its own loader, with its own libraries and firmware.
pub(super) fn emulator(root: &Path) -> Vec<OsString> {
    let at = |path: &str| root.join(path).into_os_string();
    let qemu = format!("usr/bin/{}", Arch::X86.qemu());
    vec![
        at(LOADER),
        "--library-path".into(),
        at(Arch::X86.lib()),
        at(&qemu),
        "-L".into(),
        at("usr/share/qemu"),
        "-L".into(),
        at("usr/share/seabios"),
    ]
}
