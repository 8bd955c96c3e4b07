// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Round trips of events, written once for every receiver. The freestanding guest of the lab is
//! made of this file too, hence no `std`.

use core::fmt;

use xen_hypercall::Port;
use xen_hypercall::events::AsyncEventReceiver;

/// Why the trips ended early.
#[derive(Debug)]
pub enum Failure<E> {
    /// A call failed.
    Call {
        /// In which trip, from 0.
        trip: u32,
        /// What it said.
        source: E,
    },
    /// Other events came than the one that was sent.
    Unexpected {
        /// In which trip, from 0.
        trip: u32,
        /// How many events.
        count: usize,
        /// The first of them.
        port: u32,
    },
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { trip, .. } => write!(f, "trip {trip}: a call failed"),
            Self::Unexpected { trip, count, port } => {
                write!(f, "trip {trip}: {count} events, the first of port {port}")
            }
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Failure<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Call { source, .. } => Some(source),
            Self::Unexpected { .. } => None,
        }
    }
}

type Outcome<R> = Result<(), Failure<<R as xen_hypercall::events::EventInterface>::Error>>;

/// Sends an event to the other end of `port` and waits for the answer, `trips` times.
pub async fn ping<R: AsyncEventReceiver>(events: &R, port: Port, trips: u32) -> Outcome<R> {
    for trip in 0..trips {
        send(events, port, trip)?;
        expect(events, port, trip).await?;
    }
    nothing_more(events, trips)
}

/// Answers `trips` events from the other end of `port`.
pub async fn echo<R: AsyncEventReceiver>(events: &R, port: Port, trips: u32) -> Outcome<R> {
    for trip in 0..trips {
        expect(events, port, trip).await?;
        send(events, port, trip)?;
    }
    nothing_more(events, trips)
}

/// Both at once, where both ends are here.
pub async fn both<R: AsyncEventReceiver>(
    events: &R,
    [near, far]: [Port; 2],
    trips: u32,
) -> Outcome<R> {
    for trip in 0..trips {
        send(events, near, trip)?;
        expect(events, far, trip).await?;
        send(events, far, trip)?;
        expect(events, near, trip).await?;
    }
    nothing_more(events, trips)
}

fn send<R: AsyncEventReceiver>(events: &R, port: Port, trip: u32) -> Outcome<R> {
    events
        .notify(port)
        .map_err(|source| Failure::Call { trip, source })
}

/// Waits for one event, which is that of `port`.
pub async fn expect<R: AsyncEventReceiver>(events: &R, port: Port, trip: u32) -> Outcome<R> {
    let call = |source| Failure::Call { trip, source };
    let mut ports = [0; 4];
    let count = events.wait(&mut ports).await.map_err(call)?;
    if (count, ports[0]) != (1, port.0) {
        return Err(Failure::Unexpected {
            trip,
            count,
            port: ports[0],
        });
    }
    events.acknowledge(&ports[..1]).map_err(call)
}

/// After the last trip: one event more is as wrong as one less.
fn nothing_more<R: AsyncEventReceiver>(events: &R, trip: u32) -> Outcome<R> {
    let mut ports = [0; 4];
    match events.pending(&mut ports) {
        Ok(0) => Ok(()),
        Ok(count) => Err(Failure::Unexpected {
            trip,
            count,
            port: ports[0],
        }),
        Err(source) => Err(Failure::Call { trip, source }),
    }
}
