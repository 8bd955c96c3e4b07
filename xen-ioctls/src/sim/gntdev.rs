// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/gntdev` as Linux has it (drivers/xen/gntdev.c), on Arm or in a PVH domain.

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use xen_hypercall::{DomId, GrantRef, PAGE_SIZE};

use super::Answer;
use super::call::Call;
use super::open::Open;
use super::state::State;
use super::user::{get, get_all, put};
use crate::gntdev::abi;
use crate::mapping::Protection;

/// The module parameter `limit`.
const LIMIT: u32 = 64 * 1024;
const PAGE: u64 = PAGE_SIZE as u64;

/// One open node.
#[derive(Debug, Default)]
pub(super) struct GntdevFile {
    /// What was announced, in order of its index.
    maps: Vec<GrantMap>,
    /// What was given back while it was mapped.
    leaving: Vec<GrantMap>,
}

#[derive(Debug)]
struct GrantMap {
    /// In pages.
    index: u64,
    refs: Vec<(u16, u32)>,
    /// Where it is mapped; once in the life of an announcement.
    mapped: Option<usize>,
    used: bool,
}

impl GrantMap {
    fn pages(&self) -> u64 {
        u64::try_from(self.refs.len()).expect("a few grants")
    }
}

/// What `mmap` wants.
pub(super) struct Wanted {
    pub start: usize,
    pub offset: u64,
    pub pages: usize,
    pub protection: Protection,
}

impl State {
    pub fn open_gntdev(&mut self, file: usize) {
        self.gntdev.insert(file, GntdevFile::default());
    }

    pub fn close_gntdev(&mut self, file: usize, _domain: u16) {
        // Each mapping holds the node open: none is left.
        self.gntdev.remove(&file);
    }

    /// # Safety
    ///
    /// `arg` leads to what `request` reads and writes.
    pub unsafe fn gntdev_ioctl(&mut self, open: &Open, request: u32, arg: *mut u8) -> Answer<u32> {
        match request {
            // SAFETY: as the caller says.
            abi::MAP_GRANT_REF => unsafe { self.announce(open, arg) },
            // SAFETY: as the caller says.
            abi::UNMAP_GRANT_REF => self.give_back(open, unsafe { get(arg) }),
            _ => Err(libc::ENOTTY),
        }
    }

    fn gntdev_node(&mut self, file: usize) -> &mut GntdevFile {
        self.gntdev
            .get_mut(&file)
            .expect("the node is open while it is used")
    }

    /// # Safety
    ///
    /// `arg` leads to a count, an index to be written, and as many references.
    unsafe fn announce(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let [count, _] = unsafe { get::<abi::Pair>(arg) };
        if count == 0 || count > LIMIT {
            return Err(libc::EINVAL);
        }
        let first = arg.wrapping_add(16).cast::<abi::Pair>();
        let count = usize::try_from(count).or(Err(libc::EINVAL))?;
        // SAFETY: as the caller says.
        let pairs = unsafe { get_all(first, count) };
        let refs: Vec<(u16, u32)> = pairs
            .iter()
            // Linux cuts the number in the same way.
            .map(|[domain, gref]| (u16::try_from(domain & 0xffff).unwrap_or(0), *gref))
            .collect();
        self.record(open.domain, || {
            Call::MapGrants(refs.iter().map(|r| (DomId(r.0), GrantRef(r.1))).collect())
        });
        let index = self.gntdev_node(open.file).add(refs) * PAGE;
        // SAFETY: the index follows the count.
        unsafe { put(arg.wrapping_add(8), index) };
        Ok(0)
    }

    fn give_back(&mut self, open: &Open, call: abi::Unmap) -> Answer<u32> {
        self.record(open.domain, || Call::UnmapGrants {
            index: call.index,
            count: call.count,
        });
        let node = self.gntdev_node(open.file);
        let found = node.find(call.index / PAGE, call.count.into());
        let map = node.maps.remove(found.ok_or(libc::ENOENT)?);
        match map.mapped {
            Some(_) => node.leaving.push(map),
            None => self.unuse_all(&map),
        }
        Ok(0)
    }

    /// The hypercall that maps grants, at `mmap`: all or none.
    pub fn map_grants(&mut self, open: &Open, wanted: Wanted) -> Answer<()> {
        let count = u64::try_from(wanted.pages).or(Err(libc::EINVAL))?;
        let node = self.gntdev_node(open.file);
        let found = node.find(wanted.offset / PAGE, count);
        let map = &mut node.maps[found.ok_or(libc::EINVAL)?];
        if map.used {
            return Err(libc::EINVAL);
        }
        let refs = map.refs.clone();
        let write = wanted.protection == Protection::ReadWrite;
        let frames: Vec<Option<u64>> = refs
            .iter()
            .map(|(owner, gref)| self.use_grant(open.domain, *owner, *gref, write).ok())
            .collect();
        if frames.contains(&None) {
            return Err(libc::EINVAL);
        }
        // SAFETY: the address space was reserved for this call, and is that long.
        unsafe { self.machine.place(wanted.start, &frames, wanted.protection) }
            .or(Err(libc::ENOMEM))?;
        for (owner, gref) in refs {
            if let Some(entry) = self.grant_mut(owner, gref) {
                entry.mapped += 1;
            }
        }
        let map = &mut self.gntdev_node(open.file).maps[found.ok_or(libc::EINVAL)?];
        map.used = true;
        map.mapped = Some(wanted.start);
        Ok(())
    }

    /// `munmap`: the grants stay mapped in the kernel until they are given back, too.
    pub fn unmap_area(&mut self, file: usize, _domain: u16, start: usize) {
        let node = self.gntdev_node(file);
        let here = |map: &GrantMap| map.mapped == Some(start);
        if let Some(map) = node.maps.iter_mut().find(|map| here(map)) {
            map.mapped = None;
        } else if let Some(n) = node.leaving.iter().position(here) {
            let map = node.leaving.remove(n);
            self.unuse_all(&map);
        }
    }

    fn unuse_all(&mut self, map: &GrantMap) {
        if map.used {
            for (owner, gref) in &map.refs {
                self.unuse_grant(*owner, *gref);
            }
        }
    }
}

impl GntdevFile {
    /// Announces grants at the lowest free index.
    fn add(&mut self, refs: Vec<(u16, u32)>) -> u64 {
        let mut map = GrantMap {
            index: 0,
            refs,
            mapped: None,
            used: false,
        };
        let mut at = self.maps.len();
        for (n, other) in self.maps.iter().enumerate() {
            if map.index + map.pages() <= other.index {
                at = n;
                break;
            }
            map.index = other.index + other.pages();
        }
        let index = map.index;
        self.maps.insert(at, map);
        index
    }

    fn find(&self, index: u64, count: u64) -> Option<usize> {
        self.maps
            .iter()
            .position(|map| map.index == index && map.pages() == count)
    }
}
