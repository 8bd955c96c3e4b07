// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! GPIO device: virtio 1.2, "GPIO Device".
//!
//! An interrupt is a buffer that the driver has put on the event queue for a line, and that stays
//! here until the line changes: see [`line`] for when.

mod host;
mod line;
mod sim;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsRawFd;
use std::{fmt, io};

use virtio_bindings::virtio_ids::VIRTIO_ID_GPIO;
use zerocopy::IntoBytes;

pub use self::host::HostChip;
use self::line::{Line, Trigger};
pub use self::sim::SimulatedChip;
use self::wire::{
    Config, EVENT_QUEUE, IrqStatus, Message, Response, Status, VIRTIO_GPIO_F_IRQ, direction, irq,
    message,
};
use crate::config::ConfigSpace;
use crate::device::{Device, Traits};
use crate::error::Error;
use crate::limits::GPIO_EDGES;
use crate::log_limited;
use crate::ratelimit::Level;
use crate::request::Request;
use crate::saved::SavedState;

/// A change of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edge {
    /// From low to high.
    Rising,
    /// From high to low.
    Falling,
}

/// The changes of a line that are of interest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Edges {
    /// From low to high.
    pub rising: bool,
    /// From high to low.
    pub falling: bool,
}

/// A chip with lines, which are numbered from 0 on.
pub trait Chip: Send {
    /// The names of all lines; an empty one is none.
    fn names(&self) -> Vec<String>;

    /// Makes a line an input, and watches it for `edges`. Edges from before are forgotten.
    ///
    /// # Errors
    ///
    /// When the line is someone else's, or cannot do that.
    fn input(&mut self, line: u32, edges: Edges) -> io::Result<()>;

    /// Makes a line an output with this value. It is not watched any more.
    ///
    /// # Errors
    ///
    /// When the line is someone else's, or cannot do that.
    fn output(&mut self, line: u32, value: bool) -> io::Result<()>;

    /// Sets the value of an output.
    ///
    /// # Errors
    ///
    /// When it is none, or the chip fails.
    fn set(&mut self, line: u32, value: bool) -> io::Result<()>;

    /// The value of a line, whatever it is used for.
    ///
    /// # Errors
    ///
    /// When the line is someone else's, or the chip fails.
    fn value(&mut self, line: u32) -> io::Result<bool>;

    /// Gives a line back.
    ///
    /// # Errors
    ///
    /// When the chip fails.
    fn release(&mut self, line: u32) -> io::Result<()>;

    /// The next edge that was seen, if there is one.
    fn next_edge(&mut self) -> Option<(u32, Edge)>;

    /// A descriptor that becomes readable when there are edges. A chip without one has edges only
    /// as a consequence of its own methods.
    fn events(&self) -> Option<&dyn AsRawFd> {
        None
    }
}

/// The device: a chip for the guest, or some lines of it.
///
/// # Example
///
/// ```
/// use backends::{Device, gpio};
///
/// let chip = gpio::SimulatedChip::new(8);
/// let device = gpio::Controller::new(Box::new(chip), Some(vec![4, 5])).unwrap();
/// assert_eq!(device.traits().id, 41);
/// assert_eq!(device.config().byte(0), 2);
/// ```
pub struct Controller {
    chip: Box<dyn Chip>,
    lines: Vec<Line>,
    /// The guest's number of a line by the chip's.
    places: BTreeMap<u32, usize>,
    names: Vec<u8>,
    config: Config,
    /// Whether the driver knows of interrupts.
    has_irqs: bool,
    /// The lines, for another process to go on with.
    saved: Option<SavedState>,
}

