// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One line: what it is used for, and its interrupt.
//!
//! An interrupt is *enabled* by its type, and *unmasked* while the driver's buffer is here. An edge
//! that comes while it is masked is latched; a level is looked at when it is unmasked.

use std::io;

use super::wire::{IrqStatus, direction, irq};
use super::{Chip, Edge, Edges, Failure, interrupt, trigger};
use crate::log_limited;
use crate::pending::Pending;
use crate::ratelimit::Level;
use crate::request::Request;

/// What makes an interrupt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trigger {
    Rising,
    Falling,
    Both,
    High,
    Low,
}

impl Trigger {
    /// `VIRTIO_GPIO_IRQ_TYPE_*`.
    fn kind(self) -> u32 {
        match self {
            Self::Rising => irq::EDGE_RISING,
            Self::Falling => irq::EDGE_FALLING,
            Self::Both => irq::EDGE_BOTH,
            Self::High => irq::LEVEL_HIGH,
            Self::Low => irq::LEVEL_LOW,
        }
    }

    /// The edges to watch for: a level begins with one.
    fn edges(self) -> Edges {
        Edges {
            rising: matches!(self, Self::Rising | Self::Both | Self::High),
            falling: matches!(self, Self::Falling | Self::Both | Self::Low),
        }
    }

    /// The level that it is about, if it is.
    fn level(self) -> Option<bool> {
        match self {
            Self::High => Some(true),
            Self::Low => Some(false),
            Self::Rising | Self::Falling | Self::Both => None,
        }
    }
}

/// Bytes that a line is [remembered](Line::state) by.
pub(super) const STATE: usize = 3;

/// What the driver uses a line for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Use {
    #[default]
    None,
    Output,
    Input,
}

/// A line as the driver has set it up.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number on the chip.
    offset: u32,
    used: Use,
    /// What it puts out, now or once it is an output.
    value: bool,
    /// Set if its interrupt is enabled.
    trigger: Option<Trigger>,
    /// An edge came while it was masked.
    is_latched: bool,
    /// The driver's buffer, while it is unmasked.
    waiting: Option<Pending>,
}

impl Line {
    pub(super) fn new(offset: u32) -> Self {
        Self {
            offset,
            used: Use::None,
            value: false,
            trigger: None,
            is_latched: false,
            waiting: None,
        }
    }

    pub(super) fn offset(&self) -> u32 {
        self.offset
    }

    /// `VIRTIO_GPIO_DIRECTION_*`.
    pub(super) fn direction(&self) -> u8 {
        match self.used {
            Use::None => direction::NONE,
            Use::Output => direction::OUT,
            Use::Input => direction::IN,
        }
    }

    /// What has to be known of it to go on: direction, value, kind of interrupt.
    pub(super) fn state(&self) -> [u8; STATE] {
        let kind = self.trigger.map_or(irq::NONE, Trigger::kind);
        [self.direction(), self.value.into(), kind.to_le_bytes()[0]]
    }

    /// Makes it what it was for another process. Edges meanwhile were seen by nobody, nor those that
    /// that process had seen and the driver was not told of: so there may have been one.
    pub(super) fn restore(
        &mut self,
        chip: &mut dyn Chip,
        [direction, value, kind]: [u8; STATE],
    ) -> Result<(), Failure> {
        self.value = value != 0;
        match direction {
            direction::OUT => self.make_output(chip)?,
            direction::IN => self.make_input(chip)?,
            _ => {}
        }
        if let Some(Some(trigger)) = trigger(kind.into()) {
            self.watch(chip, Some(trigger))?;
            self.is_latched = true;
        }
        Ok(())
    }

    pub(super) fn make_output(&mut self, chip: &mut dyn Chip) -> Result<(), Failure> {
        if self.trigger.is_some() {
            return Err(Failure::Wrong("an output with an interrupt"));
        }
        chip.output(self.offset, self.value)?;
        self.used = Use::Output;
        Ok(())
    }

