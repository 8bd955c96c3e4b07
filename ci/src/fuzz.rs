// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The fuzz targets in `fuzz/`: built with coverage and AddressSanitizer, run from their seeds.

use std::{
    fs, io,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use crate::{cross, error::Error, tools};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What `cargo fuzz` tells the compiler.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
    "-Zsanitizer=address",
];

/// Runs of a target in `cargo xtask test`.
const RUNS: u32 = 3000;
/// Targets whose inputs are long, or need a simulated Xen, a guest's memory or a connection; and
/// their runs.
const SLOW: &[(&str, u32)] = &[
    ("abi_spec", 500),
    ("device_block", 600),
    ("device_gpio", 800),
    ("device_i2c", 800),
    ("device_rng", 1000),
    ("guest_memory", 100),
    ("ioreq_page", 300),
    ("store_reader", 300),
    ("vhost_user_back", 200),
];

/// How long a target is run.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// So many inputs, always the same.
    Smoke,
    /// So many seconds, with inputs that are added to those of earlier times.
    Seconds(u32),
}

/// Runs the targets with `name` in their names for some seconds each.
///
/// # Errors
///
/// When a target cannot be built or started.
pub fn run(name: &str, seconds: u32) -> Result<ExitCode, Error> {
    match all(name, Length::Seconds(seconds)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(complaint) => {
            eprintln!("{complaint}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What the targets need to be built.
///
/// # Errors
///
/// When it is not here and cannot be installed.
pub fn needs() -> Result<(), tools::Lack> {
    if cfg!(target_arch = "x86_64") {
        return tools::program("c++", &["g++"]);
    }
    Err("Rust's AddressSanitizer is asked for on x86-64 only".into())
}

/// Runs every target on its seeds and on a fixed number of inputs made of them.
///
/// # Errors
///
/// Says which targets have found something.
pub fn smoke() -> Result<(), String> {
    all("", Length::Smoke)
}

fn all(part: &str, length: Length) -> Result<(), String> {
    let names = names().map_err(|error| format!("cannot list the targets: {error}"))?;
    let names: Vec<String> = names
        .into_iter()
        .filter(|name| name.contains(part))
        .collect();
    if names.is_empty() {
        return Err(format!("no target has {part:?} in its name"));
    }
    build().map_err(|error| format!("cannot build the targets: {error}"))?;
    let mut found = Vec::new();
    for name in &names {
        println!("-- {name}");
        match one(name, length) {
            Ok(()) => {}
            Err(error) => found.push(format!("{name}: {error}")),
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(found.join("\n"))
}

fn directory() -> PathBuf {
    cross::root().join("fuzz")
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    cross::target().join("fuzz")
}

/// The targets' names: those of the files.
fn names() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory().join("targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into()));
    }
    names.sort();
    Ok(names)
}

fn build() -> io::Result<()> {
    let mut cargo = cross::cargo();
    cargo
        .args(["build", "--quiet", "--release", "--locked", "--bins"])
        .args(["--target", TARGET, "--manifest-path"])
        .arg(directory().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target())
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        // The sanitizer is in the pinned toolchain, behind a flag that only nightly takes.
        .env("RUSTC_BOOTSTRAP", "1");
    cross::succeed(&mut cargo)
}

/// The seeds of a target: its corpus, and the specifications for what reads them.
fn seeds(name: &str) -> io::Result<Vec<String>> {
    let mut directories = vec![directory().join("corpus").join(name)];
    if name == "abi_spec" {
        directories.push(cross::root().join("xen-hypercall/abi"));
    }
    let mut seeds = Vec::new();
    for directory in directories.iter().filter(|path| path.is_dir()) {
        for entry in fs::read_dir(directory)? {
            seeds.push(entry?.path().to_string_lossy().into_owned());
        }
    }
    seeds.sort();
    Ok(seeds)
}

fn one(name: &str, length: Length) -> io::Result<()> {
    let scratch = target().join("found").join(name);
    fs::create_dir_all(&scratch)?;
    let mut program = Command::new(target().join(TARGET).join("release").join(name));
    program
        .args(["-timeout=30", "-verbosity=0", "-print_final_stats=1"])
        .arg(artifacts(name)?)
        .stdin(Stdio::null());
    let seeds = seeds(name)?;
    if !seeds.is_empty() {
        let list = scratch.with_extension("seeds");
        fs::write(&list, seeds.join(","))?;
        program.arg(format!("-seed_inputs=@{}", list.display()));
    }
    match length {
        Length::Smoke => {
            let slow = SLOW.iter().find(|(slow, _)| *slow == name);
            let runs = slow.map_or(RUNS, |(_, runs)| *runs);
            program.args(["-seed=1".into(), format!("-runs={runs}")]);
            quietly(&mut program)
        }
        Length::Seconds(seconds) => {
            program.arg(format!("-max_total_time={seconds}"));
            cross::succeed(program.arg(&scratch))
        }
    }
}

/// Runs a target, and shows what it says only if it has found something; else how far it came.
fn quietly(program: &mut Command) -> io::Result<()> {
    let output = program.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        println!("{said}");
        return Err(io::Error::other(output.status.to_string()));
    }
    for line in said.lines().filter(|line| line.contains("_units")) {
        println!("{line}");
    }
    Ok(())
}

/// Where a target puts the input that it fails on.
fn artifacts(name: &str) -> io::Result<String> {
    let directory = directory().join("artifacts").join(name);
    fs::create_dir_all(&directory)?;
    Ok(format!("-artifact_prefix={}/", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_is_built() {
        let manifest = fs::read_to_string(directory().join("Cargo.toml")).unwrap();
        let without: Vec<String> = names()
            .unwrap()
            .into_iter()
            .filter(|name| {
                let is_built = manifest.contains(&format!("path = \"targets/{name}.rs\""));
                seeds(name).unwrap().is_empty() || !is_built
            })
            .collect();
        assert_eq!(without, [""; 0]);
    }

    #[test]
    fn what_is_called_slow_is_a_target() {
        let names = names().unwrap();
        let unknown: Vec<_> = SLOW
            .iter()
            .filter(|(slow, _)| !names.iter().any(|name| name == slow))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
