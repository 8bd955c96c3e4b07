// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Transfers that the kernel does while others go on: io_uring.

// UNSAFE: the kernel is given addresses of guest memory, and uses them until it says that it is
// done.
#![expect(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use io_uring::{IoUring, Probe, opcode, squeue, types};
use vm_memory::VolatileSlice;

use super::{Direction, Image, Task, Transfer, iovec_of};
use crate::pending::Pending;
use crate::request::{Buffers, Memory, Request};
use crate::sys::processors;

/// Tasks under way at a time. What is more is done the other way.
const SLOTS: u32 = 256;

/// Pieces of one task: Linux' limit (`UIO_MAXIOV`).
const MOST_IOVECS: usize = 1024;

/// How long a task that is alone is waited for. Disks on flash memory take less; those that take
/// more do not become much slower by it.
const PATIENCE: Duration = Duration::from_micros(100);

/// Bytes of a read whose copying takes longer than another thread to begin it.
const LARGE: usize = 256 << 10;

/// How many tasks in a row are alone before the next ones are waited for.
const ALONE: u32 = 256;

/// Of those, how many before one is not waited for.
const PROBE: u32 = 16;

/// How often a submission that the kernel has no memory for is tried again.
const ATTEMPTS: u32 = 1000;

/// A ring, and what is under way in it.
pub(in crate::block) struct Ring {
    ring: IoUring,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The kernel waits for no longer than it is told.
    has_timeouts: bool,
    /// How many tasks in a row were started with no other one under way.
    alone: u32,
    /// Tasks of this batch that were refused as others are not.
    passed: usize,
    /// Only long reads that are not alone are taken.
    is_reserved: bool,
    /// How many tasks other threads of the kernel do at once, at most: one for each processor, so that
    /// a guest's reads do not crowd out what else this host does.
    most_aside: usize,
    /// How many they do.
    aside: usize,
}

/// A place for one task.
#[derive(Default)]
struct Slot {
    /// Kept where it is while the kernel may read it: not changed before `job` is taken.
    iovecs: Vec<libc::iovec>,
    job: Option<Job>,
}

// SAFETY: the addresses in `iovecs` are of memory that belongs to no thread, and are used by the
// kernel only, or while `job` is there to keep them valid.
unsafe impl Send for Slot {}

/// A task under way.
struct Job {
    task: Task,
    is_aside: bool,
    len: usize,
    pending: Pending,
    /// Behind the addresses that the kernel has.
    memory: Memory,
}

/// What has become of a task.
pub(in crate::block) struct Done {
    pub(in crate::block) task: Task,
    /// How many bytes were moved; they are the first ones.
    pub(in crate::block) moved: usize,
    pub(in crate::block) outcome: io::Result<()>,
    pub(in crate::block) pending: Pending,
}

