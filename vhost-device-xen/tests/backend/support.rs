// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A backend process, and front ends for it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;

use tempfile::TempDir;
use vhost::vhost_user::Frontend;
use vhost::vhost_user::message::VhostUserProtocolFeatures;
use vm_memory::GuestMemoryMmap;

pub use crate::front::{Front, Ring, USER, eventually, memory};

/// A backend; killed when dropped.
pub struct Process {
    child: Child,
    dir: TempDir,
}

impl Process {
    /// Serves what `line` says; its `{}` is a directory of its own.
    pub fn start(line: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), line)
    }

    /// As [`start`](Self::start), in a directory that is there.
    pub fn start_in(dir: TempDir, line: &str) -> Self {
        let line = line.replace("{}", dir.path().to_str().unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_vhost-device-xen"))
            .arg("backend")
            .env("RUST_LOG", "off")
            .args(line.split(' '))
            .spawn()
            .unwrap();
        Self { child, dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A connection to a socket.
    pub fn connect(&self, name: &str) -> UnixStream {
        let path = self.path(name);
        eventually("the socket", || match UnixStream::connect(&path) {
            Ok(stream) => Some(stream),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => None,
            Err(e) => panic!("{e}"),
        })
    }

    /// A front end with the features that it wants, and memory of its own.
    pub fn front(&self, name: &str) -> Front {
        self.front_with(name, memory(), VhostUserProtocolFeatures::empty())
    }

    /// As [`front`](Self::front), with memory that is there and more protocol features.
    pub fn front_with(
        &self,
        name: &str,
        memory: (File, Arc<GuestMemoryMmap<()>>),
        more: VhostUserProtocolFeatures,
    ) -> Front {
        let frontend = Frontend::from_stream(self.connect(name), 16);
        Front::new(frontend, memory, more)
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the end", || child.try_wait().unwrap())
    }

    /// Ends it as a crash would.
    pub fn crash(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An image of so many bytes.
pub fn image(path: &Path, len: usize) {
    fs::write(path, vec![0; len]).unwrap();
}
