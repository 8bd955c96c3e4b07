// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Log lines that a guest can cause, limited per place in the source.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use crate::budget::Budget;
use crate::limits::{LOG_LINES, LOG_PERIOD_SECONDS};
pub use log::Level;

const PERIOD: Duration = Duration::from_secs(LOG_PERIOD_SECONDS);

/// Logs a warning that a guest can cause, after the name of the worker's thread, unless this place
/// in the source has said enough lately.
#[macro_export]
macro_rules! warn_limited {
    ($($arg:tt)+) => {
        $crate::log_limited!($crate::ratelimit::Level::Warn, $($arg)+)
    };
}

/// Logs something else that a guest can cause, at a level, as [`warn_limited!`] does.
///
/// # Example
///
/// ```
/// use backends::log_limited;
/// use backends::ratelimit::Level;
///
/// log_limited!(Level::Error, "the device panicked");
/// ```
#[macro_export]
macro_rules! log_limited {
    ($level:expr, $($arg:tt)+) => {{
        static LIMIT: $crate::ratelimit::RateLimit = $crate::ratelimit::RateLimit::new();
        if let Some(suppressed) = LIMIT.admit(::std::time::Instant::now()) {
            $crate::ratelimit::write($level, format_args!($($arg)+), suppressed);
        }
    }};
}

/// Logs what [`RateLimit`] has admitted.
pub fn write(level: Level, message: fmt::Arguments<'_>, suppressed: u64) {
    let thread = thread::current();
    let name = thread
        .name()
        .filter(|name| *name != "main")
        .map(|name| format!("{name}: "));
    let name = name.unwrap_or_default();
    match suppressed {
        0 => log::log!(level, "{name}{message}"),
        n => log::log!(level, "{name}{message} ({n} more not logged)"),
    }
}

/// Admits [`LOG_LINES`] in each period.
#[derive(Debug)]
pub struct RateLimit(Mutex<State>);

#[derive(Debug)]
struct State {
    lines: Budget,
    suppressed: u64,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::new()
    }
}

impl RateLimit {
    /// Nothing admitted yet.
    pub const fn new() -> Self {
        Self(Mutex::new(State {
            lines: Budget::new(LOG_LINES, PERIOD),
            suppressed: 0,
        }))
    }

    /// Whether a line may be written at `now`; if so, how many before it were not.
    pub fn admit(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.lines.take(now, 1) == 0 {
            state.suppressed = state.suppressed.saturating_add(1);
            return None;
        }
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_counted_and_reported_in_the_next_period() {
        let (limit, start) = (RateLimit::new(), Instant::now());

        let admitted = (0..LOG_LINES + 3)
            .filter(|_| limit.admit(start).is_some())
            .count();

        assert_eq!(admitted, LOG_LINES);
        assert_eq!(limit.admit(start + PERIOD), Some(3));
        assert_eq!(limit.admit(start + PERIOD), Some(0));
    }
}
