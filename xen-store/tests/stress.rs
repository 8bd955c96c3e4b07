// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The load of `examples/stress`, smaller, on the simulated server.

#![cfg(feature = "sim")]

#[path = "../examples/stress/load.rs"]
mod load;

use std::thread;
use std::time::Duration;

use load::Load;
use xen_store::{Options, sim};

const LOAD: Load = Load {
    threads: 16,
    requests: 500,
    watches: 50,
};

#[test]
fn nothing_is_lost_or_mixed_up() {
    let server = sim::Server::new();

    let report = LOAD.run(&server.client()).unwrap();

    assert!(report.is_good(), "{report}");
}

#[test]
fn nothing_is_lost_or_mixed_up_when_the_server_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let server = sim::Server::new();
    let listener = server.listen(&path);
    let options = Options::new()
        .path(&path)
        .reconnect(Duration::from_secs(30));
    let client = options.open().unwrap();

    let (report, _listener) = thread::scope(|scope| {
        let load = scope.spawn(|| LOAD.run(&client).unwrap());
        thread::sleep(Duration::from_millis(30));
        drop(listener);
        server.disconnect();
        thread::sleep(Duration::from_millis(30));
        let listener = server.listen(&path);
        (load.join().unwrap(), listener)
    });

    assert!(report.is_good(), "{report}");
}

#[test]
fn writers_of_one_counter_lose_nothing() {
    let server = sim::Server::new();

    assert_eq!(load::count(&server.client(), 8, 100).unwrap(), 800);
}
