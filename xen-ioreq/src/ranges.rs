// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What of a guest comes to a server.

use std::ops::RangeInclusive;

use xen_hypercall::DomId;
use xen_hypercall::dm_op::{DmOp, MapIoRange, ServerId, UnmapIoRange};
use xen_hypercall::slot::NoSlot;
use xen_ioctls::Privcmd;

use crate::access::Sbdf;
use crate::server::{Result, failed};

/// The ranges of an IOREQ server: a server has up to 256 of each kind.
///
/// It may be used where the server is not at hand, from a [handler](crate::Handler) for instance: a PCI function
/// moves while its guest waits for the answer.
#[derive(Clone, Debug)]
pub struct Ranges {
    pub(crate) domain: DomId,
    pub(crate) id: ServerId,
    pub(crate) privcmd: Privcmd,
}

impl Ranges {
    /// Has the guest's accesses to a range of guest-physical addresses come to this server.
    ///
    /// # Errors
    ///
    /// [`Error::Step`](crate::Error::Step).
    pub fn map_mmio(&self, range: RangeInclusive<u64>) -> Result<()> {
        self.op(MapIoRange::memory(self.id, &range), "map an MMIO range")
    }

    /// Ends what [`map_mmio`](Self::map_mmio) has begun, for the same range.
    ///
    /// # Errors
    ///
    /// [`Error::Step`](crate::Error::Step).
    pub fn unmap_mmio(&self, range: RangeInclusive<u64>) -> Result<()> {
        self.op(UnmapIoRange::memory(self.id, &range), "unmap an MMIO range")
    }

    /// Has the guest's accesses to ports come to this server. Only on x86.
    ///
    /// # Errors
    ///
    /// [`Error::Step`](crate::Error::Step).
    pub fn map_ports(&self, ports: RangeInclusive<u16>) -> Result<()> {
        let op = MapIoRange::ports(self.id, &ports);
        self.op(op, "map a range of ports")
    }

    /// Ends what [`map_ports`](Self::map_ports) has begun, for the same range.
    ///
    /// # Errors
    ///
    /// [`Error::Step`](crate::Error::Step).
    pub fn unmap_ports(&self, ports: RangeInclusive<u16>) -> Result<()> {
        let op = UnmapIoRange::ports(self.id, &ports);
        self.op(op, "unmap a range of ports")
    }

    /// Has the guest's accesses to the configuration space of a PCI function come to this server. Only
    /// on x86, by the ports 0xcf8 and 0xcfc; Xen takes the ports for itself then.
    ///
    /// # Errors
    ///
    /// [`Error::Step`](crate::Error::Step).
    pub fn map_pci(&self, function: Sbdf) -> Result<()> {
        let op = MapIoRange::pci(self.id, function.0);
        self.op(op, "map a PCI function")
    }

    /// Ends what [`map_pci`](Self::map_pci) has begun.
    ///
    /// # Errors
    ///
    /// [`Error::Step`](crate::Error::Step).
    pub fn unmap_pci(&self, function: Sbdf) -> Result<()> {
        let op = UnmapIoRange::pci(self.id, function.0);
        self.op(op, "unmap a PCI function")
    }

    pub(crate) fn op<T>(&self, op: T, step: &'static str) -> Result<()>
    where
        T: for<'s> DmOp<Slot<'s> = NoSlot, Output = ()>,
    {
        self.privcmd
            .perform(self.domain, op)
            .map_err(|source| failed(self.domain, step, source))
    }
}
