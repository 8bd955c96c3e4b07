// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A small XenStore command line.
//!
//! ```text
//! xenstore ls [PATH]               the tree at PATH, with values and permissions
//! xenstore read PATH...            values
//! xenstore write PATH VALUE...     pairs of path and value, in one transaction
//! xenstore rm PATH...              nodes and what is below them
//! xenstore watch PATH...           changes, until it is interrupted
//! ```
//!
//! The server is the one that libxenstore would find (`XENSTORED_PATH`, `XENSTORED_RUNDIR`).

use std::error::Error as StdError;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

use xen_store::{Client, Error, Store, WatchEvent};

type Outcome = Result<(), Box<dyn StdError + Send + Sync>>;

/// A value as text, with escapes for what is none.
fn text(value: &[u8]) -> String {
    value.escape_ascii().to_string()
}

/// The tree below a node, a line for each node.
fn tree(store: &impl Store, path: &str, depth: usize) -> Result<String, Error> {
    let mut lines = String::new();
    let names = store.directory(path)?.unwrap_or_default();
    let mut names: Vec<&str> = names.iter().collect();
    names.sort_unstable();
    for name in names {
        let child = match path {
            "/" => format!("/{name}"),
            path => format!("{path}/{name}"),
        };
        let value = text(&store.read(&child)?.unwrap_or_default());
        let permissions = store.permissions(&child)?;
        let permissions = permissions.map_or_else(String::new, |list| list.to_string());
        let indent = "  ".repeat(depth);
        lines += &format!("{indent}{name} = \"{value}\"   ({permissions})\n");
        lines += &tree(store, &child, depth + 1)?;
    }
    Ok(lines)
}

fn read(client: &Client, paths: &[String]) -> Outcome {
    for path in paths {
        let value = client.read(path)?;
        let value = value.ok_or_else(|| format!("{path} does not exist"))?;
        writeln!(io::stdout(), "{}", text(&value))?;
    }
    Ok(())
}

fn write(client: &Client, arguments: &[String]) -> Outcome {
    let (pairs, rest) = arguments.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("a value is missing".into());
    }
    client.transaction(|store| {
        pairs
            .iter()
            .try_for_each(|[path, value]| store.write(path, value))
    })?;
    Ok(())
}

fn remove(client: &Client, paths: &[String]) -> Outcome {
    client.transaction(|store| paths.iter().try_for_each(|path| store.rm(path)))?;
    Ok(())
}

/// One thread for each path, which waits for its watch.
fn watch(client: &Client, paths: &[String]) -> Outcome {
    let follow = |path: &str| -> Outcome {
        for event in client.watch(path)? {
            match event? {
                WatchEvent::Changed { path } => writeln!(io::stdout(), "{path}")?,
                WatchEvent::Rescan => writeln!(io::stdout(), "{path} and below: look again")?,
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = paths
            .iter()
            .map(|path| scope.spawn(move || follow(path)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err("a thread panicked".into()))
        })
    })
}

fn run(arguments: &[String]) -> Outcome {
    let (command, arguments) = arguments
        .split_first()
        .ok_or("usage: xenstore ls|read|write|rm|watch ...")?;
    let client = Client::open()?;
    match &**command {
        "ls" => {
            let root = arguments.first().map_or("/", |path| path);
            // In one transaction: a tree that was there at one moment.
            let tree = client.transaction(|store| tree(store, root, 0))?;
            Ok(io::stdout().write_all(tree.as_bytes())?)
        }
        "read" => read(&client, arguments),
        "write" => write(&client, arguments),
        "rm" => remove(&client, arguments),
        "watch" => watch(&client, arguments),
        other => Err(format!("{other} is no command").into()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut cause: Option<&dyn StdError> = Some(&*error);
            while let Some(error) = cause {
                eprintln!("xenstore: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
