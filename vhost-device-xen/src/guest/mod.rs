// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The process of one guest: its IOREQ server, its devices, and nothing of any other guest.

mod bus;
mod device;
mod host;
mod interrupts;
mod intx;
mod memory;
mod raiser;
mod record;
mod signal;
mod withdraw;

use std::cell::OnceCell;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use backends::block::{Disk, Options};
use backends::gpio;
use backends::i2c::{self, Adapter, HostBus, SimulatedBus};
use backends::ratelimit::Level;
use backends::rng::{Entropy, Source};
use backends::{Failing, log_limited, warn_limited};
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use vmm_sys_util::timerfd::TimerFd;
use xen_hypercall::DomId;
use xen_hypercall::dm_op::ServerId;
use xen_ioctls::{EventChannels, Grants, Privcmd};
use xen_ioreq::IoreqServer;
use xen_vm_memory::{GuestSpace, Policy};

use crate::channel::{Channel, Command, DeviceId, DeviceKind, DeviceSpec, Report};
use crate::config::{GrantPolicy, Memory};
use crate::confinement;
use crate::rings;
use crate::vhost_user::front::{self, Backend, Dialer};
use bus::Bus;
pub use device::chain;
use device::{GuestDevice, Server};
pub use interrupts::Interrupts;
pub use intx::INTA;
pub use memory::Space;
use raiser::Raiser;
use signal::Signal;

/// Where a simulated bus has a chip if nobody says: small EEPROMs are there.
const SIMULATED_CHIP: u8 = 0x50;

/// From when the guest has passed where virtio-mmio would have a device until it has looked at its PCI bus, at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many lines a simulated chip has.
const SIMULATED_LINES: u16 = 8;

