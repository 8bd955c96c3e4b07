// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A histogram of latencies in a line of text.

/// Bars from nothing to all.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The bars between the first and the last class that has requests, with the bounds at both ends;
/// nothing if there are no requests.
pub fn bars(latency: &[u64]) -> Option<String> {
    let first = latency.iter().position(|count| *count > 0)?;
    let last = latency.iter().rposition(|count| *count > 0)?;
    let most = *latency.iter().max()?;
    let bars: String = latency[first..=last]
        .iter()
        .map(|count| bar(*count, most))
        .collect();
    let from = match first {
        0 => "0".into(),
        first => bound(first - 1),
    };
    let to = match last + 1 == latency.len() {
        true => "..".into(),
        false => bound(last),
    };
    Some(format!("{from} {bars} {to}"))
}

/// A bar of an eighth for each eighth of the most, at least one for anything.
fn bar(count: u64, most: u64) -> char {
    let eighths = u128::from(count) * 8;
    let height = eighths.div_ceil(u128::from(most.max(1)));
    usize::try_from(height)
        .ok()
        .and_then(|height| BARS.get(height))
        .copied()
        .unwrap_or('█')
}

/// Below which latency `percent` of the requests were; `None` without requests.
pub fn percentile(latency: &[u64], percent: u64) -> Option<String> {
    let total: u128 = latency.iter().copied().map(u128::from).sum();
    let wanted = (total * u128::from(percent)).div_ceil(100).max(1);
    let mut seen = 0;
    let class = latency.iter().position(|count| {
        seen += u128::from(*count);
        seen >= wanted
    })?;
    Some(match class + 1 == latency.len() {
        true => format!(">{}", bound(class - 1)),
        false => format!("<{}", bound(class)),
    })
}

/// The upper bound of a class: 2^n µs in the unit that suits it.
fn bound(class: usize) -> String {
    match class {
        0..10 => format!("{}µs", 1_u64 << class),
        10..20 => format!("{}ms", 1_u64 << (class - 10)),
        _ => format!("{}s", 1_u64 << class.min(63).saturating_sub(20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(classes: &[(usize, u64)]) -> Vec<u64> {
        let mut latency = vec![0; backends::LATENCIES];
        for (class, count) in classes {
            latency[*class] = *count;
        }
        latency
    }

    #[test]
    fn bars_are_as_high_as_they_are_many() {
        let chart = bars(&latency(&[(4, 1), (5, 500), (6, 1000), (8, 250)]));

        assert_eq!(chart.unwrap(), "8µs ▁▄█ ▂ 256µs");
    }

    #[test]
    fn ends_are_open_where_nothing_bounds_them() {
        assert_eq!(bars(&latency(&[(0, 3)])).unwrap(), "0 █ 1µs");
        assert_eq!(bars(&latency(&[(23, 3)])).unwrap(), "4s █ ..");
        assert_eq!(bars(&latency(&[(12, 3)])).unwrap(), "2ms █ 4ms");
        assert_eq!(bars(&latency(&[])), None);
    }

    #[test]
    fn percentiles_are_bounds_of_classes() {
        let latency = latency(&[(3, 50), (5, 49), (23, 1)]);

        assert_eq!(percentile(&latency, 50).unwrap(), "<8µs");
        assert_eq!(percentile(&latency, 99).unwrap(), "<32µs");
        assert_eq!(percentile(&latency, 100).unwrap(), ">4s");
        assert_eq!(percentile(&[0; 24], 50), None);
    }
}
