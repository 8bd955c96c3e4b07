// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guests come and go, misbehave, and are announced wrongly.

use std::time::Duration;

use super::parts::{DAEMON, DEVICES, LAB_GUEST, devices};
use super::{Guest, LabTest};

/// Twenty guests that use two devices each are destroyed, and the daemon is as it was.
pub const TWENTY_GUESTS_LEAVE_NOTHING: LabTest = LabTest {
    name: "twenty_guests_leave_nothing",
    timeout: Duration::from_secs(240),
    programs: &[DAEMON],
    guests: &[Guest {
        name: "brief",
        memory: 64,
        config: devices!("brief", "1", "0"),
        script: "
            head -c 64 /dev/hwrng > /dev/null
            head -c 65536 /dev/vda > /dev/null
            echo 'both used'
            sleep 1000
        ",
        ..Guest::DEFAULT
    }],
    // libxl gives a backend ten seconds to let go, and complains when it does not.
    dom0: "
        images brief
        daemon_start
        before=
        for n in $(seq 20); do
            guest_start brief 2>> xl.log
            wait_line $(console brief) 'both used' 30
            [ \"$(daemon_processes)\" = 2 ]
            start=$(cut -d' ' -f1 /proc/uptime)
            xl destroy brief 2>> xl.log
            end=$(cut -d' ' -f1 /proc/uptime)
            echo \"destroyed in $(echo \"$end $start\" | awk '{ printf \"%.2f\", $1 - $2 }') s\"
            wait_for 10 no_guest
            [ -z \"$(xenstore-ls /local/domain/0/backend 2>/dev/null | grep virtio)\" ]
            wait_for 5 daemon_alone
            [ -n \"$before\" ] || before=$(daemon_state)
        done
        echo \"after 1: $before\"
        echo \"after 20: $(daemon_state)\"
        [ \"$(daemon_state)\" = \"$before\" ]
        show xl xl.log
        daemon_stop
        echo 'nothing is left'
    ",
    seen: &[
        ("dom0", "nothing is left"),
        ("dom0", "after 20: processes 1 "),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN"), ("xl", "error")],
    ..LabTest::DEFAULT
};

/// A guest attacks the registers of both its devices while another one uses its own.
pub const A_HOSTILE_GUEST_HARMS_NOBODY: LabTest = LabTest {
    name: "a_hostile_guest_harms_nobody",
    timeout: Duration::from_secs(180),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[
        Guest {
            name: "hostile",
            vcpus: 2,
            config: devices!("hostile", "1", "0"),
            files: &["lab-guest", "devices.sh"],
            // First under the drivers' feet, then alone; afterwards the drivers can come back.
            script: "
                set -e
                . /devices.sh
                lab-guest poke 0x2000000 1 1000
                lab-guest poke 0x2000200 2 1000
                for device in /sys/bus/virtio/devices/*; do
                    driver=$(readlink -f $device/driver)
                    echo $(basename $device) > $driver/unbind
                done
                lab-guest poke 0x2000000 3 1000
                lab-guest poke 0x2000200 4 1000
                lab-guest storm 0x2000000 100
                echo virtio0 > /sys/bus/virtio/drivers/virtio_blk/bind
                echo virtio1 > /sys/bus/virtio/drivers/virtio_rng/bind
                entropy
                disk
            ",
            ..Guest::DEFAULT
        },
        Guest {
            name: "peaceful",
            config: devices!("peaceful", "1", "1"),
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                for n in 1 2; do
                    entropy
                    disk
                done
            ",
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        images hostile peaceful
        daemon_start
        guest_start peaceful
        guest_start hostile
        guest_wait hostile 150
        guest_wait peaceful 150
        guest_gone hostile 20
        guest_gone peaceful 20
        daemon_stop
        # What a guest can cause is logged, but not without end.
        [ $(wc -l < /tmp/daemon.log) -lt 400 ]
    ",
    seen: &[
        ("hostile", "poke: * accesses done"),
        ("hostile", "storm: 100 rounds done"),
        ("hostile", "disk: 8 MiB verified twice"),
        ("hostile", "DOMU-EXIT 0"),
        ("peaceful", "DOMU-EXIT 0"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "panicked")],
    ..LabTest::DEFAULT
};

/// A guest's process is killed while its guest uses the devices. Another guest, and the daemon, go
/// on, and the dead one's guest can be destroyed and created again.
pub const A_KILLED_PROCESS_IS_ITS_GUESTS_AFFAIR: LabTest = LabTest {
    name: "a_killed_process_is_its_guests_affair",
    timeout: Duration::from_secs(240),
    programs: &[DAEMON],
    files: &[DEVICES],
    guests: &[
        Guest {
            name: "victim",
            config: devices!("victim", "1", "0"),
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                entropy
                disk
                echo 'all well'
                while true; do
                    head -c 64 /dev/hwrng > /dev/null
                    echo 3 > /proc/sys/vm/drop_caches
                    head -c 1048576 /dev/vda > /dev/null
                done
            ",
            ..Guest::DEFAULT
        },
        Guest {
            name: "other",
            config: devices!("other", "1"),
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                entropy
                disk
                entropy
                disk
            ",
            ..Guest::DEFAULT
        },
    ],
    dom0: "
        images victim other
        daemon_start
        guest_start victim
        wait_line $(console victim) 'all well' 60
        guest_start other
        wait_line $(console other) 'entropy' 60
        for n in 1 2 3 4; do
            old=$(process_of victim)
            kill -9 $old
            [ $n = 4 ] || wait_for 10 sh -c \". /lab/lib.sh; [ \\$(process_of victim) != $old ]\"
        done
        wait_line /tmp/daemon.log 'virtio/1/0: not served: .*signal: 9' 10
        xl destroy victim
        [ -z \"$(xenstore-ls /local/domain/0/backend/virtio/1 2>/dev/null)\" ]
        guest_wait other 90
        guest_gone other 20
        guest_start victim
        wait_line $(console victim) 'all well' 60
        xl destroy victim
        daemon_stop
        echo 'and again'
    ",
    seen: &[("dom0", "and again"), ("other", "DOMU-EXIT 0")],
    unseen: &[("daemon", "panicked")],
    ..LabTest::DEFAULT
};

/// Every mistake of an operator or a toolstack is one line that names what and where, and the
/// next guest is served all the same.
pub const MISTAKES_ARE_NAMED: LabTest = LabTest {
    name: "mistakes_are_named",
    programs: &[DAEMON],
    files: &[DEVICES, ("unknown.toml", "[rng]\nsauce = \"/dev/hwrng\"\n")],
    guests: &[Guest {
        name: "good",
        config: devices!("good", "1"),
        files: &["devices.sh", "vhost-device-xen"],
        script: "
            set -e
            . /devices.sh
            entropy
            sleep 2
            # A guest is not dom0.
            if /vhost-device-xen check; then exit 1; fi
            if /vhost-device-xen run; then exit 1; fi
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        refused() {
            if \"$@\" > /tmp/refused.log 2>&1; then echo \"accepted: $*\"; return 1; fi
            cat /tmp/refused.log
        }
        refused vhost-device-xen run --config unknown.toml
        refused vhost-device-xen run --config /nonexistent.toml
        refused vhost-device-xen run --config /lab
        refused env XENSTORED_PATH=/nonexistent vhost-device-xen run
        refused env XENSTORED_PATH=/nonexistent vhost-device-xen check
        mv /dev/xen/privcmd /dev/xen/gone
        refused vhost-device-xen run
        refused vhost-device-xen check
        mv /dev/xen/gone /dev/xen/privcmd
        vhost-device-xen check

        daemon_start
        refused vhost-device-xen run
        virtio=/local/domain/0/backend/virtio disk=/local/domain/0/backend/virtio_disk
        right='transport=mmio grant_usage=1 irq=33 base=0x2000000'
        xenstore_device $virtio/999/0 $right type=virtio,device1a
        xenstore_device $virtio/999/1 $right type=nonsense
        xenstore_device $virtio/999/2 $right
        xenstore_device $virtio/999/3 $right type=virtio,device4 base=0x2zz
        xenstore_device $virtio/999/4 $right type=virtio,device4 irq=5
        xenstore_device $virtio/999/5 $right type=virtio,device4 transport=pci
        xenstore_device $virtio/999/6 $right type=virtio,device2
        xenstore_device $virtio/999/7 $right type=virtio,device4
        right=\"$right specification=virtio mode=w dev=xvda\"
        xenstore_device $disk/999/0 $right params=/tmp/missing.img
        mkdir /tmp/ro && mount -t tmpfs ro /tmp/ro && truncate -s 1M /tmp/ro/image
        mount -o remount,ro /tmp/ro
        xenstore_device $disk/999/1 $right params=/tmp/ro/image
        xenstore_device $disk/999/2 $right params=/tmp
        mkfifo /tmp/fifo
        xenstore_device $disk/999/3 $right params=/tmp/fifo mode=r
        xenstore_device $virtio/999/8 $right type=virtio,device4 state=4
        xenstore-write $virtio/nonsense/0/state 1 $virtio/999/nonsense/state 1
        wait_line /tmp/daemon.log 'virtio_disk/999/2: not served' 10
        wait_line /tmp/daemon.log 'virtio/999/7: not served' 10

        # A device that is not served is let go at once all the same.
        xenstore-write $virtio/999/0/online 0 $virtio/999/0/state 5
        wait_for 5 sh -c \"[ \\$(xenstore-read $virtio/999/0/state) = 6 ]\"
        xenstore-rm $virtio/999
        xenstore-rm $disk/999

        images good
        guest_start good
        wait_line $(console good) entropy 30
        # The image is in use by that guest.
        xenstore_device $disk/999/0 $right params=/tmp/good.img
        wait_line /tmp/daemon.log 'is in use by another device' 10
        xenstore-rm $disk/999
        guest_wait good 60
        guest_gone good 20
        daemon_stop
    ",
    seen: &[
        (
            "dom0",
            "the configuration unknown.toml is wrong at line 2: unknown field `sauce`",
        ),
        (
            "dom0",
            "cannot read the configuration /nonexistent.toml: No such file",
        ),
        ("dom0", "cannot read the configuration /lab: Is a directory"),
        ("dom0", "cannot use XenStore*cannot connect to /nonexistent"),
        ("dom0", "MISSING  XenStore: cannot connect to /nonexistent"),
        ("dom0", "this is no Xen host: cannot open /dev/xen/privcmd"),
        ("dom0", "MISSING  privcmd: cannot open /dev/xen/privcmd"),
        ("dom0", "ok       privcmd: Xen 4.20"),
        ("dom0", "ok       irqfd: interrupts through the kernel"),
        (
            "daemon",
            "virtio/999/0: not served: type: \"virtio,device1a\" is not",
        ),
        (
            "daemon",
            "virtio/999/1: not served: type: \"nonsense\" is not",
        ),
        ("daemon", "virtio/999/2: not served: type: missing"),
        ("daemon", "virtio/999/3: not served: base: \"0x2zz\" is not"),
        ("daemon", "virtio/999/4: not served: irq: \"5\" is not"),
        (
            "daemon",
            "virtio/999/5: not served: transport: \"pci\" is not",
        ),
        (
            "daemon",
            "virtio/999/6: not served: type: \"virtio,device2\" is not * needs a disk= line",
        ),
        (
            "daemon",
            "virtio/999/7: not served: no process for the guest: *",
        ),
        (
            "daemon",
            "virtio_disk/999/0: not served: params: cannot open /tmp/missing.img for reading and writing: No such",
        ),
        (
            "daemon",
            "virtio_disk/999/1: not served: params: cannot open /tmp/ro/image for reading and writing: Read-only",
        ),
        (
            "daemon",
            "virtio_disk/999/2: not served: params: cannot open /tmp for reading and writing: Is a directory",
        ),
        (
            "daemon",
            "virtio_disk/999/0: not served: params: /tmp/good.img is in use by another device",
        ),
        (
            "daemon",
            "virtio/999/8: not served: its driver was served by a daemon that has left nothing",
        ),
        ("good", "entropy: 512 bytes"),
        ("good", "control domain"),
        ("good", "DOMU-EXIT 0"),
    ],
    ..LabTest::DEFAULT
};
