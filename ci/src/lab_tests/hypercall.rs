// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! xen-hypercall and xen-ioctls on a real Xen: in dom0, and in a guest without a kernel.

use std::time::Duration;

use super::LabTest;

/// The guest without a kernel, from `ci/freestanding`. It has one vCPU more than it uses.
const FREESTANDING: &str = "lab-freestanding";
const GUEST: (&str, &str) = (
    "bare.cfg",
    "name = \"bare\"\nkernel = \"/test/lab-freestanding\"\nmemory = 16\nvcpus = 2\n\
     on_crash = \"destroy\"\n",
);
const FUNCTIONS: (&str, &str) = ("bare.sh", include_str!("../../lab/bare.sh"));

/// Versions, device model operations, restriction, and what is said of a domain that is gone.
pub const THE_INTERFACES_KEEP_THEIR_RULES: LabTest = LabTest {
    name: "the_interfaces_keep_their_rules",
    examples: &[("xen-ioctls", "interfaces")],
    images: &[FREESTANDING],
    files: &[GUEST, FUNCTIONS],
    dom0: "
        . ./bare.sh
        xl create -q -p bare.cfg 'name=\"gone\"'
        gone=$(xl domid gone)
        xl destroy gone
        bare_start 1000
        port=$(bare_port 'echo 1')
        interfaces $domain 2 $port $gone
        xl destroy bare
    ",
    seen: &[
        ("dom0", "9 passed, 0 failed"),
        ("bare", "Xen 4.20*, features"),
        ("bare", "passed version"),
        ("bare", "passed features"),
        ("bare", "passed unknown hypercalls"),
        ("bare", "passed wrong ports"),
        ("bare", "passed offered ports"),
        ("bare", "passed Xen's console"),
        ("bare", "passed poll"),
        ("bare", "passed own events"),
    ],
    unseen: &[("bare", "failed"), ("bare", "panicked")],
    ..LabTest::DEFAULT
};

/// Events within dom0, and between dom0 and a guest without a kernel: through the receiver for
/// loops, the one for tokio tasks, and the page shared with Xen. Trips between domains are ten times
/// as dear as those within one: `cargo xtask soak events` has 100,000 of these too.
pub const NO_EVENT_IS_LOST: LabTest = LabTest {
    name: "no_event_is_lost",
    timeout: Duration::from_secs(400),
    examples: &[("xen-ioctls", "events")],
    images: &[FREESTANDING],
    files: &[GUEST, FUNCTIONS],
    dom0: "
        . ./bare.sh
        events step 100000 loopback
        events task 100000 loopback
        bare_rounds 1000
    ",
    seen: &[
        ("dom0", "step 100000 loopback: none lost"),
        ("dom0", "task 100000 loopback: none lost"),
        ("dom0", "step 1000 ping *: none lost"),
        ("dom0", "task 1000 ping *: none lost"),
        ("dom0", "step 1000 echo *: none lost"),
        ("bare", "11 passed, 0 failed"),
    ],
    unseen: &[("bare", "panicked")],
    ..LabTest::DEFAULT
};

/// [`NO_EVENT_IS_LOST`] with 100,000 round trips of each kind.
pub const NO_EVENT_IS_LOST_IN_A_LONG_TIME: LabTest = LabTest {
    name: "no_event_is_lost_in_a_long_time",
    timeout: Duration::from_secs(3600),
    dom0: "
        . ./bare.sh
        events step 100000 loopback
        events task 100000 loopback
        bare_rounds 100000
    ",
    seen: &[
        ("dom0", "step 100000 loopback: none lost"),
        ("dom0", "task 100000 loopback: none lost"),
        ("dom0", "step 100000 ping *: none lost"),
        ("dom0", "task 100000 ping *: none lost"),
        ("dom0", "step 100000 echo *: none lost"),
        ("bare", "11 passed, 0 failed"),
    ],
    ..NO_EVENT_IS_LOST
};
