// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `storm BASE COUNT`: a driver that sets a device up, gives it a ring that makes no sense, resets the ring and
//! gives it again, and resets the device, over and over.

use std::error::Error;

use crate::{
    poke::number,
    window::{MMIO_SIZE, Width, Window},
};

const QUEUE_ADDRESSES: [usize; 3] = [0x80, 0x90, 0xa0];
const QUEUE_READY: usize = 0x44;
const QUEUE_NUM: usize = 0x38;
const DRIVER_FEATURES: usize = 0x20;
const DRIVER_FEATURES_SEL: usize = 0x24;
const STATUS: usize = 0x70;
const QUEUE_RESET: usize = 0xc0;
const NEEDS_RESET: u64 = 0x40;
/// The upper halves of those feature bits.
const VERSION_1_AND_RING_RESET: u64 = 0x101;

/// The first byte of a guest's memory: its kernel's image, which is no ring.
const KERNEL: u64 = 0x4000_0000;
/// How often the device is asked whether it has noticed.
const PATIENCE: u32 = 100_000;

/// Does COUNT rounds against the device at BASE, which must use guest-physical addresses.
pub fn main(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let [base, count] = *args else {
        return Err("storm takes BASE and COUNT".into());
    };
    let window = Window::open(number(base)?, MMIO_SIZE)?;
    let set = |offset, value| window.write(offset, Width::B4, value);
    let count = number(count)?;
    for round in 0..count {
        for (offset, value) in [
            (STATUS, 0),
            (STATUS, 3),
            (DRIVER_FEATURES_SEL, 1),
            (DRIVER_FEATURES, VERSION_1_AND_RING_RESET),
            (STATUS, 11),
        ] {
            set(offset, value);
        }
        let ring = || {
            set(QUEUE_NUM, 64);
            for address in QUEUE_ADDRESSES {
                set(address, KERNEL);
                set(address + 4, 0);
            }
            set(QUEUE_READY, 1);
        };
        ring();
        set(STATUS, 15);
        for _ in 0..round % 3 {
            set(QUEUE_RESET, 1);
            ring();
        }
        let noticed = (0..PATIENCE).any(|_| window.read(STATUS, Width::B4) & NEEDS_RESET != 0);
        if !noticed {
            return Err(format!("round {round}: the device takes anything for a ring").into());
        }
    }
    set(STATUS, 0);
    println!("storm: {count} rounds done");
    Ok(())
}
