// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The front end's side of vhost-user.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use vhost::vhost_user::message::{
    VhostUserConfigFlags, VhostUserHeaderFlag, VhostUserProtocolFeatures, VhostUserVirtioFeatures,
};
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo, VringConfigData};
use virtio_bindings::virtio_blk::{VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_MQ};
use virtio_bindings::virtio_config::VIRTIO_F_VERSION_1;
use virtio_bindings::virtio_ring::{VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC};
use vm_memory::{FileOffset, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};
use vmm_sys_util::tempfile::TempFile;

use crate::Result;
use crate::cases::Case;
use crate::ring::{self, Ring, SIZE};

/// Where the memory is said to be.
const USER: u64 = 0x7000_0000_0000;

/// How long a device may take for a request, in milliseconds.
const PATIENCE: i32 = 10_000;

/// A disk in use.
pub struct Front<'m> {
    frontend: Frontend,
    pub rings: Vec<Ring<'m>>,
    sectors: u64,
    /// Readable when a device has interrupted: one interrupt for all rings.
    epoll: Epoll,
    call: EventFd,
}

/// Memory for the rings of a case.
pub fn memory(case: &Case) -> Result<GuestMemoryMmap<()>> {
    let len = case.queues * ring::bytes(case)?;
    let mut file = TempFile::new_with_prefix("/dev/shm/bench-block")?;
    file.remove()?;
    let file = file.into_file();
    file.set_len(u64::try_from(len)?)?;
    let ranges = [(GuestAddress(0), len, Some(FileOffset::new(file, 0)))];
    Ok(GuestMemoryMmap::from_ranges_with_files(ranges)?)
}

impl<'m> Front<'m> {
    /// Connects to `socket`, and switches on as many rings as the case has.
    pub fn connect(socket: &str, case: &Case, memory: &'m GuestMemoryMmap<()>) -> Result<Self> {
        let queues = case.queues;
        let stream = UnixStream::connect(socket)?;
        let mut frontend = Frontend::from_stream(stream, u64::try_from(queues)?);
        let sectors = negotiate(&mut frontend, queues)?;
        share(&frontend, memory)?;
        let call = EventFd::new(EFD_NONBLOCK)?;
        let epoll = Epoll::new()?;
        // Each write wakes, so that none has to be read.
        let events = EpollEvent::new(EventSet::IN | EventSet::EDGE_TRIGGERED, 0);
        epoll.ctl(ControlOperation::Add, call.as_raw_fd(), events)?;
        let mut front = Self {
            frontend,
            rings: Vec::new(),
            sectors,
            epoll,
            call,
        };
        for index in 0..queues {
            let len = ring::bytes(case)?;
            let start = index * len;
            let start = u64::try_from(start)?;
            let slice = memory.get_slice(GuestAddress(start), len)?;
            let ring = Ring::new(case, slice, start, EventFd::new(EFD_NONBLOCK)?)?;
            front.start(index, &ring)?;
            front.rings.push(ring);
        }
        Ok(front)
    }

    /// How large the disk is.
    pub fn sectors(&self) -> u64 {
        self.sectors
    }

    /// How often the device was notified.
    pub fn kicks(&self) -> f64 {
        self.rings.iter().map(|ring| f64::from(ring.kicks)).sum()
    }

    /// Sleeps until the device interrupts.
    pub fn wait(&self) -> Result<()> {
        match self.epoll.wait(PATIENCE, &mut [EpollEvent::default()])? {
            0 => Err("the device does not answer".into()),
            _ => Ok(()),
        }
    }

    /// Waits until nothing is under way, and switches the rings off.
    pub fn end(mut self) -> Result<()> {
        while !self.rings.iter().all(Ring::is_done) {
            let mut done = 0;
            for ring in &mut self.rings {
                done += ring.turn(|| None)?;
            }
            if done == 0 {
                self.wait()?;
            }
        }
        for index in 0..self.rings.len() {
            self.frontend.get_vring_base(index)?;
        }
        Ok(())
    }

    fn start(&mut self, index: usize, ring: &Ring<'_>) -> Result<()> {
        let [desc, available, used] = ring.addresses();
        let frontend = &mut self.frontend;
        frontend.set_vring_num(index, SIZE)?;
        frontend.set_vring_base(index, 0)?;
        let config = VringConfigData {
            queue_max_size: SIZE,
            queue_size: SIZE,
            flags: 0,
            desc_table_addr: USER + desc,
            used_ring_addr: USER + used,
            avail_ring_addr: USER + available,
            log_addr: None,
        };
        frontend.set_vring_addr(index, &config)?;
        frontend.set_vring_call(index, &self.call)?;
        frontend.set_vring_kick(index, &ring.kick)?;
        frontend.set_vring_enable(index, true)?;
        Ok(())
    }
}

/// Agrees on what a guest's driver would, and says how many sectors the disk has.
fn negotiate(frontend: &mut Frontend, queues: usize) -> Result<u64> {
    frontend.set_owner()?;
    let offered = frontend.get_features()?;
    let needed = VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits()
        | 1 << VIRTIO_F_VERSION_1
        | 1 << VIRTIO_RING_F_EVENT_IDX
        | 1 << VIRTIO_RING_F_INDIRECT_DESC
        | 1 << VIRTIO_BLK_F_FLUSH
        | if queues > 1 { 1 << VIRTIO_BLK_F_MQ } else { 0 };
    if needed & !offered != 0 {
        return Err(format!("the device offers {offered:#x}, not {needed:#x}").into());
    }
    let protocol = VhostUserProtocolFeatures::MQ
        | VhostUserProtocolFeatures::CONFIG
        | VhostUserProtocolFeatures::REPLY_ACK;
    let protocol = frontend.get_protocol_features()? & protocol;
    frontend.set_protocol_features(protocol)?;
    if protocol.contains(VhostUserProtocolFeatures::REPLY_ACK) {
        frontend.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
    }
    frontend.set_features(needed)?;
    let (_, capacity) = frontend.get_config(0, 8, VhostUserConfigFlags::empty(), &[0; 8])?;
    let capacity = capacity.try_into().map_err(|_given| "no capacity")?;
    Ok(u64::from_le_bytes(capacity))
}

fn share(frontend: &Frontend, memory: &GuestMemoryMmap<()>) -> Result<()> {
    for region in memory.iter() {
        let file = region.file_offset().ok_or("memory without a file")?;
        let region = VhostUserMemoryRegionInfo {
            guest_phys_addr: region.start_addr().0,
            memory_size: region.len(),
            userspace_addr: USER,
            mmap_offset: file.start(),
            mmap_handle: file.file().as_raw_fd(),
        };
        frontend.set_mem_table(&[region])?;
    }
    Ok(())
}
