// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How to: one page for each thing that a device model or a guest begins with.

#[doc = include_str!("../doc/open.md")]
pub mod open {}

#[doc = include_str!("../doc/share.md")]
pub mod share {}

#[doc = include_str!("../doc/wait.md")]
pub mod wait {}

#[doc = include_str!("../doc/inject.md")]
pub mod inject {}
