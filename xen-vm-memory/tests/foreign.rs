// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guest-physical addresses against a simulated Xen.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use vm_memory::{Bytes, GuestAddress, GuestAddressSpace};
use xen_hypercall::{DomId, Gfn};
use xen_ioctls::sim::{Call, Guest, Xen};
use xen_vm_memory::{Error, GRANT_BIT, GuestSpace};

const GUEST: DomId = DomId(3);
const RAM: u64 = 0x4000_0000;
const BUCKET: u64 = 2 << 20;
const PAGE: u64 = 4096;

/// A guest with 8 MiB at 1 GiB, and a second bank at 8 GiB.
fn machine() -> (Xen, Guest, GuestSpace) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(RAM, 8 << 20);
    guest.add_memory(8 << 30, 2 << 20);
    let privcmd = xen.privcmd();
    privcmd.restrict(GUEST).unwrap();
    let space = GuestSpace::foreign(GUEST, privcmd);
    xen.take_calls();
    (xen, guest, space)
}

/// Mappings since this was asked last, but for the single pages that are tried first.
fn mappings(xen: &Xen) -> usize {
    let calls = xen.take_calls();
    let mapped = calls
        .iter()
        .filter(|call| matches!(call, Call::MapFrames { frames, .. } if frames.len() > 1));
    mapped.count()
}

fn unmappings(xen: &Xen) -> usize {
    let calls = xen.take_calls();
    let unmapped = calls
        .iter()
        .filter(|call| matches!(call, Call::Munmap { len, .. } if *len > 4096));
    unmapped.count()
}

#[test]
fn what_the_guest_writes_is_read_and_the_other_way_round() {
    let (_xen, guest, space) = machine();
    guest.write(RAM + 0xffe, b"over a page");

    let batch = space.memory();
    let mut read = [0; 11];
    batch
        .read_slice(&mut read, GuestAddress(RAM + 0xffe))
        .unwrap();
    batch
        .write_slice(b"back", GuestAddress((8 << 30) + 5))
        .unwrap();

    assert_eq!(&read, b"over a page");
    let mut written = [0; 4];
    guest.read((8 << 30) + 5, &mut written);
    assert_eq!(&written, b"back");
}

#[test]
fn a_bucket_is_mapped_once_for_all_batches() {
    let (xen, _guest, space) = machine();

    for n in 0..100 {
        let _: u32 = space
            .memory()
            .read_obj(GuestAddress(RAM + n * PAGE))
            .unwrap();
    }

    assert_eq!(mappings(&xen), 1);
}

#[test]
fn an_access_over_the_edge_of_buckets_maps_both() {
    let (xen, guest, space) = machine();
    guest.write(RAM + BUCKET - 2, b"edge");

    let mut read = [0; 4];
    space
        .memory()
        .read_slice(&mut read, GuestAddress(RAM + BUCKET - 2))
        .unwrap();

    assert_eq!(&read, b"edge");
    assert_eq!(mappings(&xen), 2);
}

#[test]
fn a_hole_fails_the_access_that_touches_it_and_no_other() {
    let (_xen, guest, space) = machine();
    guest.balloon_out(Gfn(RAM / PAGE + 1));

    let batch = space.memory();
    let before = batch.read_obj::<u64>(GuestAddress(RAM + PAGE - 8));
    let into = batch.read_obj::<u64>(GuestAddress(RAM + PAGE - 4));
    let inside = batch.read_obj::<u64>(GuestAddress(RAM + PAGE));
    let behind = batch.read_obj::<u64>(GuestAddress(RAM + 2 * PAGE));

    assert!(before.is_ok());
    assert!(into.is_err());
    assert!(inside.is_err());
    assert!(behind.is_ok());
}

#[test]
fn addresses_without_memory_are_errors() {
    let (_xen, _guest, space) = machine();

    let batch = space.memory();

    assert!(batch.read_obj::<u8>(GuestAddress(0)).is_err());
    assert!(batch.read_obj::<u8>(GuestAddress(u64::MAX >> 1)).is_err());
    assert!(batch.read_obj::<u8>(GuestAddress(GRANT_BIT)).is_err());
    assert!(batch.read_obj::<u64>(GuestAddress(u64::MAX - 3)).is_err());
}

