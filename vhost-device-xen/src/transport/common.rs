// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a driver and a device tell each other on every transport: virtio 1.2, "Basic Facilities of a
//! Virtio Device".

use std::sync::Arc;

use backends::{ConfigSpace, Traits};
use virtio_bindings::virtio_config::VIRTIO_F_RING_RESET;
use vm_memory::GuestAddress;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Action, QueueSetup, Signals};

/// `VIRTIO_MSI_NO_VECTOR`: no interrupt.
pub const NO_VECTOR: u16 = 0xffff;

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
    pub(super) desc: u64,
    pub(super) avail: u64,
    pub(super) used: u64,
    pub(super) size: u32,
    /// 1 or 0.
    pub(super) ready: u16,
    /// The MSI-X vector, where there are such.
    pub(super) vector: u16,
}

/// What a driver has told of the device: with [`QueueRegisters`] for each queue, all that another process
/// has to know to take this one's place.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Registers {
    driver_features: u64,
    pub(super) status: u32,
    pub(super) device_features_sel: u32,
    pub(super) driver_features_sel: u32,
    /// Beyond all queues, where the driver has said more.
    queue_sel: u16,
    /// The MSI-X vector of the configuration, where there are such.
    pub(super) config_vector: u16,
}

/// The registers of one device, without places.
#[derive(Debug)]
pub struct Common {
    pub(super) traits: Traits,
    /// Offered to the driver.
    pub(super) features: u64,
    /// Of these, the driver must accept all.
    required: u64,
    pub(super) config: ConfigSpace,
    pub(super) signals: Arc<Signals>,
    pub(super) registers: Registers,
    queues: Vec<QueueRegisters>,
    /// Set when the driver has told something that is to be remembered.
    is_changed: bool,
}

impl Common {
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

