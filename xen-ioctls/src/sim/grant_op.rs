// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grant tables and memory by hypercall, as Xen performs them for domains whose memory it
//! translates (xen/common/grant_table.c, xen/common/memory.c).

use std::ops::Range;

use xen_hypercall::abi::grant_table::{
    CopyFlags, GnttabCopy, GnttabCopyDest, GnttabCopySource, GnttabGetVersion, GnttabMapGrantRef,
    GnttabQuerySize, GnttabSetVersion, GnttabUnmapGrantRef, MapFlags, Status, numbers,
};
use xen_hypercall::abi::memory::{
    self, E820Entry, XenMemoryMap, XenMemoryReservation, XenRemoveFromPhysmap,
};
use xen_hypercall::abi::start_info::MemmapType;
use xen_hypercall::{DomId, PAGE_SIZE};
use zerocopy::{FromBytes, IntoBytes};

use super::state::State;
use super::{Answer, Arch};

/// Entries of a frame of the table.
const PER_FRAME: usize = 512;
/// Frames that a table may have: Xen's default.
const FRAMES: u32 = 64;
/// The first references, which may be in use when the version changes.
const RESERVED: usize = 8;

/// A grant that a domain has mapped into its memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    owner: u16,
    gref: u32,
    address: u64,
}

impl State {
    pub fn grant_table_op(&mut self, caller: u16, args: [u64; 3]) -> Answer<u64> {
        let [number, at, count] = args;
        let number = u32::try_from(number).or(Err(libc::ENOSYS))?;
        match number {
            numbers::MAP_GRANT_REF => self.each(at, count, |state, op: &mut GnttabMapGrantRef| {
                (op.status, op.handle) = match state.map_grant(caller, op) {
                    Ok(handle) => (Status::OKAY, handle),
                    Err(status) => (status, u32::MAX),
                };
                Ok(())
            }),
            numbers::UNMAP_GRANT_REF => {
                self.each(at, count, |state, op: &mut GnttabUnmapGrantRef| {
                    op.status = state.unmap_grant(caller, op).err().unwrap_or(Status::OKAY);
                    Ok(())
                })
            }
            numbers::COPY => self.each(at, count, |state, op: &mut GnttabCopy| {
                op.status = state.copy_pages(caller, op).err().unwrap_or(Status::OKAY);
                Ok(())
            }),
            numbers::QUERY_SIZE if count != 1 => Err(libc::EINVAL),
            numbers::QUERY_SIZE => self.each(at, 1, |state, op: &mut GnttabQuerySize| {
                op.status = match state.owner(caller, op.dom.0) {
                    Ok(domain) => {
                        let entries = state.domain(domain)?.grants.len();
                        let frames = entries.div_ceil(PER_FRAME).max(1);
                        op.nr_frames = u32::try_from(frames).or(Err(libc::EINVAL))?;
                        op.max_nr_frames = FRAMES;
                        Status::OKAY
                    }
                    Err(libc::EPERM) => Status::PERMISSION_DENIED,
                    Err(_gone) => Status::BAD_DOMAIN,
                };
                Ok(())
            }),
            numbers::SET_VERSION => self.each(at, count, |state, op: &mut GnttabSetVersion| {
                op.version = state.set_grant_version(caller, op.version)?;
                Ok(())
            }),
            numbers::GET_VERSION => self.each(at, count, |state, op: &mut GnttabGetVersion| {
                let domain = state.owner(caller, op.dom.0)?;
                op.version = state.domain(domain)?.grant_version;
                Ok(())
            }),
            _ => Err(libc::ENOSYS),
        }
    }

    /// Performs each of an array of structures.
    fn each<T: FromBytes + IntoBytes + zerocopy::Immutable>(
        &mut self,
        at: u64,
        count: u64,
        mut one: impl FnMut(&mut Self, &mut T) -> Answer<()>,
    ) -> Answer<u64> {
        let size = u64::try_from(size_of::<T>()).or(Err(libc::EFAULT))?;
        for n in 0..count {
            let mut op: T = self.copy_in(at + n * size)?;
            one(self, &mut op)?;
            self.copy_out(at + n * size, op.as_bytes())?;
        }
        Ok(0)
    }

