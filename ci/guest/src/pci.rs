// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `pci`: an ill-willed driver of a virtio-pci function.
//!
//! It writes what it may not into the configuration space, the common structure and the MSI-X table, moves the
//! BAR about, and lets every vector send interrupts of all kinds, and what is none. As with
//! `poke`, no ring is ever put into the guest's memory.

use std::error::Error;

use crate::function::{BAR, BAR_SIZE, CONFIG_SIZE, Function};
use crate::poke::{ADDRESSES, NUMBERS, Random, number};
use crate::window::{Width, Window};

const COMMAND: usize = 0x04;
const CAPABILITIES: usize = 0x34;
/// Memory, and messages.
const ON: u64 = 0b110;
const MSIX: u64 = 0x11;
const MSIX_ENABLE: u64 = 1 << 15;

// In the BAR: virtio 1.2, "Common configuration structure layout", and what follows it here.
const CONFIG_VECTOR: usize = 0x10;
const STATUS: usize = 0x14;
const QUEUE_SELECT: usize = 0x16;
const QUEUE_VECTOR: usize = 0x1a;
const RINGS: std::ops::Range<usize> = 0x20..0x38;
const NOTIFY: usize = 0x3000;
const TABLE: usize = 0x4000;
const PENDING: usize = 0x5000;

/// Where messages go to.
const DOORBELL: u64 = if cfg!(target_arch = "aarch64") {
    0x0300_1040
} else {
    0xfee0_0000
};

/// Interrupts: some of all that there are and are not, and the ends of those that are devices'. On x86, in all
/// delivery modes.
fn interrupts() -> impl Iterator<Item = u64> {
    let numbers = (0..1100).step_by(23).chain([31, 32, 63, 64, 255, 256]);
    numbers.map(survivable)
}

/// On x86, the number with a vector that a kernel takes at any time: to look whether another task is to run, or
/// a spurious one. With others, of which some are exceptions, it ends itself or waits for ever. Zero means no
/// vector: what the address says is then an event channel's.
const fn survivable(number: u64) -> u64 {
    match number & 0xff {
        _ if cfg!(target_arch = "aarch64") => number,
        0 => number,
        _ => number | 0xfd,
    }
}

/// Runs `pci SLOT [SEED] [COUNT]`.
///
/// # Errors
///
/// When the numbers are none, or there is no function.
pub fn main(numbers: &[&str]) -> Result<(), Box<dyn Error>> {
    let (slot, seed, count) = match *numbers {
        [slot] => (number(slot)?, 1, 5_000),
        [slot, seed] => (number(slot)?, number(seed)?, 5_000),
        [slot, seed, count] => (number(slot)?, number(seed)?, number(count)?),
        _ => return Err(crate::USAGE.into()),
    };
    let (config, bar, base) = Function::virtio(slot)?;
    let mut attack = Attack {
        bar,
        config,
        base,
        done: 0,
    };
    attack.run(seed, count)?;
    println!("pci: {} accesses done", attack.done);
    Ok(())
}

struct Attack {
    config: Function,
    bar: Window,
    /// Where the BAR was found.
    base: u64,
    done: u64,
}

impl Attack {
    fn run(&mut self, seed: u64, count: u64) -> Result<(), Box<dyn Error>> {
        let control = self.control().ok_or("there is no MSI-X")?;
        let entries = self.config.read(control, Width::B2) & 0x7ff;
        let entries = usize::try_from(entries)? + 1;
        self.everything();
        self.come_back(control);
        self.messages(entries);
        self.random(seed, count, control);
        self.come_back(control);
        Ok(())
    }

    /// The control word of MSI-X.
    fn control(&self) -> Option<usize> {
        let byte = |at| usize::try_from(self.config.read(at, Width::B1)).ok();
        let mut at = byte(CAPABILITIES)?;
        for _ in 0..48 {
            if self.config.read(at, Width::B1) == MSIX {
                return Some(at + 2);
            }
            at = byte(at + 1)?;
        }
        None
    }

    fn set(&mut self, offset: usize, width: Width, value: u64) {
        self.bar.write(offset, width, harmless(offset, value));
        self.done += 1;
    }

    fn set_config(&mut self, offset: usize, width: Width, value: u64) {
        self.config.write(offset, width, value);
        self.done += 1;
    }

    /// As a driver leaves a function that it has found, with messages.
    fn come_back(&mut self, control: usize) {
        self.set_config(BAR, Width::B4, self.base);
        self.set_config(COMMAND, Width::B2, ON);
        self.set_config(control, Width::B2, MSIX_ENABLE);
        self.set(STATUS, Width::B1, 0);
    }

