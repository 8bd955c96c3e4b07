// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `bench`: what requests of one kind cost, by the clock of whoever makes them.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use crate::aio::{PAGE, Pages, Queue};
use crate::i2c::ByteReader;

/// The chip of an I2C adapter that is read.
const CHIP: u16 = 0x50;

const MIB: usize = 1 << 20;

/// What the driver's interrupts are called in /proc/interrupts, virtio's and blkfront's.
const DRIVERS: &[&str] = &["virtio", "blkif"];

/// `bench CASE PLACE COUNT`: makes `COUNT` requests. Prints lines `bench WHAT NUMBER UNIT`: the
/// duration of a request, its mean (which is the whole time by the number of requests) and its
/// median, and how many interrupts there were for it.
pub fn main(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let [case, place, count] = *words else {
        return Err(crate::USAGE.into());
    };
    let count: usize = count.parse()?;
    let before = interrupts()?;
    let times = match case {
        "depth-1" => depth_1(disk(place, false)?, count)?,
        "depth-32" => depth_32(disk(place, false)?, count)?,
        "read-mib" => sequential(disk(place, false)?, false, count)?,
        "write-mib" => sequential(disk(place, true)?, true, count)?,
        "entropy" => entropy(&File::open(place)?, count)?,
        "i2c" => i2c(place, count)?,
        "register" => register(&File::open(place)?, count)?,
        _ => return Err(crate::USAGE.into()),
    };
    let interrupts = interrupts()? - before;
    let each =
        |total: Duration| total.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap_or(1));
    println!("bench {case}-mean {:.3} us", each(times.total));
    println!(
        "bench {case}-median {:.3} us",
        times.median().as_secs_f64() * 1e6
    );
    println!(
        "bench {case}-interrupts {:.3} interrupts",
        f64::from(interrupts) / f64::from(u32::try_from(count)?)
    );
    Ok(())
}

/// How long requests took.
struct Times {
    total: Duration,
    each: Vec<Duration>,
}

impl Times {
    /// Of requests made one after the other.
    fn of(count: usize, mut request: impl FnMut() -> io::Result<()>) -> io::Result<Self> {
        let mut each = Vec::with_capacity(count);
        let start = Instant::now();
        let mut then = start;
        for _ in 0..count {
            request()?;
            let now = Instant::now();
            each.push(now - then);
            then = now;
        }
        Ok(Self {
            total: then - start,
            each,
        })
    }

    fn median(mut self) -> Duration {
        self.each.sort_unstable();
        self.each
            .get(self.each.len() / 2)
            .copied()
            .unwrap_or_default()
    }
}

/// xorshift64: pages in no order, the same ones each time.
struct Pick {
    state: u64,
    pages: u64,
}

impl Pick {
    fn new(disk: &mut File) -> io::Result<Self> {
        let pages = disk.seek(SeekFrom::End(0))? / 4096;
        match pages {
            0 => Err(io::Error::other("there is no page to read")),
            pages => Ok(Self {
                state: 88_172_645_463_325_252,
                pages,
            }),
        }
    }

    fn offset(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % self.pages * 4096
    }
}

/// Without the page cache.
fn disk(path: &str, write: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(write);
    options.custom_flags(libc::O_DIRECT).open(path)
}

fn depth_1(mut disk: File, count: usize) -> io::Result<Times> {
    let mut pick = Pick::new(&mut disk)?;
    let mut page = Pages::new(PAGE);
    Times::of(count, || disk.read_exact_at(page.bytes(), pick.offset()))
}

/// 32 under way at any time: what has ended is replaced at once, all of it in one call.
fn depth_32(mut disk: File, count: usize) -> io::Result<Times> {
    const DEPTH: usize = 32;
    let mut pick = Pick::new(&mut disk)?;
    let mut queue = Queue::new(disk, DEPTH)?;
    let mut each = Vec::with_capacity(count);
    let (mut left, mut under_way) = (count, 0);
    let start = Instant::now();
    let (mut begun, mut now) = ([start; DEPTH], start);
    let mut free: Vec<usize> = (0..DEPTH).collect();
    loop {
        free.truncate(left);
        if !free.is_empty() {
            for slot in &free {
                queue.stage(*slot, pick.offset())?;
                begun[*slot] = now;
            }
            queue.submit()?;
            left -= free.len();
            under_way += free.len();
        }
        if under_way == 0 {
            break;
        }
        free = queue.wait()?;
        now = Instant::now();
        under_way -= free.len();
        each.extend(free.iter().map(|slot| now - begun[*slot]));
    }
    Ok(Times {
        total: now - start,
        each,
    })
}

fn sequential(mut disk: File, write: bool, count: usize) -> io::Result<Times> {
    let size = disk.seek(SeekFrom::End(0))?;
    let mut piece = Pages::new(MIB);
    // Memory that nobody has touched would be one page of zeroes for all of it, and one piece for each page.
    piece.bytes().fill(0x5a);
    let mut at = 0;
    Times::of(count, || {
        let bytes = piece.bytes();
        match write {
            true => disk.write_all_at(bytes, at)?,
            false => disk.read_exact_at(bytes, at)?,
        }
        at += 1 << 20;
        if at + (1 << 20) > size {
            at = 0;
        }
        Ok(())
    })
}

/// As much as virtio's driver asks the device for at a time.
fn entropy(mut source: &File, count: usize) -> io::Result<Times> {
    let mut bytes = [0; 64];
    Times::of(count, || source.read_exact(&mut bytes))
}

fn i2c(node: &str, count: usize) -> io::Result<Times> {
    let chip = ByteReader::new(node, CHIP)?;
    Times::of(count, || chip.read(0x10).map(drop))
}

/// What sysfs has to read from a register to answer, and has not kept.
fn register(attribute: &File, count: usize) -> io::Result<Times> {
    let mut text = [0; 64];
    Times::of(count, || attribute.read_at(&mut text, 0).map(drop))
}

/// How many interrupts the drivers have had.
fn interrupts() -> io::Result<u32> {
    let text = fs::read_to_string("/proc/interrupts")?;
    let is_wanted = |line: &&str| {
        let name = line.split_whitespace().next_back().unwrap_or_default();
        DRIVERS.iter().any(|driver| name.starts_with(driver))
    };
    let cpus = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .count();
    let of = |line: &str| -> u32 {
        let numbers = line.split_whitespace().skip(1).take(cpus);
        numbers
            .filter_map(|number| number.parse::<u32>().ok())
            .sum()
    };
    Ok(text.lines().filter(is_wanted).map(of).sum())
}
