// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Hypercalls that carry a number and a structure, typed.
//!
//! An [`Operation`] is its structure, and knows which hypercall and which number it belongs to,
//! which [buffer](crate::slot) it wants, and what comes back. Any way to Xen
//! [performs](Perform::perform) it.
//!
//! ```
//! use xen_hypercall::event_channel::Send;
//! use xen_hypercall::operation::Perform;
//! use xen_hypercall::{Port, XenError, XenHypercall};
//!
//! fn ring<X: XenHypercall>(xen: &X, port: Port) -> Result<(), XenError> {
//!     xen.perform(Send::new(port))
//! }
//! ```
//!
//! A structure that is no operation cannot be performed:
//!
//! ```compile_fail,E0277
//! # use xen_hypercall::{ioreq::Slot, operation::Perform, XenHypercall};
//! fn wrong<X: XenHypercall>(xen: &X, slot: Slot) {
//!     xen.perform(slot); // not an operation
//! }
//! ```
//!
//! Nor can one without the buffer that it wants, or with one that it does not want, or with one
//! that goes the other way:
//!
//! ```compile_fail,E0271
//! # use xen_hypercall::{memory::Populate, operation::Perform, DomId, XenHypercall};
//! fn missing<X: XenHypercall>(xen: &X) {
//!     xen.perform(Populate::new(DomId(1), 0)); // wants the frames
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use xen_hypercall::{event_channel::Send, operation::Perform, slot::In, Port, XenHypercall};
//! fn extra<X: XenHypercall>(xen: &X) {
//!     xen.perform_with(Send::new(Port(1)), In(&mut [0u64])); // wants nothing
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use xen_hypercall::{memory::Populate, operation::Perform, slot::Out, DomId, XenHypercall};
//! fn direction<X: XenHypercall>(xen: &X) {
//!     xen.perform_with(Populate::new(DomId(1), 0), Out(&mut [0u64])); // Xen reads them
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use xen_hypercall::{memory::Populate, operation::Perform, slot::In, DomId, XenHypercall};
//! fn element<X: XenHypercall>(xen: &X) {
//!     xen.perform_with(Populate::new(DomId(1), 0), In(&mut [0u32])); // frames have 64 bits
//! }
//! ```
//!
//! What Xen writes is there when it has written it:
//!
//! ```compile_fail,E0503
//! # use xen_hypercall::{memory::AcquireResource, operation::Perform, slot::Out};
//! # use xen_hypercall::{DomId, XenHypercall};
//! fn early<X: XenHypercall>(xen: &X, question: AcquireResource) {
//!     let mut frames = [0u64; 4];
//!     let slot = Out(&mut frames);
//!     let first = frames[0]; // Xen has not been asked yet
//!     xen.perform_with(question, slot);
//! }
//! ```

// UNSAFE: an operation is given to Xen by pointer.
#![expect(unsafe_code)]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::XenError;
use crate::call::{MutMemory, XenHypercall};
use crate::slot::{NoSlot, Slot};

/// A structure that a hypercall takes, with what belongs to it.
///
/// # Safety
///
/// `HYPERCALL` takes `NUMBER` and a pointer to this structure, and leads to no memory but what
/// [`attach`](Self::attach) has told it of.
pub unsafe trait Operation: FromBytes + IntoBytes + Immutable + KnownLayout {
    /// `__HYPERVISOR_*`.
    const HYPERCALL: usize;
    /// The number of the operation in that hypercall.
    const NUMBER: usize;
    /// Whether a pointer to the structure is followed by a count of them, which is one.
    const COUNTED: bool = false;
    /// The buffer beside the structure.
    type Slot<'s>: Slot;
    /// What comes back.
    type Output;

    /// Writes where the buffer is, and how many items it has, into the structure.
    fn attach(&mut self, _address: u64, _count: usize) {}

    /// What has come back: in the structure, or in a register.
    ///
    /// # Errors
    ///
    /// Where the structure has a status of its own.
    fn output(self, result: usize) -> Result<Self::Output, XenError>;
}

/// Performs operations. Every [`XenHypercall`] does.
pub trait Perform: XenHypercall + Sized {
    /// Performs an operation that has no buffer.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::NOMEM`] where there is no memory to reach Xen by.
    fn perform<O>(&self, operation: O) -> Result<O::Output, XenError>
    where
        O: for<'s> Operation<Slot<'s> = NoSlot>,
    {
        perform(self, operation, NoSlot).map(|(output, ())| output)
    }

    /// Performs an operation with its buffer, and gives back what Xen has written to either.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::NOMEM`] where there is no memory to reach Xen by.
    fn perform_with<'s, O: Operation>(
        &self,
        operation: O,
        slot: O::Slot<'s>,
    ) -> Result<(O::Output, <O::Slot<'s> as Slot>::Back), XenError> {
        perform(self, operation, slot)
    }
}

impl<X: XenHypercall> Perform for X {}

fn perform<X: XenHypercall, O: Operation, S: Slot>(
    xen: &X,
    mut operation: O,
    mut slot: S,
) -> Result<(O::Output, S::Back), XenError> {
    let count = slot.count();
    let mut lent = match slot.bytes() {
        Some(bytes) => Some(xen.lend_mut(bytes)?),
        None => None,
    };
    if let Some(lent) = &mut lent {
        let address = lent.as_mut_ptr().expose_provenance();
        let address = u64::try_from(address).map_err(|_too_wide| XenError::FAULT)?;
        operation.attach(address, count);
    }
    let mut argument = xen.mut_buffer(&mut operation)?;
    let pointer = argument.as_hypercall_ptr().expose_provenance();
    let result = match O::COUNTED {
        // SAFETY: `Operation` says that this is what the hypercall takes; argument and buffer
        // are lent until after the call.
        true => unsafe { xen.hypercall3(O::HYPERCALL, [O::NUMBER, pointer, 1]) },
        // SAFETY: as above.
        false => unsafe { xen.hypercall2(O::HYPERCALL, [O::NUMBER, pointer]) },
    }?;
    argument.update();
    drop(argument);
    if let Some(mut lent) = lent.filter(|_| S::WRITTEN) {
        lent.update();
    }
    Ok((operation.output(result)?, slot.back()))
}

/// Declares one operation: its structure, its number, its size, what comes back.
macro_rules! operation {
    ($(#[$meta:meta])* $name:ident = $hypercall:expr, $number:literal, $size:literal, {
        $($field:ident: $ty:ty,)*
    } $(slot $slot:ident<$item:ty> as |$this:ident, $address:ident, $count:ident| $attach:block)?
      $(no_slot $none:ident)?
      => $output:ty, |$self:ident, $result:pat_param| $get:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, zerocopy::FromBytes, zerocopy::IntoBytes,
                 zerocopy::Immutable, zerocopy::KnownLayout)]
        #[repr(C)]
        pub struct $name {
            $($field: $ty,)*
        }

        const _: () = assert!(size_of::<$name>() == $size);

        // SAFETY: the public headers say so; the structure has no pointer but the one that
        // `attach` sets.
        unsafe impl $crate::operation::Operation for $name {
            const HYPERCALL: usize = $hypercall;
            const NUMBER: usize = $number;
            $(type Slot<'s> = $crate::slot::$slot<'s, $item>;

            fn attach(&mut self, $address: u64, $count: usize) {
                let $this = self;
                $attach
            })?
            $(type Slot<'s> = $crate::slot::$none;)?
            type Output = $output;

            fn output(self, $result: usize) -> Result<$output, $crate::XenError> {
                let $self = self;
                $get
            }
        }
    };
}
pub(crate) use operation;
