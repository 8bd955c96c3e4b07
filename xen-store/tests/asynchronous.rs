// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The client for tasks, on the simulated server.

#![cfg(all(feature = "sim", feature = "tokio"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use xen_store::{AsyncClient, AsyncStore, AsyncWatch, Error, Options, WatchEvent, sim};

fn changed(path: &str) -> WatchEvent {
    WatchEvent::Changed { path: path.into() }
}

async fn next(watch: &mut AsyncWatch) -> WatchEvent {
    watch.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn requests_of_many_tasks_get_their_own_answers() {
    let server = sim::Server::new();
    let client = server.async_client();

    let tasks: Vec<_> = (0..64_u32)
        .map(|task| {
            let client = client.clone();
            tokio::spawn(async move {
                let path = format!("/tasks/{task}");
                client.write(&path, task.to_string()).await?;
                client.read_parsed::<u32>(&path).await
            })
        })
        .collect();

    let mut values = Vec::new();
    for task in tasks {
        values.push(task.await.unwrap().unwrap().unwrap());
    }
    assert_eq!(values, (0..64).collect::<Vec<_>>());
}

#[tokio::test]
async fn operations_are_those_of_the_other_client() {
    let server = sim::Server::new();
    let client = server.async_client();
    (0..1000).for_each(|i| server.write(&format!("/long/{i:08}"), ""));

    client.mkdir("/a/b").await.unwrap();
    client.rm("/a/b").await.unwrap();

    assert_eq!(client.directory("/a").await.unwrap().unwrap(), []);
    assert_eq!(
        client
            .directory("/long")
            .await
            .unwrap()
            .unwrap()
            .iter()
            .count(),
        1000
    );
    assert_eq!(client.read("/none").await.unwrap(), None);
    assert_eq!(client.domain_path(3).await.unwrap(), "/local/domain/3");
    assert!(!client.is_introduced(3).await.unwrap());
    let permissions = client.permissions("/a").await.unwrap().unwrap();
    client.set_permissions("/a", &permissions).await.unwrap();
    assert!(matches!(
        client.read("/a b").await,
        Err(Error::PathSyntax { .. })
    ));
}

#[tokio::test]
async fn a_watch_is_a_stream() {
    let server = sim::Server::new();
    let client = server.async_client();
    let mut watch = client.watch("/a").await.unwrap();
    assert_eq!(next(&mut watch).await, changed("/a"));

    server.write("/a/b", "");

    let stream: &mut (dyn Stream<Item = _> + Unpin) = &mut watch;
    let event = std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await;
    assert_eq!(event.unwrap().unwrap(), changed("/a/b"));
}

#[tokio::test]
async fn a_lost_connection_ends_requests_and_watches() {
    let server = sim::Server::new();
    let client = server.async_client();
    let mut watch = client.watch("/a").await.unwrap();
    next(&mut watch).await;

    server.disconnect();

    assert!(matches!(watch.next().await, Some(Err(Error::Lost { .. }))));
    assert!(watch.next().await.is_none());
    assert!(matches!(client.read("/a").await, Err(Error::Lost { .. })));
}

#[tokio::test]
async fn dropping_a_request_harms_no_other() {
    let server = sim::Server::new();
    let client = server.async_client();

    tokio::select! {
        biased;
        _ = client.read("/a") => panic!("it is answered later"),
        () = std::future::ready(()) => {}
    }
    client.write("/a", "1").await.unwrap();

    assert_eq!(client.read("/a").await.unwrap().unwrap(), b"1");
}

#[tokio::test]
async fn writers_of_one_counter_lose_nothing() {
    let server = sim::Server::new();
    let client = server.async_client();

    let increment = |client: AsyncClient| async move {
        for _ in 0..50 {
            let increment = client.transaction(async |store| {
                let value = store.read_parsed::<u32>("/counter").await?.unwrap_or(0);
                store.write("/counter", (value + 1).to_string()).await
            });
            increment.await.unwrap();
        }
    };
    let [a, b, c] = [(); 3].map(|()| increment(client.clone()));
    tokio::join!(a, b, c);

    assert_eq!(server.read("/counter").unwrap(), b"150");
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let server = sim::Server::new();
    let listener = server.listen(&path);
    let options = Options::new()
        .path(&path)
        .reconnect(Duration::from_secs(10));
    let client = options.open_async().unwrap();
    let mut watch = client.watch("/a").await.unwrap();
    next(&mut watch).await;

    drop(listener);
    server.disconnect();
    server.write("/a", "while nobody looked");
    let _listener = server.listen(&path);

    assert_eq!(next(&mut watch).await, WatchEvent::Rescan);
    assert!(client.read("/a").await.unwrap().is_some());
}
