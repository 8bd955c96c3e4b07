// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Clients against a server that does what the test says, also what no server should.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use xen_store::wire::{self, Decoder, HEADER_SIZE, MessageType};
use xen_store::{Client, DIRECTORY_ATTEMPTS, DIRECTORY_LIMIT, Errno, Error, Store, WatchEvent};

/// The other end of a connection.
struct Fake {
    stream: UnixStream,
    decoder: Decoder,
}

impl Fake {
    fn pair() -> (Self, Client) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (
            Self {
                stream: ours,
                decoder: Decoder::new(),
            },
            Client::from_stream(theirs).unwrap(),
        )
    }

    /// Waits for a request; returns its type, number and payload.
    fn request(&mut self) -> Option<(MessageType, u32, Vec<u8>)> {
        loop {
            if let Some(message) = self.decoder.next_message().unwrap() {
                return Some((message.kind, message.req_id, message.payload.to_vec()));
            }
            let count = self.stream.read(self.decoder.space()).unwrap();
            self.decoder.commit(count);
            if count == 0 {
                return None;
            }
        }
    }

    fn send(&mut self, kind: MessageType, req_id: u32, payload: &[u8]) {
        let mut buffer = Vec::new();
        wire::encode(&mut buffer, kind, req_id, 0, &[payload]).unwrap();
        self.stream.write_all(&buffer).unwrap();
    }

    /// Answers every request with its own type and what `payload` makes of the request's.
    fn answer_all(mut self, mut payload: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) {
        thread::spawn(move || {
            while let Some((kind, id, request)) = self.request() {
                let answer = payload(&request);
                self.send(kind, id, &answer);
            }
        });
    }

    /// Answers every DIRECTORY with E2BIG and every DIRECTORY_PART with what `part` returns.
    fn answer_parts(mut self, mut part: impl FnMut() -> Vec<u8> + Send + 'static) {
        thread::spawn(move || {
            while let Some((kind, id, _)) = self.request() {
                match kind {
                    MessageType::DirectoryPart => self.send(kind, id, &part()),
                    _ => self.send(MessageType::Error, id, b"E2BIG\0"),
                }
            }
        });
    }
}

#[test]
fn answers_in_any_order_reach_their_askers() {
    let (mut fake, client) = Fake::pair();
    let ask = |path: &'static str| {
        let client = client.clone();
        thread::spawn(move || client.read(path).unwrap().unwrap())
    };
    let (a, b, c) = (ask("/a"), ask("/b"), ask("/c"));

    let requests = [(); 3].map(|()| fake.request().unwrap());
    requests
        .iter()
        .rev()
        .for_each(|(kind, id, path)| fake.send(*kind, *id, path));

    assert_eq!(a.join().unwrap(), b"/a\0");
    assert_eq!(b.join().unwrap(), b"/b\0");
    assert_eq!(c.join().unwrap(), b"/c\0");
}

#[test]
fn an_answer_may_come_byte_by_byte() {
    let (mut fake, client) = Fake::pair();
    let reader = thread::spawn(move || client.read("/a").unwrap().unwrap());

    let (kind, id, _) = fake.request().unwrap();
    let mut bytes = Vec::new();
    wire::encode(&mut bytes, kind, id, 0, &[b"value"]).unwrap();
    bytes
        .iter()
        .for_each(|byte| fake.stream.write_all(&[*byte]).unwrap());

    assert_eq!(reader.join().unwrap(), b"value");
}

#[test]
fn a_request_is_one_write() {
    let (mut fake, client) = Fake::pair();
    let reader = thread::spawn(move || client.read("/some/path"));

    let mut buffer = [0; 4096];
    let count = fake.stream.read(&mut buffer).unwrap();
    drop(fake);

    assert_eq!(count, HEADER_SIZE + b"/some/path\0".len());
    assert!(reader.join().unwrap().is_err());
}

#[test]
fn losing_the_connection_wakes_every_waiter() {
    let (mut fake, client) = Fake::pair();
    let waiters = [(); 8].map(|()| {
        let client = client.clone();
        thread::spawn(move || client.read("/a"))
    });
    (0..waiters.len()).for_each(|_| drop(fake.request().unwrap()));

    drop(fake);

    let answers = waiters.map(|waiter| waiter.join().unwrap());
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(Error::Lost { .. })))
    );
}

#[test]
fn the_last_handle_closes_the_connection() {
    let (mut fake, client) = Fake::pair();
    let clone = client.clone();

    drop(client);
    drop(clone);

    assert!(fake.request().is_none());
}

#[test]
fn an_overlong_message_loses_the_connection() {
    let (mut fake, client) = Fake::pair();

    let header = [2_u32, 0, 0, 65_521].map(u32::to_ne_bytes).concat();
    fake.stream.write_all(&header).unwrap();

    let Err(Error::Lost { source }) = client.read("/a") else {
        panic!("it should be lost")
    };
    assert!(matches!(*source, Error::Length { length: 65_521, .. }));
}

