// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! IOREQ servers, and what every machine has.

use core::ops::RangeInclusive;

use super::dm_op;
use crate::Port;
use crate::abi::dm_op::{self as abi, Bufioreq, IoRange, IoreqServerRange, ServerInfo};

/// `ioservid_t`: an IOREQ server of one domain.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, dm_op::{CreateIoreqServer, DestroyIoreqServer, ServerId}};
/// use xen_ioctls::sim;
///
/// let xen = sim::Xen::new();
/// let _guest = xen.create_domain(DomId(1), 1);
/// let privcmd = xen.privcmd();
/// let server: ServerId = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
/// privcmd.perform(DomId(1), DestroyIoreqServer::new(server))?;
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId(pub u16);

dm_op! {
    /// Creates an IOREQ server.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::CreateIoreqServer;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
    /// // Arm has no page of buffered writes.
    /// let refused = privcmd.perform(DomId(1), CreateIoreqServer::buffered());
    /// assert_eq!(refused.unwrap_err().raw_os_error(), Some(22)); // EINVAL
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    CreateIoreqServer = CreateIoreqServer, => ServerId, |args| ServerId(args.id)
}

impl CreateIoreqServer {
    /// `HVM_IOREQSRV_BUFIOREQ_OFF`: the only choice on Arm.
    pub fn unbuffered() -> Self {
        Self::with(abi::CreateIoreqServer {
            handle_bufioreq: Bufioreq::OFF,
            ..Default::default()
        })
    }

    /// `HVM_IOREQSRV_BUFIOREQ_ATOMIC`: with a page of writes that need no answer, whose two
    /// pointers are moved at once. Only on x86.
    pub fn buffered() -> Self {
        Self::with(abi::CreateIoreqServer {
            handle_bufioreq: Bufioreq::ATOMIC,
            ..Default::default()
        })
    }
}

dm_op! {
    /// What a server has: the port of its buffered page. Frames inside of the guest are not
    /// asked for, since that would place them there.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::{CreateIoreqServer, GetIoreqServerInfo};
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let server = privcmd.perform(DomId(1), CreateIoreqServer::buffered())?;
    /// let port = privcmd.perform(DomId(1), GetIoreqServerInfo::new(server))?;
    /// machine.event_channels().bind_interdomain(DomId(1), port)?;
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    GetIoreqServerInfo = GetIoreqServerInfo, => Port, |args| args.bufioreq_port
}

impl GetIoreqServerInfo {
    /// The server that is asked about.
    pub fn new(server: ServerId) -> Self {
        Self::with(abi::GetIoreqServerInfo {
            id: server.0,
            flags: ServerInfo::NO_GFNS,
            ..Default::default()
        })
    }
}

fn range(server: ServerId, kind: IoRange, start: u64, end: u64) -> IoreqServerRange {
    IoreqServerRange {
        id: server.0,
        kind,
        start,
        end,
        ..Default::default()
    }
}

/// What can be given to a server, and be taken from it in the same words.
macro_rules! ranges {
    ($name:ident) => {
        impl $name {
            /// Memory-mapped addresses; both ends belong to the range.
            pub fn memory(server: ServerId, addresses: &RangeInclusive<u64>) -> Self {
                let (start, end) = (*addresses.start(), *addresses.end());
                Self::with(range(server, IoRange::MEMORY, start, end))
            }

            /// Ports of x86; both ends belong to the range.
            pub fn ports(server: ServerId, ports: &RangeInclusive<u16>) -> Self {
                let (start, end) = (*ports.start(), *ports.end());
                Self::with(range(server, IoRange::PORT, start.into(), end.into()))
            }

            /// The configuration space of a PCI device: segment in bits 31..16, then bus, device
            /// and function as usual.
            pub fn pci(server: ServerId, sbdf: u32) -> Self {
                Self::with(range(server, IoRange::PCI, sbdf.into(), sbdf.into()))
            }
        }
    };
}

dm_op! {
    /// Gives a range of guest-physical addresses to a server: every access of the guest to it
    /// becomes an ioreq.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::MapIoRange;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    /// # use xen_hypercall::dm_op::CreateIoreqServer;
    /// # let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
    ///
    /// let range = 0x200_0000..=0x200_01ff;
    /// privcmd.perform(DomId(1), MapIoRange::memory(server, &range))?;
    /// assert_eq!(guest.ranges(), 1);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    MapIoRange = MapIoRangeToIoreqServer
}

