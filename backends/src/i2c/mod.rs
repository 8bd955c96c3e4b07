// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! I2C adapter: virtio 1.2, "I2C Adapter Device".
//!
//! A request is one segment of a transfer: from a start condition to the next. Requests that the
//! driver has joined (`FAIL_NEXT`) are one transfer on the bus, with repeated starts between the
//! segments; they are kept until the last one is there.

mod host;
mod sim;
mod smbus;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use std::time::Duration;
use std::{fmt, io};

use virtio_bindings::virtio_ids::VIRTIO_ID_I2C_ADAPTER;

pub use self::host::HostBus;
pub use self::sim::SimulatedBus;
pub use self::wire::Address;
use self::wire::{
    FLAG_FAIL_NEXT, FLAG_READ, Header, Status, VIRTIO_I2C_F_ZERO_LENGTH_REQUEST as ZERO_LENGTH,
};
use crate::alarm::Alarm;
use crate::device::{Device, Traits};
use crate::error::Error;
use crate::limits::{I2C_SEGMENT_BYTES, I2C_SEGMENTS};
use crate::pending::Pending;
use crate::request::Request;

/// How long the rest of a transfer may take to come. Linux joins the last request too when its
/// queue is full, and then waits for what has no end.
const PATIENCE: Duration = Duration::from_millis(100);

/// What goes over the bus between two start conditions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    /// The chip.
    pub address: Address,
    /// What to do.
    pub action: Action,
}

/// Which way the data of a segment goes. It may be none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// To the chip.
    Write(Vec<u8>),
    /// From the chip, as many bytes as there are.
    Read(Vec<u8>),
}

/// A bus with chips.
pub trait Bus: Send {
    /// Sends `segments` as one transfer, and fills what is to be read.
    ///
    /// # Errors
    ///
    /// When not all of it was done. What was read then means nothing.
    fn transfer(&mut self, segments: &mut [Segment]) -> io::Result<()>;
}

/// The device: a bus for the guest, or some addresses of it.
///
/// # Example
///
/// ```
/// use backends::{Device, i2c};
///
/// let bus = i2c::SimulatedBus::new([0x20, 0x50]);
/// let adapter = i2c::Adapter::new(Box::new(bus), Some([0x50].into())).unwrap();
/// assert_eq!(adapter.traits().id, 34);
/// ```
pub struct Adapter {
    bus: Box<dyn Bus>,
    /// What the guest may use; all, if this is not there.
    addresses: Option<BTreeSet<u8>>,
    /// A transfer that is not complete.
    group: Option<Group>,
    /// When that is taken as complete.
    alarm: Alarm,
}

/// The beginning of a transfer of several requests.
struct Group {
    segments: Vec<Segment>,
    /// Of each segment.
    requests: Vec<Pending>,
    /// A request of it was wrong: all that follow fail.
    is_failed: bool,
}

/// A request that was read.
struct Parsed {
    segment: Result<Segment, Wrong>,
    /// It is joined to the next one.
    is_joined: bool,
}

/// Why a request fails before it has reached the bus.
enum Wrong {
    /// It breaks a rule.
    Malformed(&'static str),
    /// It is for a chip that is none of this guest's: nobody answers.
    Address,
}

/// What became of a request: what is to be written before the status, or what to say about the
/// failure, if anything.
type Outcome = Result<Vec<u8>, Option<String>>;

impl Adapter {
    /// Makes an adapter for what is on `bus`, at all addresses or at 7-bit `addresses` only.
    ///
    /// # Errors
    ///
    /// [`Error::Timer`].
    pub fn new(bus: Box<dyn Bus>, addresses: Option<BTreeSet<u8>>) -> Result<Self, Error> {
        Ok(Self {
            bus,
            addresses,
            group: None,
            alarm: Alarm::new()?,
        })
    }

    fn is_allowed(&self, address: Address) -> bool {
        match (&self.addresses, address) {
            (None, _) => true,
            (Some(allowed), Address::Seven(address)) => allowed.contains(&address),
            (Some(_), Address::Ten(_)) => false,
        }
    }

    /// Reads a request, up to its status.
    fn parse(&self, request: &mut Request<'_>) -> Parsed {
        let malformed = |what, is_joined| Parsed {
            segment: Err(Wrong::Malformed(what)),
            is_joined,
        };
        let Some(header) = request.read_obj::<Header>() else {
            return malformed("no whole header", false);
        };
        let flags = header.flags.get();
        let is_joined = flags & FLAG_FAIL_NEXT != 0;
        let (out, room) = (request.readable_len(), request.writable_len());
        if flags & !(FLAG_FAIL_NEXT | FLAG_READ) != 0 {
            return malformed("unknown flags", is_joined);
        }
        let Some(address) = Address::decode(header.addr.get()) else {
            return malformed("no address", is_joined);
        };
        let Some(len) = room.checked_sub(1) else {
            return malformed("no room for a status", is_joined);
        };
        let action = match (flags & FLAG_READ != 0, out, len) {
            (true, 0, len) if len <= I2C_SEGMENT_BYTES => Action::Read(vec![0; len]),
            (false, out, 0) if out <= I2C_SEGMENT_BYTES => {
                let mut bytes = vec![0; out];
                request.read_bytes(&mut bytes);
                Action::Write(bytes)
            }
            (true, 0, _) | (false, _, 0) => return malformed("too much data", is_joined),
            _ => return malformed("data both ways", is_joined),
        };
        let segment = if self.is_allowed(address) {
            Ok(Segment { address, action })
        } else {
            Err(Wrong::Address)
        };
        Parsed { segment, is_joined }
    }

