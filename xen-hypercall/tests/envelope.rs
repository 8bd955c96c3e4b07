// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The filter of envelopes, against edge cases and any bytes.

mod harmless;

#[cfg(not(miri))]
use harmless::is_harmless;
use harmless::{HYPERCALL, OURS};
#[cfg(not(miri))]
use proptest::prelude::*;
use xen_hypercall::envelope::{Access, Reference, Refusal, audit};
use xen_hypercall::growth::{Growing, Tail, WrongSize, read};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

fn reference(address: u64, size: u32, access: Access) -> Reference {
    Reference {
        address,
        size,
        access,
    }
}

/// A call in memory that is aligned as a kernel's copy would be.
fn call(references: &[Reference], payload: usize) -> Vec<u64> {
    let count = u64::try_from(references.len()).unwrap_or(u64::MAX);
    let mut words = vec![u64::from(HYPERCALL) | count << 32];
    for reference in references {
        let bytes = reference.as_bytes();
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_ne_bytes(word)
        };
        words.extend([word(0), word(8)]);
    }
    words.resize(words.len() + payload, 0);
    words
}

fn audited(references: &[Reference]) -> Result<(), Refusal> {
    audit(call(references, 1).as_bytes(), &[HYPERCALL], &OURS).map(|_| ())
}

#[test]
fn references_inside_the_permitted_ranges_are_accepted() {
    let references = [
        reference(0x1000, 0x10, Access::READ),
        reference(0x1ff0, 0x10, Access::WRITE),
        reference(u64::MAX, 1, Access::READ),
    ];

    assert_eq!(audited(&references), Ok(()));
}

#[test]
fn a_reference_that_wraps_is_refused() {
    let refused = audited(&[reference(u64::MAX, 2, Access::READ)]);

    assert_eq!(refused, Err(Refusal::Wraps { reference: 0 }));
}

#[test]
fn a_reference_without_bytes_is_refused() {
    let refused = audited(&[reference(0x1000, 0, Access::READ)]);

    assert_eq!(refused, Err(Refusal::Empty { reference: 0 }));
}

#[test]
fn a_reference_that_leaves_its_range_by_one_byte_is_refused() {
    let refused = audited(&[reference(0x1ff0, 0x11, Access::READ)]);

    assert_eq!(refused, Err(Refusal::Outside { reference: 0 }));
}

#[test]
fn a_write_to_memory_that_may_only_be_read_is_refused() {
    let refused = audited(&[reference(u64::MAX, 1, Access::BOTH)]);

    assert_eq!(refused, Err(Refusal::Outside { reference: 0 }));
}

#[test]
fn two_reads_may_overlap() {
    let references = [
        reference(0x1000, 0x10, Access::READ),
        reference(0x1008, 0x10, Access::READ),
    ];

    assert_eq!(audited(&references), Ok(()));
}

#[test]
fn a_write_that_overlaps_by_one_byte_is_refused() {
    let references = [
        reference(0x1000, 0x10, Access::READ),
        reference(0x100f, 1, Access::WRITE),
    ];

    assert_eq!(
        audited(&references),
        Err(Refusal::Overlaps { reference: 1 })
    );
}

#[test]
fn a_hypercall_that_is_not_permitted_is_refused() {
    let refused = audit(call(&[], 0).as_bytes(), &[17], &OURS).map(|_| ());

    assert_eq!(
        refused,
        Err(Refusal::Hypercall {
            hypercall: HYPERCALL
        })
    );
}

#[test]
fn too_many_references_are_refused() {
    let references = [reference(0x1000, 1, Access::READ); 17];

    assert_eq!(
        audited(&references),
        Err(Refusal::TooMany { references: 17 })
    );
}

#[test]
fn a_list_that_is_cut_off_is_refused() {
    let words = call(&[reference(0x1000, 1, Access::READ)], 0);

    assert_eq!(
        audit(words[..2].as_bytes(), &[HYPERCALL], &OURS).map(|_| ()),
        Err(Refusal::Malformed)
    );
}

