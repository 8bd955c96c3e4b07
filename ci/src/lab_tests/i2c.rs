// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guests use I2C adapters: one of the host, which is Linux's i2c-stub, and a simulated one.

use std::time::Duration;

use super::parts::{DAEMON, LAB_GUEST};
use super::{Guest, LabTest};

/// The stub has chips at 0x50, 0x51 and 0x53.
const RULES: &str = r#"
[[i2c]]
guest = "*"
index = 0
adapter = "SMBus stub driver"
addresses = [0x50, 0x51, 0x52]

[[i2c]]
guest = "*"
index = 1
adapter = "sim"
addresses = [0x20, 0x21]
"#;

const USE_THEM: &str = "
    set -e
    # node BASE: of the adapter whose registers are there
    node() { echo /dev/$(basename $(ls -d /sys/devices/platform/$1.virtio/virtio*/i2c-*)); }
    stub=$(node 2000000)
    sim=$(node 2000200)
    echo \"stub $stub, simulated $sim\"
    lab-guest i2c $stub detect
    lab-guest i2c $stub use 0x50
    lab-guest i2c $stub use 0x51
    lab-guest i2c $stub refused 0x52
    lab-guest i2c $stub refused 0x53
    lab-guest i2c $sim detect
    lab-guest i2c $sim use 0x20
    lab-guest i2c $sim use 0x21
    lab-guest i2c $sim refused 0x50
    # What one has is not what the other has, and what was written stays.
    lab-guest i2c $stub use 0x50
    echo 'both used'
";

macro_rules! user {
    ($name:literal, $vcpus:literal, $grants:literal) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            config: &[concat!(
                "virtio = [ \"type=virtio,device22,transport=mmio,grant_usage=",
                $grants,
                "\", \"type=virtio,device22,transport=mmio,grant_usage=",
                $grants,
                "\" ]"
            )],
            files: &[LAB_GUEST],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

/// Bytes, words and blocks reach the chips, and nothing reaches those that are not the guest's.
pub const I2C_ADAPTERS_WORK: LabTest = LabTest {
    name: "i2c_adapters_work",
    timeout: Duration::from_secs(180),
    programs: &[DAEMON, LAB_GUEST],
    files: &[("i2c.toml", RULES)],
    guests: &[user!("grants", 2, "1"), user!("foreign", 1, "0")],
    dom0: "
        insmod /lab/modules/i2c-stub.ko chip_addr=0x50,0x51,0x53
        daemon_start --config i2c.toml
        for guest in grants foreign; do
            guest_start $guest
            guest_wait $guest 60
            guest_gone $guest 20
        done
        # What the guests have written is in the host's chip.
        lab-guest i2c $(ls -d /dev/i2c-* | head -n 1) refused 0x52
        i2cget -y 0 0x50 0x10
        daemon_stop
    ",
    seen: &[
        ("grants", "i2c: found 0x50 0x51"),
        ("grants", "i2c: found 0x20 0x21"),
        ("grants", "i2c: combined transfer is well"),
        ("grants", "i2c: 0x52 is refused"),
        ("grants", "i2c: 0x53 is refused"),
        ("grants", "both used"),
        ("foreign", "i2c: found 0x50 0x51"),
        ("foreign", "i2c: found 0x20 0x21"),
        ("foreign", "i2c: combined transfer is well"),
        ("foreign", "i2c: 0x53 is refused"),
        ("foreign", "both used"),
        ("dom0", "0xa5"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("grants", "Grant still in use"),
    ],
    ..LabTest::DEFAULT
};

/// A device that the configuration does not know is one line; a wrong rule stops the daemon.
pub const MISTAKES_IN_RULES_ARE_NAMED: LabTest = LabTest {
    name: "mistakes_in_rules_are_named",
    programs: &[DAEMON],
    files: &[
        (
            "wrong.toml",
            "[[i2c]]\nguest = \"*\"\nadapter = \"sim\"\naddresses = [0x80]\n",
        ),
        (
            "other.toml",
            "[[i2c]]\nguest = \"other\"\nadapter = \"sim\"\n[[i2c]]\nguest = \"b\"\nadapter = 9\n",
        ),
    ],
    guests: &[],
    dom0: "
        ! vhost-device-xen run --config wrong.toml 2> wrong.log
        show wrong wrong.log
        xenstore-write /local/domain/77/name a /local/domain/78/name b
        for domain in 77 78; do
            xenstore_device /local/domain/0/backend/virtio/$domain/0 frontend-id=$domain \
                type=virtio,device22 transport=mmio grant_usage=0 irq=33 base=0x2000000
        done
        daemon_start --config other.toml
        wait_line /tmp/daemon.log 'virtio/77/0: not served' 10
        wait_line /tmp/daemon.log 'virtio/78/0: not served' 10
        daemon_stop
    ",
    seen: &[
        (
            "wrong",
            "is wrong at line 4: addresses: 0x80 is not of 7 bits",
        ),
        (
            "daemon",
            "virtio/77/0: not served: the configuration has no [[i2c]] for device 0 of guest \"a\"",
        ),
        (
            "daemon",
            "virtio/78/0: not served: [[i2c]] adapter: cannot open /dev/i2c-9 for reading and writing: No such file",
        ),
    ],
    ..LabTest::DEFAULT
};
