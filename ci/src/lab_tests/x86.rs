// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Devices of fully virtualized guests on x86, with Debian's own Xen and kernels.

use std::time::Duration;

use super::{
    Guest, LabTest,
    parts::{DAEMON, DEVICES, LAB_GUEST, TOOLS, virtio, xvde},
};
use crate::lab::Kind;

/// What guests do with them. Where the device model has given them a disk, too, that is used at the same time.
const USE_THEM: &str = "
    set -e
    . /devices.sh
    echo \"cpus: $(nproc)\"
    use_all() {
        ours=$(disk_at 14)
        if [ -e /sys/bus/pci/devices/0000:00:04.0 ]; then theirs=$(disk_at 04); fi
        [ \"$(ls -d /sys/bus/pci/devices/0000:00:08.0/virtio* /sys/bus/pci/devices/0000:00:14.0/virtio* | wc -l)\" = 2 ]
        if [ -n \"$theirs\" ]; then lab-guest io $theirs 60 8 4 & fi
        entropy
        lab-guest io $ours 60 7 4
        if [ -n \"$theirs\" ]; then wait $! && echo 'their disk, too'; fi
    }
    use_all
    grep virtio /proc/interrupts
    echo 'all used'
    rebind_all
    use_all
    disk 2 $(disk_at 14)
    dmesg | grep -i -B2 -A20 'warning\\|call trace' || true
    echo 'all used again'
";

macro_rules! guest {
    ($name:literal, $vcpus:literal, $words:literal $(, $more:literal)?) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            words: $words,
            config: &[virtio!("0": "4"), xvde!("0": "/tmp/", $name, ".img") $(, $more)?],
            files: &["devices.sh", LAB_GUEST],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

/// A plain `xl create` gives guests their devices, as functions on their PCI bus.
pub const DEVICES_WORK_ON_X86: LabTest = LabTest {
    name: "devices_work_on_x86",
    lab: Kind::X86,
    timeout: Duration::from_secs(1100),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[
        guest!("messages", 1, ""),
        // As up to Xen 4.18: Linux makes event channels of messages.
        guest!("events", 1, "", "hvm_pirq = 1"),
        guest!(
            "lines",
            4,
            // Otherwise the kernel has the device model take its disk away.
            "pci=nomsi xen_emul_unplug=unnecessary",
            "device_model_args_hvm = [ \"-drive\", \"file=/tmp/theirs.img,if=none,id=disk,format=raw\", \"-device\", \"virtio-blk-pci,drive=disk,disable-legacy=on,addr=4\" ]"
        ),
    ],
    dom0: "
        vhost-device-xen check
        images messages events lines theirs
        daemon_start
        for guest in messages events; do
            guest_start $guest
            guest_wait $guest 300
            guest_gone $guest 60
        done
        # What a domain has can be taken and given while it is paused.
        guest_start lines -p
        wait_for 10 sh -c 'vhost-device-xen list | grep -q served'
        for act in detach attach; do
            vhost-device-xen $act lines virtio/0
            vhost-device-xen $act lines xvde
        done
        xl unpause lines
        guest_wait lines 300
        guest_gone lines 60
        daemon_leaves_nothing
    ",
    seen: &[
        ("dom0", "without  irqfd: none: an interrupt costs more"),
        ("dom0", "ok       ioeventfd: none, and none is used"),
        ("dom0", "nothing is left"),
        ("messages", "cpus: 1"),
        ("messages", "PCI-MSIX-* virtio*"),
        ("messages", "all used again"),
        ("events", "cpus: 1"),
        ("events", "xen-pirq * virtio*"),
        ("events", "all used again"),
        ("lines", "cpus: 4"),
        ("lines", "IO-APIC * virtio*"),
        ("lines", "their disk, too"),
        ("lines", "all used again"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("messages", "WARNING"),
        ("events", "WARNING"),
        ("lines", "WARNING"),
    ],
    ..LabTest::DEFAULT
};

/// The same with messages on four CPUs, which take their time in an emulated machine with one.
pub const MESSAGES_REACH_FOUR_CPUS_ON_X86: LabTest = LabTest {
    name: "messages_reach_four_cpus_on_x86",
    guests: &[guest!("many", 4, "")],
    dom0: "
        images many
        daemon_start
        guest_start many
        guest_wait many 400
        guest_gone many 60
        daemon_leaves_nothing
    ",
    seen: &[
        ("dom0", "nothing is left"),
        ("many", "cpus: 4"),
        ("many", "PCI-MSIX-* virtio*"),
        ("many", "all used again"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN"), ("many", "WARNING")],
    ..DEVICES_WORK_ON_X86
};

/// A guest reboots beside one that is destroyed while its disk is busy.
pub const GUESTS_END_ON_X86: LabTest = LabTest {
    name: "guests_end_on_x86",
    lab: Kind::X86,
    timeout: Duration::from_secs(700),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[
        Guest {
            name: "again",
            config: &[
                virtio!("0": "4"),
                xvde!("0": "/tmp/again.img"),
                "on_reboot = \"restart\"",
            ],
            files: &["devices.sh", LAB_GUEST],
            script: "
                set -e
                . /devices.sh
                entropy
                if [ \"$(head -c 6 /dev/vda)\" = marked ]; then
                    echo 'second life'
                    lab-guest io /dev/vda 60 7 4
                    exit 0
                fi
                echo 'first life'
                printf marked > /dev/vda
                sync
                reboot -f
            ",
            ..Guest::DEFAULT
        },
        Guest {
            name: "cut",
            vcpus: 2,
            config: &[virtio!("0": "4"), xvde!("0": "/tmp/cut.img")],
            files: &["devices.sh", LAB_GUEST],
            script: "
                set -e
                . /devices.sh
                entropy
                echo 'under way'
                while :; do lab-guest io /dev/vda 60 7 4; done
            ",
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        images again cut
        daemon_start
        guest_start again
        guest_start cut
        wait_line $(console cut) '60 requests' 250
        xl destroy cut
        guest_gone cut 60
        wait_for 20 sh -c '! vhost-device-xen list | grep -q cut'
        wait_line $(console again) 'DOMU-EXIT 0' 250
        guest_gone again 60
        no_guest
        daemon_leaves_nothing
    ",
    seen: &[
        ("again", "second life"),
        ("again", "DOMU-EXIT 0"),
        ("cut", "under way"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "panicked"),
        ("again", "WARNING"),
        ("cut", "WARNING"),
    ],
    ..LabTest::DEFAULT
};

/// A guest's memory goes and comes back while its disk is used, and it moves its functions.
pub const MEMORY_AND_FUNCTIONS_MOVE_ON_X86: LabTest = LabTest {
    name: "memory_and_functions_move_on_x86",
    lab: Kind::X86,
    timeout: Duration::from_secs(600),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[Guest {
        name: "moving",
        memory: 256,
        config: &[virtio!("0": "4"), xvde!("0": "/tmp/moving.img")],
        files: &["devices.sh", LAB_GUEST, TOOLS],
        script: "
            set -e
            . /devices.sh
            pci=/sys/bus/pci
            # Where it is, and what is read there: how many queues it has (virtio 1.2, num_queues).
            bar() { printf '0x%x' $((0x$(setpci -s 00:$1.0 BASE_ADDRESS_0) & ~0xf)); }
            queues() { devmem $(($1 + 0x12)) 16; }
            for slot in 08 14; do
                echo 0000:00:$slot.0 > $pci/drivers/virtio-pci/unbind
                echo 1 > $pci/devices/0000:00:$slot.0/enable
                old=$(bar $slot)
                new=0xf2${slot}0000
                before=$(queues $old)
                setpci -s 00:$slot.0 COMMAND=0:2
                echo \"$slot off: $(queues $old)\"
                setpci -s 00:$slot.0 BASE_ADDRESS_0=${new#0x}
                setpci -s 00:$slot.0 COMMAND=2:2
                [ $(bar $slot) = $new ]
                [ $(queues $new) = $before ]
                echo \"$slot moved: $(queues $old) $(queues $new)\"
                # Both at once would be a mistake of the guest's; one in the place that the other had is none.
                setpci -s 00:$slot.0 BASE_ADDRESS_0=${old#0x}
                [ $(queues $old) = $before ]
                echo \"$slot back: $(queues $old) $(queues $new)\"
                echo 0000:00:$slot.0 > $pci/drivers/virtio-pci/bind
            done
            entropy
            disk
            info=/sys/devices/system/xen_memory/xen_memory0/info/current_kb
            for n in 1 2; do
                echo \"down $n\"
                until [ $(cat $info) -lt 200000 ]; do lab-guest io /dev/vda 20 $n 4; done
                echo \"up $n\"
                until [ $(cat $info) -gt 240000 ]; do lab-guest io /dev/vda 20 $n 4; done
                disk
            done
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        images moving
        daemon_start
        guest_start moving
        target=/local/domain/$(xl domid moving)/memory/target
        full=$(xenstore-read $target)
        for n in 1 2; do
            wait_line $(console moving) \"^down $n\" 200
            xenstore-write $target 180224
            wait_line $(console moving) \"^up $n\" 100
            xenstore-write $target $full
        done
        guest_wait moving 200
        guest_gone moving 60
        daemon_leaves_nothing
    ",
    seen: &[
        ("moving", "08 off: 0xFFFF"),
        ("moving", "08 moved: 0xFFFF 0x0001"),
        ("moving", "08 back: 0x0001 0xFFFF"),
        ("moving", "14 moved: 0xFFFF 0x000"),
        ("moving", "14 back: 0x000"),
        ("moving", "up 2"),
        ("moving", "DOMU-EXIT 0"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("moving", "I/O error"),
        ("moving", "WARNING"),
    ],
    ..LabTest::DEFAULT
};

/// A guest looks at its functions and reads them in every way that a processor has, then attacks them through
/// memory and I/O ports; beside it another one, which is told by ACPI of devices on virtio-mmio, uses its own.
pub const REGISTERS_STAND_EVERYTHING_ON_X86: LabTest = LabTest {
    name: "registers_stand_everything_on_x86",
    lab: Kind::X86,
    timeout: Duration::from_secs(900),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[
        Guest {
            name: "strange",
            // Half of it is for the root, which has the tools and their libraries.
            memory: 256,
            config: &[virtio!("0": "4"), xvde!("0": "/tmp/strange.img")],
            files: &["devices.sh", LAB_GUEST, TOOLS],
            script: "
                set -e
                . /devices.sh
                pci=/sys/bus/pci
                entropy
                lspci -vvn -d 1af4:
                for slot in 08 14; do
                    echo 0000:00:$slot.0 > $pci/drivers/virtio-pci/unbind
                    echo 1 > $pci/devices/0000:00:$slot.0/enable
                    lab-guest strings 0x$slot
                    echo 0000:00:$slot.0 > $pci/drivers/virtio-pci/bind
                done
                entropy
                lab-guest io /dev/vda 60 7 4
                echo 'all read'
                for slot in 08 14; do
                    echo 0000:00:$slot.0 > $pci/drivers/virtio-pci/unbind
                    echo 1 > $pci/devices/0000:00:$slot.0/enable
                done
                dmesg | grep -i -A20 'warning\\|call trace' || true
                for slot in 08 14; do lab-guest pci 0x$slot 1$slot 500; done
                echo 'attacked'
            ",
            ..Guest::DEFAULT
        },
        Guest {
            name: "told",
            config: &[
                virtio!("0": "4"),
                xvde!("0": "/tmp/told.img"),
                "acpi_firmware = \"/tmp/told.aml\"",
            ],
            files: &["devices.sh", LAB_GUEST],
            script: "
                set -e
                . /devices.sh
                for device in /sys/bus/virtio/devices/*; do readlink -f $device; done
                use_all() {
                    [ \"$(ls /sys/bus/virtio/devices | wc -l)\" = 2 ]
                    entropy
                    lab-guest io /dev/vda 60 7 4
                }
                use_all
                rebind_all
                use_all
                grep virtio /proc/interrupts
                echo 'all used again'
                until head -c 4 /dev/vda | grep -q over; do
                    entropy > /dev/null
                    sleep 0.2
                    echo 3 > /proc/sys/vm/drop_caches
                done
                use_all
                echo 'unharmed'
            ",
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        printf '[[mmio]]\nguest = \"told\"\n' > x86.toml
        vhost-device-xen acpi virtio/0 xvde --out /tmp/told.aml
        images strange told
        daemon_start --config x86.toml
        guest_start told
        guest_start strange
        guest_wait strange 500
        printf over | dd of=/tmp/told.img conv=notrunc 2> /dev/null
        guest_wait told 200
        xl destroy strange 2> /dev/null || true
        guest_gone told 60
        daemon_leaves_nothing
        echo \"lines of the log: $(wc -l < /tmp/daemon.log)\"
        [ $(wc -l < /tmp/daemon.log) -lt 600 ]
    ",
    seen: &[
        ("strange", "MSI-X: Enable+ Count="),
        ("strange", "strings: * accesses agree"),
        ("strange", "all read"),
        ("strange", "pci: * accesses done"),
        ("strange", "attacked"),
        ("told", "LNRO0005"),
        ("told", "unharmed"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[
        ("daemon", "panicked"),
        ("daemon", "not served"),
        ("daemon", "its process has ended"),
        ("told", "WARNING"),
    ],
    ..LabTest::DEFAULT
};
