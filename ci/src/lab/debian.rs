// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Debian's own kernel for arm64, for guests: as it is, with its modules of virtio devices.

use std::{fs, path::PathBuf, process::Command};

use super::apt::{Apt, SUITE};
use crate::{
    cache::{Cache, Scratch},
    error::Error,
    progress::{Reporter, Step},
    recipe::Recipe,
};

/// Whose only dependency is the kernel of today.
const PACKAGE: &str = "linux-image-arm64";
/// The drivers that are modules, without those of the transports, which are not.
const MODULES: &[&str] = &["virtio_blk", "virtio-rng", "i2c-virtio", "gpio-virtio"];

/// The directory with `Image` and the modules, made if it is not there.
///
/// # Errors
///
/// Those of apt, or if the package has no kernel.
pub fn kernel(cache: &Cache) -> Result<PathBuf, Error> {
    let recipe = Recipe::new("linux-debian")
        .with("suite", SUITE)
        .with("package", PACKAGE)
        .with("modules", &MODULES.join(" "));
    if !cache.has(&recipe) {
        let mut reporter = Reporter::new(cache.log("debian")?)?;
        let mut step = reporter.step("Debian's kernel");
        let apt = Apt::arm64(cache, &mut step)?;
        cache.build(&recipe, |scratch| build(&apt, &mut step, scratch))?;
        step.done();
    }
    Ok(cache.artefact(&recipe))
}

fn build(apt: &Apt, step: &mut Step<'_>, scratch: &Scratch) -> Result<(), Error> {
    let depends = step.capture(apt.command("apt-cache").args(["depends", PACKAGE]))?;
    let image = depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
    let image = format!("linux-image-{}", image.unwrap_or_default());
    let (work, out) = (scratch.work(), scratch.out());
    apt.unpack(step, &[&image], &work)?;
    let mut found = Vec::new();
    super::files(&work, &mut found)?;
    for file in found {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("vmlinuz-") {
            super::copy(&file, &out.join("Image"))?;
        }
        let module = name.strip_suffix(".ko.xz");
        if module.is_some_and(|module| MODULES.contains(&module)) {
            let packed = out.join(&*name);
            super::copy(&file, &packed)?;
            step.run(Command::new("xz").arg("-d").arg(&packed))?;
        }
    }
    let image = out.join("Image");
    fs::metadata(&image)
        .map(drop)
        .map_err(Error::path("find", image))
}