#[test]
fn an_invalidation_lets_the_next_batch_see_new_memory() {
    let (_xen, guest, space) = machine();
    guest.write(RAM, b"old");
    let mut read = [0; 3];
    space
        .memory()
        .read_slice(&mut read, GuestAddress(RAM))
        .unwrap();

    guest.balloon_out(Gfn(RAM / PAGE));
    guest.balloon_in(Gfn(RAM / PAGE));
    guest.write(RAM, b"new");
    space.invalidate();
    space
        .memory()
        .read_slice(&mut read, GuestAddress(RAM))
        .unwrap();

    assert_eq!(&read, b"new");
}

#[test]
fn an_invalidation_takes_nothing_from_a_batch_under_way() {
    let (xen, guest, space) = machine();
    guest.write(RAM, b"old");
    let batch = space.memory();
    let mut read = [0; 3];
    batch.read_slice(&mut read, GuestAddress(RAM)).unwrap();

    guest.balloon_out(Gfn(RAM / PAGE));
    space.invalidate();
    assert_eq!(unmappings(&xen), 0);
    batch.read_slice(&mut read, GuestAddress(RAM)).unwrap();
    drop(batch);

    assert_eq!(&read, b"old");
    assert_eq!(unmappings(&xen), 1);
    let gone = space.memory().read_obj::<u8>(GuestAddress(RAM));
    assert!(gone.is_err());
}

#[test]
fn a_pin_serves_batches_without_a_bucket() {
    let (xen, guest, space) = machine();
    guest.write(RAM + 0x123, b"ring");

    let pin = space.pin(GuestAddress(RAM + 0x100), 3 << 12).unwrap();
    let mut read = [0; 4];
    space
        .memory()
        .read_slice(&mut read, GuestAddress(RAM + 0x123))
        .unwrap();
    assert_eq!(mappings(&xen), 1);
    drop(pin);

    assert_eq!(&read, b"ring");
    assert_eq!(unmappings(&xen), 1);
}

#[test]
fn a_pin_outlives_an_invalidation_and_its_batches_outlive_the_pin() {
    let (_xen, guest, space) = machine();
    let pin = space.pin(GuestAddress(RAM), 16).unwrap();
    let batch = space.memory();

    space.invalidate();
    drop(pin);
    batch.write_slice(b"used", GuestAddress(RAM)).unwrap();

    let mut written = [0; 4];
    guest.read(RAM, &mut written);
    assert_eq!(&written, b"used");
}

#[test]
fn a_ring_in_a_hole_cannot_be_pinned() {
    let (xen, guest, space) = machine();
    guest.balloon_out(Gfn(RAM / PAGE + 1));

    let error = space.pin(GuestAddress(RAM), 2 << 12).unwrap_err();

    assert!(matches!(error, Error::Hole { .. }));
    assert_eq!(unmappings(&xen), 1);
}

#[test]
fn a_grant_is_no_address_of_a_foreign_ring() {
    let (_xen, _guest, space) = machine();

    let error = space.pin(GuestAddress(GRANT_BIT | RAM), 16).unwrap_err();

    assert!(matches!(error, Error::Address { .. }));
}

#[test]
fn memory_of_a_vanished_domain_is_an_error() {
    let (_xen, guest, space) = machine();

    guest.destroy();

    assert!(space.memory().read_obj::<u8>(GuestAddress(RAM)).is_err());
    assert!(space.pin(GuestAddress(RAM), 16).is_err());
}

/// A guest with 16 MiB at 1 GiB, of which 4 MiB stay mapped.
fn tight_machine() -> (Xen, Guest, GuestSpace) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(RAM, 16 << 20);
    let space = GuestSpace::foreign_within(GUEST, xen.privcmd(), 4 << 20);
    xen.take_calls();
    (xen, guest, space)
}

fn touch(space: &GuestSpace, bucket: u64) {
    let addr = GuestAddress(RAM + bucket * BUCKET);
    space.memory().read_obj::<u64>(addr).unwrap();
}

