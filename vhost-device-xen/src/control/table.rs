// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Answers as people read them: aligned, and coloured on a terminal.

use std::time::Duration;

use super::chart;
use super::protocol::{Device, Mode, State};
use crate::stats::Stats;

/// What the output can show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// It is a terminal.
    pub is_terminal: bool,
    /// It shows colours.
    pub is_coloured: bool,
}

/// Which way a column is aligned.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// A field with a colour, which takes no space.
#[derive(Clone, Debug)]
struct Cell {
    text: String,
    colour: Option<u8>,
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.to_string(),
            colour: None,
        }
    }
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const BOLD: u8 = 1;

impl Cell {
    fn coloured(text: impl ToString, colour: Option<u8>) -> Self {
        Self {
            text: text.to_string(),
            colour,
        }
    }
}

/// A table under a line of names.
fn table(columns: &[(&str, Side)], rows: &[Vec<Cell>], style: Style) -> String {
    let head = columns
        .iter()
        .map(|(name, _)| Cell::coloured(name, Some(BOLD)));
    let all: Vec<Vec<Cell>> = std::iter::once(head.collect())
        .chain(rows.iter().cloned())
        .collect();
    let width = |column: usize| {
        let cells = all.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns.len()).map(|n| width(n).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &all {
        let mut line = String::new();
        for ((cell, (_, side)), width) in row.iter().zip(columns).zip(&widths) {
            let padding = " ".repeat(width.saturating_sub(cell.text.chars().count()));
            let shown = match cell.colour.filter(|_| style.is_coloured) {
                Some(colour) => format!("\x1b[{colour}m{}\x1b[0m", cell.text),
                None => cell.text.clone(),
            };
            match side {
                Side::Left => line.push_str(&format!("{shown}{padding}  ")),
                Side::Right => line.push_str(&format!("{padding}{shown}  ")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `-` for what is not known.
fn known(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".into(), |text| text.to_string())
}

fn kind(device: &Device) -> String {
    match (&device.kind, &device.vdev) {
        (Some(kind), Some(vdev)) => format!("{kind} {vdev}"),
        (kind, _) => known(kind.as_ref()),
    }
}

fn state(device: &Device) -> Cell {
    let colour = match device.state {
        State::Connected => Some(GREEN),
        State::Refused => Some(RED),
        State::Detached | State::Detaching | State::Ending | State::Attaching => Some(YELLOW),
        State::Served | State::Closed => None,
    };
    Cell::coloured(device.state.name(), colour)
}

/// All devices, a line each. Why one is refused follows in a line of its own.
pub fn list(devices: &[Device], style: Style) -> String {
    use Side::{Left, Right};
    let columns = [
        ("DOM", Right),
        ("GUEST", Left),
        ("DEVICE", Left),
        ("TYPE", Left),
        ("STATE", Left),
        ("MODE", Left),
        ("PID", Right),
        ("SOURCE", Left),
    ];
    let row = |device: &Device| {
        vec![
            device.domain.into(),
            known(Some(&device.guest).filter(|name| !name.is_empty())).into(),
            (&device.device).into(),
            kind(device).into(),
            state(device),
            known(device.mode.map(Mode::name)).into(),
            known(device.pid).into(),
            known(device.reason.as_ref().or(device.source.as_ref())).into(),
        ]
    };
    let rows: Vec<_> = devices.iter().map(row).collect();
    table(&columns, &rows, style)
}

/// Why a device has no numbers.
fn no_stats(device: &Device) -> Option<&'static str> {
    match (device.silent, &device.stats, device.kind.as_deref()) {
        (true, ..) => Some("its process does not answer"),
        (false, None, Some("external")) => Some("another process serves it"),
        (false, None, _) => Some(device.state.name()),
        (false, Some(_), _) => None,
    }
}

fn errors(count: u64) -> Cell {
    Cell::coloured(count, (count > 0).then_some(RED))
}

const COLUMNS: [(&str, Side); 13] = [
    ("DOM", Side::Right),
    ("GUEST", Side::Left),
    ("DEVICE", Side::Left),
    ("REQUESTS", Side::Right),
    ("FROM GUEST", Side::Right),
    ("TO GUEST", Side::Right),
    ("KICKS", Side::Right),
    ("INTERRUPTS", Side::Right),
    ("MAPS", Side::Right),
    ("COPIES", Side::Right),
    ("ERRORS", Side::Right),
    ("IN FLIGHT", Side::Right),
    ("LATENCY", Side::Left),
];

fn whose(device: &Device) -> Vec<Cell> {
    vec![
        device.domain.into(),
        known(Some(&device.guest).filter(|name| !name.is_empty())).into(),
        (&device.device).into(),
    ]
}

/// What devices have done since there are, a line each.
pub fn stats(devices: &[Device], style: Style) -> String {
    let rows: Vec<_> = devices
        .iter()
        .map(|device| {
            row(device, device.stats.as_ref(), &device.stats, &|n| {
                n.to_string()
            })
        })
        .collect();
    table(&COLUMNS, &rows, style)
}

/// What devices have done in a second of the time since `earlier`, a line each.
pub fn rates(devices: &[Device], earlier: &[Device], time: Duration, style: Style) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = |n: u64| {
        let rate = u128::from(n) * 1000 / u128::from(millis);
        format!("{rate}/s")
    };
    let rows: Vec<_> = devices
        .iter()
        .map(|device| {
            let is_it =
                |other: &&Device| (other.domain, &other.device) == (device.domain, &device.device);
            let before = earlier.iter().find(is_it);
            let before = before.and_then(|before| before.stats.clone());
            let since = device
                .stats
                .as_ref()
                .map(|now| now.since(&before.unwrap_or_default()));
            row(device, since.as_ref(), &device.stats, &rate)
        })
        .collect();
    table(&COLUMNS, &rows, style)
}

/// The line of a device with these numbers, each shown by `show`; errors and what is in flight are
/// those of now.
fn row(
    device: &Device,
    stats: Option<&Stats>,
    now: &Option<Stats>,
    show: &dyn Fn(u64) -> String,
) -> Vec<Cell> {
    let mut row = whose(device);
    let (Some(stats), Some(now)) = (stats, now) else {
        row.push(known(no_stats(device)).into());
        return row;
    };
    let latency = match stats.latency.iter().any(|count| *count > 0) {
        true => &stats.latency,
        false => &now.latency,
    };
    let memory = &stats.memory;
    let numbers = [
        show(stats.requests),
        show(stats.bytes_from_guest),
        show(stats.bytes_to_guest),
        show(stats.kicks),
        show(stats.interrupts),
        show(memory.maps),
        show(memory.copies),
    ];
    row.extend(numbers.map(Cell::from));
    row.push(errors(now.errors()));
    row.push(now.in_flight.into());
    row.push(chart_of(latency).into());
    row
}

/// `8µs ▁▄█ ▂ 256µs  half <64µs, 99% <128µs`.
fn chart_of(latency: &[u64]) -> String {
    let bars = chart::bars(latency);
    let (half, most) = (
        chart::percentile(latency, 50),
        chart::percentile(latency, 99),
    );
    match (bars, half, most) {
        (Some(bars), Some(half), Some(most)) => format!("{bars}  50% {half}, 99% {most}"),
        _ => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::samples::{disk, refused, stats as sample};
    use super::*;

    const PLAIN: Style = Style {
        is_terminal: false,
        is_coloured: false,
    };

    fn used() -> Device {
        Device {
            stats: Some(sample()),
            ..disk()
        }
    }

    #[test]
    fn a_list_is_aligned() {
        let text = list(&[disk(), refused()], PLAIN);

        assert_eq!(
            text,
            "\
DOM  GUEST  DEVICE             TYPE        STATE      MODE     PID  SOURCE
  3  web    virtio_disk/51712  block xvda  connected  grants  4711  /srv/web.img
  3  web    virtio/0           -           refused    -          -  the configuration has no [[i2c]] for device 0 of guest \"web\"
"
        );
    }

    #[test]
    fn colours_change_nothing_else() {
        let style = Style {
            is_terminal: true,
            is_coloured: true,
        };

        let mut text = list(&[disk(), refused()], style);
        assert!(text.contains("\x1b[32mconnected\x1b[0m"), "{text}");
        for code in [BOLD, RED, GREEN] {
            text = text.replace(&format!("\x1b[{code}m"), "");
        }

        assert_eq!(
            text.replace("\x1b[0m", ""),
            list(&[disk(), refused()], PLAIN)
        );
    }

    #[test]
    fn numbers_stand_under_their_names() {
        let text = stats(&[used()], PLAIN);

        assert_eq!(
            text,
            "\
DOM  GUEST  DEVICE             REQUESTS  FROM GUEST  TO GUEST  KICKS  INTERRUPTS  MAPS  COPIES  ERRORS  IN FLIGHT  LATENCY
  3  web    virtio_disk/51712      1000     1048576   4194304    790         760    11    1600       3          4  16µs ▁█▇▂ 256µs  50% <64µs, 99% <256µs
"
        );
    }

    #[test]
    fn rates_are_what_was_done_in_a_second() {
        let mut later = used();
        let stats = later.stats.as_mut().unwrap();
        (stats.requests, stats.latency[7]) = (3000, 600);

        let text = rates(&[later], &[used()], Duration::from_secs(2), PLAIN);

        assert!(text.contains("  1000/s  "), "{text}");
        assert!(text.contains("  64µs █ 128µs  50% <128µs"), "{text}");
    }

    #[test]
    fn what_has_no_numbers_says_why() {
        let silent = Device {
            silent: true,
            ..disk()
        };

        let text = stats(&[silent, refused()], PLAIN);

        assert!(text.contains("its process does not answer"), "{text}");
        assert!(
            text.lines().any(|line| line.ends_with("  refused")),
            "{text}"
        );
    }
}
