// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A virtio-pci function: virtio 1.2, "Virtio Over PCI Bus". There is no legacy interface.

mod common;
pub mod config;
pub mod msix;

use std::fmt;
use std::sync::Arc;

use super::{Action, Common};
use config::Space;
use msix::{Message, Table};
use zerocopy::IntoBytes;

/// Bytes of BAR 0, the only one.
pub const BAR_SIZE: u32 = 0x8000;
/// Bytes between the places where queues are notified.
const NOTIFY_MULTIPLIER: u32 = 4;
/// More vectors than a function has: a table of as many has room in its part of the BAR.
pub const MOST_VECTORS: u16 = 256;

/// A part of BAR 0. Each begins a page, so that they can be told apart by mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    offset: u32,
    size: u32,
}

impl Region {
    const COMMON: Self = Self::page(0);
    const ISR: Self = Self::page(1);
    const DEVICE: Self = Self::page(2);
    /// 80 bytes and more from the start: Linux' ioeventfd for Xen takes them for a register of virtio-mmio.
    const NOTIFY: Self = Self::page(3);
    const TABLE: Self = Self::page(4);
    const PENDING: Self = Self::page(5);

    const fn page(number: u32) -> Self {
        Self {
            offset: number * 0x1000,
            size: 0x1000,
        }
    }

    /// Where an address of the BAR is from the region's start, if it is there.
    fn find(self, offset: u64) -> Option<u64> {
        let place = offset.checked_sub(self.offset.into())?;
        (place < self.size.into()).then_some(place)
    }
}

/// What a function asks of its interrupts.
pub trait Pending: fmt::Debug + Send + Sync {
    /// Whether this vector has something to tell and may not.
    fn is_pending(&self, vector: u16) -> bool;

    /// The driver is about to read why there was an interrupt: the pin, if there is one, is low until there is
    /// another.
    fn lower(&self) {}
}

/// What the driver has decided about the interrupt pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// It is what interrupts.
    Used,
    /// It would be, but is low for the time being: `PCI_COMMAND_INTX_DISABLE`.
    Disabled,
    /// Messages are sent instead.
    Unused,
}

/// What is particular to a device as a PCI function; the rest is in [`Common`].
#[derive(Debug)]
pub struct Function {
    /// The virtio device ID.
    device: u32,
    /// Whether it has an interrupt pin, as on x86.
    has_pin: bool,
    space: Space,
    table: Table,
    pending: Arc<dyn Pending>,
    is_changed: bool,
}

impl Function {
    /// The function of a device of this type as at power-on; with the pin INTA, or with messages only.
    pub fn new(device: u32, vectors: u16, has_pin: bool, pending: Arc<dyn Pending>) -> Self {
        let vectors = vectors.clamp(1, MOST_VECTORS);
        Self {
            device,
            has_pin,
            space: Space::new(device, vectors, has_pin),
            table: Table::new(vectors),
            pending,
            is_changed: false,
        }
    }

    /// Where BAR 0 lies, if the driver has said so and has enabled it.
    pub fn bar(&self) -> Option<u64> {
        self.space.bar()
    }

    /// What a vector sends, unless it is masked.
    pub fn message(&self, vector: u16) -> Option<Message> {
        let event = self.table.event(vector).filter(|_| self.has_pin);
        let message = self.table.message(vector).or(event);
        message.filter(|_| self.space.is_sending())
    }

    /// What the driver has decided about the interrupt pin, if there is one.
    pub fn pin(&self) -> Pin {
        self.space.pin()
    }

    /// How many vectors there are.
    pub fn vectors(&self) -> u16 {
        self.table.vectors()
    }

    /// Whether something was told since this was asked last, which may be to be remembered, or about
    /// messages.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// What the driver has told: bytes of the configuration space, and the MSI-X table.
    pub fn state(&self) -> (&[u8; config::SIZE], &[u8]) {
        (self.space.as_bytes(), self.table.as_bytes())
    }

    /// Goes on for a driver that has told this to another process.
    pub fn restore(&mut self, space: &[u8; config::SIZE], table: &[u8]) {
        self.space.restore(space);
        self.table.restore(table);
    }

