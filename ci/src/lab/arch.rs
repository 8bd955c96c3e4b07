// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The architectures that there is a lab of.

use std::process::Command;

use clap::ValueEnum;

/// An architecture that there is a lab of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Arch {
    /// Arm, 64 bits
    #[default]
    #[value(name = "aarch64")]
    Arm64,
    /// x86, 64 bits
    #[value(name = "x86_64")]
    X86,
}

impl Arch {
    /// The one of this machine, or the one whose lab every machine can have.
    pub const fn host() -> Self {
        if cfg!(target_arch = "x86_64") {
            Self::X86
        } else {
            Self::Arm64
        }
    }

    /// What messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86-64",
        }
    }

    /// What Debian calls it.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "amd64",
        }
    }

    /// What Rust calls it.
    pub const fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86 => "x86_64-unknown-linux-gnu",
        }
    }

    /// The emulator of it.
    pub const fn qemu(self) -> &'static str {
        match self {
            Self::Arm64 => "qemu-system-aarch64",
            Self::X86 => "qemu-system-x86_64",
        }
    }

    /// Where Debian's libraries are.
    pub const fn lib(self) -> &'static str {
        match self {
            Self::Arm64 => "usr/lib/aarch64-linux-gnu",
            Self::X86 => "usr/lib/x86_64-linux-gnu",
        }
    }

    /// What begins the names of its compiler's tools.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-linux-gnu",
            Self::X86 => "x86_64-linux-gnu",
        }
    }

    /// The name of one of its compiler's tools.
    pub fn tool_name(self, name: &str) -> String {
        format!("{}-{name}", self.prefix())
    }

    /// One of its compiler's tools.
    pub fn tool(self, name: &str) -> Command {
        Command::new(self.tool_name(name))
    }

    /// The variable of cargo's that has `what` for programs for it.
    pub fn cargo_variable(self, what: &str) -> String {
        let target = self.target().to_uppercase().replace('-', "_");
        format!("CARGO_TARGET_{target}_{what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_variables_are_named_as_cargo_wants_them() {
        assert_eq!(
            Arch::X86.cargo_variable("LINKER"),
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"
        );
    }
}
