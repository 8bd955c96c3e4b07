// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `confined SERVED OTHER`: a process that is set up like that of domain SERVED tries what it must not
//! be able to do, and says what came of it. Run it as root in dom0, while the daemon runs.

use std::error::Error;
use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

use vhost_device_xen::confinement::{FIRST_USER, Kind, enter, nodes};
use xen_hypercall::dm_op::NrVcpus;
use xen_hypercall::{DomId, Gfn, Port};
use xen_ioctls::Protection;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut domain = || -> Result<DomId, Box<dyn Error>> {
        Ok(DomId(
            arguments.next().ok_or("two domains, please")?.parse()?,
        ))
    };
    let (served, other) = (domain()?, domain()?);
    let (privcmd, events) = nodes(served)?;
    enter(FIRST_USER.get() + u32::from(served.0))?;

    let vcpus = privcmd.perform(served, NrVcpus::new())?;
    println!("its own guest: {vcpus} vCPUs");
    let map = privcmd.map_foreign(other, &[Gfn(0x40000)], Protection::ReadWrite);
    tell("memory of another", map.map(|mapped| mapped.any_mapped()));
    tell(
        "a device model operation on another",
        privcmd.perform(other, NrVcpus::new()),
    );
    tell(
        "an event channel of another",
        events.bind_interdomain(other, Port(1)),
    );
    tell("a plain hypercall", privcmd.xen_version());
    everywhere("the first thread");
    for kind in [Kind::Worker, Kind::Front] {
        let name = format!("{kind:?}");
        let thread = thread::spawn(move || kind.enter().map(|()| everywhere(&name)));
        thread.join().expect("everywhere() does not panic")?;
    }
    Ok(())
}

/// What no thread can do.
fn everywhere(who: &str) {
    let try_out = |what: &str, result: io::Result<()>| tell(&format!("{who}: {what}"), result);
    try_out("open", File::open("/proc/self/status").map(drop));
    try_out("socket", TcpListener::bind("127.0.0.1:0").map(drop));
    try_out(
        "connect",
        UnixStream::connect("/run/xenstored/socket").map(drop),
    );
    try_out("execve", Command::new("/proc/self/exe").status().map(drop));
}

fn tell<T: std::fmt::Debug, E: Error>(what: &str, result: Result<T, E>) {
    match result {
        Ok(got) => println!("{what}: GRANTED: {got:?}"),
        Err(error) => {
            let mut cause: &dyn Error = &error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            println!("{what}: refused: {cause}");
        }
    }
}
