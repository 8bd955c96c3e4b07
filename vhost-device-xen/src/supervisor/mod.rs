// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The supervisor: finds devices in XenStore, and has a process per guest serve them.
//!
//! It touches no guest itself. What it knows of a device is in the device's [`Entry`]; each event
//! makes it compare that with what XenStore says now, so events may be merged, late or spurious.

mod keys;
mod process;
mod rules;
mod spec;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use xen_store::{Client, Store, Watch, WatchEvent};

use crate::channel::{Command, DeviceId, Directory, Report};
use crate::config::Config;
use crate::guest::chain;
use keys::{Key, device_path, directory_path, numbers, state};
use process::GuestProcess;

/// How long a guest process may take to let a device go. libxl waits for 10 seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// XenStore.
    #[error("cannot use XenStore: is xenstored running, and is this the control domain?")]
    Store(#[from] xen_store::Error),
    /// Not dom0.
    #[error("this is domain {domain}, not the control domain: devices are served from domain 0")]
    NotControlDomain {
        /// Who we are.
        domain: u16,
    },
    /// The device nodes of Xen.
    #[error("this is no Xen host")]
    NoXen(#[source] xen_ioctls::Error),
    /// Signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// The event loop.
    #[error("cannot wait for events")]
    Events(#[source] event_manager::Error),
}

/// Serves all guests until SIGTERM or SIGINT.
///
/// # Errors
///
/// [`Error`] when there is nothing to serve them with.
pub fn run(config: Config) -> Result<(), Error> {
    xen_ioctls::Privcmd::open().map_err(Error::NoXen)?;
    let store = Client::open()?;
    // Nobody else's backend directory may be written.
    let domain = store.read_parsed("domid")?.unwrap_or(0);
    if domain != 0 {
        return Err(Error::NotControlDomain { domain });
    }
    let supervisor = Supervisor::new(store, config)?;
    let mut events = EventManager::new().map_err(Error::Events)?;
    let id = events.add_subscriber(supervisor);
    log::info!("looking for devices in XenStore");
    loop {
        let supervisor = events.subscriber_mut(id).map_err(Error::Events)?;
        if let Some(outcome) = supervisor.outcome.take() {
            supervisor.stop();
            return outcome;
        }
        let timeout = supervisor.expire();
        events.run_with_timeout(timeout).map_err(Error::Events)?;
    }
}

/// What has become of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// Its process has been asked to serve it.
    Attaching,
    /// It answers its guest.
    Attached,
    /// Its process has been asked to let it go, and should have by then.
    Detaching(Instant),
    /// It is not served, and the log says why.
    Refused,
    /// It was served, and is no more.
    Closed,
}

/// What a readable descriptor means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Signal,
    Devices(Directory),
    Domains,
    Guest(u16),
}

impl From<Token> for u32 {
    fn from(token: Token) -> Self {
        match token {
            Token::Guest(domain) => domain.into(),
            Token::Signal => 0x1_0000,
            Token::Devices(Directory::Virtio) => 0x1_0001,
            Token::Devices(Directory::Disk) => 0x1_0002,
            Token::Domains => 0x1_0003,
        }
    }
}

impl From<u32> for Token {
    fn from(data: u32) -> Self {
        match (u16::try_from(data), data) {
            (Ok(domain), _) => Self::Guest(domain),
            (_, 0x1_0001) => Self::Devices(Directory::Virtio),
            (_, 0x1_0002) => Self::Devices(Directory::Disk),
            (_, 0x1_0003) => Self::Domains,
            _ => Self::Signal,
        }
    }
}

struct Supervisor {
    config: Config,
    store: Client,
    virtio: Watch,
    disks: Watch,
    domains: Watch,
    signals: UnixStream,
    devices: BTreeMap<Key, Entry>,
    guests: BTreeMap<u16, GuestProcess>,
    /// Set when it is over.
    outcome: Option<Result<(), Error>>,
}

impl Supervisor {
    fn new(store: Client, config: Config) -> Result<Self, Error> {
        let (signals, write_end) = UnixStream::pair().map_err(Error::Signals)?;
        signals.set_nonblocking(true).map_err(Error::Signals)?;
        for signal in [libc::SIGTERM, libc::SIGINT] {
            let end = write_end.try_clone().map_err(Error::Signals)?;
            signal_hook::low_level::pipe::register(signal, end).map_err(Error::Signals)?;
        }
        Ok(Self {
            config,
            virtio: store.watch(&directory_path(Directory::Virtio))?,
            disks: store.watch(&directory_path(Directory::Disk))?,
            domains: store.watch("@releaseDomain")?,
            store,
            signals,
            devices: BTreeMap::new(),
            guests: BTreeMap::new(),
            outcome: None,
        })
    }

