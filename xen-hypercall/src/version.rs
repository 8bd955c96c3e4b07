// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Which Xen this is: `xen/include/public/version.h`.

// UNSAFE: a hypercall is made.
#![expect(unsafe_code)]

use core::fmt;

use crate::XenError;
use crate::abi::version::{self as abi, ops};
use crate::call::XenHypercall;
use crate::operation::{Operation, Perform, request, word};

/// `__HYPERVISOR_xen_version`.
pub const HYPERCALL: u64 = ops::Version::HYPERCALL as u64;
/// `XENVER_version`: no argument, the answer is the return value.
pub const XENVER_VERSION: u64 = ops::Version::NUMBER as u64;

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

request! {
    /// `XENVER_extraversion`: what follows the numbers in the name of a release.
    ExtraVersion = ops::Extraversion, => [u8; 16], |args, _| Ok(args.text)
}

impl Default for ExtraVersion {
    /// The question.
    fn default() -> Self {
        Self(abi::Extraversion::default())
    }
}

request! {
    /// `XENVER_get_features`: one word of `XENFEAT_*` bits.
    GetFeatures = ops::GetFeatures, => u32, |args, _| Ok(args.submap)
}

impl GetFeatures {
    /// Which word.
    pub fn new(word: u32) -> Self {
        Self(abi::FeatureInfo {
            submap_idx: word,
            submap: 0,
        })
    }
}

/// Which Xen this is.
///
/// # Errors
///
/// What Xen says: nothing, every domain may ask.
pub fn version<X: XenHypercall>(xen: &X) -> Result<Version, XenError> {
    let [hypercall, number] = [ops::Version::HYPERCALL, ops::Version::NUMBER].map(word);
    // SAFETY: XENVER_version takes no argument.
    let raw = unsafe { xen.hypercall2(hypercall, [number, 0]) }?;
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
    xen.perform(ExtraVersion::default())
}

/// One word of `XENFEAT_*` bits (xen/include/public/features.h).
///
/// # Errors
///
/// [`XenError::INVAL`] beyond the last word.
pub fn features<X: XenHypercall>(xen: &X, word: u32) -> Result<u32, XenError> {
    xen.perform(GetFeatures::new(word))
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
