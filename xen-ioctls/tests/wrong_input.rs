// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Nodes that are missing or of the wrong kind, short reads, memory that cannot be reached, and
//! domains that have gone: each is an error that names the call and what it was about.

#![cfg(feature = "sim")]
// UNSAFE: a segment leads to memory that is not there.
#![expect(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::error::Error as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;

use xen_hypercall::dm_op::{NrVcpus, ServerId, SetIrqLevel};
use xen_hypercall::memory::Resource;
use xen_hypercall::operation::Perform;
use xen_hypercall::{DomId, Gfn, GrantRef, Port, XenError, event_channel, version};
use xen_ioctls::sim::Xen;
use xen_ioctls::{
    Error, EventChannels, GrantAllocator, Grants, Hypercaller, Hypercalls, Kick, Privcmd,
    Protection, Segment,
};

const GUEST: DomId = DomId(1);
/// Where nothing is ever mapped.
const NOWHERE: usize = 0x10;

/// A descriptor of another driver.
fn null() -> OwnedFd {
    let options = OpenOptions::new().read(true).write(true).open("/dev/null");
    options.unwrap().into()
}

/// What an error says, and the errno underneath.
fn told<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, Option<i32>) {
    let error = result.unwrap_err();
    assert!(error.source().is_some(), "{error} has a cause");
    (error.to_string(), error.raw_os_error())
}

fn says(text: &str, errno: i32) -> (String, Option<i32>) {
    (text.into(), Some(errno))
}

#[test]
fn a_node_that_is_missing_is_named() {
    if Path::new("/dev/xen").exists() {
        eprintln!("skipped: this machine has Xen's nodes");
        return;
    }
    let missing = |node| says(&format!("cannot open /dev/xen/{node}"), libc::ENOENT);

    assert_eq!(told(Privcmd::open()), missing("privcmd"));
    assert_eq!(told(EventChannels::open()), missing("evtchn"));
    assert_eq!(told(Grants::open()), missing("gntdev"));
    assert_eq!(told(GrantAllocator::open()), missing("gntalloc"));
    assert_eq!(told(Hypercaller::open()), missing("privcmd"));
    // Kernels before 4.18 have none.
    assert!(Hypercalls::open().unwrap().node().is_none());
}

#[test]
fn another_drivers_node_is_no_privcmd() {
    let privcmd = Privcmd::from(null());
    let page = Resource::ioreq_page(ServerId(0), 0);

    let op = "device model operation 20 on domain 1 failed";
    assert_eq!(
        told(privcmd.perform(GUEST, NrVcpus::new())),
        says(op, libc::ENOTTY)
    );
    let version = told(privcmd.xen_version());
    assert_eq!(version, says("hypercall 17 failed", libc::ENOTTY));
    let restricted = told(privcmd.restrict(GUEST));
    let text = "cannot restrict /dev/xen/privcmd to domain 1";
    assert_eq!(restricted, says(text, libc::ENOTTY));
    let frames = told(privcmd.map_foreign(GUEST, &[Gfn(0)], Protection::Read));
    assert_eq!(
        frames,
        says("cannot map 4096 bytes of domain 1", libc::ENODEV)
    );
    let page = told(privcmd.map_resource(GUEST, page));
    assert_eq!(
        page,
        says("cannot map 4096 bytes of domain 1", libc::ENODEV)
    );
    let raise = SetIrqLevel::new(33, true);
    let irqfd = told(privcmd.irqfd(GUEST, &raise, null()));
    let text = "cannot bind an eventfd to an interrupt of domain 1";
    assert_eq!(irqfd, says(text, libc::ENOTTY));
    assert!(!privcmd.has_irqfd() && !privcmd.has_ioeventfd());
}

#[test]
fn another_drivers_node_gives_no_memory_for_hypercalls() {
    let hypercalls = Hypercalls::from(null());

    let memory = told(hypercalls.allocate(10));

    let text = "cannot get 4096 bytes for a hypercall";
    assert_eq!(memory, says(text, libc::ENODEV));
    let calls = Hypercaller::new(Privcmd::from(null()), hypercalls);
    let send = calls.perform(event_channel::Send::new(Port(1)));
    assert_eq!(send.unwrap_err().errno(), libc::ENODEV);
    assert_eq!(version::version(&calls).unwrap_err().errno(), libc::ENOTTY);
}

#[test]
fn another_drivers_node_has_no_event_channels() {
    let events = EventChannels::from(null());
    let wrong = |text| says(text, libc::ENOTTY);

    let bound = told(events.bind_interdomain(GUEST, Port(5)));
    assert_eq!(bound, wrong("cannot bind to port 5 of domain 1"));
    let offered = told(events.bind_unbound(GUEST));
    assert_eq!(offered, wrong("cannot offer a port to domain 1"));
    let virq = told(events.bind_virq(3));
    assert_eq!(virq, wrong("cannot bind to virtual interrupt 3"));
    assert_eq!(
        told(events.notify(Port(7))),
        wrong("cannot notify local port 7")
    );
    assert_eq!(
        told(events.unbind(Port(7))),
        wrong("cannot unbind local port 7")
    );
    assert_eq!(told(events.reset()), wrong("cannot reset events"));
    let text = "cannot restrict /dev/xen/evtchn to domain 1";
    assert_eq!(told(events.restrict(GUEST)), wrong(text));
    let (text, _) = told(events.pending(&mut [0; 4]));
    assert_eq!(text, "cannot read events");
}

