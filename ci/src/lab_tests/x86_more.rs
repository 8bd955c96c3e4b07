// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Other guests on x86, and other hosts: firmware alone, a Debian system, much memory; grants, a PVH dom0, an older Xen.

use std::time::Duration;

use super::{
    Guest, LabTest,
    crowd::RULES,
    parts::{DAEMON, DEVICES, LAB_GUEST, virtio, xvde},
};
use crate::lab::Kind;

/// The firmware reads a boot sector from our disk, the only one there is, and that reads and writes by it.
macro_rules! firmware {
    ($name:literal, $lab:ident, $xen:literal) => {
        LabTest {
            name: $name,
            lab: Kind::$lab,
            timeout: Duration::from_secs(300),
            programs: &[DAEMON],
            files: &[(
                "boot-sector.hex",
                include_str!("../../lab/boot-sector.hex"),
            )],
            dom0: "
                xl info | grep xen_version
                sed 's/#.*//' boot-sector.hex | xxd -r -p > disk.img
                truncate -s 510 disk.img
                printf '\\125\\252this is what the disk has\\n\\000' >> disk.img
                head -c 100000 /dev/urandom >> disk.img
                truncate -s 16M disk.img
                {
                    printf 'name = \"firmware\"\ntype = \"hvm\"\nmemory = 32\nvcpus = 1\nboot = \"c\"\n'
                    printf 'nographic = 1\nvga = \"none\"\nvnc = 0\nusb = 0\nhpet = 0\nvkb_device = 0\n'
                    printf 'disk = [ \"format=raw,vdev=xvde,access=rw,backendtype=standalone,specification=virtio'
                    printf ',target=/test/disk.img\" ]\n'
                } > firmware.cfg
                xl set-parameters guest_loglvl=all
                vhost-device-xen check
                daemon_start
                xl create firmware.cfg
                guest_gone firmware 100
                xl dmesg | grep '^(XEN) (d1)\\|^(d1)' | tail -n 40
                # The 32 sectors from 1 on are those from 64 on.
                dd if=disk.img bs=512 skip=1 count=32 > read 2> /dev/null
                dd if=disk.img bs=512 skip=64 count=32 > written 2> /dev/null
                cmp read written
                echo 'what was read was written'
                daemon_leaves_nothing
            ",
            seen: &[
                ("dom0", concat!("xen_version * : ", $xen)),
                ("dom0", concat!("ok       privcmd: Xen ", $xen)),
                ("dom0", "(d1) sector 0 runs"),
                ("dom0", "(d1) this is what the disk has"),
                ("dom0", "(d1) written"),
                ("dom0", "what was read was written"),
                ("dom0", "nothing is left"),
            ],
            unseen: &[("daemon", "ERROR"), ("daemon", "WARN")],
            ..LabTest::DEFAULT
        }
    };
}

/// The same program does it on this Xen and on the one of the release before.
pub const THE_FIRMWARE_BOOTS_FROM_A_DISK: &[LabTest] = &[
    firmware!("the_firmware_boots_from_a_disk_on_x86", X86, "4.20"),
    firmware!(
        "the_firmware_boots_from_a_disk_on_xen_4_17",
        X86Older,
        "4.17"
    ),
];

