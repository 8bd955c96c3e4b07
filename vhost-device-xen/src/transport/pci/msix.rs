// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The MSI-X table of a function: PCI 3.0, "MSI-X Capability and Table Structures".

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of an entry.
pub const ENTRY: usize = size_of::<Entry>();
/// Bit 0 of an entry's last word: its vector is masked.
const MASKED: u32 = 1;
/// The vector in what a message says.
const VECTOR: u32 = 0xff;
/// Who takes an interrupt, in what a message says: `MSI_DATA_DELIVERY_MODE_MASK` of xen/arch/x86/include/asm/msi.h. Zero is
/// "fixed": whoever it is addressed to.
const DELIVERY: u32 = 0x700;

/// What a device writes, and where, to interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// A guest-physical address.
    pub address: u64,
    /// What is written there.
    pub data: u32,
}

impl Message {
    /// Whether it is a plain interrupt by a vector, on x86, which is nobody's if nobody has that address: Xen refuses
    /// other modes, event channels that there are not, and the one of lowest priority if nobody wants it (`vmsi_deliver`).
    pub fn is_fixed(self) -> bool {
        self.data & VECTOR != 0 && self.data & DELIVERY == 0
    }
}

/// An entry, as the driver sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Entry {
    address: [u32; 2],
    data: u32,
    control: u32,
}

impl Entry {
    const RESET: Self = Self {
        address: [0; 2],
        data: 0,
        control: MASKED,
    };

    fn content(&self) -> Message {
        let [low, high] = self.address.map(u64::from);
        Message {
            address: high << 32 | low,
            data: self.data,
        }
    }

    /// What to send, unless that is masked.
    fn message(&self) -> Option<Message> {
        (self.control & MASKED == 0).then(|| self.content())
    }

    /// What to send where Linux has made an event channel of the message (XENFEAT_hvm_pirqs): it names no vector, and
    /// masks the channel. The entry stays masked as it was found (arch/x86/pci/xen.c, `xen_hvm_setup_msi_irqs`).
    fn event(&self) -> Option<Message> {
        let is_event = self.data & VECTOR == 0 && self.address != [0; 2];
        is_event.then(|| self.content())
    }
}

/// The table.
#[derive(Clone, Debug)]
pub struct Table(Vec<Entry>);

impl Table {
    /// A table for so many vectors, all masked.
    pub fn new(vectors: u16) -> Self {
        Self(vec![Entry::RESET; vectors.into()])
    }

    /// As at power-on.
    pub fn reset(&mut self) {
        self.0.fill(Entry::RESET);
    }

    /// How many vectors there are.
    pub fn vectors(&self) -> u16 {
        // It was made with as many.
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// The bytes of the table.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Makes the table one that another process had.
    pub fn restore(&mut self, bytes: &[u8]) {
        for (entry, bytes) in self.0.iter_mut().zip(bytes.chunks_exact(ENTRY)) {
            *entry = Entry::read_from_bytes(bytes).unwrap_or(Entry::RESET);
        }
    }

    /// Writes `size` bytes at `offset`: words and double words, at multiples of their size.
    pub fn write(&mut self, offset: u64, size: u8, value: u64) {
        let Ok(offset) = usize::try_from(offset) else {
            return;
        };
        let len = usize::from(size);
        if !matches!(size, 4 | 8) || !offset.is_multiple_of(len) {
            return;
        }
        let bytes = self.0.as_mut_slice().as_mut_bytes();
        if let Some(place) = offset
            .checked_add(len)
            .and_then(|end| bytes.get_mut(offset..end))
        {
            place.copy_from_slice(&value.to_le_bytes()[..len]);
        }
    }

    /// What a vector sends, unless it is masked.
    pub fn message(&self, vector: u16) -> Option<Message> {
        self.0.get(usize::from(vector))?.message()
    }

    /// What a vector sends if that is an event channel's, masked or not. On x86.
    pub fn event(&self, vector: u16) -> Option<Message> {
        self.0.get(usize::from(vector))?.event()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_masked_at_first() {
        assert_eq!(Table::new(2).message(0), None);
        assert_eq!(Table::new(2).message(2), None);
    }

    #[test]
    fn a_fixed_message_has_a_vector_and_no_other_mode() {
        let is_fixed = |data| Message { address: 0, data }.is_fixed();

        assert!(is_fixed(0x4031));
        assert!(!is_fixed(0x4300) && !is_fixed(0x4131) && !is_fixed(0x4231));
    }

    #[test]
    fn a_driver_says_what_a_vector_sends() {
        let mut table = Table::new(2);

        table.write(16, 4, 0x0300_1040);
        table.write(20, 4, 1);
        table.write(24, 4, 77);
        assert_eq!(table.message(1), None);
        table.write(28, 4, 0);

        let message = Message {
            address: 0x1_0300_1040,
            data: 77,
        };
        assert_eq!(table.message(1), Some(message));
        table.reset();
        assert_eq!(table.message(1), None);
    }

    #[test]
    fn double_words_are_two_words() {
        let mut table = Table::new(1);

        table.write(0, 8, 0x2_0000_0001);
        table.write(8, 8, 5);

        let message = Message {
            address: 0x2_0000_0001,
            data: 5,
        };
        assert_eq!(table.message(0), Some(message));
    }

    #[test]
    fn odd_accesses_and_those_beyond_the_table_change_nothing() {
        let mut table = Table::new(1);

        for (offset, size) in [
            (12, 1),
            (12, 2),
            (13, 4),
            (4, 8),
            (16, 4),
            (u64::MAX, 4),
            (u64::MAX - 7, 8),
        ] {
            table.write(offset, size, 0);
        }

        assert_eq!(table.as_bytes(), Table::new(1).as_bytes());
    }
}
