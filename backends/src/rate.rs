// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A rate that something is given at, and a timer for who has to wait.

use std::num::NonZeroU32;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use vmm_sys_util::timerfd::TimerFd;

use crate::error::Error;

/// How often a rate is counted in a second.
const PERIODS: u32 = 10;

/// So much in a second, in tenths of it. What is not taken in a tenth is lost.
#[derive(Debug)]
pub(crate) struct Rate {
    /// In a period.
    most: usize,
    /// Of that.
    left: usize,
    /// When the next period begins.
    next: Instant,
    timer: TimerFd,
}

impl Rate {
    pub(crate) fn new(in_a_second: NonZeroU32) -> Result<Self, Error> {
        let timer = TimerFd::new().map_err(|errno| Error::Timer {
            source: errno.into(),
        })?;
        let most = in_a_second.get().div_ceil(PERIODS);
        Ok(Self {
            most: usize::try_from(most).unwrap_or(usize::MAX),
            left: 0,
            next: Instant::now(),
            timer,
        })
    }

    /// Takes up to `wanted`, which is not 0, of what is left. If that is nothing, the timer says
    /// when there is more.
    pub(crate) fn take(&mut self, wanted: usize) -> usize {
        self.take_at(Instant::now(), wanted)
    }

    fn take_at(&mut self, now: Instant, wanted: usize) -> usize {
        let wait = self.next.saturating_duration_since(now);
        if wait.is_zero() {
            self.left = self.most;
            self.next = now + Duration::from_secs(1) / PERIODS;
        }
        let taken = wanted.min(self.left);
        self.left -= taken;
        if taken == 0
            && let Err(error) = self.timer.reset(wait, None)
        {
            log::error!("cannot set a timer: {error}");
        }
        taken
    }
}

/// The timer.
impl AsRawFd for Rate {
    fn as_raw_fd(&self) -> RawFd {
        self.timer.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_given_than_the_period_has_left() {
        let mut rate = Rate::new(NonZeroU32::new(1000).unwrap()).unwrap();
        let start = Instant::now();
        let period = Duration::from_millis(100);

        let first = [60, 60, 60].map(|wanted| rate.take_at(start, wanted));
        let waits = rate.timer.is_armed().unwrap();
        let second = [90, 90].map(|wanted| rate.take_at(start + period, wanted));

        assert_eq!((first, waits), ([60, 40, 0], true));
        assert_eq!(second, [90, 10]);
    }

    #[test]
    fn the_slowest_rate_gives_something() {
        let mut rate = Rate::new(NonZeroU32::MIN).unwrap();

        assert_eq!(rate.take_at(Instant::now(), 8), 1);
    }
}
