// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How a driver finds and steers a device: register files as pure state machines.
//!
//! A transport turns accesses into values and [`Action`]s, and does nothing itself. What happens
//! to a device behind it (workers, mappings, interrupts) is the business of its owner. What is the same on
//! every transport is in [`Common`]; [`mmio`] and [`pci`] say where it lies.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use backends::{ConfigSpace, Traits};
//! use vhost_device_xen::transport::{Action, Common, mmio};
//!
//! let traits = Traits { id: 4, features: 0, queues: 1, queue_size: 256 };
//! let version_1 = 1 << 32;
//! let config = ConfigSpace::default();
//! let mut common = Common::new(traits, version_1, version_1, config, Arc::default());
//!
//! // What a driver does first: DeviceID, and Status.
//! assert_eq!(mmio::read(&common, 0x008, 4), 4);
//! assert_eq!(mmio::write(&mut common, 0x070, 4, 0), Action::Reset);
//! ```

mod common;
pub mod mmio;
pub mod pci;

use std::sync::atomic::{AtomicU32, Ordering};

use vm_memory::GuestAddress;

pub(crate) use common::halves;
pub use common::{Common, NO_VECTOR, QueueRegisters, Registers};
pub use mmio::MMIO_SIZE;

/// `VIRTIO_MMIO_INT_VRING`: a queue has used buffers.
const INT_QUEUE: u32 = 1;
/// `VIRTIO_MMIO_INT_CONFIG`: the configuration or the status has changed.
const INT_CONFIG: u32 = 2;
/// `VIRTIO_CONFIG_S_NEEDS_RESET`, kept beside the interrupt bits.
const NEEDS_RESET: u32 = 0x40 << 8;

/// Used buffers are not told of one by one.
const ANYTIME: u32 = 1 << 16;

/// What the workers of a device tell its driver: interrupt reasons, and that it is broken.
#[derive(Debug, Default)]
pub struct Signals(AtomicU32);

impl Signals {
    /// A queue has used buffers.
    pub fn queue(&self) {
        self.0.fetch_or(INT_QUEUE, Ordering::Release);
    }

    /// Interrupts come from elsewhere: whenever the driver looks, queues may have used buffers.
    pub fn expect_queues(&self) {
        self.0.fetch_or(INT_QUEUE | ANYTIME, Ordering::Release);
    }

    /// The configuration space has changed.
    pub fn config(&self) {
        self.0.fetch_or(INT_CONFIG, Ordering::Release);
    }

    /// The device needs a reset.
    pub fn broken(&self) {
        self.0.fetch_or(INT_CONFIG | NEEDS_RESET, Ordering::Release);
    }

    fn reasons(&self) -> u32 {
        self.0.load(Ordering::Acquire) & (INT_QUEUE | INT_CONFIG)
    }

    fn acknowledge(&self, reasons: u32) {
        let lasting = match self.0.load(Ordering::Acquire) & ANYTIME {
            0 => 0,
            _ => INT_QUEUE,
        };
        let done = reasons & (INT_QUEUE | INT_CONFIG) & !lasting;
        self.0.fetch_and(!done, Ordering::AcqRel);
    }

    /// Whether there is something to tell that is not always so.
    pub(crate) fn is_telling(&self) -> bool {
        let bits = self.0.load(Ordering::Acquire);
        let lasting = if bits & ANYTIME == 0 { 0 } else { INT_QUEUE };
        bits & (INT_QUEUE | INT_CONFIG) & !lasting != 0
    }

    fn needs_reset(&self) -> bool {
        self.0.load(Ordering::Acquire) & NEEDS_RESET != 0
    }

    /// Nothing to tell any more: the device is as at first.
    pub fn clear(&self) {
        let lasting = match self.0.load(Ordering::Acquire) & ANYTIME {
            0 => 0,
            _ => INT_QUEUE | ANYTIME,
        };
        self.0.store(lasting, Ordering::Release);
    }
}

/// A queue as the driver has set it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSetup {
    /// Its number.
    pub index: u16,
    /// Entries: a power of two, not above the device's limit.
    pub size: u16,
    /// Descriptor table, 16-byte aligned.
    pub desc: GuestAddress,
    /// Available ring, 2-byte aligned.
    pub avail: GuestAddress,
    /// Used ring, 4-byte aligned.
    pub used: GuestAddress,
}

/// What an access asks of the device behind the registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// The driver has put buffers into a queue.
    Kick(u16),
    /// The driver has settled for these features, and may read the configuration next.
    Negotiated(u64),
    /// The driver is ready: serve these queues, with these features.
    Start {
        /// What was negotiated.
        features: u64,
        /// The queues that are ready.
        queues: Vec<QueueSetup>,
    },
    /// The driver, which has been ready for long, wants this queue served too.
    StartQueue(QueueSetup),
    /// The driver wants this queue as it was at first, and the others to go on. The device must not touch
    /// its memory any more when the access is answered.
    ResetQueue(u16),
    /// The driver has taken notice of why there was an interrupt.
    Acknowledged,
    /// The driver wants the device as it was at first. It must not touch guest memory any more
    /// when the access is answered.
    Reset,
    /// The driver has set up something that cannot work; the device is broken until a reset.
    Broken,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_that_interrupt_by_themselves_are_always_a_reason() {
        let signals = Signals::default();
        signals.expect_queues();

        signals.acknowledge(INT_QUEUE);
        assert_eq!(signals.reasons(), INT_QUEUE);
        signals.broken();
        signals.acknowledge(INT_QUEUE | INT_CONFIG);
        assert_eq!(
            (signals.reasons(), signals.needs_reset()),
            (INT_QUEUE, true)
        );
        signals.clear();
        assert_eq!(
            (signals.reasons(), signals.needs_reset()),
            (INT_QUEUE, false)
        );
    }

    #[test]
    fn queues_of_workers_are_a_reason_until_that_is_seen() {
        let signals = Signals::default();

        signals.queue();
        assert_eq!(signals.reasons(), INT_QUEUE);
        signals.acknowledge(INT_QUEUE);
        assert_eq!(signals.reasons(), 0);
    }
}
