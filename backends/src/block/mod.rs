// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Block device over a raw file or a block device of the host: virtio 1.2, "Block Device".

mod host;
mod request;
#[cfg(test)]
mod tests;
mod wire;

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_FLUSH,
    VIRTIO_BLK_F_MQ, VIRTIO_BLK_F_RO, VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_SIZE_MAX,
    VIRTIO_BLK_F_TOPOLOGY, VIRTIO_BLK_F_WRITE_ZEROES,
};
use virtio_bindings::virtio_ids::VIRTIO_ID_BLOCK;
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::timerfd::TimerFd;
use zerocopy::IntoBytes;

use self::host::{Geometry, Image, Ring};
use self::wire::{Config, Header, ID_BYTES, SECTOR, SECTOR_BYTES, Status, WRITEBACK};
use crate::config::ConfigSpace;
use crate::device::{Device, Traits};
use crate::error::Error;
use crate::limits::{
    BLOCK_QUEUES, CHAIN_DESCRIPTORS, DISCARD_SECTORS, DISCARD_SEGMENTS, REQUEST_BYTES, ZERO_SECTORS,
};
use crate::ratelimit::Level;
use crate::request::Request;
use crate::{log_limited, warn_limited};

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

/// The largest block that every driver takes: the smallest page of a guest.
const LARGEST_BLOCK: u32 = 4096;

/// How often the image's size is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How many times after the last request: a disk that nobody uses wakes nobody.
const IDLE_LOOKS: u32 = 10;

/// What every disk has.
const FEATURES: u64 = 1 << VIRTIO_BLK_F_SIZE_MAX
    | 1 << VIRTIO_BLK_F_SEG_MAX
    | 1 << VIRTIO_BLK_F_BLK_SIZE
    | 1 << VIRTIO_BLK_F_TOPOLOGY;

/// How the host is asked to read and write.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Engine {
    /// What is best for the image: io_uring where this kernel has it and there is something to wait
    /// for or much to copy, otherwise one call after the other.
    #[default]
    Auto,
    /// One call after the other: preadv and pwritev.
    Sync,
    /// io_uring: one call for a batch of requests, which are done side by side.
    Uring,
}

impl Engine {
    /// Whether this kernel lets this process use io_uring.
    ///
    /// # Errors
    ///
    /// What the kernel says: it may be too old, built without, or forbid it.
    pub fn check_uring() -> std::io::Result<()> {
        Ring::new().map(drop)
    }

    fn ring(self, image: &Image) -> Result<Option<Ring>, Error> {
        match self {
            Self::Sync => Ok(None),
            Self::Auto => {
                let ring =
                    Ring::new().inspect_err(|error| log::debug!("without io_uring: {error}"));
                Ok(match image.is_in_memory() {
                    true => ring.ok().map(Ring::for_copies),
                    false => ring.ok(),
                })
            }
            Self::Uring => {
                let ring = Ring::new();
                ring.map(Some).map_err(|source| Error::Uring { source })
            }
        }
    }
}

/// How a disk is presented.
#[derive(Clone, Debug)]
pub struct Options {
    /// The guest can not write. Enforced here, whatever the driver believes.
    pub read_only: bool,
    /// The serial number, at most 20 bytes.
    pub serial: String,
    /// Every write is durable before it is reported done. Without it, that is the driver's choice.
    pub write_through: bool,
    /// The page cache of the host is not used.
    pub direct: bool,
    /// The smallest piece that the driver should address: a power of two from 512 to 4096. Without
    /// it, what the image has.
    pub block_size: Option<u32>,
    /// How many queues the driver may use.
    pub queues: u16,
    /// The driver may say what it does not need any more, and zeroes may take no space.
    pub discard: bool,
    /// How the host is asked to read and write.
    pub engine: Engine,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_only: false,
            serial: String::new(),
            write_through: false,
            direct: false,
            block_size: None,
            queues: 1,
            discard: true,
            engine: Engine::Auto,
        }
    }
}

/// A disk.
///
/// A write is durable before it is reported done if the options or the driver say so, or if the
/// driver does not know `VIRTIO_BLK_F_FLUSH`; otherwise a flush makes durable what was reported
/// before. The image may become larger or smaller: the driver is told within a second.
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
    /// Before the image, which it uses to the end.
    ring: Option<Ring>,
    image: Image,
    /// In units of [`SECTOR`].
    capacity: u64,
    block_size: u32,
    queues: u16,
    config: ConfigSpace,
    id: [u8; ID_BYTES],
    /// Offered to drivers.
    features: u64,
    /// What the driver has taken of them.
    accepted: u64,
    timer: TimerFd,
    /// Nothing has to be waited for.
    is_quick: bool,
    /// The timer and the ring in one descriptor.
    events: Epoll,
    /// When the size is looked at again.
    next_look: Instant,
    /// How often it was since the last request.
    idle_looks: u32,
}

