// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A front end with a driver: for a backend process, and for a back side in this process.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::testing::{Buffer, Driver, END};
use vhost::vhost_user::message::{VhostUserHeaderFlag, VhostUserProtocolFeatures};
use vhost::vhost_user::{Frontend, VhostUserFrontend, VhostUserVirtioFeatures};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo, VringConfigData};
use virtio_queue::QueueT;
use vm_memory::{FileOffset, GuestAddress, GuestMemoryMmap};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Where the front end claims to have the guest's memory.
pub const USER: u64 = 0x7000_0000_0000;
/// Entries of each ring.
pub const SIZE: u16 = 16;

const LIMIT: Duration = Duration::from_secs(20);

/// Waits until something is there.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Memory for a guest, and the file behind it.
pub fn memory() -> (File, Arc<GuestMemoryMmap<()>>) {
    let file = tempfile::tempfile().unwrap();
    file.set_len(END.0).unwrap();
    let start = FileOffset::new(file.try_clone().unwrap(), 0);
    let len = usize::try_from(END.0).unwrap();
    let ranges = [(GuestAddress(0), len, Some(start))];
    let memory = GuestMemoryMmap::from_ranges_with_files(ranges).unwrap();
    (file, Arc::new(memory))
}

/// A queue of a front end.
pub struct Ring {
    pub driver: Driver,
    pub kick: EventFd,
    pub call: EventFd,
    pub error: EventFd,
}

impl Ring {
    fn new(driver: Driver) -> Self {
        let eventfd = || EventFd::new(EFD_NONBLOCK).unwrap();
        Self {
            driver,
            kick: eventfd(),
            call: eventfd(),
            error: eventfd(),
        }
    }

    /// Sends a chain and waits until it comes back; says how many bytes were written.
    pub fn request(&mut self, buffers: &[Buffer]) -> u32 {
        let head = self.driver.send(buffers);
        self.kick.write(1).unwrap();
        let (back, len) = self.next_used();
        assert_eq!(back, u32::from(head));
        len
    }

    /// Waits until a chain comes back: head and length.
    pub fn next_used(&mut self) -> (u32, u32) {
        let used = eventually("a used buffer", || self.driver.used().first().copied());
        eventually("an interrupt", || self.call.read().ok());
        used
    }
}

/// A front end with two queues in one memory.
pub struct Front {
    pub frontend: Frontend,
    pub file: File,
    pub rings: Vec<Ring>,
}

impl Front {
    /// Agrees on features, and shares the memory unless that is a Xen guest's.
    pub fn new(
        mut frontend: Frontend,
        (file, memory): (File, Arc<GuestMemoryMmap<()>>),
        more: VhostUserProtocolFeatures,
    ) -> Self {
        frontend.set_owner().unwrap();
        let features = frontend.get_features().unwrap();
        let protocol = VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits();
        assert_ne!(features & protocol, 0);
        let offered = frontend.get_protocol_features().unwrap();
        let needed = more
            | VhostUserProtocolFeatures::REPLY_ACK
            | VhostUserProtocolFeatures::MQ
            | VhostUserProtocolFeatures::RESET_DEVICE
            | VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS;
        assert!(offered.contains(needed), "{offered:?}");
        let wanted = needed | offered & VhostUserProtocolFeatures::CONFIG;
        frontend.set_protocol_features(wanted).unwrap();
        frontend.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
        let no_event_idx = features & !(1 << 29);
        frontend.set_features(no_event_idx).unwrap();
        let first = Driver::over(memory, SIZE);
        let second = first.beside();
        let front = Self {
            frontend,
            file,
            rings: [first, second].map(Ring::new).into(),
        };
        if !more.contains(VhostUserProtocolFeatures::XEN_MMAP) {
            front.share().unwrap();
        }
        front
    }

    /// The memory as a region.
    pub fn region(&self) -> VhostUserMemoryRegionInfo {
        VhostUserMemoryRegionInfo {
            guest_phys_addr: 0,
            memory_size: END.0,
            userspace_addr: USER,
            mmap_offset: 0,
            mmap_handle: self.file.as_raw_fd(),
        }
    }

    /// Shares the memory.
    pub fn share(&self) -> vhost::Result<()> {
        self.frontend.set_mem_table(&[self.region()]).map(drop)
    }

    /// Switches a queue on.
    pub fn start(&mut self, index: usize, base: u16) -> vhost::Result<()> {
        let ring = &self.rings[index];
        let queue = ring.driver.queue();
        let frontend = &mut self.frontend;
        frontend.set_vring_num(index, SIZE)?;
        frontend.set_vring_base(index, base)?;
        frontend.set_vring_addr(
            index,
            &VringConfigData {
                queue_max_size: SIZE,
                queue_size: SIZE,
                flags: 0,
                desc_table_addr: USER + queue.desc_table(),
                used_ring_addr: USER + queue.used_ring(),
                avail_ring_addr: USER + queue.avail_ring(),
                log_addr: None,
            },
        )?;
        frontend.set_vring_call(index, &ring.call)?;
        frontend.set_vring_err(index, &ring.error)?;
        frontend.set_vring_kick(index, &ring.kick)?;
        frontend.set_vring_enable(index, true)
    }

    /// Switches the first queue on, from its beginning.
    pub fn started(mut self) -> Self {
        self.start(0, 0).unwrap();
        self
    }

    /// Asks the entropy source behind the first queue for some.
    pub fn entropy(&mut self) -> Vec<u8> {
        let ring = &mut self.rings[0];
        let buffer = ring.driver.writable(32);
        assert_eq!(ring.request(&[buffer]), 32);
        ring.driver.bytes(buffer)
    }
}
