// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Measures calls of this crate and the same calls made by hand, in turn.
//!
//! ```text
//! bench DOMAIN        device model operations on DOMAIN, buffers, hypercalls, events; in dom0
//! bench null          on /dev/null, which refuses every call: what is left is the way there
//! ```
//!
//! Each line is `NAME WHAT NUMBER UNIT`: a median of nanoseconds, or allocations.

mod bare;
#[path = "../../../xen-store/examples/bench/counting.rs"]
mod counting;

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use xen_hypercall::dm_op::{NrVcpus, SetIrqLevel};
use xen_hypercall::event_channel::GetStatus;
use xen_hypercall::operation::Perform;
use xen_hypercall::{DomId, Port, XenHypercall};
use xen_ioctls::{EventChannels, Hypercaller, Hypercalls, Privcmd};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Each of the two is run so often, one after the other.
const ROUNDS: u32 = 41;
/// Calls in one round.
const CALLS: u32 = 64;
/// The interrupt of the guest's first virtio device, which nobody listens to.
const IRQ: u32 = 33;
/// This domain, as Xen calls it for every caller.
const SELF: DomId = DomId(0x7ff0);

/// Runs `ours` and `bare` in turn and prints the medians, and the allocations, of both.
fn compare(what: &str, mut ours: impl FnMut(), mut bare: impl FnMut()) {
    let allocations = [allocations(&mut ours), allocations(&mut bare)];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(round(&mut ours));
        times[1].push(round(&mut bare));
    }
    for (n, name) in ["xen-ioctls", "bare"].into_iter().enumerate() {
        times[n].sort_by(f64::total_cmp);
        println!("{name} {what} {:.1} ns", times[n][times[n].len() / 2]);
        println!("{name} allocations-{what} {:.2} each", allocations[n]);
    }
}

/// Allocations of a call, once a few have been made.
fn allocations(call: &mut impl FnMut()) -> f64 {
    call();
    let before = counting::allocations();
    for _ in 0..CALLS {
        call();
    }
    f64::from(counting::allocations() - before) / f64::from(CALLS)
}

/// Nanoseconds of a call.
fn round(call: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// On a node that does what it is asked, or refuses everything.
fn dm_ops(privcmd: &Privcmd, node: &File, domain: DomId, succeed: bool) {
    let mut level = false;
    let mut bare_level = 0;
    compare(
        "irq-level",
        || {
            level = !level;
            let done = privcmd.perform(domain, SetIrqLevel::new(IRQ, level));
            assert_eq!(black_box(done).is_ok(), succeed);
        },
        || {
            bare_level ^= 1;
            let mut op = [19, 0, IRQ, bare_level, 0, 0, 0, 0];
            let done = bare::dm_op(node, domain.0, &mut op);
            assert_eq!(black_box(done) >= 0, succeed);
        },
    );
    compare(
        "nr-vcpus",
        || {
            let vcpus = privcmd.perform(domain, NrVcpus::new());
            assert_eq!(black_box(vcpus).is_ok_and(|n| n > 0), succeed);
        },
        || {
            let mut op = [20, 0, 0, 0, 0, 0, 0, 0];
            let done = bare::dm_op(node, domain.0, &mut op);
            assert_eq!(done >= 0 && black_box(op)[2] > 0, succeed);
        },
    );
}

/// Memory for hypercalls, and what is lent of it from call to call.
fn buffers(memory: &Hypercalls, xen: &Hypercaller) -> Result<()> {
    let node = bare::open("/dev/xen/hypercall")?;
    let make = || drop(black_box(bare::Page::new(&node).expect("it was opened")));
    compare(
        "new-page",
        || drop(black_box(memory.allocate(1).expect("there is memory"))),
        make,
    );
    let mut bytes = [7u8; 64];
    compare(
        "lent-buffer",
        || {
            let buffer = xen.mut_buffer(&mut bytes[..]);
            black_box(buffer.expect("there is memory").as_hypercall_ptr());
        },
        make,
    );
    Ok(())
}

/// A plain hypercall with a structure.
fn hypercalls(xen: &Hypercaller, node: &File, port: Port) -> Result<()> {
    let page = bare::Page::new(&bare::open("/dev/xen/hypercall")?)?;
    compare(
        "port-status",
        || {
            let status = xen.perform(GetStatus::new(port));
            black_box(status.expect("the port is ours"));
        },
        || assert_eq!(bare::port_status(node, &page, port.0), 0),
    );
    Ok(())
}

/// An event to this domain itself, and one back.
fn trips(events: &EventChannels, [near, far]: [Port; 2]) {
    let ours = |from, to: Port| {
        events.notify(from).expect("the port is ours");
        let mut ports = [0; 1];
        bare::wait(events.as_fd());
        let count = events.pending(&mut ports).expect("no event is lost");
        assert_eq!((count, ports[0]), (1, to.0));
        events.acknowledge(&ports).expect("the port is ours");
    };
    let node = events.as_fd();
    let bare = |from: Port, to: Port| {
        assert_eq!(bare::notify(node, from.0), 0);
        bare::wait(node);
        assert_eq!(bare::pending(node), Some(to.0));
        assert!(bare::acknowledge(node, to.0));
    };
    compare(
        "event-trip",
        || {
            ours(near, far);
            ours(far, near);
        },
        || {
            bare(near, far);
            bare(far, near);
        },
    );
}

fn on_xen(domain: DomId) -> Result<()> {
    let privcmd = Privcmd::open()?;
    let node = bare::open("/dev/xen/privcmd")?;
    dm_ops(&privcmd, &node, domain, true);
    let memory = Hypercalls::open()?;
    let xen = Hypercaller::new(privcmd, memory.clone());
    buffers(&memory, &xen)?;
    let events = EventChannels::open()?;
    let near = events.bind_unbound(SELF)?;
    let far = events.bind_interdomain(SELF, near)?;
    // Binding may already be an event.
    let mut ports = [0; 4];
    let count = events.pending(&mut ports)?;
    events.acknowledge(&ports[..count])?;
    hypercalls(&xen, &node, near)?;
    trips(&events, [near, far]);
    Ok(())
}

fn on_nothing() -> Result<()> {
    let node = bare::open("/dev/null")?;
    let privcmd = Privcmd::from(OwnedFd::from(node.try_clone()?));
    dm_ops(&privcmd, &node, SELF, false);
    Ok(())
}

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => Err("usage: bench DOMAIN | bench null".into()),
        Some("null") => on_nothing(),
        Some(domain) => on_xen(DomId(domain.parse()?)),
    }
}
