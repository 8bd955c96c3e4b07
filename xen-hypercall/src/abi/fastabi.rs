// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/*.yaml by `xen-abi generate`: edit those files.

//! Hypercalls whose arguments are registers, for guests of a Xen that has the FastABI.
//!
//! No released Xen has it: ask [`detect`](crate::fastabi::detect), and use the classic calls
//! otherwise ([`call`](crate::fastabi::call) does both).

// UNSAFE: enters the hypervisor.
#![expect(unsafe_code, reason = "enters the hypervisor")]

/// The instruction that enters the hypervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Intel's.
    Vmcall,
    /// AMD's.
    Vmmcall,
    /// None: an undefined instruction, for a process that plays the hypervisor in a handler of
    /// `SIGILL`.
    Undefined,
}

macro_rules! call {
    ($instruction:expr, $($operands:tt)*) => {
        match $instruction {
            Instruction::Vmcall => {
                // SAFETY: the caller of the stub vouches for the operation; the operands name
                // every register that the hypervisor reads or writes.
                unsafe { core::arch::asm!("vmcall", $($operands)*, options(nostack)) }
            }
            Instruction::Vmmcall => {
                // SAFETY: as for vmcall.
                unsafe { core::arch::asm!("vmmcall", $($operands)*, options(nostack)) }
            }
            Instruction::Undefined => {
                // SAFETY: as for vmcall; the handler keeps to the same convention.
                unsafe { core::arch::asm!("ud2", $($operands)*, options(nostack)) }
            }
        }
    };
}

/// The low bits of a register.
fn low<const N: usize>(register: u64) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&register.to_le_bytes()[..N]);
    bytes
}

/// An operation that can be called in registers.
pub trait FastOperation: crate::operation::Operation {
    /// Takes the inputs from `args`, and puts the outputs there when the call has succeeded.
    ///
    /// # Errors
    ///
    /// The result when it is negative: `-errno`. `args` is as it was.
    ///
    /// # Safety
    ///
    /// The hypervisor must have the FastABI, and the operation must be sound for the caller.
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64>;
}

/// What [`event_channel_bind_interdomain`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelBindInterdomainOutput {
    /// The result itself.
    pub result: u64,
    /// `local_port`, from `r9`.
    pub local_port: u32,
}

/// Operation `bind_interdomain` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_bind_interdomain(
    instruction: Instruction,
    remote_dom: u16,
    remote_port: u32,
) -> Result<EventChannelBindInterdomainOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 0_u64, in("rsi") u64::from(remote_dom), in("r8") u64::from(remote_port), lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelBindInterdomainOutput {
        result: rax.cast_unsigned(),
        local_port: u32::from_le_bytes(low(out_r9)),
    })
}

/// What [`event_channel_bind_virq`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelBindVirqOutput {
    /// The result itself.
    pub result: u64,
    /// `port`, from `r9`.
    pub port: u32,
}

/// Operation `bind_virq` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_bind_virq(
    instruction: Instruction,
    virq: u32,
    vcpu: u32,
) -> Result<EventChannelBindVirqOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 1_u64, in("rsi") u64::from(virq), in("r8") u64::from(vcpu), lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelBindVirqOutput {
        result: rax.cast_unsigned(),
        port: u32::from_le_bytes(low(out_r9)),
    })
}

/// What [`event_channel_bind_pirq`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelBindPirqOutput {
    /// The result itself.
    pub result: u64,
    /// `port`, from `r9`.
    pub port: u32,
}

/// Operation `bind_pirq` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_bind_pirq(
    instruction: Instruction,
    pirq: u32,
    flags: u32,
) -> Result<EventChannelBindPirqOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 2_u64, in("rsi") u64::from(pirq), in("r8") u64::from(flags), lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelBindPirqOutput {
        result: rax.cast_unsigned(),
        port: u32::from_le_bytes(low(out_r9)),
    })
}

/// Operation `close` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_close(instruction: Instruction, port: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 3_u64, in("rsi") u64::from(port));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `send` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_send(instruction: Instruction, port: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 4_u64, in("rsi") u64::from(port));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`event_channel_status`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelStatusOutput {
    /// The result itself.
    pub result: u64,
    /// `status`, from `r9`.
    pub status: u32,
    /// `vcpu`, from `r10`.
    pub vcpu: u32,
    /// `output1`, from `r11`.
    pub output1: u64,
    /// `output2`, from `r12`.
    pub output2: u64,
}

