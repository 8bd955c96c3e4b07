// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A disk's contents: a file or block device of Linux.

// UNSAFE: preadv2 and pwritev2 have no safe wrapper in std, and none into guest memory.
#![expect(unsafe_code)]

mod extent;
mod geometry;
mod ring;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

use vm_memory::VolatileSlice;
use zerocopy::{FromBytes, Immutable, IntoBytes};

pub(super) use self::extent::is_unsupported;
use self::geometry::query;
pub(super) use self::geometry::{Alignment, Geometry, Kind};
pub(super) use self::ring::{Done, Ring};
use crate::error::Error;
use crate::request::Buffers;

/// Pieces of memory per system call: 4 KiB of stack, and below Linux' limit of 1024.
const IOVECS: usize = 256;

/// Bytes that are written to an image in memory at a time. Where tmpfs may have huge pages, Linux (6.12) looks at all of
/// the rest of a write before each page (`generic_perform_write`): at 1 MiB that takes longer than to copy it.
const MEMORY_BYTES: usize = 64 << 10;

/// Pages of the buffer for what direct I/O cannot reach itself: 256 KiB.
const BOUNCE_PAGES: usize = 64;

/// An image of a disk.
#[derive(Debug)]
pub(super) struct Image {
    file: File,
    kind: Kind,
    pub(super) geometry: Geometry,
    /// Set if the page cache is not used.
    pub(super) direct: Option<Alignment>,
    /// Bytes that are written at a time, at most.
    most_written: usize,
    /// Cleared when direct I/O turns out not to reach the guest's memory.
    is_reachable: Cell<bool>,
    bounce: RefCell<Bounce>,
}

/// Which way the data goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    /// From the image to the guest.
    In,
    /// From the guest to the image.
    Out,
}

impl Direction {
    /// What it means when nothing was moved.
    fn ended(self) -> io::ErrorKind {
        match self {
            Self::In => io::ErrorKind::UnexpectedEof,
            Self::Out => io::ErrorKind::WriteZero,
        }
    }
}

/// What may take the host a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    Transfer(Transfer),
    /// Makes everything durable that was reported written.
    Sync,
}

/// What is to be done with the data of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub(super) direction: Direction,
    /// Where in the image.
    pub(super) offset: u64,
    /// Written data is to be on the disk when it is reported done.
    pub(super) durable: bool,
}

impl Transfer {
    /// The same for what follows the first `n` bytes.
    fn after(self, n: usize) -> Self {
        Self {
            offset: self.offset + n as u64,
            ..self
        }
    }
}

impl Image {
    /// Examines `file`, and checks that it was opened for what is needed.
    pub(super) fn new(file: File, read_only: bool, direct: bool) -> Result<Self, Error> {
        let kind = geometry::kind(&file)?;
        geometry::set_access(&file, read_only, direct)?;
        let geometry = geometry::geometry(&file, kind)?;
        let direct = direct.then(|| geometry::alignment(&file, geometry.logical));
        let most_written = match geometry::is_in_memory(&file) {
            true => MEMORY_BYTES,
            false => usize::MAX,
        };
        Ok(Self {
            file,
            kind,
            geometry,
            direct,
            most_written,
            is_reachable: Cell::new(true),
            bounce: RefCell::default(),
        })
    }

    /// Its size as it is now.
    pub(super) fn bytes(&self) -> Result<u64, Error> {
        query("measure", geometry::bytes(&self.file))
    }

    /// Does a task to its end. Says how many bytes were moved even when it fails.
    pub(super) fn run(&self, task: Task, buffers: Buffers<'_>) -> (usize, io::Result<()>) {
        match task {
            Task::Transfer(transfer) => self.transfer(transfer, buffers),
            Task::Sync => (0, self.sync()),
        }
    }

    /// Moves all of `buffers`. Says how many bytes were moved even when it fails: they are the
    /// first ones.
    pub(super) fn transfer(
        &self,
        transfer: Transfer,
        buffers: Buffers<'_>,
    ) -> (usize, io::Result<()>) {
        if !self.reaches(buffers) {
            return self.bounced(transfer, buffers);
        }
        match self.transfer_all(transfer, buffers) {
            (0, Err(error)) if self.is_out_of_reach(&error) => {
                self.is_reachable.set(false);
                self.bounced(transfer, buffers)
            }
            outcome => outcome,
        }
    }

