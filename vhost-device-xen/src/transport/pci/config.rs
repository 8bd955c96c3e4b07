// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The configuration space of a function: PCI 3.0, "Configuration Space Organization" and
//! "Capabilities"; virtio 1.2, "PCI Device Layout".

use super::{BAR_SIZE, Pin, Region, bytes};

/// Bytes that are there; of the rest of a function's 4 KiB nothing is.
pub const SIZE: usize = 256;

/// The vendor of all virtio devices, and of their subsystem.
const VENDOR: u16 = 0x1af4;
/// To this is added the virtio device ID.
const DEVICE: u16 = 0x1040;
/// "The PCI Subsystem Device ID" of devices of virtio 1.0 and later is 0x40 or more.
const SUBSYSTEM: u16 = 0x1100;
/// "Revision ID of 1 or higher".
const REVISION: u8 = 1;
/// Class and subclass of a disk: mass storage, other than all that have a number.
const STORAGE: u16 = 0x0180;
/// Of what belongs to no class.
const UNASSIGNED: u16 = 0xff00;

/// `PCI_COMMAND_MEMORY`: the function answers at its BAR.
const MEMORY: u16 = 1 << 1;
/// `PCI_COMMAND_MASTER`: the function may write by itself, messages of interrupts among it.
const MASTER: u16 = 1 << 2;
/// The interrupt pin that a function uses first.
const INTA: u8 = 1;
/// `PCI_COMMAND_INTX_DISABLE`.
const INTX_DISABLE: u16 = 1 << 10;
/// `PCI_STATUS_CAP_LIST`.
const CAPABILITIES: u16 = 1 << 4;
/// `PCI_MSIX_FLAGS_ENABLE`: MSI-X is in use.
const MSIX_ENABLE: u16 = 1 << 15;
/// `PCI_MSIX_FLAGS_MASKALL`: no vector sends.
const MSIX_MASK: u16 = 1 << 14;
/// `PCI_AF_CAP_TP` and `PCI_AF_CAP_FLR`: there is a reset of the function.
const AF_CAPABLE: u8 = 0b11;
/// `PCI_AF_CTRL_FLR`: reset.
const AF_RESET: u8 = 1;

/// Where things are.
mod at {
    pub const VENDOR: usize = 0x00;
    pub const DEVICE: usize = 0x02;
    pub const COMMAND: usize = 0x04;
    pub const STATUS: usize = 0x06;
    pub const REVISION: usize = 0x08;
    pub const CLASS: usize = 0x0a;
    pub const CACHE_LINE: usize = 0x0c;
    pub const BAR: usize = 0x10;
    pub const SUBSYSTEM_VENDOR: usize = 0x2c;
    pub const SUBSYSTEM: usize = 0x2e;
    pub const CAPABILITIES: usize = 0x34;
    pub const INTERRUPT_LINE: usize = 0x3c;
    pub const INTERRUPT_PIN: usize = 0x3d;
    /// The first capability.
    pub const FIRST: usize = 0x40;
}

/// Capability IDs.
mod id {
    pub const VENDOR: u8 = 0x09;
    pub const MSIX: u8 = 0x11;
    pub const AF: u8 = 0x13;
}

/// `cfg_type` of virtio's capabilities.
mod kind {
    pub const COMMON: u8 = 1;
    pub const NOTIFY: u8 = 2;
    pub const ISR: u8 = 3;
    pub const DEVICE: u8 = 4;
    pub const PCI: u8 = 5;
}

/// A part of the BAR that a driver reaches by the configuration space: `VIRTIO_PCI_CAP_PCI_CFG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From the start of the BAR.
    pub offset: u64,
    /// Bytes: 1, 2 or 4.
    pub size: u8,
}

/// What a write has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// This was written through the window.
    pub through: Option<(Window, u32)>,
    /// The function is to be reset.
    pub is_reset: bool,
    /// A driver reads something else than before.
    pub is_changed: bool,
}

