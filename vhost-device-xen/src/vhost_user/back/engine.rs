// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A device, its rings, and the worker that serves those of them that are on.
//!
//! Front ends switch rings on and off one by one. Each change stops the worker, and starts one
//! for the rings that are on then; rings keep their state meanwhile.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use backends::{
    ConfigSpace, Counters, Device, RING_FEATURES, Setup, Stopped, Traits, VirtQueue, Worker,
};
use virtio_bindings::virtio_config::VIRTIO_F_ACCESS_PLATFORM;
use virtio_bindings::virtio_ring::VIRTIO_RING_F_EVENT_IDX;
use virtio_queue::{Queue, QueueT};
use vm_memory::GuestAddressSpace;
use vmm_sys_util::eventfd::EventFd;
use xen_vm_memory::Pin;

use super::calls::Calls;
use super::memory::{self, Memory, Table};
use crate::guest::Space;
use crate::rings;
use crate::transport::QueueSetup;

/// What a front end cannot have.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The device has fewer rings.
    #[error("there is no ring {index}")]
    NoRing {
        /// Its number.
        index: u32,
    },
    /// The ring is being served.
    #[error("ring {index} is on")]
    On {
        /// Its number.
        index: u32,
    },
    /// A size or an index beyond 16 bits.
    #[error("{number} is too much for a ring")]
    Number {
        /// The number.
        number: u32,
    },
    /// The driver has accepted what was not offered.
    #[error("the features {features:#x} were not offered")]
    Features {
        /// Those that were not.
        features: u64,
    },
    /// A ring that cannot be served.
    #[error(transparent)]
    Rings(#[from] rings::Error),
    /// A ring where no memory is.
    #[error("ring {index} is not in memory")]
    NotInMemory {
        /// Its number.
        index: u32,
    },
    /// The used index of a ring cannot be read.
    #[error("cannot read ring {index}")]
    Unreadable {
        /// Its number.
        index: u32,
        /// Why.
        #[source]
        source: virtio_queue::Error,
    },
    /// The memory.
    #[error(transparent)]
    Memory(#[from] memory::Error),
    /// A descriptor that is no eventfd.
    #[error("cannot use a descriptor")]
    Descriptor(#[source] io::Error),
    /// No threads or descriptors left.
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
    /// The worker could not be started once, and the device went with it.
    #[error("the device is lost")]
    Lost,
}

/// A ring as the front end has described it.
#[derive(Debug, Default)]
struct Ring {
    size: u16,
    /// Addresses of the front end's.
    desc: u64,
    avail: u64,
    used: u64,
    base: u16,
    kick: Option<EventFd>,
    is_enabled: bool,
    /// Between a kick descriptor and a question for the base.
    is_started: bool,
    /// What was served of it, while no worker has it. Also after it was stopped: a front end
    /// that goes on where it has stopped finds the requests that the device keeps.
    queue: Option<VirtQueue>,
}

enum State {
    Idle(Box<dyn Device>),
    Running { worker: Worker, _pins: Vec<Pin> },
    Lost,
}

/// A device with its rings.
#[derive(Debug)]
pub struct Engine {
    /// What the worker's thread is called.
    name: String,
    traits: Traits,
    config: ConfigSpace,
    state: State,
    features: u64,
    rings: Vec<Ring>,
    table: Table,
    calls: Arc<Calls>,
    counters: Arc<Counters>,
    /// Rings begin at their used index: what is behind it was lost by another process.
    begins_at_used: bool,
}

impl Engine {
    /// A device that nobody uses yet.
    pub fn new(name: String, device: Box<dyn Device>) -> Self {
        let traits = device.traits();
        Self {
            name,
            traits,
            config: device.config(),
            state: State::Idle(device),
            features: 0,
            rings: rings_of(traits),
            table: Table::default(),
            calls: Arc::new(Calls::new(traits.queues)),
            counters: Arc::default(),
            begins_at_used: false,
        }
    }

    /// Features to offer. How the driver's addresses become the front end's is the front end's
    /// business: `ACCESS_PLATFORM` is not among them.
    pub fn offered(&self) -> u64 {
        (self.traits.features | RING_FEATURES) & !(1 << VIRTIO_F_ACCESS_PLATFORM)
    }

    /// How many rings there are.
    pub fn rings(&self) -> u16 {
        self.traits.queues
    }

    /// The configuration space.
    pub fn config(&self) -> &ConfigSpace {
        &self.config
    }

    /// The eventfds of the rings.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// What was done so far.
    pub fn counters(&self) -> backends::Snapshot {
        self.counters.snapshot()
    }

    /// Has rings begin where their used index is.
    pub fn begin_at_used(&mut self) {
        self.begins_at_used = true;
    }

    /// What the driver has accepted.
    ///
    /// # Errors
    ///
    /// [`Error::Features`], or [`Error::On`] if that would change while a ring is served.
    pub fn set_features(&mut self, features: u64) -> Result<(), Error> {
        let strange = features & !self.offered();
        if strange != 0 {
            return Err(Error::Features { features: strange });
        }
        let started = self.rings.iter().position(|ring| ring.is_started);
        if let Some(index) = started.filter(|_| features != self.features) {
            return Err(Error::On {
                index: u32::try_from(index).unwrap_or(u32::MAX),
            });
        }
        self.features = features;
        if let State::Idle(device) = &mut self.state {
            device.negotiated(features);
        }
        Ok(())
    }

    /// Sets how many descriptors a ring has.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn set_size(&mut self, index: u32, size: u32) -> Result<(), Error> {
        let size = u16::try_from(size).map_err(|_source| Error::Number { number: size });
        self.stopped(index)?.size = size?;
        Ok(())
    }

    /// Sets where the front end has descriptors, available and used ring.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn set_addresses(
        &mut self,
        index: u32,
        [desc, avail, used]: [u64; 3],
    ) -> Result<(), Error> {
        let ring = self.stopped(index)?;
        (ring.desc, ring.avail, ring.used) = (desc, avail, used);
        Ok(())
    }

    /// Sets which available buffer comes next.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn set_base(&mut self, index: u32, base: u32) -> Result<(), Error> {
        let base = u16::try_from(base).map_err(|_source| Error::Number { number: base });
        self.stopped(index)?.base = base?;
        Ok(())
    }

    /// Switches a ring off, and says which available buffer comes next.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn take_base(&mut self, index: u32) -> Result<u16, Error> {
        self.ring(index)?;
        self.pause();
        let ring = self.ring(index)?;
        if let Some(queue) = ring.queue.as_ref().filter(|_| ring.is_started) {
            ring.base = queue.queue().next_avail();
        }
        ring.is_started = false;
        ring.kick = None;
        let base = ring.base;
        self.resume()?;
        Ok(base)
    }

    /// Gives a ring the eventfd that its driver writes to, and switches it on.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be served.
    pub fn start(&mut self, index: u32, kick: EventFd) -> Result<(), Error> {
        self.ring(index)?;
        self.pause();
        if !self.ring(index)?.is_started {
            self.prepare(index)?;
        }
        let ring = self.ring(index)?;
        ring.kick = Some(kick);
        ring.is_started = true;
        self.resume()
    }

    /// Has a ring that is on be served, or not.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn enable(&mut self, index: u32, is_enabled: bool) -> Result<(), Error> {
        self.ring(index)?;
        self.pause();
        self.ring(index)?.is_enabled = is_enabled;
        self.resume()
    }

    /// Has all rings be served, without being asked.
    pub fn enable_all(&mut self) {
        self.rings
            .iter_mut()
            .for_each(|ring| ring.is_enabled = true);
    }

    /// Changes the memory while nobody uses it.
    ///
    /// # Errors
    ///
    /// [`Error`]. Nothing is served then before the next change.
    pub fn change_memory<F>(&mut self, change: F) -> Result<(), Error>
    where
        F: FnOnce(&mut Table) -> Result<(), memory::Error>,
    {
        self.pause();
        change(&mut self.table)?;
        self.resume()
    }

    /// Makes the device and its rings what they were at first. The memory stays.
    pub fn reset(&mut self) {
        self.pause();
        if let State::Idle(device) = &mut self.state {
            device.reset();
        }
        self.rings = rings_of(self.traits);
        self.calls.clear();
        self.features = 0;
        self.begins_at_used = false;
    }

    /// Forgets the front end.
    pub fn disconnect(&mut self) {
        self.reset();
        self.table = Table::default();
    }

    fn ring(&mut self, index: u32) -> Result<&mut Ring, Error> {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        self.rings.get_mut(place).ok_or(Error::NoRing { index })
    }

    fn stopped(&mut self, index: u32) -> Result<&mut Ring, Error> {
        let ring = self.ring(index)?;
        match ring.is_started {
            true => Err(Error::On { index }),
            false => Ok(ring),
        }
    }

    /// Stops the worker, if there is one, and gives the rings their queues.
    fn pause(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Lost) {
            State::Running { worker, .. } => {
                let Stopped { device, queues } = worker.stop();
                for (queue, _kick) in queues {
                    let index = usize::from(queue.index());
                    self.rings[index].queue = Some(queue);
                }
                State::Idle(device)
            }
            other => other,
        };
    }

    /// Makes a queue of what the front end has described, unless it goes on with the one that was
    /// stopped.
    fn prepare(&mut self, index: u32) -> Result<(), Error> {
        let setup = self.setup(index)?;
        let memory = self.table.memory().ok_or(Error::NotInMemory { index })?;
        let event_idx = self.features & 1 << VIRTIO_RING_F_EVENT_IDX != 0;
        let mut queue = rings::queue(&setup, event_idx)?;
        let used = match memory {
            Memory::Mapped(memory) => used_index(&queue, memory),
            Memory::Xen(space) => used_index(&queue, &Space(space.clone())),
        };
        let used = used.map_err(|source| Error::Unreadable { index, source })?;
        let base = self.ring(index)?.base;
        queue.set_next_used(used);
        queue.set_next_avail(if self.begins_at_used { used } else { base });
        let stopped = self.ring(index)?.queue.take();
        let goes_on =
            stopped.filter(|old| !old.is_broken() && old.queue().state() == queue.state());
        if goes_on.is_none() {
            self.renew();
        }
        let queue = goes_on.unwrap_or_else(|| VirtQueue::new(setup.index, queue));
        self.ring(index)?.queue = Some(queue);
        Ok(())
    }

    /// A driver begins anew: the device forgets what it knew of the one before, unless it already
    /// serves this one.
    fn renew(&mut self) {
        if self.rings.iter().any(|ring| ring.is_started) {
            return;
        }
        self.rings.iter_mut().for_each(|ring| ring.queue = None);
        if let State::Idle(device) = &mut self.state {
            device.reset();
        }
    }

    fn setup(&mut self, index: u32) -> Result<QueueSetup, Error> {
        let number = u16::try_from(index).map_err(|_source| Error::NoRing { index })?;
        let Ring {
            size,
            desc,
            avail,
            used,
            ..
        } = *self.ring(index)?;
        let entries = u64::from(size);
        let find = |addr, len| {
            let found = self.table.translate(addr, len);
            found.ok_or(Error::NotInMemory { index })
        };
        Ok(QueueSetup {
            index: number,
            size,
            desc: find(desc, 16 * entries)?,
            avail: find(avail, 6 + 2 * entries)?,
            used: find(used, 6 + 8 * entries)?,
        })
    }

    /// Starts a worker for the rings that are on.
    fn resume(&mut self) -> Result<(), Error> {
        let Some(memory) = self.table.memory().cloned() else {
            return Ok(());
        };
        let mut pins = Vec::new();
        let mut queues = Vec::new();
        let is_on = |ring: &&mut Ring| ring.is_started && ring.is_enabled;
        for ring in self.rings.iter_mut().filter(is_on) {
            let (Some(queue), Some(kick)) = (ring.queue.take(), &ring.kick) else {
                continue;
            };
            if let Memory::Xen(space) = &memory {
                pins.extend(rings::pin(space, &setup_of(&queue))?);
            }
            let kick = kick.try_clone().map_err(Error::Descriptor)?;
            queues.push((queue, kick));
        }
        if queues.is_empty() {
            return Ok(());
        }
        let State::Idle(mut device) = std::mem::replace(&mut self.state, State::Lost) else {
            return Err(Error::Lost);
        };
        device.negotiated(self.features);
        let worker = self.spawn(memory, device, queues).map_err(Error::Worker)?;
        self.state = State::Running {
            worker,
            _pins: pins,
        };
        Ok(())
    }

    fn spawn(
        &self,
        memory: Memory,
        device: Box<dyn Device>,
        queues: Vec<(VirtQueue, EventFd)>,
    ) -> io::Result<Worker> {
        let (interrupt, counters) = (self.calls.clone(), self.counters.clone());
        match memory {
            Memory::Mapped(space) => Worker::spawn(
                self.name.clone(),
                Setup {
                    space,
                    device,
                    queues,
                    interrupt,
                    counters,
                },
            ),
            Memory::Xen(space) => Worker::spawn(
                self.name.clone(),
                Setup {
                    space: Space(space),
                    device,
                    queues,
                    interrupt,
                    counters,
                },
            ),
        }
    }
}

fn rings_of(traits: Traits) -> Vec<Ring> {
    (0..traits.queues).map(|_| Ring::default()).collect()
}

fn used_index<A: GuestAddressSpace>(queue: &Queue, space: &A) -> Result<u16, virtio_queue::Error> {
    let guard = space.memory();
    queue
        .used_idx(&*guard, Ordering::Acquire)
        .map(|used| used.0)
}

fn setup_of(queue: &VirtQueue) -> QueueSetup {
    let (index, queue) = (queue.index(), queue.queue());
    QueueSetup {
        index,
        size: queue.size(),
        desc: vm_memory::GuestAddress(queue.desc_table()),
        avail: vm_memory::GuestAddress(queue.avail_ring()),
        used: vm_memory::GuestAddress(queue.used_ring()),
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Idle(_) => "Idle",
            Self::Running { .. } => "Running",
            Self::Lost => "Lost",
        })
    }
}
