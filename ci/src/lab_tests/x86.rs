// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The lab of x86 itself, without a daemon.

use std::time::Duration;

use super::{Guest, LabTest, parts::LAB_GUEST};
use crate::lab::Arch;

/// What a guest says of itself, and of the drivers that devices of ours need.
const SCRIPT: &str = "
    set -e
    echo \"cpus: $(nproc)\"
    echo \"words: $(cat /proc/cmdline)\"
    for driver in virtio_blk virtio_rng; do
        [ -d /sys/bus/virtio/drivers/$driver ] && echo driver $driver
    done
    [ -d /sys/bus/pci/drivers/virtio-pci ] && echo driver virtio-pci
    [ -d /sys/bus/platform/drivers/virtio-mmio ] && echo driver virtio-mmio
    [ ! -e /lab-guest ] || lab-guest 2>&1 | grep usage
";

/// Debian's own Xen and kernels boot, dom0 has the device nodes that the daemon lives on, and guests
/// come by a plain `xl create`, and go.
pub const X86_GUESTS_BOOT: LabTest = LabTest {
    name: "x86_guests_boot",
    arch: Arch::X86,
    timeout: Duration::from_secs(480),
    programs: &[LAB_GUEST],
    guests: &[
        Guest {
            name: "one",
            files: &[LAB_GUEST],
            script: SCRIPT,
            ..Guest::DEFAULT
        },
        Guest {
            name: "four",
            vcpus: 4,
            words: "pci=nomsi",
            script: SCRIPT,
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        xl info
        for node in evtchn gntalloc gntdev hypercall privcmd xenbus; do
            [ -c /dev/xen/$node ] && echo node $node
        done
        lab-guest 2>&1 | grep usage
        for guest in one four; do
            guest_start $guest
            guest_wait $guest 240
            guest_gone $guest 20
        done
        no_guest
        echo 'nothing is left'
    ",
    seen: &[
        ("dom0", "xen_version * : 4.20"),
        ("dom0", "node evtchn"),
        ("dom0", "node gntalloc"),
        ("dom0", "node gntdev"),
        ("dom0", "node hypercall"),
        ("dom0", "node privcmd"),
        ("dom0", "usage: lab-guest"),
        ("dom0", "nothing is left"),
        ("one", "cpus: 1"),
        ("one", "driver virtio_blk"),
        ("one", "driver virtio_rng"),
        ("one", "driver virtio-pci"),
        ("one", "driver virtio-mmio"),
        ("one", "usage: lab-guest"),
        ("one", "DOMU-EXIT 0"),
        ("four", "cpus: 4"),
        ("four", "words: * pci=nomsi"),
        ("four", "DOMU-EXIT 0"),
    ],
    ..LabTest::DEFAULT
};