/// The space of one function.
#[derive(Clone, Debug)]
pub struct Space {
    bytes: [u8; SIZE],
    /// Bits that a driver writes.
    writable: [u8; SIZE],
    /// The control word of MSI-X.
    msix: usize,
    /// The capability of the window.
    window: usize,
    /// The capability of resets.
    af: usize,
}

impl Space {
    /// That of a virtio device with so many MSI-X vectors (1 to 2048), and an interrupt pin or none.
    pub fn new(device: u32, vectors: u16, has_pin: bool) -> Self {
        let mut space = Self {
            bytes: [0; SIZE],
            writable: [0; SIZE],
            msix: 0,
            window: 0,
            af: 0,
        };
        space.identify(device);
        if has_pin {
            space.set(at::INTERRUPT_PIN, &[INTA]);
        }
        space.list(vectors);
        space
    }

    fn identify(&mut self, device: u32) {
        let number = DEVICE.wrapping_add(u16::try_from(device).unwrap_or_default());
        let class = match device {
            virtio_bindings::virtio_ids::VIRTIO_ID_BLOCK => STORAGE,
            _ => UNASSIGNED,
        };
        self.set(at::VENDOR, &VENDOR.to_le_bytes());
        self.set(at::DEVICE, &number.to_le_bytes());
        self.set(at::STATUS, &CAPABILITIES.to_le_bytes());
        self.set(at::REVISION, &[REVISION]);
        self.set(at::CLASS, &class.to_le_bytes());
        self.set(at::SUBSYSTEM_VENDOR, &VENDOR.to_le_bytes());
        self.set(at::SUBSYSTEM, &SUBSYSTEM.to_le_bytes());
        self.allow(at::COMMAND, &(MEMORY | MASTER | INTX_DISABLE).to_le_bytes());
        self.allow(at::CACHE_LINE, &[0xff]);
        // Its size is what cannot be written.
        self.allow(at::BAR, &(!(BAR_SIZE - 1)).to_le_bytes());
        self.allow(at::INTERRUPT_LINE, &[0xff]);
    }

    /// The list of capabilities.
    fn list(&mut self, vectors: u16) {
        let mut next = at::FIRST;
        self.set(at::CAPABILITIES, &[low(next)]);
        let regions = [
            (kind::COMMON, Region::COMMON),
            (kind::ISR, Region::ISR),
            (kind::DEVICE, Region::DEVICE),
        ];
        for (kind, region) in regions {
            next = self.virtio(next, kind, region, &[]);
        }
        let multiplier = super::NOTIFY_MULTIPLIER.to_le_bytes();
        next = self.virtio(next, kind::NOTIFY, Region::NOTIFY, &multiplier);
        self.window = next;
        let nowhere = Region { offset: 0, size: 0 };
        next = self.virtio(next, kind::PCI, nowhere, &[0; 4]);
        for (at, len) in [(4, 1), (8, 4), (12, 4)] {
            self.allow(self.window + at, &[0xff; 4][..len]);
        }
        let after = (next + 12).next_multiple_of(4);
        self.set(next, &[id::MSIX, low(after)]);
        self.msix = next + 2;
        self.set(self.msix, &(vectors.saturating_sub(1)).to_le_bytes());
        self.allow(self.msix, &(MSIX_ENABLE | MSIX_MASK).to_le_bytes());
        // Both lie in BAR 0: its number is in the low bits.
        self.set(next + 4, &Region::TABLE.offset.to_le_bytes());
        self.set(next + 8, &Region::PENDING.offset.to_le_bytes());
        self.af = after;
        self.set(after, &[id::AF, 0, 6, AF_CAPABLE]);
    }

