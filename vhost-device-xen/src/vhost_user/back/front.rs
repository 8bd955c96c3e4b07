// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A front end that is connected: its messages, one after the other.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use vhost::vhost_user::{BackendReqHandler, Error as Refusal};
use zerocopy::IntoBytes;

use super::super::socket;
use super::super::wire::{
    ADD_MEM_REG, Header, MAX_REGIONS, NEED_REPLY, REM_MEM_REG, REPLY, Region, SET_MEM_TABLE,
    VERSION, regions,
};
use super::session::Session;

/// The longest message with regions.
const LONGEST: usize = 8 + MAX_REGIONS * size_of::<Region>();

/// A front end that is connected.
pub struct Front {
    stream: UnixStream,
    session: Arc<Mutex<Session>>,
    handler: BackendReqHandler<Mutex<Session>>,
}

impl Front {
    /// A front end of a device.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left.
    pub fn new(stream: UnixStream, session: &Arc<Mutex<Session>>) -> io::Result<Self> {
        let theirs = stream.try_clone()?;
        Ok(Self {
            stream,
            session: session.clone(),
            handler: BackendReqHandler::from_stream(theirs, session.clone()),
        })
    }

    /// Does what the next message says.
    ///
    /// # Errors
    ///
    /// When it is wrong, or there is no next one: the connection is over.
    pub fn handle(&mut self) -> Result<(), Refusal> {
        let session = self.session.clone();
        let session = || session.lock().unwrap_or_else(PoisonError::into_inner);
        let is_xen = session().has_xen_mmap();
        if is_xen {
            let next = socket::peek(&self.stream).map_err(Refusal::SocketError)?;
            let request = next.ok_or(Refusal::Disconnected)?.request;
            if matches!(request, SET_MEM_TABLE | ADD_MEM_REG | REM_MEM_REG) {
                return self.share(&mut session());
            }
        }
        self.handler.handle_request()
    }

    /// Does what `vhost` would do with regions that it knew.
    fn share(&mut self, session: &mut Session) -> Result<(), Refusal> {
        let received = socket::receive(&self.stream, LONGEST).map_err(Refusal::SocketError)?;
        let (header, payload, files) = received;
        let done = apply(session, header.request, &payload, files);
        if session.has_acks() && header.flags & NEED_REPLY != 0 {
            self.acknowledge(header, done.is_ok())
                .map_err(Refusal::SocketError)?;
        }
        done
    }

    fn acknowledge(&mut self, header: Header, is_done: bool) -> io::Result<()> {
        let failure = u64::from(!is_done);
        let answer = Header {
            flags: VERSION | REPLY,
            size: 8,
            ..header
        };
        let mut bytes = answer.as_bytes().to_vec();
        bytes.extend(failure.to_ne_bytes());
        self.stream.write_all(&bytes)
    }
}

impl AsRawFd for Front {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

/// Changes the memory as a message says.
fn apply(
    session: &mut Session,
    request: u32,
    payload: &[u8],
    files: Vec<File>,
) -> Result<(), Refusal> {
    let regions = regions(request, payload).ok_or(Refusal::InvalidMessage)?;
    if request == REM_MEM_REG {
        // Front ends may send the file once more.
        return regions
            .iter()
            .try_for_each(|region| session.share_less(region));
    }
    if files.len() != regions.len() {
        return Err(Refusal::IncorrectFds);
    }
    let mut regions = regions.into_iter().zip(files);
    match request {
        SET_MEM_TABLE => session.share(regions.collect()),
        _ => regions.try_for_each(|(region, file)| session.share_more(region, file)),
    }
}
