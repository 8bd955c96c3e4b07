// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The messages that `vhost` cannot read or write without its feature `xen`: those with memory
//! regions, once `XEN_MMAP` is negotiated. A region has two words more then.
//!
//! "Vhost-user Protocol" of QEMU's documentation, "Memory region description"; numbers are in
//! the byte order of the host.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `VHOST_USER_SET_MEM_TABLE`.
pub const SET_MEM_TABLE: u32 = 5;
/// `VHOST_USER_ADD_MEM_REG`.
pub const ADD_MEM_REG: u32 = 37;
/// `VHOST_USER_REM_MEM_REG`.
pub const REM_MEM_REG: u32 = 38;

/// The version of the protocol, in the flags of a header.
pub const VERSION: u32 = 1;
/// The message is an answer.
pub const REPLY: u32 = 1 << 2;
/// The message wants an answer.
pub const NEED_REPLY: u32 = 1 << 3;

/// How many regions, each with a descriptor, one message may have.
pub const MAX_REGIONS: usize = 32;

/// Begins each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// What it is.
    pub request: u32,
    /// [`VERSION`] and more.
    pub flags: u32,
    /// Bytes that follow.
    pub size: u32,
}

const _: () = assert!(size_of::<Header>() == 12);

/// The memory behind a region: `xen_mmap_flags`.
pub mod xen {
    /// Guest-physical memory of the domain; the descriptor is a privcmd node.
    pub const FOREIGN: u32 = 1;
    /// Grants of the domain; the descriptor is a gntdev node.
    pub const GRANT: u32 = 2;
    /// Not to be mapped before it is used.
    pub const NO_ADVANCE_MAP: u32 = 8;
}

/// A memory region.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Region {
    /// Where the guest has it.
    pub guest_addr: u64,
    /// Bytes.
    pub size: u64,
    /// Where the front end has it: ring addresses are of this kind.
    pub user_addr: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// See [`xen`].
    pub xen_flags: u32,
    /// The domain.
    pub xen_data: u32,
}

const _: () = assert!(size_of::<Region>() == 40);

impl Region {
    /// Whether its addresses end before 2^64, and its flags make sense.
    pub fn is_sound(&self) -> bool {
        let kind = self.xen_flags & !xen::NO_ADVANCE_MAP;
        let is_lazy = self.xen_flags & xen::NO_ADVANCE_MAP != 0;
        let ends = [self.guest_addr, self.user_addr, self.offset];
        self.size != 0
            && ends
                .iter()
                .all(|start| start.checked_add(self.size).is_some())
            && matches!(kind, 0 | xen::FOREIGN | xen::GRANT)
            && (!is_lazy || kind == xen::GRANT)
    }
}

/// Begins the payload of `SET_MEM_TABLE`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Table {
    count: u32,
    padding: u32,
}

/// The payload of `SET_MEM_TABLE` with these regions.
pub fn table(regions: &[Region]) -> Vec<u8> {
    let table = Table {
        // More than fit are refused by whoever gets them.
        count: u32::try_from(regions.len()).unwrap_or(u32::MAX),
        padding: 0,
    };
    let mut bytes = table.as_bytes().to_vec();
    bytes.extend(regions.as_bytes());
    bytes
}

/// The regions in the payload of a message with this code, if it is one.
pub fn regions(request: u32, payload: &[u8]) -> Option<Vec<Region>> {
    let (first, rest) = Table::read_from_prefix(payload).ok()?;
    let count = match request {
        SET_MEM_TABLE => usize::try_from(first.count).ok()?,
        // Eight bytes of padding begin these.
        _ => 1,
    };
    if count == 0 || count > MAX_REGIONS || rest.len() != count * size_of::<Region>() {
        return None;
    }
    let regions: Vec<_> = rest
        .chunks_exact(size_of::<Region>())
        .filter_map(|bytes| Region::read_from_bytes(bytes).ok())
        .collect();
    regions.iter().all(Region::is_sound).then_some(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: Region = Region {
        guest_addr: 0x4000_0000,
        size: 0x1000,
        user_addr: 0x4000_0000,
        offset: 0,
        xen_flags: xen::FOREIGN,
        xen_data: 7,
    };

    /// A table that claims to have so many.
    fn table(count: u32, regions: &[Region]) -> Vec<u8> {
        let mut bytes = count.to_ne_bytes().to_vec();
        bytes.extend([0; 4]);
        regions
            .iter()
            .for_each(|region| bytes.extend(region.as_bytes()));
        bytes
    }

    #[test]
    fn a_table_has_its_regions() {
        let found = regions(SET_MEM_TABLE, &super::table(&[REGION, REGION]));

        assert_eq!(found, Some(vec![REGION, REGION]));
    }

    #[test]
    fn a_single_region_has_no_count() {
        assert_eq!(
            regions(ADD_MEM_REG, &table(0, &[REGION])),
            Some(vec![REGION])
        );
    }

    #[test]
    fn a_table_of_another_length_is_none() {
        assert_eq!(regions(SET_MEM_TABLE, &table(2, &[REGION])), None);
        assert_eq!(regions(SET_MEM_TABLE, &table(0, &[])), None);
        assert_eq!(regions(SET_MEM_TABLE, &table(33, &[REGION; 33])), None);
        assert_eq!(regions(SET_MEM_TABLE, &[1, 0, 0]), None);
        assert_eq!(regions(ADD_MEM_REG, &table(0, &[REGION, REGION])), None);
    }

    #[test]
    fn regions_that_cannot_be_are_not_sound() {
        let wrong = [
            Region { size: 0, ..REGION },
            Region {
                guest_addr: u64::MAX,
                ..REGION
            },
            Region {
                user_addr: u64::MAX - 0xffe,
                ..REGION
            },
            Region {
                offset: u64::MAX,
                ..REGION
            },
            Region {
                xen_flags: xen::FOREIGN | xen::GRANT,
                ..REGION
            },
            Region {
                xen_flags: xen::FOREIGN | xen::NO_ADVANCE_MAP,
                ..REGION
            },
            Region {
                xen_flags: 4,
                ..REGION
            },
        ];

        assert!(wrong.iter().all(|region| !region.is_sound()));
    }
}
