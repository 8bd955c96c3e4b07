// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! IOREQ servers as Xen knows them (xen/common/ioreq.c).

// UNSAFE: slots are read and written in memory that the server writes too.
#![expect(unsafe_code)]

use std::mem::offset_of;
use std::sync::atomic::{AtomicU8, Ordering};

use xen_hypercall::abi::ioreq::Type;
use xen_hypercall::ioreq::{
    DIR_READ, SLOTS_PER_PAGE, STATE_MASK, STATE_NONE, STATE_READY, STATE_RESPONSE, Slot,
};

use super::Answer;
use super::buffered::Ring;
use super::channel::Other;
use super::domain::SERVERS;
use super::state::State;
use crate::Mapping;

/// `MAX_NR_IO_RANGES`.
pub(super) const RANGES: usize = 256;
/// What a vCPU reads where nobody answers.
const NOTHING: u64 = u64::MAX;
/// `IOREQ_TYPE_INVALIDATE`.
pub(super) const INVALIDATE: u8 = Type::INVALIDATE.0;

/// Addresses of one kind that a server owns, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub kind: u32,
    pub start: u64,
    pub end: u64,
}

#[derive(Debug)]
pub(super) struct Server {
    /// The domain that has created it.
    pub emulator: u16,
    /// Where writes go that need no answer.
    pub ring: Option<Ring>,
    pub enabled: bool,
    pub ranges: Vec<Range>,
    /// Synchronous pages that have been acquired, in order.
    pub pages: Vec<Option<Page>>,
    /// By vCPU.
    pub vcpus: Vec<Vcpu>,
}

#[derive(Debug)]
pub(super) struct Page {
    pub machine: u64,
    pub view: Mapping,
}

/// What a server has to do with one vCPU.
#[derive(Debug)]
pub(super) struct Vcpu {
    port: u32,
    /// Counts requests, so that an answer finds its question.
    sequence: u64,
    /// The state that Xen has seen last of the request that the vCPU waits for.
    waits: Option<u8>,
    result: u64,
}

impl State {
    /// `XEN_DMOP_create_ioreq_server`.
    pub fn create_server(
        &mut self,
        caller: u16,
        domain: u16,
        buffered: Option<bool>,
    ) -> Answer<usize> {
        let target = self.domain_mut(domain)?;
        let vcpus = target.vcpus;
        let free = target.servers.iter().position(Option::is_none);
        let id = free.ok_or(libc::ENOSPC)?;
        let mut server = Server {
            emulator: caller,
            ring: None,
            enabled: false,
            ranges: Vec::new(),
            pages: Vec::new(),
            vcpus: Vec::new(),
        };
        if let Some(atomic) = buffered {
            let port = self.new_port(domain, Other::Unbound(caller))?;
            let page = None;
            server.ring = Some(Ring { port, atomic, page });
        }
        for vcpu in 0..vcpus {
            let port = self.new_port(domain, Other::Unbound(caller))?;
            if let Some(channel) = self.channel_mut(domain, port) {
                channel.consumer = Some((id, vcpu));
            }
            server.vcpus.push(Vcpu {
                port,
                sequence: 0,
                waits: None,
                result: NOTHING,
            });
        }
        self.domain_mut(domain)?.servers[id] = Some(server);
        Ok(id)
    }

    /// The server, if it is `caller`'s.
    pub fn server(&mut self, caller: u16, domain: u16, id: u16) -> Answer<&mut Server> {
        let server = self.any_server(domain, id.into()).ok_or(libc::ENOENT)?;
        match server.emulator == caller {
            true => Ok(server),
            false => Err(libc::EPERM),
        }
    }

    pub fn any_server(&mut self, domain: u16, id: usize) -> Option<&mut Server> {
        let servers = &mut self.domain_mut(domain).ok()?.servers;
        servers.get_mut(id)?.as_mut()
    }

