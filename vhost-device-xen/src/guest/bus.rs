// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The devices of a guest by address.

use std::collections::BTreeMap;

use xen_ioreq::{Access, Handler};

use super::Error;
use super::device::{GuestDevice, Place};
use crate::bridge;
use crate::channel::DeviceId;
use crate::transport::MMIO_SIZE;
use crate::transport::pci::BAR_SIZE;

/// A driver's notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kick {
    /// Of which device.
    base: u64,
    /// For which queue.
    queue: u16,
}

/// Devices by the address of their registers.
#[derive(Debug, Default)]
pub struct Bus {
    devices: BTreeMap<u64, GuestDevice>,
    /// Devices whose driver has become ready and that nobody was told about.
    ready: Vec<DeviceId>,
    /// The guest has looked at its PCI bus.
    is_pci_used: bool,
    /// It has looked where virtio-mmio would have a device that is on the bus.
    is_sought: bool,
}

impl Bus {
    /// Puts a device where it says it is.
    ///
    /// # Errors
    ///
    /// [`Error::Overlap`].
    pub fn insert(&mut self, device: GuestDevice) -> Result<(), Error> {
        let base = *device.range().start();
        let near = base.saturating_sub(MMIO_SIZE - 1)..=*device.range().end();
        if self.devices.range(near).next().is_some() {
            return Err(Error::Overlap { base });
        }
        self.devices.insert(base, device);
        Ok(())
    }

    /// Takes a device away.
    pub fn remove(&mut self, id: DeviceId) -> Option<GuestDevice> {
        let base = *self.devices.iter().find(|(_, device)| device.id() == id)?.0;
        self.remove_at(base)
    }

    /// Takes the device at an address away.
    pub fn remove_at(&mut self, base: u64) -> Option<GuestDevice> {
        self.devices.remove(&base)
    }

    /// A device.
    pub fn get(&mut self, id: DeviceId) -> Option<&mut GuestDevice> {
        self.devices.values_mut().find(|device| device.id() == id)
    }

    /// Any device.
    pub fn first(&self) -> Option<DeviceId> {
        self.devices.values().next().map(GuestDevice::id)
    }

    /// Whether there is no device.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// A device whose driver has become ready, once.
    pub fn take_ready(&mut self) -> Option<DeviceId> {
        self.ready.pop()
    }

    /// Has all devices stop, for another process to go on.
    pub fn leave(&mut self) {
        self.devices.values_mut().for_each(GuestDevice::leave);
    }

    /// Whether there are devices on the guest's PCI bus, at which it has not looked yet.
    pub fn awaits_pci(&self) -> bool {
        let mut devices = self.devices.values();
        !self.is_pci_used && devices.any(|device| device.slot().is_some())
    }

    /// Whether the guest has looked at its PCI bus.
    pub fn is_pci_used(&self) -> bool {
        self.is_pci_used
    }

    /// Whether the guest has passed a device that is on its PCI bus, at which it has not looked yet, since this
    /// was asked last.
    pub fn take_sought(&mut self) -> bool {
        std::mem::take(&mut self.is_sought) && !self.is_pci_used
    }

    /// The guest looks at its PCI bus: says once that its devices are not there.
    fn compare(&mut self) {
        if self.is_pci_used {
            return;
        }
        let mut devices = self.devices.values();
        let Some(domain) = self.devices.values().next().map(|device| device.domain) else {
            return;
        };
        self.is_pci_used = true;
        if devices.all(|device| device.slot().is_none()) {
            log::warn!(
                "domain {domain}: the guest has a PCI bus, and no device on it: \
                 the configuration has no [[pci]] for it, unless it was said why they are elsewhere"
            );
        }
    }

    fn find(&mut self, addr: u64) -> Option<(&mut GuestDevice, Place)> {
        let Some(place) = bridge::Place::of(addr) else {
            let (base, device) = self.devices.range_mut(..=addr).next_back()?;
            let offset = addr - base;
            self.is_sought |= device.slot().is_some();
            return (offset < MMIO_SIZE).then_some((device, Place::Mmio(offset)));
        };
        self.compare();
        let on_bus = |device: &GuestDevice| match place {
            bridge::Place::Config { slot, offset } => {
                (device.slot() == Some(slot)).then_some(Place::Config(offset))
            }
            bridge::Place::Window => {
                let offset = addr.checked_sub(device.bar()?)?;
                (offset < BAR_SIZE.into()).then_some(Place::Bar(offset))
            }
            bridge::Place::Nothing => None,
        };
        // A device that was taken away answers where its driver lets go of it, unless that was given to another.
        let devices = self.devices.values_mut();
        let found = devices.filter_map(|device| on_bus(device).map(|place| (device, place)));
        found.min_by_key(|(device, _)| !device.is_there())
    }
}

impl Handler for Bus {
    type Work = Kick;

    fn read(&mut self, access: Access) -> u64 {
        match self.find(access.addr) {
            Some((device, place)) => device.read(place, access.size),
            // Nobody is there: what a bus has then.
            None => u64::MAX,
        }
    }

    fn write(&mut self, access: Access, value: u64) -> Option<Kick> {
        let (device, place) = self.find(access.addr)?;
        let queue = device.write(place, access.size, value);
        let (base, id) = (*device.range().start(), device.id());
        if device.take_first_use() {
            self.ready.push(id);
        }
        queue.map(|queue| Kick { base, queue })
    }

    fn work(&mut self, Kick { base, queue }: Kick) {
        if let Some(device) = self.devices.get(&base) {
            device.attend(queue);
        }
    }

    fn invalidate(&mut self) {
        self.devices.values().for_each(GuestDevice::invalidate);
    }
}
