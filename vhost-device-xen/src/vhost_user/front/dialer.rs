// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Connections to backends: a guest's process cannot make any, so it asks the supervisor.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use crate::channel::{Channel, DeviceId, Dial, Dialled};

/// The line to the supervisor, shared by all threads that have a backend.
#[derive(Clone, Debug)]
pub struct Dialer(Arc<Mutex<Channel>>);

impl Dialer {
    /// Asks on this line.
    pub fn new(channel: Channel) -> Self {
        Self(Arc::new(Mutex::new(channel)))
    }

    /// Connects to the backend of a device. Waits for the supervisor, which does not wait for the
    /// backend.
    ///
    /// # Errors
    ///
    /// Why there is no connection.
    pub fn connect(&self, device: DeviceId) -> io::Result<UnixStream> {
        let channel = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channel.send(&Dial(device), &[])?;
        let (Dialled(refused), files) = channel.receive()?.ok_or(io::ErrorKind::BrokenPipe)?;
        if let Some(reason) = refused {
            return Err(io::Error::other(reason));
        }
        let socket = files.into_iter().next().ok_or(io::ErrorKind::InvalidData)?;
        Ok(socket.into())
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::thread;

    use super::*;
    use crate::channel::Directory;

    const DEVICE: DeviceId = DeviceId {
        directory: Directory::Virtio,
        index: 3,
    };

    /// A line on which `answer` is given to one question.
    fn dialer(answer: impl FnOnce(&Channel, Dial) + Send + 'static) -> Dialer {
        let (ours, theirs) = Channel::pair().unwrap();
        thread::spawn(move || {
            let (dial, _) = theirs.receive().unwrap().unwrap();
            answer(&theirs, dial);
        });
        Dialer::new(ours)
    }

    #[test]
    fn a_connection_is_of_the_device_that_was_named() {
        let (socket, other) = UnixStream::pair().unwrap();
        let dialer = dialer(move |line, Dial(device)| {
            assert_eq!(device, DEVICE);
            line.send(&Dialled(None), &[socket.as_fd()]).unwrap();
        });

        let got = dialer.connect(DEVICE).unwrap();

        got.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!(io::Read::read(&mut &other, &mut [0]).unwrap(), 0);
    }

    #[test]
    fn the_reason_why_there_is_none_is_told() {
        let dialer = dialer(|line, _| {
            line.send(&Dialled(Some("nobody is there".into())), &[])
                .unwrap();
        });

        let refused = dialer.connect(DEVICE).unwrap_err();

        assert_eq!(refused.to_string(), "nobody is there");
    }

    #[test]
    fn a_supervisor_that_goes_is_an_error() {
        let dialer = dialer(|_, _| {});

        let gone = dialer.connect(DEVICE).unwrap_err();

        assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
    }
}