impl Ring {
    /// Makes a ring, if this kernel has what it takes and lets this process have it.
    pub(in crate::block) fn new() -> io::Result<Self> {
        // From Linux 5.19 on a thread need not be interrupted to hear that something is done. That
        // Linux does not round what it is to wait to its clock's ticks either, as it did before 5.17.
        let recent = IoUring::builder().setup_coop_taskrun().build(SLOTS);
        let has_timeouts = recent.is_ok();
        let ring = recent.or_else(|_| IoUring::new(SLOTS))?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        let needed = [
            opcode::Read::CODE,
            opcode::Write::CODE,
            opcode::Readv::CODE,
            opcode::Writev::CODE,
            opcode::Fsync::CODE,
        ];
        if !needed.iter().all(|code| probe.is_supported(*code)) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Self {
            has_timeouts,
            ring,
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            free: (0..SLOTS).rev().collect(),
            alone: 0,
            passed: 0,
            is_reserved: false,
            // One of them has enough to do with the guest and this thread.
            most_aside: match processors() {
                1 => 0,
                many => many,
            },
            aside: 0,
        })
    }

    /// For an image that is in memory, and copied fastest by whoever wants it; but long reads that are
    /// not alone are copied by several threads.
    pub(in crate::block) fn for_copies(mut self) -> Self {
        self.is_reserved = true;
        self
    }

    /// Puts a task in line for [`submit`](Self::submit), or gives its request back.
    pub(in crate::block) fn start<'b>(
        &mut self,
        image: &Image,
        task: Task,
        buffers: Buffers<'b>,
        request: Request<'b>,
    ) -> Result<(), Request<'b>> {
        // Where the page cache has it all, this thread would copy one after the other.
        let is_long = image.is_cached_read(task) && buffers.len() >= LARGE;
        let is_shared = is_long && self.alone == 0 && self.most_aside > 0;
        if self.is_reserved && !is_shared {
            self.passed += usize::from(is_long);
            return Err(request);
        }
        let Some(index) = self.free.pop() else {
            return Err(request);
        };
        let is_aside = is_shared && self.aside < self.most_aside;
        self.aside += usize::from(is_aside);
        let slot = &mut self.slots[place(index)];
        slot.iovecs.clear();
        slot.iovecs.extend(buffers.slices().map(iovec_of));
        let held = match slot.iovecs.len() {
            ..=MOST_IOVECS => request.hold(),
            _ => Err(request),
        };
        let (pending, memory) = held.inspect_err(|_| self.free.push(index))?;
        slot.job = Some(Job {
            task,
            is_aside,
            len: buffers.len(),
            pending,
            memory,
        });
        let aside = match is_aside {
            true => squeue::Flags::ASYNC,
            false => squeue::Flags::empty(),
        };
        let entry = entry(image.file.as_raw_fd(), task, &slot.iovecs)
            .user_data(index.into())
            .flags(aside);
        // SAFETY: the entry's descriptor is the image's, which lives as long as the disk, and so as
        // the ring. Its addresses are of the slot's vector, which is not touched before the
        // task is done, and of the request's buffers: writable ones for a read. `Memory` keeps those
        // where they are, and the slot keeps that until the kernel has said that the task is done;
        // `drop` waits for this, too. Nothing in this process refers to the buffers but through
        // volatile slices.
        let pushed = unsafe { self.ring.submission().push(&entry) };
        pushed.expect("there are no more slots than entries");
        Ok(())
    }

    /// Gives the kernel what is in line, and says what is done by now; with `wait`, when all is.
    pub(in crate::block) fn submit(
        &mut self,
        image: &Image,
        wait: bool,
        done: &mut impl FnMut(Done),
    ) {
        let is_alone = self.is_likely_alone();
        let queued = self.ring.submission().len();
        if queued == 0 && !(wait && self.busy() > 0) {
            return self.reap(image, done);
        }
        if !wait && is_alone {
            self.enter_with_patience();
            return self.reap(image, done);
        }
        loop {
            self.enter(if wait { self.busy() } else { 0 });
            self.reap(image, done);
            if !wait || self.busy() == 0 {
                return;
            }
        }
    }

    /// Says what is done by now.
    pub(in crate::block) fn reap(&mut self, image: &Image, done: &mut impl FnMut(Done)) {
        while let Some(entry) = self.next() {
            let index = u32::try_from(entry.user_data()).expect("what `start` has set");
            let slot = &mut self.slots[place(index)];
            let job = slot.job.take().expect("each task is done once");
            let (moved, outcome) = conclude(image, &job, entry.result(), &slot.iovecs);
            self.free.push(index);
            let Job {
                task,
                is_aside,
                pending,
                memory,
                ..
            } = job;
            self.aside -= usize::from(is_aside);
            // Before the driver can hear of it.
            drop(memory);
            done(Done {
                task,
                moved,
                outcome,
                pending,
            });
        }
    }

    fn next(&mut self) -> Option<io_uring::cqueue::Entry> {
        self.ring.completion().next()
    }

    fn busy(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is one task, and there has been no more than one for long enough that it is worth
    /// waiting for. Whoever waits does not see what comes meanwhile, so each [`PROBE`]th is not waited
    /// for: others that come then are side by side with it, and there is no waiting any more.
    fn is_likely_alone(&mut self) -> bool {
        let passed = std::mem::take(&mut self.passed);
        let is_new = passed > 0 || !self.ring.submission().is_empty();
        self.alone = match self.busy() + passed {
            _ if !is_new => self.alone,
            1 => self.alone.wrapping_add(1),
            _ => 0,
        };
        self.has_timeouts && self.alone > ALONE && !self.alone.is_multiple_of(PROBE)
    }

    /// Starts what is in line, and gives it a little time: what is done by then takes no other system
    /// call.
    fn enter_with_patience(&self) {
        let patience = types::Timespec::from(PATIENCE);
        let args = types::SubmitArgs::new().timespec(&patience);
        match self.ring.submitter().submit_with_args(1, &args) {
            // Started, and done or not.
            Ok(_) => {}
            Err(_) => self.enter(0),
        }
    }

    /// The one system call: starts what is in line, and waits for `wanted` tasks.
    fn enter(&self, wanted: usize) {
        for _ in 0..ATTEMPTS {
            match self.ring.submit_and_wait(wanted) {
                Ok(_) => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    log::debug!("io_uring: {error}");
                    std::thread::yield_now();
                }
            }
        }
        panic!("the kernel takes no more I/O");
    }
}

