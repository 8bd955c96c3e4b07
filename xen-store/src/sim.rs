// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A xenstored inside the process, for tests (feature `sim`).
//!
//! It speaks the wire format over socket pairs and answers as C xenstored does: the same errors,
//! transactions that conflict by node generations, a first event for each watch, events before
//! the answer to the request that caused them, `E2BIG` and partial listings. Every client is
//! domain 0. Permissions are stored but not enforced; there are no quotas.

mod session;
mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::client::Client;
use crate::connection::lock;
use crate::path;
use crate::wire::{self, MessageType};
use session::Session;
use tree::{Change, Fired, Tree};

/// Requests that [`Server::requests`] remembers: enough for a test, bounded for a benchmark.
const RECORDED: usize = 1024;

/// A request as the server got it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// What was asked.
    pub kind: MessageType,
    /// The transaction, or 0.
    pub tx_id: u32,
    /// Its arguments.
    pub payload: Vec<u8>,
}

/// A simulated xenstored; dropping it closes its connections.
///
/// # Example
///
/// ```
/// use xen_store::{Store, sim};
///
/// let server = sim::Server::new();
/// server.write("/local/domain/0/name", "Domain-0");
///
/// let client = server.client();
/// assert_eq!(client.read("/local/domain/0/name")?, Some(b"Domain-0".to_vec()));
/// # Ok::<(), xen_store::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    state: Arc<Mutex<State>>,
    sessions: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct State {
    tree: Tree,
    domains: BTreeSet<u16>,
    peers: BTreeMap<u64, Peer>,
    next_peer: u64,
    requests: VecDeque<Request>,
}

/// What the server knows of a connection besides its transactions.
#[derive(Debug)]
struct Peer {
    stream: UnixStream,
    watches: Vec<Watch>,
}

#[derive(Debug)]
struct Watch {
    /// As the client gave it.
    path: String,
    /// Absolute, or special.
    resolved: String,
    token: String,
}

impl Server {
    /// A server with an empty tree that knows domain 0.
    pub fn new() -> Self {
        let state = State {
            domains: BTreeSet::from([0]),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            sessions: Mutex::default(),
        }
    }

    /// A new connection to this server.
    ///
    /// # Panics
    ///
    /// When the process is out of descriptors or threads.
    pub fn client(&self) -> Client {
        let (ours, theirs) = UnixStream::pair().expect("there are descriptors");
        self.attach(ours);
        Client::from_stream(theirs).expect("there are threads")
    }

    /// Serves whoever is at the other end of `stream`, who must keep reading: the server waits
    /// for each event to be taken.
    ///
    /// # Panics
    ///
    /// When the process is out of descriptors or threads.
    pub fn attach(&self, stream: UnixStream) {
        let writer = stream.try_clone().expect("there are descriptors");
        let id = {
            let mut state = lock(&self.state);
            let id = state.next_peer;
            state.next_peer += 1;
            state.peers.insert(
                id,
                Peer {
                    stream: writer,
                    watches: Vec::new(),
                },
            );
            id
        };
        let session = Session::new(id, Arc::clone(&self.state));
        let session = thread::Builder::new()
            .name("sim-xenstored".into())
            .spawn(move || session.serve(&stream))
            .expect("there are threads");
        lock(&self.sessions).push(session);
    }

    /// Sets a node as somebody else would, and fires watches.
    ///
    /// # Panics
    ///
    /// When `path` is not a valid absolute path.
    pub fn write(&self, path: &str, value: impl AsRef<[u8]>) {
        self.change(path, Change::Write(value.as_ref().to_vec()));
    }

    /// Removes a node as somebody else would, and fires watches.
    ///
    /// # Panics
    ///
    /// When `path` is not a valid absolute path, or its parent does not exist.
    pub fn remove(&self, path: &str) {
        self.change(path, Change::Remove);
    }

    fn change(&self, path: &str, change: Change) {
        assert!(
            path.starts_with('/') && path::check(path).is_ok(),
            "{path:?} is no absolute path"
        );
        let mut state = lock(&self.state);
        let effect = state
            .tree
            .apply(path, &change)
            .expect("the test changes what exists");
        state.fire_all(&effect.fired);
    }

    /// The value of a node.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        lock(&self.state)
            .tree
            .node(path)
            .map(|node| node.value.clone())
    }

    /// Makes a domain known and fires `@introduceDomain`.
    pub fn introduce(&self, domain: u16) {
        lock(&self.state).introduce(domain);
    }

    /// Forgets a domain and fires `@releaseDomain`.
    pub fn release(&self, domain: u16) {
        lock(&self.state).release(domain);
    }

    /// Closes all connections, as when xenstored is killed; the tree stays for new ones.
    pub fn disconnect(&self) {
        for peer in lock(&self.state).peers.values() {
            peer.close();
        }
    }

    /// The last 1024 requests of all clients, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state).requests.iter().cloned().collect()
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.disconnect();
        for session in lock(&self.sessions).drain(..) {
            let panicked = session.join().is_err();
            assert!(
                !panicked || thread::panicking(),
                "the simulated xenstored panicked"
            );
        }
    }
}

impl Peer {
    fn close(&self) {
        // Fails only when the client closed first.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn send(&self, kind: MessageType, req_id: u32, tx_id: u32, payload: &[u8]) {
        let mut buffer = Vec::new();
        if wire::encode(&mut buffer, kind, req_id, tx_id, &[payload]).is_ok() {
            // Fails only when the client is gone, which its session finds out.
            let _ = (&self.stream).write_all(&buffer);
        }
    }

    fn fire(&self, watch: &Watch, path: &str) {
        // A relative watch gets relative events: what is below its path is the same in both.
        let below = path.strip_prefix(&watch.resolved).unwrap_or_default();
        let path = if watch.path == "/" {
            path
        } else {
            &format!("{}{below}", watch.path)
        };
        let payload = format!("{path}\0{}\0", watch.token);
        self.send(MessageType::WatchEvent, 0, 0, payload.as_bytes());
    }
}

impl State {
    fn fire_all(&self, fired: &[Fired]) {
        for event in fired {
            self.fire(event);
        }
    }

    fn fire(&self, event: &Fired) {
        for peer in self.peers.values() {
            for watch in &peer.watches {
                let matches = if event.exact {
                    event.path == watch.resolved
                } else {
                    path::is_within(&event.path, &watch.resolved)
                };
                if matches {
                    peer.fire(watch, &event.path);
                }
            }
        }
    }

    fn introduce(&mut self, domain: u16) {
        self.domains.insert(domain);
        self.fire(&Fired {
            path: "@introduceDomain".into(),
            exact: false,
        });
    }

    fn release(&mut self, domain: u16) {
        self.domains.remove(&domain);
        self.fire(&Fired {
            path: "@releaseDomain".into(),
            exact: false,
        });
    }

    fn record(&mut self, request: Request) {
        if self.requests.len() == RECORDED {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}
