// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The queue loop: one batch of requests at a time, through any device.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use virtio_bindings::virtio_ring::VRING_AVAIL_F_NO_INTERRUPT;
use virtio_queue::{Queue, QueueT};
use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, VolatileSlice};

use crate::chain::{Chains, Fault, Flaw, Resolved};
use crate::counters::{Counters, Latencies};
use crate::device::{Device, Interrupt};
use crate::inflight::InFlight;
use crate::memory::Batch;
use crate::pending::Keeper;
use crate::request::{Buffers, Memory, Receipt, Request, Shelf};
use crate::warn_limited;

/// What [`VirtQueue::process`] has left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// There are more requests: call again, after a look at what else there is to do.
    More,
    /// There is nothing to do until the driver's next notification, which is asked for.
    Idle,
    /// There is nothing to do yet, and no notification is asked for: the queue has to be
    /// [looked at](VirtQueue::has_more), or to [listen](VirtQueue::listen). Only of a queue that
    /// [lingers](VirtQueue::linger).
    Quiet,
    /// The ring is retired for good.
    Broken,
}

/// A batch that the driver does not know of yet.
#[must_use]
pub(crate) struct Served {
    /// Whether there is more to serve.
    more: Result<bool, Fault>,
    stop: Option<Stop>,
}

/// Why a batch was not served to its end.
enum Stop {
    /// The device has panicked.
    Panic(Box<dyn Any + Send>),
    /// A request has failed, and its driver cannot be told.
    Untold(Fault),
}

impl Stop {
    /// What has stopped a batch, if something has.
    fn of(served: thread::Result<Result<(), Fault>>) -> Option<Self> {
        match served {
            Ok(Ok(())) => None,
            Ok(Err(fault)) => Some(Self::Untold(fault)),
            Err(payload) => Some(Self::Panic(payload)),
        }
    }
}

/// A virtqueue that is served in batches.
#[derive(Debug)]
pub struct VirtQueue {
    index: u16,
    queue: Queue,
    chains: Chains,
    receipts: Vec<Receipt>,
    keeper: Keeper,
    /// What is remembered for the process that comes after this one.
    record: Option<InFlight>,
    /// Taken by somebody who is no more, and to be served again before anything else.
    again: Vec<u16>,
    /// Set once the rings were found to be in memory.
    checked: bool,
    /// Set while the driver is asked not to notify.
    quiet: bool,
    /// Set while requests that follow those that went back are looked for, without being asked to.
    lingers: bool,
    /// Set once requests went back, until more were taken or the driver was asked to notify.
    fresh: bool,
    /// Set once the ring was found unusable: nothing more is read from it.
    broken: bool,
    /// How many requests are counted as taken and not given back.
    in_flight: u64,
}

impl VirtQueue {
    /// Makes queue number `index` of a device from a ring that the driver has set up.
    pub fn new(index: u16, queue: Queue) -> Self {
        Self {
            index,
            queue,
            chains: Chains::default(),
            receipts: Vec::new(),
            keeper: Keeper::default(),
            record: None,
            again: Vec::new(),
            checked: false,
            quiet: false,
            lingers: false,
            fresh: false,
            broken: false,
            in_flight: 0,
        }
    }

    /// Has what is in flight be written down, from now on. The ring is one that nobody has served.
    pub fn record(&mut self, mut record: InFlight) {
        record.clear();
        self.record = Some(record);
    }

    /// Goes on where somebody has stopped who kept a record, at any moment: what was in flight is served
    /// again, in its order, and then what follows.
    ///
    /// # Errors
    ///
    /// When the used ring is not in memory.
    pub fn resume<A>(&mut self, mut record: InFlight, space: &A) -> Result<(), virtio_queue::Error>
    where
        A: GuestAddressSpace<M: Batch>,
    {
        let used = self.queue.used_idx(&*space.memory(), Ordering::Acquire)?.0;
        self.again = record.recover(used);
        let count = u16::try_from(self.again.len()).expect("a ring has at most 32,768 descriptors");
        self.queue.set_next_used(used);
        self.queue.set_next_avail(used.wrapping_add(count));
        self.record = Some(record);
        Ok(())
    }

    /// Its number.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// The ring and how far it was served.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Gives the ring back, for instance to be served elsewhere.
    pub fn into_queue(self) -> Queue {
        self.queue
    }

    /// Gives the ring up: what the device keeps of it never goes back.
    pub fn abandon(mut self, counters: &Counters) {
        // A broken one has nothing in flight.
        if !self.broken {
            count_in_flight(&mut self.in_flight, 0, counters);
        }
    }

