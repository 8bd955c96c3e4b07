// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/privcmd`: hypercalls, device model operations, memory of other domains, and
//! eventfds in place of interrupts and register writes.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use xen_hypercall::dm_op::DmOp;
use xen_hypercall::memory::Resource;
use xen_hypercall::version::{self, Version};
use xen_hypercall::{DomId, Gfn, PAGE_SIZE, Port};

use crate::error::{Error, Result};
use crate::ioctl::{ioctl, open};
use crate::mapping::{Mapping, Protection};

/// `include/uapi/xen/privcmd.h`.
mod abi {
    /// `struct privcmd_hypercall`.
    #[repr(C)]
    pub struct Hypercall {
        pub op: u64,
        pub arg: [u64; 5],
    }
    /// `struct privcmd_mmapbatch_v2`.
    #[repr(C)]
    pub struct MmapBatchV2 {
        pub num: u32,
        pub dom: u16,
        pub addr: u64,
        pub arr: *const u64,
        pub err: *mut i32,
    }
    /// `struct privcmd_dm_op_buf`.
    #[repr(C)]
    pub struct DmOpBuf {
        pub uptr: *mut u8,
        pub size: usize,
    }
    /// `struct privcmd_dm_op`.
    #[repr(C)]
    pub struct DmOp {
        pub dom: u16,
        pub num: u16,
        pub ubufs: *const DmOpBuf,
    }
    /// `struct privcmd_mmap_resource`.
    #[repr(C)]
    pub struct MmapResource {
        pub dom: u16,
        pub kind: u32,
        pub id: u32,
        pub idx: u32,
        pub num: u64,
        pub addr: u64,
    }
    /// `struct privcmd_irqfd`.
    #[repr(C)]
    pub struct IrqFd {
        pub dm_op: *const u8,
        pub size: u32,
        pub fd: u32,
        pub flags: u32,
        pub dom: u16,
        pub pad: [u8; 2],
    }
    /// `struct privcmd_ioeventfd`.
    #[repr(C)]
    pub struct IoEventFd {
        pub ioreq: *const u8,
        pub ports: *const u32,
        pub addr: u64,
        pub addr_len: u32,
        pub event_fd: u32,
        pub vcpus: u32,
        pub vq: u32,
        pub flags: u32,
        pub dom: u16,
        pub pad: [u8; 2],
    }
    const _: () = assert!(size_of::<Hypercall>() == 48);
    const _: () = assert!(size_of::<MmapBatchV2>() == 32);
    const _: () = assert!(size_of::<DmOp>() == 16);
    const _: () = assert!(size_of::<MmapResource>() == 32);
    const _: () = assert!(size_of::<IrqFd>() == 24);
    const _: () = assert!(size_of::<IoEventFd>() == 48);

    /// `IOCTL_PRIVCMD_HYPERCALL`.
    pub const HYPERCALL: u32 = 0x0030_5000;
    /// `IOCTL_PRIVCMD_MMAPBATCH_V2`.
    pub const MMAPBATCH_V2: u32 = 0x0020_5004;
    /// `IOCTL_PRIVCMD_DM_OP`.
    pub const DM_OP: u32 = 0x0010_5005;
    /// `IOCTL_PRIVCMD_RESTRICT`: one u16.
    pub const RESTRICT: u32 = 0x0002_5006;
    /// `IOCTL_PRIVCMD_MMAP_RESOURCE`.
    pub const MMAP_RESOURCE: u32 = 0x0020_5007;
    /// `IOCTL_PRIVCMD_IRQFD`.
    pub const IRQFD: u32 = 0x4018_5008;
    /// `IOCTL_PRIVCMD_IOEVENTFD`.
    pub const IOEVENTFD: u32 = 0x4030_5009;
    /// `PRIVCMD_IRQFD_FLAG_DEASSIGN` and `PRIVCMD_IOEVENTFD_FLAG_DEASSIGN`.
    pub const DEASSIGN: u32 = 1;
}

const PATH: &str = "/dev/xen/privcmd";
/// A flag that no kernel knows: with it, a kernel that has the ioctl answers `EINVAL`.
const NO_SUCH_FLAG: u32 = 1 << 31;

/// One open `/dev/xen/privcmd`, shared by its clones.
#[derive(Clone, Debug)]
pub struct Privcmd(Arc<File>);

