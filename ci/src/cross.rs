// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Building programs of this workspace for the lab.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    cache::Cache,
    error::Error,
    lab::{Lab, host},
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

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    let base = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(base)
}

/// Runs `command`, which shows what it does.
///
/// # Errors
///
/// When it does not start, or does not succeed.
pub fn succeed(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(status.to_string()))
    }
}

/// Builds the program of `package` for the lab's architecture, statically and optimized, and returns its path.
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
    compile_native(lab.cache(), package, "debug", &[])
}

/// As [`build_native`], optimized, and without a lab.
///
/// # Errors
///
/// As [`build`].
pub fn build_optimized(cache: &Cache, package: &str) -> Result<PathBuf, Error> {
    compile_native(cache, package, "release", &["--release"])
}

/// Runs `cargo build` for this host, and returns the program from its `profile`'s directory.
fn compile_native(
    cache: &Cache,
    package: &str,
    profile: &str,
    arguments: &[&str],
) -> Result<PathBuf, Error> {
    let mut reporter = Reporter::new(cache.log(&format!("native-{package}"))?)?;
    let mut step = reporter.step(&format!("{package} for this host"));
    let mut cargo = cargo();
    cargo.args(["build", "--locked", "--package", package]);
    step.run(cargo.args(arguments))?;
    step.done();
    existing(&target().join(profile), package)
}

/// What makes bindings of a C library's headers.
const LIBCLANG: &str = "libclang-dev";

/// As [`build`], of what the registry has as `name` in this `version`, with its feature `xen`. It may be
/// linked with libgpiod.
///
/// # Errors
///
/// As [`build`], and those of installing libclang if it is missing.
pub fn build_released(lab: &Lab, name: &str, version: &str) -> Result<PathBuf, Error> {
    let mut reporter = Reporter::new(lab.cache().log(&format!("cross-{name}"))?)?;
    let missing = host::missing(&[LIBCLANG])?;
    if !missing.is_empty() {
        host::install(&missing, &mut reporter)?;
    }
    let mut step = reporter.step(&format!("{name} {version} for {}", lab.arch().name()));
    let target = target().join("lab");
    let installed = target.join("released");
    let sysroot = lab.sysroot();
    let mut cargo = cargo_for(lab, "install");
    cargo
        .env("SYSTEM_DEPS_LIBGPIOD_NO_PKG_CONFIG", "1")
        .env("SYSTEM_DEPS_LIBGPIOD_LIB", "gpiod")
        .env(
            "SYSTEM_DEPS_LIBGPIOD_SEARCH_NATIVE",
            sysroot.join(lab.arch().lib()),
        )
        .env("SYSTEM_DEPS_LIBGPIOD_INCLUDE", sysroot.join("usr/include"))
        .env(
            "BINDGEN_EXTRA_CLANG_ARGS",
            "-isystem /usr/aarch64-linux-gnu/include",
        );
    cargo
        .args([name, "--version", version, "--features", "xen"])
        .arg("--root")
        .arg(&installed)
        .arg("--target-dir")
        .arg(&target);
    step.run(&mut cargo)?;
    step.done();
    existing(&installed.join("bin"), name)
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

/// Builds the guest without a kernel of its own that the workspace `package` in `ci/` is, and
/// returns the path of its Image: what is in memory, from the first byte on.
///
/// # Errors
///
/// As [`build`], and [`Error::Program`] if objcopy fails.
pub fn build_image(lab: &Lab, package: &str) -> Result<PathBuf, Error> {
    let directory = Path::new("ci").join(package.trim_start_matches("lab-"));
    let program = build_in(lab, &directory, package)?;
    let image = program.with_extension("image");
    let mut reporter = Reporter::new(lab.cache().log(&format!("image-{package}"))?)?;
    let mut step = reporter.step(&format!("Image of {package}"));
    let mut objcopy = lab.arch().tool("objcopy");
    step.run(objcopy.args(["-O", "binary"]).arg(program).arg(&image))?;
    step.done();
    Ok(image)
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
    let mut step = reporter.step(&format!("{what} for {}", lab.arch().name()));
    let target = target().join("lab");
    let mut cargo = cargo_for(lab, "build");
    cargo
        .args(["--release", "--package", package])
        .args(arguments)
        .arg("--manifest-path")
        .arg(root().join(directory).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    step.run(&mut cargo)?;
    step.done();
    Ok(target.join(lab.arch().target()).join("release"))
}

/// cargo, for locked programs for the lab that need no library there.
fn cargo_for(lab: &Lab, command: &str) -> Command {
    let arch = lab.arch();
    let mut cargo = cargo();
    lab.compiler().apply(&mut cargo);
    cargo
        .args([command, "--locked", "--target", arch.target()])
        // They would take the place of the target's own.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env(arch.cargo_variable("LINKER"), arch.tool_name("gcc"))
        .env(
            arch.cargo_variable("RUSTFLAGS"),
            "-C target-feature=+crt-static",
        );
    cargo
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
