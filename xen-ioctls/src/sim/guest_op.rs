// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The scheduler's, HVM guests' and vCPUs' hypercalls as Xen performs them
//! (xen/common/sched/core.c, xen/common/domain.c, xen/arch/x86/hvm/hvm.c, xen/arch/arm/domain.c).
//! Whoever calls is vCPU 0 of its domain; nothing ever waits.

use xen_hypercall::abi::hvm::{
    self, Param, XenHvmEvtchnUpcallVector, XenHvmGetMemType, XenHvmGetTime, XenHvmParam,
};
use xen_hypercall::abi::sched::{
    Reason, SchedPoll, SchedRemoteShutdown, SchedShutdown, SchedWatchdog, numbers as sched,
};
use xen_hypercall::abi::vcpu::{
    Runstate, VcpuHvmContext, VcpuRegisterVcpuInfo, VcpuRunstateInfo, VcpuSetPeriodicTimer,
    VcpuTimeInfo, numbers as vcpu,
};
use zerocopy::IntoBytes;

use super::state::{HOST, State};
use super::{Answer, Arch};

/// `NR_DOMAIN_WATCHDOG_TIMERS`.
const WATCHDOGS: usize = 2;
/// Ports of one poll.
const POLLED: u32 = 128;
/// The shortest period of a timer in nanoseconds.
const SHORTEST: u64 = 1_000_000;
/// `HVMMEM_ram_rw`.
const RAM: u16 = 0;
/// `HVMMEM_mmio_dm`.
const MMIO: u16 = 2;
/// Xen 4.18, which has areas at guest-physical addresses.
const PHYSICAL_AREAS: u32 = 0x0004_0012;
/// `sizeof(vcpu_info_t)`.
const VCPU_INFO: usize = 64;

/// A vCPU, beside its part in ioreqs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VcpuState {
    /// It has registers to start with.
    initialised: bool,
    up: bool,
    /// Its info is placed, which happens once.
    placed: bool,
}

impl VcpuState {
    /// The one that a domain starts with, and the others.
    pub fn of(vcpus: usize) -> Vec<Self> {
        let first = Self {
            initialised: true,
            up: true,
            placed: false,
        };
        let others = std::iter::repeat(Self::default());
        std::iter::once(first).chain(others).take(vcpus).collect()
    }
}

impl State {
    /// `domain_shutdown`: the first reason counts.
    pub fn shut_down(&mut self, domain: u16, reason: u32) -> Answer<()> {
        let domain = self.domain_mut(domain)?;
        let reason = domain.shutdown_code.unwrap_or(reason);
        domain.shutdown_code = Some(reason);
        domain.shut_down = true;
        self.changed();
        Ok(())
    }

    pub fn sched_op(&mut self, caller: u16, number: u32, at: u64) -> Answer<u64> {
        match number {
            sched::YIELD | sched::BLOCK => {}
            sched::SHUTDOWN => {
                let args: SchedShutdown = self.copy_in(at)?;
                self.shut_down(caller, args.reason.0)?;
            }
            sched::SHUTDOWN_CODE => {
                let args: SchedShutdown = self.copy_in(at)?;
                let code = &mut self.domain_mut(caller)?.shutdown_code;
                *code = code.or(Some(args.reason.0));
            }
            sched::POLL => {
                let args: SchedPoll = self.copy_in(at)?;
                if args.nr_ports > POLLED {
                    return Err(libc::EINVAL);
                }
                for n in 0..u64::from(args.nr_ports) {
                    let port: u32 = self.copy_in(args.ports + n * 4)?;
                    self.channel_mut(caller, port).ok_or(libc::EINVAL)?;
                }
            }
            sched::REMOTE_SHUTDOWN => {
                let args: SchedRemoteShutdown = self.copy_in(at)?;
                self.domain(args.domain_id.0)?;
                self.target(caller, args.domain_id.0)?;
                self.shut_down(args.domain_id.0, args.reason.0)?;
            }
            sched::WATCHDOG => return self.watchdog(caller, at),
            sched::PIN_OVERRIDE if caller != HOST => return Err(libc::EPERM),
            sched::PIN_OVERRIDE => {
                let _cpu: i32 = self.copy_in(at)?;
            }
            _ => return Err(libc::ENOSYS),
        }
        Ok(0)
    }

    fn watchdog(&mut self, caller: u16, at: u64) -> Answer<u64> {
        let args: SchedWatchdog = self.copy_in(at)?;
        let used = &mut self.domain_mut(caller)?.watchdogs;
        let id = usize::try_from(args.id).or(Err(libc::EINVAL))?;
        match id.checked_sub(1) {
            None => {
                let free = (0..WATCHDOGS).find(|n| !used.contains(n));
                let free = free.ok_or(libc::ENOSPC)?;
                used.push(free);
                u64::try_from(free + 1).or(Err(libc::ENOSPC))
            }
            Some(n) if !used.contains(&n) => Err(libc::EINVAL),
            Some(n) => {
                if args.timeout == 0 {
                    used.retain(|used| *used != n);
                }
                Ok(0)
            }
        }
    }

