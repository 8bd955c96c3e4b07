// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What supervisor and guest process say to each other: JSON in packets, with descriptors beside
//! it.

// UNSAFE: socketpair(2), recvmsg(2), and descriptors out of a control message.
#![expect(unsafe_code)]

use std::io;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::{BlockOptions, Memory};
use crate::stats::Stats;
use crate::x86;
use vmm_sys_util::sock_ctrl_msg::ScmSocket;

/// The most descriptors beside a message.
const FILES: usize = 4;

/// The largest packet. A device is described in a few hundred bytes, an image path among them.
const PACKET: usize = 16 * 1024;

/// Where libxl announces a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Directory {
    /// `backend/virtio`: a `virtio=` line.
    Virtio,
    /// `backend/virtio_disk`: a `disk=` line.
    Disk,
}

impl Directory {
    /// The directory's name under `backend/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Virtio => "virtio",
            Self::Disk => "virtio_disk",
        }
    }
}

/// A device of a guest: which directory, and which number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId {
    /// Where it was announced.
    pub directory: Directory,
    /// Its number there.
    pub index: u32,
}

/// Everything a guest process needs to serve a device. Files come as descriptors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSpec {
    /// Which one.
    pub id: DeviceId,
    /// Where it is.
    pub location: Location,
    /// Whether the guest shares memory by grants.
    pub grants: bool,
    /// What it is.
    pub kind: DeviceKind,
}

/// Where a guest finds a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Location {
    /// On virtio-mmio.
    Mmio(Registers),
    /// On the PCI bus that the daemon gives to a guest on Arm: see [`bridge`](crate::bridge).
    Bridge {
        /// Its place there.
        slot: u8,
        /// Where virtio-mmio has no device then.
        mmio: Registers,
    },
    /// On the PCI bus that a guest has.
    Pci {
        /// Its place there.
        slot: u8,
    },
    /// On virtio-mmio in a guest on x86: see [`x86`].
    Acpi {
        /// The place on the PCI bus whose interrupt it has.
        slot: u8,
    },
}

/// The registers of virtio-mmio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    /// Their guest-physical address.
    pub base: u64,
    /// Their interrupt, an INTID.
    pub irq: u32,
}

impl Location {
    /// The place on a PCI bus.
    pub fn slot(self) -> Option<u8> {
        match self {
            Self::Mmio(_) | Self::Acpi { .. } => None,
            Self::Bridge { slot, .. } | Self::Pci { slot } => Some(slot),
        }
    }

    /// The place whose interrupt pin it has, on x86.
    pub fn pin(self) -> Option<u8> {
        match self {
            Self::Mmio(_) | Self::Bridge { .. } => None,
            Self::Acpi { slot } | Self::Pci { slot } => Some(slot),
        }
    }

    /// Where the guest takes something for registers of virtio-mmio, be it no device's.
    pub fn base(self) -> Option<u64> {
        match self {
            Self::Mmio(mmio) | Self::Bridge { mmio, .. } => Some(mmio.base),
            Self::Acpi { slot } => Some(x86::registers(slot)),
            Self::Pci { .. } => None,
        }
    }
}

/// A kind of device with what is particular to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    /// An entropy source; with a descriptor, that file, else the host's.
    Rng {
        /// Bytes in a second, at most.
        rate: Option<NonZeroU32>,
    },
    /// A disk; the descriptor is its image.
    Block {
        /// Refuse writes.
        read_only: bool,
        /// What the guest reads as the disk's identity, at most 20 bytes of it.
        serial: String,
        /// How it is used and presented.
        options: BlockOptions,
    },
    /// An I2C adapter; the descriptor is its node. Without one, a simulation.
    I2c {
        /// What the guest may use.
        addresses: Option<Vec<u8>>,
    },
    /// A GPIO device; the descriptor is the chip's node. Without one, a simulation.
    Gpio {
        /// What the guest may use, in its order.
        lines: Option<Vec<u32>>,
    },
    /// Served by another process.
    External(External),
}

/// A device that another process serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// The virtio device ID.
    pub device: u32,
    /// Where its backend listens.
    pub socket: PathBuf,
    /// How many queues it has.
    pub queues: u16,
    /// The largest size of each.
    pub queue_size: u16,
    /// Bytes of configuration space.
    pub config: u32,
    /// Bytes of the guest's memory.
    pub memory: u64,
}

