// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The supervisor and its guest processes: what they report, and how they end. It waits for none
//! of them.

use std::collections::btree_map::Entry as MapEntry;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use event_manager::{EventOps, EventSet, Events};
use xen_hypercall::DomId;
use xen_hypercall::dm_op::{DestroyIoreqServer, ServerId};
use xen_ioctls::Privcmd;

use super::keys::{Key, device_path, state};
use super::process::GuestProcess;
use super::{Entry, Error, PATIENCE, Supervisor, Token, confine};
use crate::channel::{Command, Directory, Report};

/// Reports read at a time: a process that does nothing but report is not the only one.
const REPORTS: usize = 64;

/// A process that has closed its channel, or has to go.
#[derive(Debug)]
pub(super) struct Ending {
    domain: u16,
    process: GuestProcess,
    /// When it is killed.
    until: Instant,
}

impl Supervisor {
    /// The process of a guest, started if need be.
    pub(super) fn start(
        &mut self,
        domain: u16,
        ops: &mut EventOps,
    ) -> io::Result<&mut GuestProcess> {
        let new = match self.guests.entry(domain) {
            MapEntry::Occupied(known) => return Ok(known.into_mut()),
            MapEntry::Vacant(new) => new,
        };
        let guest = GuestProcess::spawn(domain, &self.config)?;
        let events = [
            Events::with_data(&guest, Token::Guest(domain).into(), EventSet::IN),
            Events::with_data_raw(guest.dials(), Token::Dial(domain).into(), EventSet::IN),
        ];
        for events in events {
            ops.add(events).map_err(io::Error::other)?;
        }
        Ok(new.insert(guest))
    }

    /// Whether the guest's process, if there is one, has been told to end or has.
    pub(super) fn is_ending(&self, domain: u16) -> bool {
        self.ending.iter().any(|ending| ending.domain == domain)
            || self.guests.contains_key(&domain) && !self.has_devices(domain)
    }

    /// Asks a process without devices to end.
    pub(super) fn finish_unused(&self, domain: u16) {
        if !self.has_devices(domain)
            && let Some(guest) = self.guests.get(&domain)
        {
            guest.finish();
        }
    }

    /// Has a device let go.
    pub(super) fn detach(&mut self, key: Key) -> Result<(), Error> {
        let (domain, device) = key;
        let last = self.serving(domain) == 1;
        let Some(guest) = self.guests.get(&domain) else {
            // Its process is on its way out, or there never was one.
            return match self.is_ending(domain) {
                true => {
                    self.devices
                        .insert(key, Entry::Detaching(Instant::now() + PATIENCE));
                    Ok(())
                }
                false => self.closed(key),
            };
        };
        if let Err(e) = guest.send(&Command::Detach { device, last }) {
            // Its end, or our patience, brings us on.
            log::warn!("domain {domain}: cannot reach its process: {e}");
        }
        self.devices
            .insert(key, Entry::Detaching(Instant::now() + PATIENCE));
        Ok(())
    }

    pub(super) fn on_guest(&mut self, domain: u16, ops: &mut EventOps) -> Result<(), Error> {
        for _ in 0..REPORTS {
            let Some(guest) = self.guests.get(&domain) else {
                return Ok(());
            };
            match guest.receive() {
                Ok(Some(report)) => self.on_report(domain, report)?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // It has ended, maybe before it has read everything.
                Ok(None) => return self.on_end(domain, ops),
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => {
                    return self.on_end(domain, ops);
                }
                Err(e) => {
                    log::error!("domain {domain}: its process makes no sense: {e}");
                    if let Some(guest) = self.guests.get_mut(&domain) {
                        guest.kill();
                    }
                    return self.on_end(domain, ops);
                }
            }
        }
        Ok(())
    }

    /// A process wants to be connected with a backend.
    pub(super) fn on_dial(&self, domain: u16, ops: &mut EventOps) {
        let Some(guest) = self.guests.get(&domain) else {
            return;
        };
        if !guest.dial()
            && let Err(e) = ops.remove(Events::empty_raw(guest.dials()))
        {
            log::error!("domain {domain}: {e}");
        }
    }

    fn on_report(&mut self, domain: u16, report: Report) -> Result<(), Error> {
        match report {
            Report::Serving { server } => {
                if let Some(guest) = self.guests.get_mut(&domain) {
                    guest.server = Some(ServerId(server));
                }
                Ok(())
            }
            Report::Attached(device) => {
                let key = (domain, device);
                if self.devices.get(&key) != Some(&Entry::Attaching) {
                    return Ok(());
                }
                self.devices.insert(key, Entry::Attached);
                log::info!("{}: served", device_path(key));
                confine(key, self.set_state(key, state::INIT_WAIT))
            }
            Report::Refused { device, reason } => {
                let key = (domain, device);
                let closing = matches!(self.devices.get(&key), Some(Entry::Detaching(_)));
                self.refuse(key, &reason);
                self.finish_unused(domain);
                match closing {
                    true => confine(key, self.closed(key)),
                    false => Ok(()),
                }
            }
            Report::DriverOk(device) => {
                let key = (domain, device);
                confine(key, self.set_state(key, state::CONNECTED))
            }
            Report::Detached { device, counters } => {
                let key = (domain, device);
                log::info!("{}: ended: {counters}", device_path(key));
                confine(key, self.closed(key))
            }
        }
    }

