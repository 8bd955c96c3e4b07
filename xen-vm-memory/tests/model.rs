// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any pattern of accesses, in every mode, against an array.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, Permissions};
use xen_hypercall::{DomId, Gfn};
use xen_ioctls::sim::{Call, Guest, NodeKind, Xen};
use xen_vm_memory::{GRANT_BIT, GuestSpace, Policy};

const GUEST: DomId = DomId(3);
const HOST: DomId = DomId(0);
const RAM: u64 = 0x4000_0000;
const PAGE: usize = 4096;
/// Pages that the device may write.
const WRITABLE: usize = 48;
/// Pages in all.
const PAGES: usize = 64;

#[derive(Clone, Copy, Debug)]
enum Mode {
    Foreign,
    Grant(Policy),
}

/// An access: where, how many bytes, whether it was declared, and what is written, if anything.
#[derive(Clone, Debug)]
struct Op {
    at: usize,
    len: usize,
    declared: bool,
    write: Option<u8>,
}

fn any_mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        Just(Mode::Foreign),
        Just(Mode::Grant(Policy::Auto)),
        Just(Mode::Grant(Policy::Map)),
        Just(Mode::Grant(Policy::Copy)),
    ]
}

fn any_op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![
        4 => 1..64usize,
        2 => 1..PAGE,
        1 => 1..16 * PAGE,
        1 => Just(PAGE),
    ];
    // Near a few pages, so that ranges share them.
    let at = prop_oneof![0..2 * PAGE, 0..WRITABLE * PAGE, 40 * PAGE..PAGES * PAGE];
    let write = proptest::option::of(any::<u8>());
    (at, len, any::<bool>(), write).prop_map(|(at, len, declared, write)| {
        let end = if write.is_some() { WRITABLE } else { PAGES } * PAGE;
        let at = at.min(end - 1);
        Op {
            at,
            len: len.min(end - at),
            declared,
            write,
        }
    })
}

/// The guest, what its first byte is called, and its space.
fn machine(mode: Mode) -> (Xen, Guest, GuestSpace, u64) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    guest.add_memory(RAM, 1 << 20);
    let (space, base) = match mode {
        Mode::Foreign => (GuestSpace::foreign(GUEST, xen.privcmd()), RAM),
        Mode::Grant(policy) => {
            let grants: Vec<u32> = (0..PAGES)
                .map(|n| {
                    let frame = Gfn((RAM >> 12) + n as u64);
                    guest.grant(frame, HOST, n < WRITABLE).0
                })
                .collect();
            assert!(grants.windows(2).all(|pair| pair[1] == pair[0] + 1));
            let base = GRANT_BIT | (u64::from(grants[0]) << 12);
            (GuestSpace::grant_by(GUEST, xen.grants(), policy), base)
        }
    };
    xen.take_calls();
    (xen, guest, space, base)
}

/// Bytes that differ from their neighbours.
fn pattern(seed: u8, len: usize) -> Vec<u8> {
    (0..251)
        .cycle()
        .take(len)
        .map(|n| seed.wrapping_add(n))
        .collect()
}

/// Foreign mappings that were made, less those that were ended.
fn left_mapped(calls: &[Call]) -> i64 {
    let change = |call: &Call| match call {
        Call::MapFrames { .. } => 1,
        Call::Munmap {
            node: NodeKind::Privcmd,
            ..
        } => -1,
        _ => 0,
    };
    calls.iter().map(change).sum()
}

fn run_batch(space: &GuestSpace, base: u64, ops: &[Op], model: &mut [u8]) {
    let near = |op: &Op, other: &Op| op.at < other.at + other.len && other.at < op.at + op.len;
    let access = |op: &Op| match op.write {
        None => Permissions::Read,
        Some(_) if ops.iter().filter(|other| near(op, other)).count() == 1 => Permissions::Write,
        // Others may read it before it is written.
        Some(_) => Permissions::ReadWrite,
    };
    let batch = space.memory();
    let declared = ops.iter().filter(|op| op.declared);
    batch.declare(declared.map(|op| (GuestAddress(base + op.at as u64), op.len, access(op))));
    for op in ops {
        let addr = GuestAddress(base + op.at as u64);
        let here = &mut model[op.at..op.at + op.len];
        match op.write {
            Some(seed) => {
                here.copy_from_slice(&pattern(seed, op.len));
                batch.write_slice(here, addr).unwrap();
            }
            None => {
                let mut read = vec![0; op.len];
                batch.read_slice(&mut read, addr).unwrap();
                assert!(read == here, "read of {op:?}");
            }
        }
    }
    batch.finish(&mut |addr, len| panic!("{len} bytes at {:#x} were lost", addr.0));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn guest_memory_is_an_array(
        mode in any_mode(),
        batches in prop::collection::vec(prop::collection::vec(any_op(), 1..12), 1..4),
    ) {
        let (xen, guest, space, base) = machine(mode);
        let mut model = pattern(7, PAGES * PAGE);
        guest.write(RAM, &model);

        for ops in &batches {
            run_batch(&space, base, ops, &mut model);
            let mut memory = vec![0; model.len()];
            guest.read(RAM, &mut memory);
            prop_assert!(memory == model, "after {ops:?}");
            prop_assert_eq!(guest.mapped_grants(), 0);
        }

        prop_assert_eq!(space.usage().undelivered, 0);
        prop_assert_eq!(space.usage().failures, 0);
        drop(space);
        prop_assert_eq!(left_mapped(&xen.take_calls()), 0);
    }

    /// Ranges that are anything at all: no panic, no signal, nothing left, and no byte of the
    /// guest's changes without a write that succeeded.
    #[test]
    fn ranges_that_are_anything_harm_nobody(
        mode in any_mode(),
        ranges in prop::collection::vec((any::<u64>(), any::<usize>(), any::<bool>()), 1..20),
        near in prop::collection::vec((0..80 * PAGE as u64, 1..9 * PAGE, any::<bool>()), 1..20),
    ) {
        let (xen, guest, space, base) = machine(mode);
        let model = pattern(9, PAGES * PAGE);
        guest.write(RAM, &model);
        let near = near.iter().map(|(at, len, write)| (base.wrapping_add(*at), *len, *write));
        let all: Vec<_> = ranges.iter().copied().chain(near).map(|(addr, len, write)| {
            let access = if write { Permissions::Write } else { Permissions::Read };
            (GuestAddress(addr), len, access)
        }).collect();

        let batch = space.memory();
        batch.declare(all.iter().copied());
        for (addr, len, access) in &all {
            use vm_memory::GuestMemory;
            let slices = batch.get_slices(*addr, *len, *access).unwrap();
            let mut sum = 0usize;
            for slice in slices.flatten() {
                sum += slice.len();
                let mut byte = [0];
                slice.copy_to(&mut byte[..]);
            }
            prop_assert!(sum <= *len);
        }
        drop(batch);

        // What was declared for writing and not written is undefined, but no older bytes.
        let mut memory = vec![0; model.len()];
        guest.read(RAM, &mut memory);
        prop_assert!(memory.iter().zip(&model).all(|(now, then)| now == then || *now == 0xff));
        prop_assert!(memory[WRITABLE * PAGE..] == model[WRITABLE * PAGE..]);
        prop_assert_eq!(guest.mapped_grants(), 0);
        drop(space);
        prop_assert_eq!(left_mapped(&xen.take_calls()), 0);
    }
}
