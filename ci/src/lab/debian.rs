// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Debian's own kernels, as they are, with the modules that the lab uses.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use super::{
    apt::{Apt, SUITE},
    arch::Arch,
};
use crate::{
    cache::{Cache, Scratch},
    error::Error,
    progress::{Reporter, Step},
    recipe::Recipe,
};

/// One of Debian's kernels.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// What the artefact is called.
    name: &'static str,
    /// Whose only dependency is the kernel of today.
    package: &'static str,
    /// The drivers that are modules; those that they need are found.
    modules: &'static [&'static str],
}

/// What the artefact looks like: another text makes it anew.
const FORM: &str = "Image, modules/ORDER-NAME.ko";

/// What a module's note of the modules that it needs begins with.
const DEPENDS: &[u8] = b"\0depends=";

/// For guests on arm64, whose transports are no modules.
const ARM64: Kernel = Kernel {
    name: "linux-debian",
    package: "linux-image-arm64",
    modules: &["virtio_blk", "virtio-rng", "i2c-virtio", "gpio-virtio"],
};

/// For dom0 on x86: the small one for clouds cannot be that.
pub(super) const DOM0: Kernel = Kernel {
    name: "linux-x86",
    package: "linux-image-amd64",
    modules: &[
        "configfs",
        "loop",
        "virtio_blk",
        "xen-blkback",
        "xen-evtchn",
        "xen-gntalloc",
        "xen-gntdev",
        "xen-privcmd",
        "xenfs",
    ],
};

/// For guests on x86: the one for clouds boots sooner. It has neither I2C nor GPIO.
pub(super) const CLOUD: Kernel = Kernel {
    name: "linux-cloud",
    package: "linux-image-cloud-amd64",
    modules: &[
        "configfs",
        "virtio_blk",
        "virtio_mmio",
        "virtio-rng",
        "xen-blkfront",
        "xen-evtchn",
        "xen-gntalloc",
        "xen-gntdev",
    ],
};

/// The directory with `Image` and `modules` for guests on arm64, made if it is not there.
///
/// # Errors
///
/// Those of apt, or if the package has no kernel.
pub fn kernel(cache: &Cache) -> Result<PathBuf, Error> {
    let recipe = ARM64.recipe();
    if !cache.has(&recipe) {
        let mut reporter = Reporter::new(cache.log("debian")?)?;
        let mut step = reporter.step("Debian's kernel");
        let apt = Apt::suite(cache, &mut step, Arch::Arm64)?;
        cache.build(&recipe, |scratch| ARM64.fetch(&apt, &mut step, scratch))?;
        step.done();
    }
    Ok(cache.artefact(&recipe))
}

impl Kernel {
    /// Its recipe.
    pub(super) fn recipe(&self) -> Recipe {
        Recipe::new(self.name)
            .with("suite", SUITE)
            .with("package", self.package)
            .with("modules", &self.modules.join(" "))
            .with("form", FORM)
    }

    /// Downloads and unpacks it: `Image`, and `modules`, whose names begin with the order in which
    /// they can be loaded.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if apt fails, [`Error::Incomplete`] if the package has no kernel or
    /// lacks a module.
    pub(super) fn fetch(
        &self,
        apt: &Apt,
        step: &mut Step<'_>,
        scratch: &Scratch,
    ) -> Result<(), Error> {
        let mut depends = apt.command("apt-cache");
        let depends = step.capture(depends.args(["depends", self.package]))?;
        let image = depends
            .lines()
            .find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
        let image = format!("linux-image-{}", image.unwrap_or_default());
        let (work, out) = (scratch.work(), scratch.out());
        let remotes = apt.packages(step, &[&image])?;
        apt.unpack(step, &remotes, &work)?;
        let mut found = Vec::new();
        super::files(&work, &mut found)?;
        let mut packed = BTreeMap::new();
        for file in found {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("vmlinuz-") {
                super::copy(&file, &out.join("Image"))?;
            } else if let Some(name) = name.strip_suffix(".ko.xz") {
                packed.insert(canonical(name), file.clone());
            }
        }
        let image = out.join("Image");
        fs::metadata(&image).map_err(Error::path("find", image))?;
        let out = out.join("modules");
        fs::create_dir(&out).map_err(Error::path("create", &out))?;
        let mut modules = Modules {
            packed,
            out,
            loaded: Vec::new(),
        };
        self.modules
            .iter()
            .try_for_each(|name| modules.add(step, name))
    }
}

/// The modules of a kernel, on their way to the lab.
struct Modules {
    /// All that there are, by their canonical names.
    packed: BTreeMap<String, PathBuf>,
    /// Where those go that are wanted.
    out: PathBuf,
    /// The ones that are there.
    loaded: Vec<String>,
}

impl Modules {
    /// Unpacks a module, and before it those that it needs.
    fn add(&mut self, step: &mut Step<'_>, name: &str) -> Result<(), Error> {
        let name = canonical(name);
        if self.loaded.contains(&name) {
            return Ok(());
        }
        let Some(packed) = self.packed.get(&name) else {
            return Err(Error::Incomplete {
                what: format!("module {name}"),
                place: self.out.clone(),
            });
        };
        step.run(Command::new("xz").arg("-dk").arg(packed))?;
        let module = packed.with_extension("");
        let content = fs::read(&module).map_err(Error::path("read", &module))?;
        for needed in needed(&content) {
            self.add(step, &needed)?;
        }
        let order = self.loaded.len();
        super::copy(&module, &self.out.join(format!("{order:02}-{name}.ko")))?;
        self.loaded.push(name);
        Ok(())
    }
}

/// The name of a module as the kernel shows it: a file's may have a `-` for any `_`.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

/// The modules that the one made of these bytes needs.
fn needed(module: &[u8]) -> Vec<String> {
    let start = module
        .windows(DEPENDS.len())
        .position(|bytes| bytes == DEPENDS);
    let rest = start.and_then(|start| module.get(start + DEPENDS.len()..));
    let list = rest.and_then(|rest| rest.split(|byte| *byte == 0).next());
    let list = String::from_utf8_lossy(list.unwrap_or_default());
    let names = list.split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_needs_is_read_from_its_notes() {
        let module = b"\x7fELF..license=GPL\0depends=virtio,virtio_ring\0name=virtio_mmio\0";
        assert_eq!(needed(module), ["virtio", "virtio_ring"]);
    }

    #[test]
    fn a_module_may_need_nothing() {
        assert!(needed(b"\0depends=\0name=a\0").is_empty());
        assert!(needed(b"").is_empty());
    }
}
