// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The PCI host bridge of Arm guests: where it is, and what accesses to it mean.
//!
//! A guest knows of it by the device tree that `vhost-device-xen dtb` makes, which `device_tree=` in its
//! `xl.cfg` adds to its own. The addresses are holes of the guest's address space
//! (xen/include/public/arch-arm.h of Xen 4.20): virtual PCI of Xen's own ends at 0x3300_0000, and the grant
//! table begins at 0x3800_0000.
//!
//! Interrupts are messages to a GICv2m frame that lies over a reserved part of the guest's interrupt
//! distributor. Nobody answers there but Xen, with zeros, which is all that a driver of such a frame reads,
//! long before it looks at its bus. What a device would write there, this daemon turns into an
//! interrupt by itself.

use std::ops::RangeInclusive;

use xen_hypercall::DomId;
use xen_hypercall::dm_op::SetIrqLevel;
use xen_ioctls::Privcmd;
use xen_ioreq::Sbdf;

use crate::transport::pci::msix::Message;

/// The configuration spaces of bus 0 (ECAM).
pub const ECAM: RangeInclusive<u64> = 0x3300_0000..=0x330f_ffff;
/// Where BARs are placed.
pub const WINDOW: RangeInclusive<u64> = 0x3400_0000..=0x34ff_ffff;
/// The frame of interrupt messages.
pub const FRAME: u64 = 0x0300_1000;
/// Bytes of it.
pub const FRAME_SIZE: u64 = 0x1000;
/// `V2M_MSI_SETSPI_NS`: where messages go to.
const DOORBELL: u64 = FRAME + 0x40;
/// The first INTID of a message: libxl gives those before it to virtio-mmio.
pub const FIRST_SPI: u32 = 64;
/// How many there are.
pub const SPIS: u32 = 192;
/// The last one.
pub const LAST_SPI: u32 = FIRST_SPI + SPIS - 1;
/// What `nr_spis` has to be, at least: INTIDs below 32 do not count.
pub const NR_SPIS: u32 = LAST_SPI + 1 - 32;
/// Places for devices; each has one function. libxl announces no more than 11 devices.
pub const SLOTS: u8 = 32;

/// What the bridge answers for, on machines that have it.
pub fn ranges() -> &'static [RangeInclusive<u64>] {
    match cfg!(target_arch = "aarch64") {
        true => &[ECAM, WINDOW],
        false => &[],
    }
}

/// The INTID that libxl gives to the first virtio-mmio device.
const FIRST_MMIO: u32 = 33;

/// The place of the device that libxl has given an interrupt: as there is one for each, the place, too, is
/// its own, and the same in every life of the guest.
pub fn slot(irq: u32) -> Option<u8> {
    let slot = irq.checked_sub(FIRST_MMIO - 1)?;
    u8::try_from(slot)
        .ok()
        .filter(|slot| (1..SLOTS).contains(slot))
}

/// The function, and the place in its configuration space, that an address of the bridge is.
pub fn config(addr: u64) -> Option<(Sbdf, u16)> {
    if !ECAM.contains(&addr) {
        return None;
    }
    let place = u32::try_from(addr - ECAM.start()).ok()?;
    let offset = u16::try_from(place & 0xfff).ok()?;
    Some((Sbdf(place >> 12), offset))
}

/// The first INTID of a message that the guest does not have. It does not get others later.
pub fn missing_interrupt(privcmd: &Privcmd, guest: DomId) -> Option<u32> {
    let is_there = |irq| privcmd.perform(guest, SetIrqLevel::new(irq, false)).is_ok();
    (FIRST_SPI..=LAST_SPI).find(|irq| !is_there(*irq))
}

/// The INTID that a message raises, if it is one of the frame's.
pub fn interrupt(message: Message) -> Option<u32> {
    let is_ours = (FIRST_SPI..=LAST_SPI).contains(&message.data);
    (message.address == DOORBELL && is_ours).then_some(message.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_need_what_check_and_the_documents_say() {
        assert_eq!(NR_SPIS, 224);
    }

    #[test]
    fn each_interrupt_of_libxl_has_a_place() {
        assert_eq!(
            [32, 33, 43, 63, 64].map(slot),
            [None, Some(1), Some(11), Some(31), None]
        );
    }

    #[test]
    fn a_configuration_space_is_found_by_its_address() {
        let place = |slot, function, offset| Some((Sbdf::new(0, 0, slot, function), offset));

        assert_eq!(config(0x3300_0000), place(0, 0, 0));
        assert_eq!(config(0x3300_8004), place(1, 0, 4));
        assert_eq!(config(0x330f_8fff), place(31, 0, 0xfff));
        assert_eq!(config(0x3300_9000), place(1, 1, 0));
        assert_eq!(config(0x3310_0000), None);
        assert_eq!(config(0x32ff_ffff), None);
    }

    #[test]
    fn only_messages_to_the_frame_are_interrupts() {
        let message = |address, data| interrupt(Message { address, data });

        assert_eq!(message(0x0300_1040, 64), Some(64));
        assert_eq!(message(0x0300_1040, 255), Some(255));
        // Another device's, a vCPU's own, and one that no guest has.
        for data in [0, 31, 33, 63, 256, u32::MAX] {
            assert_eq!(message(0x0300_1040, data), None);
        }
        assert_eq!(message(0x0300_1044, 64), None);
        assert_eq!(message(0, 64), None);
    }
}
