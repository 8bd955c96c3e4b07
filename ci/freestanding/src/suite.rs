// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is tried, and what is said about it.

// UNSAFE: calls are made that Xen does not have.
#![expect(unsafe_code)]

use core::fmt::{self, Debug, Write};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll as Ready, Waker};

use xen_hypercall::abi::hypercalls::numbers::SCHED_OP;
use xen_hypercall::event_channel::{AllocUnbound, BindInterdomain, Close, GetStatus, Send, Status};
use xen_hypercall::events::{EventInterface, SharedInfo};
use xen_hypercall::native::Native;
use xen_hypercall::operation::Perform;
use xen_hypercall::sched::Poll;
use xen_hypercall::slot::In;
use xen_hypercall::{DomId, Port, XenError, XenHypercall, console, version};

use crate::guest::{Console, Events, frequency, shared_info, ticks, xen};
use crate::trips;

/// The domain that the other ends of channels are in.
const DOM0: DomId = DomId(0);
/// A domain that does not exist.
const NOBODY: DomId = DomId(0x7000);
/// A port that nothing is bound to.
const UNUSED: Port = Port(4000);

/// What a test found wrong.
#[derive(Debug)]
struct Failure {
    #[expect(dead_code, reason = "it is printed")]
    line: u32,
    #[expect(dead_code, reason = "it is printed")]
    found: Result<(), XenError>,
}

type Outcome = Result<(), Failure>;

/// Ends a test that finds something else.
macro_rules! check {
    ($result:expr, $pattern:pat) => {
        match $result {
            $pattern => {}
            other => {
                return Err(Failure {
                    line: line!(),
                    found: other.map(drop),
                });
            }
        }
    };
}

const TESTS: &[(&str, fn(&Native) -> Outcome)] = &[
    ("version", is_a_version),
    ("features", has_one_word_of_features),
    ("unknown hypercalls", unknown_calls_are_not_implemented),
    ("wrong ports", wrong_ports_are_refused),
    ("offered ports", offered_ports_have_a_status),
    ("Xen's console", xens_console_takes_text),
    ("poll", a_poll_ends_in_time),
];

/// Runs everything and returns how much has failed.
///
/// # Errors
///
/// When the console does not work.
pub fn run(console: &mut Console, trips: u32) -> Result<u32, fmt::Error> {
    let xen = xen();
    let mut tally = Tally {
        passed: 0,
        failed: 0,
    };
    introduce(console, &xen)?;
    for (name, test) in TESTS {
        tally.note(console, name, test(&xen))?;
    }
    match shared_info() {
        Ok(shared) => {
            tally.note(console, "own events", own_events(&xen, shared, trips))?;
            for round in ROUNDS {
                let result = play(console, &xen, (shared, trips), round)?;
                tally.note(console, round.0, result)?;
            }
        }
        Err(error) => tally.note::<XenError>(console, "shared page", Err(error))?,
    }
    writeln!(console, "{} passed, {} failed", tally.passed, tally.failed)?;
    Ok(tally.failed)
}

struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn note<E: Debug>(
        &mut self,
        console: &mut Console,
        name: &str,
        result: Result<(), E>,
    ) -> fmt::Result {
        match result {
            Ok(()) => {
                self.passed += 1;
                writeln!(console, "passed {name}")
            }
            Err(failure) => {
                self.failed += 1;
                writeln!(console, "failed {name}: {failure:?}")
            }
        }
    }
}

/// Prints which Xen this is.
fn introduce(console: &mut Console, xen: &Native) -> fmt::Result {
    let extra = version::extra_version(xen).unwrap_or_default();
    let len = extra.iter().position(|byte| *byte == 0);
    let extra = str::from_utf8(&extra[..len.unwrap_or(extra.len())]).unwrap_or("?");
    match version::version(xen) {
        Ok(version) => write!(console, "Xen {version}{extra}")?,
        Err(error) => write!(console, "no version: {error}")?,
    }
    match version::features(xen, 0) {
        Ok(word) => writeln!(console, ", features {word:#x}"),
        Err(error) => writeln!(console, ", no features: {error}"),
    }
}

fn is_a_version(xen: &Native) -> Outcome {
    check!(version::version(xen).map(|v| v.major), Ok(4..));
    check!(version::extra_version(xen).map(|text| text[0]), Ok(1..));
    Ok(())
}

fn has_one_word_of_features(xen: &Native) -> Outcome {
    check!(version::features(xen, 0), Ok(1..));
    check!(version::features(xen, 1000), Err(XenError::INVAL));
    Ok(())
}

