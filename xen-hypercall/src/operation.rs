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
//! Nor can one of another hypercall, or its structure, where a call takes its own:
//!
//! ```compile_fail,E0277
//! # use xen_hypercall::{event_channel::Close, dm_op, DomId, Port, XenHypercall};
//! fn other<X: XenHypercall>(xen: &X) {
//!     dm_op::perform(xen, DomId(1), Close::new(Port(1))); // of `event_channel_op`
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use xen_hypercall::abi::event_channel::{EvtchnClose, ops::Send};
//! # use xen_hypercall::operation::Operation;
//! let args: <Send as Operation>::Args = EvtchnClose::default(); // that of another operation
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

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::XenError;
use crate::call::{MutMemory, XenHypercall};
use crate::slot::{MOST, NoSlot, Place, Slots};

/// One operation of a hypercall.
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::sched::ops::Watchdog;
/// use xen_hypercall::operation::Operation;
///
/// assert_eq!((Watchdog::HYPERCALL, Watchdog::NUMBER), (29, 6));
/// assert_eq!(Watchdog::NAME, "sched.watchdog");
/// ```
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
    type Args: FromBytes + IntoBytes;
    /// The buffers beside it: a [slot](crate::slot), or a tuple of them in their order.
    type Slots<'s>;
}

/// Who writes a structure or a buffer.
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::version::ops::{CompileInfo, GetFeatures};
/// use xen_hypercall::operation::{Direction, Operation};
///
/// assert_eq!(CompileInfo::DIRECTION, Direction::Out);
/// assert_eq!(GetFeatures::DIRECTION, Direction::InOut);
/// ```
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
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::sched::ops::{Block, RemoteShutdown};
/// use xen_hypercall::operation::{Class, Operation};
///
/// assert_eq!(Block::INFO.class, Class::Privileged);
/// assert_eq!(RemoteShutdown::INFO.class, Class::Logical);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Only a kernel: it acts on the caller's own execution or on resources a kernel manages.
    Privileged,
    /// A process too, if its kernel checks that the buffers are the process's own.
    Logical,
}

/// Whether a layout may change.
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::dm_op::ops::NrVcpus;
/// use xen_hypercall::operation::{Operation, Stability};
///
/// assert_eq!(NrVcpus::INFO.stability, Stability::Stable);
/// ```
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
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::vcpu::ops::RegisterRunstatePhysArea;
/// use xen_hypercall::operation::{Info, Operation};
///
/// let Info { since, x86, arm, .. } = RegisterRunstatePhysArea::INFO;
/// assert_eq!((since, x86, arm), (Some((4, 18)), true, false));
/// ```
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
/// # Example
///
/// ```
/// use xen_hypercall::operation::{Operation, Perform, Request};
/// use xen_hypercall::{DomId, sched::Watchdog};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// fn name<R: Request>(_: &R) -> &'static str {
///     R::Of::NAME
/// }
///
/// let request = Watchdog::new(30);
/// assert_eq!(name(&request), "sched.watchdog");
/// assert!(xen.perform(request)?.is_some());
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
///
/// # Safety
///
/// Performing the operation with this structure leads to no memory but the structure's own and
/// what [`attach`](Self::attach) has told it of.
pub unsafe trait Request {
    /// Which operation.
    type Of: Operation;
    /// The buffers beside the structure.
    type Slots<'s>: Slots;
    /// What comes back.
    type Output;

    /// The structure.
    fn args(&mut self) -> &mut <Self::Of as Operation>::Args;

    /// The vCPU that it is about, where the hypercall takes one beside the structure.
    fn vcpu(&self) -> Option<u32> {
        None
    }

    /// Writes where the buffers are, and how many items they have, into the structure.
    ///
    /// # Errors
    ///
    /// When the structure cannot say so.
    fn attach(&mut self, _places: [Place; MOST]) -> Result<(), XenError> {
        Ok(())
    }

