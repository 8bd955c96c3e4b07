// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Device model operations as Xen checks and performs them (xen/arch/arm/dm.c,
//! xen/arch/x86/hvm/dm.c).

use std::mem::offset_of;

use xen_hypercall::abi::dm_op::{
    Bufioreq, InjectMsi, IoRange, IoreqServerRange, ModifiedMemoryExtent, ServerInfo, XenDmOp,
    numbers, ops,
};
use xen_hypercall::operation::{Direction, Operation};
use zerocopy::FromBytes;

use super::ioreq::{RANGES, Range};
use super::state::State;
use super::{Answer, Arch, Interrupt};

/// `op` and `pad` of `struct xen_dm_op`.
const HEAD: usize = offset_of!(XenDmOp, u);
/// `struct xen_dm_op`.
pub(super) const WHOLE: usize = size_of::<XenDmOp>();

/// What Xen knows of an operation.
#[derive(Clone, Copy)]
struct Known {
    /// Bytes of its arguments.
    size: usize,
    /// Whether it gives something back.
    back: bool,
    x86: bool,
    arm: bool,
}

const fn known<O: Operation>() -> Known {
    Known {
        size: size_of::<O::Args>(),
        back: !matches!(O::DIRECTION, Direction::In),
        x86: O::INFO.x86,
        arm: O::INFO.arm,
    }
}

/// By number; there is no operation 0.
const OPS: [Known; 21] = [
    Known {
        size: 0,
        back: false,
        x86: false,
        arm: false,
    },
    known::<ops::CreateIoreqServer>(),
    known::<ops::GetIoreqServerInfo>(),
    known::<ops::MapIoRangeToIoreqServer>(),
    known::<ops::UnmapIoRangeFromIoreqServer>(),
    known::<ops::SetIoreqServerState>(),
    known::<ops::DestroyIoreqServer>(),
    known::<ops::TrackDirtyVram>(),
    known::<ops::SetPciIntxLevel>(),
    known::<ops::SetIsaIrqLevel>(),
    known::<ops::SetPciLinkRoute>(),
    known::<ops::ModifiedMemory>(),
    known::<ops::SetMemType>(),
    known::<ops::InjectEvent>(),
    known::<ops::InjectMsi>(),
    known::<ops::MapMemTypeToIoreqServer>(),
    known::<ops::RemoteShutdown>(),
    known::<ops::RelocateMemory>(),
    known::<ops::PinMemoryCacheattr>(),
    known::<ops::SetIrqLevel>(),
    known::<ops::NrVcpus>(),
];

/// An operation of a Xen to come: it does nothing, and its arguments are longer than those of any
/// today.
const TO_COME: Known = Known {
    size: 40,
    back: true,
    x86: true,
    arm: true,
};

/// What the operations say, as far as it is looked at.
type Words = [u8; WHOLE - HEAD];

impl State {
    /// `HYPERVISOR_dm_op`: the buffers before, and what is to be copied back to each after.
    pub fn dm_op(
        &mut self,
        caller: u16,
        domain: u16,
        buffers: &[Vec<u8>],
    ) -> Answer<Vec<Option<Vec<u8>>>> {
        self.target(caller, domain)?;
        if !self.config.ioreq_servers {
            return Err(libc::ENOSYS);
        }
        let first = match buffers {
            [] => return Err(libc::ENODATA),
            [first, ..] if buffers.len() <= 2 => first,
            _ => return Err(libc::E2BIG),
        };
        let mut op = [0u8; WHOLE];
        let (number, known) = self.check_op(first, &mut op)?;
        let (head, words) = op.split_at_mut(HEAD);
        let words: &mut Words = words.try_into().expect("what is left is as long");
        let second = self.perform(caller, domain, number, words, buffers.get(1))?;
        let mut answers = vec![None; buffers.len()];
        if known.back {
            let mut bytes = [&*head, &*words].concat();
            bytes.truncate(HEAD + known.size);
            answers[0] = Some(bytes);
        }
        if let Some(answer) = answers.get_mut(1) {
            *answer = second;
        }
        Ok(answers)
    }

