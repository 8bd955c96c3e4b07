// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the process has asked of the simulated kernel.

use xen_hypercall::memory::Resource;
use xen_hypercall::{DomId, Gfn, GrantRef, Port};

use crate::Protection;

/// Calls that are remembered: enough for a test, bounded for a benchmark.
const REMEMBERED: usize = 1 << 16;

/// A device node.
///
/// # Example
///
/// ```
/// use xen_ioctls::sim::{Call, NodeKind, Xen};
///
/// let xen = Xen::new();
/// let _node = xen.grants();
/// assert_eq!(xen.take_calls(), [Call::Open(NodeKind::Grants)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// `/dev/xen/privcmd`.
    Privcmd,
    /// `/dev/xen/hypercall`.
    Hypercall,
    /// `/dev/xen/evtchn`.
    EventChannels,
    /// `/dev/xen/gntdev`.
    Grants,
    /// `/dev/xen/gntalloc`.
    GrantAllocator,
}

/// One system call on a node, with its arguments as the kernel saw them.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Port};
/// use xen_ioctls::sim::{Call, Xen};
///
/// let xen = Xen::new();
/// let events = xen.event_channels();
/// xen.take_calls();
/// let refused = events.bind_interdomain(DomId(1), Port(5));
/// assert!(refused.is_err());
/// let asked = Call::BindInterdomain { domain: DomId(1), port: Port(5) };
/// assert_eq!(xen.take_calls(), [asked]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// `open` of a node.
    Open(NodeKind),
    /// `mmap` of a node.
    Mmap {
        /// The node.
        node: NodeKind,
        /// Offset in the node: what gntdev or gntalloc has announced, else 0.
        offset: u64,
        /// Bytes.
        len: usize,
        /// What the process may do with them.
        protection: Protection,
    },
    /// `munmap` of what a node has backed.
    Munmap {
        /// The node.
        node: NodeKind,
        /// Bytes.
        len: usize,
    },
    /// Restriction of a node to one domain.
    Restrict {
        /// The node.
        node: NodeKind,
        /// The domain.
        domain: DomId,
    },
    /// A plain hypercall.
    Hypercall {
        /// `__HYPERVISOR_*`.
        number: u64,
        /// Its arguments.
        args: [u64; 5],
    },
    /// A device model operation.
    DmOp {
        /// The domain it is for.
        domain: DomId,
        /// The buffers as they were before the call.
        buffers: Vec<Vec<u8>>,
    },
    /// Mapping of guest frames.
    MapFrames {
        /// The domain.
        domain: DomId,
        /// The frames.
        frames: Vec<Gfn>,
    },
    /// Mapping, or the size, of a resource.
    MapResource {
        /// The domain.
        domain: DomId,
        /// The resource, from its first frame on.
        resource: Resource,
        /// How many frames; 0 asks how many there are.
        frames: u64,
    },
    /// Binding, or unbinding, of an eventfd to an operation.
    IrqFd {
        /// The domain.
        domain: DomId,
        /// The operation.
        op: Vec<u8>,
        /// Whether it is bound.
        assign: bool,
    },
    /// Binding, or unbinding, of an eventfd to a kick.
    IoEventFd {
        /// The domain.
        domain: DomId,
        /// Base of the device's registers.
        base: u64,
        /// The queue.
        queue: u32,
        /// Local ports of the vCPUs.
        ports: Vec<Port>,
        /// Whether it is bound.
        assign: bool,
    },
    /// Binding to a port of another domain.
    BindInterdomain {
        /// The other domain.
        domain: DomId,
        /// Its port.
        port: Port,
    },
    /// Offering a port to another domain.
    BindUnbound(DomId),
    /// Binding to a virtual interrupt.
    BindVirq(u32),
    /// Unbinding of a local port.
    Unbind(Port),
    /// An event to the other end of a local port.
    Notify(Port),
    /// Dropping of events that were not read.
    Reset,
    /// Ports that were read.
    ReadEvents(Vec<Port>),
    /// Ports that may fire again.
    Acknowledge(Vec<Port>),
    /// Announcement of grants that will be mapped.
    MapGrants(Vec<(DomId, GrantRef)>),
    /// The end of an announcement.
    UnmapGrants {
        /// What the announcement has returned.
        index: u64,
        /// How many grants.
        count: u32,
    },
    /// Copying from or to grants: how many segments.
    CopyGrants(usize),
    /// What happens at the end of a mapping or of a granted page.
    UnmapNotify {
        /// Byte to clear.
        index: u64,
        /// Bit 0: clear the byte; bit 1: send an event.
        action: u32,
        /// Where to send it.
        port: Port,
    },
    /// Which announcement an address belongs to.
    OffsetForAddress,
    /// A dma-buf made of grants, or grants made of a dma-buf, or their end.
    DmaBuf {
        /// The request's number: 9 to 12.
        request: u8,
    },
    /// Granting of fresh pages.
    AllocateGrants {
        /// To whom.
        domain: DomId,
        /// How many.
        count: u32,
        /// Whether it may write.
        writable: bool,
    },
    /// The end of granted pages.
    FreeGrants {
        /// What the allocation has returned.
        index: u64,
        /// How many.
        count: u32,
    },
}

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    off: bool,
    calls: Vec<Call>,
}

impl Recorder {
    /// Remembers a call, unless nobody wants to know.
    pub fn add(&mut self, call: impl FnOnce() -> Call) {
        if !self.off && self.calls.len() < REMEMBERED {
            self.calls.push(call());
        }
    }

    pub fn on(&mut self, on: bool) {
        self.off = !on;
    }

    pub fn take(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }
}
