// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One device of a guest: its registers, and the worker behind them.

use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use backends::{
    ConfigSpace, Counters, Device, InFlight, Interrupt, RING_FEATURES, Setup, Stopped, Traits,
    VirtQueue, Worker, warn_limited,
};
use virtio_bindings::virtio_config::{
    VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_RING_PACKED, VIRTIO_F_RING_RESET, VIRTIO_F_SR_IOV,
    VIRTIO_F_VERSION_1,
};
use virtio_bindings::virtio_ring::VIRTIO_RING_F_EVENT_IDX;
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};
use xen_hypercall::DomId;
use xen_vm_memory::{GuestSpace, Mode, Pin};

use super::Error;
use super::interrupts::Interrupts;
use super::memory::Space;
use super::raiser::Raiser;
use super::record::{Before, Record};
use super::signal::Signal;
use super::withdraw::Gone;
use crate::bridge;
use crate::channel::{DeviceId, DeviceSpec, Location};
use crate::confinement::Kind;
use crate::rings;
use crate::stats::Stats;
use crate::transport::pci::Function;
use crate::transport::pci::msix::Message;
use crate::transport::{Action, Common, MMIO_SIZE, QueueSetup, Signals, mmio};
use crate::vhost_user::front::{self, Found, Front};

/// Features that a transport would have to have something for: packed rings, and bits 37 to 41 (SR-IOV, data beside
/// notifications, queues that are reset, administration).
const OF_TRANSPORTS: u64 = 1 << VIRTIO_F_RING_PACKED | 0x1f << VIRTIO_F_SR_IOV;

/// A device that answers its guest.
#[derive(Debug)]
pub struct GuestDevice {
    pub(super) domain: DomId,
    pub(super) spec: DeviceSpec,
    pub(super) registers: Common,
    /// As which it is on the guest's PCI bus, if it is.
    pub(super) function: Option<Function>,
    pub(super) config: ConfigSpace,
    pub(super) signals: Arc<Signals>,
    pub(super) interrupts: Arc<Interrupts>,
    pub(super) space: GuestSpace,
    /// By queue.
    pub(super) kicks: Vec<Arc<EventFd>>,
    pub(super) counters: Arc<Counters>,
    pub(super) state: State,
    pub(super) record: Record,
    /// A driver has been ready at some time.
    pub(super) used: bool,
    /// Where accesses to its BAR come here from, on the guest's own PCI bus.
    pub(super) placed: Option<u64>,
}

/// Who serves a device.
pub enum Server {
    /// A worker of this process.
    Here(Box<dyn Device>),
    /// Another process, which reaches memory through this node.
    There(Box<Found>, OwnedFd),
}

/// What the registers tell the driver.
pub(super) struct Shape {
    pub(super) traits: Traits,
    pub(super) features: u64,
    pub(super) required: u64,
    pub(super) config: ConfigSpace,
    /// Bytes of its own that another process needs.
    pub(super) state: usize,
}

impl Server {
    pub(super) fn shape(&self, mode: Mode) -> Shape {
        match self {
            Self::Here(device) => {
                let traits = device.traits();
                Shape {
                    traits,
                    features: traits.features | RING_FEATURES | 1 << VIRTIO_F_RING_RESET,
                    required: required(mode) | device.required(),
                    config: device.config(),
                    state: device.state_len(),
                }
            }
            Self::There(found, _) => Shape {
                traits: found.traits,
                features: found.traits.features & !OF_TRANSPORTS | platform(mode),
                required: required(mode),
                config: ConfigSpace::new(&found.config),
                state: 0,
            },
        }
    }
}

/// What keeps a queue's rings mapped, by its number.
pub(super) type Pinned = (u16, [Pin; 3]);

/// A queue, and what the driver's notifications of it go to.
type Queue = (VirtQueue, EventFd);

/// Queues that are served.
pub(super) struct Rings {
    pub worker: Worker,
    pub pins: Vec<Pinned>,
}

/// What a guest accesses of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its registers by virtio-mmio.
    Mmio(u64),
    /// Its configuration space.
    Config(u16),
    /// Its BAR.
    Bar(u64),
}

pub(super) enum State {
    /// Served by another process.
    External(Front),
    /// Waiting for the driver.
    Idle(Box<dyn Device>),
    /// Being used.
    Running(Rings),
    /// The worker could not be started, and the device went with it.
    Lost,
    /// The operator has taken it away.
    Gone(Gone),
}

