// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The way to the driver: eventfds that the front end waits for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use backends::{Interrupt, warn_limited};
use vmm_sys_util::eventfd::EventFd;

/// The eventfds of all rings, which may change while rings are served.
#[derive(Debug)]
pub struct Calls(Vec<Mutex<Wires>>);

/// The eventfds of a ring, as far as the front end has sent them.
#[derive(Debug, Default)]
pub struct Wires {
    /// Buffers were used.
    pub call: Option<EventFd>,
    /// The ring is broken.
    pub error: Option<EventFd>,
}

impl Calls {
    /// For so many rings.
    pub fn new(rings: u16) -> Self {
        Self((0..rings).map(|_| Mutex::default()).collect())
    }

    /// The eventfds of a ring.
    pub fn ring(&self, index: usize) -> Option<MutexGuard<'_, Wires>> {
        let wires = self.0.get(index)?;
        Some(wires.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets them all.
    pub fn clear(&self) {
        for index in 0..self.0.len() {
            if let Some(mut wires) = self.ring(index) {
                *wires = Wires::default();
            }
        }
    }
}

impl Interrupt for Calls {
    fn queue(&self, index: u16) {
        if let Some(wires) = self.ring(index.into()) {
            signal(wires.call.as_ref());
        }
    }

    /// Front ends see it when they read it next: `vhost` cannot send `CONFIG_CHANGE_MSG`.
    fn config_changed(&self) {
        log::info!("the configuration has changed, which front ends cannot be told");
    }

    fn broken(&self) {
        for index in 0..self.0.len() {
            if let Some(wires) = self.ring(index) {
                signal(wires.error.as_ref());
            }
        }
    }
}

fn signal(eventfd: Option<&EventFd>) {
    if let Some(Err(e)) = eventfd.map(|eventfd| eventfd.write(1)) {
        warn_limited!("cannot signal the front end: {e}");
    }
}
