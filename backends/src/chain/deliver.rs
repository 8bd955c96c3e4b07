// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The way back of what devices have written.

use vm_memory::{GuestAddress, VolatileSlice};

use super::{Chains, push};
use crate::memory::{Batch, Range};

type Slices<'m> = Vec<VolatileSlice<'m>>;

impl Chains {
    /// Has the memory give the guest what was written; returns the numbers of the chains of which
    /// the guest does not have all.
    pub(crate) fn deliver<M: Batch>(&mut self, mem: &M) -> Vec<usize> {
        let lost = &mut self.lost;
        lost.clear();
        mem.finish(&mut |addr, len| lost.push((addr, len)));
        if lost.is_empty() {
            return Vec::new();
        }
        lost.sort_unstable();
        self.longest_lost = lost.iter().map(|(_, len)| *len).max().unwrap_or(0);
        let is_lost = |n: &usize| {
            let planned = &self.planned[*n];
            let mut ranges = self.ranges[planned.split..planned.end].iter();
            ranges.any(|range| self.is_lost(range))
        };
        (0..self.planned.len()).filter(is_lost).collect()
    }

    /// The last writable buffer of a chain, which a device refuses it with, unless the last
    /// [`deliver`](Self::deliver) has lost a part of that.
    pub(crate) fn last_writable<'m, M: Batch>(&self, chain: usize, mem: &'m M) -> Slices<'m> {
        let planned = &self.planned[chain];
        let last = &self.ranges[planned.split..planned.end];
        let last = &last[last.len().saturating_sub(1)..];
        let mut slices = Vec::new();
        if last.iter().any(|range| self.is_lost(range)) || !push(last, mem, &mut slices) {
            slices.clear();
        }
        slices
    }

    fn is_lost(&self, range: &Range) -> bool {
        touches(&self.lost, self.longest_lost, range)
    }
}

/// Whether any of the `pieces`, which are sorted and none of which is longer than `longest`, is in
/// `range`.
fn touches(pieces: &[(GuestAddress, usize)], longest: usize, range: &Range) -> bool {
    let end = |start: GuestAddress, len: usize| start.0.saturating_add(len as u64);
    let first = range.addr.0.saturating_sub(longest as u64);
    let from = pieces.partition_point(|(addr, _)| addr.0 < first);
    pieces[from..]
        .iter()
        .take_while(|(addr, _)| addr.0 < end(range.addr, range.len))
        .any(|(addr, len)| end(*addr, *len) > range.addr.0)
}

#[cfg(test)]
mod tests {
    use vm_memory::Permissions;

    use super::*;

    const LOST: [(GuestAddress, usize); 3] = [
        (GuestAddress(0x1000), 0x1000),
        (GuestAddress(0x3ff0), 1),
        (GuestAddress(u64::MAX - 9), 10),
    ];

    fn is_lost(addr: u64, len: usize) -> bool {
        let range = Range {
            addr: GuestAddress(addr),
            len,
            access: Permissions::Write,
        };
        touches(&LOST, 0x1000, &range)
    }

    #[test]
    fn a_piece_loses_every_range_that_it_touches() {
        assert!(is_lost(0xfff, 2));
        assert!(is_lost(0x1fff, 1));
        assert!(is_lost(0x3000, 0x1000));
        assert!(is_lost(u64::MAX - 1, 1));
    }

    #[test]
    fn a_piece_loses_no_other_range() {
        assert!(!is_lost(0, 0x1000));
        assert!(!is_lost(0x2000, 0x1ff0));
        assert!(!is_lost(0x3ff1, 15));
    }
}
