// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Whether to map or to copy.

use vm_memory::Permissions;

/// Ranges that the device reads are copied up to this length, and mapped beyond.
///
/// Measured up to here, and cheaper by a third all the way: see DESIGN.md, "Map or copy".
pub const COPY_IN_MAX: usize = 64 << 10;

/// Ranges that the device writes are copied up to this length, and mapped beyond.
pub const COPY_OUT_MAX: usize = 64 << 10;

/// How granted memory is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// What is shorter by measurement: small ranges are copied, large ones mapped.
    #[default]
    Auto,
    /// Everything is mapped.
    Map,
    /// Everything is copied, but for what is [pinned](crate::GuestSpace::pin).
    Copy,
}

impl Policy {
    pub(super) fn maps(self, len: usize, access: Permissions) -> bool {
        match self {
            Self::Auto if access.has_write() => len > COPY_OUT_MAX,
            Self::Auto => len > COPY_IN_MAX,
            Self::Map => true,
            Self::Copy => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_decides_and_the_direction() {
        assert!(!Policy::Auto.maps(COPY_IN_MAX, Permissions::Read));
        assert!(Policy::Auto.maps(COPY_IN_MAX + 1, Permissions::Read));
        assert!(!Policy::Auto.maps(COPY_OUT_MAX, Permissions::Write));
        assert!(Policy::Auto.maps(COPY_OUT_MAX + 1, Permissions::Write));
    }

    #[test]
    fn what_is_forced_is_forced() {
        assert!(Policy::Map.maps(1, Permissions::Write));
        assert!(!Policy::Copy.maps(1 << 30, Permissions::Read));
    }
}
