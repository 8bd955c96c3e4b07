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
use crate::privcmd::abi;

const GUEST: DomId = DomId(1);

fn machine() -> (Xen, Guest) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 2);
    guest.add_memory(0, 1 << 20);
    (xen, guest)
}

/// Performs an operation given as bytes, in writable memory.
fn raw_dm_op(xen: &Xen, domain: u16, buffers: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, i32> {
    let described: Vec<abi::DmOpBuf> = buffers
        .iter_mut()
        .map(|buffer| abi::DmOpBuf {
            uptr: buffer.as_mut_ptr(),
            size: buffer.len(),
        })
        .collect();
    raw_call(xen, domain, &described).map(|()| buffers.to_vec())
}

fn raw_call(xen: &Xen, domain: u16, described: &[abi::DmOpBuf]) -> Result<(), i32> {
    let mut call = abi::DmOp {
        dom: domain,
        num: described.len().try_into().unwrap(),
        ubufs: described.as_ptr(),
    };
    let node = Open::new(xen.0.clone(), HOST, NodeKind::Privcmd);
    // SAFETY: the argument leads to the descriptions; the simulation checks where they lead.
    let result = unsafe { node.ioctl(abi::DM_OP, (&raw mut call).cast()) };
    result.map(drop).map_err(|e| e.raw_os_error().unwrap())
}

fn nr_vcpus() -> Vec<u8> {
    DmOp::as_bytes(&NrVcpus::new()).to_vec()
}

#[test]
fn a_buffer_larger_than_the_operation_is_accepted() {
    let (xen, _guest) = machine();
    let mut buffers = [nr_vcpus()];
    buffers[0].resize(100, 0xff);

    let after = raw_dm_op(&xen, 1, &mut buffers).unwrap();

    assert_eq!(after[0][8..12], 2u32.to_ne_bytes());
    assert_eq!(after[0][12..], [0xff; 88]);
}

#[test]
fn a_buffer_smaller_than_the_operation_is_a_fault() {
    let (xen, _guest) = machine();
    let mut buffers = [nr_vcpus()[..11].to_vec()];

    assert_eq!(raw_dm_op(&xen, 1, &mut buffers), Err(libc::EFAULT));
}

#[test]
fn padding_that_is_not_zero_is_invalid() {
    let (xen, _guest) = machine();
    let mut head = [nr_vcpus()];
    head[0][4] = 1;
    let mut inside = [DmOp::as_bytes(&CreateIoreqServer::unbuffered()).to_vec()];
    inside[0][9] = 1;

    assert_eq!(raw_dm_op(&xen, 1, &mut head), Err(libc::EINVAL));
    assert_eq!(raw_dm_op(&xen, 1, &mut inside), Err(libc::EINVAL));
}

#[test]
fn no_buffer_is_no_call_and_too_many_are_refused() {
    let (xen, _guest) = machine();

    assert_eq!(raw_dm_op(&xen, 1, &mut []), Ok(vec![]));
    let mut three = [nr_vcpus(), vec![0; 8], vec![0; 8]];
    assert_eq!(raw_dm_op(&xen, 1, &mut three), Err(libc::E2BIG));
    let mut many = vec![nr_vcpus(); 17];
    assert_eq!(raw_dm_op(&xen, 1, &mut many), Err(libc::E2BIG));
    let mut large = [vec![0; 4097]];
    assert_eq!(raw_dm_op(&xen, 1, &mut large), Err(libc::E2BIG));
}

#[test]
fn a_constant_is_no_buffer_even_when_xen_only_reads_it() {
    static CONSTANT: [u8; 16] = [19, 0, 0, 0, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0];
    let (xen, _guest) = machine();
    let constant = abi::DmOpBuf {
        uptr: CONSTANT.as_ptr().cast_mut(),
        size: CONSTANT.len(),
    };
    let nowhere = abi::DmOpBuf {
        uptr: std::ptr::without_provenance_mut(8),
        size: 16,
    };

    assert_eq!(raw_call(&xen, 1, &[constant]), Err(libc::EFAULT));
    assert_eq!(raw_call(&xen, 1, &[nowhere]), Err(libc::EFAULT));
}

#[test]
fn an_operation_that_this_xen_does_not_know_is_not_supported() {
    let old = Xen::with(Config {
        dm_ops: 19,
        ..Config::default()
    });
    let _guest = old.create_domain(GUEST, 1);
    let (arm, _guest) = machine();
    let mut unknown = [vec![0xff; 32]];
    let mut msi = [vec![0; 32]];
    msi[0][0] = 14;

    let refused = old.privcmd().dm_op(GUEST, &mut NrVcpus::new()).unwrap_err();

    assert_eq!(refused.raw_os_error(), Some(libc::EOPNOTSUPP));
    assert_eq!(raw_dm_op(&arm, 1, &mut unknown), Err(libc::EOPNOTSUPP));
    assert_eq!(raw_dm_op(&arm, 1, &mut msi), Err(libc::EOPNOTSUPP));
}

#[test]
fn arguments_are_not_copied_back_where_nothing_is_given() {
    let (xen, _guest) = machine();
    let mut refused = [nr_vcpus()];
    refused[0][4] = 1;
    let before = refused.clone();

    let _refused = raw_dm_op(&xen, 1, &mut refused);

    assert_eq!(refused, before);
}

#[test]
fn a_dirty_bitmap_must_hold_all_frames() {
    let xen = Xen::with(Config {
        arch: Arch::X86,
        ..Config::default()
    });
    let _guest = xen.create_domain(GUEST, 1);
    let mut op = vec![0u8; 24];
    op[0] = 7;
    op[8] = 9;

    let small = raw_dm_op(&xen, 1, &mut [op.clone(), vec![0xff; 1]]);
    let missing = raw_dm_op(&xen, 1, &mut [op.clone()]);
    let large = raw_dm_op(&xen, 1, &mut [op, vec![0xff; 3]]).unwrap();

    assert_eq!(small, Err(libc::EINVAL));
    assert_eq!(missing, Err(libc::EINVAL));
    assert_eq!(large[1], [0, 0, 0xff]);
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
    privcmd.dm_op(GUEST, &mut NrVcpus::new()).unwrap();
    let op = privcmd.dm_op(DomId(2), &mut NrVcpus::new()).unwrap_err();
    assert_eq!(op.raw_os_error(), Some(libc::EPERM));
    let plain = privcmd.xen_version().unwrap_err();
    assert_eq!(plain.raw_os_error(), Some(libc::EPERM));
    let frames = privcmd.map_foreign(DomId(2), &[Gfn(0)], Protection::Read);
    assert_eq!(frames.unwrap_err().raw_os_error(), Some(libc::EPERM));
}

#[test]
fn restricted_event_channels_bind_to_their_domain_only() {
    let (xen, guest) = machine();
    let other = xen.create_domain(DomId(2), 1);
    let events = xen.event_channels();
    let offered = guest.offer_port(DomId(0));
    let theirs = other.offer_port(DomId(0));

    events.restrict(GUEST).unwrap();

    assert!(events.bind_interdomain(GUEST, offered).is_ok());
    let refused = events.bind_interdomain(DomId(2), theirs).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EACCES));
    let again = events.restrict(GUEST).unwrap_err();
    assert_eq!(again.raw_os_error(), Some(libc::EACCES));
}

