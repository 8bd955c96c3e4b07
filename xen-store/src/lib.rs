// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A XenStore client in pure Rust.
//!
//! [`Client`] is a connection that any number of threads share; [`Store`] holds the operations
//! that it and a [`Transaction`] have in common; a [`Watch`] delivers changes. The wire format is
//! in [`wire`], the rules for paths in [`path`].
//!
//! With the feature `sim`, `sim::Server` is a xenstored inside the process, for tests.

#![forbid(unsafe_code)]

mod client;
mod connection;
mod error;
mod number;
pub mod path;
mod permissions;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod store;
mod transaction;
mod transport;
mod watch;
pub mod wire;

pub use client::Client;
pub use error::{Errno, Error};
pub use number::Number;
pub use permissions::{Access, Permissions};
pub use store::{DIRECTORY_ATTEMPTS, DIRECTORY_LIMIT, Store};
pub use transaction::{TRANSACTION_ATTEMPTS, Transaction};
pub use watch::{QUEUE_LIMIT, Watch, WatchEvent};

/// Runs the example of the README.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
