// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/evtchn` as Linux has it (drivers/xen/evtchn.c).

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use xen_hypercall::{DomId, Port};

use super::Answer;
use super::call::{Call, NodeKind};
use super::channel::Other;
use super::open::Open;
use super::signal::Signal;
use super::state::State;
use super::user::get;
use crate::evtchn::abi;

/// What one `read` or `write` moves at most: a page.
const PAGE: usize = 4096;

/// One open node.
#[derive(Debug)]
pub(super) struct EvtchnFile {
    signal: Arc<Signal>,
    /// Bound ports, and whether each may fire.
    ports: HashMap<u32, bool>,
    ring: VecDeque<u32>,
    overflow: bool,
    restricted: Option<u16>,
}

impl State {
    pub fn open_evtchn(&mut self, file: usize, _domain: u16, signal: Arc<Signal>) {
        let node = EvtchnFile {
            signal,
            ports: HashMap::new(),
            ring: VecDeque::new(),
            overflow: false,
            restricted: None,
        };
        self.evtchn.insert(file, node);
    }

    /// Unbinds all ports.
    pub fn close_evtchn(&mut self, file: usize, domain: u16) {
        let Some(node) = self.evtchn.remove(&file) else {
            return;
        };
        for port in node.ports.into_keys() {
            self.listeners.remove(&(domain, port));
            // The domain itself may be gone, and its ports with it.
            let _closed = self.close_port(domain, port);
        }
    }

    /// # Safety
    ///
    /// `arg` leads to what `request` reads.
    pub unsafe fn evtchn_ioctl(&mut self, open: &Open, request: u32, arg: *mut u8) -> Answer<u32> {
        match request {
            // SAFETY: the request says what `arg` leads to, and the caller keeps to it; so below.
            abi::BIND_INTERDOMAIN => self.evtchn_bind(open, unsafe { get(arg) }),
            // SAFETY: as above.
            abi::BIND_UNBOUND_PORT => self.evtchn_unbound(open, unsafe { get(arg) }),
            // SAFETY: as above.
            abi::BIND_VIRQ => self.evtchn_virq(open, unsafe { get(arg) }),
            // SAFETY: as above.
            abi::UNBIND => self.evtchn_unbind(open, unsafe { get(arg) }),
            // SAFETY: as above.
            abi::NOTIFY => self.evtchn_notify(open, unsafe { get(arg) }),
            abi::RESET => {
                self.record(open.domain, || Call::Reset);
                let node = self.node(open);
                node.ring.clear();
                node.overflow = false;
                node.signal.clear();
                Ok(0)
            }
            // SAFETY: as above.
            abi::RESTRICT_DOMID => self.evtchn_restrict(open, unsafe { get(arg) }),
            _ => Err(libc::ENOSYS),
        }
    }

    fn node(&mut self, open: &Open) -> &mut EvtchnFile {
        self.evtchn
            .get_mut(&open.file)
            .expect("the node is open while it is used")
    }

    fn evtchn_bind(&mut self, open: &Open, bind: abi::BindInterdomain) -> Answer<u32> {
        let remote = u16::try_from(bind.remote_domain).or(Err(libc::EINVAL))?;
        self.record(open.domain, || Call::BindInterdomain {
            domain: DomId(remote),
            port: bind.remote_port,
        });
        if self
            .node(open)
            .restricted
            .is_some_and(|only| only != remote)
        {
            return Err(libc::EACCES);
        }
        let port = self.bind_interdomain(open.domain, remote, bind.remote_port.0)?;
        Ok(self.listen(open, port))
    }

    fn evtchn_unbound(&mut self, open: &Open, remote: u32) -> Answer<u32> {
        let remote = u16::try_from(remote).or(Err(libc::EINVAL))?;
        self.record(open.domain, || Call::BindUnbound(DomId(remote)));
        if self.node(open).restricted.is_some() {
            return Err(libc::EACCES);
        }
        let port = self.new_port(open.domain, Other::Unbound(remote))?;
        Ok(self.listen(open, port))
    }

