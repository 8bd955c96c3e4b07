// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A guest of Xen on arm64 that has no kernel: `xen-hypercall` and nothing else.
//!
//! It prints which Xen it is on, tries what Xen says to right and wrong calls, then offers a port
//! to dom0 for each of three rounds of events, of as many trips as `trips=` on its command line says. At the end it powers off, or crashes if something
//! was wrong: `xl list` and `on_crash` tell the two apart.

#![no_std]
#![no_main]

mod guest;
mod start;
mod suite;
#[path = "../../../xen-ioctls/examples/events/trips.rs"]
mod trips;

use core::fmt::Write;
use core::panic::PanicInfo;

use xen_hypercall::abi::sched::Reason;

use crate::guest::{Console, argument, end};

/// Where the start-up code goes to.
// UNSAFE: the name is the linker's.
#[expect(unsafe_code)]
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn begin(tree: *const u32) -> ! {
    let Ok(mut console) = Console::open() else {
        end(Reason::CRASH);
    };
    // SAFETY: Xen gives the device tree to every Image.
    let trips = unsafe { argument(tree, b"trips=") };
    let reason = match suite::run(&mut console, trips.unwrap_or(1000).max(1)) {
        Ok(0) => Reason::POWEROFF,
        Ok(_) | Err(_) => Reason::CRASH,
    };
    console.drain();
    end(reason)
}

/// Where exceptions go to.
// UNSAFE: the name is the linker's.
#[expect(unsafe_code)]
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn exception(syndrome: u64, link: u64, address: u64) -> ! {
    panic!("exception {syndrome:#x} at {link:#x}, address {address:#x}")
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Ok(mut console) = Console::open() {
        let _ = writeln!(console, "{info}");
        console.drain();
    }
    end(Reason::CRASH)
}
