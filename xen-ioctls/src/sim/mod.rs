// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A simulated Xen inside the process, and a Linux on it, for tests (feature `sim`).
//!
//! The types of this crate work on it unchanged: what they would send to a device node comes
//! here, as the same numbers and structures, and is answered as Xen and Linux answer, with the
//! same checks in the same order, and the same errno. Mappings are real memory, so that whatever
//! is built on them runs on any machine.
//!
//! A test owns the machine ([`Xen`]) and plays the guests ([`Guest`]). Each call of the process
//! is [recorded](Xen::take_calls), so that a test can assert on arguments and counts.
//!
//! Simulated: foreign and resource mappings with an error per frame, device model operations,
//! IOREQ servers and their slots, grants and their limits, event channels with lateeoi, irqfd,
//! ioeventfd, restriction, domains that go away. Not simulated: timing, several CPUs of a guest
//! at once, paging, PV domains.
//!
//! # Example
//!
//! ```
//! use xen_hypercall::{DomId, dm_op::NrVcpus};
//! use xen_ioctls::sim;
//!
//! let xen = sim::Xen::new();
//! let guest = xen.create_domain(DomId(1), 4);
//! let privcmd = xen.privcmd(); // on Xen: Privcmd::open()?
//!
//! assert_eq!(privcmd.perform(DomId(1), NrVcpus::new())?, 4);
//!
//! guest.destroy();
//! let gone = privcmd.perform(DomId(1), NrVcpus::new()).unwrap_err();
//! assert_eq!(gone.raw_os_error(), Some(3)); // ESRCH
//! # Ok::<(), xen_ioctls::Error>(())
//! ```

mod buffered;
mod call;
mod channel;
mod copy;
mod dm_op;
mod dm_x86;
mod domain;
mod eventfd;
mod evtchn;
mod fifo;
mod gntalloc;
mod gntdev;
mod grant;
mod grant_op;
mod guest;
mod guest_op;
mod hypercall;
mod ioreq;
mod machine;
mod open;
mod physmap_op;
mod privcmd;
mod signal;
mod state;
#[cfg(test)]
mod tests;
mod user;

use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xen_hypercall::DomId;

use crate::node::Node;
use crate::{EventChannels, GrantAllocator, Grants, Hypercalls, Privcmd};
pub use call::{Call, NodeKind};
use domain::Domain;
pub use guest::{Access, Guest};
pub use open::is_running;
pub(crate) use open::{Open, Vma};
use state::{HOST, State};

/// What Xen or the kernel says, or an errno.
type Answer<T> = Result<T, i32>;

/// Which machine it is.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_hypercall::dm_op::SetIrqLevel;
/// use xen_ioctls::sim::{Arch, Config, Xen};
///
/// let x86 = Xen::with(Config { arch: Arch::X86, ..Config::default() });
/// let _guest = x86.create_domain(DomId(1), 1);
/// let spi = x86.privcmd().perform(DomId(1), SetIrqLevel::new(33, true));
/// assert_eq!(spi.unwrap_err().raw_os_error(), Some(95)); // EOPNOTSUPP
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// Arm: MMIO ranges, shared peripheral interrupts.
    Arm,
    /// x86: also ports, buffered ioreqs, MSIs.
    X86,
}

/// What Xen and the kernel have.
///
/// # Example
///
/// ```
/// use xen_ioctls::sim::{Config, Xen};
///
/// let old = Xen::with(Config { version: 4 << 16 | 17, ..Config::default() });
/// assert_eq!(old.privcmd().xen_version()?.to_string(), "4.17");
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Which machine it is.
    pub arch: Arch,
    /// Answer to `XENVER_version`: major number in bits 31..16, minor in bits 15..0.
    pub version: u32,
    /// Answer to `XENMEM_maximum_ram_page`.
    pub max_page: u64,
    /// Whether Xen has IOREQ servers at all.
    pub ioreq_servers: bool,
    /// Operations from this number on are not known yet. More than 21: those of a Xen to come,
    /// which take 40 bytes of arguments and do nothing.
    pub dm_ops: usize,
    /// Whether the kernel has irqfd and ioeventfd.
    pub eventfds: bool,
}

impl Default for Config {
    /// Arm, Xen 4.20, with everything.
    fn default() -> Self {
        Self {
            arch: Arch::Arm,
            version: 0x0004_0014,
            max_page: 0xf_ffff,
            ioreq_servers: true,
            dm_ops: 21,
            eventfds: true,
        }
    }
}

