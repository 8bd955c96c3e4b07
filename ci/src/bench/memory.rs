// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Measurements in the lab.

use std::{path::Path, process::ExitCode, time::Duration};

use crate::{
    cache::Cache,
    cross,
    error::Error,
    lab::{
        Kind, Lab,
        boot::{Boot, Outcome},
    },
};

/// Where the guest's memory is that foreign mappings are measured on; Arm's first bank begins at
/// `40000000`, with the kernel. In MiB: how much of it.
const FOREIGN: &str = "50000000 128";

/// How long a boot may take.
const LIMIT: Duration = Duration::from_secs(900);

/// What it costs to reach a guest's memory: in one boot whose clock counts instructions, and in
/// one that counts system calls.
///
/// # Errors
///
/// Those of the lab.
pub fn memory() -> Result<ExitCode, Error> {
    let lab = Lab::setup(&Cache::open()?, Kind::Arm64)?;
    println!("-- nanoseconds of a clock that counts instructions, 4 ns each; 250 are 1 us");
    let counted = run(&lab, true, &script(TIMES))?;
    println!("-- system calls in 10 batches");
    let calls = run(&lab, false, &script(CALLS))?;
    Ok(match (counted.exit(), calls.exit()) {
        (Some(0), Some(0)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn run(lab: &Lab, counted: bool, script: &str) -> Result<Outcome, Error> {
    let ours = cross::build(lab, "bench-memory")?;
    let peer = cross::build_in(lab, Path::new("ci/bench-peer"), "bench-peer")?;
    let guest = "name = 'still'\nkernel = '/lab/Image'\nmemory = 800\nvcpus = 1\n";
    Boot::new(lab)
        .log("bench-memory")
        .counted(counted)
        .timeout(LIMIT)
        .file("bench-memory", ours)
        .file("bench-peer", peer)
        .file("still.cfg", guest)
        .script(script)
        .run(|line| println!("{line}"))
}

fn script(work: &str) -> String {
    format!(
        ". /lab/lib.sh\nset -e\nPATH=/test:$PATH\n\
         xl create -q -p still.cfg\ndomain=$(xl domid still)\nforeign={FOREIGN:?}\n{work}"
    )
}

/// A guest that does not run is as good as one that does, and does not disturb.
const TIMES: &str = "
    bench-memory foreign $domain $foreign
    bench-peer foreign $domain $foreign
    bench-memory grants
    bench-peer grants
    bench-memory sizes
    bench-memory floor
";

/// Of two numbers of batches: what both have in common is the set-up.
const CALLS: &str = "
    calls() {
        strace -f -c -o counts -e trace=ioctl,mmap,munmap \"$@\" > out
        awk '$NF ~ /^(ioctl|mmap|munmap)$/ { n += $4 } END { print n }' counts
    }
    for depth in 1 32; do
        for len in 4096 65536; do
            for kind in direct indirect; do
                shape=\"$len $depth $kind\"
                for policy in auto map copy; do
                    few=$(calls bench-memory count $policy $shape 10)
                    many=$(calls bench-memory count $policy $shape 20)
                    echo \"ours $policy $shape: $((many - few))\"
                done
                few=$(calls bench-peer count $shape 10)
                many=$(calls bench-peer count $shape 20)
                echo \"peer $shape: $((many - few))\"
            done
        done
    done
";
