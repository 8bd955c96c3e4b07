// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A connection to a backend: what is said, and in which order.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use vhost::vhost_user::message::{VhostUserConfigFlags, VhostUserHeaderFlag};
use vhost::vhost_user::{
    Frontend, VhostUserFrontend, VhostUserProtocolFeatures, VhostUserVirtioFeatures,
};
use vhost::{VhostBackend, VringConfigData};
use virtio_bindings::virtio_config::VIRTIO_F_ACCESS_PLATFORM;
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::sock_ctrl_msg::ScmSocket;
use zerocopy::{FromZeros, IntoBytes};

use super::super::wire::{Header, NEED_REPLY, REPLY, Region, SET_MEM_TABLE, VERSION, table};
use crate::channel::External;
use crate::transport::QueueSetup;

/// What a backend must be able to do, whatever it serves.
const NEEDED: VhostUserProtocolFeatures = VhostUserProtocolFeatures::XEN_MMAP;
/// What it is asked for if it can.
const WANTED: VhostUserProtocolFeatures = NEEDED
    .union(VhostUserProtocolFeatures::REPLY_ACK)
    .union(VhostUserProtocolFeatures::CONFIG)
    .union(VhostUserProtocolFeatures::MQ);

/// Why a backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is there.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// It does not answer as it should.
    #[error("{what} failed")]
    Request {
        /// What was asked for.
        what: &'static str,
        /// Why.
        #[source]
        source: vhost::Error,
    },
    /// It is not made for Xen.
    #[error("the backend does not speak XEN_MMAP: it was built without its feature `xen`")]
    NoXen,
    /// It has fewer queues than the configuration says, or other features than before.
    #[error("the backend has not the {what} that it should")]
    Lacks {
        /// What it lacks.
        what: &'static str,
    },
    /// The memory could not be shared.
    #[error("the guest's memory cannot be shared")]
    Share(#[source] io::Error),
}

/// What the requests of `vhost` have come to.
trait Named<T> {
    fn named(self, what: &'static str) -> Result<T, Error>;
}

impl<T> Named<T> for vhost::Result<T> {
    fn named(self, what: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Request { what, source })
    }
}

/// A backend that is connected.
pub struct Link {
    frontend: Frontend,
    stream: UnixStream,
    features: u64,
    has_acks: bool,
}

