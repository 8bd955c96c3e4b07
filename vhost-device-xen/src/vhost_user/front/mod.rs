// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A guest's device that another process serves: its backend.
//!
//! A thread per device talks to the backend. So the guest waits for a backend only when it resets
//! its device, and not for long; a backend that goes is looked for until it is there again.

mod dialer;
pub(super) mod link;
mod regions;

use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use backends::ratelimit::Level;
use backends::{Traits, log_limited, warn_limited};
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use virtio_queue::QueueT;
use vm_memory::GuestAddressSpace;
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};
use vmm_sys_util::timerfd::TimerFd;
use xen_hypercall::DomId;
use xen_vm_memory::{GuestSpace, Mode};

use super::wire::Region;
use crate::channel::{DeviceId, External};
use crate::confinement::Kind;
use crate::guest::{Interrupts, Space, chain};
use crate::rings;
use crate::transport::QueueSetup;
pub use dialer::Dialer;
pub use link::Error;
use link::Link;

/// How long a guest waits for a backend that is not there when the device is attached.
const FIRST: Duration = Duration::from_secs(3);
/// How often a backend is looked for.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a guest waits for its backend to let go of its memory. Then it is disconnected.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who serves a device, and how to get there.
pub struct Backend {
    /// The device.
    pub device: DeviceId,
    /// What the configuration says of it.
    pub external: External,
    /// Who connects.
    pub dialer: Dialer,
}

impl Backend {
    fn connect(&self) -> Result<Link, Error> {
        let stream = self.dialer.connect(self.device).map_err(Error::Connect)?;
        Link::begin(stream, &self.external)
    }
}

/// A backend that was found, and what the guest is told of it.
pub struct Found {
    backend: Backend,
    link: Link,
    /// Identity and limits.
    pub traits: Traits,
    /// The configuration space, as it is now.
    pub config: Vec<u8>,
}

/// Finds the backend of a device, if it comes soon.
///
/// # Errors
///
/// [`Error`] why it cannot be used.
pub fn find(backend: Backend) -> Result<Found, Error> {
    let deadline = Instant::now() + FIRST;
    let mut link = loop {
        match backend.connect() {
            Err(Error::Connect(_)) if Instant::now() < deadline => thread::sleep(AGAIN),
            other => break other?,
        }
    };
    let external = &backend.external;
    Ok(Found {
        traits: Traits {
            id: external.device,
            features: link.features(),
            queues: external.queues,
            queue_size: external.queue_size,
        },
        config: link.config(external.config)?,
        backend,
        link,
    })
}

/// What a backend needs of its guest.
pub struct Guest {
    /// Who it is.
    pub domain: DomId,
    /// Its memory.
    pub space: GuestSpace,
    /// The node that its memory is reached through.
    pub node: OwnedFd,
    /// By queue.
    pub kicks: Vec<Arc<EventFd>>,
    /// Its interrupts.
    pub interrupts: Arc<Interrupts>,
}

enum Command {
    Start(Running),
    Stop(Sender<()>),
    End(Sender<()>),
    Leave(Sender<()>),
}

/// The thread that talks to the backend of a device; ended when dropped.
#[derive(Debug)]
pub struct Front {
    commands: Sender<Command>,
    wake: EventFd,
    /// The socket of the connection that there is.
    socket: Arc<Mutex<Option<UnixStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// Starts a thread called `name`.
    ///
    /// # Errors
    ///
    /// When there are no threads or descriptors left.
    pub fn spawn(name: String, found: Found, guest: Guest) -> io::Result<Self> {
        let (commands, received) = mpsc::channel();
        let wake = EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?;
        let socket = Arc::new(Mutex::new(Some(found.link.socket()?)));
        let body = Body {
            backend: found.backend,
            call: EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?,
            guest,
            commands: received,
            wake: wake.try_clone()?,
            timer: TimerFd::new()?,
            link: Some(found.link),
            socket: socket.clone(),
            running: None,
            is_over: false,
        };
        let thread = run(name, body)?;
        Ok(Self {
            commands,
            wake,
            socket,
            thread: Some(thread),
        })
    }

    /// Has the backend serve these queues, as soon as it is there; those of another one, if `again`, which
    /// has served them before.
    pub fn start(&self, features: u64, queues: Vec<QueueSetup>, again: bool) {
        self.command(Command::Start(Running {
            features,
            queues,
            is_known: again,
        }));
    }

    /// Ends the connection with the rings as they are, for another process to go on.
    pub fn leave(mut self) {
        self.finish(Command::Leave);
    }

    /// Ends the thread by its last command.
    fn finish(&mut self, last: impl FnOnce(Sender<()>) -> Command) {
        if let Some(thread) = self.thread.take() {
            self.wait(last);
            // The panic of a thread was reported when it happened.
            let _ = thread.join();
        }
    }

    /// Has the backend let go of the guest's memory, and waits for that.
    pub fn stop(&self) {
        self.wait(Command::Stop);
    }

