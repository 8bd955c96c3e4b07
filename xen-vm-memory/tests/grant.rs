// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grants that are mapped, against a simulated Xen.

use std::panic::{AssertUnwindSafe, catch_unwind};

use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, GuestMemory, Permissions};
use xen_hypercall::{DomId, Gfn, GrantRef};
use xen_ioctls::Protection;
use xen_ioctls::sim::{Call, Guest, NodeKind, Xen};
use xen_vm_memory::{Error, GRANT_BIT, GuestSpace, Policy};

const GUEST: DomId = DomId(3);
const HOST: DomId = DomId(0);
const RAM: u64 = 0x4000_0000;

fn machine() -> (Xen, Guest, GuestSpace) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(RAM, 8 << 20);
    let space = GuestSpace::grant_by(GUEST, xen.grants(), Policy::Map);
    xen.take_calls();
    (xen, guest, space)
}

/// Frame `n` of the guest's memory, and its guest-physical address.
fn frame(n: u64) -> Gfn {
    Gfn((RAM >> 12) + n)
}

fn address(grant: GrantRef, offset: u64) -> GuestAddress {
    GuestAddress(GRANT_BIT | (u64::from(grant.0) << 12) | offset)
}

fn ioctls(calls: &[Call]) -> Vec<&Call> {
    let is_mapping = |call: &&Call| {
        matches!(
            call,
            Call::MapGrants(_) | Call::Mmap { .. } | Call::Munmap { .. } | Call::UnmapGrants { .. }
        )
    };
    calls.iter().filter(is_mapping).collect()
}

#[test]
fn granted_memory_is_read_and_written() {
    let (_xen, guest, space) = machine();
    guest.write(RAM + 0x10, b"request");
    let grant = guest.grant(frame(0), HOST, true);

    let batch = space.memory();
    let mut read = [0; 7];
    batch.read_slice(&mut read, address(grant, 0x10)).unwrap();
    batch.write_slice(b"answer", address(grant, 0x800)).unwrap();

    assert_eq!(&read, b"request");
    let mut written = [0; 6];
    guest.read(RAM + 0x800, &mut written);
    assert_eq!(&written, b"answer");
}

#[test]
fn everything_is_unmapped_when_the_batch_ends() {
    let (_xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, true);

    let batch = space.memory();
    batch.write_obj(1u8, address(grant, 0)).unwrap();
    assert!(!guest.revoke(grant));
    drop(batch);

    assert_eq!(guest.mapped_grants(), 0);
    assert!(guest.revoke(grant));
}

#[test]
fn everything_is_unmapped_when_the_device_panics() {
    let (_xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, true);

    let device = || {
        let batch = space.memory();
        batch.write_obj(1u8, address(grant, 0)).unwrap();
        panic!("a defect of the device");
    };
    let result: Result<(), _> = catch_unwind(AssertUnwindSafe(device));

    assert!(result.is_err());
    assert!(guest.revoke(grant));
}

#[test]
fn declared_ranges_of_one_kind_cost_four_calls_in_all() {
    let (xen, guest, space) = machine();
    let grants: Vec<GrantRef> = (0..32).map(|n| guest.grant(frame(n), HOST, true)).collect();
    let ranges = grants
        .iter()
        .map(|grant| (address(*grant, 0), 4096, Permissions::Write));

    let batch = space.memory();
    batch.declare(ranges);
    for grant in &grants {
        batch.write_obj(7u32, address(*grant, 8)).unwrap();
    }
    drop(batch);

    let calls = xen.take_calls();
    let all = grants.iter().map(|grant| (GUEST, *grant)).collect();
    assert_eq!(
        ioctls(&calls),
        [
            &Call::MapGrants(all),
            &Call::Mmap {
                node: NodeKind::Grants,
                offset: 0,
                len: 32 << 12,
                protection: Protection::ReadWrite,
            },
            &Call::Munmap {
                node: NodeKind::Grants,
                len: 32 << 12,
            },
            &Call::UnmapGrants {
                index: 0,
                count: 32,
            },
        ]
    );
}

#[test]
fn a_page_used_twice_in_a_batch_is_mapped_once() {
    let (xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, true);

    let batch = space.memory();
    batch.write_obj(1u32, address(grant, 0)).unwrap();
    batch.write_obj(2u32, address(grant, 64)).unwrap();
    drop(batch);

    assert_eq!(ioctls(&xen.take_calls()).len(), 4);
}

#[test]
fn a_bad_reference_fails_alone() {
    let (_xen, guest, space) = machine();
    let good = [0, 1].map(|n| guest.grant(frame(n), HOST, true));
    let bad = GrantRef(5000);
    let ranges = [good[0], bad, good[1]].map(|r| (address(r, 0), 4096, Permissions::Write));

    let batch = space.memory();
    batch.declare(ranges.into_iter());

    assert!(batch.write_obj(1u8, address(good[0], 0)).is_ok());
    assert!(batch.write_obj(1u8, address(bad, 0)).is_err());
    assert!(batch.write_obj(1u8, address(good[1], 0)).is_ok());
    drop(batch);
    assert_eq!(guest.mapped_grants(), 0);
}

