// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `bench-block NAME SOCKET PID MILLISECONDS [CASE]`: a driver of a disk that process PID
//! serves at SOCKET.
//!
//! It does what a guest's driver does, without a guest: one thread, split rings, indirect
//! descriptors, `EVENT_IDX`, and it sleeps until it is interrupted. Prints, for each case, how many
//! requests were done in a second, what they cost the process, and how often each of the two had to
//! wake the other.
//!
//! `bench-block NAME IMAGE MILLISECONDS` makes the same accesses by itself, one after the other: what
//! the system calls alone cost.

mod cases;
mod front;
mod process;
mod ring;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cases::{CASES, Case, Places, SECTOR};
use front::Front;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match *words {
        [name, socket, pid, time] => all(name, socket, pid, time, ""),
        [name, socket, pid, time, only] => all(name, socket, pid, time, only),
        [name, image, time] => alone(name, image, time),
        _ => Err("bench-block NAME (SOCKET PID MILLISECONDS [CASE] | IMAGE MILLISECONDS)".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-block: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures all cases in whose names `only` is.
fn all(name: &str, socket: &str, pid: &str, time: &str, only: &str) -> Result<()> {
    let (pid, time) = (pid.parse()?, Duration::from_millis(time.parse()?));
    for case in CASES.iter().filter(|case| case.name.contains(only)) {
        let figures = measure(case, socket, pid, time)?;
        let Case { name: what, .. } = case;
        figures.print(name, what);
        println!(
            "{name} {what}-kicks {:.3} each",
            figures.kicks / figures.requests
        );
        println!(
            "{name} {what}-wakes {:.3} each",
            figures.wakes / figures.requests
        );
    }
    Ok(())
}

/// What was seen while a case ran.
struct Figures {
    time: Duration,
    requests: f64,
    /// Of the process that serves the disk.
    cpu: Duration,
    /// Times that process was notified.
    kicks: f64,
    /// Times this one had slept.
    wakes: f64,
}

impl Figures {
    fn print(&self, name: &str, what: &str) {
        let second = self.requests / self.time.as_secs_f64();
        let each = self.cpu.as_secs_f64() * 1e6 / self.requests;
        println!("{name} {what}-iops {second:.0} 1/s");
        println!("{name} {what}-cpu {each:.3} us");
    }
}

/// Makes the accesses of all cases without a server.
fn alone(name: &str, image: &str, time: &str) -> Result<()> {
    let (pid, time) = (std::process::id(), Duration::from_millis(time.parse()?));
    let file = File::options().read(true).write(true).open(image)?;
    for case in CASES {
        let len = usize::try_from(case.len)?;
        let mut places = Places::new(case, file.metadata()?.len() / SECTOR)?;
        let mut buffers = vec![vec![0; len]; case.queues * usize::from(case.depth)];
        let (mut requests, start, before) = (0.0, Instant::now(), process::times(pid)?);
        while start.elapsed() < time {
            for buffer in &mut buffers {
                let place = places.next() * SECTOR;
                match case.write {
                    true => file.write_all_at(buffer, place)?,
                    false => file.read_exact_at(buffer, place)?,
                }
                requests += 1.0;
            }
        }
        let figures = Figures {
            time: start.elapsed(),
            requests,
            cpu: process::since(&before, &process::times(pid)?),
            kicks: 0.0,
            wakes: 0.0,
        };
        figures.print(name, case.name);
    }
    Ok(())
}

/// Runs a case for a quarter of `time`, then for `time`, and counts in the second part.
fn measure(case: &Case, socket: &str, pid: u32, time: Duration) -> Result<Figures> {
    let memory = front::memory(case)?;
    let mut front = Front::connect(socket, case, &memory)?;
    let mut places = Places::new(case, front.sectors())?;
    for ring in &mut front.rings {
        ring.fill(|| places.next())?;
    }
    let (mut requests, mut wakes) = (0.0, 0.0);
    let mut turn = |front: &mut Front<'_>, until: Instant| -> Result<()> {
        (requests, wakes) = (0.0, 0.0);
        while Instant::now() < until {
            let mut done = 0;
            for ring in &mut front.rings {
                done += ring.turn(|| Some(places.next()))?;
            }
            requests += f64::from(done);
            if done == 0 {
                front.wait()?;
                wakes += 1.0;
            }
        }
        Ok(())
    };
    turn(&mut front, Instant::now() + time / 4)?;
    let before = process::times(pid)?;
    let (kicks, start) = (front.kicks(), Instant::now());
    turn(&mut front, start + time)?;
    let figures = Figures {
        time: start.elapsed(),
        requests,
        cpu: process::since(&before, &process::times(pid)?),
        kicks: front.kicks() - kicks,
        wakes,
    };
    front.end()?;
    Ok(figures)
}
