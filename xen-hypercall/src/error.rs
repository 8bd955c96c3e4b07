// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What Xen says when it refuses: `xen/include/public/errno.h`.

use core::fmt;
use core::num::NonZeroU16;

/// The largest number that is an errno: results in -4095..=-1 are errors, all others are not.
const MAX_ERRNO: usize = 4095;

/// An errno of Xen. The numbers are those of Linux, whatever the guest runs.
///
/// # Example
///
/// ```
/// use xen_hypercall::event_channel::Send;
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, Port, XenError};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let refused = xen.perform(Send::new(Port(77))).unwrap_err();
/// assert_eq!(refused, XenError::INVAL);
/// assert_eq!(refused.errno(), 22);
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct XenError(NonZeroU16);

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        impl XenError {
            $($(#[$doc])* pub const $name: Self = Self(NonZeroU16::new($number).unwrap());)*

            /// `errno.h`'s name without the E, and what it means.
            fn known(self) -> Option<(&'static str, &'static str)> {
                match self.0.get() {
                    $($number => Some((concat!("E", stringify!($name)), $text)),)*
                    _ => None,
                }
            }
        }
    };
}

errors! {
    /// Not for this domain.
    PERM = 1, "not permitted";
    /// There is no such thing.
    NOENT = 2, "no such thing";
    /// There is no such domain.
    SRCH = 3, "no such domain";
    /// Input or output failed.
    IO = 5, "input or output failed";
    /// There is no such device or address.
    NXIO = 6, "no such address";
    /// Too much at once.
    TOOBIG = 7, "too much at once";
    /// Ask again.
    AGAIN = 11, "try again";
    /// Xen or the domain has no memory for it.
    NOMEM = 12, "no memory";
    /// A security policy forbids it.
    ACCES = 13, "forbidden by policy";
    /// A pointer leads nowhere.
    FAULT = 14, "bad pointer";
    /// Somebody uses it.
    BUSY = 16, "in use";
    /// It is there already.
    EXIST = 17, "exists already";
    /// There is no such device.
    NODEV = 19, "no such device";
    /// An argument makes no sense.
    INVAL = 22, "invalid argument";
    /// None is free.
    NOSPC = 28, "none left";
    /// A number is out of range.
    RANGE = 34, "out of range";
    /// This Xen does not have it.
    NOSYS = 38, "not implemented";
    /// There is no data.
    NODATA = 61, "no data";
    /// A result does not fit.
    OVERFLOW = 75, "result does not fit";
    /// To be continued: never seen by callers.
    RESTART = 85, "to be continued";
    /// This Xen, or this machine, does not support it.
    OPNOTSUPP = 95, "not supported";
    /// Nobody is at the other end.
    NOTCONN = 107, "not connected";
    /// It took too long.
    TIMEDOUT = 110, "timed out";
}

impl XenError {
    /// The error of that number, which is positive; `None` when there is none.
    pub fn from_errno(errno: i32) -> Option<Self> {
        let errno = u16::try_from(errno).ok()?;
        NonZeroU16::new(errno)
            .filter(|errno| usize::from(errno.get()) <= MAX_ERRNO)
            .map(Self)
    }

    /// The number, positive.
    pub fn errno(self) -> i32 {
        self.0.get().into()
    }

    /// What the register says that a hypercall returns.
    ///
    /// # Errors
    ///
    /// -4095..=-1. Everything else is a result, also what looks negative.
    pub fn check(result: usize) -> Result<usize, Self> {
        match result.wrapping_neg() {
            errno @ 1..=MAX_ERRNO => Err(u16::try_from(errno)
                .ok()
                .and_then(NonZeroU16::new)
                .map_or(Self::INVAL, Self)),
            _ => Ok(result),
        }
    }
}

impl fmt::Display for XenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((_, text)) => f.write_str(text),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for XenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "XenError({})", self.0),
        }
    }
}

impl core::error::Error for XenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_page_of_numbers_is_errors() {
        assert_eq!(XenError::check(0), Ok(0));
        assert_eq!(XenError::check(usize::MAX), Err(XenError::PERM));
        assert_eq!(
            XenError::check(22usize.wrapping_neg()),
            Err(XenError::INVAL)
        );
        let last = XenError::from_errno(4095).unwrap();
        assert_eq!(XenError::check(4095usize.wrapping_neg()), Err(last));
        let beyond = 4096usize.wrapping_neg();
        assert_eq!(XenError::check(beyond), Ok(beyond));
        assert_eq!(XenError::check(0xffff_ffff), Ok(0xffff_ffff));
    }

    #[test]
    fn numbers_that_are_no_errno_are_refused() {
        assert_eq!(XenError::from_errno(0), None);
        assert_eq!(XenError::from_errno(-22), None);
        assert_eq!(XenError::from_errno(4096), None);
        assert_eq!(XenError::from_errno(22), Some(XenError::INVAL));
    }
}
