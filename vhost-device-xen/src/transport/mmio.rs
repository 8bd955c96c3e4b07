// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The virtio-mmio register file: virtio 1.2, "Virtio Over MMIO", "MMIO Device Register Layout",
//! version 2.

use std::sync::Arc;

use backends::{ConfigSpace, Traits};
use vm_memory::GuestAddress;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Action, QueueSetup, Signals};

/// Bytes of address space a device takes: what libxl puts into the device tree.
pub const MMIO_SIZE: u64 = 0x200;

/// The vendor of the device: "XenV" as the guest prints it.
const VENDOR: u32 = u32::from_le_bytes(*b"XenV");
/// Where the device configuration space begins.
const CONFIG: u64 = 0x100;

/// Register offsets. What is missing here reads as zero and ignores writes.
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
    pub const CONFIG_GENERATION: u64 = 0x0fc;
}

/// Bits of the status register: virtio 1.2, "Device Status Field".
mod status {
    pub const DRIVER_OK: u32 = 0x04;
    pub const FEATURES_OK: u32 = 0x08;
    pub const NEEDS_RESET: u32 = 0x40;
    /// What a driver may set; the device alone sets `NEEDS_RESET`.
    pub const OF_DRIVER: u32 = 0x80 | FEATURES_OK | DRIVER_OK | 0x03;
}

/// What a driver has told of a queue.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct QueueRegisters {
    desc: u64,
    avail: u64,
    used: u64,
    size: u32,
    /// 1 or 0.
    ready: u32,
}

/// What a driver has told of the device: with [`QueueRegisters`] for each queue, all that another process
/// has to know to take this one's place.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Registers {
    driver_features: u64,
    status: u32,
    device_features_sel: u32,
    driver_features_sel: u32,
    queue_sel: u32,
}

/// The registers of one device.
#[derive(Debug)]
pub struct Mmio {
    traits: Traits,
    /// Offered to the driver.
    features: u64,
    /// Of these, the driver must accept all.
    required: u64,
    config: ConfigSpace,
    signals: Arc<Signals>,
    registers: Registers,
    queues: Vec<QueueRegisters>,
    /// Set when the driver has told something that is to be remembered.
    is_changed: bool,
}

impl Mmio {
    /// The registers of a device as at power-on. A driver that does not accept every feature in
    /// `required` does not get `FEATURES_OK`.
    pub fn new(
        traits: Traits,
        features: u64,
        required: u64,
        config: ConfigSpace,
        signals: Arc<Signals>,
    ) -> Self {
        let mut registers = Self {
            traits,
            features,
            required,
            config,
            signals,
            registers: Registers::default(),
            queues: Vec::new(),
            is_changed: false,
        };
        registers.reset();
        registers
    }

    /// Makes these the registers of no device, for whoever looks from now on.
    pub fn withdraw(&mut self) {
        self.traits.id = 0;
        self.features = 0;
    }

    /// Makes these the registers of another device. A driver that is ready has to reset it before it
    /// can be used.
    pub fn replace(&mut self, traits: Traits, features: u64, required: u64, config: ConfigSpace) {
        self.traits = traits;
        self.features = features;
        self.required = required;
        self.config = config;
        if !self.is_driver_ok() {
            self.reset();
        }
    }

    /// Reads `size` bytes at `offset` from the device's base. Every access has an answer.
    pub fn read(&self, offset: u64, size: u8) -> u64 {
        match offset.checked_sub(CONFIG) {
            Some(offset) => self.read_config(offset, size),
            None if size == 4 => self.read_register(offset).into(),
            // Registers are 32 bits wide and aligned: "the driver MUST only use 32 bit wide and
            // aligned reads and writes to access the control registers".
            None => 0,
        }
    }

    /// Writes `size` bytes at `offset` from the device's base and says what has to happen.
    pub fn write(&mut self, offset: u64, size: u8, value: u64) -> Action {
        match (
            u32::try_from(value & 0xffff_ffff),
            offset.checked_sub(CONFIG),
        ) {
            (_, Some(offset)) => {
                let bytes = &value.to_le_bytes()[..usize::from(size.min(8))];
                self.config.write(offset, bytes);
                self.is_changed = true;
                Action::None
            }
            (Ok(value), None) if size == 4 => self.write_register(offset, value),
            _ => Action::None,
        }
    }

