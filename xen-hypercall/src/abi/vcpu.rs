// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/vcpu.yaml by `xen-abi generate`: edit that file.

//! vCPUs, and the pages a guest shares with Xen.
//!
//! Bringing vCPUs up and down, timers, and the pages in which Xen keeps pending events and time.
//!
//! Source: `xen/include/public/vcpu.h`, `xen/include/public/xen.h`.
//!
//! # To get events on a vCPU
//!
//! Place the vCPU's info with `register_vcpu_info` (or map the shared info page). A pending port
//! sets its bit in `evtchn_pending`, a bit in `evtchn_pending_sel` and `evtchn_upcall_pending`.
//!
//! ```
//! use xen_hypercall::Gfn;
//! use xen_hypercall::abi::vcpu::VcpuRegisterVcpuInfo;
//!
//! let args = VcpuRegisterVcpuInfo { mfn: Gfn(0x1000), offset: 64, ..Default::default() };
//! assert_eq!(args.pad0, [0; 4]);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Flag of `set_singleshot_timer`: refuse a time that has passed.
pub const SSHOTTMR_FUTURE: u32 = 1;

/// What a vCPU is doing.
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
pub struct Runstate(pub i32);

impl Runstate {
    /// It runs.
    pub const RUNNING: Self = Self(0);
    /// It could run.
    pub const RUNNABLE: Self = Self(1);
    /// It waits for an event.
    pub const BLOCKED: Self = Self(2);
    /// It is down, paused or blocked by Xen.
    pub const OFFLINE: Self = Self(3);
}

/// What a vCPU has done with its time.
///
/// C: `struct vcpu_runstate_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuRunstateInfo {
    /// Out: What it does.
    pub state: Runstate,
    /// Zero.
    pub pad0: [u8; 4],
    /// Out: Since when; bit 63 says that an update is in progress.
    pub state_entry_time: u64,
    /// Out: Nanoseconds in each state.
    pub time: [u64; 4],
}

impl Default for VcpuRunstateInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuRunstateInfo>() == 48);
    assert!(align_of::<VcpuRunstateInfo>() == 8);
    assert!(core::mem::offset_of!(VcpuRunstateInfo, state) == 0);
    assert!(core::mem::offset_of!(VcpuRunstateInfo, pad0) == 4);
    assert!(core::mem::offset_of!(VcpuRunstateInfo, state_entry_time) == 8);
    assert!(core::mem::offset_of!(VcpuRunstateInfo, time) == 16);
};

/// Where Xen keeps the runstate.
///
/// C: `struct vcpu_register_runstate_memory_area`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuRegisterRunstateMemoryArea {
    /// In: The address.
    pub p: u64,
}

impl Default for VcpuRegisterRunstateMemoryArea {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuRegisterRunstateMemoryArea>() == 8);
    assert!(align_of::<VcpuRegisterRunstateMemoryArea>() == 8);
    assert!(core::mem::offset_of!(VcpuRegisterRunstateMemoryArea, p) == 0);
};

/// A timer that fires again and again.
///
/// C: `struct vcpu_set_periodic_timer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuSetPeriodicTimer {
    /// In: Nanoseconds.
    pub period_ns: u64,
}

impl Default for VcpuSetPeriodicTimer {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuSetPeriodicTimer>() == 8);
    assert!(align_of::<VcpuSetPeriodicTimer>() == 8);
    assert!(core::mem::offset_of!(VcpuSetPeriodicTimer, period_ns) == 0);
};

/// A timer that fires once.
///
/// C: `struct vcpu_set_singleshot_timer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuSetSingleshotTimer {
    /// In: System time in nanoseconds.
    pub timeout_abs_ns: u64,
    /// In: Whether a time that has passed is refused.
    pub flags: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for VcpuSetSingleshotTimer {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuSetSingleshotTimer>() == 16);
    assert!(align_of::<VcpuSetSingleshotTimer>() == 8);
    assert!(core::mem::offset_of!(VcpuSetSingleshotTimer, timeout_abs_ns) == 0);
    assert!(core::mem::offset_of!(VcpuSetSingleshotTimer, flags) == 8);
    assert!(core::mem::offset_of!(VcpuSetSingleshotTimer, pad0) == 12);
};

