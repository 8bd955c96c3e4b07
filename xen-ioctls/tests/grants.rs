// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grants from both sides, on the simulated Xen.

#![cfg(feature = "sim")]
// UNSAFE: mapped memory is touched.
#![expect(unsafe_code)]

use std::time::Duration;

use xen_hypercall::{DomId, Gfn, GrantRef};
use xen_ioctls::sim::{Call, Guest, Xen};
use xen_ioctls::{DmaBufFlags, Mapping, Protection, Segment};

const HOST: DomId = DomId(0);
const GUEST: DomId = DomId(1);

fn machine() -> (Xen, Guest) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(0, 1 << 20);
    (xen, guest)
}

fn store(mapping: &Mapping, offset: usize, value: u8) {
    assert!(offset < mapping.len());
    // SAFETY: the byte is in the mapping, which is borrowed, and writable.
    unsafe { mapping.as_ptr().wrapping_add(offset).write_volatile(value) };
}

fn load(mapping: &Mapping, offset: usize) -> u8 {
    assert!(offset < mapping.len());
    // SAFETY: the byte is in the mapping, which is borrowed.
    unsafe { mapping.as_ptr().wrapping_add(offset).read_volatile() }
}

#[test]
fn segments_are_copied_in_one_call_and_fail_alone() {
    let (xen, guest) = machine();
    guest.write(0x100, b"from the guest");
    let readable = guest.grant(Gfn(0), HOST, false);
    let writable = guest.grant(Gfn(1), HOST, true);
    let (mut first, mut second) = ([0u8; 14], [0u8; 4]);
    xen.take_calls();
    let grants = xen.grants();

    let mut segments = [
        Segment::read(GUEST, readable, 0x100, &mut first).unwrap(),
        Segment::read(GUEST, GrantRef(99), 0, &mut second).unwrap(),
        Segment::write(GUEST, writable, 0xffc, b"back").unwrap(),
        Segment::write(GUEST, readable, 0, b"no").unwrap(),
    ];
    grants.copy(&mut segments).unwrap();

    let status = segments
        .each_ref()
        .map(|s| s.status().err().map(|status| status.0));
    assert_eq!(status, [None, Some(-3), None, Some(-1)]);
    assert_eq!(&first, b"from the guest");
    let mut written = [0; 4];
    guest.read(0x1ffc, &mut written);
    assert_eq!(&written, b"back");
    assert_eq!(xen.take_calls().last(), Some(&Call::CopyGrants(4)));
}

#[test]
fn a_segment_over_the_end_of_a_page_cannot_be_made() {
    let mut memory = [0; 8];

    assert!(Segment::read(GUEST, GrantRef(8), 4092, &mut memory).is_none());
    assert!(Segment::write(GUEST, GrantRef(8), usize::MAX, &memory).is_none());
    assert!(Segment::write(GUEST, GrantRef(8), 4088, &memory).is_some());
}

#[test]
fn copying_leaves_nothing_mapped() {
    let (xen, guest) = machine();
    let grant = guest.grant(Gfn(0), HOST, true);
    let mut memory = [0; 8];

    let mut segments = [Segment::read(GUEST, grant, 0, &mut memory).unwrap()];
    xen.grants().copy(&mut segments).unwrap();

    assert!(guest.revoke(grant));
}

#[test]
fn the_end_of_a_mapping_clears_a_byte_and_sends_an_event() {
    let (xen, guest) = machine();
    let grants: Vec<GrantRef> = (0..2).map(|n| guest.grant(Gfn(n), HOST, true)).collect();
    guest.write(0x1234, &[0xff]);
    let events = xen.event_channels();
    let offered = guest.offer_port(HOST);
    let port = events.bind_interdomain(GUEST, offered).unwrap();
    let node = xen.grants();

    let mapping = node.map(GUEST, &grants, Protection::ReadWrite).unwrap();
    mapping.notify_at_end(Some(0x1234), Some(port)).unwrap();
    assert!(!guest.take_event(offered));
    drop(mapping);

    let mut byte = [1];
    guest.read(0x1234, &mut byte);
    assert_eq!(byte, [0]);
    assert!(guest.take_event(offered));
}

#[test]
fn a_byte_of_a_mapping_for_reading_cannot_be_cleared_at_its_end() {
    let (xen, guest) = machine();
    let grant = guest.grant(Gfn(0), HOST, true);

    let mapping = xen.grants().map(GUEST, &[grant], Protection::Read).unwrap();

    let error = mapping.notify_at_end(Some(0), None).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
}