#[test]
fn a_freed_reference_and_one_of_another_domain_are_refused() {
    let (_xen, guest, space) = machine();
    let freed = guest.grant(frame(0), HOST, true);
    assert!(guest.revoke(freed));
    let foreign = guest.grant(frame(1), DomId(9), true);

    let batch = space.memory();

    // The freed one is the foreign one by now: entries are used again.
    assert_eq!(freed, foreign);
    assert!(batch.write_obj(1u8, address(foreign, 0)).is_err());
}

#[test]
fn a_grant_for_reading_is_mapped_for_reading() {
    let (xen, guest, space) = machine();
    guest.write(RAM, b"read me");
    let grant = guest.grant(frame(0), HOST, false);

    let mut read = [0; 7];
    space
        .memory()
        .read_slice(&mut read, address(grant, 0))
        .unwrap();

    assert_eq!(&read, b"read me");
    let calls = xen.take_calls();
    let writable = calls.iter().filter(|call| {
        matches!(
            call,
            Call::Mmap {
                protection: Protection::ReadWrite,
                ..
            }
        )
    });
    assert_eq!(writable.count(), 0);
}

#[test]
fn a_write_to_a_grant_for_reading_is_an_error() {
    let (_xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, false);

    let batch = space.memory();

    assert!(batch.write_obj(1u8, address(grant, 0)).is_err());
    assert!(batch.read_obj::<u8>(address(grant, 0)).is_ok());
}

#[test]
fn a_grant_of_a_frame_that_was_given_back_is_an_error() {
    let (_xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, true);
    guest.balloon_out(frame(0));

    assert!(space.memory().read_obj::<u8>(address(grant, 0)).is_err());
}

#[test]
fn a_buffer_over_several_pages_is_in_one_piece() {
    let (_xen, guest, space) = machine();
    let first = guest.grant(frame(4), HOST, true);
    let second = guest.grant(frame(2), HOST, true);
    assert_eq!(second.0, first.0 + 1);
    guest.write(RAM + (4 << 12) + 0xffe, b"ab");
    guest.write(RAM + (2 << 12), b"cd");

    let batch = space.memory();
    let slices = batch.get_slices(address(first, 0xffe), 4, Permissions::Read);
    let slices: Vec<_> = slices.unwrap().map(|slice| slice.unwrap().len()).collect();
    let mut read = [0; 4];
    batch.read_slice(&mut read, address(first, 0xffe)).unwrap();

    assert_eq!(slices, [4]);
    assert_eq!(&read, b"abcd");
}

#[test]
fn a_range_of_too_many_pages_is_refused_without_a_call() {
    let (xen, _guest, space) = machine();

    let batch = space.memory();
    let slices = batch.get_slices(GuestAddress(GRANT_BIT), 1 << 30, Permissions::Read);

    assert!(slices.unwrap().all(|slice| slice.is_err()));
    assert_eq!(xen.take_calls(), []);
}

#[test]
fn a_ring_is_pinned_once_and_serves_every_batch() {
    let (xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, true);

    let pin = space.pin(address(grant, 0x40), 0x200).unwrap();
    for n in 0..100u8 {
        space.memory().write_obj(n, address(grant, 0x40)).unwrap();
    }
    assert_eq!(ioctls(&xen.take_calls()).len(), 2);
    drop(pin);

    assert_eq!(ioctls(&xen.take_calls()).len(), 2);
    assert!(guest.revoke(grant));
    let mut last = [0];
    guest.read(RAM + 0x40, &mut last);
    assert_eq!(last, [99]);
}

#[test]
fn a_ring_of_bad_references_is_an_error_and_leaves_nothing() {
    let (_xen, guest, space) = machine();
    let grant = guest.grant(frame(0), HOST, true);

    let two_pages = space.pin(address(grant, 0), 2 << 12).unwrap_err();
    let no_grant = space.pin(GuestAddress(RAM), 16).unwrap_err();

    assert!(matches!(two_pages, Error::Map { .. }));
    assert!(matches!(no_grant, Error::Address { .. }));
    assert_eq!(guest.mapped_grants(), 0);
}

#[test]
fn a_thousand_batches_leave_no_announcement_behind() {
    let (xen, guest, space) = machine();
    let grants: Vec<GrantRef> = (0..8).map(|n| guest.grant(frame(n), HOST, true)).collect();

    for _ in 0..1000 {
        let batch = space.memory();
        for grant in &grants {
            batch.write_obj(1u8, address(*grant, 0)).unwrap();
        }
    }
    xen.take_calls();
    let _: u8 = space.memory().read_obj(address(grants[0], 0)).unwrap();

    // The lowest index is free again.
    let calls = xen.take_calls();
    let first = calls
        .iter()
        .any(|call| matches!(call, Call::Mmap { offset: 0, .. }));
    assert!(first);
    assert_eq!(guest.mapped_grants(), 0);
}
