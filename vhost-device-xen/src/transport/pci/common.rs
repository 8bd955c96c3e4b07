// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The common configuration structure: virtio 1.2, "Common configuration structure layout".

use zerocopy::{Immutable, IntoBytes};

use super::super::Action;
use super::super::common::{Common, NO_VECTOR, QueueRegisters, halves, set_high, set_low};

/// `virtio_pci_common_cfg`.
#[derive(Clone, Copy, Debug, IntoBytes, Immutable)]
#[repr(C)]
pub struct Layout {
    device_feature_select: u32,
    device_feature: u32,
    driver_feature_select: u32,
    driver_feature: u32,
    config_msix_vector: u16,
    num_queues: u16,
    device_status: u8,
    config_generation: u8,
    queue_select: u16,
    queue_size: u16,
    queue_msix_vector: u16,
    queue_enable: u16,
    queue_notify_off: u16,
    queue_desc: [u32; 2],
    queue_driver: [u32; 2],
    queue_device: [u32; 2],
    queue_notify_data: u16,
    queue_reset: u16,
}

/// Offsets of what a driver writes.
mod at {
    use super::Layout;
    use std::mem::offset_of;

    pub const DEVICE_FEATURE_SELECT: u64 = offset_of!(Layout, device_feature_select) as u64;
    pub const DRIVER_FEATURE_SELECT: u64 = offset_of!(Layout, driver_feature_select) as u64;
    pub const DRIVER_FEATURE: u64 = offset_of!(Layout, driver_feature) as u64;
    pub const CONFIG_MSIX_VECTOR: u64 = offset_of!(Layout, config_msix_vector) as u64;
    pub const DEVICE_STATUS: u64 = offset_of!(Layout, device_status) as u64;
    pub const QUEUE_SELECT: u64 = offset_of!(Layout, queue_select) as u64;
    pub const QUEUE_SIZE: u64 = offset_of!(Layout, queue_size) as u64;
    pub const QUEUE_MSIX_VECTOR: u64 = offset_of!(Layout, queue_msix_vector) as u64;
    pub const QUEUE_ENABLE: u64 = offset_of!(Layout, queue_enable) as u64;
    pub const QUEUE_DESC: u64 = offset_of!(Layout, queue_desc) as u64;
    pub const QUEUE_DRIVER: u64 = offset_of!(Layout, queue_driver) as u64;
    pub const QUEUE_RESET: u64 = offset_of!(Layout, queue_reset) as u64;
    pub const QUEUE_DEVICE: u64 = offset_of!(Layout, queue_device) as u64;
}

/// The structure, as it is read now.
pub fn read(common: &Common) -> Layout {
    let registers = &common.registers;
    let queue = common.queue().copied();
    let address = |of: fn(&QueueRegisters) -> u64| halves(queue.as_ref().map_or(0, of));
    let [status, ..] = common.status().to_le_bytes();
    let [generation, ..] = common.config_generation().to_le_bytes();
    Layout {
        device_feature_select: registers.device_features_sel,
        device_feature: common.offered(),
        driver_feature_select: registers.driver_features_sel,
        driver_feature: common.accepted(),
        config_msix_vector: registers.config_vector,
        num_queues: common.traits.queues,
        device_status: status,
        config_generation: generation,
        queue_select: common.selected_queue(),
        // "0 means that the queue is unavailable."
        queue_size: queue.map_or(0, |queue| queue.size.try_into().unwrap_or(0)),
        queue_msix_vector: queue.map_or(NO_VECTOR, |queue| queue.vector),
        queue_enable: queue.map_or(0, |queue| queue.ready),
        queue_notify_off: common.selected_queue(),
        queue_desc: address(|queue| queue.desc),
        queue_driver: address(|queue| queue.avail),
        queue_device: address(|queue| queue.used),
        // What is written to notify a queue is not looked at.
        queue_notify_data: common.selected_queue(),
        // It is over when the write is answered.
        queue_reset: 0,
    }
}

/// Writes `size` bytes at `offset`: a field as a whole, or half of an address. Of vectors there are so many.
pub fn write(common: &mut Common, vectors: u16, offset: u64, size: u8, value: u64) -> Action {
    common.set_changed();
    let word = u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    let half = u16::try_from(value & 0xffff).unwrap_or_default();
    // "If mapping a vector fails", NO_VECTOR is read back.
    let vector = if half < vectors { half } else { NO_VECTOR };
    match (offset, size) {
        (at::DEVICE_FEATURE_SELECT, 4) => common.registers.device_features_sel = word,
        (at::DRIVER_FEATURE_SELECT, 4) => common.registers.driver_features_sel = word,
        (at::DRIVER_FEATURE, 4) => common.accept(word),
        (at::CONFIG_MSIX_VECTOR, 2) => common.registers.config_vector = vector,
        (at::DEVICE_STATUS, 1) => return common.set_status(word & 0xff),
        (at::QUEUE_SELECT, 2) => common.select_queue(half.into()),
        (at::QUEUE_MSIX_VECTOR, 2) => common.set_queue_vector(vector),
        // "The driver MUST NOT write a 0."
        (at::QUEUE_ENABLE, 2) if half == 1 => return common.set_ready(1),
        (at::QUEUE_RESET, 2) => return common.reset_queue(half.into()),
        _ => write_queue(common, offset, size, value),
    }
    Action::None
}

/// Whether a vector is chosen at this offset.
pub fn is_vector(offset: u64) -> bool {
    matches!(offset, at::CONFIG_MSIX_VECTOR | at::QUEUE_MSIX_VECTOR)
}

fn write_queue(common: &mut Common, offset: u64, size: u8, value: u64) {
    let Some(queue) = common.queue_to_set() else {
        return;
    };
    let [low, _] = halves(value);
    let address = match offset & !4 {
        _ if (offset, size) == (at::QUEUE_SIZE, 2) => {
            queue.size = low & 0xffff;
            return;
        }
        at::QUEUE_DESC => &mut queue.desc,
        at::QUEUE_DRIVER => &mut queue.avail,
        at::QUEUE_DEVICE => &mut queue.used,
        _ => return,
    };
    match (offset & 4, size) {
        (0, 8) => *address = value,
        (0, 4) => set_low(address, low),
        (4, 4) => set_high(address, low),
        _ => {}
    }
}
