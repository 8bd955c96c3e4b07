// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a hypercall operation is, as types.
//!
//! Each operation is a type that says its number, its argument structure and the buffers beside
//! it. The modules below [`abi`](crate::abi) are generated and implement [`Operation`].
//!
//! # Example
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

use core::fmt;
use core::marker::PhantomData;

use zerocopy::{FromBytes, Immutable, IntoBytes};

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
    /// A tuple of [`One`] and [`Many`], in the order of the buffers.
    type Slots;
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

/// A buffer that the caller fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {}
/// A buffer that Xen fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {}
/// A buffer that the caller fills and Xen changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InOut {}

/// A slot for exactly one `T`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct One<D, T>(PhantomData<(D, T)>);
/// A slot for any number of `T`; their number is the buffer's size by `T`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Many<D, T>(PhantomData<(D, T)>);

/// A slot as numbers.
pub trait Slot {
    /// What the buffer is made of.
    type Item;
    /// Who writes it.
    const DIRECTION: Direction;
    /// Whether it may hold any number of items.
    const MANY: bool;
}

/// [`In`], [`Out`] or [`InOut`].
pub trait Marker {
    /// As a value.
    const DIRECTION: Direction;
}

impl Marker for In {
    const DIRECTION: Direction = Direction::In;
}
impl Marker for Out {
    const DIRECTION: Direction = Direction::Out;
}
impl Marker for InOut {
    const DIRECTION: Direction = Direction::InOut;
}

impl<D: Marker, T> Slot for One<D, T> {
    type Item = T;
    const DIRECTION: Direction = D::DIRECTION;
    const MANY: bool = false;
}
impl<D: Marker, T> Slot for Many<D, T> {
    type Item = T;
    const DIRECTION: Direction = D::DIRECTION;
    const MANY: bool = true;
}

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
