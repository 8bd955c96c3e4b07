// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Hypercalls by instruction, for firmware and guests without a kernel under them (feature
//! `native`).
//!
//! Xen reads and writes the memory of the caller itself, so nothing is copied. That asks for
//! addresses that Xen can translate: of mapped memory that is not encrypted.

// UNSAFE: a hypercall is an instruction.
#![expect(unsafe_code)]

use core::arch::asm;

use crate::XenError;
use crate::call::{ConstMemory, MutMemory, XenHypercall};
#[cfg(target_arch = "x86_64")]
use crate::fastabi::{Cpuid, xen_leaves};

#[cfg(target_arch = "x86_64")]
mod page;

#[cfg(target_arch = "x86_64")]
pub use page::{HypercallPage, page_msr};

/// Hypercalls by instruction.
///
/// # Example
///
/// ```
/// use xen_hypercall::native::Native;
/// use xen_hypercall::{XenError, version};
///
/// /// In the kernel of a guest.
/// ///
/// /// # Safety
/// ///
/// /// It is one.
/// # #[cfg(target_arch = "x86_64")]
/// unsafe fn say() -> Result<(), XenError> {
///     // SAFETY: as the caller says.
///     let xen = unsafe { Native::new() }.ok_or(XenError::NOSYS)?;
///     version::version(&xen).map(drop)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Native(Instruction);

/// The caller's own memory, which Xen reads.
///
/// # Example
///
/// ```
/// use xen_hypercall::call::ConstMemory;
/// use xen_hypercall::native::{Lent, Native};
/// use xen_hypercall::{XenError, XenHypercall};
///
/// fn lend<'a>(xen: &'a Native, text: &'a [u8]) -> Result<Lent<'a>, XenError> {
///     let lent = xen.lend_const(text)?;
///     assert_eq!(lent.as_ptr(), text.as_ptr()); // the original
///     Ok(lent)
/// }
/// ```
#[derive(Debug)]
pub struct Lent<'a>(&'a [u8]);

impl ConstMemory for Lent<'_> {
    fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

/// The caller's own memory, which Xen reads and writes.
///
/// # Example
///
/// ```
/// use xen_hypercall::native::{LentMut, Native};
/// use xen_hypercall::{XenError, XenHypercall};
///
/// fn lend<'a>(xen: &'a Native, room: &'a mut [u8]) -> Result<LentMut<'a>, XenError> {
///     xen.lend_mut(room)
/// }
/// ```
#[derive(Debug)]
pub struct LentMut<'a>(&'a mut [u8]);

impl MutMemory for LentMut<'_> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    /// Xen has written to the original.
    fn update(&mut self) {}
}

// SAFETY: the memory lent is the original, which the borrow keeps others from.
unsafe impl XenHypercall for Native {
    type Const<'a> = Lent<'a>;
    type Mut<'a> = LentMut<'a>;

    unsafe fn hypercall5(&self, number: usize, args: [usize; 5]) -> Result<usize, XenError> {
        // SAFETY: as the caller says.
        XenError::check(unsafe { self.0.call(number, args) })
    }

    fn lend_const<'a>(&'a self, bytes: &'a [u8]) -> Result<Lent<'a>, XenError> {
        Ok(Lent(bytes))
    }

    fn lend_mut<'a>(&'a self, bytes: &'a mut [u8]) -> Result<LentMut<'a>, XenError> {
        Ok(LentMut(bytes))
    }
}

#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy, Debug)]
struct Instruction;

#[cfg(target_arch = "aarch64")]
impl Native {
    /// Hypercalls of this CPU.
    ///
    /// # Safety
    ///
    /// This is a guest of Xen, at EL1: anything else may take the instruction for something else.
    pub unsafe fn new() -> Self {
        Self(Instruction)
    }
}