impl GuestDevice {
    /// Puts a device behind registers at the place that `spec` says. The guest finds it once the
    /// location is mapped. Where `record` has it, it goes on for the driver of a process that
    /// is no more.
    ///
    /// # Errors
    ///
    /// [`Error`] when the host lacks something.
    pub fn new(
        spec: DeviceSpec,
        device: Server,
        record: File,
        space: GuestSpace,
        raiser: &Raiser,
    ) -> Result<Self, Error> {
        let shape = device.shape(space.mode());
        let interrupts = Arc::new(raiser.interrupts(&spec, shape.traits.queues)?);
        let signals = interrupts.signals().clone();
        let has_pin = matches!(spec.location, Location::Pci { .. });
        let vectors = interrupts.vectors();
        let function = spec
            .location
            .slot()
            .map(|_| Function::new(shape.traits.id, vectors, has_pin, interrupts.clone()));
        let record = Record::new(record, shape.traits, shape.state);
        let (record, before) = record.map_err(Error::Record)?;
        let config = shape.config.clone();
        let kicks = (0..shape.traits.queues)
            .map(|_| kick())
            .collect::<Result<Vec<_>, _>>()?;
        let registers = Common::new(
            shape.traits,
            shape.features,
            shape.required,
            shape.config,
            signals.clone(),
        );
        let mut new = Self {
            domain: raiser.domain,
            spec,
            registers,
            function,
            config,
            signals,
            interrupts,
            space,
            kicks,
            counters: Arc::default(),
            state: State::Lost,
            record,
            used: false,
            placed: None,
        };
        new.state = new.idle(device)?;
        new.go_on(before)?;
        Ok(new)
    }

    /// A device that waits for its driver.
    pub(super) fn idle(&self, device: Server) -> Result<State, Error> {
        let (found, node) = match device {
            Server::Here(device) => return Ok(State::Idle(device)),
            Server::There(found, node) => (found, node),
        };
        self.signals.expect_queues();
        let guest = front::Guest {
            domain: self.domain,
            space: self.space.clone(),
            node,
            kicks: self.kicks.clone(),
            interrupts: self.interrupts.clone(),
        };
        let name = thread_name(self.domain, &self.spec);
        let front = Front::spawn(name, *found, guest);
        front.map(State::External).map_err(Error::Worker)
    }

    /// Takes the place of a process that is no more.
    fn go_on(&mut self, before: Before) -> Result<(), Error> {
        match before {
            Before::Nothing => return self.save(),
            Before::Told(told) => {
                self.config.write(0, &told.config);
                if let Some(function) = &mut self.function {
                    function.restore(&told.space, &told.table);
                }
                let action = self.registers.restore(told.registers, &told.queues);
                self.bind();
                self.act(action, true);
            }
            Before::Another => {
                log::error!(
                    "domain {}: {}: not the device any more that its driver knows",
                    self.domain,
                    self.name()
                );
                self.signals.broken();
                // It has a function at power-on, whose pin could not be lowered.
                if self.location().pin().is_none() {
                    self.interrupts.raise_all();
                }
                return Ok(());
            }
        }
        self.used = self.registers.is_driver_ok();
        if self.used {
            // What the driver was not told, it is told now, maybe once more.
            self.signals.queue();
            self.signals.config();
            self.interrupts.raise_all();
        }
        Ok(())
    }

    /// Writes down what the driver has told, for whoever comes after this process.
    pub(super) fn save(&self) -> Result<(), Error> {
        let function = self.function.as_ref().map(Function::state);
        let saved = self
            .record
            .save(self.registers.state(), function, &self.config);
        saved.map_err(Error::Record)
    }

    /// Which device this is.
    pub fn id(&self) -> DeviceId {
        self.spec.id
    }

    /// The guest-physical addresses of what the guest takes for registers of virtio-mmio, if there are such.
    pub fn registers(&self) -> Option<RangeInclusive<u64>> {
        let base = self.spec.location.base()?;
        Some(base..=base + (MMIO_SIZE - 1))
    }

    /// What the device has done so far.
    pub fn counters(&self) -> backends::Snapshot {
        self.counters.snapshot()
    }

    /// The same with what it has cost; not known of what another process serves.
    pub fn stats(&self) -> Option<Stats> {
        if let State::External(_) = &self.state {
            return None;
        }
        let is_ready = self.registers.is_driver_ok();
        Some(Stats::new(is_ready, &self.counters(), &self.space.usage()))
    }

