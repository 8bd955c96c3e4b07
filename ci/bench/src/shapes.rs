// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is measured: requests as Linux' virtio-blk makes them for a read, and who is asked.

use std::env;
use std::error::Error;
use std::time::Instant;

use xen_hypercall::DomId;
use xen_ioctls::{GrantAllocator, GrantedPages};

/// Any failure ends the benchmark.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// `XEN_GRANT_DMA_ADDR_OFF`.
pub const GRANT_BIT: u64 = 1 << 63;
/// Pages that dom0 grants itself: what gntalloc gives, unless told otherwise.
const GRANTS: u32 = 1000;

/// A piece of guest memory.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub addr: u64,
    pub len: usize,
    pub write: bool,
}

/// Header, data, status, and the table that they are in.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    pub table: Option<Piece>,
    pub parts: [Piece; 3],
}

/// What kind of requests, and how many at once.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub len: usize,
    pub depth: usize,
    pub indirect: bool,
}

/// Every shape of the comparison.
pub fn shapes() -> impl Iterator<Item = Shape> {
    [(4096, 1), (4096, 32), (65536, 1), (65536, 32)]
        .into_iter()
        .flat_map(|(len, depth)| {
            [false, true].map(|indirect| Shape {
                len,
                depth,
                indirect,
            })
        })
}

/// Addresses of memory, in pages, to be given out.
#[derive(Debug)]
pub struct Pages {
    /// First address and number of pages of each piece that is left.
    runs: Vec<(u64, usize)>,
}

impl Pages {
    /// Memory that lies side by side.
    pub fn linear(addr: u64, pages: usize) -> Self {
        Self {
            runs: vec![(addr, pages)],
        }
    }

    /// Grants, in runs that lie side by side.
    pub fn of_grants(refs: &[u32]) -> Self {
        let mut refs = refs.to_vec();
        refs.sort_unstable();
        let runs = refs.chunk_by(|a, b| a + 1 == *b);
        Self {
            runs: runs
                .map(|run| (GRANT_BIT | (u64::from(run[0]) << 12), run.len()))
                .collect(),
        }
    }

    /// Takes pages that lie side by side.
    pub fn take(&mut self, pages: usize) -> Result<u64> {
        let run = self.runs.iter_mut().find(|run| run.1 >= pages);
        let (addr, left) = run.ok_or("too few grants side by side")?;
        let taken = *addr;
        *addr += (pages << 12) as u64;
        *left -= pages;
        Ok(taken)
    }

    /// Takes `count` pieces of one length.
    #[allow(dead_code, reason = "for one of the two programs")]
    pub fn pieces(&mut self, count: usize, len: usize, write: bool) -> Result<Vec<Piece>> {
        (0..count)
            .map(|_| {
                let addr = self.take(len.div_ceil(4096))?;
                Ok(Piece { addr, len, write })
            })
            .collect()
    }

    /// Takes what the chains of a shape need.
    pub fn chains(&mut self, shape: Shape) -> Result<Vec<Chain>> {
        let read = |addr, len| Piece {
            addr,
            len,
            write: false,
        };
        let write = |addr, len| Piece {
            addr,
            len,
            write: true,
        };
        (0..shape.depth)
            .map(|_| {
                let data = write(self.take(shape.len.div_ceil(4096))?, shape.len);
                let header = read(self.take(1)? + 16, 16);
                let status = write(self.take(1)? + 32, 1);
                let table = match shape.indirect {
                    true => Some(read(self.take(1)?, 48)),
                    false => None,
                };
                Ok(Chain {
                    table,
                    parts: [header, data, status],
                })
            })
            .collect()
    }
}

/// Pages that dom0 grants to itself.
pub fn granted() -> Result<(GrantedPages, Vec<u32>)> {
    let pages = GrantAllocator::open()?.allocate(DomId(0), GRANTS, true)?;
    let refs = pages.refs().iter().map(|r| r.0).collect();
    Ok((pages, refs))
}

/// Runs `round` a few times to warm up, then `rounds` times; prints nanoseconds per `unit`s of it.
pub fn measure(name: &str, rounds: usize, units: usize, mut round: impl FnMut()) {
    for _ in 0..rounds.div_ceil(8) {
        round();
    }
    let start = Instant::now();
    for _ in 0..rounds {
        round();
    }
    let each = start.elapsed().as_nanos() / (rounds * units) as u128;
    println!("{name} {each} ns");
}

/// What the program was asked for, as words.
pub fn words() -> Vec<String> {
    env::args().skip(1).collect()
}