    fn evtchn_virq(&mut self, open: &Open, virq: u32) -> Answer<u32> {
        self.record(open.domain, || Call::BindVirq(virq));
        if self.node(open).restricted.is_some() {
            return Err(libc::EACCES);
        }
        let channels = &self.domain(open.domain)?.channels;
        if virq >= 24 {
            return Err(libc::EINVAL);
        }
        if channels.values().any(|c| c.other == Other::Virq(virq)) {
            return Err(libc::EEXIST);
        }
        let port = self.new_port(open.domain, Other::Virq(virq))?;
        Ok(self.listen(open, port))
    }

    fn listen(&mut self, open: &Open, port: u32) -> u32 {
        self.node(open).ports.insert(port, true);
        self.listeners.insert((open.domain, port), open.file);
        self.deliver(open.domain, port);
        port
    }

    fn evtchn_unbind(&mut self, open: &Open, port: u32) -> Answer<u32> {
        self.record(open.domain, || Call::Unbind(Port(port)));
        self.node(open).ports.remove(&port).ok_or(libc::ENOTCONN)?;
        self.listeners.remove(&(open.domain, port));
        self.close_port(open.domain, port).map(|()| 0)
    }

    fn evtchn_notify(&mut self, open: &Open, port: u32) -> Answer<u32> {
        self.record(open.domain, || Call::Notify(Port(port)));
        match self.node(open).ports.contains_key(&port) {
            // What Xen says is not passed on.
            true => self.send(open.domain, port).or(Ok(())).map(|()| 0),
            false => Err(libc::ENOTCONN),
        }
    }

    fn evtchn_restrict(&mut self, open: &Open, domain: u16) -> Answer<u32> {
        self.record(open.domain, || Call::Restrict {
            node: NodeKind::EventChannels,
            domain: DomId(domain),
        });
        let node = self.node(open);
        match node.restricted {
            Some(_) => Err(libc::EACCES),
            None if domain == 0 || domain >= DomId::FIRST_RESERVED.0 => Err(libc::EINVAL),
            None => {
                node.restricted = Some(domain);
                Ok(0)
            }
        }
    }

    /// The interrupt handlers of a port: first this node's, then those of ioeventfds.
    pub fn deliver(&mut self, domain: u16, port: u32) {
        let pending = self.channel_mut(domain, port).is_some_and(|c| c.pending);
        let Some(file) = self.listeners.get(&(domain, port)).filter(|_| pending) else {
            return;
        };
        let Some(node) = self.evtchn.get_mut(file) else {
            return;
        };
        // One that was delivered and not written back waits in Xen.
        if node.ports.insert(port, false) != Some(true) {
            return;
        }
        node.ring.push_back(port);
        node.signal.raise();
        if let Some(channel) = self.channel_mut(domain, port) {
            channel.pending = false;
        }
        self.take_kick(domain, port);
    }

    pub fn evtchn_read(&mut self, open: &Open, bytes: &mut [u8]) -> Answer<usize> {
        let node = self.node(open);
        if node.overflow {
            return Err(libc::EFBIG);
        }
        let mut ports = Vec::new();
        let most = PAGE / size_of::<u32>();
        for slot in bytes.chunks_exact_mut(size_of::<u32>()).take(most) {
            let Some(port) = node.ring.pop_front() else {
                break;
            };
            slot.copy_from_slice(&port.to_ne_bytes());
            ports.push(Port(port));
        }
        if node.ring.is_empty() {
            node.signal.clear();
        }
        if ports.is_empty() {
            return Err(libc::EAGAIN);
        }
        let count = ports.len() * size_of::<u32>();
        self.record(open.domain, || Call::ReadEvents(ports));
        Ok(count)
    }

    pub fn evtchn_write(&mut self, open: &Open, bytes: &[u8]) {
        let ports: Vec<u32> = bytes
            .chunks_exact(size_of::<u32>())
            .map(|port| u32::from_ne_bytes([port[0], port[1], port[2], port[3]]))
            .collect();
        self.record(open.domain, || {
            Call::Acknowledge(ports.iter().copied().map(Port).collect())
        });
        for port in ports {
            // Ports of others are passed over in silence.
            if let Some(enabled) = self.node(open).ports.get_mut(&port) {
                *enabled = true;
                self.deliver(open.domain, port);
            }
        }
    }

    /// Pretends that the ring of every node of the process was too small once.
    pub fn lose_events(&mut self) {
        for node in self.evtchn.values_mut() {
            node.overflow = true;
            node.signal.raise();
        }
    }
}
