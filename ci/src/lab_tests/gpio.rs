// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guests use GPIO lines: of a chip of the host, which is Linux's gpio-sim, and of a simulated one.

use std::time::Duration;

use super::parts::{DAEMON, LAB_GUEST};
use super::{Guest, LabTest};

const RULES: &str = r#"
[[gpio]]
guest = "simgrants"
chip = "sim"
lines = [3, 2]

[[gpio]]
guest = "simforeign"
chip = "sim"
lines = [3, 2]

[[gpio]]
guest = "levels"
index = 1
chip = "sim"
lines = [3, 2]

[[gpio]]
guest = "*"
chip = "lab"
lines = [4, 5, 6]
"#;

// One chip for each guest: Linux 6.12 stops at the first interrupt of a second one (the drivers of
// all chips share one `irq_chip`, into which gpiolib puts the functions of the first).

const USE_HOST: &str = "
    set -e
    lab-guest gpio /dev/gpiochip0 names
    lab-guest gpio /dev/gpiochip0 hold 0 1 2
    lab-guest gpio /dev/gpiochip0 wait 1 rising 1
    lab-guest gpio /dev/gpiochip0 wait 1 falling 1
    lab-guest gpio /dev/gpiochip0 wait 1 both 2
    echo 'all used'
";

const USE_SIMULATED: &str = "
    set -e
    lab-guest gpio /dev/gpiochip0 names
    lab-guest gpio /dev/gpiochip0 pair 0 1
    lab-guest gpio /dev/gpiochip0 pair 1 0
    echo 'all used'
";

/// The line of `xl.cfg` that gives a guest a GPIO chip, with grants ("1") or without ("0").
macro_rules! chip {
    ($grants:literal) => {
        concat!(
            "\"type=virtio,device29,transport=mmio,grant_usage=",
            $grants,
            "\""
        )
    };
}

/// A chip of the host with the label `lab`, `$chip` its directory, and functions for its lines.
pub(super) const CHIP: (&str, &str) = (
    "chip.sh",
    "# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
device=/sys/kernel/config/gpio-sim/lab
mkdir -p $device/bank/line4 $device/bank/line5
echo 8 > $device/bank/num_lines
echo lab > $device/bank/label
echo lamp > $device/bank/line4/name
echo button > $device/bank/line5/name
echo 1 > $device/live
chip=/sys/devices/platform/$(cat $device/dev_name)/$(cat $device/bank/chip_name)

# pull LINE up|down: changes an input
pull() { echo pull-$2 > $chip/sim_gpio$1/pull; }

# play GUEST [once]: its line 4 is a lamp, 5 has an edge of each kind (only rises once), and 6 is high
# when the lamp was seen
play() {
    log=$(console $1)
    wait_line $log 'puts out 1' 60
    echo \"$1: lamp $(cat $chip/sim_gpio4/value)\"
    grep virtio-gpio /sys/kernel/debug/gpio || true
    pull 6 up
    wait_line $log 'waits for rising' 20
    pull 5 up
    [ $# -eq 1 ] || return 0
    wait_line $log 'waits for falling' 20
    pull 5 down
    wait_line $log 'waits for both' 20
    pull 5 up
    wait_line $log 'both: Rising' 20
    pull 5 down
}
",
);

/// Linux gives user space no interrupts by level: its driver makes room for one that asks for them.
const LEVELS: &str = "
    set -e
    for device in /sys/bus/virtio/devices/*; do
        driver=$(readlink -f $device/driver)
        echo $(basename $device) > $driver/unbind
    done
    lab-guest level 0x2000200 wired
    lab-guest level 0x2000000 told
    for device in /sys/bus/virtio/devices/*; do
        echo $(basename $device) > $driver/bind
    done
    ls /dev/gpiochip*
    echo 'all levels used'
";

macro_rules! user {
    ($name:literal, $vcpus:literal, $grants:literal, $script:expr) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            config: &[concat!("virtio = [ ", chip!($grants), " ]")],
            files: &[LAB_GUEST],
            script: $script,
            ..Guest::DEFAULT
        }
    };
}

/// Values and interrupts go both ways, and lines belong to the host again when a guest is gone.
pub const GPIO_LINES_WORK: LabTest = LabTest {
    name: "gpio_lines_work",
    timeout: Duration::from_secs(180),
    programs: &[DAEMON, LAB_GUEST],
    files: &[("gpio.toml", RULES), CHIP],
    guests: &[
        user!("grants", 2, "1", USE_HOST),
        user!("foreign", 1, "0", USE_HOST),
        user!("simgrants", 2, "1", USE_SIMULATED),
        user!("simforeign", 1, "0", USE_SIMULATED),
    ],
    dom0: "
        . ./chip.sh
        daemon_start --config gpio.toml
        for guest in grants foreign; do
            guest_start $guest
            play $guest
            guest_wait $guest 60
            guest_gone $guest 20
            pull 6 down
            if grep -q virtio-gpio /sys/kernel/debug/gpio; then exit 1; fi
        done
        for guest in simgrants simforeign; do
            guest_start $guest
            guest_wait $guest 60
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: &[
        ("dom0", "grants: lamp 1"),
        ("dom0", "(virtio-gpio) output-high"),
        ("grants", "gpio: names lamp,button,"),
        ("grants", "gpio: line 1, rising: Rising"),
        ("grants", "gpio: line 1, falling: Falling"),
        ("grants", "gpio: line 1, both: Falling"),
        ("grants", "all used"),
        ("dom0", "foreign: lamp 1"),
        ("foreign", "gpio: line 1, both: Falling"),
        ("foreign", "all used"),
        ("simgrants", "gpio: names sim-3,sim-2"),
        ("simgrants", "gpio: values are well"),
        ("simgrants", "gpio: interrupts of both are well"),
        ("simgrants", "all used"),
        ("simforeign", "gpio: interrupts of both are well"),
        ("simforeign", "all used"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("grants", "Grant still in use"),
        ("grants", "GPIO request failed"),
        ("foreign", "GPIO request failed"),
    ],
    ..LabTest::DEFAULT
};

/// Interrupts by level, with a driver of the test's own.
pub const GPIO_LEVELS_INTERRUPT: LabTest = LabTest {
    name: "gpio_levels_interrupt",
    programs: &[DAEMON, LAB_GUEST],
    files: &[("gpio.toml", RULES), CHIP],
    guests: &[Guest {
        config: &[concat!("virtio = [ ", chip!("0"), ", ", chip!("0"), " ]")],
        ..user!("levels", 1, "0", LEVELS)
    }],
    // Line 1 of the guest follows what it says.
    dom0: "
        . ./chip.sh
        log=$(console levels)
        follow() {
            while ! grep -q DOMU-EXIT $log; do
                case $(grep 'should be' $log | tail -n 1 | tr -d '\\r') in
                    *1) pull 5 up ;;
                    *0) pull 5 down ;;
                esac
                sleep 0.1
            done
        }
        daemon_start --config gpio.toml
        guest_start levels
        follow &
        guest_wait levels 90
        guest_gone levels 20
        daemon_stop
    ",
    seen: &[
        ("levels", "level: high: its beginning is well"),
        ("levels", "level: high: its going on is well"),
        ("levels", "level: low: its beginning is well"),
        ("levels", "level: low: its end is well"),
        ("levels", "level: reset: silence behind it is well"),
        ("levels", "level: reset: the interrupt is well"),
        ("levels", "level: line 1 should be 1"),
        ("levels", "all levels used"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..LabTest::DEFAULT
};
