// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The memory that a front end shares: files to map, or a Xen guest's.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use vm_memory::mmap::FromRangesError;
use vm_memory::{
    FileOffset, GuestAddress, GuestMemoryMmap, GuestRegionCollectionError, GuestRegionMmap,
};
use xen_hypercall::DomId;
use xen_ioctls::{Grants, Privcmd};
use xen_vm_memory::GuestSpace;

use super::super::wire::{MAX_REGIONS, Region, xen};

/// Why memory cannot be shared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is too short: what is not there cannot be touched.
    #[error("no file of {size:#x} bytes for address {guest_addr:#x}")]
    Short {
        /// Where the guest would have it.
        guest_addr: u64,
        /// Bytes.
        size: u64,
    },
    /// The file cannot be mapped.
    #[error("cannot map {size:#x} bytes for address {guest_addr:#x}")]
    Map {
        /// Where the guest would have it.
        guest_addr: u64,
        /// Bytes.
        size: u64,
        /// Why.
        #[source]
        source: FromRangesError,
    },
    /// Regions lie upon each other.
    #[error("the regions are no memory")]
    Regions(#[source] GuestRegionCollectionError),
    /// More regions than there are slots.
    #[error("more than {MAX_REGIONS} regions")]
    Full,
    /// A region is to be removed that is not there.
    #[error("there is no region at {guest_addr:#x}")]
    Unknown {
        /// Where.
        guest_addr: u64,
    },
    /// Files and guests, two guests, or grants and guest-physical memory.
    #[error("regions of different kinds of memory")]
    Mixed,
    /// A number that is no domain's.
    #[error("{domain} is no domain")]
    Domain {
        /// The number.
        domain: u32,
    },
}

/// Memory as a worker uses it.
#[derive(Clone, Debug)]
pub enum Memory {
    /// Mapped for good.
    Mapped(Arc<GuestMemoryMmap<()>>),
    /// A Xen guest's.
    Xen(GuestSpace),
}

/// The regions that a front end has announced.
#[derive(Debug, Default)]
pub struct Table {
    /// By guest address.
    regions: Vec<Region>,
    /// Of these, what is mapped here.
    mapped: Vec<Arc<GuestRegionMmap<()>>>,
    memory: Option<Memory>,
}

impl Table {
    /// A table of these regions and no others.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn new(regions: Vec<(Region, File)>) -> Result<Self, Error> {
        let mut table = Self::default();
        for (region, file) in regions {
            table.insert(region, file)?;
        }
        table.refresh()?;
        Ok(table)
    }

    /// The memory behind the regions, if there are any.
    pub fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// Adds a region.
    ///
    /// # Errors
    ///
    /// [`Error`]. The table is good for nothing then.
    pub fn add(&mut self, region: Region, file: File) -> Result<(), Error> {
        self.insert(region, file)?;
        self.refresh()
    }

    /// Removes the region at an address of the guest's.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub fn remove(&mut self, wanted: &Region) -> Result<(), Error> {
        let guest_addr = wanted.guest_addr;
        let is_it = |region: &Region| {
            (region.guest_addr, region.size) == (guest_addr, wanted.size)
                && region.user_addr == wanted.user_addr
        };
        let Some(place) = self.regions.iter().position(is_it) else {
            return Err(Error::Unknown { guest_addr });
        };
        self.regions.remove(place);
        if let Some(Memory::Mapped(_)) = self.memory {
            self.mapped.remove(place);
        }
        self.refresh()
    }

    /// Where the guest has `len` bytes that the front end has at `user_addr`. Regions of a Xen
    /// guest may lie upon each other: the smallest counts.
    pub fn translate(&self, user_addr: u64, len: u64) -> Option<GuestAddress> {
        let offset = |region: &Region| {
            let offset = user_addr.checked_sub(region.user_addr)?;
            let end = offset.checked_add(len)?;
            (end <= region.size).then_some(offset)
        };
        let found = self
            .regions
            .iter()
            .filter(|region| offset(region).is_some());
        let region = found.min_by_key(|region| region.size)?;
        Some(GuestAddress(region.guest_addr + offset(region)?))
    }

    fn insert(&mut self, region: Region, file: File) -> Result<(), Error> {
        if self.regions.len() == MAX_REGIONS {
            return Err(Error::Full);
        }
        let kind = |region: &Region| (region.xen_flags & !xen::NO_ADVANCE_MAP, region.xen_data);
        let place = self
            .regions
            .partition_point(|r| r.guest_addr < region.guest_addr);
        match self.regions.first() {
            Some(first) if kind(first) != kind(&region) => return Err(Error::Mixed),
            None if region.xen_flags != 0 => {
                self.memory = Some(Memory::Xen(space(&region, file)?));
            }
            _ if region.xen_flags == 0 => {
                self.mapped.insert(place, map(&region, file)?);
            }
            // The first descriptor serves all regions of a guest.
            _ => {}
        }
        self.regions.insert(place, region);
        Ok(())
    }

    /// Makes the memory that the regions describe.
    fn refresh(&mut self) -> Result<(), Error> {
        if self.regions.is_empty() {
            self.memory = None;
        } else if !self.mapped.is_empty() {
            let regions = self.mapped.clone();
            let memory = GuestMemoryMmap::from_arc_regions(regions).map_err(Error::Regions)?;
            self.memory = Some(Memory::Mapped(Arc::new(memory)));
        }
        Ok(())
    }
}

