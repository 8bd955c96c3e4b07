// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/version.yaml by `xen-abi generate`: edit that file.

//! Which Xen this is.
//!
//! Questions about the hypervisor that every domain may ask, and a few that only the control domain
//! may.
//!
//! Source: `xen/include/public/version.h`.
//!
//! # To open a hypercall interface and see that it works
//!
//! Ask for the version: it takes no argument, changes nothing, and every domain may. The answer
//! is the result: major << 16 | minor.
//!
//! ```
//! use xen_hypercall::abi::version::ops::Version;
//! use xen_hypercall::operation::Operation;
//!
//! // In a kernel: hypercall(Version::HYPERCALL, Version::NUMBER, 0).
//! assert_eq!((Version::HYPERCALL, Version::NUMBER), (17, 0));
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The rest of the version.
///
/// C: `xen_extraversion_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Extraversion {
    /// Out: Text that ends with a zero.
    pub text: [u8; 16],
}

impl Default for Extraversion {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<Extraversion>() == 16);
    assert!(align_of::<Extraversion>() == 1);
    assert!(core::mem::offset_of!(Extraversion, text) == 0);
};

/// Who built Xen, and with what.
///
/// C: `struct xen_compile_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CompileInfo {
    /// Out: Text that ends with a zero.
    pub compiler: [u8; 64],
    /// Out: Text that ends with a zero.
    pub compile_by: [u8; 16],
    /// Out: Text that ends with a zero.
    pub compile_domain: [u8; 32],
    /// Out: Text that ends with a zero.
    pub compile_date: [u8; 32],
}

impl Default for CompileInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<CompileInfo>() == 144);
    assert!(align_of::<CompileInfo>() == 1);
    assert!(core::mem::offset_of!(CompileInfo, compiler) == 0);
    assert!(core::mem::offset_of!(CompileInfo, compile_by) == 64);
    assert!(core::mem::offset_of!(CompileInfo, compile_domain) == 80);
    assert!(core::mem::offset_of!(CompileInfo, compile_date) == 112);
};

/// What kinds of guest Xen can run.
///
/// C: `xen_capabilities_info_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CapabilitiesInfo {
    /// Out: Words like `hvm-3.0-x86_64`, zero at the end.
    pub text: [u8; 1024],
}

impl Default for CapabilitiesInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<CapabilitiesInfo>() == 1024);
    assert!(align_of::<CapabilitiesInfo>() == 1);
    assert!(core::mem::offset_of!(CapabilitiesInfo, text) == 0);
};

/// The commit Xen was built from.
///
/// C: `xen_changeset_info_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ChangesetInfo {
    /// Out: Text that ends with a zero.
    pub text: [u8; 64],
}

impl Default for ChangesetInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<ChangesetInfo>() == 64);
    assert!(align_of::<ChangesetInfo>() == 1);
    assert!(core::mem::offset_of!(ChangesetInfo, text) == 0);
};

/// Where Xen's own addresses begin.
///
/// C: `struct xen_platform_parameters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PlatformParameters {
    /// Out: First address that is not the guest's (PV).
    pub virt_start: u64,
}

impl Default for PlatformParameters {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<PlatformParameters>() == 8);
    assert!(align_of::<PlatformParameters>() == 8);
    assert!(core::mem::offset_of!(PlatformParameters, virt_start) == 0);
};

/// 32 of Xen's features.
///
/// C: `struct xen_feature_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FeatureInfo {
    /// In: Which 32.
    pub submap_idx: u32,
    /// Out: A bit for each.
    pub submap: u32,
}

impl Default for FeatureInfo {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<FeatureInfo>() == 8);
    assert!(align_of::<FeatureInfo>() == 4);
    assert!(core::mem::offset_of!(FeatureInfo, submap_idx) == 0);
    assert!(core::mem::offset_of!(FeatureInfo, submap) == 4);
};

/// The number of every operation.
pub mod numbers {
    /// Says which version of Xen runs.
    pub const VERSION: u32 = 0;
    /// Says the rest of the version.
    pub const EXTRAVERSION: u32 = 1;
    /// Says who built Xen.
    pub const COMPILE_INFO: u32 = 2;
    /// Says what guests Xen can run.
    pub const CAPABILITIES: u32 = 3;
    /// Says the commit Xen was built from.
    pub const CHANGESET: u32 = 4;
    /// Says where Xen's own addresses begin.
    pub const PLATFORM_PARAMETERS: u32 = 5;
    /// Says which features the caller has.
    pub const GET_FEATURES: u32 = 6;
    /// Says the page size.
    pub const PAGESIZE: u32 = 7;
    /// The UUID of the caller.
    pub const GUEST_HANDLE: u32 = 8;
    /// Xen's command line.
    pub const COMMANDLINE: u32 = 9;
    /// The build identifier.
    pub const BUILD_ID: u32 = 10;
    /// The rest of the version at any length.
    pub const EXTRAVERSION2: u32 = 11;
    /// What guests Xen can run at any length.
    pub const CAPABILITIES2: u32 = 12;
    /// The commit at any length.
    pub const CHANGESET2: u32 = 13;
    /// The command line at any length.
    pub const COMMANDLINE2: u32 = 14;
}

/// Each operation as a type.
pub mod ops {
    /// Says which version of Xen runs.
    ///
    /// C: `XENVER_version`. Returns major << 16 | minor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Version;

    impl crate::operation::Operation for Version {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "version.version";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Says the rest of the version.
    ///
    /// C: `XENVER_extraversion`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Extraversion;

    impl crate::operation::Operation for Extraversion {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "version.extraversion";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::Extraversion;
        type Slots = ();
    }

    /// Says who built Xen.
    ///
    /// C: `XENVER_compile_info`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CompileInfo;

    impl crate::operation::Operation for CompileInfo {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 2;
        const NAME: &'static str = "version.compile_info";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::CompileInfo;
        type Slots = ();
    }

    /// Says what guests Xen can run.
    ///
    /// C: `XENVER_capabilities`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Capabilities;

    impl crate::operation::Operation for Capabilities {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 3;
        const NAME: &'static str = "version.capabilities";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::CapabilitiesInfo;
        type Slots = ();
    }

    /// Says the commit Xen was built from.
    ///
    /// C: `XENVER_changeset`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Changeset;

    impl crate::operation::Operation for Changeset {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 4;
        const NAME: &'static str = "version.changeset";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::ChangesetInfo;
        type Slots = ();
    }

    /// Says where Xen's own addresses begin.
    ///
    /// C: `XENVER_platform_parameters`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PlatformParameters;

    impl crate::operation::Operation for PlatformParameters {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "version.platform_parameters";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::PlatformParameters;
        type Slots = ();
    }

    /// Says which features the caller has.
    ///
    /// C: `XENVER_get_features`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetFeatures;

    impl crate::operation::Operation for GetFeatures {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 6;
        const NAME: &'static str = "version.get_features";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = super::FeatureInfo;
        type Slots = ();
    }

    /// Says the page size.
    ///
    /// C: `XENVER_pagesize`. Returns the page size.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Pagesize;

    impl crate::operation::Operation for Pagesize {
        const HYPERCALL: u32 = 17;
        const NUMBER: u32 = 7;
        const NAME: &'static str = "version.pagesize";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }
}
