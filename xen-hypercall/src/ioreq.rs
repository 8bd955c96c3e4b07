// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The page that Xen and an IOREQ server share: `xen/include/public/hvm/ioreq.h`.
//!
//! One 32-byte slot per vCPU, [`SLOTS_PER_PAGE`] in a page. Byte 30 holds the state and three
//! flags and is what both sides change; everything else belongs to the side whose turn it is.

// UNSAFE: the buffered page is shared with Xen.
#![expect(unsafe_code)]

use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::abi::ioreq::{BUFFER_SLOTS, BufIoreq, Flags, Ioreq, State, Type};

/// Slots (vCPUs) in one ioreq page.
pub const SLOTS_PER_PAGE: usize = crate::PAGE_SIZE / size_of::<Slot>();

/// `struct ioreq`. `flags` holds, from bit 0: `state` (4 bits), `data_is_ptr`, `dir`, `df`.
///
/// # Example
///
/// ```
/// use xen_hypercall::ioreq::{DIR_READ, Kind, STATE_MASK, STATE_READY, Slot};
/// use zerocopy::FromZeros;
///
/// let slot = Slot { kind: 1, flags: STATE_READY | DIR_READ, ..Slot::new_zeroed() };
/// assert_eq!(slot.flags & STATE_MASK, STATE_READY);
/// assert_eq!(Kind::from(slot.kind), Kind::Copy);
/// ```
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

/// `df`: set when a string instruction goes downwards.
pub const DOWN: u8 = Flags::DF.0;

/// `type`.
///
/// # Example
///
/// ```
/// use xen_hypercall::ioreq::Kind;
///
/// assert_eq!(Kind::from(8), Kind::Invalidate);
/// assert_eq!(Kind::from(99), Kind::Unknown(99));
/// ```
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

/// A write of the guest that needs no answer.
///
/// # Example
///
/// ```
/// use xen_hypercall::ioreq::{BufferedWrite, Kind};
///
/// let write = BufferedWrite { kind: Kind::Pio, address: 0xb010, size: 1, data: 0x20 };
/// assert!(write.address < 1 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferedWrite {
    /// What kind of access it is.
    pub kind: Kind,
    /// Guest-physical address or port, below 1 MiB.
    pub address: u64,
    /// Bytes of the access: 1, 2, 4 or 8.
    pub size: u32,
    /// The value.
    pub data: u64,
}

/// The page of writes that need no answer, of a server that was
/// [created](crate::dm_op::CreateIoreqServer::buffered) with one.
///
/// # Example
///
/// ```
/// use core::ptr::NonNull;
/// use xen_hypercall::dm_op::{CreateIoreqServer, MapIoRange, SetIoreqServerState};
/// use xen_hypercall::ioreq::BufferedPage;
/// use xen_hypercall::{DomId, memory::Resource};
/// use xen_ioctls::sim::{Arch, Config, Xen};
///
/// let xen = Xen::with(Config { arch: Arch::X86, ..Config::default() });
/// let guest = xen.create_domain(DomId(1), 1);
/// let privcmd = xen.privcmd();
/// let server = privcmd.perform(DomId(1), CreateIoreqServer::buffered())?;
/// let page = privcmd.map_resource(DomId(1), Resource::buffered_page(server))?;
/// privcmd.perform(DomId(1), MapIoRange::memory(server, &(0xa_0000..=0xa_ffff)))?;
/// privcmd.perform(DomId(1), SetIoreqServerState::new(server, true))?;
///
/// assert!(guest.buffered_write(0xa_0010, 4, 0x1234));
/// let start = NonNull::new(page.as_ptr()).expect("it is mapped");
/// // SAFETY: the page stays mapped, and nobody else reads it.
/// let mut writes = unsafe { BufferedPage::new(start) };
/// assert_eq!(writes.take().map(|write| write.data), Some(0x1234));
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct BufferedPage(NonNull<u8>);

// SAFETY: it is an address, and what is there is only changed atomically.
unsafe impl Send for BufferedPage {}

impl BufferedPage {
    /// # Safety
    ///
    /// `page` is the beginning of the mapped, writable page, which stays mapped as long as this
    /// is in use, and of which there is no other reader.
    pub unsafe fn new(page: NonNull<u8>) -> Self {
        Self(page)
    }

    /// Takes the oldest write, if there is any. Xen says by the server's event channel when there
    /// are new ones.
    pub fn take(&mut self) -> Option<BufferedWrite> {
        let start = self.0.as_ptr();
        // SAFETY: the page begins with both pointers, which are only changed atomically; Xen may
        // move both at once, so they are read at once.
        let pointers = unsafe { AtomicU64::from_ptr(start.cast()) };
        let [read, write]: [u32; 2] = zerocopy::transmute!(pointers.load(Ordering::Acquire));
        if read == write {
            return None;
        }
        let first = self.slot(read);
        let [kind, ..] = first.head.0.to_le_bytes();
        let power = first.head.0 >> 10 & 3;
        let upper = match power {
            3 => self.slot(read.wrapping_add(1)).data,
            _ => 0,
        };
        // SAFETY: as above. It is added to, so that it does not matter whether Xen has moved it.
        let taken = unsafe { AtomicU32::from_ptr(start.cast()) };
        taken.fetch_add(if power == 3 { 2 } else { 1 }, Ordering::Release);
        Some(BufferedWrite {
            kind: kind.into(),
            address: (first.head.0 >> 12).into(),
            size: 1 << power,
            data: u64::from(upper) << 32 | u64::from(first.data),
        })
    }

    fn slot(&self, pointer: u32) -> BufIoreq {
        let bytes = (pointer % BUFFER_SLOTS) as usize * size_of::<BufIoreq>();
        let slot = self.0.as_ptr().wrapping_add(size_of::<u64>() + bytes);
        // SAFETY: the slot is in the page and aligned, any bits are one, and Xen writes it no
        // more until the pointer has passed it.
        unsafe { slot.cast::<BufIoreq>().read_volatile() }
    }
}
