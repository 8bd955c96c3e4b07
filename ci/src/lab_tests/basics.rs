// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The lab itself, without a daemon.

use super::{Guest, LabTest};

/// Xen answers dom0's tools, and dom0 has the device nodes that the daemon lives on.
pub const DOM0_BOOTS: LabTest = LabTest {
    name: "dom0_boots",
    dom0: "
        xl info
        for node in evtchn gntalloc gntdev hypercall privcmd xenbus; do
            [ -c /dev/xen/$node ] && echo node $node
        done
        [ -d /sys/kernel/config ]
        xenstore-read domid
    ",
    seen: &[
        ("dom0", "xen_version * : 4.20"),
        ("dom0", "node evtchn"),
        ("dom0", "node gntalloc"),
        ("dom0", "node gntdev"),
        ("dom0", "node hypercall"),
        ("dom0", "node privcmd"),
    ],
    ..LabTest::DEFAULT
};

/// A guest boots, runs its script, and is gone.
pub const A_GUEST_BOOTS: LabTest = LabTest {
    name: "a_guest_boots",
    files: &[("greeting", "hello from dom0\n")],
    guests: &[Guest {
        name: "a",
        vcpus: 2,
        files: &["greeting"],
        script: "
            set -e
            cat /greeting
            echo \"cpus: $(nproc)\"
            [ -c /dev/mem ]
            dd if=/dev/zero of=/tmp/disk bs=1M count=1 2>/dev/null
            losetup /dev/loop0 /tmp/disk
            mkfs.ext2 /dev/loop0 >/dev/null
            mkdir /mnt
            mount /dev/loop0 /mnt
            cp /greeting /mnt
            umount /mnt
            echo 3 > /proc/sys/vm/drop_caches
            mount /dev/loop0 /mnt
            sha256sum /greeting /mnt/greeting | cut -d' ' -f1 | uniq -c
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        guest_start a
        guest_wait a 60
        guest_gone a 20
    ",
    seen: &[
        ("a", "DOMU-UP"),
        ("a", "hello from dom0"),
        ("a", "cpus: 2"),
        ("a", "2 5527f2acc78eb8da"),
        ("a", "DOMU-EXIT 0"),
    ],
    ..LabTest::DEFAULT
};
