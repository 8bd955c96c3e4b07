// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What interrupts a guest, by edge.

use std::fmt;
use std::os::fd::OwnedFd;

use xen_hypercall::DomId;
use xen_hypercall::dm_op::{InjectMsi, SetIrqLevel};
use xen_ioctls::{IrqFd, Privcmd};

use super::Error;
use crate::transport::pci::msix::Message;

/// An interrupt that begins and is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Arm: a shared peripheral interrupt, by its INTID. Xen's interrupt controllers latch an edge when the level
    /// is set to one.
    Spi(u32),
    /// x86: a message to an interrupt controller, or to an event channel, whatever the guest's kernel has chosen.
    Message(Message),
}

impl Signal {
    /// Raises it.
    pub fn raise(self, privcmd: &Privcmd, guest: DomId) -> xen_ioctls::Result<()> {
        match self {
            Self::Spi(irq) => privcmd.perform(guest, SetIrqLevel::new(irq, true)),
            Self::Message(Message { address, data }) => {
                privcmd.perform(guest, InjectMsi::new(address, data))
            }
        }
    }

    /// Has the kernel raise it.
    pub fn irqfd(
        self,
        privcmd: &Privcmd,
        guest: DomId,
        eventfd: OwnedFd,
    ) -> xen_ioctls::Result<IrqFd> {
        match self {
            Self::Spi(irq) => privcmd.irqfd(guest, &SetIrqLevel::new(irq, true), eventfd),
            Self::Message(Message { address, data }) => {
                privcmd.irqfd(guest, &InjectMsi::new(address, data), eventfd)
            }
        }
    }

    /// Whether Xen never refuses it. The kernel says each time in its log that it was refused; what the guest could
    /// have refused is not for the kernel to raise.
    pub fn is_sure(self) -> bool {
        match self {
            // It was tried: `check`.
            Self::Spi(_) => true,
            Self::Message(message) => message.is_fixed(),
        }
    }

    /// Whether it could be raised, as far as that can be known before: better now than when the guest waits.
    pub fn check(self, privcmd: &Privcmd, guest: DomId) -> Result<(), Error> {
        match self {
            // Level 0 changes nothing, but is refused if level 1 would be.
            Self::Spi(irq) => privcmd
                .perform(guest, SetIrqLevel::new(irq, false))
                .map_err(|source| Error::Interrupt {
                    signal: self,
                    source,
                }),
            Self::Message(_) => Ok(()),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spi(irq) => write!(f, "interrupt {irq}"),
            Self::Message(Message { address, data }) => {
                write!(f, "a message of {data:#x} to {address:#x}")
            }
        }
    }
}