#[test]
fn half_a_port_is_no_event() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let events = EventChannels::from(OwnedFd::from(ours));
    theirs.write_all(&[1, 0, 0, 0, 2, 0]).unwrap();

    let (text, _) = told(events.pending(&mut [0; 4]));

    assert_eq!(text, "cannot read events");
    drop(theirs);
    assert_eq!(told(events.pending(&mut [0; 4])).0, "cannot read events");
    assert_eq!(
        told(events.acknowledge(&[1])),
        says("cannot acknowledge events", libc::EPIPE)
    );
}

#[test]
fn another_drivers_node_has_no_grants() {
    let grants = Grants::from(null());
    let mut bytes = [0; 4];

    let mapped = told(grants.map(GUEST, &[GrantRef(9)], Protection::Read));
    assert_eq!(
        mapped,
        says("cannot map 4096 bytes of domain 1", libc::ENOTTY)
    );
    let mut segments = [Segment::read(GUEST, GrantRef(9), 0, &mut bytes).unwrap()];
    let (text, errno) = told(grants.copy(&mut segments));
    assert_eq!(
        (text.as_str(), errno),
        ("cannot copy from or to grants", Some(libc::ENOTTY))
    );
    let (_, errno) = told(grants.announcement_of(NOWHERE));
    assert_eq!(errno, Some(libc::ENOTTY));
    let allocator = GrantAllocator::from(null());
    let granted = told(allocator.allocate(GUEST, 2, true));
    assert_eq!(
        granted,
        says("cannot grant 2 pages to domain 1", libc::ENOTTY)
    );
}

#[test]
fn memory_that_is_not_there_is_a_fault() {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(0, 4096);
    let grant = guest.grant(Gfn(0), DomId(0), true);
    let grants = xen.grants();
    let nowhere = ptr::without_provenance_mut(NOWHERE);

    // SAFETY: not kept: that is what is tested. Nothing but the kernel follows the address.
    let into = unsafe { Segment::read_to(GUEST, grant, 0, nowhere, 4) }.unwrap();
    // SAFETY: as above.
    let from = unsafe { Segment::write_from(GUEST, grant, 0, nowhere, 4) }.unwrap();

    for segment in [into, from] {
        let (_, errno) = told(grants.copy(&mut [segment]));
        assert_eq!(errno, Some(libc::EFAULT));
    }
    let calls = Hypercaller::new(xen.privcmd(), Hypercalls::locked());
    let refused = calls.perform(event_channel::Send::new(Port(1)));
    assert_eq!(refused, Err(XenError::FAULT));
}

#[test]
fn a_domain_that_has_gone_is_named_by_every_node() {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(0, 4096);
    let port = guest.offer_port(DomId(0));
    let grant = guest.grant(Gfn(0), DomId(0), false);
    let (privcmd, events, grants) = (xen.privcmd(), xen.event_channels(), xen.grants());
    let calls = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    guest.destroy();

    let op = told(privcmd.perform(GUEST, NrVcpus::new()));
    assert_eq!(
        op,
        says("device model operation 20 on domain 1 failed", libc::ESRCH)
    );
    let page = told(privcmd.map_resource(GUEST, Resource::ioreq_page(ServerId(0), 0)));
    assert_eq!(
        page,
        says("cannot get an ioreq page of domain 1", libc::ESRCH)
    );
    let bound = told(events.bind_interdomain(GUEST, port));
    assert_eq!(bound.0, format!("cannot bind to port {port} of domain 1"));
    assert_eq!(bound.1, Some(libc::ESRCH));
    let (text, _) = told(grants.map(GUEST, &[grant], Protection::Read));
    assert_eq!(text, "cannot map 4096 bytes of domain 1");
    let mut bytes = [0; 4];
    let mut segments = [Segment::read(GUEST, grant, 0, &mut bytes).unwrap()];
    grants.copy(&mut segments).unwrap();
    // GNTST_bad_domain.
    assert_eq!(segments[0].status().unwrap_err().0, -2);
    let bind = event_channel::BindInterdomain::new(GUEST, port);
    assert_eq!(calls.perform(bind), Err(XenError::SRCH));
}

#[test]
fn a_kick_of_a_kernel_without_eventfds_is_named() {
    let privcmd = Privcmd::from(null());
    let xen = Xen::new();
    let page = std::sync::Arc::new(xen.hypercalls().allocate(4096).unwrap());
    let kick = Kick {
        base: 0x200_0000,
        queue: 0,
    };

    let bound = privcmd.ioeventfd(GUEST, &page, &[Port(1)], kick, null());

    let text = "cannot bind an eventfd to a kick of domain 1";
    assert_eq!(told(bound), says(text, libc::ENOTTY));
}
