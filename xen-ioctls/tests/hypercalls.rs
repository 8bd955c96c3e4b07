// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Plain hypercalls and typed operations, on the simulated Xen.

#![cfg(feature = "sim")]
// UNSAFE: raw hypercalls are made.
#![expect(unsafe_code)]

use xen_hypercall::buffer::XenBox;
use xen_hypercall::dm_op::{
    self, CreateIoreqServer, InjectMsi, ModifiedExtent, ModifiedMemory, NrVcpus, SetIrqLevel,
    TrackDirtyVram,
};
use xen_hypercall::event_channel::{
    AllocUnbound, BindInterdomain, BindPirq, Close, ExpandArray, GetStatus, InitControl, Send,
    SetPriority, Status, Unmask,
};
use xen_hypercall::operation::Perform;
use xen_hypercall::slot::{In, Out};
use xen_hypercall::{DomId, Gfn, Port, XenError, XenHypercall, console, memory, version};
use xen_ioctls::sim::{Arch, Call, Config, Guest, Interrupt, Xen};
use xen_ioctls::{Hypercaller, Hypercalls};

const GUEST: DomId = DomId(1);

fn machine() -> (Xen, Guest, Hypercaller) {
    let xen = Xen::with(Config {
        arch: Arch::X86,
        max_page: 0x1_2345_6789,
        ..Config::default()
    });
    let guest = xen.create_domain(GUEST, 3);
    let caller = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    (xen, guest, caller)
}

#[test]
fn the_version_is_asked_in_words_and_in_text() {
    let (_xen, _guest, xen) = machine();

    assert_eq!(version::version(&xen).unwrap().to_string(), "4.20");
    assert_eq!(&version::extra_version(&xen).unwrap()[..5], b".sim\0");
    assert_eq!(version::features(&xen, 0), Ok(4));
    assert_eq!(version::features(&xen, 9), Err(XenError::INVAL));
}

#[test]
fn event_channels_work_by_hypercall() {
    let (_xen, guest, xen) = machine();
    let offered = guest.offer_port(DomId(0));

    let port = xen.perform(BindInterdomain::new(GUEST, offered)).unwrap();
    xen.perform(Send::new(port)).unwrap();
    xen.perform(Unmask::new(port)).unwrap();

    assert!(guest.take_event(offered));
    let bound = xen.perform(GetStatus::new(port));
    assert_eq!(bound, Ok(Status::Interdomain(GUEST, offered)));
    xen.perform(Close::new(port)).unwrap();
    assert_eq!(xen.perform(GetStatus::new(port)), Ok(Status::Closed));
    assert_eq!(xen.perform(Send::new(port)), Err(XenError::INVAL));
    let mine = xen.perform(AllocUnbound::new(GUEST)).unwrap();
    assert_eq!(
        xen.perform(GetStatus::new(mine)),
        Ok(Status::Unbound(GUEST))
    );
}

#[test]
fn a_device_model_operation_gives_the_same_both_ways() {
    let (simulated, _guest, xen) = machine();
    let privcmd = simulated.privcmd();

    let plain = dm_op::perform(&xen, GUEST, NrVcpus::new());
    let ioctl = privcmd.perform(GUEST, NrVcpus::new()).unwrap();

    assert_eq!(plain, Ok(3));
    assert_eq!(ioctl, 3);
    let first = dm_op::perform(&xen, GUEST, CreateIoreqServer::unbuffered()).unwrap();
    let second = privcmd.perform(GUEST, CreateIoreqServer::unbuffered());
    assert_eq!((first.0, second.unwrap().0), (0, 1));
    let gone = dm_op::perform(&xen, DomId(9), NrVcpus::new());
    assert_eq!(gone, Err(XenError::SRCH));
    let arm_only = dm_op::perform(&xen, GUEST, SetIrqLevel::new(33, true));
    assert_eq!(arm_only, Err(XenError::OPNOTSUPP));
}

#[test]
fn a_second_buffer_comes_back_and_gives_the_length() {
    let (simulated, _guest, xen) = machine();
    let (mut plain, mut ioctl) = ([0xffu8; 9], [0xffu8; 9]);
    let privcmd = simulated.privcmd();

    let op = TrackDirtyVram::new(Gfn(0xa0));
    let ((), by_call) = dm_op::perform_with(&xen, GUEST, op, Out(&mut plain)).unwrap();
    let ((), by_ioctl) = privcmd.perform_with(GUEST, op, Out(&mut ioctl)).unwrap();

    assert_eq!((by_call, by_ioctl), (&[0; 9][..], &[0; 9][..]));
    let calls = simulated.take_calls();
    let Some(Call::DmOp { buffers, .. }) = calls.last() else {
        panic!("the last call was an operation");
    };
    assert_eq!(buffers[0][8..12], 72u32.to_ne_bytes());
}

#[test]
fn extents_are_read_from_the_second_buffer() {
    let (simulated, _guest, _xen) = machine();
    let mut extents = [
        ModifiedExtent::new(Gfn(1), 2),
        ModifiedExtent::new(Gfn(9), 1),
    ];

    let op = ModifiedMemory::new();
    let done = simulated
        .privcmd()
        .perform_with(GUEST, op, In(&mut extents));

    assert!(done.is_ok());
}

#[test]
fn a_message_is_injected() {
    let (simulated, guest, _xen) = machine();

    let msi = InjectMsi::new(0xfee0_0000, 0x41);
    simulated.privcmd().perform(GUEST, msi).unwrap();

    let arrived = Interrupt::Msi {
        addr: 0xfee0_0000,
        data: 0x41,
    };
    assert_eq!(guest.take_interrupts(), [arrived]);
}