/// What a guest process cannot do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel or Xen refused something.
    #[error(transparent)]
    Xen(xen_ioctls::Error),
    /// The IOREQ server.
    #[error(transparent)]
    Server(#[from] xen_ioreq::Error),
    /// The interrupt that the toolstack has chosen is none that can be raised.
    #[error("{signal} cannot be raised")]
    Interrupt {
        /// Which one.
        signal: Signal,
        /// Why.
        #[source]
        source: xen_ioctls::Error,
    },
    /// No descriptors left.
    #[error("cannot make an eventfd")]
    EventFd(#[source] io::Error),
    /// No threads left.
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
    /// The guest has set up rings that cannot be served.
    #[error(transparent)]
    Rings(#[from] rings::Error),
    /// The driver has started a device twice, or one that is lost.
    #[error("the device is not there to be started")]
    NotIdle,
    /// The device itself cannot be made.
    #[error("cannot make the device")]
    Device(#[source] backends::Error),
    /// A device lies where another one is.
    #[error("another device is {place}")]
    Overlap {
        /// Where it should have been.
        place: String,
    },
    /// A device that is to be given back was not taken away.
    #[error("the device is there")]
    NotGone,
    /// The guest would not find the device any more.
    #[error("its address, interrupt, place, use of grants, type or number of queues has changed")]
    Moved,
    /// A node cannot be shared with a backend.
    #[error("no descriptors left")]
    Node(#[source] io::Error),
    /// Another process serves the device.
    #[error("the device is another process's")]
    NotHere,
    /// The supervisor does not say how to begin, or says it again.
    #[error("the first command, and no other, says how to begin")]
    Unconfigured,
    /// The process has more rights than it should.
    #[error(transparent)]
    Confine(#[from] confinement::Error),
    /// The supervisor has forgotten the record.
    #[error("no record came with the device")]
    NoRecord,
    /// What is known of the device cannot be kept for the next process.
    #[error("cannot keep a record")]
    Record(#[source] io::Error),
    /// The rings are not there any more.
    #[error("the rings cannot be gone on with")]
    Resume(#[source] virtio_queue::Error),
    /// The supervisor has forgotten the node.
    #[error("no gntdev came with the device")]
    NoGrants,
    /// The supervisor cannot be understood or heard.
    #[error("the channel to the supervisor failed")]
    Channel(#[source] io::Error),
    /// Signals.
    #[error("cannot keep signals off")]
    Signals(#[source] io::Error),
    /// The event loop.
    #[error("cannot wait for events")]
    Events(#[source] event_manager::Error),
}

/// Serves `domain` until the supervisor says that it is over, or goes away.
///
/// # Errors
///
/// [`Error`] when the guest cannot be served at all.
pub fn run(domain: DomId) -> Result<(), Error> {
    // A guest that has found a mistake of ours can repeat it.
    std::panic::set_hook(Box::new(move |info| {
        let text = info.to_string().replace('\n', " ");
        log_limited!(Level::Error, "domain {domain}: {text}");
    }));
    // Ending is the supervisor's decision, which ends the channel; a service manager may signal
    // all processes at once.
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        signal_hook::flag::register(signal, Arc::default()).map_err(Error::Signals)?;
    }
    // What `ps` shows; its threads have names of their own.
    if let Ok(name) = CString::new(format!("vhost-xen:{domain}")) {
        // Fails never, and would not matter.
        let _ = rustix::thread::set_name(&name);
    }
    let stdin = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(Error::Channel)?;
    let channel = Channel::from(stdin);
    let first = channel.receive().map_err(Error::Channel)?;
    let Some((first, files)) = first else {
        return Err(Error::Unconfigured);
    };
    let (
        Command::Configure {
            uid,
            irqfd,
            memory,
            server,
        },
        Ok([_lock, privcmd, events, dialer]),
    ) = (first, <[OwnedFd; 4]>::try_from(files))
    else {
        return Err(Error::Unconfigured);
    };
    confinement::enter(uid)?;
    let privcmd = Privcmd::from(privcmd);
    let irqfd = irqfd && privcmd.has_irqfd();
    log::debug!("domain {domain}: irqfd: {irqfd}");
    let events = EventChannels::from(events);
    let server = IoreqServer::adopt(domain, ServerId(server), privcmd.clone(), events)?;
    let bus = Bus::new(server.ranges().clone())?;
    let guest = Guest {
        raiser: Raiser {
            domain,
            privcmd,
            irqfd,
            missing: OnceCell::new(),
        },
        memory,
        foreign: None,
        bus,
        patience: TimerFd::new().map_err(|e| Error::EventFd(e.into()))?,
        server,
        dialer: Dialer::new(Channel::from(dialer)),
        outcome: None,
        channel,
    };
    let mut events = EventManager::new().map_err(Error::Events)?;
    let id = events.add_subscriber(guest);
    loop {
        let guest = events.subscriber_mut(id).map_err(Error::Events)?;
        if let Some(outcome) = guest.outcome.take() {
            // Also after an error: another process may fare better.
            if !matches!(outcome, Ok(End::Gone)) {
                events.remove_subscriber(id).map_err(Error::Events)?.leave();
            }
            return outcome.map(drop);
        }
        events.run().map_err(Error::Events)?;
    }
}

/// What a readable descriptor means.
#[derive(Clone, Copy, Debug)]
enum Token {
    /// A vCPU waits.
    Ioreq,
    /// The supervisor has something to say.
    Channel,
    /// The guest has had the time to look at its bus.
    Patience,
}

/// How it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing is left.
    Gone,
    /// Another process goes on.
    Left,
}

/// A guest and its devices.
struct Guest {
    raiser: Raiser,
    memory: Memory,
    dialer: Dialer,
    /// Memory by guest-physical address, shared by all devices that use it.
    foreign: Option<GuestSpace>,
    bus: Bus,
    /// How long the guest may not look at its PCI bus.
    patience: TimerFd,
    /// After the devices: they go first.
    server: IoreqServer,
    /// Set when it is over.
    outcome: Option<Result<End, Error>>,
    /// Last: when the supervisor sees it closed, nothing of the guest is left here.
    channel: Channel,
}

impl Guest {
    fn on_ioreq(&mut self, ops: &mut EventOps) -> Result<Option<End>, Error> {
        // A guest looks at its bus once: what is to be there has to be there by then.
        while self.bus.awaits_pci() && self.channel.is_readable() {
            if let Some(end) = self.on_channel(ops)? {
                return Ok(Some(end));
            }
        }
        self.server.dispatch(&mut self.bus)?;
        if self.bus.take_sought()
            && let Err(e) = self.patience.reset(PATIENCE, None)
        {
            log::error!("domain {}: cannot set a timer: {e}", self.server.domain());
        }
        self.tell_ready()?;
        Ok(None)
    }

    fn on_patience(&mut self) {
        // Read, or it is readable for ever; fails when there is nothing.
        let _ = self.patience.wait();
        if !self.bus.is_pci_used() {
            warn_limited!(
                "domain {}: the guest does not look at its PCI bus, where its devices are: its xl.cfg has no \
                 device_tree = of vhost-device-xen, or its kernel lacks drivers",
                self.server.domain()
            );
        }
    }

    fn tell_ready(&mut self) -> Result<(), Error> {
        while let Some(device) = self.bus.take_ready() {
            self.report(&Report::DriverOk(device))?;
        }
        Ok(())
    }

    /// Carries out what the supervisor says; how it ends if there is nothing more to do.
    fn on_channel(&mut self, ops: &mut EventOps) -> Result<Option<End>, Error> {
        let Some((command, files)) = self.channel.receive().map_err(Error::Channel)? else {
            return Ok(Some(End::Left));
        };
        match command {
            Command::Configure { .. } => return Err(Error::Unconfigured),
            Command::Attach(spec) => {
                let device = spec.id;
                let report = match self.attach(spec, files) {
                    Ok(()) => Report::Attached(device),
                    Err(e) => Report::Refused {
                        device,
                        reason: chain(&e),
                    },
                };
                self.report(&report)?;
            }
            Command::Detach { device, last } => {
                let counters = self.detach(device);
                if last {
                    self.detach_all();
                }
                self.report(&Report::Detached { device, counters })?;
                return Ok(last.then_some(End::Gone));
            }
            Command::Resume => {
                self.listen(ops).map_err(Error::Events)?;
                self.server.dispatch_left(&mut self.bus)?;
                self.tell_ready()?;
            }
            Command::End => {
                self.detach_all();
                return Ok(Some(End::Gone));
            }
            Command::Stats(device) => {
                let stats = self.bus.get(device).and_then(|found| found.stats());
                self.report(&Report::Stats { device, stats })?;
            }
            Command::Withdraw(device) => {
                let counters = self.withdraw(device);
                self.report(&Report::Withdrawn { device, counters })?;
            }
            Command::Restore(spec) => {
                let device = spec.id;
                let error = self.restore(spec, files).err().map(|e| chain(&e));
                self.report(&Report::Restored { device, error })?;
            }
            Command::Look(device) => {
                if let Some(found) = self.bus.get(device) {
                    found.look();
                }
            }
        }
        Ok(None)
    }

    /// Hears vCPUs from now on.
    fn listen(&self, ops: &mut EventOps) -> event_manager::Result<()> {
        let token = Token::Ioreq as u32;
        ops.add(Events::with_data(&self.server, token, EventSet::IN))
    }

    /// Ends, and leaves all to another process: the IOREQ server, whose vCPUs wait, and what is written
    /// down of the devices.
    fn leave(mut self) {
        self.bus.leave();
    }

    fn attach(&mut self, spec: DeviceSpec, files: Vec<OwnedFd>) -> Result<(), Error> {
        let mut files = files.into_iter();
        let record = File::from(files.next().ok_or(Error::NoRecord)?);
        let spec = self.raiser.place(spec);
        self.bus.check_room(spec.location)?;
        let grants = match spec.grants {
            true => Some(Grants::from(files.next().ok_or(Error::NoGrants)?)),
            false => None,
        };
        let file = files.next().map(File::from);
        let device = self.server_of(&spec, grants.as_ref(), file)?;
        let space = self.space(grants);
        let device = GuestDevice::new(spec, device, record, space, &self.raiser)?;
        self.bus.insert(device)
    }

    /// Makes a device, or finds who serves it. A guest whose backend is not there gets a device
    /// that is none: its kernel would not survive it if nobody answered at all.
    fn server_of(
        &self,
        spec: &DeviceSpec,
        grants: Option<&Grants>,
        file: Option<File>,
    ) -> Result<Server, Error> {
        let DeviceKind::External(external) = &spec.kind else {
            return make(&spec.kind, file).map(Server::Here);
        };
        let backend = Backend {
            device: spec.id,
            external: external.clone(),
            dialer: self.dialer.clone(),
        };
        let found = match front::find(backend) {
            Ok(found) => found,
            Err(e) => {
                let (domain, path) = (self.server.domain(), external.socket.display());
                log::error!("domain {domain}: no backend at {path}: {}", chain(&e));
                return Ok(Server::Here(Box::new(Absent)));
            }
        };
        let node = grants.map_or_else(|| self.raiser.privcmd.as_fd(), Grants::as_fd);
        let node = node.try_clone_to_owned();
        Ok(Server::There(Box::new(found), node.map_err(Error::Node)?))
    }

    /// The guest's memory: by grants, of which each device has a node of its own, and so each worker;
    /// or by address.
    fn space(&mut self, grants: Option<Grants>) -> GuestSpace {
        let domain = self.server.domain();
        if let Some(node) = grants {
            let policy = match self.memory.grants {
                GrantPolicy::Auto => Policy::Auto,
                GrantPolicy::Map => Policy::Map,
                GrantPolicy::Copy => Policy::Copy,
            };
            return GuestSpace::grant_by(domain, node, policy);
        }
        let budget = usize::try_from(self.memory.foreign_mib).unwrap_or(usize::MAX);
        let budget = budget.saturating_mul(1 << 20);
        let space = self.foreign.get_or_insert_with(|| {
            GuestSpace::foreign_within(domain, self.raiser.privcmd.clone(), budget)
        });
        space.clone()
    }

    /// Ends a device and says what it has done. The guest's accesses go nowhere afterwards.
    fn detach(&mut self, id: DeviceId) -> String {
        let Some(device) = self.bus.remove(id) else {
            return String::new();
        };
        let (counters, space) = (device.counters(), device.space().clone());
        // Its last batch and its rings count, too.
        drop(device);
        let counters = format!("{counters} {}", space.usage());
        drop(space);
        if self.bus.is_empty() {
            self.foreign = None;
        }
        counters
    }

    /// Takes a device away, but for its registers, and says what it has done.
    fn withdraw(&mut self, id: DeviceId) -> String {
        let Some(device) = self.bus.get(id) else {
            return String::new();
        };
        device.withdraw();
        format!("{} {}", device.counters(), device.space().usage())
    }

    fn restore(&mut self, spec: DeviceSpec, files: Vec<OwnedFd>) -> Result<(), Error> {
        let mut files = files.into_iter();
        let spec = self.raiser.place(spec);
        let grants = match spec.grants {
            true => Some(Grants::from(files.next().ok_or(Error::NoGrants)?)),
            false => None,
        };
        let file = files.next().map(File::from);
        let server = self.server_of(&spec, grants.as_ref(), file)?;
        let id = spec.id;
        let device = self.bus.get(id).ok_or(Error::NotGone)?;
        let restored = device.restore(spec, server);
        self.bus.follow(id);
        restored
    }

    fn detach_all(&mut self) {
        while let Some(id) = self.bus.first() {
            self.detach(id);
        }
    }

    fn report(&self, report: &Report) -> Result<(), Error> {
        self.channel.send(report, &[]).map_err(Error::Channel)
    }
}

/// A device that is not there: drivers pass by one with the number 0.
struct Absent;

impl backends::Device for Absent {
    fn traits(&self) -> backends::Traits {
        backends::Traits {
            id: 0,
            features: 0,
            queues: 0,
            queue_size: 1,
        }
    }

    /// Without queues there is nothing to serve.
    fn serve(&mut self, _queue: u16, _request: backends::Request<'_>) {}
}

/// Makes a device of what the host has given for it. A disk without an image fails all requests: it was taken away.
///
/// # Errors
///
/// [`Error`] when what the file leads to is not what the device needs.
pub fn make(kind: &DeviceKind, file: Option<File>) -> Result<Box<dyn backends::Device>, Error> {
    match kind {
        DeviceKind::Rng { rate } => {
            let entropy = Entropy::new(file.map_or(Source::Kernel, Source::File));
            let entropy = match rate {
                Some(rate) => entropy.with_rate(*rate).map_err(Error::Device)?,
                None => entropy,
            };
            Ok(Box::new(entropy))
        }
        DeviceKind::Block {
            read_only,
            serial,
            options,
        } => {
            let options = Options {
                read_only: *read_only,
                serial: serial.clone(),
                write_through: options.write_through,
                direct: options.direct,
                block_size: options.block_size.map(|size| size.0),
                queues: options.queues.0,
                discard: options.discard,
                engine: options.engine.into(),
            };
            Ok(match file {
                Some(file) => Box::new(Disk::new(file, options).map_err(Error::Device)?),
                None => Box::new(Failing::new(Disk::traits_with(&options))),
            })
        }
        DeviceKind::I2c { addresses } => make_i2c(addresses.as_deref(), file),
        DeviceKind::Gpio { lines } => make_gpio(lines.clone(), file),
        DeviceKind::External(_) => Err(Error::NotHere),
    }
}

fn make_i2c(
    addresses: Option<&[u8]>,
    file: Option<File>,
) -> Result<Box<dyn backends::Device>, Error> {
    let bus: Box<dyn i2c::Bus> = match file {
        Some(file) => Box::new(HostBus::new(file).map_err(Error::Device)?),
        None => {
            let chips = addresses.unwrap_or(&[SIMULATED_CHIP]);
            Box::new(SimulatedBus::new(chips.iter().copied()))
        }
    };
    let addresses = addresses.map(|list| list.iter().copied().collect());
    let adapter = Adapter::new(bus, addresses).map_err(Error::Device)?;
    Ok(Box::new(adapter))
}

fn make_gpio(
    lines: Option<Vec<u32>>,
    file: Option<File>,
) -> Result<Box<dyn backends::Device>, Error> {
    let chip: Box<dyn gpio::Chip> = match file {
        Some(file) => Box::new(gpio::HostChip::new(file).map_err(Error::Device)?),
        None => Box::new(gpio::SimulatedChip::new(SIMULATED_LINES)),
    };
    let controller = gpio::Controller::new(chip, lines).map_err(Error::Device)?;
    Ok(Box::new(controller))
}

impl MutEventSubscriber for Guest {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        let done = match events.data() {
            token if token == Token::Ioreq as u32 => self.on_ioreq(ops),
            token if token == Token::Patience as u32 => {
                self.on_patience();
                Ok(None)
            }
            _ => self.on_channel(ops),
        };
        self.outcome = done.transpose();
    }

    fn init(&mut self, ops: &mut EventOps) {
        let watched = [
            (self.channel.as_raw_fd(), Token::Channel),
            (self.patience.as_raw_fd(), Token::Patience),
        ];
        for (fd, token) in watched {
            if let Err(e) = ops.add(Events::with_data_raw(fd, token as u32, EventSet::IN)) {
                self.outcome = Some(Err(Error::Events(e)));
            }
        }
    }
}