    /// A guest process has nothing more to say: it is gone, or will be.
    fn on_end(&mut self, domain: u16, ops: &mut EventOps) -> Result<(), Error> {
        let Some(process) = self.guests.remove(&domain) else {
            return Ok(());
        };
        for fd in [process.as_raw_fd(), process.dials()] {
            // Fails when it was removed before.
            let _ = ops.remove(Events::empty_raw(fd));
        }
        let until = Instant::now() + PATIENCE;
        self.ending.push(Ending {
            domain,
            process,
            until,
        });
        self.reap(ops)
    }

    /// Draws the conclusions from every process that has ended.
    pub(super) fn reap(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        while let Some((domain, server, status)) = self.take_ended() {
            self.after(domain, server, &status)?;
            // What came while the process was ending, and was put off.
            for directory in [Directory::Virtio, Directory::Disk] {
                self.scan(directory, ops)?;
            }
        }
        Ok(())
    }

    fn take_ended(&mut self) -> Option<(u16, Option<ServerId>, io::Result<ExitStatus>)> {
        let ended = self.ending.iter_mut().enumerate().find_map(|(n, ending)| {
            ending
                .process
                .try_wait()
                .transpose()
                .map(|status| (n, status))
        });
        let (n, status) = ended?;
        let Ending {
            domain, process, ..
        } = self.ending.swap_remove(n);
        Some((domain, process.server, status))
    }

    fn after(
        &mut self,
        domain: u16,
        server: Option<ServerId>,
        status: &io::Result<ExitStatus>,
    ) -> Result<(), Error> {
        let clean = matches!(status, Ok(status) if status.success());
        if let (false, Some(server)) = (clean, server) {
            destroy(domain, server);
        }
        let end = match status {
            Ok(status) => status.to_string(),
            Err(e) => e.to_string(),
        };
        let keys: Vec<(Key, Entry)> = self.of(domain).collect();
        for (key, entry) in keys {
            match entry {
                Entry::Attaching | Entry::Attached => {
                    self.refuse(key, &format!("the guest's process has ended ({end})"));
                }
                Entry::Detaching(_) => confine(key, self.closed(key))?,
                Entry::Refused | Entry::Closed => {}
            }
        }
        Ok(())
    }

    /// Ends what does not end by itself, and says how long to wait for the next one, in
    /// milliseconds.
    pub(super) fn expire(&mut self) -> i32 {
        let now = Instant::now();
        for ending in self.ending.iter_mut().filter(|ending| ending.until <= now) {
            log::error!(
                "domain {}: its process does not end, and is killed",
                ending.domain
            );
            ending.process.kill();
            ending.until = now + PATIENCE;
        }
        let late = |entry: &Entry| matches!(entry, Entry::Detaching(until) if *until <= now);
        let keys: Vec<Key> = self
            .devices
            .iter()
            .filter(|(_, e)| late(e))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            self.expire_device(key, now);
        }
        let devices = self.devices.values().filter_map(|entry| match entry {
            Entry::Detaching(until) => Some(*until),
            _ => None,
        });
        let next = devices
            .chain(self.ending.iter().map(|ending| ending.until))
            .min();
        let wait = next.map(|next| next.saturating_duration_since(now).as_millis() + 1);
        wait.map_or(-1, |wait| i32::try_from(wait).unwrap_or(i32::MAX))
    }

    /// A device is not let go in time. Its process is killed, unless it serves others.
    fn expire_device(&mut self, key: Key, now: Instant) {
        let (domain, _) = key;
        let others = self.has_devices(domain);
        if let Some(guest) = self.guests.get_mut(&domain) {
            if others {
                log::warn!(
                    "{}: does not let go; its guest's other devices do not pay for that",
                    device_path(key)
                );
            } else {
                log::error!("domain {domain}: its process does not let go, and is killed");
                guest.kill();
            }
        }
        self.devices.insert(key, Entry::Detaching(now + PATIENCE));
    }

    /// Ends all processes.
    pub(super) fn stop(&mut self) {
        let until = Instant::now() + PATIENCE;
        for (domain, process) in std::mem::take(&mut self.guests) {
            process.finish();
            self.ending.push(Ending {
                domain,
                process,
                until,
            });
        }
        self.wait_until(until);
        for ending in &mut self.ending {
            log::error!(
                "domain {}: its process does not end, and is killed",
                ending.domain
            );
            ending.process.kill();
        }
        self.wait_until(Instant::now() + PATIENCE);
    }

    /// Waits for the processes that end, until a moment. SIGCHLD ends the waiting early.
    fn wait_until(&mut self, until: Instant) {
        loop {
            while let Some((domain, server, status)) = self.take_ended() {
                if let Ok(status) = status
                    && !status.success()
                {
                    log::error!("domain {domain}: its process has ended: {status}");
                    server
                        .into_iter()
                        .for_each(|server| destroy(domain, server));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if self.ending.is_empty() || left.is_zero() {
                return;
            }
            // Nothing else is read from it any more. A failure only makes the waiting shorter.
            let _ = self.children.set_nonblocking(false);
            let _ = self
                .children
                .set_read_timeout(Some(left.max(Duration::from_millis(1))));
            let _ = (&self.children).read(&mut [0; 64]);
        }
    }
}

/// Ends the IOREQ server of a process that could not. The guest's next accesses go nowhere then,
/// which its kernel reports; as it was, they would wait for ever.
fn destroy(domain: u16, server: ServerId) {
    let destroyed = Privcmd::open()
        .and_then(|privcmd| privcmd.perform(DomId(domain), DestroyIoreqServer::new(server)));
    if let Err(e) = destroyed {
        log::debug!("{e}");
    }
}
