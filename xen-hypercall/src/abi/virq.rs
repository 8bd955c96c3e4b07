// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/virq.yaml by `xen-abi generate`: edit that file.

//! Virtual interrupts and reserved domains.
//!
//! Numbers that several interfaces share: virtual interrupts to bind with `bind_virq`, and domain
//! numbers that mean no ordinary domain.
//!
//! Source: `xen/include/public/xen.h`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Ordinary domains are below.
pub const DOMID_FIRST_RESERVED: u16 = 32752;

/// The caller.
pub const DOMID_SELF: u16 = 32752;

/// Owner of device memory.
pub const DOMID_IO: u16 = 32753;

/// Xen itself.
pub const DOMID_XEN: u16 = 32754;

/// Owner of shared pages.
pub const DOMID_COW: u16 = 32755;

/// No domain.
pub const DOMID_INVALID: u16 = 32756;

/// The idle domain.
pub const DOMID_IDLE: u16 = 32767;

/// Virtual interrupts.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    PartialOrd,
    Ord,
    Hash,
)]
#[repr(transparent)]
pub struct Virq(pub u32);

impl Virq {
    /// The vCPU's timer.
    pub const TIMER: Self = Self(0);
    /// Someone wants a dump of the guest.
    pub const DEBUG: Self = Self(1);
    /// Bytes typed at Xen's console.
    pub const CONSOLE: Self = Self(2);
    /// A domain has ended or is gone.
    pub const DOM_EXC: Self = Self(3);
    /// Trace records.
    pub const TBUF: Self = Self(4);
    /// A domain is paused for debugging.
    pub const DEBUGGER: Self = Self(6);
    /// A profiling sample.
    pub const XENOPROF: Self = Self(7);
    /// Bytes in Xen's console ring.
    pub const CON_RING: Self = Self(8);
    /// A CPU has come or gone.
    pub const PCPU_STATE: Self = Self(9);
    /// A memory event.
    pub const MEM_EVENT: Self = Self(10);
    /// A message between domains.
    pub const ARGO: Self = Self(11);
    /// Memory is short.
    pub const ENOMEM: Self = Self(12);
    /// A performance counter.
    pub const XENPMU: Self = Self(13);
}
