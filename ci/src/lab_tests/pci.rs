// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Devices on the PCI bus of guests.

use std::time::Duration;

use super::crowd::{RULES, four};
use super::parts::{DAEMON, DEVICES, LAB_GUEST, bus, virtio};
use super::{Guest, LabTest};

/// Functions for dom0's scripts.
const PCI: (&str, &str) = (
    "pci.sh",
    "# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# pci_rules: the configuration of four devices on the PCI bus of any guest
pci_rules() { { cat four.toml; printf '[[pci]]\\nguest = \"*\"\\n'; } > pci.toml; }

# pci_daemon GUEST...: the daemon, with such devices for these guests
pci_daemon() {
    pci_rules
    pci_trees
    images \"$@\"
    daemon_start --config pci.toml
}

# pci_guests GUEST...: these guests, one after the other
pci_guests() {
    pci_daemon \"$@\"
    for _guest in \"$@\"; do
        guest_start $_guest
        guest_wait $_guest 100
        guest_gone $_guest 20
    done
    daemon_leaves_nothing
}
",
);

/// What guests do with them.
const USE_THEM: &str = "
    set -e
    . /devices.sh
    use_all() {
        entropy
        lab-guest i2c /dev/i2c-0 use 0x50
        lab-guest gpio /dev/gpiochip0 pair 0 1
        lab-guest io /dev/vda 60 7 4
        disk 2
    }
    # Each is there once, and only on the bus.
    on_bus() {
        [ \"$(ls /sys/bus/virtio/devices | wc -l)\" = 4 ]
        for device in /sys/bus/virtio/devices/*; do
            readlink -f $device | grep -q /pci0000:00/
        done
    }
    on_bus
    use_all
    grep GICv2m /proc/interrupts
    echo 'all used'
    rebind_all
    on_bus
    use_all
    echo 'all used again'
";

macro_rules! pci {
    ($name:literal, $vcpus:literal, $grants:literal) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            config: four!($name, $grants, bus!($grants)),
            files: &["devices.sh", LAB_GUEST],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

/// All four devices work on the PCI bus, with messages for interrupts.
pub const DEVICES_WORK_ON_PCI: LabTest = LabTest {
    name: "devices_work_on_pci",
    timeout: Duration::from_secs(400),
    programs: &[DAEMON, LAB_GUEST],
    files: &[RULES, PCI, DEVICES],
    guests: &[
        pci!("grants1", 1, "1"),
        pci!("grants2", 2, "1"),
        pci!("foreign1", 1, "0"),
        pci!("foreign2", 2, "0"),
    ],
    dom0: "
        . ./pci.sh
        pci_guests grants1 grants2 foreign1 foreign2
    ",
    seen: &[
        ("dom0", "nothing is left"),
        ("grants1", "GICv2m-PCI-MSIX-*virtio*"),
        ("grants1", "all used again"),
        ("grants2", "all used again"),
        ("foreign1", "all used again"),
        ("foreign2", "all used again"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("grants1", "Grant still in use"),
        ("grants2", "Grant still in use"),
        ("grants1", "WARNING"),
        ("grants2", "WARNING"),
        ("foreign1", "WARNING"),
        ("foreign2", "WARNING"),
    ],
    ..LabTest::DEFAULT
};

/// The same with the older interrupt controller.
pub const DEVICES_WORK_ON_PCI_WITH_GICV2: LabTest = LabTest {
    name: "devices_work_on_pci_with_gicv2",
    gic: 2,
    timeout: Duration::from_secs(300),
    guests: &[pci!("grants1", 1, "1"), pci!("foreign2", 2, "0")],
    dom0: "
        . ./pci.sh
        pci_guests grants1 foreign2
    ",
    seen: &[
        ("dom0", "nothing is left"),
        ("grants1", "GICv2m-PCI-MSIX-*virtio*"),
        ("grants1", "all used again"),
        ("foreign2", "all used again"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..DEVICES_WORK_ON_PCI
};

/// A function goes and comes back while its guest runs; and it is reset by the bus.
pub const FUNCTIONS_COME_AND_GO: LabTest = LabTest {
    name: "functions_come_and_go",
    timeout: Duration::from_secs(240),
    programs: &[DAEMON, LAB_GUEST],
    files: &[RULES, PCI, DEVICES],
    guests: &[Guest {
        name: "guest",
        config: four!("guest", "0", bus!("0")),
        files: &["devices.sh", LAB_GUEST],
        script: "
            set -e
            . /devices.sh
            rng=$(basename $(dirname $(readlink -f /sys/bus/virtio/drivers/virtio_rng/virtio*)))
            function=/sys/bus/pci/devices/$rng
            there() {
                seen=$(head -c 2 $function/config | hexdump -e '1/2 \"%x\"')
                [ \"$seen\" = 1af4 ]
            }
            grep af_flr $function/reset_method
            echo $rng > /sys/bus/pci/drivers/virtio-pci/unbind
            echo 1 > $function/reset
            echo $rng > /sys/bus/pci/drivers/virtio-pci/bind
            entropy
            echo 'reset by the bus'
            until [ $(cat /sys/block/vda/size) = 131072 ]; do sleep 0.1; done
            echo 'grown'
            while there; do sleep 0.1; done
            echo \"it reads as '$seen'\"
            echo 1 > $function/remove
            echo 1 > /sys/bus/pci/rescan
            [ ! -e $function ]
            echo 'gone from the bus'
            until [ -e $function ]; do
                sleep 0.2
                echo 1 > /sys/bus/pci/rescan
            done
            entropy
            disk 2
            lab-guest gpio /dev/gpiochip0 pair 0 1
            echo 'back on the bus'
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        . ./pci.sh
        pci_daemon guest
        guest_start guest
        wait_line $(console guest) '^reset by the bus' 60
        vhost-device-xen resize guest xvda 64M
        wait_line $(console guest) '^grown' 10
        vhost-device-xen detach guest virtio/0
        wait_line $(console guest) '^gone from the bus' 30
        vhost-device-xen attach guest virtio/0
        guest_wait guest 60
        guest_gone guest 20
        daemon_leaves_nothing
    ",
    seen: &[
        ("guest", "af_flr"),
        ("guest", "back on the bus"),
        ("guest", "DOMU-EXIT 0"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[("daemon", "ERROR"), ("guest", "WARNING")],
    ..LabTest::DEFAULT
};

macro_rules! plain {
    ($name:literal $(, $more:expr)*) => {
        Guest {
            name: $name,
            config: &[virtio!("1": "4"), $($more),*],
            files: &["devices.sh"],
            script: "
                . /devices.sh
                if entropy; then echo 'it works'; else echo 'no device'; fi
                readlink -f /sys/bus/virtio/devices/*
                sleep 25
            ",
            ..Guest::DEFAULT
        }
    };
}

/// Where a guest's `xl.cfg` and the configuration disagree, the log says so, and the guest lives.
pub const BUSES_THAT_DISAGREE_ARE_NAMED: LabTest = LabTest {
    name: "buses_that_disagree_are_named",
    timeout: Duration::from_secs(240),
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: &[
        plain!("poor", "device_tree = \"/tmp/pci-1.dtb\""),
        plain!("blind", "nr_spis = 224"),
        plain!("forgotten", bus!("1")),
    ],
    dom0: "
        pci_trees
        printf '[[pci]]\nguest = \"poor\"\n[[pci]]\nguest = \"blind\"\n' > pci.toml
        daemon_start --config pci.toml
        for guest in poor blind forgotten; do
            guest_start $guest -p
            wait_for 10 sh -c 'vhost-device-xen list | grep -q served'
            vhost-device-xen check --config pci.toml
            xl unpause $guest
            guest_wait $guest 90
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: &[
        (
            "daemon",
            "virtio/0: on virtio-mmio: interrupt 64 cannot be raised, which PCI needs: the guest's xl.cfg has no nr_spis = 224",
        ),
        ("poor", "it works"),
        ("poor", "*2000000.virtio/virtio0"),
        ("dom0", "guests on PCI: no interrupts: poor"),
        (
            "dom0",
            "guests on PCI: those that run have interrupts for it",
        ),
        ("daemon", "the guest does not look at its PCI bus"),
        ("blind", "no device"),
        (
            "daemon",
            "the guest has a PCI bus, and no device on it: the configuration has no [[pci]] for it",
        ),
        ("forgotten", "it works"),
        ("forgotten", "*2000000.virtio/virtio0"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("poor", "Kernel panic"),
        ("blind", "Kernel panic"),
    ],
    ..LabTest::DEFAULT
};

/// A guest attacks its functions, the bus and the vectors while another one uses its own.
pub const A_HOSTILE_GUEST_ON_PCI_HARMS_NOBODY: LabTest = LabTest {
    name: "a_hostile_guest_on_pci_harms_nobody",
    timeout: Duration::from_secs(360),
    programs: &[DAEMON, LAB_GUEST],
    files: &[RULES, PCI, DEVICES],
    guests: &[
        Guest {
            name: "hostile",
            vcpus: 2,
            config: four!("hostile", "1", bus!("1")),
            files: &[LAB_GUEST],
            script: "
                set -e
                # Under the drivers' feet, then alone.
                for slot in 1 2 3 4; do lab-guest pci $slot $slot 200; done
                for device in /sys/bus/virtio/devices/*; do
                    echo $(basename $device) > $(readlink -f $device/driver)/unbind || true
                done
                for slot in 1 2 3 4; do lab-guest pci $slot 1$slot 500; done
                echo 'attacked'
            ",
            ..Guest::DEFAULT
        },
        pci!("peaceful", 1, "1"),
    ],
    dom0: "
        . ./pci.sh
        pci_daemon hostile peaceful
        guest_start peaceful
        guest_start hostile
        guest_wait hostile 250
        guest_wait peaceful 150
        xl destroy hostile 2> /dev/null || true
        guest_gone peaceful 20
        daemon_leaves_nothing
        echo \"lines of the log: $(wc -l < /tmp/daemon.log)\"
        [ $(wc -l < /tmp/daemon.log) -lt 600 ]
    ",
    seen: &[
        ("hostile", "pci: * accesses done"),
        ("hostile", "attacked"),
        ("peaceful", "all used again"),
        ("daemon", "is no interrupt of the guest's"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[
        ("daemon", "panicked"),
        ("daemon", "not served"),
        ("daemon", "its process has ended"),
    ],
    ..LabTest::DEFAULT
};

macro_rules! first {
    ($name:literal, $grants:literal) => {
        LabTest {
            name: $name,
            timeout: Duration::from_secs(1500),
            programs: &[DAEMON],
            files: &[DEVICES],
            guests: &[Guest {
                name: "soon",
                memory: 64,
                config: &[virtio!($grants: "4"), bus!($grants)],
                script: "
                    head -c 64 /dev/hwrng | wc -c | grep -qx 64
                    echo 'it is there'
                ",
                ..Guest::DEFAULT
            }],
            dom0: "
                pci_trees
                printf '[[pci]]\nguest = \"*\"\n' > pci.toml
                daemon_start --config pci.toml
                well=0
                for n in $(seq 100); do
                    guest_start soon
                    if wait_line $(console soon) 'it is there' 20; then well=$((well + 1)); fi
                    xl destroy soon 2> /dev/null || true
                    wait_for 10 no_guest
                done
                echo \"in time: $well of 100\"
                daemon_leaves_nothing
            ",
            seen: &[("dom0", "in time: 100 of 100")],
            unseen: &[("daemon", "ERROR")],
            ..LabTest::DEFAULT
        }
    };
}

/// With nothing but a `virtio=` line, for which `xl create` does not wait: who is first, a hundred times.
pub const THE_DAEMON_IS_FIRST_ON_PCI: &[LabTest] = &[
    first!("the_daemon_is_first_on_pci_with_grants", "1"),
    first!("the_daemon_is_first_on_pci_without_grants", "0"),
];

/// Debian's own kernel, as it is, uses the devices; it has no grants for virtio.
pub const DEBIANS_KERNEL_USES_DEVICES_ON_PCI: LabTest = LabTest {
    name: "debians_kernel_uses_devices_on_pci",
    timeout: Duration::from_secs(300),
    programs: &[DAEMON, LAB_GUEST],
    debian: true,
    files: &[RULES, PCI, DEVICES],
    guests: &[Guest {
        name: "debian",
        memory: 512,
        kernel: "/test/debian/Image",
        config: four!("debian", "0", bus!("0")),
        files: &["debian", "devices.sh", LAB_GUEST],
        script: "
            set -e
            . /devices.sh
            uname -r
            for module in /debian/modules/*; do insmod $module; done
            entropy
            lab-guest io /dev/vda 60 7 4
            if [ -e /dev/i2c-0 ]; then lab-guest i2c /dev/i2c-0 use 0x50; fi
            if [ -e /dev/gpiochip0 ]; then lab-guest gpio /dev/gpiochip0 pair 0 1; fi
            grep GICv2m /proc/interrupts
            echo 'all used'
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        . ./pci.sh
        pci_guests debian
    ",
    seen: &[
        ("debian", "entropy: 512 bytes"),
        ("debian", "GICv2m-PCI-MSIX-*virtio*"),
        ("debian", "all used"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
    ..LabTest::DEFAULT
};
