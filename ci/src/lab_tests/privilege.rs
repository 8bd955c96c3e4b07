// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What guests' processes may do.

use std::time::Duration;

use super::parts::{DAEMON, DEVICES, devices};
use super::{Guest, LabTest};

macro_rules! user {
    ($name:literal, $grants:literal) => {
        Guest {
            name: $name,
            memory: 64,
            config: devices!($name, $grants),
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                entropy
                disk
                echo 'both used'
                sleep 1000
            ",
            ..Guest::DEFAULT
        }
    };
}

/// While they serve grants and foreign memory, they are nobody, with filters on each thread; and a
/// process that is set up as they are is refused what is not its guest's.
pub const A_GUESTS_PROCESS_CAN_DO_NOTHING_ELSE: LabTest = LabTest {
    name: "a_guests_process_can_do_nothing_else",
    timeout: Duration::from_secs(180),
    programs: &[DAEMON],
    examples: &[("vhost-device-xen", "confined")],
    files: &[DEVICES],
    guests: &[user!("grants", "1"), user!("foreign", "0")],
    dom0: "
        images grants foreign
        daemon_start
        for guest in grants foreign; do
            guest_start $guest
            wait_line $(console $guest) 'both used' 60
        done
        for process in /proc/[0-9]*; do
            tr '\\0' ' ' < $process/cmdline | grep -q 'guest --domain' || continue
            echo \"root $(readlink $process/root)\"
            for thread in $process/task/*; do
                grep -E '^(Uid|Gid|Groups|CapPrm|CapEff|NoNewPrivs|Seccomp|Seccomp_filters):' \\
                    $thread/status | tr -s '\\t\\n' '  '
                echo \"is $(cat $thread/comm)\"
            done
        done
        confined $(xl domid grants) $(xl domid foreign)
        xl destroy grants
        xl destroy foreign
        daemon_stop
    ",
    seen: &[
        ("dom0", "root /run/vhost-device-xen/empty"),
        (
            "dom0",
            "Uid: 2000000001 2000000001 2000000001 2000000001 \
             Gid: 2000000001 2000000001 2000000001 2000000001 Groups: CapPrm: 0000000000000000 \
             CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 Seccomp_filters: 3 is blk:1/51712",
        ),
        ("dom0", "Seccomp_filters: 2 is vhost-xen:1"),
        ("dom0", "Seccomp_filters: 3 is rng:2/0"),
        ("dom0", "its own guest: 1 vCPUs"),
        (
            "dom0",
            "memory of another: refused: Operation not permitted *",
        ),
        (
            "dom0",
            "a device model operation on another: refused: Operation not permitted *",
        ),
        (
            "dom0",
            "an event channel of another: refused: Permission denied *",
        ),
        (
            "dom0",
            "a plain hypercall: refused: Operation not permitted *",
        ),
        (
            "dom0",
            "the first thread: open: refused: Operation not permitted *",
        ),
        (
            "dom0",
            "the first thread: socket: refused: Operation not permitted *",
        ),
        (
            "dom0",
            "the first thread: connect: refused: Operation not permitted *",
        ),
        (
            "dom0",
            "the first thread: execve: refused: Operation not permitted *",
        ),
        ("dom0", "Worker: open: refused: Operation not permitted *"),
        ("dom0", "Worker: socket: refused: Operation not permitted *"),
        ("dom0", "Worker: execve: refused: Operation not permitted *"),
        ("dom0", "Front: open: refused: Operation not permitted *"),
        ("dom0", "Front: socket: refused: Operation not permitted *"),
        ("dom0", "Front: execve: refused: Operation not permitted *"),
    ],
    unseen: &[
        ("dom0", "GRANTED"),
        ("dom0", "Uid: 0"),
        ("dom0", "Seccomp: 0"),
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
    ],
    ..LabTest::DEFAULT
};
