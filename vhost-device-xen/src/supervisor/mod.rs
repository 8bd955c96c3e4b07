// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The supervisor: finds devices in XenStore, and has a process per guest serve them.
//!
//! It touches no guest itself. What it knows of a device is in the device's [`Entry`]; each event
//! makes it compare that with what XenStore says now, so events may be merged, late or spurious.

mod clients;
mod control;
mod details;
mod guests;
mod handover;
mod keys;
mod process;
pub mod rules;
mod spec;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use vmm_sys_util::timerfd::TimerFd;
use xen_store::{Client, Store, Watch, WatchEvent};

use crate::channel::{Command, DeviceId, DeviceSpec, Directory};
use crate::config::Config;
use crate::confinement;
use crate::guest::chain;
use clients::Clients;
use details::{Details, What, Wish};
use guests::Ending;
use handover::GuestState;
use keys::{Key, device_path, directory_path, numbers, state};
use process::{GuestProcess, Kept};
pub use rules::{adapter, chip};
pub use spec::{Error as SpecError, image, open};

/// Locked by the one daemon that runs.
const LOCK: &str = "/run/vhost-device-xen.lock";

/// How often a guest is looked at whose process is another daemon's.
const AGAIN: Duration = Duration::from_millis(100);

/// How long a guest process may take to let a device go. libxl waits for 10 seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
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
    /// Two daemons would take each other's devices.
    #[error("another daemon is running: {path} is locked")]
    Running {
        /// What it has locked.
        path: &'static str,
    },
    /// The lock file.
    #[error("cannot lock {path}")]
    Lock {
        /// The file.
        path: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The control socket.
    #[error("cannot listen at {}", path.display())]
    Control {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The root directory of guests' processes.
    #[error("{} has to be an empty directory", confinement::EMPTY)]
    Root(#[source] io::Error),
    /// Signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// No descriptors left.
    #[error("cannot make a timer")]
    Timer(#[source] io::Error),
    /// The event loop.
    #[error("cannot wait for events")]
    Events(#[source] event_manager::Error),
}

/// Serves all guests until SIGTERM or SIGINT, as `file` says, and listens to clients at `socket`.
///
/// # Errors
///
/// [`Error`] when there is nothing to serve them with.
pub fn run(file: Option<PathBuf>, socket: &Path) -> Result<(), Error> {
    let config = Config::load(file.as_deref())?;
    xen_ioctls::Privcmd::open().map_err(Error::NoXen)?;
    let _lock = lock()?;
    confinement::make_root().map_err(Error::Root)?;
    let store = Client::open()?;
    // Nobody else's backend directory may be written.
    let domain = store.read_parsed("domid")?.unwrap_or(0);
    if domain != 0 {
        return Err(Error::NotControlDomain { domain });
    }
    let clients = Clients::new(socket).map_err(|source| Error::Control {
        path: socket.to_owned(),
        source,
    })?;
    handover::sweep(&store);
    let supervisor = Supervisor::new(store, config, file, clients)?;
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

/// Makes this the only daemon, for as long as the file is open.
fn lock() -> Result<File, Error> {
    let file = File::create(LOCK).map_err(|source| Error::Lock { path: LOCK, source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Running { path: LOCK }),
        Err(TryLockError::Error(source)) => Err(Error::Lock { path: LOCK, source }),
    }
}

/// What the toolstack says of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announcement {
    /// There is no such device.
    None,
    /// It is to be served.
    Wanted,
    /// It is to be served, and its driver is ready.
    Used,
    /// It is to be let go.
    Unwanted,
    /// It is not served, and was told so.
    Closed,
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
    /// The daemon is to end.
    Signal,
    /// The configuration is to be read again.
    Reload,
    /// A guest process may have ended.
    Child,
    /// A client has come.
    Control,
    /// Some client has waited for long.
    Patience,
    Client(u16),
    /// Another daemon's process may have ended.
    Again,
    Devices(Directory),
    Domains,
    Guest(u16),
    /// A guest process wants a connection.
    Dial(u16),
}

/// Added to a domain: what it [dials](Token::Dial).
const DIAL: u32 = 0x2_0000;
/// The token of a client is its number above this.
const CLIENT: u32 = 0x4_0000;

impl From<Token> for u32 {
    fn from(token: Token) -> Self {
        match token {
            Token::Guest(domain) => domain.into(),
            Token::Dial(domain) => DIAL | u32::from(domain),
            Token::Signal => 0x1_0000,
            Token::Devices(Directory::Virtio) => 0x1_0001,
            Token::Devices(Directory::Disk) => 0x1_0002,
            Token::Domains => 0x1_0003,
            Token::Child => 0x1_0004,
            Token::Reload => 0x1_0008,
            Token::Control => 0x1_0006,
            Token::Patience => 0x1_0007,
            Token::Client(number) => CLIENT | u32::from(number),
            Token::Again => 0x1_0005,
        }
    }
}

impl From<u32> for Token {
    fn from(data: u32) -> Self {
        if let Some(Ok(domain)) = data.checked_sub(DIAL).map(u16::try_from) {
            return Self::Dial(domain);
        }
        if let Some(Ok(number)) = data.checked_sub(CLIENT).map(u16::try_from) {
            return Self::Client(number);
        }
        match (u16::try_from(data), data) {
            (Ok(domain), _) => Self::Guest(domain),
            (_, 0x1_0001) => Self::Devices(Directory::Virtio),
            (_, 0x1_0002) => Self::Devices(Directory::Disk),
            (_, 0x1_0003) => Self::Domains,
            (_, 0x1_0004) => Self::Child,
            (_, 0x1_0008) => Self::Reload,
            (_, 0x1_0006) => Self::Control,
            (_, 0x1_0007) => Self::Patience,
            (_, 0x1_0005) => Self::Again,
            _ => Self::Signal,
        }
    }
}

struct Supervisor {
    config: Config,
    /// Where it is from.
    config_file: Option<PathBuf>,
    store: Client,
    virtio: Watch,
    disks: Watch,
    domains: Watch,
    signals: UnixStream,
    reloads: UnixStream,
    children: UnixStream,
    clients: Clients,
    devices: BTreeMap<Key, Entry>,
    details: BTreeMap<Key, Details>,
    guests: BTreeMap<u16, GuestProcess>,
    /// Processes that have nothing more to say, and have to be gone before their guests get
    /// another one.
    ending: Vec<Ending>,
    /// Guests that wait for a process, and have had one.
    waiting: BTreeMap<u16, GuestState>,
    /// Why guests wait.
    why: BTreeMap<u16, String>,
    /// When to look at all devices again.
    again: TimerFd,
    /// Set when it is over.
    outcome: Option<Result<(), Error>>,
}

/// Forgets how often a signal has come.
fn drain(mut signals: &UnixStream) {
    while matches!(signals.read(&mut [0; 64]), Ok(1..)) {}
}

/// One device's trouble is logged, and is not another's; a lost XenStore is everybody's.
fn confine<T>(key: Key, outcome: Result<T, Error>) -> Result<(), Error> {
    match outcome.map(drop) {
        Err(Error::Store(e)) if !matches!(e, xen_store::Error::Lost { .. }) => {
            log::error!("{}: {}", device_path(key), chain(&e));
            Ok(())
        }
        other => other,
    }
}

/// A descriptor that is readable when one of the signals has come.
///
/// # Errors
///
/// When there are no descriptors left.
pub fn signals(numbers: &[libc::c_int]) -> io::Result<UnixStream> {
    let (read_end, write_end) = UnixStream::pair()?;
    read_end.set_nonblocking(true)?;
    for number in numbers {
        signal_hook::low_level::pipe::register(*number, write_end.try_clone()?)?;
    }
    Ok(read_end)
}

impl Supervisor {
    fn new(
        store: Client,
        config: Config,
        config_file: Option<PathBuf>,
        clients: Clients,
    ) -> Result<Self, Error> {
        Ok(Self {
            config,
            config_file,
            virtio: store.watch(&directory_path(Directory::Virtio))?,
            disks: store.watch(&directory_path(Directory::Disk))?,
            domains: store.watch("@releaseDomain")?,
            store,
            signals: signals(&[libc::SIGTERM, libc::SIGINT]).map_err(Error::Signals)?,
            reloads: signals(&[libc::SIGHUP]).map_err(Error::Signals)?,
            children: signals(&[libc::SIGCHLD]).map_err(Error::Signals)?,
            clients,
            devices: BTreeMap::new(),
            details: BTreeMap::new(),
            guests: BTreeMap::new(),
            ending: Vec::new(),
            waiting: BTreeMap::new(),
            why: BTreeMap::new(),
            again: TimerFd::new().map_err(|e| Error::Timer(e.into()))?,
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
                        let key = (domain, DeviceId { directory, index });
                        confine(key, self.reconcile(key, ops))?;
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
        let domains = self.store.directory(&top)?.unwrap_or_default();
        for domain in domains.iter().filter_map(|domain| domain.parse().ok()) {
            keys.extend(self.announced(directory, domain)?);
        }
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .try_for_each(|key| self.reconcile(key, ops))
    }

    /// The devices of a guest that have keys in a directory.
    fn announced(&self, directory: Directory, domain: u16) -> Result<Vec<Key>, xen_store::Error> {
        let path = format!("{}/{domain}", directory_path(directory));
        let devices = self.store.directory(&path)?.unwrap_or_default();
        let indexes = devices.iter().filter_map(|index| index.parse().ok());
        Ok(indexes
            .map(|index| (domain, DeviceId { directory, index }))
            .collect())
    }

    fn scan_all(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        [Directory::Virtio, Directory::Disk]
            .into_iter()
            .try_for_each(|directory| self.scan(directory, ops))
    }

    /// What the toolstack says of a device now.
    fn announcement(&self, key: Key) -> Result<Announcement, xen_store::Error> {
        let path = device_path(key);
        let state = self.store.read_string(&format!("{path}/state"))?;
        let online = self.store.read_string(&format!("{path}/online"))?;
        let state = state.map(|state| state.parse().unwrap_or(state::UNKNOWN));
        Ok(match state {
            None => Announcement::None,
            Some(state::CLOSED) => Announcement::Closed,
            Some(state::CLOSING) => Announcement::Unwanted,
            Some(_) if online.as_deref() == Some("0") => Announcement::Unwanted,
            Some(state::CONNECTED) => Announcement::Used,
            Some(_) => Announcement::Wanted,
        })
    }

    /// Compares one device with its keys, and does what follows.
    fn reconcile(&mut self, key: Key, ops: &mut EventOps) -> Result<(), Error> {
        match (self.announcement(key)?, self.devices.get(&key)) {
            (Announcement::None, Some(_)) => self.forget(key)?,
            (Announcement::Unwanted, _) => self.close(key)?,
            (Announcement::Used, None) if !self.has_past(key.0) => self.refuse(
                key,
                "its driver was served by a daemon that has left nothing: restart the guest",
            ),
            (Announcement::Used | Announcement::Wanted, None | Some(Entry::Closed)) => {
                self.attach(key, ops);
            }
            _ => {}
        }
        Ok(())
    }

    fn attach(&mut self, key: Key, ops: &mut EventOps) {
        let (domain, _) = key;
        // A process that is on its way out takes nothing new: its end brings us back here.
        if self.is_ending(domain) {
            return;
        }
        // What there is is handed over as a whole.
        if !self.guests.contains_key(&domain) {
            let has_past = self.has_past(domain);
            match self.start(domain, ops) {
                Ok(_) => {}
                Err(e) if has_past => self.put_off(domain, &format!("no process for it: {e}")),
                Err(e) => self.refuse(key, &format!("no process for the guest: {e}")),
            }
            return;
        }
        if let Some((spec, file)) = self.found(key) {
            self.send(key, spec, file.as_ref(), true);
        }
    }

    /// Whether a process has served the guest before.
    fn has_past(&self, domain: u16) -> bool {
        self.waiting.contains_key(&domain) || GuestState::is_there(&self.store, domain)
    }

    /// What is to be served; if that cannot be said, the device is refused.
    fn found(&mut self, key: Key) -> Option<(DeviceSpec, Option<File>)> {
        let found = self.read(key);
        found.inspect_err(|e| self.refuse(key, &chain(e))).ok()
    }

    /// What a device's keys and the configuration say now, and the file behind it.
    fn read(&self, key: Key) -> Result<(DeviceSpec, Option<File>), SpecError> {
        spec::read(&self.store, &device_path(key), key, &self.config)
    }

    /// Hands a device to the process of its guest: one that it goes on with, or a new one.
    fn send(&mut self, key: Key, spec: DeviceSpec, file: Option<&File>, is_new: bool) {
        let (domain, _) = key;
        let Some(guest) = self.guests.get_mut(&domain) else {
            return;
        };
        let what = Some(What::new(&spec, file));
        let mut details = Details::find(&self.store, key, what);
        // What the operator has taken away does not come back with another process.
        let before = self.details.get(&key).map(|details| details.wish);
        let is_away = matches!(before, Some(Wish::Away | Wish::Gone));
        let mut sent = guest.attach(spec, file, is_new);
        if is_away {
            let withdrawn = |()| guest.send(&Command::Withdraw(key.1)).map_err(Kept::Silent);
            sent = sent.and_then(withdrawn);
            details.wish = Wish::Away;
        }
        self.details.insert(key, details);
        match sent {
            Ok(()) => {}
            Err(kept @ Kept::Lacks(_)) => {
                self.refuse(key, &kept.to_string());
                return self.finish_unused(domain);
            }
            // It has ended, or it hangs and has to: its end says so of all its devices.
            Err(Kept::Silent(e)) => {
                log::debug!("domain {domain}: cannot reach its process: {e}");
                guest.kill();
            }
        }
        self.devices.insert(key, Entry::Attaching);
    }

    /// Looks at all devices, soon.
    fn look_again(&mut self) {
        if let Err(e) = self.again.reset(AGAIN, None) {
            log::error!("cannot set a timer: {e}");
        }
    }

    fn refuse(&mut self, key: Key, reason: &str) {
        let details = self.details(key);
        details.reason = Some(reason.to_owned());
        details.wish = Wish::None;
        log::error!("{}: not served: {reason}", self.who(key));
        self.devices.insert(key, Entry::Refused);
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
            Some(Entry::Attaching | Entry::Attached) => self.detach(key),
            Some(Entry::Detaching(_)) => Ok(()),
            // There is nothing to wait for.
            Some(Entry::Refused | Entry::Closed) | None => self.closed(key),
        }
    }

    /// Tells the toolstack that nothing is left of a device.
    fn closed(&mut self, key: Key) -> Result<(), Error> {
        self.devices.insert(key, Entry::Closed);
        if !self.set_state(key, state::CLOSED)? {
            self.devices.remove(&key);
        }
        Ok(())
    }

    /// The keys of a device are gone.
    fn forget(&mut self, key: Key) -> Result<(), Error> {
        match self.devices.get(&key) {
            Some(Entry::Attaching | Entry::Attached) => self.detach(key),
            Some(Entry::Detaching(_)) => Ok(()),
            Some(Entry::Refused | Entry::Closed) | None => {
                self.devices.remove(&key);
                Ok(())
            }
        }
    }

    fn is_served(&self, key: Key) -> bool {
        matches!(
            self.devices.get(&key),
            Some(Entry::Attaching | Entry::Attached)
        )
    }

    /// Moves a device on, unless the toolstack wants it closed; says whether its keys are there.
    fn set_state(&self, key: Key, new: u32) -> Result<bool, Error> {
        let path = format!("{}/state", device_path(key));
        let is_there = self.store.transaction(|store| {
            let Some(old) = store.read_string(&path)? else {
                return Ok(false);
            };
            let old = old.parse().unwrap_or(state::UNKNOWN);
            // Never back: a device that another process goes on with is connected already.
            if old < new && (new == state::CLOSED || old < state::CLOSING) {
                store.write(&path, new.to_string())?;
            }
            Ok::<_, xen_store::Error>(true)
        });
        Ok(is_there?)
    }

    /// Some domain has gone, or is about to: let go of what is no more.
    fn on_domains(&mut self) -> Result<(), Error> {
        while let Some(event) = self.domains.try_next() {
            event?;
        }
        handover::sweep(&self.store);
        let gone = |domain: &u16| matches!(self.store.is_introduced(*domain), Ok(false));
        let left: Vec<u16> = self.waiting.keys().copied().filter(gone).collect();
        for domain in left {
            self.why.remove(&domain);
            if let Some(state) = self.waiting.remove(&domain) {
                state.remove();
            }
        }
        let domains: Vec<u16> = self.guests.keys().copied().collect();
        for domain in domains {
            if self.store.is_introduced(domain)? {
                continue;
            }
            let served: Vec<Key> = self.of(domain).map(|(key, _)| key).collect();
            for key in served {
                if self.is_served(key) {
                    log::info!("{}: its domain is gone", self.who(key));
                    self.detach(key)?;
                }
            }
        }
        Ok(())
    }

    fn handle(&mut self, token: Token, ops: &mut EventOps) -> Result<(), Error> {
        match token {
            Token::Devices(directory) => self.on_devices(directory, ops),
            Token::Domains => self.on_domains(),
            Token::Guest(domain) => self.on_guest(domain, ops),
            Token::Reload => {
                drain(&self.reloads);
                self.reload(ops)
            }
            Token::Control => {
                self.clients.accept(ops);
                Ok(())
            }
            // What they want is looked at after every event.
            Token::Client(number) => {
                self.clients.wake(number, ops);
                Ok(())
            }
            Token::Patience => Ok(()),
            Token::Dial(domain) => {
                self.on_dial(domain, ops);
                Ok(())
            }
            Token::Child => {
                drain(&self.children);
                self.reap(ops)
            }
            Token::Again => {
                // Read, or it is readable for ever; fails when there is nothing.
                let _ = self.again.wait();
                self.scan_all(ops)
            }
            Token::Signal => {
                drain(&self.signals);
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
        add(self.reloads.as_raw_fd(), Token::Reload)?;
        add(self.children.as_raw_fd(), Token::Child)?;
        add(self.again.as_raw_fd(), Token::Again)?;
        add(self.virtio.as_raw_fd(), Token::Devices(Directory::Virtio))?;
        add(self.disks.as_raw_fd(), Token::Devices(Directory::Disk))?;
        add(self.domains.as_raw_fd(), Token::Domains)?;
        self.clients.register(ops)
    }
}

impl MutEventSubscriber for Supervisor {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        let handled = self.handle(events.data().into(), ops);
        match handled.and_then(|()| self.serve_clients(ops)) {
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
