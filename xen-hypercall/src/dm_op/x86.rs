// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Operations that only x86 has.

use super::{ServerId, dm_op};
use crate::Gfn;
/// Frames that a device has written.
pub use crate::abi::dm_op::ModifiedMemoryExtent as ModifiedExtent;
use crate::abi::dm_op::{self as abi, Cacheattr, EventType, MemAccess};

dm_op! {
    /// Starts to watch frames for writes, or tells which were written since: bit `n` of the
    /// buffer is frame `first + n`. A buffer of 4096 bytes is the most that Linux takes.
    TrackDirtyVram = TrackDirtyVram, slot |args, count| {
        args.nr = u32::try_from(count.saturating_mul(8)).unwrap_or(u32::MAX);
    } => (), |_args| ()
}

impl TrackDirtyVram {
    /// Eight frames for each byte of the buffer.
    pub fn new(first: Gfn) -> Self {
        Self::with(abi::TrackDirtyVram {
            first_pfn: first,
            ..Default::default()
        })
    }
}

dm_op! {
    /// Sets the level of an interrupt pin of a device of PCI bus 0.
    SetPciIntxLevel = SetPciIntxLevel
}

impl SetPciIntxLevel {
    /// `pin`: 0 is INTA.
    pub fn new(device: u8, pin: u8, level: bool) -> Self {
        Self::with(abi::SetPciIntxLevel {
            device,
            intx: pin,
            level: level.into(),
            ..Default::default()
        })
    }
}

dm_op! {
    /// Sets the level of a line of the interrupt controllers.
    SetIsaIrqLevel = SetIsaIrqLevel
}

impl SetIsaIrqLevel {
    /// `irq`: 0 to 15.
    pub fn new(irq: u8, level: bool) -> Self {
        Self::with(abi::SetIsaIrqLevel {
            isa_irq: irq,
            level: level.into(),
        })
    }
}

dm_op! {
    /// Routes a PCI link to a line of the interrupt controllers.
    SetPciLinkRoute = SetPciLinkRoute
}

impl SetPciLinkRoute {
    /// `link`: 0 to 3; `irq`: 1 to 15, or 0 for none.
    pub fn new(link: u8, irq: u8) -> Self {
        Self::with(abi::SetPciLinkRoute { link, isa_irq: irq })
    }
}

impl ModifiedExtent {
    /// `count` frames from `first` on.
    pub fn new(first: Gfn, count: u32) -> Self {
        Self {
            nr: count,
            first_pfn: first,
            ..Default::default()
        }
    }
}

dm_op! {
    /// Tells that a device has written to frames, for a migration under way.
    ModifiedMemory = ModifiedMemory, slot |args, count| {
        args.nr_extents = u32::try_from(count).unwrap_or(u32::MAX);
    } => (), |_args| ()
}

impl ModifiedMemory {
    /// The extents of the buffer.
    pub fn new() -> Self {
        Self::with(abi::ModifiedMemory::default())
    }
}

impl Default for ModifiedMemory {
    fn default() -> Self {
        Self::new()
    }
}

dm_op! {
    /// Changes what frames are: `HVMMEM_*`.
    SetMemType = SetMemType
}

impl SetMemType {
    /// `count` frames from `first` on.
    pub fn new(first: Gfn, count: u32, mem_type: u16) -> Self {
        Self::with(abi::SetMemType {
            nr: count,
            mem_type,
            first_pfn: first,
            ..Default::default()
        })
    }
}

/// An event of a vCPU, as the processor's manuals number and name it.
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::dm_op::EventType;
/// use xen_hypercall::{DomId, dm_op::{Event, InjectEvent}};
/// use xen_ioctls::sim::{Arch, Config, Xen};
///
/// let xen = Xen::with(Config { arch: Arch::X86, ..Config::default() });
/// let _guest = xen.create_domain(DomId(1), 1);
/// let page_fault = Event {
///     vector: 14,
///     kind: EventType::HW_EXC,
///     instruction_len: 0,
///     error_code: 2,
///     cr2: 0x1000,
/// };
/// xen.privcmd().perform(DomId(1), InjectEvent::new(0, page_fault))?;
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Event {
    /// Its vector.
    pub vector: u8,
    /// What kind of event.
    pub kind: EventType,
    /// Length of the instruction, for software events.
    pub instruction_len: u8,
    /// Error code, or all ones.
    pub error_code: u32,
    /// The address of a page fault.
    pub cr2: u64,
}

dm_op! {
    /// Has an event happen to a vCPU.
    InjectEvent = InjectEvent
}

impl InjectEvent {
    /// To one vCPU.
    pub fn new(vcpu: u32, event: Event) -> Self {
        Self::with(abi::InjectEvent {
            vcpuid: vcpu,
            vector: event.vector,
            kind: event.kind,
            insn_len: event.instruction_len,
            error_code: event.error_code,
            cr2: event.cr2,
            ..Default::default()
        })
    }
}

dm_op! {
    /// Injects a message-signalled interrupt.
    InjectMsi = InjectMsi
}

impl InjectMsi {
    /// As if a device had written `data` to `addr`.
    pub fn new(addr: u64, data: u32) -> Self {
        Self::with(abi::InjectMsi {
            data,
            addr,
            ..Default::default()
        })
    }
}

dm_op! {
    /// Has writes to frames of a type come to a server.
    MapMemTypeToIoreqServer = MapMemTypeToIoreqServer
}

impl MapMemTypeToIoreqServer {
    /// `writes`: to the server, or as before.
    pub fn new(server: ServerId, mem_type: u16, writes: bool) -> Self {
        Self::with(abi::MapMemTypeToIoreqServer {
            id: server.0,
            mem_type,
            flags: if writes {
                MemAccess::WRITE
            } else {
                MemAccess(0)
            },
            ..Default::default()
        })
    }
}

dm_op! {
    /// Declares that the domain is shut down.
    RemoteShutdown = RemoteShutdown
}

impl RemoteShutdown {
    /// `SHUTDOWN_*` (xen/include/public/sched.h).
    pub fn new(reason: u32) -> Self {
        Self::with(abi::RemoteShutdown { reason })
    }
}

dm_op! {
    /// Moves frames to another place in the guest's memory.
    RelocateMemory = RelocateMemory
}

impl RelocateMemory {
    /// `count` frames.
    pub fn new(from: Gfn, to: Gfn, count: u32) -> Self {
        Self::with(abi::RelocateMemory {
            size: count,
            src_gfn: from,
            dst_gfn: to,
            ..Default::default()
        })
    }
}

dm_op! {
    /// Fixes how frames are cached.
    PinMemoryCacheattr = PinMemoryCacheattr
}

impl PinMemoryCacheattr {
    /// Frames from `first` to `last`.
    pub fn new(first: Gfn, last: Gfn, kind: Cacheattr) -> Self {
        Self::with(abi::PinMemoryCacheattr {
            start: first,
            end: last,
            kind,
            ..Default::default()
        })
    }
}
