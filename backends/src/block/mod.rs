// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Block device over a raw file or a block device of the host: virtio 1.2, "Block Device".

mod host;
#[cfg(test)]
mod tests;
mod wire;

use std::fs::File;
use std::io;

use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_RO, VIRTIO_BLK_F_SEG_MAX,
    VIRTIO_BLK_F_SIZE_MAX, VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN,
    VIRTIO_BLK_T_OUT,
};
use virtio_bindings::virtio_ids::VIRTIO_ID_BLOCK;
use zerocopy::IntoBytes;

use self::host::{Direction, Image};
use self::wire::{Config, Header, ID_BYTES, SECTOR, Status};
use crate::device::{Device, Traits};
use crate::error::Error;
use crate::limits::{CHAIN_DESCRIPTORS, REQUEST_BYTES};
use crate::request::Request;

const QUEUE_SIZE: u16 = 256;

/// Data segments of one request. With header and status it fills the queue, so that a chain
/// keeps to the specification even without indirect descriptors.
const SEG_MAX: u16 = QUEUE_SIZE - 2;

/// Bytes of one segment. Not below 64 KiB, the largest page of a guest.
const SIZE_MAX: u32 = 64 << 10;

const _: () = assert!(QUEUE_SIZE as usize <= CHAIN_DESCRIPTORS);
const _: () = assert!(
    SEG_MAX as usize * SIZE_MAX as usize + size_of::<Header>() + size_of::<Status>()
        <= REQUEST_BYTES
);

const FEATURES: u64 = 1 << VIRTIO_BLK_F_SIZE_MAX
    | 1 << VIRTIO_BLK_F_SEG_MAX
    | 1 << VIRTIO_BLK_F_BLK_SIZE
    | 1 << VIRTIO_BLK_F_FLUSH;

/// How a disk is presented.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The guest can not write. Enforced here, whatever the driver believes.
    pub read_only: bool,
    /// The serial number, at most 20 bytes.
    pub serial: String,
}

/// A disk.
///
/// While the driver has not accepted `VIRTIO_BLK_F_FLUSH`, each write is durable before it is
/// reported done; otherwise a flush makes durable what was reported before.
///
/// # Example
///
/// ```
/// use backends::{Device, block};
///
/// let file = tempfile::tempfile().unwrap();
/// file.set_len(1 << 20).unwrap();
///
/// let options = block::Options { serial: "root".into(), ..Default::default() };
/// let disk = block::Disk::new(file, options).unwrap();
///
/// assert_eq!(disk.traits().id, 2);
/// assert_eq!(disk.sectors(), 2048);
/// ```
#[derive(Debug)]
pub struct Disk {
    image: Image,
    config: Config,
    id: [u8; ID_BYTES],
    read_only: bool,
    write_through: bool,
}

/// Why a request is not done.
enum Failure {
    /// The guest's mistake.
    Wrong(&'static str),
    /// Not an operation that is offered.
    Unsupported,
    /// The host's failure.
    Host {
        action: &'static str,
        source: io::Error,
    },
}

impl Disk {
    /// Makes a disk of a file that the caller has opened, for reading and, unless the
    /// options say otherwise, writing. A last sector that is not whole is left out.
    ///
    /// # Errors
    ///
    /// Each variant of [`Error`] whose name begins with `Disk`, and [`Error::Serial`].
    pub fn new(file: File, options: Options) -> Result<Self, Error> {
        let Options { read_only, serial } = options;
        let mut id = [0; ID_BYTES];
        id.get_mut(..serial.len())
            .ok_or(Error::Serial {
                len: serial.len(),
                max: ID_BYTES,
            })?
            .copy_from_slice(serial.as_bytes());
        let image = Image::new(file, read_only)?;
        let capacity = image.bytes / SECTOR;
        if capacity == 0 {
            return Err(Error::DiskTooSmall { bytes: image.bytes });
        }
        let config = Config {
            capacity: capacity.into(),
            size_max: SIZE_MAX.into(),
            seg_max: u32::from(SEG_MAX).into(),
            blk_size: image.block_size.into(),
            ..Config::default()
        };
        Ok(Self {
            image,
            config,
            id,
            read_only,
            write_through: true,
        })
    }

