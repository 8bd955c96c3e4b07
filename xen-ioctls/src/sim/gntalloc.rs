// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/gntalloc` as Linux has it (drivers/xen/gntalloc.c).

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use xen_hypercall::{DomId, PAGE_SIZE};

use super::Answer;
use super::call::Call;
use super::gntdev::Notice;
use super::open::Open;
use super::state::State;
use super::user::{get, put};
use crate::gntalloc::abi;

/// The module parameter `limit`.
const LIMIT: usize = 1024;
/// Where the pages are in the memory of a domain: beyond all others.
const FIRST_FRAME: u64 = 1 << 34;
const PAGE: u64 = PAGE_SIZE as u64;

/// One open node.
#[derive(Debug, Default)]
pub(super) struct GntallocFile {
    /// The next index, in pages; never used again.
    next: u64,
    pages: Vec<Granted>,
}

/// A page that is granted.
#[derive(Debug)]
struct Granted {
    index: u64,
    gref: u32,
    machine: u64,
    /// The process has given it up: freed when nobody maps it any more.
    freed: bool,
    /// How often the process has mapped it.
    mapped: usize,
    notice: Option<Notice>,
}

impl State {
    pub fn open_gntalloc(&mut self, file: usize) {
        self.gntalloc.insert(file, GntallocFile::default());
    }

    pub fn close_gntalloc(&mut self, file: usize, domain: u16) {
        if let Some(node) = self.gntalloc.get_mut(&file) {
            for page in &mut node.pages {
                page.freed = true;
            }
        }
        self.collect_granted(file, domain);
        // Pages that somebody else maps stay granted, as in Linux.
        self.gntalloc.remove(&file);
    }

    /// # Safety
    ///
    /// `arg` leads to what `request` reads and writes.
    pub unsafe fn gntalloc_ioctl(
        &mut self,
        open: &Open,
        request: u32,
        arg: *mut u8,
    ) -> Answer<u32> {
        match request {
            // SAFETY: as the caller says.
            abi::ALLOC_GREF => unsafe { self.allocate_granted(open, arg) },
            // SAFETY: as the caller says.
            abi::DEALLOC_GREF => self.free_granted(open, unsafe { get(arg) }),
            // SAFETY: as the caller says.
            abi::SET_UNMAP_NOTIFY => self.gntalloc_notify(open, unsafe { get(arg) }),
            _ => Err(libc::ENOTTY),
        }
    }

    fn gntalloc_node(&mut self, file: usize) -> &mut GntallocFile {
        self.gntalloc
            .get_mut(&file)
            .expect("the node is open while it is used")
    }

    /// # Safety
    ///
    /// `arg` leads to an `Allocate`, with room for as many references after it as it says.
    unsafe fn allocate_granted(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let mut call = unsafe { get::<abi::Allocate>(arg) };
        self.record(open.domain, || Call::AllocateGrants {
            domain: DomId(call.domid),
            count: call.count,
            writable: call.flags & abi::WRITABLE != 0,
        });
        self.collect_granted(open.file, open.domain);
        let count = usize::try_from(call.count).or(Err(libc::EINVAL))?;
        let all = self.gntalloc.values().map(|node| node.pages.len());
        if all.sum::<usize>() + count > LIMIT {
            return Err(libc::ENOSPC);
        }
        let first = self.gntalloc_node(open.file).next;
        call.index = first * PAGE;
        for (n, index) in (first..first + u64::from(call.count)).enumerate() {
            let machine = self.machine.allocate(1);
            let frame = FIRST_FRAME + machine;
            self.domain_mut(open.domain)?
                .memory
                .set(frame, Some(machine));
            let writable = call.flags & abi::WRITABLE != 0;
            let gref = self.grant(open.domain, call.domid, frame, writable);
            self.gntalloc_node(open.file).pages.push(Granted {
                index,
                gref,
                machine,
                freed: false,
                mapped: 0,
                notice: None,
            });
            // SAFETY: as the caller says.
            unsafe { put(arg.wrapping_add(16 + 4 * n), gref) };
        }
        self.gntalloc_node(open.file).next += u64::from(call.count);
        // SAFETY: as the caller says.
        unsafe { put(arg, call) };
        Ok(0)
    }

    /// Machine frames of pages side by side, for `mmap`.
    pub fn granted_frames(
        &mut self,
        open: &Open,
        offset: u64,
        count: usize,
    ) -> Answer<Vec<Option<u64>>> {
        let first = offset / PAGE;
        let node = self.gntalloc_node(open.file);
        if (first..)
            .take(count)
            .any(|index| node.find(index).is_none())
        {
            return Err(libc::ENOENT);
        }
        (first..)
            .take(count)
            .map(|index| {
                let page = node.find(index).ok_or(libc::ENOENT)?;
                page.mapped += 1;
                Ok(Some(page.machine))
            })
            .collect()
    }

    /// `munmap`, of one mapping: they are all of whole allocations.
    pub fn unmap_granted(&mut self, file: usize, domain: u16, offset: u64, count: usize) {
        let node = self.gntalloc_node(file);
        for index in (offset / PAGE..).take(count) {
            let page = node.pages.iter_mut().find(|page| page.index == index);
            if let Some(page) = page {
                page.mapped = page.mapped.saturating_sub(1);
            }
        }
        self.collect_granted(file, domain);
    }

    fn free_granted(&mut self, open: &Open, call: abi::DeallocGref) -> Answer<u32> {
        self.record(open.domain, || Call::FreeGrants {
            index: call.index,
            count: call.count,
        });
        let node = self.gntalloc_node(open.file);
        let first = call.index / PAGE;
        let indexes = first..first + u64::from(call.count);
        if !indexes.clone().all(|index| node.find(index).is_some()) {
            return Err(libc::EINVAL);
        }
        for index in indexes {
            if let Some(page) = node.find(index) {
                page.freed = true;
            }
        }
        self.collect_granted(open.file, open.domain);
        Ok(0)
    }

    /// Frees pages that were given up and that nobody maps.
    fn collect_granted(&mut self, file: usize, domain: u16) {
        let Some(node) = self.gntalloc.get_mut(&file) else {
            return;
        };
        let (gone, kept): (Vec<Granted>, Vec<Granted>) = std::mem::take(&mut node.pages)
            .into_iter()
            .partition(|page| page.freed && page.mapped == 0);
        node.pages = kept;
        for mut page in gone {
            if let Some(notice) = page.notice.take() {
                let clear = notice.clear.map(|offset| (page.machine, offset % PAGE));
                self.give_notice(domain, clear, notice.event);
            }
            if !self.revoke(domain, page.gref) {
                self.gntalloc_node(file).pages.push(page);
            }
        }
    }

    fn gntalloc_notify(&mut self, open: &Open, call: abi::UnmapNotify) -> Answer<u32> {
        let notice = self.notice(open, call)?;
        let page = self.gntalloc_node(open.file).find(call.index / PAGE);
        page.ok_or(libc::ENOENT)?.notice = Some(notice);
        Ok(0)
    }
}

impl GntallocFile {
    fn find(&mut self, index: u64) -> Option<&mut Granted> {
        self.pages
            .iter_mut()
            .find(|page| page.index == index && !page.freed)
    }
}
