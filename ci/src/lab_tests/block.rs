// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What disks can do besides reading and writing.

use std::time::Duration;

use super::parts::{DAEMON, LAB_GUEST, TOOLS, devices};
use super::{Guest, LabTest};

/// An image with four queues on io_uring, and a block device without the page cache.
const RULES: &str = "
    [[block]]
    guest = \"*\"
    vdev = \"xvda\"
    queues = 4
    engine = \"io_uring\"

    [[block]]
    guest = \"*\"
    vdev = \"xvdb\"
    direct = true
    block_size = 4096
    engine = \"io_uring\"
";

const USE_THEM: &str = "
    set -e
    disk_of() {
        for disk in /sys/block/vd*; do
            [ \"$(cat $disk/serial)\" != $1 ] || basename $disk
        done
    }
    a=$(disk_of xvda)
    b=$(disk_of xvdb)
    echo \"queues: $(ls /sys/block/$a/mq | wc -l)\"
    echo \"block size: $(cat /sys/block/$b/queue/logical_block_size)\"
    lab-guest io /dev/$a 800 1
    mkdir -p /mnt
    mkfs.ext4 -q -b 4096 /dev/$b
    mount -t ext4 /dev/$b /mnt
    head -c 4194304 /dev/urandom | tee /mnt/file > /mnt/gone
    written=$(md5sum < /mnt/file)
    umount /mnt
    mount -t ext4 /dev/$b /mnt
    [ \"$(md5sum < /mnt/file)\" = \"$written\" ]
    echo 'direct: 4 MiB verified'
    rm /mnt/gone
    sync
    echo \"trimmed: $(fstrim -v /mnt)\"
    umount /mnt
    fsck.ext4 -fn /dev/$b
    mount -t ext4 /dev/$b /mnt
    [ \"$(md5sum < /mnt/file)\" = \"$written\" ]
    umount /mnt
    echo 'sound after all'

    [ \"$(cat /sys/block/$a/cache_type)\" = 'write back' ]
    echo 'write through' > /sys/block/$a/cache_type
    [ \"$(cat /sys/block/$a/cache_type)\" = 'write through' ]
    lab-guest io /dev/$a 400 2
    echo 'written through'

    blkdiscard /dev/$a
    blkdiscard /dev/$b
    head -c 1048576 /dev/zero > /tmp/zeroes
    head -c 1048576 /dev/$a | cmp - /tmp/zeroes
    head -c 1048576 /dev/$b | cmp - /tmp/zeroes
    echo 'discarded'
    until [ $(cat /sys/block/$a/size) = 131072 ]; do sleep 0.1; done
    dd if=/dev/$a of=/tmp/last bs=512 skip=131071 count=1 2>/dev/null
    [ $(wc -c < /tmp/last) = 512 ]
    echo 'grown'
    until [ $(cat /sys/block/$a/size) = 65536 ]; do sleep 0.1; done
    echo 'shrunk'
";

macro_rules! disk {
    ($vdev:literal, $grants:literal, $target:expr) => {
        concat!(
            "\"format=raw,access=rw,backendtype=standalone,specification=virtio,vdev=",
            $vdev,
            ",grant_usage=",
            $grants,
            ",target=",
            $target,
            "\""
        )
    };
}

macro_rules! user {
    ($name:literal, $grants:literal, $device:literal) => {
        Guest {
            name: $name,
            vcpus: 2,
            config: &[concat!(
                "disk = [ ",
                disk!("xvda", $grants, concat!("/tmp/", $name, ".img")),
                ", ",
                disk!("xvdb", $grants, $device),
                " ]"
            )],
            files: &[LAB_GUEST, TOOLS],
            script: USE_THEM,
            ..Guest::DEFAULT
        }
    };
}

/// Queues, cache modes, direct I/O on a block device, discard and another size, with io_uring.
pub const DISKS_DO_WHAT_THEY_OFFER: LabTest = LabTest {
    name: "disks_do_what_they_offer",
    timeout: Duration::from_secs(300),
    programs: &[DAEMON, LAB_GUEST],
    files: &[("block.toml", RULES)],
    guests: &[
        user!("grants", "1", "/dev/loop0"),
        user!("foreign", "0", "/dev/loop1"),
    ],
    dom0: "
        images grants foreign
        truncate -s 32M /tmp/loop0.img /tmp/loop1.img
        losetup /dev/loop0 /tmp/loop0.img
        losetup /dev/loop1 /tmp/loop1.img
        vhost-device-xen check --config block.toml | grep -A 1 io_uring
        daemon_start --config block.toml
        for guest in grants foreign; do
            guest_start $guest
            wait_line $(console $guest) '^discarded' 120
            [ $(stat -c %b /tmp/$guest.img) -lt 100 ]
            truncate -s 64M /tmp/$guest.img
            wait_line $(console $guest) '^grown' 20
            truncate -s 32M /tmp/$guest.img
            guest_wait $guest 20
            guest_gone $guest 20
        done
        daemon_stop
    ",
    seen: &[
        ("dom0", "ok       io_uring: for disks"),
        ("grants", "queues: 2"),
        ("grants", "block size: 4096"),
        ("grants", "io: 800 requests*verified"),
        ("grants", "direct: 4 MiB verified"),
        ("grants", "trimmed: /mnt: * trimmed"),
        ("grants", "sound after all"),
        ("grants", "written through"),
        ("grants", "new size: 131072 512-byte logical blocks"),
        ("grants", "shrunk"),
        ("foreign", "queues: 2"),
        ("foreign", "io: 800 requests*verified"),
        ("foreign", "direct: 4 MiB verified"),
        ("foreign", "trimmed: /mnt: * trimmed"),
        ("foreign", "sound after all"),
        ("foreign", "written through"),
        ("foreign", "new size: 131072 512-byte logical blocks"),
        ("foreign", "shrunk"),
    ],
    unseen: &[
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
        ("grants", "Grant still in use"),
        ("grants", "I/O error"),
        ("foreign", "I/O error"),
    ],
    ..LabTest::DEFAULT
};

const CUT: Guest = Guest {
    name: "cut",
    vcpus: 2,
    config: devices!("cut", "1"),
    script: "
        while true; do head -c 4096 /dev/zero > /dev/vda; done &
        n=1
        while true; do
            printf 'record %08d' $n |
                dd of=/dev/vda bs=4096 seek=$n conv=notrunc,fsync 2> /dev/null
            echo \"flushed $n.\"
            n=$((n + 1))
        done
    ",
    ..Guest::DEFAULT
};

/// Cuts a guest off its disk at `$cuts` points of time. The image of every other round has all
/// writes durable; in every other two, the guest goes first.
const CUT_IT_OFF: &str = "
    kill_process() {
        for process in /proc/[0-9]*; do
            if tr '\\0' ' ' < $process/cmdline | grep -q \"guest --domain $1 \"; then
                kill -9 ${process#/proc/}
            fi
        done
    }
    checked=0
    for cut in $(seq $cuts); do
        rm -f /tmp/cut.img
        images cut
        mode=back
        [ $((cut % 2)) = 0 ] || mode=through
        daemon_start --config $mode.toml
        guest_start cut
        domain=$(xl domid cut)
        point=$((1 + $(od -An -N1 -tu1 /dev/urandom) % 24))
        wait_line $(console cut) \"^flushed $point\\.\" 60
        sleep 0.0$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')
        if [ $((cut % 4)) -lt 2 ]; then
            kill_process $domain
            sleep 0.5
            xl destroy cut
        else
            xl destroy cut
            kill_process $domain
        fi
        last=$(sed -n 's/^flushed \\([0-9]*\\)\\..*/\\1/p' $(console cut) | tail -n 1)
        daemon_stop
        n=1
        while [ $n -le $last ]; do
            dd if=/tmp/cut.img bs=4096 skip=$n count=1 2> /dev/null | head -c 15 > /tmp/found
            [ \"$(cat /tmp/found)\" = \"$(printf 'record %08d' $n)\" ]
            n=$((n + 1))
            checked=$((checked + 1))
        done
    done
    echo \"$checked records are there\"
";

const CUT_OFF: LabTest = LabTest {
    programs: &[DAEMON],
    files: &[
        (
            "back.toml",
            "[[block]]\nguest = \"*\"\nengine = \"io_uring\"\nqueues = 2\n",
        ),
        (
            "through.toml",
            "[[block]]\nguest = \"*\"\nengine = \"io_uring\"\nwrite_through = true\n",
        ),
        ("cut_it_off.sh", CUT_IT_OFF),
    ],
    guests: &[CUT],
    seen: &[("dom0", "records are there")],
    unseen: &[("daemon", "panicked")],
    ..LabTest::DEFAULT
};

/// What a flush has covered is in the image, whoever ends first, guest or process.
pub const A_CUT_LOSES_NOTHING_THAT_WAS_FLUSHED: LabTest = LabTest {
    name: "a_cut_loses_nothing_that_was_flushed",
    timeout: Duration::from_secs(400),
    dom0: "cuts=4; . ./cut_it_off.sh",
    ..CUT_OFF
};

/// The same, twenty times.
pub const TWENTY_CUTS_LOSE_NOTHING: LabTest = LabTest {
    name: "twenty_cuts_lose_nothing",
    timeout: Duration::from_secs(1200),
    dom0: "cuts=20; . ./cut_it_off.sh",
    ..CUT_OFF
};

/// Ten minutes of random requests and flushes, 32 at a time over four queues.
pub const TEN_MINUTES_OF_REQUESTS_ARE_VERIFIED: LabTest = LabTest {
    name: "ten_minutes_of_requests_are_verified",
    timeout: Duration::from_secs(900),
    programs: &[DAEMON, LAB_GUEST],
    files: &[(
        "four.toml",
        "[[block]]\nguest = \"*\"\nengine = \"io_uring\"\nqueues = 4\n",
    )],
    guests: &[Guest {
        name: "busy",
        vcpus: 4,
        config: devices!("busy", "1"),
        files: &[LAB_GUEST],
        script: "
            set -e
            now() { cut -d. -f1 /proc/uptime; }
            end=$(($(now) + 600))
            round=0
            echo \"queues: $(ls /sys/block/vda/mq | wc -l)\"
            while [ $(now) -lt $end ]; do
                round=$((round + 1))
                lab-guest io /dev/vda 3200 $round 32
            done
            echo \"all of $round rounds verified\"
        ",
        ..Guest::DEFAULT
    }],
    dom0: "
        images busy
        daemon_start --config four.toml
        guest_start busy
        guest_wait busy 800
        guest_gone busy 20
        daemon_stop
    ",
    seen: &[
        ("busy", "queues: 4"),
        ("busy", "all of * rounds verified"),
        ("busy", "DOMU-EXIT 0"),
    ],
    unseen: &[
        ("busy", "I/O error"),
        ("busy", "Grant still in use"),
        ("daemon", "ERROR"),
        ("daemon", "WARN"),
    ],
    ..LabTest::DEFAULT
};
