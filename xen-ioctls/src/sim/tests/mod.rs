// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the simulation refuses, and how: the rules of Xen and Linux.

// UNSAFE: nodes are given what no public type would give them.
#![expect(unsafe_code)]

use std::time::Duration;

use vmm_sys_util::eventfd::EventFd;
use xen_hypercall::dm_op::{
    CreateIoreqServer, DmOp, MapIoRange, NrVcpus, ServerId, SetIoreqServerState, SetIrqLevel,
};
use xen_hypercall::memory::Resource;
use xen_hypercall::{DomId, Gfn, GrantRef, Port};

use super::*;
use crate::Protection;

mod dm_op;
mod evtchn;

const GUEST: DomId = DomId(1);

fn machine() -> (Xen, Guest) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 2);
    guest.add_memory(0, 1 << 20);
    (xen, guest)
}

#[test]
fn a_restricted_privcmd_acts_on_its_domain_only() {
    let (xen, _guest) = machine();
    let _other = xen.create_domain(DomId(2), 1);
    let privcmd = xen.privcmd();
    privcmd.xen_version().unwrap();

    privcmd.restrict(GUEST).unwrap();
    privcmd.restrict(GUEST).unwrap();

    let other = privcmd.restrict(DomId(2)).unwrap_err();
    assert_eq!(other.raw_os_error(), Some(libc::EINVAL));
    privcmd.perform(GUEST, NrVcpus::new()).unwrap();
    let op = privcmd.perform(DomId(2), NrVcpus::new()).unwrap_err();
    assert_eq!(op.raw_os_error(), Some(libc::EPERM));
    let plain = privcmd.xen_version().unwrap_err();
    assert_eq!(plain.raw_os_error(), Some(libc::EPERM));
    let frames = privcmd.map_foreign(DomId(2), &[Gfn(0)], Protection::Read);
    assert_eq!(frames.unwrap_err().raw_os_error(), Some(libc::EPERM));
}

#[test]
fn a_server_of_another_domain_and_none_at_all_are_told_apart() {
    let (xen, _guest) = machine();
    let privcmd = xen.privcmd();

    let op = SetIoreqServerState::new(ServerId(3), true);
    let missing = privcmd.perform(GUEST, op).unwrap_err();
    let myself = privcmd.perform(DomId(0), NrVcpus::new()).unwrap_err();
    let nobody = privcmd.perform(DomId(5), NrVcpus::new()).unwrap_err();

    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(myself.raw_os_error(), Some(libc::EPERM));
    assert_eq!(nobody.raw_os_error(), Some(libc::ESRCH));
}

#[test]
fn ranges_of_a_server_do_not_overlap_and_are_256_at_most() {
    let (xen, _guest) = machine();
    let privcmd = xen.privcmd();
    let created = privcmd.perform(GUEST, CreateIoreqServer::unbuffered());
    let server = created.unwrap();
    let map = |start: u64, end: u64| {
        let op = MapIoRange::memory(server, &(start..=end));
        let result = privcmd.perform(GUEST, op);
        result.map_err(|e| e.raw_os_error().unwrap())
    };

    let all: Result<Vec<()>, i32> = (0..256).map(|n| map(n * 16, n * 16 + 15)).collect();

    assert!(all.is_ok());
    assert_eq!(map(8, 9), Err(libc::EEXIST));
    assert_eq!(map(0x9000, 0x8000), Err(libc::EINVAL));
    assert_eq!(map(0x9000, 0x9fff), Err(libc::ENOMEM));
}

#[test]
fn a_resource_that_is_not_there_cannot_be_mapped() {
    let (xen, _guest) = machine();
    let privcmd = xen.privcmd();
    let created = privcmd.perform(GUEST, CreateIoreqServer::unbuffered());
    let server = created.unwrap();
    let errno = |resource| {
        let error = privcmd.map_resource(GUEST, resource).unwrap_err();
        error.raw_os_error()
    };
    let page = Resource::ioreq_page(server, 0);

    assert_eq!(errno(Resource { frame: 0, ..page }), Some(libc::ENOENT));
    assert_eq!(errno(Resource { frame: 2, ..page }), Some(libc::EINVAL));
    assert_eq!(errno(Resource { id: 5, ..page }), Some(libc::ENOENT));
    assert_eq!(errno(Resource { kind: 9, ..page }), Some(libc::EOPNOTSUPP));
}

