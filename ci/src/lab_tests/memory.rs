// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How the daemon reaches guests' memory, by patterns that guests make.

use std::time::Duration;

use super::parts::{DAEMON, DEVICES, LAB_GUEST, devices};
use super::{Guest, LabTest};

/// Some requests, time to count mappings, 10,000 requests, and time to count them again.
const PATTERNS: &str = "
    set -e
    lab-guest io /dev/vda 400 2
    echo 'warm'
    sleep 3
    lab-guest io /dev/vda 10000 3
    echo 'all requests done'
    sleep 4
";

macro_rules! guest {
    ($name:literal, $grants:literal) => {
        Guest {
            name: $name,
            vcpus: 2,
            config: devices!($name, $grants),
            files: &["lab-guest"],
            script: PATTERNS,
            ..Guest::DEFAULT
        }
    };
}

/// Requests of random length, alignment and number of pieces, over shared and repeated pages, are
/// served by mapping, by copying, by both and without grants, and leave no mapping behind.
pub const RANDOM_PATTERNS_ARE_SERVED_IN_EVERY_MODE: LabTest = LabTest {
    name: "random_patterns_are_served_in_every_mode",
    timeout: Duration::from_secs(560),
    programs: &[DAEMON, LAB_GUEST],
    files: &[
        ("map.toml", "[memory]\ngrants = \"map\"\n"),
        ("copy.toml", "[memory]\ngrants = \"copy\"\n"),
        ("auto.toml", "[memory]\ngrants = \"auto\"\n"),
        // Less than the guest has: buckets come and go.
        ("foreign.toml", "[memory]\nforeign_mib = 64\n"),
    ],
    guests: &[
        guest!("map", "1"),
        guest!("copy", "1"),
        guest!("auto", "1"),
        guest!("foreign", "0"),
    ],
    dom0: "
        mappings() { cat /proc/[0-9]*/maps 2>/dev/null | grep -c -e /dev/xen/gntdev || true; }
        foreign_mappings() { cat /proc/[0-9]*/maps 2>/dev/null | grep -c -e /dev/xen/privcmd; }
        images map copy auto foreign
        for mode in map copy auto foreign; do
            daemon_start --config $mode.toml
            guest_start $mode
            wait_line $(console $mode) warm 60
            sleep 1
            before=$(mappings)
            wait_line $(console $mode) 'all requests done' 200
            sleep 1
            echo \"$mode: $before mappings before, $(mappings) after\"
            [ \"$(mappings)\" = \"$before\" ]
            # 32 buckets, 6 parts of rings, the ioreq page: each may be in two pieces.
            [ $mode != foreign ] || [ $(foreign_mappings) -le 78 ]
            guest_wait $mode 60
            guest_gone $mode 20
            daemon_stop
            rm -f /tmp/daemon.shown
            mv /tmp/daemon.log $mode.log
            touch /tmp/daemon.log
            grep ended: $mode.log
        done
    ",
    seen: &[
        ("map", "io: 10000 requests, * bytes verified"),
        ("copy", "io: 10000 requests, * bytes verified"),
        ("auto", "io: 10000 requests, * bytes verified"),
        ("foreign", "io: 10000 requests, * bytes verified"),
    ],
    unseen: &[
        ("dom0", "ERROR"),
        ("dom0", "panicked"),
        ("map", "Grant still in use"),
        ("copy", "Grant still in use"),
        ("auto", "Grant still in use"),
    ],
    ..LabTest::DEFAULT
};

macro_rules! forger {
    ($name:literal, $grants:literal, $how:literal) => {
        Guest {
            name: $name,
            config: devices!($name, $grants),
            files: &["lab-guest", "devices.sh"],
            // The disk's registers come first, and its driver may have it again afterwards.
            script: concat!(
                "
                set -e
                . /devices.sh
                # What asks for entropy meanwhile would be granted numbers that were forged.
                echo none > /sys/class/misc/hw_random/rng_current
                echo virtio0 > /sys/bus/virtio/drivers/virtio_blk/unbind
                lab-guest forge 0x2000000 ",
                $how,
                " 1
                echo 'warm'
                sleep 2
                lab-guest forge 0x2000000 ",
                $how,
                " 3
                echo 'all forged'
                sleep 2
                echo virtio0 > /sys/bus/virtio/drivers/virtio_blk/bind
                echo virtio_rng.0 > /sys/class/misc/hw_random/rng_current
                entropy
                disk
                "
            ),
            ..Guest::DEFAULT
        }
    };
}

/// Requests and rings at addresses that are not there, not the guest's, freed, or not to be
/// written fail alone, in every mode, and leave no mapping behind.
pub const FORGED_MEMORY_FAILS_ALONE: LabTest = LabTest {
    name: "forged_memory_fails_alone",
    timeout: Duration::from_secs(300),
    programs: &[DAEMON, LAB_GUEST],
    files: &[
        DEVICES,
        ("map.toml", "[memory]\ngrants = \"map\"\n"),
        ("copy.toml", "[memory]\ngrants = \"copy\"\n"),
        ("plain.toml", ""),
    ],
    guests: &[
        forger!("map", "1", "grants"),
        forger!("copy", "1", "grants"),
        forger!("plain", "0", "plain"),
    ],
    dom0: "
        mappings() { cat /proc/[0-9]*/maps 2>/dev/null | grep -c -e /dev/xen/gntdev -e /dev/xen/privcmd; }
        images map copy plain
        for mode in map copy plain; do
            daemon_start --config $mode.toml
            guest_start $mode
            wait_line $(console $mode) warm 60
            sleep 1
            before=$(mappings)
            wait_line $(console $mode) 'all forged' 120
            sleep 1
            echo \"$mode: $before mappings before, $(mappings) after\"
            [ \"$(mappings)\" = \"$before\" ]
            guest_wait $mode 60
            guest_gone $mode 20
            daemon_stop
        done
    ",
    seen: &[
        ("map", "forge: * forgeries failed alone"),
        ("map", "disk: 8 MiB verified twice"),
        ("copy", "forge: * forgeries failed alone"),
        ("copy", "disk: 8 MiB verified twice"),
        ("plain", "forge: * forgeries failed alone"),
        ("plain", "disk: 8 MiB verified twice"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "panicked"),
        ("daemon", "signal"),
        ("map", "Grant still in use"),
        ("copy", "Grant still in use"),
    ],
    ..LabTest::DEFAULT
};

/// A guest gives memory away and takes other memory for it, fifty times, while its disk works.
pub const MEMORY_MAY_GO_WHILE_IT_IS_USED: LabTest = LabTest {
    name: "memory_may_go_while_it_is_used",
    timeout: Duration::from_secs(400),
    programs: &[DAEMON, LAB_GUEST],
    guests: &[Guest {
        name: "balloon",
        memory: 192,
        config: devices!("balloon", "0"),
        files: &["lab-guest"],
        // Page cache over all of memory, so that requests come to where the holes were.
        script: "
            (while true; do head -c 60000000 /dev/zero > /tmp/fill; rm /tmp/fill; done) &
            round=0
            while lab-guest io /dev/vda 400 $round; do
                round=$((round + 1))
                echo \"round $round\"
            done
            echo \"failed after $round\"
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        images balloon
        daemon_start
        guest_start balloon
        wait_line $(console balloon) 'round 1' 60
        # `xl mem-set` of Xen 4.20 aborts on Arm; this is what it tells the guest.
        target=/local/domain/$(xl domid balloon)/memory/target
        for n in $(seq 50); do
            xenstore-write $target $((96 * 1024))
            sleep 0.6
            xenstore-write $target $((192 * 1024))
            sleep 0.6
        done
        rounds=$(grep -c 'round ' $(console balloon))
        echo \"$rounds rounds under way\"
        wait_line $(console balloon) \"round $((rounds + 2))\" 60
        [ $(cat /proc/[0-9]*/maps | grep -c /dev/xen/privcmd) -le 130 ]
        xl destroy balloon
        wait_for 10 daemon_alone
        daemon_stop
        echo 'all rounds verified'
    ",
    seen: &[("dom0", "all rounds verified")],
    unseen: &[
        ("balloon", "failed after"),
        ("daemon", "ERROR"),
        ("daemon", "panicked"),
        ("daemon", "has ended: signal"),
    ],
    ..LabTest::DEFAULT
};
