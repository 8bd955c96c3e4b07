// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Our devices without Xen: `vhost-device-xen backend` behind an emulated machine, with the checks
//! of Xen's guests.

use std::path::{Path, PathBuf};

use super::{
    frame::{Verdict, ending, matches},
    parts::{DEVICES, LAB_GUEST},
};
use crate::{
    error::Error,
    lab::{
        Lab,
        boot::Outcome,
        plain::{Backend, Plain},
    },
};

/// Every test, in the order in which they are run.
pub const ALL: &[&PlainTest] = &[&DEVICES_WORK_WITHOUT_XEN, &A_BACKEND_THAT_DIES_COMES_BACK];

/// A boot of a guest in a plain machine.
#[derive(Clone, Copy, Debug)]
pub struct PlainTest {
    /// What is so, as words with underlines.
    pub name: &'static str,
    /// Its devices.
    pub backends: &'static [Backend],
    /// A line of the guest's, and the kind of the backend that is killed then, and started again.
    pub restart: Option<(&'static str, &'static str)>,
    /// The script in the guest, for busybox sh.
    pub script: &'static str,
    /// What must be seen on the console: parts of lines, in which `*` stands for anything.
    pub seen: &'static [&'static str],
    /// What must not be seen, of the guest or, after `backend| `, of a backend.
    pub unseen: &'static [&'static str],
}

/// Every device does in a plain machine what it does for a guest of Xen.
pub const DEVICES_WORK_WITHOUT_XEN: PlainTest = PlainTest {
    name: "devices_work_without_xen",
    backends: &[
        Backend {
            kind: "rng",
            options: &[],
            device: "vhost-user-rng",
        },
        Backend {
            kind: "block",
            options: &["--image", "disk", "--serial", "plain"],
            device: "vhost-user-blk",
        },
        Backend {
            kind: "i2c",
            options: &["--bus", "sim:0x20,0x21"],
            device: "vhost-user-i2c-device",
        },
        Backend {
            kind: "gpio",
            options: &["--chip", "sim", "--lines", "3,2"],
            device: "vhost-user-gpio-device",
        },
    ],
    restart: None,
    script: "
        set -e
        . /devices.sh
        entropy
        head -c 1048576 /dev/hwrng | wc -c
        disk
        echo serial $(cat /sys/block/vda/serial)
        lab-guest i2c /dev/i2c-0 detect
        lab-guest i2c /dev/i2c-0 use 0x20
        lab-guest i2c /dev/i2c-0 use 0x21
        lab-guest i2c /dev/i2c-0 refused 0x50
        # The emulator before version 8.2 keeps the feature bit of interrupts to itself.
        wires() {
            if grep -q '^1' $(dirname $(grep -l 0x0029 /sys/bus/virtio/devices/*/device))/features; then
                lab-guest gpio /dev/gpiochip0 pair $1 $2
            else
                lab-guest gpio /dev/gpiochip0 hold $1 1 $2
            fi
        }
        lab-guest gpio /dev/gpiochip0 names
        wires 0 1
        wires 1 0
        for n in 1 2 3; do rebind_all; entropy; done
        lab-guest i2c /dev/i2c-0 use 0x20
        wires 0 1
        disk
        echo 'all used'
    ",
    seen: &[
        "entropy: 512 bytes",
        "1048576",
        "disk: 8 MiB verified twice",
        "serial plain",
        "i2c: found 0x20 0x21",
        "i2c: combined transfer is well",
        "i2c: 0x50 is refused",
        "gpio: names sim-3,sim-2",
        "disk: 8 MiB verified twice",
        "all used",
    ],
    unseen: &["backend| *ERROR", "backend| *WARN", "I/O error"],
};

/// What a disk was asked for when its backend was killed is done by the next one.
pub const A_BACKEND_THAT_DIES_COMES_BACK: PlainTest = PlainTest {
    name: "a_backend_that_dies_comes_back",
    backends: &[Backend {
        kind: "block",
        options: &["--image", "disk"],
        device: "vhost-user-blk",
    }],
    restart: Some(("kill it", "block")),
    script: "
        set -e
        . /devices.sh
        for n in 1 2 3; do
            (sleep 0.3; echo 'kill it') &
            disk
        done
        echo 'all written'
    ",
    seen: &["kill it", "disk: 8 MiB verified twice", "all written"],
    unseen: &["backend| *ERROR", "I/O error"],
};

/// The tests whose names contain one of `parts`; all of them if there are no `parts`.
pub fn named(parts: &[String]) -> Vec<&'static PlainTest> {
    let wanted =
        |test: &&PlainTest| parts.is_empty() || parts.iter().any(|part| test.name.contains(part));
    ALL.iter().copied().filter(wanted).collect()
}

impl PlainTest {
    /// Runs the test with `daemon`, built for this host, and `guest`, the guest's tool for arm64;
    /// gives each line of the console to `on_line`.
    ///
    /// # Errors
    ///
    /// As [`Plain::run`].
    pub fn run(
        &self,
        lab: &Lab,
        daemon: &Path,
        guest: PathBuf,
        on_line: impl FnMut(&str),
    ) -> Result<Verdict, Error> {
        let (name, text) = DEVICES;
        let outcome = Plain::new(lab, self.name, daemon, self.backends)
            .restart(self.restart)
            .file(name, text)
            .file(LAB_GUEST, guest)
            .file("domu.sh", self.script)
            .run(on_line)?;
        let complaints = self.complaints(&outcome);
        Ok(Verdict {
            outcome,
            complaints,
        })
    }

    fn complaints(&self, outcome: &Outcome) -> Vec<String> {
        let is_seen = |part: &str| outcome.lines.iter().any(|line| matches(part, line));
        let mut complaints = Vec::from_iter(ending(outcome.end));
        let missing = self.seen.iter().filter(|part| !is_seen(part));
        complaints.extend(missing.map(|part| format!("there is no '{part}'")));
        let wrong = self.unseen.iter().filter(|part| is_seen(part));
        complaints.extend(wrong.map(|part| format!("there is '{part}'")));
        complaints
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::lab::boot::End;

    const TEST: PlainTest = PlainTest {
        name: "test",
        backends: &[],
        restart: None,
        script: "",
        seen: &["one"],
        unseen: &["backend| *WARN"],
    };

    fn complaints(end: End, lines: &[&str]) -> Vec<String> {
        TEST.complaints(&Outcome {
            end,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            serial: PathBuf::new(),
            took: Duration::ZERO,
        })
    }

    #[test]
    fn what_is_seen_passes() {
        assert!(complaints(End::Exit(0), &["one"]).is_empty());
    }

    #[test]
    fn what_is_missing_or_should_be_is_a_complaint() {
        let found = complaints(End::Exit(1), &["two", "backend| [WARN ] x"]);

        let wanted = [
            "the script ended with 1",
            "there is no 'one'",
            "there is 'backend| *WARN'",
        ];
        assert_eq!(found, wanted);
    }
}
