// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What can go wrong on the host's side when a device is made.

use std::io;

/// A device cannot be made from what the host has given.
///
/// Nothing a guest does ends up here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk's file is a directory, a socket, a character device or the like.
    #[error("the disk is neither a regular file nor a block device")]
    DiskKind,
    /// The disk's file was opened without the access that the options ask for.
    #[error("the disk is not open for {needed}")]
    DiskAccess {
        /// `reading` or `writing`.
        needed: &'static str,
    },
    /// The disk's file cannot be examined.
    #[error("cannot {action} the disk")]
    DiskQuery {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The disk cannot have blocks of that size.
    #[error("the disk cannot have blocks of {size} bytes: {least} to 4096, a power of two")]
    DiskBlocks {
        /// The size that was asked for, or that the image has.
        size: u32,
        /// The smallest that the image can have.
        least: u32,
    },
    /// The disk cannot have so many queues.
    #[error("a disk cannot have {queues} queues")]
    DiskQueues {
        /// How many.
        queues: u16,
    },
    /// The disk holds less than one block.
    #[error("the disk has {bytes} bytes, less than one block")]
    DiskTooSmall {
        /// Its size.
        bytes: u64,
    },
    /// The kernel has no io_uring, or not for this process.
    #[error("cannot use io_uring")]
    Uring {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not the node of an I2C adapter.
    #[error("cannot ask the I2C adapter for its functions")]
    I2cAdapter {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not the node of a GPIO chip, or not one that can be used.
    #[error("cannot ask the GPIO chip for its lines")]
    GpioChip {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The chip has no such line, or the list has it twice.
    #[error("line {line} is not on the GPIO chip, or twice in the list")]
    GpioLine {
        /// Its number on the chip.
        line: u32,
    },
    /// A device cannot have so many lines.
    #[error("a GPIO device cannot have {count} lines")]
    GpioCount {
        /// How many.
        count: usize,
    },
    /// There can be no timer.
    #[error("cannot make a timer")]
    Timer {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The serial number does not fit its field in the answer to the guest.
    #[error("the serial number has {len} bytes, more than {max}")]
    Serial {
        /// Its length.
        len: usize,
        /// The longest that fits.
        max: usize,
    },
}
