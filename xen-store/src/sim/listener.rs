// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A socket in the file system.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::Shared;

/// Accepts connections to a [`Server`](super::Server), until it is dropped; those that it has
/// accepted stay.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Client, Store, sim};
///
/// let path = std::env::temp_dir().join(format!("xen-store-{}", std::process::id()));
/// let server = sim::Server::new();
/// let listener = server.listen(&path);
/// Client::open_path(&path)?.write("/a", "1")?;
/// drop(listener);
/// assert!(Client::open_path(&path).is_err());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn new(path: &Path, shared: Arc<Shared>) -> Self {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
        let listener = UnixListener::bind(path).expect("there can be a socket");
        let stopping = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stopping);
        let thread = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if theirs.load(Ordering::Acquire) {
                    return;
                }
                shared.attach(stream, 0);
            }
        });
        Self {
            path: path.into(),
            stopping,
            thread: Some(thread),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // Wakes the thread.
        let woken = UnixStream::connect(&self.path);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            // It does not panic but with the test.
            let _ = thread.join();
        }
    }
}
