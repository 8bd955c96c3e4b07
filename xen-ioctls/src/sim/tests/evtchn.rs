// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Event channels.

use super::*;

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
