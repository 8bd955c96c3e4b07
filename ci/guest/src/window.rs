// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: device registers are reached through a mapping of /dev/mem.
#![expect(unsafe_code)]

//! The registers of a device, one plain load or store for each access.

use std::{
    fs::OpenOptions,
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    ptr::{self, NonNull},
};

/// The size of a virtio-mmio device as Xen lays it out.
pub const MMIO_SIZE: usize = 0x200;

/// How wide an access is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Width {
    /// One byte.
    B1,
    /// Two bytes.
    B2,
    /// Four bytes.
    B4,
    /// Eight bytes.
    B8,
}

impl Width {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::B1, Self::B2, Self::B4, Self::B8];

    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::B1 => 1,
            Self::B2 => 2,
            Self::B4 => 4,
            Self::B8 => 8,
        }
    }
}

/// The registers of one device.
#[derive(Debug)]
pub struct Window {
    /// The beginning of a mapping.
    mapping: NonNull<u8>,
    /// Its length.
    length: usize,
    /// Where in it the registers begin.
    offset: usize,
    /// How many bytes of them there are.
    size: usize,
}

impl Window {
    /// Maps `size` bytes of registers at the physical address `base`.
    ///
    /// # Errors
    ///
    /// When /dev/mem cannot be opened or does not map this address, or `base` is not a multiple
    /// of eight.
    pub fn open(base: u64, size: usize) -> io::Result<Self> {
        // With O_SYNC the kernel maps what is not memory as a device.
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .custom_flags(libc::O_SYNC)
            .open("/dev/mem")?;
        Self::map(base, size, libc::MAP_SHARED, file.as_raw_fd())
    }

    /// Memory instead of a device.
    #[cfg(test)]
    pub fn memory(size: usize) -> Self {
        Self::map(0, size, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1).unwrap()
    }

    fn map(base: u64, size: usize, flags: libc::c_int, fd: libc::c_int) -> io::Result<Self> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        // SAFETY: sysconf reads no memory of ours.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let page = u64::try_from(page).map_err(io::Error::other)?;
        let offset = usize::try_from(base % page).map_err(io::Error::other)?;
        let start = libc::off_t::try_from(base - base % page).map_err(io::Error::other)?;
        if !base.is_multiple_of(8) {
            return Err(invalid());
        }
        let length = offset + size;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, at an address that the kernel chooses, replaces none; the
        // descriptor, if the flags ask for one, is open during the call.
        let address = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, fd, start) };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mapping = NonNull::new(address.cast()).ok_or_else(invalid)?;
        Ok(Self {
            mapping,
            length,
            offset,
            size,
        })
    }

    /// Reads `width` at `offset`.
    ///
    /// # Panics
    ///
    /// When that is unaligned, which a device's memory does not allow, or not inside.
    pub fn read(&self, offset: usize, width: Width) -> u64 {
        let address = self.address(offset, width);
        // SAFETY: `address` has checked that the bytes are inside the mapping, which lives as long
        // as `self`, and that they are aligned.
        unsafe { access::load(address, width) }
    }

    /// Writes the low `width` of `value` at `offset`.
    ///
    /// # Panics
    ///
    /// As [`Window::read`].
    pub fn write(&self, offset: usize, width: Width, value: u64) {
        let address = self.address(offset, width);
        // SAFETY: `address` has checked that the bytes are inside the mapping, which lives as long
        // as `self`, and that they are aligned. No reference to them exists: this type gives none.
        unsafe { access::store(address, width, value) }
    }

    fn address(&self, offset: usize, width: Width) -> *mut u8 {
        let bytes = width.bytes();
        assert!(
            offset.is_multiple_of(bytes),
            "unaligned: {offset:#x}, {bytes} bytes"
        );
        // Alignment: the mapping's pages are, and `map` has let only multiples of eight through.
        self.place(offset, bytes)
    }

    /// Where so many bytes at `offset` are, for as long as this lives.
    ///
    /// # Panics
    ///
    /// When they are not inside.
    pub fn place(&self, offset: usize, bytes: usize) -> *mut u8 {
        assert!(
            offset < self.size && bytes <= self.size - offset,
            "outside: {offset:#x}, {bytes} bytes"
        );
        self.mapping.as_ptr().wrapping_add(self.offset + offset)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: `map` made this mapping with this length, nothing has unmapped it since, and no
        // reference into it exists: this type gives none.
        unsafe { libc::munmap(self.mapping.as_ptr().cast(), self.length) };
    }
}

/// One instruction per access, of those that tell the hypervisor register and size: neither
/// pairs nor a change of the address register.
#[cfg(target_arch = "aarch64")]
mod access {
    use core::arch::asm;

    use super::Width;

