// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The chart: a group of bars for each case, on a logarithmic scale.

use std::fmt::Write;

use super::{CASES, DOM0, FOREIGN, GRANTS, PCI_FOREIGN, PCI_GRANTS, PV};
use crate::bench::figures::Figures;

/// Who, how it is called, and in which colour.
const PEERS: &[(&str, &str, &str)] = &[
    (DOM0, "dom0, no guest", "#9a9a9a"),
    (PV, "Xen PV disk", "#d98f2b"),
    (GRANTS, "ours, grants", "#2a6fb0"),
    (FOREIGN, "ours, foreign", "#7fb3dd"),
    (PCI_GRANTS, "ours on PCI, grants", "#2b8a4b"),
    (PCI_FOREIGN, "ours on PCI, foreign", "#86c79a"),
];

const WIDTH: f64 = 760.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 64.0;
const BAR: f64 = 13.0;
const GAP: f64 = 12.0;

/// The ends of the scale, in powers of ten.
const FIRST: f64 = 2.0;
const LAST: f64 = 7.0;

/// Where a number of instructions is.
fn x(instructions: f64) -> f64 {
    let share = (instructions.max(1.0).log10() - FIRST) / (LAST - FIRST);
    LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

/// A number as people say it.
fn label(instructions: f64) -> String {
    match instructions {
        few if few < 9_950.0 => format!("{:.1} k", few / 1e3),
        some if some < 999_500.0 => format!("{:.0} k", some / 1e3),
        many => format!("{:.2} M", many / 1e6),
    }
}

/// Draws the chart as SVG.
pub(super) fn draw(figures: &Figures) -> String {
    let mut body = String::new();
    let mut y = TOP;
    for case in CASES {
        let start = y;
        for (peer, _, colour) in PEERS {
            let Some(number) = case.instructions(figures, peer) else {
                continue;
            };
            let (end, middle) = (x(number), y + BAR - 3.0);
            let _ = writeln!(
                body,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{middle}\">{}</text>",
                end - LEFT,
                BAR - 2.0,
                end + 5.0,
                label(number)
            );
            if let Some(most) = case.target(peer) {
                let at = x(most);
                let _ = writeln!(
                    body,
                    "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#b00020\" stroke-width=\"1.5\"/>",
                    y - 1.0,
                    y + BAR - 1.0
                );
            }
            y += BAR;
        }
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            f64::midpoint(start, y) + 3.0,
            case.title
        );
        y += GAP;
    }
    format!("{}{}{body}</svg>\n", head(y + 24.0), scale(y))
}

/// The beginning, with the title and the legend.
fn head(height: f64) -> String {
    let mut head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->\n\
         <!-- Written by `cargo xtask bench guest`. -->\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"20\" font-size=\"14\">Instructions for each request, of guest, Xen and dom0 together</text>\n"
    );
    let mut at = 12.0;
    for (_, name, colour) in PEERS {
        let _ = writeln!(
            head,
            "<rect x=\"{at}\" y=\"34\" width=\"11\" height=\"11\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"44\">{name}</text>",
            at + 16.0
        );
        at += 112.0;
    }
    let _ = writeln!(
        head,
        "<line x1=\"{at}\" x2=\"{at}\" y1=\"33\" y2=\"47\" stroke=\"#b00020\" stroke-width=\"1.5\"/>\
         <text x=\"{}\" y=\"44\">target</text>",
        at + 6.0
    );
    head
}

/// The lines of the powers of ten.
fn scale(bottom: f64) -> String {
    let mut scale = String::new();
    for (number, name) in [
        (1e2, "100"),
        (1e3, "1 k"),
        (1e4, "10 k"),
        (1e5, "100 k"),
        (1e6, "1 M"),
        (1e7, "10 M"),
    ] {
        let at = x(number);
        let _ = writeln!(
            scale,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{bottom}\" stroke=\"#dddddd\"/>\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555555\">{name}</text>",
            TOP - 6.0,
            bottom + 14.0
        );
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_ten_is_a_fifth_of_the_scale() {
        let step = (WIDTH - LEFT - RIGHT) / 5.0;
        assert!((x(1e4) - x(1e3) - step).abs() < 1e-6);
    }

    #[test]
    fn what_was_measured_has_a_bar_and_what_was_not_has_none() {
        let figures = Figures::read(&["grants depth-1-median 400 us".to_owned()]);
        let chart = draw(&figures);
        assert!(chart.contains("100 k</text>\n"));
        assert_eq!(chart.matches("height=\"11\" fill=\"#2a6fb0\"").count(), 2);
        assert_eq!(chart.matches("height=\"11\" fill=\"#d98f2b\"").count(), 1);
    }
}
