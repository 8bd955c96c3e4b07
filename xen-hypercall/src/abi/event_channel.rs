// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/event_channel.yaml by `xen-abi generate`: edit that file.

//! Event channels.
//!
//! A port of one domain is bound to a port of another, to a virtual interrupt, to a physical one,
//! or
//! to another vCPU of the same domain. Sending on one end makes the other end pending.
//!
//! Source: `xen/include/public/event_channel.h`.
//!
//! # To wait for an event
//!
//! Bind a port, then wait until it is pending: in Linux by reading `/dev/xen/evtchn`, in a
//! kernel by the bits of the shared info page or the FIFO control block. Unmask it afterwards.
//!
//! ```
//! use xen_hypercall::abi::event_channel::{EvtchnBindInterdomain, ops};
//! use xen_hypercall::operation::Operation;
//! use xen_hypercall::{DomId, Port};
//!
//! let args = EvtchnBindInterdomain {
//!     remote_dom: DomId(0),
//!     remote_port: Port(5),
//!     ..Default::default()
//! };
//! assert_eq!(ops::BindInterdomain::NUMBER, 0);
//! assert_eq!(args.local_port, Port(0)); // Xen writes it.
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Priorities of the FIFO interface.
pub const FIFO_MAX_QUEUES: u32 = 16;

/// Bit of an event word that says it is pending.
pub const FIFO_PENDING: u32 = 31;

/// Bit of an event word that masks it.
pub const FIFO_MASKED: u32 = 30;

/// Bit of an event word that says it is in a queue.
pub const FIFO_LINKED: u32 = 29;

/// Bit of an event word that Xen is working on.
pub const FIFO_BUSY: u32 = 28;

/// Bits of an event word that name the next one.
pub const FIFO_LINK_BITS: u32 = 17;

/// Flag of `bind_pirq`: the interrupt may be shared.
pub const WILL_SHARE: u32 = 1;

/// What a port is bound to.
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
pub struct Status(pub u32);

impl Status {
    /// Nothing; the port is free.
    pub const CLOSED: Self = Self(0);
    /// Nothing yet: one domain may bind to it.
    pub const UNBOUND: Self = Self(1);
    /// A port of another domain.
    pub const INTERDOMAIN: Self = Self(2);
    /// A physical interrupt.
    pub const PIRQ: Self = Self(3);
    /// A virtual interrupt.
    pub const VIRQ: Self = Self(4);
    /// A vCPU of the same domain.
    pub const IPI: Self = Self(5);
}

/// A new port that a domain may bind to.
///
/// C: `struct evtchn_alloc_unbound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnAllocUnbound {
    /// In: Whose port.
    pub dom: crate::DomId,
    /// In: Who may bind.
    pub remote_dom: crate::DomId,
    /// Out: The port.
    pub port: crate::Port,
}

impl Default for EvtchnAllocUnbound {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnAllocUnbound>() == 8);
    assert!(align_of::<EvtchnAllocUnbound>() == 4);
    assert!(core::mem::offset_of!(EvtchnAllocUnbound, dom) == 0);
    assert!(core::mem::offset_of!(EvtchnAllocUnbound, remote_dom) == 2);
    assert!(core::mem::offset_of!(EvtchnAllocUnbound, port) == 4);
};

/// A new port that is bound to one of another domain.
///
/// C: `struct evtchn_bind_interdomain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnBindInterdomain {
    /// In: The other domain.
    pub remote_dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: Its port.
    pub remote_port: crate::Port,
    /// Out: The new port.
    pub local_port: crate::Port,
}

impl Default for EvtchnBindInterdomain {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnBindInterdomain>() == 12);
    assert!(align_of::<EvtchnBindInterdomain>() == 4);
    assert!(core::mem::offset_of!(EvtchnBindInterdomain, remote_dom) == 0);
    assert!(core::mem::offset_of!(EvtchnBindInterdomain, pad0) == 2);
    assert!(core::mem::offset_of!(EvtchnBindInterdomain, remote_port) == 4);
    assert!(core::mem::offset_of!(EvtchnBindInterdomain, local_port) == 8);
};