    /// `XEN_DMOP_destroy_ioreq_server`: vCPUs that wait for it go on.
    pub fn destroy_server(&mut self, caller: u16, domain: u16, id: u16) -> Answer<()> {
        let server = self.server(caller, domain, id)?;
        let ring = server.ring.iter().map(|ring| ring.port);
        let ports: Vec<u32> = server
            .vcpus
            .iter()
            .map(|vcpu| vcpu.port)
            .chain(ring)
            .collect();
        for port in ports {
            self.close_port(domain, port)?;
        }
        self.domain_mut(domain)?.servers[usize::from(id)] = None;
        self.changed();
        Ok(())
    }

    /// `XEN_DMOP_set_ioreq_server_state`: enabling fills in the ports of the pages that exist.
    pub fn enable_server(
        &mut self,
        caller: u16,
        domain: u16,
        id: u16,
        enabled: bool,
    ) -> Answer<()> {
        let server = self.server(caller, domain, id)?;
        server.enabled = enabled;
        server.announce_ports();
        Ok(())
    }

    /// Machine frame of synchronous page `n` of a server, made when it is first asked for.
    pub fn ioreq_page(&mut self, caller: u16, domain: u16, id: u16, n: usize) -> Answer<u64> {
        let server = self.server(caller, domain, id)?;
        if n >= server.vcpus.len().div_ceil(SLOTS_PER_PAGE) {
            return Err(libc::EINVAL);
        }
        if let Some(Some(page)) = server.pages.get(n) {
            return Ok(page.machine);
        }
        let machine = self.machine.allocate(1);
        let view = self.machine.view(machine).or(Err(libc::ENOMEM))?;
        let server = self.server(caller, domain, id)?;
        if server.pages.len() <= n {
            server.pages.resize_with(n + 1, || None);
        }
        server.pages[n] = Some(Page { machine, view });
        if server.enabled {
            server.announce_ports();
        }
        Ok(machine)
    }

    /// The server that an access belongs to: the newest one that is enabled and owns the range.
    pub fn claimant(&mut self, domain: u16, kind: u32, first: u64, last: u64) -> Option<usize> {
        (0..SERVERS).rev().find(|id| {
            self.any_server(domain, *id)
                .filter(|server| server.enabled)
                .is_some_and(|server| {
                    let owns = |r: &Range| r.kind == kind && r.start <= first && last <= r.end;
                    server.ranges.iter().any(owns)
                })
        })
    }

    /// Puts a request into the slot of a vCPU and tells the server; the sequence number, or
    /// `None` when the server has no page for it.
    pub fn post(&mut self, domain: u16, id: usize, vcpu: usize, request: &Slot) -> Option<u64> {
        let server = self.any_server(domain, id)?;
        let slot = server.slot(vcpu)?;
        let waiting = &mut server.vcpus[vcpu];
        assert!(
            waiting.waits.is_none(),
            "vCPU {vcpu} waits: it cannot do anything"
        );
        waiting.sequence += 1;
        waiting.waits = Some(STATE_READY);
        let (port, sequence) = (waiting.port, waiting.sequence);
        slot.fill(request, port);
        slot.flags().store(
            (request.flags & !STATE_MASK) | STATE_READY,
            Ordering::Release,
        );
        if let Some(channel) = self.channel_mut(domain, port)
            && let Other::Interdomain(emulator, remote) = channel.other
        {
            self.arrive(emulator, remote);
        }
        Some(sequence)
    }

    /// The server has notified Xen of a vCPU: it goes on if its request is answered.
    pub fn continue_vcpu(&mut self, domain: u16, id: usize, vcpu: usize) {
        let Some(server) = self.any_server(domain, id) else {
            return;
        };
        let Some((slot, seen)) = server.slot(vcpu).zip(server.vcpus[vcpu].waits) else {
            return;
        };
        let flags = slot.flags().load(Ordering::Acquire);
        let state = flags & STATE_MASK;
        let crash = match state {
            STATE_NONE => {
                server.vcpus[vcpu].waits = None;
                None
            }
            STATE_RESPONSE => {
                let waiting = &mut server.vcpus[vcpu];
                waiting.waits = None;
                waiting.result = slot.data();
                slot.flags().store(flags & !STATE_MASK, Ordering::Release);
                None
            }
            state if state > STATE_RESPONSE => Some("weird ioreq state"),
            state if state < seen => Some("ioreq state went backwards"),
            state => {
                server.vcpus[vcpu].waits = Some(state);
                None
            }
        };
        if let (Some(why), Ok(domain)) = (crash, self.domain_mut(domain)) {
            domain.crashed = Some(why);
        }
    }

