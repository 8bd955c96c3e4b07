// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Which Xen this is: `xen/include/public/version.h`.

// UNSAFE: the hypercall is given a pointer.
#![expect(unsafe_code)]

use core::fmt;

use zerocopy::IntoBytes;

use crate::XenError;
use crate::call::{MutMemory, XenHypercall};

/// `__HYPERVISOR_xen_version`.
pub const HYPERCALL: u64 = 17;
/// The same, as a register has it.
const NUMBER: usize = 17;
/// `XENVER_version`: no argument, the answer is the return value.
pub const XENVER_VERSION: u64 = 0;

/// The answer to [`XENVER_VERSION`]. Every domain may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 4 in Xen 4.20.
    pub major: u16,
    /// 20 in Xen 4.20.
    pub minor: u16,
}

impl Version {
    /// From the return value of the hypercall: the major number in bits 31..16, the minor in
    /// bits 15..0.
    pub fn from_raw(raw: u32) -> Self {
        let [b0, b1, b2, b3] = raw.to_le_bytes();
        Self {
            major: u16::from_le_bytes([b2, b3]),
            minor: u16::from_le_bytes([b0, b1]),
        }
    }
}

/// Which Xen this is.
///
/// # Errors
///
/// What Xen says: nothing, every domain may ask.
pub fn version<X: XenHypercall>(xen: &X) -> Result<Version, XenError> {
    // SAFETY: XENVER_version takes no argument.
    let raw = unsafe { xen.hypercall2(NUMBER, [0, 0]) }?;
    u32::try_from(raw)
        .map(Version::from_raw)
        .map_err(|_too_wide| XenError::OVERFLOW)
}

/// What follows the numbers in the name of a release: `.1-pre` of `4.20.1-pre`. Padded with
/// zeros.
///
/// # Errors
///
/// [`XenError::PERM`] where a policy hides it.
pub fn extra_version<X: XenHypercall>(xen: &X) -> Result<[u8; 16], XenError> {
    let mut text = [0; 16];
    let mut lent = xen.lend_mut(&mut text)?;
    let pointer = lent.as_mut_ptr().expose_provenance();
    // SAFETY: XENVER_extraversion writes 16 bytes, which are lent.
    unsafe { xen.hypercall2(NUMBER, [1, pointer]) }?;
    lent.update();
    drop(lent);
    Ok(text)
}

/// One word of `XENFEAT_*` bits (xen/include/public/features.h).
///
/// # Errors
///
/// [`XenError::INVAL`] beyond the last word.
pub fn features<X: XenHypercall>(xen: &X, word: u32) -> Result<u32, XenError> {
    // `struct xen_feature_info`: which word, and the word.
    let mut info = [word, 0u32];
    let mut lent = xen.lend_mut(info.as_mut_bytes())?;
    let pointer = lent.as_mut_ptr().expose_provenance();
    // SAFETY: XENVER_get_features reads and writes a `xen_feature_info`, which is lent.
    unsafe { xen.hypercall2(NUMBER, [6, pointer]) }?;
    lent.update();
    drop(lent);
    Ok(info[1])
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_halves_of_the_answer_are_major_and_minor() {
        assert_eq!(
            Version::from_raw(0x0004_0014),
            Version {
                major: 4,
                minor: 20
            }
        );
    }
}
