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

/// The line of `xl.cfg` that gives a guest devices of these virtio numbers, in hexadecimal, with grants ("1")
/// or without ("0").
macro_rules! virtio {
    ($grants:literal: $first:literal $(, $more:literal)*) => {
        concat!(
            "virtio = [ \"type=virtio,device", $first, ",transport=mmio,grant_usage=", $grants, "\"",
            $(", \"type=virtio,device", $more, ",transport=mmio,grant_usage=", $grants, "\"",)*
            " ]"
        )
    };
}
pub(crate) use virtio;

/// The line of `xl.cfg` that gives a guest a disk, with grants ("1") or without ("0").
macro_rules! xvda {
    ($grants:literal: $($image:literal),+) => {
        $crate::lab_tests::parts::disk!("xvda", $grants, $($image),+)
    };
}
pub(crate) use xvda;

/// The same on x86, where the device model takes xvda to xvdd for its own.
macro_rules! xvde {
    ($grants:literal: $($image:literal),+) => {
        $crate::lab_tests::parts::disk!("xvde", $grants, $($image),+)
    };
}
pub(crate) use xvde;

/// The line of `xl.cfg` for a disk of this name.
macro_rules! disk {
    ($vdev:literal, $grants:literal, $($image:literal),+) => {
        concat!(
            "disk = [ \"format=raw,vdev=",
            $vdev,
            ",access=rw,backendtype=standalone,specification=virtio,grant_usage=",
            $grants,
            ",target=",
            $($image,)+
            "\" ]"
        )
    };
}
pub(crate) use disk;

/// The lines of `xl.cfg` that give a guest a PCI bus, with the device tree that `pci_trees` in dom0 makes for
/// devices with grants ("1") or without ("0").
macro_rules! bus {
    ($grants:literal) => {
        concat!(
            "device_tree = \"/tmp/pci-",
            $grants,
            ".dtb\"\nnr_spis = 224"
        )
    };
}
pub(crate) use bus;

/// The two lines of `xl.cfg` that give a guest an entropy source and the disk `/tmp/NAME.img`,
/// with grants ("1") or without ("0").
macro_rules! devices {
    ($name:literal, $grants:literal) => {
        devices!($name, $grants, $grants)
    };
    ($name:literal, $entropy:literal, $disk:literal $(, $more:expr)*) => {
        &[
            $crate::lab_tests::parts::virtio!($entropy: "4"),
            $crate::lab_tests::parts::xvda!($disk: "/tmp/", $name, ".img"),
            $($more,)*
        ]
    };
}
pub(crate) use devices;