/// An interrupt that was injected into a guest.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, dm_op::SetIrqLevel};
/// use xen_ioctls::sim::{Interrupt, Xen};
///
/// let xen = Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// xen.privcmd().perform(DomId(1), SetIrqLevel::new(40, true))?;
/// assert_eq!(guest.take_interrupts(), [Interrupt::Spi { irq: 40, level: true }]);
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// Arm: a shared peripheral interrupt.
    Spi {
        /// INTID.
        irq: u32,
        /// Whether it is raised.
        level: bool,
    },
    /// x86: a line of the interrupt controllers.
    Isa {
        /// Its number.
        irq: u8,
        /// Whether it is raised.
        level: bool,
    },
    /// x86: a pin of a device of PCI bus 0.
    Pci {
        /// The device.
        device: u8,
        /// 0 is INTA.
        pin: u8,
        /// Whether it is raised.
        level: bool,
    },
    /// x86: an event of a vCPU, which has not taken it yet.
    Event {
        /// The vCPU.
        vcpu: u32,
        /// The event.
        vector: u8,
    },
    /// x86: a message.
    Msi {
        /// Where it was written to.
        addr: u64,
        /// What was written.
        data: u32,
    },
}

#[derive(Debug)]
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panics while it plays the guest leaves nothing half done that matters.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state after each change until `look` finds something or `timeout` is over.
    fn wait_until<T>(
        &self,
        timeout: Duration,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + timeout;
        let waiter = self.lock().waiter();
        loop {
            waiter.clear();
            let mut fds = {
                let state = &mut *self.lock();
                state.run_irqfds();
                if let Some(found) = look(state) {
                    return Some(found);
                }
                state.irqfd_descriptors()
            };
            fds.push(waiter.as_fd().as_raw_fd());
            let left = end.saturating_duration_since(Instant::now());
            if !signal::wait(&fds, left) {
                return None;
            }
        }
    }
}

/// A simulated machine with Xen, and the domain 0 that the process is in.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_ioctls::sim::Xen;
///
/// let xen = Xen::new();
/// let guest = xen.create_domain(DomId(1), 2);
/// assert_eq!(guest.id(), DomId(1));
/// guest.destroy();
/// ```
#[derive(Clone, Debug)]
pub struct Xen(Arc<Shared>);

impl Default for Xen {
    fn default() -> Self {
        Self::new()
    }
}

impl Xen {
    /// An Arm machine with everything that is simulated.
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    /// A machine of one's choice.
    pub fn with(config: Config) -> Self {
        Self(Arc::new(Shared(Mutex::new(State::new(config)))))
    }

    /// Creates a domain without memory.
    ///
    /// # Panics
    ///
    /// When there is one of that number.
    pub fn create_domain(&self, id: DomId, vcpus: usize) -> Guest {
        let domain = Domain {
            vcpus,
            vcpu_states: guest_op::VcpuState::of(vcpus),
            ..Domain::default()
        };
        let old = self.0.lock().domains.insert(id.0, domain);
        assert!(old.is_none(), "domain {id} is there");
        Guest {
            shared: self.0.clone(),
            id: id.0,
        }
    }

    /// Domain 0 itself, to look at its memory and grants.
    pub fn host(&self) -> Guest {
        Guest {
            shared: self.0.clone(),
            id: HOST,
        }
    }

    /// Opens `/dev/xen/privcmd`.
    pub fn privcmd(&self) -> Privcmd {
        self.open(NodeKind::Privcmd).into()
    }

    /// Opens `/dev/xen/evtchn`.
    pub fn event_channels(&self) -> EventChannels {
        self.open(NodeKind::EventChannels).into()
    }

    /// Opens `/dev/xen/gntdev`.
    pub fn grants(&self) -> Grants {
        self.open(NodeKind::Grants).into()
    }

    /// Opens `/dev/xen/gntalloc`.
    pub fn grant_allocator(&self) -> GrantAllocator {
        self.open(NodeKind::GrantAllocator).into()
    }

    /// Opens `/dev/xen/hypercall`.
    pub fn hypercalls(&self) -> Hypercalls {
        self.open(NodeKind::Hypercall).into()
    }

    fn open(&self, kind: NodeKind) -> Node {
        Node::Sim(Open::new(self.0.clone(), HOST, kind))
    }

    /// Takes what the process has asked so far, in order.
    pub fn take_calls(&self) -> Vec<Call> {
        self.0.lock().recorder.take()
    }

    /// Whether calls are recorded from now on. They are, unless it is switched off.
    pub fn record_calls(&self, on: bool) {
        self.0.lock().recorder.on(on);
    }

    /// Lets every open evtchn node have lost events: reading gives `EFBIG` until a reset.
    pub fn lose_events(&self) {
        self.0.lock().lose_events();
    }
}
