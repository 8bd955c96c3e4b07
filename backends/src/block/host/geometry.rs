// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What Linux says about a file or block device that is to be a disk.

// UNSAFE: fcntl, ioctl and statx have no safe wrapper in std.
#![expect(unsafe_code)]

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::error::Error;
use crate::sys::check;

/// The smallest block, and what offsets of direct I/O are multiples of where Linux does not say.
const SMALLEST: u32 = 512;

/// What a disk is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::block) enum Kind {
    File,
    Device,
}

/// Sizes in bytes. What is not known is 0, but for the block sizes.
#[derive(Clone, Copy, Debug)]
pub(in crate::block) struct Geometry {
    /// The smallest piece that can be addressed.
    pub(in crate::block) logical: u32,
    /// The smallest piece that can be written without reading first.
    pub(in crate::block) physical: u32,
    /// Where the first physical block begins.
    pub(in crate::block) alignment: u32,
    pub(in crate::block) min_io: u32,
    pub(in crate::block) opt_io: u32,
}

/// What direct I/O wants multiples of.
#[derive(Clone, Copy, Debug)]
pub(in crate::block) struct Alignment {
    pub(in crate::block) memory: usize,
    pub(in crate::block) offset: u32,
}

/// Whether `file` can be a disk, and which kind.
pub(super) fn kind(file: &File) -> Result<Kind, Error> {
    let found = query("examine", file.metadata())?.file_type();
    if found.is_file() {
        Ok(Kind::File)
    } else if found.is_block_device() {
        Ok(Kind::Device)
    } else {
        Err(Error::DiskKind)
    }
}

/// Checks that `file` was opened for what is needed, and turns the page cache off for it.
pub(super) fn set_access(file: &File, read_only: bool, direct: bool) -> Result<(), Error> {
    // SAFETY: F_GETFL takes no argument and touches no memory; the descriptor is open, as
    // `file` is.
    let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
    query("examine", check(flags))?;
    let mode = flags & libc::O_ACCMODE;
    if mode == libc::O_WRONLY {
        return Err(Error::DiskAccess { needed: "reading" });
    }
    if mode == libc::O_RDONLY && !read_only {
        return Err(Error::DiskAccess { needed: "writing" });
    }
    if direct {
        // SAFETY: F_SETFL takes an int and touches no memory; the descriptor is open, as
        // `file` is.
        let set = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, flags | libc::O_DIRECT) };
        query("use direct I/O for", check(set))?;
    }
    Ok(())
}

/// The size as it is now.
pub(super) fn bytes(mut file: &File) -> io::Result<u64> {
    file.seek(SeekFrom::End(0))
}

/// The block sizes, and how the disk likes to be accessed.
pub(super) fn geometry(file: &File, kind: Kind) -> Result<Geometry, Error> {
    if kind == Kind::File {
        let preferred = query("examine", file.metadata())?.blksize();
        let physical = u32::try_from(preferred).unwrap_or(0);
        let is_sound = physical.is_power_of_two() && physical >= SMALLEST;
        return Ok(Geometry {
            logical: SMALLEST,
            physical: if is_sound { physical } else { SMALLEST },
            alignment: 0,
            min_io: 0,
            opt_io: 0,
        });
    }
    let logical = query("measure the blocks of", ask(file, libc::BLKSSZGET))?;
    Ok(Geometry {
        logical,
        // Not known to some drivers.
        physical: ask(file, libc::BLKPBSZGET).map_or(logical, |size| size.max(logical)),
        alignment: ask(file, BLKALIGNOFF).unwrap_or(0),
        min_io: ask(file, libc::BLKIOMIN).unwrap_or(0),
        opt_io: ask(file, libc::BLKIOOPT).unwrap_or(0),
    })
}

/// `BLKALIGNOFF`, include/uapi/linux/fs.h: `_IO(0x12, 122)`. -1 when it is not known.
const BLKALIGNOFF: libc::Ioctl = 0x127a;

/// Asks a block device for a number.
fn ask(file: &File, request: libc::Ioctl) -> io::Result<u32> {
    let mut number: libc::c_int = 0;
    // SAFETY: the requests that this is called with (block/ioctl.c: BLKSSZGET, BLKPBSZGET,
    // BLKALIGNOFF, BLKIOMIN, BLKIOOPT) write one `int` to the pointer, which is one that
    // outlives the call; the descriptor is open, as `file` is.
    check(unsafe { libc::ioctl(file.as_raw_fd(), request, &raw mut number) })?;
    u32::try_from(number).map_err(io::Error::other)
}

/// What direct I/O to `file` needs. Linux before 6.1, and some file systems, do not say.
pub(super) fn alignment(file: &File, logical: u32) -> Alignment {
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the path is a C string and empty, for which AT_EMPTY_PATH has the descriptor itself
    // examined, which is open, as `file` is. The kernel writes one `statx` to the pointer, which
    // has room for one and outlives the call.
    let outcome = unsafe {
        libc::statx(
            file.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            libc::STATX_DIOALIGN,
            found.as_mut_ptr(),
        )
    };
    // SAFETY: `statx` consists of integers, for which all zeroes is a value; the kernel writes
    // integers.
    let found = unsafe { found.assume_init() };
    let is_known = outcome == 0 && found.stx_mask & libc::STATX_DIOALIGN != 0;
    match is_known && found.stx_dio_offset_align != 0 {
        true => Alignment {
            memory: usize::try_from(found.stx_dio_mem_align)
                .unwrap_or(usize::MAX)
                .max(1),
            offset: found.stx_dio_offset_align.max(logical),
        },
        false => Alignment {
            memory: usize::try_from(logical).unwrap_or(usize::MAX),
            offset: logical,
        },
    }
}

/// Whether a file is in memory only (tmpfs).
pub(super) fn is_in_memory(file: &File) -> bool {
    let mut found = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: fstatfs writes one `statfs` to the pointer, which has room for one and outlives the
    // call; the descriptor is open, as `file` is.
    let outcome = unsafe { libc::fstatfs(file.as_raw_fd(), found.as_mut_ptr()) };
    // SAFETY: `statfs` consists of integers, for which all zeroes is a value; the kernel writes
    // integers.
    let found = unsafe { found.assume_init() };
    outcome == 0 && found.f_type == libc::TMPFS_MAGIC
}

/// Names what was tried in the error.
pub(super) fn query<T>(action: &'static str, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::DiskQuery { action, source })
}
