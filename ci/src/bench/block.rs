// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What our disks cost as vhost-user processes, beside QEMU's storage daemon.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use super::figures::{Figures, Row};
use crate::{
    cache::{Cache, Scratch},
    cross,
    error::Error,
    server::Server,
    tools,
};

const DAEMON: &str = "qemu-storage-daemon";

/// Where Debian has it: depends on the release.
const PACKAGES: &[&str] = &["qemu-system-common", "qemu-utils"];

/// How often each server is run, one after the other.
const ROUNDS: u32 = 5;

/// For how long each case is measured in each round.
const MILLISECONDS: &str = "400";

/// Bytes of the image.
const BYTES: u64 = 256 << 20;

/// What stands for the better of the storage daemon's ways, case by case.
const BEST: &str = "QEMU's";

/// A file, and how it is used.
struct Place {
    title: &'static str,
    is_on_tmpfs: bool,
    is_direct: bool,
}

const PLACES: &[Place] = &[
    Place {
        title: "tmpfs",
        is_on_tmpfs: true,
        is_direct: false,
    },
    Place {
        title: "disk, with the page cache",
        is_on_tmpfs: false,
        is_direct: false,
    },
    Place {
        title: "disk, O_DIRECT",
        is_on_tmpfs: false,
        is_direct: true,
    },
];

/// Our engines. The first is held to the targets.
const OURS: &[&str] = &["auto", "sync"];

/// The storage daemon's, each with and without a thread of the export's own.
const THEIRS: &[(&str, &str, bool)] = &[
    ("threads", "threads", false),
    ("io_uring", "io_uring", false),
    ("threads+iothread", "threads", true),
    ("io_uring+iothread", "io_uring", true),
];

/// What the system calls alone take, one after the other, without a server.
const BARE: &str = "alone";

/// The cases of the client.
const CASES: &[&str] = &[
    "read-1",
    "read-32",
    "read-4x32",
    "write-1",
    "write-32",
    "write-4x32",
    "read-mib-1",
    "read-mib-4",
    "write-mib-1",
    "write-mib-4",
];

/// What is compared, and what is asked of it.
const ROWS: &[Row] = &[
    speed("4 KiB reads/s, 1 in flight", "read-1-iops"),
    cost("  CPU of each, us", "read-1-cpu"),
    speed("4 KiB reads/s, 32 in flight", "read-32-iops"),
    cost("  CPU of each, us", "read-32-cpu"),
    speed("4 KiB reads/s, 4 queues, each 32", "read-4x32-iops"),
    cost("  CPU of each, us", "read-4x32-cpu"),
    speed("4 KiB writes/s, 1 in flight", "write-1-iops"),
    cost("  CPU of each, us", "write-1-cpu"),
    speed("4 KiB writes/s, 32 in flight", "write-32-iops"),
    cost("  CPU of each, us", "write-32-cpu"),
    speed("4 KiB writes/s, 4 queues, each 32", "write-4x32-iops"),
    cost("  CPU of each, us", "write-4x32-cpu"),
    speed("sequential MiB/s read, 1 in flight", "read-mib-1-iops"),
    cost("  CPU of each, us", "read-mib-1-cpu"),
    speed("sequential MiB/s read, 4 in flight", "read-mib-4-iops"),
    cost("  CPU of each, us", "read-mib-4-cpu"),
    speed("sequential MiB/s written, 1 in flight", "write-mib-1-iops"),
    cost("  CPU of each, us", "write-mib-1-cpu"),
    speed("sequential MiB/s written, 4 in flight", "write-mib-4-iops"),
    cost("  CPU of each, us", "write-mib-4-cpu"),
];

/// What is compared with the system calls alone.
const BARE_ROWS: &[Row] = &[
    same("4 KiB reads/s, 32 in flight; pread/s", "read-32-iops"),
    same("4 KiB writes/s, 32 in flight; pwrite/s", "write-32-iops"),
    same(
        "sequential MiB/s read, 4 in flight; alone",
        "read-mib-4-iops",
    ),
    same(
        "sequential MiB/s written, 4 in flight; alone",
        "write-mib-4-iops",
    ),
];

const fn same(title: &'static str, what: &'static str) -> Row {
    Row::new(title, what, what)
}

const fn speed(title: &'static str, what: &'static str) -> Row {
    same(title, what).at_least(1.2)
}

const fn cost(title: &'static str, what: &'static str) -> Row {
    same(title, what).at_most(1.0)
}

