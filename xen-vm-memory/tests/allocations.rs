// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Batches allocate nothing once they have run a few times.

mod bench;

use bench::{Bench, Shape, Way, allocations};
use xen_vm_memory::Policy;

/// Allocations of 50 rounds, after two to warm up.
fn after_warm_up(way: Way) -> usize {
    let mut bench = Bench::new(way);
    let mut rounds = |count| {
        let before = allocations();
        for _ in 0..count {
            bench.serve(Shape {
                len: 4097,
                depth: 32,
            });
            bench.serve(Shape {
                len: 17 << 12,
                depth: 32,
            });
            bench.serve(Shape {
                len: 4096,
                depth: 1,
            });
        }
        allocations() - before
    };
    assert!(rounds(2) > 0, "the count works");
    rounds(50)
}

#[test]
fn foreign_memory_allocates_nothing() {
    assert_eq!(after_warm_up(Way::Foreign), 0);
}

#[test]
fn mapped_grants_allocate_nothing() {
    assert_eq!(after_warm_up(Way::Grant(Policy::Map)), 0);
}

#[test]
fn copied_grants_allocate_nothing() {
    assert_eq!(after_warm_up(Way::Grant(Policy::Copy)), 0);
}

#[test]
fn grants_allocate_nothing() {
    assert_eq!(after_warm_up(Way::Grant(Policy::Auto)), 0);
}