    /// What has come back: in the structure, or in a register.
    ///
    /// # Errors
    ///
    /// Where the structure has a status of its own.
    fn output(self, result: usize) -> Result<Self::Output, XenError>;
}

/// A request of which one hypercall takes many.
///
/// # Example
///
/// ```
/// use xen_hypercall::grant_table::{Copy, End};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, Gfn, GrantRef, XenError};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
/// # machine.host().add_memory(0, 4096);
///
/// let from = |n| End::Grant(DomId(1), GrantRef(n), 0);
/// let to = End::Frame(Gfn(0), 0);
/// // SAFETY: nobody uses the frame.
/// let mut copies = [8, 9].map(|n| unsafe { Copy::new(from(n), to, 64) });
/// // One hypercall, a result for each: nothing is granted here.
/// for done in xen.perform_all(&mut copies)? {
///     assert_eq!(done, Err(XenError::NOENT));
/// }
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
///
/// # Safety
///
/// It is nothing but the structure of its operation, as bytes.
pub unsafe trait BatchRequest:
    Request<Slots<'static> = NoSlot> + FromBytes + IntoBytes + Copy
{
}

/// A number of the ABI as a register has it.
pub(crate) const fn word(number: u32) -> usize {
    number as usize
}

/// Performs operations. Every [`XenHypercall`] does.
///
/// # Example
///
/// ```
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, hvm::GetParam, abi::hvm::Param};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let port = xen.perform(GetParam::new(DomId(1), Param::STORE_EVTCHN))?;
/// assert_eq!(port, 0); // nobody has set it
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub trait Perform: XenHypercall + Sized {
    /// Performs an operation that has no buffer.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::NOMEM`] where there is no memory to reach Xen by.
    fn perform<O>(&self, request: O) -> Result<O::Output, XenError>
    where
        O: for<'s> Request<Slots<'s> = NoSlot>,
    {
        perform(self, request, NoSlot).map(|(output, ())| output)
    }

    /// Performs an operation with its buffers, and gives back what Xen has written to any.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::NOMEM`] where there is no memory to reach Xen by.
    fn perform_with<'s, O: Request>(
        &self,
        request: O,
        slots: O::Slots<'s>,
    ) -> Result<(O::Output, <O::Slots<'s> as Slots>::Back), XenError> {
        perform(self, request, slots)
    }

    /// Performs many at once, and says what became of each.
    ///
    /// # Errors
    ///
    /// As [`perform`](Self::perform), when Xen has not looked at all of them.
    fn perform_all<O: BatchRequest>(
        &self,
        requests: &mut [O],
    ) -> Result<impl Iterator<Item = Result<O::Output, XenError>>, XenError> {
        const { assert!(O::Of::BATCH, "the hypercall takes one at a time") };
        let count = requests.len();
        let result = issue::<Self, O::Of, [O]>(self, None, requests, count)?;
        Ok(requests.iter().map(move |request| request.output(result)))
    }
}

impl<X: XenHypercall> Perform for X {}

fn perform<X: XenHypercall, O: Request, S: Slots>(
    xen: &X,
    mut request: O,
    mut slots: S,
) -> Result<(O::Output, S::Back), XenError> {
    let mut lent = [const { None }; MOST];
    let mut places = [Place::default(); MOST];
    for ((buffer, lent), place) in slots.buffers().into_iter().zip(&mut lent).zip(&mut places) {
        let Some(buffer) = buffer else { continue };
        let mut memory = xen.lend_mut(buffer.bytes)?;
        let address = memory.as_mut_ptr().expose_provenance();
        *place = Place {
            address: u64::try_from(address).map_err(|_too_wide| XenError::FAULT)?,
            count: buffer.count,
        };
        *lent = Some((memory, buffer.written));
    }
    request.attach(places)?;
    let vcpu = request.vcpu();
    let result = issue::<X, O::Of, _>(xen, vcpu, request.args(), 1)?;
    for (mut memory, written) in lent.into_iter().flatten() {
        if written {
            memory.update();
        }
    }
    Ok((request.output(result)?, slots.back()))
}

