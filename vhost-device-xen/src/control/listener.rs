// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The socket that the daemon listens at.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::connection::Connection;
use super::host;

/// A listening socket that only its owner may open. Its file goes with it.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Listens at `path`. What is there already is replaced: whoever calls this knows that no other
    /// daemon uses it.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        // In a directory that nobody else may enter until the mode is right.
        let mut private = OsString::from(path);
        private.push(".new");
        let private = PathBuf::from(private);
        let made = private.join("socket");
        // Left behind by a daemon that was killed, if they are there.
        let _ = fs::remove_file(&made);
        let _ = fs::remove_dir(&private);
        DirBuilder::new().mode(0o700).create(&private)?;
        let socket = UnixListener::bind(&made).and_then(|socket| {
            fs::set_permissions(&made, Permissions::from_mode(0o600))?;
            socket.set_nonblocking(true)?;
            fs::rename(&made, path)?;
            Ok(socket)
        });
        let _ = fs::remove_file(&made);
        let _ = fs::remove_dir(&private);
        Ok(Self {
            socket: socket?,
            path: path.to_owned(),
        })
    }

    /// The next client, if there is one. One that may not be a client gets no answer.
    ///
    /// # Errors
    ///
    /// As accept(2), also when the client is somebody else than root or the daemon's own user.
    pub fn accept(&self) -> io::Result<Option<Connection>> {
        let stream = match self.socket.accept() {
            Ok((stream, _)) => stream,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(e) => return Err(e),
        };
        let user = host::peer_user(&stream)?;
        if user != 0 && user != host::own_user() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        Connection::new(stream).map(Some)
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Somebody may have removed it.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_its_owner_may_open_it_and_it_goes_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        // Of a daemon that was killed, twice.
        fs::write(&path, "stale").unwrap();
        fs::create_dir(dir.path().join("control.sock.new")).unwrap();

        let listener = Listener::bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert!(listener.accept().unwrap().is_none());
        let _client = UnixStream::connect(&path).unwrap();
        let accepted = listener.accept().unwrap();
        let left = fs::read_dir(dir.path()).unwrap().count();
        drop(listener);

        assert_eq!(mode & 0o777, 0o600);
        assert!(accepted.is_some());
        assert_eq!(left, 1);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();

        assert!(Listener::bind(&dir.path().join("none/control.sock")).is_err());
    }
}
