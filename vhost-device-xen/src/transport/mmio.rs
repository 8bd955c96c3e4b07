// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The virtio-mmio register file: virtio 1.2, "Virtio Over MMIO", "MMIO Device Register Layout",
//! version 2.

use super::Action;
use super::common::{Common, set_high, set_low};

/// Bytes of address space a device takes: what libxl puts into the device tree.
pub const MMIO_SIZE: u64 = 0x200;

/// "virt".
const MAGIC: u32 = u32::from_le_bytes(*b"virt");
/// Of the layout.
const VERSION: u32 = 2;
/// The vendor of the device: "XenV" as the guest prints it.
const VENDOR: u32 = u32::from_le_bytes(*b"XenV");
/// Where the device configuration space begins.
const CONFIG: u64 = 0x100;

/// Register offsets. What is missing here reads as zero and ignores writes. `QUEUE_RESET` is 1 while a queue is
/// being reset, and that is over when the write is answered.
mod reg {
    pub const MAGIC: u64 = 0x000;
    pub const VERSION: u64 = 0x004;
    pub const DEVICE_ID: u64 = 0x008;
    pub const VENDOR_ID: u64 = 0x00c;
    pub const DEVICE_FEATURES: u64 = 0x010;
    pub const DEVICE_FEATURES_SEL: u64 = 0x014;
    pub const DRIVER_FEATURES: u64 = 0x020;
    pub const DRIVER_FEATURES_SEL: u64 = 0x024;
    pub const QUEUE_SEL: u64 = 0x030;
    pub const QUEUE_NUM_MAX: u64 = 0x034;
    pub const QUEUE_NUM: u64 = 0x038;
    pub const QUEUE_READY: u64 = 0x044;
    pub const QUEUE_NOTIFY: u64 = 0x050;
    pub const INTERRUPT_STATUS: u64 = 0x060;
    pub const INTERRUPT_ACK: u64 = 0x064;
    pub const STATUS: u64 = 0x070;
    pub const QUEUE_DESC_LOW: u64 = 0x080;
    pub const QUEUE_DESC_HIGH: u64 = 0x084;
    pub const QUEUE_DRIVER_LOW: u64 = 0x090;
    pub const QUEUE_DRIVER_HIGH: u64 = 0x094;
    pub const QUEUE_DEVICE_LOW: u64 = 0x0a0;
    pub const QUEUE_DEVICE_HIGH: u64 = 0x0a4;
    pub const SHM_LEN_LOW: u64 = 0x0b0;
    pub const SHM_BASE_HIGH: u64 = 0x0bc;
    pub const QUEUE_RESET: u64 = 0x0c0;
    pub const CONFIG_GENERATION: u64 = 0x0fc;
}

/// Reads `size` bytes at `offset` from the device's base. Every access has an answer.
pub fn read(common: &Common, offset: u64, size: u8) -> u64 {
    match offset.checked_sub(CONFIG) {
        Some(offset) => common.read_config(offset, size),
        None if size == 4 => read_register(common, offset).into(),
        // Registers are 32 bits wide and aligned: "the driver MUST only use 32 bit wide and
        // aligned reads and writes to access the control registers".
        None => 0,
    }
}

/// Reads where there is no device, which drivers pass by.
pub fn read_none(offset: u64, size: u8) -> u64 {
    match (offset, size) {
        (reg::MAGIC, 4) => MAGIC.into(),
        (reg::VERSION, 4) => VERSION.into(),
        _ => 0,
    }
}

/// Writes `size` bytes at `offset` from the device's base and says what has to happen.
pub fn write(common: &mut Common, offset: u64, size: u8, value: u64) -> Action {
    match (
        u32::try_from(value & 0xffff_ffff),
        offset.checked_sub(CONFIG),
    ) {
        (_, Some(offset)) => {
            common.write_config(offset, size, value);
            Action::None
        }
        (Ok(value), None) if size == 4 => write_register(common, offset, value),
        _ => Action::None,
    }
}

fn read_register(common: &Common, offset: u64) -> u32 {
    match offset {
        reg::MAGIC => MAGIC,
        reg::VERSION => VERSION,
        reg::DEVICE_ID => common.traits.id,
        reg::VENDOR_ID => VENDOR,
        reg::DEVICE_FEATURES => common.offered(),
        reg::QUEUE_NUM_MAX => match common.queue() {
            Some(_) => common.traits.queue_size.into(),
            None => 0,
        },
        reg::QUEUE_READY => common.queue().map_or(0, |queue| queue.ready.into()),
        reg::INTERRUPT_STATUS => common.signals.reasons(),
        reg::STATUS => common.status(),
        reg::CONFIG_GENERATION => common.config_generation(),
        // There is no shared memory region: its length and base read as all ones.
        reg::SHM_LEN_LOW..=reg::SHM_BASE_HIGH => u32::MAX,
        _ => 0,
    }
}

fn write_register(common: &mut Common, offset: u64, value: u32) -> Action {
    if !matches!(offset, reg::QUEUE_NOTIFY | reg::INTERRUPT_ACK) {
        common.set_changed();
    }
    match offset {
        reg::DEVICE_FEATURES_SEL => common.registers.device_features_sel = value,
        reg::DRIVER_FEATURES_SEL => common.registers.driver_features_sel = value,
        reg::DRIVER_FEATURES => common.accept(value),
        reg::QUEUE_SEL => common.select_queue(value),
        reg::QUEUE_READY => return common.set_ready(value),
        reg::QUEUE_NOTIFY => return common.notify(value),
        reg::QUEUE_RESET => return common.reset_queue(value),
        reg::INTERRUPT_ACK => {
            common.signals.acknowledge(value);
            return Action::Acknowledged;
        }
        reg::STATUS => return common.set_status(value),
        _ => write_queue(common, offset, value),
    }
    Action::None
}

fn write_queue(common: &mut Common, offset: u64, value: u32) {
    let Some(queue) = common.queue_to_set() else {
        return;
    };
    match offset {
        reg::QUEUE_NUM => queue.size = value,
        reg::QUEUE_DESC_LOW => set_low(&mut queue.desc, value),
        reg::QUEUE_DESC_HIGH => set_high(&mut queue.desc, value),
        reg::QUEUE_DRIVER_LOW => set_low(&mut queue.avail, value),
        reg::QUEUE_DRIVER_HIGH => set_high(&mut queue.avail, value),
        reg::QUEUE_DEVICE_LOW => set_low(&mut queue.used, value),
        reg::QUEUE_DEVICE_HIGH => set_high(&mut queue.used, value),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
