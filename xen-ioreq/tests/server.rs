// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! An IOREQ server against a simulated Xen, with the test in the place of the guest.

// UNSAFE: a descriptor is borrowed from an eventfd; a slot is written as another server would.
#![expect(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::mem::offset_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};
use xen_hypercall::ioreq::{DIR_READ, DOWN, STATE_INPROCESS, STATE_MASK, STATE_RESPONSE, Slot};
use xen_hypercall::memory::Resource;
use xen_hypercall::{DomId, Port};
use xen_ioctls::sim::{Arch, Call, Config, Guest, Xen};
use xen_ioctls::{EventChannels, Privcmd};
use xen_ioreq::{Access, Error, Handler, IoreqServer, Kick, Sbdf, Space};

const GUEST: DomId = DomId(7);
const BASE: u64 = 0x200_0000;
const QUEUE_NOTIFY: u64 = 0x50;

/// Remembers what it was asked.
#[derive(Default)]
struct Device {
    reads: Vec<Access>,
    writes: Vec<(Access, u64)>,
    invalidations: usize,
    kick: Option<Arc<EventFd>>,
}

impl Device {
    /// What was written, by its place behind [`BASE`].
    fn places(&self) -> Vec<(u64, u64)> {
        let writes = self.writes.iter();
        writes.map(|(a, value)| (a.addr - BASE, *value)).collect()
    }
}

impl Handler for Device {
    type Work = Arc<EventFd>;

    fn read(&mut self, access: Access) -> u64 {
        self.reads.push(access);
        0x1122_3344_5566_7788
    }

    fn write(&mut self, access: Access, value: u64) -> Option<Arc<EventFd>> {
        self.writes.push((access, value));
        self.kick.clone()
    }

    fn work(&mut self, kick: Arc<EventFd>) {
        kick.write(1).unwrap();
    }

    fn invalidate(&mut self) {
        self.invalidations += 1;
    }
}

/// Breaks at everything.
struct Broken;

impl Handler for Broken {
    type Work = ();

    fn read(&mut self, _: Access) -> u64 {
        panic!("a defect of the device")
    }

    fn write(&mut self, _: Access, _: u64) -> Option<()> {
        panic!("a defect of the device")
    }

    fn work(&mut self, (): ()) {
        panic!("a defect of the device")
    }

    fn invalidate(&mut self) {
        panic!("a defect of the device")
    }
}

fn restricted(xen: &Xen) -> (Privcmd, EventChannels) {
    let privcmd = xen.privcmd();
    privcmd.restrict(GUEST).unwrap();
    let events = xen.event_channels();
    events.restrict(GUEST).unwrap();
    (privcmd, events)
}

fn server_on(xen: &Xen) -> IoreqServer {
    let (privcmd, events) = restricted(xen);
    let server = IoreqServer::create_with(GUEST, privcmd, events).unwrap();
    server.ranges().map_mmio(BASE..=BASE + 0x1ff).unwrap();
    server
}

fn machine(vcpus: usize) -> (Xen, Guest, IoreqServer) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, vcpus);
    let server = server_on(&xen);
    (xen, guest, server)
}

#[test]
fn a_read_is_answered_with_what_the_handler_says() {
    let (_xen, guest, mut server) = machine(2);
    let mut device = Device::default();

    let access = guest.mmio_read(1, BASE + 8, 4).unwrap();
    assert_eq!(access.answer(), None);
    server.dispatch(&mut device).unwrap();

    assert_eq!(access.answer(), Some(0x1122_3344_5566_7788));
    let asked = Access {
        space: Space::Memory,
        addr: BASE + 8,
        size: 4,
    };
    assert_eq!(device.reads, [asked]);
    assert_eq!(guest.crashed(), None);
}

#[test]
fn a_write_reaches_the_handler_and_the_vcpu_goes_on() {
    let (_xen, guest, mut server) = machine(1);
    let mut device = Device::default();

    let access = guest.mmio_write(0, BASE + 0x70, 4, 0xf).unwrap();
    server.dispatch(&mut device).unwrap();

    assert!(access.answer().is_some());
    let asked = Access {
        space: Space::Memory,
        addr: BASE + 0x70,
        size: 4,
    };
    assert_eq!(device.writes, [(asked, 0xf)]);
}

