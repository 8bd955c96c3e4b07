// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The specifications against real headers.
//!
//! For each interface and set of headers a C file is generated that asks the compiler for every
//! size, offset and number. It is compiled to assembly, never run, so that a cross compiler can
//! answer too: each answer is a marked line in the assembly.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Place};
use crate::generate::load;
use crate::model::{Interface, Origin, Version};

mod cover;
mod debian;
mod probe;

pub use cover::cover;
pub use debian::{debian, this_host};
pub use probe::{Probe, probes};

/// Headers of one version, and a compiler for one architecture.
#[derive(Clone, Debug)]
pub struct Headers {
    /// For messages: "Xen 4.20 on Arm".
    pub name: String,
    /// Whose they are.
    pub origin: Origin,
    /// Which version.
    pub version: Version,
    /// The directory that has `xen/`.
    pub include: PathBuf,
    /// The compiler.
    pub compiler: String,
    /// Whether the compiler is for Arm.
    pub arm: bool,
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Sets of headers.
    pub sets: usize,
    /// Sizes, offsets and numbers that were asked for and agreed.
    pub values: usize,
}

/// Compares the specifications of a checkout with each set of headers.
///
/// # Errors
///
/// As [`load`], [`Error::Mismatch`] for each value that differs, [`Error::Compile`] when the
/// headers lack something, [`Error::Run`] when there is no such compiler.
pub fn check_headers(root: &Path, sets: &[Headers]) -> Result<Report, Error> {
    let interfaces = load(root)?;
    let mut report = Report::default();
    let mut errors = Vec::new();
    for set in sets {
        report.sets += 1;
        for interface in interfaces
            .iter()
            .filter(|interface| interface.origin == set.origin)
        {
            match compare(interface, set) {
                Ok(values) => report.values += values,
                Err(error) => errors.push(error),
            }
        }
    }
    Error::collect(errors)?;
    Ok(report)
}

/// Compares one interface with one set of headers and says how many values agree.
///
/// # Errors
///
/// As [`check_headers`].
pub fn compare(interface: &Interface, set: &Headers) -> Result<usize, Error> {
    let probes = probes(interface, set);
    let assembly = compile(&probe::program(interface, &probes), set)?;
    let mut errors = Vec::new();
    for (index, probe) in probes.iter().enumerate() {
        let found = answer(&assembly, index).ok_or_else(|| Error::Compile {
            headers: set.name.clone(),
            message: format!("no answer for {}", probe.name),
        })?;
        if found != probe.expected {
            errors.push(Error::Mismatch {
                place: probe.place.clone(),
                name: probe.name.clone(),
                expected: probe.expected,
                found,
                headers: set.name.clone(),
            });
        }
    }
    Error::collect(errors)?;
    Ok(probes.len() + cover(interface, set)?)
}

/// The value in the line that [`probe::program`] marked with `index`.
fn answer(assembly: &str, index: usize) -> Option<i128> {
    let mark = format!("@@{index}@");
    let line = assembly
        .lines()
        .find_map(|line| line.trim().strip_prefix(&mark))?;
    line.trim().trim_start_matches(['$', '#']).parse().ok()
}

/// Linux's UAPI headers name types of a header that is not installed.
const SHIM: &str = "\
typedef unsigned short domid_t;
typedef unsigned int evtchn_port_t;
typedef unsigned int grant_ref_t;
typedef unsigned long xen_pfn_t;
";

/// Writes the header that is not installed into a directory of includes.
fn shim() -> Result<PathBuf, Error> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    // One for each call: threads must not read what another is writing.
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let scratch = std::env::temp_dir().join(format!("xen-abi-{}-{call}", std::process::id()));
    let directory = scratch.join("xen/interface");
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    };
    fs::create_dir_all(&directory).map_err(file(&directory))?;
    let header = directory.join("xen.h");
    fs::write(&header, SHIM).map_err(file(&header))?;
    Ok(scratch)
}

fn compile(program: &str, set: &Headers) -> Result<String, Error> {
    let scratch = shim()?;
    let run = |source| Error::Run {
        program: set.compiler.clone(),
        source,
    };
    let mut child = Command::new(&set.compiler)
        .args(["-S", "-O1", "-w", "-x", "c", "-o", "-", "-I"])
        .arg(&set.include)
        .arg("-idirafter")
        .arg(&scratch)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(run)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(program.as_bytes()).map_err(run)?;
    }
    let output = child.wait_with_output().map_err(run)?;
    // What cannot be removed stays in the temporary directory.
    let _ = fs::remove_dir_all(&scratch);
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("error"))
            .take(10)
            .collect();
        return Err(Error::Compile {
            headers: set.name.clone(),
            message: said.join("\n"),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Probe {
    fn new(place: &Place, name: String, expected: i128, expression: String) -> Self {
        Self {
            place: place.clone(),
            name,
            expected,
            expression,
        }
    }
}
