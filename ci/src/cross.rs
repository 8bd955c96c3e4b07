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
    build_in(lab, Path::new(""), package)
}

/// As [`build`], of a workspace in another `directory` of this one.
///
/// # Errors
///
/// As [`build`].
pub fn build_in(lab: &Lab, directory: &Path, package: &str) -> Result<PathBuf, Error> {
    let mut reporter = Reporter::new(lab.cache().log(&format!("cross-{package}"))?)?;
    let mut step = reporter.step(&format!("{package} for arm64"));
    let base = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let target = root().join(base).join("lab");
    let mut cargo = cargo();
    lab.compiler().apply(&mut cargo);
    cargo
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            package,
            "--target",
            TARGET,
        ])
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
    let program = target.join(TARGET).join("release").join(package);
    if program.is_file() {
        return Ok(program);
    }
    Err(Error::Incomplete {
        what: package.into(),
        place: target,
    })
}
