// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grant tables by hypercall: `xen/include/public/grant_table.h`.
//!
//! A process on Linux maps grants through `/dev/xen/gntdev`; this is for guests without a kernel.

// UNSAFE: each operation says what Xen makes of it.
#![expect(unsafe_code)]

use crate::operation::Operation;
use crate::slot::NoSlot;
use crate::{DomId, GrantRef, XenError};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `__HYPERVISOR_grant_table_op`.
pub const HYPERCALL: usize = 20;
/// `GNTMAP_host_map`.
const HOST_MAP: u32 = 1 << 1;
/// `GNTMAP_readonly`.
const READ_ONLY: u32 = 1 << 2;

/// `GNTST_*` as an error.
fn check(status: i16) -> Result<(), XenError> {
    match status {
        0 => Ok(()),
        -1 => Err(XenError::PERM),
        -2 => Err(XenError::SRCH),
        -3 => Err(XenError::NOENT),
        -8 => Err(XenError::ACCES),
        -12 => Err(XenError::AGAIN),
        _ => Err(XenError::INVAL),
    }
}

macro_rules! grant_operation {
    ($(#[$meta:meta])* $name:ident = $number:literal, $size:literal, {
        $($field:ident: $ty:ty,)*
    } => $output:ty, |$self:ident| $get:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(C)]
        pub struct $name {
            $($field: $ty,)*
        }

        const _: () = assert!(size_of::<$name>() == $size);

        // SAFETY: grant_table.h says so; the structure leads to no memory of the caller.
        unsafe impl Operation for $name {
            const HYPERCALL: usize = HYPERCALL;
            const NUMBER: usize = $number;
            const COUNTED: bool = true;
            type Slot<'s> = NoSlot;
            type Output = $output;

            fn output(self, _: usize) -> Result<$output, XenError> {
                let $self = self;
                $get
            }
        }
    };
}

/// A grant that is mapped, for [`Unmap`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Handle(pub u32);

grant_operation! {
    /// `GNTTABOP_map_grant_ref`: maps a grant at a guest-physical address of this domain.
    Map = 0, 32, {
        host_addr: u64,
        flags: u32,
        gref: u32,
        dom: u16,
        status: i16,
        handle: u32,
        dev_bus_addr: u64,
    } => Handle, |this| check(this.status).map(|()| Handle(this.handle))
}

impl Map {
    /// # Safety
    ///
    /// `address` is a page of this domain that nobody uses: the grant takes its place.
    pub unsafe fn new(domain: DomId, grant: GrantRef, address: u64, writable: bool) -> Self {
        Self {
            host_addr: address,
            flags: HOST_MAP | if writable { 0 } else { READ_ONLY },
            gref: grant.0,
            dom: domain.0,
            status: 0,
            handle: 0,
            dev_bus_addr: 0,
        }
    }
}

grant_operation! {
    /// `GNTTABOP_unmap_grant_ref`: ends a mapping.
    Unmap = 1, 24, {
        host_addr: u64,
        dev_bus_addr: u64,
        handle: u32,
        status: i16,
        pad: u16,
    } => (), |this| check(this.status)
}

impl Unmap {
    /// # Safety
    ///
    /// Nobody uses what `handle` was mapped to, at `address`.
    pub unsafe fn new(handle: Handle, address: u64) -> Self {
        Self {
            host_addr: address,
            dev_bus_addr: 0,
            handle: handle.0,
            status: 0,
            pad: 0,
        }
    }
}

grant_operation! {
    /// `GNTTABOP_query_size`: how many frames a grant table has, and may have.
    QuerySize = 6, 16, {
        dom: u16,
        pad: u16,
        nr_frames: u32,
        max_nr_frames: u32,
        status: i16,
        tail: u16,
    } => (u32, u32), |this| check(this.status).map(|()| (this.nr_frames, this.max_nr_frames))
}

impl QuerySize {
    /// The table of `domain`.
    pub fn new(domain: DomId) -> Self {
        Self {
            dom: domain.0,
            pad: 0,
            nr_frames: 0,
            max_nr_frames: 0,
            status: 0,
            tail: 0,
        }
    }
}

grant_operation! {
    /// `GNTTABOP_set_version`: changes the version of this domain's table, and returns which it
    /// is then.
    SetVersion = 8, 4, {
        version: u32,
    } => u32, |this| Ok(this.version)
}

impl SetVersion {
    /// 1 or 2.
    pub fn new(version: u32) -> Self {
        Self { version }
    }
}

grant_operation! {
    /// `GNTTABOP_get_version`: the version of a table.
    GetVersion = 10, 8, {
        dom: u16,
        pad: u16,
        version: u32,
    } => u32, |this| Ok(this.version)
}

impl GetVersion {
    /// The table of `domain`.
    pub fn new(domain: DomId) -> Self {
        Self {
            dom: domain.0,
            pad: 0,
            version: 0,
        }
    }
}
