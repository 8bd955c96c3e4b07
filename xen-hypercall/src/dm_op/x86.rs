// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Operations that only x86 has.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{DmOp, ServerId, dm_op};
use crate::Gfn;

dm_op! {
    /// Starts to watch frames for writes, or tells which were written since: bit `n` of the
    /// buffer is frame `first + n`. A buffer of 4096 bytes is the most that Linux takes.
    TrackDirtyVram = 7, 24, {
        nr: u32,
        pad0: u32,
        first_pfn: u64,
    } slot Out<u8> as |this, count| {
        this.nr = u32::try_from(count.saturating_mul(8)).unwrap_or(u32::MAX);
    } => (), |_this| ()
}

impl TrackDirtyVram {
    /// Eight frames for each byte of the buffer.
    pub fn new(first: Gfn) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            nr: 0,
            pad0: 0,
            first_pfn: first.0,
        }
    }
}

dm_op! {
    /// Sets the level of an interrupt pin of a device of PCI bus 0.
    SetPciIntxLevel = 8, 16, {
        domain: u16,
        bus: u8,
        device: u8,
        intx: u8,
        level: u8,
        tail: [u8; 2],
    }
}

impl SetPciIntxLevel {
    /// `pin`: 0 is INTA.
    pub fn new(device: u8, pin: u8, level: bool) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            domain: 0,
            bus: 0,
            device,
            intx: pin,
            level: level.into(),
            tail: [0; 2],
        }
    }
}

dm_op! {
    /// Sets the level of a line of the interrupt controllers.
    SetIsaIrqLevel = 9, 12, {
        isa_irq: u8,
        level: u8,
        tail: [u8; 2],
    }
}

impl SetIsaIrqLevel {
    /// `irq`: 0 to 15.
    pub fn new(irq: u8, level: bool) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            isa_irq: irq,
            level: level.into(),
            tail: [0; 2],
        }
    }
}

dm_op! {
    /// Routes a PCI link to a line of the interrupt controllers.
    SetPciLinkRoute = 10, 12, {
        link: u8,
        isa_irq: u8,
        tail: [u8; 2],
    }
}

impl SetPciLinkRoute {
    /// `link`: 0 to 3; `irq`: 1 to 15, or 0 for none.
    pub fn new(link: u8, irq: u8) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            link,
            isa_irq: irq,
            tail: [0; 2],
        }
    }
}

/// Frames that a device has written: `struct xen_dm_op_modified_memory_extent`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ModifiedExtent {
    nr: u32,
    pad: u32,
    first_pfn: u64,
}

const _: () = assert!(size_of::<ModifiedExtent>() == 16);

impl ModifiedExtent {
    /// `count` frames from `first` on.
    pub fn new(first: Gfn, count: u32) -> Self {
        Self {
            nr: count,
            pad: 0,
            first_pfn: first.0,
        }
    }
}

dm_op! {
    /// Tells that a device has written to frames, for a migration under way.
    ModifiedMemory = 11, 16, {
        nr_extents: u32,
        opaque: u32,
    } slot In<ModifiedExtent> as |this, count| {
        this.nr_extents = u32::try_from(count).unwrap_or(u32::MAX);
    } => (), |_this| ()
}

impl ModifiedMemory {
    /// The extents of the buffer.
    pub fn new() -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            nr_extents: 0,
            opaque: 0,
        }
    }
}

impl Default for ModifiedMemory {
    fn default() -> Self {
        Self::new()
    }
}

dm_op! {
    /// Changes what frames are: `HVMMEM_*`.
    SetMemType = 12, 24, {
        nr: u32,
        mem_type: u16,
        pad0: u16,
        first_pfn: u64,
    }
}

impl SetMemType {
    /// `count` frames from `first` on.
    pub fn new(first: Gfn, count: u32, mem_type: u16) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            nr: count,
            mem_type,
            pad0: 0,
            first_pfn: first.0,
        }
    }
}

/// An event of a vCPU, as the processor's manuals number and name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Event {
    /// Its vector.
    pub vector: u8,
    /// `XEN_DMOP_EVENT_*`: what kind of event.
    pub kind: u8,
    /// Length of the instruction, for software events.
    pub instruction_len: u8,
    /// Error code, or all ones.
    pub error_code: u32,
    /// The address of a page fault.
    pub cr2: u64,
}

dm_op! {
    /// Has an event happen to a vCPU.
    InjectEvent = 13, 32, {
        vcpuid: u32,
        vector: u8,
        kind: u8,
        insn_len: u8,
        pad0: u8,
        error_code: u32,
        pad1: u32,
        cr2: u64,
    }
}

impl InjectEvent {
    /// To one vCPU.
    pub fn new(vcpu: u32, event: Event) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            vcpuid: vcpu,
            vector: event.vector,
            kind: event.kind,
            insn_len: event.instruction_len,
            pad0: 0,
            error_code: event.error_code,
            pad1: 0,
            cr2: event.cr2,
        }
    }
}

dm_op! {
    /// Injects a message-signalled interrupt.
    InjectMsi = 14, 24, {
        data: u32,
        pad0: u32,
        addr: u64,
    }
}

impl InjectMsi {
    /// As if a device had written `data` to `addr`.
    pub fn new(addr: u64, data: u32) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            data,
            pad0: 0,
            addr,
        }
    }
}

dm_op! {
    /// Has writes to frames of a type come to a server.
    MapMemTypeToIoreqServer = 15, 24, {
        id: u16,
        mem_type: u16,
        flags: u32,
        opaque: u64,
    }
}

impl MapMemTypeToIoreqServer {
    /// `writes`: to the server, or as before.
    pub fn new(server: ServerId, mem_type: u16, writes: bool) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            id: server.0,
            mem_type,
            // XEN_DMOP_IOREQ_MEM_ACCESS_WRITE
            flags: if writes { 2 } else { 0 },
            opaque: 0,
        }
    }
}

dm_op! {
    /// Declares that the domain is shut down.
    RemoteShutdown = 16, 12, {
        reason: u32,
    }
}

impl RemoteShutdown {
    /// `SHUTDOWN_*` (xen/include/public/sched.h).
    pub fn new(reason: u32) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            reason,
        }
    }
}

dm_op! {
    /// Moves frames to another place in the guest's memory.
    RelocateMemory = 17, 32, {
        size: u32,
        pad0: u32,
        src_gfn: u64,
        dst_gfn: u64,
    }
}

impl RelocateMemory {
    /// `count` frames.
    pub fn new(from: Gfn, to: Gfn, count: u32) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            size: count,
            pad0: 0,
            src_gfn: from.0,
            dst_gfn: to.0,
        }
    }
}

dm_op! {
    /// Fixes how frames are cached.
    PinMemoryCacheattr = 18, 32, {
        start: u64,
        end: u64,
        kind: u32,
        pad0: u32,
    }
}

impl PinMemoryCacheattr {
    /// Frames from `first` to `last`; `kind`: `XEN_DMOP_MEM_CACHEATTR_*`.
    pub fn new(first: Gfn, last: Gfn, kind: u32) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            start: first.0,
            end: last.0,
            kind,
            pad0: 0,
        }
    }
}
