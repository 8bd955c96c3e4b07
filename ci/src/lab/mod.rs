// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The lab: Xen, dom0 and guests in an emulated machine.

pub mod apt;
mod arch;
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
pub use status::status;

use crate::{
    cache::Cache,
    error::{Error, Missing},
    recipe::Recipe,
};

/// Everything that a lab is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose it is.
    pub arch: Arch,
    /// The unpacked packages of dom0 and the guests; for x86 the emulator's too.
    pub sysroot: Recipe,
    /// What Xen and the kernel are built from, if Debian's own will not do.
    pub sources: Option<Sources>,
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

/// What a lab is built from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Xen's source.
    pub xen: Recipe,
    /// The kernel's source.
    pub linux: Recipe,
}

impl Plan {
    /// The recipes of today.
    pub fn new(arch: Arch) -> Self {
        match arch {
            Arch::Arm64 => Self::arm64(),
            Arch::X86 => Self::x86(),
        }
    }

    fn arm64() -> Self {
        let sysroot = root::sysroot_recipe();
        let sources = Sources {
            xen: xen::source_recipe(),
            linux: linux::source_recipe(),
        };
        let linux = linux::recipe(&sources.linux);
        let domu = root::domu_recipe("domu", &sysroot, None);
        Self {
            arch: Arch::Arm64,
            dom0: root::dom0_recipe("dom0", &sysroot, &linux, &domu),
            xen: xen::recipe(&sources.xen),
            rust: (!rust::active_has_target()).then(rust::recipe),
            sysroot,
            sources: Some(sources),
            linux,
            guest_linux: None,
            domu,
        }
    }

    fn x86() -> Self {
        let sysroot = x86::sysroot_recipe();
        let (linux, guest_linux) = (debian::DOM0.recipe(), debian::CLOUD.recipe());
        let domu = root::domu_recipe("domu-x86", &sysroot, Some(&guest_linux));
        Self {
            arch: Arch::X86,
            dom0: root::dom0_recipe("dom0-x86", &sysroot, &linux, &domu),
            xen: x86::xen_recipe(&sysroot),
            rust: None,
            sysroot,
            sources: None,
            linux,
            guest_linux: Some(guest_linux),
            domu,
        }
    }

    /// All of them, each after what it is made from.
    pub fn all(&self) -> Vec<&Recipe> {
        let mut all = vec![&self.sysroot];
        if let Some(Sources { xen, linux }) = &self.sources {
            all.extend([xen, linux]);
        }
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
    /// Makes what is missing of the lab of `arch` in `cache` and opens it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if this machine cannot have a lab; others if a step fails.
    pub fn setup(cache: &Cache, arch: Arch) -> Result<Self, Error> {
        // Its emulator is Debian's of the same architecture.
        if arch == Arch::X86 && !cfg!(target_arch = "x86_64") {
            return Err(Error::Unavailable(Missing::Host));
        }
        let lab = Self::planned(cache, arch);
        setup::make(cache, &lab.plan)?;
        Ok(lab)
    }

    /// The lab of `arch` as it will be in `cache`.
    pub(crate) fn planned(cache: &Cache, arch: Arch) -> Self {
        Self {
            cache: cache.clone(),
            plan: Plan::new(arch),
        }
    }

    /// The architecture of the machine in it.
    pub fn arch(&self) -> Arch {
        self.plan.arch
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
        let sources = self.plan.sources.as_ref()?;
        Some(self.cache.artefact(&sources.xen))
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
        emulator(self.plan.arch, &self.sysroot())
    }
}

/// The words that begin the command line of an emulator, which is the host's or one in `sysroot`.
fn emulator(arch: Arch, sysroot: &Path) -> Vec<OsString> {
    match arch {
        Arch::Arm64 => vec![arch.qemu().into()],
        Arch::X86 => x86::emulator(sysroot),
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
        let plans = Arch::ALL.map(Plan::new);
        let mut names: Vec<String> = plans
            .iter()
            .flat_map(Plan::all)
            .map(Recipe::directory)
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
