// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A chip that exists in this process only.

use std::collections::VecDeque;
use std::io;

use super::{Chip, Edge, Edges};

/// A chip whose lines are wired in pairs: 0 to 1, 2 to 3, and so on.
///
/// An input reads what its partner puts out, and low if that is no output. So a guest can try
/// everything, interrupts too, with two lines.
///
/// # Example
///
/// ```
/// use backends::gpio::{Chip, Edge, Edges, SimulatedChip};
///
/// let mut chip = SimulatedChip::new(2);
/// chip.input(1, Edges { rising: true, falling: false }).unwrap();
/// chip.output(0, true).unwrap();
///
/// assert!(chip.value(1).unwrap());
/// assert_eq!(chip.next_edge(), Some((1, Edge::Rising)));
/// ```
#[derive(Clone, Debug)]
pub struct SimulatedChip {
    lines: Vec<Line>,
    edges: VecDeque<(u32, Edge)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// What it puts out, if it does.
    output: Option<bool>,
    edges: Edges,
}

impl SimulatedChip {
    /// Makes a chip with `lines` lines, none in use.
    pub fn new(lines: u16) -> Self {
        Self {
            lines: vec![Line::default(); lines.into()],
            edges: VecDeque::new(),
        }
    }

    fn line(&mut self, line: u32) -> io::Result<&mut Line> {
        let place = usize::try_from(line).unwrap_or(usize::MAX);
        let found = self.lines.get_mut(place);
        found.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// Changes what a line puts out, and lets its partner see that.
    fn drive(&mut self, line: u32, output: Option<bool>) -> io::Result<()> {
        let before = self.line(line)?.output.unwrap_or(false);
        self.line(line)?.output = output;
        let after = output.unwrap_or(false);
        let partner = line ^ 1;
        let Ok(Line {
            output: None,
            edges,
        }) = self.line(partner)
        else {
            return Ok(());
        };
        match (before, after) {
            (false, true) if edges.rising => self.edges.push_back((partner, Edge::Rising)),
            (true, false) if edges.falling => self.edges.push_back((partner, Edge::Falling)),
            _ => {}
        }
        Ok(())
    }
}

impl Chip for SimulatedChip {
    fn names(&self) -> Vec<String> {
        (0..self.lines.len())
            .map(|line| format!("sim-{line}"))
            .collect()
    }

    fn input(&mut self, line: u32, edges: Edges) -> io::Result<()> {
        self.line(line)?.edges = edges;
        self.edges.retain(|(of, _)| *of != line);
        self.drive(line, None)
    }

    fn output(&mut self, line: u32, value: bool) -> io::Result<()> {
        self.line(line)?.edges = Edges::default();
        self.drive(line, Some(value))
    }

    fn set(&mut self, line: u32, value: bool) -> io::Result<()> {
        self.drive(line, Some(value))
    }

    fn value(&mut self, line: u32) -> io::Result<bool> {
        let own = self.line(line)?.output;
        let partner = self.line(line ^ 1).ok().and_then(|partner| partner.output);
        Ok(own.or(partner).unwrap_or(false))
    }

    fn release(&mut self, line: u32) -> io::Result<()> {
        self.input(line, Edges::default())
    }

    fn next_edge(&mut self) -> Option<(u32, Edge)> {
        self.edges.pop_front()
    }
}