    /// Has the device look at what may have changed outside.
    pub fn look(&mut self) {
        match &mut self.state {
            State::Idle(device) => device.look(),
            State::Running(rings) => rings.worker.look(),
            State::External(_) | State::Lost | State::Gone(_) => {}
        }
    }

    /// The guest's memory as the device sees it.
    pub fn space(&self) -> &GuestSpace {
        &self.space
    }

    /// Whether a driver has become ready for the first time since this was asked last. Once: a
    /// guest that resets its device in a loop is nobody's business but its own.
    pub fn take_first_use(&mut self) -> bool {
        !self.used && {
            self.used = self.registers.is_driver_ok();
            self.used
        }
    }

    /// Answers a read of the guest. Where the device is on the PCI bus, there is none in its place of
    /// virtio-mmio.
    pub fn read(&self, place: Place, size: u8) -> u64 {
        match (place, &self.function) {
            (Place::Mmio(offset), None) => mmio::read(&self.registers, offset, size),
            (Place::Mmio(offset), Some(_)) => mmio::read_none(offset, size),
            (Place::Config(offset), Some(function)) => {
                function.read_config(&self.registers, offset, size)
            }
            (Place::Bar(offset), Some(function)) => {
                function.read_bar(&self.registers, offset, size)
            }
            (Place::Config(_) | Place::Bar(_), None) => u64::MAX,
        }
    }

    /// Takes a write of the guest; returns what is to be [carried out](Self::carry_out) for it.
    #[must_use]
    pub fn write(&mut self, place: Place, size: u8, value: u64) -> Action {
        match (place, &mut self.function) {
            (Place::Mmio(offset), None) => mmio::write(&mut self.registers, offset, size, value),
            (Place::Config(offset), Some(function)) => {
                function.write_config(&mut self.registers, offset, size, value)
            }
            (Place::Bar(offset), Some(function)) => {
                function.write_bar(&mut self.registers, offset, size, value)
            }
            (Place::Mmio(_), Some(_)) | (Place::Config(_) | Place::Bar(_), None) => Action::None,
        }
    }

    /// Does what a write of the guest has asked for; if it is a notification, says for which queue: that is to be
    /// [attended to](Self::attend) when the vCPU runs.
    pub fn carry_out(&mut self, action: Action) -> Option<u16> {
        // Before anything is done: what the rings of a driver that is ready have in flight is part of it.
        let new = match &action {
            Action::Start { queues, .. } => queues.as_slice(),
            Action::StartQueue(queue) => std::slice::from_ref(queue),
            _ => &[],
        };
        for setup in new {
            self.record
                .in_flight(setup.index)
                .as_mut()
                .map(InFlight::clear);
        }
        let function = self.function.as_mut().map(Function::take_change);
        if self.registers.take_change() | function.unwrap_or(false)
            && let Err(e) = self.save()
        {
            warn_limited!("domain {}: {}: {}", self.domain, self.name(), chain(&e));
        }
        if function == Some(true) {
            self.bind();
        }
        self.act(action, false)
    }

    /// Has interrupts go where the driver wants them.
    pub(super) fn bind(&self) {
        let Some(function) = &self.function else {
            return;
        };
        self.interrupts.choose(self.registers.vectors());
        self.interrupts.set_pin(function.pin());
        for vector in 0..function.vectors() {
            let message = function.message(vector);
            let signal = message.and_then(|message| self.signal(message));
            if let (Some(message), None) = (message, signal) {
                warn_limited!(
                    "domain {}: {}: vector {vector}: a message of {} to {:#x} is no interrupt of the guest's",
                    self.domain,
                    self.name(),
                    message.data,
                    message.address
                );
            }
            if let Err(e) = self.interrupts.bind(vector, signal) {
                warn_limited!(
                    "domain {}: {}: vector {vector}: {}",
                    self.domain,
                    self.name(),
                    chain(&e)
                );
            }
        }
    }

    /// What a message of the function raises, if that is an interrupt.
    fn signal(&self, message: Message) -> Option<Signal> {
        match self.spec.location {
            Location::Pci { .. } => Some(Signal::Message(message)),
            Location::Bridge { .. } => bridge::interrupt(message).map(Signal::Spi),
            Location::Mmio(_) | Location::Acpi { .. } => None,
        }
    }

    /// Where the guest finds it.
    pub fn location(&self) -> Location {
        self.spec.location
    }

    /// Where it is on the guest's PCI bus, if it is there.
    pub fn slot(&self) -> Option<u8> {
        self.spec.location.slot()
    }