impl Link {
    /// Begins the conversation with the backend of a device.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn begin(stream: UnixStream, external: &External) -> Result<Self, Error> {
        let theirs = stream.try_clone().map_err(Error::Connect)?;
        let mut frontend = Frontend::from_stream(theirs, external.queues.into());
        let features = frontend.get_features().named("asking for features")?;
        if features & VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits() == 0 {
            return Err(Error::NoXen);
        }
        let offered = frontend
            .get_protocol_features()
            .named("asking for protocol features")?;
        if !offered.contains(NEEDED) {
            return Err(Error::NoXen);
        }
        let protocol = offered & WANTED;
        frontend
            .set_protocol_features(protocol)
            .named("setting protocol features")?;
        frontend.set_owner().named("taking the device")?;
        let has_acks = protocol.contains(VhostUserProtocolFeatures::REPLY_ACK);
        if has_acks {
            frontend.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
        }
        if protocol.contains(VhostUserProtocolFeatures::MQ) {
            let queues = frontend.get_queue_num().named("asking for queues")?;
            if queues < external.queues.into() {
                return Err(Error::Lacks { what: "queues" });
            }
        }
        Ok(Self {
            frontend,
            stream,
            features,
            has_acks,
        })
    }

    /// What it can do for a driver: features of the device and of its rings.
    pub fn features(&self) -> u64 {
        let ours = VhostUserVirtioFeatures::PROTOCOL_FEATURES | VhostUserVirtioFeatures::LOG_ALL;
        self.features & !ours.bits()
    }

    /// Configuration space, so many bytes of it.
    ///
    /// # Errors
    ///
    /// [`Error::Request`].
    pub fn config(&mut self, len: u32) -> Result<Vec<u8>, Error> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let empty = vec![0; usize::try_from(len).unwrap_or(0)];
        let flags = VhostUserConfigFlags::empty();
        let config = self.frontend.get_config(0, len, flags, &empty);
        Ok(config.named("asking for the configuration")?.1)
    }

    /// Its descriptor, which is readable when the backend has gone.
    pub fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// The socket once more, for whoever has to end a conversation that takes too long.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left.
    pub fn socket(&self) -> io::Result<UnixStream> {
        self.stream.try_clone()
    }

    /// Tells what the driver has accepted, and shares its memory.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn prepare(&mut self, features: u64, memory: &[(Region, File)]) -> Result<(), Error> {
        // How the driver's addresses come about is between it and us, unless the backend cares.
        let platform = 1 << VIRTIO_F_ACCESS_PLATFORM;
        let features = features & !(platform & !self.features);
        if features & !self.features != 0 {
            return Err(Error::Lacks { what: "features" });
        }
        let protocol = VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits();
        self.frontend
            .set_features(features | protocol)
            .named("setting features")?;
        self.share(memory)
    }

    /// Shares this memory and no other.
    ///
    /// # Errors
    ///
    /// [`Error::Share`].
    pub fn share(&mut self, memory: &[(Region, File)]) -> Result<(), Error> {
        self.set_mem_table(memory).map_err(Error::Share)
    }

    /// Has a queue be served, and looked at: backends of rust-vmm listen for notifications from
    /// `SET_VRING_KICK` on, and lose what comes before `SET_VRING_ENABLE`.
    ///
    /// # Errors
    ///
    /// [`Error::Request`].
    pub fn start(
        &mut self,
        setup: &QueueSetup,
        base: u16,
        kick: &EventFd,
        call: &EventFd,
    ) -> Result<(), Error> {
        let (frontend, index) = (&mut self.frontend, usize::from(setup.index));
        let addresses = VringConfigData {
            queue_max_size: setup.size,
            queue_size: setup.size,
            flags: 0,
            desc_table_addr: setup.desc.0,
            used_ring_addr: setup.used.0,
            avail_ring_addr: setup.avail.0,
            log_addr: None,
        };
        frontend
            .set_vring_num(index, setup.size)
            .and_then(|()| frontend.set_vring_base(index, base))
            .and_then(|()| frontend.set_vring_addr(index, &addresses))
            .and_then(|()| frontend.set_vring_call(index, call))
            .and_then(|()| frontend.set_vring_kick(index, kick))
            .and_then(|()| frontend.set_vring_enable(index, true))
            .named("starting a queue")?;
        if !self.has_acks {
            // Its answer says that it has taken what came before.
            self.frontend.get_features().named("starting a queue")?;
        }
        kick.write(1).map_err(Error::Share)
    }

    /// Has a queue be served no more. Then the backend does not touch it, nor its buffers.
    ///
    /// # Errors
    ///
    /// [`Error::Request`].
    pub fn stop(&mut self, index: u16) -> Result<(), Error> {
        let index = index.into();
        self.frontend
            .set_vring_enable(index, false)
            .and_then(|()| self.frontend.get_vring_base(index))
            .named("stopping a queue")
            .map(drop)
    }

    /// `SET_MEM_TABLE` with regions that `vhost` does not know.
    fn set_mem_table(&mut self, memory: &[(Region, File)]) -> io::Result<()> {
        let regions: Vec<Region> = memory.iter().map(|(region, _)| *region).collect();
        let files: Vec<RawFd> = memory.iter().map(|(_, file)| file.as_raw_fd()).collect();
        let payload = table(&regions);
        let header = Header {
            request: SET_MEM_TABLE,
            flags: VERSION | if self.has_acks { NEED_REPLY } else { 0 },
            size: u32::try_from(payload.len()).map_err(io::Error::other)?,
        };
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(payload);
        let sent = self.stream.send_with_fds(&[bytes.as_slice()], &files)?;
        if sent != bytes.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        if !self.has_acks {
            return Ok(());
        }
        let (mut answer, mut failure) = (Header::new_zeroed(), 0_u64);
        self.stream.read_exact(answer.as_mut_bytes())?;
        self.stream.read_exact(failure.as_mut_bytes())?;
        let is_it = answer.request == SET_MEM_TABLE && answer.flags & REPLY != 0;
        match is_it && answer.size == 8 && failure == 0 {
            true => Ok(()),
            false => Err(io::Error::other("the backend refuses it")),
        }
    }
}
