// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The part of the list that is about what a server may have: it does what it says, or says that
//! it does not know the request.

use xen_store::{Client, Errno, Error, Features, Store};

use super::{Failure, NOBODY, Outcome, at, errno};

/// What is answered, or `None` when the server does not know the request.
fn known<T>(what: &str, answer: Result<T, Error>) -> Result<Option<T>, Failure> {
    match answer {
        Err(error) if error.errno() == Some(&Errno::Unsupported) => {
            println!("        {what}: not known");
            Ok(None)
        }
        answer => {
            let answer = answer?;
            println!("        {what}: known");
            Ok(Some(answer))
        }
    }
}

pub fn features(client: &Client) -> Outcome {
    let Some(offered) = known("features", client.features(None))? else {
        let set = client.set_features(NOBODY, Features(0));
        check!(errno(set), Some(Errno::Unsupported));
        return after(client);
    };
    let depth = offered.contains(Features::WATCH_DEPTH);
    println!("        depth of watches: {depth}");
    check!(offered.contains(client.features(Some(0))?));
    // Too late for a domain that is connected.
    let set = client.set_features(0, Features(0));
    check!(errno(set), Some(Errno::Busy));
    after(client)
}

pub fn quotas(client: &Client) -> Outcome {
    let Some(names) = known("quotas", client.quotas())? else {
        let asked = client.quota(None, "nodes");
        check!(errno(asked), Some(Errno::Unsupported));
        let set = client.set_quota(None, "nodes", 1000);
        check!(errno(set), Some(Errno::Unsupported));
        return after(client);
    };
    check!(!names.is_empty());
    for name in &names {
        let value = client.quota(None, name)?;
        client.set_quota(None, name, value + 1)?;
        check!(client.quota(None, name)?, value + 1);
        client.set_quota(None, name, value)?;
        client.quota(Some(0), name)?;
    }
    let unknown = client.quota(None, "wishes");
    check!(errno(unknown), Some(Errno::Invalid));
    after(client)
}

pub fn reset_watches(client: &Client) -> Outcome {
    let watch = client.watch(&at("w"))?;
    if known("RESET_WATCHES", client.reset_watches())?.is_some() {
        while watch.try_next().is_some() {}
        client.write(&at("w"), "1")?;
        check!(watch.try_next().is_none());
    }
    after(client)
}

/// The connection goes on.
fn after(client: &Client) -> Outcome {
    Ok(client.write(&at("after"), "")?)
}
