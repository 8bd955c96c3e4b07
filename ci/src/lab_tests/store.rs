// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! xen-store against the real servers: xenstored, which is in C, and oxenstored.

use std::time::Duration;

use super::LabTest;

/// What dom0 does to the servers: functions for its scripts.
pub const STORE: (&str, &str) = ("store.sh", include_str!("../../lab/store.sh"));

/// The same list of tests passes on both servers, over both transports.
pub const BOTH_STORE_SERVERS_PASS_THE_LIST: LabTest = LabTest {
    name: "both_store_servers_pass_the_list",
    examples: &[("xen-store", "conformance")],
    files: &[STORE],
    dom0: "
        . ./store.sh
        list xenstored
        store_kill
        store_start oxenstored
        list oxenstored
    ",
    seen: &[
        (
            "dom0",
            "on xenstored, /run/xenstored/socket: 27 passed, 0 failed",
        ),
        ("dom0", "on xenstored, /dev/xen/xenbus: 27 passed, 0 failed"),
        (
            "dom0",
            "on oxenstored, /run/xenstored/socket: 27 passed, 0 failed",
        ),
        (
            "dom0",
            "on oxenstored, /dev/xen/xenbus: 27 passed, 0 failed",
        ),
    ],
    ..LabTest::DEFAULT
};

/// Transactions of 8 writers that each increment one counter 100 times; `cargo xtask soak store` has
/// 1,000.
pub const NO_COUNT_IS_LOST_IN_THE_STORE: LabTest = LabTest {
    name: "no_count_is_lost_in_the_store",
    timeout: Duration::from_secs(300),
    examples: &[("xen-store", "stress")],
    files: &[STORE],
    dom0: "
        . ./store.sh
        load 'on xenstored' 0 0 0 8 100
        store_kill
        store_start oxenstored
        load 'on oxenstored' 0 0 0 8 100
    ",
    seen: &[
        ("dom0", "on xenstored: counter: 800 after 8 x 100"),
        ("dom0", "on oxenstored: counter: 800 after 8 x 100"),
    ],
    ..LabTest::DEFAULT
};

/// A server that is updated under the load loses no request, no watch and no event.
pub const THE_STORE_CLIENT_OUTLIVES_AN_UPDATE: LabTest = LabTest {
    name: "the_store_client_outlives_an_update",
    examples: &[("xen-store", "stress")],
    files: &[STORE],
    dom0: "
        . ./store.sh
        load_updated xenstored 32 300 200
        store_kill
        store_start oxenstored
        load_updated oxenstored 32 300 200
    ",
    seen: &[
        (
            "dom0",
            "on xenstored, updated: 9600 answered, 0 lost * 0 forgotten, 0 wrong; * 0 rescans, 0 missed",
        ),
        (
            "dom0",
            "on oxenstored, updated: 9600 answered, 0 lost * 0 forgotten, 0 wrong; * 0 rescans, 0 missed",
        ),
    ],
    ..LabTest::DEFAULT
};

/// Every answer reaches its asker and every change its watch, also when the server is killed
/// under the load.
pub const THE_STORE_CLIENT_OUTLIVES_ITS_SERVER: LabTest = LabTest {
    name: "the_store_client_outlives_its_server",
    examples: &[("xen-store", "stress")],
    files: &[STORE],
    dom0: "
        . ./store.sh
        load_killed xenstored 32 300 200
        store_kill
        store_start oxenstored
        load_killed oxenstored 32 300 200
    ",
    seen: &[
        ("dom0", "on xenstored, killed: * 0 wrong; * 0 missed"),
        ("dom0", "on oxenstored, killed: * 0 wrong; * 0 missed"),
    ],
    // The server was killed too late, or not at all.
    unseen: &[("dom0", "killed: * events, 0 rescans")],
    ..LabTest::DEFAULT
};
