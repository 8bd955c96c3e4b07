// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A rate that something is given at.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// So much in each period. What is not taken in one is lost.
#[derive(Debug)]
pub(crate) struct Budget {
    /// In a period.
    most: usize,
    period: Duration,
    /// Of this period.
    left: usize,
    /// When the next one begins; at once, if there was none.
    next: Option<Instant>,
}

impl Budget {
    /// Nothing taken yet.
    pub(crate) const fn new(most: usize, period: Duration) -> Self {
        Self {
            most,
            period,
            left: 0,
            next: None,
        }
    }

    /// So much in a second, given in tenths.
    pub(crate) fn in_a_second(most: NonZeroU32) -> Self {
        let most = usize::try_from(most.get().div_ceil(10)).unwrap_or(usize::MAX);
        Self::new(most, Duration::from_millis(100))
    }

    /// Takes up to `wanted` of what is left at `now`.
    pub(crate) fn take(&mut self, now: Instant, wanted: usize) -> usize {
        if self.next.is_none_or(|next| next <= now) {
            self.left = self.most;
            self.next = Some(now + self.period);
        }
        let taken = wanted.min(self.left);
        self.left -= taken;
        taken
    }

    /// How long it takes until there is more, if nothing was left at `now`.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        let next = self.next.unwrap_or(now);
        next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(100);

    #[test]
    fn no_more_is_given_than_the_period_has_left() {
        let mut budget = Budget::new(100, PERIOD);
        let start = Instant::now();

        let first = [60, 60, 60].map(|wanted| budget.take(start, wanted));
        let wait = budget.wait(start);
        let second = [90, 90].map(|wanted| budget.take(start + PERIOD, wanted));

        assert_eq!((first, wait), ([60, 40, 0], PERIOD));
        assert_eq!(second, [90, 10]);
    }

    #[test]
    fn a_period_begins_with_what_is_taken_and_not_with_the_one_before() {
        let mut budget = Budget::new(1, PERIOD);
        let start = Instant::now();
        budget.take(start, 1);

        assert_eq!(budget.take(start + PERIOD * 5 / 2, 1), 1);

        assert_eq!(budget.wait(start + PERIOD * 3), PERIOD / 2);
    }
}
