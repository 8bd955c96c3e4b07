// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A batch: the view of guest memory that one round of a queue loop has.

// UNSAFE: mapped memory becomes `VolatileSlice`s here.
#![expect(unsafe_code)]

use std::collections::HashMap;
use std::iter::FusedIterator;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use vm_memory::bitmap::BS;
use vm_memory::guest_memory::GuestMemorySliceIterator;
use vm_memory::{
    GuestAddress, GuestMemory, GuestMemoryError, GuestMemoryMmap, Permissions, VolatileSlice,
};
use xen_ioctls::Protection;

use crate::address::Mode;
use crate::foreign::ForeignBatch;
use crate::grant::GrantBatch;
use crate::space::{GuestSpace, Memory, Pinned};

pub(crate) fn protection(access: Permissions) -> Protection {
    match access.has_write() {
        true => Protection::ReadWrite,
        false => Protection::Read,
    }
}

/// By number of a page or a bucket, which a guest chooses: it does not know where they collide.
pub(crate) type ByNumber<T> = HashMap<u64, T, RandomState>;

/// Memory of this process that is memory of the guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub start: *mut u8,
    pub len: usize,
}

/// Guest memory during one batch. Everything that is mapped for it is unmapped, and everything
/// that was written to a copy is copied to the guest, when it ends, and not before: slices borrow
/// from it.
///
/// With grants, end it before the used index is published: a guest that takes its buffer back
/// while it is mapped here gives up on the device for good.
#[derive(Debug)]
pub struct Batch {
    /// `None` in the pool only.
    space: Option<GuestSpace>,
    /// The rings, as they were when the batch began; `None` in the pool.
    pins: Option<Arc<Vec<Arc<Pinned>>>>,
    /// Never contended: a batch is one worker's.
    reached: Mutex<Reached>,
}

/// What a batch has reached. Memory that was given out stays valid until [`end`](Batch::end).
#[derive(Debug)]
enum Reached {
    Foreign(ForeignBatch),
    Grant(Box<GrantBatch>),
}

impl Batch {
    /// A batch for the pool.
    pub(crate) fn new(mode: Mode) -> Self {
        let reached = match mode {
            Mode::Foreign => Reached::Foreign(ForeignBatch::default()),
            Mode::Grant => Reached::Grant(Box::default()),
        };
        Self {
            space: None,
            pins: None,
            reached: Mutex::new(reached),
        }
    }

    /// Takes a batch out of the pool.
    pub(crate) fn begin(&mut self, space: GuestSpace, pins: Arc<Vec<Arc<Pinned>>>) {
        self.space = Some(space);
        self.pins = Some(pins);
    }

