// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Many guests, at once and one after the other, with four devices each.

use std::time::Duration;

use super::parts::{DAEMON, DEVICES, LAB_GUEST};
use super::{Guest, LabTest};

/// What is hardware is simulated: what 0 puts out, 1 reads.
pub const RULES: (&str, &str) = (
    "four.toml",
    "
    [[i2c]]
    guest = \"*\"
    adapter = \"sim\"

    [[gpio]]
    guest = \"*\"
    chip = \"sim\"
    lines = [3, 2]
",
);

/// Functions for dom0's scripts.
const FOUR: (&str, &str) = (
    "four.sh",
    "# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# seconds: since boot, with hundredths
seconds() { cut -d' ' -f1 /proc/uptime; }

# since SECONDS: how long ago that was
since() { echo \"$(seconds) $1\" | awk '{ printf \"%.2f\", $1 - $2 }'; }

# connected DOMAIN: whether the drivers of its four devices are ready
connected() {
    _states=$(for _state in virtio/$1/0 virtio/$1/1 virtio/$1/2 virtio_disk/$1/51712; do
        xenstore-read /local/domain/0/backend/$_state/state 2>/dev/null
    done)
    [ \"$(echo $_states)\" = '4 4 4 4' ]
}

# figures WHAT: the median and the largest of the numbers that come in
figures() {
    sort -n | awk -v what=\"$1\" '{ all[NR] = $1 }
        END { printf \"%s: median %.2f s, at most %.2f s, of %d\\n\", what, all[int((NR + 1) / 2)], all[NR], NR }'
}

# switches PROCESS: how often its threads began to run
switches() {
    cat /proc/$1/task/*/status | awk '/ctxt_switches/ { sum += $2 } END { print sum }'
}
",
);

/// The lines of `xl.cfg` for a disk, an entropy source, an I2C adapter and a GPIO chip.
macro_rules! four {
    ($name:literal, $grants:literal $(, $more:expr)*) => {
        &[
            $crate::lab_tests::parts::virtio!($grants: "4", "22", "29"),
            $crate::lab_tests::parts::xvda!($grants: "/tmp/", $name, ".img"),
            $($more,)*
        ]
    };
}
pub(crate) use four;

macro_rules! user {
    ($name:literal, $grants:literal, $rounds:literal) => {
        Guest {
            name: $name,
            memory: 96,
            config: four!($name, $grants),
            files: &[LAB_GUEST],
            script: concat!(
                "
                set -e
                for round in $(seq ",
                $rounds,
                "); do
                    lab-guest io /dev/vda 60 $round 4
                    head -c 512 /dev/hwrng | wc -c | grep -qx 512
                    lab-guest i2c /dev/i2c-0 use 0x50
                    lab-guest gpio /dev/gpiochip0 pair 0 1
                    echo \"round $round is well\"
                done
                echo 'all used'
                "
            ),
            ..Guest::DEFAULT
        }
    };
}

macro_rules! crowd {
    ($name:literal, $grants:literal) => {
        LabTest {
            name: $name,
            timeout: Duration::from_secs(400),
            programs: &[DAEMON, LAB_GUEST],
            files: &[RULES],
            guests: &[
                user!("steady", $grants, "8"),
                user!("doomed", $grants, "1000"),
                user!("crashing", $grants, "1000"),
            ],
            dom0: "
                images steady doomed crashing
                daemon_start --config four.toml
                for guest in steady doomed crashing; do
                    guest_start $guest
                done
                for guest in steady doomed crashing; do
                    wait_line $(console $guest) 'round 1 is well' 120
                done
                xl pause steady
                xl destroy doomed
                xl unpause steady
                xl sysrq crashing c
                wait_line $(console crashing) 'Kernel panic' 30
                xl destroy crashing
                echo 'two are gone'
                guest_wait steady 200
                guest_gone steady 20
                daemon_leaves_nothing
            ",
            seen: &[
                ("dom0", "two are gone"),
                ("dom0", "nothing is left"),
                ("steady", "all used"),
                ("steady", "DOMU-EXIT 0"),
                ("crashing", "sysrq triggered crash"),
            ],
            unseen: &[
                ("daemon", "ERROR"),
                ("daemon", "panicked"),
                ("steady", "error"),
            ],
            ..LabTest::DEFAULT
        }
    };
}

/// Three guests use four devices each at once. One is destroyed, one crashes, and the third goes on
/// undisturbed, also after a pause.
pub const TWO_OF_THREE_GUESTS_END_WITH_GRANTS: LabTest =
    crowd!("two_of_three_guests_end_with_grants", "1");

/// The same without grants.
pub const TWO_OF_THREE_GUESTS_END_WITHOUT_GRANTS: LabTest =
    crowd!("two_of_three_guests_end_without_grants", "0");

macro_rules! brief {
    ($grants:literal) => {
        Guest {
            name: "brief",
            memory: 64,
            config: four!("brief", $grants),
            files: &[LAB_GUEST],
            script: "
                set -e
                lab-guest io /dev/vda 10 1
                head -c 64 /dev/hwrng > /dev/null
                lab-guest i2c /dev/i2c-0 use 0x50
                lab-guest gpio /dev/gpiochip0 pair 0 1
                # Linux asks for entropy once a minute by itself.
                echo none > /sys/class/misc/hw_random/rng_current
                echo 'all used'
                sleep 1000
            ",
            ..Guest::DEFAULT
        }
    };
}

macro_rules! hundred {
    ($name:literal, $grants:literal) => {
        LabTest {
            name: $name,
            timeout: Duration::from_secs(2400),
            programs: &[DAEMON, LAB_GUEST],
            files: &[RULES, FOUR],
            guests: &[brief!($grants)],
            dom0: "
                . ./four.sh
                images brief
                daemon_start --config four.toml
                before=
                for n in $(seq 100); do
                    start=$(seconds)
                    guest_start brief 2>> xl.log
                    domain=$(xl domid brief)
                    wait_for 20 connected $domain
                    since $start >> created
                    echo >> created
                    wait_line $(console brief) 'all used' 60
                    start=$(seconds)
                    xl destroy brief 2>> xl.log
                    since $start >> destroyed
                    echo >> destroyed
                    wait_for 10 no_guest
                    wait_for 5 daemon_alone
                    [ -z \"$(ls /run/vhost-device-xen/guests)\" ]
                    [ -n \"$before\" ] || before=$(daemon_state)
                done
                figures 'create to DRIVER_OK of four devices' < created
                figures 'destroy' < destroyed
                echo \"after 1: $before\"
                echo \"after 100: $(daemon_state)\"
                [ \"$(daemon_state)\" = \"$before\" ]
                show xl xl.log
                daemon_stop
                echo 'nothing is left'
            ",
            seen: &[("dom0", "nothing is left"), ("dom0", "of 100")],
            unseen: &[("daemon", "ERROR"), ("daemon", "WARN"), ("xl", "error")],
            ..LabTest::DEFAULT
        }
    };
}

/// A hundred guests with four devices each come and go, and the daemon is as it was.
pub const A_HUNDRED_GUESTS_LEAVE_NOTHING: [LabTest; 2] = [
    hundred!("a_hundred_guests_with_grants_leave_nothing", "1"),
    hundred!("a_hundred_guests_without_grants_leave_nothing", "0"),
];

macro_rules! soon {
    ($name:literal, $config:expr) => {
        Guest {
            name: $name,
            memory: 64,
            config: $config,
            script: "
                echo 'it is up'
                sleep 1000
            ",
            ..Guest::DEFAULT
        }
    };
}

/// How long guests take to their first program, and to their end: with four devices, and without any, in turn.
pub const CREATION_TAKES_ITS_TIME: LabTest = LabTest {
    name: "creation_takes_its_time",
    timeout: Duration::from_secs(900),
    programs: &[DAEMON],
    files: &[RULES, FOUR],
    guests: &[
        soon!("bare", &[]),
        soon!("grants", four!("grants", "1")),
        soon!("foreign", four!("foreign", "0")),
    ],
    dom0: "
        . ./four.sh
        images grants foreign
        daemon_start --config four.toml
        for n in $(seq 11); do
            for guest in bare grants foreign; do
                start=$(seconds)
                guest_start $guest
                wait_line $(console $guest) 'it is up' 60
                echo $(since $start) >> $guest.up
                start=$(seconds)
                xl destroy $guest
                echo $(since $start) >> $guest.end
                wait_for 10 no_guest
            done
        done
        for guest in bare grants foreign; do
            figures \"$guest: create to the first program\" < $guest.up
            figures \"$guest: destroy\" < $guest.end
        done
        daemon_leaves_nothing
    ",
    seen: &[
        ("dom0", "bare: create to the first program: * of 11"),
        ("dom0", "grants: create to the first program: * of 11"),
        ("dom0", "foreign: destroy: * of 11"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..LabTest::DEFAULT
};

macro_rules! reboots {
    ($name:literal, $grants:literal) => {
        LabTest {
            name: $name,
            timeout: Duration::from_secs(900),
            programs: &[DAEMON, LAB_GUEST],
            files: &[RULES],
            guests: &[Guest {
                name: "again",
                memory: 64,
                config: four!("again", $grants, "on_reboot = \"restart\""),
                files: &[LAB_GUEST],
                script: "
                    set -e
                    life=$(head -c 2 /dev/vda)
                    head -c 64 /dev/hwrng > /dev/null
                    lab-guest i2c /dev/i2c-0 use 0x50
                    lab-guest gpio /dev/gpiochip0 pair 0 1
                    case $life in [0-9]*) ;; *) life=10 ;; esac
                    echo \"life $life is well\"
                    [ $life != 30 ] || exit 0
                    printf $((life + 1)) > /dev/vda
                    sync
                    reboot -f
                ",
                ..Guest::DEFAULT
            }],
            dom0: "
                images again
                daemon_start --config four.toml
                guest_start again
                wait_line $(console again) 'DOMU-EXIT 0' 600
                guest_gone again 20
                daemon_leaves_nothing
            ",
            seen: &[("dom0", "nothing is left"), ("again", "life 30 is well")],
            unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
            ..LabTest::DEFAULT
        }
    };
}

/// A guest reboots itself twenty times, and finds its devices and its data each time.
pub const A_GUEST_REBOOTS_TWENTY_TIMES: [LabTest; 2] = [
    reboots!("a_guest_with_grants_reboots_twenty_times", "1"),
    reboots!("a_guest_without_grants_reboots_twenty_times", "0"),
];

/// What the predecessor did not survive, twenty times: a plain `xl create` of a large guest whose memory is
/// mapped, which uses its devices as soon as it can; and its end, with the memory mapped, by `xl
/// destroy` and by itself in turn.
pub const TWENTY_LARGE_GUESTS_COME_AND_GO: LabTest = LabTest {
    name: "twenty_large_guests_come_and_go",
    timeout: Duration::from_secs(1500),
    programs: &[DAEMON, LAB_GUEST],
    files: &[RULES, FOUR],
    guests: &[Guest {
        name: "large",
        memory: 1024,
        config: four!("large", "0"),
        files: &[LAB_GUEST],
        script: "
            set -e
            lab-guest i2c /dev/i2c-0 use 0x50
            head -c 64 /dev/hwrng > /dev/null
            lab-guest io /dev/vda 40 1 4
            lab-guest gpio /dev/gpiochip0 pair 0 1
            echo 'all used'
            sleep 3
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        . ./four.sh
        images large
        daemon_start --config four.toml
        for n in $(seq 20); do
            guest_start large 2>> xl.log
            wait_line $(console large) 'all used' 60
            start=$(seconds)
            if [ $((n % 2)) = 0 ]; then
                xl destroy large 2>> xl.log
                since $start >> destroyed
                echo >> destroyed
            else
                guest_gone large 60
            fi
            wait_for 5 daemon_alone
            wait_for 10 no_guest
        done
        figures 'destroy of 1 GiB that is mapped' < destroyed
        show xl xl.log
        dmesg | grep 'rcu.*stall' || echo 'dom0 never stood still'
        daemon_stop
    ",
    seen: &[("dom0", "of 10"), ("dom0", "dom0 never stood still")],
    unseen: &[
        ("large", "Kernel panic"),
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("xl", "error"),
    ],
    ..LabTest::DEFAULT
};

/// What a guest costs that does nothing: no processor time, and little memory.
pub const IDLE_GUESTS_COST_NOTHING: LabTest = LabTest {
    name: "idle_guests_cost_nothing",
    timeout: Duration::from_secs(300),
    programs: &[DAEMON, LAB_GUEST],
    files: &[RULES, FOUR],
    guests: &[
        Guest {
            name: "grants",
            ..brief!("1")
        },
        Guest {
            name: "foreign",
            ..brief!("0")
        },
    ],
    dom0: "
        . ./four.sh
        images brief
        daemon_start --config four.toml
        for guest in grants foreign; do
            guest_start $guest
            wait_line $(console $guest) 'all used' 60
            process=$(process_of $guest)
            # Ten seconds after the last request nobody looks at the image any more.
            sleep 15
            before=$(switches $process)
            own=$(switches $daemon)
            sleep 60
            echo \"$guest: wakeups in 60 s: $(($(switches $process) - before)), of the supervisor: $(($(switches $daemon) - own))\"
            resident=$(awk '/^VmRSS/ { print $2 }' /proc/$process/status)
            grep -E '^(VmRSS|RssAnon|RssFile|RssShmem|Threads)' /proc/$process/status
            [ $resident -lt 8192 ] && echo \"$guest: small\"
            xl destroy $guest
        done
        daemon_stop
    ",
    seen: &[
        (
            "dom0",
            "grants: wakeups in 60 s: 0, of the supervisor: 0",
        ),
        (
            "dom0",
            "foreign: wakeups in 60 s: 0, of the supervisor: 0",
        ),
        ("dom0", "grants: small"),
        ("dom0", "foreign: small"),
    ],
    ..LabTest::DEFAULT
};

/// A guest attacks all its registers and rings for five minutes, without its drivers and with them, while another
/// one's data are verified.
pub const A_HOSTILE_GUEST_ATTACKS_FOR_FIVE_MINUTES: LabTest = LabTest {
    name: "a_hostile_guest_attacks_for_five_minutes",
    timeout: Duration::from_secs(900),
    programs: &[DAEMON, LAB_GUEST],
    files: &[RULES, DEVICES],
    guests: &[
        Guest {
            name: "hostile",
            vcpus: 2,
            config: four!("hostile", "1"),
            files: &[LAB_GUEST],
            script: "
                set -e
                for device in /sys/bus/virtio/devices/*; do
                    driver=$(readlink -f $device/driver)
                    echo $(basename $device) > $driver/unbind
                done
                end=$(($(cut -d. -f1 /proc/uptime) + 300))
                seed=1
                while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do
                    for base in 0x2000000 0x2000200 0x2000400 0x2000600; do
                        lab-guest poke $base $seed 500 > /dev/null
                        lab-guest storm $base 10 > /dev/null
                        seed=$((seed + 1))
                    done
                    # The disk is the first.
                    lab-guest forge 0x2000000 grants 1 > /dev/null
                done
                echo \"attacked $seed times\"
                sleep 10
            ",
            ..Guest::DEFAULT
        },
        user!("peaceful", "1", "12"),
    ],
    dom0: "
        images hostile peaceful
        daemon_start --config four.toml
        guest_start peaceful
        guest_start hostile
        wait_line $(console peaceful) 'round 2 is well' 120
        process=$(process_of hostile)
        before=$(awk '/^VmRSS/ { print $2 }' /proc/$process/status)
        wait_line $(console hostile) '^attacked' 700
        after=$(awk '/^VmHWM/ { print $2 }' /proc/$process/status)
        echo \"resident: $before kB early, at most $after kB\"
        [ $after -lt 16384 ]
        guest_wait hostile 60
        guest_wait peaceful 400
        guest_gone hostile 20
        guest_gone peaceful 20
        daemon_stop
        echo \"lines of the log: $(wc -l < /tmp/daemon.log)\"
        [ $(wc -l < /tmp/daemon.log) -lt 4000 ]
    ",
    seen: &[
        ("hostile", "attacked * times"),
        ("hostile", "DOMU-EXIT 0"),
        ("peaceful", "all used"),
        ("peaceful", "DOMU-EXIT 0"),
        ("dom0", "lines of the log: *"),
    ],
    unseen: &[
        ("daemon", "panicked"),
        ("daemon", "not served"),
        ("daemon", "its process has ended"),
    ],
    ..LabTest::DEFAULT
};