    /// Has the thread do what takes an answer of the backend's, and ends the conversation if there is
    /// none for long.
    fn wait(&self, command: impl FnOnce(Sender<()>) -> Command) {
        let (done, stopped) = mpsc::channel();
        self.command(command(done));
        if stopped.recv_timeout(PATIENCE).is_err() {
            warn_limited!("a backend does not let go of its guest, and is disconnected");
            self.disconnect();
            // What the thread waited for has failed.
            let _ = stopped.recv_timeout(PATIENCE);
        }
    }

    fn command(&self, command: Command) {
        // The thread is there as long as this is, unless it has panicked.
        let _ = self.commands.send(command);
        if let Err(e) = self.wake.write(1) {
            log::error!("cannot wake a thread: {e}");
        }
    }

    /// Ends the conversation, whatever it is about.
    fn disconnect(&self) {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(socket) = &*socket {
            // Fails when the other side has gone, which is what is wanted.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.finish(Command::End);
    }
}

/// What a driver has set up.
#[derive(Clone)]
struct Running {
    features: u64,
    queues: Vec<QueueSetup>,
    /// A backend has served it already: the next one goes on.
    is_known: bool,
}

/// What a readable descriptor means.
#[derive(Clone, Copy, Debug)]
enum Token {
    /// There is a command.
    Wake,
    /// The backend has gone.
    Link,
    /// It is time to look for one.
    Timer,
    /// The backend has used buffers, and the kernel does not raise the interrupt.
    Call,
}

/// The state of the thread.
struct Body {
    backend: Backend,
    guest: Guest,
    /// What a backend signals where the kernel does not raise the interrupt.
    call: EventFd,
    commands: Receiver<Command>,
    wake: EventFd,
    timer: TimerFd,
    link: Option<Link>,
    socket: Arc<Mutex<Option<UnixStream>>>,
    running: Option<Running>,
    is_over: bool,
}

impl Body {
    fn on_wake(&mut self, ops: &mut EventOps) {
        // Fails when somebody was faster, and then there is nothing in the queue.
        let _ = self.wake.read();
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Start(running) => {
                    self.running = Some(running);
                    self.begin(ops);
                }
                Command::Stop(done) => {
                    let is_halted = self.halt(ops);
                    // What it has told comes too late: an interrupt pin would stay high. Fails if that was nothing.
                    let _ = self.call.read();
                    // Nobody waits that long.
                    let _ = done.send(());
                    if is_halted {
                        self.renew(ops);
                    }
                }
                Command::End(done) => {
                    self.halt(ops);
                    let _ = done.send(());
                    self.is_over = true;
                }
                Command::Leave(done) => {
                    self.running = None;
                    self.leave(ops);
                    let _ = done.send(());
                    self.is_over = true;
                }
            }
        }
    }

    /// Has the backend, if there is one, serve what the driver has set up, if it has.
    fn begin(&mut self, ops: &mut EventOps) {
        let (Some(link), Some(running)) = (&mut self.link, &mut self.running) else {
            return;
        };
        match serve(
            link,
            running,
            &self.backend.external,
            &self.guest,
            &self.call,
        ) {
            Ok(()) => running.is_known = true,
            Err(e) => self.lose(ops, &chain(&e)),
        }
    }

    /// Has the backend serve nothing; says whether it was serving, and still is there.
    fn halt(&mut self, ops: &mut EventOps) -> bool {
        let (Some(running), Some(link)) = (self.running.take(), &mut self.link) else {
            return false;
        };
        let mut queues = running.queues.iter();
        let mut done = queues.try_for_each(|queue| link.stop(queue.index));
        if self.guest.space.mode() == Mode::Grant {
            // A driver that frees rings which somebody maps can never grant that memory again.
            done =
                done.and_then(|()| link.share(&memory(&self.backend.external, &self.guest, &[])?));
        }
        if let Err(e) = &done {
            self.lose(ops, &chain(e));
        }
        done.is_ok()
    }

    /// Begins anew with the backend: what a driver left in its rings' state is nothing to the next one,
    /// but `vhost-user-backend`, before 0.11, keeps the used index.
    fn renew(&mut self, ops: &mut EventOps) {
        self.leave(ops);
        if let Err(e) = self.find(ops) {
            self.look_again(&chain(&e));
        }
    }

    /// Lets the backend go, and looks for another.
    fn lose(&mut self, ops: &mut EventOps, why: &str) {
        if self.leave(ops) {
            self.look_again(why);
        }
    }

    /// Ends the connection; says whether there was one.
    fn leave(&mut self, ops: &mut EventOps) -> bool {
        let Some(link) = self.link.take() else {
            return false;
        };
        *self.socket() = None;
        if let Err(e) = ops.remove(Events::empty_raw(link.fd())) {
            log::error!("cannot forget a backend: {e}");
        }
        true
    }

    fn look_again(&mut self, why: &str) {
        let path = self.backend.external.socket.display();
        warn_limited!(
            "domain {}: {path}: the backend is lost: {why}",
            self.guest.domain
        );
        if let Err(e) = self.timer.reset(AGAIN, Some(AGAIN)) {
            log::error!("cannot look for a backend: {e}");
        }
    }

    fn on_timer(&mut self, ops: &mut EventOps) {
        // Read, or it is readable for ever; fails when there is nothing.
        let _ = self.timer.wait();
        if self.link.is_some() || self.find(ops).is_err() {
            return;
        }
        let path = self.backend.external.socket.display();
        log_limited!(
            Level::Info,
            "domain {}: {path}: a backend is there again",
            self.guest.domain
        );
    }

    /// Connects to a backend, and has it serve the driver if there is one.
    fn find(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        let link = self.backend.connect()?;
        let socket = link.socket().map_err(Error::Connect)?;
        let watched = ops.add(token(link.fd(), Token::Link));
        watched.map_err(|e| Error::Connect(io::Error::other(e)))?;
        if let Err(e) = self.timer.clear() {
            log::error!("cannot stop looking for a backend: {e}");
        }
        *self.socket() = Some(socket);
        self.link = Some(link);
        self.begin(ops);
        Ok(())
    }

    fn socket(&self) -> std::sync::MutexGuard<'_, Option<UnixStream>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_call(&mut self) {
        if self.call.read().is_ok() {
            self.guest.interrupts.raise_queues();
        }
    }
}

