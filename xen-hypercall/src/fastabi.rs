// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Whether this Xen takes hypercalls in registers, and the way round when it does not.
//!
//! A Xen with the FastABI says so in bit 7 of `eax` of its fifth CPUID leaf. No released Xen does.
//!
//! # Example
//!
//! ```
//! use xen_hypercall::fastabi::{Abi, Cpuid, detect};
//!
//! // A Xen 4.20: no FastABI.
//! let cpuid = |leaf| match leaf {
//!     0x4000_0000 => Cpuid { eax: 0x4000_0004, ebx: 0x566e_6558, ecx: 0x65584d4d, edx: 0x4d4d566e },
//!     0x4000_0004 => Cpuid { eax: 0x0000_001d, ..Cpuid::default() },
//!     _ => Cpuid::default(),
//! };
//! assert_eq!(detect(cpuid), Abi::Classic);
//! ```

use crate::abi::fastabi::{FastOperation, Instruction};

/// The registers that a CPUID leaf gives.
///
/// # Example
///
/// ```
/// use xen_hypercall::fastabi::{Abi, Cpuid, detect};
///
/// // No hypervisor: nothing in its leaves.
/// assert_eq!(detect(|_leaf| Cpuid::default()), Abi::Classic);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the processor's names")]
pub struct Cpuid {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
}

/// How to call Xen.
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::event_channel::{EvtchnSend, ops::Send};
/// use xen_hypercall::fastabi::{Abi, call};
/// use xen_hypercall::Port;
///
/// let mut args = EvtchnSend { port: Port(3) };
/// // SAFETY: no hypervisor is entered: what plays the classic one says -EINVAL.
/// let sent = unsafe { call::<Send>(Abi::Classic, &mut args, |_hypercall, _number, _args| -22) };
/// assert_eq!(sent, Err(-22));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abi {
    /// In registers.
    Fast(Instruction),
    /// With structures in memory.
    Classic,
}

/// `XenVMMXenVMM` in `ebx`, `ecx`, `edx`.
const SIGNATURE: [u32; 3] = [0x566e_6558, 0x6558_4d4d, 0x4d4d_566e];
/// `AuthenticAMD` in `ebx`, `edx`, `ecx`, and `HygonGenuine`, which has the same instruction.
const AMD: [[u32; 3]; 2] = [
    [0x6874_7541, 0x6974_6e65, 0x444d_4163],
    [0x6f67_7948, 0x6e65_476e, 0x656e_6975],
];
/// Xen's leaves begin at a multiple of this from [`FIRST`]; other interfaces may come first.
const STEP: usize = 0x100;
const FIRST: u32 = 0x4000_0000;
/// Where hypervisors' leaves end.
const END: u32 = 0x4001_0000;
/// Offset of the leaf for HVM guests.
const HVM: u32 = 4;
/// The FastABI's bit in `eax` of that leaf.
const FASTABI: u32 = 1 << 7;

/// Asks CPUID whether Xen has the FastABI.
pub fn detect(cpuid: impl Fn(u32) -> Cpuid) -> Abi {
    let Some(base) = xen_leaves(&cpuid) else {
        return Abi::Classic;
    };
    let last = cpuid(base).eax;
    if last < base + HVM || cpuid(base + HVM).eax & FASTABI == 0 {
        return Abi::Classic;
    }
    let Cpuid { ebx, ecx, edx, .. } = cpuid(0);
    Abi::Fast(match AMD.contains(&[ebx, edx, ecx]) {
        true => Instruction::Vmmcall,
        false => Instruction::Vmcall,
    })
}

/// Where Xen's leaves begin; `None` when there is no Xen under this guest.
pub(crate) fn xen_leaves(cpuid: impl Fn(u32) -> Cpuid) -> Option<u32> {
    (FIRST..END).step_by(STEP).find(|base| {
        let Cpuid { ebx, ecx, edx, .. } = cpuid(*base);
        [ebx, ecx, edx] == SIGNATURE
    })
}

/// Calls an operation in registers, or by `classic` with hypercall, operation and structure.
///
/// # Errors
///
/// The result when it is negative: `-errno`.
///
/// # Safety
///
/// `abi` must be what [`detect`] said, and the operation must be sound for the caller.
// UNSAFE: enters the hypervisor.
#[expect(unsafe_code, reason = "enters the hypervisor")]
pub unsafe fn call<O: FastOperation>(
    abi: Abi,
    args: &mut O::Args,
    classic: impl FnOnce(u32, u32, &mut O::Args) -> i64,
) -> Result<u64, i64> {
    match abi {
        // SAFETY: as this function's own.
        Abi::Fast(instruction) => unsafe { O::fast(instruction, args) },
        Abi::Classic => {
            let result = classic(O::HYPERCALL, O::NUMBER, args);
            u64::try_from(result).map_err(|_negative| result)
        }
    }
}
