// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Headers as Debian packages them, of this release and of others.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use crate::error::Error;
use crate::model::{Origin, Version};

use super::Headers;

/// The cross compiler that Debian has for arm64.
const ARM_COMPILER: &str = "aarch64-linux-gnu-gcc";
/// The native compiler.
const COMPILER: &str = "gcc";

/// What of a package's directory can be checked: with every compiler that is installed.
fn sets(name: &str, origin: Origin, version: Version, include: &Path) -> Vec<Headers> {
    let set = |arm: bool| Headers {
        name: format!("{name} on {}", if arm { "Arm" } else { "x86" }),
        origin,
        version,
        include: include.to_owned(),
        compiler: if arm { ARM_COMPILER } else { COMPILER }.to_owned(),
        arm,
    };
    [false, true]
        .map(set)
        .into_iter()
        .filter(|set| {
            Command::new(&set.compiler)
                .arg("--version")
                .output()
                .is_ok()
        })
        .collect()
}

/// Headers in a directory: Xen's when it has `xen/xen.h`, Linux's when it has `xen/privcmd.h`.
///
/// `xen` and `linux` say which versions they are.
pub fn this_host(include: &Path, xen: Version, linux: Version) -> Vec<Headers> {
    let mut all = Vec::new();
    if include.join("xen/xen.h").exists() {
        all.extend(sets(&format!("Xen {xen}"), Origin::Xen, xen, include));
    }
    if include.join("xen/privcmd.h").exists() {
        all.extend(sets(
            &format!("Linux {linux}"),
            Origin::Linux,
            linux,
            include,
        ));
    }
    all
}

/// Downloads `libxen-dev` and `linux-libc-dev` of a suite with apt, without installing anything.
///
/// `cache` keeps apt's lists and the packages. The archive is the first one that apt is
/// configured for on this host.
///
/// # Errors
///
/// [`Error::Run`] and [`Error::Compile`] when apt or dpkg fail, [`Error::File`]; [`Error::Run`] also
/// when there is no compiler: nothing can be said of the headers.
pub fn debian(suite: &str, cache: &Path) -> Result<Vec<Headers>, Error> {
    let directory = cache.join(suite);
    let root = directory.join("root");
    if !root.join("usr/include/xen/xen.h").exists() {
        download(suite, &directory)?;
    }
    let mut all = Vec::new();
    let include = root.join("usr/include");
    if let Some(xen) = version_of(&directory, "libxen-dev_") {
        all.extend(sets(&format!("Xen {xen}"), Origin::Xen, xen, &include));
    }
    if let Some(linux) = version_of(&directory, "linux-libc-dev_") {
        all.extend(sets(
            &format!("Linux {linux}"),
            Origin::Linux,
            linux,
            &include,
        ));
    }
    if all.is_empty() {
        return Err(Error::Run {
            program: COMPILER.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        });
    }
    Ok(all)
}

/// The version in a package's file name.
fn version_of(directory: &Path, package: &str) -> Option<Version> {
    let names = fs::read_dir(directory).ok()?;
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.into_iter().find(|name| name.starts_with(package))?;
    let mut parts = name.strip_prefix(package)?.split(['.', '_', '-', '+']);
    Some(Version(
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    ))
}

fn run(command: &mut Command) -> Result<Output, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| Error::Run {
        program: program.clone(),
        source,
    })?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(Error::Compile {
            headers: program,
            message: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// The archive that this host's apt gets packages from.
fn archive() -> Result<String, Error> {
    let output = run(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let main = text.lines().find(|line| !line.contains("security"));
    let main = main.ok_or_else(|| Error::Compile {
        headers: "apt-get indextargets".to_owned(),
        message: "apt is configured for no archive".to_owned(),
    })?;
    Ok(main.trim_end_matches('/').to_owned())
}

fn file(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| Error::File {
        path: path.to_owned(),
        source,
    }
}

/// Directories and configuration of an apt of its own.
fn prepare(suite: &str, directory: &Path) -> Result<Vec<String>, Error> {
    for name in ["sources", "lists/partial", "archives/partial", "root"] {
        let path = directory.join(name);
        fs::create_dir_all(&path).map_err(file(&path))?;
    }
    let source = format!(
        "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        archive()?
    );
    let path = directory.join("sources/debian.sources");
    fs::write(&path, source).map_err(file(&path))?;
    let path = directory.join("status");
    fs::write(&path, "").map_err(file(&path))?;
    let at = |name: &str| directory.join(name).display().to_string();
    Ok(vec![
        "Dir::Etc::sourcelist=/dev/null".to_owned(),
        format!("Dir::Etc::sourceparts={}", at("sources")),
        format!("Dir::State::status={}", at("status")),
        format!("Dir::State::lists={}", at("lists")),
        format!("Dir::Cache={}", at("")),
        "APT::Sandbox::User=root".to_owned(),
        "APT::Architecture=amd64".to_owned(),
    ])
}

fn download(suite: &str, directory: &Path) -> Result<(), Error> {
    let options = prepare(suite, directory)?;
    let apt = || {
        let mut command = Command::new("apt-get");
        for option in &options {
            command.arg("-o").arg(option);
        }
        command.current_dir(directory);
        command
    };
    run(apt().arg("update"))?;
    run(apt().args(["download", "libxen-dev", "linux-libc-dev"]))?;
    for entry in fs::read_dir(directory).map_err(file(directory))? {
        let path = entry.map_err(file(directory))?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg")
                .arg("-x")
                .arg(&path)
                .arg(directory.join("root")))?;
        }
    }
    Ok(())
}
