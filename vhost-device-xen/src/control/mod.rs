// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The control socket: what may be asked of a running daemon, both ends of the connection, and what
//! the command line makes of the answers. `docs/control.md` describes it for other programs.

mod chart;
mod client;
mod connection;
mod host;
mod listener;
mod protocol;
mod table;

pub use client::{Action, Socket, run};
pub use connection::{Connection, Received};
pub use listener::Listener;
pub use protocol::{Answer, Device, Mode, Request, State};

/// Where the daemon listens when the command line does not say.
pub const DEFAULT_SOCKET: &str = "/run/vhost-device-xen.sock";
