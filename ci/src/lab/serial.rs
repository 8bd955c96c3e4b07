// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A running emulator and the two streams of lines that come out of it.

use std::{
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Instant,
};

/// A line out of the machine, without its end.
#[derive(Debug)]
pub enum Line {
    /// Of the script: the emulator's standard output.
    Script(String),
    /// Of the console, or of the emulator itself: its standard error.
    Console(String),
}

/// What [`Machine::next`] found.
#[derive(Debug)]
pub enum Next {
    /// A line.
    Line(Line),
    /// The time was up.
    TimeUp,
    /// The machine is off.
    Off,
}

/// A running emulator. It is killed when this is dropped.
#[derive(Debug)]
pub struct Machine {
    child: Child,
    lines: Receiver<Line>,
}

impl Machine {
    /// Starts the emulator.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (sender, lines) = mpsc::channel();
        let script = child
            .stdout
            .take()
            .expect("standard output was asked to be a pipe");
        let console = child
            .stderr
            .take()
            .expect("standard error was asked to be a pipe");
        pump(script, sender.clone(), Line::Script);
        pump(console, sender, Line::Console);
        Ok(Self { child, lines })
    }

    /// Waits for the next line until `deadline`.
    pub fn next(&self, deadline: Instant) -> Next {
        match self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            Ok(line) => Next::Line(line),
            Err(RecvTimeoutError::Timeout) => Next::TimeUp,
            Err(RecvTimeoutError::Disconnected) => Next::Off,
        }
    }

    /// Ends the emulator, if it has not ended, and says how it ended.
    ///
    /// # Errors
    ///
    /// When the kernel does not let us.
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // There is nobody left to tell; a child that has ended is no error here.
        let _ = self.stop();
    }
}

/// Sends what comes out of `from` line by line; the thread ends with the stream.
fn pump(from: impl Read + Send + 'static, to: Sender<Line>, make: fn(String) -> Line) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).replace('\r', "");
            if to.send(make(line)).is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn lines_come_without_their_ends_and_then_the_machine_is_off() {
        let machine = Machine::start(Command::new("printf").arg("one\\r\\n")).unwrap();
        assert!(matches!(machine.next(soon()), Next::Line(Line::Script(line)) if line == "one"));
        assert!(matches!(machine.next(soon()), Next::Off));
    }

    #[test]
    fn the_error_stream_is_the_console() {
        let machine = Machine::start(Command::new("sh").args(["-c", "echo one >&2"])).unwrap();
        assert!(matches!(machine.next(soon()), Next::Line(Line::Console(line)) if line == "one"));
    }

    #[test]
    fn a_silent_machine_lets_the_time_run_out_and_can_be_stopped() {
        let mut machine = Machine::start(Command::new("sleep").arg("1000")).unwrap();
        let deadline = Instant::now() + Duration::from_millis(10);
        assert!(matches!(machine.next(deadline), Next::TimeUp));
        assert!(!machine.stop().unwrap().success());
    }
}
