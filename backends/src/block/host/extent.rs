// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Parts of an image that are given back to the host, or made zeroes.

// UNSAFE: fallocate and ioctl have no safe wrapper in std.
#![expect(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd;

use super::geometry::Kind;
use super::{Direction, Image, Transfer};
use crate::sys::check;

/// include/uapi/linux/fs.h: `_IO(0x12, 119)` and `_IO(0x12, 127)`.
const BLKDISCARD: libc::Ioctl = 0x1277;
const BLKZEROOUT: libc::Ioctl = 0x127f;

impl Image {
    /// Gives `len` bytes at `offset` back to the host. What they hold then is not defined.
    pub(in crate::block) fn discard(&self, offset: u64, len: u64) -> io::Result<()> {
        match self.kind {
            Kind::File => self.allocate(libc::FALLOC_FL_PUNCH_HOLE, offset, len),
            Kind::Device => self.range(BLKDISCARD, offset, len),
        }
    }

    /// Makes `len` bytes at `offset` zeroes, which may take no space if `unmap` says so.
    pub(in crate::block) fn write_zeroes(
        &self,
        offset: u64,
        len: u64,
        unmap: bool,
        durable: bool,
    ) -> io::Result<()> {
        let mut outcome = Err(io::ErrorKind::Unsupported.into());
        if unmap {
            outcome = self.allocate(libc::FALLOC_FL_PUNCH_HOLE, offset, len);
        }
        if outcome.as_ref().is_err_and(is_unsupported) {
            outcome = match self.kind {
                Kind::File => self.allocate(libc::FALLOC_FL_ZERO_RANGE, offset, len),
                // Writes them where the device cannot do it by itself.
                Kind::Device => self.range(BLKZEROOUT, offset, len),
            };
        }
        if outcome.as_ref().is_err_and(is_unsupported) {
            outcome = self.write_out_zeroes(offset, len);
        }
        match durable {
            true => outcome.and_then(|()| self.sync()),
            false => outcome,
        }
    }

    /// fallocate(2), which never makes the file larger.
    fn allocate(&self, mode: libc::c_int, offset: u64, len: u64) -> io::Result<()> {
        let mode = mode | libc::FALLOC_FL_KEEP_SIZE;
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        let len = libc::off_t::try_from(len).map_err(io::Error::other)?;
        // SAFETY: fallocate takes numbers only; the descriptor is open, as the file is.
        check(unsafe { libc::fallocate(self.file.as_raw_fd(), mode, offset, len) })
    }

    /// What a block device is asked to do with a range of its bytes.
    fn range(&self, request: libc::Ioctl, offset: u64, len: u64) -> io::Result<()> {
        let range = [offset, len];
        // SAFETY: BLKDISCARD and BLKZEROOUT (block/ioctl.c) read two u64 from the pointer, which
        // is to an array of two that outlives the call; the descriptor is open, as the file is.
        check(unsafe { libc::ioctl(self.file.as_raw_fd(), request, range.as_ptr()) })
    }

    pub(in crate::block) fn write_out_zeroes(
        &self,
        mut offset: u64,
        mut len: u64,
    ) -> io::Result<()> {
        let mut buffer = self.bounce.borrow_mut();
        let zeroes = buffer.bytes();
        zeroes.fill(0);
        while len > 0 {
            let n = usize::try_from(len).map_or(zeroes.len(), |len| len.min(zeroes.len()));
            let transfer = Transfer {
                direction: Direction::Out,
                offset,
                durable: false,
            };
            self.transfer_own(transfer, &mut zeroes[..n]).1?;
            offset += n as u64;
            len -= n as u64;
        }
        Ok(())
    }
}

/// Whether the host has no way to do it, or not this one.
pub(in crate::block) fn is_unsupported(error: &io::Error) -> bool {
    let known = [libc::EOPNOTSUPP, libc::ENOSYS, libc::ENOTTY, libc::ENODEV];
    error.kind() == io::ErrorKind::Unsupported
        || error
            .raw_os_error()
            .is_some_and(|errno| known.contains(&errno))
}
