// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a guest without a kernel, and its device model, ask of Xen by hypercall; on the simulated
//! Xen, with the errnos of the real one.

#![cfg(feature = "sim")]
// UNSAFE: requests that are about memory are unsafe to make, and a shared page is read.
#![expect(unsafe_code)]

use std::ptr::NonNull;

use xen_hypercall::abi::dm_op::{Cacheattr, EventType};
use xen_hypercall::abi::hvm::Param;
use xen_hypercall::abi::memory::E820Entry;
use xen_hypercall::abi::sched::Reason;
use xen_hypercall::abi::vcpu::{VcpuHvm64, VcpuHvmContextCpuRegs};
use xen_hypercall::dm_op::{
    CreateIoreqServer, Event, GetIoreqServerInfo, InjectEvent, MapIoRange, MapMemTypeToIoreqServer,
    PinMemoryCacheattr, RelocateMemory, RemoteShutdown, SetIoreqServerState, SetMemType,
};
use xen_hypercall::event_channel::{BindIpi, BindVcpu, GetStatus, Reset, Send, Status};
use xen_hypercall::grant_table::{
    Copy, End, GetVersion, Handle, Map, QuerySize, SetVersion, Unmap,
};
use xen_hypercall::hvm::{FlushTlbs, GetParam, SetParam};
use xen_hypercall::ioreq::{BufferedPage, BufferedWrite, Kind};
use xen_hypercall::memory::{Decrease, MemoryMap, Populate, RemoveFromPhysmap, Resource};
use xen_hypercall::operation::Perform;
use xen_hypercall::sched::{Block, Poll, Shutdown, ShutdownCode, Watchdog, WatchdogId, Yield};
use xen_hypercall::slot::{In, InOut, Out};
use xen_hypercall::vcpu::{Down, Initialise, IsUp, RegisterVcpuInfo, SetPeriodicTimer, Up};
use xen_hypercall::{DomId, Gfn, GrantRef, Port, XenError, sched};
use xen_ioctls::sim::{Arch, Config, Guest, Xen};
use xen_ioctls::{Hypercaller, Privcmd};

const HOST: DomId = DomId(0);
const GUEST: DomId = DomId(1);

/// A guest with three vCPUs and a mebibyte, its hypercalls, and its device model's.
fn machine(arch: Arch) -> (Xen, Guest, Hypercaller, Privcmd) {
    let xen = Xen::with(Config {
        arch,
        ..Config::default()
    });
    let guest = xen.create_domain(GUEST, 3);
    guest.add_memory(0, 1 << 20);
    let (calls, privcmd) = (guest.hypercaller(), xen.privcmd());
    (xen, guest, calls, privcmd)
}