#[test]
fn an_answer_of_the_wrong_type_is_an_error_of_that_request() {
    let (mut fake, client) = Fake::pair();
    let clone = client.clone();
    let reader = thread::spawn(move || clone.read("/a"));

    let (_, id, _) = fake.request().unwrap();
    fake.send(MessageType::Unknown(99), id, b"");
    assert!(matches!(reader.join().unwrap(), Err(Error::Reply { .. })));

    fake.answer_all(|_| b"value".to_vec());
    assert_eq!(client.read("/a").unwrap().unwrap(), b"value");
}

#[test]
fn an_answer_nobody_asked_for_is_ignored() {
    let (mut fake, client) = Fake::pair();

    fake.send(MessageType::Read, 77, b"?");
    fake.answer_all(|_| b"value".to_vec());

    assert_eq!(client.read("/a").unwrap().unwrap(), b"value");
}

#[test]
fn an_unknown_error_name_is_kept() {
    let (mut fake, client) = Fake::pair();
    let writer = thread::spawn(move || client.mkdir("/a"));

    let (_, id, _) = fake.request().unwrap();
    fake.send(MessageType::Error, id, b"EDQUOT\0");

    let error = writer.join().unwrap().unwrap_err();
    assert_eq!(error.errno(), Some(&Errno::Other("EDQUOT".into())));
    assert_eq!(error.to_string(), "MKDIR of \"/a\" was refused with EDQUOT");
}

#[test]
fn malformed_answers_are_errors() {
    let (fake, client) = Fake::pair();
    fake.answer_all(|_| b"?".to_vec());

    assert!(matches!(client.permissions("/a"), Err(Error::Reply { .. })));
    assert!(matches!(client.is_introduced(1), Err(Error::Reply { .. })));
    let transaction = client.transaction(|_| Ok::<_, Error>(()));
    assert!(matches!(transaction, Err(Error::Reply { .. })));
}

#[test]
fn a_long_list_starts_again_when_it_has_changed() {
    let (fake, client) = Fake::pair();
    let mut parts = ["1\0a\0", "2\0old\0", "2\0b\0", "2\0c\0\0"].into_iter();
    fake.answer_parts(move || parts.next().unwrap().into());

    assert_eq!(client.directory("/a").unwrap().unwrap(), ["b", "c"]);
}

#[test]
fn a_long_list_that_never_holds_still_is_given_up() {
    let (fake, client) = Fake::pair();
    let mut generation = 0;
    fake.answer_parts(move || {
        generation += 1;
        format!("{generation}\0a\0").into()
    });

    let error = client.directory("/a");

    assert!(matches!(
        error,
        Err(Error::Conflict {
            attempts: DIRECTORY_ATTEMPTS
        })
    ));
}

#[test]
fn a_list_without_end_is_bounded() {
    let (fake, client) = Fake::pair();
    fake.answer_parts(|| format!("1\0{}\0", "a".repeat(4000)).into());

    let error = client.directory("/a");

    assert!(matches!(
        error,
        Err(Error::Length {
            limit: DIRECTORY_LIMIT,
            ..
        })
    ));
}

#[test]
fn a_part_without_a_name_is_malformed() {
    let (fake, client) = Fake::pair();
    fake.answer_parts(|| b"1\0".to_vec());

    assert!(matches!(client.directory("/a"), Err(Error::Reply { .. })));
}

#[test]
fn a_malformed_event_makes_every_watch_rescan() {
    let (mut fake, client) = Fake::pair();
    let watching = thread::spawn(move || client.watch("/a").unwrap());
    let (kind, id, _) = fake.request().unwrap();
    fake.send(kind, id, b"OK\0");
    let mut watch = watching.join().unwrap();

    fake.send(MessageType::WatchEvent, 0, b"/a\0not a token\0");

    assert_eq!(watch.next().unwrap().unwrap(), WatchEvent::Rescan);
}

#[test]
fn an_event_before_the_answer_to_its_watch_is_kept() {
    let (mut fake, client) = Fake::pair();
    let watching = thread::spawn(move || client.watch("/a").unwrap());

    let (kind, id, payload) = fake.request().unwrap();
    fake.send(MessageType::WatchEvent, 0, &payload);
    fake.send(kind, id, b"OK\0");

    let watch = watching.join().unwrap();
    let path = "/a".into();
    assert_eq!(
        watch.try_next().unwrap().unwrap(),
        WatchEvent::Changed { path }
    );
}

#[test]
fn unwatch_sends_path_then_token_and_does_not_wait() {
    let (mut fake, client) = Fake::pair();
    let watching = thread::spawn(move || client.watch("/a").unwrap());
    let (kind, id, watched) = fake.request().unwrap();
    fake.send(kind, id, b"OK\0");

    drop(watching.join().unwrap());

    let (kind, _, unwatched) = fake.request().unwrap();
    assert_eq!(kind, MessageType::Unwatch);
    assert_eq!(unwatched, watched);
    assert!(unwatched.starts_with(b"/a\0"));
}