    /// Copies the operation in, as far as it goes: its number, and whether it gives back.
    fn check_op(&self, first: &[u8], op: &mut [u8; WHOLE]) -> Answer<(u32, Known)> {
        let head = first.get(..HEAD).ok_or(libc::EFAULT)?;
        let number = word(head, 0);
        let index = usize::try_from(number).or(Err(libc::EOPNOTSUPP))?;
        if index >= self.config.dm_ops {
            return Err(libc::EOPNOTSUPP);
        }
        let known = OPS.get(index).copied().unwrap_or(TO_COME);
        let here = match self.config.arch {
            Arch::Arm => known.arm,
            Arch::X86 => known.x86,
        };
        if !here {
            return Err(libc::EOPNOTSUPP);
        }
        let whole = first.get(..HEAD + known.size).ok_or(libc::EFAULT)?;
        for (to, from) in op.iter_mut().zip(whole) {
            *to = *from;
        }
        match word(head, 4) {
            0 => Ok((number, known)),
            _ => Err(libc::EINVAL),
        }
    }

    fn perform(
        &mut self,
        caller: u16,
        domain: u16,
        number: u32,
        words: &mut Words,
        second: Option<&Vec<u8>>,
    ) -> Answer<Option<Vec<u8>>> {
        let id = half(words, 0);
        match number {
            numbers::CREATE_IOREQ_SERVER => self.op_create(caller, domain, words)?,
            numbers::GET_IOREQ_SERVER_INFO => self.op_info(caller, domain, words)?,
            numbers::MAP_IO_RANGE_TO_IOREQ_SERVER => self.op_range(caller, domain, words, true)?,
            numbers::UNMAP_IO_RANGE_FROM_IOREQ_SERVER => {
                self.op_range(caller, domain, words, false)?;
            }
            numbers::SET_IOREQ_SERVER_STATE => {
                must_be_zero(&words[3..4])?;
                self.enable_server(caller, domain, id, words[2] != 0)?;
            }
            numbers::DESTROY_IOREQ_SERVER => {
                must_be_zero(&words[2..4])?;
                self.destroy_server(caller, domain, id)?;
            }
            numbers::TRACK_DIRTY_VRAM => return self.op_dirty(domain, words, second).map(Some),
            numbers::SET_PCI_INTX_LEVEL
            | numbers::SET_ISA_IRQ_LEVEL
            | numbers::SET_PCI_LINK_ROUTE
            | numbers::INJECT_MSI
            | numbers::SET_IRQ_LEVEL => self.op_interrupt(domain, number, words)?,
            numbers::MODIFIED_MEMORY => Self::op_modified(words, second)?,
            numbers::NR_VCPUS => {
                let vcpus = u32::try_from(self.domain(domain)?.vcpus).or(Err(libc::EINVAL))?;
                words[..4].copy_from_slice(&vcpus.to_ne_bytes());
            }
            number if number > numbers::NR_VCPUS => {}
            number => {
                let performed = self.dm_op_x86(caller, domain, number, words);
                performed.ok_or(libc::EOPNOTSUPP)??;
            }
        }
        Ok(None)
    }

    fn op_create(&mut self, caller: u16, domain: u16, words: &mut Words) -> Answer<()> {
        must_be_zero(&words[1..4])?;
        let buffered = match (Bufioreq(words[0]), self.config.arch) {
            (Bufioreq::OFF, _) => None,
            (Bufioreq::LEGACY, Arch::X86) => Some(false),
            (Bufioreq::ATOMIC, Arch::X86) => Some(true),
            _ => return Err(libc::EINVAL),
        };
        let id = self.create_server(caller, domain, buffered)?;
        let id = u16::try_from(id).or(Err(libc::ENOSPC))?;
        words[4..6].copy_from_slice(&id.to_ne_bytes());
        Ok(())
    }

    fn op_info(&mut self, caller: u16, domain: u16, words: &mut Words) -> Answer<()> {
        let flags = ServerInfo(half(words, 2));
        if !ServerInfo::ALL.contains(flags) {
            return Err(libc::EINVAL);
        }
        if !flags.contains(ServerInfo::NO_GFNS) {
            // Frames inside of the guest: not on Arm, and not in this simulation.
            return Err(libc::EOPNOTSUPP);
        }
        let server = self.server(caller, domain, half(words, 0))?;
        if let Some(ring) = &server.ring {
            words[4..8].copy_from_slice(&ring.port.to_ne_bytes());
        }
        Ok(())
    }