    pub fn hvm_op(&mut self, caller: u16, number: u32, at: u64) -> Answer<u64> {
        match number {
            hvm::numbers::SET_PARAM | hvm::numbers::GET_PARAM => {
                let mut args: XenHvmParam = self.copy_in(at)?;
                let domain = self.owner(caller, args.domid.0)?;
                let own = domain == caller;
                if domain == HOST || args.index.0 >= hvm::NR_PARAMS {
                    return Err(libc::EINVAL);
                }
                let params = &mut self.domain_mut(domain)?.params;
                if number == hvm::numbers::SET_PARAM {
                    may_set(own, args.index)?;
                    params.insert(args.index.0, args.value);
                    return Ok(0);
                }
                may_get(own, args.index)?;
                args.value = params.get(&args.index.0).copied().unwrap_or(0);
                self.copy_out(at, args.as_bytes()).map(|()| 0)
            }
            hvm::numbers::FLUSH_TLBS if self.config.arch == Arch::X86 => match at {
                0 => Ok(0),
                _ => Err(libc::EINVAL),
            },
            number if self.config.arch == Arch::X86 => self.hvm_op_x86(caller, number, at),
            _ => Err(libc::ENOSYS),
        }
    }

    fn hvm_op_x86(&mut self, caller: u16, number: u32, at: u64) -> Answer<u64> {
        match number {
            hvm::numbers::GET_TIME => {
                let elapsed = self.started.elapsed().as_nanos();
                let now = u64::try_from(elapsed).or(Err(libc::EINVAL))?;
                self.copy_out(at, XenHvmGetTime { now }.as_bytes())?;
            }
            hvm::numbers::GET_MEM_TYPE => {
                let mut args: XenHvmGetMemType = self.copy_in(at)?;
                let domain = self.owner(caller, args.domid.0)?;
                let domain = self.domain(domain)?;
                args.mem_type = match domain.memory.get(args.pfn.0) {
                    Some(_) => domain.types.get(&args.pfn.0).copied().unwrap_or(RAM),
                    None => MMIO,
                };
                self.copy_out(at, args.as_bytes())?;
            }
            hvm::numbers::SET_EVTCHN_UPCALL_VECTOR => {
                let args: XenHvmEvtchnUpcallVector = self.copy_in(at)?;
                if args.vector < 0x10 {
                    return Err(libc::EINVAL);
                }
                self.vcpu_of(caller, args.vcpu)?;
            }
            _ => return Err(libc::ENOSYS),
        }
        Ok(0)
    }

    /// The domain that is meant, which `caller` must be or have power over.
    pub fn owner(&mut self, caller: u16, domain: u16) -> Answer<u16> {
        if domain == xen_hypercall::DomId::SELF.0 || domain == caller {
            return Ok(caller);
        }
        self.domain(domain)?;
        self.target(caller, domain).map(|_| domain)
    }

    pub fn vcpu_op(&mut self, caller: u16, number: u32, id: u64, at: u64) -> Answer<u64> {
        let common = [
            vcpu::REGISTER_VCPU_INFO,
            vcpu::REGISTER_RUNSTATE_MEMORY_AREA,
        ];
        if self.config.arch == Arch::Arm && !common.contains(&number) {
            return Err(libc::EINVAL);
        }
        let id = usize::try_from(id).or(Err(libc::ENOENT))?;
        let state = self.domain(caller)?.vcpu_states.get(id).copied();
        let state = state.ok_or(libc::ENOENT)?;
        match number {
            vcpu::INITIALISE => {
                let context: VcpuHvmContext = self.copy_in(at)?;
                let valid = context.cpu_regs_value();
                if state.initialised {
                    return Err(libc::EEXIST);
                }
                valid.or(Err(libc::EINVAL))?;
                self.vcpu_state(caller, id)?.initialised = true;
            }
            vcpu::UP if !state.initialised => return Err(libc::EINVAL),
            vcpu::UP => self.vcpu_state(caller, id)?.up = true,
            vcpu::DOWN => return self.vcpu_down(caller, id),
            vcpu::IS_UP => return Ok(state.up.into()),
            vcpu::GET_RUNSTATE_INFO => {
                let info = VcpuRunstateInfo {
                    state: match state.up {
                        true => Runstate::RUNNING,
                        false => Runstate::OFFLINE,
                    },
                    ..Default::default()
                };
                self.copy_out(at, info.as_bytes())?;
            }
            vcpu::SET_PERIODIC_TIMER => {
                let args: VcpuSetPeriodicTimer = self.copy_in(at)?;
                if args.period_ns < SHORTEST {
                    return Err(libc::EINVAL);
                }
            }
            // Only of the vCPU that calls.
            vcpu::SET_SINGLESHOT_TIMER | vcpu::STOP_SINGLESHOT_TIMER if id != 0 => {
                return Err(libc::EINVAL);
            }
            vcpu::SET_SINGLESHOT_TIMER => {
                let _args: [u64; 2] = self.copy_in(at)?;
            }
            vcpu::STOP_PERIODIC_TIMER | vcpu::STOP_SINGLESHOT_TIMER | vcpu::SEND_NMI => {}
            vcpu::REGISTER_VCPU_INFO => self.place_vcpu_info(caller, id, at)?,
            // Nobody is pinned.
            vcpu::GET_PHYSID => return Err(libc::EINVAL),
            vcpu::REGISTER_RUNSTATE_MEMORY_AREA | vcpu::REGISTER_VCPU_TIME_MEMORY_AREA => {
                let _address: u64 = self.copy_in(at)?;
            }
            vcpu::REGISTER_RUNSTATE_PHYS_AREA if self.config.version >= PHYSICAL_AREAS => {
                self.place_area(caller, at, size_of::<VcpuRunstateInfo>())?;
            }
            vcpu::REGISTER_VCPU_TIME_PHYS_AREA if self.config.version >= PHYSICAL_AREAS => {
                self.place_area(caller, at, size_of::<VcpuTimeInfo>())?;
            }
            _ => return Err(libc::ENOSYS),
        }
        Ok(0)
    }