impl Disk {
    /// Makes a disk of a file that the caller has opened, for reading and, unless the
    /// options say otherwise, writing. A last block that is not whole is left out.
    ///
    /// # Errors
    ///
    /// Each variant of [`Error`] whose name begins with `Disk`, [`Error::Serial`],
    /// [`Error::Uring`] and [`Error::Timer`].
    pub fn new(file: File, options: Options) -> Result<Self, Error> {
        let id = identity(&options.serial)?;
        let queues = options.queues;
        if queues == 0 || queues > BLOCK_QUEUES {
            return Err(Error::DiskQueues { queues });
        }
        let image = Image::new(file, options.read_only, options.direct)?;
        let block_size = block_size(&image, options.block_size)?;
        let bytes = image.bytes()?;
        let capacity = sectors(bytes, block_size);
        if capacity == 0 {
            return Err(Error::DiskTooSmall { bytes });
        }
        let mut config = configuration(&image.geometry, block_size, &options);
        config.capacity = capacity.into();
        let ring = options.engine.ring(&image)?;
        let timer = TimerFd::new().map_err(|errno| Error::Timer {
            source: errno.into(),
        })?;
        let sources = [Some(timer.as_raw_fd()), ring.as_ref().map(Ring::as_raw_fd)];
        let events = watch(&sources).map_err(|source| Error::DiskQuery {
            action: "wait for",
            source,
        })?;
        Ok(Self {
            is_quick: image.is_in_memory(),
            ring,
            image,
            capacity,
            block_size,
            queues,
            config: ConfigSpace::new(config.as_bytes()).with_writable(WRITEBACK..WRITEBACK + 1),
            id,
            features: offered(&options),
            accepted: 0,
            timer,
            events,
            next_look: Instant::now(),
            idle_looks: 0,
        })
    }

    /// Identity and limits of a disk with these options, whatever is behind it.
    pub fn traits_with(options: &Options) -> Traits {
        traits(offered(options), options.queues)
    }

    /// Its capacity in sectors of 512 bytes.
    pub fn sectors(&self) -> u64 {
        self.capacity
    }

    fn has(&self, feature: u32) -> bool {
        self.features & (1 << feature) != 0
    }

    fn has_accepted(&self, feature: u32) -> bool {
        self.accepted & (1 << feature) != 0
    }

    /// Whether a write that is reported done is to be durable.
    fn is_write_through(&self) -> bool {
        let may_lag = self.has_accepted(VIRTIO_BLK_F_FLUSH);
        let has_chosen = self.has_accepted(VIRTIO_BLK_F_CONFIG_WCE);
        !may_lag || has_chosen && self.config.byte(WRITEBACK) == 0
    }

    /// Looks at the image's size, and tells the driver if it is another one.
    fn measure(&mut self) {
        match self.image.bytes() {
            Ok(bytes) => {
                let capacity = sectors(bytes, self.block_size);
                if capacity != self.capacity {
                    log_limited!(
                        Level::Info,
                        "the disk has {capacity} sectors, it had {}",
                        self.capacity
                    );
                    self.capacity = capacity;
                    self.config.change(0, &capacity.to_le_bytes());
                }
            }
            Err(error) => warn_limited!("{error}"),
        }
    }

    /// Has [`wake`](Device::wake) called when it is time to look at the size again.
    fn set_timer(&mut self) {
        // First the time, then the timer: it must not fire before the time.
        self.next_look = Instant::now() + LOOK;
        if let Err(error) = self.timer.reset(LOOK, None) {
            log::error!("cannot set a timer: {error}");
        }
    }
}

/// Fails a request, and says whether the driver can know.
pub(crate) fn turn_down(mut request: Request<'_>) -> bool {
    let status = request.split_status();
    status
        .map(|status| status.set(Status::IoErr as u8))
        .is_some()
}

/// The answer to `VIRTIO_BLK_T_GET_ID`: padded with zeroes.
fn identity(serial: &str) -> Result<[u8; ID_BYTES], Error> {
    let (len, max) = (serial.len(), ID_BYTES);
    let mut id = [0; ID_BYTES];
    let place = id.get_mut(..len).ok_or(Error::Serial { len, max })?;
    place.copy_from_slice(serial.as_bytes());
    Ok(id)
}

/// One descriptor for several.
fn watch(sources: &[Option<RawFd>]) -> std::io::Result<Epoll> {
    let epoll = Epoll::new()?;
    for fd in sources.iter().flatten() {
        epoll.ctl(ControlOperation::Add, *fd, EpollEvent::new(EventSet::IN, 0))?;
    }
    Ok(epoll)
}

