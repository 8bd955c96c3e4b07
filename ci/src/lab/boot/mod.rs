// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Booting the lab: a script in dom0, and what came of it.

mod emulator;

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use emulator::Console;

use super::{
    Lab,
    serial::{Line, Machine, Next},
};
use crate::{cache::Scratch, cpio::Archive, error::Error};

/// What dom0's init ends the script's output with, before the exit code.
const EXIT: &str = "lab-exit ";

/// What a file in dom0 is made of.
#[derive(Clone, Debug)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// This file, or directory with all that is in it.
    Path(PathBuf),
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<PathBuf> for Content {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&Path> for Content {
    fn from(path: &Path) -> Self {
        Self::Path(path.into())
    }
}

/// How a boot ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The script ended, with this code.
    Exit(i32),
    /// The machine went off before the script ended.
    Off,
    /// The time was up.
    TimeUp,
}

/// What came of a boot.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What the script printed.
    pub lines: Vec<String>,
    /// The file with everything that came out of the machine.
    pub serial: PathBuf,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// The exit code of the script, if it ended.
    pub fn exit(&self) -> Option<i32> {
        match self.end {
            End::Exit(code) => Some(code),
            End::Off | End::TimeUp => None,
        }
    }
}

/// A boot of the lab.
///
/// # Example
///
/// ```no_run
/// use ci::{cache::Cache, lab::{Kind, Lab, boot::Boot}};
///
/// let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
/// let outcome = Boot::new(&lab).script("cat hello").file("hello", "from dom0\n").run(|_| ())?;
/// assert_eq!(outcome.exit(), Some(0));
/// assert_eq!(outcome.lines, ["from dom0"]);
/// # Ok::<(), ci::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Boot<'l> {
    lab: &'l Lab,
    name: String,
    smp: u8,
    gic: u8,
    timeout: Duration,
    verbose: bool,
    counted: bool,
    pinned: bool,
    pvh: bool,
    memory: Option<u32>,
    files: Vec<(String, Content)>,
    disk: Option<PathBuf>,
}

impl<'l> Boot<'l> {
    /// A boot with one CPU, five minutes, and nothing in `/test`.
    pub fn new(lab: &'l Lab) -> Self {
        Self {
            lab,
            name: "serial".into(),
            smp: 1,
            gic: 3,
            timeout: Duration::from_secs(300),
            verbose: false,
            counted: false,
            pinned: false,
            pvh: false,
            memory: None,
            files: Vec::new(),
            disk: None,
        }
    }

