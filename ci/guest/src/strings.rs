// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: registers are moved by string instructions, which the compiler has no words for.
#![expect(unsafe_code)]

//! `strings`: every way in which an x86 processor moves registers of a virtio-pci function, one at a time and
//! by string instructions, of all widths, aligned or not, upwards and downwards; all see the same bytes.
//!
//! No driver has the function meanwhile.

use core::arch::asm;
use std::error::Error;

use crate::function::{Function, ports};
use crate::window::{Width, Window};

/// The common structure (virtio 1.2, "Common configuration structure layout") up to the queue's
/// addresses, and with them.
const FIELDS: usize = 0x20;
const COMMON: usize = 0x38;
/// Where the structure of the device's own is in the BAR.
const DEVICE: usize = 0x2000;
const PAGE: usize = 0x1000;

/// A way of moving bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Direction {
    Up,
    Down,
}

/// Runs `strings SLOT`.
///
/// # Errors
///
/// When there is no function, or two ways see different bytes.
pub fn main(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let [slot] = *words else {
        return Err(crate::USAGE.into());
    };
    let slot = crate::poke::number(slot)?;
    let (config, bar, _) = Function::virtio(slot)?;
    let mut compared = 0;
    for start in [0, DEVICE] {
        compared += read_all_ways(&bar, start)?;
    }
    compared += write_all_ways(&bar)?;
    compared += repeat_at_the_port(&config, slot)?;
    println!("strings: {compared} accesses agree");
    Ok(())
}

/// What two ways have seen, if it is not the same.
fn same(what: &str, seen: &[u8], wanted: &[u8]) -> Result<u64, Box<dyn Error>> {
    if seen != wanted {
        return Err(format!("{what}: {seen:02x?} instead of {wanted:02x?}").into());
    }
    Ok(1)
}

fn byte(bar: &Window, offset: usize) -> u8 {
    let [byte, ..] = bar.read(offset, Width::B1).to_le_bytes();
    byte
}

fn read_all_ways(bar: &Window, start: usize) -> Result<u64, Box<dyn Error>> {
    let wanted: Vec<u8> = (0..COMMON).map(|n| byte(bar, start + n)).collect();
    let mut compared = 0;
    for width in Width::ALL {
        let size = width.bytes();
        for at in 0..=COMMON - size {
            let seen = load(bar, start + at, width).to_le_bytes();
            let what = format!("a load of {size} at {start:#x} + {at:#x}");
            compared += same(&what, &seen[..size], &wanted[at..at + size])?;
        }
        // The values end up on two pages of the guest's memory, aligned or not.
        let mut memory = vec![0; 2 * PAGE + COMMON];
        for (direction, skew, at) in [
            (Direction::Up, 0, 0),
            (Direction::Up, 3, 1),
            (Direction::Down, 0, 0),
            (Direction::Down, 5, 3),
        ] {
            let count = (COMMON - at) / size;
            let length = count * size;
            let to = memory.as_ptr().align_offset(PAGE) + PAGE - COMMON / 2 + skew;
            memory.fill(0xee);
            let place = &mut memory[to..to + length];
            let from = bar.place(start + at, length);
            // SAFETY: so many bytes are there at both ends; the registers are nobody's memory.
            unsafe { move_string(place.as_mut_ptr(), from, count, width, direction) };
            let what = format!("{count} of {size} from {start:#x} + {at:#x}, {direction:?}");
            compared += same(&what, place, &wanted[at..at + length])?;
            let is_kept = memory[..to]
                .iter()
                .chain(&memory[to + length..])
                .all(|byte| *byte == 0xee);
            if !is_kept {
                return Err(format!("{what}: bytes beside them have changed").into());
            }
        }
    }
    Ok(compared)
}

