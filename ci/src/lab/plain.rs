// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A guest without Xen: an emulated machine whose devices are vhost-user processes of this host.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    Arch, Lab,
    boot::{Content, End, Outcome},
    serial::{Line, Machine, Next},
};
use crate::{cache::Scratch, cpio::Archive, error::Error, server::Server};

/// What a guest's init prints before the exit code of its script.
const EXIT: &str = "DOMU-EXIT ";
/// The emulator.
const QEMU: &str = Arch::Arm64.qemu();
/// The machine's memory in MiB.
const MEMORY: &str = "256";

/// A device of the machine and the process behind it.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// What it is to the daemon's `backend`.
    pub kind: &'static str,
    /// More options of it; files are in a directory of the machine's own.
    pub options: &'static [&'static str],
    /// The device, as the emulator calls it.
    pub device: &'static str,
}

/// A guest in a plain emulated machine.
#[derive(Clone, Debug)]
#[must_use]
pub struct Plain<'l> {
    lab: &'l Lab,
    name: &'l str,
    daemon: &'l Path,
    timeout: Duration,
    backends: &'l [Backend],
    restart: Option<(&'l str, &'l str)>,
    files: Vec<(String, Content)>,
}

impl<'l> Plain<'l> {
    /// A guest whose devices `daemon`, a program for this host, serves.
    pub fn new(lab: &'l Lab, name: &'l str, daemon: &'l Path, backends: &'l [Backend]) -> Self {
        Self {
            lab,
            name,
            daemon,
            timeout: Duration::from_secs(300),
            backends,
            restart: None,
            files: Vec::new(),
        }
    }

    /// Kills the process of a kind, and starts another, when the guest prints `line`.
    pub fn restart(mut self, restart: Option<(&'l str, &'l str)>) -> Self {
        self.restart = restart;
        self
    }

    /// Puts a file into the guest's root. `domu.sh` is what it runs.
    pub fn file(mut self, name: &str, content: impl Into<Content>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }

    /// Boots it, and gives each line of its console to `on_line` as it comes.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if something cannot be read or written, [`Error::Start`] if a program
    /// cannot be started. What happens in the machine is no error: see [`Outcome::end`].
    pub fn run(self, mut on_line: impl FnMut(&str)) -> Result<Outcome, Error> {
        let started = Instant::now();
        let scratch = self.lab.cache().scratch("plain")?;
        self.initrd(&scratch)?;
        let serial = self.lab.cache().log(self.name)?;
        let mut log = File::create(&serial).map_err(Error::path("create", &serial))?;
        let mut processes = BTreeMap::new();
        for backend in self.backends {
            processes.insert(backend.kind, self.process(&scratch, backend, &log)?);
        }
        let mut machine =
            Machine::start(&mut self.emulator(&scratch)).map_err(Error::start(QEMU))?;
        let mut lines = Vec::new();
        let end = loop {
            match machine.next(started + self.timeout) {
                Next::Line(Line::Script(line) | Line::Console(line)) => {
                    // A log that cannot be written is no reason to stop.
                    let _ = writeln!(log, "{line}");
                    on_line(&line);
                    self.on_line(&line, &scratch, &log, &mut processes)?;
                    let code = line.strip_prefix(EXIT).map(str::parse);
                    lines.push(line);
                    if let Some(Ok(code)) = code {
                        break End::Exit(code);
                    }
                }
                Next::TimeUp => break End::TimeUp,
                Next::Off => break End::Off,
            }
        };
        machine.stop().map_err(Error::start(QEMU))?;
        drop(processes);
        lines.extend(warnings(&serial)?);
        Ok(Outcome {
            end,
            lines,
            serial,
            took: started.elapsed(),
        })
    }

    fn on_line(
        &self,
        line: &str,
        scratch: &Scratch,
        log: &File,
        processes: &mut BTreeMap<&'l str, Server>,
    ) -> Result<(), Error> {
        let Some((_, kind)) = self.restart.filter(|(wanted, _)| *wanted == line) else {
            return Ok(());
        };
        for backend in self.backends.iter().filter(|backend| backend.kind == kind) {
            // It ends here; the next one takes its socket.
            processes.remove(backend.kind);
            processes.insert(backend.kind, self.process(scratch, backend, log)?);
        }
        Ok(())
    }

    /// Starts a backend, and waits for its socket.
    fn process(&self, scratch: &Scratch, backend: &Backend, log: &File) -> Result<Server, Error> {
        let path = scratch.work().join(socket(backend));
        let log = log.try_clone().map_err(Error::start(backend.kind))?;
        let mut command = Server::command(self.daemon);
        command
            .args(["backend", backend.kind, "--socket-path", &socket(backend)])
            .args(backend.options)
            .current_dir(scratch.work())
            .stderr(log);
        Server::start(&mut command, &path).map_err(Error::start(backend.kind))
    }

    /// A guest's root with the files behind it, and an empty disk.
    fn initrd(&self, scratch: &Scratch) -> Result<(), Error> {
        let domu = self.lab.domu();
        let mut bytes = fs::read(&domu).map_err(Error::path("read", domu))?;
        let mut archive = Archive::new();
        for (name, content) in &self.files {
            match content {
                Content::Bytes(bytes) => archive.file(name, 0o755, bytes)?,
                Content::Path(path) => archive.path(name, path)?,
            };
        }
        bytes.extend(archive.finish());
        let path = scratch.work().join("initrd");
        fs::write(&path, bytes).map_err(Error::path("write", path))?;
        let disk = scratch.work().join("disk");
        let file = File::create(&disk).map_err(Error::path("create", &disk))?;
        file.set_len(48 << 20).map_err(Error::path("write", disk))
    }

    /// The emulator's command line: memory that processes can share, virtio-mmio in its present
    /// form.
    fn emulator(&self, scratch: &Scratch) -> Command {
        let mut command = Server::command(QEMU);
        command
            .args(["-machine", "virt,gic-version=3,memory-backend=memory"])
            .args(["-cpu", "cortex-a57", "-accel", "tcg,thread=multi"])
            .args(["-m", MEMORY, "-object"])
            .arg(format!(
                "memory-backend-memfd,id=memory,size={MEMORY}M,share=on"
            ))
            .args(["-display", "none", "-no-reboot", "-nodefaults"])
            .args(["-monitor", "none"])
            .args(["-chardev", "file,id=console,path=/dev/stdout"])
            .args(["-serial", "chardev:console"])
            .args(["-global", "virtio-mmio.force-legacy=false"])
            .arg("-kernel")
            .arg(self.lab.image())
            .args(["-initrd", "initrd"])
            .args(["-append", "console=ttyAMA0 rdinit=/init panic=-1"])
            .current_dir(scratch.work());
        for backend in self.backends {
            let (kind, device, path) = (backend.kind, backend.device, socket(backend));
            // Of the emulator's devices not all can do that.
            let again = match self.restart {
                Some((_, restarted)) if restarted == kind => ",reconnect=1",
                _ => "",
            };
            command
                .arg("-chardev")
                .arg(format!("socket,id={kind},path={path}{again}"))
                .arg("-device")
                .arg(format!("{device},chardev={kind}"));
        }
        command
    }
}

fn socket(backend: &Backend) -> String {
    format!("{}.sock", backend.kind)
}

/// What the backends have complained about: it is in the log only.
fn warnings(log: &Path) -> Result<Vec<String>, Error> {
    let text = fs::read(log).map_err(Error::path("read", log))?;
    let text = String::from_utf8_lossy(&text);
    let is_one = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR");
    let backends = text.lines().filter(is_one);
    Ok(backends.map(|line| format!("backend| {line}")).collect())
}
