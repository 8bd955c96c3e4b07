// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A backend process, and a front end with a driver for it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::testing::{Buffer, Driver, END};
use tempfile::TempDir;
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

/// A backend; killed when dropped.
pub struct Process {
    child: Child,
    dir: TempDir,
}

impl Process {
    /// Serves what `line` says; its `{}` is a directory of its own.
    pub fn start(line: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), line)
    }

    /// As [`start`](Self::start), in a directory that is there.
    pub fn start_in(dir: TempDir, line: &str) -> Self {
        let line = line.replace("{}", dir.path().to_str().unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_vhost-device-xen"))
            .arg("backend")
            .env("RUST_LOG", "off")
            .args(line.split(' '))
            .spawn()
            .unwrap();
        Self { child, dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A connection to a socket.
    pub fn connect(&self, name: &str) -> UnixStream {
        let path = self.path(name);
        eventually("the socket", || match UnixStream::connect(&path) {
            Ok(stream) => Some(stream),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => None,
            Err(e) => panic!("{e}"),
        })
    }

    /// A front end with the features that it wants, and memory of its own.
    pub fn front(&self, name: &str) -> Front {
        self.front_with(name, memory(), VhostUserProtocolFeatures::empty())
    }

    /// As [`front`](Self::front), with memory that is there and more protocol features.
    pub fn front_with(
        &self,
        name: &str,
        (file, memory): (File, Arc<GuestMemoryMmap<()>>),
        more: VhostUserProtocolFeatures,
    ) -> Front {
        let frontend = Frontend::from_stream(self.connect(name), 16);
        Front::new(frontend, file, memory, more)
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the end", || child.try_wait().unwrap())
    }

    /// Ends it as a crash would.
    pub fn crash(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
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
    fn new(
        mut frontend: Frontend,
        file: File,
        memory: Arc<GuestMemoryMmap<()>>,
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

/// An image of so many bytes.
pub fn image(path: &Path, len: usize) {
    fs::write(path, vec![0; len]).unwrap();
}