    /// Names the log of the serial console.
    pub fn log(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the number of CPUs. More than one is slow where the host is busy.
    pub fn smp(mut self, cpus: u8) -> Self {
        self.smp = cpus;
        self
    }

    /// Sets the version of Arm's interrupt controller: 2 or 3.
    pub fn gic(mut self, version: u8) -> Self {
        self.gic = version;
        self
    }

    /// Sets when the machine is switched off.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether the console is copied to this process's standard error.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Whether the machine's clock counts instructions, 4 ns each, whatever the host does
    /// meanwhile. With one CPU.
    pub fn counted(mut self, counted: bool) -> Self {
        self.counted = counted;
        self
    }

    /// Whether dom0 has one virtual CPU, which stays on the first one of the machine.
    pub fn pinned(mut self, pinned: bool) -> Self {
        self.pinned = pinned;
        self
    }

    /// Whether dom0 is a PVH domain, in a machine with an IOMMU, instead of a PV one. On x86.
    pub fn pvh(mut self, pvh: bool) -> Self {
        self.pvh = pvh;
        self
    }

    /// Sets the machine's memory in MiB; it has enough for some small guests otherwise.
    pub fn memory(mut self, memory: Option<u32>) -> Self {
        self.memory = memory;
        self
    }

    /// Gives dom0 a disk, `/dev/vda`; what is written to it does not reach the image. On x86.
    pub fn disk(mut self, image: PathBuf) -> Self {
        self.disk = Some(image);
        self
    }

    /// Sets what runs in dom0: a script for busybox sh, with `/test` as its directory.
    pub fn script(self, script: impl Into<Content>) -> Self {
        self.file("run.sh", script)
    }

    /// Puts a file into `/test`.
    pub fn file(mut self, name: &str, content: impl Into<Content>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }

    /// Boots, runs the script, and gives each line it prints to `on_line` as it comes.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if something cannot be read or written, [`Error::Start`] if the emulator
    /// cannot be started. What happens in the machine is no error: see [`Outcome::end`].
    pub fn run(self, mut on_line: impl FnMut(&str)) -> Result<Outcome, Error> {
        let started = Instant::now();
        let scratch = self.initrd()?;
        let serial = self.lab.cache().log(&self.name)?;
        let mut log = File::create(&serial).map_err(Error::path("create", &serial))?;
        let mut command = self.emulator(&scratch, Console::Scripted);
        let qemu = self.lab.arch().qemu();
        let mut machine = Machine::start(&mut command).map_err(Error::start(qemu))?;
        let mut script = Script::default();
        let end = loop {
            match machine.next(started + self.timeout) {
                Next::Line(Line::Console(line)) => {
                    if self.verbose {
                        eprintln!("{line}");
                    }
                    note(&mut log, &line);
                }
                Next::Line(Line::Script(line)) => {
                    note(&mut log, &line);
                    if let Some(code) = script.line(line, &mut on_line) {
                        break End::Exit(code);
                    }
                }
                Next::TimeUp => break End::TimeUp,
                Next::Off => break End::Off,
            }
        };
        machine.stop().map_err(Error::start(qemu))?;
        Ok(Outcome {
            end,
            lines: script.lines,
            serial,
            took: started.elapsed(),
        })
    }

    /// Boots with a shell of dom0 on this terminal, until it is left.
    ///
    /// # Errors
    ///
    /// As [`Boot::run`].
    pub fn shell(self) -> Result<ExitStatus, Error> {
        let scratch = self.initrd()?;
        self.emulator(&scratch, Console::Interactive)
            .status()
            .map_err(Error::start(self.lab.arch().qemu()))
    }

    /// A directory with dom0's kernel and its root with the files behind it.
    fn initrd(&self) -> Result<Scratch, Error> {
        let scratch = self.lab.cache().scratch("boot")?;
        let dom0 = self.lab.dom0();
        let mut bytes = fs::read(&dom0).map_err(Error::path("read", dom0))?;
        let mut archive = Archive::new();
        archive.directory("test");
        for (name, content) in &self.files {
            let name = format!("test/{name}");
            match content {
                Content::Bytes(bytes) => archive.file(&name, 0o755, bytes)?,
                Content::Path(path) => archive.path(&name, path)?,
            };
        }
        bytes.extend(archive.finish());
        let path = scratch.work().join("initrd");
        fs::write(&path, bytes).map_err(Error::path("write", path))?;
        let kernel = scratch.work().join("kernel");
        symlink(self.lab.image(), &kernel).map_err(Error::path("link", kernel))?;
        Ok(scratch)
    }
}

/// The script's output as it comes.
#[derive(Debug, Default)]
struct Script {
    lines: Vec<String>,
    /// Whether an empty line came last: it is the script's only if it is not the one that init
    /// begins its own line with.
    blank: bool,
}

impl Script {
    /// Takes a line; returns the exit code if it is the one that says so.
    fn line(&mut self, line: String, on_line: &mut impl FnMut(&str)) -> Option<i32> {
        if let Some(code) = line.strip_prefix(EXIT).and_then(|code| code.parse().ok()) {
            return Some(code);
        }
        if std::mem::replace(&mut self.blank, line.is_empty()) {
            on_line("");
            self.lines.push(String::new());
        }
        if !line.is_empty() {
            on_line(&line);
            self.lines.push(line);
        }
        None
    }
}

fn note(log: &mut File, line: &str) {
    // A log that cannot be written is no reason to stop.
    let _ = writeln!(log, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Option<i32>) {
        let mut script = Script::default();
        let code = text
            .split('\n')
            .find_map(|line| script.line(line.into(), &mut |_| ()));
        (script.lines, code)
    }

    #[test]
    fn the_line_end_before_the_exit_code_is_not_the_scripts() {
        assert_eq!(read("one\n\nlab-exit 7"), (vec!["one".into()], Some(7)));
    }

    #[test]
    fn a_last_line_without_an_end_is_kept() {
        assert_eq!(
            read("one\ntwo\nlab-exit 0"),
            (vec!["one".into(), "two".into()], Some(0))
        );
    }

    #[test]
    fn empty_lines_of_the_script_are_kept() {
        let lines = ["", "one", "", "", "two", ""].map(str::to_owned).to_vec();
        assert_eq!(read("\none\n\n\ntwo\n\n\nlab-exit 1"), (lines, Some(1)));
    }

    #[test]
    fn an_exit_without_a_number_is_the_scripts() {
        assert_eq!(read("lab-exit now"), (vec!["lab-exit now".into()], None));
    }
}
