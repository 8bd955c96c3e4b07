// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A thread that serves the queues of one device.

mod patience;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use event_manager::SubscriberOps;
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber};
use vm_memory::GuestAddressSpace;
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};

use self::patience::Patience;
use crate::config::ConfigSpace;
use crate::counters::Counters;
use crate::device::{Device, Interrupt};
use crate::log_limited;
use crate::memory::Batch;
use crate::queue::{Progress, Served, VirtQueue};
use crate::ratelimit::Level;
use crate::sys::processors;

/// What a thread's name can hold: the kernel's 16 bytes, one of them the end.
const NAME_BYTES: usize = 15;

/// For how long no descriptor is looked at while requests come one after the other: a system call for
/// each batch would be half of what a small one costs.
const BLIND: Duration = Duration::from_micros(50);

/// For how long requests are looked for before sleeping: about what it costs to be notified and to
/// wake up, so that looking never costs more than twice as much as sleeping.
const LINGER: Duration = Duration::from_micros(25);

/// The most requests that are served on a thread which has other things to do.
const FEW: u16 = 4;

/// What a worker needs.
pub struct Setup<A> {
    /// Guest memory.
    pub space: A,
    /// The device.
    pub device: Box<dyn Device>,
    /// Its queues, each with the eventfd that its notifications write to. The worker
    /// watches it for writes and never reads it.
    pub queues: Vec<(VirtQueue, EventFd)>,
    /// The way to the driver.
    pub interrupt: Arc<dyn Interrupt>,
    /// Where to count.
    pub counters: Arc<Counters>,
}

/// What a worker gives back.
pub struct Stopped {
    /// The device.
    pub device: Box<dyn Device>,
    /// Its queues, as far as they were served: enough to go on elsewhere.
    pub queues: Vec<(VirtQueue, EventFd)>,
}

/// A thread that serves the queues of one device until it is stopped or dropped.
///
/// It is woken by the queues' eventfds. Whoever learns of a notification first may also serve the queue
/// [itself](Self::attend): waking a thread costs more than a small request.
///
/// A device that panics is never called again: its queues are retired,
/// [`Interrupt::broken`] is called, and the thread waits to be stopped.
pub struct Worker {
    bell: EventFd,
    wishes: Arc<Wishes>,
    body: Arc<dyn Attend>,
    thread: Option<JoinHandle<Stopped>>,
}

/// What a worker's thread is to do when its bell rings.
#[derive(Debug, Default)]
struct Wishes {
    stop: AtomicBool,
    look: AtomicBool,
}

impl Worker {
    /// Starts a thread named `name`, which serves what is already on the queues first.
    ///
    /// # Errors
    ///
    /// When the name has more than 15 bytes or a NUL, when a descriptor cannot be made or
    /// watched (the same eventfd for two queues, say), or when there can be no more threads.
    pub fn spawn<A>(name: String, setup: Setup<A>) -> io::Result<Self>
    where
        A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static> + Send + 'static,
    {
        Self::spawn_in(name, setup, || true)
    }

