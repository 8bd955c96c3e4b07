// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Hypercalls that carry a number and a structure, typed.
//!
//! An [`Operation`] is a type that says its hypercall and number, its structure, and the
//! [buffers](crate::slot) beside it. The modules below [`abi`](crate::abi) are generated and have
//! one for each:
//!
//! ```
//! use xen_hypercall::abi::dm_op::ops::TrackDirtyVram;
//! use xen_hypercall::operation::{Direction, Operation};
//!
//! assert_eq!(TrackDirtyVram::HYPERCALL, 41);
//! assert_eq!(TrackDirtyVram::NUMBER, 7);
//! assert_eq!(TrackDirtyVram::DIRECTION, Direction::In);
//! assert!(!TrackDirtyVram::INFO.arm);
//! ```
//!
//! A [`Request`] is the structure of one operation, filled in, and knows what comes back. Any way
//! to Xen [performs](Perform::perform) it.
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
//! A structure that is no request cannot be performed:
//!
//! ```compile_fail,E0277
//! # use xen_hypercall::{ioreq::Slot, operation::Perform, XenHypercall};
//! fn wrong<X: XenHypercall>(xen: &X, slot: Slot) {
//!     xen.perform(slot); // not a request
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
//! # use xen_hypercall::{memory::Populate, operation::Perform, slot::Out, DomId, Gfn, XenHypercall};
//! fn direction<X: XenHypercall>(xen: &X) {
//!     xen.perform_with(Populate::new(DomId(1), 0), Out(&mut [Gfn(0)])); // Xen reads them
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use xen_hypercall::{memory::Populate, operation::Perform, slot::InOut, DomId, XenHypercall};
//! fn element<X: XenHypercall>(xen: &X) {
//!     xen.perform_with(Populate::new(DomId(1), 0), InOut(&mut [0u32])); // frames are `Gfn`
//! }
//! ```
//!
//! What Xen writes is there when it has written it:
//!
//! ```compile_fail,E0503
//! # use xen_hypercall::{memory::AcquireResource, operation::Perform, slot::InOut};
//! # use xen_hypercall::{Gfn, XenHypercall};
//! fn early<X: XenHypercall>(xen: &X, question: AcquireResource) {
//!     let mut frames = [Gfn(0); 4];
//!     let slot = InOut(&mut frames);
//!     let first = frames[0]; // Xen has not been asked yet
//!     xen.perform_with(question, slot);
//! }
//! ```

// UNSAFE: a structure is given to Xen by pointer.
#![expect(unsafe_code)]

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::XenError;
use crate::call::{MutMemory, XenHypercall};
use crate::slot::{NoSlot, Slot};

/// One operation of a hypercall.
pub trait Operation {
    /// `__HYPERVISOR_*`.
    const HYPERCALL: u32;
    /// The number of the operation within the hypercall.
    const NUMBER: u32;
    /// Interface and operation, for messages.
    const NAME: &'static str;
    /// Who writes the argument structure.
    const DIRECTION: Direction;
    /// Whether the hypercall takes an array of argument structures and their number.
    const BATCH: bool;
    /// Who may call it, since when, and where.
    const INFO: Info;
    /// The argument structure; `()` when there is none.
    type Args;
    /// The buffers beside it: a [slot](crate::slot), or a tuple of them in their order.
    type Slots<'s>;
}

/// Who writes a structure or a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The caller.
    In,
    /// Xen.
    Out,
    /// Both.
    InOut,
}

/// Who may issue a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Only a kernel: it acts on the caller's own execution or on resources a kernel manages.
    Privileged,
    /// A process too, if its kernel checks that the buffers are the process's own.
    Logical,
}

/// Whether a layout may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// It stays as it is.
    Stable,
    /// It changes with an interface version.
    Unstable,
    /// It is kept for old callers, or gone.
    Legacy,
}

/// What is known of an operation beside its layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Who may issue it.
    pub class: Class,
    /// Whether its layout may change.
    pub stability: Stability,
    /// The first version of Xen that has it; `None`: all that this crate supports.
    pub since: Option<(u16, u16)>,
    /// Whether Xen on x86 has it.
    pub x86: bool,
    /// Whether Xen on Arm has it.
    pub arm: bool,
    /// What Xen's default security policy asks of the caller.
    pub xsm: &'static str,
}

