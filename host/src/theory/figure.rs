//! The picture: measured over predicted on the left, the collapse of equal step size / batch size on the right.

use std::fmt::Write;

use super::{Row, rate};
use crate::svg::{ACCENT, GREY, MARGIN, Page, RULE, WIDTH};

const TOP: f32 = 132.0;
const HEIGHT: f32 = 380.0;
const LEFT: [f32; 2] = [MARGIN + 40.0, 470.0];
const RIGHT: [f32; 2] = [560.0, WIDTH - MARGIN - 96.0];
/// The scale of the ratio, and that of step size / batch size.
const RATIO: [f64; 2] = [0.5, 1.5];
const QUOTIENT: [f64; 2] = [4e-4, 1.5e-2];

fn up(share: f64) -> f32 {
    TOP + HEIGHT * (1.0 - share.clamp(0.0, 1.0) as f32)
}

fn across([from, to]: [f32; 2], share: f64) -> f32 {
    from + (to - from) * share as f32
}

fn dashes(eta: f32) -> &'static str {
    match eta {
        0.0025 => "1 4",
        0.005 => "6 4",
        0.01 => "none",
        _ => "10 3 2 3",
    }
}

/// The picture of all cells without clipping.
pub(crate) fn svg(rows: &[Row]) -> String {
    let title = "How fast label noise empties irrelevant columns: measured, and by the formula";
    let guide = "Left, filled: step size up to 0.01 and batch 4 or more, where the formula is to hold within the \
                 band. Empty: outside. Right: trainings of equal step size / batch size fall together.";
    let mut page = Page::default();
    page.heading(title, guide);
    let shown: Vec<_> =
        rows.iter().filter(|row| row.cell.clip.is_none() && !row.courses.is_empty()).collect();
    let ratio = |value: f64| up((value - RATIO[0]) / (RATIO[1] - RATIO[0]));
    let place = |value: f64| across(LEFT, (value / QUOTIENT[0]).ln() / (QUOTIENT[1] / QUOTIENT[0]).ln());
    page.text(MARGIN, TOP - 14.0, 14.0, "Measured / predicted rate", "font-weight=\"700\"");
    page.rect(
        [LEFT[0], ratio(1.1), LEFT[1] - LEFT[0], ratio(0.9) - ratio(1.1)],
        "fill=\"#56b4e9\" fill-opacity=\"0.25\"",
    );
    for value in [0.6, 0.8, 1.0, 1.2, 1.4] {
        page.level(LEFT, ratio(value), &value.to_string());
    }
    for (value, name) in
        [(6.25e-4, "6.25e-4"), (1.25e-3, "1.25e-3"), (2.5e-3, "2.5e-3"), (5e-3, "5e-3"), (1e-2, "1e-2")]
    {
        page.under(place(value), name);
    }
    page.under_all(LEFT, "step size / batch size");
    // What lies beyond the scale is in the table.
    for row in shown.iter().filter(|row| (RATIO[0]..=RATIO[1]).contains(&row.ratio())) {
        let fill = if row.cell.is_stable() { ACCENT } else { "#ffffff" };
        // Side by side where step size / batch size is the same.
        let x = place(row.cell.quotient() * f64::from(row.cell.eta / 0.007).powf(0.12));
        let y = ratio(row.ratio());
        page.circle(x, y, 5.5, &format!("fill=\"{fill}\" stroke=\"{ACCENT}\" stroke-width=\"1.8\""));
    }

    page.text(RIGHT[0] - 40.0, TOP - 14.0, 14.0, "Irrelevant norm / its start", "font-weight=\"700\"");
    for value in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        page.level(RIGHT, up(value), &value.to_string());
    }
    for value in [0.0, 250.0, 500.0, 750.0, 1000.0] {
        page.under(across(RIGHT, value / 1000.0), &value.to_string());
    }
    page.under_all(RIGHT, "step size x updates");
    let groups = [(6.25e-4, "#0072b2"), (1.25e-3, "#009e73"), (2.5e-3, ACCENT)];
    for (quotient, colour) in groups {
        let of_group = |row: &&&Row| row.cell.quotient() == quotient && row.cell.is_linear();
        let mut end = f32::NAN;
        for row in shown.iter().filter(of_group) {
            let mut path = String::new();
            for point in 0..=rate::POINTS {
                let x = across(RIGHT, point as f64 / rate::POINTS as f64);
                let y = up(row.share(point));
                let _ = write!(path, "{}{x:.1} {y:.1}", if point == 0 { 'M' } else { 'L' });
                end = if end.is_nan() || point < rate::POINTS { y } else { end };
            }
            let dash = dashes(row.cell.eta);
            let _ = writeln!(
                page.body,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-dasharray=\"{dash}\"/>"
            );
        }
        if end.is_finite() {
            let more = format!("fill=\"{colour}\" font-weight=\"700\"");
            page.text(RIGHT[1] + 8.0, end + 4.0, 12.0, &format!("{quotient:e}"), &more);
        }
    }
    for (line, (eta, name)) in
        [(0.0025, "0.0025"), (0.005, "0.005"), (0.01, "0.01"), (0.02, "0.02")].into_iter().enumerate()
    {
        let y = up(0.02) - 18.0 * (3 - line) as f32;
        let more = format!("stroke=\"{GREY}\" stroke-width=\"1.8\" stroke-dasharray=\"{}\"", dashes(eta));
        page.straight([RIGHT[0] + 12.0, y - 4.0, RIGHT[0] + 52.0, y - 4.0], &more);
        page.text(RIGHT[0] + 60.0, y, 12.0, &format!("step size {name}"), "");
    }
    page.finish(title, "", TOP + HEIGHT + 70.0)
}

impl Page {
    fn level(&mut self, [from, to]: [f32; 2], y: f32, text: &str) {
        self.straight([from, y, to, y], &format!("stroke=\"{RULE}\""));
        self.text(from - 8.0, y + 4.0, 12.0, text, &format!("text-anchor=\"end\" fill=\"{GREY}\""));
    }

    fn under(&mut self, x: f32, text: &str) {
        self.text(x, TOP + HEIGHT + 20.0, 12.0, text, &format!("text-anchor=\"middle\" fill=\"{GREY}\""));
    }

    fn under_all(&mut self, [from, to]: [f32; 2], text: &str) {
        let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
        self.text((from + to) / 2.0, TOP + HEIGHT + 42.0, 12.0, text, &more);
    }
}