    fn map_grant(&mut self, caller: u16, op: &GnttabMapGrantRef) -> Result<u32, Status> {
        let known = MapFlags::HOST_MAP | MapFlags::READONLY;
        if !op.flags.contains(MapFlags::HOST_MAP) || !known.contains(op.flags) {
            return Err(Status::BAD_GNTREF);
        }
        if !op.host_addr.is_multiple_of(4096) {
            return Err(Status::GENERAL_ERROR);
        }
        let write = !op.flags.contains(MapFlags::READONLY);
        let machine = self.use_grant(caller, op.dom.0, op.gref.0, write);
        let machine = machine.map_err(Status)?;
        let entry = self.grant_mut(op.dom.0, op.gref.0);
        entry.ok_or(Status::BAD_GNTREF)?.mapped += 1;
        let domain = self.domain_mut(caller).or(Err(Status::BAD_DOMAIN))?;
        domain.memory.set(op.host_addr / 4096, Some(machine));
        let tracked = Tracked {
            owner: op.dom.0,
            gref: op.gref.0,
            address: op.host_addr,
        };
        let free = domain.tracked.iter().position(Option::is_none);
        let handle = free.unwrap_or(domain.tracked.len());
        if handle == domain.tracked.len() {
            domain.tracked.push(None);
        }
        domain.tracked[handle] = Some(tracked);
        u32::try_from(handle).or(Err(Status::NO_DEVICE_SPACE))
    }

    fn unmap_grant(&mut self, caller: u16, op: &GnttabUnmapGrantRef) -> Result<(), Status> {
        let domain = self.domain_mut(caller).or(Err(Status::BAD_DOMAIN))?;
        let handle = usize::try_from(op.handle).or(Err(Status::BAD_HANDLE))?;
        let slot = domain.tracked.get_mut(handle).ok_or(Status::BAD_HANDLE)?;
        let tracked = slot.ok_or(Status::BAD_HANDLE)?;
        if tracked.address != op.host_addr {
            return Err(Status::GENERAL_ERROR);
        }
        *slot = None;
        domain.memory.set(op.host_addr / 4096, None);
        self.unuse_grant(tracked.owner, tracked.gref);
        Ok(())
    }

    fn copy_pages(&mut self, caller: u16, op: &GnttabCopy) -> Result<(), Status> {
        let both = CopyFlags::SOURCE_GREF | CopyFlags::DEST_GREF;
        if op.flags.0 & !both.0 != 0 {
            return Err(Status::GENERAL_ERROR);
        }
        let len = usize::from(op.len);
        let ends = [op.source_offset, op.dest_offset].map(usize::from);
        if ends.iter().any(|offset| offset + len > PAGE_SIZE) {
            return Err(Status::BAD_COPY_ARG);
        }
        let from = match op.source_value().or(Err(Status::GENERAL_ERROR))? {
            GnttabCopySource::Ref(gref) => self
                .use_grant(caller, op.source_domid.0, gref.0, false)
                .map_err(Status)?,
            GnttabCopySource::Gmfn(frame) => self.own_page(caller, op.source_domid, frame.0)?,
        };
        let to = match op.dest_value().or(Err(Status::GENERAL_ERROR))? {
            GnttabCopyDest::Ref(gref) => self
                .use_grant(caller, op.dest_domid.0, gref.0, true)
                .map_err(Status)?,
            GnttabCopyDest::Gmfn(frame) => self.own_page(caller, op.dest_domid, frame.0)?,
        };
        let mut bytes = vec![0; len];
        self.machine.read(from, op.source_offset.into(), &mut bytes);
        self.machine.write(to, op.dest_offset.into(), &bytes);
        Ok(())
    }

    /// A frame of the caller's: others' are not copied from or to.
    fn own_page(&self, caller: u16, domain: DomId, frame: u64) -> Result<u64, Status> {
        if domain != DomId::SELF && domain.0 != caller {
            return Err(Status::PERMISSION_DENIED);
        }
        let domain = self.domain(caller).or(Err(Status::BAD_DOMAIN))?;
        domain.memory.get(frame).ok_or(Status::BAD_PAGE)
    }