/// The structure of an operation, filled in, with what comes back.
///
/// # Safety
///
/// Performing the operation with this structure leads to no memory but the structure's own and
/// what [`attach`](Self::attach) has told it of.
pub unsafe trait Request: FromBytes + IntoBytes + Immutable + KnownLayout {
    /// Which operation.
    type Of: Operation;
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

/// A number of the ABI as a register has it.
pub(crate) const fn word(number: u32) -> usize {
    number as usize
}

/// Performs operations. Every [`XenHypercall`] does.
pub trait Perform: XenHypercall + Sized {
    /// Performs an operation that has no buffer.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::NOMEM`] where there is no memory to reach Xen by.
    fn perform<O>(&self, request: O) -> Result<O::Output, XenError>
    where
        O: for<'s> Request<Slot<'s> = NoSlot>,
    {
        perform(self, request, NoSlot).map(|(output, ())| output)
    }

    /// Performs an operation with its buffer, and gives back what Xen has written to either.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::NOMEM`] where there is no memory to reach Xen by.
    fn perform_with<'s, O: Request>(
        &self,
        request: O,
        slot: O::Slot<'s>,
    ) -> Result<(O::Output, <O::Slot<'s> as Slot>::Back), XenError> {
        perform(self, request, slot)
    }
}

impl<X: XenHypercall> Perform for X {}

fn perform<X: XenHypercall, O: Request, S: Slot>(
    xen: &X,
    mut request: O,
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
        request.attach(address, count);
    }
    let mut argument = xen.mut_buffer(&mut request)?;
    let pointer = argument.as_hypercall_ptr().expose_provenance();
    let [hypercall, number] = [word(O::Of::HYPERCALL), word(O::Of::NUMBER)];
    let result = match O::Of::BATCH {
        // SAFETY: the specification says that this is what the hypercall takes; argument and buffer
        // are lent until after the call.
        true => unsafe { xen.hypercall3(hypercall, [number, pointer, 1]) },
        // SAFETY: as above.
        false => unsafe { xen.hypercall2(hypercall, [number, pointer]) },
    }?;
    if O::Of::DIRECTION != Direction::In {
        argument.update();
    }
    drop(argument);
    if let Some(mut lent) = lent.filter(|_| S::WRITTEN) {
        lent.update();
    }
    Ok((request.output(result)?, slot.back()))
}

/// Declares one request: its operation, what becomes of its buffer, what comes back.
macro_rules! request {
    ($(#[$meta:meta])* $name:ident = $operation:ty,
      $(slot |$structure:ident, $address:ident, $count:ident| $attach:block)?
      => $output:ty, |$args:ident, $result:pat_param| $get:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, zerocopy::FromBytes, zerocopy::IntoBytes,
                 zerocopy::Immutable, zerocopy::KnownLayout)]
        #[repr(transparent)]
        pub struct $name(<$operation as $crate::operation::Operation>::Args);

        // SAFETY: the specification says so; the structure has no pointer but the one that
        // `attach` sets.
        unsafe impl $crate::operation::Request for $name {
            type Of = $operation;
            type Slot<'s> = <$operation as $crate::operation::Operation>::Slots<'s>;
            type Output = $output;

            $(fn attach(&mut self, $address: u64, $count: usize) {
                let $structure = &mut self.0;
                $attach
            })?

            fn output(self, $result: usize) -> Result<$output, $crate::XenError> {
                let $args = self.0;
                $get
            }
        }
    };
}
pub(crate) use request;

/// A tagged union whose tag names none of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownTag(pub u64);

impl fmt::Display for UnknownTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown tag {}", self.0)
    }
}

impl core::error::Error for UnknownTag {}

/// The value at the beginning of a union's bytes.
pub(crate) fn prefix<T: FromBytes>(bytes: &[u8]) -> T {
    let (value, _rest) = T::read_from_prefix(bytes)
        .expect("the generator makes a union as large as its largest value");
    value
}

/// Writes a value to the beginning of a union's bytes.
pub(crate) fn put<T: IntoBytes + Immutable>(value: &T, bytes: &mut [u8]) {
    value
        .write_to_prefix(bytes)
        .expect("the generator makes a union as large as its largest value");
}
