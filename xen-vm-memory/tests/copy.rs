// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grants that are copied, and how many calls a batch takes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, Permissions};
use xen_hypercall::{DomId, Gfn, GrantRef};
use xen_ioctls::sim::{Call, Guest, Xen};
use xen_vm_memory::{COPY_IN_MAX, COPY_OUT_MAX, GRANT_BIT, GuestSpace, Policy, Usage};

const GUEST: DomId = DomId(3);
const HOST: DomId = DomId(0);
const RAM: u64 = 0x4000_0000;
const READ: Permissions = Permissions::Read;
const WRITE: Permissions = Permissions::Write;

fn machine(policy: Policy) -> (Xen, Guest, GuestSpace) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(RAM, 8 << 20);
    let space = GuestSpace::grant_by(GUEST, xen.grants(), policy);
    xen.take_calls();
    (xen, guest, space)
}

fn frame(n: u64) -> Gfn {
    Gfn((RAM >> 12) + n)
}

fn address(grant: GrantRef, offset: u64) -> GuestAddress {
    GuestAddress(GRANT_BIT | (u64::from(grant.0) << 12) | offset)
}

/// System calls that map or unmap, and that copy.
fn calls(xen: &Xen) -> (usize, usize) {
    let calls = xen.take_calls();
    let copies = calls.iter().filter(|c| matches!(c, Call::CopyGrants(_)));
    let copies = copies.count();
    (calls.len() - copies, copies)
}

/// What `finish` says is lost.
fn lost(
    space: &GuestSpace,
    work: impl FnOnce(&xen_vm_memory::Batch),
) -> Vec<(GuestAddress, usize)> {
    let batch = space.memory();
    work(&batch);
    let mut lost = Vec::new();
    batch.finish(&mut |addr, len| lost.push((addr, len)));
    lost
}

/// A chain as block devices have it: header, data, status, each in pages of its own.
fn block_request(guest: &Guest, n: u64, data: u64) -> [(GuestAddress, usize, Permissions); 3] {
    let first = n * (data + 2);
    let header = guest.grant(frame(first), HOST, false);
    let pages: Vec<_> = (0..data)
        .map(|page| guest.grant(frame(first + 1 + page), HOST, true))
        .collect();
    let status = guest.grant(frame(first + 1 + data), HOST, true);
    let len = usize::try_from(data).unwrap() * 4096;
    [
        (address(header, 16), 16, READ),
        (address(pages[0], 0), len, WRITE),
        (address(status, 32), 1, WRITE),
    ]
}

/// Serves `depth` requests as a queue does, and counts.
fn serve(policy: Policy, depth: u64, pages: u64, indirect: bool) -> (usize, usize) {
    let (xen, guest, space) = machine(policy);
    let chains: Vec<_> = (0..depth)
        .flat_map(|n| block_request(&guest, n, pages))
        .collect();
    let table = guest.grant(frame(2000), HOST, false);
    let batch = space.memory();
    if indirect {
        let tables = (0..depth).map(|n| (address(table, 48 * n), 48, READ));
        batch.declare(tables.clone());
        tables.for_each(|(addr, len, _)| batch.read_slice(&mut vec![0; len], addr).unwrap());
    }
    batch.declare(chains.iter().copied());
    for (addr, len, access) in &chains {
        match access {
            Permissions::Read => batch.read_slice(&mut vec![0; *len], *addr).unwrap(),
            _ => batch.write_slice(&vec![1; *len], *addr).unwrap(),
        }
    }
    batch.finish(&mut |_, _| panic!("nothing is lost"));
    drop(batch);
    assert_eq!(guest.mapped_grants(), 0);
    calls(&xen)
}

#[test]
fn a_copied_batch_takes_two_calls() {
    assert_eq!(serve(Policy::Copy, 1, 1, false), (0, 2));
    assert_eq!(serve(Policy::Copy, 32, 1, false), (0, 2));
    assert_eq!(serve(Policy::Copy, 32, 16, false), (0, 2));
}

#[test]
fn indirect_tables_take_one_call_more() {
    assert_eq!(serve(Policy::Copy, 1, 1, true), (0, 3));
    assert_eq!(serve(Policy::Copy, 32, 16, true), (0, 3));
}

#[test]
fn a_batch_with_large_ranges_takes_four_mapping_calls() {
    assert_eq!(serve(Policy::Auto, 1, 17, false), (4, 2));
    assert_eq!(serve(Policy::Auto, 32, 17, false), (4, 2));
    assert_eq!(serve(Policy::Auto, 32, 17, true), (4, 3));
}

