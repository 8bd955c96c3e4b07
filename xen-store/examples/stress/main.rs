// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Many threads, many requests, many watches on one connection, and writers of one counter.
//!
//! ```text
//! stress [THREADS [REQUESTS [WATCHES [WRITERS [INCREMENTS]]]]]    32 10000 200 8 1000
//! ```
//!
//! The server is the one that the environment names (`XENSTORED_PATH`) and may be killed and
//! restarted meanwhile: requests that were under way then fail and are counted, nothing else may
//! go wrong. Works below `/xen-store-stress`, which it removes.

mod load;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use xen_store::{Error, Options, Store};

use load::{Load, ROOT};

fn run(load: &Load, writers: u32, increments: u32) -> Result<bool, Error> {
    let client = Options::new().reconnect(Duration::from_secs(60)).open()?;
    client.rm(ROOT)?;
    let start = Instant::now();
    let report = load.run(&client)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{report}, {seconds:.1} s");
    let start = Instant::now();
    let count = load::count(&client, writers, increments)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("counter: {count} after {writers} x {increments}, {seconds:.1} s");
    client.rm(ROOT)?;
    Ok(report.is_good() && count == writers * increments)
}

fn main() -> ExitCode {
    let arguments: Vec<u32> = std::env::args()
        .skip(1)
        .map_while(|argument| argument.parse().ok())
        .collect();
    let argument = |index: usize, default| arguments.get(index).copied().unwrap_or(default);
    let load = Load {
        threads: argument(0, 32),
        requests: argument(1, 10_000),
        watches: argument(2, 200),
    };
    match run(&load, argument(3, 8), argument(4, 1000)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
