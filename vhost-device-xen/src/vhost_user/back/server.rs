// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A device for front ends that somebody else has connected.

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use backends::{Device, Snapshot};
use vhost::vhost_user::Error as Refusal;

use super::engine::Engine;
use super::front::Front;
use super::session::Session;

/// The back side of vhost-user for one device, without a socket of its own.
///
/// # Example
///
/// A front end that leaves at once:
///
/// ```
/// use std::os::unix::net::UnixStream;
///
/// use backends::rng::{Entropy, Source};
/// use vhost_device_xen::Server;
///
/// let (front_end, ours) = UnixStream::pair().unwrap();
/// let server = Server::new("rng", Box::new(Entropy::new(Source::Kernel)), true);
/// drop(front_end);
///
/// assert_eq!(server.serve(ours).unwrap().requests, 0);
/// ```
#[derive(Debug)]
pub struct Server(Arc<Mutex<Session>>);

impl Server {
    /// Makes a back side for `device`, whose threads have a name of up to 15 bytes.
    ///
    /// What is not known of devices in general: whether it answers requests in their order. Then
    /// no request that is on the way is lost if this process ends.
    pub fn new(name: &str, device: Box<dyn Device>, is_in_order: bool) -> Self {
        let session = Session::new(Engine::new(name.into(), device), is_in_order);
        Self(Arc::new(Mutex::new(session)))
    }

    /// Serves a front end until it leaves, and says what was done for this and earlier ones.
    ///
    /// # Errors
    ///
    /// When a message is wrong, after which the connection is closed. Another front end can be
    /// served then.
    pub fn serve(&self, stream: UnixStream) -> Result<Snapshot, Refusal> {
        let mut front = Front::new(stream, &self.0).map_err(Refusal::SocketError)?;
        let why = loop {
            if let Err(why) = front.handle() {
                break why;
            }
        };
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner).end();
        match why {
            Refusal::Disconnected => Ok(done),
            why => Err(why),
        }
    }
}
