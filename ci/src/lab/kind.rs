// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The labs that there are.

use clap::ValueEnum;

use super::{Arch, apt};

/// The labs that there are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Kind {
    /// Arm: Debian's sources of Xen and Linux, configured for what the lab is about
    #[default]
    #[value(name = "aarch64")]
    Arm64,
    /// x86: Debian's own Xen and Linux, HVM guests
    #[value(name = "x86_64")]
    X86,
    /// The same with a kernel that has what Debian's have not: grants for virtio, eventfds of privcmd, I2C and GPIO
    #[value(name = "x86_64-grants")]
    X86Grants,
    /// x86 with the Xen, its tools and the device model of the release before
    #[value(name = "x86_64-xen4.17")]
    X86Older,
}

/// A release of Debian, for the Xen in it.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// Its name.
    pub suite: &'static str,
    /// The version of its Xen, as in names of packages and directories.
    pub xen: &'static str,
}

impl Release {
    /// The one that all else is of.
    const NEWEST: Self = Self {
        suite: apt::SUITE,
        xen: "4.20",
    };
    const BEFORE: Self = Self {
        suite: "bookworm",
        xen: "4.17",
    };
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Arm64, Self::X86, Self::X86Grants, Self::X86Older];

    /// The architecture of the machine in it.
    pub const fn arch(self) -> Arch {
        match self {
            Self::Arm64 => Arch::Arm64,
            Self::X86 | Self::X86Grants | Self::X86Older => Arch::X86,
        }
    }

    /// Which release Xen and its tools are of.
    pub const fn release(self) -> Release {
        match self {
            Self::Arm64 | Self::X86 | Self::X86Grants => Release::NEWEST,
            Self::X86Older => Release::BEFORE,
        }
    }

    /// What messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86-64",
            Self::X86Grants => "x86-64 with grants",
            Self::X86Older => "x86-64 with Xen 4.17",
        }
    }
}
