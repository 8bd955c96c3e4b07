// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Virtio devices for Xen guests, served from dom0 by one daemon. See `README.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vhost_device_xen::main()
}
