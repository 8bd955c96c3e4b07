// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A client as the daemon sees it: lines in, lines out, and never a wait.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use super::protocol::{Answer, Request};

/// The longest request. A client that sends more than that makes no sense.
const LONGEST: usize = 4096;

/// What a client has said.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Nothing, yet.
    Nothing,
    /// It wants something.
    Request(Request),
    /// It wants something that nobody knows, for this reason.
    Nonsense(String),
    /// It says nothing any more.
    Ended,
}

/// A connection to a client.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    has_ended: bool,
}

impl Connection {
    /// A client at the other end of `stream`.
    ///
    /// # Errors
    ///
    /// As fcntl(2).
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            input: Vec::new(),
            output: Vec::new(),
            has_ended: false,
        })
    }

    /// Takes in what the client has sent, no more than a request.
    ///
    /// # Errors
    ///
    /// When the client is gone, or sends more than a request can have.
    pub fn fill(&mut self) -> io::Result<()> {
        let mut bytes = [0; LONGEST];
        while self.input.len() <= LONGEST {
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    self.has_ended = true;
                    return Ok(());
                }
                Ok(n) => self.input.extend_from_slice(&bytes[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        match self.input.contains(&b'\n') {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    }

    /// The next thing that the client has said.
    pub fn receive(&mut self) -> Received {
        let Some(end) = self.input.iter().position(|byte| *byte == b'\n') else {
            return match self.has_ended {
                true => Received::Ended,
                false => Received::Nothing,
            };
        };
        let line: Vec<u8> = self.input.drain(..=end).collect();
        match serde_json::from_slice(&line) {
            Ok(request) => Received::Request(request),
            Err(e) => Received::Nonsense(e.to_string()),
        }
    }

    /// Answers; what the client does not take at once is kept for [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// When the client is gone.
    pub fn send(&mut self, answer: &Answer) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, answer)?;
        self.output.push(b'\n');
        self.flush()
    }

    /// Sends what is left to be sent, as far as the client takes it.
    ///
    /// # Errors
    ///
    /// When the client is gone.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(n) => drop(self.output.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Whether there is something left to be sent.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::super::protocol::samples::disk;
    use super::*;

    fn pair() -> (UnixStream, Connection) {
        let (client, server) = UnixStream::pair().unwrap();
        (client, Connection::new(server).unwrap())
    }

    #[test]
    fn requests_may_come_in_pieces_and_together() {
        let (mut client, mut server) = pair();

        client.write_all(b"{\"command\":").unwrap();
        server.fill().unwrap();
        assert_eq!(server.receive(), Received::Nothing);
        client
            .write_all(b"\"list\"}\n{\"command\":\"stats\"}\n")
            .unwrap();
        drop(client);
        server.fill().unwrap();

        assert_eq!(server.receive(), Received::Request(Request::List));
        let stats = Request::Stats { guest: None };
        assert_eq!(server.receive(), Received::Request(stats));
        assert_eq!(server.receive(), Received::Ended);
    }

    #[test]
    fn nonsense_is_named() {
        let (mut client, mut server) = pair();

        client.write_all(b"{\"command\":\"reboot\"}\n").unwrap();
        server.fill().unwrap();

        let Received::Nonsense(why) = server.receive() else {
            panic!("taken for something");
        };
        assert!(why.contains("unknown variant `reboot`"), "{why}");
    }

    #[test]
    fn a_request_without_end_is_an_error() {
        let (mut client, mut server) = pair();

        client.write_all(&[b'x'; LONGEST + 1]).unwrap();

        assert!(server.fill().is_err());
    }

    #[test]
    fn a_client_that_does_not_read_is_not_waited_for() {
        let (client, mut server) = pair();
        let answer = Answer::devices(vec![disk(); 10_000]);

        server.send(&answer).unwrap();
        assert!(server.has_output());
        let mut lines = BufReader::new(client);
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            line
        });
        while server.has_output() {
            server.flush().unwrap();
        }

        let line = reader.join().unwrap();
        assert_eq!(serde_json::from_str::<Answer>(&line).unwrap(), answer);
    }

    #[test]
    fn a_client_that_has_gone_is_an_error() {
        let (client, mut server) = pair();
        drop(client);

        assert!(server.send(&Answer::done()).is_err());
    }
}
