// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The time that a process has had on a processor.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::Result;

/// Nanoseconds, by thread.
pub type Times = BTreeMap<String, u64>;

/// What each thread has had so far, those of the kernel that work for the process included.
pub fn times(pid: u32) -> Result<Times> {
    let mut times = Times::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        // A thread may have ended meanwhile.
        let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else {
            continue;
        };
        let first = text.split(' ').next().unwrap_or_default();
        let name = entry.file_name().to_string_lossy().into_owned();
        times.insert(name, first.parse()?);
    }
    Ok(times)
}

/// What the threads of `after` have had since `before`. Those that have ended had waited for seconds.
pub fn since(before: &Times, after: &Times) -> Duration {
    let more = |(thread, time): (&String, &u64)| {
        let earlier = before.get(thread).copied().unwrap_or(0);
        time.saturating_sub(earlier)
    };
    Duration::from_nanos(after.iter().map(more).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_since_they_are_there() {
        let times = |pairs: &[(&str, u64)]| -> Times {
            let pairs = pairs.iter().map(|(name, time)| ((*name).to_owned(), *time));
            pairs.collect()
        };
        let before = times(&[("1", 5), ("2", 7)]);
        let after = times(&[("1", 8), ("3", 10)]);
        assert_eq!(since(&before, &after), Duration::from_nanos(13));
    }

    #[test]
    fn this_process_has_had_time() {
        let pid = std::process::id();
        let before = Times::new();
        assert_ne!(since(&before, &times(pid).unwrap()), Duration::ZERO);
    }
}
