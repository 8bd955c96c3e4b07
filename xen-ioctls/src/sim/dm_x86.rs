// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Device model operations that only x86 has, and that are about a guest's memory, its events and
//! its end (xen/arch/x86/hvm/dm.c, xen/arch/x86/hvm/mtrr.c). The guest's memory is translated by
//! the CPU, and nothing of it is given to devices.

use xen_hypercall::abi::dm_op::{
    self as abi, Cacheattr, DELETE_MEM_CACHEATTR, MemAccess, RemoteShutdown, numbers,
};
use zerocopy::FromBytes;

use super::dm_op::{check, must_be_zero};
use super::state::State;
use super::{Answer, Interrupt};

/// `HVMMEM_unused`.
const UNUSED: u16 = 3;
/// `HVMMEM_ioreq_server`, the last.
const IOREQ_SERVER: u16 = 4;
/// Bits of a frame number.
const FRAME_BITS: u32 = 40;

impl State {
    /// `None`: not one of these.
    pub fn dm_op_x86(
        &mut self,
        caller: u16,
        domain: u16,
        number: u32,
        words: &[u8],
    ) -> Option<Answer<()>> {
        Some(match number {
            numbers::SET_MEM_TYPE => read(words).and_then(|op| self.set_mem_type(domain, op)),
            numbers::INJECT_EVENT => read(words).and_then(|op| self.inject_event(domain, op)),
            numbers::MAP_MEM_TYPE_TO_IOREQ_SERVER => {
                read(words).and_then(|op| self.map_mem_type(caller, domain, op))
            }
            numbers::REMOTE_SHUTDOWN => {
                read::<RemoteShutdown>(words).and_then(|op| self.shut_down(domain, op.reason))
            }
            numbers::RELOCATE_MEMORY => read(words).and_then(|op| self.relocate(domain, op)),
            numbers::PIN_MEMORY_CACHEATTR => read(words).and_then(|op| self.pin(domain, op)),
            _ => return None,
        })
    }

    fn set_mem_type(&mut self, domain: u16, op: abi::SetMemType) -> Answer<()> {
        must_be_zero(&op.pad0)?;
        let domain = self.domain_mut(domain)?;
        let first = op.first_pfn.0;
        let last = first.wrapping_add(op.nr.into()).wrapping_sub(1);
        let banks = domain.memory.banks();
        let highest = banks
            .iter()
            .map(|(start, size)| (start + size) / 4096 - 1)
            .max();
        check(first <= last && highest.is_some_and(|highest| last <= highest))?;
        check(op.mem_type <= IOREQ_SERVER && op.mem_type != UNUSED)?;
        check(op.mem_type != IOREQ_SERVER || domain.type_server.is_some())?;
        // What is no memory does not become any.
        check((first..=last).all(|frame| domain.memory.get(frame).is_some()))?;
        let types = (first..=last).map(|frame| (frame, op.mem_type));
        domain.types.extend(types);
        Ok(())
    }

    /// One at a time: the vCPU has to take it first.
    fn inject_event(&mut self, domain: u16, op: abi::InjectEvent) -> Answer<()> {
        must_be_zero(&op.pad0)?;
        must_be_zero(&op.pad1)?;
        let domain = self.domain_mut(domain)?;
        let vcpu = usize::try_from(op.vcpuid).or(Err(libc::EINVAL))?;
        check(vcpu < domain.vcpus)?;
        let same =
            |old: &Interrupt| matches!(old, Interrupt::Event { vcpu, .. } if *vcpu == op.vcpuid);
        if domain.interrupts.iter().any(same) {
            return Err(libc::EBUSY);
        }
        domain.interrupts.push(Interrupt::Event {
            vcpu: op.vcpuid,
            vector: op.vector,
        });
        self.changed();
        Ok(())
    }

    /// One server has the frames of the type.
    fn map_mem_type(
        &mut self,
        caller: u16,
        domain: u16,
        op: abi::MapMemTypeToIoreqServer,
    ) -> Answer<()> {
        check(op.mem_type == IOREQ_SERVER)?;
        check(MemAccess::WRITE.contains(op.flags))?;
        self.server(caller, domain, op.id)?;
        let owner = &mut self.domain_mut(domain)?.type_server;
        match (op.flags.0, *owner) {
            (0, Some(id)) if id == op.id => *owner = None,
            (0, _) => return Err(libc::EINVAL),
            (_, Some(_)) => return Err(libc::EBUSY),
            (_, None) => *owner = Some(op.id),
        }
        Ok(())
    }

    fn relocate(&mut self, domain: u16, op: abi::RelocateMemory) -> Answer<()> {
        must_be_zero(&op.pad0)?;
        let memory = &mut self.domain_mut(domain)?.memory;
        for n in 0..u64::from(op.size) {
            let machine = memory.get(op.src_gfn.0 + n).ok_or(libc::EINVAL)?;
            memory.set(op.src_gfn.0 + n, None);
            memory.set(op.dst_gfn.0 + n, Some(machine));
        }
        Ok(())
    }

    fn pin(&mut self, domain: u16, op: abi::PinMemoryCacheattr) -> Answer<()> {
        must_be_zero(&op.pad0)?;
        let (start, end) = (op.start.0, op.end.0);
        check(start <= end && (start | end) >> FRAME_BITS == 0)?;
        let pinned = &mut self.domain_mut(domain)?.pinned;
        let same = pinned.iter().position(|range| *range == (start, end));
        match op.kind {
            Cacheattr(DELETE_MEM_CACHEATTR) => {
                pinned.remove(same.ok_or(libc::ENOENT)?);
                return Ok(());
            }
            // Only for guests that have devices of their own.
            Cacheattr::UC | Cacheattr::WC | Cacheattr::UCM => return Err(libc::EPERM),
            Cacheattr::WB | Cacheattr::WP | Cacheattr::WT => {}
            _ => return Err(libc::EINVAL),
        }
        let overlaps = |range: &(u64, u64)| range.0 <= end && start <= range.1;
        match (same, pinned.iter().any(overlaps)) {
            (Some(_), _) => Ok(()),
            (None, true) => Err(libc::EBUSY),
            (None, false) => {
                pinned.push((start, end));
                Ok(())
            }
        }
    }
}

fn read<T: FromBytes>(words: &[u8]) -> Answer<T> {
    let (op, _rest) = T::read_from_prefix(words).or(Err(libc::EFAULT))?;
    Ok(op)
}
