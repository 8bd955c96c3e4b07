// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `/dev/xen/privcmd` as Linux has it (drivers/xen/privcmd.c).

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use xen_hypercall::abi::memory as abi_memory;
use xen_hypercall::memory::Resource;
use xen_hypercall::{DomId, Gfn, PAGE_SIZE};

use super::Answer;
use super::call::{Call, NodeKind};
use super::open::Open;
use super::state::State;
use super::user::{get, get_all, put};
use crate::privcmd::abi;

/// `dm_op_max_nr_bufs`.
const MAX_BUFFERS: u16 = 16;
/// `dm_op_buf_max_size`.
const MAX_BUFFER: usize = 4096;

impl State {
    /// # Safety
    ///
    /// `arg` leads to what `request` reads and writes.
    pub unsafe fn privcmd_ioctl(&mut self, open: &Open, request: u32, arg: *mut u8) -> Answer<u32> {
        match request {
            // SAFETY: the request says what `arg` leads to, and the caller keeps to it; so below.
            abi::HYPERCALL => self.plain_hypercall(open, unsafe { get(arg) }),
            // SAFETY: as above.
            abi::MMAPBATCH_V2 => unsafe { self.map_frames(open, arg) },
            // SAFETY: as above.
            abi::DM_OP => unsafe { self.privcmd_dm_op(open, arg) },
            // SAFETY: as above.
            abi::RESTRICT => self.restrict(open, unsafe { get(arg) }),
            // SAFETY: as above.
            abi::MMAP_RESOURCE => unsafe { self.map_resource(open, arg) },
            // SAFETY: as above.
            abi::IRQFD if self.config.eventfds => unsafe { self.irqfd(open, arg) },
            // SAFETY: as above.
            abi::IOEVENTFD if self.config.eventfds => unsafe { self.ioeventfd(open, arg) },
            abi::IRQFD | abi::IOEVENTFD => Err(libc::EOPNOTSUPP),
            _ => Err(libc::ENOTTY),
        }
    }

    fn restrict(&mut self, open: &Open, domain: u16) -> Answer<u32> {
        self.record(open.domain, || Call::Restrict {
            node: NodeKind::Privcmd,
            domain: DomId(domain),
        });
        match *self.restricted.entry(open.file).or_insert(domain) == domain {
            true => Ok(0),
            false => Err(libc::EINVAL),
        }
    }

    /// Whether an open privcmd may act on a domain.
    pub fn allowed(&self, open: &Open, domain: u16) -> Answer<()> {
        match self.restricted.get(&open.file) {
            Some(only) if *only != domain => Err(libc::EPERM),
            _ => Ok(()),
        }
    }

    /// # Safety
    ///
    /// `arg` leads to a `DmOp`; the buffers are lent to the call.
    unsafe fn privcmd_dm_op(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let call = unsafe { get::<abi::DmOp>(arg) };
        self.allowed(open, call.dom)?;
        match call.num {
            0 => return Ok(0),
            num if num > MAX_BUFFERS => return Err(libc::E2BIG),
            _ => {}
        }
        // SAFETY: the argument says that there are `num` descriptions.
        let described = unsafe { get_all::<abi::DmOpBuf>(call.ubufs, call.num.into()) };
        if described.iter().any(|buffer| buffer.size > MAX_BUFFER) {
            return Err(libc::E2BIG);
        }
        let mut buffers = Vec::new();
        for buffer in &described {
            let bytes = self.window.read(buffer.uptr, buffer.size)?;
            // Every page is pinned for writing, also of a buffer that Xen only reads.
            self.window.write(buffer.uptr, &bytes)?;
            buffers.push(bytes);
        }
        self.record(open.domain, || Call::DmOp {
            domain: DomId(call.dom),
            buffers: buffers.clone(),
        });
        let answers = self.dm_op(open.domain, call.dom, &buffers)?;
        for (buffer, answer) in described.iter().zip(answers) {
            if let Some(answer) = answer {
                self.window.write(buffer.uptr, &answer)?;
            }
        }
        Ok(0)
    }

