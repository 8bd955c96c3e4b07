// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What guests' requests cost, with our daemon and with Xen's own disks.

mod chart;
mod gauge;
mod measure;
mod report;
mod x86;

use std::{fs, process::ExitCode};

use measure::{COUNTED, PINNED, REAL};

use super::figures::Figures;
use crate::{
    cache::Cache,
    cross,
    error::Error,
    lab::{Arch, Kind, Lab},
    lab_tests::Programs,
};

/// What the requests are, and what is asked of them.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Its name in what the programs print.
    name: &'static str,
    title: &'static str,
    /// Which duration stands for it. Requests made one after the other have a usual one; where
    /// several are under way, or are long, the whole time counts.
    figure: Figure,
    /// The most instructions that some peers are to take.
    targets: &'static [(&'static str, f64)],
    /// The most system calls for one, if that is asked.
    calls: Option<f64>,
    /// What Xen's own disks can do too.
    is_of_disks: bool,
}

#[derive(Clone, Copy, Debug)]
enum Figure {
    Mean,
    Median,
}

impl Case {
    /// The name of its duration in what was printed.
    fn time(&self) -> String {
        match self.figure {
            Figure::Mean => format!("{}-mean", self.name),
            Figure::Median => format!("{}-median", self.name),
        }
    }

    /// Instructions for a request, of the clock that counts them.
    fn instructions(&self, figures: &Figures, peer: &str) -> Option<f64> {
        let us = figures.median(peer, &self.time())?;
        Some(us * INSTRUCTIONS_IN_US)
    }

    /// The most instructions that a peer is to take, if there is such a number.
    fn target(&self, peer: &str) -> Option<f64> {
        let found = self.targets.iter().find(|(name, _)| *name == peer);
        found.map(|(_, most)| *most)
    }

    /// Something else of a request.
    fn of(&self, figures: &Figures, peer: &str, what: &str) -> Option<f64> {
        figures.median(peer, &format!("{}-{what}", self.name))
    }
}

/// QEMU's `-icount shift=2`: 4 ns each.
const INSTRUCTIONS_IN_US: f64 = 250.0;

const CASES: &[Case] = &[
    Case {
        name: "depth-1",
        title: "4 KiB random read, 1 at a time",
        figure: Figure::Median,
        targets: &[
            (GRANTS, 100_000.0),
            (PCI_GRANTS, 60_000.0),
            (PCI_FOREIGN, 50_800.0),
        ],
        calls: Some(6.0),
        is_of_disks: true,
    },
    Case {
        name: "depth-32",
        title: "4 KiB random read, 32 at a time",
        figure: Figure::Mean,
        targets: &[(GRANTS, 13_000.0), (PCI_GRANTS, 13_000.0)],
        calls: Some(1.0),
        is_of_disks: true,
    },
    Case {
        name: "read-mib",
        title: "1 MiB sequential read",
        figure: Figure::Mean,
        targets: &[(GRANTS, 960_000.0)],
        calls: None,
        is_of_disks: true,
    },
    Case {
        name: "write-mib",
        title: "1 MiB sequential write",
        figure: Figure::Mean,
        targets: &[],
        calls: None,
        is_of_disks: true,
    },
    Case {
        name: "entropy",
        title: "64 bytes of /dev/hwrng",
        figure: Figure::Median,
        targets: &[
            (GRANTS, 115_000.0),
            (PCI_GRANTS, 60_000.0),
            (PCI_FOREIGN, 41_000.0),
        ],
        calls: None,
        is_of_disks: false,
    },
    Case {
        name: "i2c",
        title: "I2C byte read",
        figure: Figure::Median,
        targets: &[(GRANTS, 115_000.0), (PCI_GRANTS, 70_000.0)],
        calls: None,
        is_of_disks: false,
    },
    Case {
        name: "register",
        title: "1 register read, for comparison",
        figure: Figure::Median,
        targets: &[],
        calls: None,
        is_of_disks: false,
    },
];

/// Who serves: the guests' names, but for the first.
const DOM0: &str = "dom0";
const PV: &str = "pv";
const GRANTS: &str = "grants";
const FOREIGN: &str = "foreign";
/// The same on the guest's PCI bus.
const PCI_GRANTS: &str = "pci-grants";
const PCI_FOREIGN: &str = "pci-foreign";
const OURS: &[&str] = &[GRANTS, FOREIGN, PCI_GRANTS, PCI_FOREIGN];
/// Everybody, in the order of tables.
const ALL: &[&str] = &[DOM0, PV, GRANTS, FOREIGN, PCI_GRANTS, PCI_FOREIGN];

/// Everything that was measured.
struct Measured {
    counted: Figures,
    real: Figures,
    pinned: Figures,
}

/// Measures everything, and writes the gauge's file, the table and the chart anew.
///
/// # Errors
///
/// Those of the lab.
pub(super) fn guest(arch: Arch) -> Result<ExitCode, Error> {
    if arch == Arch::X86 {
        return x86::guest();
    }
    let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
    let programs = Programs::build(&lab, &[&COUNTED])?;
    let mut all = Vec::new();
    for test in [&COUNTED, &REAL, &PINNED] {
        match measure::run(test, &lab, &programs, true)? {
            Some(figures) => all.push(figures),
            None => return Ok(ExitCode::FAILURE),
        }
    }
    let [counted, real, pinned] = <[Figures; 3]>::try_from(all).unwrap_or_default();
    let measured = Measured {
        counted,
        real,
        pinned,
    };
    gauge::write(&measured.counted)?;
    report::write(&measured)?;
    print!("{}", report::tables(&measured));
    Ok(ExitCode::SUCCESS)
}

/// Compares a fresh count of instructions with the gauge's file: whether nothing is worse. Shows what is
/// measured as it comes if `live` is set.
///
/// # Errors
///
/// Those of the lab.
pub(super) fn check(live: bool) -> Result<bool, Error> {
    let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
    let programs = Programs::build(&lab, &[&COUNTED])?;
    match measure::run(&COUNTED, &lab, &programs, live)? {
        Some(figures) => gauge::compare(&figures),
        None => Ok(false),
    }
}

/// Reads a file of the repository.
fn read(name: &str) -> Result<String, Error> {
    let path = cross::root().join(name);
    fs::read_to_string(&path).map_err(Error::path("read", path))
}

/// Writes a file of the repository, and says so.
fn write(name: &str, text: &str) -> Result<(), Error> {
    let path = cross::root().join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::path("create", folder))?;
    }
    fs::write(&path, text).map_err(Error::path("write", path))?;
    println!("written: {name}");
    Ok(())
}
