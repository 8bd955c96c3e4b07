// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! irqfd and ioeventfd as Linux has them (drivers/xen/privcmd.c).
//!
//! A simulated kernel cannot run when an eventfd is signalled; it looks at its irqfds whenever
//! somebody looks at the guest.

// UNSAFE: a system call is given pointers and descriptors.
#![expect(unsafe_code)]

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::Ordering;

use xen_hypercall::abi::ioreq::Type;
use xen_hypercall::ioreq::{
    DIR_READ, STATE_INPROCESS, STATE_MASK, STATE_READY, STATE_RESPONSE, Slot,
};
use xen_hypercall::{DomId, Port};

use super::Answer;
use super::call::Call;
use super::call::NodeKind;
use super::open::Open;
use super::signal::{signal, take};
use super::state::{HOST, State};
use super::user::{get, get_all};
use crate::privcmd::abi;

/// Offset of QueueNotify in the registers of virtio-mmio.
const QUEUE_NOTIFY: u64 = 0x50;
const COPY: u8 = Type::COPY.0;
const MAX_VCPUS: u32 = 4096;
/// The kernel's limit of an operation: a page.
const MAX_OP: u32 = 4096;

#[derive(Debug)]
pub(super) struct IrqFd {
    /// The descriptor's number, by which it is found again, and the eventfd itself.
    number: u32,
    eventfd: File,
    domain: u16,
    op: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct IoEventFd {
    number: u32,
    eventfd: File,
    domain: u16,
    /// Machine frame of the ioreq page.
    page: u64,
    addr: u64,
    len: u32,
    queue: u32,
    ports: Vec<u32>,
}

impl State {
    /// # Safety
    ///
    /// `arg` leads to an `IrqFd`, and that to as many bytes as it says.
    pub unsafe fn irqfd(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let call = unsafe { get::<abi::IrqFd>(arg) };
        if call.flags & !abi::DEASSIGN != 0 {
            return Err(libc::EINVAL);
        }
        self.allowed(open, call.dom)?;
        if call.size == 0 || call.size > MAX_OP {
            return Err(libc::EINVAL);
        }
        let size = usize::try_from(call.size).or(Err(libc::EINVAL))?;
        // SAFETY: as the caller says.
        let op = unsafe { get_all::<u8>(call.dm_op, size) };
        let assign = call.flags & abi::DEASSIGN == 0;
        self.record(open.domain, || Call::IrqFd {
            domain: DomId(call.dom),
            op: op.clone(),
            assign,
        });
        let known = self.irqfds.iter().position(|irqfd| irqfd.number == call.fd);
        match (assign, known) {
            (true, Some(_)) => return Err(libc::EBUSY),
            (true, None) => self.irqfds.push(IrqFd {
                number: call.fd,
                eventfd: duplicate(call.fd)?,
                domain: call.dom,
                op,
            }),
            (false, Some(n)) => drop(self.irqfds.remove(n)),
            // Linux finds nothing to do.
            (false, None) => {}
        }
        Ok(0)
    }

    /// Performs the operations of all irqfds that were signalled.
    pub fn run_irqfds(&mut self) {
        let due: Vec<(u16, Vec<u8>)> = self
            .irqfds
            .iter()
            .filter(|irqfd| take(&irqfd.eventfd))
            .map(|irqfd| (irqfd.domain, irqfd.op.clone()))
            .collect();
        for (domain, op) in due {
            // The kernel has nobody to tell of a failure either.
            let _performed = self.dm_op(HOST, domain, &[op]);
        }
    }

    /// What to wait for besides changes.
    pub fn irqfd_descriptors(&self) -> Vec<RawFd> {
        self.irqfds
            .iter()
            .map(|irqfd| irqfd.eventfd.as_raw_fd())
            .collect()
    }