fn map(region: &Region, file: File) -> Result<Arc<GuestRegionMmap<()>>, Error> {
    let Region {
        guest_addr, size, ..
    } = *region;
    let end = region.offset.checked_add(size);
    let is_long = |file: &File| file.metadata().is_ok_and(|data| Some(data.len()) >= end);
    if end.is_none() || !is_long(&file) {
        return Err(Error::Short { guest_addr, size });
    }
    let start = FileOffset::new(file, region.offset);
    // What does not fit into an address is longer than any file.
    let len = usize::try_from(size).unwrap_or(usize::MAX);
    GuestRegionMmap::from_range(GuestAddress(guest_addr), len, Some(start))
        .map(Arc::new)
        .map_err(|source| Error::Map {
            guest_addr,
            size,
            source,
        })
}

/// The memory of the guest that a region names.
fn space(region: &Region, file: File) -> Result<GuestSpace, Error> {
    let Ok(domain) = u16::try_from(region.xen_data).map(DomId) else {
        return Err(Error::Domain {
            domain: region.xen_data,
        });
    };
    let node = OwnedFd::from(file);
    Ok(match region.xen_flags & xen::GRANT {
        0 => GuestSpace::foreign(domain, Privcmd::from(node)),
        _ => GuestSpace::grant(domain, Grants::from(node)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(len: u64) -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(len).unwrap();
        file
    }

    fn region(guest_addr: u64, size: u64, user_addr: u64) -> Region {
        Region {
            guest_addr,
            size,
            user_addr,
            ..Region::default()
        }
    }

    #[test]
    fn addresses_of_the_front_end_are_translated() {
        let regions = [(0x1000, 0x1000, 0x7000), (0x8000, 0x2000, 0x1000)];
        let regions = regions.map(|(at, size, user)| (region(at, size, user), file(0x2000)));
        let table = Table::new(regions.into()).unwrap();

        assert_eq!(table.translate(0x7010, 0xff0), Some(GuestAddress(0x1010)));
        assert_eq!(table.translate(0x7010, 0xff1), None);
        assert_eq!(table.translate(0x2fff, 1), Some(GuestAddress(0x9fff)));
        assert_eq!(table.translate(u64::MAX, 2), None);
    }

    #[test]
    fn the_smallest_of_two_regions_counts() {
        let grants = |guest_addr, size, user_addr, more| Region {
            xen_flags: xen::GRANT | more,
            xen_data: 3,
            ..region(guest_addr, size, user_addr)
        };
        let all = grants(1 << 63, 1 << 44, 0, xen::NO_ADVANCE_MAP);
        let ring = grants(1 << 63 | 0x5000, 0x1000, 0x2000, 0);
        let table = Table::new(vec![(all, file(0)), (ring, file(0))]).unwrap();

        assert_eq!(
            table.translate(0x2010, 16),
            Some(GuestAddress(1 << 63 | 0x5010))
        );
        assert_eq!(
            table.translate(0x3000, 16),
            Some(GuestAddress(1 << 63 | 0x3000))
        );
    }

    #[test]
    fn a_file_that_is_too_short_is_refused() {
        let error = Table::new(vec![(region(0, 0x2000, 0), file(0x1000))]).unwrap_err();

        assert_eq!(error.to_string(), "no file of 0x2000 bytes for address 0x0");
    }

    #[test]
    fn regions_upon_each_other_are_refused() {
        let regions = vec![
            (region(0, 0x2000, 0), file(0x2000)),
            (region(0x1000, 0x1000, 0x10000), file(0x1000)),
        ];

        assert!(matches!(Table::new(regions), Err(Error::Regions(_))));
    }

    #[test]
    fn kinds_of_memory_cannot_be_mixed() {
        let guest = Region {
            xen_flags: xen::FOREIGN,
            ..region(0x8000, 0x1000, 0)
        };
        let regions = vec![(region(0, 0x1000, 0), file(0x1000)), (guest, file(0))];

        assert!(matches!(Table::new(regions), Err(Error::Mixed)));
    }

    #[test]
    fn a_domain_has_16_bits() {
        let guest = Region {
            xen_flags: xen::FOREIGN,
            xen_data: 0x1_0000,
            ..region(0, 0x1000, 0)
        };

        assert!(matches!(
            Table::new(vec![(guest, file(0))]),
            Err(Error::Domain { domain: 0x1_0000 })
        ));
    }

    #[test]
    fn regions_come_and_go() {
        let mut table = Table::new(vec![(region(0, 0x1000, 0), file(0x1000))]).unwrap();
        table
            .add(region(0x4000, 0x1000, 0x4000), file(0x1000))
            .unwrap();

        table.remove(&region(0, 0x1000, 0)).unwrap();

        assert_eq!(table.translate(0, 1), None);
        assert_eq!(table.translate(0x4000, 1), Some(GuestAddress(0x4000)));
        assert!(matches!(
            table.remove(&region(0, 0x1000, 0)),
            Err(Error::Unknown { guest_addr: 0 })
        ));
        table.remove(&region(0x4000, 0x1000, 0x4000)).unwrap();
        assert!(table.memory().is_none());
    }

    #[test]
    fn there_are_only_so_many_regions() {
        let regions = (0..33).map(|n| (region(n * 0x1000, 0x1000, n * 0x1000), file(0x1000)));

        assert!(matches!(Table::new(regions.collect()), Err(Error::Full)));
    }
}
