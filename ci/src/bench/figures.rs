// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the programs measured: their lines, `NAME WHAT NUMBER UNIT`, as a table.

use std::{cmp::Ordering, collections::BTreeMap};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    title: &'static str,
    ours: &'static str,
    theirs: &'static str,
    target: Option<Target>,
}

/// What is asked of a row.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// A ratio of ours to theirs, or more.
    AtLeast(f64),
    /// A ratio of ours to theirs, or less.
    AtMost(f64),
    /// That there is none of ours, whatever there is of theirs.
    None,
}

impl Target {
    /// How it is printed, and whether it is met.
    fn judge(self, ours: Option<f64>, ratio: Option<f64>) -> String {
        let (wish, met) = match self {
            Self::AtLeast(least) => (format!("{least:.2}"), ratio.map(|ratio| ratio >= least)),
            Self::AtMost(most) => (format!("{most:.2}"), ratio.map(|ratio| ratio <= most)),
            Self::None => ("none".into(), ours.map(|ours| ours == 0.0)),
        };
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "?",
        };
        format!("  {wish} {verdict}")
    }
}

impl Row {
    /// Compares what is named `ours` in our lines with what is named `theirs` in theirs.
    pub const fn new(title: &'static str, ours: &'static str, theirs: &'static str) -> Self {
        Self {
            title,
            ours,
            theirs,
            target: None,
        }
    }

    /// Asks for a ratio.
    pub const fn at_least(mut self, target: f64) -> Self {
        self.target = Some(Target::AtLeast(target));
        self
    }

    /// Asks for a ratio that is not exceeded.
    pub const fn at_most(mut self, target: f64) -> Self {
        self.target = Some(Target::AtMost(target));
        self
    }

    /// Asks for nothing at all.
    pub const fn none(mut self) -> Self {
        self.target = Some(Target::None);
        self
    }

    fn print(&self, ours: Option<f64>, theirs: Option<f64>) -> String {
        let ratio = ours
            .zip(theirs)
            .filter(|(_, theirs)| *theirs != 0.0)
            .map(|(ours, theirs)| round(ours / theirs, 100.0));
        let target = self.target.map(|target| target.judge(ours, ratio));
        let show = |number: Option<f64>, digits| {
            number.map_or_else(|| "?".into(), |number| format!("{number:.digits$}"))
        };
        format!(
            "{:46} {:>10} {:>11} {:>6}{}\n",
            self.title,
            show(ours, 1),
            show(theirs, 1),
            show(ratio, 2),
            target.unwrap_or_default()
        )
    }
}

/// All figures of all runs.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<(String, String), Vec<f64>>);

impl Figures {
    /// Takes the figures from what a script has printed.
    pub fn read(lines: &[String]) -> Self {
        let mut figures = Self::default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, what, number, _unit] = words[..] else {
                continue;
            };
            if let Ok(number) = number.parse() {
                let key = (name.to_owned(), what.to_owned());
                figures.0.entry(key).or_default().push(number);
            }
        }
        figures
    }

    /// Has `name` stand for the one of `names` whose `measure` is the highest, in all figures that begin
    /// with `case`.
    pub fn best(&mut self, name: &str, names: &[&str], case: &str, measure: &str) {
        let median = |name: &&str| self.median(name, measure);
        let found = names.iter().filter(|name| median(name).is_some());
        let best =
            found.max_by(|a, b| median(a).partial_cmp(&median(b)).unwrap_or(Ordering::Equal));
        let is_of_case = |what: &str| {
            what.strip_prefix(case)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        let figures = self
            .0
            .iter()
            .filter(|((of, what), _)| Some(&&**of) == best && is_of_case(what));
        let figures: Vec<_> = figures
            .map(|((_, what), numbers)| ((name.to_owned(), what.clone()), numbers.clone()))
            .collect();
        self.0.extend(figures);
    }

    /// A table of `rows` for the programs `ours` and `theirs`.
    pub fn table(&self, rows: &[Row], ours: &str, theirs: &str) -> String {
        let mut table = format!("{:46} {ours:>10} {theirs:>11} {:>6}  target\n", "", "ratio");
        for row in rows {
            table += &row.print(self.median(ours, row.ours), self.median(theirs, row.theirs));
        }
        table
    }

    /// Whether there is something for every place of the table.
    pub fn are_complete(&self, rows: &[Row], ours: &str, theirs: &str) -> bool {
        let is_there = |name, what| self.median(name, what).is_some();
        rows.iter()
            .all(|row| is_there(ours, row.ours) && is_there(theirs, row.theirs))
    }

    /// The median of all there is of `what` of `name`.
    pub fn median(&self, name: &str, what: &str) -> Option<f64> {
        let mut numbers = self.0.get(&(name.to_owned(), what.to_owned()))?.clone();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied()
    }
}

/// As it is printed, so that no row says `1.00`, and that 1.00 was missed.
fn round(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &[Row] = &[Row::new("reads", "a", "b").at_least(2.0)];

    fn figures(lines: &[&str]) -> Figures {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        Figures::read(&lines)
    }

    #[test]
    fn a_row_has_the_medians_and_their_ratio() {
        let figures = figures(&[
            "x a 9 u",
            "x a 4 u",
            "x a 1 u",
            "y b 2 u",
            "a line of others",
        ]);
        let table = figures.table(ROWS, "x", "y");
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["reads", "4.0", "2.0", "2.00", "2.00", "met"]);
    }

    #[test]
    fn a_target_is_missed_below_it() {
        let table = figures(&["x a 3.9 u", "y b 2 u"]).table(ROWS, "x", "y");
        assert!(table.contains("1.95  2.00 missed"), "{table}");
    }

    #[test]
    fn a_ratio_that_is_not_to_be_exceeded_is_met_at_its_limit() {
        const AT_MOST: &[Row] = &[Row::new("calls", "a", "a").at_most(1.05)];
        let at = |ours: &str| figures(&[ours, "y a 100 u"]).table(AT_MOST, "x", "y");
        assert!(at("x a 105 u").contains("1.05  1.05 met"));
        assert!(at("x a 106 u").contains("1.06  1.05 missed"));
    }

    #[test]
    fn one_of_what_there_should_be_none_is_missed() {
        const NONE: &[Row] = &[Row::new("allocations", "a", "a").none()];
        let table = |ours: &str| figures(&[ours, "y a 0 u"]).table(NONE, "x", "y");
        assert!(table("x a 0.0 u").contains("none met"));
        assert!(table("x a 0.02 u").contains("none missed"));
    }

    #[test]
    fn the_best_one_stands_for_all_in_its_case() {
        let mut figures = figures(&["x a-n 4 u", "y a-n 5 u", "y a-cpu 9 u", "y ab-n 7 u"]);
        figures.best("best", &["x", "y", "z"], "a", "a-n");
        assert_eq!(figures.median("best", "a-n"), Some(5.0));
        assert_eq!(figures.median("best", "a-cpu"), Some(9.0));
        assert_eq!(figures.median("best", "ab-n"), None);
    }

    #[test]
    fn a_figure_that_is_not_there_is_a_question() {
        let figures = figures(&["x a 3.9 u"]);
        assert!(!figures.are_complete(ROWS, "x", "y"));
        assert!(figures.table(ROWS, "x", "y").contains("?      ?"));
    }
}
