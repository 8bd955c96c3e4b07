// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! vCPUs of this domain: `xen/include/public/vcpu.h`.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::Gfn;
use crate::abi::vcpu::{self as abi, VcpuHvmContext, VcpuHvmContextCpuRegs, ops};
use crate::operation::request;

request! {
    /// `VCPUOP_initialise`: sets the registers that a vCPU starts with.
    Initialise[vcpu] = ops::Initialise, => (), |_args, _| Ok(())
}

impl Initialise {
    /// A vCPU that has not been up.
    ///
    /// # Safety
    ///
    /// What the registers lead to is code that may run, with page tables and a stack of its own.
    pub unsafe fn new(vcpu: u32, registers: VcpuHvmContextCpuRegs) -> Self {
        let mut context = VcpuHvmContext::default();
        context.set_cpu_regs(registers);
        Self(vcpu, context)
    }
}

/// Requests that have nothing but the vCPU.
macro_rules! plain {
    ($($(#[$meta:meta])* $name:ident = $operation:ty => $output:ty,
       |$result:pat_param| $get:expr;)*) => {$(
        request! {
            $(#[$meta])*
            $name[vcpu] = $operation, => $output, |_args, $result| Ok($get)
        }

        impl $name {
            /// Which vCPU.
            pub fn new(vcpu: u32) -> Self {
                Self(vcpu, Default::default())
            }
        }
    )*};
}

plain! {
    /// `VCPUOP_up`: starts a vCPU that has its registers.
    Up = ops::Up => (), |_| ();
    /// `VCPUOP_down`: stops a vCPU. Stopping the last one ends the domain.
    Down = ops::Down => (), |_| ();
    /// `VCPUOP_is_up`: whether a vCPU is up.
    IsUp = ops::IsUp => bool, |result| result != 0;
    /// `VCPUOP_stop_periodic_timer`: ends its periodic timer.
    StopPeriodicTimer = ops::StopPeriodicTimer => (), |_| ();
    /// `VCPUOP_stop_singleshot_timer`: ends the timer that fires once, of the vCPU that asks.
    StopSingleshotTimer = ops::StopSingleshotTimer => (), |_| ();
    /// `VCPUOP_send_nmi`: sends it a non-maskable interrupt.
    SendNmi = ops::SendNmi => (), |_| ();
}

request! {
    /// `VCPUOP_get_runstate_info`: what a vCPU has done with its time.
    GetRunstate[vcpu] = ops::GetRunstateInfo,
    => abi::VcpuRunstateInfo, |args, _| Ok(args)
}

impl GetRunstate {
    /// Which vCPU.
    pub fn new(vcpu: u32) -> Self {
        Self(vcpu, Default::default())
    }
}

request! {
    /// `VCPUOP_get_physid`: the CPU that a vCPU always runs on: its APIC identifier, and its ACPI
    /// identifier << 32.
    GetPhysid[vcpu] = ops::GetPhysid, => u64, |args, _| Ok(args.phys_id)
}

impl GetPhysid {
    /// Which vCPU.
    pub fn new(vcpu: u32) -> Self {
        Self(vcpu, Default::default())
    }
}

request! {
    /// `VCPUOP_set_periodic_timer`: raises the timer's virtual interrupt again and again.
    SetPeriodicTimer[vcpu] = ops::SetPeriodicTimer, => (), |_args, _| Ok(())
}

impl SetPeriodicTimer {
    /// Every so many nanoseconds, one million at least.
    pub fn new(vcpu: u32, nanoseconds: u64) -> Self {
        let args = abi::VcpuSetPeriodicTimer {
            period_ns: nanoseconds,
        };
        Self(vcpu, args)
    }
}

request! {
    /// `VCPUOP_set_singleshot_timer`: raises the timer's virtual interrupt once.
    SetSingleshotTimer[vcpu] = ops::SetSingleshotTimer, => (), |_args, _| Ok(())
}

impl SetSingleshotTimer {
    /// At this system time in nanoseconds, at once if it has passed; on the vCPU that asks.
    pub fn new(vcpu: u32, at: u64) -> Self {
        let args = abi::VcpuSetSingleshotTimer {
            timeout_abs_ns: at,
            ..Default::default()
        };
        Self(vcpu, args)
    }
}

request! {
    /// `VCPUOP_register_vcpu_info`: places a vCPU's info, for good.
    RegisterVcpuInfo[vcpu] = ops::RegisterVcpuInfo, => (), |_args, _| Ok(())
}

impl RegisterVcpuInfo {
    /// At `offset` of a frame, all of it within the page.
    ///
    /// # Safety
    ///
    /// `struct vcpu_info` of this architecture is what is there from now on; what Xen changes of
    /// it is only changed atomically.
    pub unsafe fn new(vcpu: u32, frame: Gfn, offset: u32) -> Self {
        let args = abi::VcpuRegisterVcpuInfo {
            mfn: frame,
            offset,
            ..Default::default()
        };
        Self(vcpu, args)
    }
}

/// Requests that place something in memory.
macro_rules! areas {
    ($($(#[$meta:meta])* $name:ident = $operation:ty, $structure:ident, $what:literal;)*) => {$(
        request! {
            $(#[$meta])*
            $name[vcpu] = $operation, => (), |_args, _| Ok(())
        }

        impl $name {
            #[doc = concat!("Where it is: ", $what, " address.")]
            ///
            /// # Safety
            ///
            /// The structure is what is there from now on, and Xen writes it at any time.
            pub unsafe fn new(vcpu: u32, address: u64) -> Self {
                Self(vcpu, abi::$structure { p: address })
            }
        }
    )*};
}

areas! {
    /// `VCPUOP_register_runstate_memory_area`: keeps the runstate of a vCPU in memory.
    RegisterRunstate = ops::RegisterRunstateMemoryArea, VcpuRegisterRunstateMemoryArea, "a virtual";
    /// `VCPUOP_register_runstate_phys_area`: keeps the runstate of a vCPU in memory.
    RegisterRunstatePhys = ops::RegisterRunstatePhysArea, VcpuRegisterRunstateMemoryArea,
        "a guest-physical";
    /// `VCPUOP_register_vcpu_time_memory_area`: keeps the time in memory, for a vCPU.
    RegisterTime = ops::RegisterVcpuTimeMemoryArea, VcpuRegisterTimeMemoryArea, "a virtual";
    /// `VCPUOP_register_vcpu_time_phys_area`: keeps the time in memory, for a vCPU.
    RegisterTimePhys = ops::RegisterVcpuTimePhysArea, VcpuRegisterTimeMemoryArea,
        "a guest-physical";
}