    /// As [`spawn`](Self::spawn), and calls `enter` on the new thread before it touches anything: to
    /// give up privileges, for instance. Where that fails, nothing is served: the queues are retired,
    /// and [`Interrupt::broken`] is called.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn spawn_in<A>(
        name: String,
        setup: Setup<A>,
        enter: impl FnOnce() -> bool + Send + 'static,
    ) -> io::Result<Self>
    where
        A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static> + Send + 'static,
    {
        if name.len() > NAME_BYTES || name.contains('\0') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a name for a thread",
            ));
        }
        let bell = EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?;
        let wishes = Arc::new(Wishes::default());
        let queues = setup.queues.len();
        let body = Body::new(setup, bell.try_clone()?, wishes.clone());
        let body = Arc::new(Mutex::new(Some(body)));
        let mut manager = EventManager::new_with_capacity(queues + 2).map_err(io::Error::other)?;
        let id = manager.add_subscriber(Ears {
            body: body.clone(),
            registered: Ok(()),
        });
        let ears = manager.subscriber_mut(id).map_err(io::Error::other)?;
        std::mem::replace(&mut ears.registered, Ok(())).map_err(io::Error::other)?;
        let served = body.clone();
        let thread = thread::Builder::new().name(name).spawn(move || {
            let is_ready = enter();
            run(manager, &served, is_ready)
        })?;
        Ok(Self {
            bell,
            wishes,
            body,
            thread: Some(thread),
        })
    }

    /// Stops the thread after the batch in progress, and gives back what it was made of.
    ///
    /// # Panics
    ///
    /// When [`Interrupt::broken`] has panicked. A panic of the device is not passed on.
    pub fn stop(mut self) -> Stopped {
        self.signal(&self.wishes.stop);
        let thread = self
            .thread
            .take()
            .expect("only `stop` and `drop` take it, and both end self");
        thread
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// Serves queue number `queue` on this thread, if that takes no waiting and not long: the device is
    /// [quick](Device::is_quick), few requests wait, and the worker sleeps. Says whether it was so; otherwise the
    /// queue's eventfd is to be written. For whoever has learnt of a notification.
    pub fn attend(&self, queue: u16) -> bool {
        let attended = self.body.attend(queue);
        if attended == Some(true) {
            self.ring();
        }
        attended.is_some()
    }

    /// Has the device [look](Device::look) at what may have changed.
    pub fn look(&self) {
        self.signal(&self.wishes.look);
    }

    fn signal(&self, wish: &AtomicBool) {
        wish.store(true, Ordering::Release);
        self.ring();
    }

    fn ring(&self) {
        if let Err(error) = self.bell.write(1) {
            log::error!("cannot signal a worker: {error}");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.signal(&self.wishes.stop);
            // The panic of a thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// The state of a worker, until its thread has ended.
type Shared<A> = Mutex<Option<Body<A>>>;

/// What of a worker's state whoever brings notifications may use.
trait Attend: Send + Sync {
    /// Serves a queue, if that takes no waiting; `None` if it does, and otherwise whether there is more to do.
    fn attend(&self, queue: u16) -> Option<bool>;
}

impl<A> Attend for Shared<A>
where
    A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static> + Send,
{
    fn attend(&self, queue: u16) -> Option<bool> {
        let mut body = self.try_lock().ok()?;
        body.as_mut()?.attend(queue)
    }
}

/// Does something with the state, which is there as long as the thread is.
fn with<A, R>(shared: &Shared<A>, act: impl FnOnce(&mut Body<A>) -> R) -> R {
    let mut body = shared.lock().unwrap_or_else(PoisonError::into_inner);
    act(body.as_mut().expect("only the end of the thread takes it"))
}

/// The life of a worker's thread.
fn run<A>(mut manager: EventManager<Ears<A>>, shared: &Shared<A>, is_ready: bool) -> Stopped
where
    A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static>,
{
    if !is_ready {
        with(shared, Body::retire);
    }
    let mut looked: Option<Instant> = None;
    loop {
        let is_idle = with(shared, |body| body.is_idle());
        let is_due = looked.is_none_or(|looked| looked.elapsed() >= BLIND);
        let mut waited = Ok(0);
        if is_idle || is_due {
            waited = manager.run_with_timeout(if is_idle { -1 } else { 0 });
            looked = Some(Instant::now());
        }
        let is_over = with(shared, |body| {
            if let Err(error) = waited {
                log::error!("{}: cannot wait for events: {error}", thread_name());
                body.retire();
                return true;
            }
            if !body.stopping {
                body.round();
            }
            body.stopping
        });
        if is_over {
            break;
        }
    }
    with(shared, Body::drain);
    let body = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Setup { device, queues, .. } = body.expect("nobody else takes it").setup;
    Stopped { device, queues }
}

fn thread_name() -> String {
    thread::current().name().unwrap_or("?").to_owned()
}

/// What a descriptor that became readable means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token {
    /// A notification for the queue at this place.
    Kick(u32),
    Device,
    Bell,
}

impl From<Token> for u32 {
    fn from(token: Token) -> Self {
        match token {
            Token::Kick(place) => place,
            Token::Device => Self::MAX - 1,
            Token::Bell => Self::MAX,
        }
    }
}

impl From<u32> for Token {
    fn from(data: u32) -> Self {
        match data {
            u32::MAX => Self::Bell,
            0xffff_fffe => Self::Device,
            place => Self::Kick(place),
        }
    }
}

/// The state of a worker's thread.
struct Body<A> {
    setup: Setup<A>,
    /// The device's.
    config: ConfigSpace,
    bell: EventFd,
    wishes: Arc<Wishes>,
    stopping: bool,
    /// The device is to look at what may have changed.
    is_looking: bool,
    /// The device's own descriptor has become readable.
    is_woken: bool,
    /// For each queue, whether it may have requests.
    due: Vec<bool>,
    /// For each queue, whether its driver does not notify.
    quiet: Vec<bool>,
    patience: Patience,
    /// How many requests there had been when more were found by looking for them.
    found_after: Option<u64>,
    /// When drivers were asked to notify last, unless one did.
    idle_since: Option<Instant>,
}

/// What the worker's thread hears.
struct Ears<A> {
    body: Arc<Shared<A>>,
    /// How `init`, which cannot fail, has fared.
    registered: event_manager::Result<()>,
}

impl<A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static>> Body<A> {
    fn new(setup: Setup<A>, bell: EventFd, wishes: Arc<Wishes>) -> Self {
        let queues = setup.queues.len();
        Self {
            config: setup.device.config(),
            setup,
            bell,
            wishes,
            stopping: false,
            is_looking: false,
            is_woken: false,
            due: vec![true; queues],
            quiet: vec![false; queues],
            patience: Patience::new(processors()),
            found_after: None,
            idle_since: None,
        }
    }

    fn is_idle(&self) -> bool {
        let is_answered = |(queue, _): &(VirtQueue, EventFd)| queue.has_answers();
        let has_call = self.is_woken || self.is_looking;
        !has_call && !self.due.contains(&true) && !self.setup.queues.iter().any(is_answered)
    }

    /// Lets the device do what it has to, and its queues be served.
    fn round(&mut self) {
        let is_woken = std::mem::take(&mut self.is_woken);
        let is_looking = std::mem::take(&mut self.is_looking);
        if is_woken || is_looking {
            let device = &mut self.setup.device;
            let call = || {
                if is_looking {
                    device.look();
                }
                is_woken && device.wake()
            };
            match catch_unwind(AssertUnwindSafe(call)) {
                Ok(more) => self.is_woken = more,
                Err(_) => return self.panicked(),
            }
            if self.config.take_change() {
                self.setup.interrupt.config_changed();
            }
        }
        self.look(false);
        self.serve();
        // An index that moves and moves back is no request.
        match self.found_after.take() {
            Some(before) if before == self.requests() => self.patience.failed(),
            Some(_) => self.patience.paid(),
            None => {}
        }
        if self.is_idle() {
            self.linger();
        }
    }

    fn requests(&self) -> u64 {
        self.setup.counters.requests.load(Ordering::Relaxed)
    }

    /// Looks for requests of drivers that do not notify, or everywhere; says whether there are some.
    fn look(&mut self, everywhere: bool) -> bool {
        let queues = self.setup.queues.iter();
        let mut found = false;
        for (((queue, _), due), quiet) in queues.zip(&mut self.due).zip(&self.quiet) {
            let has_more = (*quiet || everywhere) && queue.has_more(&self.setup.space);
            *due |= has_more;
            found |= has_more;
        }
        found
    }

    /// Before the worker sleeps: drivers that do not notify may have more soon. If not, they are asked
    /// to notify. What the device keeps ends without a word to whoever looks at queues, so then
    /// nobody does.
    fn linger(&mut self) {
        let start = Instant::now();
        let is_kept = self.setup.queues.iter().any(|(queue, _)| queue.is_kept());
        if self.quiet.contains(&true) && !is_kept {
            while start.elapsed() < LINGER {
                if self.look(true) {
                    self.found_after = Some(self.requests());
                    return;
                }
                std::hint::spin_loop();
            }
            self.patience.failed();
        }
        let Setup {
            space,
            queues,
            interrupt,
            ..
        } = &mut self.setup;
        for (((queue, _), due), quiet) in queues.iter_mut().zip(&mut self.due).zip(&mut self.quiet)
        {
            if std::mem::take(quiet) {
                *due = queue.listen(space, interrupt.as_ref());
            }
        }
        self.idle_since = Some(start);
    }

    /// Ends what the device holds memory for, and gives it back.
    fn drain(&mut self) {
        if self.is_retired() {
            return;
        }
        let device = &mut self.setup.device;
        if catch_unwind(AssertUnwindSafe(|| device.submit(true))).is_err() {
            return self.panicked();
        }
        self.due.fill(false);
        while self
            .setup
            .queues
            .iter()
            .any(|(queue, _)| queue.has_answers())
        {
            self.serve();
            self.due.fill(false);
        }
    }

    /// Serves one batch of each queue that may have requests, or has answers.
    fn serve(&mut self) {
        for place in 0..self.setup.queues.len() {
            let has_answers = self.setup.queues[place].0.has_answers();
            if (self.due[place] || has_answers) && !self.serve_queue(place) {
                return self.panicked();
            }
        }
    }

    /// Serves one batch of a queue; says whether the device has survived that. What the batch has had
    /// answered on other queues goes back first: a driver that hears that a GPIO line's interrupt is
    /// disabled expects the buffer for it to be back.
    fn serve_queue(&mut self, place: usize) -> bool {
        let served = self.take(place);
        let mut survived = true;
        for other in (0..self.setup.queues.len()).filter(|other| *other != place) {
            while self.setup.queues[other].0.has_answers() {
                let answers = self.take(other);
                survived &= self.give_back(other, answers);
            }
        }
        survived & self.give_back(place, served)
    }

    fn take(&mut self, place: usize) -> Served {
        let setup = &mut self.setup;
        let queue = &mut setup.queues[place].0;
        queue.linger(self.patience.is_worth_it());
        queue.serve(&setup.space, setup.device.as_mut(), &setup.counters)
    }

    fn give_back(&mut self, place: usize, served: Served) -> bool {
        let setup = &mut self.setup;
        let queue = &mut setup.queues[place].0;
        let progress = catch_unwind(AssertUnwindSafe(|| {
            queue.give_back(
                served,
                &setup.space,
                setup.interrupt.as_ref(),
                &setup.counters,
            )
        }));
        if let Ok(progress) = progress {
            self.due[place] = progress == Progress::More;
            self.quiet[place] = progress == Progress::Quiet;
        }
        progress.is_ok()
    }

    fn panicked(&mut self) {
        log_limited!(Level::Error, "the device panicked and is retired");
        self.retire();
    }

    fn is_retired(&self) -> bool {
        self.setup.queues.iter().all(|(queue, _)| queue.is_broken())
    }

    /// Ends all service, for good.
    fn retire(&mut self) {
        self.setup
            .queues
            .iter_mut()
            .for_each(|(queue, _)| queue.retire());
        self.due.fill(false);
        (self.is_woken, self.is_looking) = (false, false);
        self.setup.counters.abandon();
        self.setup.interrupt.broken();
    }

    /// Somebody has something to say.
    fn hear(&mut self, token: Token) {
        match token {
            Token::Bell => {
                self.stopping |= self.wishes.stop.load(Ordering::Acquire);
                self.is_looking |=
                    self.wishes.look.swap(false, Ordering::AcqRel) && !self.is_retired();
            }
            Token::Device => self.is_woken = !self.is_retired(),
            Token::Kick(place) => self.notified(usize::try_from(place).unwrap_or(usize::MAX)),
        }
    }

    /// The driver has notified the queue at this place.
    fn notified(&mut self, place: usize) {
        Counters::add(&self.setup.counters.kicks, 1);
        if let Some(since) = self.idle_since.take() {
            self.patience.notified(since.elapsed() < LINGER);
        }
        if let (Some((queue, _)), Some(due)) =
            (self.setup.queues.get(place), self.due.get_mut(place))
        {
            *due = !queue.is_broken();
        }
    }

    /// Serves a queue for whoever brings a notification, as [`Attend::attend`] says.
    fn attend(&mut self, queue: u16) -> Option<bool> {
        // A worker that is at work is only between two batches; and where looking for requests pays, it
        // does that.
        let is_asleep = self.is_idle() && !self.stopping && !self.patience.is_worth_it();
        if !is_asleep || !self.setup.device.is_quick() {
            return None;
        }
        let mut queues = self.setup.queues.iter();
        let place = queues.position(|(found, _)| found.index() == queue)?;
        let waiting = self.setup.queues[place].0.waiting(&self.setup.space)?;
        if waiting > FEW {
            return None;
        }
        self.notified(place);
        self.round();
        Some(!self.is_idle())
    }

    /// Watches all descriptors, edge-triggered: an eventfd reports each write then, so there
    /// is no need to read it, and one that nobody serves any more cannot keep the loop busy.
    fn register(&self, ops: &mut EventOps) -> event_manager::Result<()> {
        let events = EventSet::IN | EventSet::EDGE_TRIGGERED;
        ops.add(Events::with_data(&self.bell, Token::Bell.into(), events))?;
        if let Some(fd) = self.setup.device.events() {
            let fd = fd.as_raw_fd();
            ops.add(Events::with_data_raw(fd, Token::Device.into(), events))?;
        }
        for (place, (_, kick)) in (0..).zip(&self.setup.queues) {
            ops.add(Events::with_data(kick, Token::Kick(place).into(), events))?;
        }
        Ok(())
    }
}

impl<A: GuestAddressSpace<M: Batch, T: Send + Sync + 'static>> MutEventSubscriber for Ears<A> {
    fn init(&mut self, ops: &mut EventOps) {
        self.registered = with(&self.body, |body| body.register(ops));
    }

    fn process(&mut self, events: Events, _ops: &mut EventOps) {
        with(&self.body, |body| body.hear(Token::from(events.data())));
    }
}

impl<A> fmt::Debug for Setup<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped")
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
