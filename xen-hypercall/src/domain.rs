// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Numbers that must not be confused with each other.

#![expect(
    missing_debug_implementations,
    reason = "only the hidden types that KnownLayout derives inside a macro have none"
)]

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The unit of every Xen interface, whatever the page size of the kernel that speaks it:
/// `XEN_PAGE_SHIFT`.
pub const PAGE_SHIFT: u32 = 12;
/// `1 << PAGE_SHIFT` bytes.
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;

macro_rules! number {
    ($(#[$meta:meta])* $name:ident($inner:ty), $format:literal) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromBytes, IntoBytes,
            Immutable, KnownLayout,
        )]
        #[repr(C)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $format, self.0)
            }
        }
    };
}

number! {
    /// `domid_t`: a domain. Reused by Xen after a domain has gone.
    DomId(u16), "{}"
}
number! {
    /// `evtchn_port_t`: an event channel of one domain.
    Port(u32), "{}"
}
number! {
    /// `grant_ref_t`: an entry of one domain's grant table.
    GrantRef(u32), "{}"
}
number! {
    /// A guest frame: a guest-physical address in units of [`PAGE_SIZE`].
    Gfn(u64), "{:#x}"
}

impl DomId {
    /// `DOMID_FIRST_RESERVED` (xen/include/public/xen.h): ordinary domains are below.
    pub const FIRST_RESERVED: DomId = DomId(crate::abi::virq::DOMID_FIRST_RESERVED);
    /// `DOMID_SELF`: the domain that asks.
    pub const SELF: DomId = DomId(crate::abi::virq::DOMID_SELF);
}
