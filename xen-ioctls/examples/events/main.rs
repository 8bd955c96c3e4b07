// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Round trips of events through `/dev/xen/evtchn`, counted and timed, on a Xen host.
//!
//! ```sh
//! events step TRIPS loopback          # both ends here, through the receiver for loops
//! events task TRIPS loopback          # the same through the receiver for tokio tasks
//! events step TRIPS ping DOMID PORT   # to and from a port that a domain offers, which answers
//! events step TRIPS echo DOMID PORT   # answers it
//! ```
//!
//! Fails if an event is lost, or comes twice, or is of another port.

mod step;
mod trips;

use std::error::Error;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use xen_hypercall::events::AsyncEventReceiver;
use xen_hypercall::{DomId, Port};
use xen_ioctls::{EventChannels, TokioEventChannels};

use crate::step::InStep;
use crate::trips::{both, echo, expect, ping};

const USAGE: &str = "events step|task TRIPS loopback | ping DOMID PORT | echo DOMID PORT";
/// The domain that this runs in.
const HERE: DomId = DomId(0);
/// When the trips of a task have stopped.
const LIMIT: Duration = Duration::from_secs(300);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Clone, Copy)]
enum Round {
    Loopback,
    Ping(DomId, Port),
    Echo(DomId, Port),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(each) => {
            let micros = each.as_secs_f64() * 1e6;
            println!("{}: none lost, {micros:.1} us each", arguments.join(" "));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            causes.for_each(|cause| eprintln!("  {cause}"));
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says; returns what a trip took.
fn run(arguments: &[&str]) -> Result<Duration> {
    let [how, trips, round @ ..] = arguments else {
        return Err(USAGE.into());
    };
    let trips = trips.parse::<NonZeroU32>()?.get();
    let round = match *round {
        ["loopback"] => Round::Loopback,
        ["ping", domain, port] => Round::Ping(DomId(domain.parse()?), Port(port.parse()?)),
        ["echo", domain, port] => Round::Echo(DomId(domain.parse()?), Port(port.parse()?)),
        _ => return Err(USAGE.into()),
    };
    match *how {
        "step" => step::complete(play(&InStep::open()?, round, trips)),
        "task" => in_a_task(round, trips),
        _ => Err(USAGE.into()),
    }
}

fn in_a_task(round: Round, trips: u32) -> Result<Duration> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build()?.block_on(async {
        let events = TokioEventChannels::new(EventChannels::open()?)?;
        tokio::time::timeout(LIMIT, play(&events, round, trips)).await?
    })
}

/// Plays one round through any receiver; returns what a trip took.
async fn play<R>(events: &R, round: Round, trips: u32) -> Result<Duration>
where
    R: AsyncEventReceiver<Error = xen_ioctls::Error>,
{
    let started;
    match round {
        Round::Loopback => {
            let near = events.offer(HERE)?;
            let far = bind(events, HERE, near).await?;
            started = Instant::now();
            both(events, [near, far], trips).await?;
        }
        Round::Ping(domain, port) => {
            let port = bind(events, domain, port).await?;
            started = Instant::now();
            ping(events, port, trips).await?;
        }
        Round::Echo(domain, port) => {
            let port = bind(events, domain, port).await?;
            // Nobody hears what is sent to an end that is not bound: now it is.
            events.notify(port)?;
            started = Instant::now();
            echo(events, port, trips).await?;
        }
    }
    Ok(started.elapsed() / trips)
}

/// Binds a port, and takes the event that binding makes up.
async fn bind<R>(events: &R, domain: DomId, port: Port) -> Result<Port>
where
    R: AsyncEventReceiver<Error = xen_ioctls::Error>,
{
    let port = events.bind(domain, port)?;
    expect(events, port, 0).await?;
    Ok(port)
}
