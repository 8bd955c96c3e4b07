// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Event channels by hypercall: `xen/include/public/event_channel.h`.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::abi::event_channel::{self as abi, EvtchnStatusU, ops};
use crate::abi::hypercalls::numbers::EVENT_CHANNEL_OP;
use crate::operation::{request, word};
use crate::{DomId, Gfn, Port};

/// `__HYPERVISOR_event_channel_op`.
pub const HYPERCALL: usize = word(EVENT_CHANNEL_OP);

request! {
    /// `EVTCHNOP_bind_interdomain`: binds a local port to one that another domain offers, and
    /// returns it. An event is made up at once.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindInterdomain, GetStatus, Status};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    /// # let offered = machine.host().offer_port(DomId(1));
    ///
    /// let port = xen.perform(BindInterdomain::new(DomId(0), offered))?;
    /// let other = Status::Interdomain(DomId(0), offered);
    /// assert_eq!(xen.perform(GetStatus::new(port))?, other);
    /// # Ok::<(), XenError>(())
    /// ```
    BindInterdomain = ops::BindInterdomain, => Port, |args, _| Ok(args.local_port)
}

impl BindInterdomain {
    /// `port` of `domain`.
    pub fn new(domain: DomId, port: Port) -> Self {
        Self(abi::EvtchnBindInterdomain {
            remote_dom: domain,
            remote_port: port,
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_bind_virq`: binds a local port to a virtual interrupt, and returns it.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindVirq, GetStatus, Status};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let timer = 0; // VIRQ_TIMER
    /// let port = xen.perform(BindVirq::new(timer, 0))?;
    /// assert_eq!(xen.perform(GetStatus::new(port))?, Status::Virq(timer));
    /// # Ok::<(), XenError>(())
    /// ```
    BindVirq = ops::BindVirq, => Port, |args, _| Ok(args.port)
}

impl BindVirq {
    /// `VIRQ_*` of a vCPU.
    pub fn new(virq: u32, vcpu: u32) -> Self {
        Self(abi::EvtchnBindVirq {
            virq,
            vcpu,
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_bind_pirq`: binds a local port to a physical interrupt of this domain's, and
    /// returns it.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::BindPirq;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // This domain has no such interrupt.
    /// let refused = xen.perform(BindPirq::new(5000, true));
    /// assert_eq!(refused, Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    BindPirq = ops::BindPirq, => Port, |args, _| Ok(args.port)
}

impl BindPirq {
    /// The interrupt, and whether other domains may have it too.
    pub fn new(pirq: u32, shared: bool) -> Self {
        Self(abi::EvtchnBindPirq {
            pirq,
            flags: if shared { abi::WILL_SHARE } else { 0 },
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_bind_ipi`: binds a local port to a vCPU of this domain, which hears what is
    /// sent on it, and returns it.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindIpi, Send};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(BindIpi::new(1))?;
    /// xen.perform(Send::new(port))?;
    /// assert!(guest.take_event(port));
    /// # Ok::<(), XenError>(())
    /// ```
    BindIpi = ops::BindIpi, => Port, |args, _| Ok(args.port)
}

impl BindIpi {
    /// The vCPU.
    pub fn new(vcpu: u32) -> Self {
        Self(abi::EvtchnBindIpi {
            vcpu,
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_bind_vcpu`: makes another vCPU hear of a local port. Those of IPIs and of
    /// virtual interrupts that each vCPU has stay where they are.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{AllocUnbound, BindIpi, BindVcpu};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(AllocUnbound::new(DomId(0)))?;
    /// xen.perform(BindVcpu::new(port, 1))?;
    /// let ipi = xen.perform(BindIpi::new(0))?;
    /// assert_eq!(xen.perform(BindVcpu::new(ipi, 1)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    BindVcpu = ops::BindVcpu, => (), |_args, _| Ok(())
}

impl BindVcpu {
    /// The local port, and the vCPU.
    pub fn new(port: Port, vcpu: u32) -> Self {
        Self(abi::EvtchnBindVcpu { port, vcpu })
    }
}

request! {
    /// `EVTCHNOP_close`: gives up a local port.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{AllocUnbound, Close, GetStatus, Status};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(AllocUnbound::new(DomId(0)))?;
    /// xen.perform(Close::new(port))?;
    /// assert_eq!(xen.perform(GetStatus::new(port))?, Status::Closed);
    /// # Ok::<(), XenError>(())
    /// ```
    Close = ops::Close, => (), |_args, _| Ok(())
}

impl Close {
    /// The local port.
    pub fn new(port: Port) -> Self {
        Self(abi::EvtchnClose { port })
    }
}

request! {
    /// `EVTCHNOP_send`: sends an event to the other end of a local port.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindInterdomain, Send};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    /// # let offered = machine.host().offer_port(DomId(1));
    ///
    /// let port = xen.perform(BindInterdomain::new(DomId(0), offered))?;
    /// xen.perform(Send::new(port))?;
    /// assert!(machine.host().take_event(offered));
    /// # Ok::<(), XenError>(())
    /// ```
    Send = ops::Send, => (), |_args, _| Ok(())
}

impl Send {
    /// The local port.
    pub fn new(port: Port) -> Self {
        Self(abi::EvtchnSend { port })
    }
}

request! {
    /// `EVTCHNOP_unmask`: lets a local port fire again.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindIpi, Close, Unmask};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(BindIpi::new(0))?;
    /// xen.perform(Unmask::new(port))?;
    /// xen.perform(Close::new(port))?;
    /// assert_eq!(xen.perform(Unmask::new(port)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    Unmask = ops::Unmask, => (), |_args, _| Ok(())
}

impl Unmask {
    /// The local port.
    pub fn new(port: Port) -> Self {
        Self(abi::EvtchnUnmask { port })
    }
}

request! {
    /// `EVTCHNOP_status`: what a port is.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{AllocUnbound, GetStatus, Status};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(AllocUnbound::new(DomId(0)))?;
    /// let status = xen.perform(GetStatus::new(port))?;
    /// assert_eq!(status, Status::Unbound(DomId(0)));
    /// # Ok::<(), XenError>(())
    /// ```
    GetStatus = ops::Status, => Status, |args, _| Ok(args.into())
}

/// What a port is.
///
/// # Example
///
/// ```
/// use xen_hypercall::event_channel::{BindIpi, GetStatus, Status};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::DomId;
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let port = xen.perform(BindIpi::new(0))?;
/// assert_eq!(xen.perform(GetStatus::new(port))?, Status::Ipi);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
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

impl From<abi::EvtchnStatus> for Status {
    fn from(status: abi::EvtchnStatus) -> Self {
        match status.u_value() {
            Ok(EvtchnStatusU::Closed) => Self::Closed,
            Ok(EvtchnStatusU::Unbound(to)) => Self::Unbound(to.dom),
            Ok(EvtchnStatusU::Interdomain(to)) => Self::Interdomain(to.dom, to.port),
            Ok(EvtchnStatusU::Pirq(pirq)) => Self::Pirq(pirq),
            Ok(EvtchnStatusU::Virq(virq)) => Self::Virq(virq),
            Ok(EvtchnStatusU::Ipi) => Self::Ipi,
            Err(_unknown) => Self::Unknown(status.status.0),
        }
    }
}

impl GetStatus {
    /// A port of this domain.
    pub fn new(port: Port) -> Self {
        Self(abi::EvtchnStatus {
            dom: DomId::SELF,
            port,
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_alloc_unbound`: offers a new local port to a domain, and returns it.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{AllocUnbound, BindInterdomain};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(AllocUnbound::new(DomId(0)))?;
    /// // Domain 0 takes the offer.
    /// machine.host().hypercaller().perform(BindInterdomain::new(DomId(1), port))?;
    /// assert_eq!(guest.bound_ports(), 1);
    /// # Ok::<(), XenError>(())
    /// ```
    AllocUnbound = ops::AllocUnbound, => Port, |args, _| Ok(args.port)
}

impl AllocUnbound {
    /// A port that `domain` may bind to.
    pub fn new(domain: DomId) -> Self {
        Self(abi::EvtchnAllocUnbound {
            dom: DomId::SELF,
            remote_dom: domain,
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_reset`: closes all ports of this domain.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindIpi, GetStatus, Reset, Status};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(BindIpi::new(0))?;
    /// xen.perform(Reset::new())?;
    /// assert_eq!(xen.perform(GetStatus::new(port))?, Status::Closed);
    /// # Ok::<(), XenError>(())
    /// ```
    Reset = ops::Reset, => (), |_args, _| Ok(())
}

impl Reset {
    /// All ports of this domain.
    pub fn new() -> Self {
        Self(abi::EvtchnReset { dom: DomId::SELF })
    }
}

impl Default for Reset {
    fn default() -> Self {
        Self::new()
    }
}

request! {
    /// `EVTCHNOP_init_control`: turns to FIFO event channels, and gives Xen the control block of
    /// a vCPU. Returns how many bits of an event word name the next one.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::InitControl;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses the frame.
    /// let control = unsafe { InitControl::new(Gfn(8), 0, 0) };
    /// let link_bits = xen.perform(control)?;
    /// assert_eq!(link_bits, 17);
    /// # Ok::<(), XenError>(())
    /// ```
    InitControl = ops::InitControl, => u8, |args, _| Ok(args.link_bits)
}

impl InitControl {
    /// The block is at `offset` of a frame, a multiple of 8.
    ///
    /// # Safety
    ///
    /// [`EvtchnFifoControlBlock`](abi::EvtchnFifoControlBlock) is what is there from now on, and
    /// is only changed atomically.
    pub unsafe fn new(frame: Gfn, offset: u32, vcpu: u32) -> Self {
        Self(abi::EvtchnInitControl {
            control_gfn: frame,
            offset,
            vcpu,
            ..Default::default()
        })
    }
}

request! {
    /// `EVTCHNOP_expand_array`: gives Xen one more page of FIFO event words.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{ExpandArray, InitControl};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses the frames.
    /// let (control, array) = unsafe { (InitControl::new(Gfn(8), 0, 0), ExpandArray::new(Gfn(9))) };
    /// assert_eq!(xen.perform(array), Err(XenError::OPNOTSUPP)); // not FIFO yet
    /// xen.perform(control)?;
    /// xen.perform(array)?;
    /// # Ok::<(), XenError>(())
    /// ```
    ExpandArray = ops::ExpandArray, => (), |_args, _| Ok(())
}

impl ExpandArray {
    /// The page.
    ///
    /// # Safety
    ///
    /// Event words are what is there from now on, and are only changed atomically.
    pub unsafe fn new(frame: Gfn) -> Self {
        Self(abi::EvtchnExpandArray { array_gfn: frame })
    }
}

request! {
    /// `EVTCHNOP_set_priority`: chooses the FIFO queue of a local port.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::event_channel::{BindIpi, InitControl, SetPriority};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses the frame.
    /// let control = unsafe { InitControl::new(Gfn(8), 0, 0) };
    /// xen.perform(control)?;
    /// let port = xen.perform(BindIpi::new(0))?;
    /// xen.perform(SetPriority::new(port, 0))?;
    /// assert_eq!(xen.perform(SetPriority::new(port, 16)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    SetPriority = ops::SetPriority, => (), |_args, _| Ok(())
}

impl SetPriority {
    /// The local port; 0 is the highest priority, 15 the lowest, 7 what it has at first.
    pub fn new(port: Port, priority: u32) -> Self {
        Self(abi::EvtchnSetPriority { port, priority })
    }
}