    fn op_range(&mut self, caller: u16, domain: u16, words: &Words, map: bool) -> Answer<()> {
        let Ok(IoreqServerRange {
            id,
            pad0,
            kind,
            start,
            end,
        }) = IoreqServerRange::read_from_bytes(words)
        else {
            return Err(libc::EFAULT);
        };
        must_be_zero(&pad0)?;
        let ranges = &mut self.server(caller, domain, id)?.ranges;
        if start > end || kind > IoRange::PCI {
            return Err(libc::EINVAL);
        }
        let IoRange(kind) = kind;
        let range = Range { kind, start, end };
        let overlaps = |r: &Range| r.kind == kind && r.start <= end && start <= r.end;
        match (map, ranges.iter().position(|r| *r == range)) {
            (false, None) => return Err(libc::ENOENT),
            (false, Some(n)) => drop(ranges.remove(n)),
            (true, _) if ranges.iter().any(overlaps) => return Err(libc::EEXIST),
            (true, _) if ranges.len() >= RANGES => return Err(libc::ENOMEM),
            (true, _) => ranges.push(range),
        }
        Ok(())
    }

    fn op_interrupt(&mut self, domain: u16, number: u32, words: &Words) -> Answer<()> {
        let interrupt = match number {
            numbers::SET_PCI_INTX_LEVEL => {
                let zero = words[0] == 0 && words[1] == 0 && words[2] == 0;
                let [_, _, _, device, pin, level, ..] = *words;
                check(zero && device <= 31 && pin <= 3 && level <= 1)?;
                Interrupt::Pci {
                    device,
                    pin,
                    level: level == 1,
                }
            }
            numbers::SET_ISA_IRQ_LEVEL => {
                let [irq, level, ..] = *words;
                check(irq <= 15 && level <= 1)?;
                Interrupt::Isa {
                    irq,
                    level: level == 1,
                }
            }
            numbers::SET_PCI_LINK_ROUTE => return check(words[0] <= 3 && words[1] <= 15),
            numbers::INJECT_MSI => {
                let (msi, _) = InjectMsi::read_from_prefix(words).or(Err(libc::EFAULT))?;
                must_be_zero(&msi.pad0)?;
                let InjectMsi { addr, data, .. } = msi;
                check_msi(addr, data)?;
                Interrupt::Msi { addr, data }
            }
            _ => {
                must_be_zero(&words[5..8])?;
                let (irq, level) = (word(words, 0), words[4]);
                // Shared peripheral interrupts only.
                check(level <= 1 && (32..1020).contains(&irq))?;
                Interrupt::Spi {
                    irq,
                    level: level == 1,
                }
            }
        };
        self.domain_mut(domain)?.interrupts.push(interrupt);
        self.changed();
        Ok(())
    }

    /// Nothing is ever dirty here: the bitmap is checked and comes back clean.
    fn op_dirty(&self, domain: u16, words: &Words, map: Option<&Vec<u8>>) -> Answer<Vec<u8>> {
        self.domain(domain)?;
        let frames = usize::try_from(word(words, 0)).or(Err(libc::EINVAL))?;
        check(frames <= (1 << 30) / 4096)?;
        must_be_zero(&words[4..8])?;
        let bytes = frames.div_ceil(8);
        check(map.is_some_and(|map| map.len() >= bytes))?;
        Ok(vec![0; bytes])
    }

    fn op_modified(words: &mut Words, extents: Option<&Vec<u8>>) -> Answer<()> {
        must_be_zero(&words[4..8])?;
        let count = usize::try_from(word(words, 0)).or(Err(libc::EINVAL))?;
        let extents = extents.map_or(&[][..], Vec::as_slice);
        let (all, _odd) = extents.as_chunks::<{ size_of::<ModifiedMemoryExtent>() }>();
        let extents = all.get(..count).ok_or(libc::EINVAL)?;
        // From the end, as Xen does.
        extents.iter().rev().try_for_each(|extent| {
            let extent: ModifiedMemoryExtent = zerocopy::transmute!(*extent);
            must_be_zero(&extent.pad0)
        })
    }
}

pub(super) fn check(holds: bool) -> Answer<()> {
    holds.then_some(()).ok_or(libc::EINVAL)
}

pub(super) fn must_be_zero(pad: &[u8]) -> Answer<()> {
    check(pad.iter().all(|byte| *byte == 0))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// What `hvm_inject_msi` of Xen refuses (xen/arch/x86/hvm/irq.c, 4.20), if every event channel is there, and a processor that
/// takes interrupts.
fn check_msi(addr: u64, data: u32) -> Answer<()> {
    let (vector, mode) = (data & 0xff, data >> 8 & 7);
    let pirq = addr >> 32 & 0xffff_ff00 | addr >> 12 & 0xff;
    match (vector, mode) {
        (0, _) if pirq == 0 => Err(libc::ERANGE),
        // Fixed, and the one of lowest priority.
        (0, _) | (_, 0 | 1) => Ok(()),
        _ => Err(libc::EINVAL),
    }
}