/// Operation `status` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_status(
    instruction: Instruction,
    dom: u16,
    port: u32,
) -> Result<EventChannelStatusOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    let out_r10: u64;
    let out_r11: u64;
    let out_r12: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 5_u64, in("rsi") u64::from(dom), in("r8") u64::from(port), lateout("r9") out_r9, lateout("r10") out_r10, lateout("r11") out_r11, lateout("r12") out_r12);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelStatusOutput {
        result: rax.cast_unsigned(),
        status: u32::from_le_bytes(low(out_r9)),
        vcpu: u32::from_le_bytes(low(out_r10)),
        output1: out_r11,
        output2: out_r12,
    })
}

/// What [`event_channel_alloc_unbound`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelAllocUnboundOutput {
    /// The result itself.
    pub result: u64,
    /// `port`, from `r9`.
    pub port: u32,
}

/// Operation `alloc_unbound` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_alloc_unbound(
    instruction: Instruction,
    dom: u16,
    remote_dom: u16,
) -> Result<EventChannelAllocUnboundOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 6_u64, in("rsi") u64::from(dom), in("r8") u64::from(remote_dom), lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelAllocUnboundOutput {
        result: rax.cast_unsigned(),
        port: u32::from_le_bytes(low(out_r9)),
    })
}

/// What [`event_channel_bind_ipi`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelBindIpiOutput {
    /// The result itself.
    pub result: u64,
    /// `port`, from `r9`.
    pub port: u32,
}

/// Operation `bind_ipi` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_bind_ipi(
    instruction: Instruction,
    vcpu: u32,
) -> Result<EventChannelBindIpiOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 7_u64, in("rsi") u64::from(vcpu), lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelBindIpiOutput {
        result: rax.cast_unsigned(),
        port: u32::from_le_bytes(low(out_r9)),
    })
}

/// Operation `bind_vcpu` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_bind_vcpu(
    instruction: Instruction,
    vcpu: u32,
    port: u32,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 8_u64, in("rsi") u64::from(vcpu), in("r8") u64::from(port));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `unmask` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_unmask(instruction: Instruction, port: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 9_u64, in("rsi") u64::from(port));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `reset` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_reset(instruction: Instruction, dom: u16) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 10_u64, in("rsi") u64::from(dom));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`event_channel_init_control`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChannelInitControlOutput {
    /// The result itself.
    pub result: u64,
    /// `link_bits`, from `r10`.
    pub link_bits: u8,
}

/// Operation `init_control` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_init_control(
    instruction: Instruction,
    control_gfn: u64,
    offset: u32,
    vcpu: u32,
) -> Result<EventChannelInitControlOutput, i64> {
    let rax: i64;
    let out_r10: u64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 11_u64, in("rsi") control_gfn, in("r8") u64::from(offset), in("r9") u64::from(vcpu), lateout("r10") out_r10);
    if rax < 0 {
        return Err(rax);
    }
    Ok(EventChannelInitControlOutput {
        result: rax.cast_unsigned(),
        link_bits: u8::from_le_bytes(low(out_r10)),
    })
}

/// Operation `expand_array` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_expand_array(
    instruction: Instruction,
    array_gfn: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 12_u64, in("rsi") array_gfn);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `set_priority` of `event_channel` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn event_channel_set_priority(
    instruction: Instruction,
    port: u32,
    priority: u32,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000020_i64 => rax, in("rdi") 13_u64, in("rsi") u64::from(port), in("r8") u64::from(priority));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`grant_table_map_grant_ref`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTableMapGrantRefOutput {
    /// The result itself.
    pub result: u64,
    /// `handle`, from `r11`.
    pub handle: u32,
    /// `status`, from `r12`.
    pub status: i16,
}

/// Operation `map_grant_ref` of `grant_table` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn grant_table_map_grant_ref(
    instruction: Instruction,
    dom: u16,
    host_addr: u64,
    flags: u32,
    ref_: u32,
) -> Result<GrantTableMapGrantRefOutput, i64> {
    let rax: i64;
    let out_r11: u64;
    let out_r12: u64;
    call!(instruction, inlateout("rax") 0x40000014_i64 => rax, in("rdi") 0_u64, in("rsi") u64::from(dom), in("r8") host_addr, in("r9") u64::from(flags), in("r10") u64::from(ref_), lateout("r11") out_r11, lateout("r12") out_r12);
    if rax < 0 {
        return Err(rax);
    }
    Ok(GrantTableMapGrantRefOutput {
        result: rax.cast_unsigned(),
        handle: u32::from_le_bytes(low(out_r11)),
        status: i16::from_le_bytes(low(out_r12)),
    })
}

