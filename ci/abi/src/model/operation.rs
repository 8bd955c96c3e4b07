// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Operations and ioctls.

use crate::error::Place;

use super::{Availability, Direction, Type};

/// Who may issue a call without a kernel's help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Only a kernel may: it acts on the caller's own execution or on resources it manages.
    Privileged,
    /// A process may, if its kernel checks that the buffers are the process's own.
    Logical,
}

/// Whether the layout may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// It stays as it is.
    Stable,
    /// It changes with its interface version.
    Unstable,
    /// It is kept for old callers, or gone.
    Legacy,
}

/// What both described and merely named operations have.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// C's name.
    pub c: Option<String>,
    /// When and where.
    pub available: Availability,
    /// Whether its layout stays.
    pub stability: Stability,
    /// Who may issue it.
    pub class: Class,
    /// What the default security policy asks of the caller.
    pub xsm: String,
}

/// An operation that is only named.
#[derive(Clone, Debug)]
pub struct Other {
    /// Name, number and class.
    pub id: Identity,
    /// One line.
    pub doc: String,
}

/// A described operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Name, number and class.
    pub id: Identity,
    /// What it does.
    pub doc: String,
    /// The structure it takes.
    pub args: Option<String>,
    /// Whether it takes an array of them.
    pub batch: bool,
    /// Buffers beside the structure.
    pub slots: Vec<Slot>,
    /// What a result that is not negative means.
    pub returns: Option<String>,
    /// Registers of the FastABI, where it has them.
    pub fast: Option<Fast>,
}

/// `fast:`.
#[derive(Clone, Debug)]
pub struct Fast {
    /// Field and register of each input.
    pub inputs: Vec<(String, u8)>,
    /// Field and register of each output.
    pub outputs: Vec<(String, u8)>,
    /// Fields that are in no structure, with C's types of them.
    pub params: Vec<(String, String)>,
    /// Fields that C's structure calls by other names.
    pub mapping: Vec<(String, String)>,
}

/// A buffer beside the argument structure.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Who writes it.
    pub direction: Direction,
    /// What it holds.
    pub of: Type,
    /// Whether it holds any number of them.
    pub many: bool,
    /// What it is for, and how long it must be.
    pub doc: String,
}

/// A request to a device node.
#[derive(Clone, Debug)]
pub struct Ioctl {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// C's name.
    pub c: String,
    /// The structure it takes.
    pub args: Option<String>,
    /// What it does.
    pub doc: String,
    /// What a result that is not negative means.
    pub returns: Option<String>,
    /// When and where.
    pub available: Availability,
}
