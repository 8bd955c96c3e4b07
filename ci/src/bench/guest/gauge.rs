// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The gauge: what was counted when it was last written, and how much more is worse.

use super::{CASES, Case, OURS};
use crate::{bench::figures::Figures, error::Error};

/// The file with the figures.
pub(super) const FILE: &str = "ci/figures/guest.txt";

const HEAD: &str = "\
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What a guest's request costs, by a clock that counts instructions of guest, Xen and dom0 together.
# `cargo xtask bench guest` writes this file, `cargo xtask bench guest --check` compares with it.
# peer, case, what there is of it for a request, how much, and by how many percent more is worse
";

/// What is held to the file of each case: everything that repeats.
const HELD: &[&str] = &["instructions", "exits", "interrupts", "calls"];

/// So much more is nothing, of whatever: what the guest does besides may raise an interrupt or two.
const SLACK: f64 = 0.02;

/// A line of the file.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    peer: String,
    case: String,
    what: String,
    number: f64,
    /// In percent.
    tolerance: f64,
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [peer, case, what, number, tolerance] = words[..] else {
            return None;
        };
        Some(Self {
            peer: peer.into(),
            case: case.into(),
            what: what.into(),
            number: number.parse().ok()?,
            tolerance: tolerance.parse().ok()?,
        })
    }

    fn print(&self) -> String {
        let Self {
            peer,
            case,
            what,
            number,
            tolerance,
        } = self;
        let digits = if what == HELD[0] { 0 } else { 3 };
        format!("{peer} {case} {what} {number:.digits$} {tolerance}\n")
    }

    /// What there is of it now.
    fn now(&self, figures: &Figures) -> Option<f64> {
        let case = CASES.iter().find(|case| case.name == self.case)?;
        figure(figures, &self.peer, case, &self.what)
    }

    /// Compares with what there is now.
    fn judge(&self, now: Option<f64>) -> Verdict {
        let Some(now) = now else {
            return Verdict::Missing;
        };
        let margin = self.number * self.tolerance / 100.0 + SLACK;
        match now - self.number {
            more if more > margin => Verdict::Worse,
            more if more < -margin => Verdict::Better,
            _ => Verdict::Same,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Same,
    Better,
    Worse,
    Missing,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Better => "better: write the file anew",
            Self::Worse => "WORSE",
            Self::Missing => "MISSING",
        }
    }
}

fn figure(figures: &Figures, peer: &str, case: &Case, what: &str) -> Option<f64> {
    match what {
        "instructions" => case.instructions(figures, peer),
        _ => case.of(figures, peer, what),
    }
}

/// How much more is worse, in percent. Where several requests are under way, who runs when decides how many
/// of them share an interrupt; and where one takes long, whether the driver has to notify of the next. What else
/// the guest does falls into the few register reads.
fn tolerance(case: &Case, what: &str) -> f64 {
    match (case.name, what) {
        ("depth-32", "instructions") => 6.0,
        (_, "instructions") => 4.0,
        ("read-mib" | "write-mib", "exits" | "calls") => 200.0,
        ("depth-32", _) => 25.0,
        ("register", _) => 15.0,
        _ => 5.0,
    }
}

/// Writes the file anew.
///
/// # Errors
///
/// [`Error::Path`].
pub(super) fn write(figures: &Figures) -> Result<(), Error> {
    let mut text = HEAD.to_owned();
    for peer in OURS {
        for case in CASES {
            for what in HELD {
                let Some(number) = figure(figures, peer, case, what) else {
                    continue;
                };
                let entry = Entry {
                    peer: (*peer).into(),
                    case: case.name.into(),
                    what: (*what).into(),
                    number,
                    tolerance: tolerance(case, what),
                };
                text += &entry.print();
            }
        }
    }
    super::write(FILE, &text)
}

/// Compares with the file: whether nothing is worse or missing.
///
/// # Errors
///
/// [`Error::Path`] if there is no file.
pub(super) fn compare(figures: &Figures) -> Result<bool, Error> {
    let text = super::read(FILE)?;
    let entries: Vec<Entry> = text.lines().filter_map(Entry::parse).collect();
    let mut all_well = !entries.is_empty();
    println!("\n{:34} {:>10} {:>10}", "for each request", "was", "is");
    for entry in &entries {
        let now = entry.now(figures);
        let verdict = entry.judge(now);
        all_well &= matches!(verdict, Verdict::Same | Verdict::Better);
        let name = format!("{} {} {}", entry.peer, entry.case, entry.what);
        let now = now.map_or_else(|| "?".into(), |now| format!("{now:.2}"));
        let (was, note) = (entry.number, verdict.text());
        println!("{name:34} {was:>10.2} {now:>10} {note}");
    }
    if !all_well {
        println!("!! worse than {FILE} says, beyond its tolerance");
    }
    Ok(all_well)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::parse("grants depth-1 instructions 1000 5").unwrap()
    }

    fn figures(us: &str) -> Figures {
        Figures::read(&[format!("grants depth-1-median {us} us")])
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        assert_eq!(Entry::parse(&entry().print()), Some(entry()));
    }

    #[test]
    fn the_head_of_the_file_has_no_figures() {
        assert_eq!(HEAD.lines().find_map(Entry::parse), None);
    }

    #[test]
    fn microseconds_are_instructions() {
        assert_eq!(entry().now(&figures("4.0")), Some(1000.0));
    }

    #[test]
    fn more_than_the_tolerance_is_worse() {
        assert_eq!(entry().judge(Some(1050.0)), Verdict::Same);
        assert_eq!(entry().judge(Some(1051.0)), Verdict::Worse);
    }

    #[test]
    fn a_single_interrupt_among_many_requests_is_not_worse() {
        let none = Entry::parse("grants register interrupts 0.000 5").unwrap();
        assert_eq!(none.judge(Some(0.01)), Verdict::Same);
        assert_eq!(none.judge(Some(0.1)), Verdict::Worse);
    }

    #[test]
    fn less_than_the_tolerance_is_better() {
        assert_eq!(entry().judge(Some(949.0)), Verdict::Better);
    }

    #[test]
    fn what_was_not_measured_is_missing() {
        assert_eq!(
            entry().judge(entry().now(&Figures::read(&[]))),
            Verdict::Missing
        );
    }

    #[test]
    fn every_line_of_the_file_names_something_that_is_measured() {
        let text = crate::bench::guest::read(FILE).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let known = |line: &&str| {
            let entry = Entry::parse(line).unwrap();
            CASES.iter().any(|case| case.name == entry.case)
                && OURS.contains(&&*entry.peer)
                && HELD.contains(&&*entry.what)
        };
        assert_eq!(lines.iter().filter(|line| known(line)).count(), lines.len());
        assert_eq!(lines.len(), OURS.len() * CASES.len() * HELD.len());
    }
}