    /// Whether there is a device behind these registers.
    pub fn is_there(&self) -> bool {
        self.traits.id != 0
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

    /// Whether the driver has told something that is to be remembered, since this was asked last.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Something that is to be remembered was told.
    pub(super) fn set_changed(&mut self) {
        self.is_changed = true;
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

    /// As at power-on.
    pub(super) fn reset(&mut self) {
        self.queues = vec![QueueRegisters::of(self.traits); self.traits.queues.into()];
        self.registers = Registers {
            config_vector: NO_VECTOR,
            ..Default::default()
        };
        self.signals.clear();
    }

    /// Reads from the device configuration space.
    pub(super) fn read_config(&self, offset: u64, size: u8) -> u64 {
        let mut bytes = [0; 8];
        self.config
            .read(offset, &mut bytes[..usize::from(size.min(8))]);
        u64::from_le_bytes(bytes)
    }

    /// Writes to the device configuration space.
    pub(super) fn write_config(&mut self, offset: u64, size: u8, value: u64) {
        let bytes = &value.to_le_bytes()[..usize::from(size.min(8))];
        self.config.write(offset, bytes);
        self.is_changed = true;
    }

    /// Tells changes of the configuration apart.
    pub(super) fn config_generation(&self) -> u32 {
        self.config.generation()
    }

    /// The status, as the driver reads it.
    pub(super) fn status(&self) -> u32 {
        match self.signals.needs_reset() {
            true => self.registers.status | status::NEEDS_RESET,
            false => self.registers.status,
        }
    }

    /// The 32 bits of what is offered that were selected.
    pub(super) fn offered(&self) -> u32 {
        half(self.features, self.registers.device_features_sel)
    }

    /// The 32 bits of what was accepted that were selected.
    pub(super) fn accepted(&self) -> u32 {
        half(
            self.registers.driver_features,
            self.registers.driver_features_sel,
        )
    }

    /// Accepts the 32 bits that were selected.
    pub(super) fn accept(&mut self, value: u32) {
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

    /// Selects a queue.
    pub(super) fn select_queue(&mut self, value: u32) {
        self.registers.queue_sel = value.try_into().unwrap_or(u16::MAX);
    }

    /// Which one is selected.
    pub(super) fn selected_queue(&self) -> u16 {
        self.registers.queue_sel
    }

    /// The selected queue.
    pub(super) fn queue(&self) -> Option<&QueueRegisters> {
        self.queues.get(usize::from(self.registers.queue_sel))
    }

    /// The selected queue, as long as it may change its shape: "the driver MUST NOT change" one in use.
    pub(super) fn queue_to_set(&mut self) -> Option<&mut QueueRegisters> {
        self.queue_mut().filter(|queue| queue.ready == 0)
    }

    /// Takes the selected queue into use, or out of it.
    pub(super) fn set_ready(&mut self, value: u32) -> Action {
        let is_running = self.is_driver_ok();
        // A queue that is being served is stopped by a reset, not by this.
        if is_running && (value != 1 || !self.resets_queues() || self.signals.needs_reset()) {
            return Action::None;
        }
        let (index, max) = (self.registers.queue_sel, self.traits.queue_size.into());
        let queue = match is_running {
            true => self.queue_to_set(),
            false => self.queue_mut(),
        };
        let Some(queue) = queue else {
            return Action::None;
        };
        let is_ready = value == 1 && queue.is_sound(max);
        queue.ready = is_ready.into();
        let setup = queue.setup(index).filter(|_| is_running);
        match value == 1 && !is_ready {
            true => self.break_down(),
            false => setup.map_or(Action::None, Action::StartQueue),
        }
    }

    /// Makes the selected queue what it was at power-on: virtio 1.2, "Virtqueue Reset".
    pub(super) fn reset_queue(&mut self, value: u32) -> Action {
        let at_first = QueueRegisters::of(self.traits);
        let is_running = self.is_driver_ok() && self.resets_queues();
        match self.queue_mut().filter(|_| value == 1 && is_running) {
            Some(queue) => *queue = at_first,
            None => return Action::None,
        }
        Action::ResetQueue(self.registers.queue_sel)
    }

    /// What the driver has accepted.
    pub fn accepted_features(&self) -> u64 {
        self.registers.driver_features
    }

    /// Whether the driver may reset one queue of many.
    fn resets_queues(&self) -> bool {
        self.registers.driver_features & (1 << VIRTIO_F_RING_RESET) != 0
    }

    /// Has the selected queue interrupt by a vector.
    pub(super) fn set_queue_vector(&mut self, vector: u16) {
        if let Some(queue) = self.queue_mut() {
            queue.vector = vector;
        }
    }

    /// By which vectors queues interrupt, and last the configuration.
    pub fn vectors(&self) -> impl Iterator<Item = u16> {
        let queues = self.queues.iter().map(|queue| queue.vector);
        queues.chain([self.registers.config_vector])
    }

    /// The driver has put buffers into a queue.
    pub(super) fn notify(&self, value: u32) -> Action {
        match u16::try_from(value) {
            Ok(queue) if queue < self.traits.queues => Action::Kick(queue),
            _ => Action::None,
        }
    }

    /// The driver gets on, or begins anew.
    pub(super) fn set_status(&mut self, value: u32) -> Action {
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

    fn queue_mut(&mut self) -> Option<&mut QueueRegisters> {
        self.queues.get_mut(usize::from(self.registers.queue_sel))
    }
}

impl QueueRegisters {
    /// A queue of such a device as at power-on.
    fn of(traits: Traits) -> Self {
        Self {
            size: traits.queue_size.into(),
            vector: NO_VECTOR,
            ..Self::default()
        }
    }

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
pub(super) fn half(features: u64, selector: u32) -> u32 {
    let half = usize::try_from(selector).ok();
    half.and_then(|half| halves(features).get(half).copied())
        .unwrap_or(0)
}

/// The lower half of a value, and the upper.
pub fn halves(value: u64) -> [u32; 2] {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = value.to_le_bytes();
    [[b0, b1, b2, b3], [b4, b5, b6, b7]].map(u32::from_le_bytes)
}

/// Sets the lower half.
pub(super) fn set_low(address: &mut u64, value: u32) {
    *address = *address & !0xffff_ffff | u64::from(value);
}

/// Sets the upper half.
pub(super) fn set_high(address: &mut u64, value: u32) {
    *address = *address & 0xffff_ffff | u64::from(value) << 32;
}
