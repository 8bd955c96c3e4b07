// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Transactions through the public API, on the simulated server.

#![cfg(feature = "sim")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use xen_store::wire::MessageType;
use xen_store::{Client, Error, Store, TRANSACTION_ATTEMPTS, sim};

fn increment(client: &Client) -> Result<(), Error> {
    client.transaction(|store| {
        let value = store.read_parsed::<u32>("/counter")?.unwrap_or(0);
        store.write("/counter", (value + 1).to_string())
    })
}

#[test]
fn writers_of_one_counter_lose_nothing() {
    let server = sim::Server::new();
    let client = server.client();

    thread::scope(|scope| {
        (0..8).for_each(|_| {
            scope.spawn(|| (0..50).for_each(|_| increment(&client).unwrap()));
        });
    });

    assert_eq!(server.read("/counter").unwrap(), b"400");
}

#[test]
fn a_conflict_runs_the_body_again() {
    let server = sim::Server::new();
    let client = server.client();
    let mut runs = 0;

    let seen = client
        .transaction(|store| {
            let seen = store.read_string("/a")?;
            runs += 1;
            (runs == 1).then(|| server.write("/a", "changed"));
            store.write("/b", "")?;
            Ok::<_, Error>(seen)
        })
        .unwrap();

    assert_eq!(runs, 2);
    assert_eq!(seen.as_deref(), Some("changed"));
}

#[test]
fn endless_conflicts_are_given_up() {
    let server = sim::Server::new();
    let client = server.client();
    let mut runs = 0;

    let result: Result<(), Error> = client.transaction(|store| {
        runs += 1;
        store.read("/a")?;
        server.write("/a", "");
        store.write("/b", "")
    });

    assert!(matches!(
        result,
        Err(Error::Conflict {
            attempts: TRANSACTION_ATTEMPTS
        })
    ));
    assert_eq!(runs, TRANSACTION_ATTEMPTS);
    assert_eq!(server.read("/b"), None);
}

#[test]
fn an_error_of_the_body_discards_its_writes() {
    #[derive(Debug)]
    enum Refusal {
        Store,
        Mine,
    }
    impl From<Error> for Refusal {
        fn from(_: Error) -> Self {
            Self::Store
        }
    }
    let server = sim::Server::new();
    let client = server.client();

    let result: Result<(), Refusal> = client.transaction(|store| {
        store.write("/a", "")?;
        Err(Refusal::Mine)
    });

    assert!(matches!(result, Err(Refusal::Mine)));
    assert_eq!(server.read("/a"), None);
    let last = server.requests().pop().unwrap();
    assert_eq!(
        (last.kind, &last.payload[..]),
        (MessageType::TransactionEnd, &b"F\0"[..])
    );
}

#[test]
fn a_panic_of_the_body_discards_its_writes() {
    let server = sim::Server::new();
    let client = server.client();

    let result = catch_unwind(AssertUnwindSafe(|| {
        client.transaction(|store| -> Result<(), Error> {
            store.write("/a", "")?;
            panic!("of the test");
        })
    }));

    assert!(result.is_err());
    assert_eq!(server.read("/a"), None);
    assert_eq!(
        server.requests().pop().unwrap().kind,
        MessageType::TransactionEnd
    );
}

#[test]
fn writes_are_seen_inside_at_once_and_outside_after_the_commit() {
    let server = sim::Server::new();
    let client = server.client();
    server.write("/a/old", "1");

    client
        .transaction(|store| {
            store.write("/a/new", "2")?;
            store.rm("/a/old")?;
            assert_eq!(store.directory("/a")?.unwrap(), ["new"]);
            assert_eq!(client.directory("/a")?.unwrap(), ["old"]);
            Ok::<_, Error>(())
        })
        .unwrap();

    assert_eq!(client.directory("/a").unwrap().unwrap(), ["new"]);
}

#[test]
fn a_lost_connection_ends_a_transaction() {
    let server = sim::Server::new();
    let client = server.client();

    let result: Result<(), Error> = client.transaction(|store| {
        server.disconnect();
        store.write("/a", "")
    });

    assert!(matches!(result, Err(Error::Lost { .. })));
}