/// A new port for a virtual interrupt.
///
/// C: `struct evtchn_bind_virq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnBindVirq {
    /// In: A `VIRQ_` number.
    pub virq: u32,
    /// In: The vCPU; 0 for interrupts of the whole domain.
    pub vcpu: u32,
    /// Out: The port.
    pub port: crate::Port,
}

impl Default for EvtchnBindVirq {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnBindVirq>() == 12);
    assert!(align_of::<EvtchnBindVirq>() == 4);
    assert!(core::mem::offset_of!(EvtchnBindVirq, virq) == 0);
    assert!(core::mem::offset_of!(EvtchnBindVirq, vcpu) == 4);
    assert!(core::mem::offset_of!(EvtchnBindVirq, port) == 8);
};

/// A new port for a physical interrupt.
///
/// C: `struct evtchn_bind_pirq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnBindPirq {
    /// In: The interrupt.
    pub pirq: u32,
    /// In: Whether it may be shared.
    pub flags: u32,
    /// Out: The port.
    pub port: crate::Port,
}

impl Default for EvtchnBindPirq {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnBindPirq>() == 12);
    assert!(align_of::<EvtchnBindPirq>() == 4);
    assert!(core::mem::offset_of!(EvtchnBindPirq, pirq) == 0);
    assert!(core::mem::offset_of!(EvtchnBindPirq, flags) == 4);
    assert!(core::mem::offset_of!(EvtchnBindPirq, port) == 8);
};

/// A new port that wakes a vCPU of the same domain.
///
/// C: `struct evtchn_bind_ipi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnBindIpi {
    /// In: The vCPU.
    pub vcpu: u32,
    /// Out: The port.
    pub port: crate::Port,
}

impl Default for EvtchnBindIpi {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnBindIpi>() == 8);
    assert!(align_of::<EvtchnBindIpi>() == 4);
    assert!(core::mem::offset_of!(EvtchnBindIpi, vcpu) == 0);
    assert!(core::mem::offset_of!(EvtchnBindIpi, port) == 4);
};

/// A port to close.
///
/// C: `struct evtchn_close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnClose {
    /// In: The port.
    pub port: crate::Port,
}

impl Default for EvtchnClose {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnClose>() == 4);
    assert!(align_of::<EvtchnClose>() == 4);
    assert!(core::mem::offset_of!(EvtchnClose, port) == 0);
};

/// A port to send on.
///
/// C: `struct evtchn_send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnSend {
    /// In: The port.
    pub port: crate::Port,
}

impl Default for EvtchnSend {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnSend>() == 4);
    assert!(align_of::<EvtchnSend>() == 4);
    assert!(core::mem::offset_of!(EvtchnSend, port) == 0);
};

/// Who may bind to an unbound port.
///
/// C: `struct evtchn_status, u.unbound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnStatusUnbound {
    /// Out: The domain.
    pub dom: crate::DomId,
}

impl Default for EvtchnStatusUnbound {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnStatusUnbound>() == 2);
    assert!(align_of::<EvtchnStatusUnbound>() == 2);
    assert!(core::mem::offset_of!(EvtchnStatusUnbound, dom) == 0);
};

/// The other end of a port.
///
/// C: `struct evtchn_status, u.interdomain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnStatusInterdomain {
    /// Out: The other domain.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// Out: Its port.
    pub port: crate::Port,
}

impl Default for EvtchnStatusInterdomain {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnStatusInterdomain>() == 8);
    assert!(align_of::<EvtchnStatusInterdomain>() == 4);
    assert!(core::mem::offset_of!(EvtchnStatusInterdomain, dom) == 0);
    assert!(core::mem::offset_of!(EvtchnStatusInterdomain, pad0) == 2);
    assert!(core::mem::offset_of!(EvtchnStatusInterdomain, port) == 4);
};

/// What a port is bound to.
///
/// C: `struct evtchn_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnStatus {
    /// In: Whose port.
    pub dom: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: The port.
    pub port: crate::Port,
    /// Out: What it is bound to.
    pub status: Status,
    /// Out: The vCPU that is told.
    pub vcpu: u32,
    /// Out: The other end.
    pub u: [u32; 2],
}

