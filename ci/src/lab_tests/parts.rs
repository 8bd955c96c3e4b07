// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What several tests are made of.

/// The daemon's package and program.
pub const DAEMON: &str = "vhost-device-xen";

/// The package and program of what runs in guests.
pub const LAB_GUEST: &str = "lab-guest";

/// e2fsprogs and rngtest, of dom0's root.
pub const TOOLS: &str = "/lab/tools/.";

/// What guests do with their devices: functions for their scripts.
pub const DEVICES: (&str, &str) = ("devices.sh", include_str!("../../lab/devices.sh"));

/// The two lines of `xl.cfg` that give a guest an entropy source and the disk `/tmp/NAME.img`,
/// with grants ("1") or without ("0").
macro_rules! devices {
    ($name:literal, $grants:literal) => {
        devices!($name, $grants, $grants)
    };
    ($name:literal, $entropy:literal, $disk:literal $(, $more:literal)*) => {
        &[
            concat!(
                "virtio = [ \"type=virtio,device4,transport=mmio,grant_usage=",
                $entropy,
                "\" ]"
            ),
            concat!(
                "disk = [ \"format=raw,vdev=xvda,access=rw,backendtype=standalone,",
                "specification=virtio,grant_usage=",
                $disk,
                ",target=/tmp/",
                $name,
                ".img\" ]"
            ),
            $($more,)*
        ]
    };
}
pub(crate) use devices;
