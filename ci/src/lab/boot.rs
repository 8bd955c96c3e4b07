// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Booting the lab: a script in dom0, and what came of it.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use super::{
    Lab, QEMU,
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
/// use ci::{cache::Cache, lab::{Lab, boot::Boot}};
///
/// let lab = Lab::setup(&Cache::open()?)?;
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
    files: Vec<(String, Content)>,
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
            files: Vec::new(),
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

    /// Sets the version of the interrupt controller: 2 or 3.
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
        let mut command = self.emulator(&scratch, SCRIPTED);
        let mut machine = Machine::start(&mut command).map_err(Error::start(QEMU))?;
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
        machine.stop().map_err(Error::start(QEMU))?;
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
        self.emulator(&scratch, INTERACTIVE)
            .status()
            .map_err(Error::start(QEMU))
    }

    /// dom0's root with the files behind it.
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
        Ok(scratch)
    }

    /// The emulator's command line.
    ///
    /// The emulator puts Xen at the beginning of the memory, 0x4000_0000, and the device tree at
    /// 0x4800_0000; dom0's kernel and root have to keep clear of both.
    fn emulator(&self, scratch: &Scratch, console: &[&str]) -> Command {
        // A comma ends an option's value; two are one.
        let quote = |path: &Path| path.to_string_lossy().replace(',', ",,");
        let kernel = quote(&self.lab.image());
        let initrd = quote(&scratch.work().join("initrd"));
        // Should this process be killed, the kernel kills the emulator.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", QEMU]);
        let machine = format!("virt,virtualization=on,gic-version={}", self.gic);
        command.args(["-machine", &machine, "-cpu", "cortex-a57"]);
        command.args(["-smp", &self.smp.to_string(), "-m", "2048"]);
        match self.counted {
            true => command.args(["-accel", "tcg,thread=single"]),
            false => command.args(["-accel", "tcg,thread=multi"]),
        };
        if self.counted {
            command.args(["-icount", "shift=2,sleep=off"]);
        }
        command
            .args(["-display", "none", "-no-reboot", "-nodefaults"])
            .args(console);
        command.arg("-kernel").arg(self.lab.xen());
        let pinned = if self.pinned { DOM0_PINNED } else { "" };
        command
            .args(["-append", &format!("{XEN_COMMAND_LINE}{pinned}")])
            .arg("-device");
        command.arg(format!(
            "guest-loader,addr=0x50000000,kernel={kernel},bootargs={DOM0_COMMAND_LINE}"
        ));
        command
            .arg("-device")
            .arg(format!("guest-loader,addr=0x58000000,initrd={initrd}"));
        command
    }
}

const XEN_COMMAND_LINE: &str =
    "console=dtuart dom0_mem=768M bootscrub=0 loglvl=info guest_loglvl=info";
const DOM0_PINNED: &str = " dom0_max_vcpus=1 dom0_vcpus_pin";
const DOM0_COMMAND_LINE: &str = "console=hvc0 rdinit=/init panic=-1";

/// The console on the standard error, a port for the script on the standard output. (The emulator's
/// `stdio` would do for the port only as long as there is a standard input: its end hangs up.)
const SCRIPTED: &[&str] = &[
    "-monitor",
    "none",
    "-chardev",
    "file,id=console,path=/dev/stderr",
    "-serial",
    "chardev:console",
    "-chardev",
    "file,id=script,path=/dev/stdout",
    "-global",
    "virtio-mmio.force-legacy=false",
    "-device",
    "virtio-serial-device",
    "-device",
    "virtserialport,chardev=script,name=script",
];
const INTERACTIVE: &[&str] = &["-serial", "mon:stdio"];

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
