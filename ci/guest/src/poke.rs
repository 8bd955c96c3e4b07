// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `poke`: an ill-willed driver of a virtio-mmio device.
//!
//! It breaks every rule of the register interface that it can break with one access, in order and
//! then at random, and leaves the device reset. Whoever serves the device must survive it; so must
//! the guest's own memory, hence no ring is ever put there, where a device would rightly write.

use std::error::Error;

use crate::window::{MMIO_SIZE as SIZE, Width, Window};

// Offsets: virtio 1.2, "MMIO Device Register Layout".
const DEVICE_FEATURES_SELECT: usize = 0x14;
const DRIVER_FEATURES: usize = 0x20;
const DRIVER_FEATURES_SELECT: usize = 0x24;
const QUEUE_SELECT: usize = 0x30;
const QUEUE_NUM: usize = 0x38;
const QUEUE_READY: usize = 0x44;
const QUEUE_NOTIFY: usize = 0x50;
const INTERRUPT_ACK: usize = 0x64;
const STATUS: usize = 0x70;
const QUEUE_DESC: usize = 0x80;
const QUEUE_DRIVER: usize = 0x90;
const QUEUE_DEVICE: usize = 0xa0;
const SHM_SELECT: usize = 0xac;
const QUEUE_RESET: usize = 0xc0;
const CONFIG: usize = 0x100;

const RINGS: [usize; 3] = [QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE];

/// ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK.
const STEPS: [u64; 4] = [1, 2, 8, 4];
const READY_TO_RUN: u64 = 1 | 2 | 4 | 8;

pub const NUMBERS: [u64; 12] = [
    0,
    1,
    2,
    3,
    4,
    0x7f,
    0xff,
    0x100,
    0x7fff,
    0xffff,
    0x8000_0000,
    0xffff_ffff,
];

/// Where no ring can be: nowhere, odd, in the device itself, behind all memory, at the end of the
/// address space, and in grants that were never given.
pub const ADDRESSES: [u64; 9] = [
    0,
    1,
    0xfff,
    0x0200_0000,
    0x00ff_ffff_ffff_f000,
    0x7fff_ffff_ffff_fff0,
    0x8000_0000_7fff_f000,
    0x8000_000f_ffff_ffff,
    0xffff_ffff_ffff_ffff,
];

/// Runs `poke BASE [SEED] [COUNT]`.
///
/// # Errors
///
/// When the numbers are none, or the device cannot be mapped.
pub fn main(numbers: &[&str]) -> Result<(), Box<dyn Error>> {
    let (base, seed, count) = match *numbers {
        [base] => (number(base)?, 1, 10_000),
        [base, seed] => (number(base)?, number(seed)?, 10_000),
        [base, seed, count] => (number(base)?, number(seed)?, number(count)?),
        _ => return Err(crate::USAGE.into()),
    };
    println!("poke: base {base:#x}, seed {seed}, {count} random accesses");
    let mut attack = Attack {
        window: Window::open(base, SIZE)?,
        done: 0,
    };
    attack.run(seed, count);
    println!("poke: {} accesses done", attack.done);
    Ok(())
}

/// A number of the command line, decimal or hexadecimal.
pub fn number(text: &str) -> Result<u64, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

struct Attack {
    window: Window,
    done: u64,
}

impl Attack {
    fn run(&mut self, seed: u64, count: u64) {
        self.read_everything();
        self.features();
        self.statuses();
        self.selectors();
        self.queue_sizes();
        self.rings();
        self.notifications();
        self.config();
        self.write_everything();
        self.reset();
        self.random(seed, count);
        self.reset();
    }

    fn read(&mut self, offset: usize, width: Width) {
        self.window.read(offset, width);
        self.done += 1;
    }

    fn write(&mut self, offset: usize, width: Width, value: u64) {
        self.window
            .write(offset, width, harmless(offset, width, value));
        self.done += 1;
    }

    fn set(&mut self, offset: usize, value: u64) {
        self.write(offset, Width::B4, value);
    }

    fn reset(&mut self) {
        self.set(STATUS, 0);
    }

    /// Brings the device as far as a device without a driver gets.
    fn start(&mut self) {
        self.reset();
        for status in [1, 3, 11, READY_TO_RUN] {
            self.set(STATUS, status);
        }
    }

    fn read_everything(&mut self) {
        for width in Width::ALL {
            for offset in (0..SIZE).step_by(width.bytes()) {
                self.read(offset, width);
            }
        }
    }

    fn features(&mut self) {
        self.reset();
        for select in NUMBERS {
            self.set(DEVICE_FEATURES_SELECT, select);
            self.read(0x10, Width::B4);
            self.set(DRIVER_FEATURES_SELECT, select);
            for features in [0xffff_ffff, 0x5555_5555, 0] {
                self.set(DRIVER_FEATURES, features);
            }
        }
        // Too late, and taken back.
        self.set(STATUS, 0xb);
        self.set(DRIVER_FEATURES, 0xffff_ffff);
        self.set(STATUS, 0x3);
    }

    fn statuses(&mut self) {
        for order in orders() {
            self.reset();
            let mut status = 0;
            for step in order {
                status |= step;
                self.set(STATUS, status);
                self.read(STATUS, Width::B4);
            }
        }
        for status in 0..=0xff {
            self.set(STATUS, status);
        }
        for status in NUMBERS {
            self.set(STATUS, status);
        }
    }