/// Why a request fails.
enum Failure {
    /// It breaks a rule.
    Wrong(&'static str),
    /// The host cannot do it.
    Host(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(what) => f.write_str(what),
            Self::Host(error) => write!(f, "the GPIO chip: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Host(error)
    }
}

impl Controller {
    /// Makes a device of `lines` of a chip, which the guest knows by their places in the list; or
    /// of all lines.
    ///
    /// # Errors
    ///
    /// [`Error::GpioLine`] if the chip has no such line, or the list has it twice;
    /// [`Error::GpioCount`] if there is none, or there are more than a driver can name.
    pub fn new(chip: Box<dyn Chip>, lines: Option<Vec<u32>>) -> Result<Self, Error> {
        let names = chip.names();
        let lines = match lines {
            Some(lines) => lines,
            None => (0..).zip(&names).map(|(line, _)| line).collect(),
        };
        let ngpio = match u16::try_from(lines.len()) {
            Ok(count) if count > 0 => count,
            _ => return Err(Error::GpioCount { count: lines.len() }),
        };
        let mut places = BTreeMap::new();
        for (place, line) in lines.iter().enumerate() {
            let index = usize::try_from(*line).unwrap_or(usize::MAX);
            if index >= names.len() || places.insert(*line, place).is_some() {
                return Err(Error::GpioLine { line: *line });
            }
        }
        let names = block_of_names(places_of(&lines, &names));
        let size =
            u32::try_from(names.len()).map_err(|_large| Error::GpioCount { count: names.len() })?;
        Ok(Self {
            chip,
            lines: lines.into_iter().map(Line::new).collect(),
            places,
            config: Config {
                ngpio: ngpio.into(),
                padding: [0; 2],
                gpio_names_size: size.into(),
            },
            names,
            has_irqs: false,
            saved: None,
        })
    }

    /// Does what a message says, and returns the value for the response.
    fn execute(&mut self, message: Message) -> Result<u8, Failure> {
        let place = usize::from(message.gpio.get());
        let line = self.lines.get_mut(place);
        let line = line.ok_or(Failure::Wrong("no such line"))?;
        let (chip, value) = (self.chip.as_mut(), message.value.get());
        match message.kind.get() {
            message::GET_DIRECTION => return Ok(line.direction()),
            message::GET_VALUE => return Ok(chip.value(line.offset())?.into()),
            message::SET_DIRECTION => match u8::try_from(value) {
                Ok(direction::NONE) => line.release(chip)?,
                Ok(direction::OUT) => line.make_output(chip)?,
                Ok(direction::IN) => line.make_input(chip)?,
                _ => return Err(Failure::Wrong("no direction")),
            },
            message::SET_VALUE => match value {
                0 | 1 => line.set(chip, value == 1)?,
                _ => return Err(Failure::Wrong("no value")),
            },
            message::SET_IRQ_TYPE if !self.has_irqs => {
                return Err(Failure::Wrong("an interrupt without the feature"));
            }
            message::SET_IRQ_TYPE => {
                let trigger = trigger(value).ok_or(Failure::Wrong("no kind of interrupt"))?;
                line.watch(chip, trigger)?;
            }
            _ => return Err(Failure::Wrong("no kind of request")),
        }
        self.save(place);
        Ok(0)
    }

    /// Serves a request of the request queue.
    fn serve_message(&mut self, mut request: Request<'_>) {
        let message = request.read_obj::<Message>();
        let Some(message) = message.filter(|_| request.readable_len() == 0) else {
            return fail(request, &Failure::Wrong("not one message"));
        };
        if message.kind.get() == message::GET_LINE_NAMES {
            return self.serve_names(request);
        }
        if request.writable_len() < size_of::<Response>() {
            return fail(request, &Failure::Wrong("no room for a response"));
        }
        match self.execute(message) {
            Ok(value) => {
                let status = Status::Ok as u8;
                request.write_bytes(Response { status, value }.as_bytes());
            }
            Err(failure) => fail(request, &failure),
        }
    }

    fn serve_names(&self, mut request: Request<'_>) {
        if self.names.is_empty() {
            return fail(request, &Failure::Wrong("there are no names"));
        }
        if request.writable_len() <= self.names.len() {
            return fail(request, &Failure::Wrong("no room for the names"));
        }
        request.write_bytes(&[Status::Ok as u8]);
        request.write_bytes(&self.names);
    }

    /// Serves a buffer of the event queue.
    fn serve_unmask(&mut self, mut request: Request<'_>) {
        let gpio = request.read_obj::<[u8; 2]>().map(u16::from_le_bytes);
        if request.writable_len() == 0 || request.readable_len() > 0 {
            request.malformed("not one for an interrupt");
            return interrupt(request, IrqStatus::Invalid);
        }
        let place = gpio.map_or(usize::MAX, usize::from);
        match self.lines.get_mut(place) {
            Some(line) if self.has_irqs => {
                line.unmask(self.chip.as_mut(), request);
                self.save(place);
            }
            _ => {
                request.malformed("no such interrupt");
                interrupt(request, IrqStatus::Invalid);
            }
        }
    }

    /// Writes down what a line is, for another process.
    fn save(&self, place: usize) {
        if let (Some(saved), Some(line)) = (&self.saved, self.lines.get(place)) {
            let bytes = line.state().into_iter().enumerate();
            bytes.for_each(|(n, byte)| saved.set(place * line::STATE + n, byte));
        }
    }

    fn save_all(&self) {
        (0..self.lines.len()).for_each(|place| self.save(place));
    }

    /// Lets lines see some of their edges; says whether there may be more.
    fn see_edges(&mut self) -> bool {
        for _ in 0..GPIO_EDGES {
            let Some((offset, edge)) = self.chip.next_edge() else {
                return false;
            };
            if let Some(place) = self.places.get(&offset).copied() {
                self.lines[place].see(self.chip.as_mut(), edge);
                self.save(place);
            }
        }
        true
    }
}

/// Fails a request, and says whether the driver can know.
pub(crate) fn turn_down(queue: u16, mut request: Request<'_>) -> bool {
    let told = request.writable_len() > 0;
    match queue {
        EVENT_QUEUE => interrupt(request, IrqStatus::Invalid),
        _ => _ = request.write_bytes(&[Status::Err as u8, 0]),
    }
    told
}

impl Device for Controller {
    fn traits(&self) -> Traits {
        Traits {
            id: VIRTIO_ID_GPIO,
            features: 1 << VIRTIO_GPIO_F_IRQ,
            queues: 2,
            queue_size: 256,
        }
    }

    fn config(&self) -> ConfigSpace {
        ConfigSpace::new(self.config.as_bytes())
    }

    fn negotiated(&mut self, features: u64) {
        self.has_irqs = features & (1 << VIRTIO_GPIO_F_IRQ) != 0;
    }

    fn serve(&mut self, queue: u16, request: Request<'_>) {
        match queue {
            EVENT_QUEUE => self.serve_unmask(request),
            _ => self.serve_message(request),
        }
        if self.chip.events().is_none() {
            while self.see_edges() {}
        }
    }

    fn refuse(&mut self, queue: u16, request: Request<'_>) -> bool {
        turn_down(queue, request)
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        self.chip.events()
    }

    fn wake(&mut self) -> bool {
        self.see_edges()
    }

    fn state_len(&self) -> usize {
        self.lines.len() * line::STATE
    }

    fn keep_state(&mut self, state: SavedState) {
        for (place, line) in self.lines.iter_mut().enumerate() {
            let bytes = std::array::from_fn(|n| state.get(place * line::STATE + n));
            if let Err(failure) = line.restore(self.chip.as_mut(), bytes) {
                log::error!("line {} is not as it was: {failure}", line.offset());
            }
        }
        self.saved = Some(state);
        self.save_all();
    }

    fn reset_queue(&mut self, queue: u16) {
        if queue == EVENT_QUEUE {
            self.lines.iter_mut().for_each(Line::mask);
        }
    }

    fn reset(&mut self) {
        for line in &mut self.lines {
            if let Err(error) = line.release(self.chip.as_mut()) {
                log_limited!(
                    Level::Error,
                    "cannot release line {}: {error}",
                    line.offset()
                );
            }
        }
        self.has_irqs = false;
        self.save_all();
    }
}

/// The names of `lines`, in their order.
fn places_of<'n>(lines: &[u32], names: &'n [String]) -> Vec<&'n str> {
    let name = |line: &u32| names.get(usize::try_from(*line).ok()?);
    let found = lines
        .iter()
        .map(|line| name(line).map_or("", String::as_str));
    found.collect()
}