impl Default for EvtchnStatus {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnStatus>() == 24);
    assert!(align_of::<EvtchnStatus>() == 4);
    assert!(core::mem::offset_of!(EvtchnStatus, dom) == 0);
    assert!(core::mem::offset_of!(EvtchnStatus, pad0) == 2);
    assert!(core::mem::offset_of!(EvtchnStatus, port) == 4);
    assert!(core::mem::offset_of!(EvtchnStatus, status) == 8);
    assert!(core::mem::offset_of!(EvtchnStatus, vcpu) == 12);
    assert!(core::mem::offset_of!(EvtchnStatus, u) == 16);
};

/// The other end, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvtchnStatusU {
    /// There is none.
    Closed,
    /// Who may bind.
    Unbound(EvtchnStatusUnbound),
    /// A port of another domain.
    Interdomain(EvtchnStatusInterdomain),
    /// A physical interrupt.
    Pirq(u32),
    /// A virtual interrupt.
    Virq(u32),
    /// The vCPU in `vcpu`
    Ipi,
}

impl EvtchnStatus {
    /// What [`u`](Self::u) holds.
    ///
    /// # Errors
    ///
    /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.
    pub fn u_value(&self) -> Result<EvtchnStatusU, crate::operation::UnknownTag> {
        match self.status.0 {
            0 => Ok(EvtchnStatusU::Closed),
            1 => Ok(EvtchnStatusU::Unbound(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            2 => Ok(EvtchnStatusU::Interdomain(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            3 => Ok(EvtchnStatusU::Pirq(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            4 => Ok(EvtchnStatusU::Virq(crate::operation::prefix(
                IntoBytes::as_bytes(&self.u),
            ))),
            5 => Ok(EvtchnStatusU::Ipi),
            tag => Err(crate::operation::UnknownTag(u64::from(tag))),
        }
    }

    /// Sets [`u`](Self::u) and its tag; the rest of it becomes zero.
    pub fn set_u(&mut self, value: EvtchnStatusU) {
        zerocopy::FromZeros::zero(&mut self.u);
        match value {
            EvtchnStatusU::Closed => {
                self.status.0 = 0;
            }
            EvtchnStatusU::Unbound(value) => {
                self.status.0 = 1;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            EvtchnStatusU::Interdomain(value) => {
                self.status.0 = 2;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            EvtchnStatusU::Pirq(value) => {
                self.status.0 = 3;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            EvtchnStatusU::Virq(value) => {
                self.status.0 = 4;
                crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.u));
            }
            EvtchnStatusU::Ipi => {
                self.status.0 = 5;
            }
        }
    }
}

/// Which vCPU is told of a port.
///
/// C: `struct evtchn_bind_vcpu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnBindVcpu {
    /// In: The port.
    pub port: crate::Port,
    /// In: The vCPU.
    pub vcpu: u32,
}

impl Default for EvtchnBindVcpu {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnBindVcpu>() == 8);
    assert!(align_of::<EvtchnBindVcpu>() == 4);
    assert!(core::mem::offset_of!(EvtchnBindVcpu, port) == 0);
    assert!(core::mem::offset_of!(EvtchnBindVcpu, vcpu) == 4);
};

/// A port to unmask.
///
/// C: `struct evtchn_unmask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnUnmask {
    /// In: The port.
    pub port: crate::Port,
}

impl Default for EvtchnUnmask {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnUnmask>() == 4);
    assert!(align_of::<EvtchnUnmask>() == 4);
    assert!(core::mem::offset_of!(EvtchnUnmask, port) == 0);
};

/// A domain all of whose ports are closed.
///
/// C: `struct evtchn_reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnReset {
    /// In: The domain.
    pub dom: crate::DomId,
}

impl Default for EvtchnReset {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnReset>() == 2);
    assert!(align_of::<EvtchnReset>() == 2);
    assert!(core::mem::offset_of!(EvtchnReset, dom) == 0);
};

/// Where the FIFO control block of a vCPU is.
///
/// C: `struct evtchn_init_control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnInitControl {
    /// In: Its frame.
    pub control_gfn: crate::Gfn,
    /// In: Its offset in the frame; a multiple of 8.
    pub offset: u32,
    /// In: The vCPU.
    pub vcpu: u32,
    /// Out: How many bits of an event word name the next one.
    pub link_bits: u8,
    /// Zero.
    pub pad0: [u8; 7],
}