dm_op! {
    /// Takes a range from a server again, exactly as it was given.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::{MapIoRange, UnmapIoRange};
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    /// # use xen_hypercall::dm_op::CreateIoreqServer;
    /// # let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
    ///
    /// let range = 0x200_0000..=0x200_01ff;
    /// privcmd.perform(DomId(1), MapIoRange::memory(server, &range))?;
    /// privcmd.perform(DomId(1), UnmapIoRange::memory(server, &range))?;
    /// assert_eq!(guest.ranges(), 0);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    UnmapIoRange = UnmapIoRangeFromIoreqServer
}

ranges!(MapIoRange);
ranges!(UnmapIoRange);

dm_op! {
    /// Enables or disables a server. Enabling fills in the event channels of the ioreq page,
    /// which must have been acquired before. Pauses the domain for a moment.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::SetIoreqServerState;
    /// use xen_hypercall::memory::Resource;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    /// # use xen_hypercall::dm_op::CreateIoreqServer;
    /// # let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
    ///
    /// let page = privcmd.map_resource(DomId(1), Resource::ioreq_page(server, 0))?;
    /// privcmd.perform(DomId(1), SetIoreqServerState::new(server, true))?;
    /// assert_eq!(guest.invalidate(0).len(), 1); // a request to each enabled server
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    SetIoreqServerState = SetIoreqServerState
}

impl SetIoreqServerState {
    /// `enabled`: whether the guest's accesses go to the server.
    pub fn new(server: ServerId, enabled: bool) -> Self {
        Self::with(abi::SetIoreqServerState {
            id: server.0,
            enabled: enabled.into(),
            ..Default::default()
        })
    }
}

dm_op! {
    /// Destroys a server with its ranges. Pauses the domain for a moment.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::{CreateIoreqServer, DestroyIoreqServer};
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
    /// privcmd.perform(DomId(1), DestroyIoreqServer::new(server))?;
    /// let refused = privcmd.perform(DomId(1), DestroyIoreqServer::new(server));
    /// assert_eq!(refused.unwrap_err().raw_os_error(), Some(2)); // ENOENT
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    DestroyIoreqServer = DestroyIoreqServer
}

impl DestroyIoreqServer {
    /// The server that goes.
    pub fn new(server: ServerId) -> Self {
        Self::with(abi::DestroyIoreqServer {
            id: server.0,
            ..Default::default()
        })
    }
}

dm_op! {
    /// Sets the level of a shared peripheral interrupt (Arm, since Xen 4.15).
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::SetIrqLevel;
    /// use xen_ioctls::sim::Interrupt;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// privcmd.perform(DomId(1), SetIrqLevel::new(33, true))?;
    /// let raised = Interrupt::Spi { irq: 33, level: true };
    /// assert_eq!(guest.take_interrupts(), [raised]);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    SetIrqLevel = SetIrqLevel
}

impl SetIrqLevel {
    /// `irq`: the INTID, 32 or more, and not one that Xen itself drives.
    pub fn new(irq: u32, level: bool) -> Self {
        Self::with(abi::SetIrqLevel {
            irq,
            level: level.into(),
            ..Default::default()
        })
    }
}

dm_op! {
    /// How many vCPUs the domain has at most (since Xen 4.15).
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::dm_op::NrVcpus;
    /// # use xen_hypercall::{DomId, Gfn};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let privcmd = machine.privcmd();
    ///
    /// assert_eq!(privcmd.perform(DomId(1), NrVcpus::new())?, 2);
    /// # Ok::<(), xen_ioctls::Error>(())
    /// ```
    NrVcpus = NrVcpus, => u32, |args| args.vcpus
}

impl NrVcpus {
    /// The question.
    pub fn new() -> Self {
        Self::with(abi::NrVcpus::default())
    }
}

impl Default for NrVcpus {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dm_op::DmOp;

    #[test]
    fn a_range_is_laid_out_as_the_header_says() {
        let op = MapIoRange::memory(ServerId(7), &(0x200_0000..=0x200_01ff));

        let bytes = DmOp::as_bytes(&op);

        assert_eq!(bytes[0..8], [3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[8..16], [7, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(bytes[16..24], 0x200_0000u64.to_le_bytes());
        assert_eq!(bytes[24..32], 0x200_01ffu64.to_le_bytes());
    }

    #[test]
    fn an_answer_is_read_from_where_xen_writes_it() {
        let mut op = CreateIoreqServer::unbuffered();

        DmOp::as_mut_bytes(&mut op)[12..14].copy_from_slice(&0x0102u16.to_ne_bytes());

        assert_eq!(DmOp::output(op), ServerId(0x0102));
    }
}