    /// Does a transfer; says for each segment what became of it.
    fn transfer(&mut self, mut segments: Vec<Segment>) -> Vec<Outcome> {
        let outcome = self.bus.transfer(&mut segments);
        let mut note = outcome
            .as_ref()
            .err()
            .filter(|error| !is_nobody(error))
            .map(|error| format!("cannot transfer: {error}"));
        let each = segments.into_iter().map(|segment| match segment.action {
            _ if outcome.is_err() => Err(note.take()),
            Action::Read(bytes) => Ok(bytes),
            Action::Write(_) => Ok(Vec::new()),
        });
        each.collect()
    }

    /// Adds to the transfer that has begun, or begins one.
    fn join(&mut self, segment: Result<Segment, Wrong>, request: Request<'_>) {
        if self.group.is_none() {
            self.alarm.set(PATIENCE);
            self.group = Some(Group {
                segments: Vec::new(),
                requests: Vec::new(),
                is_failed: false,
            });
        }
        let Some(group) = &mut self.group else { return };
        let is_full = group.segments.len() == I2C_SEGMENTS;
        match (segment, group.is_failed || is_full) {
            (Ok(segment), false) => match request.keep() {
                Ok(pending) => {
                    group.segments.push(segment);
                    group.requests.push(pending);
                }
                Err(request) => group.fail(request, Some("too many requests wait".into())),
            },
            (Ok(_), true) if is_full => group.fail(request, Some("a transfer too long".into())),
            _ => group.fail(request, None),
        }
    }

    /// Does the transfer that has begun, as it is.
    fn close(&mut self) {
        let Some(group) = self.group.take().filter(|group| !group.is_failed) else {
            return;
        };
        let outcomes = self.transfer(group.segments);
        for (pending, outcome) in group.requests.into_iter().zip(outcomes) {
            pending.answer(move |request| answer(request, outcome));
        }
    }
}

impl Group {
    /// Fails a request, and with it all of the group.
    fn fail(&mut self, request: Request<'_>, note: Option<String>) {
        self.is_failed = true;
        self.segments.clear();
        for pending in self.requests.drain(..) {
            pending.answer(|request| answer(request, Err(None)));
        }
        answer(request, Err(note));
    }
}

/// Fails a message, and says whether the driver can know.
pub(crate) fn turn_down(request: Request<'_>) -> bool {
    let told = request.writable_len() > 0;
    answer(request, Err(None));
    told
}

impl Device for Adapter {
    fn traits(&self) -> Traits {
        Traits {
            id: VIRTIO_ID_I2C_ADAPTER,
            features: 1 << ZERO_LENGTH,
            queues: 1,
            queue_size: 128,
        }
    }

    fn required(&self) -> u64 {
        1 << ZERO_LENGTH
    }

    fn serve(&mut self, _queue: u16, mut request: Request<'_>) {
        let Parsed { segment, is_joined } = self.parse(&mut request);
        if let Err(Wrong::Malformed(what)) = segment {
            request.malformed(what);
        }
        if self.group.is_some() || is_joined {
            self.join(segment, request);
            if !is_joined {
                self.close();
            }
            return;
        }
        let outcome = match segment {
            Ok(segment) => self.transfer(vec![segment]).pop().unwrap_or(Err(None)),
            Err(_) => Err(None),
        };
        answer(request, outcome);
    }

    fn refuse(&mut self, _queue: u16, request: Request<'_>) -> bool {
        let told = request.writable_len() > 0;
        // Nobody knows whether it was the last one of the transfer.
        match &mut self.group {
            Some(group) => group.fail(request, None),
            None => answer(request, Err(None)),
        }
        told
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        Some(&self.alarm)
    }

    fn wake(&mut self) -> bool {
        if self.group.is_some() && self.alarm.is_due() {
            self.close();
        }
        false
    }

    fn reset(&mut self) {
        self.group = None;
    }
}

/// Writes what became of a request.
fn answer(mut request: Request<'_>, outcome: Outcome) {
    if let Err(Some(note)) = &outcome {
        request.failed(note);
    }
    let Some(status) = request.split_status() else {
        return;
    };
    match outcome {
        Ok(bytes) => {
            request.write_bytes(&bytes);
            status.set(Status::Ok as u8);
        }
        Err(_) => status.set(Status::Err as u8),
    }
}

/// Whether the error says that no chip has answered: what a driver that looks for chips expects.
fn is_nobody(error: &io::Error) -> bool {
    let codes = [libc::ENXIO, libc::EREMOTEIO, libc::ENODEV, libc::EIO];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