    /// Its capacity in sectors of 512 bytes.
    pub fn sectors(&self) -> u64 {
        self.config.capacity.get()
    }

    /// Does what the header says.
    fn execute(&self, header: Header, request: &mut Request<'_>) -> Result<(), Failure> {
        match header.kind.get() {
            VIRTIO_BLK_T_IN => self.read(header.sector.get(), request),
            VIRTIO_BLK_T_OUT => self.write(header.sector.get(), request),
            VIRTIO_BLK_T_FLUSH => self.flush(),
            VIRTIO_BLK_T_GET_ID if request.writable_len() < ID_BYTES => {
                Err(Failure::Wrong("no room for the serial number"))
            }
            VIRTIO_BLK_T_GET_ID => {
                request.write_bytes(&self.id);
                Ok(())
            }
            _ => Err(Failure::Unsupported),
        }
    }

    fn read(&self, sector: u64, request: &mut Request<'_>) -> Result<(), Failure> {
        let offset = self.offset(sector, request.writable_len())?;
        let (done, outcome) = self
            .image
            .transfer(Direction::In, offset, request.writable());
        request.consume_writable(done);
        outcome.map_err(|source| Failure::Host {
            action: "read",
            source,
        })
    }

    fn write(&self, sector: u64, request: &mut Request<'_>) -> Result<(), Failure> {
        if self.read_only {
            return Err(Failure::Wrong("a write to a read-only disk"));
        }
        let offset = self.offset(sector, request.readable_len())?;
        let (done, outcome) = self
            .image
            .transfer(Direction::Out, offset, request.readable());
        request.consume_readable(done);
        outcome.map_err(|source| Failure::Host {
            action: "write",
            source,
        })?;
        if self.write_through {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&self) -> Result<(), Failure> {
        self.image.sync().map_err(|source| Failure::Host {
            action: "flush",
            source,
        })
    }

    /// Where `len` bytes from `sector` on begin, if they are whole sectors of this disk.
    fn offset(&self, sector: u64, len: usize) -> Result<u64, Failure> {
        let len = u64::try_from(len).map_err(|_large| Failure::Wrong("a vast request"))?;
        if !len.is_multiple_of(SECTOR) {
            return Err(Failure::Wrong("data is not whole sectors"));
        }
        match sector.checked_add(len / SECTOR) {
            Some(end) if end <= self.sectors() => Ok(sector * SECTOR),
            _ => Err(Failure::Wrong("sectors beyond the end of the disk")),
        }
    }
}

impl Device for Disk {
    fn traits(&self) -> Traits {
        let read_only = u64::from(self.read_only) << VIRTIO_BLK_F_RO;
        Traits {
            id: VIRTIO_ID_BLOCK,
            features: FEATURES | read_only,
            queues: 1,
            queue_size: QUEUE_SIZE,
        }
    }

    fn config(&self) -> &[u8] {
        self.config.as_bytes()
    }

    fn negotiated(&mut self, features: u64) {
        self.write_through = features & (1 << VIRTIO_BLK_F_FLUSH) == 0;
    }

    fn serve(&mut self, _queue: u16, mut request: Request<'_>) {
        let Some(status) = request.split_status() else {
            return request.malformed("no room for a status");
        };
        // Stands if the rest panics: what the byte held before may say success.
        status.set(Status::IoErr as u8);
        let Some(header) = request.read_obj::<Header>() else {
            return request.malformed("no whole header");
        };
        let result = match self.execute(header, &mut request) {
            Ok(()) => Status::Ok,
            Err(Failure::Unsupported) => Status::Unsupported,
            Err(Failure::Wrong(what)) => {
                request.malformed(what);
                Status::IoErr
            }
            Err(Failure::Host { action, source }) => {
                request.failed(format_args!("cannot {action} the disk: {source}"));
                Status::IoErr
            }
        };
        status.set(result as u8);
    }

    fn refuse(&mut self, _queue: u16, mut request: Request<'_>) -> bool {
        let status = request.split_status();
        status
            .map(|status| status.set(Status::IoErr as u8))
            .is_some()
    }
}