/// Starts the thread.
fn run(name: String, body: Body) -> io::Result<JoinHandle<()>> {
    let mut events = EventManager::new().map_err(io::Error::other)?;
    let id = events.add_subscriber(body);
    thread::Builder::new().name(name).spawn(move || {
        if !Kind::Front.is_entered() {
            return;
        }
        loop {
            let body = events.subscriber_mut(id);
            if body.expect("it was added, and nobody removes it").is_over {
                break;
            }
            if let Err(e) = events.run() {
                log::error!("cannot wait for a backend: {e}");
                break;
            }
        }
    })
}

/// Tells a backend all that it needs to serve a driver.
fn serve(
    link: &mut Link,
    running: &Running,
    external: &External,
    guest: &Guest,
    call: &EventFd,
) -> Result<(), Error> {
    let memory = memory(external, guest, &running.queues)?;
    link.prepare(running.features, &memory)?;
    for setup in &running.queues {
        let base = match running.is_known {
            true => used_index(&guest.space, setup).ok_or(Error::Lacks { what: "memory" })?,
            false => 0,
        };
        let kick = guest.kicks.get(usize::from(setup.index));
        let kick = kick.ok_or(Error::Lacks { what: "queues" })?;
        let call = guest.interrupts.eventfd(setup.index).unwrap_or(call);
        link.start(setup, base, kick, call)?;
        // What the backend before has used without a word.
        if running.is_known {
            call.write(1).map_err(Error::Share)?;
        }
    }
    Ok(())
}

/// The guest's memory, with these rings in it.
fn memory(
    external: &External,
    guest: &Guest,
    queues: &[QueueSetup],
) -> Result<Vec<(Region, File)>, Error> {
    let regions = regions::regions(guest.domain, guest.space.mode(), external.memory, queues);
    let with_node = |region| {
        let node = guest.node.try_clone().map_err(Error::Share)?;
        Ok((region, File::from(node)))
    };
    regions.into_iter().map(with_node).collect()
}

/// How far a ring was served.
fn used_index(space: &GuestSpace, setup: &QueueSetup) -> Option<u16> {
    let queue = rings::queue(setup, false).ok()?;
    let guard = Space(space.clone()).memory();
    let used = queue.used_idx(&*guard, Ordering::Acquire).ok()?;
    Some(used.0)
}

fn token(fd: std::os::fd::RawFd, token: Token) -> Events {
    Events::with_data_raw(fd, token as u32, EventSet::IN)
}

impl MutEventSubscriber for Body {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match events.data() {
            data if data == Token::Wake as u32 => self.on_wake(ops),
            data if data == Token::Timer as u32 => self.on_timer(ops),
            data if data == Token::Call as u32 => self.on_call(),
            // Nothing was asked: there is nothing to hear but its end.
            _ => self.lose(ops, "it has gone"),
        }
    }

    fn init(&mut self, ops: &mut EventOps) {
        let mut watched = vec![
            token(self.wake.as_raw_fd(), Token::Wake),
            token(self.timer.as_raw_fd(), Token::Timer),
            token(self.call.as_raw_fd(), Token::Call),
        ];
        watched.extend(self.link.as_ref().map(|link| token(link.fd(), Token::Link)));
        for events in watched {
            if let Err(e) = ops.add(events) {
                log::error!("cannot wait for a backend: {e}");
                self.is_over = true;
            }
        }
    }
}
