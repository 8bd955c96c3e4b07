// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Eventfds in place of interrupts and register writes.

// UNSAFE: the driver is spoken to by ioctl(2).
#![expect(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use xen_hypercall::dm_op::DmOp;
use xen_hypercall::{DomId, Port};

use super::{Privcmd, abi};
use crate::error::{Error, Result};
use crate::mapping::Mapping;

/// A flag that no kernel knows: with it, a kernel that has the ioctl answers `EINVAL`.
const NO_SUCH_FLAG: u32 = 1 << 31;

/// Whether a call with a flag that does not exist was answered as by a kernel that has the call.
fn is_known(answer: std::io::Result<u32>) -> bool {
    answer.is_err_and(|e| e.raw_os_error() == Some(libc::EINVAL))
}

/// A guest's write of a queue's number to the QueueNotify register of a virtio-mmio device.
///
/// # Example
///
/// ```
/// use xen_ioctls::Kick;
///
/// // The second queue of the virtio-mmio device at that address.
/// let kick = Kick { base: 0x200_0000, queue: 1 };
/// assert_eq!(kick.queue, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kick {
    /// Guest-physical address of the device's registers.
    pub base: u64,
    /// The queue.
    pub queue: u16,
}

impl Privcmd {
    /// Whether the kernel has [`irqfd`](Self::irqfd) (`CONFIG_XEN_PRIVCMD_EVENTFD`; Linux 6.6).
    pub fn has_irqfd(&self) -> bool {
        let mut call = abi::IrqFd {
            dm_op: std::ptr::null(),
            size: 0,
            fd: 0,
            flags: NO_SUCH_FLAG,
            dom: 0,
            pad: [0; 2],
        };
        // SAFETY: IRQFD reads one `IrqFd`, and refuses the flag before it follows a pointer.
        is_known(unsafe { self.0.ioctl(abi::IRQFD, &raw mut call) })
    }

    /// Whether the kernel has [`ioeventfd`](Self::ioeventfd) (`CONFIG_XEN_PRIVCMD_EVENTFD`;
    /// Linux 6.7).
    pub fn has_ioeventfd(&self) -> bool {
        let mut call = abi::IoEventFd {
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
        // SAFETY: IOEVENTFD reads one `IoEventFd`, and refuses the flag likewise.
        is_known(unsafe { self.0.ioctl(abi::IOEVENTFD, &raw mut call) })
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
    /// **The kernel does not take the binding away when this process ends without dropping it**
    /// (Linux 6.12, drivers/xen/privcmd.c): the handler goes on using the page, which is not
    /// mapped any more, and the next event of the guest stops the host's kernel. A process that
    /// may be killed must not use this.
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

/// An eventfd that raises an interrupt of a guest; unbound when dropped.
///
/// # Example
///
/// ```
/// use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
/// use vmm_sys_util::eventfd::EventFd;
/// use xen_hypercall::{DomId, dm_op::SetIrqLevel};
/// use xen_ioctls::{IrqFd, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// let eventfd = EventFd::new(0).expect("a descriptor is free");
/// let given = eventfd.try_clone().expect("a descriptor is free").into_raw_fd();
/// // SAFETY: `into_raw_fd` gives up the descriptor.
/// let given = unsafe { OwnedFd::from_raw_fd(given) };
/// let raise = SetIrqLevel::new(33, true);
/// let bound: IrqFd = xen.privcmd().irqfd(DomId(1), &raise, given)?;
/// eventfd.write(1).expect("there is room");
/// assert_eq!(guest.take_interrupts().len(), 1);
/// # drop(bound);
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
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
        unsafe { self.privcmd.0.ioctl(abi::IRQFD, &raw mut arg) }
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
///
/// # Example
///
/// ```
/// use std::os::fd::OwnedFd;
/// use std::sync::Arc;
/// use xen_hypercall::{DomId, Port};
/// use xen_ioctls::{IoEventFd, Kick, Mapping, Privcmd, Result};
///
/// /// On a kernel with one CPU: kicks of the first queue go to `eventfd`, for as long as what this
/// /// returns is kept.
/// fn bind(
///     privcmd: &Privcmd,
///     page: &Arc<Mapping>,
///     ports: &[Port],
///     eventfd: OwnedFd,
/// ) -> Result<IoEventFd> {
///     let kick = Kick { base: 0x200_0000, queue: 0 };
///     privcmd.ioeventfd(DomId(1), page, ports, kick, eventfd)
/// }
/// ```
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
        unsafe { self.privcmd.0.ioctl(abi::IOEVENTFD, &raw mut arg) }
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
impl AsFd for IrqFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }
}
