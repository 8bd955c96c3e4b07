// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the command line asks of the running daemon.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, thread};

use clap::{Args, Subcommand};

use super::DEFAULT_SOCKET;
use super::protocol::{Answer, Device, Request, VERSION};
use super::table::{self, Style};
use crate::guest::chain;

/// How long the daemon may take. It answers within ten seconds, whatever guests' processes do.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often `--watch` looks.
const PERIOD: Duration = Duration::from_secs(1);
/// Clears a terminal.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Where the daemon listens.
#[derive(Clone, Debug, Args)]
pub struct Socket {
    /// The daemon's control socket.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
}

/// Which device.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// The guest: its domain number, its name or its UUID.
    guest: String,
    /// The device as `list` has it (virtio/0, virtio_disk/51712), or the vdev of a disk (xvda).
    device: String,
}

/// What may be asked of the daemon.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// List the devices of all guests, and how they fare.
    List {
        /// As docs/control.md describes it.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        socket: Socket,
    },
    /// Show what devices have done: requests, bytes, interrupts, errors, latencies.
    Stats {
        /// Those of one guest: its domain number, its name or its UUID.
        guest: Option<String>,
        /// Each second, with what was done in it.
        #[arg(long)]
        watch: bool,
        /// As docs/control.md describes it; with --watch, a line each second.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        socket: Socket,
    },
    /// Serve a device that was detached or refused, as XenStore and the configuration are now.
    Attach {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        socket: Socket,
    },
    /// Take a device away from a guest that goes on: what was begun is done, the image is closed.
    Detach {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        socket: Socket,
    },
    /// Set the length of a disk's image, and have the guest see it at once.
    Resize {
        #[command(flatten)]
        target: Target,
        /// The new size in bytes, or with K, M, G or T; without it, look at what there is.
        #[arg(value_parser = bytes)]
        size: Option<u64>,
        /// It may be less than before: what is behind is lost.
        #[arg(long)]
        shrink: bool,
        #[command(flatten)]
        socket: Socket,
    },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot reach the daemon at {}: is it running, and are you root?", path.display())]
    Connect {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the daemon does not answer")]
    Io(#[from] io::Error),
    #[error("the daemon makes no sense: is it another version?")]
    Nonsense(#[source] serde_json::Error),
    #[error("the daemon has closed the connection: are there too many clients?")]
    Closed,
    #[error("the daemon answers in version {version}, and this program knows {VERSION}")]
    Version { version: u32 },
    #[error("{0}")]
    Refused(String),
    #[error("cannot write the answer")]
    Output(#[source] io::Error),
}

/// Does what the command line says, and says what became of it.
pub fn run(action: &Action) -> ExitCode {
    match carry_out(action, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever has read it has seen enough.
        Err(Error::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("vhost-device-xen: {}", chain(&e));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(action: &Action, out: &mut impl Write) -> Result<(), Error> {
    match action {
        Action::List { json, socket } => {
            let answer = Daemon::connect(&socket.socket)?.ask(&Request::List)?;
            let devices = answer.devices.as_deref().unwrap_or_default();
            match json {
                true => print(out, &json_of(&answer)),
                false => print(out, &table::list(devices, Style::of_output())),
            }
        }
        Action::Stats {
            guest,
            watch,
            json,
            socket,
        } => stats(out, guest.as_deref(), *watch, *json, &socket.socket),
        Action::Attach { target, socket } => {
            let Target { guest, device } = target.clone();
            let mut daemon = Daemon::connect(&socket.socket)?;
            daemon.ask(&Request::Attach { guest, device }).map(drop)
        }
        Action::Detach { target, socket } => {
            let Target { guest, device } = target.clone();
            let mut daemon = Daemon::connect(&socket.socket)?;
            daemon.ask(&Request::Detach { guest, device }).map(drop)
        }
        Action::Resize {
            target,
            size,
            shrink,
            socket,
        } => {
            let Target { guest, device } = target.clone();
            let request = Request::Resize {
                guest,
                device,
                bytes: *size,
                shrink: *shrink,
            };
            let answer = Daemon::connect(&socket.socket)?.ask(&request)?;
            let bytes = answer.bytes.unwrap_or_default();
            print(out, &format!("{bytes} bytes\n"))
        }
    }
}

fn stats(
    out: &mut impl Write,
    guest: Option<&str>,
    watch: bool,
    json: bool,
    socket: &Path,
) -> Result<(), Error> {
    let mut daemon = Daemon::connect(socket)?;
    let request = Request::Stats {
        guest: guest.map(str::to_owned),
    };
    let style = Style::of_output();
    let mut before: Option<(Instant, Vec<Device>)> = None;
    loop {
        let answer = daemon.ask(&request)?;
        let now = Instant::now();
        let devices = answer.devices.as_deref().unwrap_or_default();
        let text = match (json, watch, &before) {
            (true, true, _) => serde_json::to_string(&answer).map_err(Error::Nonsense)? + "\n",
            (true, false, _) => json_of(&answer),
            (false, true, Some((then, earlier))) => {
                table::rates(devices, earlier, now.duration_since(*then), style)
            }
            (false, _, _) => table::stats(devices, style),
        };
        match watch && !json && style.is_terminal {
            true => print(out, &format!("{CLEAR}{text}"))?,
            false => print(out, &text)?,
        }
        if !watch {
            return Ok(());
        }
        before = answer.devices.map(|devices| (now, devices));
        thread::sleep(PERIOD);
    }
}

fn json_of(answer: &Answer) -> String {
    let text = serde_json::to_string_pretty(answer);
    text.expect("numbers, texts and lists of them have a JSON form") + "\n"
}

fn print(out: &mut impl Write, text: &str) -> Result<(), Error> {
    let written = out.write_all(text.as_bytes());
    written.and_then(|()| out.flush()).map_err(Error::Output)
}

/// A size as people write it.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.trim_end_matches(|c: char| c.is_ascii_alphabetic()) {
        digits if digits.len() == text.len() => (digits, 0),
        digits => match text[digits.len()..].to_ascii_uppercase().as_str() {
            "K" => (digits, 10),
            "M" => (digits, 20),
            "G" => (digits, 30),
            "T" => (digits, 40),
            unit => return Err(format!("{unit} is not K, M, G or T")),
        },
    };
    let number: u64 = digits.parse().map_err(|e| format!("{e}"))?;
    let bytes = number.checked_mul(1 << shift);
    match bytes {
        Some(bytes) if bytes != 0 && bytes.is_multiple_of(512) => Ok(bytes),
        Some(_) => Err("it has to be a multiple of 512, and not 0".into()),
        None => Err("that is too much".into()),
    }
}

/// A connection to the daemon.
struct Daemon(BufReader<UnixStream>);

impl Daemon {
    fn connect(path: &Path) -> Result<Self, Error> {
        let stream = UnixStream::connect(path).map_err(|source| Error::Connect {
            path: path.to_owned(),
            source,
        })?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Error> {
        let mut line = serde_json::to_vec(request).map_err(Error::Nonsense)?;
        line.push(b'\n');
        self.0.get_mut().write_all(&line)?;
        line.clear();
        if self.0.read_until(b'\n', &mut line)? == 0 {
            return Err(Error::Closed);
        }
        let answer: Answer = serde_json::from_slice(&line).map_err(Error::Nonsense)?;
        match answer {
            Answer { version, .. } if version != VERSION => Err(Error::Version { version }),
            Answer {
                error: Some(why), ..
            } => Err(Error::Refused(why)),
            answer => Ok(answer),
        }
    }
}

impl Style {
    /// As standard output is: coloured on a terminal, unless `NO_COLOR` says otherwise.
    fn of_output() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_terminal,
            is_coloured: is_terminal && !no_color,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::listener::Listener;
    use super::super::protocol::samples::{disk, stats as sample};
    use super::super::{Connection, Received};
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes("20G"), Ok(20 << 30));
        assert_eq!(bytes("512"), Ok(512));
        assert_eq!(bytes("1t"), Ok(1 << 40));
        assert!(bytes("0").is_err());
        assert!(bytes("513").unwrap_err().contains("multiple of 512"));
        assert!(bytes("20GB").unwrap_err().contains("GB is not"));
        assert!(bytes("99999999999T").unwrap_err().contains("too much"));
        assert!(bytes("").is_err());
        assert!(bytes("-1G").is_err());
    }

    /// A daemon that gives each of `answers` to a client, and what it was asked.
    fn daemon(listener: Listener, answers: Vec<Answer>) -> thread::JoinHandle<Vec<Request>> {
        fn next(connection: &mut Connection) -> Request {
            loop {
                connection.fill().unwrap();
                match connection.receive() {
                    Received::Request(request) => return request,
                    Received::Nothing => thread::sleep(Duration::from_millis(1)),
                    other => panic!("{other:?}"),
                }
            }
        }
        thread::spawn(move || {
            let mut client = loop {
                if let Some(client) = listener.accept().unwrap() {
                    break client;
                }
                thread::sleep(Duration::from_millis(1));
            };
            let mut serve = |answer| {
                let request = next(&mut client);
                client.send(answer).unwrap();
                request
            };
            answers.iter().map(&mut serve).collect()
        })
    }

    /// What comes of an action when the daemon gives this answer.
    fn outcome(
        answer: Answer,
        action: impl FnOnce(Socket) -> Action,
    ) -> (Result<String, String>, Vec<Request>) {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("control.sock");
        let server = daemon(Listener::bind(&socket).unwrap(), vec![answer]);
        let mut out = Vec::new();
        let done = carry_out(&action(Socket { socket }), &mut out);
        let text = String::from_utf8(out).unwrap();
        (
            done.map(|()| text).map_err(|e| chain(&e)),
            server.join().unwrap(),
        )
    }

    fn target() -> Target {
        Target {
            guest: "web".into(),
            device: "xvda".into(),
        }
    }

    #[test]
    fn a_list_is_asked_for_and_printed() {
        let answer = Answer::devices(vec![disk()]);

        let (text, requests) = outcome(answer, |socket| Action::List {
            json: false,
            socket,
        });

        assert!(text.unwrap().contains("/srv/web.img"));
        assert_eq!(requests, [Request::List]);
    }

    #[test]
    fn json_is_the_answer() {
        let device = Device {
            stats: Some(sample()),
            ..disk()
        };
        let answer = Answer::devices(vec![device]);

        let (text, _) = outcome(answer.clone(), |socket| Action::Stats {
            guest: Some("web".into()),
            watch: false,
            json: true,
            socket,
        });

        assert_eq!(
            serde_json::from_str::<Answer>(&text.unwrap()).unwrap(),
            answer
        );
    }

    #[test]
    fn a_resize_says_what_it_has_become() {
        let answer = Answer {
            bytes: Some(1 << 30),
            ..Answer::done()
        };

        let (text, requests) = outcome(answer, |socket| Action::Resize {
            target: target(),
            size: Some(1 << 30),
            shrink: false,
            socket,
        });

        assert_eq!(text.unwrap(), "1073741824 bytes\n");
        assert!(matches!(
            requests[..],
            [Request::Resize {
                bytes: Some(0x4000_0000),
                shrink: false,
                ..
            }]
        ));
    }

    #[test]
    fn what_the_daemon_does_not_do_is_an_error() {
        let (refused, _) = outcome(Answer::error("no guest \"web\""), |socket| {
            let target = target();
            Action::Detach { target, socket }
        });
        let newer = Answer {
            version: 2,
            ..Answer::done()
        };
        let (strange, _) = outcome(newer, |socket| {
            let target = target();
            Action::Attach { target, socket }
        });

        assert_eq!(refused.unwrap_err(), "no guest \"web\"");
        assert!(strange.unwrap_err().contains("version 2"));
    }

    #[test]
    fn a_daemon_that_is_not_there_is_named() {
        let Err(error) = Daemon::connect(Path::new("/nonexistent/control.sock")) else {
            panic!("connected to nobody");
        };

        assert!(
            chain(&error).contains("/nonexistent/control.sock"),
            "{error}"
        );
    }
}
