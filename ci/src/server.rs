// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Processes of this host that serve something at a socket.

use std::{
    ffi::OsStr,
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A process that serves; killed when dropped.
#[derive(Debug)]
pub struct Server(Child);

impl Server {
    /// What begins the command of a server: should this process be killed, the kernel kills it.
    pub fn command(program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command
    }

    /// Starts `command`, and waits for its socket, or for its end.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(command: &mut Command, socket: &Path) -> io::Result<Self> {
        // The socket of one that was killed is still there.
        let _ = fs::remove_file(socket);
        let mut server = Self(command.stdin(Stdio::null()).spawn()?);
        while !socket.exists() && server.is_alive() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