    fn vcpu_state(&mut self, domain: u16, id: usize) -> Answer<&mut VcpuState> {
        let states = &mut self.domain_mut(domain)?.vcpu_states;
        states.get_mut(id).ok_or(libc::ENOENT)
    }

    /// The last one takes the domain along.
    fn vcpu_down(&mut self, domain: u16, id: usize) -> Answer<u64> {
        let states = &self.domain(domain)?.vcpu_states;
        let mut others = states.iter().enumerate().filter(|(n, _)| *n != id);
        if !others.any(|(_, state)| state.up) {
            return self.shut_down(domain, Reason::POWEROFF.0).map(|()| 0);
        }
        self.vcpu_state(domain, id)?.up = false;
        Ok(0)
    }

    /// A place in memory of the caller, within a page. Nothing is written there: time is not
    /// simulated.
    fn place_area(&mut self, domain: u16, at: u64, size: usize) -> Answer<()> {
        match self.copy_in(at)? {
            // Ends it.
            u64::MAX => Ok(()),
            address => self.check_area(domain, address, size),
        }
    }

    /// `map_guest_area`, since Xen 4.18.
    fn check_area(&self, domain: u16, address: u64, size: usize) -> Answer<()> {
        let size = u64::try_from(size).or(Err(libc::ENXIO))?;
        if address % 4096 + size > 4096 || !address.is_multiple_of(8) {
            return Err(libc::ENXIO);
        }
        let memory = &self.domain(domain)?.memory;
        memory.get(address / 4096).map(drop).ok_or(libc::EINVAL)
    }

    fn place_vcpu_info(&mut self, domain: u16, id: usize, at: u64) -> Answer<()> {
        let args: VcpuRegisterVcpuInfo = self.copy_in(at)?;
        let page = args.mfn.0.checked_mul(4096).ok_or(libc::EINVAL)?;
        if args.offset >= 4096 {
            return Err(libc::EINVAL);
        }
        if self.vcpu_state(domain, id)?.placed {
            return Err(libc::EBUSY);
        }
        self.check_area(domain, page + u64::from(args.offset), VCPU_INFO)?;
        self.vcpu_state(domain, id)?.placed = true;
        Ok(())
    }
}

/// Parameters that nobody has any more.
const GONE: [Param; 4] = [
    Param::PAE_ENABLED,
    Param::DM_DOMAIN,
    Param::NESTEDHVM,
    Param::BUFIOREQ_EVTCHN,
];
/// What a guest may read of its own, and mostly set.
const OWN: [Param; 11] = [
    Param::CALLBACK_IRQ,
    Param::VM86_TSS,
    Param::VM86_TSS_SIZED,
    Param::ACPI_IOPORTS_LOCATION,
    Param::VM_GENERATION_ID_ADDR,
    Param::STORE_EVTCHN,
    Param::CONSOLE_EVTCHN,
    Param::X87_FIP_WIDTH,
    Param::STORE_PFN,
    Param::CONSOLE_PFN,
    Param::ALTP2M,
];
/// What of it it may not set.
const READ_ONLY: [Param; 3] = [Param::STORE_PFN, Param::CONSOLE_PFN, Param::ALTP2M];

fn may_get(own: bool, param: Param) -> Answer<()> {
    match param {
        param if GONE.contains(&param) => Err(libc::EINVAL),
        param if own && !OWN.contains(&param) => Err(libc::EPERM),
        _ => Ok(()),
    }
}

fn may_set(own: bool, param: Param) -> Answer<()> {
    may_get(own, param)?;
    match own && READ_ONLY.contains(&param) {
        true => Err(libc::EPERM),
        false => Ok(()),
    }
}