impl Default for EvtchnInitControl {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnInitControl>() == 24);
    assert!(align_of::<EvtchnInitControl>() == 8);
    assert!(core::mem::offset_of!(EvtchnInitControl, control_gfn) == 0);
    assert!(core::mem::offset_of!(EvtchnInitControl, offset) == 8);
    assert!(core::mem::offset_of!(EvtchnInitControl, vcpu) == 12);
    assert!(core::mem::offset_of!(EvtchnInitControl, link_bits) == 16);
    assert!(core::mem::offset_of!(EvtchnInitControl, pad0) == 17);
};

/// One more page of event words.
///
/// C: `struct evtchn_expand_array`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnExpandArray {
    /// In: Its frame.
    pub array_gfn: crate::Gfn,
}

impl Default for EvtchnExpandArray {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnExpandArray>() == 8);
    assert!(align_of::<EvtchnExpandArray>() == 8);
    assert!(core::mem::offset_of!(EvtchnExpandArray, array_gfn) == 0);
};

/// The priority of a port in the FIFO interface.
///
/// C: `struct evtchn_set_priority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnSetPriority {
    /// In: The port.
    pub port: crate::Port,
    /// In: 0 is the highest, 15 the lowest.
    pub priority: u32,
}

impl Default for EvtchnSetPriority {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnSetPriority>() == 8);
    assert!(align_of::<EvtchnSetPriority>() == 4);
    assert!(core::mem::offset_of!(EvtchnSetPriority, port) == 0);
    assert!(core::mem::offset_of!(EvtchnSetPriority, priority) == 4);
};

/// What Xen and a vCPU share in the FIFO interface.
///
/// C: `struct evtchn_fifo_control_block`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EvtchnFifoControlBlock {
    /// In and out: A bit for each queue that is not empty.
    pub ready: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In and out: The first event of each queue.
    pub head: [u32; 16],
}

impl Default for EvtchnFifoControlBlock {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<EvtchnFifoControlBlock>() == 72);
    assert!(align_of::<EvtchnFifoControlBlock>() == 4);
    assert!(core::mem::offset_of!(EvtchnFifoControlBlock, ready) == 0);
    assert!(core::mem::offset_of!(EvtchnFifoControlBlock, pad0) == 4);
    assert!(core::mem::offset_of!(EvtchnFifoControlBlock, head) == 8);
};

/// The number of every operation.
pub mod numbers {
    /// Binds a new port to one that another domain offers.
    pub const BIND_INTERDOMAIN: u32 = 0;
    /// Binds a new port to a virtual interrupt.
    pub const BIND_VIRQ: u32 = 1;
    /// Binds a new port to a physical interrupt.
    pub const BIND_PIRQ: u32 = 2;
    /// Closes a port.
    pub const CLOSE: u32 = 3;
    /// Makes the other end of a port pending.
    pub const SEND: u32 = 4;
    /// Says what a port is bound to.
    pub const STATUS: u32 = 5;
    /// Makes a new port that another domain may bind to.
    pub const ALLOC_UNBOUND: u32 = 6;
    /// Binds a new port to a vCPU of the same domain.
    pub const BIND_IPI: u32 = 7;
    /// Says which vCPU is told of a port.
    pub const BIND_VCPU: u32 = 8;
    /// Unmasks a port; it fires when it is pending.
    pub const UNMASK: u32 = 9;
    /// Closes all ports of a domain.
    pub const RESET: u32 = 10;
    /// Places the FIFO control block of a vCPU.
    pub const INIT_CONTROL: u32 = 11;
    /// Adds a page of event words.
    pub const EXPAND_ARRAY: u32 = 12;
    /// Sets the priority of a port.
    pub const SET_PRIORITY: u32 = 13;
    /// How Xen continues a reset; not for callers.
    pub const RESET_CONT: u32 = 14;
}

