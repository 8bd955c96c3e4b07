// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Pages of this process that stand in for pages of the guest.

// UNSAFE: the pages are shared with system calls and with slices, so they are allocated raw.
#![expect(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use xen_hypercall::PAGE_SIZE;

/// Pages that are allocated together.
const CHUNK: usize = 64;
/// Chunks that are kept for the next batch: 4 MiB.
const KEPT: usize = 16;
/// Attack: a guest that names as many pages as it can, all to be copied: one batch has 64 MiB of
/// them at most.
const MAX_CHUNKS: usize = 256;

const LAYOUT: Layout = match Layout::from_size_align(CHUNK * PAGE_SIZE, PAGE_SIZE) {
    Ok(layout) => layout,
    Err(_) => panic!("a chunk is small, and a page a power of two"),
};

/// Some pages side by side.
#[derive(Debug)]
struct Chunk(NonNull<u8>);

// SAFETY: the memory belongs to the chunk alone, and to no thread; who may access it is the
// business of the batch that takes its pages.
unsafe impl Send for Chunk {}

impl Chunk {
    fn new() -> Option<Self> {
        // SAFETY: the layout's size is not zero.
        NonNull::new(unsafe { alloc_zeroed(LAYOUT) }).map(Self)
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: `new` has allocated the memory with this layout, and nobody else frees it.
        unsafe { dealloc(self.0.as_ptr(), LAYOUT) }
    }
}

/// Pages for one batch at a time. They stay where they are until [`reset`](Self::reset).
#[derive(Debug, Default)]
pub(super) struct Bounce {
    chunks: Vec<Chunk>,
    used: usize,
}

impl Bounce {
    /// A page that the batch has not taken yet, mostly the one behind the last. Its contents are
    /// of an earlier batch of the same guest.
    pub fn take(&mut self) -> Option<*mut u8> {
        let (chunk, page) = (self.used / CHUNK, self.used % CHUNK);
        if chunk == self.chunks.len() {
            if chunk == MAX_CHUNKS {
                return None;
            }
            self.chunks.push(Chunk::new()?);
        }
        self.used += 1;
        let start = self.chunks[chunk].0.as_ptr();
        Some(start.wrapping_add(page * PAGE_SIZE))
    }

    /// Takes all pages back: nobody may use them any more.
    pub fn reset(&mut self) {
        self.used = 0;
        self.chunks.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_whole_aligned_and_each_a_different_one() {
        let mut bounce = Bounce::default();

        let pages: Vec<*mut u8> = (0..2 * CHUNK).map(|_| bounce.take().unwrap()).collect();
        for (n, page) in pages.iter().enumerate() {
            // SAFETY: the page is this test's alone.
            unsafe { page.write_bytes(u8::try_from(n).unwrap(), PAGE_SIZE) };
        }

        for (n, page) in pages.iter().enumerate() {
            assert!(page.addr().is_multiple_of(PAGE_SIZE));
            let last = page.wrapping_add(PAGE_SIZE - 1);
            // SAFETY: as above.
            assert_eq!(usize::from(unsafe { last.read() }), n);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "64 MiB take long")]
    fn a_batch_ends_somewhere_and_its_pages_serve_the_next() {
        let mut bounce = Bounce::default();
        let first = bounce.take();

        let mut taken = 1;
        while bounce.take().is_some() {
            taken += 1;
        }
        bounce.reset();

        assert_eq!(taken, MAX_CHUNKS * CHUNK);
        assert_eq!(bounce.chunks.len(), KEPT);
        assert_eq!(bounce.take(), first);
    }
}
