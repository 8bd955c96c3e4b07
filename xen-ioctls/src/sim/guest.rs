// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A simulated guest, played by a test.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use xen_hypercall::abi::ioreq::Type;
use xen_hypercall::ioreq::{DATA_IS_PTR, Slot};
use xen_hypercall::{DomId, Gfn, GrantRef, PAGE_SHIFT, PAGE_SIZE, Port};

use super::call::NodeKind;
use super::channel::Other;
use super::ioreq::{INVALIDATE, request};
use super::open::Open;
use super::{Interrupt, Shared, machine};
use crate::node::Node;
use crate::{EventChannels, GrantAllocator, Grants, Hypercaller};

const PAGE: u64 = PAGE_SIZE as u64;
/// `IOREQ_TYPE_PIO`, and `XEN_DMOP_IO_RANGE_PORT`.
const PIO: u8 = Type::PIO.0;
/// `IOREQ_TYPE_COPY`, and `XEN_DMOP_IO_RANGE_MEMORY`.
const COPY: u8 = Type::COPY.0;
/// `IOREQ_TYPE_PCI_CONFIG`, and `XEN_DMOP_IO_RANGE_PCI`.
const PCI_CONFIG: u8 = Type::PCI_CONFIG.0;

/// A guest: its memory, its vCPUs, its grants, its side of event channels.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 2);
/// guest.add_memory(0x4000_0000, 1 << 20);
/// guest.write(0x4000_0010, b"hello");
///
/// let frames = xen.privcmd().map_foreign(DomId(1), &[Gfn(0x40000)], Protection::Read)?;
/// assert!(frames.is_mapped(0));
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Guest {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u16,
}

impl Guest {
    /// The domain.
    pub fn id(&self) -> DomId {
        DomId(self.id)
    }

    /// Adds memory at a guest-physical address. Both numbers are multiples of a page.
    pub fn add_memory(&self, address: u64, len: u64) {
        assert!(
            address.is_multiple_of(PAGE) && len.is_multiple_of(PAGE),
            "memory comes in pages"
        );
        let state = &mut *self.shared.lock();
        let first = state.machine.allocate(len / PAGE);
        let domain = state.domain_mut(self.id).expect("the domain is there");
        domain.memory.add(address / PAGE, len / PAGE, first);
    }

    /// Gives a frame back to Xen: it becomes a hole. What is mapped of it stays mapped.
    pub fn balloon_out(&self, frame: Gfn) {
        let state = &mut *self.shared.lock();
        let domain = state.domain_mut(self.id).expect("the domain is there");
        domain.memory.set(frame.0, None);
    }

    /// Gets a frame from Xen: new memory, also where a mapping of the old one remains.
    pub fn balloon_in(&self, frame: Gfn) {
        let state = &mut *self.shared.lock();
        let machine = state.machine.allocate(1);
        let domain = state.domain_mut(self.id).expect("the domain is there");
        domain.memory.set(frame.0, Some(machine));
    }

