// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Everything that the simulated Xen and kernel know, under one lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::mapping::Protection;

use super::call::{NodeKind, Recorder};
use super::domain::Domain;
use super::eventfd::{IoEventFd, IrqFd};
use super::evtchn::EvtchnFile;
use super::gntalloc::GntallocFile;
use super::gntdev::GntdevFile;
use super::machine::Machine;
use super::signal::Signal;
use super::user::Window;
use super::{Answer, Config};

/// The domain that the process under test is in.
pub(super) const HOST: u16 = 0;

/// A piece of the process's address space that a node backs.
#[derive(Debug)]
pub(super) struct Area {
    pub len: usize,
    pub protection: Protection,
    pub node: NodeKind,
    /// The open node.
    pub file: usize,
    /// Offset in the node.
    pub offset: u64,
    /// The first of its machine frames, where they follow each other.
    pub first_frame: Option<u64>,
    /// Whether pages have been put into it.
    pub populated: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub config: Config,
    pub started: Instant,
    pub machine: Machine,
    pub window: Window,
    pub domains: BTreeMap<u16, Domain>,
    pub recorder: Recorder,
    /// By first address.
    pub areas: BTreeMap<usize, Area>,
    pub next_file: usize,
    /// The one domain that an open privcmd may act on.
    pub restricted: HashMap<usize, u16>,
    pub evtchn: HashMap<usize, EvtchnFile>,
    pub gntdev: HashMap<usize, GntdevFile>,
    pub gntalloc: HashMap<usize, GntallocFile>,
    /// Which open evtchn listens to a port of a domain.
    pub listeners: HashMap<(u16, u32), usize>,
    pub irqfds: Vec<IrqFd>,
    pub ioeventfds: Vec<IoEventFd>,
    /// Who waits for something to change.
    pub waiting: Vec<Weak<Signal>>,
}

impl State {
    pub fn new(config: Config) -> Self {
        let host = Domain {
            vcpus: 1,
            vcpu_states: super::guest_op::VcpuState::of(1),
            ..Domain::default()
        };
        Self {
            config,
            started: Instant::now(),
            machine: Machine::new(),
            window: Window::new(),
            domains: BTreeMap::from([(HOST, host)]),
            recorder: Recorder::default(),
            areas: BTreeMap::new(),
            next_file: 0,
            restricted: HashMap::new(),
            evtchn: HashMap::new(),
            gntdev: HashMap::new(),
            gntalloc: HashMap::new(),
            listeners: HashMap::new(),
            irqfds: Vec::new(),
            ioeventfds: Vec::new(),
            waiting: Vec::new(),
        }
    }

    pub fn domain(&self, id: u16) -> Answer<&Domain> {
        self.domains.get(&id).ok_or(libc::ESRCH)
    }

    pub fn domain_mut(&mut self, id: u16) -> Answer<&mut Domain> {
        self.domains.get_mut(&id).ok_or(libc::ESRCH)
    }

    /// A domain that `caller` may be the device model of.
    pub fn target(&mut self, caller: u16, id: u16) -> Answer<&mut Domain> {
        // XSM_DM_PRIV: the control domain, and nobody over itself.
        match caller == HOST && id != caller {
            true => self.domain_mut(id),
            false => Err(libc::EPERM),
        }
    }

    /// The area that the page at `address` is in, if it is `kind`'s, and where it begins.
    pub fn area(&mut self, kind: NodeKind, address: usize) -> Answer<(usize, &mut Area)> {
        self.areas
            .range_mut(..=address)
            .next_back()
            .filter(|(start, area)| address - **start < area.len && area.node == kind)
            .map(|(start, area)| (*start, area))
            .ok_or(libc::EINVAL)
    }

    /// Wakes everyone who waits.
    pub fn changed(&mut self) {
        self.waiting.retain(|signal| match signal.upgrade() {
            Some(signal) => {
                signal.raise();
                true
            }
            None => false,
        });
    }

    /// Something that is [raised](Signal::raise) at every change while it lives.
    pub fn waiter(&mut self) -> Arc<Signal> {
        let signal = Arc::new(Signal::new());
        self.waiting.push(Arc::downgrade(&signal));
        signal
    }

    /// What the owner of `domain` has asked, if that is the process under test.
    pub fn record(&mut self, domain: u16, call: impl FnOnce() -> super::Call) {
        if domain == HOST {
            self.recorder.add(call);
        }
    }

    /// Closes all ports of a domain.
    pub fn close_all(&mut self, id: u16) {
        let ports: Vec<u32> = match self.domain(id) {
            Ok(domain) => domain.channels.keys().copied().collect(),
            Err(_gone) => return,
        };
        for port in ports {
            // Each of them is there, since they were just listed.
            let _closed = self.close_port(id, port);
        }
    }

    /// Removes a domain, as Xen does when it is destroyed. What is mapped of it stays.
    pub fn destroy(&mut self, id: u16) {
        self.close_all(id);
        self.domains.remove(&id);
        self.changed();
    }
}
