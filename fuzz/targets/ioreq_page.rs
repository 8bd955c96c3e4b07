// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes as a page of requests: each that is ready is answered once, after no more accesses than it
//! may ask for, and no other is touched.

#![no_main]

use xen_hypercall::DomId;
use xen_hypercall::ioreq::{STATE_MASK, STATE_READY, STATE_RESPONSE, Slot};
use xen_hypercall::memory::Resource;
use xen_ioctls::sim::Xen;
use xen_ioreq::{Access, Handler, IoreqServer};
use zerocopy::{FromBytes, IntoBytes};

const GUEST: DomId = DomId(1);
const VCPUS: usize = 4;
/// What Xen repeats an access at most.
const MOST: u32 = 4096;
const BYTES: usize = VCPUS * size_of::<Slot>();

struct Count(usize);

impl Count {
    fn access(&mut self, access: Access) {
        assert!([1, 2, 4, 8].contains(&access.size));
        self.0 += 1;
    }
}

impl Handler for Count {
    type Work = ();

    fn read(&mut self, access: Access) -> u64 {
        self.access(access);
        0x5a5a
    }

    fn write(&mut self, access: Access, _value: u64) -> Option<()> {
        self.access(access);
        Some(())
    }

    fn work(&mut self, (): ()) {}

    fn invalidate(&mut self) {
        self.0 += 1;
    }
}

fn check(before: &Slot, after: &Slot) {
    if before.flags & STATE_MASK == STATE_READY {
        assert_eq!(after.flags & STATE_MASK, STATE_RESPONSE);
        assert_eq!(after.flags & !STATE_MASK, before.flags & !STATE_MASK);
        let but_answer = Slot {
            flags: before.flags,
            data: before.data,
            ..*after
        };
        assert_eq!(but_answer.as_bytes(), before.as_bytes());
    } else {
        assert_eq!(after.as_bytes(), before.as_bytes());
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut page = [0; BYTES];
    let len = bytes.len().min(BYTES);
    page[..len].copy_from_slice(&bytes[..len]);
    let xen = Xen::new();
    xen.record_calls(false);
    let _guest = xen.create_domain(GUEST, VCPUS);
    let server = IoreqServer::create_with(GUEST, xen.privcmd(), xen.event_channels());
    let mut server = server.expect("the simulation lets it");
    let view = xen
        .privcmd()
        .map_resource(GUEST, Resource::ioreq_page(server.id(), 0));
    let view = view.expect("the server has a page");
    let place = view.as_ptr().cast::<[u8; BYTES]>();
    // SAFETY: the page is mapped and larger; nobody else touches it in this thread's time.
    unsafe { place.write_volatile(page) };
    let mut handler = Count(0);

    server.dispatch_all(&mut handler);

    // SAFETY: as above.
    let after = unsafe { place.read_volatile() };
    let slots = |bytes| <[Slot; VCPUS]>::read_from_bytes(bytes).expect("as many bytes");
    let (before, after) = (slots(&page[..]), slots(&after[..]));
    before
        .iter()
        .zip(&after)
        .for_each(|(before, after)| check(before, after));
    let ready = before
        .iter()
        .filter(|slot| slot.flags & STATE_MASK == STATE_READY);
    let most: usize = ready
        .map(|slot| usize::try_from(slot.count.clamp(1, MOST)).expect("it is small"))
        .sum();
    assert!(handler.0 <= most);
});