    /// # Safety
    ///
    /// `width` bytes at `address` are mapped, aligned and readable.
    pub(super) unsafe fn load(address: *mut u8, width: Width) -> u64 {
        let value: u64;
        match width {
            // SAFETY: one load from where the caller says one may be.
            Width::B1 => unsafe {
                asm!("ldrb {v:w}, [{a}]", a = in(reg) address, v = out(reg) value, options(nostack));
            },
            // SAFETY: as above.
            Width::B2 => unsafe {
                asm!("ldrh {v:w}, [{a}]", a = in(reg) address, v = out(reg) value, options(nostack));
            },
            // SAFETY: as above.
            Width::B4 => unsafe {
                asm!("ldr {v:w}, [{a}]", a = in(reg) address, v = out(reg) value, options(nostack));
            },
            // SAFETY: as above.
            Width::B8 => unsafe {
                asm!("ldr {v}, [{a}]", a = in(reg) address, v = out(reg) value, options(nostack));
            },
        }
        value
    }

    /// # Safety
    ///
    /// `width` bytes at `address` are mapped, aligned and writable, and nobody has a reference.
    pub(super) unsafe fn store(address: *mut u8, width: Width, value: u64) {
        match width {
            // SAFETY: one store to where the caller says one may be.
            Width::B1 => unsafe {
                asm!("strb {v:w}, [{a}]", a = in(reg) address, v = in(reg) value, options(nostack));
            },
            // SAFETY: as above.
            Width::B2 => unsafe {
                asm!("strh {v:w}, [{a}]", a = in(reg) address, v = in(reg) value, options(nostack));
            },
            // SAFETY: as above.
            Width::B4 => unsafe {
                asm!("str {v:w}, [{a}]", a = in(reg) address, v = in(reg) value, options(nostack));
            },
            // SAFETY: as above.
            Width::B8 => unsafe {
                asm!("str {v}, [{a}]", a = in(reg) address, v = in(reg) value, options(nostack));
            },
        }
    }
}

/// Elsewhere than on arm64 the compiler's choice of instruction does.
#[cfg(not(target_arch = "aarch64"))]
mod access {
    use super::Width;

    /// # Safety
    ///
    /// `width` bytes at `address` are mapped, aligned and readable.
    pub(super) unsafe fn load(address: *mut u8, width: Width) -> u64 {
        match width {
            // SAFETY: the caller vouches for one byte.
            Width::B1 => unsafe { address.read_volatile() }.into(),
            // SAFETY: the caller vouches for two aligned bytes.
            Width::B2 => unsafe { address.cast::<u16>().read_volatile() }.into(),
            // SAFETY: the caller vouches for four aligned bytes.
            Width::B4 => unsafe { address.cast::<u32>().read_volatile() }.into(),
            // SAFETY: the caller vouches for eight aligned bytes.
            Width::B8 => unsafe { address.cast::<u64>().read_volatile() },
        }
    }

    /// # Safety
    ///
    /// `width` bytes at `address` are mapped, aligned and writable, and nobody has a reference.
    pub(super) unsafe fn store(address: *mut u8, width: Width, value: u64) {
        let [b0, b1, b2, b3, ..] = value.to_le_bytes();
        let (low2, low4) = (
            u16::from_le_bytes([b0, b1]),
            u32::from_le_bytes([b0, b1, b2, b3]),
        );
        match width {
            // SAFETY: the caller vouches for one byte.
            Width::B1 => unsafe { address.write_volatile(b0) },
            // SAFETY: the caller vouches for two aligned bytes.
            Width::B2 => unsafe { address.cast::<u16>().write_volatile(low2) },
            // SAFETY: the caller vouches for four aligned bytes.
            Width::B4 => unsafe { address.cast::<u32>().write_volatile(low4) },
            // SAFETY: the caller vouches for eight aligned bytes.
            Width::B8 => unsafe { address.cast::<u64>().write_volatile(value) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_wide_is_read_narrow() {
        let window = Window::memory(MMIO_SIZE);
        window.write(8, Width::B8, 0x1122_3344_5566_7788);
        let read = |offset, width| window.read(offset, width);
        assert_eq!(read(8, Width::B8), 0x1122_3344_5566_7788);
        assert_eq!(
            read(8, Width::B4).to_le_bytes()[..4],
            [0x88, 0x77, 0x66, 0x55]
        );
        assert_eq!((read(10, Width::B2), read(15, Width::B1)), (0x5566, 0x11));
    }

    #[test]
    fn a_narrow_write_leaves_its_neighbours() {
        let window = Window::memory(MMIO_SIZE);
        window.write(1, Width::B1, 0xffff);
        window.write(4, Width::B2, 0x1_2345);
        assert_eq!(window.read(0, Width::B8), 0x0000_2345_0000_ff00);
    }

    #[test]
    #[should_panic(expected = "outside")]
    fn an_access_behind_the_registers_panics() {
        Window::memory(MMIO_SIZE).read(MMIO_SIZE, Width::B4);
    }

    #[test]
    #[should_panic(expected = "unaligned")]
    fn an_unaligned_access_panics() {
        Window::memory(MMIO_SIZE).read(2, Width::B4);
    }

    #[test]
    fn an_odd_base_is_refused() {
        assert!(Window::map(4, MMIO_SIZE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1).is_err());
    }
}
