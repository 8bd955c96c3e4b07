// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! IOREQ servers, and what every machine has.

use core::ops::RangeInclusive;

use super::{DmOp, dm_op};
use crate::Port;

/// `ioservid_t`: an IOREQ server of one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId(pub u16);

dm_op! {
    /// Creates an IOREQ server without a buffered page. Result: [`id`](Self::id).
    CreateIoreqServer = 1, 16, {
        handle_bufioreq: u8,
        pad0: [u8; 3],
        id: u16,
        tail: [u8; 2],
    } => ServerId, |this| this.id()
}

impl CreateIoreqServer {
    /// `HVM_IOREQSRV_BUFIOREQ_OFF`: the only choice on Arm.
    pub fn unbuffered() -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            handle_bufioreq: 0,
            pad0: [0; 3],
            id: 0,
            tail: [0; 2],
        }
    }

    /// The new server, once the call has succeeded.
    pub fn id(&self) -> ServerId {
        ServerId(self.id)
    }
}

dm_op! {
    /// What a server has: the port of its buffered page. Frames inside of the guest are not
    /// asked for, since that would place them there.
    GetIoreqServerInfo = 2, 32, {
        id: u16,
        flags: u16,
        bufioreq_port: u32,
        ioreq_gfn: u64,
        bufioreq_gfn: u64,
    } => Port, |this| Port(this.bufioreq_port)
}

impl GetIoreqServerInfo {
    /// The server that is asked about.
    pub fn new(server: ServerId) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            id: server.0,
            // XEN_DMOP_no_gfns
            flags: 1,
            bufioreq_port: 0,
            ioreq_gfn: 0,
            bufioreq_gfn: 0,
        }
    }
}

/// `XEN_DMOP_IO_RANGE_PORT`.
const IO_RANGE_PORT: u32 = 0;
/// `XEN_DMOP_IO_RANGE_PCI`.
const IO_RANGE_PCI: u32 = 2;
/// `XEN_DMOP_IO_RANGE_MEMORY`.
const IO_RANGE_MEMORY: u32 = 1;

dm_op! {
    /// Gives a range of guest-physical addresses to a server: every access of the guest to it
    /// becomes an ioreq.
    MapIoRange = 3, 32, {
        id: u16,
        pad0: u16,
        kind: u32,
        start: u64,
        end: u64,
    }
}

impl MapIoRange {
    /// Memory-mapped addresses; both ends belong to the range.
    pub fn memory(server: ServerId, range: &RangeInclusive<u64>) -> Self {
        Self::new(server, IO_RANGE_MEMORY, *range.start(), *range.end())
    }

    /// Ports of x86; both ends belong to the range.
    pub fn ports(server: ServerId, range: &RangeInclusive<u16>) -> Self {
        let (start, end) = (*range.start(), *range.end());
        Self::new(server, IO_RANGE_PORT, start.into(), end.into())
    }

    /// The configuration space of a PCI device: segment in bits 31..16, then bus, device and
    /// function as usual.
    pub fn pci(server: ServerId, sbdf: u32) -> Self {
        Self::new(server, IO_RANGE_PCI, sbdf.into(), sbdf.into())
    }

    fn new(server: ServerId, kind: u32, start: u64, end: u64) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            id: server.0,
            pad0: 0,
            kind,
            start,
            end,
        }
    }
}

dm_op! {
    /// Takes a range from a server again.
    UnmapIoRange = 4, 32, {
        id: u16,
        pad0: u16,
        kind: u32,
        start: u64,
        end: u64,
    }
}

impl UnmapIoRange {
    /// A range that [`MapIoRange::memory`] has given to `server`, exactly.
    pub fn memory(server: ServerId, range: &RangeInclusive<u64>) -> Self {
        Self::new(server, IO_RANGE_MEMORY, *range.start(), *range.end())
    }

    /// A range that [`MapIoRange::ports`] has given to `server`, exactly.
    pub fn ports(server: ServerId, range: &RangeInclusive<u16>) -> Self {
        let (start, end) = (*range.start(), *range.end());
        Self::new(server, IO_RANGE_PORT, start.into(), end.into())
    }

    /// A device that [`MapIoRange::pci`] has given to `server`.
    pub fn pci(server: ServerId, sbdf: u32) -> Self {
        Self::new(server, IO_RANGE_PCI, sbdf.into(), sbdf.into())
    }

    fn new(server: ServerId, kind: u32, start: u64, end: u64) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            id: server.0,
            pad0: 0,
            kind,
            start,
            end,
        }
    }
}

dm_op! {
    /// Enables or disables a server. Enabling fills in the event channels of the ioreq page,
    /// which must have been acquired before. Pauses the domain for a moment.
    SetIoreqServerState = 5, 12, {
        id: u16,
        enabled: u8,
        pad0: u8,
    }
}

impl SetIoreqServerState {
    /// `enabled`: whether the guest's accesses go to the server.
    pub fn new(server: ServerId, enabled: bool) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            id: server.0,
            enabled: enabled.into(),
            pad0: 0,
        }
    }
}

dm_op! {
    /// Destroys a server with its ranges. Pauses the domain for a moment.
    DestroyIoreqServer = 6, 12, {
        id: u16,
        pad0: u16,
    }
}

impl DestroyIoreqServer {
    /// The server that goes.
    pub fn new(server: ServerId) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            id: server.0,
            pad0: 0,
        }
    }
}

dm_op! {
    /// Sets the level of a shared peripheral interrupt (Arm, since Xen 4.15).
    SetIrqLevel = 19, 16, {
        irq: u32,
        level: u8,
        pad0: [u8; 3],
    }
}

impl SetIrqLevel {
    /// `irq`: the INTID, 32 or more, and not one that Xen itself drives.
    pub fn new(irq: u32, level: bool) -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            irq,
            level: level.into(),
            pad0: [0; 3],
        }
    }
}

dm_op! {
    /// How many vCPUs the domain has at most (since Xen 4.15). Result:
    /// [`vcpus`](Self::vcpus).
    NrVcpus = 20, 12, {
        vcpus: u32,
    } => u32, |this| this.vcpus()
}

impl NrVcpus {
    /// The question.
    pub fn new() -> Self {
        Self {
            op: Self::NUMBER,
            pad: 0,
            vcpus: 0,
        }
    }

    /// The answer, once the call has succeeded.
    pub fn vcpus(&self) -> u32 {
        self.vcpus
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

        assert_eq!(op.id(), ServerId(0x0102));
    }
}