    /// Whether the driver has told something that is to be remembered, since this was asked last.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// What the driver has told.
    pub fn state(&self) -> (&Registers, &[QueueRegisters]) {
        (&self.registers, &self.queues)
    }

    /// Goes on for a driver that has told this to another process, and says what has to happen.
    pub fn restore(&mut self, registers: Registers, queues: &[QueueRegisters]) -> Action {
        let max = self.traits.queue_size.into();
        let is_sound = |queue: &QueueRegisters| queue.ready == 0 || queue.is_sound(max);
        let is_agreed = registers.status & status::FEATURES_OK != 0;
        self.registers = registers;
        self.registers.status &= status::OF_DRIVER;
        self.queues.copy_from_slice(queues);
        if is_agreed && !self.are_features_sound() || !queues.iter().all(is_sound) {
            return self.break_down();
        }
        match (self.is_driver_ok(), is_agreed) {
            (true, true) => self.start(),
            (true, false) => self.break_down(),
            (false, true) => Action::Negotiated(self.registers.driver_features),
            (false, false) => Action::None,
        }
    }

    /// Whether the driver has said that it is ready, and the device has not been reset since.
    pub fn is_driver_ok(&self) -> bool {
        self.registers.status & status::DRIVER_OK != 0
    }

    fn reset(&mut self) {
        let queue = QueueRegisters {
            size: self.traits.queue_size.into(),
            ..Default::default()
        };
        self.queues = vec![queue; self.traits.queues.into()];
        self.registers = Registers::default();
        self.signals.clear();
    }

    fn read_config(&self, offset: u64, size: u8) -> u64 {
        let mut bytes = [0; 8];
        self.config
            .read(offset, &mut bytes[..usize::from(size.min(8))]);
        u64::from_le_bytes(bytes)
    }

    fn read_register(&self, offset: u64) -> u32 {
        match offset {
            reg::MAGIC => u32::from_le_bytes(*b"virt"),
            reg::VERSION => 2,
            reg::DEVICE_ID => self.traits.id,
            reg::VENDOR_ID => VENDOR,
            reg::DEVICE_FEATURES => half(self.features, self.registers.device_features_sel),
            reg::QUEUE_NUM_MAX => match self.queue() {
                Some(_) => self.traits.queue_size.into(),
                None => 0,
            },
            reg::QUEUE_READY => self.queue().map_or(0, |queue| queue.ready),
            reg::INTERRUPT_STATUS => self.signals.reasons(),
            reg::STATUS if self.signals.needs_reset() => {
                self.registers.status | status::NEEDS_RESET
            }
            reg::STATUS => self.registers.status,
            reg::CONFIG_GENERATION => self.config.generation(),
            // There is no shared memory region: its length and base read as all ones.
            reg::SHM_LEN_LOW..=reg::SHM_BASE_HIGH => u32::MAX,
            _ => 0,
        }
    }

    fn write_register(&mut self, offset: u64, value: u32) -> Action {
        self.is_changed |= !matches!(offset, reg::QUEUE_NOTIFY | reg::INTERRUPT_ACK);
        match offset {
            reg::DEVICE_FEATURES_SEL => self.registers.device_features_sel = value,
            reg::DRIVER_FEATURES_SEL => self.registers.driver_features_sel = value,
            reg::DRIVER_FEATURES => self.write_features(value),
            reg::QUEUE_SEL => self.registers.queue_sel = value,
            reg::QUEUE_READY => return self.write_ready(value),
            reg::QUEUE_NOTIFY => {
                return match u16::try_from(value) {
                    Ok(queue) if queue < self.traits.queues => Action::Kick(queue),
                    _ => Action::None,
                };
            }
            reg::INTERRUPT_ACK => self.signals.acknowledge(value),
            reg::STATUS => return self.write_status(value),
            _ => self.write_queue(offset, value),
        }
        Action::None
    }

