// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A time to come at which a device has something to do.

use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use vmm_sys_util::timerfd::TimerFd;

use crate::error::Error;

/// A timer for [`Device::events`](crate::Device::events), and the time that it is set to.
#[derive(Debug)]
pub(crate) struct Alarm {
    due: Option<Instant>,
    timer: TimerFd,
}

impl Alarm {
    /// One that is not set.
    pub(crate) fn new() -> Result<Self, Error> {
        let timer = TimerFd::new().map_err(|errno| Error::Timer {
            source: errno.into(),
        })?;
        Ok(Self { due: None, timer })
    }

    /// Goes off in so long, which is not 0, instead of when it was to.
    pub(crate) fn set(&mut self, wait: Duration) {
        // First the time, then the timer: it must not fire before the time.
        self.due = Some(Instant::now() + wait);
        if let Err(error) = self.timer.reset(wait, None) {
            log::error!("cannot set a timer: {error}");
        }
    }

    /// Whether its time has come.
    pub(crate) fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }
}

/// The timer.
impl AsRawFd for Alarm {
    fn as_raw_fd(&self) -> RawFd {
        self.timer.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_when_the_timer_has_fired() {
        let mut alarm = Alarm::new().unwrap();
        let before = alarm.is_due();

        alarm.set(Duration::from_millis(1));
        assert_eq!(alarm.timer.wait().unwrap(), 1);

        assert!(!before && alarm.is_due());
    }

    #[test]
    fn it_is_not_due_before() {
        let mut alarm = Alarm::new().unwrap();

        alarm.set(Duration::from_secs(3600));

        assert!(!alarm.is_due());
        assert!(alarm.timer.is_armed().unwrap());
    }
}