#[test]
fn a_result_of_more_than_31_bits_is_not_cut() {
    let (_simulated, _guest, xen) = machine();

    assert_eq!(memory::maximum_ram_page(&xen), Ok(0x1_2345_6789));
}

#[test]
fn a_result_that_looks_negative_is_refused_where_it_would_be_cut() {
    let xen = Xen::with(Config {
        max_page: 0x8000_0000,
        ..Config::default()
    });
    let caller = Hypercaller::new(xen.privcmd(), xen.hypercalls());

    // SAFETY: XENMEM_maximum_ram_page takes no argument.
    let direct = unsafe { caller.hypercall2(memory::HYPERCALL, [2, 0]) };

    assert_eq!(direct, Err(XenError::OVERFLOW));
    assert_eq!(memory::maximum_ram_page(&caller), Ok(0x8000_0000));
}

#[test]
fn text_of_any_length_reaches_the_console() {
    let (simulated, _guest, xen) = machine();
    let long = vec![b'x'; 4097];

    for text in [&b""[..], b"hello", &long[..4095], &long[..4096], &long] {
        console::write(&xen, text).unwrap();
        assert_eq!(simulated.host().take_console(), text);
    }
}

#[test]
fn memory_that_is_not_for_hypercalls_is_a_fault() {
    let (simulated, _guest, _xen) = machine();
    let caller = Hypercaller::new(simulated.privcmd(), Hypercalls::locked());

    let error = caller.perform(Send::new(Port(1)));

    assert_eq!(error, Err(XenError::FAULT));
}

#[test]
fn a_restricted_process_makes_no_plain_hypercalls() {
    let (simulated, _guest, _xen) = machine();
    let privcmd = simulated.privcmd();
    privcmd.restrict(GUEST).unwrap();
    let caller = Hypercaller::new(privcmd, simulated.hypercalls());

    assert_eq!(version::version(&caller), Err(XenError::PERM));
}

#[test]
fn an_original_changes_only_when_it_is_updated() {
    let (_simulated, _guest, xen) = machine();
    let mut info = [0u32, 7];

    let mut buffer = xen.mut_buffer(&mut info).unwrap();
    let pointer = buffer.as_hypercall_ptr().expose_provenance();
    // SAFETY: XENVER_get_features takes a pointer to two words, which are lent.
    unsafe { xen.hypercall2(17, [6, pointer]) }.unwrap();
    drop(buffer);
    assert_eq!(info, [0, 7]);
    let mut buffer = xen.mut_buffer(&mut info).unwrap();
    let pointer = buffer.as_hypercall_ptr().expose_provenance();
    // SAFETY: as above.
    unsafe { xen.hypercall2(17, [6, pointer]) }.unwrap();
    buffer.update();
    drop(buffer);

    assert_eq!(info, [0, 4]);
}

#[test]
fn a_box_is_used_without_copies() {
    let (_simulated, _guest, xen) = machine();

    let mut info = XenBox::new(&xen, [0u32, 7]).unwrap();
    let pointer = info.as_hypercall_ptr().expose_provenance();
    // SAFETY: XENVER_get_features takes a pointer to two words, which the box has.
    unsafe { xen.hypercall2(17, [6, pointer]) }.unwrap();

    assert_eq!(*info, [0, 4]);
    info[1] = 9;
    assert_eq!(info[1], 9);
}

#[test]
fn pages_are_used_again() {
    let (simulated, _guest, xen) = machine();
    version::extra_version(&xen).unwrap();
    simulated.take_calls();

    for _ in 0..100 {
        version::extra_version(&xen).unwrap();
    }

    let calls = simulated.take_calls();
    assert_eq!(calls.len(), 100);
    assert!(matches!(calls[0], Call::Hypercall { number: 17, .. }));
}

#[test]
fn event_channels_become_fifo_ones() {
    let (_xen, guest, _) = machine();
    guest.add_memory(0, 1 << 16);
    let xen = guest.hypercaller();
    let port = xen.perform(AllocUnbound::new(DomId(0))).unwrap();
    // SAFETY: the guest of this test uses no memory.
    let control = |frame, offset, vcpu| unsafe { InitControl::new(Gfn(frame), offset, vcpu) };
    // SAFETY: as above.
    let expand = |frame| xen.perform(unsafe { ExpandArray::new(Gfn(frame)) });
    let init = |frame, offset, vcpu| xen.perform(control(frame, offset, vcpu));
    let priority = |port, priority| xen.perform(SetPriority::new(port, priority));

    assert_eq!(expand(2), Err(XenError::OPNOTSUPP));
    assert_eq!(priority(port, 0), Err(XenError::NOSYS));
    assert_eq!(init(1, 0, 3), Err(XenError::NOENT));
    assert_eq!(init(1, 4, 0), Err(XenError::INVAL));
    assert_eq!(init(1, 4096 - 64, 0), Err(XenError::INVAL));
    assert_eq!(init(0x9999, 0, 0), Err(XenError::INVAL));
    assert_eq!(init(1, 4096 - 72, 0), Ok(17));
    assert_eq!(init(1, 0, 0), Err(XenError::INVAL), "it stays where it is");
    assert_eq!(init(1, 0, 1), Ok(17));

    assert_eq!(expand(0x9999), Err(XenError::INVAL));
    assert_eq!(expand(2), Ok(()));
    assert_eq!(priority(port, 15), Ok(()));
    assert_eq!(priority(port, 16), Err(XenError::INVAL));
    assert_eq!(priority(Port(77), 0), Err(XenError::INVAL));
    let pirq = xen.perform(BindPirq::new(5000, false));
    assert_eq!(pirq, Err(XenError::INVAL));
}
