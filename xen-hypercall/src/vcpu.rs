// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! vCPUs of this domain: `xen/include/public/vcpu.h`.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::Gfn;
use crate::abi::vcpu::{self as abi, VcpuHvmContext, VcpuHvmContextCpuRegs, ops};
use crate::operation::request;

request! {
    /// `VCPUOP_initialise`: sets the registers that a vCPU starts with.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::vcpu::{VcpuHvm64, VcpuHvmContextCpuRegs};
    /// use xen_hypercall::vcpu::{Initialise, IsUp};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let registers = VcpuHvmContextCpuRegs::Bits64(VcpuHvm64::default());
    /// // SAFETY: no vCPU runs here.
    /// xen.perform(unsafe { Initialise::new(1, registers) })?;
    /// assert_eq!(xen.perform(IsUp::new(1))?, false);
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::vcpu::{VcpuHvm64, VcpuHvmContextCpuRegs};
    /// use xen_hypercall::vcpu::{Initialise, IsUp, Up};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(Up::new(1)), Err(XenError::INVAL)); // no registers yet
    /// let registers = VcpuHvmContextCpuRegs::Bits64(VcpuHvm64::default());
    /// // SAFETY: no vCPU runs here.
    /// xen.perform(unsafe { Initialise::new(1, registers) })?;
    /// xen.perform(Up::new(1))?;
    /// assert_eq!(xen.perform(IsUp::new(1))?, true);
    /// # Ok::<(), XenError>(())
    /// ```
    Up = ops::Up => (), |_| ();
    /// `VCPUOP_down`: stops a vCPU. Stopping the last one ends the domain.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::Down;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(Down::new(0))?; // the last one
    /// assert_eq!(guest.shutdown_reason(), Some(0)); // SHUTDOWN_poweroff
    /// # Ok::<(), XenError>(())
    /// ```
    Down = ops::Down => (), |_| ();
    /// `VCPUOP_is_up`: whether a vCPU is up.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::IsUp;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(IsUp::new(0))?, true);
    /// assert_eq!(xen.perform(IsUp::new(2)), Err(XenError::NOENT));
    /// # Ok::<(), XenError>(())
    /// ```
    IsUp = ops::IsUp => bool, |result| result != 0;
    /// `VCPUOP_stop_periodic_timer`: ends its periodic timer.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::StopPeriodicTimer;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(StopPeriodicTimer::new(0)), Ok(()));
    /// # Ok::<(), XenError>(())
    /// ```
    StopPeriodicTimer = ops::StopPeriodicTimer => (), |_| ();
    /// `VCPUOP_stop_singleshot_timer`: ends the timer that fires once, of the vCPU that asks.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::StopSingleshotTimer;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(StopSingleshotTimer::new(0))?;
    /// // Only its own.
    /// assert_eq!(xen.perform(StopSingleshotTimer::new(1)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    StopSingleshotTimer = ops::StopSingleshotTimer => (), |_| ();
    /// `VCPUOP_send_nmi`: sends it a non-maskable interrupt.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::SendNmi;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(SendNmi::new(1))?;
    /// assert_eq!(xen.perform(SendNmi::new(2)), Err(XenError::NOENT));
    /// # Ok::<(), XenError>(())
    /// ```
    SendNmi = ops::SendNmi => (), |_| ();
}

request! {
    /// `VCPUOP_get_runstate_info`: what a vCPU has done with its time.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::vcpu::Runstate;
    /// use xen_hypercall::vcpu::GetRunstate;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(GetRunstate::new(0))?.state, Runstate::RUNNING);
    /// assert_eq!(xen.perform(GetRunstate::new(1))?.state, Runstate::OFFLINE);
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::GetPhysid;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // Only vCPUs of the hardware domain that are pinned have one.
    /// assert_eq!(xen.perform(GetPhysid::new(0)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::SetPeriodicTimer;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(SetPeriodicTimer::new(0, 1_000_000))?;
    /// assert_eq!(xen.perform(SetPeriodicTimer::new(0, 1_000)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::SetSingleshotTimer;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(SetSingleshotTimer::new(0, 5_000_000))?;
    /// // Only its own.
    /// assert_eq!(xen.perform(SetSingleshotTimer::new(1, 0)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::RegisterVcpuInfo;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses the frame.
    /// let place = || unsafe { RegisterVcpuInfo::new(0, Gfn(5), 64) };
    /// xen.perform(place())?;
    /// assert_eq!(xen.perform(place()), Err(XenError::BUSY)); // for good
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::RegisterRunstate;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses what this domain has there.
    /// let place = unsafe { RegisterRunstate::new(0, 0xffff_0000_0000) };
    /// assert_eq!(xen.perform(place), Ok(()));
    /// # Ok::<(), XenError>(())
    /// ```
    RegisterRunstate = ops::RegisterRunstateMemoryArea, VcpuRegisterRunstateMemoryArea, "a virtual";
    /// `VCPUOP_register_runstate_phys_area`: keeps the runstate of a vCPU in memory.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::RegisterRunstatePhys;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses that memory.
    /// let place = |address| xen.perform(unsafe { RegisterRunstatePhys::new(0, address) });
    /// place(0x5000)?;
    /// assert_eq!(place(0x5ff8), Err(XenError::NXIO)); // two pages
    /// # Ok::<(), XenError>(())
    /// ```
    RegisterRunstatePhys = ops::RegisterRunstatePhysArea, VcpuRegisterRunstateMemoryArea,
        "a guest-physical";
    /// `VCPUOP_register_vcpu_time_memory_area`: keeps the time in memory, for a vCPU.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::RegisterTime;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses what this domain has there.
    /// let place = unsafe { RegisterTime::new(0, 0xffff_0000_0000) };
    /// assert_eq!(xen.perform(place), Ok(()));
    /// # Ok::<(), XenError>(())
    /// ```
    RegisterTime = ops::RegisterVcpuTimeMemoryArea, VcpuRegisterTimeMemoryArea, "a virtual";
    /// `VCPUOP_register_vcpu_time_phys_area`: keeps the time in memory, for a vCPU.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::vcpu::RegisterTimePhys;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses that memory.
    /// let place = |address| xen.perform(unsafe { RegisterTimePhys::new(0, address) });
    /// place(0x5000)?;
    /// assert_eq!(place(0x5ff8), Err(XenError::NXIO)); // two pages
    /// # Ok::<(), XenError>(())
    /// ```
    RegisterTimePhys = ops::RegisterVcpuTimePhysArea, VcpuRegisterTimeMemoryArea,
        "a guest-physical";
}
