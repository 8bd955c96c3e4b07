// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Xen's own console, for guests that have nothing else yet: `CONSOLEIO_*` of
//! `xen/include/public/xen.h`. Without a debugging Xen, only the control domain may write.
//!
//! And [the one of the guest](Ring), which dom0 shows and keeps (`xl console`).

// UNSAFE: the hypercall is given a pointer, and a page is shared with dom0.
#![expect(unsafe_code)]

use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::XenError;
use crate::abi::console::XenconsInterface;
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

/// Where the guest's text is in the page.
const OUTPUT: usize = offset_of!(XenconsInterface, output);
/// How many bytes of it there are.
const OUTPUT_LEN: usize = offset_of!(XenconsInterface, in_cons) - OUTPUT;

/// The output of a guest's own console: `struct xencons_interface` of
/// `xen/include/public/io/console.h`, in the page `HVM_PARAM_CONSOLE_PFN`. After a
/// [`write`](Self::write), the port `HVM_PARAM_CONSOLE_EVTCHN` wants an event; it fires when there
/// is room again.
///
/// # Example
///
/// ```
/// use std::ptr::NonNull;
/// use xen_hypercall::abi::console::XenconsInterface;
/// use xen_hypercall::console::Ring;
///
/// let mut page = XenconsInterface::default();
/// // SAFETY: the page outlives the ring, and nobody else uses it.
/// let console = unsafe { Ring::new(NonNull::from(&mut page).cast()) };
/// assert_eq!(console.write(b"hello"), 5);
/// assert!(!console.is_drained()); // dom0 has not read it
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ring(NonNull<u8>);

// SAFETY: it is an address, and what is there is only changed atomically.
unsafe impl Send for Ring {}
// SAFETY: as above.
unsafe impl Sync for Ring {}

impl Ring {
    /// # Safety
    ///
    /// `page` is the beginning of a mapped, writable page which stays mapped as long as this is
    /// in use, and which is only changed atomically.
    pub unsafe fn new(page: NonNull<u8>) -> Self {
        Self(page)
    }

    fn index(&self, offset: usize) -> &AtomicU32 {
        let index = self.0.as_ptr().wrapping_add(offset).cast::<u32>();
        // SAFETY: the number is in the page, aligned, and only changed atomically; that is what
        // `new` asks for.
        unsafe { AtomicU32::from_ptr(index) }
    }

    fn consumed(&self) -> u32 {
        self.index(offset_of!(XenconsInterface, out_cons))
            .load(Ordering::Acquire)
    }

    fn produced(&self) -> &AtomicU32 {
        self.index(offset_of!(XenconsInterface, out_prod))
    }

    fn byte(&self, index: u32) -> &AtomicU8 {
        let place = word(index) % OUTPUT_LEN;
        let byte = self.0.as_ptr().wrapping_add(OUTPUT + place);
        // SAFETY: the byte is in the page, and only changed atomically; that is what `new` asks
        // for.
        unsafe { AtomicU8::from_ptr(byte) }
    }

    /// Writes the beginning of `text`, as much as there is room for, and returns how much. One
    /// writer at a time.
    pub fn write(&self, text: &[u8]) -> usize {
        let start = self.produced().load(Ordering::Relaxed);
        let used = word(start.wrapping_sub(self.consumed()));
        // The other side's number may be anything: then there is no room.
        let room = OUTPUT_LEN.saturating_sub(used);
        let mut end = start;
        for byte in text.iter().take(room) {
            self.byte(end).store(*byte, Ordering::Relaxed);
            end = end.wrapping_add(1);
        }
        self.produced().store(end, Ordering::Release);
        word(end.wrapping_sub(start))
    }

    /// Whether dom0 has taken all that was written.
    pub fn is_drained(&self) -> bool {
        self.consumed() == self.produced().load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros;

    use super::*;

    fn shared(page: &mut XenconsInterface) -> Ring {
        // SAFETY: the page is borrowed for the test, which touches it between calls only.
        unsafe { Ring::new(NonNull::from(page).cast()) }
    }

    #[test]
    fn text_goes_on_at_the_beginning_of_a_ring_that_ends() {
        let mut page = XenconsInterface::new_zeroed();
        page.out_cons = u32::MAX;
        page.out_prod = u32::MAX;

        assert_eq!(shared(&mut page).write(b"ab"), 2);

        assert_eq!((page.output[2047], page.output[0]), (b'a', b'b'));
        assert_eq!(page.out_prod, 1);
        assert!(!shared(&mut page).is_drained());
    }

    #[test]
    fn a_full_ring_takes_nothing_until_some_was_read() {
        let mut page = XenconsInterface::new_zeroed();

        assert_eq!(shared(&mut page).write(&[b'x'; 3000]), 2048);
        assert_eq!(shared(&mut page).write(b"y"), 0);
        page.out_cons = 1;
        assert_eq!(shared(&mut page).write(b"yz"), 1);

        assert_eq!(page.output[0], b'y');
    }

    #[test]
    fn a_reader_that_claims_too_much_gets_nothing() {
        let mut page = XenconsInterface::new_zeroed();
        page.out_cons = 5;

        assert_eq!(shared(&mut page).write(b"a"), 0);
    }
}
