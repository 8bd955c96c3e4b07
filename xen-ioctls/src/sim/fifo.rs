// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What makes event channels FIFO ones (xen/common/event_fifo.c). Their words are checked for
//! being in memory and are not written: ports are read from the simulation, as 2-level ones are.

use std::mem::offset_of;

use xen_hypercall::abi::event_channel::{
    EvtchnFifoControlBlock, EvtchnInitControl, EvtchnSetPriority, numbers,
};
use zerocopy::IntoBytes;

use super::Answer;
use super::state::State;

/// `EVTCHN_FIFO_LINK_BITS`.
const LINK_BITS: u8 = 17;
/// `EVTCHN_FIFO_MAX_EVENT_ARRAY_PAGES`.
const PAGES: u32 = 128;
/// `EVTCHN_FIFO_PRIORITY_MIN`.
const LOWEST: u32 = 15;

/// What a domain with FIFO event channels has told Xen.
#[derive(Debug, Default)]
pub(super) struct Fifo {
    /// vCPUs that have a control block.
    vcpus: Vec<u32>,
    /// Pages of event words.
    pages: u32,
}

impl State {
    /// Operations of event channels that only FIFO ones have.
    pub fn fifo_op(&mut self, domain: u16, number: u32, at: u64) -> Answer<()> {
        match number {
            numbers::INIT_CONTROL => self.init_control(domain, at),
            numbers::EXPAND_ARRAY => {
                let frame: u64 = self.copy_in(at)?;
                let domain = self.domain_mut(domain)?;
                let fifo = domain.fifo.as_mut().ok_or(libc::EOPNOTSUPP)?;
                if fifo.pages == PAGES {
                    return Err(libc::ENOSPC);
                }
                domain.memory.get(frame).ok_or(libc::EINVAL)?;
                fifo.pages += 1;
                Ok(())
            }
            numbers::SET_PRIORITY => {
                let args: EvtchnSetPriority = self.copy_in(at)?;
                self.channel_mut(domain, args.port.0).ok_or(libc::EINVAL)?;
                match self.domain(domain)?.fifo {
                    None => Err(libc::ENOSYS),
                    Some(_) if args.priority > LOWEST => Err(libc::EINVAL),
                    Some(_) => Ok(()),
                }
            }
            _ => Err(libc::ENOSYS),
        }
    }

    fn init_control(&mut self, id: u16, at: u64) -> Answer<()> {
        let args: EvtchnInitControl = self.copy_in(at)?;
        self.vcpu_of(id, args.vcpu)?;
        let offset = usize::try_from(args.offset).or(Err(libc::EINVAL))?;
        if offset > 4096 - size_of::<EvtchnFifoControlBlock>() || !offset.is_multiple_of(8) {
            return Err(libc::EINVAL);
        }
        let domain = self.domain_mut(id)?;
        domain.memory.get(args.control_gfn.0).ok_or(libc::EINVAL)?;
        let fifo = domain.fifo.get_or_insert_default();
        if fifo.vcpus.contains(&args.vcpu) {
            return Err(libc::EINVAL);
        }
        fifo.vcpus.push(args.vcpu);
        let place =
            u64::try_from(offset_of!(EvtchnInitControl, link_bits)).or(Err(libc::EFAULT))?;
        self.copy_out(at + place, LINK_BITS.as_bytes())
    }
}
