// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A guest process as its supervisor sees it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::time::Instant;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use xen_hypercall::DomId;
use xen_ioctls::Grants;

use super::handover::GuestState;
use crate::channel::{
    Channel, Command, DeviceId, DeviceKind, DeviceSpec, Dial, Dialled, External, Report,
};
use crate::config::Config;
use crate::confinement::nodes;

/// Ourselves, also after the file has been replaced by a newer one.
const PROGRAM: &str = "/proc/self/exe";

/// A running guest process; killed when dropped.
#[derive(Debug)]
pub struct GuestProcess {
    child: Killed,
    channel: Channel,
    /// Where it asks for connections.
    dials: Channel,
    /// Where its devices' backends listen.
    backends: BTreeMap<DeviceId, PathBuf>,
    /// What outlives it.
    pub state: GuestState,
    /// When it is killed: it has nothing to serve.
    pub until: Option<Instant>,
}

/// Why a device is not handed over.
#[derive(Debug, thiserror::Error)]
pub enum Kept {
    /// The process knows nothing of the device.
    #[error("the host lacks something: {0}")]
    Lacks(io::Error),
    /// The process does not listen, or is gone.
    #[error("cannot reach the guest's process: {0}")]
    Silent(io::Error),
}

impl GuestProcess {
    /// Starts a process for `domain`, with device nodes that are restricted to it. It takes over the IOREQ
    /// server that there is, and answers nobody before it is told to [resume](Command::Resume).
    ///
    /// # Errors
    ///
    /// When there can be no more processes or descriptors, or there is no server.
    pub fn spawn(domain: u16, config: &Config, state: GuestState) -> io::Result<Self> {
        let server = state.server().ok_or(io::ErrorKind::NotFound)?;
        let (privcmd, events) = nodes(DomId(domain)).map_err(io::Error::other)?;
        let (ours, theirs) = Channel::pair()?;
        let (dials, dialer) = Channel::pair()?;
        for end in [&ours, &dials] {
            end.set_nonblocking()?;
        }
        let child = Process::new(PROGRAM)
            .args(["guest", "--domain", &domain.to_string()])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // A signal from the terminal is for the supervisor, which ends guests in order.
            .process_group(0)
            .spawn()?;
        let mut process = Self {
            child: Killed(child),
            channel: ours,
            dials,
            backends: BTreeMap::new(),
            state,
            until: None,
        };
        let configure = Command::Configure {
            uid: config.process.uid.get().saturating_add(domain.into()),
            irqfd: config.kernel.irqfd,
            memory: config.memory,
            server: server.0,
        };
        let files = [
            process.state.lock().as_fd(),
            privcmd.as_fd(),
            events.as_fd(),
            dialer.as_fd(),
        ];
        if let Err(e) = process.channel.send(&configure, &files) {
            process.kill();
            // It has just begun: nothing keeps it in the kernel.
            let _ = process.child.0.wait();
            return Err(e);
        }
        Ok(process)
    }

    /// Asks for something; the answer comes as a [`Report`].
    ///
    /// # Errors
    ///
    /// When the process does not listen, or is gone.
    pub fn send(&self, command: &Command) -> io::Result<()> {
        self.channel.send(command, &[])
    }

    /// Hands it a device to serve, and the file behind it: one that it goes on with, or a new one.
    ///
    /// # Errors
    ///
    /// [`Kept`].
    pub fn attach(
        &mut self,
        spec: DeviceSpec,
        file: Option<&File>,
        is_new: bool,
    ) -> Result<(), Kept> {
        let record = self.state.record(&spec, is_new).map_err(Kept::Lacks)?;
        self.hand_over(Command::Attach(spec.clone()), &spec, Some(&record), file)
    }

