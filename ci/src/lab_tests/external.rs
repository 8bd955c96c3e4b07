// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guests use devices that other processes serve, over vhost-user.

use std::time::Duration;

use super::gpio::CHIP;
use super::parts::{DAEMON, DEVICES, LAB_GUEST, TOOLS, bus, virtio};
use super::{Guest, LabTest};

const RULES: &str = r#"
[[external]]
guest = "lonely"
device = "rng"
socket = "/tmp/nobody.sock"

[[external]]
guest = "*"
device = 4
socket = "/tmp/rng.sock"

[[external]]
guest = "*"
device = "i2c"
socket = "/tmp/i2c.sock"

[[external]]
guest = "*"
device = "gpio"
socket = "/tmp/gpio.sock"

[[pci]]
guest = "pci"
"#;

/// `backend KIND OPTION...`: a process of ours behind `/tmp/KIND.sock`, its number in `$KIND`.
const BACKENDS: (&str, &str) = (
    "backends.sh",
    "# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
backend() {
    _kind=$1
    shift
    vhost-device-xen backend $_kind --socket-path /tmp/$_kind.sock \"$@\" 2>> /tmp/backends.log &
    eval \"$_kind=$!\"
    wait_for 10 [ -S /tmp/$_kind.sock ]
}
show backends /tmp/backends.log
",
);

const USE_THEM: &str = "
    set -e
    . /devices.sh
    entropy
    good_entropy 40
    lab-guest i2c /dev/i2c-0 detect
    lab-guest i2c /dev/i2c-0 use 0x20
    lab-guest i2c /dev/i2c-0 refused 0x50
    lab-guest gpio /dev/gpiochip0 names
    lab-guest gpio /dev/gpiochip0 pair 0 1
    rebind_all
    entropy
    lab-guest i2c /dev/i2c-0 use 0x21
    lab-guest gpio /dev/gpiochip0 pair 1 0
    echo 'kill it'
    sleep 2
    entropy
    echo 'all used'
";

macro_rules! devices {
    ($grants:literal $(, $more:expr)*) => {
        &[virtio!($grants: "4", "22", "29") $(, $more)*]
    };
}