#[cfg(not(miri))]
fn any_reference() -> impl Strategy<Value = Reference> {
    let near = prop_oneof![0xff0u64..0x2010, u64::MAX - 0x1010..=u64::MAX, any::<u64>()];
    let size = prop_oneof![0u32..0x20, any::<u32>()];
    (near, size, 0u32..5)
        .prop_map(|(address, size, access)| reference(address, size, Access(access)))
}

// Slow under Miri, and without pointers.
#[cfg(not(miri))]
proptest! {
    #[test]
    fn nothing_harmful_is_accepted(references in prop::collection::vec(any_reference(), 0..18)) {
        let words = call(&references, 2);
        if let Ok(envelope) = audit(words.as_bytes(), &[HYPERCALL], &OURS) {
            prop_assert!(is_harmless(&envelope));
        }
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(words in prop::collection::vec(any::<u64>(), 0..40)) {
        if let Ok(envelope) = audit(words.as_bytes(), &[HYPERCALL], &OURS) {
            prop_assert!(is_harmless(&envelope));
        }
    }
}

/// Three versions of one structure.
macro_rules! version {
    ($name:ident, $tail:expr, $sizes:expr, $($field:ident: $ty:ty),*) => {
        #[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(C)]
        struct $name { $($field: $ty),* }

        impl Growing for $name {
            const SIZES: &'static [usize] = &$sizes;
            const TAIL: Tail = $tail;
        }
    };
}
version!(First, Tail::Ignored, [8], a: u64);
version!(Strict, Tail::MustBeZero, [8], a: u64);
version!(Closed, Tail::Refused, [8], a: u64);
version!(Third, Tail::Refused, [8, 16, 32], a: u64, b: u64, c: u64, d: u64);

#[test]
fn an_old_side_is_read_with_zeros_for_what_it_lacks() {
    let old = First { a: 7 };

    assert_eq!(
        read(old.as_bytes()),
        Ok(Third {
            a: 7,
            b: 0,
            c: 0,
            d: 0
        })
    );
}

#[test]
fn a_new_side_is_read_by_an_old_one_that_ignores() {
    let new = Third {
        a: 7,
        b: 1,
        c: 0,
        d: 0,
    };

    assert_eq!(read(new.as_bytes()), Ok(First { a: 7 }));
}

#[test]
fn a_new_side_that_asks_for_something_new_is_refused_by_an_old_one_that_does_not_ignore() {
    let new = Third {
        a: 7,
        b: 0,
        c: 0,
        d: 1,
    };

    assert_eq!(read::<Strict>(new.as_bytes()), Err(WrongSize { size: 32 }));
}

#[test]
fn a_new_side_that_asks_for_nothing_new_is_read_by_an_old_one() {
    let new = Third {
        a: 7,
        b: 0,
        c: 0,
        d: 0,
    };

    assert_eq!(read(new.as_bytes()), Ok(Strict { a: 7 }));
}

#[test]
fn a_structure_that_does_not_grow_refuses_any_tail() {
    assert_eq!(read::<Closed>(&[0; 9]), Err(WrongSize { size: 9 }));
}

// Slow under Miri, and without pointers.
#[cfg(not(miri))]
proptest! {
    #[test]
    fn a_field_is_read_whole_or_is_zero(bytes in prop::collection::vec(any::<u8>(), 0..48)) {
        match read::<Third>(&bytes) {
            Ok(value) => {
                prop_assert!([8, 16, 32].contains(&bytes.len()));
                prop_assert_eq!(&value.as_bytes()[..bytes.len()], &bytes[..]);
                prop_assert!(value.as_bytes()[bytes.len()..].iter().all(|byte| *byte == 0));
            }
            Err(error) => prop_assert_eq!(error, WrongSize { size: bytes.len() }),
        }
    }
}
