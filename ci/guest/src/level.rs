// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `level`: a virtio GPIO device's interrupts by level.
//!
//! Linux gives user space edges only, so the kernel's driver is taken off the device before. The
//! guest must not use grants.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use crate::driver::{Driver, FREE, Part, RING_RESET, VERSION_1, WRITE};
use crate::memory::Memory;

/// Where a request's parts are in its queue's part of the page.
const QUESTION: u64 = FREE as u64;
const ANSWER: u64 = QUESTION + 0x80;

const PATIENCE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(200);

/// Interrupts are offered.
const VIRTIO_GPIO_F_IRQ: u64 = 1;

// Message types, directions and interrupt types: virtio 1.2, "GPIO Device".
const SET_DIRECTION: u16 = 3;
const GET_VALUE: u16 = 4;
const SET_VALUE: u16 = 5;
const SET_IRQ_TYPE: u16 = 6;
const OUT: u32 = 1;
const IN: u32 = 2;
const HIGH: u32 = 4;
const LOW: u32 = 8;
const VALID: Option<u8> = Some(1);
const INVALID: Option<u8> = Some(0);

/// Runs `level BASE wired`, where line 0 is wired to line 1, or `level BASE told`, where somebody
/// changes line 1 who reads what is printed.
///
/// # Errors
///
/// When something is not as it should be.
pub fn main(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let (base, is_wired) = match *words {
        [base, "wired"] => (base, true),
        [base, "told"] => (base, false),
        _ => return Err(crate::USAGE.into()),
    };
    let base = u64::from_str_radix(base.trim_start_matches("0x"), 16)?;
    let mut lines = Lines {
        driver: Driver::new(base, Memory::plain()?, 2)?,
        is_wired,
    };
    lines
        .driver
        .start(VERSION_1 | RING_RESET | VIRTIO_GPIO_F_IRQ)?;
    lines.levels()?;
    lines.resets()?;
    lines.driver.stop();
    Ok(())
}

struct Lines {
    driver: Driver,
    is_wired: bool,
}

impl Lines {
    /// Sends a request; there is never more than one in a queue.
    fn send(&mut self, queue: usize, question: &[u8], room: u32) -> Result<(), Box<dyn Error>> {
        let driver = &mut self.driver;
        let offset = driver.offset(queue);
        driver.page.write(offset + QUESTION, question)?;
        let base = driver.page.address() + offset;
        let part = |address, len, flags| Part {
            address,
            len,
            flags,
        };
        driver.send(
            queue,
            &[
                part(base + QUESTION, u32::try_from(question.len())?, 0),
                part(base + ANSWER, room, WRITE),
            ],
        )
    }

    /// The first two bytes of the answer, if there is one in time.
    fn answer(&self, queue: usize, limit: Duration) -> Result<Option<[u8; 2]>, Box<dyn Error>> {
        let driver = &self.driver;
        Ok(match driver.is_answered(queue, limit)? {
            true => Some(driver.page.read(driver.offset(queue) + ANSWER)?),
            false => None,
        })
    }

    /// Asks, and returns the value.
    fn ask(&mut self, kind: u16, line: u16, value: u32) -> Result<u8, Box<dyn Error>> {
        let mut question = kind.to_le_bytes().to_vec();
        question.extend(line.to_le_bytes());
        question.extend(value.to_le_bytes());
        self.send(0, &question, 2)?;
        match self.answer(0, PATIENCE)? {
            Some([0, value]) => Ok(value),
            other => Err(format!("request {kind} of line {line}: {other:?}").into()),
        }
    }

    /// Makes line 1 high or low.
    fn set(&mut self, value: u8) -> Result<(), Box<dyn Error>> {
        if self.is_wired {
            self.ask(SET_VALUE, 0, value.into())?;
            return Ok(());
        }
        println!("level: line 1 should be {value}");
        let end = Instant::now() + PATIENCE;
        while self.ask(GET_VALUE, 1, 0)? != value {
            if Instant::now() > end {
                return Err("nobody does it".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Wants the next interrupt of line 1.
    fn unmask(&mut self) -> Result<(), Box<dyn Error>> {
        self.send(1, &[1, 0], 1)
    }

    /// Checks what becomes of the buffer that waits.
    fn expect(&self, what: &str, wanted: Option<u8>) -> Result<(), Box<dyn Error>> {
        let limit = if wanted.is_some() { PATIENCE } else { SILENCE };
        let status = self.answer(1, limit)?.map(|[status, _]| status);
        if status != wanted {
            return Err(format!("{what}: {status:?} is not {wanted:?}").into());
        }
        println!("level: {what} is well");
        Ok(())
    }

    /// The buffer that waits does not survive a reset of its queue; the other queue does, and so does the
    /// interrupt.
    fn resets(&mut self) -> Result<(), Box<dyn Error>> {
        self.set(0)?;
        self.ask(SET_IRQ_TYPE, 1, HIGH)?;
        self.unmask()?;
        self.driver.begin_again(1)?;
        self.set(1)?;
        thread::sleep(SILENCE);
        if self.driver.answered(1)? != 0 {
            return Err("a buffer of before the reset has come back".into());
        }
        println!("level: reset: silence behind it is well");
        self.unmask()?;
        self.expect("reset: the interrupt", VALID)?;
        self.driver.begin_again(0)?;
        self.ask(SET_IRQ_TYPE, 1, 0)?;
        Ok(())
    }

    fn levels(&mut self) -> Result<(), Box<dyn Error>> {
        if self.is_wired {
            self.ask(SET_DIRECTION, 0, OUT)?;
        }
        self.ask(SET_DIRECTION, 1, IN)?;
        for (name, kind, active) in [("high", HIGH, 1), ("low", LOW, 0)] {
            let idle = 1 - active;
            self.set(idle)?;
            self.ask(SET_IRQ_TYPE, 1, kind)?;
            self.unmask()?;
            self.expect(&format!("{name}: silence before"), None)?;
            self.set(active)?;
            self.expect(&format!("{name}: its beginning"), VALID)?;
            self.unmask()?;
            self.expect(&format!("{name}: its going on"), VALID)?;
            self.set(idle)?;
            self.unmask()?;
            self.expect(&format!("{name}: silence after"), None)?;
            self.ask(SET_IRQ_TYPE, 1, 0)?;
            self.expect(&format!("{name}: its end"), INVALID)?;
        }
        Ok(())
    }
}
