// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The devices of a guest by address.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

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
        self.check_room(new)?;
        if let Some(registers) = device.registers() {
            is_mapped(self.ranges.map_mmio(registers))?;
        }
        if let Location::Pci { slot } = new {
            is_mapped(self.ranges.map_pci(function(slot)))?;
        }
        follow(&self.ranges, &mut device, false);
        self.devices.insert(device.id(), device);
        Ok(())
    }

    /// Whether there is room for a device. To be asked before it is made, which changes the interrupt of its place.
    ///
    /// # Errors
    ///
    /// [`Error::Overlap`].
    pub fn check_room(&self, new: Location) -> Result<(), Error> {
        let overlap = |place| Err(Error::Overlap { place });
        for other in self.devices.values().map(GuestDevice::location) {
            if let (Some(new), Some(other)) = (new.base(), other.base())
                && new.abs_diff(other) < MMIO_SIZE
            {
                return overlap(format!("at {new:#x}"));
            }
            let place = |location: Location| location.slot().or(location.pin());
            if let Some(slot) = place(new).filter(|slot| place(other) == Some(*slot)) {
                return overlap(format!("in place {slot} of the PCI bus"));
            }
        }
        Ok(())
    }

    /// Takes a device away: the guest's accesses go nowhere afterwards.
    pub fn remove(&mut self, id: DeviceId) -> Option<GuestDevice> {
        let mut device = self.devices.remove(&id)?;
        device.power_off();
        let is_shared = self.is_shared(&device);
        follow(&self.ranges, &mut device, is_shared);
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

    /// Looks where a device's function has its BAR now, after it was changed by other than an access.
    pub fn follow(&mut self, id: DeviceId) {
        let device = self.devices.get(&id);
        let is_shared = device.is_some_and(|device| self.is_shared(device));
        if let Some(device) = self.devices.get_mut(&id) {
            follow(&self.ranges, device, is_shared);
        }
    }

    /// Whether another function is in the range of this one: drivers may move one where another one still is, which
    /// has the range alone when that moves, too.
    fn is_shared(&self, device: &GuestDevice) -> bool {
        let mut others = self
            .devices
            .values()
            .filter(|other| other.id() != device.id());
        device.placed.is_some() && others.any(|other| other.placed == device.placed)
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
            // First: no BAR hides the configuration spaces.
            Space::Memory => match bridge::config(addr) {
                Some(config) => config,
                None => match self.bar_at(addr) {
                    Some((id, offset)) => {
                        self.see_bus();
                        return Some((self.devices.get_mut(&id)?, Place::Bar(offset)));
                    }
                    None => return self.registers_at(addr),
                },
            },
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

/// Has accesses to a function's BAR come here, wherever its driver has put it, and those to where it was no more,
/// unless that range is shared with another one. The bridge has a window for all.
fn follow(ranges: &Ranges, device: &mut GuestDevice, is_shared: bool) {
    let Location::Pci { .. } = device.location() else {
        return;
    };
    let bar = device.bar();
    if bar == device.placed {
        return;
    }
    let old = device.placed.take().filter(|_| !is_shared);
    let old = old.map(|old| ranges.unmap_mmio(bar_at(old)));
    let new = bar.map(|new| is_mapped(ranges.map_mmio(bar_at(new))));
    device.placed = bar.filter(|_| matches!(new, Some(Ok(()))));
    for error in [old, new].into_iter().flatten().filter_map(Result::err) {
        warn_limited!("{}", chain(&error));
    }
}

/// The addresses of a BAR.
fn bar_at(place: u64) -> RangeInclusive<u64> {
    place..=place + u64::from(BAR_SIZE - 1)
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
        let id = device.id();
        let action = device.write(place, access.size, value);
        if let Place::Config(_) = place {
            // Before it is saved: who goes on for a process that ended in between does both once more.
            self.follow(id);
        }
        let device = self.devices.get_mut(&id)?;
        let queue = device.carry_out(action);
        if device.take_first_use() {
            self.ready.push(id);
        }
        queue.map(|queue| Kick { device: id, queue })
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

#[cfg(test)]
mod tests {
    use backends::rng::{Entropy, Source};
    use xen_hypercall::DomId;
    use xen_ioctls::sim::{Arch, Config, Guest, Xen};
    use xen_ioreq::IoreqServer;
    use xen_vm_memory::GuestSpace;

    use super::*;
    use crate::channel::{DeviceKind, DeviceSpec, Directory};
    use crate::guest::device::Server;
    use crate::guest::raiser::Raiser;

    const DOMAIN: DomId = DomId(3);
    const COMMAND: u64 = 4;
    const BAR: u64 = 0x10;

    /// A guest on x86 with entropy sources in two slots.
    struct Pair {
        guest: Guest,
        bus: Bus,
        _server: IoreqServer,
    }

    impl Pair {
        fn new() -> Self {
            let xen = Xen::with(Config {
                arch: Arch::X86,
                ..Config::default()
            });
            let guest = xen.create_domain(DOMAIN, 1);
            let server =
                IoreqServer::create_with(DOMAIN, xen.privcmd(), xen.event_channels()).unwrap();
            let mut bus = Bus::new(server.ranges().clone()).unwrap();
            let raiser = Raiser {
                domain: DOMAIN,
                privcmd: xen.privcmd(),
                irqfd: false,
                missing: Default::default(),
            };
            for slot in [8, 9] {
                let spec = DeviceSpec {
                    id: DeviceId {
                        directory: Directory::Virtio,
                        index: slot.into(),
                    },
                    location: Location::Pci { slot },
                    grants: false,
                    kind: DeviceKind::Rng { rate: None },
                };
                let server = Server::Here(Box::new(Entropy::new(Source::Kernel)));
                let space = GuestSpace::foreign(DOMAIN, xen.privcmd());
                let record = tempfile::tempfile().unwrap();
                let device = GuestDevice::new(spec, server, record, space, &raiser).unwrap();
                bus.insert(device).unwrap();
            }
            Self {
                guest,
                bus,
                _server: server,
            }
        }

        fn set(&mut self, slot: u8, addr: u64, value: u64) {
            let access = Access {
                space: Space::PciConfig(function(slot)),
                addr,
                size: 4,
            };
            assert!(self.bus.write(access, value).is_none());
        }
    }

    #[test]
    fn there_is_no_room_where_a_device_is() {
        let pair = Pair::new();

        for taken in [Location::Pci { slot: 8 }, Location::Acpi { slot: 9 }] {
            assert!(matches!(
                pair.bus.check_room(taken),
                Err(Error::Overlap { .. })
            ));
        }
        assert!(pair.bus.check_room(Location::Pci { slot: 10 }).is_ok());
    }

    #[test]
    fn a_function_keeps_its_range_when_one_leaves_that_was_there_before() {
        let mut pair = Pair::new();
        let (first, second) = (0xf000_0000, 0xf000_8000);
        pair.set(8, BAR, first);
        pair.set(8, COMMAND, 2);
        pair.set(9, BAR, first);
        pair.set(9, COMMAND, 2);
        let ranges = pair.guest.ranges();

        pair.set(8, BAR, second);

        // The one that was shared is still there, beside the new one.
        assert_eq!(pair.guest.ranges(), ranges + 1);
        pair.set(9, COMMAND, 0);
        assert_eq!(pair.guest.ranges(), ranges);
    }

    #[test]
    fn a_function_keeps_its_range_when_one_is_removed_that_was_there_before() {
        let mut pair = Pair::new();
        for slot in [8, 9] {
            pair.set(slot, BAR, 0xf000_0000);
            pair.set(slot, COMMAND, 2);
        }
        let ranges = pair.guest.ranges();

        let removed = pair.bus.remove(DeviceId {
            directory: Directory::Virtio,
            index: 8,
        });

        assert!(removed.is_some());
        // One less: the configuration space of what was removed.
        assert_eq!(pair.guest.ranges(), ranges - 1);
    }
}
