// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A device that is taken away and given back while its guest goes on.
//!
//! Its registers stay: those of a device that is none. A driver that used it is told that the device
//! needs a reset, and its requests fail until it comes to that.

use backends::{Failing, Interrupt};

use super::Error;
use super::device::{GuestDevice, Rings, Server, State};
use crate::channel::DeviceSpec;

/// What is behind registers of no device.
#[derive(Default)]
pub struct Gone {
    /// What its driver has not let go of yet: every request fails.
    pub rings: Option<Rings>,
    /// What its driver finds after a reset.
    pub next: Option<Server>,
}

impl GuestDevice {
    /// Takes the device away. What it has begun is done when this returns, and what it was made of is
    /// closed.
    pub fn withdraw(&mut self) {
        let gone = Gone::default();
        let rings = match std::mem::replace(&mut self.state, State::Gone(gone)) {
            State::Running(rings) => self.fail_from_now_on(rings),
            // The operator may want it away a second time, or before its driver has let go.
            State::Gone(gone) => gone.rings,
            State::External(_) | State::Idle(_) | State::Lost => None,
        };
        self.state = State::Gone(Gone { rings, next: None });
        self.registers.withdraw();
        if self.registers.is_driver_ok() {
            self.interrupts.broken();
        }
        if let Err(e) = self.save() {
            log::error!("{}: {}", self.name(), super::chain(&e));
        }
    }

    fn fail_from_now_on(&self, Rings { worker, pins }: Rings) -> Option<Rings> {
        let stopped = worker.stop();
        let (traits, mut device) = (stopped.device.traits(), stopped.device);
        // What it keeps is refused by who serves the rings next.
        device.reset();
        drop(device);
        let worker = self.work(Box::new(Failing::new(traits)), stopped.queues);
        let worker =
            worker.inspect_err(|e| log::error!("no worker for a device that is gone: {e}"));
        worker.ok().map(|worker| Rings { worker, pins })
    }

    /// Gives the device back: at once, or when its driver has let go of what it had.
    ///
    /// # Errors
    ///
    /// [`Error::NotGone`], [`Error::Moved`], or when the host lacks something.
    pub fn restore(&mut self, spec: DeviceSpec, device: Server) -> Result<(), Error> {
        let State::Gone(_) = &self.state else {
            return Err(Error::NotGone);
        };
        let place = |spec: &DeviceSpec| (spec.location, spec.grants);
        if place(&spec) != place(&self.spec) {
            return Err(Error::Moved);
        }
        let shape = device.shape(self.space.mode());
        if !self.record.fits(shape.traits, shape.state) {
            return Err(Error::Moved);
        }
        self.config = shape.config.clone();
        self.spec = spec;
        self.used = false;
        self.registers
            .replace(shape.traits, shape.features, shape.required, shape.config);
        if let Some(function) = &mut self.function
            && !self.registers.is_driver_ok()
        {
            function.power_on();
        }
        self.bind();
        if self.registers.is_driver_ok() {
            // Its driver has to reset it first.
            if let State::Gone(gone) = &mut self.state {
                gone.next = Some(device);
            }
            return Ok(());
        }
        self.signals.clear();
        self.state = self.idle(device)?;
        self.save()
    }

    /// The driver of a device that is gone has let go.
    pub(super) fn let_go(&mut self, gone: Gone) -> State {
        if let Some(Rings { worker, pins }) = gone.rings {
            drop(worker.stop().queues);
            drop(pins);
        }
        let Some(next) = gone.next else {
            return State::Gone(Gone::default());
        };
        self.idle(next).unwrap_or_else(|e| {
            log::error!("{}: lost: {}", self.name(), super::chain(&e));
            State::Lost
        })
    }
}