/// Operation `unmap_grant_ref` of `grant_table` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn grant_table_unmap_grant_ref(
    instruction: Instruction,
    host_addr: u64,
    handle: u32,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000014_i64 => rax, in("rdi") 1_u64, in("r8") host_addr, in("r11") u64::from(handle));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`grant_table_query_size`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTableQuerySizeOutput {
    /// The result itself.
    pub result: u64,
    /// `nr_frames`, from `rsi`.
    pub nr_frames: u32,
    /// `max_nr_frames`, from `r8`.
    pub max_nr_frames: u32,
}

/// Operation `query_size` of `grant_table` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn grant_table_query_size(
    instruction: Instruction,
) -> Result<GrantTableQuerySizeOutput, i64> {
    let rax: i64;
    let out_rsi: u64;
    let out_r8: u64;
    call!(instruction, inlateout("rax") 0x40000014_i64 => rax, in("rdi") 6_u64, lateout("rsi") out_rsi, lateout("r8") out_r8);
    if rax < 0 {
        return Err(rax);
    }
    Ok(GrantTableQuerySizeOutput {
        result: rax.cast_unsigned(),
        nr_frames: u32::from_le_bytes(low(out_rsi)),
        max_nr_frames: u32::from_le_bytes(low(out_r8)),
    })
}

/// Operation `set_version` of `grant_table` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn grant_table_set_version(instruction: Instruction, version: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000014_i64 => rax, in("rdi") 8_u64, in("rsi") u64::from(version));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`grant_table_get_version`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTableGetVersionOutput {
    /// The result itself.
    pub result: u64,
    /// `version`, from `rsi`.
    pub version: u32,
}

/// Operation `get_version` of `grant_table` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn grant_table_get_version(
    instruction: Instruction,
) -> Result<GrantTableGetVersionOutput, i64> {
    let rax: i64;
    let out_rsi: u64;
    call!(instruction, inlateout("rax") 0x40000014_i64 => rax, in("rdi") 10_u64, lateout("rsi") out_rsi);
    if rax < 0 {
        return Err(rax);
    }
    Ok(GrantTableGetVersionOutput {
        result: rax.cast_unsigned(),
        version: u32::from_le_bytes(low(out_rsi)),
    })
}

/// Operation `set_param` of `hvm` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn hvm_set_param(
    instruction: Instruction,
    domid: u16,
    index: u32,
    value: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000022_i64 => rax, in("rdi") 0_u64, in("rsi") u64::from(domid), in("r8") u64::from(index), in("r9") value);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`hvm_get_param`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HvmGetParamOutput {
    /// The result itself.
    pub result: u64,
    /// `value`, from `r9`.
    pub value: u64,
}

/// Operation `get_param` of `hvm` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn hvm_get_param(
    instruction: Instruction,
    domid: u16,
    index: u32,
) -> Result<HvmGetParamOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000022_i64 => rax, in("rdi") 1_u64, in("rsi") u64::from(domid), in("r8") u64::from(index), lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(HvmGetParamOutput {
        result: rax.cast_unsigned(),
        value: out_r9,
    })
}

/// Operation `flush_tlbs` of `hvm` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn hvm_flush_tlbs(instruction: Instruction) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000022_i64 => rax, in("rdi") 5_u64);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`hvm_get_time`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HvmGetTimeOutput {
    /// The result itself.
    pub result: u64,
    /// `now`, from `rsi`.
    pub now: u64,
}

/// Operation `get_time` of `hvm` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn hvm_get_time(instruction: Instruction) -> Result<HvmGetTimeOutput, i64> {
    let rax: i64;
    let out_rsi: u64;
    call!(instruction, inlateout("rax") 0x40000022_i64 => rax, in("rdi") 10_u64, lateout("rsi") out_rsi);
    if rax < 0 {
        return Err(rax);
    }
    Ok(HvmGetTimeOutput {
        result: rax.cast_unsigned(),
        now: out_rsi,
    })
}

/// What [`hvm_get_mem_type`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HvmGetMemTypeOutput {
    /// The result itself.
    pub result: u64,
    /// `mem_type`, from `r9`.
    pub mem_type: u16,
}