    fn selectors(&mut self) {
        self.start();
        for select in NUMBERS {
            self.set(QUEUE_SELECT, select);
            for offset in [0x34, QUEUE_READY, QUEUE_RESET] {
                self.read(offset, Width::B4);
            }
            self.set(QUEUE_NUM, 4);
            self.set(QUEUE_READY, 1);
            self.set(SHM_SELECT, select);
            for offset in [0xb0, 0xb4, 0xb8, 0xbc] {
                self.read(offset, Width::B4);
            }
        }
    }

    fn queue_sizes(&mut self) {
        for number in NUMBERS {
            self.start();
            self.set(QUEUE_SELECT, 0);
            self.set(QUEUE_NUM, number);
            self.set(QUEUE_READY, 1);
            self.set(QUEUE_NOTIFY, 0);
            // While it is in use.
            self.set(QUEUE_NUM, 0xffff);
            self.set(QUEUE_READY, number);
        }
    }

    fn rings(&mut self) {
        for address in ADDRESSES {
            for bad in RINGS {
                self.start();
                self.set(QUEUE_SELECT, 0);
                self.set(QUEUE_NUM, 4);
                for ring in RINGS {
                    // Behind all memory, but well formed.
                    let address = if ring == bad {
                        address
                    } else {
                        0x00ff_0000_0000_0000
                    };
                    self.set(ring, address & 0xffff_ffff);
                    self.set(ring + 4, address >> 32);
                }
                self.set(QUEUE_READY, 1);
                self.set(QUEUE_NOTIFY, 0);
                self.read(STATUS, Width::B4);
                self.set(QUEUE_RESET, 1);
                self.set(QUEUE_READY, 0);
            }
        }
    }

    fn notifications(&mut self) {
        self.start();
        for queue in NUMBERS {
            self.set(QUEUE_NOTIFY, queue);
            self.set(INTERRUPT_ACK, queue);
        }
    }

    fn config(&mut self) {
        for width in Width::ALL {
            for offset in (CONFIG..SIZE).step_by(width.bytes()) {
                self.write(offset, width, u64::MAX);
                self.read(offset, width);
            }
        }
    }

    fn write_everything(&mut self) {
        for value in [0, 1, u64::MAX, 0x5a5a_5a5a_5a5a_5a5a] {
            for width in Width::ALL {
                for offset in (0..SIZE).step_by(width.bytes()) {
                    self.write(offset, width, value);
                }
            }
        }
    }

    fn random(&mut self, seed: u64, count: u64) {
        let mut random = Random::new(seed);
        for _ in 0..count {
            let width = random.pick(&Width::ALL);
            // Mostly words among the registers: the rest is soon seen through.
            let (width, end) = if random.below(4) > 0 {
                (Width::B4, CONFIG)
            } else {
                (width, SIZE)
            };
            let offset = random.below(end / width.bytes()) * width.bytes();
            let value = match random.below(3) {
                0 => random.next(),
                1 => random.pick(&NUMBERS),
                _ => random.pick(&ADDRESSES),
            };
            match random.below(8) {
                0 => self.start(),
                1 | 2 => self.read(offset, width),
                _ => self.write(offset, width, value),
            }
        }
    }
}

/// The value, unless it would put the low half of a ring's address where a guest's memory begins
/// on arm64 (0x4000_0000, up to 1 GiB): then something above.
fn harmless(offset: usize, width: Width, value: u64) -> u64 {
    let is_ring = RINGS.iter().any(|ring| (*ring..ring + 8).contains(&offset));
    let wide_enough = matches!(width, Width::B4 | Width::B8);
    if is_ring && wide_enough && (value >> 30) & 3 == 1 {
        value | 1 << 31
    } else {
        value
    }
}

/// The four steps of a driver's start in each of their orders.
fn orders() -> Vec<[u64; 4]> {
    let mut orders = Vec::new();
    for a in STEPS {
        for b in STEPS {
            for c in STEPS {
                for d in STEPS {
                    if a | b | c | d == READY_TO_RUN {
                        orders.push([a, b, c, d]);
                    }
                }
            }
        }
    }
    orders
}

/// Marsaglia's xorshift64: the same numbers for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Its only bad seed is zero.
        Self(if seed == 0 {
            0x9e37_79b9_7f4a_7c15
        } else {
            seed
        })
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        let [.., a, b, c, d] = self.next().to_le_bytes();
        let high = u32::from_le_bytes([a, b, c, d]);
        usize::try_from(high).expect("32 bits fit on every machine that runs Xen") % end
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_four_orders() {
        assert_eq!(orders().len(), 24);
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(
            (number("0x2000200").unwrap(), number("42").unwrap()),
            (0x200_0200, 42)
        );
        assert!(number("0xg").is_err() && number("").is_err());
    }

    #[test]
    fn no_ring_is_put_into_the_guests_memory() {
        assert_eq!(harmless(QUEUE_DESC, Width::B4, 0x4123_4000), 0xc123_4000);
        assert_eq!(harmless(QUEUE_DEVICE, Width::B8, 0x7fff_f000), 0xffff_f000);
        assert_eq!(harmless(QUEUE_SELECT, Width::B4, 0x4123_4000), 0x4123_4000);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let mut one = Random::new(7);
        let mut two = Random::new(7);
        assert_eq!([one.next(), one.next()], [two.next(), two.next()]);
        assert_ne!(Random::new(0).next(), 0);
    }

    #[test]
    fn an_attack_on_memory_runs_to_its_end_and_leaves_it_reset() {
        let mut attack = Attack {
            window: Window::memory(SIZE),
            done: 0,
        };
        attack.run(1, 1000);
        assert!(attack.done > 8000, "only {} accesses", attack.done);
        assert_eq!(attack.window.read(STATUS, Width::B4), 0);
    }
}