macro_rules! user {
    ($name:literal, $grants:literal $(, $more:expr)*) => {
        Guest {
            name: $name,
            config: devices!($grants $(, $more)*),
            files: &["devices.sh", LAB_GUEST, TOOLS],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

/// Processes serve what the daemon does not, come back when they die, and are missed by nobody
/// but their device.
pub const DEVICES_OF_OTHER_PROCESSES_WORK: LabTest = LabTest {
    name: "devices_of_other_processes_work",
    timeout: Duration::from_secs(300),
    programs: &[DAEMON, LAB_GUEST],
    files: &[("external.toml", RULES), DEVICES, BACKENDS],
    guests: &[
        user!("grants", "1"),
        user!("foreign", "0"),
        user!("pci", "1", bus!("1")),
        Guest {
            name: "lonely",
            config: &["virtio = [ \"type=virtio,device4,transport=mmio,grant_usage=1\" ]"],
            script: "[ ! -e /sys/bus/virtio/devices/virtio0 ] && echo 'no device'",
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        . ./backends.sh
        backend rng
        backend i2c --bus sim:0x20,0x21
        backend gpio --chip sim --lines 3,2
        daemon_start --config external.toml
        pci_trees
        for guest in grants foreign pci; do
            guest_start $guest
            wait_line $(console $guest) '^kill it' 90
            kill -9 $rng
            rm /tmp/rng.sock
            backend rng
            guest_wait $guest 60
            guest_gone $guest 20
        done
        guest_start lonely
        guest_wait lonely 60
        guest_gone lonely 20
        daemon_stop
    ",
    seen: &[
        ("grants", "entropy: 512 bytes"),
        ("grants", "of 40 blocks pass"),
        ("grants", "i2c: found 0x20 0x21"),
        ("grants", "i2c: combined transfer is well"),
        ("grants", "i2c: 0x50 is refused"),
        ("grants", "gpio: names sim-3,sim-2"),
        ("grants", "gpio: interrupts of both are well"),
        ("grants", "all used"),
        ("foreign", "of 40 blocks pass"),
        ("foreign", "i2c: combined transfer is well"),
        ("foreign", "gpio: interrupts of both are well"),
        ("foreign", "all used"),
        ("pci", "of 40 blocks pass"),
        ("pci", "i2c: combined transfer is well"),
        ("pci", "gpio: interrupts of both are well"),
        ("pci", "all used"),
        ("daemon", "/tmp/rng.sock: a backend is there again"),
        ("daemon", "no backend at /tmp/nobody.sock: cannot connect"),
        ("lonely", "no device"),
    ],
    unseen: &[
        ("grants", "Grant still in use"),
        ("backends", "ERROR"),
        ("backends", "WARN"),
    ],
    ..LabTest::DEFAULT
};

/// The rules for processes that give each of their sockets a number.
const NUMBERED: &str = r#"
[[external]]
guest = "*"
device = "rng"
socket = "/tmp/rng.sock0"

[[external]]
guest = "*"
device = "i2c"
socket = "/tmp/i2c.sock0"

[[external]]
guest = "*"
device = "gpio"
socket = "/tmp/gpio.sock0"
"#;

macro_rules! rust_vmm_user {
    ($name:literal, $grants:literal, $more:literal) => {
        Guest {
            name: $name,
            config: devices!($grants),
            files: &["devices.sh", LAB_GUEST, TOOLS],
            script: concat!(
                "
                set -e
                . /devices.sh
                entropy
                lab-guest i2c /dev/i2c-0 detect
                lab-guest i2c /dev/i2c-0 words 0x50
                lab-guest i2c /dev/i2c-0 refused 0x52
                lab-guest gpio /dev/gpiochip0 names
                lab-guest gpio /dev/gpiochip0 hold 4 1 6
                lab-guest gpio /dev/gpiochip0 wait 5 rising 1
                good_entropy 420
                ",
                $more,
                "
                echo 'all used'
                "
            ),
            ..Guest::DEFAULT
        }
    };
}

/// `keep KIND PROGRAM OPTION...`: a process behind `/tmp/KIND.sock0`, and another when it ends, as service
/// managers have it: these end when a driver that uses grants goes (vm-memory closes a file too early).
const KEEP: (&str, &str) = (
    "keep.sh",
    "# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
keep() {
    _kind=$1
    shift
    while true; do
        rm -f /tmp/$_kind.sock0
        \"$@\" --socket-path /tmp/$_kind.sock 2>> /tmp/backends.log || true
        echo \"$_kind has ended\" >> /tmp/backends.log
        sleep 0.2
    done &
    wait_for 10 [ -S /tmp/$_kind.sock0 ]
}
",
);

/// Processes that rust-vmm has released, as they are, serve guests of Xen.
pub const PROCESSES_OF_RUST_VMM_WORK: LabTest = LabTest {
    name: "processes_of_rust_vmm_work",
    timeout: Duration::from_secs(1200),
    programs: &[DAEMON, LAB_GUEST],
    released: &[
        ("vhost-device-rng", "0.1.0"),
        ("vhost-device-i2c", "0.1.0"),
        ("vhost-device-gpio", "0.1.0"),
    ],
    files: &[("external.toml", NUMBERED), DEVICES, CHIP, KEEP],
    guests: &[
        rust_vmm_user!("grants", "1", ""),
        rust_vmm_user!(
            "foreign",
            "0",
            "
            rebind_all
            entropy
            lab-guest i2c /dev/i2c-0 words 0x51
            lab-guest gpio /dev/gpiochip0 names
            "
        ),
    ],
    dom0: "
        insmod /lab/modules/i2c-stub.ko chip_addr=0x50,0x51
        show backends /tmp/backends.log
        . ./chip.sh
        . ./keep.sh
        chip_number=$(basename $chip | tr -dc 0-9)
        keep rng vhost-device-rng
        keep i2c vhost-device-i2c --device-list 'SMBus stub driver:80:81'
        keep gpio vhost-device-gpio --device-list $chip_number
        daemon_start --config external.toml
        for guest in grants foreign; do
            guest_start $guest
            # vhost-device-gpio 0.1.0 forgets a value that comes before the direction: the lamp is off. It
            # asks for a line that it has when an interrupt changes, and fails.
            play $guest once
            guest_wait $guest 500
            guest_gone $guest 20
            pull 5 down
            pull 6 down
        done
        daemon_stop
    ",
    seen: &[
        ("grants", "entropy: 512 bytes"),
        ("grants", "of 420 blocks pass"),
        ("grants", "i2c: found 0x50 0x51"),
        ("grants", "i2c: word is well"),
        ("grants", "i2c: 0x52 is refused"),
        ("grants", "gpio: line 5, rising: Rising"),
        ("grants", "all used"),
        ("foreign", "of 420 blocks pass"),
        ("foreign", "i2c: found 0x50 0x51"),
        ("foreign", "gpio: line 5, rising: Rising"),
        ("foreign", "all used"),
    ],
    unseen: &[("grants", "Grant still in use"), ("daemon", "ERROR")],
    ..LabTest::DEFAULT
};
