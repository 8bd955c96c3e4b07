// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The pages that Xen and the server share.

// UNSAFE: slots are read and written in memory that Xen writes too.
#![expect(unsafe_code)]

use std::mem::offset_of;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use xen_hypercall::ioreq::{
    BufferedPage, BufferedWrite, DATA_IS_PTR, DIR_READ, DOWN, Kind, SLOTS_PER_PAGE,
    STATE_INPROCESS, STATE_MASK, STATE_READY, STATE_RESPONSE, Slot,
};
use xen_ioctls::Mapping;

use crate::access::{Access, Accesses, Data, Sbdf, Space};

/// What a vCPU wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Access(Accesses),
    Invalidate,
    /// Something that no range of this server can cause.
    Odd(Kind),
}

/// What a slot asks for.
fn request(slot: &Slot) -> Request {
    let kind = Kind::from(slot.kind);
    let (space, addr) = match kind {
        Kind::Invalidate => return Request::Invalidate,
        Kind::Copy => (Space::Memory, slot.addr),
        Kind::Pio => (Space::Port, slot.addr),
        Kind::PciConfig => {
            let sbdf = u32::try_from(slot.addr >> 32).expect("32 bits are left");
            (Space::PciConfig(Sbdf(sbdf)), slot.addr & 0xffff_ffff)
        }
        kind => return Request::Odd(kind),
    };
    let size = match slot.size {
        1 => 1,
        2 => 2,
        4 => 4,
        8 => 8,
        _ => return Request::Odd(kind),
    };
    Request::Access(Accesses {
        first: Access { space, addr, size },
        is_read: slot.flags & DIR_READ != 0,
        count: slot.count.max(1),
        is_down: slot.flags & DOWN != 0,
        data: match slot.flags & DATA_IS_PTR {
            0 => Data::Value(slot.data),
            _ => Data::Memory(slot.data),
        },
    })
}

/// The slots of all vCPUs.
#[derive(Debug)]
pub(crate) struct Pages(Vec<Arc<Mapping>>);

impl Pages {
    /// `pages`: the synchronous ioreq pages in order, each mapped whole.
    pub fn new(pages: Vec<Arc<Mapping>>) -> Self {
        assert!(
            pages
                .iter()
                .all(|page| page.len() == xen_hypercall::PAGE_SIZE)
        );
        Self(pages)
    }

    /// The first page.
    pub fn first(&self) -> &Arc<Mapping> {
        &self.0[0]
    }

    fn slot(&self, vcpu: usize) -> *mut Slot {
        let page = self.0[vcpu / SLOTS_PER_PAGE].as_ptr().cast::<Slot>();
        page.wrapping_add(vcpu % SLOTS_PER_PAGE)
    }

    /// The event channel that Xen has made for a vCPU when it enabled the server.
    pub fn port(&self, vcpu: usize) -> u32 {
        let port = self
            .slot(vcpu)
            .wrapping_byte_add(offset_of!(Slot, vp_eport))
            .cast::<u32>();
        // SAFETY: the field is in a mapped page and aligned, and any bits are a u32.
        unsafe { ptr::read_volatile(port) }
    }

    fn flags(&self, vcpu: usize) -> &AtomicU8 {
        let flags = self
            .slot(vcpu)
            .cast::<u8>()
            .wrapping_add(offset_of!(Slot, flags));
        // SAFETY: the byte is in a mapped page as long as `self` lives, and both sides change it
        // atomically.
        unsafe { AtomicU8::from_ptr(flags) }
    }

    /// Takes the request of a vCPU, if it has one. Nobody else answers it from now on, and it is
    /// answered when the result is dropped, if not before.
    pub fn claim(&self, vcpu: usize) -> Option<Claim<'_>> {
        let flags = self.flags(vcpu);
        let ready = flags.load(Ordering::Acquire);
        if ready & STATE_MASK != STATE_READY {
            return None;
        }
        let claimed = (ready & !STATE_MASK) | STATE_INPROCESS;
        flags
            .compare_exchange(ready, claimed, Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        Some(self.copy(vcpu))
    }

    /// What a server before this one has left of the request of a vCPU. There is no such server any
    /// more.
    pub fn claim_left(&self, vcpu: usize) -> Left<'_> {
        match self.flags(vcpu).load(Ordering::Acquire) & STATE_MASK {
            STATE_INPROCESS => Left::Begun(self.copy(vcpu)),
            STATE_RESPONSE => Left::Answered,
            _ => Left::Nothing,
        }
    }

    /// The request of a vCPU, which is INPROCESS and this server's.
    fn copy(&self, vcpu: usize) -> Claim<'_> {
        // SAFETY: `slot` is in a mapped page and aligned; while the state is INPROCESS, Xen does
        // not change the slot, and any bits are a `Slot`.
        let slot = unsafe { ptr::read_volatile(self.slot(vcpu)) };
        Claim {
            pages: self,
            vcpu,
            slot,
        }
    }
}

/// The writes in a page that nobody else reads.
#[derive(Debug)]
pub(crate) struct Buffered {
    writes: BufferedPage,
    /// What it is in.
    _page: Mapping,
}

impl Buffered {
    /// `page`: the buffered ioreq page, mapped whole.
    pub fn new(page: Mapping) -> Self {
        let start = NonNull::new(page.as_ptr()).expect("a mapping is somewhere");
        Self {
            // SAFETY: the page is mapped for writing as long as `page` is there, which goes with this;
            // the server's process, this one, is the only reader.
            writes: unsafe { BufferedPage::new(start) },
            _page: page,
        }
    }

    /// The oldest write.
    pub fn take(&mut self) -> Option<BufferedWrite> {
        self.writes.take()
    }
}

/// What a server that has ended left of a request.
#[derive(Debug)]
pub(crate) enum Left<'a> {
    /// Nothing, or a request that it never saw.
    Nothing,
    /// It may have done all or nothing of it.
    Begun(Claim<'a>),
    /// An answer that the vCPU may not know of.
    Answered,
}

/// A request that is this server's to answer.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    pages: &'a Pages,
    vcpu: usize,
    /// Copied once: what is answered is what was read.
    slot: Slot,
}

impl Claim<'_> {
    /// What is asked.
    pub fn request(&self) -> Request {
        request(&self.slot)
    }

    /// Answers a read.
    pub fn data(&self, data: u64) {
        let slot = self.pages.slot(self.vcpu);
        let field = slot.wrapping_byte_add(offset_of!(Slot, data)).cast::<u64>();
        // SAFETY: the field is in a mapped page and aligned; while the state is INPROCESS, the
        // slot is this server's to write.
        unsafe { ptr::write_volatile(field, data) };
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let answered = (self.slot.flags & !STATE_MASK) | STATE_RESPONSE;
        self.pages
            .flags(self.vcpu)
            .store(answered, Ordering::Release);
    }
}
