// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Batches of requests on the simulated Xen, and a count of what they allocate.

// UNSAFE: an allocator that counts.
#![expect(unsafe_code)]
#![allow(missing_docs, dead_code, reason = "for a test and a benchmark")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, Permissions};
use xen_hypercall::{DomId, Gfn, GrantRef};
use xen_ioctls::sim::{self, Xen};
use xen_vm_memory::{GRANT_BIT, GuestSpace, Policy};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

impl Counting {
    /// Counts for this thread, but for what the simulated kernel does.
    fn count() {
        if !sim::is_running() {
            ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        }
    }
}

// SAFETY: everything is the system's allocator, and a count.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::count();
        // SAFETY: as the caller says.
        unsafe { System.realloc(start, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread so far.
pub fn allocations() -> usize {
    ALLOCATIONS.get()
}

pub const GUEST: DomId = DomId(1);
const RAM: u64 = 0x4000_0000;
/// Pages of guest memory that requests may use.
const PAGES: u32 = 1024;

/// Ways to reach memory.
pub const WAYS: [Way; 4] = [
    Way::Foreign,
    Way::Grant(Policy::Auto),
    Way::Grant(Policy::Map),
    Way::Grant(Policy::Copy),
];

/// How a guest's memory is reached.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Foreign,
    Grant(Policy),
}

/// A guest, its memory, and where that begins.
#[derive(Debug)]
pub struct Bench {
    space: GuestSpace,
    base: u64,
    bytes: Vec<u8>,
    _xen: Xen,
}

/// Requests as Linux' virtio-blk makes them, each with an indirect table.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub len: usize,
    pub depth: u32,
}

impl Bench {
    pub fn new(way: Way) -> Self {
        let xen = Xen::new();
        let guest = xen.create_domain(GUEST, 1);
        guest.add_memory(RAM, u64::from(PAGES) << 12);
        let frames = (RAM >> 12..).take(PAGES as usize);
        let all: Vec<GrantRef> = frames
            .map(|frame| guest.grant(Gfn(frame), DomId(0), true))
            .collect();
        xen.record_calls(false);
        let (space, base) = match way {
            Way::Foreign => (GuestSpace::foreign(GUEST, xen.privcmd()), RAM),
            Way::Grant(policy) => (
                GuestSpace::grant_by(GUEST, xen.grants(), policy),
                GRANT_BIT | (u64::from(all[0].0) << 12),
            ),
        };
        Self {
            space,
            base,
            bytes: vec![0; 1 << 17],
            _xen: xen,
        }
    }

    /// Serves one batch, as the queue loop does.
    pub fn serve(&mut self, shape: Shape) {
        let Self {
            space, base, bytes, ..
        } = self;
        let Shape { len, depth } = shape;
        let data = u32::try_from(len.div_ceil(4096)).unwrap();
        let at = |page: u32, offset: u64| GuestAddress(*base + (u64::from(page) << 12) + offset);
        let tables = (0..depth).map(|n| (at(n, 0), 48, Permissions::Read));
        let buffers = (0..depth).flat_map(|n| {
            [
                (at(depth + n, 16), 16, Permissions::Read),
                (at(3 * depth + data * n, 0), len, Permissions::Write),
                (at(2 * depth + n, 32), 1, Permissions::Write),
            ]
        });
        let batch = space.memory();
        batch.declare(tables.clone());
        for (addr, len, _) in tables {
            batch.read_slice(&mut bytes[..len], addr).unwrap();
        }
        batch.declare(buffers.clone());
        for (addr, len, access) in buffers {
            match access {
                Permissions::Read => batch.read_slice(&mut bytes[..len], addr).unwrap(),
                _ => batch.write_slice(&bytes[..len], addr).unwrap(),
            }
        }
        batch.finish(&mut |_, _| panic!("nothing is lost"));
    }
}