impl DeviceKind {
    /// What threads are named after.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rng { .. } => "rng",
            Self::Block { .. } => "blk",
            Self::I2c { .. } => "i2c",
            Self::Gpio { .. } => "gpio",
            Self::External(_) => "vu",
        }
    }
}

/// What the supervisor asks of a guest process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Who the process is to be, and how it uses the kernel. Comes first, once, with four
    /// descriptors: the guest's lock, which is to be held to the end, privcmd and the event channels, both
    /// restricted to the guest, and the line to whoever connects to backends.
    Configure {
        /// The user and group that it runs as.
        uid: u32,
        /// Interrupts by irqfd, if the kernel has it.
        irqfd: bool,
        /// How to reach the guest's memory.
        memory: Memory,
        /// The number of the guest's IOREQ server, to be taken over.
        server: u16,
    },
    /// Serve a device, with these descriptors: its record, gntdev if there are grants, then its file if
    /// it has one.
    Attach(DeviceSpec),
    /// Answer the guest: all devices are there that it knows of.
    Resume,
    /// Stop serving a device.
    Detach {
        /// Which one.
        device: DeviceId,
        /// There is no other: let go of the guest altogether.
        last: bool,
    },
    /// There is nothing to serve: let go of the guest. The end of the channel, without this, asks to
    /// leave everything as it is to another process.
    End,
    /// Say what a device has done.
    Stats(DeviceId),
    /// Stop serving a device whose guest goes on, which finds a device that is none.
    Withdraw(DeviceId),
    /// Serve a device that was withdrawn.
    Restore(DeviceSpec),
    /// Look at what may have changed outside: somebody has changed something.
    Look(DeviceId),
}

/// What a guest process has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The device answers its guest.
    Attached(DeviceId),
    /// The device cannot be served.
    Refused {
        /// Which one.
        device: DeviceId,
        /// Why, with causes.
        reason: String,
    },
    /// The guest's driver is ready to use the device.
    DriverOk(DeviceId),
    /// Nothing of the device is left.
    Detached {
        /// Which one.
        device: DeviceId,
        /// What it has done.
        counters: String,
    },
    /// What a device has done.
    Stats {
        /// Which one.
        device: DeviceId,
        /// Not known of what another process serves.
        stats: Option<Stats>,
    },
    /// The device is gone; its guest finds registers of none.
    Withdrawn {
        /// Which one.
        device: DeviceId,
        /// What it has done.
        counters: String,
    },
    /// The device that was withdrawn answers its guest, unless there is an error.
    Restored {
        /// Which one.
        device: DeviceId,
        /// Why it does not, with causes.
        error: Option<String>,
    },
}

impl Report {
    /// What it is about.
    pub fn device(&self) -> DeviceId {
        match self {
            Self::Attached(device)
            | Self::DriverOk(device)
            | Self::Refused { device, .. }
            | Self::Detached { device, .. }
            | Self::Stats { device, .. }
            | Self::Withdrawn { device, .. }
            | Self::Restored { device, .. } => *device,
        }
    }
}

/// What a guest process asks on its other line: to be connected with the backend of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial(pub DeviceId);

/// What it is told: nothing, with the socket beside it, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialled(pub Option<String>);

/// One end.
#[derive(Debug)]
pub struct Channel(UnixStream);

impl Channel {
    /// Both ends.
    ///
    /// # Errors
    ///
    /// As socketpair(2).
    pub fn pair() -> io::Result<(Self, Self)> {
        let mut ends = [-1; 2];
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
        // SAFETY: socketpair writes two descriptors to `ends`, which has room for two.
        let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let end = |fd| {
            // SAFETY: socketpair has just opened `fd`, and nobody else knows of it.
            let fd = unsafe { OwnedFd::from_raw_fd(fd) };
            Self::from(fd)
        };
        Ok((end(ends[0]), end(ends[1])))
    }

    /// Makes sending fail rather than wait for the other side.
    ///
    /// # Errors
    ///
    /// As fcntl(2).
    pub fn set_nonblocking(&self) -> io::Result<()> {
        self.0.set_nonblocking(true)
    }

