// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The daemon's README is followed to the letter.

use std::time::Duration;

use super::parts::{DAEMON, TOOLS};
use super::{Guest, LabTest};

/// The lab's dom0 has no systemd: what the unit says is done instead, and no other word is changed.
const SYSTEMCTL: (&str, &str) = (
    "systemctl",
    "#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
[ \"$*\" = 'enable --now vhost-device-xen' ]
line() { sed -n \"s/^$1=//p\" /etc/systemd/system/vhost-device-xen.service; }
$(line ExecStartPre) > /dev/null
$(line ExecStart) 2> /tmp/daemon.log &
",
);

/// From a binary to a disk: every command of that section, in its order.
pub const THE_README_LEADS_TO_A_DISK: LabTest = LabTest {
    name: "the_readme_leads_to_a_disk",
    timeout: Duration::from_secs(180),
    programs: &[DAEMON],
    files: &[
        (
            "README.md",
            include_str!("../../../vhost-device-xen/README.md"),
        ),
        (
            "vhost-device-xen.service",
            include_str!("../../../vhost-device-xen/dist/vhost-device-xen.service"),
        ),
        SYSTEMCTL,
    ],
    guests: &[Guest {
        name: "guest",
        files: &[TOOLS],
        script: "
            set -e
            mkfs.ext4 -q /dev/vda
            mkdir -p /mnt
            mount -t ext4 /dev/vda /mnt
            echo 'a file of the guest' > /mnt/file
            umount /mnt
            echo 'the disk is made'
            sleep 1000
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        mkdir -p /tmp/new /mnt
        cp $(which vhost-device-xen) vhost-device-xen.service /tmp/new
        rm $(which vhost-device-xen)
        install -m 755 systemctl /bin/systemctl
        sed -n '/^## From a binary/,/^## Devices/p' README.md | sed -n '/^```sh/,/^```$/p' |
            grep -v '^```' > /tmp/new/commands
        cat /tmp/new/commands
        # What guest.cfg has already: kernel, memory, name.
        guest_prepare guest
        grep -v '^disk' guest.cfg > /tmp/new/guest.cfg
        show daemon /tmp/daemon.log
        export PATH=$PATH:/usr/local/sbin
        (cd /tmp/new && sh -eux ./commands)
        wait_line $(console guest) 'the disk is made' 60
        xl destroy guest
        guest_gone guest 20
        losetup /dev/loop0 /srv/guest.img
        mount -t ext4 /dev/loop0 /mnt
        cat /mnt/file
    ",
    seen: &[
        ("dom0", "ok       privcmd: Xen 4*"),
        ("dom0", "a file of the guest"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..LabTest::DEFAULT
};
