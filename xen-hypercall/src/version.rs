// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Which Xen this is: `xen/include/public/version.h`.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use core::fmt;

use crate::XenError;
use crate::abi::version::{self as abi, ops};
use crate::call::XenHypercall;
use crate::operation::{Operation, Perform, request};

/// `__HYPERVISOR_xen_version`.
pub const HYPERCALL: u64 = ops::Version::HYPERCALL as u64;
/// `XENVER_version`: no argument, the answer is the return value.
pub const XENVER_VERSION: u64 = ops::Version::NUMBER as u64;

/// The answer to [`XENVER_VERSION`]. Every domain may ask.
///
/// # Example
///
/// ```
/// use xen_hypercall::version::{Version, version};
/// use xen_hypercall::DomId;
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// assert!(version(&xen)? >= Version { major: 4, minor: 17 });
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
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
    /// `XENVER_version`: the numbers of a release.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::GetVersion;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(GetVersion::default())?.to_string(), "4.20");
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    GetVersion = ops::Version,
    => Version, |_args, result| {
        u32::try_from(result).map(Version::from_raw).map_err(|_too_wide| XenError::OVERFLOW)
    }
}

request! {
    /// `XENVER_compile_info`: who built Xen, and with what.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::GetCompileInfo;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let info = xen.perform(GetCompileInfo::default())?;
    /// assert!(info.compiler.starts_with(b"rustc"));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    GetCompileInfo = ops::CompileInfo, => abi::CompileInfo, |args, _| Ok(args)
}

request! {
    /// `XENVER_capabilities`: words like `hvm-3.0-x86_64`, zero at the end.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::Capabilities;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let words = xen.perform(Capabilities::default())?;
    /// assert!(words.starts_with(b"xen-3.0-aarch64 "));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    Capabilities = ops::Capabilities, => [u8; 1024], |args, _| Ok(args.text)
}

request! {
    /// `XENVER_changeset`: the commit that Xen was built from.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::Changeset;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let commit = xen.perform(Changeset::default())?;
    /// assert!(commit.starts_with(b"unavailable"));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    Changeset = ops::Changeset, => [u8; 64], |args, _| Ok(args.text)
}

request! {
    /// `XENVER_platform_parameters`: the first address that is not the guest's (PV).
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::GetPlatformParameters;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let start = xen.perform(GetPlatformParameters::default())?;
    /// assert_eq!(start, 0xffff_8000_0000_0000);
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    GetPlatformParameters = ops::PlatformParameters,
    => u64, |args, _| Ok(args.virt_start)
}

request! {
    /// `XENVER_pagesize`: the size of Xen's pages.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::PageSize;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(PageSize::default())?, 4096);
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    PageSize = ops::Pagesize, => usize, |_args, result| Ok(result)
}

request! {
    /// `XENVER_extraversion`: what follows the numbers in the name of a release.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::ExtraVersion;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let text = xen.perform(ExtraVersion::default())?;
    /// assert!(text.starts_with(b".sim\0"));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    ExtraVersion = ops::Extraversion, => [u8; 16], |args, _| Ok(args.text)
}

request! {
    /// `XENVER_get_features`: one word of `XENFEAT_*` bits.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::version::GetFeatures;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let features = xen.perform(GetFeatures::new(0))?;
    /// assert_ne!(features & 1 << 2, 0); // XENFEAT_auto_translated_physmap
    /// assert_eq!(xen.perform(GetFeatures::new(9)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
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
    xen.perform(GetVersion::default())
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