/// A Debian system as it is installed on any machine boots from our disk, the only one it has.
pub const DEBIAN_BOOTS_FROM_A_DISK_ON_X86: LabTest = LabTest {
    name: "debian_boots_from_a_disk_on_x86",
    lab: Kind::X86,
    timeout: Duration::from_secs(900),
    programs: &[DAEMON],
    system: true,
    guests: &[Guest {
        name: "debian",
        memory: 512,
        // The last one counts.
        words: "rdinit=/domu.sh systemd.show_status=0 systemd.getty_auto=no",
        config: &[virtio!("0": "4"), xvde!("0": "/dev/vda")],
        script: "#!/bin/busybox sh
            /bin/busybox --install -s /bin
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            mount -t devtmpfs dev /dev
            for module in /modules/*; do insmod $module; done
            mkdir /mnt
            mount -t ext4 /dev/vda /mnt
            echo 'DOMU-UP with a system'
            exec switch_root /mnt /sbin/init
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        daemon_start
        guest_start debian
        guest_wait debian 500
        guest_gone debian 60
        daemon_leaves_nothing
    ",
    seen: &[
        ("debian", "this is Debian GNU/Linux 13 (trixie)"),
        ("debian", "its root is /dev/vda rw"),
        ("debian", "its disks are: vda disk"),
        ("debian", "to be read again"),
        ("debian", "programs are read"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("debian", "WARNING"),
        ("debian", "I/O error"),
    ],
    ..LabTest::DEFAULT
};

/// A guest has memory above 4 GiB, beyond the hole, and its disk's requests are there.
pub const A_LARGE_GUEST_IS_SERVED_ON_X86: LabTest = LabTest {
    name: "a_large_guest_is_served_on_x86",
    lab: Kind::X86,
    memory: Some(8192),
    timeout: Duration::from_secs(900),
    programs: &[DAEMON, LAB_GUEST],
    files: &[DEVICES],
    guests: &[Guest {
        name: "large",
        memory: 4864,
        config: &[virtio!("0": "4"), xvde!("0": "/tmp/large.img")],
        files: &["devices.sh", LAB_GUEST],
        script: "
            set -e
            . /devices.sh
            grep 'System RAM' /proc/iomem
            entropy
            for seed in 1 2 3; do lab-guest io /dev/vda 200 $seed 8; done
            disk 32
            # What was used of the memory from 4 GiB on.
            sed -n '/zone *Normal/,/^Node/p' /proc/zoneinfo | grep -E 'zone|nr_zone_(active|inactive)_file'
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        images large
        daemon_start
        guest_start large
        guest_wait large 500
        guest_gone large 100
        daemon_leaves_nothing
    ",
    seen: &[
        ("large", "100000000-* : System RAM"),
        ("large", "zone   Normal"),
        ("large", "disk: 32 MiB verified twice"),
        ("large", "DOMU-EXIT 0"),
        ("dom0", "nothing is left"),
    ],
    unseen: &[("daemon", "ERROR"), ("daemon", "WARN"), ("large", "WARNING")],
    ..LabTest::DEFAULT
};

/// With kernels that have what Debian's have not: four devices each, with grants and messages raised by the kernel
/// (irqfd), on PCI and on virtio-mmio.
macro_rules! grants {
    ($name:literal, $pvh:literal) => {
        LabTest {
            name: $name,
            lab: Kind::X86Grants,
            pvh: $pvh,
            timeout: Duration::from_secs(600),
            programs: &[DAEMON, LAB_GUEST],
            files: &[DEVICES, RULES],
            guests: &[
                grants!("pci", 1, ""),
                grants!("lines", 2, "pci=nomsi"),
                grants!("told", 1, "", "acpi_firmware = \"/tmp/told.aml\""),
            ],
            dom0: "
                vhost-device-xen check
                cp four.toml x86.toml
                printf '[[mmio]]\nguest = \"told\"\n' >> x86.toml
                vhost-device-xen acpi virtio/0 virtio/1 virtio/2 xvde --out /tmp/told.aml
                images pci lines told
                daemon_start --config x86.toml
                for guest in pci lines told; do
                    guest_start $guest
                    guest_wait $guest 150
                    guest_gone $guest 60
                done
                daemon_leaves_nothing
                # The firmware tries the disk, and knows no grants.
                ! grep WARN /tmp/daemon.log | grep -v 'descriptor table: .* no range in grant mode'
            ",
            seen: &[
                ("dom0", "ok       irqfd"),
                ("dom0", "nothing is left"),
                ("pci", "PCI-MSIX-* virtio*"),
                ("pci", "all used again"),
                ("lines", "IO-APIC * virtio*"),
                ("lines", "all used again"),
                ("told", "LNRO0005"),
                ("told", "all used again"),
                ("daemon", "grants, getrandom"),
            ],
            unseen: &[
                ("daemon", "ERROR"),
                ("daemon", "foreign"),
                ("pci", "WARNING"),
                ("lines", "WARNING"),
                ("told", "WARNING"),
                ("pci", "Grant still in use"),
                ("lines", "Grant still in use"),
                ("told", "Grant still in use"),
            ],
            ..LabTest::DEFAULT
        }
    };
    ($name:literal, $vcpus:literal, $words:literal $(, $more:literal)?) => {
        Guest {
            name: $name,
            vcpus: $vcpus,
            words: $words,
            config: &[
                virtio!("1": "4", "22", "29"),
                xvde!("1": "/tmp/", $name, ".img")
                $(, $more)?
            ],
            files: &["devices.sh", LAB_GUEST, "/lab/modules/gpio-virtio.ko"],
            script: "
                set -e
                . /devices.sh
                insmod /gpio-virtio.ko
                for device in /sys/bus/virtio/devices/*; do readlink -f $device; done
                use_all() {
                    [ \"$(ls /sys/bus/virtio/devices | wc -l)\" = 4 ]
                    entropy
                    lab-guest i2c /dev/i2c-0 use 0x50
                    lab-guest gpio /dev/gpiochip0 pair 0 1
                    lab-guest io /dev/vda 60 7 4
                    disk 2
                }
                use_all
                grep virtio /proc/interrupts
                rebind_all
                use_all
                echo 'all used again'
            ",
            ..Guest::DEFAULT
        }
    };
}

/// In a dom0 that is a PV domain, and in one that is a PVH domain.
pub const GRANTS_WORK_ON_X86: &[LabTest] = &[
    grants!("grants_work_on_x86", false),
    grants!("grants_work_on_x86_with_a_pvh_dom0", true),
];

/// With nothing but a `virtio=` line, for which `xl create` does not wait: whether the firmware, which looks at
/// the bus once, finds the device, a hundred times. Xen's log has what it found.
pub const THE_DAEMON_IS_FIRST_ON_X86: LabTest = LabTest {
    name: "the_daemon_is_first_on_x86",
    lab: Kind::X86,
    timeout: Duration::from_secs(5400),
    programs: &[DAEMON],
    guests: &[Guest {
        name: "soon",
        config: &[virtio!("0": "4")],
        ..Guest::DEFAULT
    }],
    dom0: "
        xl set-parameters guest_loglvl=all
        daemon_start
        well=0
        for n in $(seq 100); do
            xl dmesg -c > /dev/null
            guest_start soon
            wait_for 60 sh -c \"xl dmesg | grep -q 'Invoking SeaBIOS'\"
            if xl dmesg | grep -q 'pci dev 08:0 bar 10 '; then well=$((well + 1)); fi
            echo \"$well of $n\"
            xl destroy soon 2> /dev/null || true
            wait_for 30 no_guest
        done
        echo \"in time: $well of 100\"
        daemon_leaves_nothing
    ",
    seen: &[("dom0", "in time: 100 of 100")],
    unseen: &[("daemon", "ERROR")],
    ..LabTest::DEFAULT
};