    /// Looks at what may have changed. A watch fires when it is made, so this also finds what was
    /// there before.
    fn on_devices(&mut self, directory: Directory, ops: &mut EventOps) -> Result<(), Error> {
        while let Some(event) = self.watch(directory).try_next() {
            match event? {
                WatchEvent::Rescan => self.scan(directory, ops)?,
                WatchEvent::Changed { path } => match numbers(&path, directory) {
                    (Some(domain), Some(index)) => {
                        self.reconcile((domain, DeviceId { directory, index }), ops)?;
                    }
                    // Something above the devices: all of them may have come or gone.
                    _ => self.scan(directory, ops)?,
                },
            }
        }
        Ok(())
    }

    fn watch(&self, directory: Directory) -> &Watch {
        match directory {
            Directory::Virtio => &self.virtio,
            Directory::Disk => &self.disks,
        }
    }

    fn scan(&mut self, directory: Directory, ops: &mut EventOps) -> Result<(), Error> {
        let mut keys: Vec<Key> = self
            .devices
            .keys()
            .filter(|(_, id)| id.directory == directory)
            .copied()
            .collect();
        let top = directory_path(directory);
        for domain in self.store.directory(&top)?.unwrap_or_default() {
            let devices = self
                .store
                .directory(&format!("{top}/{domain}"))?
                .unwrap_or_default();
            let Ok(domain) = domain.parse() else { continue };
            let ids = devices.iter().filter_map(|index| index.parse().ok());
            keys.extend(ids.map(|index| (domain, DeviceId { directory, index })));
        }
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .try_for_each(|key| self.reconcile(key, ops))
    }

    /// Compares one device with its keys, and does what follows.
    fn reconcile(&mut self, key: Key, ops: &mut EventOps) -> Result<(), Error> {
        let path = device_path(key);
        let state = self.store.read_string(&format!("{path}/state"))?;
        let state = state.map(|state| state.parse().unwrap_or(state::UNKNOWN));
        let online = self.store.read_string(&format!("{path}/online"))?;
        let entry = self.devices.get(&key).copied();
        match (state, entry) {
            (None, None) => {}
            (None, Some(_)) => self.forget(key),
            (Some(state::CLOSED), _) => {}
            (Some(s), _) if s == state::CLOSING || online.as_deref() == Some("0") => {
                self.close(key)?;
            }
            (Some(_), None | Some(Entry::Closed)) => self.attach(key, ops)?,
            (Some(_), Some(_)) => {}
        }
        Ok(())
    }

    fn attach(&mut self, key: Key, ops: &mut EventOps) -> Result<(), Error> {
        let (domain, _) = key;
        let path = device_path(key);
        let (spec, file) = match spec::read(&self.store, &path, key, &self.config) {
            Ok(found) => found,
            Err(e) => {
                self.refuse(key, &chain(&e));
                return Ok(());
            }
        };
        // A process that is on its way out takes nothing new: its end brings us back here.
        if self.guests.contains_key(&domain) && !self.has_devices(domain) {
            return Ok(());
        }
        let started = self.start(domain, ops);
        let asked = started.and_then(|guest| guest.send(&Command::Attach(spec), file.as_ref()));
        match asked {
            Ok(()) => {
                self.devices.insert(key, Entry::Attaching);
            }
            Err(e) => self.refuse(key, &format!("no process for the guest: {e}")),
        }
        Ok(())
    }

    fn refuse(&mut self, key: Key, reason: &str) {
        log::error!("{}: not served: {reason}", device_path(key));
        self.devices.insert(key, Entry::Refused);
    }

    /// The process of a guest, started if need be.
    fn start(&mut self, domain: u16, ops: &mut EventOps) -> io::Result<&GuestProcess> {
        if !self.guests.contains_key(&domain) {
            let guest = GuestProcess::spawn(domain, self.config.kernel)?;
            let token = Token::Guest(domain).into();
            ops.add(Events::with_data(&guest, token, EventSet::IN))
                .map_err(io::Error::other)?;
            self.guests.insert(domain, guest);
        }
        Ok(&self.guests[&domain])
    }

    /// Whether the guest has a device that its process serves or is about to.
    fn has_devices(&self, domain: u16) -> bool {
        self.serving(domain) > 0
    }

    fn serving(&self, domain: u16) -> usize {
        let serving = |entry: &Entry| matches!(entry, Entry::Attaching | Entry::Attached);
        self.of(domain).filter(|(_, entry)| serving(entry)).count()
    }

