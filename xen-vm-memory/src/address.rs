// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the addresses mean that a guest hands out.

use std::fmt;

use vm_memory::GuestAddress;
use xen_hypercall::{GrantRef, PAGE_SHIFT, PAGE_SIZE};

/// `XEN_GRANT_DMA_ADDR_OFF`: set in every address that is a grant.
pub const GRANT_BIT: u64 = 1 << 63;

/// [`PAGE_SIZE`] as an address.
pub(crate) const PAGE: u64 = PAGE_SIZE as u64;

/// How a guest shares its memory with a device: `grant_usage` in its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Guest-physical addresses, mapped by privilege.
    Foreign,
    /// Grants, mapped by the guest's permission.
    Grant,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => "foreign",
            Self::Grant => "grant",
        })
    }
}

/// A range of pages, checked against the mode: no arithmetic on it can overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Number of the first page: a guest frame or a grant reference.
    pub first: u64,
    /// Where in the first page the range begins.
    pub offset: usize,
    /// How many pages it touches.
    pub count: usize,
}

impl Pages {
    /// The pages of `len` bytes at `addr`, or `None` when the guest's address does not fit the
    /// mode or its range wraps around.
    pub fn new(addr: GuestAddress, len: usize, mode: Mode) -> Option<Self> {
        let (start, limit) = match mode {
            Mode::Foreign => (addr.0, GRANT_BIT),
            Mode::Grant => (
                addr.0.checked_sub(GRANT_BIT)?,
                (u64::from(u32::MAX) + 1) << PAGE_SHIFT,
            ),
        };
        let end = start.checked_add(u64::try_from(len).ok()?)?;
        if len == 0 || end > limit {
            return None;
        }
        let first = start >> PAGE_SHIFT;
        let count = usize::try_from(end.div_ceil(PAGE) - first).ok()?;
        let offset = usize::try_from(start % PAGE).ok()?;
        Some(Self {
            first,
            offset,
            count,
        })
    }

    /// The references, in grant mode.
    pub fn grants(self) -> impl Iterator<Item = GrantRef> {
        let first = u32::try_from(self.first).expect("Pages::new has checked the limit");
        (0..self.count).map(move |n| {
            GrantRef(first + u32::try_from(n).expect("Pages::new has checked the limit"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_its_reference_and_an_offset() {
        let pages = Pages::new(GuestAddress(GRANT_BIT | 0x8400), 0x1000, Mode::Grant).unwrap();

        assert_eq!(
            pages,
            Pages {
                first: 8,
                offset: 0x400,
                count: 2
            }
        );
        assert_eq!(
            pages.grants().collect::<Vec<_>>(),
            [GrantRef(8), GrantRef(9)]
        );
    }

    #[test]
    fn an_address_of_the_other_mode_is_refused() {
        assert_eq!(Pages::new(GuestAddress(0x8000), 1, Mode::Grant), None);
        assert_eq!(Pages::new(GuestAddress(GRANT_BIT), 1, Mode::Foreign), None);
    }

    #[test]
    fn a_range_that_leaves_the_mode_is_refused() {
        assert_eq!(
            Pages::new(GuestAddress(GRANT_BIT - 1), 2, Mode::Foreign),
            None
        );
        let last = GRANT_BIT | (u64::from(u32::MAX) << 12);
        assert!(Pages::new(GuestAddress(last), 4096, Mode::Grant).is_some());
        assert_eq!(Pages::new(GuestAddress(last), 4097, Mode::Grant), None);
        assert_eq!(Pages::new(GuestAddress(u64::MAX), 2, Mode::Grant), None);
    }

    #[test]
    fn no_bytes_are_no_pages() {
        assert_eq!(Pages::new(GuestAddress(0x8000), 0, Mode::Foreign), None);
    }

    // Slow under Miri, and without pointers.
    #[cfg(not(miri))]
    proptest::proptest! {
        #[test]
        fn pages_are_those_of_the_range_and_of_no_other(
            addr in proptest::prelude::any::<u64>(),
            len in proptest::prelude::any::<usize>(),
            short in proptest::prelude::any::<bool>(),
            grant in proptest::prelude::any::<bool>(),
        ) {
            let mode = if grant { Mode::Grant } else { Mode::Foreign };
            let len = if short { len % 100_000 } else { len };
            let limit: u128 = if grant { 1 << 44 } else { 1 << 63 };
            let bit = u128::from(GRANT_BIT);
            let start = u128::from(addr).checked_sub(if grant { bit } else { 0 });
            let end = start.map(|start| start + len as u128);
            let fits = len > 0 && end.is_some_and(|end| end <= limit);

            let pages = Pages::new(GuestAddress(addr), len, mode);

            proptest::prop_assert_eq!(pages.is_some(), fits);
            if let (Some(pages), Some(start), Some(end)) = (pages, start, end) {
                let first = u128::from(pages.first) << 12;
                proptest::prop_assert!(pages.offset < PAGE_SIZE);
                proptest::prop_assert_eq!(first + pages.offset as u128, start);
                let behind = first + ((pages.count as u128) << 12);
                proptest::prop_assert!(behind >= end && behind - end < 4096);
            }
        }
    }
}
