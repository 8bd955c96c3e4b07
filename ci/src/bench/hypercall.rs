// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What xen-ioctls costs above system calls that are made by hand.

use std::{process::ExitCode, time::Duration};

use super::figures::{Figures, Row};
use crate::{
    cache::Cache,
    cross,
    error::Error,
    lab::{
        Kind, Lab,
        boot::{Boot, End},
    },
};

const OURS: &str = "xen-ioctls";
const BARE: &str = "bare";

/// What is compared, and what is asked of it.
const ROWS: &[Row] = &[
    Row::new("dm_op set_irq_level, ns", "irq-level", "irq-level").at_most(1.05),
    Row::new("dm_op nr_vcpus, ns", "nr-vcpus", "nr-vcpus").at_most(1.05),
    Row::new("event channel status, ns", "port-status", "port-status"),
    Row::new("round trip of an event, ns", "event-trip", "event-trip"),
    Row::new("a page for hypercalls, ns", "new-page", "new-page"),
    Row::new("a lent buffer; a page, ns", "lent-buffer", "lent-buffer"),
    allocations("allocations: set_irq_level", "allocations-irq-level"),
    allocations("allocations: nr_vcpus", "allocations-nr-vcpus"),
    allocations("allocations: status", "allocations-port-status"),
    allocations("allocations: round trip", "allocations-event-trip"),
    allocations("allocations: lent buffer", "allocations-lent-buffer"),
];

const fn allocations(title: &'static str, what: &'static str) -> Row {
    Row::new(title, what, what).none()
}

/// With a device, for its interrupt.
const GUEST: &str = "name = 'still'\nkernel = '/lab/Image'\nmemory = 64\nvcpus = 1\n\
    virtio = [ 'type=virtio,device4,transport=mmio,grant_usage=0' ]\n";

/// A guest that does not run is as good as one that does, and does not disturb.
const SCRIPT: &str = "
    . /lab/lib.sh
    set -e
    xl create -q -p still.cfg
    ./bench $(xl domid still)
";

/// Measures in one boot, by a clock that counts instructions.
///
/// # Errors
///
/// When the lab cannot be set up or started, or the program cannot be built.
pub fn hypercall() -> Result<ExitCode, Error> {
    let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
    let mut boot = Boot::new(&lab)
        .log("bench_hypercall")
        .counted(true)
        .timeout(Duration::from_secs(600))
        .file("still.cfg", GUEST)
        .script(SCRIPT);
    for path in cross::build_examples(&lab, "xen-ioctls", &["bench"])? {
        boot = boot.file("bench", path);
    }
    let outcome = boot.run(|line| println!("{line}"))?;
    let figures = Figures::read(&outcome.lines);
    println!("\nmedians, in turn, by a clock that counts instructions, 4 ns each");
    print!("{}", figures.table(ROWS, OURS, BARE));
    if outcome.end == End::Exit(0) && figures.are_complete(ROWS, OURS, BARE) {
        return Ok(ExitCode::SUCCESS);
    }
    println!("!! not everything was measured");
    println!("!! the serial log is {}", outcome.serial.display());
    Ok(ExitCode::FAILURE)
}
