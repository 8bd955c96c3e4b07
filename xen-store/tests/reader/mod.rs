// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Feeds bytes to a client as its server; shared by the fuzz target and the test on stable.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use xen_store::wire::{HEADER_SIZE, MessageType};
use xen_store::{Client, Error, Scan, Store};

/// Sends `bytes` to a client that asks and watches, and closes.
///
/// # Panics
///
/// When something else than answers and typed errors comes of it.
pub fn feed(bytes: &[u8]) {
    let (ours, theirs) = UnixStream::pair().expect("there are descriptors");
    let client = Client::from_stream(theirs).expect("it can block");
    thread::scope(|scope| {
        scope.spawn(|| serve(ours, bytes));
        ask(&client);
        drop(client);
    });
}

/// For each request, the messages up to the next that has its number, so that an answer is not
/// there before its request; the connection ends with the bytes.
fn serve(mut socket: UnixStream, mut bytes: &[u8]) {
    while let Some(number) = request(&mut socket) {
        let mut answered = false;
        while !answered {
            let end = word(bytes, 3).and_then(|length| HEADER_SIZE.checked_add(length));
            let end = end.filter(|&end| end < bytes.len());
            let event = usize::try_from(u32::from(MessageType::WatchEvent)).ok();
            answered = word(bytes, 1) == Some(number) && word(bytes, 0) != event;
            let (message, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            // Fails when the client has had enough.
            if socket.write_all(message).is_err() || rest.is_empty() {
                return;
            }
            bytes = rest;
        }
    }
}

/// Takes a request and returns its number.
fn request(socket: &mut UnixStream) -> Option<usize> {
    let mut header = [0; HEADER_SIZE];
    socket.read_exact(&mut header).ok()?;
    let mut payload = vec![0; word(&header, 3)?];
    socket.read_exact(&mut payload).ok()?;
    word(&header, 1)
}

/// A word of the header that `bytes` begin with.
fn word(bytes: &[u8], index: usize) -> Option<usize> {
    let word = *bytes.get(4 * index..)?.first_chunk()?;
    usize::try_from(u32::from_ne_bytes(word)).ok()
}

/// Each of these may be answered, if the bytes say so.
fn ask(client: &Client) {
    let watch = client.watch("/a");
    let _ = client.directory("/a");
    let _ = client.permissions("/a");
    let _ = client.read_parsed::<u32>("/a");
    let _ = client.transaction(|store| store.read("/a"));
    let _ = client.is_introduced(1);
    let _ = client.quotas();
    if let Ok(mut scan) = Scan::new(client, "/a") {
        while let Some(Ok(_)) = scan.try_next() {}
    }
    if let Ok(watch) = watch {
        while let Some(Ok(_)) = watch.try_next() {}
    }
    // The bytes end, and so does the connection.
    while !matches!(client.read("/a"), Err(Error::Lost { .. })) {}
}