#[test]
fn a_port_is_bound_once_and_by_the_one_it_is_offered_to() {
    let (xen, guest) = machine();
    let events = xen.event_channels();
    let offered = guest.offer_port(DomId(0));
    let theirs = guest.offer_port(DomId(9));
    events.bind_interdomain(GUEST, offered).unwrap();

    let errno = |domain, port| {
        let error = events.bind_interdomain(domain, port).unwrap_err();
        error.raw_os_error()
    };

    assert_eq!(errno(GUEST, offered), Some(libc::EINVAL));
    assert_eq!(errno(GUEST, theirs), Some(libc::EINVAL));
    assert_eq!(errno(GUEST, Port(99)), Some(libc::EINVAL));
    assert_eq!(errno(DomId(9), Port(1)), Some(libc::ESRCH));
}

#[test]
fn an_event_fires_once_until_it_is_acknowledged() {
    let (xen, guest) = machine();
    let events = xen.event_channels();
    let offered = guest.offer_port(DomId(0));
    let port = events.bind_interdomain(GUEST, offered).unwrap();
    let mut ports = [0; 8];
    // Binding makes one up.
    assert_eq!(events.pending(&mut ports).unwrap(), 1);
    assert_eq!(ports[0], port.0);

    guest.notify(offered).unwrap();
    guest.notify(offered).unwrap();
    let masked = events.pending(&mut ports).unwrap();
    events.acknowledge(&[port.0]).unwrap();
    let again = events.pending(&mut ports).unwrap();
    events.acknowledge(&[port.0]).unwrap();
    let none = events.pending(&mut ports).unwrap();

    assert_eq!((masked, again, none), (0, 1, 0));
}

#[test]
fn the_descriptor_is_readable_exactly_while_there_are_events() {
    use std::os::fd::AsRawFd;

    let (xen, guest) = machine();
    let events = xen.event_channels();
    let readable = || signal::wait(&[events.as_raw_fd()], Duration::ZERO);
    assert!(!readable());

    events
        .bind_interdomain(GUEST, guest.offer_port(DomId(0)))
        .unwrap();

    assert!(readable());
    events.pending(&mut [0; 1]).unwrap();
    assert!(!readable());
}

#[test]
fn both_ends_of_a_channel_hear_each_other() {
    let (xen, guest) = machine();
    let host = xen.event_channels();
    let theirs = guest.event_channels();
    let offered = guest.offer_port(DomId(0));
    let port = host.bind_interdomain(GUEST, offered).unwrap();

    host.notify(port).unwrap();

    assert!(guest.take_event(offered));
    assert!(theirs.notify(offered).is_err());
    host.unbind(port).unwrap();
    let gone = host.notify(port).unwrap_err();
    assert_eq!(gone.raw_os_error(), Some(libc::ENOTCONN));
    assert!(host.bind_interdomain(GUEST, offered).is_ok());
}

