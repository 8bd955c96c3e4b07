// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The hypervisor on arm64: Debian's source of Xen with IOREQ servers.

use std::{fs, io::ErrorKind, path::Path, process::Command};

use super::{
    apt::{Apt, Remote},
    linux::check_config,
};
use crate::{cache::Scratch, error::Error, progress::Step, recipe::Recipe};

const SOURCE: &str = "xen";
const CONFIG: &str = include_str!("../../lab/xen.config");

/// The source that the lab was made with before, for mirrors that have a newer one's packages and not (yet) its
/// archives: names, sizes and hashes. The first is the tree of Xen's own repository at that commit.
const EARLIER: &[(&str, u64, &str)] = &[
    (
        "xen_4.20.3+127-gc42374a105.orig.tar.xz",
        4_961_352,
        "SHA256:df0831854a55a8f31cb3cb85036f2edc928e2ef098d77f815f5714bfafac68f3",
    ),
    (
        "xen_4.20.3+127-gc42374a105-0+deb13u1.debian.tar.xz",
        139_540,
        "SHA256:b1f909d626f3d4ba6965ba291dd97b0dfbbe48bb8e2510913cbc1760c5e8cb3e",
    ),
];
/// The names that they are kept under.
const ARCHIVES: &[&str] = &["orig.tar.xz", "debian.tar.xz"];

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
    let newest = apt.source(step, SOURCE)?;
    let out = scratch.out();
    let lost = match apt.download(step, &kept(&newest), &out) {
        Err(lost @ Error::Program { .. }) => lost,
        done => return done,
    };
    let earlier = earlier(&newest).ok_or(lost)?;
    for path in ARCHIVES.iter().map(|name| out.join(name)) {
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Error::path("remove", path)(e));
            }
            _ => {}
        }
    }
    apt.download(step, &kept(&earlier), &out)
}

/// The archives under the names that they are kept under.
fn kept(remotes: &[Remote]) -> Vec<Remote> {
    let kept = |remote: &Remote| {
        let is_it = |name: &&&str| remote.name.ends_with(&format!(".{name}"));
        let name = ARCHIVES.iter().find(is_it)?;
        Some(Remote {
            name: (*name).into(),
            ..remote.clone()
        })
    };
    remotes.iter().filter_map(kept).collect()
}

/// [`EARLIER`], from where the archives of the `newest` are said to be.
fn earlier(newest: &[Remote]) -> Option<Vec<Remote>> {
    let (place, _) = newest.first()?.uri.rsplit_once('/')?;
    let remote = |(name, size, hash): &(&str, u64, &str)| Remote {
        uri: format!("{place}/{}", name.replace('+', "%2b")),
        name: (*name).into(),
        size: *size,
        hash: (*hash).into(),
    };
    Some(EARLIER.iter().map(remote).collect())
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
    fn earlier_archives_are_looked_for_where_the_newest_should_be() {
        let newest = [Remote {
            uri: "http://mirror.example/x/xen_9%2b1.orig.tar.xz".into(),
            name: "xen_9+1.orig.tar.xz".into(),
            size: 1,
            hash: "SHA256:0".into(),
        }];

        let found = kept(&earlier(&newest).unwrap());

        let names: Vec<_> = found.iter().map(|remote| &*remote.name).collect();
        assert_eq!(names, ["orig.tar.xz", "debian.tar.xz"]);
        let first = "http://mirror.example/x/xen_4.20.3%2b127-gc42374a105.orig.tar.xz";
        assert_eq!(found[0].uri, first);
        assert!(earlier(&[]).is_none());
    }

    #[test]
    fn comments_and_options_of_a_series_are_no_patches() {
        let series = "# all\n\na.diff\nb/c.diff -p1 # why\n";
        assert_eq!(patches(series).collect::<Vec<_>>(), ["a.diff", "b/c.diff"]);
    }
}
