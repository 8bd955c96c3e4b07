// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The disks of one fully virtualized guest on x86: ours, the device model's, and Xen's own.

use std::{fmt::Write, process::ExitCode, time::Duration};

use super::{CASES, Figure, Figures, PV, measure, report};
use crate::{
    cache::Cache,
    error::Error,
    lab::{Kind, Lab},
    lab_tests::{
        Guest, LabTest, Programs,
        parts::{DAEMON, LAB_GUEST},
    },
};

const PAGE: &str = "docs/bench-guest-x86.md";

const CASES_OF_DISKS: &str = "\
    depth-1 disk 200\n\
    depth-32 disk 1600\n\
    read-mib disk 16\n\
    write-mib disk 16\n";

/// Who serves, in the order of the table.
const PEERS: &[&str] = &[PV, QEMU, OURS];
const QEMU: &str = "qemu";
const OURS: &str = "ours";

/// One boot with one guest, whose three disks are the same file.
const TEST: LabTest = LabTest {
    name: "bench_guest_x86",
    lab: Kind::X86,
    counted: true,
    timeout: Duration::from_secs(1200),
    programs: &[DAEMON, LAB_GUEST],
    files: &[
        ("bench.sh", include_str!("../../../lab/bench.sh")),
        ("bench-x86.sh", include_str!("../../../lab/bench-x86.sh")),
        ("block", include_str!("../../../lab/block-script.sh")),
        ("cases", CASES_OF_DISKS),
    ],
    guests: &[Guest {
        name: "guest",
        // Otherwise the kernel has the device model take its disks away, as it has Xen's own.
        words: "xen_emul_unplug=unnecessary",
        config: &[
            "disk = [ \"format=raw,vdev=xvde,access=rw,backendtype=standalone,specification=virtio,target=/tmp/disk.img\", \"phy:/dev/loop0,xvdf,w\" ]",
            "device_model_args_hvm = [ \"-drive\", \"file=/tmp/disk.img,if=none,id=disk,format=raw,file.locking=off\", \"-device\", \"virtio-blk-pci,drive=disk,disable-legacy=on,num-queues=1\" ]",
        ],
        files: &[LAB_GUEST],
        script: concat!(
            include_str!("../../../lab/bench-x86-guest.sh"),
            include_str!("../../../lab/bench-guest.sh")
        ),
        ..Guest::DEFAULT
    }],
    dom0: ". ./bench-x86.sh; bench_x86",
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..LabTest::DEFAULT
};

const HEAD: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
<!-- Written by `cargo xtask bench guest --arch x86_64`. -->
# What requests of a disk cost on x86

In the lab: Debian 13's Xen 4.20, its Linux 6.12 in dom0 (a PV domain) and its cloud kernel in an HVM guest with one
CPU, in an emulated machine with one CPU, whose clock counts instructions of all of them. `PV` is Xen's own disk:
blkfront, blkback and a loop device. `QEMU` is virtio-blk-pci of the guest's device model, `ours` is
vhost-device-xen: both virtio-pci with MSI-X and one queue, without grants. All three are disks of the same
guest in the same boot, and the same file on tmpfs, past the guest's page cache (`O_DIRECT`).

```sh
cargo xtask bench guest --arch x86_64
```

Thousands of instructions for each request; where all wait for a timer, the time until then counts as if instructions had
been executed. One at a time: the median; otherwise the whole time by the number of requests. The targets: ours takes fewer
than either, but one at a time only than QEMU.

";

const DETAILS: &str = "
For each request: `exits` are the events that reach who serves it, which for QEMU and ours are accesses to registers, and for PV
notifications; `interrupts` are the guest's own count.

";

/// Measures, and writes the page anew.
///
/// # Errors
///
/// Those of the lab.
pub(super) fn guest() -> Result<ExitCode, Error> {
    let lab = Lab::setup(&Cache::open()?, Kind::X86)?;
    let programs = Programs::build(&lab, &[&TEST])?;
    let Some(figures) = measure::run(&TEST, &lab, &programs, true)? else {
        return Ok(ExitCode::FAILURE);
    };
    let page = [HEAD, &instructions(&figures), DETAILS, &details(&figures)].concat();
    super::write(PAGE, &page)?;
    print!("{page}");
    Ok(ExitCode::SUCCESS)
}

/// What each peer takes, and how much of that ours does.
fn instructions(figures: &Figures) -> String {
    let mut table = report::head(&[
        "request", "PV", "QEMU", "ours", "by QEMU", "by PV", "target",
    ]);
    for case in CASES.iter().filter(|case| case.is_of_disks) {
        let of = |peer: &str| case.instructions(figures, peer);
        let by = |peer: &str| report::ratio(of(OURS), of(peer));
        let is_less = |peer: &str| of(OURS).zip(of(peer)).map(|(ours, theirs)| ours < theirs);
        let met = match case.figure {
            Figure::Median => is_less(QEMU),
            Figure::Mean => is_less(QEMU).zip(is_less(PV)).map(|(qemu, pv)| qemu && pv),
        };
        let mut cells = vec![case.title.to_owned()];
        cells.extend(PEERS.iter().map(|peer| report::thousands(of(peer))));
        cells.extend([by(QEMU), by(PV), verdict(met).to_owned()]);
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}

fn verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "missed",
        None => "",
    }
}

fn details(figures: &Figures) -> String {
    let mut table = report::head(&["request", "by", "exits", "interrupts"]);
    for case in CASES.iter().filter(|case| case.is_of_disks) {
        for peer in PEERS {
            let of = |what| report::plain(case.of(figures, peer, what));
            let (exits, interrupts) = (of("exits"), of("interrupts"));
            let _ = writeln!(
                table,
                "| {} | {peer} | {exits} | {interrupts} |",
                case.title
            );
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_1(ours: f64, qemu: f64, pv: f64) -> String {
        let line = |peer, us: f64| format!("{peer} depth-1-median {us} us");
        let lines = [line(OURS, ours), line(QEMU, qemu), line(PV, pv)];
        instructions(&Figures::read(&lines))
    }

    #[test]
    fn one_at_a_time_is_compared_with_the_device_model() {
        assert!(depth_1(1.0, 2.0, 0.5).contains("| 0.50 | 2.00 | met |"));
        assert!(depth_1(2.0, 1.0, 4.0).contains("| 2.00 | 0.50 | missed |"));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let table = instructions(&Figures::read(&[]));

        assert!(!table.contains("met |") && !table.contains("missed |"));
    }
}
