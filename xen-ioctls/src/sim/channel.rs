// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Event channels as Xen knows them (xen/common/event_channel.c).

use super::Answer;
use super::state::State;

/// `EVTCHN_2L_NR_CHANNELS` on a 64-bit machine: ports of a domain without FIFO channels.
const PORTS: u32 = 4096;

/// One end of an event channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub other: Other,
    pub pending: bool,
    /// Xen itself listens: the server and the vCPU that waits for it.
    pub consumer: Option<(usize, usize)>,
}

/// The other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Not there yet, or not any more: this domain may bind to it.
    Unbound(u16),
    Interdomain(u16, u32),
    Virq(u32),
    /// The same domain: what is sent arrives here.
    Ipi,
}

impl State {
    /// Takes the lowest free port of a domain.
    pub fn new_port(&mut self, domain: u16, other: Other) -> Answer<u32> {
        let channels = &mut self.domain_mut(domain)?.channels;
        let port = (1..PORTS)
            .find(|port| !channels.contains_key(port))
            .ok_or(libc::ENOSPC)?;
        channels.insert(
            port,
            Channel {
                other,
                pending: false,
                consumer: None,
            },
        );
        Ok(port)
    }

    /// `EVTCHNOP_bind_interdomain`.
    pub fn bind_interdomain(&mut self, domain: u16, remote: u16, port: u32) -> Answer<u32> {
        let offered = self
            .domain_mut(remote)?
            .channels
            .get(&port)
            .ok_or(libc::EINVAL)?;
        if offered.other != Other::Unbound(domain) {
            return Err(libc::EINVAL);
        }
        let local = self.new_port(domain, Other::Interdomain(remote, port))?;
        if let Some(offered) = self.channel_mut(remote, port) {
            offered.other = Other::Interdomain(domain, local);
        }
        // An event may have been sent before anybody was bound: Xen always makes one up.
        if let Some(local) = self.channel_mut(domain, local) {
            local.pending = true;
        }
        Ok(local)
    }

    /// `EVTCHNOP_close`: the other end can be bound to again.
    pub fn close_port(&mut self, domain: u16, port: u32) -> Answer<()> {
        let channel = self
            .domain_mut(domain)?
            .channels
            .remove(&port)
            .ok_or(libc::EINVAL)?;
        if let Other::Interdomain(remote, remote_port) = channel.other
            && let Some(other) = self.channel_mut(remote, remote_port)
        {
            other.other = Other::Unbound(domain);
        }
        Ok(())
    }

    /// `EVTCHNOP_send`.
    pub fn send(&mut self, domain: u16, port: u32) -> Answer<()> {
        match self.channel_mut(domain, port).map(|channel| channel.other) {
            None => Err(libc::EINVAL),
            // Nobody is there: dropped.
            Some(Other::Unbound(_)) => Ok(()),
            Some(Other::Virq(_)) => Err(libc::EINVAL),
            Some(Other::Ipi) => {
                self.arrive(domain, port);
                Ok(())
            }
            Some(Other::Interdomain(remote, remote_port)) => {
                self.arrive(remote, remote_port);
                Ok(())
            }
        }
    }

    /// An event arrives at a port.
    pub fn arrive(&mut self, domain: u16, port: u32) {
        let Some(channel) = self.channel_mut(domain, port) else {
            return;
        };
        match channel.consumer {
            Some((server, vcpu)) => self.continue_vcpu(domain, server, vcpu),
            None => {
                channel.pending = true;
                self.deliver(domain, port);
            }
        }
        self.changed();
    }

    pub fn channel_mut(&mut self, domain: u16, port: u32) -> Option<&mut Channel> {
        self.domain_mut(domain).ok()?.channels.get_mut(&port)
    }
}
