// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `forge`: a driver of a disk that names memory which is not there, not its own, or not to be
//! written, in every place of a request where an address can stand.
//!
//! Each such request must fail, alone: the next good one must be served. A request whose status
//! cannot be written must not come back at all, as its driver would read whatever was there.

use std::error::Error;
use std::time::Duration;

use xen_hypercall::DomId;
use xen_ioctls::GrantAllocator;

use crate::driver::{ACCESS_PLATFORM, Driver, FREE, INDIRECT, Part, VERSION_1, WRITE, table};
use crate::memory::Memory;
use crate::poke::number;

const DOM0: DomId = DomId(0);
/// A domain that nobody has.
const NOBODY: DomId = DomId(0x7000);

/// Where parts of a request are in the page: 16 bytes, one byte, a table, and a sector.
const HEADER: u64 = FREE as u64;
const STATUS: u64 = HEADER + 0x10;
const TABLE: u64 = HEADER + 0x20;
const DATA: u64 = HEADER + 0x200;
const SECTOR: u32 = 512;

const IN: u32 = 0;
const OUT: u32 = 1;

/// What is in the status byte while nobody has written it.
const UNTOUCHED: u8 = 0xaa;
const OK: u8 = 0;

const PATIENCE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(100);

/// Runs `forge BASE grants|plain ROUNDS` against the disk at BASE, whose first sector it writes.
///
/// # Errors
///
/// When something else than the forged request fails, or that does not.
pub fn main(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let [base, how, rounds] = *words else {
        return Err(crate::USAGE.into());
    };
    let (base, rounds) = (number(base)?, number(rounds)?);
    let (mut disk, forgeries) = match how {
        "grants" => granted(base)?,
        "plain" => plain(base)?,
        _ => return Err(crate::USAGE.into()),
    };
    disk.restart()?;
    disk.use_well(OUT)?;
    let mut tried = 0;
    for round in 0..rounds {
        for forgery in &forgeries {
            for place in Place::ALL {
                if place.fits(forgery) {
                    disk.try_request(forgery, place)
                        .map_err(|e| format!("{round}: {}, {place:?}: {e}", forgery.name))?;
                    tried += 1;
                }
            }
            // What is only read may be for reading.
            let first = if forgery.readable { 2 } else { 0 };
            for part in first..3 {
                disk.try_ring(forgery, part)
                    .map_err(|e| format!("{round}: {}, ring {part}: {e}", forgery.name))?;
                tried += 1;
            }
        }
    }
    disk.driver.stop();
    println!("forge: {tried} forgeries failed alone");
    Ok(())
}

/// An address that is not to be used.
struct Forgery {
    name: &'static str,
    address: u64,
    /// The device may read there.
    readable: bool,
    /// No range can be there: a chain with it is no request, and comes back untold.
    senseless: bool,
    /// Keeps it as it is.
    _page: Option<Memory>,
}

impl Forgery {
    fn at(name: &'static str, address: u64) -> Self {
        Self {
            name,
            address,
            readable: false,
            senseless: false,
            _page: None,
        }
    }

    fn around_the_end() -> Self {
        Self {
            senseless: true,
            ..Self::at("around the end", u64::MAX)
        }
    }

    fn of(name: &'static str, page: Memory, readable: bool) -> Self {
        Self {
            name,
            address: page.address(),
            readable,
            senseless: false,
            _page: Some(page),
        }
    }
}

/// Where in a request it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    /// Data that the device writes.
    Read,
    /// Data that the device reads.
    Write,
    /// The second half of what the device writes.
    HalfOfRead,
    Status,
    Table,
    /// As data in a table.
    InTable,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::Header,
        Self::Read,
        Self::Write,
        Self::HalfOfRead,
        Self::Status,
        Self::Table,
        Self::InTable,
    ];

    /// What may be read is no forgery where it is only read.
    fn fits(self, forgery: &Forgery) -> bool {
        !forgery.readable || !matches!(self, Self::Header | Self::Write | Self::Table)
    }
}

/// A disk whose guest uses grants, and what is wrong there.
fn granted(base: u64) -> Result<(Disk, Vec<Forgery>), Box<dyn Error>> {
    let allocator = GrantAllocator::open()?;
    let give = |domain, writable| Memory::granted(&allocator, domain, writable);
    let disk = Disk::new(base, give(DOM0, true)?, VERSION_1 | ACCESS_PLATFORM)?;
    let forgeries = vec![
        Forgery::at("never granted", 0x8000_0fff_ffff_0000),
        Forgery::at("no number of a grant", 0xffff_ffff_0000_0000),
        Forgery::at("an address", 0x4000_0000),
        Forgery::around_the_end(),
        Forgery::of("granted to somebody else", give(NOBODY, true)?, false),
        Forgery::of("granted for reading", give(DOM0, false)?, true),
        // The last one, or another would have its number again.
        Forgery::at("not granted any more", give(DOM0, true)?.address()),
    ];
    Ok((disk, forgeries))
}

