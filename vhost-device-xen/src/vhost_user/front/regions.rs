// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A guest's memory as regions for its backends. Addresses of the front end's are the guest's own.

use vm_memory::GuestAddress;
use xen_hypercall::DomId;
use xen_vm_memory::Mode;

use super::super::wire::{Region, xen};
use crate::transport::QueueSetup;

/// Xen's pages.
const PAGE: u64 = 4096;
/// The address of grant 0: bit 63 says that it is one.
const GRANTS: u64 = 1 << 63;
/// All grants: their references have 32 bits.
const ALL_GRANTS: u64 = PAGE << 32;

/// Where a guest can have memory, and how much there at most: arch-arm.h of Xen, `GUEST_RAM*`.
#[cfg(target_arch = "aarch64")]
const BANKS: [(u64, u64); 2] = [(0x4000_0000, 3 << 30), (0x2_0000_0000, 1016 << 30)];
/// Where a guest can have memory, and how much there at most: below the hole for devices, and
/// from 4 GiB on.
#[cfg(not(target_arch = "aarch64"))]
const BANKS: [(u64, u64); 2] = [(0, 0xf000_0000), (1 << 32, 1 << 45)];

/// The regions of a guest with `memory` bytes whose driver has set up these queues.
pub fn regions(domain: DomId, mode: Mode, memory: u64, queues: &[QueueSetup]) -> Vec<Region> {
    let region = |start: u64, size: u64, flags| Region {
        guest_addr: start,
        size,
        user_addr: start,
        offset: 0,
        xen_flags: flags,
        xen_data: domain.0.into(),
    };
    if mode == Mode::Foreign {
        let mut left = memory;
        let bank = |(start, most): (u64, u64)| {
            let size = left.min(most);
            left -= size;
            (size > 0).then(|| region(start, size, xen::FOREIGN))
        };
        return BANKS.into_iter().filter_map(bank).collect();
    }
    // Rings stay mapped, and begin at a page; all between them is mapped when it is used.
    let rings = rings(queues);
    let starts = rings.iter().map(|(_, end)| *end);
    let ends = rings.iter().map(|(start, _)| *start);
    let gaps = [GRANTS].into_iter().chain(starts);
    let gaps = gaps.zip(ends.chain([GRANTS + ALL_GRANTS]));
    let lazy = xen::GRANT | xen::NO_ADVANCE_MAP;
    let mut regions: Vec<_> = gaps
        .filter(|(start, end)| start < end)
        .map(|(start, end)| region(start, end - start, lazy))
        .collect();
    regions.extend(
        rings
            .iter()
            .map(|(start, end)| region(*start, end - start, xen::GRANT)),
    );
    regions.sort_by_key(|region| region.guest_addr);
    regions
}

/// The pages of all rings, each once, in their order.
fn rings(queues: &[QueueSetup]) -> Vec<(u64, u64)> {
    let pages = |start: GuestAddress, len: u64| {
        // Of a guest that says something else nothing is shared.
        let end = start.0.checked_add(len)?.checked_next_multiple_of(PAGE)?;
        let is_granted = start.0 >= GRANTS && end <= GRANTS + ALL_GRANTS;
        is_granted.then_some((start.0 & !(PAGE - 1), end))
    };
    let parts = queues.iter().flat_map(|queue| {
        let size = u64::from(queue.size);
        [
            pages(queue.desc, 16 * size),
            pages(queue.avail, 6 + 2 * size),
            pages(queue.used, 6 + 8 * size),
        ]
    });
    let mut parts: Vec<_> = parts.flatten().collect();
    parts.sort_unstable();
    let mut rings: Vec<(u64, u64)> = Vec::new();
    for (start, end) in parts {
        match rings.last_mut() {
            // What one of them maps, another cannot map again; grants side by side are one map.
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => rings.push((start, end)),
        }
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(desc: u64, avail: u64, used: u64) -> QueueSetup {
        QueueSetup {
            index: 0,
            size: 64,
            desc: GuestAddress(desc),
            avail: GuestAddress(avail),
            used: GuestAddress(used),
        }
    }

    fn spans(regions: &[Region]) -> Vec<(u64, u64, u32)> {
        let span = |region: &Region| (region.guest_addr, region.size, region.xen_flags);
        regions.iter().map(span).collect()
    }

    #[test]
    fn rings_are_mapped_and_what_is_between_is_not() {
        let queues = [queue(GRANTS | 0x5000, GRANTS | 0x5400, GRANTS | 0x6000)];

        let found = regions(DomId(3), Mode::Grant, 0, &queues);

        let lazy = xen::GRANT | xen::NO_ADVANCE_MAP;
        let wanted = [
            (GRANTS, 0x5000, lazy),
            (GRANTS | 0x5000, 0x2000, xen::GRANT),
            (GRANTS | 0x7000, ALL_GRANTS - 0x7000, lazy),
        ];
        assert_eq!(spans(&found), wanted);
        assert!(
            found
                .iter()
                .all(|region| region.is_sound() && region.xen_data == 3)
        );
    }

    #[test]
    fn rings_at_the_ends_leave_no_empty_region() {
        let last = GRANTS + ALL_GRANTS - PAGE;
        let queues = [queue(GRANTS, GRANTS | 0x800, last)];

        let found = regions(DomId(3), Mode::Grant, 0, &queues);

        let sizes: Vec<_> = found.iter().map(|region| region.size).collect();
        assert_eq!(sizes, [PAGE, ALL_GRANTS - 2 * PAGE, PAGE]);
    }

    #[test]
    fn rings_that_are_no_grants_are_not_shared() {
        let queues = [queue(0x5000, u64::MAX - 1, GRANTS + ALL_GRANTS)];

        let found = regions(DomId(3), Mode::Grant, 0, &queues);

        assert_eq!(found.len(), 1);
    }

    #[test]
    fn memory_fills_the_banks() {
        let (first, most) = BANKS[0];
        let found = regions(DomId(1), Mode::Foreign, most + PAGE, &[]);

        let wanted = [
            (first, most, xen::FOREIGN),
            (BANKS[1].0, PAGE, xen::FOREIGN),
        ];
        assert_eq!(spans(&found), wanted);
        assert_eq!(regions(DomId(1), Mode::Foreign, PAGE, &[]).len(), 1);
    }
}
