// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Event channels by hypercall: `xen/include/public/event_channel.h`.

// UNSAFE: each operation says what Xen makes of it.
#![expect(unsafe_code)]

use crate::operation::operation;
use crate::{DomId, Port};

/// `__HYPERVISOR_event_channel_op`.
pub const HYPERCALL: usize = 32;
/// `DOMID_SELF`.
const SELF: u16 = 0x7ff0;

operation! {
    /// `EVTCHNOP_bind_interdomain`: binds a local port to one that another domain offers, and
    /// returns it. An event is made up at once.
    BindInterdomain = HYPERCALL, 0, 12, {
        remote_dom: u16,
        pad: u16,
        remote_port: u32,
        local_port: u32,
    } no_slot NoSlot => Port, |this, _| Ok(Port(this.local_port))
}

impl BindInterdomain {
    /// `port` of `domain`.
    pub fn new(domain: DomId, port: Port) -> Self {
        Self {
            remote_dom: domain.0,
            pad: 0,
            remote_port: port.0,
            local_port: 0,
        }
    }
}

operation! {
    /// `EVTCHNOP_bind_virq`: binds a local port to a virtual interrupt, and returns it.
    BindVirq = HYPERCALL, 1, 12, {
        virq: u32,
        vcpu: u32,
        port: u32,
    } no_slot NoSlot => Port, |this, _| Ok(Port(this.port))
}

impl BindVirq {
    /// `VIRQ_*` of a vCPU.
    pub fn new(virq: u32, vcpu: u32) -> Self {
        Self {
            virq,
            vcpu,
            port: 0,
        }
    }
}

operation! {
    /// `EVTCHNOP_close`: gives up a local port.
    Close = HYPERCALL, 3, 4, {
        port: u32,
    } no_slot NoSlot => (), |_this, _| Ok(())
}

operation! {
    /// `EVTCHNOP_send`: sends an event to the other end of a local port.
    Send = HYPERCALL, 4, 4, {
        port: u32,
    } no_slot NoSlot => (), |_this, _| Ok(())
}

operation! {
    /// `EVTCHNOP_unmask`: lets a local port fire again.
    Unmask = HYPERCALL, 9, 4, {
        port: u32,
    } no_slot NoSlot => (), |_this, _| Ok(())
}

macro_rules! about_a_port {
    ($($name:ident)*) => {
        $(impl $name {
            /// The local port.
            pub fn new(port: Port) -> Self {
                Self { port: port.0 }
            }
        })*
    };
}

about_a_port! { Close Send Unmask }

operation! {
    /// `EVTCHNOP_status`: what a port is.
    GetStatus = HYPERCALL, 5, 24, {
        dom: u16,
        pad: u16,
        port: u32,
        status: u32,
        vcpu: u32,
        union: [u32; 2],
    } no_slot NoSlot => Status, |this, _| Ok(this.status())
}

/// What a port is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Nothing.
    Closed,
    /// Offered to a domain.
    Unbound(DomId),
    /// Bound to a port of a domain.
    Interdomain(DomId, Port),
    /// Bound to a physical interrupt.
    Pirq(u32),
    /// Bound to a virtual interrupt.
    Virq(u32),
    /// Bound to another vCPU of the domain.
    Ipi,
    /// A number that the header does not name.
    Unknown(u32),
}

impl GetStatus {
    /// A port of this domain.
    pub fn new(port: Port) -> Self {
        Self {
            dom: SELF,
            pad: 0,
            port: port.0,
            status: 0,
            vcpu: 0,
            union: [0; 2],
        }
    }

    fn status(self) -> Status {
        // `domid_t` in the lower half of the first word, on the machines that Xen runs on.
        let [low, high, ..] = self.union[0].to_le_bytes();
        let domain = DomId(u16::from_le_bytes([low, high]));
        match self.status {
            0 => Status::Closed,
            1 => Status::Unbound(domain),
            2 => Status::Interdomain(domain, Port(self.union[1])),
            3 => Status::Pirq(self.union[0]),
            4 => Status::Virq(self.union[0]),
            5 => Status::Ipi,
            other => Status::Unknown(other),
        }
    }
}

operation! {
    /// `EVTCHNOP_alloc_unbound`: offers a new local port to a domain, and returns it.
    AllocUnbound = HYPERCALL, 6, 8, {
        dom: u16,
        remote_dom: u16,
        port: u32,
    } no_slot NoSlot => Port, |this, _| Ok(Port(this.port))
}

impl AllocUnbound {
    /// A port that `domain` may bind to.
    pub fn new(domain: DomId) -> Self {
        Self {
            dom: SELF,
            remote_dom: domain.0,
            port: 0,
        }
    }
}

operation! {
    /// `EVTCHNOP_reset`: closes all ports of this domain.
    Reset = HYPERCALL, 10, 2, {
        dom: u16,
    } no_slot NoSlot => (), |_this, _| Ok(())
}

impl Reset {
    /// All ports of this domain.
    pub fn new() -> Self {
        Self { dom: SELF }
    }
}

impl Default for Reset {
    fn default() -> Self {
        Self::new()
    }
}
