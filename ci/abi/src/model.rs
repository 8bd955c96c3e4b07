// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! An interface as the specification language describes it.

use std::fmt;

use crate::error::Place;

mod operation;

pub use operation::{Class, Fast, Identity, Ioctl, Operation, Other, Slot, Stability};

/// One file of the specification.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Where it begins.
    pub place: Place,
    /// Its name: a module, a prefix, a page.
    pub name: String,
    /// The name as a title.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// Headers that declare it, as `#include` names them.
    pub headers: Vec<String>,
    /// Whose headers they are.
    pub origin: Origin,
    /// The hypercall its operations belong to.
    pub hypercall: Option<Hypercall>,
    /// What one can reach with it, and how.
    pub goals: Vec<Goal>,
    /// Single numbers.
    pub constants: Vec<Constant>,
    /// Lists of numbers of which a field holds one.
    pub enums: Vec<Enum>,
    /// Lists of bits of which a field holds any.
    pub bitmaps: Vec<Bitmap>,
    /// Structures.
    pub structs: Vec<Struct>,
    /// Operations that are described.
    pub operations: Vec<Operation>,
    /// Operations that are only named and classified.
    pub others: Vec<Other>,
    /// Requests to a device node.
    pub ioctls: Vec<Ioctl>,
}

/// Whose headers declare an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Xen's public headers.
    Xen,
    /// Linux's UAPI headers.
    Linux,
}

/// `hypercall:`.
#[derive(Clone, Debug)]
pub struct Hypercall {
    /// Its number.
    pub number: u32,
    /// How the arguments are passed, in words.
    pub call: String,
}

/// Something one wants, and how to get it.
#[derive(Clone, Debug)]
pub struct Goal {
    /// As a phrase: "wait for an event".
    pub name: String,
    /// The calls to make, in words.
    pub text: String,
    /// Rust that compiles.
    pub example: Option<String>,
}

/// When and where something exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// First version of Xen or Linux, when it is not as old as anything we meet.
    pub since: Option<Version>,
    /// Whether x86 has it.
    pub x86: bool,
    /// Whether Arm has it.
    pub arm: bool,
}

impl Availability {
    /// Everywhere, always.
    pub const ALWAYS: Self = Self {
        since: None,
        x86: true,
        arm: true,
    };
}

/// A version of Xen or Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A number with a name.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Scalar,
    /// Its value.
    pub value: i128,
    /// C's name, when it has one.
    pub c: Option<String>,
    /// What it means.
    pub doc: String,
    /// When and where.
    pub available: Availability,
}

/// `enums:`.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The type of a field that holds one.
    pub ty: Scalar,
    /// What it says.
    pub doc: String,
    /// The numbers.
    pub values: Vec<Constant>,
}

/// `bitmaps:`.
#[derive(Clone, Debug)]
pub struct Bitmap {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The type of a field that holds them.
    pub ty: Scalar,
    /// What it says.
    pub doc: String,
    /// The bits.
    pub bits: Vec<Bits>,
}

/// One bit, or neighbouring bits that hold a number.
#[derive(Clone, Debug)]
pub struct Bits {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The lowest bit.
    pub shift: u32,
    /// How many.
    pub width: u32,
    /// C's name of the mask, when it has one.
    pub c: Option<String>,
    /// What it means.
    pub doc: String,
    /// When and where.
    pub available: Availability,
}

impl Bits {
    /// The bits as a number.
    pub fn mask(&self) -> u64 {
        let ones = 1u64.checked_shl(self.width).map_or(u64::MAX, |bit| bit - 1);
        ones.checked_shl(self.shift).unwrap_or(0)
    }
}

/// Types that are one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Scalar {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    /// `unsigned long` and `size_t`: as wide as a register.
    Ulong,
    /// `xen_ulong_t`: 32 bits for a 32-bit x86 guest, else 64.
    XenUlong,
    /// `xen_pfn_t`, of the same width.
    XenPfn,
    /// `domid_t`.
    DomId,
    /// `evtchn_port_t`.
    Port,
    /// `grant_ref_t`.
    GrantRef,
    /// A frame number that is 64 bits wide everywhere.
    Gfn,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Scalar(Scalar),
    /// A pointer of the caller, passed through Linux.
    Pointer(Box<Type>),
    /// `XEN_GUEST_HANDLE`: a guest pointer, 32 bits for a 32-bit x86 guest.
    Handle(Box<Type>),
    /// `XEN_GUEST_HANDLE_64`: a guest pointer in 64 bits.
    Handle64(Box<Type>),
    /// So many of them.
    Array(Box<Type>, u64),
    /// A structure, enum or bitmap of the same file.
    Named(String),
    /// What a handle may point to when it is just bytes.
    Void,
}

/// Who writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The caller.
    In,
    /// Xen.
    Out,
    /// Both.
    InOut,
}

/// `structs:`.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// C's expression for it: a type, or a type and a path of members into it.
    pub c: Option<CType>,
    /// What it is.
    pub doc: String,
    /// Its fields, explicit padding among them.
    pub fields: Vec<Field>,
    /// Why it is allowed to differ for 32-bit callers.
    pub lp64: Option<String>,
    /// When and where.
    pub available: Availability,
}

/// A structure as C reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CType {
    /// `struct evtchn_status`.
    pub outer: String,
    /// `u.interdomain`, when the structure has no name of its own.
    pub path: Option<String>,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its type and role.
    pub kind: FieldKind,
    /// Who writes it.
    pub direction: Direction,
    /// What it means.
    pub doc: String,
    /// C's name, when it has one.
    pub c: Option<String>,
    /// The offset it is declared to have.
    pub at: Option<u64>,
}

/// What a field is.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// A value.
    Plain(Type),
    /// Bytes that must be zero.
    Pad(u64),
    /// One of several values, selected by another field.
    Union(Union),
}

/// A tagged union.
#[derive(Clone, Debug)]
pub struct Union {
    /// The field that says which.
    pub tag: String,
    /// The bits of it that say so.
    pub mask: Option<u64>,
    /// The values.
    pub variants: Vec<Variant>,
}

/// One value of a union.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The number of the tag.
    pub when: u64,
    /// Its type.
    pub ty: Type,
    /// What it means.
    pub doc: String,
}