/// Makes the hypercall of an operation. No structure is no address: Xen refuses some operations
/// that are given one they do not want.
fn issue<X: XenHypercall, Op: Operation, A: FromBytes + IntoBytes + ?Sized>(
    xen: &X,
    vcpu: Option<u32>,
    args: &mut A,
    count: usize,
) -> Result<usize, XenError> {
    let mut lent = match size_of_val(args) {
        0 => None,
        _some => Some(xen.mut_buffer(args)?),
    };
    let pointer = lent
        .as_mut()
        .map_or(0, |lent| lent.as_hypercall_ptr().expose_provenance());
    let [hypercall, number] = [word(Op::HYPERCALL), word(Op::NUMBER)];
    let result = match (Op::BATCH, vcpu) {
        // SAFETY: the specification says that this is what the hypercall takes; the structures
        // and what they lead to are lent until after the call.
        (true, _) => unsafe { xen.hypercall3(hypercall, [number, pointer, count]) },
        // SAFETY: as above.
        (false, Some(vcpu)) => unsafe { xen.hypercall3(hypercall, [number, word(vcpu), pointer]) },
        // SAFETY: as above.
        (false, None) => unsafe { xen.hypercall2(hypercall, [number, pointer]) },
    }?;
    if let Some(mut lent) = lent.filter(|_| Op::DIRECTION != Direction::In) {
        lent.update();
    }
    Ok(result)
}

/// Declares one request: its operation, what becomes of its buffers, what comes back. In
/// brackets: what the hypercall takes beside the structure.
macro_rules! request {
    ($(#[$meta:meta])* $name:ident = $operation:ty,
      $(slots |$structure:ident, $places:pat_param| $attach:expr,)?
      => $output:ty, |$args:ident, $result:pat_param| $get:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, zerocopy::FromBytes, zerocopy::IntoBytes)]
        #[repr(transparent)]
        pub struct $name(<$operation as $crate::operation::Operation>::Args);

        // SAFETY: the specification says so; the structure has no pointers but those that
        // `attach` sets and those its constructor answers for.
        unsafe impl $crate::operation::Request for $name {
            $crate::operation::request! { @items $operation, $output }

            fn args(&mut self) -> &mut <$operation as $crate::operation::Operation>::Args {
                &mut self.0
            }

            $(fn attach(
                &mut self,
                $places: [$crate::slot::Place; $crate::slot::MOST],
            ) -> Result<(), $crate::XenError> {
                let $structure = &mut self.0;
                $attach
            })?

            fn output(self, $result: usize) -> Result<$output, $crate::XenError> {
                let $args = self.0;
                $get
            }
        }
    };
    ($(#[$meta:meta])* $name:ident[vcpu] = $operation:ty,
      => $output:ty, |$args:ident, $result:pat_param| $get:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(u32, <$operation as $crate::operation::Operation>::Args);

        // SAFETY: as above.
        unsafe impl $crate::operation::Request for $name {
            $crate::operation::request! { @items $operation, $output }

            fn args(&mut self) -> &mut <$operation as $crate::operation::Operation>::Args {
                &mut self.1
            }

            fn vcpu(&self) -> Option<u32> {
                Some(self.0)
            }

            fn output(self, $result: usize) -> Result<$output, $crate::XenError> {
                let $args = self.1;
                $get
            }
        }
    };
    (@items $operation:ty, $output:ty) => {
        type Of = $operation;
        type Slots<'s> = <$operation as $crate::operation::Operation>::Slots<'s>;
        type Output = $output;
    };
}
pub(crate) use request;

/// A tagged union whose tag names none of its values.
///
/// # Example
///
/// ```
/// use xen_hypercall::abi::event_channel::{EvtchnStatus, Status};
/// use xen_hypercall::operation::UnknownTag;
///
/// let answer = EvtchnStatus { status: Status(99), ..Default::default() };
/// assert_eq!(answer.u_value(), Err(UnknownTag(99)));
/// ```
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