    fn write_features(&mut self, value: u32) {
        // Once features are agreed on, they stay.
        if self.registers.status & status::FEATURES_OK != 0 {
            return;
        }
        let value = u64::from(value);
        match self.registers.driver_features_sel {
            0 => {
                self.registers.driver_features =
                    self.registers.driver_features & !0xffff_ffff | value
            }
            1 => {
                self.registers.driver_features =
                    self.registers.driver_features & 0xffff_ffff | value << 32
            }
            _ => {}
        }
    }

    fn write_queue(&mut self, offset: u64, value: u32) {
        // A queue in use keeps its shape: "the driver MUST NOT change" it.
        let Some(queue) = self.queue_mut().filter(|queue| queue.ready == 0) else {
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

    fn write_ready(&mut self, value: u32) -> Action {
        // A queue that is being served is stopped by a reset of the device, not by this.
        if self.is_driver_ok() {
            return Action::None;
        }
        let max = self.traits.queue_size.into();
        let Some(queue) = self.queue_mut() else {
            return Action::None;
        };
        let is_ready = value == 1 && queue.is_sound(max);
        queue.ready = is_ready.into();
        match value == 1 && !is_ready {
            true => self.break_down(),
            false => Action::None,
        }
    }

    fn write_status(&mut self, value: u32) -> Action {
        if value == 0 {
            self.reset();
            return Action::Reset;
        }
        let mut new = self.registers.status | value & status::OF_DRIVER;
        let set = new & !self.registers.status;
        if set & status::FEATURES_OK != 0 && !self.are_features_sound() {
            new &= !status::FEATURES_OK;
        }
        if set & status::DRIVER_OK == 0 {
            self.registers.status = new;
            return match set & new & status::FEATURES_OK {
                0 => Action::None,
                _ => Action::Negotiated(self.registers.driver_features),
            };
        }
        if new & status::FEATURES_OK == 0 || self.signals.needs_reset() {
            return self.break_down();
        }
        self.registers.status = new;
        self.start()
    }

    fn start(&self) -> Action {
        Action::Start {
            features: self.registers.driver_features,
            queues: self.ready_queues(),
        }
    }

    fn break_down(&mut self) -> Action {
        self.signals.broken();
        Action::Broken
    }

    fn are_features_sound(&self) -> bool {
        let accepted = self.registers.driver_features;
        accepted & !self.features == 0 && accepted & self.required == self.required
    }

    fn ready_queues(&self) -> Vec<QueueSetup> {
        (0..)
            .zip(&self.queues)
            .filter_map(|(index, queue)| queue.setup(index))
            .collect()
    }

    fn queue(&self) -> Option<&QueueRegisters> {
        self.queues
            .get(usize::try_from(self.registers.queue_sel).ok()?)
    }

    fn queue_mut(&mut self) -> Option<&mut QueueRegisters> {
        self.queues
            .get_mut(usize::try_from(self.registers.queue_sel).ok()?)
    }
}

impl QueueRegisters {
    /// Whether a ring of this shape can exist: virtio 1.2, "Split Virtqueues".
    fn is_sound(&self, max: u32) -> bool {
        self.size.is_power_of_two()
            && self.size <= max
            && self.desc.is_multiple_of(16)
            && self.avail.is_multiple_of(2)
            && self.used.is_multiple_of(4)
    }

    fn setup(&self, index: u16) -> Option<QueueSetup> {
        let size = u16::try_from(self.size).ok().filter(|_| self.ready != 0)?;
        Some(QueueSetup {
            index,
            size,
            desc: GuestAddress(self.desc),
            avail: GuestAddress(self.avail),
            used: GuestAddress(self.used),
        })
    }
}

/// The 32 bits of `features` that a selector names.
fn half(features: u64, selector: u32) -> u32 {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = features.to_le_bytes();
    match selector {
        0 => u32::from_le_bytes([b0, b1, b2, b3]),
        1 => u32::from_le_bytes([b4, b5, b6, b7]),
        _ => 0,
    }
}

fn set_low(address: &mut u64, value: u32) {
    *address = *address & !0xffff_ffff | u64::from(value);
}

fn set_high(address: &mut u64, value: u32) {
    *address = *address & 0xffff_ffff | u64::from(value) << 32;
}

#[cfg(test)]
mod tests;
