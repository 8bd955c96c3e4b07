// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Pages that are put into the memory of a domain by hypercall, on the simulated Xen.

#![cfg(feature = "sim")]
// UNSAFE: requests that are about memory are unsafe to make.
#![expect(unsafe_code)]

use xen_hypercall::dm_op::{self, CreateIoreqServer, SetMemType};
use xen_hypercall::hvm::GetMemType;
use xen_hypercall::memory::{AcquireResource, AddToPhysmap, AddToPhysmapBatch, BatchSpace};
use xen_hypercall::memory::{Resource, Space};
use xen_hypercall::operation::Perform;
use xen_hypercall::slot::{In, InOut, Out};
use xen_hypercall::vcpu::{RegisterRunstatePhys, RegisterTimePhys};
use xen_hypercall::{DomId, Gfn, XenError};
use xen_ioctls::Hypercaller;
use xen_ioctls::sim::{Arch, Config, Guest, Xen};

const GUEST: DomId = DomId(1);

fn machine(arch: Arch) -> (Xen, Guest, Hypercaller) {
    let xen = Xen::with(Config {
        arch,
        ..Config::default()
    });
    let guest = xen.create_domain(GUEST, 2);
    guest.add_memory(0, 1 << 16);
    let host = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    (xen, guest, host)
}

#[test]
fn frames_of_another_domain_are_placed_one_by_one() {
    let (xen, guest, host) = machine(Arch::Arm);
    guest.write(0x3000, b"theirs");
    // SAFETY: nothing of domain 0's memory is in use here.
    let batch = |of| unsafe { AddToPhysmapBatch::new(DomId::SELF, BatchSpace::Foreign(of)) };
    let place = |hypercalls: &Hypercaller, of| {
        let mut errors = [7; 2];
        let slots = (
            In(&mut [3, 0x9999]),
            In(&mut [Gfn(8), Gfn(9)]),
            Out(&mut errors),
        );
        hypercalls.perform_with(batch(of), slots)?;
        Ok::<_, XenError>(errors)
    };

    assert_eq!(place(&host, GUEST), Ok([0, -libc::EINVAL]));
    assert_eq!(place(&host, DomId(9)), Ok([-libc::ESRCH; 2]));
    assert_eq!(place(&guest.hypercaller(), DomId(0)), Ok([-libc::EPERM; 2]));

    let mut seen = [0; 6];
    xen.host().read(0x8000, &mut seen);
    assert_eq!(&seen, b"theirs");
}

#[test]
fn a_frame_moves_on_x86_only() {
    // SAFETY: the guests of this test use no memory.
    let place = || unsafe { AddToPhysmap::new(DomId::SELF, Space::Frame(Gfn(3)), Gfn(0x500)) };
    let (_x86, guest, _) = machine(Arch::X86);
    let (_arm, other, _) = machine(Arch::Arm);
    guest.write(0x3000, b"moved");

    assert_eq!(guest.hypercaller().perform(place()), Ok(()));
    assert_eq!(guest.hypercaller().perform(place()), Err(XenError::INVAL));
    assert_eq!(other.hypercaller().perform(place()), Err(XenError::NOSYS));

    let mut seen = [0; 5];
    guest.read(0x50_0000, &mut seen);
    assert_eq!(&seen, b"moved");
}

#[test]
fn a_resource_is_counted_and_placed() {
    let (xen, guest, host) = machine(Arch::Arm);
    let server = dm_op::perform(&host, GUEST, CreateIoreqServer::unbuffered()).unwrap();
    let acquire = |caller: &Hypercaller, domain, frames: &mut [Gfn]| {
        let page = Resource::ioreq_page(server, 0);
        let question = AcquireResource::new(domain, page).unwrap();
        let acquired = caller.perform_with(question, InOut(frames));
        acquired.map(|(count, _)| count)
    };

    assert_eq!(acquire(&host, GUEST, &mut []), Ok(2));
    assert_eq!(acquire(&host, GUEST, &mut [Gfn(8)]), Ok(1));
    assert_eq!(acquire(&host, DomId(9), &mut []), Err(XenError::SRCH));
    let theirs = acquire(&guest.hypercaller(), DomId(0), &mut []);
    assert_eq!(theirs, Err(XenError::PERM));

    // What the host writes to its frame, the device model sees in the page.
    xen.host().write(0x8000, &[1, 2, 3, 4]);
    let page = xen
        .privcmd()
        .map_resource(GUEST, Resource::ioreq_page(server, 0));
    let page = page.unwrap();
    // SAFETY: the page is mapped, and nobody writes to it.
    let first = unsafe { page.as_ptr().cast::<[u8; 4]>().read_volatile() };
    assert_eq!(first, [1, 2, 3, 4]);
}

#[test]
fn the_type_of_a_frame_is_what_was_set() {
    let (xen, guest, host) = machine(Arch::X86);
    let set = SetMemType::new(Gfn(2), 2, 1);
    xen.privcmd().perform(GUEST, set).unwrap();
    let kind = |caller: &Hypercaller, frame| caller.perform(GetMemType::new(GUEST, Gfn(frame)));

    assert_eq!(kind(&host, 1), Ok(0));
    assert_eq!(kind(&host, 3), Ok(1));
    assert_eq!(kind(&guest.hypercaller(), 0x9999), Ok(2));
    let other = xen.create_domain(DomId(2), 1);
    assert_eq!(kind(&other.hypercaller(), 1), Err(XenError::PERM));
}

#[test]
fn areas_of_a_vcpu_are_memory_within_a_page_since_xen_4_18() {
    let (_xen, guest, _) = machine(Arch::X86);
    let calls = guest.hypercaller();
    // SAFETY: the guest of this test uses no memory.
    let runstate = |address| unsafe { RegisterRunstatePhys::new(0, address) };
    // SAFETY: as above.
    let time = |address| unsafe { RegisterTimePhys::new(0, address) };

    assert_eq!(calls.perform(runstate(0x5fd0)), Ok(()));
    assert_eq!(calls.perform(runstate(0x5fd8)), Err(XenError::NXIO));
    assert_eq!(calls.perform(runstate(0x5004)), Err(XenError::NXIO));
    assert_eq!(calls.perform(time(0x9999_0000)), Err(XenError::INVAL));
    assert_eq!(calls.perform(time(u64::MAX)), Ok(()));
    let old = Xen::with(Config {
        arch: Arch::X86,
        version: 4 << 16 | 17,
        ..Config::default()
    });
    let guest = old.create_domain(GUEST, 1);
    let refused = guest.hypercaller().perform(time(u64::MAX));
    assert_eq!(refused, Err(XenError::NOSYS));
}
