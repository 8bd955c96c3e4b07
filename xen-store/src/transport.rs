// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The two ways to reach xenstored: its socket and the kernel's device.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::wire::{HEADER_SIZE, PAYLOAD_MAX};

const SOCKETS: [&str; 2] = ["/run/xenstored/socket", "/var/run/xenstored/socket"];
const DEVICE: &str = "/dev/xen/xenbus";

/// What [`Transport::receive`] does when nothing is there: wait, or say so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    Blocking,
    #[cfg(feature = "tokio")]
    NonBlocking,
}

/// A connection to xenstored: whole messages out, bytes in.
#[derive(Debug)]
pub(crate) enum Transport {
    Socket(UnixStream),
    /// `/dev/xen/xenbus`.
    Device(File),
}

impl Transport {
    /// Opens the first transport there is; see [`crate::Client::open`] for the order.
    pub(crate) fn open(mode: Mode) -> Result<Self, Error> {
        let variable = |name| std::env::var_os(name);
        let paths = candidates(variable("XENSTORED_PATH"), variable("XENSTORED_RUNDIR"));
        Self::open_first(paths, mode)
    }

    fn open_first(paths: Vec<PathBuf>, mode: Mode) -> Result<Self, Error> {
        let mut failures = Vec::new();
        for path in paths {
            match Self::open_path(&path, mode) {
                Ok(transport) => return Ok(transport),
                Err(source) => failures.push((path, source)),
            }
        }
        let exists = |failure: &(PathBuf, io::Error)| failure.1.kind() != io::ErrorKind::NotFound;
        let telling = failures.iter().position(exists).unwrap_or(0);
        let (path, source) = failures.swap_remove(telling);
        Err(Error::Connect { path, source })
    }

    /// Opens a socket or a device, whichever `path` is.
    pub(crate) fn open_path(path: &Path, mode: Mode) -> io::Result<Self> {
        let blocking = mode == Mode::Blocking;
        if fs::metadata(path)?.file_type().is_socket() {
            let socket = UnixStream::connect(path)?;
            socket.set_nonblocking(!blocking)?;
            Ok(Self::Socket(socket))
        } else {
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            options.custom_flags(if blocking { 0 } else { libc::O_NONBLOCK });
            options.open(path).map(Self::Device)
        }
    }

    /// Writes one message, all of it, in one system call unless the kernel takes less.
    pub(crate) fn send(&self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Socket(socket) => (&*socket).write_all(message),
            Self::Device(device) => (&*device).write_all(message),
        }
    }

    /// Writes what the kernel takes at once.
    #[cfg(feature = "tokio")]
    pub(crate) fn send_some(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => (&*socket).write(bytes),
            Self::Device(device) => (&*device).write(bytes),
        }
    }

    /// Waits for bytes; 0 is the end.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let received = match self {
                Self::Socket(socket) => (&*socket).read(buffer),
                Self::Device(device) => (&*device).read(buffer),
            };
            match received {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => return received,
            }
        }
    }

    /// Ends the waiting of whoever reads.
    pub(crate) fn close(&self) {
        if let Self::Socket(socket) = self
            && let Err(error) = socket.shutdown(Shutdown::Both)
        {
            // ENOTCONN: the server was first.
            log::debug!("closing the connection to xenstored: {error}");
        }
    }

    /// The longest payload: the buffer of the device (Linux, xenbus_dev_frontend.c) has to hold
    /// the header as well.
    pub(crate) fn payload_max(&self) -> usize {
        match self {
            Self::Socket(_) => PAYLOAD_MAX,
            Self::Device(_) => PAYLOAD_MAX - HEADER_SIZE,
        }
    }

    /// Whether each request is for itself: one at a time is under way, and a failed
    /// [`Self::send`] leaves the others alone.
    ///
    /// The device sends WATCH itself, returns its failure from `write`, and drops the message. A
    /// socket that failed may have sent half a message.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, Self::Device(_))
    }
}

impl AsRawFd for Transport {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Socket(socket) => socket.as_raw_fd(),
            Self::Device(device) => device.as_raw_fd(),
        }
    }
}

/// Where to look. Never empty.
fn candidates(path: Option<OsString>, rundir: Option<OsString>) -> Vec<PathBuf> {
    if let Some(path) = path {
        return vec![path.into()];
    }
    let sockets = match rundir {
        Some(rundir) => vec![PathBuf::from(rundir).join("socket")],
        None => SOCKETS.map(PathBuf::from).to_vec(),
    };
    sockets.into_iter().chain([DEVICE.into()]).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn device() -> (Transport, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Transport::Device(File::from(OwnedFd::from(ours))), theirs)
    }

    #[test]
    fn the_path_of_the_environment_is_the_only_one() {
        let paths = candidates(Some("/tmp/s".into()), Some("/tmp/dir".into()));

        assert_eq!(paths, [PathBuf::from("/tmp/s")]);
    }

    #[test]
    fn the_directory_of_the_environment_replaces_the_sockets() {
        let paths = candidates(None, Some("/tmp/dir".into()));

        assert_eq!(
            paths,
            [PathBuf::from("/tmp/dir/socket"), PathBuf::from(DEVICE)]
        );
    }

    #[test]
    fn sockets_come_before_the_device() {
        let paths = candidates(None, None);

        assert_eq!(paths, [SOCKETS[0], SOCKETS[1], DEVICE].map(PathBuf::from));
    }

    #[test]
    fn the_first_candidate_that_answers_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();

        let transport =
            Transport::open_first(vec![dir.path().join("missing"), path], Mode::Blocking);

        assert!(matches!(transport, Ok(Transport::Socket(_))));
    }

    #[test]
    fn a_candidate_that_exists_is_the_one_to_complain_about() {
        let dir = tempfile::tempdir().unwrap();
        let stale = dir.path().join("stale");
        drop(UnixListener::bind(&stale).unwrap());

        let error = Transport::open_first(
            vec![dir.path().join("missing"), stale.clone()],
            Mode::Blocking,
        );

        assert!(matches!(error, Err(Error::Connect { path, .. }) if path == stale));
    }

    #[test]
    fn a_device_takes_and_gives_bytes() {
        let (transport, mut theirs) = device();
        let mut buffer = [0; 8];

        transport.send(b"request").unwrap();
        theirs.read_exact(&mut buffer[..7]).unwrap();
        theirs.write_all(b"reply").unwrap();
        let count = transport.receive(&mut buffer[..]).unwrap();

        assert_eq!(&buffer[..count], b"reply");
        assert_eq!(transport.payload_max(), 4080);
    }
}