/// A queue's addresses are written from memory by words and halves, and read again.
fn write_all_ways(bar: &Window) -> Result<u64, Box<dyn Error>> {
    const SELECT: usize = 0x16;
    bar.write(SELECT, Width::B2, 0);
    let before: Vec<u8> = (FIELDS..COMMON).map(|at| byte(bar, at)).collect();
    let mut compared = 0;
    for (seed, width, direction) in [
        (0x11, Width::B4, Direction::Up),
        (0x27, Width::B8, Direction::Up),
        (0x43, Width::B4, Direction::Down),
        (0x65, Width::B8, Direction::Down),
    ] {
        // In no guest's memory, were they ever used.
        let mut values: Vec<u8> = (seed..).take(COMMON - FIELDS).collect();
        values
            .iter_mut()
            .skip(7)
            .step_by(8)
            .for_each(|byte| *byte |= 0x80);
        let count = values.len() / width.bytes();
        let to = bar.place(FIELDS, values.len());
        // SAFETY: so many bytes are there at both ends; the registers are nobody's memory.
        unsafe { move_string(to, values.as_ptr(), count, width, direction) };
        let seen: Vec<u8> = (FIELDS..COMMON).map(|at| byte(bar, at)).collect();
        let what = format!("{count} of {} written, {direction:?}", width.bytes());
        compared += same(&what, &seen, &values)?;
    }
    for (at, old) in (FIELDS..COMMON).step_by(8).zip(before.chunks_exact(8)) {
        bar.write(at, Width::B8, u64::from_le_bytes(old.try_into()?));
    }
    Ok(compared)
}

/// The same register again and again, by one instruction.
fn repeat_at_the_port(config: &Function, slot: u64) -> Result<u64, Box<dyn Error>> {
    let wanted = config.read(0, Width::B4);
    let port = ports::choose(ports::address(slot)?, 0);
    let mut values = [0_u32; 100];
    // SAFETY: the ports are allowed, for `config`; as many words are written as there are.
    unsafe {
        asm!(
            "cld",
            "rep insd",
            in("dx") port,
            inout("rdi") values.as_mut_ptr() => _,
            inout("rcx") values.len() => _,
            options(nostack),
        );
    }
    match values.iter().find(|value| u64::from(**value) != wanted) {
        Some(value) => Err(format!("the port has {value:#x}, and {wanted:#x}").into()),
        None => Ok(values.len().try_into()?),
    }
}

/// One load, aligned or not.
fn load(bar: &Window, offset: usize, width: Width) -> u64 {
    let from = bar.place(offset, width.bytes());
    let value: u64;
    macro_rules! loads {
        ($instruction:literal) => {
            // SAFETY: `place` has checked that the bytes are there; x86 wants no alignment.
            unsafe { asm!($instruction, a = in(reg) from, v = out(reg) value, options(nostack)) }
        };
    }
    match width {
        Width::B1 => loads!("movzx {v:e}, byte ptr [{a}]"),
        Width::B2 => loads!("movzx {v:e}, word ptr [{a}]"),
        Width::B4 => loads!("mov {v:e}, [{a}]"),
        Width::B8 => loads!("mov {v}, [{a}]"),
    }
    value
}

/// Moves `count` times `width` bytes by one instruction.
///
/// # Safety
///
/// So many bytes can be read at `from` and written at `to`, and nobody has a reference to the latter.
unsafe fn move_string(
    to: *mut u8,
    from: *const u8,
    count: usize,
    width: Width,
    direction: Direction,
) {
    let last = match direction {
        Direction::Up => 0,
        Direction::Down => (count - 1) * width.bytes(),
    };
    let (to, from) = (to.wrapping_add(last), from.wrapping_add(last));
    macro_rules! moves {
        ($flag:literal, $instruction:literal) => {
            // SAFETY: the caller vouches for the bytes; the direction is upwards again at the end.
            unsafe {
                asm!(
                    $flag,
                    $instruction,
                    "cld",
                    inout("rdi") to => _,
                    inout("rsi") from => _,
                    inout("rcx") count => _,
                )
            }
        };
    }
    match (direction, width) {
        (Direction::Up, Width::B1) => moves!("cld", "rep movsb"),
        (Direction::Up, Width::B2) => moves!("cld", "rep movsw"),
        (Direction::Up, Width::B4) => moves!("cld", "rep movsd"),
        (Direction::Up, Width::B8) => moves!("cld", "rep movsq"),
        (Direction::Down, Width::B1) => moves!("std", "rep movsb"),
        (Direction::Down, Width::B2) => moves!("std", "rep movsw"),
        (Direction::Down, Width::B4) => moves!("std", "rep movsd"),
        (Direction::Down, Width::B8) => moves!("std", "rep movsq"),
    }
}
