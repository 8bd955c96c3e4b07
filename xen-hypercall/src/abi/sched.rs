// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/sched.yaml by `xen-abi generate`: edit that file.

//! The scheduler.
//!
//! A vCPU gives up the CPU, waits for events, or ends its domain.
//!
//! Source: `xen/include/public/sched.h`.
//!
//! # To end a small guest
//!
//! Shut down with a reason; the call does not return.
//!
//! ```
//! use xen_hypercall::abi::sched::{Reason, SchedShutdown};
//!
//! let args = SchedShutdown { reason: Reason::POWEROFF };
//! assert_eq!(args.reason.0, 0);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Why a domain ends.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    PartialOrd,
    Ord,
    Hash,
)]
#[repr(transparent)]
pub struct Reason(pub u32);

impl Reason {
    /// It has shut down.
    pub const POWEROFF: Self = Self(0);
    /// It wants to start again.
    pub const REBOOT: Self = Self(1);
    /// It is saved.
    pub const SUSPEND: Self = Self(2);
    /// It has crashed.
    pub const CRASH: Self = Self(3);
    /// Its watchdog has fired.
    pub const WATCHDOG: Self = Self(4);
    /// It wants a soft reset.
    pub const SOFT_RESET: Self = Self(5);
}

/// Why the domain ends.
///
/// C: `struct sched_shutdown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedShutdown {
    /// In: The reason.
    pub reason: Reason,
}

impl Default for SchedShutdown {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SchedShutdown>() == 4);
    assert!(align_of::<SchedShutdown>() == 4);
    assert!(core::mem::offset_of!(SchedShutdown, reason) == 0);
};

/// Ports to wait for.
///
/// C: `struct sched_poll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedPoll {
    /// In: The ports.
    pub ports: u64,
    /// In: How many; at most 128.
    pub nr_ports: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: System time in nanoseconds; 0 for ever.
    pub timeout: u64,
}

impl Default for SchedPoll {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SchedPoll>() == 24);
    assert!(align_of::<SchedPoll>() == 8);
    assert!(core::mem::offset_of!(SchedPoll, ports) == 0);
    assert!(core::mem::offset_of!(SchedPoll, nr_ports) == 8);
    assert!(core::mem::offset_of!(SchedPoll, pad0) == 12);
    assert!(core::mem::offset_of!(SchedPoll, timeout) == 16);
};

/// A domain to shut down.
///
/// C: `struct sched_remote_shutdown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedRemoteShutdown {
    /// In: The domain.
    pub domain_id: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: The reason.
    pub reason: Reason,
}

impl Default for SchedRemoteShutdown {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SchedRemoteShutdown>() == 8);
    assert!(align_of::<SchedRemoteShutdown>() == 4);
    assert!(core::mem::offset_of!(SchedRemoteShutdown, domain_id) == 0);
    assert!(core::mem::offset_of!(SchedRemoteShutdown, pad0) == 2);
    assert!(core::mem::offset_of!(SchedRemoteShutdown, reason) == 4);
};

/// A watchdog of the domain.
///
/// C: `struct sched_watchdog`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedWatchdog {
    /// In: Which one; 0 makes one.
    pub id: u32,
    /// In: Seconds; 0 removes it.
    pub timeout: u32,
}

impl Default for SchedWatchdog {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SchedWatchdog>() == 8);
    assert!(align_of::<SchedWatchdog>() == 4);
    assert!(core::mem::offset_of!(SchedWatchdog, id) == 0);
    assert!(core::mem::offset_of!(SchedWatchdog, timeout) == 4);
};

/// A CPU to stay on.
///
/// C: `struct sched_pin_override`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedPinOverride {
    /// In: The CPU; negative ends it.
    pub pcpu: i32,
}

impl Default for SchedPinOverride {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SchedPinOverride>() == 4);
    assert!(align_of::<SchedPinOverride>() == 4);
    assert!(core::mem::offset_of!(SchedPinOverride, pcpu) == 0);
};

/// The number of every operation.
pub mod numbers {
    /// Lets other vCPUs run.
    pub const YIELD: u32 = 0;
    /// Enables events and waits for one.
    pub const BLOCK: u32 = 1;
    /// Ends the domain.
    pub const SHUTDOWN: u32 = 2;
    /// Waits until a port is pending or a time has come; events need not be enabled.
    pub const POLL: u32 = 3;
    /// Ends another domain.
    pub const REMOTE_SHUTDOWN: u32 = 4;
    /// Says the reason now, of a shutdown to come.
    pub const SHUTDOWN_CODE: u32 = 5;
    /// Makes, resets or removes a watchdog.
    pub const WATCHDOG: u32 = 6;
    /// Keeps the vCPU on a CPU for a while.
    pub const PIN_OVERRIDE: u32 = 7;
}

/// Each operation as a type.
pub mod ops {
    /// Lets other vCPUs run.
    ///
    /// C: `SCHEDOP_yield`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Yield;

    impl crate::operation::Operation for Yield {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "sched.yield";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Enables events and waits for one.
    ///
    /// C: `SCHEDOP_block`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Block;

    impl crate::operation::Operation for Block {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "sched.block";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Ends the domain.
    ///
    /// C: `SCHEDOP_shutdown`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Shutdown;

    impl crate::operation::Operation for Shutdown {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 2;
        const NAME: &'static str = "sched.shutdown";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::SchedShutdown;
        type Slots = ();
    }

    /// Waits until a port is pending or a time has come; events need not be enabled.
    ///
    /// C: `SCHEDOP_poll`.
    ///
    /// - `ports`: The ports.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Poll;

    impl crate::operation::Operation for Poll {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 3;
        const NAME: &'static str = "sched.poll";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::SchedPoll;
        type Slots = (crate::operation::Many<crate::operation::In, crate::Port>,);
    }

    /// Ends another domain.
    ///
    /// C: `SCHEDOP_remote_shutdown`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RemoteShutdown;

    impl crate::operation::Operation for RemoteShutdown {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 4;
        const NAME: &'static str = "sched.remote_shutdown";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "device model of the domain",
        };
        type Args = super::SchedRemoteShutdown;
        type Slots = ();
    }

    /// Says the reason now, of a shutdown to come.
    ///
    /// C: `SCHEDOP_shutdown_code`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ShutdownCode;

    impl crate::operation::Operation for ShutdownCode {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "sched.shutdown_code";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::SchedShutdown;
        type Slots = ();
    }

    /// Makes, resets or removes a watchdog.
    ///
    /// C: `SCHEDOP_watchdog`. Returns the number of a new watchdog.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Watchdog;

    impl crate::operation::Operation for Watchdog {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "sched.watchdog";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::SchedWatchdog;
        type Slots = ();
    }

    /// Keeps the vCPU on a CPU for a while.
    ///
    /// C: `SCHEDOP_pin_override`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PinOverride;

    impl crate::operation::Operation for PinOverride {
        const HYPERCALL: u32 = 29;
        const NUMBER: u32 = 7;
        const NAME: &'static str = "sched.pin_override";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "hardware domain",
        };
        type Args = super::SchedPinOverride;
        type Slots = ();
    }
}
