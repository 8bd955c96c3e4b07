// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Building programs of this workspace for the lab.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::Error,
    lab::{Lab, rust::TARGET},
    progress::Reporter,
};

/// The workspace's directory.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// cargo, in the workspace's directory.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Builds the program of `package` for arm64, statically and optimized, and returns its path.
///
/// # Errors
///
/// [`Error::Program`] if cargo fails, [`Error::Incomplete`] if the package has no program of its
/// own name.
pub fn build(lab: &Lab, package: &str) -> Result<PathBuf, Error> {
    let out = compile(lab, Path::new(""), package, package, &[])?;
    existing(&out, package)
}

/// Builds the program of `package` for this host, and returns its path.
///
/// # Errors
///
/// As [`build`].
pub fn build_native(lab: &Lab, package: &str) -> Result<PathBuf, Error> {
    let mut reporter = Reporter::new(lab.cache().log(&format!("native-{package}"))?)?;
    let mut step = reporter.step(&format!("{package} for this host"));
    step.run(cargo().args(["build", "--locked", "--package", package]))?;
    step.done();
    existing(&target_directory().join("debug"), package)
}

/// Where cargo puts what it makes.
fn target_directory() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR");
    root().join(named.map_or_else(|| root().join("target"), PathBuf::from))
}

/// As [`build`], of a workspace in another `directory` of this one.
///
/// # Errors
///
/// As [`build`].
pub fn build_in(lab: &Lab, directory: &Path, package: &str) -> Result<PathBuf, Error> {
    let out = compile(lab, directory, package, package, &[])?;
    existing(&out, package)
}

/// Builds the examples `names` of `package`, with all its features, as [`build`] does a program,
/// and returns their paths in the same order.
///
/// # Errors
///
/// As [`build`].
pub fn build_examples(lab: &Lab, package: &str, names: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut arguments = vec!["--all-features"];
    for name in names {
        arguments.extend(["--example", name]);
    }
    let out = compile(
        lab,
        Path::new(""),
        package,
        &format!("{package}-examples"),
        &arguments,
    )?;
    let out = out.join("examples");
    names.iter().map(|name| existing(&out, name)).collect()
}

/// Runs `cargo build` with more `arguments`, and returns where it puts what it makes.
fn compile(
    lab: &Lab,
    directory: &Path,
    package: &str,
    what: &str,
    arguments: &[&str],
) -> Result<PathBuf, Error> {
    let mut reporter = Reporter::new(lab.cache().log(&format!("cross-{what}"))?)?;
    let mut step = reporter.step(&format!("{what} for arm64"));
    let target = target_directory().join("lab");
    let mut cargo = cargo();
    lab.compiler().apply(&mut cargo);
    cargo
        .args(["build", "--release", "--locked", "--package", package])
        .args(["--target", TARGET])
        .args(arguments)
        .arg("--manifest-path")
        .arg(root().join(directory).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        // They would take the place of the target's own.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "aarch64-linux-gnu-gcc",
        )
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "-C target-feature=+crt-static",
        );
    step.run(&mut cargo)?;
    step.done();
    Ok(target.join(TARGET).join("release"))
}

fn existing(dir: &Path, name: &str) -> Result<PathBuf, Error> {
    let program = dir.join(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(Error::Incomplete {
        what: name.into(),
        place: dir.into(),
    })
}
