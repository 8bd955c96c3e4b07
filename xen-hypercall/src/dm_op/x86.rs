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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::TrackDirtyVram;
    /// use xen_hypercall::slot::Out;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let mut room = [0xff; 2]; // 16 frames
    /// let track = TrackDirtyVram::new(Gfn(0xa0));
    /// let ((), bitmap) = privcmd.perform_with(DomId(1), track, Out(&mut room))?;
    /// assert_eq!(bitmap, [0, 0]);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::SetPciIntxLevel;
    /// use xen_ioctls::sim::Interrupt;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// privcmd.perform(DomId(1), SetPciIntxLevel::new(3, 0, true))?;
    /// let raised = Interrupt::Pci { device: 3, pin: 0, level: true };
    /// assert_eq!(guest.take_interrupts(), [raised]);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::SetIsaIrqLevel;
    /// use xen_ioctls::sim::Interrupt;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// privcmd.perform(DomId(1), SetIsaIrqLevel::new(5, true))?;
    /// assert_eq!(guest.take_interrupts(), [Interrupt::Isa { irq: 5, level: true }]);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::SetPciLinkRoute;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// privcmd.perform(DomId(1), SetPciLinkRoute::new(3, 11))?;
    /// let refused = privcmd.perform(DomId(1), SetPciLinkRoute::new(4, 11));
    /// assert_eq!(refused.unwrap_err().raw_os_error(), Some(22)); // EINVAL
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::{ModifiedExtent, ModifiedMemory};
    /// use xen_hypercall::slot::In;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let mut written = [ModifiedExtent::new(Gfn(3), 2)];
    /// privcmd.perform_with(DomId(1), ModifiedMemory::new(), In(&mut written))?;
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::SetMemType;
    /// use xen_hypercall::hvm::GetMemType;
    /// use xen_hypercall::operation::Perform;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let read_only = 1; // HVMMEM_ram_ro
    /// privcmd.perform(DomId(1), SetMemType::new(Gfn(5), 2, read_only))?;
    /// let kind = guest.hypercaller().perform(GetMemType::new(DomId::SELF, Gfn(6)));
    /// assert_eq!(kind, Ok(read_only));
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::dm_op::EventType;
    /// use xen_hypercall::dm_op::{Event, InjectEvent};
    /// use xen_ioctls::sim::Interrupt;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let nmi = Event { vector: 2, kind: EventType::NMI, instruction_len: 0, error_code: !0, cr2: 0 };
    /// privcmd.perform(DomId(1), InjectEvent::new(1, nmi))?;
    /// assert_eq!(guest.take_interrupts(), [Interrupt::Event { vcpu: 1, vector: 2 }]);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::InjectMsi;
    /// use xen_ioctls::sim::Interrupt;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// privcmd.perform(DomId(1), InjectMsi::new(0xfee0_0000, 0x41))?;
    /// let message = Interrupt::Msi { addr: 0xfee0_0000, data: 0x41 };
    /// assert_eq!(guest.take_interrupts(), [message]);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::MapMemTypeToIoreqServer;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    /// # use xen_hypercall::dm_op::CreateIoreqServer;
    /// # let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
    ///
    /// let writes = MapMemTypeToIoreqServer::new(server, 4, true); // HVMMEM_ioreq_server
    /// privcmd.perform(DomId(1), writes)?;
    /// let refused = privcmd.perform(DomId(1), writes);
    /// assert_eq!(refused.unwrap_err().raw_os_error(), Some(16)); // EBUSY: one server has them
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::RemoteShutdown;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// privcmd.perform(DomId(1), RemoteShutdown::new(3))?; // SHUTDOWN_crash
    /// assert_eq!(guest.shutdown_reason(), Some(3));
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::RelocateMemory;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// guest.write(0x5000, b"moved");
    /// privcmd.perform(DomId(1), RelocateMemory::new(Gfn(5), Gfn(0x500), 1))?;
    /// # let mut seen = [0; 5];
    /// guest.read(0x50_0000, &mut seen);
    /// assert_eq!(&seen, b"moved");
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::dm_op::Cacheattr;
    /// use xen_hypercall::dm_op::PinMemoryCacheattr;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let pin = |first, last| PinMemoryCacheattr::new(Gfn(first), Gfn(last), Cacheattr::WB);
    /// privcmd.perform(DomId(1), pin(8, 15))?;
    /// let refused = privcmd.perform(DomId(1), pin(15, 16));
    /// assert_eq!(refused.unwrap_err().raw_os_error(), Some(16)); // EBUSY: they overlap
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
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
