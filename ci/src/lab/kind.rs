// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The labs that there are.

use clap::ValueEnum;

use super::Arch;

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
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Arm64, Self::X86, Self::X86Grants];

    /// The one of this machine's architecture for which nothing is built, or the one that every machine can have.
    pub const fn host() -> Self {
        if cfg!(target_arch = "x86_64") {
            Self::X86
        } else {
            Self::Arm64
        }
    }

    /// The architecture of the machine in it.
    pub const fn arch(self) -> Arch {
        match self {
            Self::Arm64 => Arch::Arm64,
            Self::X86 | Self::X86Grants => Arch::X86,
        }
    }

    /// What messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86-64",
            Self::X86Grants => "x86-64 with grants",
        }
    }
}
