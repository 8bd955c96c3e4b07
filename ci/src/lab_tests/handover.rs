// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Processes of the daemon end, and others go on.

use std::time::Duration;

use super::parts::{DAEMON, LAB_GUEST, bus, devices};
use super::{Guest, LabTest};

/// Requests that end in any order, and one after the other.
const RULES: &str = "
    [[block]]
    guest = \"grants\"
    queues = 2
    engine = \"io_uring\"

    [[pci]]
    guest = \"pci\"
";

macro_rules! busy {
    ($name:literal, $grants:literal, $vcpus:literal $(, $more:expr)*) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            config: devices!($name, $grants, $grants $(, $more)*),
            files: &[LAB_GUEST],
            script: "
                set -e
                (while true; do head -c 256 /dev/hwrng > /dev/null; echo > /tmp/alive; done) &
                for round in $(seq 10); do
                    lab-guest io /dev/vda 150 $round 4
                    echo \"round $round is well\"
                done
                rm -f /tmp/alive
                until [ -e /tmp/alive ]; do sleep 0.1; done
                echo 'all is well'
            ",
            ..Guest::DEFAULT
        }
    };
}

const BUSY: &[Guest] = &[
    busy!("grants", "1", 2),
    busy!("foreign", "0", 1),
    busy!("pci", "1", 2, bus!("1")),
];

const ALL_WELL: &[(&str, &str)] = &[
    ("grants", "all is well"),
    ("grants", "DOMU-EXIT 0"),
    ("foreign", "all is well"),
    ("foreign", "DOMU-EXIT 0"),
    ("pci", "all is well"),
    ("pci", "DOMU-EXIT 0"),
    ("dom0", "nothing is left"),
];

/// What must not come of it.
const NO_HARM: &[(&str, &str)] = &[
    ("daemon", "panicked"),
    ("daemon", "not served"),
    ("daemon", "retired"),
    ("grants", "I/O error"),
    ("foreign", "I/O error"),
    ("pci", "I/O error"),
];

/// Each guest's process is killed three times in the midst of verified requests: the guest notices
/// nothing, and the other guest neither.
pub const A_KILLED_PROCESS_IS_REPLACED: LabTest = LabTest {
    name: "a_killed_process_is_replaced",
    timeout: Duration::from_secs(400),
    programs: &[DAEMON, LAB_GUEST],
    files: &[("rules.toml", RULES)],
    guests: BUSY,
    dom0: "
        images grants foreign pci
        pci_trees
        daemon_start --config rules.toml
        guest_start grants
        guest_start foreign
        guest_start pci
        # Each by its own progress.
        killers=
        for guest in grants foreign pci; do
            for round in 1 4 7; do
                wait_line $(console $guest) \"round $round is well\" 200
                old=$(process_of $guest)
                kill -9 $old
                wait_for 10 sh -c \". /lab/lib.sh; [ \\$(process_of $guest) != $old ]\"
            done &
            killers=\"$killers $!\"
        done
        for killer in $killers; do wait $killer; done
        for guest in grants foreign pci; do
            guest_wait $guest 120
            guest_gone $guest 20
        done
        daemon_leaves_nothing
    ",
    seen: ALL_WELL,
    unseen: NO_HARM,
    ..LabTest::DEFAULT
};

/// The daemon is killed, and started again; and ended in order, and started again without one of the images
/// for a while. Its guests wait meanwhile, and notice nothing.
pub const THE_DAEMON_IS_RESTARTED_UNDER_LOAD: LabTest = LabTest {
    name: "the_daemon_is_restarted_under_load",
    timeout: Duration::from_secs(400),
    programs: &[DAEMON, LAB_GUEST],
    files: &[("rules.toml", RULES)],
    guests: BUSY,
    dom0: "
        images grants foreign pci
        pci_trees
        daemon_start --config rules.toml
        guest_start grants
        guest_start foreign
        guest_start pci
        for round in 2 4; do
            for guest in grants foreign pci; do
                wait_line $(console $guest) \"round $round is well\" 120
            done
            kill -9 $daemon
            daemon_start --config rules.toml
            echo 'killed'
        done
        for guest in grants foreign pci; do
            wait_line $(console $guest) 'round 6 is well' 120
        done
        daemon_stop
        wait_for 10 sh -c '. /lab/lib.sh; [ $(daemon_processes) = 0 ]'
        sleep 2
        mv /tmp/grants.img /tmp/away.img
        daemon_start --config rules.toml
        wait_line /tmp/daemon.log 'waits: .*virtio_disk.*No such file' 10
        mv /tmp/away.img /tmp/grants.img
        for guest in grants foreign pci; do
            guest_wait $guest 120
            guest_gone $guest 20
        done
        daemon_leaves_nothing
    ",
    seen: ALL_WELL,
    unseen: NO_HARM,
    ..LabTest::DEFAULT
};