    /// Lets go of everything: possible when nobody borrows from it. Returns the space, once.
    fn end(&mut self) -> Option<GuestSpace> {
        let space = self.space.take()?;
        self.pins = None;
        let reached = self.reached.get_mut();
        match (
            reached.unwrap_or_else(PoisonError::into_inner),
            space.memory_of(),
        ) {
            (Reached::Foreign(reached), Memory::Foreign(memory)) => reached.end(memory),
            (Reached::Grant(reached), Memory::Grant(memory)) => reached.end(memory),
            _ => {}
        }
        Some(space)
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> &Memory {
        self.space
            .as_ref()
            .expect("a batch outside of the pool has a space")
            .memory_of()
    }

    /// Says in advance what will be accessed, so that it is reached in as few calls as possible.
    /// What cannot be had fails when it is accessed.
    ///
    /// A range declared for writing, and not also for reading, is to be written: what the device
    /// leaves of it is undefined for the guest (as virtio has it beyond the used length), but is
    /// never a leftover of another request.
    pub fn declare(
        &self,
        ranges: impl Iterator<Item = (GuestAddress, usize, Permissions)> + Clone,
    ) {
        if let Memory::Grant(memory) = self.memory()
            && let Reached::Grant(reached) = &mut *self.reached()
        {
            reached.declare(memory, ranges);
        }
    }

    /// Gives the guest what was written to copies of its memory, and tells `lost` the pieces that
    /// it could not be given: their grants are gone, or were for reading only. None of them is
    /// longer than a page.
    ///
    /// The end of the batch does the same, but has nobody to tell: it counts them.
    pub fn finish(&self, lost: &mut dyn FnMut(GuestAddress, usize)) {
        if let Memory::Grant(memory) = self.memory()
            && let Reached::Grant(reached) = &mut *self.reached()
        {
            reached.finish(memory, lost);
        }
    }

    /// The memory at `addr`, as much of it as lies side by side here.
    fn piece(&self, addr: GuestAddress, len: usize, access: Permissions) -> Option<Piece> {
        let pinned = || {
            let mut pins = self.pins.iter().flat_map(|pins| pins.iter());
            pins.find_map(|pin| pin.piece(addr, len))
        };
        match (self.memory(), &mut *self.reached()) {
            // The bucket that was used last comes first: most accesses need no other.
            (Memory::Foreign(memory), Reached::Foreign(reached)) => reached
                .hit(addr, len)
                .or_else(pinned)
                .or_else(|| reached.piece(memory, addr, len)),
            (Memory::Grant(memory), Reached::Grant(reached)) => {
                pinned().or_else(|| reached.piece(memory, addr, len, access))
            }
            _ => None,
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.end();
    }
}

impl GuestMemory for Batch {
    /// There is none in one piece: [`physical_memory`](Self::physical_memory) is `None`.
    type PhysicalMemory = GuestMemoryMmap<()>;
    type Bitmap = ();

    fn check_range(&self, addr: GuestAddress, count: usize, access: Permissions) -> bool {
        Slices::new(self, addr, count, access).all(|slice| slice.is_ok())
    }

    fn get_slices<'a>(
        &'a self,
        addr: GuestAddress,
        count: usize,
        access: Permissions,
    ) -> Result<impl GuestMemorySliceIterator<'a, BS<'a, ()>>, GuestMemoryError> {
        Ok(Slices::new(self, addr, count, access))
    }
}

/// The slices that make up a range, in order; ends with the first error.
struct Slices<'a> {
    batch: &'a Batch,
    addr: GuestAddress,
    left: usize,
    access: Permissions,
}

impl<'a> Slices<'a> {
    fn new(batch: &'a Batch, addr: GuestAddress, left: usize, access: Permissions) -> Self {
        Self {
            batch,
            addr,
            left,
            access,
        }
    }
}

impl<'a> Iterator for Slices<'a> {
    type Item = Result<VolatileSlice<'a, ()>, GuestMemoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let piece = self.batch.piece(self.addr, self.left, self.access);
        let Some(Piece { start, len }) = piece.filter(|piece| piece.len <= self.left) else {
            self.left = 0;
            return Some(Err(GuestMemoryError::InvalidGuestAddress(self.addr)));
        };
        self.left -= len;
        self.addr = GuestAddress(self.addr.0.wrapping_add(len as u64));
        // SAFETY: `start` leads to `len` bytes, accessible as `access` asks for, of an object that
        // the batch holds until it ends (a pin, its grants, its bounce pages, its buckets, none
        // of which it lets go earlier). A batch ends by `&mut`, and the slice borrows from it.
        Some(Ok(unsafe { VolatileSlice::new(start, len) }))
    }
}

impl FusedIterator for Slices<'_> {}

impl<'a> GuestMemorySliceIterator<'a, ()> for Slices<'a> {}

/// A share in a [`Batch`]. The batch ends with its last share.
#[derive(Clone, Debug)]
pub struct BatchGuard(Option<Arc<Batch>>);

impl BatchGuard {
    pub(crate) fn new(batch: Arc<Batch>) -> Self {
        Self(Some(batch))
    }
}

impl Deref for BatchGuard {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        self.0.as_deref().expect("only drop takes it")
    }
}

impl Drop for BatchGuard {
    fn drop(&mut self) {
        // Where two shares go at the same moment, neither is the last one here, and the batch
        // ends by its own drop, without coming back to the pool.
        if let Some(mut batch) = self.0.take()
            && let Some(space) = Arc::get_mut(&mut batch).and_then(Batch::end)
        {
            space.give_back(batch);
        }
    }
}
