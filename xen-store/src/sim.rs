// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A xenstored inside the process, for tests (feature `sim`).
//!
//! It speaks the wire format over socket pairs and answers as C xenstored does: the same errors,
//! transactions that conflict by node generations, a first event for each watch, events before
//! the answer to the request that caused them, `E2BIG` and partial listings, permissions, quotas
//! of guests. A client is domain 0 unless it is made by [`Server::guest`].

mod access;
mod domains;
mod listener;
mod peer;
mod session;
mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::client::Client;
use crate::connection::lock;
use crate::path;
use crate::wire::MessageType;
use access::Quotas;
pub use listener::Listener;
use peer::{Peer, Watch};
use session::Session;
use tree::{Change, Fired, Tree};

/// Requests that [`Server::requests`] remembers: enough for a test, bounded for a benchmark.
const RECORDED: usize = 1024;

/// A request as the server got it.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Store, sim, wire::MessageType};
///
/// let server = sim::Server::new();
/// server.client().read("/a")?;
/// let request = &server.requests()[0];
/// assert_eq!((request.kind, &*request.payload), (MessageType::Read, &b"/a\0"[..]));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
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
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Arc<Mutex<State>>,
    sessions: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct State {
    tree: Tree,
    domains: BTreeSet<u16>,
    /// Permissions of special paths; domain 0 alone by default.
    specials: BTreeMap<String, Vec<u8>>,
    quotas: Quotas,
    features: BTreeMap<u16, u32>,
    /// Events wait in their peers.
    holding: bool,
    peers: BTreeMap<u64, Peer>,
    next_peer: u64,
    requests: VecDeque<Request>,
}

impl Server {
    /// A server with an empty tree that knows domain 0.
    pub fn new() -> Self {
        let state = State {
            domains: BTreeSet::from([0]),
            ..State::default()
        };
        Self {
            shared: Arc::new(Shared {
                state: Arc::new(Mutex::new(state)),
                sessions: Mutex::default(),
            }),
        }
    }

    /// A new connection to this server from a guest, for which permissions and quotas matter and
    /// relative paths are below its own home.
    ///
    /// # Panics
    ///
    /// When the process is out of descriptors or threads.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_store::{Errno, Store, sim};
    ///
    /// let server = sim::Server::new();
    /// server.write("/secret", "1");
    ///
    /// let refused = server.guest(5).read("/secret").unwrap_err();
    /// assert_eq!(refused.errno(), Some(&Errno::Access));
    /// ```
    pub fn guest(&self, domain: u16) -> Client {
        let (ours, theirs) = UnixStream::pair().expect("there are descriptors");
        self.shared.attach(ours, domain);
        Client::from_stream(theirs).expect("it can block")
    }

    /// Serves a socket at `path` in the file system, until the listener is dropped.
    ///
    /// # Panics
    ///
    /// When there can be no socket at `path`.
    pub fn listen(&self, path: impl AsRef<Path>) -> Listener {
        Listener::new(path.as_ref(), Arc::clone(&self.shared))
    }

    /// Keeps events back, and merges those that are equal, as a busy server does.
    pub fn hold_events(&self) {
        lock(&self.shared.state).holding = true;
    }

    /// Sends the events that were kept back, and all others from now on.
    pub fn deliver_events(&self) {
        let mut state = lock(&self.shared.state);
        state.holding = false;
        for peer in state.peers.values_mut() {
            for payload in std::mem::take(&mut peer.held) {
                peer.send(MessageType::WatchEvent, 0, 0, &payload);
            }
        }
    }

    /// Fires watches as if the node had changed.
    pub fn fire(&self, path: &str) {
        lock(&self.shared.state).fire(&Fired {
            path: path.into(),
            exact: false,
            visible: Vec::new(),
        });
    }

    /// Sets a quota of every guest, by the name that C xenstored has for it: `nodes`,
    /// `node-size`, `permissions`, `transactions`, `watches`; 0 is no limit.
    ///
    /// # Panics
    ///
    /// When there is no such quota.
    pub fn set_quota(&self, name: &str, value: u32) {
        let set = lock(&self.shared.state).quotas.set(None, name, value);
        set.expect("the test names a quota");
    }

