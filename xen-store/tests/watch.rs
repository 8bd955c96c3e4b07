// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Watches through the public API, on the simulated server.
//!
//! Events and answers share a connection, so after a request has been answered every event that
//! the server sent before the answer is in its queue.

#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::os::fd::AsRawFd;
use std::thread;

use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use xen_store::wire::MessageType;
use xen_store::{Client, Error, QUEUE_LIMIT, Store, Watch, WatchEvent, sim};

/// Everything that is in the queue.
fn drain(client: &Client, watch: &Watch) -> Vec<WatchEvent> {
    client.domain_path(0).unwrap();
    std::iter::from_fn(|| watch.try_next())
        .map(Result::unwrap)
        .collect()
}

fn changed(path: &str) -> WatchEvent {
    WatchEvent::Changed { path: path.into() }
}

/// Waits up to `timeout` milliseconds until the watch is readable.
fn is_readable(watch: &Watch, timeout: i32) -> bool {
    let epoll = Epoll::new().unwrap();
    let event = EpollEvent::new(EventSet::IN, 0);
    epoll
        .ctl(ControlOperation::Add, watch.as_raw_fd(), event)
        .unwrap();
    epoll.wait(timeout, &mut [EpollEvent::default()]).unwrap() == 1
}

#[test]
fn a_watch_fires_once_when_it_is_registered() {
    let server = sim::Server::new();
    let client = server.client();

    let watch = client.watch("/a").unwrap();

    assert_eq!(watch.path(), "/a");
    assert_eq!(drain(&client, &watch), [changed("/a")]);
    assert!(watch.try_next().is_none());
}

#[test]
fn changes_at_and_below_the_node_are_reported_in_order() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("/a").unwrap();
    drain(&client, &watch);

    server.write("/a/b/c", "1");
    server.write("/ab", "1");
    server.write("/a", "1");
    server.remove("/a/b");

    let expected = [changed("/a/b/c"), changed("/a"), changed("/a/b")];
    assert_eq!(drain(&client, &watch), expected);
}

#[test]
fn removing_a_parent_reports_the_watched_node() {
    let server = sim::Server::new();
    let client = server.client();
    server.write("/a/b/c", "");
    let watch = client.watch("/a/b").unwrap();
    drain(&client, &watch);

    server.remove("/a");

    assert_eq!(drain(&client, &watch), [changed("/a/b")]);
}

#[test]
fn a_transaction_is_reported_when_it_is_committed() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("/a").unwrap();
    drain(&client, &watch);

    let before = client
        .transaction(|store| {
            store.write("/a/x", "")?;
            store.write("/a/y", "")?;
            Ok::<_, Error>(drain(&client, &watch))
        })
        .unwrap();

    assert_eq!(before, []);
    assert_eq!(drain(&client, &watch), [changed("/a/x"), changed("/a/y")]);
}

#[test]
fn a_relative_watch_gets_relative_paths() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("backend").unwrap();
    drain(&client, &watch);

    server.write("/local/domain/0/backend/virtio/1", "");

    assert_eq!(drain(&client, &watch), [changed("backend/virtio/1")]);
}

#[test]
fn the_root_can_be_watched() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("/").unwrap();

    server.write("/a", "");

    assert_eq!(drain(&client, &watch), [changed("/"), changed("/a")]);
}

#[test]
fn domains_that_come_and_go_are_reported() {
    let server = sim::Server::new();
    let client = server.client();
    let come = client.watch("@introduceDomain").unwrap();
    let gone = client.watch("@releaseDomain").unwrap();
    drain(&client, &come);
    drain(&client, &gone);

    server.introduce(5);
    server.release(5);

    assert_eq!(drain(&client, &come), [changed("@introduceDomain")]);
    assert_eq!(drain(&client, &gone), [changed("@releaseDomain")]);
}

#[test]
fn two_watches_of_one_path_are_independent() {
    let server = sim::Server::new();
    let client = server.client();
    let first = client.watch("/a").unwrap();
    let second = client.watch("/a").unwrap();
    drain(&client, &first);
    drain(&client, &second);

    drop(first);
    server.write("/a", "");

    assert_eq!(drain(&client, &second), [changed("/a")]);
}

#[test]
fn dropping_a_watch_ends_it_at_the_server() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("/a").unwrap();

    drop(watch);
    client.domain_path(0).unwrap();

    let requests = server.requests();
    assert_eq!(requests[1].kind, MessageType::Unwatch);
    assert_eq!(requests[1].payload, requests[0].payload);
}

#[test]
fn an_overflow_is_reported_as_one_rescan() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("/a").unwrap();
    let other = client.watch("/b").unwrap();

    (0..2 * QUEUE_LIMIT).for_each(|i| server.write(&format!("/a/{i}"), ""));

    assert_eq!(drain(&client, &watch), [WatchEvent::Rescan]);
    assert!(!is_readable(&watch, 0));
    assert_eq!(drain(&client, &other), [changed("/b")]);

    server.write("/a", "");
    assert_eq!(drain(&client, &watch), [changed("/a")]);
}

#[test]
fn the_descriptor_sits_in_an_event_loop() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch("/a").unwrap();

    assert!(is_readable(&watch, 10_000));
    drain(&client, &watch);
    assert!(!is_readable(&watch, 0));

    server.write("/a", "");
    assert!(is_readable(&watch, 10_000));
}

#[test]
fn an_iterator_waits_for_the_next_event() {
    let server = sim::Server::new();
    let mut watch = server.client().watch("/a").unwrap();
    watch.next().unwrap().unwrap();

    let event = thread::scope(|scope| {
        let waiter = scope.spawn(|| watch.next().unwrap().unwrap());
        server.write("/a/b", "");
        waiter.join().unwrap()
    });

    assert_eq!(event, changed("/a/b"));
}

#[test]
fn a_lost_connection_is_told_once() {
    let server = sim::Server::new();
    let client = server.client();
    let mut watch = client.watch("/a").unwrap();
    drain(&client, &watch);

    server.disconnect();

    assert!(is_readable(&watch, 10_000));
    assert!(matches!(watch.next(), Some(Err(Error::Lost { .. }))));
    assert!(watch.next().is_none());
    assert!(!is_readable(&watch, 0));
}

#[test]
fn a_waiting_iterator_ends_with_its_server() {
    let server = sim::Server::new();
    let watch = server.client().watch("/a").unwrap();
    let waiter = thread::spawn(move || watch.map(|event| event.is_ok()).collect::<Vec<_>>());

    drop(server);

    let items = waiter.join().unwrap();
    assert_eq!(items.last(), Some(&false));
}

#[test]
fn a_watch_keeps_its_connection() {
    let server = sim::Server::new();
    let client = server.client();
    let mut watch = client.watch("/a").unwrap();
    watch.next().unwrap().unwrap();

    drop(client);
    server.write("/a", "");

    assert_eq!(watch.next().unwrap().unwrap(), changed("/a"));
}
