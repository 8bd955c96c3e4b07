// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! vhost-user. The protocol is the `vhost` crate's, except for the memory of Xen guests: see
//! [`wire`].

pub mod back;
pub mod front;
mod socket;
mod wire;

#[cfg(test)]
mod tests;
