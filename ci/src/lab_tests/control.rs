// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What operators see of devices, and do to them, while guests run.

use std::time::Duration;

use super::parts::{DAEMON, DEVICES, virtio, xvda};
use super::{Guest, LabTest};

/// A disk, an entropy source, and an I2C adapter for which there is no rule at first.
macro_rules! operated {
    ($name:literal, $grants:literal) => {
        Guest {
            name: $name,
            config: &[
                virtio!($grants: "4", "22"),
                xvda!($grants: "/tmp/", $name, ".img"),
            ],
            files: &["devices.sh"],
            script: "
                set -e
                . /devices.sh
                disk=$(basename $(readlink -f /sys/block/vda/device))
                entropy
                disk 2
                echo 'ready'
                until [ $(cat /sys/block/vda/size) = 131072 ]; do sleep 0.1; done
                echo 'grown'
                while head -c 65536 /dev/vda > /tmp/read 2>/dev/null && [ -s /tmp/read ]; do
                    echo 3 > /proc/sys/vm/drop_caches
                done
                echo 'reads fail'
                echo $disk > /sys/bus/virtio/drivers/virtio_blk/unbind
                if echo $disk > /sys/bus/virtio/drivers/virtio_blk/bind; then exit 1; fi
                echo 'not there'
                until echo $disk > /sys/bus/virtio/drivers/virtio_blk/bind; do sleep 0.2; done
                [ $(cat /sys/block/vda/size) = 131072 ]
                disk 1
                entropy
                echo 'back again'
                sleep 4
            ",
            ..Guest::DEFAULT
        }
    };
}

/// Devices are listed and counted; the configuration is read again; a disk grows, goes and comes
/// back under a guest that lives.
pub const OPERATORS_SEE_AND_CHANGE_DEVICES: LabTest = LabTest {
    name: "operators_see_and_change_devices",
    timeout: Duration::from_secs(400),
    programs: &[DAEMON],
    files: &[
        DEVICES,
        (
            "rule.toml",
            "[[i2c]]\nguest = \"*\"\nindex = 1\nadapter = \"sim\"\n",
        ),
        ("wrong.toml", "[rng]\nrate = \"much\"\n"),
    ],
    guests: &[operated!("grants", "1"), operated!("foreign", "0")],
    dom0: r#"
        refused() {
            if vhost-device-xen "$@" > /tmp/refused.log 2>&1; then echo "accepted: $*"; return 1; fi
            cat /tmp/refused.log
        }
        listed() { wait_for 10 sh -c "vhost-device-xen list | grep -q '$1'"; }
        socket=/run/vhost-device-xen.sock
        refused list
        echo stale > $socket
        images grants foreign
        for guest in grants foreign; do
            : > /tmp/control.toml
            daemon_start --config /tmp/control.toml
            [ $(stat -c %a $socket) = 600 ]
            guest_start $guest -p
            listed 'virtio/1 .* refused .*no \[\[i2c\]\] for device 1'
            cp wrong.toml /tmp/control.toml
            kill -HUP $daemon
            wait_line /tmp/daemon.log 'stays as it was: .*control.toml is wrong at line 2: ' 5
            cp rule.toml /tmp/control.toml
            kill -HUP $daemon
            listed 'virtio/1 .* i2c .* served .* simulated'
            xl unpause $guest
            wait_line $(console $guest) '^ready' 100
            vhost-device-xen list
            vhost-device-xen stats $guest
            vhost-device-xen stats $guest --json > /tmp/stats.json
            [ $(grep -c '"driver_ready": true' /tmp/stats.json) = 3 ]
            vhost-device-xen stats --watch > /tmp/watch.txt &
            sleep 3
            kill $!
            [ $(grep -c 'virtio_disk/51712 .*[0-9]/s ' /tmp/watch.txt) -ge 1 ]

            refused resize $guest xvda 32M
            refused resize $guest virtio/0 64M
            refused resize nobody xvda 64M
            vhost-device-xen resize $guest xvda 64M
            wait_line $(console $guest) '^grown' 5
            vhost-device-xen resize $guest xvda

            vhost-device-xen detach $guest virtio_disk/51712
            listed 'virtio_disk/51712 .* detached'
            # Nobody has the image any more.
            if ls -l /proc/[0-9]*/fd 2>/dev/null | grep /tmp/$guest.img; then exit 1; fi
            wait_line $(console $guest) '^reads fail' 60
            wait_line $(console $guest) '^not there' 30
            refused resize $guest xvda 96M
            mv /tmp/$guest.img /tmp/moved.img
            refused attach $guest xvda
            # Another process goes on for the guest, without the disk and without its image.
            process=$(process_of $guest)
            kill -9 $process
            wait_for 10 sh -c ". /lab/lib.sh; [ $process != \$(process_of $guest) ]"
            listed 'virtio_disk/51712 .* detached'
            listed 'virtio/0 .* rng .* connected'
            mv /tmp/moved.img /tmp/$guest.img
            vhost-device-xen attach $(xl domid $guest) xvda
            wait_line $(console $guest) '^back again' 100
            listed 'virtio_disk/51712 .* block xvda .* connected'
            guest_wait $guest 20
            guest_gone $guest 20
            daemon_stop
            [ ! -e $socket ]
        done
    "#,
    seen: &[
        (
            "dom0",
            "cannot reach the daemon at /run/vhost-device-xen.sock",
        ),
        ("dom0", "virtio/0 * rng * connected * grants"),
        (
            "dom0",
            "virtio_disk/51712 * block xvda * connected * foreign * /tmp/foreign.img",
        ),
        ("dom0", "it would shrink from 50331648 bytes to 33554432"),
        ("dom0", "only disks have a size"),
        ("dom0", "no guest \"nobody\""),
        ("dom0", "67108864 bytes"),
        ("dom0", "the device is not served now"),
        ("dom0", "params: cannot open /tmp/grants.img"),
        ("daemon", "(grants): virtio_disk/* served"),
        ("daemon", "(foreign): virtio_disk/* used by its driver"),
        ("daemon", "(foreign): virtio_disk/* detached: kicks="),
        ("daemon", "(foreign): virtio_disk/* attached again"),
        ("grants", "back again"),
        ("grants", "DOMU-EXIT 0"),
        ("foreign", "back again"),
        ("foreign", "DOMU-EXIT 0"),
    ],
    unseen: &[
        ("daemon", "panicked"),
        ("grants", "Grant still in use"),
        ("grants", "nhandled fault"),
        ("foreign", "nhandled fault"),
    ],
    ..LabTest::DEFAULT
};