    /// Whether the ring is retired.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Retires the ring: nothing more is read from it, nor written to it.
    pub fn retire(&mut self) {
        self.broken = true;
        self.keeper.clear();
    }

    /// Whether the device has answered requests that it had kept: there is a batch to serve,
    /// whatever the driver does.
    pub fn has_answers(&self) -> bool {
        !self.broken && self.keeper.has_answers()
    }

    /// Whether to leave it to the caller to ask the driver for notifications, when all that there was
    /// has just gone back.
    pub fn linger(&mut self, lingers: bool) {
        self.lingers = lingers;
    }

    /// Whether there may be requests that were not taken yet.
    pub fn has_more<A>(&self, space: &A) -> bool
    where
        A: GuestAddressSpace<M: Batch>,
    {
        let index = self.queue.avail_idx(&*space.memory(), Ordering::Acquire);
        // What is wrong with the ring is found when it is served.
        !self.broken && index.map_or(true, |index| index.0 != self.queue.next_avail())
    }

    /// How many requests wait, if the ring makes sense.
    pub(crate) fn waiting<A>(&self, space: &A) -> Option<u16>
    where
        A: GuestAddressSpace<M: Batch>,
    {
        let index = self.queue.avail_idx(&*space.memory(), Ordering::Acquire);
        index
            .ok()
            .map(|index| index.0.wrapping_sub(self.queue.next_avail()))
    }

    /// Whether the device keeps requests of it.
    pub(crate) fn is_kept(&self) -> bool {
        !self.broken && !self.keeper.is_empty()
    }

    /// Asks the driver for notifications, and says whether there were requests before it could see
    /// that; [`Interrupt::broken`] if the ring cannot be used.
    pub fn listen<A>(&mut self, space: &A, interrupt: &dyn Interrupt) -> bool
    where
        A: GuestAddressSpace<M: Batch>,
    {
        if self.broken {
            return false;
        }
        let asked = self.ask(&*space.memory());
        asked.unwrap_or_else(|fault| {
            self.retire();
            self.report(&fault);
            interrupt.broken();
            false
        })
    }

    /// Serves one batch, within [`limits`](crate::limits): kept requests that were answered, or if
    /// there are none, every chain that was available.
    ///
    /// Raises at most one interrupt, and [`Interrupt::broken`] once if the ring cannot be parsed.
    ///
    /// # Panics
    ///
    /// Passes on a panic of the device, after the requests it has seen went back; those it
    /// has not seen are left on the ring, which is retired.
    pub fn process<A>(
        &mut self,
        space: &A,
        device: &mut dyn Device,
        interrupt: &dyn Interrupt,
        counters: &Counters,
    ) -> Progress
    where
        A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static>,
    {
        let served = self.serve(space, device, counters);
        self.give_back(served, space, interrupt, counters)
    }

    /// The first half of [`process`](Self::process): the driver does not see yet what was served. The
    /// second is [`give_back`](Self::give_back).
    pub(crate) fn serve<A>(
        &mut self,
        space: &A,
        device: &mut dyn Device,
        counters: &Counters,
    ) -> Served
    where
        A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static>,
    {
        let mut stop = None;
        let more = if self.broken {
            Ok(false)
        } else if self.keeper.has_answers() {
            self.settle(space, device, counters, &mut stop);
            Ok(true)
        } else {
            self.batch(space, device, counters, &mut stop)
        };
        Served { more, stop }
    }

