// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What interrupts of a guest are raised by.

use std::cell::OnceCell;

use xen_hypercall::DomId;
use xen_ioctls::Privcmd;

use super::Error;
use super::interrupts::Interrupts;
use crate::bridge;
use crate::channel::{DeviceSpec, Location};
use crate::transport::pci::MOST_VECTORS;

/// What raises interrupts of a guest.
#[derive(Debug)]
pub struct Raiser {
    /// The guest.
    pub domain: DomId,
    /// Restricted to it.
    pub privcmd: Privcmd,
    /// Through the kernel.
    pub irqfd: bool,
    /// See [`missing`](Self::missing), once that was asked.
    pub missing: OnceCell<Option<u32>>,
}

impl Raiser {
    /// The interrupts of a device with so many queues.
    ///
    /// # Errors
    ///
    /// [`Error`] when they cannot be raised.
    pub fn interrupts(&self, spec: &DeviceSpec, queues: u16) -> Result<Interrupts, Error> {
        let vectors = queues.saturating_add(1).min(MOST_VECTORS);
        match spec.location {
            Location::Mmio(mmio) => Interrupts::one(self, mmio.irq, queues),
            Location::Bridge { .. } => Interrupts::new(self, vectors, queues),
            Location::Pci { slot } => Interrupts::new(self, vectors, queues)?.with_intx(self, slot),
            Location::Acpi { slot } => Interrupts::new(self, 0, queues)?.with_intx(self, slot),
        }
    }

    /// The device, on PCI only if the guest has interrupts for that.
    pub fn place(&self, spec: DeviceSpec) -> DeviceSpec {
        let Location::Bridge { mmio, .. } = spec.location else {
            return spec;
        };
        let Some(irq) = self.missing() else {
            return spec;
        };
        log::warn!(
            "domain {}: {}/{}: on virtio-mmio: interrupt {irq} cannot be raised, which PCI needs: the guest's \
             xl.cfg has no nr_spis = {}, or gives that interrupt to another device",
            self.domain,
            spec.id.directory.name(),
            spec.id.index,
            bridge::NR_SPIS
        );
        let location = Location::Mmio(mmio);
        DeviceSpec { location, ..spec }
    }

    /// See [`bridge::missing_interrupt`].
    fn missing(&self) -> Option<u32> {
        let ask = || bridge::missing_interrupt(&self.privcmd, self.domain);
        *self.missing.get_or_init(ask)
    }
}