    /// Whether the kernel can use these buffers as they are.
    pub(super) fn reaches(&self, buffers: Buffers<'_>) -> bool {
        let Some(Alignment { memory, .. }) = self.direct else {
            return true;
        };
        let fits = |slice: VolatileSlice<'_>| {
            let start = slice.ptr_guard().as_ptr().addr();
            start.is_multiple_of(memory) && slice.len().is_multiple_of(memory)
        };
        self.is_reachable.get() && buffers.slices().all(fits)
    }

    /// Whether it was the memory that made direct I/O fail: memory of another domain's has no
    /// pages here that could be handed to a device.
    fn is_out_of_reach(&self, error: &io::Error) -> bool {
        self.direct.is_some() && error.raw_os_error() == Some(libc::EFAULT)
    }

    /// Whether trying again, in the way that [`transfer`](Self::transfer) does, may help.
    fn is_curable(&self, error: &io::Error) -> bool {
        let again = [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock];
        again.contains(&error.kind()) || self.is_out_of_reach(error)
    }

    fn transfer_all(
        &self,
        transfer: Transfer,
        mut buffers: Buffers<'_>,
    ) -> (usize, io::Result<()>) {
        let mut done = 0;
        while !buffers.is_empty() {
            match self.transfer_some(transfer.after(done), buffers) {
                Ok(0) => return (done, Err(transfer.direction.ended().into())),
                Ok(n) => {
                    buffers.advance(n);
                    done += n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (done, Err(error)),
            }
        }
        (done, Ok(()))
    }

    /// One system call's worth.
    fn transfer_some(&self, transfer: Transfer, buffers: Buffers<'_>) -> io::Result<usize> {
        let mut iovecs = [libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        }; IOVECS];
        let mut left = match transfer.direction {
            Direction::In => usize::MAX,
            Direction::Out => self.most_written,
        };
        let mut count = 0;
        for (iovec, slice) in iovecs.iter_mut().zip(buffers.slices()) {
            *iovec = iovec_of(slice);
            iovec.iov_len = iovec.iov_len.min(left);
            left -= iovec.iov_len;
            count += 1;
            if left == 0 {
                break;
            }
        }
        let offset = libc::off_t::try_from(transfer.offset).map_err(io::Error::other)?;
        let fd = self.file.as_raw_fd();
        let moved = match transfer.direction {
            // SAFETY: `iovecs` has `count` initialised elements and outlives the call. Each
            // is a `VolatileSlice` of `buffers`, or its beginning: memory that stays mapped while `buffers` lives,
            // and is the writable side of a chain, so mapped for writing. The kernel copies into
            // it (failing with EFAULT where there is no memory) and keeps no pointer. Nothing in
            // this process refers to that memory but through volatile slices.
            Direction::In => unsafe { libc::preadv2(fd, iovecs.as_ptr(), count, offset, 0) },
            Direction::Out => {
                let flags = if transfer.durable { libc::RWF_DSYNC } else { 0 };
                // SAFETY: as above, but the kernel only reads the memory, which is the readable
                // side of a chain and mapped at least for that.
                unsafe { libc::pwritev2(fd, iovecs.as_ptr(), count, offset, flags) }
            }
        };
        usize::try_from(moved).map_err(|_negative| io::Error::last_os_error())
    }

    /// Moves data by way of a buffer of our own.
    fn bounced(&self, transfer: Transfer, mut buffers: Buffers<'_>) -> (usize, io::Result<()>) {
        let mut bounce = self.bounce.borrow_mut();
        let bytes = bounce.bytes();
        let mut done = 0;
        while !buffers.is_empty() {
            let n = buffers.len().min(bytes.len());
            if transfer.direction == Direction::Out {
                buffers.copy_to(&mut bytes[..n]);
            }
            let (moved, outcome) = self.transfer_own(transfer.after(done), &mut bytes[..n]);
            if transfer.direction == Direction::In {
                buffers.copy_from(&bytes[..moved]);
            }
            buffers.advance(moved);
            done += moved;
            if outcome.is_err() {
                return (done, outcome);
            }
        }
        (done, Ok(()))
    }

    /// Moves all of `bytes`, which are this process' own.
    fn transfer_own(&self, transfer: Transfer, bytes: &mut [u8]) -> (usize, io::Result<()>) {
        self.transfer_all(transfer, Buffers::new(&[bytes.into()]))
    }

    /// Whether the kernel can do this without waiting, by copying: the page cache takes it.
    pub(super) fn is_quick(&self, task: Task) -> bool {
        match task {
            Task::Transfer(transfer) => {
                transfer.direction == Direction::Out && !transfer.durable && self.direct.is_none()
            }
            Task::Sync => false,
        }
    }

    /// Whether it is a read that the page cache may have.
    pub(super) fn is_cached_read(&self, task: Task) -> bool {
        match task {
            Task::Transfer(transfer) => {
                transfer.direction == Direction::In && self.direct.is_none()
            }
            Task::Sync => false,
        }
    }

    /// Whether all of it is in memory, so that nothing has to be waited for.
    pub(super) fn is_in_memory(&self) -> bool {
        geometry::is_in_memory(&self.file)
    }

    /// Makes everything that was written durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// A piece of memory as the kernel takes it.
fn iovec_of(slice: VolatileSlice<'_>) -> libc::iovec {
    let guard = slice.ptr_guard_mut();
    libc::iovec {
        iov_base: guard.as_ptr().cast(),
        iov_len: guard.len(),
    }
}

/// A buffer that any direct I/O can use; allocated when it is first needed.
#[derive(Debug, Default)]
struct Bounce(Vec<Page>);

impl Bounce {
    fn bytes(&mut self) -> &mut [u8] {
        self.0.resize(BOUNCE_PAGES, Page([0; PAGE]));
        self.0.as_mut_slice().as_mut_bytes()
    }
}

/// The largest alignment that direct I/O asks for.
const PAGE: usize = 4096;

#[derive(Clone, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C, align(4096))]
struct Page([u8; PAGE]);
