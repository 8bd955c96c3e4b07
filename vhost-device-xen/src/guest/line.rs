// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The interrupt of a device.

use std::sync::Arc;

use backends::{Interrupt, warn_limited};
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};
use xen_hypercall::DomId;
use xen_hypercall::dm_op::SetIrqLevel;
use xen_ioctls::{IrqFd, Privcmd};

use super::Error;
use super::host::duplicate;
use crate::transport::Signals;

/// An edge-triggered interrupt of a guest, with what its handler will read.
#[derive(Debug)]
pub struct Line {
    domain: DomId,
    irq: u32,
    signals: Arc<Signals>,
    raise: Raise,
}

#[derive(Debug)]
enum Raise {
    /// By the kernel, when the eventfd is written to.
    EventFd { eventfd: EventFd, _binding: IrqFd },
    /// By a system call of our own.
    DmOp(Privcmd),
}

impl Line {
    /// The interrupt `irq` (an INTID) of `domain`; through the kernel if `irqfd` is set.
    ///
    /// # Errors
    ///
    /// [`Error`] when the kernel refuses the binding.
    pub fn new(domain: DomId, irq: u32, privcmd: &Privcmd, irqfd: bool) -> Result<Self, Error> {
        // Level 0 changes nothing, but is refused if level 1 would be: better now than when the
        // guest waits.
        privcmd
            .perform(domain, SetIrqLevel::new(irq, false))
            .map_err(|source| Error::Interrupt { irq, source })?;
        let raise = if irqfd {
            let eventfd = EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC).map_err(Error::EventFd)?;
            let op = SetIrqLevel::new(irq, true);
            let binding = privcmd
                .irqfd(domain, &op, duplicate(&eventfd)?)
                .map_err(Error::Xen)?;
            Raise::EventFd {
                eventfd,
                _binding: binding,
            }
        } else {
            Raise::DmOp(privcmd.clone())
        };
        Ok(Self {
            domain,
            irq,
            signals: Arc::default(),
            raise,
        })
    }

    /// The guest.
    pub fn domain(&self) -> DomId {
        self.domain
    }

    /// What its handler will read.
    pub fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// What raises the interrupt when it is written to, if there is such a thing.
    pub fn eventfd(&self) -> Option<&EventFd> {
        match &self.raise {
            Raise::EventFd { eventfd, .. } => Some(eventfd),
            Raise::DmOp(_) => None,
        }
    }

    /// Raises the interrupt. Xen's interrupt controllers latch an edge when the level is set to
    /// one; there is nothing to lower.
    pub fn raise(&self) {
        let raised = match &self.raise {
            Raise::EventFd { eventfd, .. } => eventfd.write(1).map_err(|e| e.to_string()),
            Raise::DmOp(privcmd) => privcmd
                .perform(self.domain, SetIrqLevel::new(self.irq, true))
                .map_err(|e| e.to_string()),
        };
        if let Err(e) = raised {
            warn_limited!(
                "domain {}: cannot raise interrupt {}: {e}",
                self.domain,
                self.irq
            );
        }
    }
}

impl Interrupt for Line {
    fn queue(&self, _index: u16) {
        self.signals.queue();
        self.raise();
    }

    fn config_changed(&self) {
        self.signals.config();
        self.raise();
    }

    fn broken(&self) {
        self.signals.broken();
        self.raise();
    }
}
