// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Xen's guest memory as the queue loop wants it: two crates that do not know each other meet.

use std::ops::Deref;

use backends::{Batch, Range};
use vm_memory::bitmap::BS;
use vm_memory::guest_memory::GuestMemorySliceIterator;
use vm_memory::{
    GuestAddress, GuestAddressSpace, GuestMemory, GuestMemoryError, GuestMemoryMmap, Permissions,
};
use xen_vm_memory::{BatchGuard, GuestSpace, Mode};

/// The address space of a device.
#[derive(Clone, Debug)]
pub struct Space(pub GuestSpace);

/// A share in one batch.
#[derive(Clone, Debug)]
pub struct Guard(View);

/// One batch.
#[derive(Clone, Debug)]
pub struct View {
    batch: BatchGuard,
    is_lent: bool,
}

impl GuestAddressSpace for Space {
    type M = View;
    type T = Guard;

    fn memory(&self) -> Guard {
        Guard(View {
            batch: self.0.memory(),
            // A grant that is mapped here cannot be ended by the guest.
            is_lent: self.0.mode() == Mode::Grant,
        })
    }
}

impl Deref for Guard {
    type Target = View;

    fn deref(&self) -> &View {
        &self.0
    }
}

impl GuestMemory for View {
    type PhysicalMemory = GuestMemoryMmap<()>;
    type Bitmap = ();

    fn check_range(&self, addr: GuestAddress, count: usize, access: Permissions) -> bool {
        self.batch.check_range(addr, count, access)
    }

    fn get_slices<'a>(
        &'a self,
        addr: GuestAddress,
        count: usize,
        access: Permissions,
    ) -> Result<impl GuestMemorySliceIterator<'a, BS<'a, ()>>, GuestMemoryError> {
        self.batch.get_slices(addr, count, access)
    }
}

impl Batch for View {
    fn is_lent(&self) -> bool {
        self.is_lent
    }

    fn declare(&self, ranges: &[Range]) {
        self.batch.declare(
            ranges
                .iter()
                .map(|range| (range.addr, range.len, range.access)),
        );
    }

    fn finish(&self, lost: &mut dyn FnMut(GuestAddress, usize)) {
        self.batch.finish(lost);
    }
}
