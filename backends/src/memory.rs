// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guest memory that is reached in batches.

use vm_memory::{GuestAddress, GuestMemory, GuestMemoryMmap, Permissions};

/// A piece of guest memory that a batch is going to access.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Range {
    /// The first byte.
    pub addr: GuestAddress,
    /// How many bytes; never 0.
    pub len: usize,
    /// What will be done with them: `Read` or `Write`, never both.
    pub access: Permissions,
}

/// Guest memory as one batch of requests sees it.
///
/// The queue loop takes a guard from
/// [`GuestAddressSpace::memory`](vm_memory::GuestAddressSpace::memory) for each
/// batch, reaches everything through it, and drops it *before* it publishes
/// the used index. An implementation that maps memory on access (Xen's grants)
/// therefore maps into the guard and unmaps when the guard is dropped: after
/// that, the guest may revoke what it has lent. The index is published through
/// a second guard, which touches ring pages only; those pages should stay
/// mapped as long as the queue lives.
pub trait Batch: GuestMemory<Bitmap = ()> {
    /// Says in advance what will be accessed, so that one system call can map it all.
    ///
    /// Never fails: a range that cannot be mapped fails at its access. Called at most
    /// twice per batch, first with the indirect tables, then with the buffers.
    fn declare(&self, _ranges: &[Range]) {}

    /// Whether the guest waits for its memory: it must be let go before the guest is told that its
    /// buffers are used. A device completes all that holds such memory before a batch ends.
    fn is_lent(&self) -> bool {
        true
    }

    /// Gives the guest what was written, where that takes a call of its own (memory that is
    /// copied, not mapped), and tells `lost` each piece that the guest cannot be given.
    ///
    /// Called when the device is done with the batch, and again when it has refused chains of which
    /// pieces were lost. The default has nothing to do.
    fn finish(&self, _lost: &mut dyn FnMut(GuestAddress, usize)) {}
}

/// Memory that is mapped for good has nothing to prepare.
impl Batch for GuestMemoryMmap<()> {
    fn is_lent(&self) -> bool {
        false
    }
}