/// Where the vCPU's info is.
///
/// C: `struct vcpu_register_vcpu_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuRegisterVcpuInfo {
    /// In: The frame.
    pub mfn: crate::Gfn,
    /// In: The offset in it; it must fit into the frame.
    pub offset: u32,
    /// Zero.
    pub pad0: [u8; 4],
}

impl Default for VcpuRegisterVcpuInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuRegisterVcpuInfo>() == 16);
    assert!(align_of::<VcpuRegisterVcpuInfo>() == 8);
    assert!(core::mem::offset_of!(VcpuRegisterVcpuInfo, mfn) == 0);
    assert!(core::mem::offset_of!(VcpuRegisterVcpuInfo, offset) == 8);
    assert!(core::mem::offset_of!(VcpuRegisterVcpuInfo, pad0) == 12);
};

/// The CPU of a vCPU that stays on it.
///
/// C: `struct vcpu_get_physid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuGetPhysid {
    /// Out: APIC identifier, ACPI identifier << 32.
    pub phys_id: u64,
}

impl Default for VcpuGetPhysid {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuGetPhysid>() == 8);
    assert!(align_of::<VcpuGetPhysid>() == 8);
    assert!(core::mem::offset_of!(VcpuGetPhysid, phys_id) == 0);
};

/// Where Xen keeps the time.
///
/// C: `struct vcpu_register_time_memory_area`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuRegisterTimeMemoryArea {
    /// In: The address.
    pub p: u64,
}

impl Default for VcpuRegisterTimeMemoryArea {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuRegisterTimeMemoryArea>() == 8);
    assert!(align_of::<VcpuRegisterTimeMemoryArea>() == 8);
    assert!(core::mem::offset_of!(VcpuRegisterTimeMemoryArea, p) == 0);
};

/// The time, as a function of the time stamp counter.
///
/// C: `struct vcpu_time_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuTimeInfo {
    /// Out: Odd while Xen writes; read it before and after.
    pub version: u32,
    /// Zero.
    pub pad0: [u8; 4],
    /// Out: Counter at the last update.
    pub tsc_timestamp: u64,
    /// Out: Nanoseconds at the last update.
    pub system_time: u64,
    /// Out: Nanoseconds of a tick << 32.
    pub tsc_to_system_mul: u32,
    /// Out: Left shift of ticks before; negative is right.
    pub tsc_shift: i8,
    /// Out: Bit 0 says that the counter is the same on all CPUs.
    pub flags: u8,
    /// Zero.
    pub pad1: [u8; 2],
}

impl Default for VcpuTimeInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuTimeInfo>() == 32);
    assert!(align_of::<VcpuTimeInfo>() == 8);
    assert!(core::mem::offset_of!(VcpuTimeInfo, version) == 0);
    assert!(core::mem::offset_of!(VcpuTimeInfo, pad0) == 4);
    assert!(core::mem::offset_of!(VcpuTimeInfo, tsc_timestamp) == 8);
    assert!(core::mem::offset_of!(VcpuTimeInfo, system_time) == 16);
    assert!(core::mem::offset_of!(VcpuTimeInfo, tsc_to_system_mul) == 24);
    assert!(core::mem::offset_of!(VcpuTimeInfo, tsc_shift) == 28);
    assert!(core::mem::offset_of!(VcpuTimeInfo, flags) == 29);
    assert!(core::mem::offset_of!(VcpuTimeInfo, pad1) == 30);
};

/// Pending events of a vCPU on x86.
///
/// C: `struct vcpu_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuInfoX86 {
    /// In and out: Something is pending.
    pub evtchn_upcall_pending: u8,
    /// In: No upcalls (PV).
    pub evtchn_upcall_mask: u8,
    /// Zero.
    pub pad0: [u8; 6],
    /// In and out: A bit for each word of `evtchn_pending`
    pub evtchn_pending_sel: u64,
    /// Out: Faulting address (PV).
    pub cr2: u64,
    /// Zero.
    pub pad1: [u8; 8],
    /// Out: The time.
    pub time: VcpuTimeInfo,
}

