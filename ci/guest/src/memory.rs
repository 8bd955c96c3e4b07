// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory that a driver in user space has in common with a device.

// UNSAFE: granted pages are shared with the host, so they are read and written byte by byte.
#![expect(unsafe_code)]

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{SystemTime, UNIX_EPOCH};

use xen_hypercall::DomId;
use xen_ioctls::{GrantAllocator, GrantedPages};

/// The size of a page.
pub const PAGE: usize = 4096;

/// The bit of an address that makes it a grant, and where its number begins.
const GRANT: u64 = 1 << 63;
const GRANT_SHIFT: u32 = 12;

/// One page, and what a device knows it by.
#[derive(Debug)]
pub enum Memory {
    /// A page by its physical address.
    Plain {
        /// Through which it is reached.
        memory: File,
        /// The physical address.
        base: u64,
        /// Keeps the page.
        _own: Vec<u64>,
    },
    /// A page by a grant.
    Granted(GrantedPages),
}

impl Memory {
    /// A page of this process, which is found in /dev/mem by what is in it.
    ///
    /// # Errors
    ///
    /// When it is not found.
    pub fn plain() -> Result<Self, Box<dyn Error>> {
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
                    return Ok(Self::Plain {
                        memory,
                        base,
                        _own: own,
                    });
                }
            }
        }
        Err("the page is not found".into())
    }

    /// A page that `domain` may use, or only read.
    ///
    /// # Errors
    ///
    /// When the kernel gives none.
    pub fn granted(
        allocator: &GrantAllocator,
        domain: DomId,
        writable: bool,
    ) -> Result<Self, Box<dyn Error>> {
        Ok(Self::Granted(allocator.allocate(domain, 1, writable)?))
    }

    /// What a device knows the first byte by.
    pub fn address(&self) -> u64 {
        match self {
            Self::Plain { base, .. } => *base,
            Self::Granted(pages) => GRANT | u64::from(pages.refs()[0].0) << GRANT_SHIFT,
        }
    }

    /// Writes `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// When they are not in the page.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain { memory, base, .. } => memory.write_all_at(bytes, base + offset),
            Self::Granted(pages) => {
                let start = at(pages, offset, bytes.len())?;
                for (n, byte) in bytes.iter().enumerate() {
                    // SAFETY: `at` has checked that the bytes are in the mapping, and nobody has a
                    // reference into it.
                    unsafe { start.wrapping_add(n).write_volatile(*byte) };
                }
                Ok(())
            }
        }
    }

    /// Reads what is at `offset`.
    ///
    /// # Errors
    ///
    /// When that is not in the page.
    pub fn read<const N: usize>(&self, offset: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        match self {
            Self::Plain { memory, base, .. } => memory.read_exact_at(&mut bytes, base + offset)?,
            Self::Granted(pages) => {
                let start = at(pages, offset, N)?;
                for (n, byte) in bytes.iter_mut().enumerate() {
                    // SAFETY: as in `write`.
                    *byte = unsafe { start.wrapping_add(n).read_volatile() };
                }
            }
        }
        Ok(bytes)
    }
}

/// Where `len` bytes at `offset` are mapped.
fn at(pages: &GrantedPages, offset: u64, len: usize) -> io::Result<*mut u8> {
    let mapping = pages.mapping();
    usize::try_from(offset)
        .ok()
        .filter(|start| {
            start
                .checked_add(len)
                .is_some_and(|end| end <= mapping.len())
        })
        .map(|start| mapping.as_ptr().wrapping_add(start))
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
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
