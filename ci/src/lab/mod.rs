// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The lab: Xen, dom0 and guests in an emulated machine.

pub mod apt;
mod arch;
pub mod boot;
pub mod debian;
pub mod host;
mod kind;
pub mod linux;
pub mod plain;
pub mod root;
pub mod rust;
mod serial;
mod setup;
mod status;
pub mod system;
mod x86;
pub mod xen;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    thread,
};

pub use arch::Arch;
pub use kind::{Kind, Release};
pub use status::status;

use crate::{
    cache::Cache,
    error::{Error, Missing},
    recipe::Recipe,
};

/// Everything that a lab is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of which lab it is.
    pub kind: Kind,
    /// The unpacked packages of dom0 and the guests.
    pub sysroot: Recipe,
    /// The emulator, if it is not the host's.
    pub emulator: Option<Recipe>,
    /// What Xen is built from, if Debian's own will not do.
    pub xen_source: Option<Recipe>,
    /// What the kernel is built from, if Debian's own will not do.
    pub linux_source: Option<Recipe>,
    /// Xen.
    pub xen: Recipe,
    /// dom0's kernel.
    pub linux: Recipe,
    /// The guests' kernel, if it is not dom0's.
    pub guest_linux: Option<Recipe>,
    /// The guests' root.
    pub domu: Recipe,
    /// dom0's root.
    pub dom0: Recipe,
    /// Debian's compiler, if the active toolchain has no standard library for the lab.
    pub rust: Option<Recipe>,
}

impl Plan {
    /// The recipes of today.
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Arm64 => Self::arm64(),
            Kind::X86 | Kind::X86Older => Self::x86(kind),
            Kind::X86Grants => Self::x86_grants(),
        }
    }

    fn arm64() -> Self {
        let sysroot = root::sysroot_recipe();
        let (xen_source, linux_source) = (xen::source_recipe(), linux::source_recipe());
        let linux = linux::ARM64.recipe(&linux_source);
        let domu = root::domu_recipe("domu", &sysroot, None);
        Self {
            kind: Kind::Arm64,
            dom0: root::dom0_recipe("dom0", &sysroot, &linux, &domu),
            xen: xen::recipe(&xen_source),
            rust: (!rust::active_has_target()).then(rust::recipe),
            sysroot,
            emulator: None,
            xen_source: Some(xen_source),
            linux_source: Some(linux_source),
            linux,
            guest_linux: None,
            domu,
        }
    }

    fn x86(kind: Kind) -> Self {
        let release = kind.release();
        let sysroot = x86::sysroot_recipe(release);
        let (linux, guest_linux) = (debian::DOM0.recipe(), debian::CLOUD.recipe());
        let domu = root::domu_recipe("domu-x86", &sysroot, Some(&guest_linux));
        Self {
            kind,
            dom0: root::dom0_recipe("dom0-x86", &sysroot, &linux, &domu),
            xen: x86::xen_recipe(release, &sysroot),
            rust: None,
            sysroot,
            emulator: Some(x86::emulator_recipe()),
            xen_source: None,
            linux_source: None,
            linux,
            guest_linux: Some(guest_linux),
            domu,
        }
    }

    fn x86_grants() -> Self {
        let plan = Self::x86(Kind::X86);
        let linux_source = linux::source_recipe();
        let linux = linux::X86.recipe(&linux_source);
        let domu = root::domu_recipe("domu-x86-grants", &plan.sysroot, None);
        Self {
            kind: Kind::X86Grants,
            dom0: root::dom0_recipe("dom0-x86-grants", &plan.sysroot, &linux, &domu),
            linux_source: Some(linux_source),
            linux,
            guest_linux: None,
            domu,
            ..plan
        }
    }

    /// The words that begin the command line of the emulator, which is the host's or one in `cache`.
    fn emulator(&self, cache: &Cache) -> Vec<OsString> {
        match &self.emulator {
            Some(recipe) => x86::emulator(&cache.artefact(recipe)),
            None => vec![self.kind.arch().qemu().into()],
        }
    }

    /// All of them, each after what it is made from.
    pub fn all(&self) -> Vec<&Recipe> {
        let mut all = vec![&self.sysroot];
        all.extend(&self.emulator);
        all.extend(self.xen_source.iter().chain(&self.linux_source));
        all.extend([&self.xen, &self.linux]);
        all.extend(&self.guest_linux);
        all.extend([&self.domu, &self.dom0]);
        all.extend(&self.rust);
        all
    }
}

/// A lab, complete in the cache.
#[derive(Clone, Debug)]
pub struct Lab {
    cache: Cache,
    plan: Plan,
}

impl Lab {
    /// Makes what is missing of a lab in `cache` and opens it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if this machine cannot have a lab; others if a step fails.
    pub fn setup(cache: &Cache, kind: Kind) -> Result<Self, Error> {
        // Its emulator is Debian's of the same architecture.
        if kind.arch() == Arch::X86 && !cfg!(target_arch = "x86_64") {
            return Err(Error::Unavailable(Missing::Host));
        }
        let lab = Self::planned(cache, kind);
        setup::make(cache, &lab.plan)?;
        Ok(lab)
    }

    /// A lab as it will be in `cache`.
    pub(crate) fn planned(cache: &Cache, kind: Kind) -> Self {
        Self {
            cache: cache.clone(),
            plan: Plan::new(kind),
        }
    }

    /// The architecture of the machine in it.
    pub fn arch(&self) -> Arch {
        self.plan.kind.arch()
    }

    /// The cache it is in.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The unpacked packages of dom0 and the guests.
    pub fn sysroot(&self) -> PathBuf {
        self.cache.artefact(&self.plan.sysroot)
    }

    /// Xen's source, packed, if Xen is built from it.
    pub fn xen_source(&self) -> Option<PathBuf> {
        let source = self.plan.xen_source.as_ref()?;
        Some(self.cache.artefact(source))
    }

    /// The hypervisor.
    pub fn xen(&self) -> PathBuf {
        self.cache.artefact(&self.plan.xen).join("xen")
    }

    /// dom0's kernel.
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

    /// The words that begin the emulator's command line.
    fn emulator(&self) -> Vec<OsString> {
        self.plan.emulator(&self.cache)
    }
}

/// How many jobs a build runs at once.
fn jobs() -> String {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .to_string()
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
        for plan in Kind::ALL.map(Plan::new) {
            let mut names: Vec<String> = plan.all().iter().map(|one| one.directory()).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }

    #[test]
    fn labs_share_what_is_the_same() {
        let [arm64, x86, grants, older] = Kind::ALL.map(Plan::new);
        assert_eq!(x86.xen.directory(), grants.xen.directory());
        assert_ne!(x86.dom0.directory(), grants.dom0.directory());
        assert_eq!(x86.linux.directory(), older.linux.directory());
        assert_ne!(x86.xen.directory(), older.xen.directory());
        assert_ne!(arm64.linux.directory(), grants.linux.directory());
        let source = |plan: &Plan| plan.linux_source.as_ref().map(Recipe::directory);
        assert_eq!(source(&arm64), source(&grants));
    }
}