impl Default for VcpuInfoX86 {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuInfoX86>() == 64);
    assert!(align_of::<VcpuInfoX86>() == 8);
    assert!(core::mem::offset_of!(VcpuInfoX86, evtchn_upcall_pending) == 0);
    assert!(core::mem::offset_of!(VcpuInfoX86, evtchn_upcall_mask) == 1);
    assert!(core::mem::offset_of!(VcpuInfoX86, pad0) == 2);
    assert!(core::mem::offset_of!(VcpuInfoX86, evtchn_pending_sel) == 8);
    assert!(core::mem::offset_of!(VcpuInfoX86, cr2) == 16);
    assert!(core::mem::offset_of!(VcpuInfoX86, pad1) == 24);
    assert!(core::mem::offset_of!(VcpuInfoX86, time) == 32);
};

/// The page that a domain shares with Xen on x86.
///
/// C: `struct shared_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SharedInfoX86 {
    /// In and out: Of the first vCPUs that have not placed theirs.
    pub vcpu_info: [VcpuInfoX86; 32],
    /// In and out: A bit for each port that is pending.
    pub evtchn_pending: [u64; 64],
    /// In and out: A bit for each port that is masked.
    pub evtchn_mask: [u64; 64],
    /// Out: Odd while Xen writes the wall clock.
    pub wc_version: u32,
    /// Out: Wall clock at system time 0 in seconds.
    pub wc_sec: u32,
    /// Out: and nanoseconds.
    pub wc_nsec: u32,
    /// Out: Upper half of the seconds.
    pub wc_sec_hi: u32,
    /// In and out: Of PV guests.
    pub arch: [u64; 6],
}

impl Default for SharedInfoX86 {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SharedInfoX86>() == 3136);
    assert!(align_of::<SharedInfoX86>() == 8);
    assert!(core::mem::offset_of!(SharedInfoX86, vcpu_info) == 0);
    assert!(core::mem::offset_of!(SharedInfoX86, evtchn_pending) == 2048);
    assert!(core::mem::offset_of!(SharedInfoX86, evtchn_mask) == 2560);
    assert!(core::mem::offset_of!(SharedInfoX86, wc_version) == 3072);
    assert!(core::mem::offset_of!(SharedInfoX86, wc_sec) == 3076);
    assert!(core::mem::offset_of!(SharedInfoX86, wc_nsec) == 3080);
    assert!(core::mem::offset_of!(SharedInfoX86, wc_sec_hi) == 3084);
    assert!(core::mem::offset_of!(SharedInfoX86, arch) == 3088);
};

/// Pending events of a vCPU on Arm.
///
/// C: `struct vcpu_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VcpuInfoArm {
    /// In and out: Something is pending.
    pub evtchn_upcall_pending: u8,
    /// Zero.
    pub pad0: [u8; 7],
    /// In and out: A bit for each word of `evtchn_pending`
    pub evtchn_pending_sel: u64,
    /// Out: The time; not kept on Arm.
    pub time: VcpuTimeInfo,
}

impl Default for VcpuInfoArm {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<VcpuInfoArm>() == 48);
    assert!(align_of::<VcpuInfoArm>() == 8);
    assert!(core::mem::offset_of!(VcpuInfoArm, evtchn_upcall_pending) == 0);
    assert!(core::mem::offset_of!(VcpuInfoArm, pad0) == 1);
    assert!(core::mem::offset_of!(VcpuInfoArm, evtchn_pending_sel) == 8);
    assert!(core::mem::offset_of!(VcpuInfoArm, time) == 16);
};

/// The page that a domain shares with Xen on Arm.
///
/// C: `struct shared_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SharedInfoArm {
    /// In and out: Of the first vCPU if it has not placed its own.
    pub vcpu_info: VcpuInfoArm,
    /// In and out: A bit for each port that is pending.
    pub evtchn_pending: [u64; 64],
    /// In and out: A bit for each port that is masked.
    pub evtchn_mask: [u64; 64],
    /// Out: Odd while Xen writes the wall clock.
    pub wc_version: u32,
    /// Out: Wall clock at system time 0 in seconds.
    pub wc_sec: u32,
    /// Out: and nanoseconds.
    pub wc_nsec: u32,
    /// Out: Upper half of the seconds.
    pub wc_sec_hi: u32,
}

