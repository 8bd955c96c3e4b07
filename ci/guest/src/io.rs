// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `io`: random direct reads and writes of a disk, by several threads, against an array.
//!
//! With O_DIRECT the disk's driver hands the program's own pages to the device: requests of any
//! shape, over pages that are not side by side, that begin and end within a page, and that name
//! the same page more than once.

// UNSAFE: readv and writev of pieces that overlap, which slices cannot be.
#![expect(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::thread;

/// What direct I/O is aligned to.
const SECTOR: usize = 512;
/// The part of the disk that all threads have.
const SPACE: usize = 16 << 20;
/// The longest request.
const LONGEST: usize = 256 << 10;
/// One request in so many is a flush.
const FLUSHES: usize = 32;

/// `io DEVICE REQUESTS [SEED] [THREADS]`: without a number, four threads.
pub fn main(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let [device, requests, rest @ ..] = args else {
        return Err(crate::USAGE.into());
    };
    let seed: u64 = rest.first().map_or(Ok(1), |seed| seed.parse())?;
    let threads: usize = rest.get(1).map_or(Ok(4), |threads| threads.parse())?;
    let requests: usize = requests.parse()?;
    let region = SPACE / threads;
    if rest.len() > 2 || region < LONGEST {
        return Err(crate::USAGE.into());
    }
    let threads: Vec<_> = (0..threads)
        .map(|n| {
            let (device, share) = ((*device).to_owned(), requests / threads);
            thread::spawn(move || Worker::new(&device, n, region, seed)?.run(share))
        })
        .collect();
    let mut bytes = 0;
    for worker in threads {
        bytes += worker.join().map_err(|_panic| "a worker panicked")??;
    }
    println!("io: {requests} requests, {bytes} bytes verified");
    Ok(())
}

/// xorshift64*.
struct Random(u64);

impl Random {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).map_or(0, |high| high % end)
    }

    /// A length in sectors, mostly short.
    fn length(&mut self) -> usize {
        let longest = LONGEST >> self.below(10);
        SECTOR * (1 + self.below(longest / SECTOR))
    }
}

struct Worker {
    disk: File,
    start: usize,
    /// What is on its part of the disk.
    model: Vec<u8>,
    /// Memory that requests are made of: a multiple of pages, twice as long as any request.
    memory: *mut u8,
    random: Random,
}

impl Worker {
    fn new(device: &str, number: usize, region: usize, seed: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(libc::O_DIRECT);
        let layout = Layout::from_size_align(2 * LONGEST, 4096).map_err(io::Error::other)?;
        // SAFETY: the layout's size is not zero. The memory is the worker's for ever.
        let memory = unsafe { alloc_zeroed(layout) };
        if memory.is_null() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let number64 = u64::try_from(number).map_err(io::Error::other)?;
        Ok(Self {
            disk: options.open(device)?,
            start: number * region,
            model: vec![0; region],
            memory,
            random: Random((seed * 1000 + number64) | 1),
        })
    }

    /// Fills the region, does `requests`, and reads the region again; returns how many bytes were
    /// compared.
    fn run(mut self, requests: usize) -> io::Result<usize> {
        let mut compared = 0;
        let region = self.model.len();
        for at in (0..region).step_by(LONGEST) {
            self.write(at, &[(0, LONGEST)])?;
        }
        for _ in 0..requests {
            let length = self.random.length();
            let at = SECTOR * self.random.below((region - length) / SECTOR + 1);
            let pieces = self.pieces(length);
            match self.random.below(2) {
                0 => self.write(at, &pieces)?,
                _ if self.random.below(FLUSHES / 2) == 0 => self.disk.sync_data()?,
                _ => compared += self.read(at, &pieces)?,
            }
        }
        for at in (0..region).step_by(LONGEST) {
            compared += self.read(at, &[(0, LONGEST)])?;
        }
        Ok(compared)
    }