    fn of(&self, domain: u16) -> impl Iterator<Item = (Key, Entry)> {
        let all = self.devices.iter().map(|(key, entry)| (*key, *entry));
        all.filter(move |((d, _), _)| *d == domain)
    }

    /// The toolstack wants a device closed.
    fn close(&mut self, key: Key) -> Result<(), Error> {
        match self.devices.get(&key) {
            Some(Entry::Attaching | Entry::Attached) => {
                self.detach(key);
                Ok(())
            }
            Some(Entry::Detaching(_)) => Ok(()),
            // There is nothing to wait for.
            Some(Entry::Refused | Entry::Closed) | None => self.closed(key),
        }
    }

    fn detach(&mut self, key: Key) {
        let (domain, device) = key;
        let last = self.serving(domain) == 1;
        self.devices
            .insert(key, Entry::Detaching(Instant::now() + PATIENCE));
        let sent = match self.guests.get(&domain) {
            Some(guest) => guest.send(&Command::Detach { device, last }, None),
            None => Ok(()),
        };
        if let Err(e) = sent {
            // Its end, or our patience, brings us on.
            log::warn!("domain {domain}: cannot reach its process: {e}");
        }
    }

    /// Tells the toolstack that nothing is left of a device.
    fn closed(&mut self, key: Key) -> Result<(), Error> {
        if self.devices.contains_key(&key) {
            self.devices.insert(key, Entry::Closed);
        }
        self.set_state(key, state::CLOSED)
    }

    /// The keys of a device are gone.
    fn forget(&mut self, key: Key) {
        if self.serving_one(key) {
            self.detach(key);
        }
        if !matches!(self.devices.get(&key), Some(Entry::Detaching(_))) {
            self.devices.remove(&key);
        }
    }

    fn serving_one(&self, key: Key) -> bool {
        matches!(
            self.devices.get(&key),
            Some(Entry::Attaching | Entry::Attached)
        )
    }

    /// Moves a device on, unless the toolstack wants it closed or it is gone.
    fn set_state(&self, key: Key, new: u32) -> Result<(), Error> {
        let path = format!("{}/state", device_path(key));
        let moved = self.store.transaction(|store| {
            let old: Option<u32> = store.read_parsed(&path)?;
            let allowed = match old {
                None => false,
                Some(old) => new == state::CLOSED || old < state::CLOSING,
            };
            if allowed && old != Some(new) {
                store.write(&path, new.to_string())?;
            }
            Ok::<_, xen_store::Error>(())
        });
        Ok(moved?)
    }