    /// A new connection to this server.
    ///
    /// # Panics
    ///
    /// When the process is out of descriptors or threads.
    pub fn client(&self) -> Client {
        let (ours, theirs) = UnixStream::pair().expect("there are descriptors");
        self.attach(ours);
        Client::from_stream(theirs).expect("it can block")
    }

    /// A new connection to this server, for tasks.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and when the process is out of descriptors or threads.
    #[cfg(feature = "tokio")]
    pub fn async_client(&self) -> crate::AsyncClient {
        let (ours, theirs) = UnixStream::pair().expect("there are descriptors");
        self.attach(ours);
        crate::AsyncClient::from_stream(theirs).expect("there are descriptors")
    }

    /// Serves whoever is at the other end of `stream`, who must keep reading: the server waits
    /// for each event to be taken.
    ///
    /// # Panics
    ///
    /// When the process is out of descriptors or threads.
    pub fn attach(&self, stream: UnixStream) {
        self.shared.attach(stream, 0);
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
        let mut state = lock(&self.shared.state);
        let effect = state
            .tree
            .apply(path, &change, 0)
            .expect("the test changes what exists");
        state.fire_all(&effect.fired);
    }

    /// The value of a node.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        lock(&self.shared.state)
            .tree
            .node(path)
            .map(|node| node.value.clone())
    }

    /// Makes a domain known and fires `@introduceDomain`.
    pub fn introduce(&self, domain: u16) {
        lock(&self.shared.state).introduce(domain);
    }

    /// Forgets a domain and fires `@releaseDomain`.
    pub fn release(&self, domain: u16) {
        lock(&self.shared.state).release(domain);
    }

    /// Closes all connections, as when xenstored is killed; the tree stays for new ones.
    pub fn disconnect(&self) {
        for peer in lock(&self.shared.state).peers.values() {
            peer.close();
        }
    }

    /// The last 1024 requests of all clients, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.state).requests.iter().cloned().collect()
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
        for session in lock(&self.shared.sessions).drain(..) {
            let panicked = session.join().is_err();
            assert!(
                !panicked || thread::panicking(),
                "the simulated xenstored panicked"
            );
        }
    }
}

impl Shared {
    fn attach(&self, stream: UnixStream, domain: u16) {
        let peer = Peer {
            stream: stream.try_clone().expect("there are descriptors"),
            domain,
            watches: Vec::new(),
            held: Vec::new(),
        };
        let id = {
            let mut state = lock(&self.state);
            let id = state.next_peer;
            state.next_peer += 1;
            state.peers.insert(id, peer);
            id
        };
        let session = Session::new(id, domain, Arc::clone(&self.state));
        let session = thread::Builder::new()
            .name("sim-xenstored".into())
            .spawn(move || session.serve(&stream))
            .expect("there are threads");
        lock(&self.sessions).push(session);
    }
}

impl State {
    fn fire_all(&mut self, fired: &[Fired]) {
        for event in fired {
            self.fire(event);
        }
    }

    fn fire(&mut self, event: &Fired) {
        let hold = self.holding;
        let peers = self.peers.values_mut().filter(|peer| peer.may_see(event));
        for peer in peers {
            for index in 0..peer.watches.len() {
                if peer.watches[index].covers(event) {
                    peer.fire(index, &event.path, hold);
                }
            }
        }
    }

    /// Permissions of a special path.
    fn special(&self, path: &str) -> Vec<u8> {
        let permissions = self.specials.get(path);
        permissions.map_or_else(|| b"n0\0".to_vec(), Clone::clone)
    }

    fn fire_special(&mut self, path: &str) {
        self.fire(&Fired {
            path: path.into(),
            exact: false,
            visible: vec![self.special(path)],
        });
    }

    fn introduce(&mut self, domain: u16) {
        self.domains.insert(domain);
        self.fire_special("@introduceDomain");
    }

    fn release(&mut self, domain: u16) {
        self.domains.remove(&domain);
        self.fire_special("@releaseDomain");
    }

    fn record(&mut self, request: Request) {
        if self.requests.len() == RECORDED {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}
