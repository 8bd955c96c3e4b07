// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Xen's own console, for guests that have nothing else yet: `CONSOLEIO_*` of
//! `xen/include/public/xen.h`. Without a debugging Xen, only the control domain may write.

// UNSAFE: the hypercall is given a pointer.
#![expect(unsafe_code)]

use crate::XenError;
use crate::abi::console::ops::{Read, Write};
use crate::call::{ConstMemory, MutMemory, XenHypercall};
use crate::operation::{Operation, word};

/// `__HYPERVISOR_console_io`.
pub const HYPERCALL: usize = word(Write::HYPERCALL);

/// Writes text.
///
/// # Errors
///
/// What Xen says.
pub fn write<X: XenHypercall>(xen: &X, text: &[u8]) -> Result<(), XenError> {
    let lent = xen.lend_const(text)?;
    let pointer = lent.as_ptr().expose_provenance();
    // SAFETY: CONSOLEIO_write reads as many bytes as it is told, which are lent.
    unsafe { xen.hypercall3(HYPERCALL, [word(Write::NUMBER), text.len(), pointer]) }.map(drop)
}

/// Reads what was typed, at most as much as there is room for, and returns how much.
///
/// # Errors
///
/// What Xen says.
pub fn read<X: XenHypercall>(xen: &X, room: &mut [u8]) -> Result<usize, XenError> {
    let len = room.len();
    let mut lent = xen.lend_mut(room)?;
    let pointer = lent.as_mut_ptr().expose_provenance();
    // SAFETY: CONSOLEIO_read writes at most as many bytes as it is told, which are lent.
    let count = unsafe { xen.hypercall3(HYPERCALL, [word(Read::NUMBER), len, pointer]) }?;
    lent.update();
    Ok(count)
}