#[cfg(target_arch = "aarch64")]
impl Instruction {
    /// # Safety
    ///
    /// As [`XenHypercall::hypercall5`].
    unsafe fn call(self, number: usize, args: [usize; 5]) -> usize {
        let result;
        // SAFETY: as the caller says. The number goes in x16, arguments in x0 to x4, the result
        // comes in x0 (xen/include/public/arch-arm.h); whatever a function call may change, this
        // may.
        unsafe {
            asm!(
                "hvc #0xEA1",
                in("x16") number,
                inlateout("x0") args[0] => result,
                in("x1") args[1],
                in("x2") args[2],
                in("x3") args[3],
                in("x4") args[4],
                clobber_abi("C"),
            );
        }
        result
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instruction {
    /// Intel, and those who build as Intel does.
    Vmcall,
    /// AMD and Hygon.
    Vmmcall,
    /// A call into a page that Xen has filled in: its address.
    Page(usize),
}

/// What the CPU says of itself in a leaf.
#[cfg(target_arch = "x86_64")]
pub fn cpuid(leaf: u32) -> Cpuid {
    // Not unsafe since Rust 1.94.
    #[allow(unused_unsafe)]
    // SAFETY: every 64-bit CPU has the instruction.
    let found = unsafe { core::arch::x86_64::__cpuid(leaf) };
    Cpuid {
        eax: found.eax,
        ebx: found.ebx,
        ecx: found.ecx,
        edx: found.edx,
    }
}

#[cfg(target_arch = "x86_64")]
impl Native {
    /// Hypercalls of this CPU; `None` when there is no Xen, or no known CPU, under this guest.
    ///
    /// # Safety
    ///
    /// This is a guest's kernel: the instruction is not for user space.
    pub unsafe fn new() -> Option<Self> {
        xen_leaves(cpuid)?;
        instruction(cpuid(0)).map(Self)
    }
}

/// The instruction of the vendor that leaf 0 names.
#[cfg(target_arch = "x86_64")]
fn instruction(leaf: Cpuid) -> Option<Instruction> {
    match &text([leaf.ebx, leaf.edx, leaf.ecx]) {
        b"GenuineIntel" | b"CentaurHauls" | b"  Shanghai  " => Some(Instruction::Vmcall),
        b"AuthenticAMD" | b"HygonGenuine" => Some(Instruction::Vmmcall),
        _ => None,
    }
}

#[cfg(target_arch = "x86_64")]
fn text(words: [u32; 3]) -> [u8; 12] {
    let mut text = [0; 12];
    for (bytes, word) in text.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    text
}

#[cfg(target_arch = "x86_64")]
impl Instruction {
    /// # Safety
    ///
    /// As [`XenHypercall::hypercall5`].
    unsafe fn call(self, number: usize, args: [usize; 5]) -> usize {
        let mut result = number;
        // Which registers: xen/include/public/arch-x86/xen-x86_64.h. Xen may change those of the
        // arguments.
        macro_rules! call {
            ($instruction:literal) => {
                asm!(
                    $instruction,
                    inlateout("rax") result,
                    inlateout("rdi") args[0] => _,
                    inlateout("rsi") args[1] => _,
                    inlateout("rdx") args[2] => _,
                    inlateout("r10") args[3] => _,
                    inlateout("r8") args[4] => _,
                    options(nostack),
                )
            };
        }
        match self {
            // SAFETY: as the caller says; the CPU has this instruction.
            Self::Vmcall => unsafe { call!("vmcall") },
            // SAFETY: as above.
            Self::Vmmcall => unsafe { call!("vmmcall") },
            // SAFETY: as the caller says; the page has an entry for each number.
            Self::Page(page) => return unsafe { page::call(page, number, args) },
        }
        result
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    const fn cpuid(eax: u32, ebx: u32, ecx: u32, edx: u32) -> Cpuid {
        Cpuid { eax, ebx, ecx, edx }
    }

    const XEN: Cpuid = cpuid(0x4000_0005, 0x566e_6558, 0x6558_4d4d, 0x4d4d_566e);

    #[test]
    fn xen_is_found_behind_another_interface() {
        let viridian = |leaf| match leaf {
            0x4000_0100 => XEN,
            _ => cpuid(0x4000_0006, 0x7263_694d, 0x666f_736f, 0x7648_2074),
        };

        assert_eq!(xen_leaves(viridian), Some(0x4000_0100));
        assert_eq!(xen_leaves(|_| XEN), Some(0x4000_0000));
        assert_eq!(xen_leaves(|_| Cpuid::default()), None);
    }

    #[test]
    fn the_vendor_says_which_instruction_it_is() {
        let intel = cpuid(0x16, 0x756e_6547, 0x6c65_746e, 0x4965_6e69);
        let amd = cpuid(0x10, 0x6874_7541, 0x444d_4163, 0x6974_6e65);

        assert_eq!(instruction(intel), Some(Instruction::Vmcall));
        assert_eq!(instruction(amd), Some(Instruction::Vmmcall));
        assert_eq!(instruction(Cpuid::default()), None);
    }
}
