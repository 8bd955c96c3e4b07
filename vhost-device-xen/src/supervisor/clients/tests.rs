// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use event_manager::{EventManager, MutEventSubscriber, SubscriberId, SubscriberOps};

use super::*;
use crate::channel::{DeviceId, Directory};
use crate::control::Received;

const KEY: Key = (
    3,
    DeviceId {
        directory: Directory::Virtio,
        index: 0,
    },
);

/// A supervisor with nothing but clients: it answers every request with an error that repeats it, but
/// has those for statistics wait.
struct Repeater {
    clients: Clients,
    patience: Duration,
}

impl MutEventSubscriber for Repeater {
    fn init(&mut self, ops: &mut EventOps) {
        self.clients.register(ops).unwrap();
    }

    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match Token::from(events.data()) {
            Token::Control => self.clients.accept(ops),
            Token::Client(number) => self.clients.wake(number, ops),
            _ => {}
        }
        let late: Vec<_> = self.clients.waits().filter(|wait| wait.2).collect();
        let late: Vec<_> = late.iter().map(|(number, ..)| *number).collect();
        for number in late {
            self.clients.answer(number, &Answer::error("late"));
        }
        for number in self.clients.numbers() {
            while let Some(connection) = self.clients.listening(number) {
                match connection.receive() {
                    Received::Request(crate::control::Request::List) => {
                        self.clients.answer(number, &Answer::done());
                    }
                    Received::Request(_) => {
                        let wait = Wait::Attach(KEY);
                        self.clients.wait(number, wait, self.patience);
                    }
                    Received::Nonsense(why) => self.clients.answer(number, &Answer::error(why)),
                    Received::Ended => {
                        self.clients.remove(number, ops);
                        break;
                    }
                    Received::Nothing => break,
                }
            }
        }
        self.clients.settle(ops);
    }
}

/// A running repeater.
struct Bench {
    _dir: tempfile::TempDir,
    path: std::path::PathBuf,
    events: EventManager<Repeater>,
    id: SubscriberId,
}

impl Bench {
    fn new(patience: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        let clients = Clients::new(&path).unwrap();
        let mut events = EventManager::new().unwrap();
        let id = events.add_subscriber(Repeater { clients, patience });
        Self {
            _dir: dir,
            path,
            events,
            id,
        }
    }

    fn connect(&mut self) -> UnixStream {
        let client = UnixStream::connect(&self.path).unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        self.run();
        client
    }

    /// Does what there is to do.
    fn run(&mut self) {
        while self.events.run_with_timeout(20).unwrap() > 0 {}
    }

    fn count(&mut self) -> usize {
        self.events
            .subscriber_mut(self.id)
            .unwrap()
            .clients
            .numbers()
            .len()
    }
}

fn line(client: &UnixStream) -> String {
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).unwrap();
    line
}

#[test]
fn requests_are_answered_one_after_the_other() {
    let mut bench = Bench::new(Duration::ZERO);
    let mut client = bench.connect();

    client
        .write_all(b"{\"command\":\"list\"}\nnonsense\n")
        .unwrap();
    bench.run();
    let mut lines = BufReader::new(&client).lines();

    assert_eq!(lines.next().unwrap().unwrap(), "{\"version\":1}");
    assert!(lines.next().unwrap().unwrap().contains("error"));
}

#[test]
fn a_client_that_waits_keeps_no_other_one_waiting() {
    let mut bench = Bench::new(Duration::from_millis(300));
    let mut slow = bench.connect();
    let mut quick = bench.connect();

    slow.write_all(b"{\"command\":\"stats\"}\n").unwrap();
    bench.run();
    quick.write_all(b"{\"command\":\"list\"}\n").unwrap();
    bench.run();
    assert_eq!(line(&quick), "{\"version\":1}\n");
    // The timer brings the answer.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10)
        && bench.events.run_with_timeout(1000).unwrap() == 0
    {}

    assert!(line(&slow).contains("late"));
}

#[test]
fn a_client_that_goes_while_it_waits_is_forgotten() {
    let mut bench = Bench::new(Duration::from_secs(60));
    let mut client = bench.connect();
    client.write_all(b"{\"command\":\"stats\"}\n").unwrap();
    bench.run();
    assert_eq!(bench.count(), 1);

    drop(client);
    bench.run();

    assert_eq!(bench.count(), 0);
}

#[test]
fn one_client_too_many_is_turned_away() {
    let mut bench = Bench::new(Duration::ZERO);
    let kept: Vec<_> = (0..CLIENTS).map(|_| bench.connect()).collect();

    let mut refused = bench.connect();

    assert_eq!(refused.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(bench.count(), kept.len());
}

#[test]
fn a_client_that_makes_no_sense_is_dropped() {
    let mut bench = Bench::new(Duration::ZERO);
    let mut client = bench.connect();

    client.write_all(&[b'x'; 10_000]).unwrap();
    bench.run();

    assert_eq!(bench.count(), 0);
}
