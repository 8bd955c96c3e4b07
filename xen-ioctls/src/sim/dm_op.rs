// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Device model operations as Xen checks and performs them (xen/arch/arm/dm.c,
//! xen/arch/x86/hvm/dm.c).

use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::ioreq::{RANGES, Range};
use super::state::State;
use super::{Answer, Arch, Interrupt};

/// `op` and `pad` of `struct xen_dm_op`.
const HEAD: usize = 8;
/// `struct xen_dm_op`.
pub(super) const WHOLE: usize = 32;
/// `XEN_DMOP_no_gfns`.
const NO_GFNS: u16 = 1;

/// Per operation: bytes of its arguments, whether it gives something back, where it exists.
const OPS: [(usize, bool, Where); 21] = {
    use Where::{Both, Nowhere, X86};
    [
        (0, false, Nowhere),
        (6, true, Both),
        (24, true, Both),
        (24, false, Both),
        (24, false, Both),
        (4, false, Both),
        (4, false, Both),
        (16, false, X86),
        (6, false, X86),
        (2, false, X86),
        (2, false, X86),
        (8, true, X86),
        (16, true, X86),
        (24, false, X86),
        (16, false, X86),
        (16, true, X86),
        (4, false, X86),
        (24, true, X86),
        (24, false, X86),
        (8, false, Where::Arm),
        (4, true, Both),
    ]
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Nowhere,
    Both,
    Arm,
    X86,
}

/// What the operations say, as far as it is looked at.
type Words = [u8; WHOLE - HEAD];

#[derive(FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct IoRange {
    id: u16,
    pad: u16,
    kind: u32,
    start: u64,
    end: u64,
}

#[derive(FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Msi {
    data: u32,
    pad: u32,
    addr: u64,
}

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
        let (number, back) = self.check_op(first, &mut op)?;
        let (head, words) = op.split_at_mut(HEAD);
        let words: &mut Words = words.try_into().expect("what is left is as long");
        let second = self.perform(caller, domain, number, words, buffers.get(1))?;
        let mut answers = vec![None; buffers.len()];
        if back {
            let mut bytes = [&*head, &*words].concat();
            bytes.truncate(HEAD + OPS[number].0);
            answers[0] = Some(bytes);
        }
        if let Some(answer) = answers.get_mut(1) {
            *answer = second;
        }
        Ok(answers)
    }

    /// Copies the operation in, as far as it goes: its number, and whether it gives back.
    fn check_op(&self, first: &[u8], op: &mut [u8; WHOLE]) -> Answer<(usize, bool)> {
        let head = first.get(..HEAD).ok_or(libc::EFAULT)?;
        let number = usize::try_from(word(head, 0)).or(Err(libc::EOPNOTSUPP))?;
        let known = OPS[..self.config.dm_ops.min(OPS.len())].get(number);
        let (size, back, place) = *known.ok_or(libc::EOPNOTSUPP)?;
        let here = match self.config.arch {
            Arch::Arm => matches!(place, Where::Both | Where::Arm),
            Arch::X86 => matches!(place, Where::Both | Where::X86),
        };
        if !here {
            return Err(libc::EOPNOTSUPP);
        }
        let whole = first.get(..HEAD + size).ok_or(libc::EFAULT)?;
        op[..HEAD + size].copy_from_slice(whole);
        match word(head, 4) {
            0 => Ok((number, back)),
            _ => Err(libc::EINVAL),
        }
    }

    fn perform(
        &mut self,
        caller: u16,
        domain: u16,
        number: usize,
        words: &mut Words,
        second: Option<&Vec<u8>>,
    ) -> Answer<Option<Vec<u8>>> {
        let id = half(words, 0);
        match number {
            1 => self.op_create(caller, domain, words)?,
            2 => self.op_info(caller, domain, words)?,
            3 | 4 => self.op_range(caller, domain, words, number == 3)?,
            5 => {
                must_be_zero(&words[3..4])?;
                self.enable_server(caller, domain, id, words[2] != 0)?;
            }
            6 => {
                must_be_zero(&words[2..4])?;
                self.destroy_server(caller, domain, id)?;
            }
            7 => return self.op_dirty(domain, words, second).map(Some),
            8..=10 | 14 | 19 => self.op_interrupt(domain, number, words)?,
            11 => Self::op_modified(words, second)?,
            20 => {
                let vcpus = u32::try_from(self.domain(domain)?.vcpus).or(Err(libc::EINVAL))?;
                words[..4].copy_from_slice(&vcpus.to_ne_bytes());
            }
            // Known to Xen, and not to this simulation.
            _ => return Err(libc::EOPNOTSUPP),
        }
        Ok(None)
    }

    fn op_create(&mut self, caller: u16, domain: u16, words: &mut Words) -> Answer<()> {
        must_be_zero(&words[1..4])?;
        let buffered = match (words[0], self.config.arch) {
            (0, _) => false,
            (1 | 2, Arch::X86) => true,
            _ => return Err(libc::EINVAL),
        };
        let id = self.create_server(caller, domain, buffered)?;
        let id = u16::try_from(id).or(Err(libc::ENOSPC))?;
        words[4..6].copy_from_slice(&id.to_ne_bytes());
        Ok(())
    }

    fn op_info(&mut self, caller: u16, domain: u16, words: &mut Words) -> Answer<()> {
        let flags = half(words, 2);
        if flags & !NO_GFNS != 0 {
            return Err(libc::EINVAL);
        }
        if flags & NO_GFNS == 0 {
            // Frames inside of the guest: not on Arm, and not in this simulation.
            return Err(libc::EOPNOTSUPP);
        }
        self.server(caller, domain, half(words, 0))?;
        Ok(())
    }

    fn op_range(&mut self, caller: u16, domain: u16, words: &Words, map: bool) -> Answer<()> {
        let Ok(IoRange {
            id,
            pad,
            kind,
            start,
            end,
        }) = IoRange::read_from_bytes(words)
        else {
            return Err(libc::EFAULT);
        };
        must_be_zero(&pad.to_ne_bytes())?;
        let ranges = &mut self.server(caller, domain, id)?.ranges;
        if start > end || kind > 2 {
            return Err(libc::EINVAL);
        }
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

    fn op_interrupt(&mut self, domain: u16, number: usize, words: &Words) -> Answer<()> {
        let interrupt = match number {
            8 => {
                let zero = words[0] == 0 && words[1] == 0 && words[2] == 0;
                let [_, _, _, device, pin, level, ..] = *words;
                check(zero && device <= 31 && pin <= 3 && level <= 1)?;
                Interrupt::Pci {
                    device,
                    pin,
                    level: level == 1,
                }
            }
            9 => {
                let [irq, level, ..] = *words;
                check(irq <= 15 && level <= 1)?;
                Interrupt::Isa {
                    irq,
                    level: level == 1,
                }
            }
            10 => return check(words[0] <= 3 && words[1] <= 15),
            14 => {
                let (msi, _) = Msi::read_from_prefix(words).or(Err(libc::EFAULT))?;
                check(msi.pad == 0)?;
                let Msi { addr, data, .. } = msi;
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
        check(extents.len() / 16 >= count)?;
        // From the end, as Xen does.
        extents
            .chunks_exact(16)
            .take(count)
            .rev()
            .try_for_each(|extent| must_be_zero(&extent[4..8]))
    }
}

fn check(holds: bool) -> Answer<()> {
    holds.then_some(()).ok_or(libc::EINVAL)
}

fn must_be_zero(pad: &[u8]) -> Answer<()> {
    check(pad.iter().all(|byte| *byte == 0))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
