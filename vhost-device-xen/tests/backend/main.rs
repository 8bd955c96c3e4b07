// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `backend` as its front ends see it: a process, and requests in shared memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod devices;
mod hostile;
mod life;
mod support;