    pub(super) fn make_input(&mut self, chip: &mut dyn Chip) -> io::Result<()> {
        // One with an interrupt is one already, and would lose edges.
        if self.trigger.is_none() {
            chip.input(self.offset, Edges::default())?;
        }
        self.used = Use::Input;
        Ok(())
    }

    /// Forgets everything.
    pub(super) fn release(&mut self, chip: &mut dyn Chip) -> io::Result<()> {
        let is_used = self.used != Use::None || self.trigger.is_some();
        self.disable();
        *self = Self::new(self.offset);
        if is_used {
            chip.release(self.offset)
        } else {
            Ok(())
        }
    }

    pub(super) fn set(&mut self, chip: &mut dyn Chip, value: bool) -> io::Result<()> {
        if self.used == Use::Output {
            chip.set(self.offset, value)?;
        }
        self.value = value;
        Ok(())
    }

    /// Enables the interrupt, or disables it.
    pub(super) fn watch(
        &mut self,
        chip: &mut dyn Chip,
        trigger: Option<Trigger>,
    ) -> Result<(), Failure> {
        let was_enabled = self.trigger.is_some();
        match trigger {
            Some(_) if self.used == Use::Output => {
                return Err(Failure::Wrong("an interrupt of an output"));
            }
            Some(trigger) => {
                chip.input(self.offset, trigger.edges())?;
                self.trigger = Some(trigger);
                self.is_latched = false;
                self.look(chip);
            }
            None => {
                self.disable();
                match self.used {
                    Use::Input if was_enabled => chip.input(self.offset, Edges::default())?,
                    Use::None if was_enabled => chip.release(self.offset)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Forgets the interrupt, and gives its buffer back.
    fn disable(&mut self) {
        self.trigger = None;
        self.is_latched = false;
        if let Some(waiting) = self.waiting.take() {
            waiting.answer(|request| interrupt(request, IrqStatus::Invalid));
        }
    }

    /// Drops the driver's buffer.
    pub(super) fn mask(&mut self) {
        self.waiting = None;
    }

    /// Takes the driver's buffer: it wants the next interrupt.
    pub(super) fn unmask(&mut self, chip: &mut dyn Chip, request: Request<'_>) {
        if self.waiting.is_some() {
            request.malformed("an interrupt that is unmasked already");
            return interrupt(request, IrqStatus::Invalid);
        }
        // Not enabled, or not any more: the driver may have disabled it just now.
        if self.trigger.is_none() {
            return interrupt(request, IrqStatus::Invalid);
        }
        if std::mem::take(&mut self.is_latched) {
            return interrupt(request, IrqStatus::Valid);
        }
        match request.keep() {
            Ok(pending) => {
                self.waiting = Some(pending);
                self.look(chip);
            }
            Err(request) => {
                request.failed("too many interrupts wait");
                interrupt(request, IrqStatus::Invalid);
            }
        }
    }

    /// Raises the interrupt of a level that is there.
    fn look(&mut self, chip: &mut dyn Chip) {
        let Some(level) = self.trigger.and_then(Trigger::level) else {
            return;
        };
        if self.waiting.is_none() {
            return;
        }
        match chip.value(self.offset) {
            Ok(value) if value == level => self.raise(),
            Ok(_) => {}
            Err(error) => log_limited!(Level::Error, "cannot read line {}: {error}", self.offset),
        }
    }

    /// The line has changed.
    pub(super) fn see(&mut self, chip: &mut dyn Chip, edge: Edge) {
        let Some(trigger) = self.trigger else { return };
        if trigger.level().is_some() {
            return self.look(chip);
        }
        let Edges { rising, falling } = trigger.edges();
        let is_wanted = match edge {
            Edge::Rising => rising,
            Edge::Falling => falling,
        };
        match (is_wanted, self.waiting.is_some()) {
            (true, true) => self.raise(),
            (true, false) => self.is_latched = true,
            (false, _) => {}
        }
    }

    fn raise(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.answer(|request| interrupt(request, IrqStatus::Valid));
        }
    }
}
