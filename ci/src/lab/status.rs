// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What there is of the lab.

use std::{fs, io, path::Path, process::Command};

use super::{Kind, Plan, host};
use crate::{cache::Cache, error::Error};

/// Describes what there is of a lab, a line each.
///
/// # Errors
///
/// [`Error::Unavailable`] if this machine cannot have a lab, [`Error::Path`] if the cache cannot
/// be read.
pub fn status(cache: &Cache, kind: Kind) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let plan = Plan::new(kind);
    for recipe in plan.all() {
        let path = cache.artefact(recipe);
        let (name, hash) = (recipe.name(), recipe.hash());
        lines.push(if cache.has(recipe) {
            let size = size(&path).map_err(Error::path("measure", &path))?;
            let size = indicatif::BinaryBytes(size);
            format!("{name:13} {hash} present {size:>12} {}", path.display())
        } else {
            format!("{name:13} {hash} missing {:>12} {}", "-", path.display())
        });
    }
    lines.push(match host::missing(host::packages(kind))? {
        missing if missing.is_empty() => "host packages: all installed".into(),
        missing => format!("host packages: missing {}", missing.join(" ")),
    });
    let emulator = plan.emulator(cache);
    // Both those of the host and those of the cache can be missing.
    let mut command = Command::new("env");
    let version = command
        .args(emulator)
        .arg("--version")
        .output()
        .map_or_else(
            |_| "not installed".to_owned(),
            |output| {
                String::from_utf8_lossy(&output.stdout)
                    .lines()
                    .next()
                    .unwrap_or("?")
                    .to_owned()
            },
        );
    lines.push(format!("{}: {version}", kind.arch().qemu()));
    Ok(lines)
}

/// The bytes in the files of a tree.
fn size(path: &Path) -> io::Result<u64> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_tree_is_that_of_its_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/b"), "123").unwrap();
        fs::write(dir.path().join("c"), "4567").unwrap();
        assert_eq!(size(dir.path()).unwrap(), 7);
    }
}
