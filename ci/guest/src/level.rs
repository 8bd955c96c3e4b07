// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `level`: a small driver of a virtio GPIO device, for interrupts by level.
//!
//! Linux gives user space edges only, so the kernel's driver is taken off the device before. The
//! rings are in a page of this process, which is found in /dev/mem by what is in it, and reached
//! through that: the guest must not use grants.

use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::window::{Width, Window};

const PAGE: usize = 4096;
/// Descriptors of a queue.
const SIZE: u16 = 4;
/// Where the parts of a queue are in its half of the page.
const AVAIL: u64 = 0x100;
const USED: u64 = 0x180;
const QUESTION: u64 = 0x200;
const ANSWER: u64 = 0x280;
const HALF: u64 = 0x800;

const PATIENCE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(200);

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
    let page = Page::new()?;
    let mut driver = Driver {
        window: Window::open(base)?,
        page,
        sent: [0; 2],
        is_wired,
    };
    driver.start()?;
    driver.levels()?;
    driver.register(0x70, 0);
    Ok(())
}

/// A page of memory by its physical address.
struct Page {
    memory: File,
    base: u64,
    /// Keeps the page.
    _own: Vec<u64>,
}

impl Page {
    fn new() -> Result<Self, Box<dyn Error>> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
        let magic = 0x6770_696f_0000_0000 | u64::from(nanos);
        let words = PAGE / 8;
        let own = vec![std::hint::black_box(magic); 2 * words];
        let memory = OpenOptions::new().read(true).write(true).open("/dev/mem")?;
        let page: Vec<u8> = magic.to_ne_bytes().repeat(words);
        for (first, last) in ram()? {
            for base in (first..last).step_by(PAGE) {
                let mut found = vec![0; 8];
                if memory.read_at(&mut found, base)? < 8 || found != page[..8] {
                    continue;
                }
                found.resize(PAGE, 0);
                memory.read_exact_at(&mut found, base)?;
                if found == page {
                    memory.write_all_at(&vec![0; PAGE], base)?;
                    return Ok(Self {
                        memory,
                        base,
                        _own: own,
                    });
                }
            }
        }
        Err("the page is not found".into())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.memory.write_all_at(bytes, self.base + offset)
    }

    fn read<const N: usize>(&self, offset: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.memory.read_exact_at(&mut bytes, self.base + offset)?;
        Ok(bytes)
    }
}

/// Where memory is.
fn ram() -> Result<Vec<(u64, u64)>, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/iomem")?;
    let mut found = Vec::new();
    for line in text.lines().filter(|line| line.ends_with("System RAM")) {
        let (first, rest) = line.trim().split_once('-').ok_or("no range")?;
        let (last, _) = rest.split_once(' ').ok_or("no range")?;
        found.push((
            u64::from_str_radix(first, 16)?,
            u64::from_str_radix(last, 16)?,
        ));
    }
    Ok(found)
}

struct Driver {
    window: Window,
    page: Page,
    /// Requests of each queue so far.
    sent: [u16; 2],
    is_wired: bool,
}

impl Driver {
    fn register(&self, offset: usize, value: u64) {
        self.window.write(offset, Width::B4, value);
    }

    /// Brings the device up: virtio 1.2, "Device Initialization".
    fn start(&mut self) -> Result<(), Box<dyn Error>> {
        // No status, then each step; VERSION_1 and interrupts.
        for (offset, value) in [(0x70, 0), (0x70, 1), (0x70, 3)] {
            self.register(offset, value);
        }
        for (select, features) in [(0, 1), (1, 1)] {
            self.register(0x24, select);
            self.register(0x20, features);
        }
        self.register(0x70, 0xb);
        if self.window.read(0x70, Width::B4) & 8 == 0 {
            return Err("the features are not accepted".into());
        }
        for queue in 0..2 {
            let base = self.page.base + queue * HALF;
            self.register(0x30, queue);
            self.register(0x38, SIZE.into());
            let parts = [(0x80, base), (0x90, base + AVAIL), (0xa0, base + USED)];
            for (offset, address) in parts {
                self.register(offset, address & 0xffff_ffff);
                self.register(offset + 4, address >> 32);
            }
            self.register(0x44, 1);
        }
        self.register(0x70, 0xf);
        Ok(())
    }

    /// Sends a request; there is never more than one in a queue.
    fn send(&mut self, queue: usize, question: &[u8], room: u32) -> Result<(), Box<dyn Error>> {
        let half = HALF * u64::try_from(queue)?;
        self.page.write(half + QUESTION, question)?;
        let base = self.page.base + half;
        let parts = [
            (
                base + QUESTION,
                u32::try_from(question.len())?,
                1_u16,
                1_u16,
            ),
            (base + ANSWER, room, 2, 0),
        ];
        let mut table = Vec::new();
        for (address, len, flags, next) in parts {
            table.extend(address.to_le_bytes());
            table.extend(len.to_le_bytes());
            table.extend(flags.to_le_bytes());
            table.extend(next.to_le_bytes());
        }
        self.page.write(half, &table)?;
        self.sent[queue] += 1;
        self.page
            .write(half + AVAIL + 2, &self.sent[queue].to_le_bytes())?;
        self.register(0x50, u64::try_from(queue)?);
        Ok(())
    }

    /// The first two bytes of the answer, if there is one in time.
    fn answer(&self, queue: usize, limit: Duration) -> Result<Option<[u8; 2]>, Box<dyn Error>> {
        let half = HALF * u64::try_from(queue)?;
        let end = Instant::now() + limit;
        while u16::from_le_bytes(self.page.read(half + USED + 2)?) != self.sent[queue] {
            if Instant::now() > end {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(Some(self.page.read(half + ANSWER)?))
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