    fn on_guest(&mut self, domain: u16, ops: &mut EventOps) -> Result<(), Error> {
        loop {
            let Some(guest) = self.guests.get(&domain) else {
                return Ok(());
            };
            match guest.receive() {
                Ok(Some(report)) => self.on_report(domain, report)?,
                Ok(None) => return self.on_end(domain, ops),
                // It has ended before it has read everything.
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => {
                    return self.on_end(domain, ops);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => {
                    log::error!("domain {domain}: its process makes no sense: {e}");
                    return self.on_end(domain, ops);
                }
            }
        }
    }

    fn on_report(&mut self, domain: u16, report: Report) -> Result<(), Error> {
        match report {
            Report::Attached(device) => {
                let key = (domain, device);
                if self.devices.get(&key) == Some(&Entry::Attaching) {
                    self.devices.insert(key, Entry::Attached);
                    log::info!("{}: served", device_path(key));
                    self.set_state(key, state::INIT_WAIT)?;
                }
            }
            Report::Refused { device, reason } => {
                let key = (domain, device);
                let closing = matches!(self.devices.get(&key), Some(Entry::Detaching(_)));
                self.refuse(key, &reason);
                if closing {
                    self.closed(key)?;
                }
                if !self.has_devices(domain)
                    && let Some(guest) = self.guests.get(&domain)
                {
                    guest.finish();
                }
            }
            Report::DriverOk(device) => self.set_state((domain, device), state::CONNECTED)?,
            Report::Detached { device, counters } => {
                let key = (domain, device);
                log::info!("{}: ended: {counters}", device_path(key));
                self.closed(key)?;
            }
        }
        Ok(())
    }

    /// A guest process has ended, or has to.
    fn on_end(&mut self, domain: u16, ops: &mut EventOps) -> Result<(), Error> {
        let Some(guest) = self.guests.remove(&domain) else {
            return Ok(());
        };
        if let Err(e) = ops.remove(Events::empty(&guest)) {
            log::error!("domain {domain}: {e}");
        }
        let end = match guest.wait(PATIENCE) {
            Ok(status) => status.to_string(),
            Err(e) => e.to_string(),
        };
        let keys: Vec<(Key, Entry)> = self.of(domain).collect();
        for (key, entry) in keys {
            match entry {
                Entry::Attaching | Entry::Attached => {
                    self.refuse(key, &format!("the guest's process has ended ({end})"));
                }
                Entry::Detaching(_) => self.closed(key)?,
                Entry::Refused | Entry::Closed => {}
            }
            self.reconcile(key, ops)?;
        }
        // What came while the process was ending, and was put off.
        [Directory::Virtio, Directory::Disk]
            .into_iter()
            .try_for_each(|d| self.scan(d, ops))
    }

    /// Some domain has gone, or is about to: let go of what is no more.
    fn on_domains(&mut self) -> Result<(), Error> {
        while let Some(event) = self.domains.try_next() {
            event?;
        }
        let domains: Vec<u16> = self.guests.keys().copied().collect();
        for domain in domains {
            if self.store.is_introduced(domain)? {
                continue;
            }
            let served: Vec<Key> = self.of(domain).map(|(key, _)| key).collect();
            for key in served {
                if self.serving_one(key) {
                    log::info!("{}: its domain is gone", device_path(key));
                    self.detach(key);
                }
            }
        }
        Ok(())
    }

    /// Ends processes that do not let go of their devices, and says how long to wait for the next
    /// one, in milliseconds.
    fn expire(&mut self) -> i32 {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for ((domain, _), entry) in &mut self.devices {
            let Entry::Detaching(until) = entry else {
                continue;
            };
            if *until <= now
                && let Some(guest) = self.guests.get_mut(domain)
            {
                log::error!("domain {domain}: its process does not let go, and is killed");
                // Its end arrives as an event.
                guest.kill();
                *until = now + PATIENCE;
            }
            next = Some(next.map_or(*until, |next| next.min(*until)));
        }
        let wait = next.map(|next| next.saturating_duration_since(now).as_millis() + 1);
        wait.map_or(-1, |wait| i32::try_from(wait).unwrap_or(i32::MAX))
    }

    /// Ends all processes.
    fn stop(&mut self) {
        self.guests.values().for_each(GuestProcess::finish);
        for (domain, guest) in std::mem::take(&mut self.guests) {
            match guest.wait(PATIENCE) {
                Ok(status) if status.success() => {}
                Ok(status) => log::error!("domain {domain}: its process has ended: {status}"),
                Err(e) => log::error!("domain {domain}: its process was ended: {e}"),
            }
        }
    }

    fn handle(&mut self, token: Token, ops: &mut EventOps) -> Result<(), Error> {
        match token {
            Token::Devices(directory) => self.on_devices(directory, ops),
            Token::Domains => self.on_domains(),
            Token::Guest(domain) => self.on_guest(domain, ops),
            Token::Signal => {
                // What it was does not matter: both mean the same.
                let _ = self.signals.read(&mut [0; 16]);
                log::info!("stopping");
                self.outcome = Some(Ok(()));
                Ok(())
            }
        }
    }

    /// Guests are served on, but nothing comes or goes any more.
    fn on_lost_store(&mut self, error: &xen_store::Error, ops: &mut EventOps) {
        log::error!(
            "no devices come or go until the daemon is restarted: {}",
            chain(error)
        );
        for watch in [&self.virtio, &self.disks, &self.domains] {
            // Fails when it has been removed already.
            let _ = ops.remove(Events::empty(watch));
        }
    }

    fn register(&self, ops: &mut EventOps) -> event_manager::Result<()> {
        let mut add =
            |fd, token: Token| ops.add(Events::with_data_raw(fd, token.into(), EventSet::IN));
        add(self.signals.as_raw_fd(), Token::Signal)?;
        add(self.virtio.as_raw_fd(), Token::Devices(Directory::Virtio))?;
        add(self.disks.as_raw_fd(), Token::Devices(Directory::Disk))?;
        add(self.domains.as_raw_fd(), Token::Domains)
    }
}

impl MutEventSubscriber for Supervisor {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match self.handle(events.data().into(), ops) {
            Ok(()) => {}
            Err(Error::Store(e @ xen_store::Error::Lost { .. })) => self.on_lost_store(&e, ops),
            // One device's trouble is not another's.
            Err(Error::Store(e)) => log::error!("{}", chain(&e)),
            Err(e) => self.outcome = Some(Err(e)),
        }
    }

    fn init(&mut self, ops: &mut EventOps) {
        if let Err(e) = self.register(ops) {
            self.outcome = Some(Err(Error::Events(e)));
        }
    }
}
