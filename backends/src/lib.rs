// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Virtio devices as request handlers, and the one queue loop that feeds them.
//!
//! A device is data plus one function: [`Device::traits`] says what it is,
//! [`Device::serve`] answers one [`Request`]. Everything else is done once,
//! here, for all devices: [`VirtQueue`] takes chains off the ring in batches,
//! checks them against [`limits`], and puts every one of them back;
//! [`Worker`] runs the queues of a device on a thread of its own.
//!
//! Nothing here knows a hypervisor. Guest memory is any
//! [`GuestAddressSpace`](vm_memory::GuestAddressSpace) whose memory is a
//! [`Batch`], interrupts go through [`Interrupt`].
//!
//! # Example
//!
//! A device that answers each request with the bytes it was sent, served on
//! a ring that a driver for tests has filled:
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use backends::testing::{Driver, Interrupts};
//! use backends::{Counters, Device, Progress, Request, Traits, VirtQueue};
//!
//! struct Echo;
//!
//! impl Device for Echo {
//!     fn traits(&self) -> Traits {
//!         Traits { id: 42, features: 0, queues: 1, queue_size: 64 }
//!     }
//!
//!     fn serve(&mut self, _queue: u16, mut request: Request<'_>) {
//!         let mut bytes = [0; 64];
//!         let n = request.read_bytes(&mut bytes);
//!         request.write_bytes(&bytes[..n]);
//!     } // Dropped: the chain goes back to the guest.
//! }
//!
//! let mut driver = Driver::new(64);
//! let (question, answer) = (driver.readable(b"hello"), driver.writable(64));
//! driver.send(&[question, answer]);
//!
//! let mut queue = VirtQueue::new(0, driver.queue());
//! let (interrupts, counters) = (Interrupts::default(), Counters::default());
//! let progress = queue.process(&driver.memory(), &mut Echo, &interrupts, &counters);
//!
//! assert_eq!(progress, Progress::Idle);
//! assert_eq!(driver.used(), [(0, 5)]);
//! assert_eq!(&driver.bytes(answer)[..5], b"hello");
//! # }
//! ```

mod alarm;
mod budget;
mod chain;
mod config;
mod counters;
mod device;
mod error;
mod failing;
mod inflight;
mod memory;
mod pending;
mod queue;
mod request;
mod saved;
mod sys;
mod worker;

pub mod block;
pub mod gpio;
pub mod i2c;
pub mod limits;
pub mod ratelimit;
pub mod rng;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use config::ConfigSpace;
pub use counters::{Counters, LATENCIES, Snapshot};
pub use device::{Device, Interrupt, RING_FEATURES, Traits};
pub use error::Error;
pub use failing::Failing;
pub use inflight::InFlight;
pub use memory::{Batch, Range};
pub use pending::Pending;
pub use queue::{Progress, VirtQueue};
pub use request::{Buffers, Memory, Request, Status};
pub use saved::SavedState;
pub use worker::{Setup, Stopped, Worker};

/// Runs the README's example.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
