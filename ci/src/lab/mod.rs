// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The lab: Xen, dom0 and guests in an emulated arm64 machine.

pub mod apt;
pub mod boot;
pub mod debian;
pub mod host;
pub mod linux;
pub mod plain;
pub mod root;
pub mod rust;
mod serial;
mod setup;
mod status;
pub mod xen;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

pub use status::status;

use crate::{cache::Cache, error::Error, recipe::Recipe};

/// The emulator.
pub const QEMU: &str = "qemu-system-aarch64";

/// Everything that the lab is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The unpacked packages of dom0 and the guests.
    pub sysroot: Recipe,
    /// Xen's source.
    pub xen_source: Recipe,
    /// The kernel's source.
    pub linux_source: Recipe,
    /// Xen.
    pub xen: Recipe,
    /// The kernel.
    pub linux: Recipe,
    /// The guests' root.
    pub domu: Recipe,
    /// dom0's root.
    pub dom0: Recipe,
    /// Debian's compiler, if the active toolchain has no standard library for arm64.
    pub rust: Option<Recipe>,
}

impl Plan {
    /// The recipes of today.
    pub fn new() -> Self {
        let sysroot = root::sysroot_recipe();
        let xen_source = xen::source_recipe();
        let linux_source = linux::source_recipe();
        let xen = xen::recipe(&xen_source);
        let linux = linux::recipe(&linux_source);
        let domu = root::domu_recipe(&sysroot);
        let dom0 = root::dom0_recipe(&sysroot, &linux, &domu);
        let rust = (!rust::active_has_target()).then(rust::recipe);
        Self {
            sysroot,
            xen_source,
            linux_source,
            xen,
            linux,
            domu,
            dom0,
            rust,
        }
    }

    /// All of them, each after what it is made from.
    pub fn all(&self) -> Vec<&Recipe> {
        let Self {
            sysroot,
            xen_source,
            linux_source,
            xen,
            linux,
            domu,
            dom0,
            rust,
        } = self;
        let mut all = vec![sysroot, xen_source, linux_source, xen, linux, domu, dom0];
        all.extend(rust);
        all
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

/// The lab, complete in the cache.
#[derive(Clone, Debug)]
pub struct Lab {
    cache: Cache,
    plan: Plan,
}

impl Lab {
    /// Makes what is missing in `cache` and opens the lab.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if this machine cannot have a lab; others if a step fails.
    pub fn setup(cache: &Cache) -> Result<Self, Error> {
        let plan = Plan::new();
        setup::make(cache, &plan)?;
        Ok(Self {
            cache: cache.clone(),
            plan,
        })
    }

    /// The cache it is in.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The unpacked packages of dom0 and the guests.
    pub fn sysroot(&self) -> PathBuf {
        self.cache.artefact(&self.plan.sysroot)
    }

    /// Xen's source, packed.
    pub fn xen_source(&self) -> PathBuf {
        self.cache.artefact(&self.plan.xen_source)
    }

    /// The hypervisor.
    pub fn xen(&self) -> PathBuf {
        self.cache.artefact(&self.plan.xen).join("xen")
    }

    /// The kernel.
    pub fn image(&self) -> PathBuf {
        self.cache.artefact(&self.plan.linux).join("Image")
    }

    /// dom0's root.
    pub fn dom0(&self) -> PathBuf {
        self.cache.artefact(&self.plan.dom0).join("dom0.cpio")
    }

    /// The guests' root.
    pub fn domu(&self) -> PathBuf {
        self.cache.artefact(&self.plan.domu).join("domu.cpio")
    }

    /// The compiler for what runs in it.
    pub fn compiler(&self) -> rust::Compiler {
        match &self.plan.rust {
            Some(recipe) => rust::Compiler::Unpacked(self.cache.artefact(recipe)),
            None => rust::Compiler::Active,
        }
    }
}

/// How many jobs a build runs at once.
fn jobs() -> String {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .to_string()
}

/// One of the cross compiler's tools.
pub(crate) fn cross_tool(name: &str) -> Command {
    Command::new(format!("aarch64-linux-gnu-{name}"))
}

/// All files below a directory.
fn files(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(dir).map_err(Error::path("list", dir))? {
        let entry = entry.map_err(Error::path("list", dir))?;
        let kind = entry
            .file_type()
            .map_err(Error::path("read", entry.path()))?;
        if kind.is_dir() {
            files(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::copy(from, to)
        .map(drop)
        .map_err(Error::path("copy", from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_artefact_has_its_own_directory() {
        let plan = Plan::new();
        let mut names: Vec<String> = plan.all().iter().map(|recipe| recipe.directory()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