#[test]
fn every_vcpu_that_waits_is_answered_in_one_dispatch() {
    let (_xen, guest, mut server) = machine(3);

    let accesses = [0, 1, 2].map(|vcpu| guest.mmio_read(vcpu, BASE, 4).unwrap());
    server.dispatch(&mut Device::default()).unwrap();

    let all = accesses.map(|access| access.answer().is_some());
    assert_eq!(all, [true; 3]);
}

#[test]
fn a_vcpu_may_ask_again_and_again() {
    let (_xen, guest, mut server) = machine(1);
    let mut device = Device::default();

    for _ in 0..1000 {
        let access = guest.mmio_read(0, BASE, 4).unwrap();
        server.dispatch(&mut device).unwrap();
        assert!(access.answer().is_some());
    }

    assert_eq!(device.reads.len(), 1000);
}

#[test]
fn one_request_costs_a_read_a_notification_and_an_acknowledgement() {
    let (xen, guest, mut server) = machine(1);
    server.dispatch(&mut Device::default()).unwrap();
    xen.take_calls();

    let _access = guest.mmio_read(0, BASE, 4).unwrap();
    server.dispatch(&mut Device::default()).unwrap();

    let port = Port(1);
    assert_eq!(
        xen.take_calls(),
        [
            Call::ReadEvents(vec![port]),
            Call::Notify(port),
            Call::Acknowledge(vec![port])
        ]
    );
}

#[test]
fn a_handler_that_panics_still_answers_a_read_with_zero() {
    let (_xen, guest, mut server) = machine(1);

    let access = guest.mmio_read(0, BASE, 4).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| server.dispatch(&mut Broken)));

    assert!(result.is_err());
    assert_eq!(access.answer(), Some(0));
    assert_eq!(guest.crashed(), None);
}

#[test]
fn a_handler_that_panics_still_answers_an_invalidation() {
    let (_xen, guest, mut server) = machine(1);

    let accesses = guest.invalidate(0);
    let result = catch_unwind(AssertUnwindSafe(|| server.dispatch_all(&mut Broken)));

    assert!(result.is_err());
    assert!(accesses[0].answer().is_some());
}

#[test]
fn an_invalidation_is_told_and_answered() {
    let (_xen, guest, mut server) = machine(2);
    let mut device = Device::default();

    let accesses = guest.invalidate(1);
    server.dispatch(&mut device).unwrap();

    assert_eq!(device.invalidations, 1);
    assert!(accesses[0].answer().is_some());
}

#[test]
fn a_request_that_nobody_announced_is_found_by_a_look_at_all_slots() {
    let (_xen, guest, mut server) = machine(1);
    let mut device = Device::default();
    // The event that Xen makes up at binding is read and not acknowledged: the port is silent.
    let access = guest.mmio_read(0, BASE, 4).unwrap();

    server.dispatch_all(&mut device);

    assert!(access.answer().is_some());
}

/// A machine on x86, with some memory.
fn pc() -> (Xen, Guest) {
    let xen = Xen::with(Config {
        arch: Arch::X86,
        ..Config::default()
    });
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(0, 4 << 12);
    (xen, guest)
}

/// Something repeated four times, with values of four bytes.
fn repeated(kind: u8, addr: u64, data: u64, flags: u8) -> Slot {
    Slot {
        addr,
        data,
        count: 4,
        size: 4,
        vp_eport: 0,
        pad0: 0,
        flags,
        kind,
    }
}

const PIO: u8 = 0;
const COPY: u8 = 1;

#[test]
fn a_string_that_goes_out_is_read_from_memory_across_pages() {
    let (xen, guest) = pc();
    let mut server = server_on(&xen);
    let mut device = Device::default();
    let bytes: Vec<u8> = (1..=16).collect();
    guest.write(0x1ff8, &bytes);

    let access = guest.string_access(0, repeated(COPY, BASE, 0x1ff8, 0));
    server.dispatch(&mut device).unwrap();

    assert!(access.unwrap().answer().is_some());
    assert_eq!(
        device.places(),
        [
            (0, 0x0403_0201),
            (4, 0x0807_0605),
            (8, 0x0c0b_0a09),
            (12, 0x100f_0e0d)
        ]
    );
}