/// Operation `get_mem_type` of `hvm` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn hvm_get_mem_type(
    instruction: Instruction,
    domid: u16,
    pfn: u64,
) -> Result<HvmGetMemTypeOutput, i64> {
    let rax: i64;
    let out_r9: u64;
    call!(instruction, inlateout("rax") 0x40000022_i64 => rax, in("rdi") 15_u64, in("rsi") u64::from(domid), in("r8") pfn, lateout("r9") out_r9);
    if rax < 0 {
        return Err(rax);
    }
    Ok(HvmGetMemTypeOutput {
        result: rax.cast_unsigned(),
        mem_type: u16::from_le_bytes(low(out_r9)),
    })
}

/// Operation `set_evtchn_upcall_vector` of `hvm` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn hvm_set_evtchn_upcall_vector(
    instruction: Instruction,
    vcpu: u32,
    vector: u8,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000022_i64 => rax, in("rdi") 23_u64, in("rsi") u64::from(vcpu), in("r8") u64::from(vector));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `memory_map` of `memory` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn memory_memory_map(
    instruction: Instruction,
    nr_entries: u32,
    buffer: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000000c_i64 => rax, in("rdi") 9_u64, in("rsi") u64::from(nr_entries), in("r8") buffer);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `yield` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_yield(instruction: Instruction) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 0_u64);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `block` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_block(instruction: Instruction) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 1_u64);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `shutdown` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_shutdown(instruction: Instruction, reason: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 2_u64, in("rsi") u64::from(reason));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `poll` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_poll(instruction: Instruction, timeout: u64, port: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 3_u64, in("rsi") timeout, in("r8") u64::from(port));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `shutdown_code` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_shutdown_code(instruction: Instruction, reason: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 5_u64, in("rsi") u64::from(reason));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `watchdog` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_watchdog(instruction: Instruction, id: u32, timeout: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 6_u64, in("rsi") u64::from(id), in("r8") u64::from(timeout));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `pin_override` of `sched` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn sched_pin_override(instruction: Instruction, pcpu: i32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x4000001d_i64 => rax, in("rdi") 7_u64, in("rsi") i64::from(pcpu).cast_unsigned());
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `initialise` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_initialise(
    instruction: Instruction,
    vcpuid: u32,
    context_gfn: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 0_u64, in("rsi") u64::from(vcpuid), in("r8") context_gfn);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `up` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_up(instruction: Instruction, vcpuid: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 1_u64, in("rsi") u64::from(vcpuid));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `down` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_down(instruction: Instruction, vcpuid: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 2_u64, in("rsi") u64::from(vcpuid));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `is_up` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_is_up(instruction: Instruction, vcpuid: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 3_u64, in("rsi") u64::from(vcpuid));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`vcpu_get_runstate_info`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VcpuGetRunstateInfoOutput {
    /// The result itself.
    pub result: u64,
    /// `state`, from `rsi`.
    pub state: i32,
    /// `state_entry_time`, from `r8`.
    pub state_entry_time: u64,
    /// `time[0]`, from `r9`.
    pub time_0: u64,
    /// `time[1]`, from `r10`.
    pub time_1: u64,
    /// `time[2]`, from `r11`.
    pub time_2: u64,
    /// `time[3]`, from `r12`.
    pub time_3: u64,
}

/// Operation `get_runstate_info` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_get_runstate_info(
    instruction: Instruction,
    vcpuid: u32,
) -> Result<VcpuGetRunstateInfoOutput, i64> {
    let rax: i64;
    let out_rsi: u64;
    let out_r8: u64;
    let out_r9: u64;
    let out_r10: u64;
    let out_r11: u64;
    let out_r12: u64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 4_u64, inlateout("rsi") u64::from(vcpuid) => out_rsi, lateout("r8") out_r8, lateout("r9") out_r9, lateout("r10") out_r10, lateout("r11") out_r11, lateout("r12") out_r12);
    if rax < 0 {
        return Err(rax);
    }
    Ok(VcpuGetRunstateInfoOutput {
        result: rax.cast_unsigned(),
        state: i32::from_le_bytes(low(out_rsi)),
        state_entry_time: out_r8,
        time_0: out_r9,
        time_1: out_r10,
        time_2: out_r11,
        time_3: out_r12,
    })
}