    /// Hands it a device that it has served before, with the file behind it.
    ///
    /// # Errors
    ///
    /// [`Kept`].
    pub fn restore(&mut self, spec: DeviceSpec, file: Option<&File>) -> Result<(), Kept> {
        self.state.save(&spec).map_err(Kept::Lacks)?;
        self.hand_over(Command::Restore(spec.clone()), &spec, None, file)
    }

    fn hand_over(
        &mut self,
        command: Command,
        spec: &DeviceSpec,
        record: Option<&File>,
        file: Option<&File>,
    ) -> Result<(), Kept> {
        if let DeviceKind::External(External { socket, .. }) = &spec.kind {
            self.backends.insert(spec.id, socket.clone());
        }
        let grants = spec.grants.then(Grants::open).transpose();
        let grants = grants.map_err(|e| Kept::Lacks(io::Error::other(e)))?;
        let files: Vec<BorrowedFd<'_>> = record
            .into_iter()
            .map(AsFd::as_fd)
            .chain(grants.iter().map(Grants::as_fd))
            .chain(file.map(AsFd::as_fd))
            .collect();
        self.channel.send(&command, &files).map_err(Kept::Silent)
    }

    /// What wakes [`dial`](Self::dial).
    pub fn dials(&self) -> RawFd {
        self.dials.as_raw_fd()
    }

    /// Connects the process with a backend of a device of its guest, as it asks; says whether it may
    /// ask again.
    pub fn dial(&self) -> bool {
        let device = match self.dials.receive() {
            Ok(Some((Dial(device), _))) => device,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return true,
            Ok(None) | Err(_) => return false,
        };
        let path = self.backends.get(&device).ok_or(io::ErrorKind::NotFound);
        let socket = path.map_err(io::Error::from).and_then(|path| reach(path));
        let sent = match &socket {
            Ok(socket) => self.dials.send(&Dialled(None), &[socket.as_fd()]),
            Err(e) => self.dials.send(&Dialled(Some(e.to_string())), &[]),
        };
        sent.is_ok()
    }

    /// What the process has said, or `None` when it has ended.
    ///
    /// # Errors
    ///
    /// When it cannot be understood; `WouldBlock` when it has said nothing.
    pub fn receive(&self) -> io::Result<Option<Report>> {
        Ok(self.channel.receive()?.map(|(report, _)| report))
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Asks it to end, and to leave everything to another process.
    pub fn finish(&self) {
        self.channel.finish();
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        // Fails when it has ended, which is well.
        let _ = self.child.0.kill();
    }

    /// How it has ended, or `None` if it has not.
    ///
    /// # Errors
    ///
    /// As waitpid(2).
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.0.try_wait()
    }
}

impl AsRawFd for GuestProcess {
    fn as_raw_fd(&self) -> RawFd {
        self.channel.as_raw_fd()
    }
}

/// A process that is killed when this is dropped.
#[derive(Debug)]
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails when it has ended. It is not waited for: one that hangs in the kernel would take
        // its supervisor along.
        let _ = self.0.kill();
    }
}

/// Connects to a socket, without waiting for whoever listens there.
fn reach(path: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    let socket = UnixStream::from(socket);
    socket.set_nonblocking(false)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn whoever_listens_is_reached_and_whoever_does_not_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");

        let before = reach(&path).unwrap_err().kind();
        let listener = UnixListener::bind(&path).unwrap();
        let ours = reach(&path).unwrap();

        assert_eq!(before, io::ErrorKind::NotFound);
        let (theirs, _) = listener.accept().unwrap();
        assert_eq!(ours.peer_addr().unwrap().as_pathname(), Some(&*path));
        drop((ours, theirs));
    }

    /// It would wait for a place in the queue.
    #[test]
    fn a_listener_that_accepts_nobody_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();

        let mut waiting = Vec::new();
        let full = loop {
            match reach(&path) {
                Ok(socket) => waiting.push(socket),
                Err(e) => break e.kind(),
            }
        };

        assert_eq!(full, io::ErrorKind::WouldBlock);
    }
}