    /// # Safety
    ///
    /// `arg` leads to an `MmapBatchV2`, its arrays are as long as it says, and the mapping is in
    /// nobody's use yet.
    unsafe fn map_frames(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let call = unsafe { get::<abi::MmapBatchV2>(arg) };
        self.allowed(open, call.dom)?;
        let count = usize::try_from(call.num).or(Err(libc::EINVAL))?;
        // SAFETY: as the caller says.
        let frames = unsafe { get_all::<u64>(call.arr, count) };
        self.record(open.domain, || Call::MapFrames {
            domain: DomId(call.dom),
            frames: frames.iter().copied().map(Gfn).collect(),
        });
        let address = usize::try_from(call.addr).or(Err(libc::EINVAL))?;
        let (start, area) = self.area(NodeKind::Privcmd, address)?;
        let whole = start == address && count > 0 && count * PAGE_SIZE <= area.len;
        if !whole || area.populated {
            return Err(libc::EINVAL);
        }
        area.populated = true;
        let protection = area.protection;
        let found: Vec<Result<u64, i32>> = frames
            .iter()
            .map(|frame| {
                let target = self.target(open.domain, call.dom)?;
                // xenmem_add_to_physmap_one: no page behind the frame.
                target.memory.get(*frame).ok_or(libc::EINVAL)
            })
            .collect();
        for (n, frame) in found.iter().enumerate() {
            let error = frame.as_ref().err().map_or(0, |errno| -errno);
            // SAFETY: there are `num` errors at `err`.
            unsafe { put(call.err.wrapping_add(n).cast(), error) };
        }
        let machine: Vec<Option<u64>> = found.into_iter().map(Result::ok).collect();
        // SAFETY: the area is a reservation of at least as many pages, not in use yet.
        unsafe { self.machine.place(address, &machine, protection) }.or(Err(libc::ENOMEM))?;
        Ok(0)
    }

    /// # Safety
    ///
    /// `arg` leads to an `MmapResource`; the mapping is in nobody's use yet.
    unsafe fn map_resource(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let mut call = unsafe { get::<abi::MmapResource>(arg) };
        self.allowed(open, call.dom.0)?;
        self.record(open.domain, || Call::MapResource {
            domain: call.dom,
            resource: Resource {
                kind: call.kind,
                id: call.id,
                frame: call.idx,
            },
            frames: call.num,
        });
        self.target(open.domain, call.dom.0)?;
        match (call.addr, call.num) {
            (0, 0) => {
                call.num = self.resource_frames(open.domain, &call)?;
                // SAFETY: as the caller says.
                unsafe { put(arg, call) };
                return Ok(0);
            }
            (0, _) | (_, 0) => return Err(libc::EINVAL),
            _ => {}
        }
        let address = usize::try_from(call.addr).or(Err(libc::EINVAL))?;
        let (start, area) = self.area(NodeKind::Privcmd, address)?;
        let count = usize::try_from(call.num).or(Err(libc::EINVAL))?;
        if start != address || count * PAGE_SIZE > area.len || area.populated {
            return Err(libc::EINVAL);
        }
        let protection = area.protection;
        let frames = self.resource(open.domain, &call)?;
        // SAFETY: the area is a reservation of at least as many pages, not in use yet.
        unsafe { self.machine.place(address, &frames, protection) }.or(Err(libc::ENOMEM))?;
        if let Ok((_, area)) = self.area(NodeKind::Privcmd, address) {
            area.populated = true;
        }
        Ok(0)
    }

    pub fn resource_frames(&mut self, caller: u16, call: &abi::MmapResource) -> Answer<u64> {
        let id = resource_id(call)?;
        let vcpus = self.server(caller, call.dom.0, id)?.vcpus.len();
        let pages = vcpus.div_ceil(xen_hypercall::ioreq::SLOTS_PER_PAGE);
        u64::try_from(1 + pages).or(Err(libc::EINVAL))
    }

    pub fn resource(&mut self, caller: u16, call: &abi::MmapResource) -> Answer<Vec<Option<u64>>> {
        let id = resource_id(call)?;
        let first = u64::from(call.idx);
        (first..first.saturating_add(call.num))
            .map(|frame| match usize::try_from(frame) {
                Ok(0) => self.buffered_page(caller, call.dom.0, id).map(Some),
                Err(_too_wide) => Err(libc::EINVAL),
                Ok(n) => self.ioreq_page(caller, call.dom.0, id, n - 1).map(Some),
            })
            .collect()
    }
}

fn resource_id(call: &abi::MmapResource) -> Answer<u16> {
    match call.kind {
        kind if kind == u32::from(abi_memory::Resource::IOREQ_SERVER.0) => {
            u16::try_from(call.id).or(Err(libc::EINVAL))
        }
        _ => Err(libc::EOPNOTSUPP),
    }
}