/// Each operation as a type.
pub mod ops {
    /// Binds a new port to one that another domain offers.
    ///
    /// C: `EVTCHNOP_bind_interdomain`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BindInterdomain;

    impl crate::operation::Operation for BindInterdomain {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "event_channel.bind_interdomain";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnBindInterdomain;
        type Slots = ();
    }

    /// Binds a new port to a virtual interrupt.
    ///
    /// C: `EVTCHNOP_bind_virq`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BindVirq;

    impl crate::operation::Operation for BindVirq {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "event_channel.bind_virq";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnBindVirq;
        type Slots = ();
    }

    /// Binds a new port to a physical interrupt.
    ///
    /// C: `EVTCHNOP_bind_pirq`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BindPirq;

    impl crate::operation::Operation for BindPirq {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 2;
        const NAME: &'static str = "event_channel.bind_pirq";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "owner of the interrupt",
        };
        type Args = super::EvtchnBindPirq;
        type Slots = ();
    }

    /// Closes a port.
    ///
    /// C: `EVTCHNOP_close`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Close;

    impl crate::operation::Operation for Close {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 3;
        const NAME: &'static str = "event_channel.close";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnClose;
        type Slots = ();
    }

    /// Makes the other end of a port pending.
    ///
    /// C: `EVTCHNOP_send`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Send;

    impl crate::operation::Operation for Send {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 4;
        const NAME: &'static str = "event_channel.send";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnSend;
        type Slots = ();
    }

    /// Says what a port is bound to.
    ///
    /// C: `EVTCHNOP_status`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Status;

    impl crate::operation::Operation for Status {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "event_channel.status";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::EvtchnStatus;
        type Slots = ();
    }

    /// Makes a new port that another domain may bind to.
    ///
    /// C: `EVTCHNOP_alloc_unbound`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AllocUnbound;

    impl crate::operation::Operation for AllocUnbound {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "event_channel.alloc_unbound";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::EvtchnAllocUnbound;
        type Slots = ();
    }

    /// Binds a new port to a vCPU of the same domain.
    ///
    /// C: `EVTCHNOP_bind_ipi`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BindIpi;

    impl crate::operation::Operation for BindIpi {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 7;
        const NAME: &'static str = "event_channel.bind_ipi";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnBindIpi;
        type Slots = ();
    }

    /// Says which vCPU is told of a port.
    ///
    /// C: `EVTCHNOP_bind_vcpu`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BindVcpu;

    impl crate::operation::Operation for BindVcpu {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 8;
        const NAME: &'static str = "event_channel.bind_vcpu";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnBindVcpu;
        type Slots = ();
    }

    /// Unmasks a port; it fires when it is pending.
    ///
    /// C: `EVTCHNOP_unmask`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Unmask;

    impl crate::operation::Operation for Unmask {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 9;
        const NAME: &'static str = "event_channel.unmask";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnUnmask;
        type Slots = ();
    }

    /// Closes all ports of a domain.
    ///
    /// C: `EVTCHNOP_reset`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Reset;

    impl crate::operation::Operation for Reset {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 10;
        const NAME: &'static str = "event_channel.reset";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::EvtchnReset;
        type Slots = ();
    }

    /// Places the FIFO control block of a vCPU.
    ///
    /// C: `EVTCHNOP_init_control`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct InitControl;

    impl crate::operation::Operation for InitControl {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 11;
        const NAME: &'static str = "event_channel.init_control";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnInitControl;
        type Slots = ();
    }

    /// Adds a page of event words.
    ///
    /// C: `EVTCHNOP_expand_array`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ExpandArray;

    impl crate::operation::Operation for ExpandArray {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 12;
        const NAME: &'static str = "event_channel.expand_array";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnExpandArray;
        type Slots = ();
    }

    /// Sets the priority of a port.
    ///
    /// C: `EVTCHNOP_set_priority`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetPriority;

    impl crate::operation::Operation for SetPriority {
        const HYPERCALL: u32 = 32;
        const NUMBER: u32 = 13;
        const NAME: &'static str = "event_channel.set_priority";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::EvtchnSetPriority;
        type Slots = ();
    }
}
