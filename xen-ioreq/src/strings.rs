// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The memory that x86 string instructions move values from and to.

// UNSAFE: the guest's memory is read and written where it is mapped.
#![expect(unsafe_code)]

use xen_hypercall::{DomId, Gfn, PAGE_SHIFT, PAGE_SIZE};
use xen_ioctls::{ForeignMapping, Privcmd, Protection};

use crate::access::Accesses;

/// How often an access is repeated at most. Xen asks for 4096 times at most, and goes on by itself.
pub(crate) const MOST: u32 = 4096;

/// The pages that have the values of some accesses.
#[derive(Debug)]
pub(crate) struct Values {
    pages: ForeignMapping,
    /// The address of the first page.
    start: u64,
}

impl Values {
    /// Maps what `accesses` move from or to, the first value at `data`.
    pub fn map(
        privcmd: &Privcmd,
        domain: DomId,
        accesses: &Accesses,
        data: u64,
    ) -> xen_ioctls::Result<Self> {
        let last = accesses.step(data, accesses.count.clamp(1, MOST) - 1);
        let (low, high) = (data.min(last), data.max(last));
        let end = high.saturating_add(u64::from(accesses.first.size) - 1);
        // More pages than this only if the addresses wrap around, which none do that Xen has checked.
        let most = (MOST as usize * 8).div_ceil(PAGE_SIZE) + 1;
        let frames = (low >> PAGE_SHIFT..=end >> PAGE_SHIFT).take(most).map(Gfn);
        let frames: Vec<Gfn> = frames.collect();
        // What is read from the device is written to the guest.
        let protection = match accesses.is_read {
            true => Protection::ReadWrite,
            false => Protection::Read,
        };
        Ok(Self {
            pages: privcmd.map_foreign(domain, &frames, protection)?,
            start: low >> PAGE_SHIFT << PAGE_SHIFT,
        })
    }

    /// The value of `size` bytes at `addr`; where there is no memory, all ones.
    pub fn read(&self, addr: u64, size: u8) -> u64 {
        let mut bytes = [0; 8];
        for (n, byte) in (0..).zip(&mut bytes[..size.into()]) {
            *byte = self.byte(addr.wrapping_add(n)).map_or(0xff, |place| {
                // SAFETY: the byte is of a page that is mapped as long as `self` is borrowed; the guest
                // may write it meanwhile, and any bits are a byte.
                unsafe { place.read_volatile() }
            });
        }
        u64::from_le_bytes(bytes)
    }

    /// Sets the value of `size` bytes at `addr`; where there is no memory, nothing.
    pub fn write(&self, addr: u64, size: u8, value: u64) {
        for (n, byte) in (0..).zip(&value.to_le_bytes()[..size.into()]) {
            if let Some(place) = self.byte(addr.wrapping_add(n)) {
                // SAFETY: the byte is of a page that is mapped for writing as long as `self` is
                // borrowed, and that nobody has a reference to.
                unsafe { place.write_volatile(*byte) };
            }
        }
    }

    fn byte(&self, addr: u64) -> Option<*mut u8> {
        let offset = usize::try_from(addr.checked_sub(self.start)?).ok()?;
        let is_there = self.pages.is_mapped(offset / PAGE_SIZE);
        is_there.then(|| self.pages.mapping().as_ptr().wrapping_add(offset))
    }
}
