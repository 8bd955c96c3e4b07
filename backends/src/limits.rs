// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a guest may ask for at once. Each limit names the attack it stops.

/// Descriptors of one chain, direct and indirect together.
///
/// Attack: a chain that loops, or an indirect table of 2^28 entries, keeps the
/// worker reading and its vectors growing. The specification allows no more than
/// the queue size; Linux goes beyond that through indirect tables (it bounds them
/// by the device's `seg_max`), and QEMU, which it is tested against, stops at 1024 too.
pub const CHAIN_DESCRIPTORS: usize = 1024;

/// Descriptors of one batch, unused entries of indirect tables included.
///
/// Attack: every chain of a batch just below its own limit. This bounds the memory that
/// a queue holds for a batch (about 64 bytes for each) and the number of mappings.
pub const BATCH_DESCRIPTORS: usize = 4096;

/// Chains of one batch.
///
/// Attack: a guest that refills its ring as fast as it is emptied keeps the used
/// index from being published, and other queues and the stop event from being looked at.
pub const BATCH_CHAINS: usize = 256;

/// Bytes of all buffers of one request.
///
/// Attack: many descriptors that describe the same pages add up to gigabytes of
/// mappings or of host I/O for one request. What a device offers must fit below it.
pub const REQUEST_BYTES: usize = 16 << 20;

/// Bytes of all buffers of one batch; at least [`REQUEST_BYTES`].
///
/// Attack: as above, spread over many requests: it bounds what is mapped (8192 pages,
/// so as many of the host's maptrack entries) or copied at one time for one queue.
pub const BATCH_BYTES: usize = 32 << 20;

/// Writable descriptors of all requests that a device keeps of one queue, to answer them later.
///
/// Attack: as many requests as the queue is long, each with [`CHAIN_DESCRIPTORS`] buffers, and all
/// of a kind that waits: what is remembered of them grows. (Their number is bounded by the queue.)
pub const KEPT_DESCRIPTORS: usize = 4096;

/// Queues of one disk.
///
/// Attack: a guest that sets up all it is offered, each full: what is mapped for its requests, and
/// the rounds between two looks at the stop event, grow with it.
pub const BLOCK_QUEUES: u16 = 16;

/// Segments of one discard.
///
/// Attack: each is a system call, and the worker cannot be stopped before the last one.
pub const DISCARD_SEGMENTS: u32 = 32;

/// Sectors of one segment of a discard: 1 GiB.
///
/// Attack: as above; hosts take longer for more.
pub const DISCARD_SECTORS: u32 = 1 << 21;

/// Sectors of one request to write zeroes: 16 MiB.
///
/// Attack: a host that cannot make zeroes otherwise writes them out, for a request of 30 bytes.
pub const ZERO_SECTORS: u32 = 1 << 15;

/// Random bytes given for one request.
///
/// Attack: a guest that asks for megabytes burns the host's processor, or
/// drains a slow hardware source, and the worker cannot be stopped meanwhile. A
/// driver that is given less than it asked for asks again.
pub const ENTROPY_BYTES: usize = 4096;

/// Bytes of one segment of an I2C transfer; what Linux' i2c-dev takes.
///
/// Attack: megabytes for a bus that does ten kilobytes in a second, which others wait for.
pub const I2C_SEGMENT_BYTES: usize = 8192;

/// Segments of one I2C transfer; what Linux' i2c-dev takes.
///
/// Attack: a transfer that never ends keeps the bus from others, and what was sent of it in
/// memory.
pub const I2C_SEGMENTS: usize = 42;

/// Edges of GPIO lines that are looked at in one go.
///
/// Attack: a line that another guest or a broken wire toggles without end keeps the worker from its
/// queues and from being stopped.
pub const GPIO_EDGES: usize = 64;

/// Log lines about guests, per place in the source and [`LOG_PERIOD_SECONDS`].
///
/// Attack: a guest that makes mistakes on purpose fills the host's disk with logs.
pub const LOG_LINES: usize = 10;

/// The period that [`LOG_LINES`] counts in.
pub const LOG_PERIOD_SECONDS: u64 = 5;

const _: () = assert!(BATCH_BYTES >= REQUEST_BYTES);
const _: () = assert!(BATCH_DESCRIPTORS >= CHAIN_DESCRIPTORS * 2);
const _: () = assert!(REQUEST_BYTES <= u32::MAX as usize);