impl Privcmd {
    /// Opens the node.
    ///
    /// # Errors
    ///
    /// [`Error::Open`].
    pub fn open() -> Result<Self> {
        open(PATH, 0).map(|file| Self(Arc::new(file)))
    }

    /// Lets this descriptor, and its clones, act on `domain` only from now on, and make no plain
    /// hypercalls.
    ///
    /// # Errors
    ///
    /// [`Error::Restrict`], also when it is restricted to another domain already.
    pub fn restrict(&self, domain: DomId) -> Result<()> {
        let mut arg = domain.0;
        // SAFETY: RESTRICT reads one u16; `arg` is one and outlives the call.
        unsafe { ioctl(&self.0, abi::RESTRICT, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::Restrict {
                path: PATH,
                domain,
                source,
            })
    }

    /// Asks which Xen this is. Not possible once [restricted](Self::restrict).
    ///
    /// # Errors
    ///
    /// [`Error::Hypercall`].
    pub fn xen_version(&self) -> Result<Version> {
        let mut arg = abi::Hypercall {
            op: version::HYPERCALL,
            arg: [version::XENVER_VERSION, 0, 0, 0, 0],
        };
        // SAFETY: HYPERCALL reads one `Hypercall`; this one has no pointers in it.
        unsafe { ioctl(&self.0, abi::HYPERCALL, &raw mut arg) }
            .map(Version::from_raw)
            .map_err(|source| Error::Hypercall {
                number: version::HYPERCALL,
                source,
            })
    }

    /// Performs a device model operation on `domain`; results are in `op` afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::DmOp`].
    pub fn dm_op<T: DmOp>(&self, domain: DomId, op: &mut T) -> Result<()> {
        let bytes = DmOp::as_mut_bytes(op);
        let buffer = abi::DmOpBuf {
            uptr: bytes.as_mut_ptr(),
            size: bytes.len(),
        };
        let mut arg = abi::DmOp {
            dom: domain.0,
            num: 1,
            ubufs: &raw const buffer,
        };
        // SAFETY: DM_OP reads one `DmOp` and `num` descriptions of buffers; Xen reads and writes
        // within the one buffer, which `op` lends mutably for the call.
        unsafe { ioctl(&self.0, abi::DM_OP, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::DmOp {
                number: T::NUMBER,
                domain,
                source,
            })
    }

    /// Maps guest frames of `domain` side by side. A frame that cannot be had (a hole, a
    /// ballooned page) does not fail the others: ask [`ForeignMapping::is_mapped`].
    ///
    /// # Errors
    ///
    /// [`Error::Map`] when the process has no room, [`Error::Acquire`] when the domain is gone or
    /// may not be mapped.
    pub fn map_foreign(
        &self,
        domain: DomId,
        frames: &[Gfn],
        protection: Protection,
    ) -> Result<ForeignMapping> {
        let len = frames.len() * PAGE_SIZE;
        let mapping = Mapping::new(&self.0, 0, len, protection).map_err(|source| Error::Map {
            domain,
            len,
            source,
        })?;
        let numbers: Vec<u64> = frames.iter().map(|frame| frame.0).collect();
        let mut errors = vec![0i32; frames.len()];
        let mut arg = abi::MmapBatchV2 {
            num: u32::try_from(frames.len()).expect("a mapping of so many pages was made"),
            dom: domain.0,
            addr: mapping.as_ptr().addr() as u64,
            arr: numbers.as_ptr(),
            err: errors.as_mut_ptr(),
        };
        // SAFETY: MMAPBATCH_V2 reads `num` frame numbers at `arr`, writes `num` errors at `err`,
        // and puts pages into the mapping at `addr`, which is this driver's, as long as `num`
        // pages, and not in use by anybody yet.
        let result = unsafe { ioctl(&self.0, abi::MMAPBATCH_V2, &raw mut arg) };
        match result {
            Ok(_) => Ok(ForeignMapping { mapping, errors }),
            // Some frames are paged out: their errors say which.
            Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {
                Ok(ForeignMapping { mapping, errors })
            }
            Err(source) => Err(Error::Acquire {
                what: "frames",
                domain,
                source,
            }),
        }
    }

    /// Maps one page of a resource of `domain`.
    ///
    /// # Errors
    ///
    /// [`Error::Map`] when the process has no room, [`Error::Acquire`] when there is no such
    /// resource.
    pub fn map_resource(&self, domain: DomId, resource: Resource) -> Result<Mapping> {
        let mapping =
            Mapping::new(&self.0, 0, PAGE_SIZE, Protection::ReadWrite).map_err(|source| {
                Error::Map {
                    domain,
                    len: PAGE_SIZE,
                    source,
                }
            })?;
        let mut arg = abi::MmapResource {
            dom: domain.0,
            kind: resource.kind,
            id: resource.id,
            idx: resource.frame,
            num: 1,
            addr: mapping.as_ptr().addr() as u64,
        };
        // SAFETY: MMAP_RESOURCE reads one `MmapResource` and puts one page into the mapping at
        // `addr`, which is this driver's, one page long, and not in use by anybody yet.
        unsafe { ioctl(&self.0, abi::MMAP_RESOURCE, &raw mut arg) }.map_err(|source| {
            Error::Acquire {
                what: "an ioreq page",
                domain,
                source,
            }
        })?;
        Ok(mapping)
    }

    /// Whether the kernel has [`irqfd`](Self::irqfd) and [`ioeventfd`](Self::ioeventfd)
    /// (`CONFIG_XEN_PRIVCMD_EVENTFD`; Linux 6.6 and 6.7).
    pub fn has_eventfds(&self) -> bool {
        let mut irqfd = abi::IrqFd {
            dm_op: std::ptr::null(),
            size: 0,
            fd: 0,
            flags: NO_SUCH_FLAG,
            dom: 0,
            pad: [0; 2],
        };
        let mut ioeventfd = abi::IoEventFd {
            ioreq: std::ptr::null(),
            ports: std::ptr::null(),
            addr: 0,
            addr_len: 0,
            event_fd: 0,
            vcpus: 0,
            vq: 0,
            flags: NO_SUCH_FLAG,
            dom: 0,
            pad: [0; 2],
        };
        // SAFETY: IRQFD reads one `IrqFd`, and refuses the flag before it follows a pointer.
        let irqfd = unsafe { ioctl(&self.0, abi::IRQFD, &raw mut irqfd) };
        // SAFETY: IOEVENTFD reads one `IoEventFd`, and refuses the flag likewise.
        let ioeventfd = unsafe { ioctl(&self.0, abi::IOEVENTFD, &raw mut ioeventfd) };
        let known = |result: std::io::Result<u32>| {
            result.is_err_and(|e| e.raw_os_error() == Some(libc::EINVAL))
        };
        known(irqfd) && known(ioeventfd)
    }

    /// Has the kernel perform `op` on `domain` each time `eventfd` is signalled, without a system
    /// call of this process. An eventfd takes one such binding.
    ///
    /// # Errors
    ///
    /// [`Error::EventFd`].
    pub fn irqfd<T: DmOp>(&self, domain: DomId, op: &T, eventfd: OwnedFd) -> Result<IrqFd> {
        let bytes = DmOp::as_bytes(op);
        let mut binding = IrqFd {
            privcmd: self.clone(),
            domain,
            eventfd,
            op: bytes.into(),
            bound: false,
        };
        binding.call(0).map_err(|source| Error::EventFd {
            what: "an interrupt",
            domain,
            source,
        })?;
        binding.bound = true;
        Ok(binding)
    }

    /// Has the kernel signal `eventfd` at a `kick` of the guest, and answer that ioreq itself.
    ///
    /// `page` is the first synchronous ioreq page of the server, alone in its mapping; `ports`
    /// are the local ports of the vCPUs in order, bound in this process. The handler shares the
    /// interrupt of those ports, and touches the slot of every write that it sees: while a kernel
    /// with several CPUs runs it, user space must leave writes alone, and cannot tell when.
    ///
    /// # Errors
    ///
    /// [`Error::EventFd`].
    pub fn ioeventfd(
        &self,
        domain: DomId,
        page: &Arc<Mapping>,
        ports: &[Port],
        kick: Kick,
        eventfd: OwnedFd,
    ) -> Result<IoEventFd> {
        let mut binding = IoEventFd {
            privcmd: self.clone(),
            domain,
            page: page.clone(),
            ports: ports.iter().map(|port| port.0).collect(),
            kick,
            eventfd,
            bound: false,
        };
        binding.call(0).map_err(|source| Error::EventFd {
            what: "a kick",
            domain,
            source,
        })?;
        binding.bound = true;
        Ok(binding)
    }
}

/// A guest's write of a queue's number to the QueueNotify register of a virtio-mmio device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kick {
    /// Guest-physical address of the device's registers.
    pub base: u64,
    /// The queue.
    pub queue: u16,
}

/// Frames of another domain.
#[derive(Debug)]
pub struct ForeignMapping {
    mapping: Mapping,
    errors: Vec<i32>,
}

impl ForeignMapping {
    /// The memory. Only frames that [are mapped](Self::is_mapped) may be touched.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Whether frame number `n` of the request is there. Touching one that is not raises SIGBUS
    /// or SIGSEGV.
    pub fn is_mapped(&self, n: usize) -> bool {
        self.errors.get(n) == Some(&0)
    }

