// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask bench`: this project's crates against what they stand beside, in one run.

mod block;
mod figures;
mod guest;
mod hypercall;
mod memory;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use figures::{Figures, Row};

use crate::{
    args::Measured,
    cache::{Cache, Scratch},
    cross,
    error::Error,
    lab::{
        Arch, Kind, Lab,
        boot::{Boot, End},
        xen,
    },
    progress::Reporter,
};

/// How often each of the two is run, one after the other.
const ROUNDS: u32 = 5;

/// What a second is, and whether the machine's clock counts instructions. Those ratios hold on a
/// busy host too; real time has what caches and a second processor do.
const CLOCKS: &[(&str, bool)] = &[
    ("a second is 250 million instructions", true),
    ("real time", false),
];

const OURS: &str = "xen-store";
const THEIRS: &str = "libxenstore";

/// What is compared, and what is asked of it.
const ROWS: &[Row] = &[
    Row::new("reads/s, 1 in flight", "read-1", "read-1").at_least(1.0),
    Row::new("writes/s, 1 in flight", "write-1", "write-1").at_least(1.0),
    Row::new(
        "reads/s, 32 threads, 1 connection each way",
        "read-32-threads",
        "read-32-threads",
    )
    .at_least(3.0),
    Row::new(
        "reads/s, 32 tasks; 32 threads, 32 connections",
        "read-32-tasks",
        "read-32-handles",
    )
    .at_least(3.0),
    Row::new("watch, median, us", "watch-median", "watch-median"),
    Row::new("watch, 99 of 100, us", "watch-99", "watch-99"),
    Row::new(
        "allocations for a read",
        "allocations-read",
        "allocations-read",
    ),
];

/// Measures `subject`, guests on machines of `arch`, and prints a table; success if everything was measured. With `is_check`, which
/// only [`Measured::Guest`] knows, its figures are compared with those of the repository.
///
/// # Errors
///
/// When the lab cannot be set up or started, or a program cannot be built.
pub fn run(subject: Measured, arch: Arch, is_check: bool) -> Result<ExitCode, Error> {
    match subject {
        Measured::Block => block::block(),
        Measured::Guest if is_check => guest::check(true).map(code),
        Measured::Guest => guest::guest(arch),
        Measured::Hypercall => hypercall::hypercall(),
        Measured::Memory => memory::memory(),
        Measured::Store => store(),
    }
}

/// Whether guests' requests cost no more than the repository's figures say.
///
/// # Errors
///
/// Those of the lab.
pub fn guest_is_as_good() -> Result<bool, Error> {
    guest::check(false)
}

fn code(all_well: bool) -> ExitCode {
    match all_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn store() -> Result<ExitCode, Error> {
    let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
    let scratch = lab.cache().scratch("bench")?;
    let ours = cross::build_examples(&lab, "xen-store", &["bench"])?;
    let theirs = build_c(&lab, &scratch)?;
    let mut all_well = true;
    for (clock, counted) in CLOCKS {
        let mut boot = Boot::new(&lab)
            .log("bench_store")
            .timeout(Duration::from_secs(900))
            .counted(*counted)
            .script(format!(
                "set -e\nexport XENSTORED_PATH=/run/xenstored/socket\n\
                 for round in $(seq {ROUNDS}); do {OURS} 4000 400; {THEIRS} 4000 400; done\n"
            ))
            .file(THEIRS, &*theirs);
        for path in &ours {
            boot = boot.file(OURS, &**path);
        }
        let outcome = boot.run(|line| println!("{line}"))?;
        let figures = Figures::read(&outcome.lines);
        println!("\n{clock}: medians of {ROUNDS} runs of each, C xenstored, its socket");
        println!("{}", figures.table(ROWS, OURS, THEIRS));
        if outcome.end != End::Exit(0) || !figures.are_complete(ROWS, OURS, THEIRS) {
            println!("!! not everything was measured");
            println!("!! the serial log is {}", outcome.serial.display());
            all_well = false;
        }
    }
    Ok(code(all_well))
}

/// Builds the program on libxenstore with dom0's own library.
fn build_c(lab: &Lab, scratch: &Scratch) -> Result<PathBuf, Error> {
    let mut reporter = Reporter::new(lab.cache().log("cross-bench")?)?;
    let mut step = reporter.step("the program on libxenstore for arm64");
    let headers = scratch.work();
    if let Some(source) = lab.xen_source() {
        xen::unpack_store_headers(&mut step, &source, &headers)?;
    }
    let library = lab
        .sysroot()
        .join(lab.arch().lib())
        .join("libxenstore.so.4");
    let program = scratch.out().join(THEIRS);
    let mut gcc = lab.arch().tool("gcc");
    gcc.args(["-O2", "-pthread", "-Wall", "-Werror", "-I"])
        .arg(headers)
        .arg("-o")
        .arg(&program)
        .arg(cross::root().join("ci/bench/store/bench.c"))
        .arg(library)
        // It is linked to a newer C library in dom0.
        .arg("-Wl,--allow-shlib-undefined");
    step.run(&mut gcc)?;
    step.done();
    Ok(program)
}