/// Operation `set_periodic_timer` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_set_periodic_timer(
    instruction: Instruction,
    vcpuid: u32,
    period_ns: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 6_u64, in("rsi") u64::from(vcpuid), in("r8") period_ns);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `stop_periodic_timer` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_stop_periodic_timer(instruction: Instruction, vcpuid: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 7_u64, in("rsi") u64::from(vcpuid));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `set_singleshot_timer` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_set_singleshot_timer(
    instruction: Instruction,
    vcpuid: u32,
    timeout_abs_ns: u64,
    flags: u32,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 8_u64, in("rsi") u64::from(vcpuid), in("r8") timeout_abs_ns, in("r9") u64::from(flags));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `stop_singleshot_timer` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_stop_singleshot_timer(
    instruction: Instruction,
    vcpuid: u32,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 9_u64, in("rsi") u64::from(vcpuid));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `register_vcpu_info` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_register_vcpu_info(
    instruction: Instruction,
    vcpuid: u32,
    mfn: u64,
    offset: u32,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 10_u64, in("rsi") u64::from(vcpuid), in("r8") mfn, in("r9") u64::from(offset));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `send_nmi` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_send_nmi(instruction: Instruction, vcpuid: u32) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 11_u64, in("rsi") u64::from(vcpuid));
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `get_physid` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_get_physid(
    instruction: Instruction,
    vcpuid: u32,
    phys_id: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 12_u64, in("rsi") u64::from(vcpuid), in("r8") phys_id);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `register_runstate_phys_area` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_register_runstate_phys_area(
    instruction: Instruction,
    vcpuid: u32,
    addr_p: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 14_u64, in("rsi") u64::from(vcpuid), in("r8") addr_p);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `register_vcpu_time_phys_area` of `vcpu` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn vcpu_register_vcpu_time_phys_area(
    instruction: Instruction,
    vcpuid: u32,
    addr_p: u64,
) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000018_i64 => rax, in("rdi") 15_u64, in("rsi") u64::from(vcpuid), in("r8") addr_p);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// Operation `version` of `version` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn version_version(instruction: Instruction) -> Result<u64, i64> {
    let rax: i64;
    call!(instruction, inlateout("rax") 0x40000011_i64 => rax, in("rdi") 0_u64);
    if rax < 0 {
        return Err(rax);
    }
    Ok(rax.cast_unsigned())
}

/// What [`version_get_features`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionGetFeaturesOutput {
    /// The result itself.
    pub result: u64,
    /// `submap`, from `r8`.
    pub submap: u32,
}

/// Operation `get_features` of `version` in registers.
///
/// # Errors
///
/// The result when it is negative: `-errno`. No output is read then.
///
/// # Safety
///
/// The hypervisor must have the FastABI, and the operation must be sound for the caller.
pub unsafe fn version_get_features(
    instruction: Instruction,
    submap_idx: u32,
) -> Result<VersionGetFeaturesOutput, i64> {
    let rax: i64;
    let out_r8: u64;
    call!(instruction, inlateout("rax") 0x40000011_i64 => rax, in("rdi") 6_u64, in("rsi") u64::from(submap_idx), lateout("r8") out_r8);
    if rax < 0 {
        return Err(rax);
    }
    Ok(VersionGetFeaturesOutput {
        result: rax.cast_unsigned(),
        submap: u32::from_le_bytes(low(out_r8)),
    })
}

impl FastOperation for super::event_channel::ops::BindInterdomain {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe {
            event_channel_bind_interdomain(instruction, args.remote_dom.0, args.remote_port.0)
        }?;
        args.local_port.0 = output.local_port;
        Ok(output.result)
    }
}

impl FastOperation for super::event_channel::ops::BindVirq {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { event_channel_bind_virq(instruction, args.virq, args.vcpu) }?;
        args.port.0 = output.port;
        Ok(output.result)
    }
}

impl FastOperation for super::event_channel::ops::BindPirq {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { event_channel_bind_pirq(instruction, args.pirq, args.flags) }?;
        args.port.0 = output.port;
        Ok(output.result)
    }
}

impl FastOperation for super::event_channel::ops::Close {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_close(instruction, args.port.0) }
    }
}

impl FastOperation for super::event_channel::ops::Send {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_send(instruction, args.port.0) }
    }
}

impl FastOperation for super::event_channel::ops::AllocUnbound {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output =
            unsafe { event_channel_alloc_unbound(instruction, args.dom.0, args.remote_dom.0) }?;
        args.port.0 = output.port;
        Ok(output.result)
    }
}

impl FastOperation for super::event_channel::ops::BindIpi {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { event_channel_bind_ipi(instruction, args.vcpu) }?;
        args.port.0 = output.port;
        Ok(output.result)
    }
}