#[test]
fn forced_mapping_takes_four_calls_for_each_kind_of_access() {
    assert_eq!(serve(Policy::Map, 32, 16, false), (8, 0));
    assert_eq!(serve(Policy::Map, 32, 16, true), (12, 0));
}

#[test]
fn small_ranges_are_copied_and_large_ones_are_mapped() {
    let (_xen, guest, space) = machine(Policy::Auto);
    let grants: Vec<_> = (0..80).map(|n| guest.grant(frame(n), HOST, true)).collect();

    let batch = space.memory();
    batch.declare(
        [
            (address(grants[0], 0), COPY_IN_MAX, READ),
            (address(grants[20], 0), COPY_OUT_MAX, WRITE),
            (address(grants[40], 0), COPY_OUT_MAX + 1, WRITE),
            (address(grants[60], 0), COPY_IN_MAX + 1, READ),
        ]
        .into_iter(),
    );

    let mapped = [0, 20, 40, 60].map(|n| guest.mappings_of(grants[n]));
    assert_eq!(mapped, [0, 0, 1, 1]);
}

#[test]
fn what_is_copied_never_blocks_the_guest() {
    let (_xen, guest, space) = machine(Policy::Copy);
    let grant = guest.grant(frame(0), HOST, true);

    let batch = space.memory();
    batch.write_slice(b"answer", address(grant, 0)).unwrap();

    assert_eq!(guest.mapped_grants(), 0);
    drop(batch);
    let mut written = [0; 6];
    guest.read(RAM, &mut written);
    assert_eq!(&written, b"answer");
}

#[test]
fn bytes_that_the_device_leaves_alone_stay() {
    let (_xen, guest, space) = machine(Policy::Copy);
    guest.write(RAM, b"0123456789");
    let grant = guest.grant(frame(0), HOST, true);

    let batch = space.memory();
    let both = Permissions::ReadWrite;
    batch.declare([(address(grant, 2), 6, both)].into_iter());
    batch.write_slice(b"ab", address(grant, 4)).unwrap();
    // The guest goes on with the bytes around it.
    guest.write(RAM, b"XY");
    guest.write(RAM + 8, b"Z");
    drop(batch);

    let mut memory = [0; 10];
    guest.read(RAM, &mut memory);
    assert_eq!(&memory, b"XY23ab67Z9");
}

#[test]
fn what_is_to_be_written_and_is_not_is_no_leftover() {
    let (_xen, guest, space) = machine(Policy::Copy);
    let secret = guest.grant(frame(0), HOST, true);
    let grant = guest.grant(frame(1), HOST, true);
    guest.write(RAM, b"secret");
    space.memory().read_obj::<u64>(address(secret, 0)).unwrap();

    let batch = space.memory();
    batch.declare([(address(grant, 0), 6, WRITE)].into_iter());
    batch.write_slice(b"ab", address(grant, 0)).unwrap();
    drop(batch);

    let mut memory = [0; 7];
    guest.read(RAM + 4096, &mut memory);
    assert_eq!(&memory, b"ab\xff\xff\xff\xff\0");
}

#[test]
fn ranges_that_share_bytes_see_each_other() {
    let (_xen, guest, space) = machine(Policy::Copy);
    guest.write(RAM, b"question");
    let grant = guest.grant(frame(0), HOST, true);
    let ranges = [
        (address(grant, 0), 8, READ),
        (address(grant, 4), 8, WRITE),
        (address(grant, 6), 8, WRITE),
    ];

    let batch = space.memory();
    batch.declare(ranges.into_iter());
    batch.write_slice(b"ANSWER", ranges[1].0).unwrap();
    let mut read = [0; 8];
    batch.read_slice(&mut read, ranges[0].0).unwrap();
    drop(batch);

    assert_eq!(&read, b"quesANSW");
    let mut memory = [0; 10];
    guest.read(RAM, &mut memory);
    assert_eq!(&memory, b"quesANSWER");
}

