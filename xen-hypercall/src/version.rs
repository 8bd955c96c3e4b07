// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Which Xen this is: `xen/include/public/version.h`.

use core::fmt;

use crate::abi::version::ops as abi;
use crate::operation::Operation;

/// `__HYPERVISOR_xen_version`.
pub const HYPERCALL: u64 = abi::Version::HYPERCALL as u64;
/// `XENVER_version`: no argument, the answer is the return value.
pub const XENVER_VERSION: u64 = abi::Version::NUMBER as u64;

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