fn errno<T: std::fmt::Debug>(result: Result<T, xen_ioctls::Error>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

#[test]
fn a_guest_that_yields_goes_on() {
    let (_xen, guest, calls, _) = machine(Arch::Arm);

    assert_eq!(calls.perform(Yield::default()), Ok(()));
    assert_eq!(calls.perform(Block::default()), Ok(()));
    assert_eq!(guest.shutdown_reason(), None);
}

#[test]
fn the_first_reason_of_a_shutdown_counts() {
    let (_xen, guest, calls, _) = machine(Arch::Arm);

    calls.perform(ShutdownCode::new(Reason::CRASH)).unwrap();
    assert_eq!(guest.shutdown_reason(), None);
    calls.perform(Shutdown::new(Reason::POWEROFF)).unwrap();

    assert_eq!(guest.shutdown_reason(), Some(Reason::CRASH.0));
}

#[test]
fn only_a_device_model_shuts_another_domain_down() {
    let (xen, guest, calls, _) = machine(Arch::Arm);
    let host = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    let reboot = |domain| sched::RemoteShutdown::new(domain, Reason::REBOOT);

    assert_eq!(calls.perform(reboot(HOST)), Err(XenError::PERM));
    assert_eq!(host.perform(reboot(DomId(9))), Err(XenError::SRCH));
    assert_eq!(host.perform(reboot(GUEST)), Ok(()));

    assert_eq!(guest.shutdown_reason(), Some(Reason::REBOOT.0));
}

#[test]
fn a_poll_wants_ports_that_are_there() {
    let (_xen, guest, calls, _) = machine(Arch::Arm);
    let port = guest.offer_port(HOST);
    let poll = |ports: &mut [Port]| {
        let polled = calls.perform_with(Poll::new(), In(ports));
        polled.map(|((), ())| ())
    };

    assert_eq!(poll(&mut [port]), Ok(()));
    assert_eq!(poll(&mut [port, Port(77)]), Err(XenError::INVAL));
    assert_eq!(poll(&mut [port; 129]), Err(XenError::INVAL));
}

#[test]
fn a_domain_has_two_watchdogs() {
    let (_xen, _guest, calls, _) = machine(Arch::Arm);

    let first = calls.perform(Watchdog::new(30)).unwrap();
    let second = calls.perform(Watchdog::new(30)).unwrap();

    assert_eq!((first, second), (Some(WatchdogId(1)), Some(WatchdogId(2))));
    assert_eq!(calls.perform(Watchdog::new(30)), Err(XenError::NOSPC));
    calls.perform(Watchdog::end(WatchdogId(1))).unwrap();
    let gone = calls.perform(Watchdog::reset(WatchdogId(1), 5));
    assert_eq!(gone, Err(XenError::INVAL));
}

#[test]
fn a_guest_reads_where_its_console_is_and_not_what_is_its_toolstacks() {
    let (xen, _guest, calls, _) = machine(Arch::X86);
    let host = Hypercaller::new(xen.privcmd(), xen.hypercalls());

    // SAFETY: the guest of this test uses no memory.
    let set = unsafe { SetParam::new(GUEST, Param::CONSOLE_PFN, 0xfe) };
    host.perform(set).unwrap();
    // SAFETY: as above.
    let own = unsafe { SetParam::new(DomId::SELF, Param::CONSOLE_PFN, 1) };

    let read = |param| calls.perform(GetParam::new(DomId::SELF, param));
    assert_eq!(read(Param::CONSOLE_PFN), Ok(0xfe));
    assert_eq!(calls.perform(own), Err(XenError::PERM));
    assert_eq!(read(Param::IOREQ_SERVER_PFN), Err(XenError::PERM));
    assert_eq!(read(Param::NESTEDHVM), Err(XenError::INVAL));
    assert_eq!(read(Param(39)), Err(XenError::INVAL));
    let gone = host.perform(GetParam::new(DomId(9), Param::STORE_PFN));
    assert_eq!(gone, Err(XenError::SRCH));
    assert_eq!(calls.perform(FlushTlbs::default()), Ok(()));
}

#[test]
fn a_vcpu_starts_once_it_has_registers() {
    let (_xen, _guest, calls, _) = machine(Arch::X86);
    let registers = VcpuHvmContextCpuRegs::Bits64(VcpuHvm64::default());
    // SAFETY: no vCPU of the simulation runs.
    let initialise = |vcpu| unsafe { Initialise::new(vcpu, registers) };

    assert_eq!(calls.perform(Up::new(1)), Err(XenError::INVAL));
    assert_eq!(calls.perform(initialise(0)), Err(XenError::EXIST));
    calls.perform(initialise(1)).unwrap();
    assert_eq!(calls.perform(IsUp::new(1)), Ok(false));
    calls.perform(Up::new(1)).unwrap();

    assert_eq!(calls.perform(IsUp::new(1)), Ok(true));
    assert_eq!(calls.perform(Up::new(3)), Err(XenError::NOENT));
    let short = calls.perform(SetPeriodicTimer::new(0, 999_999));
    assert_eq!(short, Err(XenError::INVAL));
}

#[test]
fn the_last_vcpu_takes_the_domain_along() {
    let (_xen, guest, calls, _) = machine(Arch::X86);

    calls.perform(Down::new(0)).unwrap();

    assert_eq!(guest.shutdown_reason(), Some(Reason::POWEROFF.0));
}

#[test]
fn the_info_of_a_vcpu_is_placed_once_and_within_a_page() {
    let (_xen, _guest, calls, _) = machine(Arch::Arm);
    let place = |frame, offset| {
        // SAFETY: the guest of this test uses no memory.
        calls.perform(unsafe { RegisterVcpuInfo::new(0, Gfn(frame), offset) })
    };

    assert_eq!(place(1, 4096), Err(XenError::INVAL));
    assert_eq!(place(1, 4095), Err(XenError::NXIO));
    assert_eq!(place(0x9999, 0), Err(XenError::INVAL));
    assert_eq!(place(1, 64), Ok(()));
    assert_eq!(place(1, 64), Err(XenError::BUSY));
    // Arm starts vCPUs by PSCI.
    assert_eq!(calls.perform(IsUp::new(0)), Err(XenError::INVAL));
}

#[test]
fn an_ipi_arrives_at_its_own_port() {
    let (_xen, guest, calls, _) = machine(Arch::Arm);

    let port = calls.perform(BindIpi::new(2)).unwrap();
    calls.perform(Send::new(port)).unwrap();

    assert!(guest.take_event(port));
    assert_eq!(calls.perform(GetStatus::new(port)), Ok(Status::Ipi));
    assert_eq!(calls.perform(BindVcpu::new(port, 1)), Err(XenError::INVAL));
    assert_eq!(calls.perform(BindIpi::new(3)), Err(XenError::NOENT));
    calls.perform(Reset::new()).unwrap();
    assert_eq!(calls.perform(GetStatus::new(port)), Ok(Status::Closed));
}

#[test]
fn a_grant_is_mapped_and_unmapped_by_hypercall() {
    let (xen, guest, calls, _) = machine(Arch::Arm);
    let other = xen.create_domain(DomId(2), 1);
    other.add_memory(0, 1 << 16);
    other.write(0x3004, b"shared");
    let grant = other.grant(Gfn(3), GUEST, false);
    // SAFETY: the guest of this test uses no memory at these addresses.
    let map = |grant, write| unsafe { Map::new(DomId(2), grant, 0x8000, write) };

    let handle = calls.perform(map(grant, false)).unwrap();

    let mut seen = [0; 6];
    guest.read(0x8004, &mut seen);
    assert_eq!(&seen, b"shared");
    assert_eq!(other.mappings_of(grant), 1);
    assert_eq!(calls.perform(map(grant, true)), Err(XenError::PERM));
    assert_eq!(
        calls.perform(map(GrantRef(99), false)),
        Err(XenError::NOENT)
    );
    // SAFETY: as above.
    let unmap = |handle| unsafe { Unmap::new(handle, 0x8000) };
    assert_eq!(calls.perform(unmap(Handle(7))), Err(XenError::INVAL));
    assert_eq!(calls.perform(unmap(handle)), Ok(()));
    assert_eq!(other.mappings_of(grant), 0);
}

#[test]
fn copies_fail_alone() {
    let (xen, guest, calls, _) = machine(Arch::Arm);
    let other = xen.create_domain(DomId(2), 1);
    other.add_memory(0, 1 << 16);
    other.write(0, b"0123456789");
    let grant = other.grant(Gfn(0), GUEST, false);
    let end = End::Grant(DomId(2), grant, 2);
    let own = |frame, offset| End::Frame(Gfn(frame), offset);
    // SAFETY: the guest of this test uses no memory.
    let copy = |from, to, len| unsafe { Copy::new(from, to, len) };

    let mut copies = [
        copy(end, own(4, 8), 4),
        copy(own(4, 0), end, 4),
        copy(end, own(4, 4094), 4),
        copy(end, own(0x9999, 0), 4),
    ];
    let done: Vec<_> = calls.perform_all(&mut copies).unwrap().collect();

    let wrong = Err(XenError::INVAL);
    assert_eq!(done, [Ok(()), Err(XenError::PERM), wrong, wrong]);
    let mut seen = [0; 4];
    guest.read(0x4008, &mut seen);
    assert_eq!(&seen, b"2345");
}

#[test]
fn the_version_of_a_table_in_use_stays() {
    let (xen, guest, calls, _) = machine(Arch::Arm);
    let host = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    xen.host().add_memory(0, 1 << 16);
    let grant = guest.grant(Gfn(0), HOST, false);
    // SAFETY: nothing of domain 0's memory is in use here.
    let map = unsafe { Map::new(GUEST, grant, 0, false) };
    let handle = host.perform(map).unwrap();

    assert_eq!(calls.perform(SetVersion::new(3)), Err(XenError::INVAL));
    assert_eq!(calls.perform(SetVersion::new(2)), Err(XenError::BUSY));
    // SAFETY: as above.
    host.perform(unsafe { Unmap::new(handle, 0) }).unwrap();
    assert_eq!(calls.perform(SetVersion::new(2)), Ok(2));

    assert_eq!(host.perform(GetVersion::new(GUEST)), Ok(2));
    assert_eq!(calls.perform(QuerySize::new(DomId::SELF)), Ok((1, 64)));
    assert_eq!(calls.perform(QuerySize::new(HOST)), Err(XenError::ACCES));
}

#[test]
fn frames_are_given_back_and_got_again() {
    let (_xen, _guest, calls, _) = machine(Arch::Arm);
    let mut frames = [Gfn(5), Gfn(6), Gfn(0x9999)];

    // SAFETY: the guest of this test uses no memory.
    let decrease = unsafe { Decrease::new(DomId::SELF, 0) };
    let (given, ()) = calls.perform_with(decrease, In(&mut frames)).unwrap();
    let populate = Populate::new(DomId::SELF, 0);
    let (got, _) = calls.perform_with(populate, InOut(&mut frames)).unwrap();

    // The last one was a hole, and became memory.
    assert_eq!((given, got), (2, 3));
    // SAFETY: as above.
    let remove = || unsafe { RemoveFromPhysmap::new(DomId::SELF, Gfn(0x9999)) };
    assert_eq!(calls.perform(remove()), Ok(()));
    assert_eq!(calls.perform(remove()), Err(XenError::NOENT));
}

#[test]
fn the_map_of_memory_is_what_fits() {
    let (_xen, guest, calls, _) = machine(Arch::X86);
    guest.add_memory(0x1_0000_0000, 1 << 16);
    let mut room = [E820Entry::default(); 3];

    let (count, entries) = calls
        .perform_with(MemoryMap::default(), Out(&mut room))
        .unwrap();

    assert_eq!(count, 2);
    let found = (entries[1].address(), entries[1].size());
    assert_eq!(found, (0x1_0000_0000, 1 << 16));
}

#[test]
fn writes_that_need_no_answer_are_taken_from_their_page() {
    let (xen, guest, _, privcmd) = machine(Arch::X86);
    let server = privcmd
        .perform(GUEST, CreateIoreqServer::buffered())
        .unwrap();
    let page = privcmd
        .map_resource(GUEST, Resource::buffered_page(server))
        .unwrap();
    let port = privcmd
        .perform(GUEST, GetIoreqServerInfo::new(server))
        .unwrap();
    let events = xen.event_channels();
    let port = events.bind_interdomain(GUEST, port).unwrap();
    let range = MapIoRange::memory(server, &(0xa0000..=0x1f_ffff));
    privcmd.perform(GUEST, range).unwrap();
    privcmd
        .perform(GUEST, SetIoreqServerState::new(server, true))
        .unwrap();
    let start = NonNull::new(page.as_ptr()).unwrap();
    // SAFETY: the page is mapped until the end of the test, and read by nobody else.
    let mut writes = unsafe { BufferedPage::new(start) };

    assert!(guest.buffered_write(0xa0010, 2, 0xbeef));
    assert!(guest.buffered_write(0xa0020, 8, 0x0123_4567_89ab_cdef));
    assert!(!guest.buffered_write(0x10_0000, 4, 1), "beyond 1 MiB");

    let write = |address, size, data| BufferedWrite {
        kind: Kind::Copy,
        address,
        size,
        data,
    };
    assert_eq!(writes.take(), Some(write(0xa0010, 2, 0xbeef)));
    assert_eq!(
        writes.take(),
        Some(write(0xa0020, 8, 0x0123_4567_89ab_cdef))
    );
    assert_eq!(writes.take(), None);
    let mut ports = [0; 2];
    assert_eq!(events.pending(&mut ports).unwrap(), 1);
    assert_eq!(ports[0], port.0);
}

#[test]
fn a_full_page_takes_no_more_and_pointers_start_over() {
    let (_xen, guest, _, privcmd) = machine(Arch::X86);
    let server = privcmd
        .perform(GUEST, CreateIoreqServer::buffered())
        .unwrap();
    let page = privcmd
        .map_resource(GUEST, Resource::buffered_page(server))
        .unwrap();
    let range = MapIoRange::memory(server, &(0xa0000..=0xaffff));
    privcmd.perform(GUEST, range).unwrap();
    privcmd
        .perform(GUEST, SetIoreqServerState::new(server, true))
        .unwrap();
    let start = NonNull::new(page.as_ptr()).unwrap();
    // SAFETY: as above.
    let mut writes = unsafe { BufferedPage::new(start) };

    let put = (0..600)
        .filter(|n| guest.buffered_write(0xa0000, 4, *n))
        .count();
    let taken = std::iter::from_fn(|| writes.take()).count();
    assert_eq!((put, taken), (511, 511));

    // Each goes one round further than the last.
    for n in 0..2000 {
        assert!(guest.buffered_write(0xa0000, 4, n));
        assert_eq!(writes.take().unwrap().data, n);
    }
}

#[test]
fn a_server_without_a_buffered_page_has_none() {
    let (_xen, guest, _, privcmd) = machine(Arch::X86);
    let server = privcmd
        .perform(GUEST, CreateIoreqServer::unbuffered())
        .unwrap();

    let page = privcmd.map_resource(GUEST, Resource::buffered_page(server));

    assert_eq!(errno(page), Some(libc::ENOENT));
    assert!(!guest.buffered_write(0xa0000, 4, 0));
}

#[test]
fn arm_has_no_buffered_page() {
    let (_xen, _guest, _, privcmd) = machine(Arch::Arm);

    let created = privcmd.perform(GUEST, CreateIoreqServer::buffered());

    assert_eq!(errno(created), Some(libc::EINVAL));
}

#[test]
fn types_of_frames_are_checked() {
    let (_xen, _guest, _, privcmd) = machine(Arch::X86);
    let server = privcmd
        .perform(GUEST, CreateIoreqServer::unbuffered())
        .unwrap();
    let set = |first, count, kind| {
        errno(privcmd.perform(GUEST, SetMemType::new(Gfn(first), count, kind)))
    };
    let map = |kind, write| {
        let op = MapMemTypeToIoreqServer::new(server, kind, write);
        errno(privcmd.perform(GUEST, op))
    };

    assert_eq!(set(0, 4, 1), None);
    assert_eq!(set(0, 0, 1), Some(libc::EINVAL));
    assert_eq!(set(0xff, 2, 1), Some(libc::EINVAL));
    assert_eq!(set(0, 1, 3), Some(libc::EINVAL));
    assert_eq!(set(0, 1, 4), Some(libc::EINVAL));
    assert_eq!(map(4, false), Some(libc::EINVAL));
    assert_eq!(map(1, true), Some(libc::EINVAL));
    assert_eq!(map(4, true), None);
    assert_eq!(map(4, true), Some(libc::EBUSY));
    assert_eq!(set(0, 1, 4), None);
    assert_eq!(map(4, false), None);
}

#[test]
fn an_event_waits_until_it_is_taken() {
    let (_xen, guest, _, privcmd) = machine(Arch::X86);
    let event = Event {
        vector: 14,
        kind: EventType::HW_EXC,
        instruction_len: 0,
        error_code: 2,
        cr2: 0x1000,
    };
    let inject = |vcpu| errno(privcmd.perform(GUEST, InjectEvent::new(vcpu, event)));

    assert_eq!(inject(1), None);
    assert_eq!(inject(1), Some(libc::EBUSY));
    assert_eq!(inject(3), Some(libc::EINVAL));
    assert_eq!(guest.take_interrupts().len(), 1);
    assert_eq!(inject(1), None);
}

#[test]
fn a_device_model_ends_its_guest_and_moves_its_frames() {
    let (_xen, guest, _, privcmd) = machine(Arch::X86);
    guest.write(0x5000, b"moved");

    privcmd
        .perform(GUEST, RelocateMemory::new(Gfn(5), Gfn(0x500), 1))
        .unwrap();
    let again = privcmd.perform(GUEST, RelocateMemory::new(Gfn(5), Gfn(0x500), 1));
    privcmd.perform(GUEST, RemoteShutdown::new(3)).unwrap();

    let mut seen = [0; 5];
    guest.read(0x50_0000, &mut seen);
    assert_eq!(&seen, b"moved");
    assert_eq!(errno(again), Some(libc::EINVAL));
    assert_eq!(guest.shutdown_reason(), Some(3));
}

#[test]
fn caching_is_fixed_for_ranges_that_do_not_overlap() {
    let (_xen, _guest, _, privcmd) = machine(Arch::X86);
    let pin = |first, last, kind| {
        let op = PinMemoryCacheattr::new(Gfn(first), Gfn(last), kind);
        errno(privcmd.perform(GUEST, op))
    };

    assert_eq!(pin(8, 15, Cacheattr::WB), None);
    assert_eq!(pin(15, 16, Cacheattr::WB), Some(libc::EBUSY));
    assert_eq!(pin(9, 8, Cacheattr::WB), Some(libc::EINVAL));
    assert_eq!(pin(32, 33, Cacheattr::UC), Some(libc::EPERM));
    assert_eq!(pin(32, 33, Cacheattr(3)), Some(libc::EINVAL));
    assert_eq!(pin(8, 14, Cacheattr(u32::MAX)), Some(libc::ENOENT));
    assert_eq!(pin(8, 15, Cacheattr(u32::MAX)), None);
}
