// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A bus that exists in this process only.

use std::collections::BTreeMap;
use std::io;

use super::{Action, Address, Bus, Segment};

/// A bus with register-file chips: 256 bytes behind a pointer, as a small EEPROM or most sensors.
///
/// The first byte that is written sets the pointer, those that follow are stored from there on;
/// reading goes on from the pointer. It wraps around after 255.
///
/// # Example
///
/// ```
/// use backends::i2c::{Action, Address, Bus, Segment, SimulatedBus};
///
/// let mut bus = SimulatedBus::new([0x50]);
/// let address = Address::Seven(0x50);
/// let set = Segment { address, action: Action::Write(vec![7, 0xab]) };
/// bus.transfer(&mut [set]).unwrap();
///
/// let mut read = [
///     Segment { address, action: Action::Write(vec![7]) },
///     Segment { address, action: Action::Read(vec![0]) },
/// ];
/// bus.transfer(&mut read).unwrap();
/// assert_eq!(read[1].action, Action::Read(vec![0xab]));
/// ```
#[derive(Clone, Debug)]
pub struct SimulatedBus {
    chips: BTreeMap<u8, Chip>,
}

#[derive(Clone, Debug)]
struct Chip {
    pointer: u8,
    registers: [u8; 256],
}

impl SimulatedBus {
    /// Makes a bus with a chip full of zeroes at each of `addresses`.
    pub fn new(addresses: impl IntoIterator<Item = u8>) -> Self {
        let chip = Chip {
            pointer: 0,
            registers: [0; 256],
        };
        let chips = addresses.into_iter().map(|address| (address, chip.clone()));
        Self {
            chips: chips.collect(),
        }
    }
}

impl Bus for SimulatedBus {
    fn transfer(&mut self, segments: &mut [Segment]) -> io::Result<()> {
        for Segment { address, action } in segments {
            let chip = match address {
                Address::Seven(address) => self.chips.get_mut(address),
                Address::Ten(_) => None,
            };
            let chip = chip.ok_or_else(|| io::Error::from_raw_os_error(libc::ENXIO))?;
            match action {
                Action::Write(bytes) => chip.write(bytes),
                Action::Read(bytes) => chip.read(bytes),
            }
        }
        Ok(())
    }
}

impl Chip {
    fn write(&mut self, bytes: &[u8]) {
        let Some((pointer, values)) = bytes.split_first() else {
            return;
        };
        self.pointer = *pointer;
        for value in values {
            self.registers[usize::from(self.pointer)] = *value;
            self.pointer = self.pointer.wrapping_add(1);
        }
    }

    fn read(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.registers[usize::from(self.pointer)];
            self.pointer = self.pointer.wrapping_add(1);
        }
    }
}
