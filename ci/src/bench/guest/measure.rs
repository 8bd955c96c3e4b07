// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The boots in which it is measured.

use std::time::Duration;

use super::super::figures::Figures;
use crate::{
    error::Error,
    lab::Lab,
    lab_tests::{
        Guest, LabTest, Programs, Verdict,
        parts::{DAEMON, LAB_GUEST, bus, virtio, xvda},
    },
};

/// A case, what it needs, how often it is done, and how often while system calls are counted.
const COUNTED_CASES: &str = "\
    depth-1 disk 200 100\n\
    depth-32 disk 3200 640\n\
    read-mib disk 32 8\n\
    write-mib disk 32 8\n\
    entropy entropy 200 50\n\
    i2c chip 200 50\n\
    register register 200 50\n";

const REAL_CASES: &str = "\
    depth-1 disk 400\n\
    depth-32 disk 6400\n\
    read-mib disk 48\n\
    write-mib disk 48\n\
    entropy entropy 150\n\
    i2c chip 150\n\
    register register 150\n";

/// Guests, one after the other: a disk of blkback's, and our devices in both ways of reaching memory, on
/// both transports. `$more` is for their `xl.cfg`.
macro_rules! guests {
    ($more:literal) => {
        &[
            guest!("pv", r#"disk = [ "phy:/dev/loop0,xvda,w" ]"#, "", $more),
            guest!("grants", xvda!("1": "/tmp/disk.img"), virtio!("1": "4", "22"), $more),
            guest!("foreign", xvda!("0": "/tmp/disk.img"), virtio!("0": "4", "22"), $more),
            guest!(
                "pci-grants",
                xvda!("1": "/tmp/disk.img"),
                concat!(virtio!("1": "4", "22"), "\n", bus!("1")),
                $more
            ),
            guest!(
                "pci-foreign",
                xvda!("0": "/tmp/disk.img"),
                concat!(virtio!("0": "4", "22"), "\n", bus!("0")),
                $more
            ),
        ]
    };
}
macro_rules! guest {
    ($name:literal, $disk:expr, $others:expr, $more:literal) => {
        Guest {
            name: $name,
            config: &[$disk, $others, $more],
            files: &[LAB_GUEST],
            script: include_str!("../../../lab/bench-guest.sh"),
            ..Guest::DEFAULT
        }
    };
}

const SCRIPT: (&str, &str) = ("bench.sh", include_str!("../../../lab/bench.sh"));
const BLOCK: (&str, &str) = ("block", include_str!("../../../lab/block-script.sh"));

/// One boot, which counts instructions and then system calls.
pub(super) const COUNTED: LabTest = LabTest {
    name: "bench_guest",
    counted: true,
    timeout: Duration::from_secs(900),
    programs: &[DAEMON, LAB_GUEST],
    files: &[SCRIPT, BLOCK, ("cases", COUNTED_CASES)],
    guests: guests!(""),
    dom0: "traced=1; . ./bench.sh; bench 1",
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..LabTest::DEFAULT
};

/// The same in real time, three times.
pub(super) const REAL: LabTest = LabTest {
    name: "bench_guest_real",
    counted: false,
    files: &[SCRIPT, BLOCK, ("cases", REAL_CASES)],
    dom0: "traced=; . ./bench.sh; bench 3",
    ..COUNTED
};

/// And with two CPUs, one for dom0 and one for the guest.
pub(super) const PINNED: LabTest = LabTest {
    name: "bench_guest_pinned",
    smp: 2,
    pinned: true,
    guests: guests!("cpus = \"1\""),
    ..REAL
};

/// Boots, and takes the figures; says what is wrong if there are none. Shows what is printed as it
/// comes if `live` is set.
///
/// # Errors
///
/// As [`LabTest::run`].
pub(super) fn run(
    test: &LabTest,
    lab: &Lab,
    programs: &Programs,
    live: bool,
) -> Result<Option<Figures>, Error> {
    println!("-- {}", test.name);
    let show = |line: &str| {
        if live {
            println!("{line}");
        }
    };
    let Verdict {
        outcome,
        complaints,
    } = test.run(lab, programs, show)?;
    println!("-- {}: {:.0} s", test.name, outcome.took.as_secs_f64());
    if complaints.is_empty() {
        return Ok(Some(Figures::read(&outcome.lines)));
    }
    for line in outcome.lines.iter().filter(|_| !live) {
        println!("{line}");
    }
    for complaint in complaints {
        println!("!! {complaint}");
    }
    println!("!! the serial log is {}", outcome.serial.display());
    Ok(None)
}
