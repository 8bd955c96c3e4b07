// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Devices of fully virtualized guests on x86, with Debian's own Xen and kernels.

use std::time::Duration;

use super::{
    Guest, LabTest,
    parts::{DAEMON, DEVICES, LAB_GUEST, virtio, xvde},
};
use crate::lab::Arch;

/// What guests do with them.
const USE_THEM: &str = "
    set -e
    . /devices.sh
    echo \"cpus: $(nproc)\"
    use_all() {
        [ \"$(ls /sys/bus/virtio/devices | wc -l)\" = 2 ]
        entropy
        lab-guest io /dev/vda 60 7 4
    }
    use_all
    grep virtio /proc/interrupts
    echo 'all used'
    rebind_all
    use_all
    disk 2
    dmesg | grep -i -B2 -A20 'warning\\|call trace' || true
    echo 'all used again'
";

macro_rules! guest {
    ($name:literal, $vcpus:literal, $words:literal) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            words: $words,
            config: &[virtio!("0": "4"), xvde!("0": "/tmp/", $name, ".img")],
            files: &["devices.sh", LAB_GUEST],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

/// A plain `xl create` gives guests their devices, as functions on their PCI bus.
pub const DEVICES_WORK_ON_X86: LabTest = LabTest {
    name: "devices_work_on_x86",
    arch: Arch::X86,
    timeout: Duration::from_secs(600),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[guest!("messages", 1, ""), guest!("lines", 4, "pci=nomsi")],
    dom0: "
        vhost-device-xen check
        images messages lines
        daemon_start
        for guest in messages lines; do
            guest_start $guest
            guest_wait $guest 100
            guest_gone $guest 20
        done
        daemon_leaves_nothing
    ",
    seen: &[
        ("dom0", "nothing is left"),
        ("messages", "cpus: 1"),
        ("messages", "all used again"),
        ("lines", "cpus: 4"),
        ("lines", "IO-APIC * virtio*"),
        ("lines", "all used again"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("messages", "WARNING"),
        ("lines", "WARNING"),
    ],
    ..LabTest::DEFAULT
};
