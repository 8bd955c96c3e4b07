// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/linux_evtchn.yaml by `xen-abi generate`: edit that file.

//! Linux's /dev/xen/evtchn.
//!
//! Event channels for processes. Reading gives the ports that are pending, as 32-bit numbers; they
//! are
//! masked until they are written back.
//!
//! Source: `include/uapi/xen/evtchn.h`.
//!
//! # To wait for an event
//!
//! Bind a port, read its number when it fires, and write it back to hear of the next one.
//!
//! ```
//! use xen_hypercall::abi::linux_evtchn::{BIND_INTERDOMAIN, BindInterdomain};
//!
//! let args = BindInterdomain { remote_domain: 0, remote_port: xen_hypercall::Port(5) };
//! assert_eq!(BIND_INTERDOMAIN >> 16, u32::try_from(size_of_val(&args))?);
//! # Ok::<(), core::num::TryFromIntError>(())
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A virtual interrupt to bind to.
///
/// C: `struct ioctl_evtchn_bind_virq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BindVirq {
    /// In: A `VIRQ_` number.
    pub virq: u32,
}

impl Default for BindVirq {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<BindVirq>() == 4);
    assert!(align_of::<BindVirq>() == 4);
    assert!(core::mem::offset_of!(BindVirq, virq) == 0);
};

/// A port of another domain to bind to.
///
/// C: `struct ioctl_evtchn_bind_interdomain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BindInterdomain {
    /// In: The domain.
    pub remote_domain: u32,
    /// In: Its port.
    pub remote_port: crate::Port,
}

impl Default for BindInterdomain {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<BindInterdomain>() == 8);
    assert!(align_of::<BindInterdomain>() == 4);
    assert!(core::mem::offset_of!(BindInterdomain, remote_domain) == 0);
    assert!(core::mem::offset_of!(BindInterdomain, remote_port) == 4);
};

/// A domain that may bind to a new port.
///
/// C: `struct ioctl_evtchn_bind_unbound_port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BindUnboundPort {
    /// In: The domain.
    pub remote_domain: u32,
}

impl Default for BindUnboundPort {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<BindUnboundPort>() == 4);
    assert!(align_of::<BindUnboundPort>() == 4);
    assert!(core::mem::offset_of!(BindUnboundPort, remote_domain) == 0);
};

/// A port to close.
///
/// C: `struct ioctl_evtchn_unbind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Unbind {
    /// In: The port.
    pub port: crate::Port,
}

impl Default for Unbind {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Unbind>() == 4);
    assert!(align_of::<Unbind>() == 4);
    assert!(core::mem::offset_of!(Unbind, port) == 0);
};

/// A port to send on.
///
/// C: `struct ioctl_evtchn_notify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Notify {
    /// In: The port.
    pub port: crate::Port,
}

impl Default for Notify {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Notify>() == 4);
    assert!(align_of::<Notify>() == 4);
    assert!(core::mem::offset_of!(Notify, port) == 0);
};

/// The domain that remains.
///
/// C: `struct ioctl_evtchn_restrict_domid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RestrictDomid {
    /// In: The domain.
    pub domid: crate::DomId,
}

impl Default for RestrictDomid {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<RestrictDomid>() == 2);
    assert!(align_of::<RestrictDomid>() == 2);
    assert!(core::mem::offset_of!(RestrictDomid, domid) == 0);
};

/// A port that exists already.
///
/// C: `struct ioctl_evtchn_bind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Bind {
    /// In: The port.
    pub port: crate::Port,
}

impl Default for Bind {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Bind>() == 4);
    assert!(align_of::<Bind>() == 4);
    assert!(core::mem::offset_of!(Bind, port) == 0);
};

/// Binds a new port to a virtual interrupt.
///
/// C: `IOCTL_EVTCHN_BIND_VIRQ`. Takes [`BindVirq`]. Returns the port.
pub const BIND_VIRQ: u32 = 0x44500;

/// Binds a new port to another domain's.
///
/// C: `IOCTL_EVTCHN_BIND_INTERDOMAIN`. Takes [`BindInterdomain`]. Returns the port.
pub const BIND_INTERDOMAIN: u32 = 0x84501;

/// Makes a port that a domain may bind to.
///
/// C: `IOCTL_EVTCHN_BIND_UNBOUND_PORT`. Takes [`BindUnboundPort`]. Returns the port.
pub const BIND_UNBOUND_PORT: u32 = 0x44502;

/// Closes a port.
///
/// C: `IOCTL_EVTCHN_UNBIND`. Takes [`Unbind`].
pub const UNBIND: u32 = 0x44503;

/// Sends on a port.
///
/// C: `IOCTL_EVTCHN_NOTIFY`. Takes [`Notify`].
pub const NOTIFY: u32 = 0x44504;

/// Forgets pending ports that were not read.
///
/// C: `IOCTL_EVTCHN_RESET`.
pub const RESET: u32 = 0x4505;

/// Restricts the descriptor to a domain for ever.
///
/// C: `IOCTL_EVTCHN_RESTRICT_DOMID`. Takes [`RestrictDomid`].
pub const RESTRICT_DOMID: u32 = 0x24506;

/// Takes a port that exists already.
///
/// C: `IOCTL_EVTCHN_BIND_STATIC`. Takes [`Bind`]. Since Linux 6.6.
pub const BIND_STATIC: u32 = 0x44507;
