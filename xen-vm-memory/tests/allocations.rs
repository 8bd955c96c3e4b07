// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Batches allocate nothing once they have run a few times.

// UNSAFE: an allocator that counts.
#![expect(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

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

const GUEST: DomId = DomId(1);
const RAM: u64 = 0x4000_0000;
const CHAINS: u32 = 32;

/// Allocations of `rounds` batches of 32 chains, each of a table, a header, data and a status.
fn allocations(space: &GuestSpace, base: u64, rounds: usize) -> usize {
    let at = |page: u32, offset: u64| GuestAddress(base + (u64::from(page) << 12) + offset);
    let tables = (0..CHAINS).map(|n| (at(n, 0), 48, Permissions::Read));
    let buffers = (0..CHAINS).flat_map(|n| {
        [
            (at(CHAINS + n, 16), 16, Permissions::Read),
            (
                at(3 * CHAINS + 18 * n, 0),
                4096 * (1 + 16 * (n as usize % 2)) + 1,
                Permissions::Write,
            ),
            (at(2 * CHAINS + n, 32), 1, Permissions::Write),
        ]
    });
    let mut bytes = vec![0; 18 << 12];
    let before = ALLOCATIONS.get();
    for _ in 0..rounds {
        let batch = space.memory();
        batch.declare(tables.clone());
        for (addr, len, _) in tables.clone() {
            batch.read_slice(&mut bytes[..len], addr).unwrap();
        }
        batch.declare(buffers.clone());
        for (addr, len, access) in buffers.clone() {
            match access {
                Permissions::Read => batch.read_slice(&mut bytes[..len], addr).unwrap(),
                _ => batch.write_slice(&bytes[..len], addr).unwrap(),
            }
        }
        batch.finish(&mut |_, _| panic!("nothing is lost"));
        drop(batch);
    }
    ALLOCATIONS.get() - before
}

fn after_warm_up(space: impl FnOnce(&Xen) -> GuestSpace, grants: bool) -> usize {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(RAM, 8 << 20);
    let frames = (RAM >> 12)..(RAM >> 12) + 21 * u64::from(CHAINS);
    let all: Vec<GrantRef> = frames
        .map(|frame| guest.grant(Gfn(frame), DomId(0), true))
        .collect();
    xen.record_calls(false);
    let space = space(&xen);
    let base = match grants {
        true => GRANT_BIT | (u64::from(all[0].0) << 12),
        false => RAM,
    };
    assert!(allocations(&space, base, 2) > 0, "the count works");
    allocations(&space, base, 50)
}

#[test]
fn foreign_memory_allocates_nothing() {
    let space = |xen: &Xen| GuestSpace::foreign(GUEST, xen.privcmd());
    assert_eq!(after_warm_up(space, false), 0);
}

#[test]
fn mapped_grants_allocate_nothing() {
    let space = |xen: &Xen| GuestSpace::grant_by(GUEST, xen.grants(), Policy::Map);
    assert_eq!(after_warm_up(space, true), 0);
}

#[test]
fn copied_grants_allocate_nothing() {
    let space = |xen: &Xen| GuestSpace::grant_by(GUEST, xen.grants(), Policy::Copy);
    assert_eq!(after_warm_up(space, true), 0);
}

#[test]
fn grants_allocate_nothing() {
    let space = |xen: &Xen| GuestSpace::grant(GUEST, xen.grants());
    assert_eq!(after_warm_up(space, true), 0);
}