fn unknown_calls_are_not_implemented(xen: &Native) -> Outcome {
    // SAFETY: there is no such hypercall, so nothing is made of its arguments.
    check!(unsafe { xen.hypercall0(63) }, Err(XenError::NOSYS));
    // SAFETY: nor is there such an operation.
    let operation = unsafe { xen.hypercall2(SCHED_OP as usize, [1000, 0]) };
    check!(operation, Err(XenError::NOSYS));
    Ok(())
}

fn wrong_ports_are_refused(xen: &Native) -> Outcome {
    check!(xen.perform(Send::new(UNUSED)), Err(XenError::INVAL));
    check!(xen.perform(Close::new(UNUSED)), Err(XenError::INVAL));
    let bind = |domain| xen.perform(BindInterdomain::new(domain, UNUSED));
    check!(bind(DOM0), Err(XenError::INVAL));
    check!(bind(NOBODY), Err(XenError::SRCH));
    Ok(())
}

fn offered_ports_have_a_status(xen: &Native) -> Outcome {
    let offered = xen.perform(AllocUnbound::new(DOM0));
    let port = offered.map_err(|error| Failure {
        line: line!(),
        found: Err(error),
    })?;
    let status = || xen.perform(GetStatus::new(port));
    check!(status(), Ok(Status::Unbound(DOM0)));
    check!(xen.perform(Close::new(port)), Ok(()));
    check!(status(), Ok(Status::Closed));
    Ok(())
}

/// A debugging Xen takes it from everyone.
fn xens_console_takes_text(xen: &Native) -> Outcome {
    check!(console::write(xen, b"hello from EL1\n"), Ok(()));
    Ok(())
}

fn a_poll_ends_in_time(xen: &Native) -> Outcome {
    let poll = |deadline, ports: &mut [Port]| xen.perform_with(Poll::until(deadline), In(ports));
    check!(poll(1, &mut []), Ok(_));
    check!(poll(0, &mut [UNUSED]), Err(XenError::INVAL));
    Ok(())
}

type TripsOutcome = Result<(), trips::Failure<XenError>>;

/// Both ends of a channel are here.
fn own_events(xen: &Native, shared: SharedInfo, trips: u32) -> TripsOutcome {
    let call = |source| trips::Failure::Call { trip: 0, source };
    let near = xen.perform(AllocUnbound::new(DomId::SELF)).map_err(call)?;
    let bind = BindInterdomain::new(DomId::SELF, near);
    let far = xen.perform(bind).map_err(call)?;
    let ports = [near, far];
    let events = Events::new(xen, shared, &ports);
    complete(async {
        // Binding makes one up.
        trips::expect(&events, far, 0).await?;
        trips::both(&events, ports, trips).await
    })?;
    ports
        .iter()
        .try_for_each(|port| events.unbind(*port))
        .map_err(call)
}

/// Who begins in a round with dom0.
enum Round {
    /// dom0, when it has bound.
    Theirs,
    /// This guest, when dom0 has said that it is there.
    Ours,
}

/// In dom0: in step, in a tokio task, and in step again.
const ROUNDS: &[(&str, Round)] = &[
    ("echo 1", Round::Theirs),
    ("echo 2", Round::Theirs),
    ("ping", Round::Ours),
];

/// Plays a round; says which port dom0 has to bind to, and what a trip has cost.
fn play(
    console: &mut Console,
    xen: &Native,
    (shared, trips): (SharedInfo, u32),
    (name, round): &(&str, Round),
) -> Result<TripsOutcome, fmt::Error> {
    let port = match xen.perform(AllocUnbound::new(DOM0)) {
        Ok(port) => port,
        Err(source) => return Ok(Err(trips::Failure::Call { trip: 0, source })),
    };
    let ports = [port];
    let events = Events::new(xen, shared, &ports);
    writeln!(console, "{name} at port {port}")?;
    console.drain();
    let mut begun = 0;
    let outcome = complete(async {
        match round {
            Round::Theirs => {
                begun = ticks();
                trips::echo(&events, port, trips).await
            }
            Round::Ours => {
                trips::expect(&events, port, 0).await?;
                begun = ticks();
                trips::ping(&events, port, trips).await
            }
        }
    });
    let nanoseconds = u128::from(ticks() - begun) * 1_000_000_000 / u128::from(frequency());
    let each = nanoseconds / u128::from(trips);
    if outcome.is_ok() {
        writeln!(
            console,
            "{name}: {trips} round trips, none lost, {each} ns each"
        )?;
    }
    Ok(outcome)
}

/// Completes a future whose waiting is done by Xen.
fn complete<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Ready::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
