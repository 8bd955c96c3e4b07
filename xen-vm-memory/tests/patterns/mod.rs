// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Bytes as a layout of guest memory and a sequence of operations, checked against an array: for
//! the fuzz target `guest_memory` and its seeds.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, Permissions};
use xen_hypercall::{DomId, Gfn};
use xen_ioctls::sim::{Guest, Xen};
use xen_vm_memory::{BatchGuard, GRANT_BIT, GuestSpace, Policy};

const GUEST: DomId = DomId(1);
const RAM: u64 = 0x4000_0000;
const PAGE: usize = 4096;
const PAGES: usize = 16;
/// Bytes of one operation.
const OP: usize = 6;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Writable,
    ReadOnly,
    Hole,
}

struct World {
    guest: Guest,
    space: GuestSpace,
    base: u64,
    kinds: Vec<Kind>,
    /// What the guest's memory is.
    model: Vec<u8>,
    /// Bytes that a failed write may have changed or not.
    either: Vec<bool>,
    batch: Option<BatchGuard>,
}

/// Runs what the bytes say. Panics where memory is not what it should be.
pub fn run(data: &[u8]) {
    let Some((head, ops)) = data.split_at_checked(5) else {
        return;
    };
    let mut world = World::new(
        head[0],
        u32::from_le_bytes([head[1], head[2], head[3], head[4]]),
    );
    ops.as_chunks::<OP>()
        .0
        .iter()
        .take(200)
        .for_each(|op| world.step(*op));
    world.end();
    assert_eq!(world.guest.mapped_grants(), 0);
}

impl World {
    /// Two bits of `layout` for each page.
    fn new(mode: u8, layout: u32) -> Self {
        let xen = Xen::new();
        xen.record_calls(false);
        let guest = xen.create_domain(GUEST, 1);
        guest.add_memory(RAM, (PAGES * PAGE) as u64);
        let model: Vec<u8> = (0..=250).cycle().take(PAGES * PAGE).collect();
        guest.write(RAM, &model);
        let foreign = mode.is_multiple_of(4);
        let kinds: Vec<Kind> = (0..PAGES)
            .map(|n| match (layout >> (2 * n)) & 3 {
                2 if !foreign => Kind::ReadOnly,
                3 => Kind::Hole,
                _ => Kind::Writable,
            })
            .collect();
        let mut first = None;
        for (n, kind) in (0..).zip(&kinds) {
            let frame = Gfn((RAM >> 12) + n);
            let grant = guest.grant(frame, DomId(0), *kind == Kind::Writable);
            first.get_or_insert(grant.0);
            if *kind == Kind::Hole {
                guest.balloon_out(frame);
            }
        }
        let grants = |policy| GuestSpace::grant_by(GUEST, xen.grants(), policy);
        let space = match mode % 4 {
            0 => GuestSpace::foreign(GUEST, xen.privcmd()),
            1 => grants(Policy::Auto),
            2 => grants(Policy::Map),
            _ => grants(Policy::Copy),
        };
        let grants = GRANT_BIT | (u64::from(first.unwrap()) << 12);
        Self {
            guest,
            space,
            base: if foreign { RAM } else { grants },
            kinds,
            either: vec![false; model.len()],
            model,
            batch: None,
        }
    }

    fn step(&mut self, [what, page, low, high, length, seed]: [u8; OP]) {
        let at =
            usize::from(page) % PAGES * PAGE + usize::from(u16::from_le_bytes([low, high])) % PAGE;
        let len = match length {
            0..128 => usize::from(length) + 1,
            _ => (usize::from(length) - 127) * 160,
        };
        let len = len.min(self.model.len() - at);
        match what % 8 {
            0 => self.end(),
            1 => self.batch().finish(&mut |_, _| {}),
            2 => self.declare(at, len, Permissions::Read),
            3 => self.declare(at, len, Permissions::ReadWrite),
            4 | 5 => self.read(at, len),
            6 => self.write(at, len, seed),
            _ => self.balloon(at / PAGE, seed),
        }
    }

    fn batch(&mut self) -> BatchGuard {
        let space = &self.space;
        self.batch.get_or_insert_with(|| space.memory()).clone()
    }

    fn addr(&self, at: usize) -> GuestAddress {
        GuestAddress(self.base + at as u64)
    }

    fn kinds(&self, at: usize, len: usize) -> &[Kind] {
        &self.kinds[at / PAGE..(at + len).div_ceil(PAGE)]
    }

    fn declare(&mut self, at: usize, len: usize, access: Permissions) {
        let addr = self.addr(at);
        // Once more, further on, and in reverse.
        let next = GuestAddress(addr.0 + 8 * PAGE as u64);
        let ranges = [
            (addr, len, access),
            (next, len, access),
            (addr, 1, Permissions::Read),
        ];
        self.batch().declare(ranges.into_iter());
    }

    fn read(&mut self, at: usize, len: usize) {
        let mut bytes = vec![0; len];
        let done = self.batch().read_slice(&mut bytes, self.addr(at)).is_ok();
        assert_eq!(done, !self.kinds(at, len).contains(&Kind::Hole));
        let known = bytes.iter().zip(&self.model[at..]).zip(&self.either[at..]);
        assert!(!done || known.into_iter().all(|((a, b), either)| a == b || *either));
    }

    fn write(&mut self, at: usize, len: usize, seed: u8) {
        let bytes: Vec<u8> = (0..len).map(|n| seed ^ n.to_le_bytes()[0]).collect();
        let done = self.batch().write_slice(&bytes, self.addr(at)).is_ok();
        let clean = self
            .kinds(at, len)
            .iter()
            .all(|kind| *kind == Kind::Writable);
        assert!(done || !clean, "a write of {len} bytes at {at:#x} failed");
        for (n, byte) in (at..at + len).zip(bytes) {
            // A copy may have taken what the guest will not: until the batch ends.
            match self.kinds[n / PAGE] {
                Kind::Writable if clean => (self.model[n], self.either[n]) = (byte, false),
                _ => self.either[n] = true,
            }
        }
    }

    /// Memory goes or comes; foreign mode only, between batches.
    fn balloon(&mut self, page: usize, seed: u8) {
        self.end();
        if self.base != RAM {
            return;
        }
        let frame = Gfn((RAM >> 12) + page as u64);
        match self.kinds[page] {
            Kind::Hole => {
                self.guest.balloon_in(frame);
                let bytes = [seed; PAGE];
                self.guest.write(RAM + (page * PAGE) as u64, &bytes);
                self.model[page * PAGE..][..PAGE].copy_from_slice(&bytes);
                self.kinds[page] = Kind::Writable;
            }
            _ => {
                self.guest.balloon_out(frame);
                self.space.invalidate();
                self.kinds[page] = Kind::Hole;
            }
        }
    }

    /// Ends the batch, and looks at all memory.
    fn end(&mut self) {
        self.batch = None;
        for (page, kind) in self.kinds.iter().enumerate() {
            let range = page * PAGE..(page + 1) * PAGE;
            if *kind == Kind::Hole {
                self.either[range].fill(false);
                continue;
            }
            let mut memory = vec![0; PAGE];
            self.guest.read(RAM + range.start as u64, &mut memory);
            for (n, byte) in range.zip(memory) {
                let may_differ = self.either[n] && *kind == Kind::Writable;
                assert!(byte == self.model[n] || may_differ, "byte {n:#x}");
                (self.model[n], self.either[n]) = (byte, false);
            }
        }
    }
}