    /// Writes to the guest's memory.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn write(&self, address: u64, bytes: &[u8]) {
        let mut done = 0;
        for (frame, offset, len) in self.pieces(address, bytes.len()) {
            let state = self.shared.lock();
            state.machine.write(frame, offset, &bytes[done..done + len]);
            done += len;
        }
    }

    /// Reads the guest's memory.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn read(&self, address: u64, bytes: &mut [u8]) {
        let mut done = 0;
        for (frame, offset, len) in self.pieces(address, bytes.len()) {
            let state = self.shared.lock();
            state
                .machine
                .read(frame, offset, &mut bytes[done..done + len]);
            done += len;
        }
    }

    /// Machine frame, offset in it and length of each page that a range touches.
    fn pieces(&self, address: u64, len: usize) -> Vec<(u64, u64, usize)> {
        let state = self.shared.lock();
        let memory = &state.domain(self.id).expect("the domain is there").memory;
        let end = address + u64::try_from(len).expect("a length");
        let mut at = address;
        let mut pieces = Vec::new();
        while at < end {
            let next = end.min((at / PAGE + 1) * PAGE);
            let machine = memory.get(at / PAGE);
            let machine = machine.unwrap_or_else(|| panic!("no memory at {at:#x}"));
            let len = usize::try_from(next - at).expect("at most a page");
            pieces.push((machine, at % PAGE, len));
            at = next;
        }
        pieces
    }

    /// Grants a frame to a domain.
    pub fn grant(&self, frame: Gfn, to: DomId, writable: bool) -> GrantRef {
        GrantRef(self.shared.lock().grant(self.id, to.0, frame.0, writable))
    }

    /// Takes a grant back. `false` when it is mapped: Linux then says "Grant still in use", and
    /// gives up on a virtio device for ever.
    #[must_use]
    pub fn revoke(&self, grant: GrantRef) -> bool {
        self.shared.lock().revoke(self.id, grant.0)
    }

    /// How many mappings of a grant there are.
    pub fn mappings_of(&self, grant: GrantRef) -> usize {
        let state = &mut *self.shared.lock();
        state.grant_mut(self.id, grant.0).map_or(0, |g| g.mapped)
    }

    /// How many mappings of its grants there are.
    pub fn mapped_grants(&self) -> usize {
        let state = self.shared.lock();
        let domain = state.domain(self.id).expect("the domain is there");
        domain.grants.iter().map(|grant| grant.mapped).sum()
    }

    /// A vCPU reads memory-mapped I/O. `None` when no server owns the address.
    pub fn mmio_read(&self, vcpu: usize, address: u64, size: u32) -> Option<Access> {
        self.access(vcpu, request(COPY, address, size, 0, true))
    }

    /// A vCPU writes memory-mapped I/O. `None` when no server owns the address.
    pub fn mmio_write(&self, vcpu: usize, address: u64, size: u32, data: u64) -> Option<Access> {
        self.access(vcpu, request(COPY, address, size, data, false))
    }

    /// A vCPU writes memory-mapped I/O, and does not wait: whether it went into the buffered page
    /// of the server that owns the address. As on Xen, only the first mebibyte can.
    pub fn buffered_write(&self, address: u64, size: u32, data: u64) -> bool {
        let state = &mut *self.shared.lock();
        state.post_buffered(self.id, COPY, address, size, data)
    }

    /// A vCPU repeats an access, as x86 string instructions do: `count` times, with the data at
    /// guest-physical address `data`. `None` when no server owns the address.
    pub fn string_access(&self, vcpu: usize, slot: Slot) -> Option<Access> {
        let flags = slot.flags | DATA_IS_PTR;
        self.access(vcpu, Slot { flags, ..slot })
    }

    /// A vCPU does what the slot says, whatever it is: state and port are filled in.
    ///
    /// # Panics
    ///
    /// When no range can have the kind.
    pub fn access(&self, vcpu: usize, slot: Slot) -> Option<Access> {
        let (first, last) = match slot.kind {
            COPY | PIO => (
                slot.addr,
                slot.addr + u64::from(slot.size.saturating_sub(1)),
            ),
            // A range is a function, and the register an offset in it.
            PCI_CONFIG => (slot.addr >> 32, slot.addr >> 32),
            _ => panic!("no range has this kind"),
        };
        let state = &mut *self.shared.lock();
        let server = state.claimant(self.id, slot.kind.into(), first, last)?;
        let sequence = state.post(self.id, server, vcpu, &slot)?;
        Some(Access {
            guest: self.clone(),
            server,
            vcpu,
            sequence,
        })
    }

    /// A vCPU has changed the guest's memory map: every enabled server is to drop its mappings.
    pub fn invalidate(&self, vcpu: usize) -> Vec<Access> {
        let state = &mut *self.shared.lock();
        let slot = request(INVALIDATE, 0, 4, u64::MAX, false);
        state
            .enabled_servers(self.id)
            .into_iter()
            .filter_map(|server| {
                let sequence = state.post(self.id, server, vcpu, &slot)?;
                Some(Access {
                    guest: self.clone(),
                    server,
                    vcpu,
                    sequence,
                })
            })
            .collect()
    }

    /// Takes the interrupts that have been injected so far.
    pub fn take_interrupts(&self) -> Vec<Interrupt> {
        let state = &mut *self.shared.lock();
        state.run_irqfds();
        let domain = state.domain_mut(self.id);
        domain.map_or(Vec::new(), |domain| std::mem::take(&mut domain.interrupts))
    }

    /// Takes the interrupts, waiting until there is at least one; empty after `timeout`.
    pub fn wait_for_interrupts(&self, timeout: Duration) -> Vec<Interrupt> {
        self.shared
            .wait_until(timeout, |state| {
                let interrupts = &mut state.domain_mut(self.id).ok()?.interrupts;
                (!interrupts.is_empty()).then(|| std::mem::take(interrupts))
            })
            .unwrap_or_default()
    }

    /// Offers an event channel to a domain.
    pub fn offer_port(&self, to: DomId) -> Port {
        let state = &mut *self.shared.lock();
        let port = state.new_port(self.id, Other::Unbound(to.0));
        Port(port.expect("a port is free"))
    }

    /// Sends an event through one of the guest's ports.
    ///
    /// # Errors
    ///
    /// `EINVAL` when there is no such port.
    pub fn notify(&self, port: Port) -> io::Result<()> {
        let sent = self.shared.lock().send(self.id, port.0);
        sent.map_err(io::Error::from_raw_os_error)
    }

    /// Takes the event of one of the guest's ports; whether there was one.
    pub fn take_event(&self, port: Port) -> bool {
        let state = &mut *self.shared.lock();
        state
            .channel_mut(self.id, port.0)
            .is_some_and(|channel| std::mem::take(&mut channel.pending))
    }

    /// How many of the guest's ports are bound by another domain.
    pub fn bound_ports(&self) -> usize {
        let state = self.shared.lock();
        let channels = state.domain(self.id).map(|domain| &domain.channels);
        channels.map_or(0, |channels| {
            let bound = |c: &&super::channel::Channel| matches!(c.other, Other::Interdomain(..));
            channels.values().filter(bound).count()
        })
    }

    /// How many IOREQ servers the guest has.
    pub fn servers(&self) -> usize {
        let state = self.shared.lock();
        state
            .domain(self.id)
            .map_or(0, |domain| domain.servers.iter().flatten().count())
    }

    /// How many ranges belong to its IOREQ servers.
    pub fn ranges(&self) -> usize {
        let state = self.shared.lock();
        state.domain(self.id).map_or(0, |domain| {
            let servers = domain.servers.iter().flatten();
            servers.map(|server| server.ranges.len()).sum()
        })
    }

    /// Why Xen has killed the guest, if it has.
    pub fn crashed(&self) -> Option<&'static str> {
        self.shared.lock().domain(self.id).ok()?.crashed
    }

    /// Why the domain was shut down, `SHUTDOWN_*`, if it was.
    pub fn shutdown_reason(&self) -> Option<u32> {
        let state = self.shared.lock();
        let domain = state.domain(self.id).ok()?;
        domain.shutdown_code.filter(|_| domain.shut_down)
    }

    /// Hypercalls of the guest itself.
    pub fn hypercaller(&self) -> Hypercaller {
        let open = |kind| Node::Sim(Open::new(self.shared.clone(), self.id, kind));
        let [calls, memory] = [NodeKind::Privcmd, NodeKind::Hypercall].map(open);
        Hypercaller::new(calls.into(), memory.into())
    }

    /// Takes what the domain has written to Xen's console.
    pub fn take_console(&self) -> Vec<u8> {
        let state = &mut *self.shared.lock();
        let domain = state.domain_mut(self.id);
        domain.map_or(Vec::new(), |domain| std::mem::take(&mut domain.console))
    }

    /// Destroys the domain. What is mapped of it stays mapped, as on Xen.
    pub fn destroy(self) {
        self.shared.lock().destroy(self.id);
    }

    /// `/dev/xen/gntdev` of the guest, when it is a driver domain itself.
    pub fn grants(&self) -> Grants {
        let node = Open::new(self.shared.clone(), self.id, NodeKind::Grants);
        Node::Sim(node).into()
    }

    /// `/dev/xen/gntalloc` of the guest.
    pub fn grant_allocator(&self) -> GrantAllocator {
        let node = Open::new(self.shared.clone(), self.id, NodeKind::GrantAllocator);
        Node::Sim(node).into()
    }

    /// `/dev/xen/evtchn` of the guest.
    pub fn event_channels(&self) -> EventChannels {
        let node = Open::new(self.shared.clone(), self.id, NodeKind::EventChannels);
        Node::Sim(node).into()
    }

    /// The guest's own view of its memory: volatile and atomic accesses, as a driver makes them.
    ///
    /// # Panics
    ///
    /// Where there is no memory, or `address` is not the beginning of a page.
    pub fn map(&self, address: u64, len: usize) -> crate::Mapping {
        assert!(address.is_multiple_of(PAGE), "a mapping begins with a page");
        let state = self.shared.lock();
        let memory = &state.domain(self.id).expect("the domain is there").memory;
        let first = address >> PAGE_SHIFT;
        let frames: Vec<Option<u64>> = (first..)
            .take(len.div_ceil(PAGE_SIZE))
            .map(|frame| memory.get(frame))
            .collect();
        assert!(!frames.contains(&None), "no memory at {address:#x}");
        machine::map(&state.machine, &frames).expect("the process has room")
    }
}

/// An access of a vCPU, which waits until it is answered.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_ioctls::sim::{Access, Xen};
///
/// let guest = Xen::new().create_domain(DomId(1), 1);
/// let access: Option<Access> = guest.mmio_read(0, 0x200_0000, 4);
/// assert!(access.is_none()); // no server owns the address
/// ```
#[derive(Debug)]
#[must_use]
pub struct Access {
    guest: Guest,
    server: usize,
    vcpu: usize,
    sequence: u64,
}

impl Access {
    /// What was read, if the vCPU goes on. All ones when the server went without an answer.
    pub fn answer(&self) -> Option<u64> {
        let state = &mut *self.guest.shared.lock();
        state.answer(self.guest.id, self.server, self.vcpu, self.sequence)
    }

    /// Waits for the answer; `None` when there is none after `timeout`.
    pub fn wait(&self, timeout: Duration) -> Option<u64> {
        self.guest.shared.wait_until(timeout, |state| {
            state.answer(self.guest.id, self.server, self.vcpu, self.sequence)
        })
    }
}
