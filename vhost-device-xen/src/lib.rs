// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Virtio devices for Xen guests, served from dom0 by one daemon. See `README.md`.
//!
//! The program is [`main`]. What else has a use of its own: the back side of vhost-user, for
//! programs that have a device and a connection to a front end ([`Server`]), the [confinement] of a
//! process that serves one guest, and the registers of devices ([`transport`]).

mod acpi;
mod args;
mod bridge;
mod channel;
mod check;
mod config;
pub mod confinement;
mod control;
mod daemon;
mod dtb;
mod guest;
mod rings;
mod stats;
mod supervisor;
pub mod transport;
mod vhost_user;
mod x86;

pub use daemon::main;
pub use vhost_user::back::Server;
