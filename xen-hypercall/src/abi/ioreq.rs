// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/ioreq.yaml by `xen-abi generate`: edit that file.

//! The pages that Xen and an IOREQ server share.
//!
//! One slot per vCPU in the pages of synchronous requests; a ring of writes that need no answer in
//! the buffered page. State and flags of a slot are in one byte, which both sides change;
//! everything
//! else belongs to the side whose turn it is. The state never goes backwards: Xen destroys a domain
//! for which it does.
//!
//! Source: `xen/include/public/hvm/ioreq.h`.
//!
//! # To answer a request
//!
//! Wait for the event of `vp_eport`. If the state is `READY`, claim the slot (`INPROCESS`), do
//! what it asks, write `data` for a read, set the state to `RESPONSE` (a release), and notify.
//! Answer `INVALIDATE` too, after dropping every mapping of the guest's memory: its vCPU waits.
//!
//! ```
//! use xen_hypercall::abi::ioreq::{Flags, Ioreq, State, Type};
//!
//! let slot = Ioreq { flags: Flags(State::READY.0), kind: Type::COPY, ..Default::default() };
//! assert_eq!(slot.flags.0 & Flags::STATE.0, State::READY.0);
//! assert!(!slot.flags.contains(Flags::DIR));
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Slots of the buffered page.
pub const BUFFER_SLOTS: u32 = 511;

/// Whose turn it is.
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
pub struct State(pub u8);

impl State {
    /// Xen's: nothing is asked.
    pub const NONE: Self = Self(0);
    /// The server's: a request.
    pub const READY: Self = Self(1);
    /// The server's: it has claimed the request.
    pub const INPROCESS: Self = Self(2);
    /// Xen's: the answer; the vCPU goes on when Xen is notified.
    pub const RESPONSE: Self = Self(3);
}

/// What kind of access it is.
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
pub struct Type(pub u8);

impl Type {
    /// An x86 port.
    pub const PIO: Self = Self(0);
    /// Memory-mapped I/O.
    pub const COPY: Self = Self(1);
    /// PCI configuration: the address is segment, bus, device and function << 32 | register.
    pub const PCI_CONFIG: Self = Self(2);
    /// The guest has set its clock.
    pub const TIMEOFFSET: Self = Self(7);
    /// Drop mappings of the guest's memory. Comes to every enabled server.
    pub const INVALIDATE: Self = Self(8);
}

/// State and flags of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct Flags(pub u8);

impl Flags {
    /// Whose turn it is.
    pub const STATE: Self = Self(0xf);
    /// The lowest bit of [`STATE`](Self::STATE).
    pub const STATE_SHIFT: u32 = 0;
    /// `data` is a guest-physical address (x86 string instructions).
    pub const DATA_IS_PTR: Self = Self(0x10);
    /// Set for a read, clear for a write.
    pub const DIR: Self = Self(0x20);
    /// Addresses go down (x86 string instructions).
    pub const DF: Self = Self(0x40);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x7f);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The first word of a buffered write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct Buffered(pub u32);

impl Buffered {
    /// What kind of access it is.
    pub const KIND: Self = Self(0xff);
    /// The lowest bit of [`KIND`](Self::KIND).
    pub const KIND_SHIFT: u32 = 0;
    /// Always clear.
    pub const DIR: Self = Self(0x200);
    /// Bytes as a power of two; 3 takes the next slot for the upper half.
    pub const SIZE: Self = Self(0xc00);
    /// The lowest bit of [`SIZE`](Self::SIZE).
    pub const SIZE_SHIFT: u32 = 10;
    /// The lower bits of the address.
    pub const ADDR: Self = Self(0xfffff000);
    /// The lowest bit of [`ADDR`](Self::ADDR).
    pub const ADDR_SHIFT: u32 = 12;
    /// Every bit that has a name.
    pub const ALL: Self = Self(0xfffffeff);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for Buffered {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The slot of a vCPU.
///
/// C: `struct ioreq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Ioreq {
    /// In: Guest-physical address or port.
    pub addr: u64,
    /// In and out: The value written, or where to put the value read.
    pub data: u64,
    /// In and out: Repetitions of a string instruction, else 1.
    pub count: u32,
    /// In: Bytes of the access: 1, 2, 4 or 8.
    pub size: u32,
    /// In: The event channel for this vCPU. Never to be changed.
    pub vp_eport: crate::Port,
    /// Zero.
    pub pad0: [u8; 2],
    /// In and out: State and flags.
    pub flags: Flags,
    /// In: What kind of access it is.
    pub kind: Type,
}

impl Default for Ioreq {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Ioreq>() == 32);
    assert!(align_of::<Ioreq>() == 8);
    assert!(core::mem::offset_of!(Ioreq, addr) == 0);
    assert!(core::mem::offset_of!(Ioreq, data) == 8);
    assert!(core::mem::offset_of!(Ioreq, count) == 16);
    assert!(core::mem::offset_of!(Ioreq, size) == 20);
    assert!(core::mem::offset_of!(Ioreq, vp_eport) == 24);
    assert!(core::mem::offset_of!(Ioreq, pad0) == 28);
    assert!(core::mem::offset_of!(Ioreq, flags) == 30);
    assert!(core::mem::offset_of!(Ioreq, kind) == 31);
};

/// A write that needs no answer.
///
/// C: `struct buf_ioreq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BufIoreq {
    /// In: Type, size and lower bits of the address.
    pub head: Buffered,
    /// In: The value.
    pub data: u32,
}

impl Default for BufIoreq {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<BufIoreq>() == 8);
    assert!(align_of::<BufIoreq>() == 4);
    assert!(core::mem::offset_of!(BufIoreq, head) == 0);
    assert!(core::mem::offset_of!(BufIoreq, data) == 4);
};

/// The page of buffered writes. Both pointers count without end; a slot is pointer modulo 511.
///
/// C: `struct buffered_iopage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BufferedIopage {
    /// In and out: How many the server has taken.
    pub read_pointer: u32,
    /// In: How many Xen has put.
    pub write_pointer: u32,
    /// In: The slots.
    pub buf_ioreq: [BufIoreq; 511],
}

impl Default for BufferedIopage {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<BufferedIopage>() == 4096);
    assert!(align_of::<BufferedIopage>() == 4);
    assert!(core::mem::offset_of!(BufferedIopage, read_pointer) == 0);
    assert!(core::mem::offset_of!(BufferedIopage, write_pointer) == 4);
    assert!(core::mem::offset_of!(BufferedIopage, buf_ioreq) == 8);
};
