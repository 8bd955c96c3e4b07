// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The table and the chart in `docs/`.

use std::fmt::Write;

use super::{ALL, CASES, Measured, OURS, PCI_GRANTS, PV, chart};
use crate::{bench::figures::Figures, error::Error};

const PAGE: &str = "docs/bench-guest.md";
const CHART: &str = "docs/bench-guest.svg";

/// What is above it is made; what is below it is kept.
const MARK: &str =
    "<!-- What is above was written by `cargo xtask bench guest`, what is below by hand. -->\n";

const HEAD: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
# What guests' requests cost

On arm64, in the lab: Xen 4.20 with its debug checks, Linux 6.12 in dom0 and in guests, an emulated machine.
`dom0` is the same program in dom0, without a guest. `PV` is Xen's own disk: blkfront, blkback and a
loop device. `grants` and `foreign` are vhost-device-xen, which reaches the guest's memory by grants or by
foreign mappings, with virtio-mmio; `pci-grants` and `pci-foreign` the same with virtio-pci and MSI-X. All use the same file on tmpfs, past the guest's page cache (`O_DIRECT`), and one queue; entropy
comes from the kernel, the I2C chip is Linux's i2c-stub.

The command that measures this and writes this page, the chart and the figures that `--check` compares with:

```sh
cargo xtask bench guest
```

![Instructions for each request](bench-guest.svg)
";

const COUNTED: &str = "
## Instructions

By a clock that counts instructions, of the guest, Xen and dom0 together, on one CPU; in thousands, for each
request. It repeats on a busy machine, and knows nothing of caches. One at a time: the median; otherwise the
whole time by the number of requests. Where there is a target, it stands behind the figure.

";

const DETAILS: &str = "
## Exits, interrupts and system calls

For each request, in the same boot. Exits are accesses to the device's registers, which the guest process answers: what dom0
counts as its events. For PV it is the notifications that reach blkback. Interrupts are the guest's own count. System calls are the guest process's by
`strace -f -c`, in a second run of each case. strace makes the process slower, which changes how many requests share
an interrupt: `interrupts, traced` is what it was then.

";

const REAL: &str = "
## Real time

Microseconds for each request, medians of 3 rounds; `by PV` is `pci-grants` by PV, the ratio of what is done in the same time.
The first table is of a boot with one CPU, the second of one with two, one for dom0 and one for the guest. This emulator translates code and empties its
TLB at each switch between domains, so only ratios within a boot mean anything, and those only roughly.

";

/// Writes both.
///
/// # Errors
///
/// [`Error::Path`].
pub(super) fn write(measured: &Measured) -> Result<(), Error> {
    let old = super::read(PAGE).unwrap_or_default();
    let kept = old.split_once(MARK).map_or("", |(_, kept)| kept);
    let page = format!("{HEAD}{}\n{MARK}{kept}", tables(measured));
    super::write(PAGE, &page)?;
    super::write(CHART, &chart::draw(&measured.counted))
}

/// All tables.
pub(super) fn tables(measured: &Measured) -> String {
    let Measured {
        counted,
        real,
        pinned,
    } = measured;
    [
        COUNTED,
        &instructions(counted),
        DETAILS,
        &details(counted),
        REAL,
        &times(real),
        "\n",
        &times(pinned),
    ]
    .concat()
}

/// The head of a table with these columns.
pub(super) fn head(columns: &[&str]) -> String {
    let mut table = String::new();
    line(&mut table, columns);
    line(&mut table, &vec!["---"; columns.len()]);
    table
}

fn instructions(figures: &Figures) -> String {
    let mut table = head(&[&["request"], ALL].concat());
    for case in CASES {
        let cell = |peer: &&str| {
            let number = case.instructions(figures, peer);
            let verdict = number.zip(case.target(peer)).map(|(number, most)| {
                let verdict = if number <= most { "met" } else { "missed" };
                format!(" ({}: {verdict})", thousands(Some(most)))
            });
            thousands(number) + &verdict.unwrap_or_default()
        };
        let cells: Vec<String> = ALL.iter().map(cell).collect();
        let cells = cells.iter().map(String::as_str);
        line(
            &mut table,
            &[case.title].into_iter().chain(cells).collect::<Vec<_>>(),
        );
    }
    table
}

fn details(figures: &Figures) -> String {
    let mut table = "| request | by | exits | interrupts | system calls | interrupts, traced | most calls | |\n\
        |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for case in CASES {
        for peer in [&[PV], OURS].concat() {
            if peer == PV && !case.is_of_disks {
                continue;
            }
            let of = |what| plain(case.of(figures, peer, what));
            let calls = case.of(figures, peer, "calls");
            let verdict = match (calls, case.calls) {
                (Some(calls), Some(most)) if calls <= most => "met",
                (Some(_), Some(_)) => "missed",
                _ => "",
            };
            let most = case
                .calls
                .map_or_else(String::new, |most| format!("{most:.0}"));
            let (calls, traced) = match peer {
                PV => ("0, in the kernel".into(), String::new()),
                _ => (
                    plain(calls),
                    plain(figures.median(peer, &format!("traced-{}-interrupts", case.name))),
                ),
            };
            let most = if peer == PV { "" } else { &most };
            line(
                &mut table,
                &[
                    case.title,
                    peer,
                    &of("exits"),
                    &of("interrupts"),
                    &calls,
                    &traced,
                    most,
                    verdict,
                ],
            );
        }
    }
    table
}

fn times(figures: &Figures) -> String {
    let mut table = head(&[&["request"], ALL, &["by PV"]].concat());
    for case in CASES {
        let of = |peer: &str| figures.median(peer, &case.time());
        let mut cells: Vec<String> = ALL.iter().map(|peer| plain(of(peer))).collect();
        cells.push(ratio(of(PV), of(PCI_GRANTS)));
        let cells = cells.iter().map(String::as_str);
        line(
            &mut table,
            &[case.title].into_iter().chain(cells).collect::<Vec<_>>(),
        );
    }
    table
}

fn line(table: &mut String, cells: &[&str]) {
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

/// In thousands, with three digits or more.
pub(super) fn thousands(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| match number / 1000.0 {
        few if few < 100.0 => format!("{few:.1}"),
        many => format!("{many:.0}"),
    })
}

pub(super) fn plain(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| match number {
        few if few < 10.0 => format!("{few:.2}"),
        some if some < 100.0 => format!("{some:.1}"),
        many => format!("{many:.0}"),
    })
}

pub(super) fn ratio(one: Option<f64>, other: Option<f64>) -> String {
    let of = |(one, other): (f64, f64)| format!("{:.2}", one / other);
    one.zip(other).map_or_else(String::new, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(lines: &[&str]) -> Figures {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        Figures::read(&lines)
    }

    #[test]
    fn a_target_is_met_or_missed_with_grants() {
        let table = |us: &str| instructions(&figures(&[&format!("grants depth-1-median {us} us")]));
        assert!(table("400").contains("|  |  | 100 (100: met) |  |  |  |"));
        assert!(table("401").contains("| 100 (100: missed) |"));
    }

    #[test]
    fn too_many_system_calls_are_a_miss() {
        let table = details(&figures(&["grants depth-32-calls 1.5 calls"]));
        assert!(
            table.contains(
                "| 4 KiB random read, 32 at a time | grants |  |  | 1.50 |  | 1 | missed |"
            )
        );
    }

    #[test]
    fn what_was_not_measured_is_left_empty() {
        let none = figures(&[]);
        assert!(times(&none).contains("| I2C byte read |  |  |  |"));
    }
}
