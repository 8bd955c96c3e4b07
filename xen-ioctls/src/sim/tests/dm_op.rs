// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Device model operations that no public type would make.

// UNSAFE: nodes are given what no public type would give them.
#![expect(unsafe_code)]

use proptest::prelude::*;

use super::*;
use crate::privcmd::abi;

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
    // The head and the arguments, without what other operations need.
    DmOp::as_bytes(&NrVcpus::new())[..12].to_vec()
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

    let refused = old.privcmd().perform(GUEST, NrVcpus::new()).unwrap_err();

    assert_eq!(refused.raw_os_error(), Some(libc::EOPNOTSUPP));
    assert_eq!(raw_dm_op(&arm, 1, &mut unknown), Err(libc::EOPNOTSUPP));
    assert_eq!(raw_dm_op(&arm, 1, &mut msi), Err(libc::EOPNOTSUPP));
}

#[test]
fn a_message_that_is_no_interrupt_is_refused() {
    let xen = Xen::with(Config {
        arch: Arch::X86,
        ..Config::default()
    });
    let guest = xen.create_domain(GUEST, 1);
    let inject = |addr, data| {
        let injected = xen
            .privcmd()
            .perform(GUEST, xen_hypercall::dm_op::InjectMsi::new(addr, data));
        injected.map_err(|e| e.raw_os_error().unwrap())
    };

    assert_eq!(inject(0xfee0_0000, 0x4031), Ok(()));
    assert_eq!(inject(0xfee0_1000, 0x4300), Ok(()));
    assert_eq!(guest.take_interrupts().len(), 2);
    assert_eq!(inject(0xfee0_0000, 0x4300), Err(libc::ERANGE));
    assert_eq!(inject(0xfee0_0000, 0x4231), Err(libc::EINVAL));
    assert!(guest.take_interrupts().is_empty());
}

#[test]
fn a_newer_xen_serves_who_knows_fewer_operations() {
    let newer = Xen::with(Config {
        dm_ops: 22,
        ..Config::default()
    });
    let guest = newer.create_domain(GUEST, 2);
    let privcmd = newer.privcmd();

    assert_eq!(privcmd.perform(GUEST, NrVcpus::new()).unwrap(), 2);
    privcmd.perform(GUEST, SetIrqLevel::new(33, true)).unwrap();
    let short = raw_dm_op(&newer, 1, &mut [nr_vcpus()]).unwrap();

    assert_eq!(short[0][8..12], 2u32.to_ne_bytes());
    assert_eq!(guest.take_interrupts().len(), 1);
}

#[test]
fn a_new_operation_needs_a_xen_that_knows_it_and_all_of_its_arguments() {
    let newer = Xen::with(Config {
        dm_ops: 22,
        ..Config::default()
    });
    let _guest = newer.create_domain(GUEST, 1);
    let (today, _guest) = machine();
    let op = |number, len| {
        let mut bytes = vec![0; len];
        bytes[0] = number;
        [bytes]
    };

    assert_eq!(raw_dm_op(&newer, 1, &mut op(21, 48)), Ok(op(21, 48).into()));
    // `struct xen_dm_op` as it is today.
    assert_eq!(raw_dm_op(&newer, 1, &mut op(21, 32)), Err(libc::EFAULT));
    assert_eq!(raw_dm_op(&newer, 1, &mut op(21, 47)), Err(libc::EFAULT));
    assert_eq!(raw_dm_op(&newer, 1, &mut op(22, 48)), Err(libc::EOPNOTSUPP));
    assert_eq!(raw_dm_op(&today, 1, &mut op(21, 48)), Err(libc::EOPNOTSUPP));
    // What it has in front is looked at as ever.
    let mut padded = op(21, 48);
    padded[0][4] = 1;
    assert_eq!(raw_dm_op(&newer, 1, &mut padded), Err(libc::EINVAL));
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

proptest! {
    /// Whatever bytes there are, in however many buffers: an answer or one of the errnos that
    /// the rules name, and no panic.
    #[test]
    fn any_bytes_are_answered_or_refused_by_a_rule(
        number in 0u8..24,
        rest in prop::collection::vec(any::<u8>(), 0..40),
        second in prop::option::of(prop::collection::vec(any::<u8>(), 0..64)),
    ) {
        let xen = Xen::with(Config { arch: Arch::X86, ..Config::default() });
        let _guest = xen.create_domain(GUEST, 2);
        let mut buffers = vec![[&[number, 0, 0, 0, 0, 0, 0, 0][..], &rest].concat()];
        buffers.extend(second);
        let before = buffers.clone();

        match raw_dm_op(&xen, 1, &mut buffers) {
            Ok(after) => prop_assert_eq!(after[0].len(), before[0].len()),
            Err(errno) => {
                prop_assert_eq!(&buffers, &before);
                let rules = [libc::EFAULT, libc::EINVAL, libc::EOPNOTSUPP, libc::ENOENT];
                prop_assert!(rules.contains(&errno), "errno {}", errno);
            }
        }
    }

    /// What the typed operations encode is never refused for its form.
    #[test]
    fn what_is_encoded_is_refused_for_its_meaning_only(
        start in any::<u64>(),
        len in any::<u64>(),
        irq in any::<u32>(),
        level in any::<bool>(),
    ) {
        let (xen, guest) = machine();
        let privcmd = xen.privcmd();
        let id = privcmd.perform(GUEST, CreateIoreqServer::unbuffered()).unwrap();
        let end = start.saturating_add(len);

        let range = privcmd.perform(GUEST, MapIoRange::memory(id, &(start..=end)));
        let raised = privcmd.perform(GUEST, SetIrqLevel::new(irq, level));

        prop_assert!(range.is_ok());
        prop_assert_eq!(raised.is_ok(), (32..1020).contains(&irq));
        prop_assert_eq!(guest.ranges(), 1);
    }
}
