// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A device model operation allocates nothing, whatever comes of it.

#[path = "../../xen-store/examples/bench/counting.rs"]
mod counting;

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;

use xen_hypercall::DomId;
use xen_hypercall::dm_op::SetIrqLevel;
use xen_ioctls::{Error, Privcmd};

/// Other threads of the harness may allocate meanwhile: not every time.
const TRIES: u32 = 100;

#[test]
fn a_dm_op_that_is_refused_allocates_nothing() {
    let mut node = OpenOptions::new();
    let node = node.read(true).write(true).open("/dev/null").unwrap();
    let privcmd = Privcmd::from(OwnedFd::from(node));

    let least = (0..TRIES)
        .map(|_| {
            let before = counting::allocations();
            let refused = privcmd.perform(DomId(1), SetIrqLevel::new(33, true));
            let allocated = counting::allocations() - before;
            assert!(matches!(refused, Err(Error::DmOp { .. })));
            allocated
        })
        .min();

    assert_eq!(least, Some(0));
    assert!(counting::allocations() > 0, "nothing is counted at all");
}