#[test]
fn a_write_to_a_grant_for_reading_is_lost_and_told() {
    let (_xen, guest, space) = machine(Policy::Copy);
    guest.write(RAM, b"constant");
    let read_only = guest.grant(frame(0), HOST, false);
    let good = guest.grant(frame(1), HOST, true);

    let lost = lost(&space, |batch| {
        batch.write_slice(b"bad", address(read_only, 1)).unwrap();
        batch.write_slice(b"good", address(good, 0)).unwrap();
    });

    assert_eq!(lost, [(address(read_only, 1), 3)]);
    assert_eq!(space.usage().undelivered, 1);
    let mut memory = [0; 8];
    guest.read(RAM, &mut memory);
    assert_eq!(&memory, b"constant");
    let mut written = [0; 4];
    guest.read(RAM + 4096, &mut written);
    assert_eq!(&written, b"good");
}

#[test]
fn a_grant_that_ends_before_the_answer_loses_it() {
    let (_xen, guest, space) = machine(Policy::Auto);
    let grant = guest.grant(frame(0), HOST, true);

    let lost = lost(&space, |batch| {
        batch.write_slice(b"late", address(grant, 0)).unwrap();
        assert!(guest.revoke(grant));
    });

    assert_eq!(lost, [(address(grant, 0), 4)]);
}

#[test]
fn an_answer_that_nobody_finishes_is_counted_when_it_is_lost() {
    let (_xen, guest, space) = machine(Policy::Auto);
    let grant = guest.grant(frame(0), HOST, false);

    let batch = space.memory();
    batch.write_slice(b"late", address(grant, 0)).unwrap();
    drop(batch);

    assert_eq!(space.usage().undelivered, 1);
}

#[test]
fn bad_references_fail_alone_in_every_policy() {
    for policy in [Policy::Auto, Policy::Map, Policy::Copy] {
        let (xen, guest, space) = machine(policy);
        let good = [0, 1].map(|n| guest.grant(frame(n), HOST, true));
        let foreign = guest.grant(frame(2), DomId(9), true);
        let ballooned = guest.grant(frame(3), HOST, true);
        guest.balloon_out(frame(3));
        let bad = [
            foreign,
            ballooned,
            GrantRef(0),
            GrantRef(7),
            GrantRef(u32::MAX),
        ];
        let all = [good[0]].into_iter().chain(bad).chain([good[1]]);

        let batch = space.memory();
        batch.declare(all.map(|grant| (address(grant, 0), 4096, WRITE)));

        for grant in good {
            let access = batch.write_slice(&[1; 4096], address(grant, 0));
            assert!(access.is_ok(), "{policy:?} {grant:?}");
        }
        // Of what is only written to, it shows when it is copied.
        let refused = bad.map(|grant| {
            let access = batch.write_slice(&[1; 4096], address(grant, 0));
            access.is_err().then(|| address(grant, 0))
        });
        let mut failed: Vec<_> = refused.into_iter().flatten().collect();
        batch.finish(&mut |addr, _| failed.push(addr));
        assert_eq!(failed, bad.map(|grant| address(grant, 0)), "{policy:?}");
        drop(batch);
        assert_eq!(guest.mapped_grants(), 0);
        xen.take_calls();
    }
}

#[test]
fn large_ranges_with_a_bad_reference_among_them_are_copied() {
    let (xen, guest, space) = machine(Policy::Auto);
    let good: Vec<_> = (0..40).map(|n| guest.grant(frame(n), HOST, true)).collect();
    let large = COPY_OUT_MAX + 1;
    let all = [good[0], good[20], GrantRef(5000)];

    let batch = space.memory();
    batch.declare(all.iter().map(|grant| (address(*grant, 0), large, WRITE)));
    for grant in &all[..2] {
        batch
            .write_slice(&vec![1; large], address(*grant, 0))
            .unwrap();
    }
    let mut lost = Vec::new();
    batch.finish(&mut |addr, _| lost.push(addr));
    drop(batch);

    assert_eq!(lost.len(), large.div_ceil(4096));
    assert_eq!(lost[0], address(GrantRef(5000), 0));
    // Announced, refused, given back; copied out.
    assert_eq!(calls(&xen), (3, 1));
}

#[test]
fn counters_say_what_was_done() {
    let (_xen, guest, space) = machine(Policy::Auto);
    let requests: Vec<_> = (0..4).flat_map(|n| block_request(&guest, n, 17)).collect();

    let batch = space.memory();
    batch.declare(requests.iter().copied());
    batch.read_slice(&mut [0; 16], requests[0].0).unwrap();
    drop(batch);

    let expected = Usage {
        maps: 1,
        pages: 4 * 17,
        unmaps: 1,
        copies: 2,
        bytes_in: 4 * 16,
        bytes_out: 4,
        hits: 1,
        ..Usage::default()
    };
    assert_eq!(space.usage(), expected);
}
