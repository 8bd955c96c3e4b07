// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `cargo xtask demo`: guests on a real Xen use the daemon's devices, while one watches.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use crate::cache::Cache;
use crate::cross;
use crate::error::Error;
use crate::lab::{Arch, Kind, Lab};
use crate::lab_tests::parts::{DAEMON, devices, virtio, xvde};
use crate::lab_tests::{Guest, LabTest, Programs, Verdict};

/// What each guest does, and says.
const SCRIPT: &str = "
    set -e
    say() { echo \"> $*\"; }
    sum() { md5sum < /mnt/file | cut -d' ' -f1; }
    say 'Linux is up; its entropy source is' $(cat /sys/class/misc/hw_random/rng_current)
    say '16 bytes of /dev/hwrng:' $(head -c 16 /dev/hwrng | od -An -tx1)
    say 'making a file system on /dev/vda' \"($(($(cat /sys/block/vda/size) / 2048)) MiB)\"
    mkfs.ext2 /dev/vda > /dev/null
    mkdir -p /mnt
    mount -t ext2 /dev/vda /mnt
    say 'writing 32 MiB'
    head -c 33554432 /dev/urandom > /mnt/file
    written=$(sum)
    say \"its checksum is $written\"
    umount /mnt
    echo 3 > /proc/sys/vm/drop_caches
    mount -t ext2 /dev/vda /mnt
    read=$(sum)
    say \"unmounted, caches dropped, mounted again: $read\"
    [ \"$read\" = \"$written\" ]
    umount /mnt
    say 'the checksums are the same'
";

/// On arm64: a guest with grants, and one without.
const ARM64: LabTest = LabTest {
    name: "demo",
    timeout: Duration::from_secs(300),
    programs: &[DAEMON],
    guests: &[
        Guest {
            name: "grants",
            config: devices!("grants", "1"),
            script: SCRIPT,
            ..Guest::DEFAULT
        },
        Guest {
            name: "foreign",
            vcpus: 2,
            config: devices!("foreign", "0"),
            script: SCRIPT,
            ..Guest::DEFAULT
        },
    ],
    dom0: concat!("guests='grants foreign'\n", include_str!("../lab/demo.sh")),
    seen: &[
        (
            "grants",
            "16 bytes of /dev/hwrng: * * * * * * * * * * * * * * * *",
        ),
        ("grants", "the checksums are the same"),
        (
            "foreign",
            "16 bytes of /dev/hwrng: * * * * * * * * * * * * * * * *",
        ),
        ("foreign", "the checksums are the same"),
        ("daemon", "virtio_disk/1/51712: ended"),
        ("daemon", "virtio/1/0: ended"),
        ("daemon", "virtio_disk/2/51712: ended"),
        ("daemon", "virtio/2/0: ended"),
    ],
    unseen: &[("daemon", "ERROR")],
    ..LabTest::DEFAULT
};

/// On x86: a fully virtualized guest, whose kernel, like everything else, is Debian's.
const X86: LabTest = LabTest {
    name: "demo_x86",
    lab: Kind::X86,
    guests: &[Guest {
        name: "hvm",
        config: &[virtio!("0": "4"), xvde!("0": "/tmp/hvm.img")],
        script: SCRIPT,
        ..Guest::DEFAULT
    }],
    dom0: concat!("guests=hvm\n", include_str!("../lab/demo.sh")),
    seen: &[
        (
            "hvm",
            "16 bytes of /dev/hwrng: * * * * * * * * * * * * * * * *",
        ),
        ("hvm", "the checksums are the same"),
        ("daemon", "virtio_disk/1/51776: ended"),
        ("daemon", "virtio/1/0: ended"),
    ],
    ..ARM64
};

/// Runs the demo; success only if all that it claims was seen.
///
/// # Errors
///
/// When the lab cannot be set up or started.
pub fn run(arch: Arch) -> Result<ExitCode, Error> {
    let cache = Cache::open()?;
    let demo = match arch {
        Arch::Arm64 => &ARM64,
        Arch::X86 => &X86,
    };
    let lab = thread::scope(|scope| {
        if arch == Arch::X86 {
            // What is downloaded and what is compiled do not wait for each other. What this does not get done is
            // done below.
            scope.spawn(|| cross::build(&Lab::planned(&cache, demo.lab), DAEMON));
        }
        Lab::setup(&cache, demo.lab)
    })?;
    println!("building the daemon for {} ...", arch.name());
    let programs = Programs::build(&lab, &[demo])?;
    println!("booting Xen ...");
    let started = Instant::now();
    let mut times = Times::default();
    let Verdict {
        outcome,
        complaints,
    } = demo.run(&lab, &programs, |line| {
        let live = line
            .strip_prefix("live ")
            .and_then(|line| line.split_once(' '));
        if let Some((who, text)) = live {
            let now = started.elapsed();
            let text = text.trim();
            times.note(now, text);
            println!("{:6.1} s  {who:>8}  {text}", now.as_secs_f64());
        }
    })?;
    println!("\n{}", table(&outcome.lines, &times));
    for complaint in &complaints {
        println!("!! {complaint}");
    }
    if complaints.is_empty() {
        println!(
            "all of it was seen, {:.1} s after power-on",
            outcome.took.as_secs_f64()
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("!! the serial log is {}", outcome.serial.display());
    Ok(ExitCode::FAILURE)
}

/// What the daemon has counted, a row for each device.
fn table(lines: &[String], times: &Times) -> String {
    let mut table = row([
        "guest",
        "device",
        "requests",
        "from guest",
        "to guest",
        "interrupts",
        "time",
    ]);
    for line in lines
        .iter()
        .filter_map(|line| line.strip_prefix("daemon| "))
    {
        let Some((who, counters)) = line.split_once(": ended: ") else {
            continue;
        };
        let path = place(who);
        let mut parts = path.rsplit('/').skip(1);
        let (domain, kind) = (parts.next().unwrap_or("?"), parts.next().unwrap_or("?"));
        let device = if kind == "virtio" { "entropy" } else { "disk" };
        let count = |name| count(counters, name);
        table += &row([
            guest_of(lines, domain),
            device,
            count("requests"),
            count("bytes_read"),
            count("bytes_written"),
            count("interrupts"),
            &times.of(path),
        ]);
    }
    table
}

/// The place in XenStore of a device that the daemon's log names, its guest first.
fn place(who: &str) -> &str {
    who.rsplit(' ').next().unwrap_or(who)
}

/// When each device was served, and for how long, by its place in XenStore.
#[derive(Debug, Default)]
struct Times(BTreeMap<String, (Duration, Option<Duration>)>);

impl Times {
    /// Looks at a line of the daemon's log that was written `now`.
    fn note(&mut self, now: Duration, line: &str) {
        if let Some((who, _)) = line.split_once(": served: ") {
            self.0.insert(place(who).to_owned(), (now, None));
        } else if let Some((who, _)) = line.split_once(": ended: ")
            && let Some((start, length)) = self.0.get_mut(place(who))
        {
            *length = Some(now.saturating_sub(*start));
        }
    }

    fn of(&self, path: &str) -> String {
        match self.0.get(path) {
            Some((_, Some(length))) => format!("{:.1} s", length.as_secs_f64()),
            _ => "?".into(),
        }
    }
}

/// The name of the guest that is a domain.
fn guest_of<'l>(lines: &'l [String], domain: &'l str) -> &'l str {
    let is = format!("guest {domain} is ");
    let name = |line: &'l String| line.strip_prefix(&is);
    lines.iter().find_map(name).unwrap_or(domain)
}

fn row([guest, device, rest @ ..]: [&str; 7]) -> String {
    let [requests, read, written, interrupts, time] = rest;
    format!(
        "{guest:8} {device:8} {requests:>9} {read:>11} {written:>11} {interrupts:>11} {time:>8}\n"
    )
}

/// The value of `name` among `name=value` words.
fn count<'l>(counters: &'l str, name: &str) -> &'l str {
    let value = |word: &'l str| word.strip_prefix(name)?.strip_prefix('=');
    counters.split(' ').find_map(value).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_guests_and_devices() {
        let lines = [
            "guest 1 is grants".to_owned(),
            "daemon| [1970 INFO ] domain 1 (grants): virtio_disk/1/51712: ended: \
             kicks=1 requests=20 bytes_read=300 bytes_written=4000 interrupts=5"
                .to_owned(),
        ];

        let mut times = Times::default();
        times.note(
            Duration::from_secs(1),
            "domain 1 (grants): virtio_disk/1/51712: served: block xvda, grants, /tmp/a.img",
        );
        times.note(
            Duration::from_secs(3),
            "domain 1 (grants): virtio_disk/1/51712: ended: ",
        );

        let table = table(&lines, &times);

        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            row,
            ["grants", "disk", "20", "300", "4000", "5", "2.0", "s"]
        );
    }

    #[test]
    fn a_counter_that_is_missing_is_not_made_up() {
        assert_eq!(count("kicks=1", "requests"), "?");
    }
}