    /// # Safety
    ///
    /// `arg` leads to an `IoEventFd`, and that to as many ports as it says.
    pub unsafe fn ioeventfd(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let call = unsafe { get::<abi::IoEventFd>(arg) };
        if call.flags & !abi::DEASSIGN != 0 {
            return Err(libc::EINVAL);
        }
        self.allowed(open, call.dom)?;
        if !matches!(call.addr_len, 1 | 2 | 4 | 8) || call.vcpus == 0 || call.vcpus > MAX_VCPUS {
            return Err(libc::EINVAL);
        }
        let vcpus = usize::try_from(call.vcpus).or(Err(libc::EINVAL))?;
        // SAFETY: as the caller says.
        let ports = unsafe { get_all::<u32>(call.ports, vcpus) };
        let assign = call.flags & abi::DEASSIGN == 0;
        self.record(open.domain, || Call::IoEventFd {
            domain: DomId(call.dom),
            base: call.addr,
            queue: call.vq,
            ports: ports.iter().copied().map(Port).collect(),
            assign,
        });
        let page = self.ioreq_page_at(open.domain, &call, &ports)?;
        let kick = IoEventFd {
            number: call.event_fd,
            eventfd: duplicate(call.event_fd)?,
            domain: call.dom,
            page,
            addr: call.addr.checked_add(QUEUE_NOTIFY).ok_or(libc::EINVAL)?,
            len: call.addr_len,
            queue: call.vq,
            ports,
        };
        self.bind_kick(kick, assign).map(|()| 0)
    }

    fn bind_kick(&mut self, kick: IoEventFd, assign: bool) -> Answer<()> {
        let same = |other: &IoEventFd| {
            (other.domain, other.addr, other.queue) == (kick.domain, kick.addr, kick.queue)
        };
        match (assign, self.ioeventfds.iter().position(same)) {
            (true, Some(_)) => Err(libc::EEXIST),
            (true, None) => {
                self.ioeventfds.push(kick);
                Ok(())
            }
            (false, Some(n)) if self.ioeventfds[n].number == kick.number => {
                self.ioeventfds.remove(n);
                Ok(())
            }
            (false, _) => Err(libc::ENODEV),
        }
    }

    /// The machine frame behind the page that the caller has mapped, and whether the ports are
    /// its own.
    fn ioreq_page_at(&mut self, caller: u16, call: &abi::IoEventFd, ports: &[u32]) -> Answer<u64> {
        let bound = |port: &u32| self.listeners.contains_key(&(caller, *port));
        if !ports.iter().all(bound) {
            return Err(libc::EINVAL);
        }
        self.area(NodeKind::Privcmd, call.ioreq.addr())?;
        let servers = &self.domain(call.dom)?.servers;
        let page = servers
            .iter()
            .flatten()
            .filter(|server| server.emulator == caller && server.enabled)
            .find_map(|server| server.pages.first()?.as_ref());
        page.map(|page| page.machine).ok_or(libc::EINVAL)
    }

    /// The second handler of a port's interrupt: takes the request if it is a kick it knows.
    pub fn take_kick(&mut self, domain: u16, port: u32) {
        for n in 0..self.ioeventfds.len() {
            let kick = &self.ioeventfds[n];
            if domain != HOST || !kick.ports.contains(&port) {
                continue;
            }
            let (addr, len, queue, page) = (kick.addr, kick.len, kick.queue, kick.page);
            let Some(slot) = self.slot_at(domain, port, page) else {
                continue;
            };
            let flags = slot.flags().load(Ordering::Acquire);
            let Slot {
                kind,
                addr: at,
                size,
                data,
                ..
            } = slot.read();
            let ours = flags & (STATE_MASK | DIR_READ) == STATE_READY
                && (kind, at, size) == (COPY, addr, len)
                && data & 0xffff == u64::from(queue);
            if ours {
                let stateless = flags & !STATE_MASK;
                slot.flags()
                    .store(stateless | STATE_INPROCESS, Ordering::Release);
                signal(&self.ioeventfds[n].eventfd);
                slot.flags()
                    .store(stateless | STATE_RESPONSE, Ordering::Release);
                // A port that is bound has somebody at its other end.
                let _sent = self.send(domain, port);
                return;
            }
        }
    }
}

/// The eventfd behind a descriptor of the caller.
fn duplicate(number: u32) -> Answer<File> {
    let number = RawFd::try_from(number).or(Err(libc::EBADF))?;
    // SAFETY: F_GETFD takes no pointer, and says EBADF where nothing is open.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(libc::EBADF);
    }
    // SAFETY: the descriptor is open, and its owner is in a call that uses it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let owned = borrowed.try_clone_to_owned().or(Err(libc::EMFILE))?;
    Ok(owned.into())
}
