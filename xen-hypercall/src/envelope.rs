// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A call whose every reference to memory is declared ahead of its payload.
//!
//! This is the shape of a DM operation, for any logical operation: a kernel can check what a
//! process passes to Xen without knowing a single operation. The payload holds no address; it
//! names references by their position.
//!
//! ```text
//! hypercall u32 | references u32 | references x { address u64, size u32, access u32 } | payload
//! ```
//!
//! # Example
//!
//! ```
//! use xen_hypercall::envelope::{Access, Permitted, Reference, Refusal, audit};
//! use zerocopy::IntoBytes;
//!
//! let mut bytes = [0u8; 28];
//! bytes[..4].copy_from_slice(&41u32.to_ne_bytes());
//! bytes[4..8].copy_from_slice(&1u32.to_ne_bytes());
//! let reference = Reference { address: 0x1000, size: 64, access: Access::WRITE };
//! bytes[8..24].copy_from_slice(reference.as_bytes());
//!
//! let ours = [Permitted { first: 0x1000, last: 0x1fff, writable: true }];
//! let envelope = audit(&bytes, &[41], &ours)?;
//! assert_eq!(envelope.payload, [0; 4]);
//!
//! let others = [Permitted { first: 0x8000, last: 0x8fff, writable: true }];
//! assert_eq!(audit(&bytes, &[41], &others).unwrap_err(), Refusal::Outside { reference: 0 });
//! # Ok::<(), Refusal>(())
//! ```

use core::fmt;

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

/// More references than this would be more work for a kernel than a call is worth.
pub const REFERENCES_MAX: usize = 16;

/// What comes first.
///
/// # Example
///
/// ```
/// use xen_hypercall::envelope::Head;
/// use zerocopy::IntoBytes;
///
/// let head = Head { hypercall: 41, references: 0 };
/// assert_eq!(head.as_bytes().len(), 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Head {
    /// `__HYPERVISOR_*`.
    pub hypercall: u32,
    /// How many references follow.
    pub references: u32,
}

/// Memory that the call reads or writes.
///
/// # Example
///
/// ```
/// use xen_hypercall::envelope::{Access, Reference};
/// use zerocopy::IntoBytes;
///
/// let room = Reference { address: 0x1000, size: 64, access: Access::WRITE };
/// assert_eq!(room.as_bytes().len(), 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Reference {
    /// The first byte.
    pub address: u64,
    /// How many bytes; not zero.
    pub size: u32,
    /// What happens to them.
    pub access: Access,
}

/// What happens to memory.
///
/// # Example
///
/// ```
/// use xen_hypercall::envelope::Access;
///
/// assert_eq!(Access::BOTH.0, Access::READ.0 | Access::WRITE.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Access(pub u32);

impl Access {
    /// It is read.
    pub const READ: Self = Self(1);
    /// It is written.
    pub const WRITE: Self = Self(2);
    /// It is read and written.
    pub const BOTH: Self = Self(3);

    fn writes(self) -> bool {
        self.0 & Self::WRITE.0 != 0
    }
}

/// Memory that a process may pass.
///
/// # Example
///
/// ```
/// use xen_hypercall::envelope::{Permitted, audit};
///
/// let ours = [Permitted { first: 0x1000, last: 0x1fff, writable: false }];
/// // A call without any reference stays within whatever is permitted.
/// assert!(audit(&[0; 8], &[0], &ours).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// The first byte.
    pub first: u64,
    /// The last byte.
    pub last: u64,
    /// Whether it may be written.
    pub writable: bool,
}

/// A call that was found harmless.
///
/// # Example
///
/// ```
/// use xen_hypercall::envelope::{Envelope, audit};
///
/// let mut call = [0u8; 12];
/// call[0] = 41;
/// let envelope: Envelope<'_> = audit(&call, &[41], &[])?;
/// assert_eq!((envelope.hypercall, envelope.references().len()), (41, 0));
/// assert_eq!(envelope.payload.len(), 4);
/// # Ok::<(), xen_hypercall::envelope::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// `__HYPERVISOR_*`.
    pub hypercall: u32,
    /// The rest.
    pub payload: &'a [u8],
    /// Copies: whoever owns the bytes cannot change them any more.
    list: [Reference; REFERENCES_MAX],
    count: usize,
}

impl Envelope<'_> {
    /// What it refers to.
    pub fn references(&self) -> &[Reference] {
        &self.list[..self.count]
    }
}

