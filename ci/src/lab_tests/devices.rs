// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guests use the daemon's devices.

use std::time::Duration;

use super::parts::{DAEMON, DEVICES, TOOLS, devices};
use super::{Guest, LabTest};

const USE_THEM: &str = "
    set -e
    . /devices.sh
    entropy
    good_entropy 40
    disk
";

macro_rules! user {
    ($name:literal, $vcpus:literal, $grants:literal) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            config: devices!($name, $grants),
            files: &["devices.sh", TOOLS],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

const ALL_COMBINATIONS: &[Guest] = &[
    user!("grants1", 1, "1"),
    user!("grants2", 2, "1"),
    user!("foreign1", 1, "0"),
    user!("foreign2", 2, "0"),
];

const ALL_VERIFIED: &[(&str, &str)] = &[
    ("grants1", "entropy: 512 bytes"),
    ("grants1", "of 40 blocks pass"),
    ("grants1", "disk: 8 MiB verified twice"),
    ("grants2", "entropy: 512 bytes"),
    ("grants2", "of 40 blocks pass"),
    ("grants2", "disk: 8 MiB verified twice"),
    ("foreign1", "entropy: 512 bytes"),
    ("foreign1", "of 40 blocks pass"),
    ("foreign1", "disk: 8 MiB verified twice"),
    ("foreign2", "entropy: 512 bytes"),
    ("foreign2", "of 40 blocks pass"),
    ("foreign2", "disk: 8 MiB verified twice"),
];

/// With the daemon running, a plain `xl create` is all.
pub const DEVICES_WORK_FROM_A_PLAIN_CREATE: LabTest = LabTest {
    name: "devices_work_from_a_plain_create",
    timeout: Duration::from_secs(240),
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: ALL_COMBINATIONS,
    dom0: "
        guests='grants1 grants2 foreign1 foreign2'
        images $guests
        daemon_start
        for guest in $guests; do
            guest_start $guest
        done
        for guest in $guests; do
            guest_wait $guest 200
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: ALL_VERIFIED,
    unseen: &[
        ("daemon", "ERROR"),
        ("grants1", "Grant still in use"),
        ("grants2", "Grant still in use"),
    ],
    ..LabTest::DEFAULT
};

/// A daemon that comes after the domain finds its devices too.
pub const DEVICES_WORK_FOR_DOMAINS_OLDER_THAN_THE_DAEMON: LabTest = LabTest {
    name: "devices_work_for_domains_older_than_the_daemon",
    timeout: Duration::from_secs(240),
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: ALL_COMBINATIONS,
    // A disk keeps `xl create` waiting for its backend, for ten seconds: the domains are there,
    // paused, before there is a daemon.
    dom0: "
        guests='grants1 grants2 foreign1 foreign2'
        images $guests
        pids=
        for guest in $guests; do
            guest_start $guest -p &
            pids=\"$pids $!\"
            wait_for 10 sh -c \"xl list | grep -q $guest\"
        done
        daemon_start
        for pid in $pids; do wait $pid; done
        for guest in $guests; do xl unpause $guest; done
        for guest in $guests; do
            guest_wait $guest 200
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: ALL_VERIFIED,
    unseen: &[("daemon", "ERROR")],
    ..LabTest::DEFAULT
};

macro_rules! reader {
    ($name:literal, $grants:literal) => {
        Guest {
            name: $name,
            config: devices!($name, $grants),
            files: &["devices.sh", TOOLS],
            script: ". /devices.sh; set -e; good_entropy 420",
            ..Guest::DEFAULT
        }
    };
}

/// 1 MiB for each guest passes the usual tests.
pub const ENTROPY_IS_GOOD: LabTest = LabTest {
    name: "entropy_is_good",
    timeout: Duration::from_secs(600),
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: &[reader!("grants", "1"), reader!("foreign", "0")],
    dom0: "
        images grants foreign
        daemon_start
        for guest in grants foreign; do
            guest_start $guest
        done
        for guest in grants foreign; do
            guest_wait $guest 500
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: &[
        ("grants", "of 420 blocks pass"),
        ("foreign", "of 420 blocks pass"),
    ],
    ..LabTest::DEFAULT
};

/// A driver may leave a device and come back. With grants, only the drivers of the virtio bus do:
/// when virtio-mmio's leaves, Linux 6.12 keeps a pointer to memory that it has freed
/// (grant-dma-ops.c), with whatever backend.
pub const DRIVERS_COME_BACK: LabTest = LabTest {
    name: "drivers_come_back",
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: &[
        Guest {
            name: "grants",
            vcpus: 2,
            config: devices!("grants", "1"),
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                entropy
                for n in 1 2 3; do rebind_all; entropy; done
                disk
                echo 'three times'

                # What Linux does when virtio-mmio's driver comes back is Linux's own affair, but
                # it must be that, and nothing else.
                rebind_transport || true
                if timeout 5 sh -ec '. /devices.sh; entropy'; then
                    echo 'the transport came back'
                else
                    dmesg | grep 'Xen grant DMA data is already created'
                fi
            ",
            ..Guest::DEFAULT
        },
        Guest {
            name: "foreign",
            vcpus: 2,
            config: devices!("foreign", "0"),
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                entropy
                for n in 1 2 3; do rebind_all; entropy; rebind_transport; entropy; done
                disk
                echo 'three times'
            ",
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        images grants foreign
        daemon_start
        for guest in grants foreign; do
            guest_start $guest
            guest_wait $guest 60
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: &[
        ("grants", "three times"),
        ("grants", "disk: 8 MiB verified twice"),
        ("foreign", "three times"),
        ("foreign", "disk: 8 MiB verified twice"),
    ],
    unseen: &[("daemon", "ERROR")],
    ..LabTest::DEFAULT
};

/// The daemon does without irqfd, and with the host's own source of entropy.
pub const DEVICES_WORK_WITHOUT_IRQFD: LabTest = LabTest {
    name: "devices_work_without_irqfd",
    programs: &[DAEMON],
    files: &[
        DEVICES,
        (
            "plain.toml",
            "[kernel]\nirqfd = false\n[rng]\nsource = \"/dev/urandom\"\n",
        ),
    ],
    guests: &[user!("grants", 1, "1")],
    dom0: "
        images grants
        daemon_start --config plain.toml
        guest_start grants
        guest_wait grants 60
        guest_gone grants 20
        daemon_stop
    ",
    seen: &[
        ("grants", "entropy: 512 bytes"),
        ("grants", "disk: 8 MiB verified twice"),
    ],
    unseen: &[("daemon", "ERROR")],
    ..LabTest::DEFAULT
};

/// A guest that reboots itself finds its devices, and its data, again.
pub const A_GUEST_REBOOTS: LabTest = LabTest {
    name: "a_guest_reboots",
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: &[Guest {
        name: "again",
        config: devices!("again", "1", "1", "on_reboot = \"restart\""),
        files: &["devices.sh"],
        script: "
            set -e
            . /devices.sh
            entropy
            if [ \"$(head -c 6 /dev/vda)\" = marked ]; then
                echo 'second life'
                exit 0
            fi
            echo 'first life'
            printf marked > /dev/vda
            sync
            reboot -f
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        images again
        daemon_start
        guest_start again
        wait_line $(console again) 'DOMU-EXIT 0' 60
        guest_gone again 20
        daemon_stop
    ",
    seen: &[("again", "second life"), ("again", "DOMU-EXIT 0")],
    unseen: &[("daemon", "ERROR")],
    ..LabTest::DEFAULT
};

/// Memory that a guest has given to Xen and got back is memory like any other.
pub const A_GUESTS_BALLOON_COMES_AND_GOES: LabTest = LabTest {
    name: "a_guests_balloon_comes_and_goes",
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: &[Guest {
        name: "balloon",
        memory: 192,
        config: devices!("balloon", "0"),
        files: &["devices.sh"],
        script: "
            set -e
            . /devices.sh
            info=/sys/devices/system/xen_memory/xen_memory0/info/current_kb
            disk
            for n in 1 2; do
                echo \"down $n\"
                until [ $(cat $info) -lt 120000 ]; do sleep 0.1; done
                head -c 16777216 /dev/vda | md5sum
                echo \"up $n\"
                until [ $(cat $info) -gt 180000 ]; do sleep 0.1; done
                disk
            done
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        images balloon
        daemon_start
        guest_start balloon
        target=/local/domain/$(xl domid balloon)/memory/target
        for n in 1 2; do
            wait_line $(console balloon) \"^down $n\" 60
            xenstore-write $target 114688
            wait_line $(console balloon) \"^up $n\" 60
            xenstore-write $target 196608
        done
        guest_wait balloon 60
        guest_gone balloon 20
        daemon_stop
    ",
    seen: &[("balloon", "up 2"), ("balloon", "DOMU-EXIT 0")],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("balloon", "I/O error"),
    ],
    ..LabTest::DEFAULT
};
