// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The same round trips through every receiver, on the simulated Xen.

#![cfg(feature = "sim")]
// UNSAFE: a page stands for the one that a guest shares with Xen.
#![expect(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::mem::offset_of;
use std::ptr::NonNull;

use xen_hypercall::abi::vcpu::{SharedInfoArm, SharedInfoX86};
use xen_hypercall::events::{EventReceiver, RawEventChannels, SharedInfo};
use xen_hypercall::{DomId, Port};
use xen_ioctls::sim::{Guest, Xen};
use xen_ioctls::{Hypercaller, Mapping};

const HOST: DomId = DomId(0);
const GUEST: DomId = DomId(1);
const TRIPS: usize = 10_000;
/// Where Xen sets the bits of pending ports in the page.
const PENDING: usize = match cfg!(target_arch = "aarch64") {
    true => offset_of!(SharedInfoArm, evtchn_pending),
    false => offset_of!(SharedInfoX86, evtchn_pending),
};

/// Two ends of one channel, both with a receiver.
fn round_trips<A: EventReceiver, B: EventReceiver>(a: (&A, Port), b: (&B, Port)) {
    for _ in 0..TRIPS {
        a.0.notify(a.1).unwrap();
        expect_event(b.0, b.1);
        b.0.notify(b.1).unwrap();
        expect_event(a.0, a.1);
    }
}

fn expect_event<E: EventReceiver>(events: &E, port: Port) {
    let mut ports = [0; 4];
    assert_eq!(events.pending(&mut ports).unwrap(), 1);
    assert_eq!(ports[0], port.0);
    events.acknowledge(&ports[..1]).unwrap();
}

fn machine() -> (Xen, Guest) {
    let xen = Xen::new();
    let guest = xen.create_domain(GUEST, 1);
    xen.record_calls(false);
    (xen, guest)
}

#[test]
fn no_event_is_lost_between_two_processes() {
    let (xen, guest) = machine();
    let (host, theirs) = (xen.event_channels(), guest.event_channels());
    let port = host.bind_unbound(GUEST).unwrap();
    let remote = theirs.bind_interdomain(HOST, port).unwrap();
    expect_event(&theirs, remote);

    round_trips((&host, port), (&theirs, remote));
}

/// A page, and setting a bit of it as Xen does.
fn shared_page(xen: &Xen) -> (Mapping, SharedInfo) {
    let page = xen.hypercalls().allocate(4096).unwrap();
    let start = NonNull::new(page.as_ptr()).unwrap();
    // SAFETY: the page stays mapped until the end of the test, and only atomic accesses and
    // those of `fire`, on the same thread, change it.
    let shared = unsafe { SharedInfo::new(start) };
    (page, shared)
}

fn fire(page: &Mapping, port: u32) {
    let byte = PENDING + usize::try_from(port).unwrap() / 8;
    let at = page.as_ptr().wrapping_add(byte);
    // SAFETY: the byte is in the page.
    let old = unsafe { at.read_volatile() };
    // SAFETY: as above.
    unsafe { at.write_volatile(old | 1 << (port % 8)) };
}

#[test]
fn events_are_taken_from_the_shared_page() {
    let (xen, _guest) = machine();
    let (page, shared) = shared_page(&xen);
    let caller = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    let events = RawEventChannels::new(&caller, shared);
    let mut ports = [0; 2];

    fire(&page, 1);
    fire(&page, 64);
    fire(&page, 4095);
    assert_eq!(events.pending(&mut ports).unwrap(), 2);
    assert_eq!(ports, [1, 64]);
    assert_eq!(events.pending(&mut ports).unwrap(), 1);
    assert_eq!(ports[0], 4095);

    fire(&page, 64);
    assert_eq!(events.pending(&mut ports).unwrap(), 0);
    events.acknowledge(&[1, 4095]).unwrap();
    assert!(events.acknowledge(&[4096]).is_err());
    fire(&page, 4095);
    assert_eq!(events.pending(&mut ports).unwrap(), 1);
}

#[test]
fn a_port_that_fired_while_it_was_masked_is_unmasked_by_xen() {
    let (xen, _guest) = machine();
    let (page, shared) = shared_page(&xen);
    let caller = Hypercaller::new(xen.privcmd(), xen.hypercalls());
    let events = RawEventChannels::new(&caller, shared);
    let port = xen_hypercall::events::EventInterface::offer(&events, GUEST).unwrap();
    fire(&page, port.0);
    events.pending(&mut [0; 4]).unwrap();
    fire(&page, port.0);
    xen.record_calls(true);

    events.acknowledge(&[port.0]).unwrap();

    assert_eq!(xen.take_calls().len(), 1);
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::time::timeout;
    use xen_hypercall::events::AsyncEventReceiver;
    use xen_ioctls::TokioEventChannels;

    use super::*;

    #[test]
    fn no_event_is_lost_between_two_tasks() {
        let (xen, guest) = machine();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();

        runtime.block_on(async {
            let (host, theirs) = (xen.event_channels(), guest.event_channels());
            let port = host.bind_unbound(GUEST).unwrap();
            let remote = theirs.bind_interdomain(HOST, port).unwrap();
            let host = TokioEventChannels::new(host).unwrap();
            let theirs = TokioEventChannels::new(theirs).unwrap();
            let echo = tokio::spawn(async move {
                // One more than there are trips: binding makes an event up.
                for _ in 0..=TRIPS {
                    await_event(&theirs).await;
                    theirs.get_ref().notify(remote).unwrap();
                }
            });
            await_event(&host).await;
            for _ in 0..TRIPS {
                host.get_ref().notify(port).unwrap();
                await_event(&host).await;
            }
            echo.await.unwrap();
        });
    }

    async fn await_event(events: &TokioEventChannels) {
        let mut ports = [0; 4];
        let waiting = events.wait(&mut ports);
        let count = timeout(Duration::from_secs(30), waiting).await;
        assert_eq!(count.unwrap().unwrap(), 1);
        events.acknowledge(&ports[..1]).unwrap();
    }

    #[test]
    fn lost_events_end_the_wait_with_an_error() {
        let (xen, _guest) = machine();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();

        let error = runtime.block_on(async {
            let events = TokioEventChannels::new(xen.event_channels()).unwrap();
            xen.lose_events();
            events.wait(&mut [0; 4]).await.unwrap_err()
        });

        assert_eq!(error.raw_os_error(), Some(libc::EFBIG));
    }
}
