// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The devices of a guest by address.

use std::collections::BTreeMap;

use xen_ioreq::{Access, Handler, Kicked};

use super::Error;
use super::device::GuestDevice;
use crate::channel::DeviceId;
use crate::transport::MMIO_SIZE;

/// Devices by the address of their registers.
#[derive(Debug, Default)]
pub struct Bus {
    devices: BTreeMap<u64, GuestDevice>,
    /// Devices whose driver has become ready and that nobody was told about.
    ready: Vec<DeviceId>,
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

    fn find(&mut self, addr: u64) -> Option<(&mut GuestDevice, u64)> {
        let (base, device) = self.devices.range_mut(..=addr).next_back()?;
        let offset = addr - base;
        (offset < MMIO_SIZE).then_some((device, offset))
    }
}

impl Handler for Bus {
    fn read(&mut self, access: Access) -> u64 {
        match self.find(access.addr) {
            Some((device, offset)) => device.read(offset, access.size),
            None => 0,
        }
    }

    fn write(&mut self, access: Access, value: u64) -> Kicked {
        let Some((device, offset)) = self.find(access.addr) else {
            return Kicked::none();
        };
        let kicked = device.write(offset, access.size, value);
        if device.take_first_use() {
            let id = device.id();
            self.ready.push(id);
        }
        kicked
    }

    fn invalidate(&mut self) {
        self.devices.values().for_each(GuestDevice::invalidate);
    }
}
