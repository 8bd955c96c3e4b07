// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: x86 reaches configuration spaces through two I/O ports.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code))]

//! The configuration space of a PCI function: on arm64 a part of the memory, on x86 behind two ports.

use std::{error::Error, io};

use crate::window::{Width, Window};

/// How much of it is looked at: through the ports there is no more.
pub const CONFIG_SIZE: usize = if cfg!(target_arch = "aarch64") {
    0x1000
} else {
    0x100
};

/// Where BAR 0 is said.
pub const BAR: usize = 0x10;
/// How large it is.
pub const BAR_SIZE: usize = 0x8000;

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
    /// The virtio function in a slot of the guest's first bus, its BAR, and where that is.
    ///
    /// # Errors
    ///
    /// As [`Function::open`], and when there is none, or its BAR cannot be mapped.
    pub fn virtio(slot: u64) -> Result<(Self, Window, u64), Box<dyn Error>> {
        let config = Self::open(slot)?;
        if config.read(0, Width::B2) != 0x1af4 {
            return Err("there is no virtio function".into());
        }
        let base = config.read(BAR, Width::B4) & !0xf;
        Ok((config, Window::open(base, BAR_SIZE)?, base))
    }

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
        ports::allow()?;
        ports::address(slot).map(Self::Ports)
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
    const ENABLE: u32 = 1 << 31;
    const ADDRESS: u16 = 0xcf8;
    /// Where the chosen register is.
    const DATA: u16 = 0xcfc;

    /// What the first port is given for the function in a slot.
    ///
    /// # Errors
    ///
    /// When no bus has such a slot.
    pub fn address(slot: u64) -> io::Result<u32> {
        let slot = u32::try_from(slot).map_err(io::Error::other)?;
        Ok(ENABLE | slot << 11)
    }

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
        if width == Width::B8 {
            let high = read(function, offset + 4, Width::B4);
            return read(function, offset, Width::B4) | high << 32;
        }
        let port = choose(function, offset);
        let value: u32;
        match width {
            Width::B1 => {
                let byte: u8;
                // SAFETY: as in `choose`.
                unsafe {
                    asm!("in al, dx", in("dx") port, out("al") byte, options(nostack, nomem))
                };
                value = byte.into();
            }
            Width::B2 => {
                let half: u16;
                // SAFETY: as in `choose`.
                unsafe {
                    asm!("in ax, dx", in("dx") port, out("ax") half, options(nostack, nomem))
                };
                value = half.into();
            }
            Width::B4 | Width::B8 => {
                // SAFETY: as in `choose`.
                unsafe {
                    asm!("in eax, dx", in("dx") port, out("eax") value, options(nostack, nomem))
                };
            }
        }
        value.into()
    }

    /// Writes a register. Eight bytes take two turns.
    pub fn write(function: u32, offset: usize, width: Width, value: u64) {
        if width == Width::B8 {
            write(function, offset, Width::B4, value);
            return write(function, offset + 4, Width::B4, value >> 32);
        }
        let port = choose(function, offset);
        let [b0, b1, b2, b3, ..] = value.to_le_bytes();
        let (half, word) = (
            u16::from_le_bytes([b0, b1]),
            u32::from_le_bytes([b0, b1, b2, b3]),
        );
        match width {
            // SAFETY: as in `choose`. What the device does with the memory of this guest is what the
            // caller is about.
            Width::B1 => unsafe {
                asm!("out dx, al", in("dx") port, in("al") b0, options(nostack));
            },
            // SAFETY: as above.
            Width::B2 => unsafe {
                asm!("out dx, ax", in("dx") port, in("ax") half, options(nostack));
            },
            // SAFETY: as above.
            Width::B4 | Width::B8 => unsafe {
                asm!("out dx, eax", in("dx") port, in("eax") word, options(nostack));
            },
        }
    }
}
