// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Rust for arm64: rustup's, if it has the target's standard library, else Debian's.

use std::{
    collections::BTreeSet,
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{apt::Apt, arch::Arch, host::not_installed};
use crate::{error::Error, progress::Step, recipe::Recipe};

/// The target that everything for the lab of arm64 is built for.
const TARGET: &str = Arch::Arm64.target();

const COMPILER: &str = "rustc-web";
const LIBRARY: &str = "libstd-rust-web-dev:arm64";

/// A compiler that can build for a lab.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// The active toolchain's.
    Active,
    /// The one unpacked in this directory.
    Unpacked(PathBuf),
}

/// Whether the active toolchain has the standard library of arm64.
pub fn active_has_target() -> bool {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(crate::cross::root());
    let Ok(output) = rustc.output() else {
        return false;
    };
    let dir = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    output.status.success() && has_std(&dir)
}

fn has_std(dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

/// The recipe of Debian's compiler.
pub fn recipe() -> Recipe {
    Recipe::new("rust")
        .with("host", ARCH)
        .with_all("package", &[COMPILER, LIBRARY])
}

/// Downloads and unpacks Debian's compiler; nothing gets installed.
///
/// # Errors
///
/// [`Error::Program`] if apt or dpkg fails, [`Error::Incomplete`] if there is no standard library
/// in what they brought.
pub fn fetch(apt: &Apt, step: &mut Step<'_>, out: &Path) -> Result<(), Error> {
    let mut query = apt.command("apt-cache");
    query.args([
        "depends",
        "--recurse",
        "--no-recommends",
        "--no-suggests",
        "--no-enhances",
    ]);
    query.args(["--no-conflicts", "--no-breaks", "--no-replaces", COMPILER]);
    let depends = step.capture(&mut query)?;
    let libraries: Vec<&str> = libraries(&depends).into_iter().collect();
    let mut query = Command::new("dpkg-query");
    let listed = query
        .args(["-W", "-f", "${Package} ${db:Status-Status}\n"])
        .output();
    let listed = listed.map_err(Error::start("dpkg-query"))?.stdout;
    let missing = not_installed(&libraries, &String::from_utf8_lossy(&listed));
    let mut packages = vec![COMPILER, LIBRARY];
    packages.extend(missing.iter().map(String::as_str));
    let remotes = apt.packages(step, &packages)?;
    apt.unpack(step, &remotes, out)?;
    let dir = out.join("usr/lib/rustlib").join(TARGET).join("lib");
    if has_std(&dir) {
        return Ok(());
    }
    Err(Error::Incomplete {
        what: "libstd".into(),
        place: dir,
    })
}

/// The names of libraries in the output of `apt-cache depends --recurse`, whose unindented lines
/// are packages.
fn libraries(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| line.starts_with("lib") && !line.contains(':'))
        .collect()
}

impl Compiler {
    /// Makes `cargo` use this compiler.
    pub fn apply<'c>(&self, cargo: &'c mut Command) -> &'c mut Command {
        if let Self::Unpacked(root) = self {
            let lib = root.join("usr/lib");
            let mut paths = vec![lib.join(format!("{ARCH}-linux-gnu"))];
            let entries = fs::read_dir(&lib).into_iter().flatten().flatten();
            paths.extend(
                entries
                    .filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"))
                    .map(|entry| entry.path().join("lib")),
            );
            let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
            cargo
                .env("RUSTC", root.join("usr/bin/rustc"))
                .env("LD_LIBRARY_PATH", paths.join(":"));
        }
        cargo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_programs_virtual_and_foreign_packages() {
        let text = "rustc-web\n  Depends: libllvm22\nlibllvm22\n  Depends: libedit2\n\
            <libvirtual>\nlibc6:arm64\nlibedit2\ngcc\n";
        assert_eq!(
            libraries(text).into_iter().collect::<Vec<_>>(),
            ["libedit2", "libllvm22"]
        );
    }
}
