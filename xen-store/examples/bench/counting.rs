// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: an allocator that counts is an allocator.
#![expect(unsafe_code)]

//! Counts allocations, and remembers the largest.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

struct Counting;

static COUNT: AtomicU32 = AtomicU32::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn note(size: usize) {
    COUNT.fetch_add(1, Ordering::Relaxed);
    LARGEST.fetch_max(size, Ordering::Relaxed);
}

// SAFETY: every method passes its arguments on to `System` and returns what it returns; counting
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `System`, through the methods above, with `layout`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as for `dealloc`; the caller keeps the contract for `size`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[allow(
    dead_code,
    reason = "the benchmark counts, the test looks at the largest"
)]
/// Allocations of the process so far.
pub fn allocations() -> u32 {
    COUNT.load(Ordering::Relaxed)
}

#[allow(
    dead_code,
    reason = "the benchmark counts, the test looks at the largest"
)]
/// The size of the largest allocation since this was called before.
pub fn take_largest() -> usize {
    LARGEST.swap(0, Ordering::Relaxed)
}
