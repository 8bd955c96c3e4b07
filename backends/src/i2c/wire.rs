// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What an I2C adapter and its driver exchange: virtio 1.2, "I2C Adapter Device".

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Requests may have no data, and say in their flags which way it goes: "Feature bits".
pub(super) const VIRTIO_I2C_F_ZERO_LENGTH_REQUEST: u32 = 0;

/// The request fails the next one with it, and is of one transfer with it.
pub(super) const FLAG_FAIL_NEXT: u32 = 1 << 0;
/// The data is for the driver.
pub(super) const FLAG_READ: u32 = 1 << 1;

/// The result of a request, its last writable byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Status {
    Ok = 0,
    Err = 1,
}

/// `struct virtio_i2c_out_hdr`: "Device Operation: Request Queue".
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Header {
    /// Like the first bytes on the bus: see [`Address::decode`].
    pub(super) addr: U16,
    /// Means nothing.
    pub(super) padding: U16,
    pub(super) flags: U32,
}

const _: () = assert!(size_of::<Header>() == 8);

/// The address of a chip.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Address {
    /// Of 7 bits, as nearly all are.
    Seven(u8),
    /// Of 10 bits.
    Ten(u16),
}

impl Address {
    /// Reads the header's field; `None` if it is of neither form.
    pub(super) fn decode(field: u16) -> Option<Self> {
        let [low, high] = field.to_le_bytes();
        match (low & 1, low >> 3, high) {
            (1, ..) => None,
            // 1111 0, then A9 and A8.
            (_, 0b1_1110, _) => Some(Self::Ten(u16::from(low & 6) << 7 | u16::from(high))),
            (_, _, 0) => Some(Self::Seven(low >> 1)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_lengths_are_told_apart() {
        assert_eq!(Address::decode(0x50 << 1), Some(Address::Seven(0x50)));
        assert_eq!(Address::decode(0x7f << 1), Some(Address::Seven(0x7f)));
        assert_eq!(Address::decode(0), Some(Address::Seven(0)));
        assert_eq!(Address::decode(0xa5f6), Some(Address::Ten(0x3a5)));
        assert_eq!(Address::decode(0x01f2), Some(Address::Ten(0x101)));
    }

    #[test]
    fn an_address_of_neither_form_is_none() {
        assert_eq!(Address::decode(0xa1), None);
        assert_eq!(Address::decode(0x01a0), None);
        assert_eq!(Address::decode(0xffff), None);
    }
}
