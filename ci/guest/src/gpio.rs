// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `gpio`: a user of the lines of a chip.

use std::{
    error::Error,
    fs::OpenOptions,
    thread,
    time::{Duration, Instant},
};

use backends::gpio::{Chip, Edge, Edges, HostChip};

/// How long anything may take: the other side is a person's script.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an edge that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(200);

/// Runs `gpio NODE names`, `pair OUT IN`, `hold OUT VALUE IN` or `wait LINE EDGES COUNT`.
///
/// # Errors
///
/// When something is not as it should be.
pub fn main(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let [node, words @ ..] = words else {
        return Err(crate::USAGE.into());
    };
    let file = OpenOptions::new().read(true).write(true).open(node)?;
    let mut lines = Lines(HostChip::new(file)?);
    match *words {
        ["names"] => println!("gpio: names {}", lines.0.names().join(",")),
        ["pair", out, input] => lines.pair(out.parse()?, input.parse()?)?,
        ["hold", out, value, input] => lines.hold(out.parse()?, value == "1", input.parse()?)?,
        ["wait", line, edges, count] => lines.wait(line.parse()?, edges, count.parse()?)?,
        _ => return Err(crate::USAGE.into()),
    }
    Ok(())
}

struct Lines(HostChip);

impl Lines {
    /// Tries an output that is wired to an input, with every kind of edge.
    fn pair(&mut self, out: u32, input: u32) -> Result<(), Box<dyn Error>> {
        self.0.output(out, false)?;
        self.0.input(input, Edges::default())?;
        for value in [true, false, true, false] {
            self.0.set(out, value)?;
            if self.0.value(input)? != value || self.0.value(out)? != value {
                return Err(format!("the lines are not {value}").into());
            }
        }
        println!("gpio: values are well");
        let expected = [
            ("rising", vec![Edge::Rising; 2]),
            ("falling", vec![Edge::Falling; 2]),
            ("both", [[Edge::Rising, Edge::Falling]; 2].concat()),
        ];
        for (name, expected) in expected {
            self.0.input(input, edges(name)?)?;
            let mut expected = expected.into_iter();
            for (value, edge) in [(true, Edge::Rising), (false, Edge::Falling)].repeat(2) {
                self.0.set(out, value)?;
                let is_due = name == "both" || format!("{edge:?}").to_lowercase() == name;
                let limit = if is_due { PATIENCE } else { SILENCE };
                let wanted = if is_due { expected.next() } else { None };
                let got = self.next(limit).map(|(_, edge)| edge);
                if got != wanted {
                    return Err(format!("{name}: {got:?} is not {wanted:?}").into());
                }
            }
            println!("gpio: interrupts of {name} are well");
        }
        self.0.input(input, Edges::default())?;
        self.0.set(out, true)?;
        match self.next(SILENCE) {
            Some(edge) => Err(format!("{edge:?} without an interrupt").into()),
            None => Ok(()),
        }
    }

    /// Puts a value out until another line is high.
    fn hold(&mut self, out: u32, value: bool, input: u32) -> Result<(), Box<dyn Error>> {
        self.0.output(out, value)?;
        self.0.input(input, Edges::default())?;
        println!("gpio: line {out} puts out {}", u8::from(value));
        let end = Instant::now() + PATIENCE;
        while !self.0.value(input)? {
            if Instant::now() > end {
                return Err(format!("line {input} stays low").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        println!("gpio: line {input} is high");
        Ok(())
    }

    /// Waits for so many edges.
    fn wait(&mut self, line: u32, name: &str, count: u32) -> Result<(), Box<dyn Error>> {
        self.0.input(line, edges(name)?)?;
        println!("gpio: waits for {name}");
        for _ in 0..count {
            let (line, edge) = self.next(PATIENCE).ok_or("there is no edge")?;
            println!("gpio: line {line}, {name}: {edge:?}");
        }
        match self.next(SILENCE) {
            Some(edge) => Err(format!("{edge:?} is too much").into()),
            None => Ok(()),
        }
    }

    fn next(&mut self, limit: Duration) -> Option<(u32, Edge)> {
        let end = Instant::now() + limit;
        loop {
            let edge = self.0.next_edge();
            if edge.is_some() || Instant::now() > end {
                return edge;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn edges(name: &str) -> Result<Edges, Box<dyn Error>> {
    let (rising, falling) = match name {
        "rising" => (true, false),
        "falling" => (false, true),
        "both" => (true, true),
        _ => return Err(crate::USAGE.into()),
    };
    Ok(Edges { rising, falling })
}
