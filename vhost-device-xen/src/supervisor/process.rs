// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A guest process as its supervisor sees it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command as Process, ExitStatus, Stdio};

use crate::channel::{Channel, Command, Report};
use crate::config::{Kernel, Memory};
use xen_hypercall::dm_op::ServerId;

/// Ourselves, also after the file has been replaced by a newer one.
const PROGRAM: &str = "/proc/self/exe";

/// A running guest process; killed when dropped.
#[derive(Debug)]
pub struct GuestProcess {
    child: Child,
    channel: Channel,
    /// The number of its IOREQ server, once it has told.
    pub server: Option<ServerId>,
}

impl GuestProcess {
    /// Starts a process for `domain`.
    ///
    /// # Errors
    ///
    /// When there can be no more processes or descriptors.
    pub fn spawn(domain: u16, kernel: Kernel, memory: Memory) -> io::Result<Self> {
        let (ours, theirs) = Channel::pair()?;
        ours.set_nonblocking()?;
        let child = Process::new(PROGRAM)
            .args(["guest", "--domain", &domain.to_string()])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // A signal from the terminal is for the supervisor, which ends guests in order.
            .process_group(0)
            .spawn()?;
        let process = Self {
            child,
            channel: ours,
            server: None,
        };
        let configure = Command::Configure {
            irqfd: kernel.irqfd,
            memory,
        };
        process.send(&configure, None)?;
        Ok(process)
    }

    /// Asks for something; the answer comes as a [`Report`].
    ///
    /// # Errors
    ///
    /// When the process does not listen, or is gone.
    pub fn send(&self, command: &Command, file: Option<&File>) -> io::Result<()> {
        self.channel.send(command, file.map(AsFd::as_fd))
    }

    /// What the process has said, or `None` when it has ended.
    ///
    /// # Errors
    ///
    /// When it cannot be understood; `WouldBlock` when it has said nothing.
    pub fn receive(&self) -> io::Result<Option<Report>> {
        Ok(self.channel.receive()?.map(|(report, _)| report))
    }

    /// Asks it to end.
    pub fn finish(&self) {
        self.channel.finish();
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        // Fails when it has ended, which is well.
        let _ = self.child.kill();
    }

    /// How it has ended, or `None` if it has not.
    ///
    /// # Errors
    ///
    /// As waitpid(2).
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl AsRawFd for GuestProcess {
    fn as_raw_fd(&self) -> RawFd {
        self.channel.as_raw_fd()
    }
}

impl Drop for GuestProcess {
    fn drop(&mut self) {
        // Fails when it has ended. It is not waited for: one that hangs in the kernel would take
        // its supervisor along.
        let _ = self.child.kill();
    }
}