    /// What the vCPU has read, once request number `sequence` is answered.
    pub fn answer(&mut self, domain: u16, id: usize, vcpu: usize, sequence: u64) -> Option<u64> {
        let Some(server) = self.any_server(domain, id) else {
            return Some(NOTHING);
        };
        let vcpu = &server.vcpus[vcpu];
        let over = vcpu.sequence > sequence || vcpu.waits.is_none();
        over.then_some(vcpu.result)
    }

    /// Servers that are to hear of an invalidation.
    pub fn enabled_servers(&mut self, domain: u16) -> Vec<usize> {
        let enabled = |id: &usize| self.any_server(domain, *id).is_some_and(|s| s.enabled);
        (0..SERVERS).filter(enabled).collect()
    }

    /// The slot of a vCPU whose local port at the emulator is known, for the kernel's ioeventfd.
    pub fn slot_at(&mut self, emulator: u16, port: u32, page: u64) -> Option<RawSlot> {
        let Other::Interdomain(domain, remote) = self.channel_mut(emulator, port)?.other else {
            return None;
        };
        let (id, vcpu) = self.channel_mut(domain, remote)?.consumer?;
        let server = self.any_server(domain, id)?;
        let first = server.pages.first()?.as_ref()?;
        (first.machine == page && vcpu < SLOTS_PER_PAGE).then(|| server.slot(vcpu))?
    }
}

impl Server {
    fn slot(&self, vcpu: usize) -> Option<RawSlot> {
        let page = self.pages.get(vcpu / SLOTS_PER_PAGE)?.as_ref()?;
        let first = page.view.as_ptr().cast::<Slot>();
        Some(RawSlot(first.wrapping_add(vcpu % SLOTS_PER_PAGE)))
    }

    fn announce_ports(&mut self) {
        for vcpu in 0..self.vcpus.len() {
            if let Some(slot) = self.slot(vcpu) {
                slot.set_port(self.vcpus[vcpu].port);
            }
        }
    }
}

/// A slot of an acquired page. Pages stay for as long as their server; nobody keeps one of these
/// beyond the lock.
#[derive(Clone, Copy)]
pub(super) struct RawSlot(*mut Slot);

impl RawSlot {
    fn fill(self, request: &Slot, port: u32) {
        let mut filled = *request;
        filled.vp_eport = port;
        filled.flags &= !STATE_MASK;
        // SAFETY: the slot is in a mapped page and aligned; it is Xen's while nothing is asked.
        unsafe { self.0.write_volatile(filled) };
    }

    fn set_port(self, port: u32) {
        let field = self.0.wrapping_byte_add(offset_of!(Slot, vp_eport));
        // SAFETY: the field is in a mapped page and aligned; only Xen writes it.
        unsafe { field.cast::<u32>().write_volatile(port) };
    }

    /// The request, or its answer.
    pub fn read(self) -> Slot {
        // SAFETY: the slot is in a mapped page and aligned; any bits are a `Slot`.
        unsafe { self.0.read_volatile() }
    }

    fn data(self) -> u64 {
        self.read().data
    }

    pub fn flags(&self) -> &AtomicU8 {
        let flags = self.0.cast::<u8>().wrapping_add(offset_of!(Slot, flags));
        // SAFETY: the byte is in a mapped page, and both sides change it atomically.
        unsafe { AtomicU8::from_ptr(flags) }
    }
}

/// A request with the fields that are always the same.
pub(super) fn request(kind: u8, addr: u64, size: u32, data: u64, read: bool) -> Slot {
    Slot {
        addr,
        data,
        count: 1,
        size,
        vp_eport: 0,
        pad0: 0,
        flags: if read { DIR_READ } else { 0 },
        kind,
    }
}
