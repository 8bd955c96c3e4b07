// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/hypercalls.yaml by `xen-abi generate`: edit that file.

//! Every hypercall.
//!
//! The number of every hypercall, with who may issue it. Where operations differ, the interface of
//! the hypercall says so for each. Half of them are for PV guests on x86 only.
//!
//! Source: `xen/include/public/xen.h`.

/// The number of every operation.
pub mod numbers {
    /// Sets the trap table (PV).
    pub const SET_TRAP_TABLE: u32 = 0;
    /// Changes page table entries (PV).
    pub const MMU_UPDATE: u32 = 1;
    /// Sets the descriptor table (PV).
    pub const SET_GDT: u32 = 2;
    /// Sets the kernel's stack (PV).
    pub const STACK_SWITCH: u32 = 3;
    /// Sets event and fault entry points (PV).
    pub const SET_CALLBACKS: u32 = 4;
    /// Sets or clears the task-switched flag (PV).
    pub const FPU_TASKSWITCH: u32 = 5;
    /// The scheduler of old callers.
    pub const SCHED_OP_COMPAT: u32 = 6;
    /// Operations on the machine.
    pub const PLATFORM_OP: u32 = 7;
    /// Sets a debug register (PV).
    pub const SET_DEBUGREG: u32 = 8;
    /// Reads a debug register (PV).
    pub const GET_DEBUGREG: u32 = 9;
    /// Changes a descriptor (PV).
    pub const UPDATE_DESCRIPTOR: u32 = 10;
    /// Memory of a domain.
    pub const MEMORY_OP: u32 = 12;
    /// Several calls at once.
    pub const MULTICALL: u32 = 13;
    /// Changes a mapping (PV).
    pub const UPDATE_VA_MAPPING: u32 = 14;
    /// Sets the timer.
    pub const SET_TIMER_OP: u32 = 15;
    /// Event channels of old callers.
    pub const EVENT_CHANNEL_OP_COMPAT: u32 = 16;
    /// Which Xen this is.
    pub const XEN_VERSION: u32 = 17;
    /// Xen's own console.
    pub const CONSOLE_IO: u32 = 18;
    /// Physical devices of old callers.
    pub const PHYSDEV_OP_COMPAT: u32 = 19;
    /// Grant tables.
    pub const GRANT_TABLE_OP: u32 = 20;
    /// Switches of PV guests.
    pub const VM_ASSIST: u32 = 21;
    /// Changes a mapping of another domain (PV).
    pub const UPDATE_VA_MAPPING_OTHERDOMAIN: u32 = 22;
    /// Returns from an interrupt (PV).
    pub const IRET: u32 = 23;
    /// vCPUs.
    pub const VCPU_OP: u32 = 24;
    /// Sets a segment base (PV).
    pub const SET_SEGMENT_BASE: u32 = 25;
    /// Page table operations.
    pub const MMUEXT_OP: u32 = 26;
    /// The security module.
    pub const XSM_OP: u32 = 27;
    /// Non-maskable interrupts (PV).
    pub const NMI_OP: u32 = 28;
    /// The scheduler.
    pub const SCHED_OP: u32 = 29;
    /// Callbacks (PV).
    pub const CALLBACK_OP: u32 = 30;
    /// Profiling.
    pub const XENOPROF_OP: u32 = 31;
    /// Event channels.
    pub const EVENT_CHANNEL_OP: u32 = 32;
    /// Physical devices.
    pub const PHYSDEV_OP: u32 = 33;
    /// HVM guests.
    pub const HVM_OP: u32 = 34;
    /// The whole system.
    pub const SYSCTL: u32 = 35;
    /// Domains.
    pub const DOMCTL: u32 = 36;
    /// Loading another kernel (PV).
    pub const KEXEC_OP: u32 = 37;
    /// Once transcendent memory.
    pub const TMEM_OP: u32 = 38;
    /// Messages between domains.
    pub const ARGO_OP: u32 = 39;
    /// Performance counters.
    pub const XENPMU_OP: u32 = 40;
    /// Device models.
    pub const DM_OP: u32 = 41;
    /// Xen's file system.
    pub const HYPFS_OP: u32 = 42;
    /// Of the architecture: machine checks on x86.
    pub const ARCH_0: u32 = 48;
    /// Of the architecture: paging control on x86.
    pub const ARCH_1: u32 = 49;
    /// Of the architecture.
    pub const ARCH_2: u32 = 50;
    /// Of the architecture.
    pub const ARCH_3: u32 = 51;
    /// Of the architecture.
    pub const ARCH_4: u32 = 52;
    /// Of the architecture.
    pub const ARCH_5: u32 = 53;
    /// Of the architecture.
    pub const ARCH_6: u32 = 54;
    /// Of the architecture.
    pub const ARCH_7: u32 = 55;
}
