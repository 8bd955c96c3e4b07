// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a disk does with one request.

use std::io;

use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_RO, VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_BLK_T_DISCARD,
    VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT,
    VIRTIO_BLK_T_WRITE_ZEROES,
};
use zerocopy::{FromZeros, IntoBytes};

use super::Disk;
use super::host::{Direction, Done, Task, Transfer, is_unsupported};
use super::wire::{Header, ID_BYTES, SECTOR, Segment, Status, UNMAP};
use crate::limits::{DISCARD_SECTORS, DISCARD_SEGMENTS, ZERO_SECTORS};
use crate::request::{Buffers, Request};

/// Why a request is not done.
enum Failure {
    /// The guest's mistake.
    Wrong(&'static str),
    /// Not an operation that is offered.
    Unsupported,
    /// The host's failure.
    Host {
        action: &'static str,
        source: io::Error,
    },
}

/// Names what the host was to do.
fn host<T>(action: &'static str, outcome: io::Result<T>) -> Result<T, Failure> {
    outcome.map_err(|source| Failure::Host { action, source })
}

/// A request about ranges instead of data.
#[derive(Clone, Copy)]
enum Ranges {
    Discard,
    WriteZeroes,
}

impl Ranges {
    fn most_segments(self) -> u32 {
        match self {
            Self::Discard => DISCARD_SEGMENTS,
            Self::WriteZeroes => 1,
        }
    }

    fn most_sectors(self) -> u32 {
        match self {
            Self::Discard => DISCARD_SECTORS,
            Self::WriteZeroes => ZERO_SECTORS,
        }
    }

    /// The flags that mean something.
    fn flags(self) -> u32 {
        match self {
            Self::Discard => 0,
            Self::WriteZeroes => UNMAP,
        }
    }
}

impl Disk {
    /// Does what a request says, and answers it.
    pub(super) fn answer(&mut self, mut request: Request<'_>) {
        let Some(status) = request.split_status() else {
            return request.malformed("no room for a status");
        };
        // Stands if the rest panics: what the byte held before may say success.
        status.set(Status::IoErr as u8);
        let Some(header) = request.read_obj::<Header>() else {
            return request.malformed("no whole header");
        };
        let result = match self.execute(header, &mut request) {
            Ok(Some(task)) => match self.start(task, request) {
                None => return,
                Some(held_not) => {
                    request = held_not;
                    let buffers = buffers(task, &request);
                    let (moved, outcome) = self.image.run(task, buffers);
                    account(task, moved, outcome, &mut request)
                }
            },
            Ok(None) => Ok(()),
            Err(failure) => Err(failure),
        };
        status.set(status_of(result, &request) as u8);
    }

