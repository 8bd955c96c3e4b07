// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The part of the list that is about watches.

use std::thread;
use std::time::{Duration, Instant};

use xen_store::{Client, Scan, ScanEvent, Store, Watch, WatchEvent};

use super::{Failure, Outcome, at};

/// Takes events until one is for `path`; none for a second is a failure.
pub fn expect(watch: &Watch, path: &str) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        match watch.try_next().transpose()? {
            Some(WatchEvent::Changed { path: changed }) if changed == path => return Ok(()),
            Some(_) => {}
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
    Err(Failure(format!("no event for {path}")))
}

/// Takes what comes within a while.
fn drain(watch: &Watch) -> Result<Vec<WatchEvent>, Failure> {
    thread::sleep(Duration::from_millis(50));
    let events = std::iter::from_fn(|| watch.try_next());
    Ok(events.collect::<Result<_, _>>()?)
}

pub fn watch(client: &Client) -> Outcome {
    let watch = client.watch(&at("w"))?;
    expect(&watch, &at("w"))?;
    client.write(&at("w/below"), "1")?;
    expect(&watch, &at("w/below"))?;
    client.write(&at("beside"), "1")?;
    client.rm(&at("w"))?;
    expect(&watch, &at("w"))?;
    check!(drain(&watch)?.is_empty());
    Ok(())
}

pub fn watch_parent(client: &Client) -> Outcome {
    client.write(&at("p/c/d"), "1")?;
    let watch = client.watch(&at("p/c"))?;
    expect(&watch, &at("p/c"))?;
    client.rm(&at("p"))?;
    expect(&watch, &at("p/c"))
}

pub fn watch_transaction(client: &Client) -> Outcome {
    let watch = client.watch(&at("w"))?;
    expect(&watch, &at("w"))?;
    let before = client.transaction(|store| {
        store.write(&at("w/x"), "")?;
        Ok::<_, Failure>(drain(&watch)?.len())
    })?;
    check!(before, 0);
    expect(&watch, &at("w/x"))
}

pub fn unwatch(client: &Client) -> Outcome {
    let other = client.watch(&at("w"))?;
    for _ in 0..100 {
        drop(client.watch(&at("w"))?);
    }
    client.write(&at("w"), "1")?;
    expect(&other, &at("w"))
}

pub fn watch_depth(client: &Client) -> Outcome {
    let watch = client.watch_depth(&at("w"), 1)?;
    expect(&watch, &at("w"))?;
    client.write(&at("w/x/deep"), "")?;
    client.write(&at("w/y"), "")?;
    let events = drain(&watch)?;
    let deep = |event: &WatchEvent| matches!(event, WatchEvent::Changed { path } if *path == at("w/x/deep"));
    check!(!events.iter().any(deep));
    check!(events.contains(&WatchEvent::Changed { path: at("w/y") }));
    Ok(())
}

pub fn watch_permissions(client: &Client) -> Outcome {
    client.mkdir(&at("w"))?;
    let watch = client.watch(&at("w"))?;
    expect(&watch, &at("w"))?;
    let permissions = client.permissions(&at("w"))?;
    client.set_permissions(&at("w"), &permissions.ok_or(Failure("none".into()))?)?;
    expect(&watch, &at("w"))
}

pub fn two_watches(client: &Client) -> Outcome {
    let first = client.watch(&at("w"))?;
    let second = client.watch(&at("w"))?;
    expect(&first, &at("w"))?;
    expect(&second, &at("w"))?;
    drop(first);
    client.write(&at("w"), "1")?;
    expect(&second, &at("w"))
}

pub fn special_watches(client: &Client) -> Outcome {
    for path in ["@introduceDomain", "@releaseDomain"] {
        let watch = client.watch(path)?;
        expect(&watch, path)?;
    }
    Ok(())
}

pub fn scan(client: &Client) -> Outcome {
    client.write(&at("s/1/state"), "1")?;
    let mut scan = Scan::new(client, &at("s"))?;
    let mut next = || match scan.next() {
        Some(event) => event.map_err(Failure::from),
        None => Err(Failure("the scan ended".into())),
    };
    check!(next()?, ScanEvent::Added("1".into()));
    client.write(&at("s/2/state"), "1")?;
    while next()? != ScanEvent::Added("2".into()) {}
    client.write(&at("s/2/state"), "2")?;
    while next()? != ScanEvent::Changed("2".into()) {}
    client.rm(&at("s/1"))?;
    while next()? != ScanEvent::Removed("1".into()) {}
    Ok(())
}