#[test]
fn a_state_that_goes_backwards_kills_the_guest() {
    let (xen, guest) = machine();
    let privcmd = xen.privcmd();
    let created = privcmd.perform(GUEST, CreateIoreqServer::unbuffered());
    let server = created.unwrap();
    let page = Resource::ioreq_page(server, 0);
    let page = privcmd.map_resource(GUEST, page).unwrap();
    let op = SetIoreqServerState::new(server, true);
    privcmd.perform(GUEST, op).unwrap();
    let op = MapIoRange::memory(server, &(0..=0xfff));
    privcmd.perform(GUEST, op).unwrap();
    let events = xen.event_channels();
    let port = events.bind_interdomain(GUEST, Port(1)).unwrap();
    let state = page.as_ptr().wrapping_add(30);
    let set = |value: u8| {
        // SAFETY: the byte is in a page that stays mapped until the end of the test.
        unsafe { state.write_volatile(value) };
        events.notify(port).unwrap();
    };

    let access = guest.mmio_write(0, 0, 4, 0).unwrap();
    set(2);
    assert_eq!(guest.crashed(), None);
    set(1);

    assert_eq!(guest.crashed(), Some("ioreq state went backwards"));
    assert_eq!(access.answer(), None);
}

#[test]
fn interrupts_are_checked_and_arrive() {
    let (xen, guest) = machine();
    let privcmd = xen.privcmd();

    privcmd.perform(GUEST, SetIrqLevel::new(33, true)).unwrap();
    let private = privcmd.perform(GUEST, SetIrqLevel::new(31, true));

    assert_eq!(private.unwrap_err().raw_os_error(), Some(libc::EINVAL));
    let raised = Interrupt::Spi {
        irq: 33,
        level: true,
    };
    assert_eq!(guest.take_interrupts(), [raised]);
}

#[test]
fn an_irqfd_raises_its_interrupt_until_it_is_unbound() {
    use std::os::fd::{AsRawFd, BorrowedFd};

    let (xen, guest) = machine();
    let eventfd = EventFd::new(0).unwrap();
    // SAFETY: the descriptor is open until the end of the test.
    let borrowed = unsafe { BorrowedFd::borrow_raw(eventfd.as_raw_fd()) };
    let fd = borrowed.try_clone_to_owned().unwrap();
    let op = SetIrqLevel::new(40, true);

    let binding = xen.privcmd().irqfd(GUEST, &op, fd).unwrap();
    eventfd.write(1).unwrap();
    let raised = guest.wait_for_interrupts(Duration::from_secs(5));
    drop(binding);
    eventfd.write(1).unwrap();
    let none = guest.wait_for_interrupts(Duration::from_millis(1));

    assert_eq!(raised.len(), 1);
    assert_eq!(none, []);
}

#[test]
fn a_kernel_without_eventfds_says_so() {
    let xen = Xen::with(Config {
        eventfds: false,
        ..Config::default()
    });

    assert!(!xen.privcmd().has_irqfd());
    assert!(!xen.privcmd().has_ioeventfd());
    assert!(Xen::new().privcmd().has_irqfd());
    assert!(Xen::new().privcmd().has_ioeventfd());
}

#[test]
fn frames_of_a_vanished_domain_are_each_an_error() {
    let (xen, guest) = machine();
    guest.destroy();

    let frames = [Gfn(0), Gfn(1)];
    let mapped = xen.privcmd().map_foreign(GUEST, &frames, Protection::Read);

    assert!(!mapped.unwrap().any_mapped());
}

#[test]
fn a_grant_stays_mapped_until_it_is_unmapped_and_given_back() {
    let (xen, guest) = machine();
    let grant = guest.grant(Gfn(0), DomId(0), true);
    let grants = xen.grants();

    let mapping = grants.map(GUEST, &[grant], Protection::ReadWrite).unwrap();
    assert_eq!(guest.mappings_of(grant), 1);
    drop(mapping);

    assert_eq!(guest.mappings_of(grant), 0);
    assert!(guest.revoke(grant));
}

#[test]
fn one_bad_reference_fails_the_whole_mapping() {
    let (xen, guest) = machine();
    let grant = guest.grant(Gfn(0), DomId(0), true);
    let refs = [grant, GrantRef(77)];

    let error = xen.grants().map(GUEST, &refs, Protection::Read);

    assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EINVAL));
    assert_eq!(guest.mapped_grants(), 0);
}

#[test]
fn indexes_of_grants_are_used_again_lowest_first() {
    let (xen, guest) = machine();
    let refs: Vec<GrantRef> = (0..4)
        .map(|n| guest.grant(Gfn(n), DomId(0), true))
        .collect();
    let grants = xen.grants();
    let map = |refs: &[GrantRef]| grants.map(GUEST, refs, Protection::Read).unwrap();
    let first = map(&refs[..2]);
    let _second = map(&refs[2..3]);
    drop(first);
    xen.take_calls();

    let _small = map(&refs[..1]);
    let _large = map(&refs[..2]);

    let offsets: Vec<u64> = xen
        .take_calls()
        .iter()
        .filter_map(|call| match call {
            Call::Mmap { offset, .. } => Some(*offset),
            _ => None,
        })
        .collect();
    assert_eq!(offsets, [0, 3 << 12]);
}

#[test]
fn nothing_is_recorded_once_it_is_switched_off() {
    let (xen, _guest) = machine();
    xen.take_calls();

    xen.record_calls(false);
    xen.privcmd().xen_version().unwrap();

    assert_eq!(xen.take_calls(), []);
}