/// The answer to `GET_LINE_NAMES`: each name with a zero behind it. Names are ASCII, and unique
/// where there is one; if there is none at all, neither is the block.
fn block_of_names(names: Vec<&str>) -> Vec<u8> {
    let mut seen = BTreeSet::new();
    let mut block = Vec::new();
    for name in names {
        let is_good = name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if is_good && !name.is_empty() && seen.insert(name) {
            block.extend(name.as_bytes());
        }
        block.push(0);
    }
    if seen.is_empty() {
        block.clear();
    }
    block
}

fn trigger(kind: u32) -> Option<Option<Trigger>> {
    Some(match kind {
        irq::NONE => None,
        irq::EDGE_RISING => Some(Trigger::Rising),
        irq::EDGE_FALLING => Some(Trigger::Falling),
        irq::EDGE_BOTH => Some(Trigger::Both),
        irq::LEVEL_HIGH => Some(Trigger::High),
        irq::LEVEL_LOW => Some(Trigger::Low),
        _ => return None,
    })
}

/// Answers a request of the request queue with a failure.
fn fail(mut request: Request<'_>, failure: &Failure) {
    match failure {
        Failure::Wrong(what) => request.malformed(what),
        Failure::Host(_) => request.failed(failure),
    }
    request.write_bytes(&[Status::Err as u8, 0]);
}

/// Answers a buffer of the event queue.
fn interrupt(mut request: Request<'_>, status: IrqStatus) {
    request.write_bytes(&[status as u8]);
}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}
