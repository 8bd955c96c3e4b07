// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The PCI bus of guests on x86: where devices are on it.
//!
//! The bus is the one of the guest's chipset, on which the device model has its own devices from place 0 on, in
//! the order of their making. Xen has a function's configuration space answered by whoever has asked for it, so
//! these devices are put where no device model puts any of the few that guests have.

use crate::channel::{DeviceId, Directory};

/// The place of device 0 of `virtio=`.
const FIRST_VIRTIO: u32 = 8;
/// The place of the disk xvda.
const FIRST_DISK: u32 = 16;

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
    fn what_has_no_place_is_refused() {
        assert_eq!(place(Directory::Virtio, 8), None);
        assert_eq!(place(Directory::Virtio, u32::MAX), None);
        // sda, hda, and one beyond xvdp.
        for number in [2048, 768, 51968] {
            assert_eq!(place(Directory::Disk, number), None);
        }
    }
}
