// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests through the public API, on the simulated server.

#![cfg(feature = "sim")]

use std::os::unix::net::UnixListener;
use std::thread;

use xen_store::wire::{MessageType, PAYLOAD_MAX};
use xen_store::{Access, Client, Errno, Error, Permissions, Store, path, sim};

#[test]
fn a_value_is_read_as_it_was_written() {
    let server = sim::Server::new();
    let client = server.client();

    client.write("/a/b", b"\0binary\xff").unwrap();

    assert_eq!(client.read("/a/b").unwrap().unwrap(), b"\0binary\xff");
    assert_eq!(server.read("/a/b").unwrap(), b"\0binary\xff");
    assert_eq!(client.read("/a").unwrap().unwrap(), b"");
    assert!(matches!(
        client.read_string("/a/b"),
        Err(Error::NotText { .. })
    ));
}

#[test]
fn what_does_not_exist_is_none() {
    let server = sim::Server::new();
    let client = server.client();

    assert_eq!(client.read("/a").unwrap(), None);
    assert_eq!(client.read_string("/a").unwrap(), None);
    assert_eq!(client.read_parsed::<u32>("/a").unwrap(), None);
    assert_eq!(client.directory("/a").unwrap(), None);
    assert_eq!(client.permissions("/a").unwrap(), None);
}

#[test]
fn bases_of_both_kinds_of_virtio_device_are_parsed() {
    let server = sim::Server::new();
    let client = server.client();
    server.write("/virtio/base", "0x2000000");
    server.write("/virtio_disk/base", "33554432");
    server.write("/bad/base", "two");

    assert_eq!(
        client.read_parsed("/virtio/base").unwrap(),
        Some(0x200_0000_u64)
    );
    assert_eq!(
        client.read_parsed("/virtio_disk/base").unwrap(),
        Some(0x200_0000_u64)
    );
    assert!(matches!(
        client.read_parsed::<u64>("/bad/base"),
        Err(Error::NotNumber { .. })
    ));
    assert!(matches!(
        client.read_parsed::<u16>("/virtio/base"),
        Err(Error::NotNumber { .. })
    ));
}

#[test]
fn nodes_are_made_listed_and_removed() {
    let server = sim::Server::new();
    let client = server.client();

    client.mkdir("/a/b/c").unwrap();
    client.mkdir("/a/d").unwrap();
    client.rm("/a/b").unwrap();
    client.rm("/a/b").unwrap();

    assert_eq!(client.directory("/a").unwrap().unwrap(), ["d"]);
    assert_eq!(client.directory("/a/d").unwrap().unwrap(), []);
    assert_eq!(
        client.rm("/x/y").unwrap_err().errno(),
        Some(&Errno::NotFound)
    );
    assert!(matches!(client.rm("/"), Err(Error::PathSyntax { .. })));
}

#[test]
fn permissions_are_stored_and_inherited() {
    let server = sim::Server::new();
    let client = server.client();
    let permissions = Permissions {
        owner: 5,
        others: Access::None,
        domains: vec![(0, Access::Both)],
    };

    client.mkdir("/a").unwrap();
    client.set_permissions("/a", &permissions).unwrap();
    client.write("/a/b", "").unwrap();

    assert_eq!(client.permissions("/a/b").unwrap(), Some(permissions));
}

#[test]
fn domains_are_asked_for() {
    let server = sim::Server::new();
    let client = server.client();
    server.introduce(7);

    assert_eq!(client.domain_path(7).unwrap(), "/local/domain/7");
    assert!(client.is_introduced(7).unwrap());
    assert!(!client.is_introduced(8).unwrap());
}

#[test]
fn a_list_over_one_message_is_read_in_parts() {
    let server = sim::Server::new();
    let client = server.client();
    let names: Vec<String> = (0..1000).map(|i| format!("child-number-{i}")).collect();
    names
        .iter()
        .for_each(|name| server.write(&format!("/long/{name}"), ""));

    let listed = client.directory("/long").unwrap().unwrap();
    assert!(listed.iter().eq(&names));

    let parts = server
        .requests()
        .iter()
        .filter(|r| r.kind == MessageType::DirectoryPart)
        .count();
    assert_eq!(parts, 5);
}

#[test]
fn a_list_of_exactly_one_message_needs_no_parts() {
    let server = sim::Server::new();
    let client = server.client();
    (0..PAYLOAD_MAX / 8).for_each(|i| server.write(&format!("/full/{i:07}"), ""));

    assert_eq!(
        client.directory("/full").unwrap().unwrap().iter().count(),
        PAYLOAD_MAX / 8
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|r| r.kind == MessageType::Directory)
    );
}

#[test]
fn a_list_in_parts_can_end_at_the_end_of_a_message() {
    let server = sim::Server::new();
    let client = server.client();
    (0..2 * PAYLOAD_MAX / 4).for_each(|i| server.write(&format!("/a/{i:03x}"), ""));

    assert_eq!(
        client.directory("/a").unwrap().unwrap().iter().count(),
        2 * PAYLOAD_MAX / 4
    );
}

#[test]
fn what_the_protocol_forbids_is_not_sent() {
    let server = sim::Server::new();
    let client = server.client();
    let long = format!("/{}", "a".repeat(path::ABSOLUTE_MAX));

    assert!(matches!(client.read("/a b"), Err(Error::PathSyntax { .. })));
    assert!(matches!(
        client.read("@releaseDomain"),
        Err(Error::PathSyntax { .. })
    ));
    assert!(matches!(
        client.mkdir(&long),
        Err(Error::PathLength {
            length: 3073,
            limit: 3072
        })
    ));
    assert!(matches!(
        client.write("/a", vec![0; PAYLOAD_MAX - 2]),
        Err(Error::Length {
            length: 4097,
            limit: PAYLOAD_MAX
        })
    ));
    assert!(server.requests().is_empty());
}

#[test]
fn the_largest_value_goes_there_and_back() {
    let server = sim::Server::new();
    let client = server.client();
    let value = vec![7; PAYLOAD_MAX - 3];

    client.write("/a", &value).unwrap();

    assert_eq!(client.read("/a").unwrap().unwrap(), value);
}

#[test]
fn many_threads_share_one_connection() {
    let server = sim::Server::new();
    let client = server.client();

    thread::scope(|scope| {
        (0..16_u32).for_each(|thread| {
            let client = client.clone();
            scope.spawn(move || {
                let path = format!("/threads/{thread}");
                (0..200_u32).for_each(|round| {
                    client.write(&path, format!("{thread}-{round}")).unwrap();
                    let value = client.read_string(&path).unwrap().unwrap();
                    assert_eq!(value, format!("{thread}-{round}"));
                });
            });
        });
    });

    assert_eq!(
        client
            .directory("/threads")
            .unwrap()
            .unwrap()
            .iter()
            .count(),
        16
    );
}

#[test]
fn a_killed_server_is_an_error_now_and_later() {
    let server = sim::Server::new();
    let client = server.client();
    client.mkdir("/a").unwrap();

    server.disconnect();

    assert!(matches!(client.read("/a"), Err(Error::Lost { .. })));
    assert!(matches!(client.read("/a"), Err(Error::Lost { .. })));
    assert!(matches!(client.watch("/a"), Err(Error::Lost { .. })));
    assert!(server.client().read("/a").unwrap().is_some());
}

#[test]
fn a_socket_in_the_file_system_can_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = sim::Server::new();

    let client = Client::open_path(&path).unwrap();
    server.attach(listener.accept().unwrap().0);

    assert!(client.directory("/").unwrap().is_some());
}