    /// Where its BAR begins, if it is on the PCI bus and the driver has placed it.
    pub fn bar(&self) -> Option<u64> {
        self.function.as_ref()?.bar()
    }

    /// Makes it a function that answers nowhere, if it is one.
    pub fn power_off(&mut self) {
        if let Some(function) = &mut self.function {
            function.power_on();
        }
    }

    /// Whether there is a device behind the registers.
    pub fn is_there(&self) -> bool {
        self.registers.is_there()
    }

    /// Does what registers ask for; for rings that were served before, if so.
    fn act(&mut self, action: Action, again: bool) -> Option<u16> {
        match action {
            Action::None => {}
            Action::Kick(queue) => return Some(queue),
            Action::Start { features, queues } => {
                if let Err(e) = self.start(features, &queues, again) {
                    warn_limited!("domain {}: {}: {}", self.domain, self.name(), chain(&e));
                    self.interrupts.broken();
                }
            }
            Action::Negotiated(features) => {
                if let State::Idle(device) = &mut self.state {
                    device.negotiated(features);
                }
            }
            Action::StartQueue(setup) => {
                if let Err(e) = self.start_queue(&setup) {
                    warn_limited!("domain {}: {}: {}", self.domain, self.name(), chain(&e));
                    self.interrupts.broken();
                }
            }
            Action::ResetQueue(queue) => self.reset_queue(queue),
            Action::Acknowledged => self.interrupts.acknowledged(),
            Action::Reset => self.stop(),
            Action::Broken => {
                warn_limited!(
                    "domain {}: {}: set up wrongly by its driver",
                    self.domain,
                    self.name()
                );
                self.interrupts.raise_config();
            }
        }
        None
    }

    /// The driver has notified a queue: serves it, or has it served.
    pub fn attend(&self, queue: u16) {
        if let State::Running(rings) = &self.state
            && rings.worker.attend(queue)
        {
            return;
        }
        if let Some(kick) = self.kicks.get(usize::from(queue))
            && let Err(e) = kick.write(1)
        {
            log::error!("domain {}: cannot pass on a kick: {e}", self.domain);
        }
    }

    /// Drops what is mapped of memory that has changed hands.
    pub fn invalidate(&self) {
        self.space.invalidate();
    }