/// Why a call is refused.
///
/// # Example
///
/// ```
/// use xen_hypercall::envelope::{Refusal, audit};
///
/// let refused = audit(&[0; 8], &[41], &[]).unwrap_err();
/// assert_eq!(refused, Refusal::Hypercall { hypercall: 0 });
/// assert_eq!(refused.to_string(), "hypercall 0 is not permitted");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It ends before its references do.
    Malformed,
    /// Its hypercall is not one that a process may issue.
    Hypercall {
        /// The hypercall.
        hypercall: u32,
    },
    /// It has too many references.
    TooMany {
        /// How many.
        references: u32,
    },
    /// A reference neither reads nor writes, or does something unknown.
    UnknownAccess {
        /// Its position.
        reference: usize,
    },
    /// A reference has no bytes.
    Empty {
        /// Its position.
        reference: usize,
    },
    /// A reference goes beyond the end of the address space.
    Wraps {
        /// Its position.
        reference: usize,
    },
    /// A reference is not inside one permitted range, or writes where it may only read.
    Outside {
        /// Its position.
        reference: usize,
    },
    /// A reference that is written overlaps another.
    Overlaps {
        /// The position of the later one.
        reference: usize,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => write!(f, "the call ends before its references"),
            Self::Hypercall { hypercall } => write!(f, "hypercall {hypercall} is not permitted"),
            Self::TooMany { references } => write!(f, "{references} references are too many"),
            Self::UnknownAccess { reference } => write!(f, "reference {reference} has no access"),
            Self::Empty { reference } => write!(f, "reference {reference} is empty"),
            Self::Wraps { reference } => write!(f, "reference {reference} wraps around"),
            Self::Outside { reference } => write!(f, "reference {reference} is not permitted"),
            Self::Overlaps { reference } => write!(f, "reference {reference} overlaps another"),
        }
    }
}

impl core::error::Error for Refusal {}

/// Checks a call without knowing its operation.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub fn audit<'a>(
    bytes: &'a [u8],
    hypercalls: &[u32],
    permitted: &[Permitted],
) -> Result<Envelope<'a>, Refusal> {
    let Ok((head, rest)) = Head::read_from_prefix(bytes) else {
        return Err(Refusal::Malformed);
    };
    if !hypercalls.contains(&head.hypercall) {
        return Err(Refusal::Hypercall {
            hypercall: head.hypercall,
        });
    }
    let count = usize::try_from(head.references).unwrap_or(usize::MAX);
    if count > REFERENCES_MAX {
        return Err(Refusal::TooMany {
            references: head.references,
        });
    }
    let Some((bytes, payload)) = rest.split_at_checked(count * size_of::<Reference>()) else {
        return Err(Refusal::Malformed);
    };
    let mut list = <[Reference; REFERENCES_MAX]>::new_zeroed();
    list[..count].as_mut_bytes().copy_from_slice(bytes);
    for (position, reference) in list[..count].iter().enumerate() {
        check(position, reference, &list[..position], permitted)?;
    }
    Ok(Envelope {
        hypercall: head.hypercall,
        payload,
        list,
        count,
    })
}

fn check(
    position: usize,
    reference: &Reference,
    before: &[Reference],
    permitted: &[Permitted],
) -> Result<(), Refusal> {
    if !(Access::READ.0..=Access::BOTH.0).contains(&reference.access.0) {
        return Err(Refusal::UnknownAccess {
            reference: position,
        });
    }
    let Some(size) = u64::from(reference.size).checked_sub(1) else {
        return Err(Refusal::Empty {
            reference: position,
        });
    };
    let first = reference.address;
    let Some(last) = first.checked_add(size) else {
        return Err(Refusal::Wraps {
            reference: position,
        });
    };
    let inside = |range: &Permitted| {
        let writes = reference.access.writes();
        range.first <= first && last <= range.last && (range.writable || !writes)
    };
    if !permitted.iter().any(inside) {
        return Err(Refusal::Outside {
            reference: position,
        });
    }
    // Those before have passed: their ends do not overflow.
    let overlaps = |other: &Reference| {
        let other_last = other.address + (u64::from(other.size) - 1);
        let writes = reference.access.writes() || other.access.writes();
        writes && other.address <= last && first <= other_last
    };
    match before.iter().any(overlaps) {
        true => Err(Refusal::Overlaps {
            reference: position,
        }),
        false => Ok(()),
    }
}
