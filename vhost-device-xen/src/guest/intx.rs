// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The interrupt pin of a PCI function of a guest on x86: PCI 3.0, "Interrupt Pins". It is high from when there is
//! something to tell until the driver reads the ISR status of virtio-pci.

use std::sync::{Mutex, MutexGuard, PoisonError};

use backends::warn_limited;
use xen_hypercall::DomId;
use xen_hypercall::dm_op::SetPciIntxLevel;
use xen_ioctls::Privcmd;

use super::Error;
use crate::transport::pci::Pin;

/// INTA.
pub const INTA: u8 = 0;

/// The pin of one function.
#[derive(Debug)]
pub struct Intx {
    domain: DomId,
    privcmd: Privcmd,
    slot: u8,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pin: Pin,
    /// There is something to tell.
    is_wanted: bool,
    is_high: bool,
}

impl Intx {
    /// The pin of the function in a place of the guest's bus, which is low now, whatever a process before has
    /// left.
    ///
    /// # Errors
    ///
    /// [`Error::Xen`] when the guest has no such bus.
    pub fn new(privcmd: Privcmd, domain: DomId, slot: u8) -> Result<Self, Error> {
        let low = SetPciIntxLevel::new(slot, INTA, false);
        privcmd.perform(domain, low).map_err(Error::Xen)?;
        Ok(Self {
            domain,
            privcmd,
            slot,
            state: Mutex::new(State {
                pin: Pin::Used,
                is_wanted: false,
                is_high: false,
            }),
        })
    }

    /// Whether it is what interrupts.
    pub fn is_used(&self) -> bool {
        self.lock().pin != Pin::Unused
    }

    /// What the driver has decided about it.
    pub fn set(&self, pin: Pin) {
        let mut state = self.lock();
        state.pin = pin;
        state.is_wanted &= pin != Pin::Unused;
        self.apply(&mut state);
    }

    /// There is something to tell.
    pub fn raise(&self) {
        let mut state = self.lock();
        state.is_wanted = state.pin != Pin::Unused;
        self.apply(&mut state);
    }

    /// The driver is about to hear all that there is to tell.
    pub fn lower(&self) {
        let mut state = self.lock();
        state.is_wanted = false;
        self.apply(&mut state);
    }

    fn apply(&self, state: &mut State) {
        let level = state.is_wanted && state.pin == Pin::Used;
        if level == state.is_high {
            return;
        }
        state.is_high = level;
        let op = SetPciIntxLevel::new(self.slot, INTA, level);
        if let Err(e) = self.privcmd.perform(self.domain, op) {
            warn_limited!(
                "domain {}: cannot set INTA of device {}: {e}",
                self.domain,
                self.slot
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Intx {
    fn drop(&mut self) {
        // The function is gone, or another process raises what there is.
        self.lower();
    }
}

#[cfg(test)]
mod tests {
    use xen_ioctls::sim::{Arch, Config, Guest, Interrupt, Xen};

    use super::*;

    const GUEST: DomId = DomId(3);

    fn intx() -> (Guest, Intx) {
        let xen = Xen::with(Config {
            arch: Arch::X86,
            ..Config::default()
        });
        let guest = xen.create_domain(GUEST, 1);
        let intx = Intx::new(xen.privcmd(), GUEST, 8).unwrap();
        guest.take_interrupts();
        (guest, intx)
    }

    /// The levels of the pin since this was asked last.
    fn levels(guest: &Guest) -> Vec<bool> {
        let level = |interrupt: &Interrupt| match interrupt {
            Interrupt::Pci {
                device: 8,
                pin: 0,
                level,
            } => *level,
            other => panic!("{other:?}"),
        };
        guest.take_interrupts().iter().map(level).collect()
    }

    #[test]
    fn the_pin_is_high_until_the_driver_has_looked() {
        let (guest, intx) = intx();

        intx.raise();
        intx.raise();
        assert_eq!(levels(&guest), [true]);
        intx.lower();
        intx.lower();
        assert_eq!(levels(&guest), [false]);
    }

    #[test]
    fn a_pin_that_is_off_tells_when_it_is_on_again() {
        let (guest, intx) = intx();

        intx.set(Pin::Disabled);
        intx.raise();
        assert!(levels(&guest).is_empty());
        intx.set(Pin::Used);
        assert_eq!(levels(&guest), [true]);
        intx.set(Pin::Disabled);
        assert_eq!(levels(&guest), [false]);
    }

    #[test]
    fn where_messages_interrupt_the_pin_is_low_for_good() {
        let (guest, intx) = intx();
        intx.raise();

        intx.set(Pin::Unused);
        intx.raise();
        intx.set(Pin::Used);

        assert_eq!(levels(&guest), [true, false]);
    }

    #[test]
    fn a_function_that_goes_leaves_its_pin_low() {
        let (guest, intx) = intx();
        intx.raise();

        drop(intx);

        assert_eq!(levels(&guest), [true, false]);
    }
}