#[test]
fn a_string_that_comes_in_downwards_is_written_to_memory() {
    let (xen, guest) = pc();
    let mut server = server_on(&xen);
    server.ranges().map_ports(0x1f0..=0x1f7).unwrap();
    let mut device = Device::default();

    let access = guest.string_access(0, repeated(PIO, 0x1f0, 0x200c, DIR_READ | DOWN));
    server.dispatch(&mut device).unwrap();

    assert!(access.unwrap().answer().is_some());
    let port = Access {
        space: Space::Port,
        addr: 0x1f0,
        size: 4,
    };
    assert_eq!(device.reads, [port; 4]);
    let mut bytes = [0; 20];
    guest.read(0x1ffc, &mut bytes);
    assert_eq!(bytes[..4], [0; 4]);
    assert_eq!(bytes[4..], [0x88, 0x77, 0x66, 0x55].repeat(4));
}

#[test]
fn a_value_that_is_stored_many_times_is_written_as_often() {
    let (xen, guest) = pc();
    let mut server = server_on(&xen);
    let mut device = Device::default();

    let access = guest.access(0, repeated(COPY, BASE, 7, 0));
    server.dispatch(&mut device).unwrap();

    assert!(access.unwrap().answer().is_some());
    assert_eq!(device.places(), [(0, 7), (4, 7), (8, 7), (12, 7)]);
}

#[test]
fn a_string_of_no_memory_is_ones_and_goes_nowhere() {
    let (xen, guest) = pc();
    let mut server = server_on(&xen);
    let mut device = Device::default();

    let out = guest
        .string_access(0, repeated(COPY, BASE, 0x3ff8, 0))
        .unwrap();
    server.dispatch(&mut device).unwrap();
    assert!(out.answer().is_some());
    let back = guest
        .string_access(0, repeated(COPY, BASE, 0x3ff8, DIR_READ))
        .unwrap();
    server.dispatch(&mut device).unwrap();

    assert!(back.answer().is_some());
    let values: Vec<_> = device.writes.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [0, 0, 0xffff_ffff, 0xffff_ffff]);
    assert_eq!(device.reads.len(), 4);
}

#[test]
fn the_configuration_of_a_pci_function_comes_with_its_place() {
    let (xen, guest) = pc();
    let mut server = server_on(&xen);
    let function = Sbdf::new(0, 1, 2, 3);
    server.ranges().map_pci(function).unwrap();
    let mut device = Device::default();
    let slot = Slot {
        count: 1,
        ..repeated(2, u64::from(function.0) << 32 | 0x10, 0, DIR_READ)
    };

    let access = guest.access(0, slot).unwrap();
    server.dispatch(&mut device).unwrap();

    assert!(access.answer().is_some());
    let asked = Access {
        space: Space::PciConfig(function),
        addr: 0x10,
        size: 4,
    };
    assert_eq!(device.reads, [asked]);
    server.ranges().unmap_pci(function).unwrap();
    assert!(guest.access(0, slot).is_none());
}

#[test]
fn buffered_writes_come_in_their_order_and_nobody_waits() {
    let (xen, guest) = pc();
    let (privcmd, events) = restricted(&xen);
    let mut server = IoreqServer::create_buffered_with(GUEST, privcmd, events).unwrap();
    server.ranges().map_mmio(0xa_0000..=0xa_ffff).unwrap();
    let mut device = Device::default();

    assert!(guest.buffered_write(0xa_0010, 4, 1));
    assert!(guest.buffered_write(0xa_0018, 8, 2));
    server.dispatch(&mut device).unwrap();

    let writes: Vec<_> = device
        .writes
        .iter()
        .map(|(a, v)| (a.addr, a.size, *v))
        .collect();
    assert_eq!(writes, [(0xa_0010, 4, 1), (0xa_0018, 8, 2)]);
}

#[test]
fn buffered_writes_are_there_for_the_next_server() {
    let (xen, guest) = pc();
    let (privcmd, events) = restricted(&xen);
    let server = IoreqServer::create_buffered_with(GUEST, privcmd, events).unwrap();
    server.ranges().map_mmio(0xa_0000..=0xa_ffff).unwrap();
    assert!(guest.buffered_write(0xa_0010, 4, 1));
    let mut device = Device::default();

    let mut server = succeed(&xen, server);
    server.dispatch_left(&mut device).unwrap();

    assert_eq!(device.writes.len(), 1);
}

#[test]
fn an_access_of_an_odd_size_is_answered_with_zero() {
    let (_xen, guest, mut server) = machine(1);
    let mut device = Device::default();

    let access = guest.mmio_read(0, BASE, 3).unwrap();
    server.dispatch(&mut device).unwrap();

    assert_eq!(access.answer(), Some(0));
    assert_eq!(device.reads, []);
}