/// A disk whose guest uses addresses, and what is wrong there.
fn plain(base: u64) -> Result<(Disk, Vec<Forgery>), Box<dyn Error>> {
    let forgeries = vec![
        Forgery::at("below memory", 0x1000),
        Forgery::at("behind memory", 0x3f_0000_0000),
        Forgery::at("behind all memory", 0x00ff_ffff_ffff_f000),
        Forgery::at("the device itself", base),
        Forgery::at("a grant", 0x8000_0000_0000_8000),
        Forgery::around_the_end(),
    ];
    Ok((Disk::new(base, Memory::plain()?, VERSION_1)?, forgeries))
}

/// A disk and its driver.
struct Disk {
    driver: Driver,
    features: u64,
}

impl Disk {
    fn new(base: u64, page: Memory, features: u64) -> Result<Self, Box<dyn Error>> {
        let driver = Driver::new(base, page, 1)?;
        Ok(Self { driver, features })
    }

    fn restart(&mut self) -> Result<(), Box<dyn Error>> {
        self.driver.start(self.features)
    }

    /// A part of a request where it belongs.
    fn part(&self, offset: u64, len: u32, flags: u16) -> Part {
        Part {
            address: self.driver.page.address() + offset,
            len,
            flags,
        }
    }

    /// Sends a request for the first sector.
    fn send(&mut self, kind: u32, parts: &[Part]) -> Result<(), Box<dyn Error>> {
        let page = &self.driver.page;
        let mut header = [0; 16];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        page.write(HEADER, &header)?;
        page.write(STATUS, &[UNTOUCHED])?;
        self.driver.send(0, parts)
    }

    fn status(&self) -> Result<u8, Box<dyn Error>> {
        let [status] = self.driver.page.read(STATUS)?;
        Ok(status)
    }

    /// The parts of a good request.
    fn good(&self, kind: u32) -> Vec<Part> {
        let flags = if kind == IN { WRITE } else { 0 };
        vec![
            self.part(HEADER, 16, 0),
            self.part(DATA, SECTOR, flags),
            self.part(STATUS, 1, WRITE),
        ]
    }

    /// Writes or reads the first sector, which has the same bytes each time.
    fn use_well(&mut self, kind: u32) -> Result<(), Box<dyn Error>> {
        let written = [0x5a; 512];
        let before = if kind == OUT { written } else { [0; 512] };
        self.driver.page.write(DATA, &before)?;
        self.send(kind, &self.good(kind))?;
        if !self.driver.is_answered(0, PATIENCE)? {
            return Err("a good request is not answered".into());
        }
        match self.status()? {
            OK if self.driver.page.read(DATA)? == written => Ok(()),
            OK => Err("a good request has other data".into()),
            status => Err(format!("a good request has status {status}").into()),
        }
    }

    /// Sends a request with a forgery in it, and a good one.
    fn try_request(&mut self, forgery: &Forgery, place: Place) -> Result<(), Box<dyn Error>> {
        let kind = if place == Place::Write { OUT } else { IN };
        let mut parts = self.good(kind);
        let forged = |part: Part| Part {
            address: forgery.address,
            ..part
        };
        match place {
            Place::Header => parts[0] = forged(parts[0]),
            Place::Read | Place::Write => parts[1] = forged(parts[1]),
            Place::HalfOfRead => parts.insert(2, forged(parts[1])),
            // One byte at the very end is no range around it.
            Place::Status if forgery.senseless => {
                parts[2] = Part {
                    len: 2,
                    ..forged(parts[2])
                }
            }
            Place::Status => parts[2] = forged(parts[2]),
            Place::InTable | Place::Table => {
                if place == Place::InTable {
                    parts[1] = forged(parts[1]);
                }
                let bytes = table(&parts);
                self.driver.page.write(TABLE, &bytes)?;
                let indirect = self.part(TABLE, u32::try_from(bytes.len())?, INDIRECT);
                parts = vec![if place == Place::Table {
                    forged(indirect)
                } else {
                    indirect
                }];
            }
        }
        self.send(kind, &parts)?;
        // Where no status can be written, silence is right; so it is for a table that cannot be read.
        if matches!(place, Place::Status | Place::Table) {
            let told = place == Place::Table || forgery.senseless;
            if self.driver.is_answered(0, SILENCE)? && !told {
                return Err("it comes back though nothing can be told".into());
            }
            if self.status()? == OK {
                return Err("it has succeeded".into());
            }
            self.restart()?;
        } else {
            if !self.driver.is_answered(0, PATIENCE)? {
                return Err("it is not answered".into());
            }
            match self.status()? {
                UNTOUCHED if forgery.senseless => {}
                status @ (OK | UNTOUCHED) => return Err(format!("its status is {status}").into()),
                _ => {}
            }
        }
        self.use_well(IN)
    }

    /// Puts a part of the ring there: the device must not start, and come back when it is reset.
    fn try_ring(&mut self, forgery: &Forgery, part: usize) -> Result<(), Box<dyn Error>> {
        self.driver.start_at(self.features, |mut ring| {
            ring[part] = forgery.address & !0xf;
            ring
        })?;
        if !self.driver.is_broken(PATIENCE) {
            return Err("the device takes it".into());
        }
        self.restart()?;
        self.use_well(IN)
    }
}