    /// A capability of virtio's; says where the next one is.
    fn virtio(&mut self, at: usize, kind: u8, region: Region, more: &[u8]) -> usize {
        let len = 16 + more.len();
        let next = at + len;
        self.set(at, &[id::VENDOR, low(next), low(len), kind]);
        self.set(at + 8, &region.offset.to_le_bytes());
        self.set(at + 12, &region.size.to_le_bytes());
        self.set(at + 16, more);
        next
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..][..bytes.len()].copy_from_slice(bytes);
    }

    fn allow(&mut self, at: usize, bits: &[u8]) {
        self.writable[at..][..bits.len()].copy_from_slice(bits);
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; SIZE] {
        &self.bytes
    }

    /// Writes what a driver may, as it did with another process.
    pub fn restore(&mut self, bytes: &[u8; SIZE]) {
        for ((byte, new), mask) in self.bytes.iter_mut().zip(bytes).zip(self.writable) {
            *byte = *byte & !mask | new & mask;
        }
    }

    /// Reads `size` bytes at `offset`, but for what is read [through the window](Self::window_at).
    pub fn read(&self, offset: u16, size: u8) -> u64 {
        bytes(&self.bytes, offset.into(), size)
    }

    /// Where a read at `offset` leads.
    pub fn window_at(&self, offset: u16) -> Option<Window> {
        (usize::from(offset) == self.window + 16)
            .then(|| self.window())
            .flatten()
    }

    /// Writes `size` bytes at `offset`.
    pub fn write(&mut self, offset: u16, size: u8, value: u64) -> Written {
        let first = usize::from(offset);
        let before = self.bytes;
        for (n, new) in value.to_le_bytes().iter().enumerate().take(size.into()) {
            if let Some(byte) = self.bytes.get_mut(first + n) {
                let mask = self.writable[first + n];
                *byte = *byte & !mask | new & mask;
            }
        }
        let af_control = self.af + 4;
        let reset = af_control
            .checked_sub(first)
            .filter(|n| *n < usize::from(size))
            .and_then(|n| value.to_le_bytes().get(n).copied());
        let [b0, b1, b2, b3, ..] = value.to_le_bytes();
        Written {
            through: self
                .window_at(offset)
                .map(|window| (window, u32::from_le_bytes([b0, b1, b2, b3]))),
            is_reset: reset.is_some_and(|control| control & AF_RESET != 0),
            is_changed: self.bytes != before,
        }
    }

    /// The part of the BAR that was chosen, if it makes sense.
    fn window(&self) -> Option<Window> {
        let bar = self.bytes[self.window + 4];
        let size = u8::try_from(self.word(self.window + 12)).ok()?;
        let offset = self.word(self.window + 8);
        let is_sound = bar == 0 && matches!(size, 1 | 2 | 4) && offset.is_multiple_of(size.into());
        (is_sound && offset < BAR_SIZE).then_some(Window {
            offset: offset.into(),
            size,
        })
    }

    /// Where the function answers, if it does. A driver that looks for the size of the BAR has not placed it.
    pub fn bar(&self) -> Option<u64> {
        let is_on = self.half(at::COMMAND) & MEMORY != 0;
        let place = self.word(at::BAR);
        let is_placed = ![0, !(BAR_SIZE - 1)].contains(&place);
        (is_on && is_placed).then_some(place.into())
    }

    /// What the driver has decided about the interrupt pin.
    pub fn pin(&self) -> Pin {
        if self.half(self.msix) & MSIX_ENABLE != 0 {
            return Pin::Unused;
        }
        match self.half(at::COMMAND) & INTX_DISABLE {
            0 => Pin::Used,
            _ => Pin::Disabled,
        }
    }

    /// Whether interrupts are sent as messages, and may be.
    pub fn is_sending(&self) -> bool {
        let control = self.half(self.msix);
        control & (MSIX_ENABLE | MSIX_MASK) == MSIX_ENABLE && self.half(at::COMMAND) & MASTER != 0
    }

    fn half(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    fn word(&self, at: usize) -> u32 {
        u32::from(self.half(at)) | u32::from(self.half(at + 2)) << 16
    }
}

/// The place of a capability, which is below 256.
const fn low(place: usize) -> u8 {
    place.to_le_bytes()[0]
}