#[test]
fn more_vcpus_than_fit_into_a_page_are_all_served() {
    let (xen, guest, mut server) = machine(130);
    let mut device = Device::default();

    let first = guest.mmio_read(0, BASE, 4).unwrap();
    let last = guest.mmio_read(129, BASE, 4).unwrap();
    // 130 ports fire at binding, 64 events are taken at a time.
    server.dispatch(&mut device).unwrap();
    server.dispatch(&mut device).unwrap();
    server.dispatch(&mut device).unwrap();

    assert_eq!(server.vcpus(), 130);
    assert!(first.answer().is_some());
    assert!(last.answer().is_some());
    let pages = xen.take_calls();
    let pages = pages
        .iter()
        .filter(|call| matches!(call, Call::MapResource { .. }));
    assert_eq!(pages.count(), 2);
}

#[test]
fn a_kick_passed_on_is_signalled_after_the_vcpu_goes_on() {
    let (_xen, guest, mut server) = machine(1);
    let eventfd = Arc::new(EventFd::new(EFD_NONBLOCK).unwrap());
    let mut device = Device {
        kick: Some(eventfd.clone()),
        ..Device::default()
    };

    let access = guest.mmio_write(0, BASE + QUEUE_NOTIFY, 4, 0).unwrap();
    server.dispatch(&mut device).unwrap();

    assert!(access.answer().is_some());
    assert_eq!(eventfd.read().unwrap(), 1);
}

#[test]
fn a_kick_of_an_ioeventfd_does_not_reach_the_handler() {
    let (_xen, guest, mut server) = machine(1);
    let mut device = Device::default();
    server.dispatch(&mut device).unwrap();
    let eventfd = EventFd::new(EFD_NONBLOCK).unwrap();
    let kick = Kick {
        base: BASE,
        queue: 1,
    };
    let ours = eventfd.try_clone().unwrap();
    let binding = server.ioeventfd(kick, owned(&eventfd)).unwrap();

    let taken = guest.mmio_write(0, BASE + QUEUE_NOTIFY, 4, 1).unwrap();
    assert!(taken.answer().is_some());
    server.dispatch(&mut device).unwrap();
    drop(binding);
    let left = guest.mmio_write(0, BASE + QUEUE_NOTIFY, 4, 1).unwrap();
    assert_eq!(left.answer(), None);
    server.dispatch(&mut device).unwrap();

    assert_eq!(ours.read().unwrap(), 1);
    assert_eq!(device.writes.len(), 1);
}

fn owned(eventfd: &EventFd) -> OwnedFd {
    // SAFETY: the descriptor is open as long as `eventfd` is borrowed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(eventfd.as_raw_fd()) };
    borrowed.try_clone_to_owned().unwrap()
}

#[test]
fn a_server_that_is_dropped_leaves_nothing_behind() {
    let (_xen, guest, server) = machine(4);
    assert_eq!(
        (guest.servers(), guest.ranges(), guest.bound_ports()),
        (1, 1, 4)
    );

    drop(server);

    assert_eq!(
        (guest.servers(), guest.ranges(), guest.bound_ports()),
        (0, 0, 0)
    );
    assert!(guest.mmio_read(0, BASE, 4).is_none());
}

/// Another process takes over what `server` leaves.
fn succeed(xen: &Xen, server: IoreqServer) -> IoreqServer {
    let id = server.id();
    server.leave();
    let (privcmd, events) = restricted(xen);
    IoreqServer::adopt(GUEST, id, privcmd, events).unwrap()
}

/// The server before has got this far with the request of vCPU 0.
fn set_state(xen: &Xen, server: &IoreqServer, state: u8) {
    let page = Resource::ioreq_page(server.id(), 0);
    let page = xen.privcmd().map_resource(GUEST, page).unwrap();
    let flags = page.as_ptr().wrapping_add(offset_of!(Slot, flags));
    // SAFETY: the byte is in the page, which is mapped; nobody else touches it meanwhile.
    let was = unsafe { flags.read_volatile() };
    // SAFETY: as above.
    unsafe { flags.write_volatile(was & !STATE_MASK | state) };
}

#[test]
fn a_server_that_was_left_is_adopted_with_its_ranges_and_those_who_wait() {
    let (xen, guest, server) = machine(2);
    let id = server.id();
    server.leave();
    let waiting = guest.mmio_read(1, BASE, 4).unwrap();
    let (privcmd, events) = restricted(&xen);
    let mut device = Device::default();

    let mut server = IoreqServer::adopt(GUEST, id, privcmd, events).unwrap();
    assert_eq!(waiting.answer(), None);
    server.dispatch_left(&mut device).unwrap();

    assert!(waiting.answer().is_some());
    let next = guest.mmio_read(0, BASE, 4).unwrap();
    server.dispatch(&mut device).unwrap();
    assert!(next.answer().is_some());
    drop(server);
    assert_eq!((guest.servers(), guest.bound_ports()), (1, 0));
}