#[test]
fn a_port_that_is_offered_can_be_bound_by_the_other_side() {
    let (xen, guest) = machine();
    let host = xen.event_channels();
    let theirs = guest.event_channels();

    let port = host.bind_unbound(GUEST).unwrap();
    let remote = theirs.bind_interdomain(DomId(0), port).unwrap();
    theirs.notify(remote).unwrap();

    let mut ports = [0; 4];
    assert_eq!(host.pending(&mut ports).unwrap(), 1);
    assert_eq!(ports[0], port.0);
}

#[test]
fn a_virtual_interrupt_has_one_port() {
    let (xen, _guest) = machine();
    let events = xen.event_channels();

    events.bind_virq(3).unwrap();

    let again = events.bind_virq(3).unwrap_err();
    assert_eq!(again.raw_os_error(), Some(libc::EEXIST));
    events.restrict(GUEST).unwrap();
    let restricted = events.bind_virq(4).unwrap_err();
    assert_eq!(restricted.raw_os_error(), Some(libc::EACCES));
}

#[test]
fn lost_events_are_told_until_a_reset() {
    let (xen, guest) = machine();
    let events = xen.event_channels();
    let offered = guest.offer_port(DomId(0));
    let port = events.bind_interdomain(GUEST, offered).unwrap();

    xen.lose_events();
    let lost = events.pending(&mut [0; 4]).unwrap_err();
    events.reset().unwrap();
    let none = events.pending(&mut [0; 4]).unwrap();
    events.acknowledge(&[port.0]).unwrap();
    guest.notify(offered).unwrap();

    assert_eq!(lost.raw_os_error(), Some(libc::EFBIG));
    assert_eq!(none, 0);
    assert_eq!(events.pending(&mut [0; 4]).unwrap(), 1);
}

#[test]
fn a_server_of_another_domain_and_none_at_all_are_told_apart() {
    let (xen, _guest) = machine();
    let privcmd = xen.privcmd();

    let mut op = SetIoreqServerState::new(ServerId(3), true);
    let missing = privcmd.dm_op(GUEST, &mut op).unwrap_err();
    let myself = privcmd.dm_op(DomId(0), &mut NrVcpus::new()).unwrap_err();
    let nobody = privcmd.dm_op(DomId(5), &mut NrVcpus::new()).unwrap_err();

    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(myself.raw_os_error(), Some(libc::EPERM));
    assert_eq!(nobody.raw_os_error(), Some(libc::ESRCH));
}

#[test]
fn ranges_of_a_server_do_not_overlap_and_are_256_at_most() {
    let (xen, _guest) = machine();
    let privcmd = xen.privcmd();
    let mut created = CreateIoreqServer::unbuffered();
    privcmd.dm_op(GUEST, &mut created).unwrap();
    let map = |start: u64, end: u64| {
        let mut op = MapIoRange::memory(created.id(), &(start..=end));
        let result = privcmd.dm_op(GUEST, &mut op);
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
    let mut created = CreateIoreqServer::unbuffered();
    privcmd.dm_op(GUEST, &mut created).unwrap();
    let errno = |resource| {
        let error = privcmd.map_resource(GUEST, resource).unwrap_err();
        error.raw_os_error()
    };
    let page = Resource::ioreq_page(created.id(), 0);

    assert_eq!(errno(Resource { frame: 0, ..page }), Some(libc::ENOENT));
    assert_eq!(errno(Resource { frame: 2, ..page }), Some(libc::EINVAL));
    assert_eq!(errno(Resource { id: 5, ..page }), Some(libc::ENOENT));
    assert_eq!(errno(Resource { kind: 9, ..page }), Some(libc::EOPNOTSUPP));
}

#[test]
fn a_state_that_goes_backwards_kills_the_guest() {
    let (xen, guest) = machine();
    let privcmd = xen.privcmd();
    let mut created = CreateIoreqServer::unbuffered();
    privcmd.dm_op(GUEST, &mut created).unwrap();
    let page = Resource::ioreq_page(created.id(), 0);
    let page = privcmd.map_resource(GUEST, page).unwrap();
    let mut op = SetIoreqServerState::new(created.id(), true);
    privcmd.dm_op(GUEST, &mut op).unwrap();
    let mut op = MapIoRange::memory(created.id(), &(0..=0xfff));
    privcmd.dm_op(GUEST, &mut op).unwrap();
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

    privcmd
        .dm_op(GUEST, &mut SetIrqLevel::new(33, true))
        .unwrap();
    let private = privcmd.dm_op(GUEST, &mut SetIrqLevel::new(31, true));

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

    assert!(!xen.privcmd().has_eventfds());
    assert!(Xen::new().privcmd().has_eventfds());
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
