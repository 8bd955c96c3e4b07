// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `backend`: our devices as vhost-user processes, for any front end.

mod args;
mod calls;
mod engine;
mod front;
mod inflight;
mod instance;
mod memory;
mod server;
mod session;

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};

pub use args::Backend;
pub use server::Server;

use crate::channel::DeviceKind;
use crate::config::BlockEngine;
use crate::guest::{self, chain};
use crate::supervisor::{self, signals};
use engine::Engine;
use instance::Instance;
use session::Session;

/// How long front ends may keep the process from ending.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no backend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option makes no sense.
    #[error("{option}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// What a device is made of cannot be had.
    #[error(transparent)]
    Hardware(#[from] supervisor::SpecError),
    /// A device cannot be made.
    #[error("cannot serve {}", path.display())]
    Device {
        /// Its socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: guest::Error,
    },
    /// Nobody can connect.
    #[error(transparent)]
    Instance(#[from] instance::Error),
    /// No descriptors or threads left.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// Signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// Serves the devices that the command line describes until SIGTERM or SIGINT, or until one of them
/// cannot be served any more.
///
/// # Errors
///
/// [`Error`].
pub fn run(backend: Backend) -> Result<(), Error> {
    let mut signals = signals(&[libc::SIGTERM, libc::SIGINT]).map_err(Error::Signals)?;
    signals.set_nonblocking(false).map_err(Error::Signals)?;
    let stop = EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC).map_err(Error::Start)?;
    let mut instances = Vec::new();
    for (place, device) in backend.devices()?.into_iter().enumerate() {
        instances.push(device.instance(place, &stop)?);
    }
    let (ended, ends) = mpsc::channel();
    let count = instances.len();
    for (place, instance) in instances.into_iter().enumerate() {
        let ended = ended.clone();
        thread::Builder::new()
            .name(format!("socket{place}"))
            .spawn(move || {
                // Nobody listens when the process has been patient enough.
                let _ = ended.send(instance.run());
            })
            .map_err(Error::Start)?;
    }
    let waker = stop.try_clone().map_err(Error::Start)?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            // Woken by a signal; an error is a reason to end as well.
            let _ = signals.read(&mut [0]);
            if let Err(e) = waker.write(1) {
                log::error!("cannot stop: {e}");
            }
        })
        .map_err(Error::Start)?;
    wait(&ends, count, &stop)
}

/// Waits until all instances have ended, and for the rest only a while once one has.
fn wait(
    ends: &mpsc::Receiver<Result<(), instance::Error>>,
    count: usize,
    stop: &EventFd,
) -> Result<(), Error> {
    // The senders live as long as the threads.
    let Ok(first) = ends.recv() else {
        return Ok(());
    };
    let deadline = Instant::now() + PATIENCE;
    if let Err(e) = stop.write(1) {
        log::error!("cannot stop: {e}");
    }
    for _ in 1..count {
        let left = deadline.saturating_duration_since(Instant::now());
        match ends.recv_timeout(left) {
            Ok(Ok(())) => {}
            Ok(Err(e)) => log::error!("{}", chain(&e)),
            Err(_) => log::warn!("a front end has kept this process for too long"),
        }
    }
    Ok(first?)
}

/// A device to serve.
#[derive(Debug)]
struct Served {
    path: PathBuf,
    kind: DeviceKind,
    file: Option<std::fs::File>,
}

impl Served {
    fn instance(self, place: usize, stop: &EventFd) -> Result<Instance, Error> {
        let Self { path, kind, file } = self;
        // Only these are sure to answer every request before the next one.
        let is_in_order = match &kind {
            DeviceKind::Rng { rate } => rate.is_none(),
            DeviceKind::Block { options, .. } => options.engine == BlockEngine::Sync,
            _ => false,
        };
        let device = match guest::make(&kind, file) {
            Ok(device) => device,
            Err(source) => return Err(Error::Device { path, source }),
        };
        let engine = Engine::new(format!("{}:{place}", kind.name()), device);
        let stop = stop.try_clone().map_err(Error::Start)?;
        Ok(Instance::new(
            path,
            Session::new(engine, is_in_order),
            stop,
        )?)
    }
}

/// An entropy source for front ends of this process.
#[cfg(test)]
pub fn rng_instance(path: PathBuf, device: Box<dyn backends::Device>, stop: EventFd) -> Instance {
    let session = Session::new(Engine::new("rng".into(), device), true);
    Instance::new(path, session, stop).expect("the directory is the test's own")
}