    /// Sends a message, with at most four descriptors.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when the other side has not read for long, `BrokenPipe` when it is gone.
    pub fn send(&self, message: &impl Serialize, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let packet = serde_json::to_vec(message)?;
        if packet.len() > PACKET || fds.len() > FILES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let fds: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
        let sent = self.0.send_with_fds(&[packet.as_slice()], &fds);
        sent.map(drop).map_err(io::Error::from)
    }

    /// Receives a message and its descriptors; `None` when the other side has gone.
    ///
    /// # Errors
    ///
    /// As recvmsg(2), or when the message is not one.
    pub fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut packet = vec![0u8; PACKET];
        let mut iovecs = [libc::iovec {
            iov_base: packet.as_mut_ptr().cast(),
            iov_len: packet.len(),
        }];
        let mut fds = [-1; FILES];
        // SAFETY: the one iovec describes `packet`, which any bytes may be written to and which
        // nobody else touches during the call.
        let received = unsafe { self.0.recv_with_fds(&mut iovecs, &mut fds) };
        let (len, count) = received.map_err(io::Error::from)?;
        let own = |fd: &RawFd| {
            // SAFETY: recvmsg has just opened `fd`, and nobody else knows of it.
            unsafe { OwnedFd::from_raw_fd(*fd) }
        };
        let files = fds[..count].iter().map(own).collect();
        match len {
            0 => Ok(None),
            len => Ok(Some((serde_json::from_slice(&packet[..len])?, files))),
        }
    }

    /// Whether [`receive`](Self::receive) would not wait.
    pub fn is_readable(&self) -> bool {
        is_readable(&self.0)
    }

    /// Tells the other side that nothing more will come: it gets `None`.
    pub fn finish(&self) {
        // Fails when the other side has gone, which is what is wanted.
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }
}

/// Whether there is something to read, or an end.
pub fn is_readable(fd: impl AsFd) -> bool {
    let at_once = Timespec::default();
    let mut wanted = [PollFd::new(&fd, PollFlags::IN)];
    matches!(poll(&mut wanted, Some(&at_once)), Ok(1))
}

impl From<OwnedFd> for Channel {
    fn from(fd: OwnedFd) -> Self {
        Self(UnixStream::from(fd))
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.0.into()
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};

    use super::*;

    const DISK: DeviceId = DeviceId {
        directory: Directory::Disk,
        index: 51712,
    };

    #[test]
    fn a_device_arrives_with_its_image() {
        let (ours, theirs) = Channel::pair().unwrap();
        let mut image = tempfile::tempfile().unwrap();
        image.write_all(b"image").unwrap();
        image.rewind().unwrap();
        let spec = DeviceSpec {
            id: DISK,
            location: Location::Mmio(Registers {
                base: 0x200_0000,
                irq: 33,
            }),
            grants: true,
            kind: DeviceKind::Block {
                read_only: true,
                serial: "xvda".into(),
                options: BlockOptions::default(),
            },
        };

        ours.send(&Command::Attach(spec.clone()), &[image.as_fd()])
            .unwrap();
        let (command, mut files) = theirs.receive::<Command>().unwrap().unwrap();

        assert_eq!(command, Command::Attach(spec));
        let mut text = String::new();
        let mut file = File::from(files.remove(0));
        file.read_to_string(&mut text).unwrap();
        assert!(files.is_empty());
        assert_eq!(text, "image");
    }

    #[test]
    fn messages_keep_apart() {
        let (ours, theirs) = Channel::pair().unwrap();
        ours.send(&Report::Attached(DISK), &[]).unwrap();
        ours.send(&Report::DriverOk(DISK), &[]).unwrap();

        let (first, _) = theirs.receive::<Report>().unwrap().unwrap();
        let (second, files) = theirs.receive::<Report>().unwrap().unwrap();

        assert_eq!(
            [first, second],
            [Report::Attached(DISK), Report::DriverOk(DISK)]
        );
        assert!(files.is_empty());
    }

    #[test]
    fn an_end_that_has_finished_sends_nothing_more() {
        let (ours, theirs) = Channel::pair().unwrap();

        ours.finish();

        assert!(theirs.receive::<Command>().unwrap().is_none());
    }

    #[test]
    fn nonsense_is_an_error() {
        let (ours, theirs) = Channel::pair().unwrap();
        ours.send(&"nonsense", &[]).unwrap();

        assert!(theirs.receive::<Command>().is_err());
    }
}
