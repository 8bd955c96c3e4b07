// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The page that Xen and an IOREQ server share: `xen/include/public/hvm/ioreq.h`.
//!
//! One 32-byte slot per vCPU, [`SLOTS_PER_PAGE`] in a page. Byte 30 holds the state and three
//! flags and is what both sides change; everything else belongs to the side whose turn it is.

use core::mem::offset_of;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::abi::ioreq::{Flags, Ioreq, State, Type};

/// Slots (vCPUs) in one ioreq page.
pub const SLOTS_PER_PAGE: usize = crate::PAGE_SIZE / size_of::<Slot>();

/// `struct ioreq`. `flags` holds, from bit 0: `state` (4 bits), `data_is_ptr`, `dir`, `df`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Slot {
    /// Guest-physical address or port.
    pub addr: u64,
    /// The value written, or where to put the value read; a guest-physical address when
    /// `data_is_ptr` is set (x86 string instructions).
    pub data: u64,
    /// Repetitions of a string instruction, else 1.
    pub count: u32,
    /// Bytes of the access: 1, 2, 4 or 8.
    pub size: u32,
    /// The event channel on which Xen tells of this vCPU's requests.
    pub vp_eport: u32,
    /// Reserved.
    pub pad0: u16,
    /// State and flags.
    pub flags: u8,
    /// [`Kind`] as a number.
    pub kind: u8,
}

// The generated structure has newtypes where this one has the numbers that atomics work on.
const _: () = assert!(size_of::<Slot>() == size_of::<Ioreq>());
const _: () = assert!(offset_of!(Slot, data) == offset_of!(Ioreq, data));
const _: () = assert!(offset_of!(Slot, vp_eport) == offset_of!(Ioreq, vp_eport));
const _: () = assert!(offset_of!(Slot, flags) == offset_of!(Ioreq, flags));
const _: () = assert!(offset_of!(Slot, kind) == offset_of!(Ioreq, kind));

/// `state` in bits 0..=3 of [`Slot::flags`].
pub const STATE_MASK: u8 = Flags::STATE.0;
/// `STATE_IOREQ_NONE`: the slot is Xen's, nothing is asked.
pub const STATE_NONE: u8 = State::NONE.0;
/// `STATE_IOREQ_READY`: a request for the server.
pub const STATE_READY: u8 = State::READY.0;
/// `STATE_IOREQ_INPROCESS`: the server has claimed it.
pub const STATE_INPROCESS: u8 = State::INPROCESS.0;
/// `STATE_IORESP_READY`: answered; Xen continues the vCPU when it is notified.
pub const STATE_RESPONSE: u8 = State::RESPONSE.0;
/// `data_is_ptr`.
pub const DATA_IS_PTR: u8 = Flags::DATA_IS_PTR.0;
/// `dir`: set when the guest reads.
pub const DIR_READ: u8 = Flags::DIR.0;

/// `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `IOREQ_TYPE_PIO`: an x86 port.
    Pio,
    /// `IOREQ_TYPE_COPY`: memory-mapped I/O.
    Copy,
    /// `IOREQ_TYPE_PCI_CONFIG`.
    PciConfig,
    /// `IOREQ_TYPE_TIMEOFFSET`.
    TimeOffset,
    /// `IOREQ_TYPE_INVALIDATE`: drop mappings of the guest's memory. Comes to every enabled
    /// server, and is answered like any other.
    Invalidate,
    /// A number that the header does not name.
    Unknown(u8),
}

impl From<u8> for Kind {
    fn from(kind: u8) -> Self {
        match Type(kind) {
            Type::PIO => Self::Pio,
            Type::COPY => Self::Copy,
            Type::PCI_CONFIG => Self::PciConfig,
            Type::TIMEOFFSET => Self::TimeOffset,
            Type::INVALIDATE => Self::Invalidate,
            Type(other) => Self::Unknown(other),
        }
    }
}
