// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/start_info.yaml by `xen-abi generate`: edit that file.

//! What a PVH guest finds when it starts.
//!
//! A PVH guest starts in 32-bit mode without paging; `ebx` holds the address of this structure. On
//! Arm
//! a guest gets a device tree instead.
//!
//! Source: `xen/include/public/arch-x86/hvm/start_info.h`.
//!
//! # To find memory and modules at start
//!
//! Check the magic number, then follow the addresses. The map is there from version 1 on.
//!
//! ```
//! use xen_hypercall::abi::start_info::{HvmStartInfo, MAGIC};
//!
//! let info = HvmStartInfo { magic: MAGIC, version: 1, ..Default::default() };
//! assert_eq!(info.magic, 0x336e_c578);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `magic` of the structure.
pub const MAGIC: u32 = 862897528;

/// What a range of memory is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    PartialOrd,
    Ord,
    Hash,
)]
#[repr(transparent)]
pub struct MemmapType(pub u32);

impl MemmapType {
    /// Memory.
    pub const RAM: Self = Self(1);
    /// Not to be touched.
    pub const RESERVED: Self = Self(2);
    /// ACPI tables; memory when they are read.
    pub const ACPI: Self = Self(3);
    /// ACPI's own memory.
    pub const NVS: Self = Self(4);
    /// Broken memory.
    pub const UNUSABLE: Self = Self(5);
    /// Memory that is off.
    pub const DISABLED: Self = Self(6);
    /// Persistent memory.
    pub const PMEM: Self = Self(7);
}

/// Where everything is.
///
/// C: `struct hvm_start_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct HvmStartInfo {
    /// In: The magic number.
    pub magic: u32,
    /// In: Version of this structure: 0, or 1 with the map.
    pub version: u32,
    /// In: Bit 0: the guest is privileged; bit 1: it is the first domain.
    pub flags: u32,
    /// In: How many modules.
    pub nr_modules: u32,
    /// In: Address of their list.
    pub modlist_paddr: u64,
    /// In: Address of the command line.
    pub cmdline_paddr: u64,
    /// In: Address of ACPI's root pointer.
    pub rsdp_paddr: u64,
    /// In: Address of the map of memory.
    pub memmap_paddr: u64,
    /// In: Its entries.
    pub memmap_entries: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for HvmStartInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<HvmStartInfo>() == 56);
    assert!(align_of::<HvmStartInfo>() == 8);
    assert!(core::mem::offset_of!(HvmStartInfo, magic) == 0);
    assert!(core::mem::offset_of!(HvmStartInfo, version) == 4);
    assert!(core::mem::offset_of!(HvmStartInfo, flags) == 8);
    assert!(core::mem::offset_of!(HvmStartInfo, nr_modules) == 12);
    assert!(core::mem::offset_of!(HvmStartInfo, modlist_paddr) == 16);
    assert!(core::mem::offset_of!(HvmStartInfo, cmdline_paddr) == 24);
    assert!(core::mem::offset_of!(HvmStartInfo, rsdp_paddr) == 32);
    assert!(core::mem::offset_of!(HvmStartInfo, memmap_paddr) == 40);
    assert!(core::mem::offset_of!(HvmStartInfo, memmap_entries) == 48);
    assert!(core::mem::offset_of!(HvmStartInfo, pad0) == 52);
};

/// A module.
///
/// C: `struct hvm_modlist_entry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct HvmModlistEntry {
    /// In: Its address.
    pub paddr: u64,
    /// In: Its size.
    pub size: u64,
    /// In: Address of its command line.
    pub cmdline_paddr: u64,
    /// Zero.
    pub pad0: [u8; 8],
}

impl Default for HvmModlistEntry {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<HvmModlistEntry>() == 32);
    assert!(align_of::<HvmModlistEntry>() == 8);
    assert!(core::mem::offset_of!(HvmModlistEntry, paddr) == 0);
    assert!(core::mem::offset_of!(HvmModlistEntry, size) == 8);
    assert!(core::mem::offset_of!(HvmModlistEntry, cmdline_paddr) == 16);
    assert!(core::mem::offset_of!(HvmModlistEntry, pad0) == 24);
};

/// A range of memory.
///
/// C: `struct hvm_memmap_table_entry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct HvmMemmapTableEntry {
    /// In: Its address.
    pub addr: u64,
    /// In: Its size.
    pub size: u64,
    /// In: What it is.
    pub kind: MemmapType,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for HvmMemmapTableEntry {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<HvmMemmapTableEntry>() == 24);
    assert!(align_of::<HvmMemmapTableEntry>() == 8);
    assert!(core::mem::offset_of!(HvmMemmapTableEntry, addr) == 0);
    assert!(core::mem::offset_of!(HvmMemmapTableEntry, size) == 8);
    assert!(core::mem::offset_of!(HvmMemmapTableEntry, kind) == 16);
    assert!(core::mem::offset_of!(HvmMemmapTableEntry, pad0) == 20);
};