impl FastOperation for super::event_channel::ops::BindVcpu {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_bind_vcpu(instruction, args.vcpu, args.port.0) }
    }
}

impl FastOperation for super::event_channel::ops::Unmask {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_unmask(instruction, args.port.0) }
    }
}

impl FastOperation for super::event_channel::ops::Reset {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_reset(instruction, args.dom.0) }
    }
}

impl FastOperation for super::event_channel::ops::InitControl {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe {
            event_channel_init_control(instruction, args.control_gfn.0, args.offset, args.vcpu)
        }?;
        args.link_bits = output.link_bits;
        Ok(output.result)
    }
}

impl FastOperation for super::event_channel::ops::ExpandArray {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_expand_array(instruction, args.array_gfn.0) }
    }
}

impl FastOperation for super::event_channel::ops::SetPriority {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { event_channel_set_priority(instruction, args.port.0, args.priority) }
    }
}

impl FastOperation for super::grant_table::ops::MapGrantRef {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe {
            grant_table_map_grant_ref(
                instruction,
                args.dom.0,
                args.host_addr,
                args.flags.0,
                args.gref.0,
            )
        }?;
        args.handle = output.handle;
        args.status.0 = output.status;
        Ok(output.result)
    }
}

impl FastOperation for super::grant_table::ops::UnmapGrantRef {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { grant_table_unmap_grant_ref(instruction, args.host_addr, args.handle) }
    }
}

impl FastOperation for super::grant_table::ops::QuerySize {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { grant_table_query_size(instruction) }?;
        args.nr_frames = output.nr_frames;
        args.max_nr_frames = output.max_nr_frames;
        Ok(output.result)
    }
}

impl FastOperation for super::grant_table::ops::SetVersion {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { grant_table_set_version(instruction, args.version) }
    }
}

impl FastOperation for super::grant_table::ops::GetVersion {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { grant_table_get_version(instruction) }?;
        args.version = output.version;
        Ok(output.result)
    }
}

impl FastOperation for super::hvm::ops::SetParam {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { hvm_set_param(instruction, args.domid.0, args.index.0, args.value) }
    }
}

impl FastOperation for super::hvm::ops::GetParam {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { hvm_get_param(instruction, args.domid.0, args.index.0) }?;
        args.value = output.value;
        Ok(output.result)
    }
}

impl FastOperation for super::hvm::ops::FlushTlbs {
    unsafe fn fast(instruction: Instruction, _args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { hvm_flush_tlbs(instruction) }
    }
}

impl FastOperation for super::hvm::ops::GetTime {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { hvm_get_time(instruction) }?;
        args.now = output.now;
        Ok(output.result)
    }
}

impl FastOperation for super::hvm::ops::GetMemType {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { hvm_get_mem_type(instruction, args.domid.0, args.pfn.0) }?;
        args.mem_type = output.mem_type;
        Ok(output.result)
    }
}

impl FastOperation for super::hvm::ops::SetEvtchnUpcallVector {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { hvm_set_evtchn_upcall_vector(instruction, args.vcpu, args.vector) }
    }
}

impl FastOperation for super::memory::ops::MemoryMap {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { memory_memory_map(instruction, args.nr_entries, args.buffer) }
    }
}

impl FastOperation for super::sched::ops::Yield {
    unsafe fn fast(instruction: Instruction, _args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { sched_yield(instruction) }
    }
}

impl FastOperation for super::sched::ops::Block {
    unsafe fn fast(instruction: Instruction, _args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { sched_block(instruction) }
    }
}

impl FastOperation for super::sched::ops::Shutdown {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { sched_shutdown(instruction, args.reason.0) }
    }
}

impl FastOperation for super::sched::ops::ShutdownCode {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { sched_shutdown_code(instruction, args.reason.0) }
    }
}

impl FastOperation for super::sched::ops::Watchdog {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { sched_watchdog(instruction, args.id, args.timeout) }
    }
}

impl FastOperation for super::sched::ops::PinOverride {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { sched_pin_override(instruction, args.pcpu) }
    }
}

impl FastOperation for super::version::ops::Version {
    unsafe fn fast(instruction: Instruction, _args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        unsafe { version_version(instruction) }
    }
}

impl FastOperation for super::version::ops::GetFeatures {
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64> {
        // SAFETY: the caller keeps what the stub asks.
        let output = unsafe { version_get_features(instruction, args.submap_idx) }?;
        args.submap = output.submap;
        Ok(output.result)
    }
}
