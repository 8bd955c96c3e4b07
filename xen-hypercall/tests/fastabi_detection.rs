// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Detection of the FastABI from CPUID dumps.

#![cfg(target_arch = "x86_64")]

use xen_hypercall::abi::fastabi::Instruction;
use xen_hypercall::fastabi::{Abi, Cpuid, detect};

type Leaf = (u32, [u32; 4]);

/// `GenuineIntel` and `AuthenticAMD`.
const INTEL: Leaf = (0, [0xd, 0x756e_6547, 0x6c65_746e, 0x4965_6e69]);
const AMD: Leaf = (0, [0x10, 0x6874_7541, 0x444d_4163, 0x6974_6e65]);
/// `Microsoft Hv`: what a guest with viridian sees first.
const VIRIDIAN: Leaf = (
    0x4000_0000,
    [0x4000_0006, 0x7263_694d, 0x666f_736f, 0x7648_2074],
);

fn xen(base: u32, last: u32) -> Leaf {
    (base, [base + last, 0x566e_6558, 0x6558_4d4d, 0x4d4d_566e])
}

fn detected(leaves: &[Leaf]) -> Abi {
    detect(|leaf| {
        let found = leaves.iter().find(|(number, _)| *number == leaf);
        let [eax, ebx, ecx, edx] = found.map_or([0; 4], |(_, registers)| *registers);
        Cpuid { eax, ebx, ecx, edx }
    })
}

#[test]
fn a_set_bit_on_intel_is_fast_by_vmcall() {
    let leaves = [INTEL, xen(0x4000_0000, 5), (0x4000_0004, [0x9d, 0, 3, 7])];

    assert_eq!(detected(&leaves), Abi::Fast(Instruction::Vmcall));
}

#[test]
fn a_set_bit_on_amd_is_fast_by_vmmcall() {
    let leaves = [AMD, xen(0x4000_0000, 5), (0x4000_0004, [0x9d, 0, 3, 7])];

    assert_eq!(detected(&leaves), Abi::Fast(Instruction::Vmmcall));
}

#[test]
fn a_clear_bit_is_classic() {
    let leaves = [INTEL, xen(0x4000_0000, 5), (0x4000_0004, [0x1d, 0, 3, 7])];

    assert_eq!(detected(&leaves), Abi::Classic);
}

#[test]
fn a_leaf_beyond_the_last_is_classic() {
    // Leaves beyond the last give whatever the processor's last one gives.
    let leaves = [INTEL, xen(0x4000_0000, 3), (0x4000_0004, [u32::MAX; 4])];

    assert_eq!(detected(&leaves), Abi::Classic);
}

#[test]
fn a_leaf_that_is_not_there_is_classic() {
    // Nothing but zeros in the fifth leaf, though the first says that it is there.
    let leaves = [INTEL, xen(0x4000_0000, 4)];

    assert_eq!(detected(&leaves), Abi::Classic);
}

#[test]
fn the_bit_alone_decides() {
    let fast = [INTEL, xen(0x4000_0000, 4), (0x4000_0004, [1 << 7, 0, 0, 0])];
    let all_others = [!(1 << 7), u32::MAX, u32::MAX, u32::MAX];
    let classic = [INTEL, xen(0x4000_0000, 4), (0x4000_0004, all_others)];

    assert_eq!(detected(&fast), Abi::Fast(Instruction::Vmcall));
    assert_eq!(detected(&classic), Abi::Classic);
}

#[test]
fn a_clear_bit_behind_viridian_is_classic() {
    // The bit at viridian's leaf is not Xen's.
    let leaves = [
        INTEL,
        VIRIDIAN,
        (0x4000_0004, [0x80, 0, 0, 0]),
        xen(0x4000_0100, 5),
        (0x4000_0104, [0x1d, 0, 0, 0]),
    ];

    assert_eq!(detected(&leaves), Abi::Classic);
}

#[test]
fn leaves_behind_those_of_viridian_are_found() {
    let leaves = [
        INTEL,
        VIRIDIAN,
        xen(0x4000_0100, 5),
        (0x4000_0104, [0x80, 0, 0, 0]),
    ];

    assert_eq!(detected(&leaves), Abi::Fast(Instruction::Vmcall));
}

#[test]
fn the_leaf_of_viridian_is_not_taken_for_xens() {
    let leaves = [
        INTEL,
        VIRIDIAN,
        (0x4000_0004, [0xff; 4]),
        xen(0x4000_0100, 5),
    ];

    assert_eq!(detected(&leaves), Abi::Classic);
}

#[test]
fn no_hypervisor_is_classic() {
    assert_eq!(detected(&[INTEL]), Abi::Classic);
}
