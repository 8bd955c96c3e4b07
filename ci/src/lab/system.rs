// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A Debian system for a guest, on a disk: systemd, udev, and what they need, installed as on any machine.

use std::{fs, path::PathBuf, process::Command};

use super::{
    apt::{self, SUITE},
    host,
};
use crate::{cache::Cache, error::Error, progress::Reporter, recipe::Recipe};

/// What makes it.
const TOOLS: &[&str] = &["genext2fs", "mmdebstrap"];
const PACKAGES: &str = "systemd-sysv,udev";
const SERVICE: &str = include_str!("../../lab/debian.service");
/// The service is copied into the system, and enabled there.
const HOOKS: &[&str] = &[
    "copy-in debian.service /etc/systemd/system",
    "chroot \"$1\" systemctl enable debian.service",
];
const DISK: &str = "disk.ext2";

/// The image of its disk, made if it is not there. It is of this machine's architecture.
///
/// # Errors
///
/// Those of installing what is missing, [`Error::Program`] if it cannot be made.
pub fn disk(cache: &Cache) -> Result<PathBuf, Error> {
    let recipe = Recipe::new("debian-system")
        .with("suite", SUITE)
        .with("packages", PACKAGES)
        .with("service", SERVICE)
        .with_all("hook", HOOKS);
    if !cache.has(&recipe) {
        let mut reporter = Reporter::new(cache.log("system")?)?;
        let missing = host::missing(TOOLS)?;
        if !missing.is_empty() {
            host::install(&missing, &mut reporter)?;
        }
        let mut step = reporter.step("a Debian system");
        let source = apt::source(&mut step)?;
        cache.build(&recipe, |scratch| {
            let work = scratch.work();
            let service = work.join("debian.service");
            fs::write(&service, SERVICE).map_err(Error::path("write", service))?;
            let mut mmdebstrap = Command::new("mmdebstrap");
            mmdebstrap.current_dir(&work).args([
                "--quiet",
                "--variant=minbase",
                "--format=ext2",
                "--include",
                PACKAGES,
            ]);
            mmdebstrap.args(HOOKS.iter().map(|hook| format!("--customize-hook={hook}")));
            mmdebstrap
                .arg(SUITE)
                .arg(scratch.out().join(DISK))
                .arg(source);
            step.run(&mut mmdebstrap)
        })?;
        step.done();
    }
    Ok(cache.artefact(&recipe).join(DISK))
}