#[test]
fn the_budget_holds_and_the_least_recently_used_bucket_goes() {
    let (xen, _guest, space) = tight_machine();

    for bucket in [0, 1, 0, 2] {
        touch(&space, bucket);
    }
    xen.take_calls();
    touch(&space, 0);
    touch(&space, 2);
    assert_eq!(mappings(&xen), 0);
    touch(&space, 1);
    assert_eq!(mappings(&xen), 1);

    assert_eq!(space.usage().evictions, 2);
    let usage = space.usage();
    let single_pages = 4;
    assert_eq!(usage.maps - usage.unmaps, 2, "{usage:?}");
    assert_eq!(usage.pages, 4 * 512 + single_pages);
}

#[test]
fn a_batch_beyond_the_budget_maps_single_pages_and_loses_nothing() {
    let (xen, guest, space) = tight_machine();
    let batch = space.memory();

    for bucket in 0..8 {
        let addr = GuestAddress(RAM + bucket * BUCKET + 5);
        batch.write_obj(bucket, addr).unwrap();
    }
    for bucket in 0..8 {
        let addr = GuestAddress(RAM + bucket * BUCKET + 5);
        assert_eq!(batch.read_obj::<u64>(addr).unwrap(), bucket);
    }
    assert_eq!(mappings(&xen), 2);
    drop(batch);

    let mut written = [0; 8];
    guest.read(RAM + 7 * BUCKET + 5, &mut written);
    assert_eq!(u64::from_ne_bytes(written), 7);
    let usage = space.usage();
    assert_eq!(usage.maps - usage.unmaps, 2, "{usage:?}");
}

#[test]
fn an_eviction_takes_nothing_from_a_batch_under_way() {
    let (_xen, guest, space) = tight_machine();
    let batch = space.memory();
    batch.read_obj::<u8>(GuestAddress(RAM)).unwrap();

    for bucket in 1..8 {
        touch(&space, bucket);
    }
    batch.write_slice(b"held", GuestAddress(RAM)).unwrap();

    let mut written = [0; 4];
    guest.read(RAM, &mut written);
    assert_eq!(&written, b"held");
}

#[test]
fn a_hole_that_becomes_memory_is_found_without_an_invalidation() {
    let (_xen, guest, space) = machine();
    let hole = GuestAddress(RAM + PAGE);
    guest.balloon_out(Gfn(RAM / PAGE + 1));
    touch(&space, 0);
    assert!(space.memory().read_obj::<u8>(hole).is_err());

    guest.balloon_in(Gfn(RAM / PAGE + 1));
    space.memory().write_slice(b"new", hole).unwrap();

    let mut written = [0; 3];
    guest.read(RAM + PAGE, &mut written);
    assert_eq!(&written, b"new");
}

#[test]
fn probing_for_memory_is_bounded_in_each_batch() {
    let (xen, _guest, space) = machine();
    touch(&space, 0);
    xen.take_calls();

    let batch = space.memory();
    for n in 0..10_000 {
        assert!(
            batch.read_obj::<u8>(GuestAddress(n * BUCKET / 4)).is_err() || n * BUCKET / 4 >= RAM
        );
    }
    let probes = xen.take_calls().len();

    assert!(probes <= 3 * 64 + 12, "{probes} calls");
    assert!(batch.read_obj::<u8>(GuestAddress(RAM + 9)).is_ok());
}

#[test]
fn memory_ballooned_while_it_is_read_raises_no_signal() {
    let (_xen, guest, space) = machine();
    let reader = space.clone();

    let reading = std::thread::spawn(move || {
        let read = |_| reader.memory().read_obj::<u64>(GuestAddress(RAM)).is_ok();
        (0..20_000).filter(|n| read(*n)).count()
    });
    for _ in 0..50 {
        guest.balloon_out(Gfn(RAM / PAGE));
        space.invalidate();
        guest.balloon_in(Gfn(RAM / PAGE));
        space.invalidate();
    }

    reading.join().unwrap();
    assert!(space.memory().read_obj::<u64>(GuestAddress(RAM)).is_ok());
}