/// Measures on this host, which needs no Xen for that.
pub(super) fn block() -> Result<ExitCode, Error> {
    if let Err(lack) = tools::program(DAEMON, PACKAGES) {
        println!("!! {lack}");
        return Ok(ExitCode::FAILURE);
    }
    let cache = Cache::open()?;
    let programs = Programs {
        ours: cross::build_optimized(&cache, "vhost-device-xen")?,
        client: cross::build_optimized(&cache, "bench-block")?,
    };
    let mut is_complete = true;
    for place in PLACES {
        let figures = programs.measure(&cache, place)?;
        println!(
            "\n{}: medians of {ROUNDS} runs of each, in turn",
            place.title
        );
        for ours in OURS {
            println!("{}", figures.table(ROWS, ours, BEST));
            is_complete &= figures.are_complete(ROWS, ours, BEST);
        }
        if !place.is_direct {
            println!("{}", figures.table(BARE_ROWS, OURS[0], BARE));
            is_complete &= figures.are_complete(BARE_ROWS, OURS[0], BARE);
        }
    }
    Ok(match is_complete {
        true => ExitCode::SUCCESS,
        false => {
            println!("!! not everything was measured");
            ExitCode::FAILURE
        }
    })
}

/// What was built for this.
struct Programs {
    ours: PathBuf,
    client: PathBuf,
}

impl Programs {
    /// Has every server serve a file at `place`, in turn.
    fn measure(&self, cache: &Cache, place: &Place) -> Result<Figures, Error> {
        let cache = match place.is_on_tmpfs {
            true => &Cache::at(Path::new("/dev/shm/vhost-device-xen"))?,
            false => cache,
        };
        let scratch = cache.scratch("bench-block")?;
        image(&scratch.work().join("image"))?;
        let mut lines = Vec::new();
        for _ in 0..ROUNDS {
            for name in OURS {
                let server = self.ours(name, place);
                lines.extend(self.serve(name, server, &scratch)?);
            }
            for (name, engine, has_thread) in THEIRS {
                let server = theirs(engine, *has_thread, place);
                lines.extend(self.serve(name, server, &scratch)?);
            }
            if !place.is_direct {
                lines.extend(self.client(&scratch, &[BARE, "image", MILLISECONDS])?);
            }
        }
        let mut figures = Figures::read(&lines);
        let names: Vec<&str> = THEIRS.iter().map(|(name, ..)| *name).collect();
        for case in CASES {
            figures.best(BEST, &names, case, &format!("{case}-iops"));
        }
        Ok(figures)
    }

    /// Starts a server, and has the client use it.
    fn serve(
        &self,
        name: &str,
        mut server: Command,
        scratch: &Scratch,
    ) -> Result<Vec<String>, Error> {
        server.current_dir(scratch.work());
        let socket = scratch.work().join("socket");
        let program = server.get_program().to_owned();
        let server = Server::start(&mut server, &socket).map_err(Error::start(program))?;
        let pid = server.id().to_string();
        self.client(scratch, &[name, "socket", &pid, MILLISECONDS])
    }

    /// Runs the client; what it cannot measure is missed later.
    fn client(&self, scratch: &Scratch, args: &[&str]) -> Result<Vec<String>, Error> {
        let output = Command::new(&self.client)
            .args(args)
            .current_dir(scratch.work())
            .output()
            .map_err(Error::start(&self.client))?;
        print!("{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        print!("{text}");
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn ours(&self, engine: &str, place: &Place) -> Command {
        let mut command = Server::command(&self.ours);
        command
            .args(["backend", "block", "--socket-path", "socket"])
            .args(["--image", "image", "--num-queues", "4"])
            .args(["--engine", engine])
            .env("RUST_LOG", "warn")
            .args(place.is_direct.then_some("--direct"));
        command
    }
}

fn theirs(engine: &str, has_thread: bool, place: &Place) -> Command {
    let direct = if place.is_direct { "on" } else { "off" };
    let (objects, thread): (&[&str], _) = match has_thread {
        true => (&["--object", "iothread,id=thread"], ",iothread=thread"),
        false => (&[], ""),
    };
    let mut command = Server::command(DAEMON);
    command
        .args(objects)
        .arg("--blockdev")
        .arg(format!(
            "driver=file,node-name=file,filename=image,aio={engine},cache.direct={direct}"
        ))
        .args(["--blockdev", "driver=raw,node-name=disk,file=file"])
        .arg("--export")
        .arg(format!(
            "type=vhost-user-blk,id=export,node-name=disk,writable=on,num-queues=4,\
             addr.type=unix,addr.path=socket{thread}"
        ));
    command
}

/// A file without holes, in the page cache as far as that takes it.
fn image(path: &Path) -> Result<(), Error> {
    let make = || {
        let mut random = File::open("/dev/urandom")?.take(BYTES);
        let mut file = File::create(path)?;
        io::copy(&mut random, &mut file)?;
        file.sync_all()?;
        fs::read(path).map(drop)
    };
    make().map_err(Error::path("write", path))
}
