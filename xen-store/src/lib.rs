// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A XenStore client in pure Rust.
//!
//! [`Client`] is a connection that any number of threads share; [`Store`] holds the operations
//! that it and a [`Transaction`] have in common; a [`Watch`] delivers changes. The wire format is
//! in [`wire`], the rules for paths in [`path`].
//!
//! With the feature `sim`, `sim::Server` is a xenstored inside the process, for tests. Without
//! the feature `std`, what remains is pure code on `core` and `alloc`: the wire format, paths,
//! permissions, numbers and errors.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "tokio")]
mod asynchronous;
#[cfg(feature = "std")]
mod client;
#[cfg(feature = "std")]
mod connection;
#[cfg(feature = "std")]
mod domains;
mod error;
#[cfg(feature = "std")]
mod idle;
#[cfg(feature = "std")]
mod names;
mod number;
#[cfg(feature = "std")]
mod options;
pub mod path;
mod permissions;
#[cfg(feature = "std")]
mod queue;
#[cfg(feature = "std")]
mod router;
#[cfg(feature = "std")]
mod scan;
#[cfg(all(feature = "std", any(test, feature = "sim")))]
pub mod sim;
#[cfg(feature = "std")]
mod store;
#[cfg(feature = "std")]
mod transaction;
#[cfg(feature = "std")]
mod transport;
#[cfg(feature = "std")]
mod watch;
pub mod wire;

#[cfg(feature = "tokio")]
pub use asynchronous::{AsyncClient, AsyncScan, AsyncStore, AsyncTransaction, AsyncWatch};
#[cfg(feature = "std")]
pub use client::Client;
#[cfg(feature = "std")]
pub use domains::Features;
pub use error::{Errno, Error};
#[cfg(feature = "std")]
pub use names::{DIRECTORY_ATTEMPTS, DIRECTORY_LIMIT, Names};
pub use number::Number;
#[cfg(feature = "std")]
pub use options::Options;
pub use permissions::{Access, Permissions};
#[cfg(feature = "std")]
pub use queue::QUEUE_LIMIT;
#[cfg(feature = "std")]
pub use scan::{Scan, ScanEvent};
#[cfg(feature = "std")]
pub use store::Store;
#[cfg(feature = "std")]
pub use transaction::{TRANSACTION_ATTEMPTS, Transaction};
#[cfg(feature = "std")]
pub use watch::{Watch, WatchEvent};

/// Runs the example of the README.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Runs the example of the page about watching.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../WATCHING.md")]
struct Watching;