    /// Where in the memory a request of `length` bytes is: offsets and lengths, up to eight.
    fn pieces(&mut self, length: usize) -> Vec<(usize, usize)> {
        let mut pieces = Vec::new();
        let mut left = length;
        while left > 0 {
            let take = match pieces.len() {
                7 => left,
                _ => SECTOR * (1 + self.random.below(left / SECTOR)),
            };
            let offset = SECTOR * self.random.below((2 * LONGEST - take) / SECTOR + 1);
            pieces.push((offset, take));
            left -= take;
        }
        pieces
    }

    fn vectors(&self, pieces: &[(usize, usize)]) -> Vec<libc::iovec> {
        let vector = |(offset, len): &(usize, usize)| libc::iovec {
            iov_base: self.memory.wrapping_add(*offset).cast(),
            iov_len: *len,
        };
        pieces.iter().map(vector).collect()
    }

    /// The memory, for this program.
    fn memory(&mut self) -> &mut [u8] {
        // SAFETY: the memory is as long as this, the worker's own, and no request is under way.
        unsafe { std::slice::from_raw_parts_mut(self.memory, 2 * LONGEST) }
    }

    fn write(&mut self, at: usize, pieces: &[(usize, usize)]) -> io::Result<()> {
        let mut state = self.random.0;
        for word in self.memory().chunks_exact_mut(8) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            word.copy_from_slice(&state.to_ne_bytes());
        }
        let vectors = self.vectors(pieces);
        let (fd, count) = (self.disk.as_raw_fd(), count(&vectors)?);
        let offset = i64::try_from(self.start + at).map_err(io::Error::other)?;
        // SAFETY: the pieces are in the worker's memory, which the kernel only reads.
        let done = unsafe { libc::pwritev(fd, vectors.as_ptr(), count, offset) };
        let mut to = at;
        for (offset, len) in pieces {
            let bytes = self.memory()[*offset..offset + len].to_vec();
            self.model[to..to + len].copy_from_slice(&bytes);
            to += len;
        }
        whole(done, to - at)
    }

    /// Reads into pieces of which a later one may cover an earlier one: what is read twice comes
    /// once more, into pieces that do not.
    fn read(&mut self, at: usize, pieces: &[(usize, usize)]) -> io::Result<usize> {
        let mut sorted = pieces.to_vec();
        sorted.sort_unstable();
        let apart = sorted.windows(2).all(|w| w[0].0 + w[0].1 <= w[1].0);
        let total = pieces.iter().map(|piece| piece.1).sum();
        self.read_into(at, pieces, total)?;
        if !apart {
            self.read_into(at, &[(SECTOR, total)], total)?;
        }
        let pieces = if apart { pieces } else { &[(SECTOR, total)] };
        let mut from = at;
        for (offset, len) in pieces {
            let expected = self.model[from..from + len].to_vec();
            if self.memory()[*offset..offset + len] != expected {
                let place = self.start + from;
                return Err(io::Error::other(format!(
                    "{len} bytes at {place} are wrong"
                )));
            }
            from += len;
        }
        Ok(total)
    }

    fn read_into(&mut self, at: usize, pieces: &[(usize, usize)], total: usize) -> io::Result<()> {
        self.memory().fill(0x5a);
        let vectors = self.vectors(pieces);
        let (fd, count) = (self.disk.as_raw_fd(), count(&vectors)?);
        let offset = i64::try_from(self.start + at).map_err(io::Error::other)?;
        // SAFETY: the pieces are in the worker's memory, which nobody borrows.
        let done = unsafe { libc::preadv(fd, vectors.as_ptr(), count, offset) };
        whole(done, total)
    }
}

fn count(vectors: &[libc::iovec]) -> io::Result<libc::c_int> {
    libc::c_int::try_from(vectors.len()).map_err(io::Error::other)
}

fn whole(done: isize, wanted: usize) -> io::Result<()> {
    match usize::try_from(done) {
        Ok(done) if done == wanted => Ok(()),
        Ok(done) => Err(io::Error::other(format!("{done} of {wanted} bytes"))),
        Err(_negative) => Err(io::Error::last_os_error()),
    }
}