impl Default for SharedInfoArm {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<SharedInfoArm>() == 1088);
    assert!(align_of::<SharedInfoArm>() == 8);
    assert!(core::mem::offset_of!(SharedInfoArm, vcpu_info) == 0);
    assert!(core::mem::offset_of!(SharedInfoArm, evtchn_pending) == 48);
    assert!(core::mem::offset_of!(SharedInfoArm, evtchn_mask) == 560);
    assert!(core::mem::offset_of!(SharedInfoArm, wc_version) == 1072);
    assert!(core::mem::offset_of!(SharedInfoArm, wc_sec) == 1076);
    assert!(core::mem::offset_of!(SharedInfoArm, wc_nsec) == 1080);
    assert!(core::mem::offset_of!(SharedInfoArm, wc_sec_hi) == 1084);
};

/// The number of every operation.
pub mod numbers {
    /// Sets the registers of a vCPU that is down; the structure is the architecture's.
    pub const INITIALISE: u32 = 0;
    /// Starts a vCPU.
    pub const UP: u32 = 1;
    /// Stops a vCPU.
    pub const DOWN: u32 = 2;
    /// Says whether a vCPU is up.
    pub const IS_UP: u32 = 3;
    /// Says what a vCPU has done with its time.
    pub const GET_RUNSTATE_INFO: u32 = 4;
    /// Keeps the runstate at a virtual address.
    pub const REGISTER_RUNSTATE_MEMORY_AREA: u32 = 5;
    /// Starts the periodic timer.
    pub const SET_PERIODIC_TIMER: u32 = 6;
    /// Stops the periodic timer.
    pub const STOP_PERIODIC_TIMER: u32 = 7;
    /// Sets the timer that fires once.
    pub const SET_SINGLESHOT_TIMER: u32 = 8;
    /// Stops it.
    pub const STOP_SINGLESHOT_TIMER: u32 = 9;
    /// Places the vCPU's info. It cannot be moved again.
    pub const REGISTER_VCPU_INFO: u32 = 10;
    /// Sends a non-maskable interrupt.
    pub const SEND_NMI: u32 = 11;
    /// Says which CPU a pinned vCPU is on.
    pub const GET_PHYSID: u32 = 12;
    /// Keeps the time at a virtual address.
    pub const REGISTER_VCPU_TIME_MEMORY_AREA: u32 = 13;
    /// Keeps the runstate at a guest-physical address.
    pub const REGISTER_RUNSTATE_PHYS_AREA: u32 = 14;
    /// Keeps the time at a guest-physical address.
    pub const REGISTER_VCPU_TIME_PHYS_AREA: u32 = 15;
}

/// Each operation as a type.
pub mod ops {
    /// Sets the registers of a vCPU that is down; the structure is the architecture's.
    ///
    /// C: `VCPUOP_initialise`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Initialise;

    impl crate::operation::Operation for Initialise {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "vcpu.initialise";
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

    /// Starts a vCPU.
    ///
    /// C: `VCPUOP_up`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Up;

    impl crate::operation::Operation for Up {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "vcpu.up";
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

    /// Stops a vCPU.
    ///
    /// C: `VCPUOP_down`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Down;

    impl crate::operation::Operation for Down {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 2;
        const NAME: &'static str = "vcpu.down";
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

    /// Says whether a vCPU is up.
    ///
    /// C: `VCPUOP_is_up`. Returns 1 when it is up.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct IsUp;

    impl crate::operation::Operation for IsUp {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 3;
        const NAME: &'static str = "vcpu.is_up";
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

    /// Says what a vCPU has done with its time.
    ///
    /// C: `VCPUOP_get_runstate_info`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetRunstateInfo;

    impl crate::operation::Operation for GetRunstateInfo {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 4;
        const NAME: &'static str = "vcpu.get_runstate_info";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::VcpuRunstateInfo;
        type Slots = ();
    }

