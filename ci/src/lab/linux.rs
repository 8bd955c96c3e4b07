// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The kernels of dom0 and of the guests that are built for a lab.
//!
//! Debian's own lack what the lab is about: virtio with grants, eventfds of the privileged command
//! driver, the virtio drivers of I2C and GPIO, and their simulated hardware.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{apt::Apt, arch::Arch};
use crate::{cache::Scratch, error::Error, progress::Step, recipe::Recipe};

const SOURCE: &str = "linux-source-6.12";

/// A kernel that is built.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// What the artefact is called.
    name: &'static str,
    arch: Arch,
    /// The lines of its configuration that are not as a kernel with nothing has them.
    config: &'static str,
    configure: &'static [&'static [&'static str]],
    build: &'static [&'static [&'static str]],
    /// Where the build puts what boots.
    image: &'static str,
}

/// For dom0 and guests on arm64.
pub const ARM64: Kernel = Kernel {
    name: "linux",
    arch: Arch::Arm64,
    config: include_str!("../../lab/linux.config"),
    configure: CONFIGURE_ARM64,
    build: BUILD_ARM64,
    image: "arch/arm64/boot/Image",
};

/// For dom0 and guests on x86.
pub const X86: Kernel = Kernel {
    name: "linux-x86-grants",
    arch: Arch::X86,
    config: include_str!("../../lab/linux-x86.config"),
    configure: CONFIGURE_X86,
    build: BUILD_X86,
    image: "arch/x86/boot/bzImage",
};

const UNPACK: &[&[&str]] = &[
    &["dpkg", "-x", "{source}/linux-source.deb", "."],
    &["mkdir", "tree"],
    &[
        "tar",
        "--use-compress-program=xz -dT0",
        "-xf",
        "usr/src/linux-source-6.12.tar.xz",
        "-C",
        "tree",
        "--strip-components=1",
    ],
];
const CONFIGURE_ARM64: &[&[&str]] = &[&[
    "make",
    "-C",
    "tree",
    "ARCH=arm64",
    "CROSS_COMPILE=aarch64-linux-gnu-",
    "KCONFIG_ALLCONFIG={work}/lab.config",
    "allnoconfig",
]];
const CONFIGURE_X86: &[&[&str]] = &[&[
    "make",
    "-C",
    "tree",
    "ARCH=x86_64",
    "KCONFIG_ALLCONFIG={work}/lab.config",
    "allnoconfig",
]];
const BUILD_ARM64: &[&[&str]] = &[&[
    "make",
    "-j{jobs}",
    "-C",
    "tree",
    "ARCH=arm64",
    "CROSS_COMPILE=aarch64-linux-gnu-",
    "Image",
    "modules",
]];

const BUILD_X86: &[&[&str]] = &[&[
    "make",
    "-j{jobs}",
    "-C",
    "tree",
    "ARCH=x86_64",
    "bzImage",
    "modules",
]];

/// The recipe of the kernel's source.
pub fn source_recipe() -> Recipe {
    Recipe::new("linux-source")
        .with("suite", super::apt::SUITE)
        .with("package", SOURCE)
}

/// Downloads the kernel's source: `linux-source.deb`.
///
/// # Errors
///
/// [`Error::Program`] if apt fails.
pub fn fetch(apt: &Apt, step: &mut Step<'_>, scratch: &Scratch) -> Result<(), Error> {
    let mut remotes = apt.packages(step, &[SOURCE])?;
    for remote in &mut remotes {
        remote.name = "linux-source.deb".into();
    }
    apt.download(step, &remotes, &scratch.out())
}

impl Kernel {
    /// The recipe of the kernel.
    pub fn recipe(&self, source: &Recipe) -> Recipe {
        let commands = [UNPACK, self.configure, self.build];
        commands.iter().copied().flatten().fold(
            Recipe::new(self.name)
                .from(source)
                .with("config", self.config),
            |recipe, command| recipe.with_all("command", command),
        )
    }

    /// Builds the kernel: `Image`, its `config`, and the directory `modules`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a wish did not stick, [`Error::Program`] if a command fails.
    pub fn build(
        &self,
        step: &mut Step<'_>,
        source: &Path,
        scratch: &Scratch,
    ) -> Result<(), Error> {
        let (work, out) = (scratch.work(), scratch.out());
        let values = [
            ("source", &*source.to_string_lossy()),
            ("work", &*work.to_string_lossy()),
            ("jobs", &super::jobs()),
        ];
        step.run_all(&work, UNPACK, &values)?;
        let wishes = work.join("lab.config");
        fs::write(&wishes, self.config).map_err(Error::path("write", wishes))?;
        step.run_all(&work, self.configure, &values)?;
        let tree = work.join("tree");
        check_config(self.config, &tree.join(".config"))?;
        step.run_all(&work, self.build, &values)?;
        super::copy(&tree.join(self.image), &out.join("Image"))?;
        super::copy(&tree.join(".config"), &out.join("config"))?;
        let modules = out.join("modules");
        fs::create_dir(&modules).map_err(Error::path("create", &modules))?;
        let mut found = Vec::new();
        super::files(&tree, &mut found)?;
        let is_module =
            |file: &PathBuf| file.extension().is_some_and(|extension| extension == "ko");
        for module in found.into_iter().filter(is_module) {
            let to = modules.join(module.file_name().unwrap_or_default());
            super::copy(&module, &to)?;
            step.run(self.arch.tool("strip").arg("-g").arg(&to))?;
        }
        Ok(())
    }
}

/// Checks that every line of `wishes` has stuck in the configuration `path`.
///
/// # Errors
///
/// [`Error::Config`] with the first line that has not.
pub(super) fn check_config(wishes: &str, path: &Path) -> Result<(), Error> {
    let config = fs::read_to_string(path).map_err(Error::path("read", path))?;
    match refused(wishes, &config) {
        Some(wish) => Err(Error::Config { wish: wish.into() }),
        None => Ok(()),
    }
}

/// The first line of `wishes` that `config` does not fulfil. What is not in it is `n`.
fn refused<'w>(wishes: &'w str, config: &str) -> Option<&'w str> {
    let has = |wish: &str| config.lines().any(|line| line == wish);
    let mut wishes = wishes
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    wishes.find(|wish| match wish.strip_suffix("=n") {
        Some(name) => has(&format!("{name}=y")) || has(&format!("{name}=m")),
        None => !has(wish),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOT: &str = "CONFIG_A=y\nCONFIG_M=m\n# CONFIG_B is not set\n";

    #[test]
    fn fulfilled_wishes_are_not_refused() {
        let wishes = "# why\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_GONE=n\nCONFIG_M=m\n";
        assert_eq!(refused(wishes, GOT), None);
    }

    #[test]
    fn a_dropped_wish_is_refused() {
        assert_eq!(refused("CONFIG_A=y\nCONFIG_B=y\n", GOT), Some("CONFIG_B=y"));
    }

    #[test]
    fn an_unwanted_module_is_refused() {
        assert_eq!(refused("CONFIG_M=n\n", GOT), Some("CONFIG_M=n"));
    }

    #[test]
    fn another_value_is_refused() {
        assert_eq!(refused("CONFIG_M=y\n", GOT), Some("CONFIG_M=y"));
    }
}
