// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The load, and what may not go wrong under it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use xen_store::{Client, Error, Store, Watch, WatchEvent};

/// Everything happens below this node.
pub const ROOT: &str = "/xen-store-stress";

/// How long an event may take before it counts as lost.
const LATEST: Duration = Duration::from_secs(30);

/// How much of it.
#[derive(Debug)]
pub struct Load {
    /// Threads that share the connection.
    pub threads: u32,
    /// Requests that each of them makes.
    pub requests: u32,
    /// Watches that live all the time.
    pub watches: u32,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Report {
    answered: AtomicU32,
    /// Failed because the connection was lost.
    lost: AtomicU32,
    /// Answers that were not the asker's.
    wrong: AtomicU32,
    /// Own nodes that were gone: a server that was started again has an empty tree, and a thread
    /// that had nothing under way when it died is not told.
    forgotten: AtomicU32,
    events: AtomicU32,
    rescans: AtomicU32,
    /// Last changes of a watched node that no event told of.
    missed: AtomicU32,
}

impl Report {
    /// Whether nothing went wrong that may not.
    pub fn is_good(&self) -> bool {
        let none = |count: &AtomicU32| count.load(Ordering::Relaxed) == 0;
        let restarted = !none(&self.rescans);
        none(&self.wrong) && none(&self.missed) && (restarted || none(&self.forgotten))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: &AtomicU32| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} answered, {} lost with the connection, {} forgotten, {} wrong; \
             {} events, {} rescans, {} missed",
            count(&self.answered),
            count(&self.lost),
            count(&self.forgotten),
            count(&self.wrong),
            count(&self.events),
            count(&self.rescans),
            count(&self.missed),
        )
    }
}

fn add(count: &AtomicU32) {
    count.fetch_add(1, Ordering::Relaxed);
}

impl Load {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// What the watches say that are made before it.
    pub fn run(&self, client: &Client) -> Result<Report, Error> {
        let report = Report::default();
        let done = AtomicBool::new(false);
        let watches: Vec<Watch> = (0..self.watches)
            .map(|i| watch(client, &watched(i)))
            .collect::<Result<_, _>>()?;
        thread::scope(|scope| {
            let follower = scope.spawn(|| self.follow(client, &watches, &done, &report));
            let threads: Vec<_> = (0..self.threads)
                .map(|thread| {
                    let report = &report;
                    scope.spawn(move || self.ask(client, thread, report))
                })
                .collect();
            let panicked = threads.into_iter().filter_map(|thread| thread.join().err());
            panicked.for_each(|_| add(&report.wrong));
            done.store(true, Ordering::Release);
            if follower.join().is_err() {
                add(&report.missed);
            }
        });
        Ok(report)
    }

    /// Mixed requests of one thread on its own node and on watched ones.
    fn ask(&self, client: &Client, thread: u32, report: &Report) {
        let own = format!("{ROOT}/threads/{thread}");
        let mut written = None;
        for request in 0..self.requests {
            let value = format!("{thread}-{request}");
            let right = match request % 5 {
                0 => client.write(&own, &value).map(|()| {
                    written = Some(value);
                    true
                }),
                1 => client
                    .read_string(&own)
                    .map(|read| is_own(read, &mut written, report)),
                2 => client
                    .domain_path(u16::try_from(thread).unwrap_or(0))
                    .map(|path| path == format!("/local/domain/{thread}")),
                3 => client
                    .directory(&own)
                    .map(|children| children.is_none_or(|names| names.is_empty())),
                _ => {
                    let target = watched((thread + request * 7) % self.watches.max(1));
                    client.write(&target, &value).map(|()| true)
                }
            };
            match right {
                Ok(true) => add(&report.answered),
                Ok(false) => add(&report.wrong),
                Err(Error::Lost { .. }) => {
                    // What was written may be there or not, and the server forgets.
                    written = None;
                    add(&report.lost);
                    let _ = client.rm(&own);
                }
                Err(error) => {
                    eprintln!("thread {thread}: {error}");
                    add(&report.wrong);
                }
            }
        }
    }

    /// Reads each watched node after each of its events, until it has seen what it is in the end.
    fn follow(&self, client: &Client, watches: &[Watch], done: &AtomicBool, report: &Report) {
        let mut seen: HashMap<u32, Option<Vec<u8>>> = HashMap::new();
        let mut quiet_since = None;
        loop {
            let mut quiet = true;
            for (i, watch) in (0..self.watches).zip(watches) {
                let changed = drain(watch, report);
                if changed {
                    quiet = false;
                    // A failure is followed by a rescan.
                    if let Ok(value) = client.read(&watched(i)) {
                        seen.insert(i, value);
                    }
                }
            }
            if !quiet || !done.load(Ordering::Acquire) {
                quiet_since = None;
            } else if self.agrees(client, &seen) {
                return;
            } else if quiet_since.get_or_insert_with(Instant::now).elapsed() > LATEST {
                return add(&report.missed);
            }
            if quiet {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// Whether what was seen after the last events is what there is.
    fn agrees(&self, client: &Client, seen: &HashMap<u32, Option<Vec<u8>>>) -> bool {
        (0..self.watches).all(|i| {
            let now = client.read(&watched(i)).ok();
            now.is_some_and(|now| seen.get(&i).is_some_and(|seen| *seen == now))
        })
    }
}

/// Whether a thread's node reads as what it has written.
fn is_own(read: Option<String>, written: &mut Option<String>, report: &Report) -> bool {
    if read.is_none() && written.take().is_some() {
        add(&report.forgotten);
    }
    written.is_none() || read == *written
}

/// Takes and counts what a watch has; whether it had anything.
fn drain(watch: &Watch, report: &Report) -> bool {
    let mut changed = false;
    while let Some(event) = watch.try_next() {
        changed = true;
        match event {
            Ok(WatchEvent::Changed { .. }) => add(&report.events),
            Ok(WatchEvent::Rescan) => add(&report.rescans),
            Err(_) => add(&report.missed),
        }
    }
    changed
}

/// A watch, also when the server is restarted meanwhile.
fn watch(client: &Client, path: &str) -> Result<Watch, Error> {
    match client.watch(path) {
        Err(Error::Lost { .. }) => client.watch(path),
        made => made,
    }
}

fn watched(i: u32) -> String {
    format!("{ROOT}/watched/{i}")
}

/// Writers that each increment one counter in transactions; returns what it is in the end.
///
/// # Errors
///
/// What reading it says.
pub fn count(client: &Client, writers: u32, increments: u32) -> Result<u32, Error> {
    let path = format!("{ROOT}/counter");
    client.write(&path, "0")?;
    let increment = || {
        client.transaction(|store| {
            let value = store.read_parsed::<u32>(&path)?.unwrap_or(0);
            store.write(&path, (value + 1).to_string())
        })
    };
    thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                for _ in 0..increments {
                    if let Err(error) = increment() {
                        eprintln!("an increment failed: {error}");
                    }
                }
            });
        }
    });
    Ok(client.read_parsed(&path)?.unwrap_or(0))
}