    /// Keeps the runstate at a virtual address.
    ///
    /// C: `VCPUOP_register_runstate_memory_area`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RegisterRunstateMemoryArea;

    impl crate::operation::Operation for RegisterRunstateMemoryArea {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "vcpu.register_runstate_memory_area";
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
        type Args = super::VcpuRegisterRunstateMemoryArea;
        type Slots = ();
    }

    /// Starts the periodic timer.
    ///
    /// C: `VCPUOP_set_periodic_timer`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetPeriodicTimer;

    impl crate::operation::Operation for SetPeriodicTimer {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "vcpu.set_periodic_timer";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = super::VcpuSetPeriodicTimer;
        type Slots = ();
    }

    /// Stops the periodic timer.
    ///
    /// C: `VCPUOP_stop_periodic_timer`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct StopPeriodicTimer;

    impl crate::operation::Operation for StopPeriodicTimer {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 7;
        const NAME: &'static str = "vcpu.stop_periodic_timer";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Sets the timer that fires once.
    ///
    /// C: `VCPUOP_set_singleshot_timer`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetSingleshotTimer;

    impl crate::operation::Operation for SetSingleshotTimer {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 8;
        const NAME: &'static str = "vcpu.set_singleshot_timer";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = super::VcpuSetSingleshotTimer;
        type Slots = ();
    }

    /// Stops it.
    ///
    /// C: `VCPUOP_stop_singleshot_timer`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct StopSingleshotTimer;

    impl crate::operation::Operation for StopSingleshotTimer {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 9;
        const NAME: &'static str = "vcpu.stop_singleshot_timer";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Places the vCPU's info. It cannot be moved again.
    ///
    /// C: `VCPUOP_register_vcpu_info`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RegisterVcpuInfo;

    impl crate::operation::Operation for RegisterVcpuInfo {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 10;
        const NAME: &'static str = "vcpu.register_vcpu_info";
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
        type Args = super::VcpuRegisterVcpuInfo;
        type Slots = ();
    }

    /// Sends a non-maskable interrupt.
    ///
    /// C: `VCPUOP_send_nmi`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SendNmi;

    impl crate::operation::Operation for SendNmi {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 11;
        const NAME: &'static str = "vcpu.send_nmi";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Says which CPU a pinned vCPU is on.
    ///
    /// C: `VCPUOP_get_physid`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetPhysid;

    impl crate::operation::Operation for GetPhysid {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 12;
        const NAME: &'static str = "vcpu.get_physid";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "hardware domain",
        };
        type Args = super::VcpuGetPhysid;
        type Slots = ();
    }

    /// Keeps the time at a virtual address.
    ///
    /// C: `VCPUOP_register_vcpu_time_memory_area`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RegisterVcpuTimeMemoryArea;

    impl crate::operation::Operation for RegisterVcpuTimeMemoryArea {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 13;
        const NAME: &'static str = "vcpu.register_vcpu_time_memory_area";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = super::VcpuRegisterTimeMemoryArea;
        type Slots = ();
    }

    /// Keeps the runstate at a guest-physical address.
    ///
    /// C: `VCPUOP_register_runstate_phys_area`. Since Xen 4.18.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RegisterRunstatePhysArea;

    impl crate::operation::Operation for RegisterRunstatePhysArea {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 14;
        const NAME: &'static str = "vcpu.register_runstate_phys_area";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 18)),
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::VcpuRegisterRunstateMemoryArea;
        type Slots = ();
    }

    /// Keeps the time at a guest-physical address.
    ///
    /// C: `VCPUOP_register_vcpu_time_phys_area`. Since Xen 4.18. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RegisterVcpuTimePhysArea;

    impl crate::operation::Operation for RegisterVcpuTimePhysArea {
        const HYPERCALL: u32 = 24;
        const NUMBER: u32 = 15;
        const NAME: &'static str = "vcpu.register_vcpu_time_phys_area";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: Some((4, 18)),
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = super::VcpuRegisterTimeMemoryArea;
        type Slots = ();
    }
}
