// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What every server does, on every transport.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::thread;

use xen_store::wire::PAYLOAD_MAX;
use xen_store::{Access, Client, Errno, Error, Names, Permissions, Store};

/// Everything happens below this node.
const ROOT: &str = "/xen-store-test";

/// A domain that does not exist.
const NOBODY: u16 = 0x7000;

type Outcome = Result<(), Failure>;

/// Why a test failed.
#[derive(Debug)]
pub struct Failure(String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        Self(causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
    }
}

macro_rules! check {
    ($condition:expr) => {
        if !$condition {
            return Err(Failure(format!(
                "line {}: {}",
                line!(),
                stringify!($condition)
            )));
        }
    };
    ($left:expr, $right:expr) => {
        let (left, right) = ($left, $right);
        if left != right {
            return Err(Failure(format!(
                "line {}: {left:?} is not {right:?}",
                line!()
            )));
        }
    };
}

#[path = "optional.rs"]
mod optional;
#[path = "watches.rs"]
mod watches;

use watches::expect;

type Test = (&'static str, fn(&Client) -> Outcome);

const TESTS: &[Test] = &[
    ("values of any bytes", values),
    ("what does not exist is None", nothing),
    ("nodes are made, listed and removed", nodes),
    ("the largest value", largest_value),
    ("a list over one message", long_list),
    ("permissions are kept and inherited", permissions),
    ("the longest path", longest_path),
    ("a transaction is all or nothing", transaction),
    ("a conflict is tried again", conflict),
    ("a discarded transaction leaves nothing", discarded),
    ("a watch fires at once and then for changes", watches::watch),
    (
        "a watch hears of its parent's removal",
        watches::watch_parent,
    ),
    (
        "a transaction fires when it is committed",
        watches::watch_transaction,
    ),
    ("a watch that was dropped is gone", watches::unwatch),
    ("a watch with a depth", watches::watch_depth),
    ("a watch hears of permissions", watches::watch_permissions),
    ("two watches of one node", watches::two_watches),
    ("special watches fire at once", watches::special_watches),
    ("the children of a node", watches::scan),
    ("paths of domains", domain_paths),
    ("domains that are introduced", introduced),
    ("features of the server", optional::features),
    ("quotas of the server", optional::quotas),
    ("watches are reset", optional::reset_watches),
    ("errors keep their names", errors),
    ("many threads share a connection", threads),
    ("a connection beside another", connections),
];

/// Runs all tests; returns how many passed and failed.
pub fn run() -> (u32, u32) {
    let mut counts = (0, 0);
    for (name, test) in TESTS {
        let outcome = Client::open()
            .map_err(Failure::from)
            .and_then(|client| in_clean_tree(&client, *test));
        match outcome {
            Ok(()) => {
                counts.0 += 1;
                println!("ok      {name}");
            }
            Err(Failure(reason)) => {
                counts.1 += 1;
                println!("FAILED  {name}: {reason}");
            }
        }
    }
    counts
}

fn in_clean_tree(client: &Client, test: fn(&Client) -> Outcome) -> Outcome {
    client.rm(ROOT)?;
    client.mkdir(ROOT)?;
    let outcome = test(client);
    client.rm(ROOT)?;
    outcome
}

fn at(name: &str) -> String {
    format!("{ROOT}/{name}")
}

fn errno<T>(result: Result<T, Error>) -> Option<Errno> {
    errno_of(&result).cloned()
}

fn errno_of<T>(result: &Result<T, Error>) -> Option<&Errno> {
    result.as_ref().err().and_then(Error::errno)
}

fn values(client: &Client) -> Outcome {
    client.write(&at("a/b"), b"\0binary\xff")?;
    check!(client.read(&at("a/b"))?, Some(b"\0binary\xff".to_vec()));
    check!(client.read(&at("a"))?, Some(Vec::new()));
    client.write(&at("a/b"), "")?;
    check!(client.read(&at("a/b"))?, Some(Vec::new()));
    client.write(&at("n"), "0x2000000")?;
    check!(client.read_parsed(&at("n"))?, Some(0x200_0000_u64));
    Ok(())
}

fn nothing(client: &Client) -> Outcome {
    check!(client.read(&at("none"))?, None);
    check!(client.directory(&at("none"))?, None);
    check!(client.permissions(&at("none"))?, None);
    check!(client.read(&at("none/below"))?, None);
    Ok(())
}

fn nodes(client: &Client) -> Outcome {
    client.mkdir(&at("a/b/c"))?;
    client.mkdir(&at("a/d"))?;
    client.write(&at("a/b"), "kept")?;
    client.mkdir(&at("a/b"))?;
    check!(client.read(&at("a/b"))?, Some(b"kept".to_vec()));
    let names = client.directory(&at("a"))?.unwrap_or_default();
    check!(names.iter().collect::<BTreeSet<_>>(), ["b", "d"].into());
    client.rm(&at("a/b"))?;
    client.rm(&at("a/b"))?;
    check!(client.read(&at("a/b/c"))?, None);
    check!(errno(client.rm(&at("x/y"))), Some(Errno::NotFound));
    check!(client.directory(&at("a/d"))?, Some(Names::default()));
    Ok(())
}

/// What fits a message on both transports, within the quota of a guest's node.
fn largest_value(client: &Client) -> Outcome {
    let path = at("large");
    let value = vec![7; 2000];
    client.write(&path, &value)?;
    check!(client.read(&path)?, Some(value));
    let full = vec![7; PAYLOAD_MAX - path.len()];
    check!(matches!(
        client.write(&path, &full),
        Err(Error::Length { .. })
    ));
    Ok(())
}

fn long_list(client: &Client) -> Outcome {
    let name = |i: u32| format!("a-child-with-a-long-name-{i:05}");
    client.transaction(|store| {
        (0..400).try_for_each(|i| store.write(&at(&format!("long/{}", name(i))), ""))
    })?;
    let listed = client.directory(&at("long"));
    if errno_of(&listed) == Some(&Errno::Unsupported) {
        println!("        a long list: the server has no DIRECTORY_PART");
        return Ok(());
    }
    let names = listed?.unwrap_or_default();
    check!(names.iter().count(), 400);
    let names: BTreeSet<&str> = names.iter().collect();
    check!(names.iter().copied().eq((0..400).map(name)));
    Ok(())
}

fn permissions(client: &Client) -> Outcome {
    let wanted = Permissions {
        owner: 0,
        others: Access::Read,
        domains: vec![(NOBODY, Access::Both)],
    };
    client.mkdir(&at("a"))?;
    client.set_permissions(&at("a"), &wanted)?;
    let set = client.permissions(&at("a"))?;
    check!(
        set.as_ref().map(|set| (set.owner, set.others)),
        Some((0, Access::Read))
    );
    client.write(&at("a/b"), "")?;
    check!(client.permissions(&at("a/b"))?, set);
    Ok(())
}

fn longest_path(client: &Client) -> Outcome {
    let path = at(&"x".repeat(900));
    client.write(&path, "deep")?;
    check!(client.read(&path)?, Some(b"deep".to_vec()));
    check!(matches!(
        client.read(&at(&"x".repeat(3072))),
        Err(Error::PathLength { .. })
    ));
    Ok(())
}

fn transaction(client: &Client) -> Outcome {
    let inside = client.transaction(|store| {
        store.write(&at("t/a"), "1")?;
        store.write(&at("t/b"), "2")?;
        let own = store.read(&at("t/a"))?;
        Ok::<_, Error>((own, client.read(&at("t/a"))?))
    })?;
    check!(inside, (Some(b"1".to_vec()), None));
    check!(client.read(&at("t/b"))?, Some(b"2".to_vec()));
    Ok(())
}

fn conflict(client: &Client) -> Outcome {
    client.write(&at("t"), "0")?;
    let mut runs = 0;
    let seen = client.transaction(|store| {
        runs += 1;
        let seen = store.read(&at("t"))?;
        if runs == 1 {
            client.write(&at("t"), "changed")?;
        }
        store.write(&at("copy"), "")?;
        Ok::<_, Error>(seen)
    })?;
    check!(runs, 2);
    check!(seen, Some(b"changed".to_vec()));
    Ok(())
}

fn discarded(client: &Client) -> Outcome {
    let result: Result<(), Failure> = client.transaction(|store| {
        store.write(&at("t"), "1")?;
        Err(Failure("wanted".into()))
    });
    check!(result.is_err());
    check!(client.read(&at("t"))?, None);
    Ok(())
}

fn domain_paths(client: &Client) -> Outcome {
    check!(client.domain_path(0)?, "/local/domain/0");
    check!(client.domain_path(77)?, "/local/domain/77");
    Ok(())
}

fn introduced(client: &Client) -> Outcome {
    check!(client.is_introduced(0)?);
    check!(!client.is_introduced(NOBODY)?);
    check!(client.release(NOBODY).is_err());
    check!(client.resume(NOBODY).is_err());
    Ok(())
}

fn errors(client: &Client) -> Outcome {
    let refused = client.rm(&at("x/y"));
    let text = refused.err().map(|error| error.to_string());
    check!(text.is_some_and(|text| text.ends_with("was refused with ENOENT")));
    Ok(())
}

fn threads(client: &Client) -> Outcome {
    let body = |thread: u32| -> Outcome {
        for round in 0..50 {
            let path = at(&format!("threads/{thread}"));
            let value = format!("{thread}-{round}");
            client.write(&path, &value)?;
            check!(client.read_string(&path)?, Some(value));
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| scope.spawn(move || body(thread)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let outcome = thread.join();
            outcome.unwrap_or_else(|_| Err(Failure("a thread panicked".into())))
        })
    })
}

fn connections(client: &Client) -> Outcome {
    let other = Client::open()?;
    let watch = client.watch(&at("w"))?;
    expect(&watch, &at("w"))?;
    other.write(&at("w"), "from elsewhere")?;
    expect(&watch, &at("w"))?;
    drop(other);
    check!(client.read(&at("w"))?, Some(b"from elsewhere".to_vec()));
    Ok(())
}
