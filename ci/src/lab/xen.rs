// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The hypervisor on arm64: Debian's source of Xen with IOREQ servers.

use std::{fs, path::Path, process::Command};

use super::{apt::Apt, linux::check_config};
use crate::{cache::Scratch, error::Error, progress::Step, recipe::Recipe};

const SOURCE: &str = "xen";
const CONFIG: &str = include_str!("../../lab/xen.config");

const UNPACK: &[&[&str]] = &[
    &["tar", "-xf", "{source}/orig.tar.xz", "--strip-components=1"],
    &["tar", "-xf", "{source}/debian.tar.xz"],
];
const CONFIGURE: &[&[&str]] = &[&[
    "make",
    "-C",
    "xen",
    "XEN_TARGET_ARCH=arm64",
    "CROSS_COMPILE=aarch64-linux-gnu-",
    "KCONFIG_ALLCONFIG={work}/lab.config",
    "alldefconfig",
]];
const BUILD: &[&[&str]] = &[&[
    "make",
    "-j{jobs}",
    "-C",
    "xen",
    "XEN_TARGET_ARCH=arm64",
    "CROSS_COMPILE=aarch64-linux-gnu-",
    "SOURCE_DATE_EPOCH=1",
]];

/// The recipe of Xen's source.
pub fn source_recipe() -> Recipe {
    Recipe::new("xen-source")
        .with("suite", super::apt::SUITE)
        .with("package", SOURCE)
}

/// Downloads Xen's source: `orig.tar.xz` and `debian.tar.xz`.
///
/// # Errors
///
/// [`Error::Program`] if apt fails.
pub fn fetch(apt: &Apt, step: &mut Step<'_>, scratch: &Scratch) -> Result<(), Error> {
    let mut remotes = apt.source(step, SOURCE)?;
    for remote in &mut remotes {
        for name in ["orig.tar.xz", "debian.tar.xz"] {
            if remote.name.ends_with(&format!(".{name}")) {
                remote.name = name.into();
            }
        }
    }
    apt.download(step, &remotes, &scratch.out())
}

/// Unpacks libxenstore's headers from `source` into `out`.
///
/// # Errors
///
/// [`Error::Program`] if tar fails.
pub fn unpack_store_headers(step: &mut Step<'_>, source: &Path, out: &Path) -> Result<(), Error> {
    let mut tar = Command::new("tar");
    tar.arg("-xf").arg(source.join("orig.tar.xz"));
    tar.arg("-C").arg(out).args([
        "--transform=s,^[^/]*/tools/include/,,",
        "--transform=s,^[^/]*/xen/include/public/,xen/,",
        "--wildcards",
        "*/tools/include/xenstore.h",
        "*/tools/include/xenstore_lib.h",
        "*/xen/include/public/io/xs_wire.h",
    ]);
    step.run(&mut tar)
}

/// The recipe of Xen.
pub fn recipe(source: &Recipe) -> Recipe {
    [UNPACK, CONFIGURE, BUILD].iter().copied().flatten().fold(
        Recipe::new("xen").from(source).with("config", CONFIG),
        |recipe, command| recipe.with_all("command", command),
    )
}

/// Builds Xen: `xen` and its `config`.
///
/// # Errors
///
/// [`Error::Config`] if a wish did not stick, [`Error::Program`] if a command fails.
pub fn build(step: &mut Step<'_>, source: &Path, scratch: &Scratch) -> Result<(), Error> {
    let work = scratch.work();
    let values = [
        ("source", &*source.to_string_lossy()),
        ("work", &*work.to_string_lossy()),
        ("jobs", &super::jobs()),
    ];
    step.run_all(&work, UNPACK, &values)?;
    let series = work.join("debian/patches/series");
    let series = fs::read_to_string(&series).map_err(Error::path("read", series))?;
    for name in patches(&series) {
        let patch = Path::new("debian/patches").join(name);
        step.run(
            Command::new("patch")
                .args(["-s", "-p1", "-i"])
                .arg(patch)
                .current_dir(&work),
        )?;
    }
    let wishes = work.join("lab.config");
    fs::write(&wishes, CONFIG).map_err(Error::path("write", wishes))?;
    step.run_all(&work, CONFIGURE, &values)?;
    check_config(CONFIG, &work.join("xen/.config"))?;
    step.run_all(&work, BUILD, &values)?;
    super::copy(&work.join("xen/xen"), &scratch.out().join("xen"))?;
    super::copy(&work.join("xen/.config"), &scratch.out().join("config"))
}

/// The patches in the text of a `series` file.
fn patches(series: &str) -> impl Iterator<Item = &str> {
    series.lines().filter_map(|line| {
        line.split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_options_of_a_series_are_no_patches() {
        let series = "# all\n\na.diff\nb/c.diff -p1 # why\n";
        assert_eq!(patches(series).collect::<Vec<_>>(), ["a.diff", "b/c.diff"]);
    }
}
