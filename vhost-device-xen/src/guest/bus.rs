// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The devices of a guest by address.

use std::collections::BTreeMap;

use backends::warn_limited;
use xen_ioreq::{Access, Handler, Ranges, Sbdf, Space};

use super::device::{GuestDevice, Place};
use super::{Error, chain};
use crate::bridge;
use crate::channel::{DeviceId, Location};
use crate::transport::MMIO_SIZE;
use crate::transport::pci::BAR_SIZE;

/// A driver's notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kick {
    /// Of which device.
    device: DeviceId,
    /// For which queue.
    queue: u16,
}

/// The devices of a guest: few enough to be looked through.
#[derive(Debug)]
pub struct Bus {
    devices: BTreeMap<DeviceId, GuestDevice>,
    /// What of the guest comes here.
    ranges: Ranges,
    /// Devices whose driver has become ready and that nobody was told about.
    ready: Vec<DeviceId>,
    /// The guest has looked at its PCI bus.
    is_pci_used: bool,
    /// It has looked where virtio-mmio would have a device that is on the bus.
    is_sought: bool,
}

impl Bus {
    /// No devices yet, but where machines have the bridge, that.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] when Xen refuses.
    pub fn new(ranges: Ranges) -> Result<Self, Error> {
        for range in bridge::ranges() {
            is_mapped(ranges.map_mmio(range.clone()))?;
        }
        Ok(Self {
            devices: BTreeMap::new(),
            ranges,
            ready: Vec::new(),
            is_pci_used: false,
            is_sought: false,
        })
    }

    /// Puts a device where it says it is, and has its guest's accesses come here.
    ///
    /// # Errors
    ///
    /// [`Error::Overlap`], or when Xen refuses.
    pub fn insert(&mut self, mut device: GuestDevice) -> Result<(), Error> {
        let new = device.location();
        let overlap = |place| Err(Error::Overlap { place });
        for other in self.devices.values().map(GuestDevice::location) {
            if let (Some(new), Some(other)) = (new.base(), other.base())
                && new.abs_diff(other) < MMIO_SIZE
            {
                return overlap(format!("at {new:#x}"));
            }
            if let Some(slot) = new.slot().filter(|slot| other.slot() == Some(*slot)) {
                return overlap(format!("in place {slot} of the PCI bus"));
            }
        }
        if let Some(registers) = device.registers() {
            is_mapped(self.ranges.map_mmio(registers))?;
        }
        if let Location::Pci { slot } = new {
            is_mapped(self.ranges.map_pci(function(slot)))?;
        }
        follow(&self.ranges, &mut device);
        self.devices.insert(device.id(), device);
        Ok(())
    }

    /// Takes a device away: the guest's accesses go nowhere afterwards.
    pub fn remove(&mut self, id: DeviceId) -> Option<GuestDevice> {
        let mut device = self.devices.remove(&id)?;
        device.power_off();
        follow(&self.ranges, &mut device);
        let mut unmapped = Ok(());
        if let Some(registers) = device.registers() {
            unmapped = self.ranges.unmap_mmio(registers);
        }
        if let Location::Pci { slot } = device.location() {
            unmapped = self.ranges.unmap_pci(function(slot));
        }
        if let Err(e) = unmapped {
            log::debug!("{}", chain(&e));
        }
        Some(device)
    }

    /// A device.
    pub fn get(&mut self, id: DeviceId) -> Option<&mut GuestDevice> {
        self.devices.get_mut(&id)
    }

    /// Any device.
    pub fn first(&self) -> Option<DeviceId> {
        self.devices.keys().next().copied()
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
    fn see_bus(&mut self) {
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

    fn find(&mut self, access: Access) -> Option<(&mut GuestDevice, Place)> {
        let addr = access.addr;
        let (wanted, offset) = match access.space {
            Space::Port => return None,
            Space::PciConfig(function) => (function, u16::try_from(addr).ok()?),
            Space::Memory => {
                if let Some((id, offset)) = self.bar_at(addr) {
                    self.see_bus();
                    return Some((self.devices.get_mut(&id)?, Place::Bar(offset)));
                }
                match bridge::config(addr) {
                    Some(config) => config,
                    None => return self.registers_at(addr),
                }
            }
        };
        self.see_bus();
        let mut devices = self.devices.values_mut();
        let device = devices.find(|device| device.slot().map(function) == Some(wanted))?;
        Some((device, Place::Config(offset)))
    }

    /// The function whose BAR has this address. One that was taken away answers where its driver lets go of it,
    /// unless that was given to another.
    fn bar_at(&self, addr: u64) -> Option<(DeviceId, u64)> {
        let found = self.devices.values().filter_map(|device| {
            let offset = addr.checked_sub(device.bar()?)?;
            (offset < BAR_SIZE.into()).then_some((device, offset))
        });
        let (device, offset) = found.min_by_key(|(device, _)| !device.is_there())?;
        Some((device.id(), offset))
    }

    fn registers_at(&mut self, addr: u64) -> Option<(&mut GuestDevice, Place)> {
        let (device, offset) = self.devices.values_mut().find_map(|device| {
            let registers = device.registers()?;
            let offset = addr.checked_sub(*registers.start())?;
            (offset < MMIO_SIZE).then_some((device, offset))
        })?;
        self.is_sought |= device.slot().is_some();
        Some((device, Place::Mmio(offset)))
    }
}

/// Function 0 of a device on bus 0.
fn function(slot: u8) -> Sbdf {
    Sbdf::new(0, 0, slot, 0)
}

/// Has accesses to a function's BAR come here, wherever its driver has put it. The bridge has a window for all.
fn follow(ranges: &Ranges, device: &mut GuestDevice) {
    let Location::Pci { .. } = device.location() else {
        return;
    };
    let bar = device.bar();
    if bar == device.placed {
        return;
    }
    let range = |bar| bar..=bar + u64::from(BAR_SIZE - 1);
    let old = device
        .placed
        .take()
        .map(|old| ranges.unmap_mmio(range(old)));
    let new = bar.map(|new| is_mapped(ranges.map_mmio(range(new))));
    device.placed = bar.filter(|_| matches!(new, Some(Ok(()))));
    for error in [old, new].into_iter().flatten().filter_map(Result::err) {
        warn_limited!("{}", chain(&error));
    }
}

/// What is mapped is so already where a process before this one has done it.
fn is_mapped(result: xen_ioreq::Result<()>) -> xen_ioreq::Result<()> {
    match result {
        Err(e) if e.is_known() => Ok(()),
        other => other,
    }
}

impl Handler for Bus {
    type Work = Kick;

    fn read(&mut self, access: Access) -> u64 {
        match self.find(access) {
            Some((device, place)) => device.read(place, access.size),
            // Nobody is there: what a bus has then.
            None => u64::MAX,
        }
    }

    fn write(&mut self, access: Access, value: u64) -> Option<Kick> {
        let (device, place) = self.find(access)?;
        let queue = device.write(place, access.size, value);
        let (device, is_ready) = (device.id(), device.take_first_use());
        if is_ready {
            self.ready.push(device);
        }
        if let (Place::Config(_), Some(found)) = (place, self.devices.get_mut(&device)) {
            follow(&self.ranges, found);
        }
        queue.map(|queue| Kick { device, queue })
    }

    fn work(&mut self, Kick { device, queue }: Kick) {
        if let Some(device) = self.devices.get(&device) {
            device.attend(queue);
        }
    }

    fn invalidate(&mut self) {
        self.devices.values().for_each(GuestDevice::invalidate);
    }
}
