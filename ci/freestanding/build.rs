// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How the guest is linked: at the address that Xen loads it to, with nothing of the system's.

fn main() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/image.ld");
    println!("cargo::rerun-if-changed={script}");
    for argument in ["-nostdlib", "-nostartfiles", "-static", "-no-pie"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--build-id=none,--script={script}");
}
