// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: x86 reaches configuration spaces through two I/O ports.
#![expect(unsafe_code)]

//! The configuration space of a PCI function: on arm64 a part of the memory, on x86 behind two ports.

use std::io;

use crate::window::Width;
#[cfg(any(test, target_arch = "aarch64"))]
use crate::window::Window;

/// How much of it is looked at: through the ports there is no more.
pub const CONFIG_SIZE: usize = if cfg!(target_arch = "aarch64") {
    0x1000
} else {
    0x100
};

/// The configuration space of one function.
#[derive(Debug)]
pub enum Function {
    /// A part of the memory.
    #[cfg(any(test, target_arch = "aarch64"))]
    Memory(Window),
    /// What the first port is given to choose it.
    #[cfg(target_arch = "x86_64")]
    Ports(u32),
}

impl Function {
    /// The function 0 in a slot of the guest's first bus.
    ///
    /// # Errors
    ///
    /// When the memory cannot be mapped, or the ports are not allowed.
    #[cfg(target_arch = "aarch64")]
    pub fn open(slot: u64) -> io::Result<Self> {
        // Where the spaces of the bus begin, and how far they are from each other.
        const ECAM: u64 = 0x3300_0000;
        const SLOT: u64 = 0x8000;
        Window::open(ECAM + SLOT * slot, CONFIG_SIZE).map(Self::Memory)
    }

    /// The function 0 in a slot of the guest's first bus.
    ///
    /// # Errors
    ///
    /// When the memory cannot be mapped, or the ports are not allowed.
    #[cfg(target_arch = "x86_64")]
    pub fn open(slot: u64) -> io::Result<Self> {
        let slot = u32::try_from(slot).map_err(io::Error::other)?;
        ports::allow()?;
        Ok(Self::Ports(ports::ENABLE | slot << 11))
    }

    /// Reads `width` at `offset`, which is a multiple of it.
    pub fn read(&self, offset: usize, width: Width) -> u64 {
        match self {
            #[cfg(any(test, target_arch = "aarch64"))]
            Self::Memory(window) => window.read(offset, width),
            #[cfg(target_arch = "x86_64")]
            Self::Ports(function) => ports::read(*function, offset, width),
        }
    }

    /// Writes the low `width` of `value` at `offset`, which is a multiple of it.
    pub fn write(&self, offset: usize, width: Width, value: u64) {
        match self {
            #[cfg(any(test, target_arch = "aarch64"))]
            Self::Memory(window) => window.write(offset, width, value),
            #[cfg(target_arch = "x86_64")]
            Self::Ports(function) => ports::write(*function, offset, width, value),
        }
    }
}

/// PCI Local Bus Specification 3.0, "Software Generation of Configuration Transactions".
#[cfg(target_arch = "x86_64")]
pub mod ports {
    use core::arch::asm;
    use std::io;

    use crate::window::Width;

    /// What makes the second port lead to a function.
    pub const ENABLE: u32 = 1 << 31;
    const ADDRESS: u16 = 0xcf8;
    /// Where the chosen register is.
    pub const DATA: u16 = 0xcfc;

    /// Asks the kernel for the ports.
    ///
    /// # Errors
    ///
    /// When it does not allow them.
    pub fn allow() -> io::Result<()> {
        // SAFETY: the call changes what this process may do, and no memory.
        match unsafe { libc::iopl(3) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Chooses the register of a function; returns the port of its byte.
    pub fn choose(function: u32, offset: usize) -> u16 {
        let [register, ..] = offset.to_le_bytes();
        let address = function | u32::from(register & 0xfc);
        // SAFETY: `allow` was called; the port is the bus's, and changes no memory.
        unsafe {
            asm!("out dx, eax", in("dx") ADDRESS, in("eax") address, options(nostack, nomem))
        };
        DATA + u16::from(register & 3)
    }

    /// Reads a register. Eight bytes take two turns.
    pub fn read(function: u32, offset: usize, width: Width) -> u64 {
        let value: u32;
        match width {
            Width::B1 => {
                let port = choose(function, offset);
                let byte: u8;
                // SAFETY: as in `choose`.
                unsafe {
                    asm!("in al, dx", in("dx") port, out("al") byte, options(nostack, nomem))
                };
                value = byte.into();
            }
            Width::B2 => {
                let port = choose(function, offset);
                let half: u16;
                // SAFETY: as in `choose`.
                unsafe {
                    asm!("in ax, dx", in("dx") port, out("ax") half, options(nostack, nomem))
                };
                value = half.into();
            }
            Width::B4 => {
                let port = choose(function, offset);
                // SAFETY: as in `choose`.
                unsafe {
                    asm!("in eax, dx", in("dx") port, out("eax") value, options(nostack, nomem))
                };
            }
            Width::B8 => {
                let high = read(function, offset + 4, Width::B4);
                return read(function, offset, Width::B4) | high << 32;
            }
        }
        value.into()
    }

    /// Writes a register. Eight bytes take two turns.
    pub fn write(function: u32, offset: usize, width: Width, value: u64) {
        let [b0, b1, b2, b3, ..] = value.to_le_bytes();
        let (half, word) = (
            u16::from_le_bytes([b0, b1]),
            u32::from_le_bytes([b0, b1, b2, b3]),
        );
        match width {
            Width::B1 => {
                let port = choose(function, offset);
                // SAFETY: as in `choose`. What the device does with the memory of this guest is what the
                // caller is about.
                unsafe { asm!("out dx, al", in("dx") port, in("al") b0, options(nostack)) };
            }
            Width::B2 => {
                let port = choose(function, offset);
                // SAFETY: as above.
                unsafe { asm!("out dx, ax", in("dx") port, in("ax") half, options(nostack)) };
            }
            Width::B4 => {
                let port = choose(function, offset);
                // SAFETY: as above.
                unsafe { asm!("out dx, eax", in("dx") port, in("eax") word, options(nostack)) };
            }
            Width::B8 => {
                write(function, offset, Width::B4, value);
                write(function, offset + 4, Width::B4, value >> 32);
            }
        }
    }
}