    fn everything(&mut self) {
        for width in Width::ALL {
            for offset in (0..CONFIG_SIZE).step_by(width.bytes().max(4)) {
                self.config.read(offset, width);
            }
            for offset in (0..0x100).step_by(width.bytes().max(2)) {
                for value in [u64::MAX, 0] {
                    self.set_config(offset, width, value);
                }
                self.set_config(BAR, Width::B4, self.base);
                self.set_config(COMMAND, Width::B2, ON);
            }
            for region in [0, 0x1000, 0x2000, NOTIFY, TABLE, PENDING, 0x6000] {
                for offset in (0..0x40).step_by(width.bytes().max(2)) {
                    self.bar.read(region + offset, width);
                    for value in [1, u64::MAX] {
                        self.set(region + offset, width, value);
                    }
                }
            }
        }
    }

    /// Every vector sends everything, as often as there are entries: the device is broken each time, which
    /// interrupts.
    fn messages(&mut self, entries: usize) {
        for data in interrupts() {
            for entry in 0..entries {
                let entry = TABLE + 16 * entry;
                let doorbell = if data % 7 == 0 { data << 12 } else { DOORBELL };
                self.set(entry, Width::B4, doorbell);
                self.set(entry + 4, Width::B4, 0);
                self.set(entry + 8, Width::B4, data);
                self.set(entry + 12, Width::B4, data & 1);
                self.set(entry + 12, Width::B4, 0);
            }
            self.set(CONFIG_VECTOR, Width::B2, data % 3);
            self.set(QUEUE_SELECT, Width::B2, data & 1);
            self.set(QUEUE_VECTOR, Width::B2, data % 4);
            // Ready without having agreed on anything.
            self.set(STATUS, Width::B1, 4);
            self.bar.read(PENDING, Width::B8);
            self.set(STATUS, Width::B1, 0);
        }
    }

    fn random(&mut self, seed: u64, count: u64, control: usize) {
        let mut random = Random::new(seed);
        for n in 0..count {
            let width = random.pick(&Width::ALL);
            let value = match random.below(3) {
                0 => random.next(),
                1 => random.pick(&NUMBERS),
                _ => random.pick(&ADDRESSES),
            };
            let within = |random: &mut Random, from: usize, size: usize| {
                from + random.below(size / width.bytes()) * width.bytes()
            };
            match random.below(8) {
                0 => {
                    let offset = within(&mut random, 0, 0x100);
                    self.set_config(offset, width, value);
                }
                1 => {
                    let offset = within(&mut random, 0, BAR_SIZE);
                    self.bar.read(offset, width);
                }
                2 | 3 => {
                    let offset = within(&mut random, TABLE, 0x100);
                    self.set(offset, width, value);
                }
                4 => {
                    let offset = within(&mut random, 0, BAR_SIZE);
                    self.set(offset, width, value);
                }
                _ => {
                    let offset = within(&mut random, 0, 0x40);
                    self.set(offset, width, value);
                }
            }
            if n % 64 == 0 {
                self.come_back(control);
            }
        }
    }
}

/// The value, unless it would put half of a ring's address where a guest's memory is on arm64 (from 0x4000_0000, up
/// to 1 GiB) or on x86 (below 2 GiB): then something above. What a message says is [`survivable`].
fn harmless(offset: usize, value: u64) -> u64 {
    if (TABLE..PENDING).contains(&offset) && offset & 0xc == 8 {
        return survivable(value);
    }
    let is_memory = match cfg!(target_arch = "aarch64") {
        true => value >> 30 & 3 == 1,
        false => value >> 31 & 1 == 0,
    };
    match RINGS.contains(&offset) && is_memory {
        true => value | 1 << 31,
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ring_is_put_into_the_guests_memory() {
        assert_eq!(harmless(0x20, 0x4123_4000), 0xc123_4000);
        assert_eq!(harmless(0x34, 0x7fff_f000), 0xffff_f000);
        assert_eq!(harmless(0x16, 0x4123_4000), 0x4123_4000);
    }

    #[test]
    fn an_attack_on_memory_runs_to_its_end() {
        let config = Window::memory(CONFIG_SIZE);
        config.write(CAPABILITIES, Width::B1, 0x40);
        config.write(0x40, Width::B1, MSIX);
        let mut attack = Attack {
            bar: Window::memory(BAR_SIZE),
            config: Function::Memory(config),
            base: 0x3400_0000,
            done: 0,
        };

        attack.run(1, 1000).unwrap();

        assert!(attack.done > 3_000, "only {} accesses", attack.done);
    }
}
