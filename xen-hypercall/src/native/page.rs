// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The hypercall page: Xen writes into a page of the guest what the CPU wants of it, so that the
//! guest calls there and knows of no vendor.

use core::arch::asm;
use core::ptr::NonNull;

use crate::fastabi::{Cpuid, xen_leaves};
use crate::{Gfn, PAGE_SHIFT, PAGE_SIZE};

use super::{Instruction, Native};

/// Bytes of an entry.
const ENTRY: usize = 32;

/// Room for the page, in a guest that has its memory at hand.
///
/// # Example
///
/// ```
/// use core::ptr::NonNull;
/// use xen_hypercall::native::{HypercallPage, Native, cpuid, page_msr};
/// use xen_hypercall::Gfn;
///
/// /// # Safety
/// ///
/// /// This is a guest's kernel; `page` is executable, at `frame`, and nobody's.
/// unsafe fn begin(page: NonNull<HypercallPage>, frame: Gfn) -> Option<Native> {
///     let msr = page_msr(cpuid)?;
///     // SAFETY: as the caller says; Xen has named the register.
///     Some(unsafe { Native::with_page(msr, page, frame) })
/// }
/// ```
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct HypercallPage([u8; PAGE_SIZE]);

impl HypercallPage {
    /// With nothing in it yet.
    pub const EMPTY: Self = Self([0; PAGE_SIZE]);
}

/// The register that wants to know where the page is: from leaf 2 of Xen's. `None` when there is
/// no Xen, or none that has such a page.
///
/// # Example
///
/// ```
/// use xen_hypercall::native::{cpuid, page_msr};
///
/// match page_msr(cpuid) {
///     Some(msr) => println!("write the page's address into register {msr:#x}"),
///     None => println!("not a guest of Xen's"),
/// }
/// ```
pub fn page_msr(leaf: impl Fn(u32) -> Cpuid) -> Option<u32> {
    let found = leaf(xen_leaves(&leaf)? + 2);
    // How many pages, and the register.
    (found.eax > 0).then_some(found.ebx)
}

impl Native {
    /// Hypercalls through a page that Xen has filled in: for [`with_page`](Self::with_page), or
    /// for a kernel whose ELF notes ask for one.
    ///
    /// # Safety
    ///
    /// This is a guest's kernel. The page stays there, mapped and executable, and nobody changes it.
    pub unsafe fn from_page(page: NonNull<HypercallPage>) -> Self {
        Self(Instruction::Page(page.as_ptr().expose_provenance()))
    }

    /// Has Xen fill in a page, by the register that [`page_msr`] names, for hypercalls through it.
    ///
    /// # Safety
    ///
    /// As [`from_page`](Self::from_page); `frame` is where the page is, and nobody uses it. The
    /// register is Xen's.
    pub unsafe fn with_page(msr: u32, page: NonNull<HypercallPage>, frame: Gfn) -> Self {
        let address = frame.0 << PAGE_SHIFT;
        let [a, b, c, d, e, f, g, h] = address.to_le_bytes();
        // SAFETY: the caller is a kernel, and says that the register is Xen's and the page unused;
        // Xen changes nothing but that.
        unsafe {
            asm!(
                "wrmsr",
                in("ecx") msr,
                in("eax") u32::from_le_bytes([a, b, c, d]),
                in("edx") u32::from_le_bytes([e, f, g, h]),
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: as the caller says; Xen has filled it in now.
        unsafe { Self::from_page(page) }
    }
}

/// # Safety
///
/// As [`XenHypercall::hypercall5`](crate::XenHypercall::hypercall5); the page is a hypercall page.
pub(super) unsafe fn call(page: usize, number: usize, args: [usize; 5]) -> usize {
    let result;
    // SAFETY: as the caller says. The entry puts the number into rax; arguments and results are
    // those of the instruction it has, which may change rcx and r11 too.
    unsafe {
        asm!(
            "call rax",
            inlateout("rax") page + number * ENTRY => result,
            inlateout("rdi") args[0] => _,
            inlateout("rsi") args[1] => _,
            inlateout("rdx") args[2] => _,
            inlateout("r10") args[3] => _,
            inlateout("r8") args[4] => _,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xen(pages: u32) -> impl Fn(u32) -> Cpuid {
        move |leaf| match leaf {
            0x4000_0000 => Cpuid {
                eax: 0x4000_0005,
                ebx: 0x566e_6558,
                ecx: 0x6558_4d4d,
                edx: 0x4d4d_566e,
            },
            0x4000_0002 => Cpuid {
                eax: pages,
                ebx: 0x4000_0000,
                ..Cpuid::default()
            },
            _ => Cpuid::default(),
        }
    }

    #[test]
    fn the_register_is_in_the_second_leaf() {
        assert_eq!(page_msr(xen(1)), Some(0x4000_0000));
        assert_eq!(page_msr(xen(0)), None);
        assert_eq!(page_msr(|_| Cpuid::default()), None);
    }
}
