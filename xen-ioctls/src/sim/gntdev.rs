// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/gntdev` as Linux has it (drivers/xen/gntdev.c), on Arm or in a PVH domain.

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use xen_hypercall::{DomId, GrantRef, PAGE_SIZE, Port};

use super::Answer;
use super::call::{Call, NodeKind};
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
    writable: bool,
    notice: Option<Notice>,
}

/// What to tell, and whom, when a page goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notice {
    /// Of the byte to clear, in the pages it is about.
    pub clear: Option<u64>,
    /// A local port.
    pub event: Option<u32>,
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

    pub fn close_gntdev(&mut self, file: usize) {
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
            // SAFETY: as the caller says.
            abi::GET_OFFSET_FOR_VADDR => unsafe { self.offset_for(open, arg) },
            // SAFETY: as the caller says.
            abi::SET_UNMAP_NOTIFY => self.gntdev_notify(open, unsafe { get(arg) }),
            // SAFETY: as the caller says.
            abi::GRANT_COPY => unsafe { self.grant_copy(open, arg) },
            abi::DMABUF_EXP_FROM_REFS
            | abi::DMABUF_EXP_WAIT_RELEASED
            | abi::DMABUF_IMP_TO_REFS
            | abi::DMABUF_IMP_RELEASE => {
                let [request, ..] = request.to_le_bytes();
                self.record(open.domain, || Call::DmaBuf { request });
                // A kernel without CONFIG_XEN_GNTDEV_DMABUF.
                Err(libc::ENOTTY)
            }
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

    fn give_back(&mut self, open: &Open, call: abi::UnmapGrantRef) -> Answer<u32> {
        self.record(open.domain, || Call::UnmapGrants {
            index: call.index,
            count: call.count,
        });
        let node = self.gntdev_node(open.file);
        let found = node.find(call.index / PAGE, call.count.into());
        let map = node.maps.remove(found.ok_or(libc::ENOENT)?);
        match map.mapped {
            Some(_) => node.leaving.push(map),
            None => self.unuse_all(open.domain, &map),
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
        self.place(wanted.start, &frames, wanted.protection)?;
        for (owner, gref) in refs {
            if let Some(entry) = self.grant_mut(owner, gref) {
                entry.mapped += 1;
            }
        }
        let map = &mut self.gntdev_node(open.file).maps[found.ok_or(libc::EINVAL)?];
        map.used = true;
        map.writable = write;
        map.mapped = Some(wanted.start);
        Ok(())
    }

    /// `munmap`: the grants stay mapped in the kernel until they are given back, too.
    pub fn unmap_area(&mut self, file: usize, domain: u16, start: usize) {
        let node = self.gntdev_node(file);
        let here = |map: &GrantMap| map.mapped == Some(start);
        if let Some(map) = node.maps.iter_mut().find(|map| here(map)) {
            map.mapped = None;
        } else if let Some(n) = node.leaving.iter().position(here) {
            let map = node.leaving.remove(n);
            self.unuse_all(domain, &map);
        }
    }

    fn unuse_all(&mut self, domain: u16, map: &GrantMap) {
        if map.used {
            if let Some(notice) = map.notice {
                let place = notice.clear.and_then(|offset| {
                    let (owner, gref) = map.refs.get(usize::try_from(offset / PAGE).ok()?)?;
                    let machine = self.use_grant(domain, *owner, *gref, true).ok()?;
                    Some((machine, offset % PAGE))
                });
                self.give_notice(domain, place, notice.event);
            }
            for (owner, gref) in &map.refs {
                self.unuse_grant(*owner, *gref);
            }
        }
    }
}

impl State {
    /// Puts frames into address space that was reserved for the call that is being served.
    pub fn place(
        &self,
        start: usize,
        frames: &[Option<u64>],
        protection: Protection,
    ) -> Answer<()> {
        // SAFETY: the address space was reserved for this call, is that long, and its owner does
        // not know of it yet.
        unsafe { self.machine.place(start, frames, protection) }.or(Err(libc::ENOMEM))
    }

    /// Clears a byte and sends an event, as was asked for.
    pub fn give_notice(&mut self, domain: u16, clear: Option<(u64, u64)>, event: Option<u32>) {
        if let Some((machine, offset)) = clear {
            self.machine.write(machine, offset, &[0]);
        }
        if let Some(port) = event {
            // The kernel has nobody to tell when the port is gone.
            let _sent = self.send(domain, port);
        }
    }

    /// # Safety
    ///
    /// `arg` leads to a `GetOffset`.
    unsafe fn offset_for(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let mut call = unsafe { get::<abi::GetOffsetForVaddr>(arg) };
        self.record(open.domain, || Call::OffsetForAddress);
        let address = usize::try_from(call.vaddr).or(Err(libc::EINVAL))?;
        let (start, area) = self.area(NodeKind::Grants, address)?;
        let file = area.file;
        let node = self.gntdev_node(file);
        let mut maps = node.maps.iter().chain(&node.leaving);
        let map = maps
            .find(|map| map.mapped == Some(start))
            .ok_or(libc::EINVAL)?;
        call.offset = map.index * PAGE;
        call.count = u32::try_from(map.refs.len()).or(Err(libc::EINVAL))?;
        // SAFETY: as the caller says.
        unsafe { put(arg, call) };
        Ok(0)
    }

    fn gntdev_notify(&mut self, open: &Open, call: abi::UnmapNotify) -> Answer<u32> {
        let notice = self.notice(open, call)?;
        let node = self.gntdev_node(open.file);
        let page = call.index / PAGE;
        let map = node
            .maps
            .iter_mut()
            .find(|map| (map.index..map.index + map.pages()).contains(&page))
            .ok_or(libc::ENOENT)?;
        if notice.clear.is_some() && map.used && !map.writable {
            return Err(libc::EINVAL);
        }
        let clear = notice.clear.map(|index| index - map.index * PAGE);
        map.notice = Some(Notice { clear, ..notice });
        Ok(0)
    }

    /// Checks what is to be told; the byte is as far into the node as the caller says.
    pub fn notice(&mut self, open: &Open, call: abi::UnmapNotify) -> Answer<Notice> {
        self.record(open.domain, || Call::UnmapNotify {
            index: call.index,
            action: call.action.0,
            port: call.event_channel_port,
        });
        if !abi::UnmapNotifyAction::ALL.contains(call.action) {
            return Err(libc::EINVAL);
        }
        let Port(port) = call.event_channel_port;
        let event = call
            .action
            .contains(abi::UnmapNotifyAction::SEND_EVENT)
            .then_some(port);
        if event.is_some() && !self.listeners.contains_key(&(open.domain, port)) {
            return Err(libc::EINVAL);
        }
        let clear = call
            .action
            .contains(abi::UnmapNotifyAction::CLEAR_BYTE)
            .then_some(call.index);
        Ok(Notice { clear, event })
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
            writable: false,
            notice: None,
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
