// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Counting tests.

use std::{fmt, ops::AddAssign};

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// They did what they should.
    pub passed: u64,
    /// They did not.
    pub failed: u64,
    /// They were not run.
    pub skipped: u64,
}

impl Tally {
    /// One test that passed.
    pub const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    /// One test that failed.
    pub const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    /// One test that was not run.
    pub const SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };

    /// What a line `test result: ...` of Rust's test harness says.
    pub fn of_result_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut tally = Self::default();
        for part in counts.split("; ") {
            let (number, what) = part.split_once(' ')?;
            let place = match what {
                "passed" => &mut tally.passed,
                "failed" => &mut tally.failed,
                "ignored" => &mut tally.skipped,
                _ => continue,
            };
            *place = number.parse().ok()?;
        }
        Some(tally)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_read() {
        let line = "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; \
            4 filtered out; finished in 0.01s";
        let expected = Tally {
            passed: 12,
            failed: 1,
            skipped: 3,
        };
        assert_eq!(Tally::of_result_line(line), Some(expected));
    }

    #[test]
    fn another_line_is_not() {
        assert_eq!(Tally::of_result_line("test tests::a ... ok"), None);
    }

    #[test]
    fn the_sum_is_printed_plainly() {
        let mut tally = Tally::PASSED;
        tally += Tally::PASSED;
        tally += Tally::SKIPPED;
        assert_eq!(tally.to_string(), "2 passed, 0 failed, 1 skipped");
    }
}