    /// Has the ring do a task, or gives the request back.
    fn start<'b>(&mut self, task: Task, request: Request<'b>) -> Option<Request<'b>> {
        let buffers = buffers(task, &request);
        let is_worth_it = !self.image.is_quick(task) && self.image.reaches(buffers);
        match &mut self.ring {
            Some(ring) if is_worth_it => ring.start(&self.image, task, buffers, request).err(),
            _ => Some(request),
        }
    }

    /// Does what the header says, or returns what the host is to do.
    fn execute(&self, header: Header, request: &mut Request<'_>) -> Result<Option<Task>, Failure> {
        match header.kind.get() {
            VIRTIO_BLK_T_IN => self.read(header.sector.get(), request).map(Some),
            VIRTIO_BLK_T_OUT => self.write(header.sector.get(), request).map(Some),
            VIRTIO_BLK_T_FLUSH => Ok(Some(Task::Sync)),
            VIRTIO_BLK_T_GET_ID if request.writable_len() < ID_BYTES => {
                Err(Failure::Wrong("no room for the serial number"))
            }
            VIRTIO_BLK_T_GET_ID => {
                request.write_bytes(&self.id);
                Ok(None)
            }
            VIRTIO_BLK_T_DISCARD if self.has(VIRTIO_BLK_F_DISCARD) => {
                self.ranges(Ranges::Discard, request).map(|()| None)
            }
            VIRTIO_BLK_T_WRITE_ZEROES if self.has(VIRTIO_BLK_F_WRITE_ZEROES) => {
                self.ranges(Ranges::WriteZeroes, request).map(|()| None)
            }
            _ => Err(Failure::Unsupported),
        }
    }

    fn read(&self, sector: u64, request: &Request<'_>) -> Result<Task, Failure> {
        Ok(Task::Transfer(Transfer {
            direction: Direction::In,
            offset: self.offset(sector, request.writable_len())?,
            durable: false,
        }))
    }

    fn write(&self, sector: u64, request: &Request<'_>) -> Result<Task, Failure> {
        if self.has(VIRTIO_BLK_F_RO) {
            return Err(Failure::Wrong("a write to a read-only disk"));
        }
        Ok(Task::Transfer(Transfer {
            direction: Direction::Out,
            offset: self.offset(sector, request.readable_len())?,
            durable: self.is_write_through(),
        }))
    }

    /// Where `len` bytes from `sector` on begin, if they are whole sectors of this disk.
    fn offset(&self, sector: u64, len: usize) -> Result<u64, Failure> {
        let len = u64::try_from(len).map_err(|_large| Failure::Wrong("a vast request"))?;
        if !len.is_multiple_of(SECTOR) {
            return Err(Failure::Wrong("data is not whole sectors"));
        }
        let offset = self.position(sector, len / SECTOR)?;
        // Others get by without the page cache's help, but only in blocks.
        if self.image.direct.is_some() && !self.is_whole_blocks(offset, len) {
            return Err(Failure::Wrong("data is not whole blocks"));
        }
        Ok(offset)
    }

    /// Where `count` sectors from `sector` on begin, if they are this disk's.
    fn position(&self, sector: u64, count: u64) -> Result<u64, Failure> {
        match sector.checked_add(count) {
            Some(end) if end <= self.sectors() => Ok(sector * SECTOR),
            _ => Err(Failure::Wrong("sectors beyond the end of the disk")),
        }
    }

    fn is_whole_blocks(&self, offset: u64, len: u64) -> bool {
        let size = u64::from(self.block_size);
        offset.is_multiple_of(size) && len.is_multiple_of(size)
    }

    /// Checks all segments of a request, then does them.
    fn ranges(&self, kind: Ranges, request: &mut Request<'_>) -> Result<(), Failure> {
        const MOST: usize = DISCARD_SEGMENTS as usize;
        let count = request.readable_len() / size_of::<Segment>();
        let is_whole = request.readable_len().is_multiple_of(size_of::<Segment>());
        let most = usize::try_from(kind.most_segments()).map_or(MOST, |most| most.min(MOST));
        if !is_whole || !(1..=most).contains(&count) {
            return Err(Failure::Wrong("no segments, too many, or not whole ones"));
        }
        let mut segments = [Segment::new_zeroed(); MOST];
        request.read_bytes(segments[..count].as_mut_bytes());
        let segments = &segments[..count];
        for segment in segments {
            self.check(kind, segment)?;
        }
        segments
            .iter()
            .try_for_each(|segment| self.range(kind, segment))
    }

    fn check(&self, kind: Ranges, segment: &Segment) -> Result<(), Failure> {
        if segment.flags.get() & !kind.flags() != 0 {
            return Err(Failure::Unsupported);
        }
        if segment.num_sectors.get() > kind.most_sectors() {
            return Err(Failure::Wrong("a segment that is too long"));
        }
        let count = u64::from(segment.num_sectors.get());
        let offset = self.position(segment.sector.get(), count)?;
        match self.is_whole_blocks(offset, count * SECTOR) {
            true => Ok(()),
            false => Err(Failure::Wrong("a segment that is not whole blocks")),
        }
    }

    /// Does what one segment says, which was checked.
    fn range(&self, kind: Ranges, segment: &Segment) -> Result<(), Failure> {
        let offset = segment.sector.get() * SECTOR;
        let len = u64::from(segment.num_sectors.get()) * SECTOR;
        if len == 0 {
            return Ok(());
        }
        match kind {
            Ranges::Discard => host("discard a part of", self.image.discard(offset, len)),
            Ranges::WriteZeroes => {
                let unmap = segment.flags.get() & UNMAP != 0 && self.has(VIRTIO_BLK_F_DISCARD);
                let durable = self.is_write_through();
                let outcome = self.image.write_zeroes(offset, len, unmap, durable);
                host("write zeroes to", outcome)
            }
        }
    }
}

/// Answers a request that the ring is done with.
pub(super) fn answer(done: Done) {
    let Done {
        task,
        moved,
        outcome,
        pending,
    } = done;
    pending.answer(move |mut request| {
        let Some(status) = request.split_status() else {
            return request.malformed("no room for a status");
        };
        let result = account(task, moved, outcome, &mut request);
        status.set(status_of(result, &request) as u8);
    });
}

/// The part of a request that a task is about.
fn buffers<'b>(task: Task, request: &Request<'b>) -> Buffers<'b> {
    match task {
        Task::Transfer(Transfer {
            direction: Direction::In,
            ..
        }) => request.writable(),
        Task::Transfer(_) => request.readable(),
        Task::Sync => request.readable().first(0),
    }
}

/// Enters into a request what a task has done.
fn account(
    task: Task,
    moved: usize,
    outcome: io::Result<()>,
    request: &mut Request<'_>,
) -> Result<(), Failure> {
    let action = match task {
        Task::Transfer(Transfer {
            direction: Direction::In,
            ..
        }) => {
            request.consume_writable(moved);
            "read"
        }
        Task::Transfer(_) => {
            request.count_read(moved);
            "write"
        }
        Task::Sync => "flush",
    };
    host(action, outcome)
}

fn status_of(result: Result<(), Failure>, request: &Request<'_>) -> Status {
    match result {
        Ok(()) => Status::Ok,
        Err(failure) => failure.report(request),
    }
}

impl Failure {
    /// Counts and logs it, and says what the guest is told.
    fn report(self, request: &Request<'_>) -> Status {
        match self {
            Self::Unsupported => Status::Unsupported,
            Self::Wrong(what) => {
                request.malformed(what);
                Status::IoErr
            }
            Self::Host { action, source } => {
                request.failed(format_args!("cannot {action} the disk: {source}"));
                match is_unsupported(&source) {
                    true => Status::Unsupported,
                    false => Status::IoErr,
                }
            }
        }
    }
}