    /// Reads `size` bytes at `offset` of the configuration space. Where the device is gone, there is no
    /// function: all bits are ones.
    pub fn read_config(&self, common: &Common, offset: u16, size: u8) -> u64 {
        if !common.is_there() {
            return u64::MAX;
        }
        match self.space.window_at(offset) {
            Some(window) => self.read_bar(common, window.offset, window.size),
            None => self.space.read(offset, size),
        }
    }

    /// Writes `size` bytes at `offset` of the configuration space.
    pub fn write_config(
        &mut self,
        common: &mut Common,
        offset: u16,
        size: u8,
        value: u64,
    ) -> Action {
        let written = self.space.write(offset, size, value);
        self.is_changed |= written.is_changed;
        if written.is_reset {
            self.is_changed = true;
            self.reset(common);
            return Action::Reset;
        }
        match written.through {
            Some((window, value)) => {
                self.write_bar(common, window.offset, window.size, value.into())
            }
            None => Action::None,
        }
    }

    /// Makes it a function that nobody has found yet.
    pub fn power_on(&mut self) {
        self.space = Space::new(self.device, self.vectors(), self.has_pin);
        self.table.reset();
    }

    fn reset(&mut self, common: &mut Common) {
        self.power_on();
        common.reset();
        common.set_changed();
    }

    /// Reads `size` bytes at `offset` of the BAR.
    pub fn read_bar(&self, common: &Common, offset: u64, size: u8) -> u64 {
        if let Some(place) = Region::COMMON.find(offset) {
            return bytes(common::read(common).as_bytes(), place, size);
        }
        if let Some(place) = Region::DEVICE.find(offset) {
            return common.read_config(place, size);
        }
        if Region::ISR.find(offset) == Some(0) {
            // First: what comes in between is told once more rather than not at all.
            self.pending.lower();
            let reasons = common.signals.reasons();
            common.signals.acknowledge(reasons);
            return reasons.into();
        }
        if let Some(place) = Region::TABLE.find(offset) {
            return bytes(self.table.as_bytes(), place, size);
        }
        match Region::PENDING.find(offset) {
            Some(place) => bytes(&self.pending_bits(), place, size),
            None => 0,
        }
    }

    /// Writes `size` bytes at `offset` of the BAR.
    pub fn write_bar(&mut self, common: &mut Common, offset: u64, size: u8, value: u64) -> Action {
        if let Some(place) = Region::NOTIFY.find(offset) {
            // Where a queue is notified says which: what is written says it once more.
            let queue = u32::try_from(place).unwrap_or(u32::MAX) / NOTIFY_MULTIPLIER;
            return common.notify(queue);
        }
        if let Some(place) = Region::COMMON.find(offset) {
            let action = common::write(common, self.vectors(), place, size, value);
            let has_changed = matches!(action, Action::Reset | Action::ResetQueue(_));
            self.is_changed |= has_changed || common::is_vector(place);
            return action;
        }
        if let Some(place) = Region::DEVICE.find(offset) {
            common.write_config(place, size, value);
        } else if let Some(place) = Region::TABLE.find(offset) {
            self.table.write(place, size, value);
            self.is_changed = true;
        }
        Action::None
    }

    fn pending_bits(&self) -> Vec<u8> {
        // Quad words: PCI 3.0, "Pending Bits for MSI-X PBA Entries".
        let mut bits = vec![0; usize::from(self.vectors()).div_ceil(64) * 8];
        for vector in (0..self.vectors()).filter(|vector| self.pending.is_pending(*vector)) {
            bits[usize::from(vector / 8)] |= 1 << (vector % 8);
        }
        bits
    }
}

/// `size` bytes at `offset`; where there are none, zero.
fn bytes(bytes: &[u8], offset: u64, size: u8) -> u64 {
    let mut value = [0; 8];
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|offset| bytes.get(offset..))
        .unwrap_or_default();
    let wanted = value.iter_mut().take(size.into());
    for (byte, found) in wanted.zip(rest) {
        *byte = *found;
    }
    u64::from_le_bytes(value)
}

#[cfg(test)]
mod tests;
