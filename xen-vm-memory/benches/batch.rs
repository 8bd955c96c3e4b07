// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a batch costs on the simulated Xen: this crate's share, to notice when it grows. What
//! Xen and Linux take is measured in the lab, by `cargo xtask bench memory`.

#[path = "../tests/bench/mod.rs"]
mod bench;

use std::time::Duration;

use bench::{Bench, Shape, WAYS, allocations};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Rounds whose allocations are counted.
const COUNTED: u32 = 100;

fn batches(criterion: &mut Criterion) {
    for way in WAYS {
        let mut bench = Bench::new(way);
        let mut group = criterion.benchmark_group(format!("{way:?}"));
        for (len, depth) in [(4096, 1), (4096, 32), (65536, 1), (65536, 32)] {
            let shape = Shape { len, depth };
            bench.serve(shape);
            bench.serve(shape);
            let before = allocations();
            (0..COUNTED).for_each(|_| bench.serve(shape));
            let allocated = allocations() - before;
            println!("{way:?}/{len} x {depth}: {allocated} allocations in {COUNTED} batches");
            group.throughput(Throughput::Elements(depth.into()));
            group.bench_function(format!("{len} x {depth}"), |bencher| {
                bencher.iter(|| bench.serve(shape));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2));
    targets = batches
}
criterion_main!(benches);
