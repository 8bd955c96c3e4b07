// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Structures that grow: reading what an older or a newer side has written.
//!
//! A structure declares every size it has had and what happens to bytes beyond the last. Nothing
//! else is accepted, so that a field is read whole or is zero, never half.
//!
//! # Example
//!
//! ```
//! use xen_hypercall::growth::{Growing, Tail, WrongSize, read};
//! use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
//!
//! #[derive(Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
//! #[repr(C)]
//! struct Info { id: u32, flags: u32, added_later: u64 }
//!
//! impl Growing for Info {
//!     const SIZES: &'static [usize] = &[8, 16];
//!     const TAIL: Tail = Tail::MustBeZero;
//! }
//!
//! let old = [1, 0, 0, 0, 2, 0, 0, 0];
//! assert_eq!(read(&old), Ok(Info { id: 1, flags: 2, added_later: 0 }));
//! assert_eq!(read::<Info>(&[0; 12]), Err(WrongSize { size: 12 }));
//! ```

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// What happens to bytes beyond what this side knows.
///
/// # Example
///
/// ```
/// use xen_hypercall::growth::Tail;
///
/// // Xen's own rule for DM operations.
/// let rule = Tail::Ignored;
/// assert_ne!(rule, Tail::Refused);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// They do not matter: Xen's rule for DM operations.
    Ignored,
    /// They must be zero, else the other side asks for something unknown.
    MustBeZero,
    /// There must be none.
    Refused,
}

/// A structure that has had several sizes.
///
/// # Example
///
/// ```
/// use xen_hypercall::growth::{Growing, Tail, read};
///
/// #[derive(Debug, PartialEq, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable)]
/// #[repr(C)]
/// struct Limits { pages: u32, added_later: u32 }
///
/// impl Growing for Limits {
///     const SIZES: &'static [usize] = &[4, 8];
///     const TAIL: Tail = Tail::Refused;
/// }
///
/// assert_eq!(read(&[7, 0, 0, 0]), Ok(Limits { pages: 7, added_later: 0 }));
/// ```
pub trait Growing: FromBytes + IntoBytes + Immutable {
    /// Every size it has had, ascending; the last is its size.
    const SIZES: &'static [usize];
    /// What happens to more.
    const TAIL: Tail;
}

/// A structure of a size that it never had.
///
/// # Example
///
/// ```
/// use xen_hypercall::growth::WrongSize;
///
/// let error = WrongSize { size: 12 };
/// assert_eq!(error.to_string(), "12 bytes are no size of this structure");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongSize {
    /// Bytes that were found.
    pub size: usize,
}

impl fmt::Display for WrongSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are no size of this structure", self.size)
    }
}

impl core::error::Error for WrongSize {}

/// Reads a structure of any of its sizes; what an older side did not write is zero.
///
/// # Errors
///
/// [`WrongSize`] when it has none of its sizes, or a tail that it must not have.
pub fn read<T: Growing>(bytes: &[u8]) -> Result<T, WrongSize> {
    let mut value = T::new_zeroed();
    let whole = value.as_mut_bytes();
    let size = bytes.len();
    let known = match bytes.split_at_checked(whole.len()) {
        Some((known, tail)) => {
            let refused = match T::TAIL {
                Tail::Ignored => false,
                Tail::MustBeZero => tail.iter().any(|byte| *byte != 0),
                Tail::Refused => !tail.is_empty(),
            };
            if refused {
                return Err(WrongSize { size });
            }
            known
        }
        None if T::SIZES.contains(&size) => bytes,
        None => return Err(WrongSize { size }),
    };
    whole[..known.len()].copy_from_slice(known);
    Ok(value)
}