/// Readable while something is done that was not [reaped](Ring::reap).
impl AsRawFd for Ring {
    fn as_raw_fd(&self) -> RawFd {
        self.ring.as_raw_fd()
    }
}

impl Drop for Ring {
    /// Waits for what is under way: the kernel may use its memory until then.
    fn drop(&mut self) {
        while self.busy() > 0 {
            // What was put in line is started, too: there is no way to take it back.
            self.enter(1);
            while let Some(entry) = self.next() {
                let index = u32::try_from(entry.user_data()).expect("what `start` has set");
                self.slots[place(index)].job = None;
                self.free.push(index);
            }
        }
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).expect("the number of a slot is small")
}

/// What the kernel is asked to do.
fn entry(fd: RawFd, task: Task, iovecs: &[libc::iovec]) -> squeue::Entry {
    let fd = types::Fd(fd);
    let transfer = match task {
        Task::Sync => {
            return opcode::Fsync::new(fd)
                .flags(types::FsyncFlags::DATASYNC)
                .build();
        }
        Task::Transfer(transfer) => transfer,
    };
    let Transfer {
        direction,
        offset,
        durable,
    } = transfer;
    let flags = if durable { libc::RWF_DSYNC } else { 0 };
    let single = match iovecs {
        [only] => u32::try_from(only.iov_len)
            .ok()
            .map(|len| (only.iov_base.cast(), len)),
        _ => None,
    };
    let (many, count) = (
        iovecs.as_ptr(),
        u32::try_from(iovecs.len()).unwrap_or(u32::MAX),
    );
    match (direction, single) {
        (Direction::In, Some((base, len))) => {
            opcode::Read::new(fd, base, len).offset(offset).build()
        }
        (Direction::In, None) => opcode::Readv::new(fd, many, count).offset(offset).build(),
        (Direction::Out, Some((base, len))) => opcode::Write::new(fd, base, len)
            .offset(offset)
            .rw_flags(flags)
            .build(),
        (Direction::Out, None) => opcode::Writev::new(fd, many, count)
            .offset(offset)
            .rw_flags(flags)
            .build(),
    }
}

/// What a result means; the rest of a transfer that was cut short is done here.
fn conclude(
    image: &Image,
    job: &Job,
    result: i32,
    iovecs: &[libc::iovec],
) -> (usize, io::Result<()>) {
    let moved = usize::try_from(result);
    let Task::Transfer(transfer) = job.task else {
        return (0, moved.map(drop).map_err(|_negative| error_of(result)));
    };
    match moved {
        Ok(moved) if moved >= job.len => return (job.len, Ok(())),
        Err(_) if !image.is_curable(&error_of(result)) => return (0, Err(error_of(result))),
        _ => {}
    }
    let moved = moved.unwrap_or(0);
    let slice = |iovec: &libc::iovec| {
        // SAFETY: `iovecs` was made of volatile slices of memory that `job.memory` keeps where it
        // is, accessible as the transfer needs it, and the kernel is done with it.
        unsafe { VolatileSlice::new(iovec.iov_base.cast(), iovec.iov_len) }
    };
    let slices: Vec<_> = iovecs.iter().map(slice).collect();
    let mut rest = Buffers::new(&slices);
    rest.advance(moved);
    let (more, outcome) = image.transfer(transfer.after(moved), rest);
    (moved + more, outcome)
}

/// The error in a negative result.
fn error_of(result: i32) -> io::Error {
    io::Error::from_raw_os_error(result.saturating_neg())
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring")
            .field("busy", &self.busy())
            .finish_non_exhaustive()
    }
}