    /// The second half of [`process`](Self::process), whose panic it passes on.
    pub(crate) fn give_back<A>(
        &mut self,
        Served { more, stop }: Served,
        space: &A,
        interrupt: &dyn Interrupt,
        counters: &Counters,
    ) -> Progress
    where
        A: GuestAddressSpace<M: Batch>,
    {
        if self.broken {
            return Progress::Broken;
        }
        let mut outcome = more.and_then(|more| self.publish(space, more, interrupt, counters));
        let mut panic = None;
        match stop {
            Some(Stop::Untold(fault)) => outcome = outcome.and(Err(fault)),
            Some(Stop::Panic(payload)) => panic = Some(payload),
            None => {}
        }
        if outcome.is_err() || panic.is_some() {
            self.retire();
        }
        count_in_flight(&mut self.in_flight, self.keeper.len(), counters);
        if let Err(fault) = &outcome {
            self.report(fault);
            interrupt.broken();
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        match outcome {
            Ok(true) => Progress::More,
            Ok(false) if self.quiet => Progress::Quiet,
            Ok(false) => Progress::Idle,
            Err(_) => Progress::Broken,
        }
    }

    /// Takes a batch and has it served. All that it maps is unmapped when it returns, but for what
    /// the device holds.
    fn batch<A>(
        &mut self,
        space: &A,
        device: &mut dyn Device,
        counters: &Counters,
        stop: &mut Option<Stop>,
    ) -> Result<bool, Fault>
    where
        A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static>,
    {
        let guard = Arc::new(space.memory());
        let mem = &**guard;
        self.receipts.clear();
        if !self.checked {
            self.checked = self.queue.is_valid(mem);
            if !self.checked {
                return Err(Fault::Invalid);
            }
        }
        if !self.quiet {
            self.queue.disable_notification(mem)?;
            self.quiet = true;
        }
        let since = Instant::now();
        let more = self.take(mem)?;
        self.keeper.limit(self.queue.size().into());
        *stop = self.serve_chains(mem, (&Memory::of(&guard), since), device, counters);
        Ok(more || self.keeper.has_answers())
    }

    /// Takes a batch, and says whether there is more.
    fn take<M: Batch>(&mut self, mem: &M) -> Result<bool, Fault> {
        if !self.again.is_empty() {
            self.chains.take_again(&self.again, &self.queue, mem)?;
            let left = self.chains.plan(mem);
            self.again.drain(..self.chains.len() - usize::from(left));
            return Ok(true);
        }
        let start = self.queue.next_avail();
        let taken = self.chains.take(&mut self.queue, mem);
        // With a fault nothing of the batch is served, and the ring's state says so.
        let more = taken.inspect_err(|_| self.queue.set_next_avail(start))?;
        let left = self.chains.plan(mem);
        self.undo(left);
        Ok(more || left > 0)
    }

    /// Has kept requests answered, as [`batch`](Self::batch) has new ones served.
    fn settle<A>(
        &mut self,
        space: &A,
        device: &mut dyn Device,
        counters: &Counters,
        stop: &mut Option<Stop>,
    ) where
        A: GuestAddressSpace<M: Batch>,
    {
        let guard = space.memory();
        let mem = &*guard;
        let answers = self.keeper.take();
        self.chains.plan_kept(answers.iter().map(|(kept, _)| kept));
        let (slices, chains) = self.chains.resolve(mem);
        self.receipts.clear();
        self.receipts.extend(
            chains
                .iter()
                .zip(&answers)
                .map(|(chain, (kept, _))| Receipt::new(chain.head, kept.taken)),
        );
        let mut done = 0;
        let served = catch_unwind(AssertUnwindSafe(|| {
            let answered = chains.iter().zip(&self.receipts).zip(answers);
            for ((chain, receipt), (kept, answer)) in answered {
                done += 1;
                receipt.written.set(kept.written);
                receipt.read.set(kept.read);
                let writable = Buffers::new(chain.sides(&slices).1);
                let request = Request::again(self.index, writable, receipt, counters);
                match (chain.flaw, answer) {
                    (None, Some(answer)) => answer(request),
                    (flaw, _) => refuse(device, request, flaw).inspect_err(|_| done -= 1)?,
                }
            }
            Ok(())
        }));
        drop(slices);
        self.receipts.truncate(done);
        *stop = self.conclude(mem, device, counters, Stop::of(served));
    }

    /// Puts the last `count` heads back on the available ring.
    fn undo(&mut self, count: u16) {
        self.queue
            .set_next_avail(self.queue.next_avail().wrapping_sub(count));
    }

    /// Has the device serve the chains, until something stops it.
    fn serve_chains<M: Batch>(
        &mut self,
        mem: &M,
        (memory, since): (&Memory, Instant),
        device: &mut dyn Device,
        counters: &Counters,
    ) -> Option<Stop> {
        let (slices, chains) = self.chains.resolve(mem);
        let new = chains.iter().map(|chain| Receipt::new(chain.head, since));
        self.receipts.extend(new);
        let in_flight = self.keeper.len() + self.receipts.len();
        count_in_flight(&mut self.in_flight, in_flight, counters);
        let (mut done, mut kept) = (0, Vec::new());
        let first = self.keeper.next_id();
        let served = catch_unwind(AssertUnwindSafe(|| {
            for (chain, receipt) in chains.iter().zip(&self.receipts) {
                // What panics has been seen, and goes back.
                done += 1;
                if let Some(record) = &mut self.record {
                    record.take(chain.head);
                }
                let (readable, writable) = chain.sides(&slices);
                let shelf = Shelf {
                    keeper: &self.keeper,
                    memory,
                };
                let request = Request {
                    readable: Buffers::new(readable),
                    shelf: chain.flaw.is_none().then_some(shelf),
                    ..Request::again(self.index, Buffers::new(writable), receipt, counters)
                };
                match chain.flaw {
                    None => device.serve(self.index, request),
                    flaw => refuse(device, request, flaw).inspect_err(|_| done -= 1)?,
                }
                if receipt.kept.get().is_some() {
                    kept.push(done - 1);
                }
            }
            device.submit(mem.is_lent());
            self.answer_kept(first, &kept, (&slices, &chains), device, counters)
        }));
        drop(slices);
        let left = self.receipts.len() - done;
        self.receipts.truncate(done);
        self.undo(u16::try_from(left).expect("a batch has no more chains than BATCH_CHAINS"));
        self.conclude(mem, device, counters, Stop::of(served))
    }

    /// Answers what the device has kept of this batch, from number `first` on, and answered already;
    /// `places` are those requests' in the batch.
    fn answer_kept(
        &self,
        first: u64,
        places: &[usize],
        (slices, chains): (&[VolatileSlice<'_>], &[Resolved]),
        device: &mut dyn Device,
        counters: &Counters,
    ) -> Result<(), Fault> {
        for (id, answer) in self.keeper.take_from(first) {
            let place = usize::try_from(id - first).ok().and_then(|n| places.get(n));
            let Some(place) = place.copied() else {
                continue;
            };
            let receipt = &self.receipts[place];
            let mut writable = Buffers::new(chains[place].sides(slices).1);
            writable.advance(receipt.written.get());
            receipt.kept.set(None);
            let request = Request::again(self.index, writable, receipt, counters);
            match answer {
                Some(answer) => answer(request),
                None => refuse(device, request, None)?,
            }
        }
        Ok(())
    }

    /// Gives the guest the answers, remembers what the device has kept, and refuses the chains
    /// whose answers are lost. A lost answer of which the driver cannot be told does not go back.
    fn conclude<M: Batch>(
        &mut self,
        mem: &M,
        device: &mut dyn Device,
        counters: &Counters,
        stop: Option<Stop>,
    ) -> Option<Stop> {
        let mut lost = self.chains.deliver(mem);
        for (place, receipt) in self.receipts.iter().enumerate() {
            if let Some(id) = receipt.kept.get() {
                let mut kept = match lost.binary_search(&place) {
                    Ok(_) => self.chains.keep_lost(place, receipt),
                    Err(_) => self.chains.keep(place, receipt),
                };
                kept.read = receipt.read.get();
                self.keeper.insert(id, kept);
            }
        }
        let is_due = |receipt: &Receipt| receipt.kept.get().is_none();
        lost.retain(|place| self.receipts.get(*place).is_some_and(is_due));
        if lost.is_empty() {
            return stop;
        }
        let mut untold = lost.clone();
        let refused = match stop {
            // It is not called again.
            Some(Stop::Panic(_)) => Ok(Ok(())),
            _ => catch_unwind(AssertUnwindSafe(|| {
                self.refuse_lost(mem, device, counters, &lost, &mut untold)
            })),
        };
        let mut place = 0;
        self.receipts.retain(|_| {
            place += 1;
            !untold.contains(&(place - 1))
        });
        match (stop, Stop::of(refused)) {
            (_, Some(panic @ Stop::Panic(_))) => Some(panic),
            (first, second) => first.or(second),
        }
    }

    /// Has the device refuse the `lost` chains, and takes those off the list of the `untold` whose
    /// drivers know.
    fn refuse_lost<M: Batch>(
        &mut self,
        mem: &M,
        device: &mut dyn Device,
        counters: &Counters,
        lost: &[usize],
        untold: &mut Vec<usize>,
    ) -> Result<(), Fault> {
        let mut outcome = Ok(());
        let mut reached = Vec::new();
        for place in lost {
            let receipt = &self.receipts[*place];
            receipt.written.set(0);
            let slices = self.chains.last_writable(*place, mem);
            let request = Request::again(self.index, Buffers::new(&slices), receipt, counters);
            match refuse(device, request, Some(Flaw::Lost)) {
                Ok(()) => untold.retain(|n| n != place),
                Err(fault) => outcome = outcome.and(Err(fault)),
            }
            if !slices.is_empty() {
                reached.push(*place);
            }
        }
        // What says that they have failed can be lost as well.
        let again = self.chains.deliver(mem);
        for place in reached.into_iter().filter(|place| again.contains(place)) {
            let (head, flaw) = (self.receipts[place].head, Flaw::Lost);
            outcome = outcome.and(Err(Fault::Untold { head, flaw }));
            untold.push(place);
        }
        outcome
    }

    /// Puts the chains back, interrupts the driver if it wants that, and says whether there
    /// are more.
    fn publish<A>(
        &mut self,
        space: &A,
        more: bool,
        interrupt: &dyn Interrupt,
        counters: &Counters,
    ) -> Result<bool, Fault>
    where
        A: GuestAddressSpace<M: Batch>,
    {
        let guard = space.memory();
        let mem = &*guard;
        let (mut read, mut written, mut count) = (0, 0, 0);
        let is_due = |receipt: &&Receipt| receipt.kept.get().is_none();
        for receipt in self.receipts.iter().filter(is_due) {
            let len = u32::try_from(receipt.written.get()).unwrap_or(u32::MAX);
            let queue = &mut self.queue;
            match &mut self.record {
                None => queue.add_used(mem, receipt.head, len)?,
                Some(record) => record.give_back(receipt.head, || {
                    queue.add_used(mem, receipt.head, len)?;
                    Ok::<_, virtio_queue::Error>(queue.next_used())
                })?,
            }
            written += u64::from(len);
            read += u64::try_from(receipt.read.get()).unwrap_or(u64::MAX);
            count += 1;
        }
        if count > 0 {
            self.count_latencies(counters);
            Counters::add(&counters.batches, 1);
            Counters::add(&counters.requests, count);
            Counters::add(&counters.bytes_read, read);
            Counters::add(&counters.bytes_written, written);
            if self.wants_interrupt(mem)? {
                Counters::add(&counters.interrupts, 1);
                interrupt.queue(self.index);
            } else {
                Counters::add(&counters.suppressed, 1);
            }
        }
        if !self.receipts.is_empty() {
            self.fresh = count > 0;
        }
        if more {
            return Ok(true);
        }
        // While the device is busy, what it completes matters more.
        if self.lingers && self.fresh && self.keeper.is_empty() {
            return Ok(false);
        }
        self.ask(mem)
    }

    /// Counts how long what has gone back took.
    fn count_latencies(&self, counters: &Counters) {
        let (now, mut latencies) = (Instant::now(), Latencies::of(counters));
        let done = |receipt: &&Receipt| receipt.kept.get().is_none();
        for receipt in self.receipts.iter().filter(done) {
            latencies.add(now.saturating_duration_since(receipt.taken));
        }
    }

    /// Asks for notifications, then looks again: what came before the driver could see that is not
    /// lost.
    fn ask<M: Batch>(&mut self, mem: &M) -> Result<bool, Fault> {
        (self.quiet, self.fresh) = (false, false);
        Ok(self.queue.enable_notification(mem)?)
    }

    /// Whether the driver wants to hear of what was just put back.
    fn wants_interrupt<M: Batch>(&mut self, mem: &M) -> Result<bool, Fault> {
        // Decides with EVENT_IDX; without, it only orders the used ring before what follows.
        let wanted = self.queue.needs_notification(mem)?;
        if self.queue.event_idx_enabled() {
            return Ok(wanted);
        }
        let flags: u16 = mem.load(GuestAddress(self.queue.avail_ring()), Ordering::Relaxed)?;
        Ok(u32::from(u16::from_le(flags)) & VRING_AVAIL_F_NO_INTERRUPT == 0)
    }

    /// Says why the ring is retired: once a ring, but a driver can make any number of them.
    fn report(&self, fault: &Fault) {
        let index = self.index;
        match fault.source() {
            Some(source) => warn_limited!("queue {index} retired: {fault}: {source}"),
            None => warn_limited!("queue {index} retired: {fault}"),
        }
    }
}

/// Counts what a queue has in flight now.
fn count_in_flight(counted: &mut u64, now: usize, counters: &Counters) {
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    counters.moved(std::mem::replace(counted, now), now);
}

/// Has the device fail a request: because of a flaw, or because it has dropped it. A fault if its
/// driver cannot be told, and the cause may be the host's.
fn refuse(device: &mut dyn Device, request: Request<'_>, flaw: Option<Flaw>) -> Result<(), Fault> {
    let (queue, receipt) = (request.queue, request.receipt);
    let head = receipt.head;
    if let Some(flaw) = flaw {
        Counters::add(&request.counters.malformed, 1);
        warn_limited!("queue {queue} head {head}: {flaw}");
    }
    let told = device.refuse(queue, request);
    receipt.written.set(0);
    match flaw {
        Some(flaw) if !told && flaw.may_be_the_hosts() => Err(Fault::Untold { head, flaw }),
        _ => Ok(()),
    }
}
