// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Giving up the CPU, waiting, and the end of a domain: `xen/include/public/sched.h`.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::abi::sched::{self as abi, Reason, ops};
use crate::operation::request;
use crate::{DomId, XenError};

request! {
    /// `SCHEDOP_yield`: lets other vCPUs run.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::sched::Yield;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(Yield::default()), Ok(()));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    Yield = ops::Yield, => (), |_args, _| Ok(())
}

request! {
    /// `SCHEDOP_block`: lets events arrive, and waits for one.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::sched::Block;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // An event has come already, so that it does not wait.
    /// assert_eq!(xen.perform(Block::default()), Ok(()));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    Block = ops::Block, => (), |_args, _| Ok(())
}

request! {
    /// `SCHEDOP_shutdown`: ends this domain. Comes back only from a suspension: whether that was
    /// cancelled, so that the domain has never gone.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::sched::Reason;
    /// use xen_hypercall::sched::Shutdown;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let cancelled = xen.perform(Shutdown::new(Reason::SUSPEND))?;
    /// assert!(!cancelled);
    /// assert_eq!(guest.shutdown_reason(), Some(Reason::SUSPEND.0));
    /// # Ok::<(), XenError>(())
    /// ```
    Shutdown = ops::Shutdown, => bool, |_args, result| Ok(result == 1)
}

impl Shutdown {
    /// Why.
    pub fn new(reason: Reason) -> Self {
        Self(abi::SchedShutdown { reason })
    }
}

request! {
    /// `SCHEDOP_shutdown_code`: says why a shutdown to come will be. The first one counts.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::sched::Reason;
    /// use xen_hypercall::sched::{Shutdown, ShutdownCode};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(ShutdownCode::new(Reason::CRASH))?;
    /// assert_eq!(guest.shutdown_reason(), None);
    /// xen.perform(Shutdown::new(Reason::POWEROFF))?;
    /// assert_eq!(guest.shutdown_reason(), Some(Reason::CRASH.0));
    /// # Ok::<(), XenError>(())
    /// ```
    ShutdownCode = ops::ShutdownCode, => (), |_args, _| Ok(())
}

impl ShutdownCode {
    /// Why.
    pub fn new(reason: Reason) -> Self {
        Self(abi::SchedShutdown { reason })
    }
}

request! {
    /// `SCHEDOP_poll`: waits until one of the ports in the buffer is pending, masked or not, or
    /// a time has come. Which of them, their bits say.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::sched::Poll;
    /// use xen_hypercall::slot::In;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    /// # let port = guest.offer_port(DomId(0));
    ///
    /// xen.perform_with(Poll::until(1_000_000), In(&mut [port]))?;
    /// // Port 77 is closed.
    /// let refused = xen.perform_with(Poll::new(), In(&mut [Port(77)])).map(drop);
    /// assert_eq!(refused, Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    Poll = ops::Poll,
    slots |args, [place, ..]| {
        args.ports = place.address;
        args.nr_ports = u32::try_from(place.count).map_err(|_too_many| XenError::TOOBIG)?;
        Ok(())
    },
    => (), |_args, _| Ok(())
}

impl Poll {
    /// At most 128 ports.
    pub fn new() -> Self {
        Self::until(0)
    }

    /// Until this system time in nanoseconds; 0 is for ever.
    pub fn until(timeout: u64) -> Self {
        Self(abi::SchedPoll {
            timeout,
            ..Default::default()
        })
    }
}

impl Default for Poll {
    fn default() -> Self {
        Self::new()
    }
}

request! {
    /// `SCHEDOP_remote_shutdown`: ends another domain.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::sched::Reason;
    /// use xen_hypercall::sched::RemoteShutdown;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::Hypercaller;
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
    ///
    /// xen.perform(RemoteShutdown::new(DomId(1), Reason::REBOOT))?;
    /// assert_eq!(guest.shutdown_reason(), Some(Reason::REBOOT.0));
    /// # Ok::<(), XenError>(())
    /// ```
    RemoteShutdown = ops::RemoteShutdown, => (), |_args, _| Ok(())
}

impl RemoteShutdown {
    /// Which, and why.
    pub fn new(domain: DomId, reason: Reason) -> Self {
        Self(abi::SchedRemoteShutdown {
            domain_id: domain,
            reason,
            ..Default::default()
        })
    }
}

/// A watchdog of this domain.
///
/// # Example
///
/// ```
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, sched::{Watchdog, WatchdogId}};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let watchdog: Option<WatchdogId> = xen.perform(Watchdog::new(30))?;
/// if let Some(watchdog) = watchdog {
///     xen.perform(Watchdog::reset(watchdog, 30))?;
///     xen.perform(Watchdog::end(watchdog))?;
/// }
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WatchdogId(pub u32);

request! {
    /// `SCHEDOP_watchdog`: makes, resets or ends a watchdog, which shuts the domain down when its
    /// time is over. Returns which it is, where it is a new one.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::sched::Watchdog;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let watchdog = xen.perform(Watchdog::new(30))?.expect("one is free");
    /// xen.perform(Watchdog::reset(watchdog, 30))?;
    /// xen.perform(Watchdog::end(watchdog))?;
    /// let over = xen.perform(Watchdog::reset(watchdog, 30));
    /// assert_eq!(over, Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    Watchdog = ops::Watchdog,
    => Option<WatchdogId>, |_args, result| match result {
        0 => Ok(None),
        id => u32::try_from(id)
            .map(|id| Some(WatchdogId(id)))
            .map_err(|_too_wide| XenError::OVERFLOW),
    }
}

impl Watchdog {
    /// One more, of so many seconds.
    pub fn new(seconds: u32) -> Self {
        Self(abi::SchedWatchdog {
            id: 0,
            timeout: seconds,
        })
    }

    /// So many seconds from now on.
    pub fn reset(watchdog: WatchdogId, seconds: u32) -> Self {
        Self(abi::SchedWatchdog {
            id: watchdog.0,
            timeout: seconds,
        })
    }

    /// Ends it.
    pub fn end(watchdog: WatchdogId) -> Self {
        Self::reset(watchdog, 0)
    }
}

request! {
    /// `SCHEDOP_pin_override`: keeps this vCPU on a CPU, whatever else is said of it.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::sched::PinOverride;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // Only the hardware domain may.
    /// assert_eq!(xen.perform(PinOverride::new(0)), Err(XenError::PERM));
    /// # Ok::<(), XenError>(())
    /// ```
    PinOverride = ops::PinOverride, => (), |_args, _| Ok(())
}

impl PinOverride {
    /// The CPU; negative ends it.
    pub fn new(cpu: i32) -> Self {
        Self(abi::SchedPinOverride { pcpu: cpu })
    }
}