#[test]
fn a_mapping_is_found_by_its_address() {
    let (xen, guest) = machine();
    let grant = guest.grant(Gfn(0), HOST, true);
    let grants = xen.grants();
    let mapping = grants.map(GUEST, &[grant], Protection::Read).unwrap();

    let inside = mapping.mapping().as_ptr().addr() + 5;

    assert_eq!(
        grants.announcement_of(inside).unwrap(),
        mapping.announcement()
    );
    assert!(grants.announcement_of(8).is_err());
}

#[test]
fn a_kernel_without_dma_bufs_of_grants_says_so() {
    let (xen, guest) = machine();
    let grant = guest.grant(Gfn(0), HOST, true);
    let grants = xen.grants();

    let error = grants
        .export_dma_buf(GUEST, &[grant], DmaBufFlags::default())
        .unwrap_err();

    assert_eq!(error.raw_os_error(), Some(libc::ENOTTY));
    let fd = std::os::fd::AsFd::as_fd(&grants);
    assert!(grants.wait_for_dma_buf(fd, Duration::ZERO).is_err());
    assert_eq!(
        xen.take_calls().last(),
        Some(&Call::DmaBuf { request: 0x0a })
    );
}

#[test]
fn pages_that_are_granted_are_shared_with_the_other_domain() {
    let (xen, guest) = machine();
    let pages = xen.grant_allocator().allocate(GUEST, 3, true).unwrap();

    let theirs = guest
        .grants()
        .map(HOST, pages.refs(), Protection::ReadWrite)
        .unwrap();
    store(pages.mapping(), 0x2001, 42);
    store(theirs.mapping(), 0, 43);

    assert_eq!(load(theirs.mapping(), 0x2001), 42);
    assert_eq!(load(pages.mapping(), 0), 43);
    assert_eq!(xen.host().mapped_grants(), 3);
}

#[test]
fn granted_pages_stay_until_the_other_domain_lets_go() {
    let (xen, guest) = machine();
    let allocator = xen.grant_allocator();
    let pages = allocator.allocate(GUEST, 1, true).unwrap();
    let grant = pages.refs()[0];
    let theirs = guest
        .grants()
        .map(HOST, &[grant], Protection::ReadWrite)
        .unwrap();

    drop(pages);
    assert_eq!(load(theirs.mapping(), 0), 0);
    let other = allocator.allocate(GUEST, 1, true).unwrap();
    assert_ne!(other.refs()[0], grant);
    drop(theirs);

    let again = allocator.allocate(GUEST, 1, true).unwrap();
    assert_eq!(again.refs()[0], grant);
}

#[test]
fn pages_granted_for_reading_cannot_be_mapped_for_writing() {
    let (xen, guest) = machine();
    let pages = xen.grant_allocator().allocate(GUEST, 1, false).unwrap();
    let theirs = guest.grants();

    let write = theirs.map(HOST, pages.refs(), Protection::ReadWrite);

    assert!(write.is_err());
    assert!(theirs.map(HOST, pages.refs(), Protection::Read).is_ok());
}

#[test]
fn more_pages_than_the_limit_are_refused() {
    let (xen, _guest) = machine();
    let allocator = xen.grant_allocator();

    let error = allocator.allocate(GUEST, 1025, true).unwrap_err();

    assert_eq!(error.to_string(), "cannot grant 1025 pages to domain 1");
    assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
    assert!(allocator.allocate(GUEST, 1024, true).is_ok());
    assert!(allocator.allocate(GUEST, 1024, true).is_ok());
}

#[test]
fn the_end_of_a_granted_page_is_told() {
    let (xen, guest) = machine();
    let events = xen.event_channels();
    let offered = guest.offer_port(HOST);
    let port = events.bind_interdomain(GUEST, offered).unwrap();
    let pages = xen.grant_allocator().allocate(GUEST, 2, true).unwrap();

    pages.notify_at_end(0x1000, true, Some(port)).unwrap();
    assert!(pages.notify_at_end(0x2000, true, None).is_err());
    drop(pages);

    assert!(guest.take_event(offered));
}

#[test]
fn memory_for_hypercalls_comes_in_pages_of_zeros() {
    let (xen, _guest) = machine();

    let simulated = xen.hypercalls().allocate(5000).unwrap();
    let locked = xen_ioctls::Hypercalls::locked().allocate(1).unwrap();

    assert_eq!((simulated.len(), locked.len()), (8192, 4096));
    assert_eq!((load(&simulated, 8191), load(&locked, 4095)), (0, 0));
    store(&locked, 0, 1);
}
