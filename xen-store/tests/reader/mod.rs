// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Feeds bytes to a client as its server; shared by the fuzz target and the test on stable.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

use xen_store::{Client, Error, Store};

/// Sends `bytes` to a client that asks and watches, and closes.
///
/// # Panics
///
/// When something else than answers and typed errors comes of it.
pub fn feed(bytes: &[u8]) {
    let (mut ours, theirs) = UnixStream::pair().expect("there are descriptors");
    let client = Client::from_stream(theirs).expect("it can block");
    let bytes = bytes.to_vec();
    let server = thread::spawn(move || {
        // Fails when the client has had enough. What it sends is left in the socket.
        let _ = ours.write_all(&bytes);
        let _ = ours.shutdown(Shutdown::Write);
        ours
    });
    // Each of these may also be answered, if the bytes say so.
    let watch = client.watch("/a");
    let _ = client.directory("/a");
    let _ = client.permissions("/a");
    let _ = client.read_parsed::<u32>("/a");
    let _ = client.transaction(|store| store.read("/a"));
    let _ = client.is_introduced(1);
    if let Ok(watch) = watch {
        while let Some(Ok(_)) = watch.try_next() {}
    }
    // The bytes end, and so does the connection.
    while !matches!(client.read("/a"), Err(Error::Lost { .. })) {}
    drop(server.join().expect("it does not panic"));
}
