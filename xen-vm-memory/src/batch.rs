// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A batch: the view of guest memory that one round of a queue loop has.

// UNSAFE: mapped memory becomes `VolatileSlice`s here.
#![expect(unsafe_code)]

use std::iter::FusedIterator;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use vm_memory::bitmap::BS;
use vm_memory::guest_memory::GuestMemorySliceIterator;
use vm_memory::{
    GuestAddress, GuestMemory, GuestMemoryError, GuestMemoryMmap, Permissions, VolatileSlice,
};
use xen_ioctls::Protection;

use crate::foreign::UsedBuckets;
use crate::grant::MappedGrants;
use crate::space::{GuestSpace, Memory, Pinned};

pub(crate) fn protection(access: Permissions) -> Protection {
    match access.has_write() {
        true => Protection::ReadWrite,
        false => Protection::Read,
    }
}

/// Memory of this process that is memory of the guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub start: *mut u8,
    pub len: usize,
}

/// Guest memory during one batch. Everything that is mapped for it is unmapped when it ends, and
/// not before: slices borrow from it.
///
/// With grants, end it before the used index is published: a guest that takes its buffer back
/// while it is mapped here gives up on the device for good.
#[derive(Debug)]
pub struct Batch {
    space: GuestSpace,
    /// The rings, as they were when the batch began.
    pins: Arc<Vec<Arc<Pinned>>>,
    grants: MappedGrants,
    buckets: UsedBuckets,
}

impl Batch {
    pub(crate) fn new(space: GuestSpace, pins: Arc<Vec<Arc<Pinned>>>) -> Self {
        Self {
            space,
            pins,
            grants: MappedGrants::default(),
            buckets: UsedBuckets::default(),
        }
    }

    /// Says in advance what will be accessed, so that it is mapped in as few calls as possible.
    /// What cannot be mapped fails when it is accessed.
    pub fn declare(
        &self,
        ranges: impl Iterator<Item = (GuestAddress, usize, Permissions)> + Clone,
    ) {
        if let Memory::Grant(memory) = self.space.memory_of() {
            self.grants.declare(memory, ranges);
        }
    }

    /// The memory at `addr`, as much of it as lies side by side here.
    fn piece(&self, addr: GuestAddress, len: usize, access: Permissions) -> Option<Piece> {
        if let Some(piece) = self.pins.iter().find_map(|pin| pin.piece(addr, len)) {
            return Some(piece);
        }
        match self.space.memory_of() {
            Memory::Foreign(memory) => self.buckets.piece(memory, addr, len),
            Memory::Grant(memory) => self.grants.piece(memory, addr, len, protection(access)),
        }
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
        // SAFETY: `start` is mapped for `len` bytes, with the protection that `access` asks for,
        // by an object that the batch holds until it is dropped (a pin, its grants, its buckets,
        // none of which it lets go earlier), and the slice borrows from the batch.
        Some(Ok(unsafe { VolatileSlice::new(start, len) }))
    }
}

impl FusedIterator for Slices<'_> {}

impl<'a> GuestMemorySliceIterator<'a, ()> for Slices<'a> {}

/// A share in a [`Batch`]. The batch ends with its last share.
#[derive(Clone, Debug)]
pub struct BatchGuard(pub(crate) Rc<Batch>);

impl Deref for BatchGuard {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        &self.0
    }
}
