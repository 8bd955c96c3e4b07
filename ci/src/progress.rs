// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Long steps: what they run, what the user sees of it, and their log.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::error::Error;

/// How often something shows that a step is alive where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Shows steps to the user and keeps their log.
#[derive(Debug)]
pub struct Reporter {
    path: PathBuf,
    log: File,
    terminal: bool,
}

impl Reporter {
    /// Begins the log in the file `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if it cannot be created.
    pub fn new(path: PathBuf) -> Result<Self, Error> {
        let log = File::create(&path).map_err(Error::path("create", &path))?;
        Ok(Self {
            path,
            log,
            terminal: io::stderr().is_terminal(),
        })
    }

    /// Where the log is.
    pub fn log(&self) -> &Path {
        &self.path
    }

    /// Begins the step `name`.
    pub fn step(&mut self, name: &str) -> Step<'_> {
        let bar = if self.terminal {
            let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
            bar.set_style(style(
                "{spinner} {prefix} {elapsed_precise:.dim} {wide_msg:.dim}",
            ));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        } else {
            eprintln!("{name} ...");
            ProgressBar::hidden()
        };
        let now = Instant::now();
        Step {
            reporter: self,
            name: name.into(),
            bar,
            started: now,
            spoken: now,
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well formed")
}

/// One long step.
#[derive(Debug)]
pub struct Step<'r> {
    reporter: &'r mut Reporter,
    name: String,
    bar: ProgressBar,
    started: Instant,
    spoken: Instant,
}

impl Step<'_> {
    /// Runs `command` to its end.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if it cannot be started, [`Error::Program`] if it fails.
    pub fn run(&mut self, command: &mut Command) -> Result<(), Error> {
        self.run_watched(command, &mut || None)
    }

    /// Runs every one of `commands` in `dir`, with `{NAME}` replaced by its value.
    ///
    /// # Errors
    ///
    /// As [`Step::run`].
    pub fn run_all(
        &mut self,
        dir: &Path,
        commands: &[&[&str]],
        values: &[(&str, &str)],
    ) -> Result<(), Error> {
        for command in commands {
            let mut words = command.iter().map(|word| fill(word, values));
            let program = words.next().expect("a command has a program");
            self.run(Command::new(program).args(words).current_dir(dir))?;
        }
        Ok(())
    }

    /// Runs `command` to its end, which gives `progress` its chance several times a second to say
    /// how many bytes of how many there are.
    ///
    /// # Errors
    ///
    /// As [`Step::run`].
    pub fn run_watched(
        &mut self,
        command: &mut Command,
        progress: &mut dyn FnMut() -> Option<(u64, u64)>,
    ) -> Result<(), Error> {
        let program = self.note(command);
        let (reader, writer) = io::pipe().map_err(Error::start(&program))?;
        let twin = writer.try_clone().map_err(Error::start(&program))?;
        command.stdin(Stdio::null()).stdout(twin).stderr(writer);
        let child = command.spawn();
        // The pipe ends when nobody can write to it any more; `command` could.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = child.map_err(Error::start(&program))?;
        let (sender, lines) = mpsc::channel();
        let pump = thread::spawn(move || {
            let lines = BufReader::new(reader).split(b'\n').map_while(Result::ok);
            lines
                .map(|line| sender.send(line))
                .take_while(Result::is_ok)
                .count()
        });
        loop {
            match lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => self.line(&String::from_utf8_lossy(&line)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Some((done, total)) = progress() {
                self.bytes(done, total);
            }
        }
        let status = child.wait().map_err(Error::start(&program))?;
        pump.join().expect("splitting lines does not panic");
        self.check(program, status)
    }

    /// Runs `command` to its end and returns what it wrote to its standard output.
    ///
    /// # Errors
    ///
    /// As [`Step::run`].
    pub fn capture(&mut self, command: &mut Command) -> Result<String, Error> {
        let program = self.note(command);
        let log = self
            .reporter
            .log
            .try_clone()
            .map_err(Error::start(&program))?;
        let output = command.stdin(Stdio::null()).stderr(log).output();
        let output = output.map_err(Error::start(&program))?;
        self.check(program, output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Ends the step well.
    pub fn done(self) {
        self.bar.finish_and_clear();
        eprintln!(
            "{}: done in {:.1} s",
            self.name,
            self.started.elapsed().as_secs_f64()
        );
    }

    fn note(&mut self, command: &Command) -> PathBuf {
        self.write(&format!("+ {command:?}"));
        command.get_program().into()
    }

    fn check(&self, program: PathBuf, status: std::process::ExitStatus) -> Result<(), Error> {
        if status.success() {
            return Ok(());
        }
        self.bar.finish_and_clear();
        Err(Error::Program {
            program,
            status,
            log: self.reporter.path.clone(),
        })
    }

    fn line(&mut self, line: &str) {
        self.write(line);
        self.bar.set_message(line.trim().to_owned());
        if !self.reporter.terminal && self.spoken.elapsed() > HEARTBEAT {
            self.spoken = Instant::now();
            eprintln!(
                "{}: {:.0} s, {}",
                self.name,
                self.started.elapsed().as_secs_f64(),
                line.trim()
            );
        }
    }

    fn bytes(&self, done: u64, total: u64) {
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
            self.bar.set_style(style(
                "{spinner} {prefix} {elapsed_precise:.dim} {wide_bar} {bytes}/{total_bytes}",
            ));
        }
        self.bar.set_position(done);
    }

    fn write(&mut self, line: &str) {
        // A log that cannot be written is no reason to stop.
        let _ = writeln!(self.reporter.log, "{line}");
    }
}

/// Replaces every `{NAME}` of `values` in `word`.
fn fill(word: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(word.to_owned(), |word, (name, value)| {
        word.replace(&format!("{{{name}}}"), value)
    })
}

/// The last `count` lines of the file `path`, as far as it can be read.
pub fn tail(path: &Path, count: usize) -> Vec<String> {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reporter() -> (tempfile::TempDir, Reporter) {
        let dir = tempfile::tempdir().unwrap();
        let reporter = Reporter::new(dir.path().join("log")).unwrap();
        (dir, reporter)
    }

    #[test]
    fn output_and_errors_of_a_command_are_in_the_log() {
        let (_dir, mut reporter) = reporter();
        let mut step = reporter.step("echo");
        step.run(Command::new("sh").args(["-c", "echo one; echo two >&2"]))
            .unwrap();
        step.done();
        assert_eq!(tail(reporter.log(), 2), ["one", "two"]);
    }

    #[test]
    fn a_failing_command_is_an_error_that_names_the_log() {
        let (_dir, mut reporter) = reporter();
        let result = reporter.step("fail").run(&mut Command::new("false"));
        let Err(Error::Program { log, .. }) = result else {
            panic!("no error")
        };
        assert_eq!(log, reporter.log());
    }

    #[test]
    fn commands_are_run_with_their_values() {
        let (dir, mut reporter) = reporter();
        let mut step = reporter.step("fill");
        step.run_all(dir.path(), &[&["touch", "{name}-x"]], &[("name", "file")])
            .unwrap();
        assert!(dir.path().join("file-x").exists());
    }

    #[test]
    fn the_tail_of_a_missing_file_is_empty() {
        assert!(tail(Path::new("/nonexistent"), 20).is_empty());
    }
}
