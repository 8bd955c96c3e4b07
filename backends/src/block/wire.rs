// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a block device and its driver exchange: virtio 1.2, "Block Device".

use std::mem::offset_of;

use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_ID_BYTES, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_OK, VIRTIO_BLK_S_UNSUPP,
};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The unit of capacities and positions, whatever the block size.
pub(super) const SECTOR: u64 = 512;

/// The same, as sizes of blocks are counted.
pub(super) const SECTOR_BYTES: u32 = 512;

/// The length of the answer to `VIRTIO_BLK_T_GET_ID`.
pub(super) const ID_BYTES: usize = 20;
const _: () = assert!(VIRTIO_BLK_ID_BYTES == 20);

/// The result of a request, its last writable byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Status {
    Ok = 0,
    IoErr = 1,
    Unsupported = 2,
}

const _: () = assert!(VIRTIO_BLK_S_OK == 0 && VIRTIO_BLK_S_IOERR == 1 && VIRTIO_BLK_S_UNSUPP == 2);

/// The part of `struct virtio_blk_req` before the data: "Device Operation".
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Header {
    /// `VIRTIO_BLK_T_*`.
    pub(super) kind: U32,
    pub(super) reserved: U32,
    /// Where to begin, in units of [`SECTOR`].
    pub(super) sector: U64,
}

const _: () = assert!(size_of::<Header>() == 16);

/// `struct virtio_blk_config` up to what write-zeroes needs: "Device configuration layout".
///
/// A field means something only if its feature is offered; the others are 0.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Config {
    /// In units of [`SECTOR`].
    pub(super) capacity: U64,
    pub(super) size_max: U32,
    pub(super) seg_max: U32,
    pub(super) cylinders: U16,
    pub(super) heads: u8,
    pub(super) sectors: u8,
    pub(super) blk_size: U32,
    pub(super) physical_block_exp: u8,
    pub(super) alignment_offset: u8,
    pub(super) min_io_size: U16,
    pub(super) opt_io_size: U32,
    pub(super) writeback: u8,
    pub(super) unused: u8,
    pub(super) num_queues: U16,
    pub(super) max_discard_sectors: U32,
    pub(super) max_discard_seg: U32,
    pub(super) discard_sector_alignment: U32,
    pub(super) max_write_zeroes_sectors: U32,
    pub(super) max_write_zeroes_seg: U32,
    pub(super) write_zeroes_may_unmap: u8,
    pub(super) unused1: [u8; 3],
}

const _: () = assert!(size_of::<Config>() == 60);

/// Where the driver writes the cache mode.
pub(super) const WRITEBACK: usize = offset_of!(Config, writeback);

/// `struct virtio_blk_discard_write_zeroes`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Segment {
    pub(super) sector: U64,
    pub(super) num_sectors: U32,
    /// Bit 0 is `unmap`; the others are reserved.
    pub(super) flags: U32,
}

const _: () = assert!(size_of::<Segment>() == 16);

/// `unmap` of a [`Segment`].
pub(super) const UNMAP: u32 = 1;
