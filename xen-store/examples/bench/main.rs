// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Measures this client as `ci/bench/store/bench.c` measures libxenstore: the same arguments, the
//! same lines.
//!
//! ```text
//! bench [REQUESTS [ROUNDS]]                                20000 2000
//! ```
//!
//! Each line is `NAME WHAT NUMBER UNIT`. The server is the one that the environment names
//! (`XENSTORED_PATH`). Works below `/xen-store-bench`, which it removes.

mod counting;

use std::thread;
use std::time::Instant;

use xen_store::{Client, Error, Store};

const ROOT: &str = "/xen-store-bench";

/// Requests under way at once in the second part.
const FLIGHT: u32 = 32;

fn report(what: &str, number: f64, unit: &str) {
    println!("xen-store {what} {number:.1} {unit}");
}

fn rate(requests: u32, start: Instant) -> f64 {
    f64::from(requests) / start.elapsed().as_secs_f64()
}

fn one_in_flight(client: &Client, requests: u32) -> Result<(), Error> {
    let path = format!("{ROOT}/value");
    let start = Instant::now();
    for _ in 0..requests {
        client.read(&path)?;
    }
    report("read-1", rate(requests, start), "requests/s");
    let start = Instant::now();
    for _ in 0..requests {
        client.write(&path, "a value of some bytes")?;
    }
    report("write-1", rate(requests, start), "requests/s");
    let before = counting::allocations();
    for _ in 0..requests {
        client.read(&path)?;
    }
    let each = f64::from(counting::allocations() - before) / f64::from(requests);
    report("allocations-read", each, "allocations/request");
    Ok(())
}

fn many_in_flight(client: &Client, requests: u32) -> Result<(), Error> {
    let path = format!("{ROOT}/value");
    let each = requests / FLIGHT;
    let start = Instant::now();
    thread::scope(|scope| {
        let body = || (0..each).try_for_each(|_| client.read(&path).map(drop));
        let threads: Vec<_> = (0..FLIGHT).map(|_| scope.spawn(body)).collect();
        threads.into_iter().try_for_each(|thread| {
            let panicked = "reading does not panic";
            thread.join().expect(panicked)
        })
    })?;
    report("read-32-threads", rate(each * FLIGHT, start), "requests/s");
    Ok(())
}

#[cfg(feature = "tokio")]
fn tasks(requests: u32) -> Result<(), Error> {
    use xen_store::{AsyncClient, AsyncStore};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("there are descriptors");
    runtime.block_on(async {
        let client = AsyncClient::open()?;
        let each = requests / FLIGHT;
        let start = Instant::now();
        let tasks: Vec<_> = (0..FLIGHT)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move {
                    let path = format!("{ROOT}/value");
                    for _ in 0..each {
                        client.read(&path).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("reading does not panic")?;
        }
        report("read-32-tasks", rate(each * FLIGHT, start), "requests/s");
        Ok(())
    })
}

#[cfg(not(feature = "tokio"))]
fn tasks(_requests: u32) -> Result<(), Error> {
    Ok(())
}

fn watch_latency(writer: &Client, rounds: u32) -> Result<(), Error> {
    let path = format!("{ROOT}/watched");
    let mut watch = Client::open()?.watch(&path)?;
    watch.next().transpose()?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        writer.write(&path, "1")?;
        watch.next().transpose()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    report("watch-median", times[times.len() / 2], "us");
    report("watch-99", times[times.len() * 99 / 100], "us");
    Ok(())
}

fn main() -> Result<(), Error> {
    let arguments: Vec<u32> = std::env::args()
        .skip(1)
        .map_while(|argument| argument.parse().ok())
        .collect();
    let requests = arguments.first().copied().unwrap_or(20_000);
    let rounds = arguments.get(1).copied().unwrap_or(2000).max(1);
    let client = Client::open()?;
    client.write(&format!("{ROOT}/value"), "a value of some bytes")?;
    one_in_flight(&client, requests)?;
    many_in_flight(&client, requests)?;
    tasks(requests)?;
    watch_latency(&client, rounds)?;
    client.rm(ROOT)
}
