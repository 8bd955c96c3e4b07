// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Losing the server and finding it again.

#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use xen_store::{Client, Error, Options, Store, WatchEvent, sim};

/// A server in the file system that can be stopped and started.
struct Restartable {
    server: sim::Server,
    path: PathBuf,
    listener: Option<sim::Listener>,
    _dir: tempfile::TempDir,
}

impl Restartable {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let server = sim::Server::new();
        let listener = Some(server.listen(&path));
        Self {
            server,
            path,
            listener,
            _dir: dir,
        }
    }

    fn client(&self, within: Duration) -> Client {
        let options = Options::new().path(&self.path).reconnect(within);
        options.open().unwrap()
    }

    fn stop(&mut self) {
        self.listener = None;
        self.server.disconnect();
    }

    fn start(&mut self) {
        self.listener = Some(self.server.listen(&self.path));
    }
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_request_waits_for_the_server() {
    let mut server = Restartable::new();
    let client = server.client(LONG);
    client.write("/a", "1").unwrap();
    server.stop();
    // The first request may be the one that finds out.
    let _ = client.read("/a");

    let value = thread::scope(|scope| {
        let reader = scope.spawn(|| client.read("/a").unwrap());
        thread::sleep(Duration::from_millis(30));
        server.start();
        reader.join().unwrap()
    });

    assert_eq!(value.unwrap(), b"1");
}

#[test]
fn a_server_that_stays_away_is_an_error() {
    let mut server = Restartable::new();
    let client = server.client(Duration::from_millis(20));
    server.stop();

    let _ = client.read("/a");

    assert!(matches!(client.read("/a"), Err(Error::Lost { .. })));
}

#[test]
fn a_watch_says_that_anything_may_have_changed_and_goes_on() {
    let mut server = Restartable::new();
    let client = server.client(LONG);
    let mut watch = client.watch("/a").unwrap();
    watch.next().unwrap().unwrap();

    server.stop();
    server.server.write("/a/unseen", "");
    server.start();

    // Nobody makes a request: the watch alone brings the connection back.
    // The first event of the new registration may come before.
    assert!(watch.any(|event| event.unwrap() == WatchEvent::Rescan));
    server.server.write("/a/seen", "");
    let seen = WatchEvent::Changed {
        path: "/a/seen".into(),
    };
    assert!(watch.any(|event| event.unwrap() == seen));
}

#[test]
fn a_watch_that_brings_the_connection_back_is_made_once() {
    let mut server = Restartable::new();
    let client = server.client(LONG);
    server.stop();
    let _ = client.read("/a");
    server.start();

    let watch = client.watch("/a").unwrap();

    let taken = || std::iter::from_fn(|| watch.try_next()).map(Result::unwrap);
    assert_eq!(taken().next(), Some(WatchEvent::Rescan));
    taken().for_each(drop);
    server.server.write("/a/seen", "");
    client.read("/a").unwrap();
    let path = "/a/seen".into();
    assert!(taken().eq([WatchEvent::Changed { path }]));
}

#[test]
fn a_transaction_does_not_survive_its_connection() {
    let mut server = Restartable::new();
    let client = server.client(LONG);

    let result: Result<(), Error> = client.transaction(|store| {
        store.write("/a", "half")?;
        server.stop();
        server.start();
        let _ = client.read("/a");
        client.read("/a")?;
        store.write("/b", "half")
    });

    assert!(matches!(result, Err(Error::Lost { .. })));
    assert_eq!(server.server.read("/a"), None);
    assert_eq!(server.server.read("/b"), None);
}

#[test]
fn dropping_a_client_whose_server_is_away_does_not_wait() {
    let mut server = Restartable::new();
    let client = server.client(LONG);
    let watch = client.watch("/a").unwrap();
    server.stop();
    thread::sleep(Duration::from_millis(20));

    drop(client);
    drop(watch);
}

#[test]
fn watches_that_are_dropped_by_the_thousand_fill_nothing() {
    let server = Restartable::new();
    let client = server.client(LONG);
    let _kept = client.watch("/kept").unwrap();

    (0..20_000).for_each(|_| drop(client.watch("/a").unwrap()));

    assert_eq!(client.read("/a").unwrap(), None);
}
