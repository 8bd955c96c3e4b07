// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the filter of envelopes promises; shared by its tests and the fuzz target.

use xen_hypercall::envelope::{Access, Envelope, Permitted, Reference};

/// The hypercall that is permitted.
pub const HYPERCALL: u32 = 41;

/// The memory that is permitted.
pub const OURS: [Permitted; 2] = [
    Permitted {
        first: 0x1000,
        last: 0x1fff,
        writable: true,
    },
    Permitted {
        first: 0xffff_ffff_ffff_f000,
        last: u64::MAX,
        writable: false,
    },
];

/// What must hold of everything that is accepted, said in another way than the filter does.
pub fn is_harmless(envelope: &Envelope<'_>) -> bool {
    let bytes = |reference: &Reference| {
        let first = u128::from(reference.address);
        first..first + u128::from(reference.size)
    };
    let inside = envelope.references().iter().all(|reference| {
        OURS.iter().any(|range| {
            let (first, end) = (u128::from(range.first), u128::from(range.last) + 1);
            let bytes = bytes(reference);
            !bytes.is_empty()
                && bytes.start >= first
                && bytes.end <= end
                && (range.writable || reference.access == Access::READ)
        })
    });
    let apart = envelope.references().iter().enumerate().all(|(index, a)| {
        envelope.references()[..index].iter().all(|b| {
            let both_read = a.access == Access::READ && b.access == Access::READ;
            both_read || bytes(a).end <= bytes(b).start || bytes(b).end <= bytes(a).start
        })
    });
    inside && apart && envelope.hypercall == HYPERCALL
}
