// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Where devices of guests on x86 are.
//!
//! The PCI bus is the one of the guest's chipset, on which the device model has its own devices from place 0 on, in
//! the order of their making. Xen has a function's configuration space answered by whoever has asked for it, so
//! these devices are put where no device model puts any of the few that guests have.
//!
//! On virtio-mmio, a device has the interrupt of the place that it would have on the bus. Its registers are in the part
//! of the address space that the firmware reserves and nobody uses, which starts at 0xfc00_b000; a guest knows
//! of them by what `vhost-device-xen acpi` makes.

use crate::channel::{DeviceId, Directory};
use crate::transport::MMIO_SIZE;

/// The place of device 0 of `virtio=`.
const FIRST_VIRTIO: u32 = 8;
/// The place of the disk xvda.
const FIRST_DISK: u32 = 16;

/// Where the registers of place 0 would be.
const REGISTERS: u64 = 0xfea0_0000;

/// What can be placed.
pub const SLOTS: &str =
    "there are places for 8 devices of virtio= (0 to 7), and for the disks xvda to xvdp";

/// The major number of disks that are named xvd, in a disk's number: docs/man/xen-vbd-interface.7.pandoc of Xen.
const XVD: u32 = 202;

/// The place of a device: the same in every life of the guest.
pub fn slot(id: DeviceId) -> Option<u8> {
    let slot = match id.directory {
        Directory::Virtio if id.index < FIRST_DISK - FIRST_VIRTIO => FIRST_VIRTIO + id.index,
        Directory::Disk if id.index >> 8 == XVD => FIRST_DISK + (id.index >> 4 & 15),
        Directory::Virtio | Directory::Disk => return None,
    };
    u8::try_from(slot).ok()
}

/// Where the registers of the device are that has the interrupt of a place.
pub fn registers(slot: u8) -> u64 {
    REGISTERS + u64::from(slot) * MMIO_SIZE
}

/// The input of the I/O APIC that INTA of a place is wired to: xen/arch/x86/hvm/irq.c of Xen 4.20,
/// `hvm_pci_intx_gsi`.
pub fn gsi(slot: u8) -> u32 {
    let slot = u32::from(slot);
    (((slot << 2) + (slot >> 3)) & 31) + 16
}

/// The device of a name, as `list` has it: `virtio/0`, or `xvda`.
pub fn device(name: &str) -> Option<DeviceId> {
    let (directory, index) = match name.split_once('/') {
        Some(("virtio", index)) => (Directory::Virtio, index.parse().ok()?),
        Some(("virtio_disk", index)) => (Directory::Disk, index.parse().ok()?),
        Some(_) => return None,
        None => {
            let letter = u8::try_from(name.strip_prefix("xvd")?.parse::<char>().ok()?).ok()?;
            let disk = u32::from(letter.checked_sub(b'a')?);
            (Directory::Disk, XVD << 8 | disk.checked_mul(16)?)
        }
    };
    Some(DeviceId { directory, index })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(directory: Directory, index: u32) -> Option<u8> {
        slot(DeviceId { directory, index })
    }

    #[test]
    fn each_device_has_a_place_of_its_own() {
        let virtio = (0..9).map(|n| place(Directory::Virtio, n));
        let disks = (0..16).map(|n| place(Directory::Disk, 51712 + 16 * n));

        let mut places: Vec<u8> = virtio.chain(disks).flatten().collect();

        assert_eq!(places.len(), 24);
        assert_eq!(place(Directory::Virtio, 7), Some(15));
        assert_eq!(place(Directory::Disk, 51728), Some(17));
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 24);
    }

    #[test]
    fn an_interrupt_is_that_of_the_place() {
        // As seen in a guest.
        assert_eq!([10, 11].map(gsi), [25, 29]);
        assert_eq!([8, 31].map(gsi), [17, 47]);
    }

    #[test]
    fn devices_have_names() {
        let named = |name| device(name).and_then(slot);

        assert_eq!(
            ["virtio/0", "virtio/7", "virtio_disk/51712", "xvda", "xvdp"].map(named),
            [8, 15, 16, 16, 31].map(Some)
        );
        for name in [
            "", "virtio", "virtio/8", "virtio/x", "xvd", "xvdq", "xvdaa", "sda", "x/0",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn what_has_no_place_is_refused() {
        assert_eq!(place(Directory::Virtio, 8), None);
        assert_eq!(place(Directory::Virtio, u32::MAX), None);
        // sda, hda, and one beyond xvdp.
        for number in [2048, 768, 51968] {
            assert_eq!(place(Directory::Disk, number), None);
        }
    }
}
