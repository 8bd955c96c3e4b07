// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any messages of a front end to our back side of vhost-user: it ends the connection or goes on,
//! and serves the next front end.

#![no_main]

#[path = "../../vhost-device-xen/tests/backend/front.rs"]
mod front;
#[path = "../../vhost-device-xen/tests/backend/messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messages::run(bytes));
