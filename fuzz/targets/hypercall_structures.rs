// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes as structures that grow and as tagged unions: a value that is read is the value that
//! is written back, and its tag is known.

#![no_main]

use xen_hypercall::abi::dm_op::XenDmOp;
use xen_hypercall::abi::event_channel::EvtchnStatus;
use xen_hypercall::abi::grant_table::GnttabCopy;
use xen_hypercall::abi::linux_gntdev::GrantCopySegment;
use xen_hypercall::growth::{Growing, Tail, read};
use zerocopy::{FromBytes, Immutable, IntoBytes};

#[derive(FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct Grown {
    first: u64,
    second: u64,
    third: [u64; 2],
}

impl Growing for Grown {
    const SIZES: &'static [usize] = &[8, 16, 32];
    const TAIL: Tail = Tail::MustBeZero;
}

fn growth(bytes: &[u8]) {
    let Ok(value) = read::<Grown>(bytes) else {
        return;
    };
    let known = bytes.len().min(size_of::<Grown>());
    assert!(Grown::SIZES.contains(&known));
    assert_eq!(&value.as_bytes()[..known], &bytes[..known]);
    let rest = value.as_bytes()[known..].iter().chain(&bytes[known..]);
    assert!(rest.into_iter().all(|byte| *byte == 0));
}

/// Reads a union, writes the value into an empty structure, and reads it there.
macro_rules! union {
    ($bytes:expr, $structure:ident: $($value:ident $set:ident),*) => {
        if let Ok((structure, _rest)) = $structure::read_from_prefix($bytes) {
            $(if let Ok(value) = structure.$value() {
                let mut other = $structure::default();
                other.$set(value);
                assert_eq!(other.$value(), Ok(value));
            })*
        }
    };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    growth(bytes);
    union!(bytes, XenDmOp: u_value set_u);
    union!(bytes, EvtchnStatus: u_value set_u);
    union!(bytes, GnttabCopy: source_value set_source, dest_value set_dest);
    union!(bytes, GrantCopySegment: source_value set_source, dest_value set_dest);
});