    /// Whether any frame is there.
    pub fn any_mapped(&self) -> bool {
        self.errors.contains(&0)
    }
}

/// An eventfd that raises an interrupt of a guest; unbound when dropped.
#[derive(Debug)]
pub struct IrqFd {
    privcmd: Privcmd,
    domain: DomId,
    eventfd: OwnedFd,
    op: Box<[u8]>,
    bound: bool,
}

impl IrqFd {
    fn call(&self, flags: u32) -> std::io::Result<u32> {
        let mut arg = abi::IrqFd {
            dm_op: self.op.as_ptr(),
            size: u32::try_from(self.op.len()).expect("an operation is some bytes long"),
            fd: raw(&self.eventfd),
            flags,
            dom: self.domain.0,
            pad: [0; 2],
        };
        // SAFETY: IRQFD reads one `IrqFd` and copies `size` bytes at `dm_op`; both outlive the
        // call.
        unsafe { ioctl(&self.privcmd.0, abi::IRQFD, &raw mut arg) }
    }
}

impl Drop for IrqFd {
    fn drop(&mut self) {
        if self.bound
            && let Err(e) = self.call(abi::DEASSIGN)
        {
            log::error!("domain {}: cannot unbind an interrupt: {e}", self.domain);
        }
    }
}

/// An eventfd that the kernel signals at a guest's kick; unbound when dropped.
#[derive(Debug)]
pub struct IoEventFd {
    privcmd: Privcmd,
    domain: DomId,
    /// Held so that the kernel is told to let go before the page is unmapped: it keeps a pointer.
    page: Arc<Mapping>,
    ports: Vec<u32>,
    kick: Kick,
    eventfd: OwnedFd,
    bound: bool,
}

impl IoEventFd {
    fn call(&self, flags: u32) -> std::io::Result<u32> {
        let mut arg = abi::IoEventFd {
            ioreq: self.page.as_ptr(),
            ports: self.ports.as_ptr(),
            // The driver adds the offset of QueueNotify itself.
            addr: self.kick.base,
            addr_len: 4,
            event_fd: raw(&self.eventfd),
            vcpus: u32::try_from(self.ports.len()).expect("vCPUs are counted in 32 bits"),
            vq: self.kick.queue.into(),
            flags,
            dom: self.domain.0,
            pad: [0; 2],
        };
        // SAFETY: IOEVENTFD reads one `IoEventFd` and copies `vcpus` ports; both outlive the
        // call. It keeps the kernel's address of the page at `ioreq`, which `self.page` keeps
        // mapped until after the unbinding in `drop`.
        unsafe { ioctl(&self.privcmd.0, abi::IOEVENTFD, &raw mut arg) }
    }
}

impl Drop for IoEventFd {
    fn drop(&mut self) {
        if self.bound
            && let Err(e) = self.call(abi::DEASSIGN)
        {
            log::error!("domain {}: cannot unbind a kick: {e}", self.domain);
        }
    }
}

fn raw(fd: &impl AsRawFd) -> u32 {
    u32::try_from(fd.as_raw_fd()).expect("an open descriptor is not negative")
}

// A borrowed descriptor is all that callers outside need to see of an eventfd.
impl std::os::fd::AsFd for IrqFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }
}
