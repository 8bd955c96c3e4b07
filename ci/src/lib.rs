// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask`: the project's checks and its lab.
//!
//! The lab is a real Xen with a real Linux dom0 and real guests, for arm64 or x86, in
//! QEMU's software emulation. [`lab::Lab`] makes and holds what it consists of,
//! [`lab::boot::Boot`] runs a script in its dom0, [`lab_tests`] states what must
//! happen there, and [`check`] runs everything that a change has to pass.

pub mod args;
pub mod bench;
pub mod cache;
pub mod check;
pub mod cpio;
pub mod cross;
pub mod demo;
pub mod error;
pub mod fuzz;
pub mod lab;
pub mod lab_tests;
pub mod progress;
pub mod recipe;
mod run;
pub mod server;
pub mod soak;
pub mod tools;

pub use error::Error;
pub use run::run;