    /// Not while anything but the reserved entries is in use. The entries go.
    fn set_grant_version(&mut self, caller: u16, version: u32) -> Answer<u32> {
        if !(1..=2).contains(&version) {
            return Err(libc::EINVAL);
        }
        let domain = self.domain_mut(caller)?;
        if domain.grant_version != version {
            let in_use = |grant: &super::grant::GrantEntry| grant.mapped > 0;
            if domain.grants.iter().skip(RESERVED).any(in_use) {
                return Err(libc::EBUSY);
            }
            domain.grants.truncate(RESERVED);
            domain.grant_version = version;
        }
        Ok(version)
    }

    pub fn memory_op(&mut self, caller: u16, number: u32, at: u64) -> Answer<u64> {
        match number {
            memory::numbers::MAXIMUM_RAM_PAGE => Ok(self.config.max_page),
            memory::numbers::DECREASE_RESERVATION => self.reservation(caller, at, false),
            memory::numbers::POPULATE_PHYSMAP => self.reservation(caller, at, true),
            memory::numbers::ADD_TO_PHYSMAP => self.add_to_physmap(caller, at).map(|()| 0),
            memory::numbers::ADD_TO_PHYSMAP_BATCH => {
                self.add_to_physmap_batch(caller, at).map(|()| 0)
            }
            memory::numbers::ACQUIRE_RESOURCE => self.acquire_resource(caller, at).map(|()| 0),
            memory::numbers::REMOVE_FROM_PHYSMAP => {
                let args: XenRemoveFromPhysmap = self.copy_in(at)?;
                let domain = self.owner(caller, args.domid.0)?;
                let memory = &mut self.domain_mut(domain)?.memory;
                memory.get(args.gpfn.0).ok_or(libc::ENOENT)?;
                memory.set(args.gpfn.0, None);
                Ok(0)
            }
            memory::numbers::MEMORY_MAP if self.config.arch == Arch::X86 => {
                self.memory_map(caller, at).map(|()| 0)
            }
            _ => Err(libc::ENOSYS),
        }
    }

    /// Takes extents away, or fills holes; how many, until the first that cannot be.
    fn reservation(&mut self, caller: u16, at: u64, populate: bool) -> Answer<u64> {
        let args: XenMemoryReservation = self.copy_in(at)?;
        let domain = self.owner(caller, args.domid.0)?;
        // 2 MiB at once for those who are no control domain.
        let pages = 1u64.checked_shl(args.extent_order).unwrap_or(0);
        if !(1..=512).contains(&pages) {
            return Err(libc::EPERM);
        }
        for n in 0..args.nr_extents {
            let first: u64 = self.copy_in(args.extent_start + n * 8)?;
            let Some(frames) = first.checked_add(pages).map(|end| first..end) else {
                return Ok(n);
            };
            if !self.extent(domain, frames, populate)? {
                return Ok(n);
            }
        }
        Ok(args.nr_extents)
    }

    fn extent(&mut self, domain: u16, frames: Range<u64>, populate: bool) -> Answer<bool> {
        let memory = &self.domain(domain)?.memory;
        if frames
            .clone()
            .any(|frame| memory.get(frame).is_some() == populate)
        {
            return Ok(false);
        }
        for frame in frames {
            let machine = populate.then(|| self.machine.allocate(1));
            self.domain_mut(domain)?.memory.set(frame, machine);
        }
        Ok(true)
    }

    /// The domain's banks, as a toolstack tells of them.
    fn memory_map(&mut self, caller: u16, at: u64) -> Answer<()> {
        let mut args: XenMemoryMap = self.copy_in(at)?;
        let banks = self.domain(caller)?.memory.banks();
        if banks.is_empty() {
            return Err(libc::ENOSYS);
        }
        let room = usize::try_from(args.nr_entries).or(Err(libc::EINVAL))?;
        let half = |wide: u64| -> [u32; 2] { zerocopy::transmute!(wide) };
        let entries: Vec<E820Entry> = banks
            .into_iter()
            .take(room)
            .map(|(address, size)| {
                let ([addr_low, addr_high], [size_low, size_high]) = (half(address), half(size));
                E820Entry {
                    addr_low,
                    addr_high,
                    size_low,
                    size_high,
                    kind: MemmapType::RAM.0,
                }
            })
            .collect();
        self.copy_out(args.buffer, entries.as_bytes())?;
        args.nr_entries = u32::try_from(entries.len()).or(Err(libc::EINVAL))?;
        self.copy_out(at, args.as_bytes())
    }
}