/// The block size that the driver is told.
fn block_size(image: &Image, wanted: Option<u32>) -> Result<u32, Error> {
    let direct = image.direct.map_or(0, |alignment| alignment.offset);
    let least = image.geometry.logical.max(direct);
    let size = wanted.unwrap_or(least);
    if size.is_power_of_two() && (least..=LARGEST_BLOCK).contains(&size) {
        Ok(size)
    } else {
        Err(Error::DiskBlocks { size, least })
    }
}

/// The whole blocks in so many bytes, in units of [`SECTOR`].
fn sectors(bytes: u64, block_size: u32) -> u64 {
    let block_size = u64::from(block_size);
    bytes / block_size * (block_size / SECTOR)
}

fn traits(features: u64, queues: u16) -> Traits {
    Traits {
        id: VIRTIO_ID_BLOCK,
        features,
        queues,
        queue_size: QUEUE_SIZE,
    }
}

fn offered(options: &Options) -> u64 {
    let when = |is_so: bool, features: u64| if is_so { features } else { 0 };
    let writable = !options.read_only;
    FEATURES
        | when(options.read_only, 1 << VIRTIO_BLK_F_RO)
        | when(options.queues > 1, 1 << VIRTIO_BLK_F_MQ)
        | when(
            !options.write_through,
            1 << VIRTIO_BLK_F_FLUSH | 1 << VIRTIO_BLK_F_CONFIG_WCE,
        )
        | when(writable, 1 << VIRTIO_BLK_F_WRITE_ZEROES)
        | when(writable && options.discard, 1 << VIRTIO_BLK_F_DISCARD)
}

/// All but the capacity.
fn configuration(geometry: &Geometry, block_size: u32, options: &Options) -> Config {
    let blocks = |bytes: u32| bytes / block_size;
    let physical = geometry.physical.max(block_size);
    // Smaller ones are not told apart by the driver.
    let exponent = blocks(physical).next_power_of_two().trailing_zeros();
    let block_sectors = block_size / SECTOR_BYTES;
    Config {
        size_max: SIZE_MAX.into(),
        seg_max: u32::from(SEG_MAX).into(),
        blk_size: block_size.into(),
        physical_block_exp: u8::try_from(exponent).unwrap_or(0),
        alignment_offset: u8::try_from(blocks(geometry.alignment)).unwrap_or(0),
        min_io_size: u16::try_from(blocks(geometry.min_io)).unwrap_or(0).into(),
        opt_io_size: blocks(geometry.opt_io).into(),
        writeback: (!options.write_through).into(),
        num_queues: options.queues.into(),
        max_discard_sectors: DISCARD_SECTORS.into(),
        max_discard_seg: DISCARD_SEGMENTS.into(),
        discard_sector_alignment: block_sectors.into(),
        max_write_zeroes_sectors: ZERO_SECTORS.into(),
        max_write_zeroes_seg: 1.into(),
        write_zeroes_may_unmap: options.discard.into(),
        ..Config::default()
    }
}

impl Device for Disk {
    fn traits(&self) -> Traits {
        traits(self.features, self.queues)
    }

    fn config(&self) -> ConfigSpace {
        self.config.clone()
    }

    fn negotiated(&mut self, features: u64) {
        let was_accepted = std::mem::replace(&mut self.accepted, features);
        if was_accepted != features {
            let writeback = self.has_accepted(VIRTIO_BLK_F_FLUSH);
            self.config.set(WRITEBACK, writeback.into());
        }
        self.measure();
        self.set_timer();
        self.idle_looks = 0;
    }

    fn is_quick(&self) -> bool {
        self.is_quick
    }

    fn serve(&mut self, _queue: u16, request: Request<'_>) {
        if std::mem::take(&mut self.idle_looks) == IDLE_LOOKS {
            self.measure();
            self.set_timer();
        }
        self.answer(request);
    }

    fn submit(&mut self, wait: bool) {
        if let Some(ring) = &mut self.ring {
            ring.submit(&self.image, wait, &mut request::answer);
        }
    }

    fn refuse(&mut self, _queue: u16, request: Request<'_>) -> bool {
        turn_down(request)
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        Some(&self.events)
    }

    fn wake(&mut self) -> bool {
        if let Some(ring) = &mut self.ring {
            ring.reap(&self.image, &mut request::answer);
        }
        if self.idle_looks < IDLE_LOOKS && Instant::now() >= self.next_look {
            self.measure();
            self.idle_looks += 1;
            if self.idle_looks < IDLE_LOOKS {
                self.set_timer();
            }
        }
        false
    }

    fn look(&mut self) {
        self.measure();
    }

    fn reset(&mut self) {
        self.accepted = 0;
    }
}
