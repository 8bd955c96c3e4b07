// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The supervisor and its guest processes: what they report, and how they end. It waits for none
//! of them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use event_manager::{EventOps, EventSet, Events};
use xen_hypercall::DomId;
use xen_hypercall::dm_op::{CreateIoreqServer, DestroyIoreqServer, ServerId, SetPciIntxLevel};
use xen_ioctls::Privcmd;
use xen_store::Store;

use super::details::Wish;
use super::handover::GuestState;
use super::keys::{Key, device_path, state};
use super::process::GuestProcess;
use super::{Announcement, Entry, Error, PATIENCE, Supervisor, Token, confine};
use crate::channel::{Command, DeviceKind, DeviceSpec, Directory, Report};
use crate::guest::{INTA, chain};

/// Characters of what a process says that get into the log.
const LONGEST: usize = 1000;

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
    /// Starts the process of a guest, if it has none and no process of another daemon serves it still; says
    /// whether it has one. Devices that were served before are served again.
    pub(super) fn start(&mut self, domain: u16, ops: &mut EventOps) -> io::Result<bool> {
        if self.guests.contains_key(&domain) {
            return Ok(true);
        }
        let state = match self.waiting.remove(&domain) {
            Some(state) => Some(state),
            None => GuestState::open(&self.store, domain)?,
        };
        match state {
            Some(state) => self.spawn(domain, state, ops),
            None => {
                self.put_off(domain, "the process of another daemon has not ended yet");
                Ok(false)
            }
        }
    }

    /// Says once why a guest waits, and looks again soon.
    pub(super) fn put_off(&mut self, domain: u16, why: &str) {
        if self.why.get(&domain).is_none_or(|said| said != why) {
            log::error!("{}: waits: {why}", self.whose(domain));
            self.why.insert(domain, why.to_owned());
        }
        self.look_again();
    }

    /// Starts a process, if there is something to serve, and has it go on with what there was, if there was
    /// something; false if that has to wait. A guest has either all of its devices back or none: what its driver
    /// uses cannot be refused. And a new guest has all of its devices before it is answered for the first time: it may
    /// look for them only once.
    fn spawn(
        &mut self,
        domain: u16,
        mut state: GuestState,
        ops: &mut EventOps,
    ) -> io::Result<bool> {
        let is_new = state.server().is_none();
        let devices = match self.collect(domain, &state) {
            Ok(devices) => devices,
            Err(why) => {
                self.waiting.insert(domain, state);
                self.put_off(domain, &why);
                return Ok(false);
            }
        };
        if is_new && devices.is_empty() {
            state.remove();
            return Ok(false);
        }
        if is_new {
            create(domain, &mut state)?;
        }
        state.retain(devices.iter().map(|device| device.spec.id));
        let guest = GuestProcess::spawn(domain, &self.config, state)?;
        let events = [
            Events::with_data(&guest, Token::Guest(domain).into(), EventSet::IN),
            Events::with_data_raw(guest.dials(), Token::Dial(domain).into(), EventSet::IN),
        ];
        for events in events {
            ops.add(events).map_err(io::Error::other)?;
        }
        self.guests.insert(domain, guest);
        self.why.remove(&domain);
        if !is_new {
            log::info!("{}: going on where a process has ended", self.whose(domain));
        }
        let is_unused = !is_new && devices.is_empty();
        for device in devices {
            let HandOver { spec, file, is_new } = device;
            self.send((domain, spec.id), spec, file.as_ref(), is_new);
        }
        if let Some(guest) = self.guests.get(&domain) {
            guest.send(&Command::Resume)?;
        }
        if is_unused {
            self.finish_unused(domain);
        }
        Ok(true)
    }

    /// All devices of a guest that the toolstack does not want closed, as the process before had them; or why
    /// one that it had cannot be had now.
    fn collect(&mut self, domain: u16, state: &GuestState) -> Result<Vec<HandOver>, String> {
        let mut devices = Vec::new();
        let is_new = state.server().is_none();
        for key in self.wanted(domain, is_new).map_err(|e| chain(&e))? {
            let known = state.spec(key.1);
            if let Some(spec) = known.as_ref().filter(|spec| self.is_away(key, &spec.kind)) {
                devices.push(HandOver {
                    spec: spec.clone(),
                    file: None,
                    is_new: false,
                });
                continue;
            }
            match (self.read(key), known) {
                (Ok((spec, file)), Some(known)) if is_alike(&spec.kind, &known.kind) => {
                    if spec != known {
                        log::info!(
                            "{}: keeps what it was configured as until it is attached again",
                            self.who(key)
                        );
                    }
                    let spec = known;
                    devices.push(HandOver {
                        spec,
                        file,
                        is_new: false,
                    });
                }
                (Ok(_), Some(_)) => {
                    let who = self.who(key);
                    return Err(format!(
                        "{who}: is another device now than its driver knows"
                    ));
                }
                (Err(e), Some(_)) => return Err(format!("{}: {}", self.who(key), chain(&e))),
                (Ok((spec, file)), None) => devices.push(HandOver {
                    spec,
                    file,
                    is_new: true,
                }),
                (Err(e), None) => self.refuse(key, &chain(&e)),
            }
        }
        // What is new, or was refused, is not to take the place of what is used.
        devices.sort_by_key(|device| device.is_new);
        Ok(devices)
    }

    /// Whether it is a disk that the operator has taken away: its image may be somebody else's, or nowhere, and no
    /// request of its driver is to reach it.
    fn is_away(&self, key: Key, kind: &DeviceKind) -> bool {
        let wish = self.details.get(&key).map(|details| details.wish);
        matches!(kind, DeviceKind::Block { .. }) && matches!(wish, Some(Wish::Away | Wish::Gone))
    }

    /// The devices of a guest that the toolstack does not want closed. One that is new uses none yet, and what
    /// it was refused stays so.
    fn wanted(&self, domain: u16, is_new: bool) -> Result<Vec<Key>, xen_store::Error> {
        let mut keys = Vec::new();
        for directory in [Directory::Virtio, Directory::Disk] {
            for key in self.announced(directory, domain)? {
                let is_refused = self.devices.get(&key) == Some(&Entry::Refused);
                match self.announcement(key)? {
                    Announcement::Wanted if !(is_new && is_refused) => keys.push(key),
                    Announcement::Used if !is_new => keys.push(key),
                    _ => {}
                }
            }
        }
        Ok(keys)
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
            && let Err(e) = guest.send(&Command::End)
        {
            log::debug!("domain {domain}: cannot reach its process: {e}");
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
            log::warn!("{}: cannot reach its process: {e}", self.who(key));
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
                // Nothing is said of a device that nobody has handed over.
                Ok(Some(report)) if !self.devices.contains_key(&(domain, report.device())) => {
                    return self.on_nonsense(domain, "a device that it has not", ops);
                }
                Ok(Some(report)) => self.on_report(domain, report)?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // It has ended, maybe before it has read everything.
                Ok(None) => return self.on_end(domain, ops),
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => {
                    return self.on_end(domain, ops);
                }
                Err(e) => return self.on_nonsense(domain, &e.to_string(), ops),
            }
        }
        Ok(())
    }

    /// A process that somebody has taken over, or that has a defect, is ended.
    fn on_nonsense(&mut self, domain: u16, what: &str, ops: &mut EventOps) -> Result<(), Error> {
        log::error!("{}: its process makes no sense: {what}", self.whose(domain));
        if let Some(guest) = self.guests.get_mut(&domain) {
            guest.kill();
        }
        self.on_end(domain, ops)
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
            Report::Attached(device) => {
                let key = (domain, device);
                if self.devices.get(&key) != Some(&Entry::Attaching) {
                    return Ok(());
                }
                self.devices.insert(key, Entry::Attached);
                log::info!("{}: served: {}", self.who(key), self.what(key));
                // Of a process before this one.
                let path = format!("{}/state", device_path(key));
                let found: Option<u32> = self.store.read_parsed(&path).unwrap_or_default();
                self.details(key).is_used = found == Some(state::CONNECTED);
                confine(key, self.set_state(key, state::INIT_WAIT))
            }
            Report::Refused { device, reason } => {
                let key = (domain, device);
                let closing = matches!(self.devices.get(&key), Some(Entry::Detaching(_)));
                if !closing && self.devices.get(&key) != Some(&Entry::Attaching) {
                    return Ok(());
                }
                if let Some(guest) = self.guests.get(&domain) {
                    guest.state.forget(device);
                }
                self.refuse(key, &plain(&reason));
                self.finish_unused(domain);
                match closing {
                    true => confine(key, self.closed(key)),
                    false => Ok(()),
                }
            }
            Report::DriverOk(device) => {
                let key = (domain, device);
                if !self.is_served(key) || std::mem::replace(&mut self.details(key).is_used, true) {
                    return Ok(());
                }
                log::info!("{}: used by its driver", self.who(key));
                confine(key, self.set_state(key, state::CONNECTED))
            }
            Report::Detached { device, counters } => {
                let key = (domain, device);
                if !matches!(self.devices.get(&key), Some(Entry::Detaching(_))) {
                    return Ok(());
                }
                log::info!("{}: ended: {}", self.who(key), plain(&counters));
                if let Some(guest) = self.guests.get(&domain) {
                    guest.state.forget(device);
                }
                confine(key, self.closed(key))
            }
            news => {
                self.on_news(domain, news);
                Ok(())
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
        while let Some((domain, state, status)) = self.take_ended() {
            self.after(domain, state, &status, ops)?;
            // What came while the process was ending, and was put off.
            self.scan_all(ops)?;
        }
        Ok(())
    }

    fn take_ended(&mut self) -> Option<(u16, GuestState, io::Result<ExitStatus>)> {
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
        Some((domain, process.state, status))
    }

    fn after(
        &mut self,
        domain: u16,
        mut state: GuestState,
        status: &io::Result<ExitStatus>,
        ops: &mut EventOps,
    ) -> Result<(), Error> {
        let end = match status {
            Ok(status) => status.to_string(),
            Err(e) => e.to_string(),
        };
        let keys: Vec<(Key, Entry)> = self.of(domain).collect();
        for (key, entry) in &keys {
            if matches!(entry, Entry::Detaching(_)) {
                state.forget(key.1);
                confine(*key, self.closed(*key))?;
            }
        }
        let is_served = self.has_devices(domain);
        // Where XenStore does not say so, it is there.
        let is_gone = matches!(self.store.is_introduced(domain), Ok(false));
        if is_served && is_gone {
            log::info!("domain {domain}: it is gone, and its process has ended ({end})");
        } else if is_served {
            log::error!("domain {domain}: its process has ended ({end})");
            if state.server().is_some() && state.lose(Instant::now()) {
                for (key, entry) in &keys {
                    if matches!(entry, Entry::Attaching | Entry::Attached) {
                        self.devices.remove(key);
                    }
                }
                if let Err(e) = self.spawn(domain, state, ops) {
                    self.put_off(domain, &format!("no other process for it: {e}"));
                }
                return Ok(());
            }
        }
        let pin = |(key, _): &(Key, Entry)| state.spec(key.1)?.location.pin();
        for slot in keys.iter().filter_map(pin) {
            lower(domain, slot);
        }
        for (key, entry) in keys {
            if matches!(entry, Entry::Attaching | Entry::Attached) {
                self.refuse(key, &format!("the guest's process has ended ({end})"));
            }
        }
        if let Some(server) = state.server() {
            destroy(domain, server);
        }
        state.remove();
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
        self.expire_unused(now);
        let devices = self.devices.values().filter_map(|entry| match entry {
            Entry::Detaching(until) => Some(*until),
            _ => None,
        });
        let next = devices
            .chain(self.ending.iter().map(|ending| ending.until))
            .chain(self.guests.values().filter_map(|guest| guest.until))
            .min();
        let wait = next.map(|next| next.saturating_duration_since(now).as_millis() + 1);
        wait.map_or(-1, |wait| i32::try_from(wait).unwrap_or(i32::MAX))
    }

    /// A process that has nothing to serve was told to end.
    fn expire_unused(&mut self, now: Instant) {
        let used: BTreeSet<u16> = self
            .devices
            .iter()
            .filter(|(_, entry)| !matches!(entry, Entry::Refused | Entry::Closed))
            .map(|((domain, _), _)| *domain)
            .collect();
        for (domain, guest) in &mut self.guests {
            if used.contains(domain) {
                guest.until = None;
            } else if *guest.until.get_or_insert(now + PATIENCE) <= now {
                log::error!("domain {domain}: its process does not end, and is killed");
                guest.kill();
                guest.until = Some(now + PATIENCE);
            }
        }
    }

    /// A device is not let go in time. Its process is killed, unless it serves others.
    fn expire_device(&mut self, key: Key, now: Instant) {
        let (domain, _) = key;
        let (who, others) = (self.who(key), self.has_devices(domain));
        if let Some(guest) = self.guests.get_mut(&domain) {
            if others {
                log::warn!("{who}: does not let go; its guest's other devices do not pay for that");
            } else {
                log::error!("{who}: its process does not let go, and is killed");
                guest.kill();
            }
        }
        self.devices.insert(key, Entry::Detaching(now + PATIENCE));
    }

    /// Ends all processes. What they served is left to the next daemon.
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
            while let Some((domain, _, status)) = self.take_ended() {
                if let Ok(status) = status
                    && !status.success()
                {
                    log::error!("domain {domain}: its process has ended: {status}");
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

/// A device for a process, with the file behind it.
#[derive(Debug)]
struct HandOver {
    spec: DeviceSpec,
    file: Option<File>,
    /// No process has served it before.
    is_new: bool,
}

/// Whether one kind of device may take the place of the other: what differs in detail is kept as it was.
fn is_alike(one: &DeviceKind, other: &DeviceKind) -> bool {
    match (one, other) {
        (DeviceKind::External(one), DeviceKind::External(other)) => one.device == other.device,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// What a process says, for the log: in one line, and not too long.
pub(super) fn plain(text: &str) -> String {
    let chars = text.chars().take(LONGEST);
    chars
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Makes the IOREQ server of a guest, and writes it down before anybody could lose it.
fn create(domain: u16, state: &mut GuestState) -> io::Result<()> {
    let made = Privcmd::open()
        .and_then(|privcmd| privcmd.perform(DomId(domain), CreateIoreqServer::unbuffered()));
    let server = made.map_err(|e| io::Error::other(chain(&e)))?;
    state
        .set_server(server)
        .inspect_err(|_| destroy(domain, server))
}

/// Makes the interrupt pin of a function on x86 low, which nobody is there to do any more. It may be low.
fn lower(domain: u16, slot: u8) {
    let low = SetPciIntxLevel::new(slot, INTA, false);
    let lowered = Privcmd::open().and_then(|privcmd| privcmd.perform(DomId(domain), low));
    if let Err(e) = lowered {
        log::debug!("{e}");
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
