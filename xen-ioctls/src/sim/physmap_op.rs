// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Pages that are put into the memory of a domain by hypercall (xen/common/memory.c,
//! xenmem_add_to_physmap_one of each architecture). What the domain shares with Xen, and frames of
//! its grant table, are no memory in this simulation, and are refused.

use xen_hypercall::abi::memory::{
    Resource, Space, XenAddToPhysmap, XenAddToPhysmapBatch, XenMemAcquireResource,
};
use zerocopy::IntoBytes;

use super::state::State;
use super::{Answer, Arch};
use crate::privcmd::abi::MmapResource;

impl State {
    pub fn add_to_physmap(&mut self, caller: u16, at: u64) -> Answer<()> {
        let args: XenAddToPhysmap = self.copy_in(at)?;
        let domain = self.owner(caller, args.domid.0)?;
        // Arm has no other frames of the domain's own.
        if args.space != Space::GMFN || self.config.arch != Arch::X86 {
            return Err(libc::ENOSYS);
        }
        let memory = &mut self.domain_mut(domain)?.memory;
        let machine = memory.get(args.idx).ok_or(libc::EINVAL)?;
        memory.set(args.idx, None);
        memory.set(args.gpfn.0, Some(machine));
        Ok(())
    }

    /// Each has an errno of its own.
    pub fn add_to_physmap_batch(&mut self, caller: u16, at: u64) -> Answer<()> {
        let args: XenAddToPhysmapBatch = self.copy_in(at)?;
        let domain = self.owner(caller, args.domid.0)?;
        if Space(args.space.into()) != Space::GMFN_FOREIGN {
            return Err(libc::ENOSYS);
        }
        let foreign = args.foreign_domid.0;
        for n in 0..u64::from(args.size) {
            let theirs: u64 = self.copy_in(args.idxs + n * 8)?;
            let place: u64 = self.copy_in(args.gpfns + n * 8)?;
            let found = self
                .target(caller, foreign)
                .and_then(|target| target.memory.get(theirs).ok_or(libc::EINVAL));
            let error = match found {
                Ok(machine) => {
                    self.domain_mut(domain)?.memory.set(place, Some(machine));
                    0
                }
                Err(errno) => -errno,
            };
            self.copy_out(args.errs + n * 4, error.as_bytes())?;
        }
        Ok(())
    }

    /// Puts a resource at frames of the caller, or says how many frames it has.
    pub fn acquire_resource(&mut self, caller: u16, at: u64) -> Answer<()> {
        let mut args: XenMemAcquireResource = self.copy_in(at)?;
        if args.pad0 != [0; 4] || (args.frame_list == 0 && args.nr_frames != 0) {
            return Err(libc::EINVAL);
        }
        self.target(caller, args.domid.0)?;
        let Resource(kind) = args.kind;
        let wanted = MmapResource {
            dom: args.domid,
            kind: kind.into(),
            id: args.id,
            idx: u32::try_from(args.frame).or(Err(libc::EINVAL))?,
            num: args.nr_frames.into(),
            ..Default::default()
        };
        if args.frame_list == 0 {
            let frames = self.resource_frames(caller, &wanted)?;
            args.nr_frames = u32::try_from(frames).or(Err(libc::EINVAL))?;
            return self.copy_out(at, args.as_bytes());
        }
        let found = self.resource(caller, &wanted)?;
        for (list, machine) in (args.frame_list..).step_by(8).zip(found) {
            let place: u64 = self.copy_in(list)?;
            self.domain_mut(caller)?.memory.set(place, machine);
        }
        Ok(())
    }
}