    /// Ends the service when the requests under way have ended, and leaves what comes to another process.
    pub fn leave(&mut self) {
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Running(rings) => drop(rings.worker.stop()),
            State::External(front) => front.leave(),
            State::Idle(_) | State::Lost | State::Gone(_) => {}
        }
    }

    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.spec.id.directory.name(), self.spec.id.index)
    }

    fn start(&mut self, features: u64, setups: &[QueueSetup], again: bool) -> Result<(), Error> {
        if let State::External(front) = &self.state {
            front.start(features, setups.to_vec(), again);
            return Ok(());
        }
        // The rings first: where that fails the device stays as it is.
        let (mut pins, mut queues) = (Vec::new(), Vec::new());
        for setup in setups {
            let (pin, queue) = self.ring(setup, features, again)?;
            pins.push(pin);
            queues.push(queue);
        }
        let State::Idle(mut device) = std::mem::replace(&mut self.state, State::Lost) else {
            return Err(Error::NotIdle);
        };
        device.negotiated(features);
        if let Some(state) = self.record.saved_state() {
            if !again {
                state.clear();
            }
            device.keep_state(state);
        }
        let worker = self.work(device, queues).map_err(Error::Worker)?;
        self.state = State::Running(Rings { worker, pins });
        Ok(())
    }

    /// A ring that can be served, and what keeps it mapped.
    fn ring(
        &self,
        setup: &QueueSetup,
        features: u64,
        again: bool,
    ) -> Result<(Pinned, Queue), Error> {
        let pins = rings::pin(&self.space, setup)?;
        let event_idx = features & (1 << VIRTIO_RING_F_EVENT_IDX) != 0;
        let mut queue = VirtQueue::new(setup.index, rings::queue(setup, event_idx)?);
        match self.record.in_flight(setup.index) {
            Some(record) if again => {
                let space = Space(self.space.clone());
                queue.resume(record, &space).map_err(Error::Resume)?;
            }
            Some(record) => queue.record(record),
            None => {}
        }
        let kick = self.kicks[usize::from(setup.index)].try_clone();
        Ok(((setup.index, pins), (queue, kick.map_err(Error::EventFd)?)))
    }

    /// Has one more queue served.
    fn start_queue(&mut self, setup: &QueueSetup) -> Result<(), Error> {
        let (pin, queue) = self.ring(setup, self.registers.accepted_features(), false)?;
        self.change_queues(|_, pins, queues| {
            pins.push(pin);
            queues.push(queue);
        })
    }

    /// Lets go of one queue: afterwards nothing of it is touched or mapped.
    fn reset_queue(&mut self, index: u16) {
        let counters = Arc::clone(&self.counters);
        let changed = self.change_queues(|device, pins, queues| {
            device.reset_queue(index);
            for (queue, _) in queues.extract_if(.., |(queue, _)| queue.index() == index) {
                queue.abandon(&counters);
            }
            pins.retain(|(pinned, _)| *pinned != index);
        });
        if let Err(e) = changed {
            warn_limited!("domain {}: {}: {}", self.domain, self.name(), chain(&e));
            self.interrupts.broken();
        }
    }

    /// Has others be served of the queues than up to now.
    fn change_queues(
        &mut self,
        change: impl FnOnce(&mut dyn Device, &mut Vec<Pinned>, &mut Vec<Queue>),
    ) -> Result<(), Error> {
        let Rings { worker, mut pins } = match std::mem::replace(&mut self.state, State::Lost) {
            State::Running(rings) => rings,
            // Its driver was told to reset it, and has only that left.
            State::Gone(gone) => {
                self.state = State::Gone(Gone {
                    rings: None,
                    ..gone
                });
                return Ok(());
            }
            other => {
                self.state = other;
                return Ok(());
            }
        };
        let Stopped {
            mut device,
            mut queues,
        } = worker.stop();
        change(device.as_mut(), &mut pins, &mut queues);
        let worker = self.work(device, queues).map_err(Error::Worker)?;
        self.state = State::Running(Rings { worker, pins });
        Ok(())
    }

    /// Starts a thread that has `device` serve these queues, and may do nothing else.
    pub(super) fn work(
        &self,
        device: Box<dyn Device>,
        queues: Vec<(VirtQueue, EventFd)>,
    ) -> io::Result<Worker> {
        let setup = Setup {
            space: Space(self.space.clone()),
            device,
            queues,
            interrupt: self.interrupts.clone(),
            counters: self.counters.clone(),
        };
        let name = thread_name(self.domain, &self.spec);
        Worker::spawn_in(name, setup, || Kind::Worker.is_entered())
    }

    /// Stops the worker: afterwards nothing of the guest is touched or mapped.
    fn stop(&mut self) {
        if let State::External(front) = &self.state {
            front.stop();
        }
        self.state = match std::mem::replace(&mut self.state, State::Lost) {
            State::Running(Rings { worker, pins }) => {
                let stopped = worker.stop();
                drop(stopped.queues);
                drop(pins);
                let mut device = stopped.device;
                device.reset();
                State::Idle(device)
            }
            State::Gone(gone) => self.let_go(gone),
            other => other,
        };
        self.counters.abandon();
        // What the worker has signalled to the end is not for the driver that comes now.
        self.signals.clear();
        self.interrupts.clear();
    }
}

/// `rng:3/0`: what, for whom, which; at most 15 bytes.
fn thread_name(domain: DomId, spec: &DeviceSpec) -> String {
    let mut name = format!("{}:{domain}/{}", spec.kind.name(), spec.id.index);
    name.truncate(15);
    name
}

/// What a driver's notifications go to.
pub(super) fn kick() -> Result<Arc<EventFd>, Error> {
    let kick = EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC);
    kick.map(Arc::new).map_err(Error::EventFd)
}

/// What is between a driver and its front end.
fn platform(mode: Mode) -> u64 {
    match mode {
        Mode::Grant => 1 << VIRTIO_F_ACCESS_PLATFORM,
        Mode::Foreign => 0,
    }
}

/// What a driver must accept to be able to work.
fn required(mode: Mode) -> u64 {
    let version = 1 << VIRTIO_F_VERSION_1;
    match mode {
        // Without it the driver hands out guest-physical addresses.
        Mode::Grant => version | 1 << VIRTIO_F_ACCESS_PLATFORM,
        Mode::Foreign => version,
    }
}

/// An error with its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::External(_) => "External",
            Self::Idle(_) => "Idle",
            Self::Running { .. } => "Running",
            Self::Lost => "Lost",
            Self::Gone(_) => "Gone",
        })
    }
}