#[test]
fn an_adopted_server_ends_when_it_is_told_to() {
    let (xen, guest, server) = machine(2);

    succeed(&xen, server).destroy();

    assert_eq!((guest.servers(), guest.bound_ports()), (0, 0));
}

#[test]
fn what_was_begun_is_done_again_and_never_goes_back() {
    let (xen, guest, server) = machine(1);
    let access = guest.mmio_write(0, BASE + 0x70, 4, 0xf).unwrap();
    set_state(&xen, &server, STATE_INPROCESS);
    let mut server = succeed(&xen, server);
    let mut device = Device::default();

    server.dispatch(&mut device).unwrap();
    assert_eq!(device.writes, []);
    server.dispatch_left(&mut device).unwrap();

    assert_eq!(device.writes.len(), 1);
    assert!(access.answer().is_some());
    assert_eq!(guest.crashed(), None);
}

#[test]
fn what_was_answered_without_a_word_is_announced() {
    let (xen, guest, server) = machine(1);
    let access = guest.mmio_read(0, BASE, 4).unwrap();
    set_state(&xen, &server, STATE_RESPONSE);
    let mut server = succeed(&xen, server);
    let mut device = Device::default();
    xen.take_calls();

    server.dispatch_left(&mut device).unwrap();

    assert!(matches!(xen.take_calls()[..], [Call::Notify(_)]));
    assert_eq!(device.reads, []);
    assert!(access.answer().is_some());
}

#[test]
fn a_server_that_does_not_exist_is_not_adopted() {
    let (xen, _guest, server) = machine(1);
    let id = server.id();
    drop(server);
    let (privcmd, events) = restricted(&xen);

    let adopted = IoreqServer::adopt(GUEST, id, privcmd, events);

    assert!(matches!(adopted, Err(Error::Step { .. })));
}

#[test]
fn an_address_of_nobody_is_not_the_servers() {
    let (_xen, guest, server) = machine(1);

    server.ranges().unmap_mmio(BASE..=BASE + 0x1ff).unwrap();

    assert!(guest.mmio_read(0, BASE, 4).is_none());
}

#[test]
fn a_server_of_a_vanished_domain_is_dropped_in_peace() {
    let (_xen, guest, mut server) = machine(2);

    guest.destroy();
    server.dispatch(&mut Device::default()).unwrap();
    drop(server);
}

#[test]
fn a_server_for_a_domain_that_is_gone_cannot_be_had() {
    let xen = Xen::new();
    let (privcmd, events) = restricted(&xen);

    let error = IoreqServer::create_with(GUEST, privcmd, events).unwrap_err();

    assert_eq!(error.to_string(), "domain 7: cannot count the vCPUs");
}

#[test]
fn a_ninth_server_is_refused_and_takes_nothing() {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    let _eight: Vec<IoreqServer> = (0..8u64)
        .map(|_| IoreqServer::create_with(GUEST, xen.privcmd(), xen.event_channels()).unwrap())
        .collect();

    let ninth = IoreqServer::create_with(GUEST, xen.privcmd(), xen.event_channels());

    assert!(matches!(ninth, Err(Error::Step { .. })));
    assert_eq!(guest.servers(), 8);
}

#[test]
fn lost_events_are_an_error_and_not_silence() {
    let (xen, _guest, mut server) = machine(1);

    xen.lose_events();

    let error = server.dispatch(&mut Device::default()).unwrap_err();
    assert!(matches!(error, Error::Xen(_)));
}

#[test]
fn a_port_that_is_no_vcpus_is_passed_over() {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    let events = xen.event_channels();
    let offered = guest.offer_port(DomId(0));
    events.bind_interdomain(GUEST, offered).unwrap();
    let mut server = IoreqServer::create_with(GUEST, xen.privcmd(), events).unwrap();
    let mut device = Device::default();

    guest.notify(offered).unwrap();
    server.dispatch(&mut device).unwrap();

    assert_eq!((device.reads, device.writes), (vec![], vec![]));
    assert!(server.as_fd().try_clone_to_owned().is_ok());
}
