//! A plot with two axes on a page: ticks, lines, bands, and names where lines end.

use std::fmt::Write;

use crate::svg::{GREY, Page, RULE, grouped};

/// One axis: from numbers to places between 0.0 and 1.0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// What stands at its start.
    pub from: f64,
    /// What stands at its end.
    pub to: f64,
    /// Whether equal factors are equally long.
    pub is_log: bool,
}

/// Where a plot lies on its page, and what its axes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plot {
    /// Left, top, width, height.
    pub frame: [f32; 4],
    /// From left to right.
    pub across: Axis,
    /// From bottom to top.
    pub up: Axis,
}

/// Between the names of two lines.
const PITCH: f32 = 17.0;

impl Axis {
    /// Equal differences are equally long.
    pub fn linear(from: f64, to: f64) -> Self {
        Self { from, to, is_log: false }
    }

    /// Equal factors are equally long; both ends are positive.
    pub fn logarithmic(from: f64, to: f64) -> Self {
        Self { from, to, is_log: true }
    }

    /// Where `value` lies, at an end if it is beyond; nothing for one that has no place.
    fn place(&self, value: f64) -> Option<f32> {
        let share = if self.is_log {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        (!share.is_nan()).then_some(share.clamp(0.0, 1.0) as f32)
    }

    /// Round numbers along the axis, about `parts` of them, and how they are written.
    fn ticks(&self, parts: f64) -> Vec<(f64, String)> {
        if self.is_log {
            let decades = self.from.log10().ceil() as i32..=self.to.log10().floor() as i32;
            let skip = (decades.clone().count() as f64 / parts).ceil().max(1.0) as usize;
            return decades.step_by(skip).map(|decade| (10f64.powi(decade), power(decade))).collect();
        }
        let least = (self.to - self.from) / parts;
        let unit = 10f64.powf(least.log10().floor());
        let digits = [1.0, 2.0, 5.0, 10.0];
        let step = digits.map(|digit| digit * unit).into_iter().find(|&step| step >= least);
        let step = step.unwrap_or(10.0 * unit);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) = ((self.from / step).ceil() as i64, (self.to / step).floor() as i64);
        let number = |tick: i64| {
            let value = tick as f64 * step;
            (value, format!("{value:.decimals$}").replace('-', "\u{2212}"))
        };
        (first..=last).map(number).collect()
    }
}

/// A power of ten; those near 1 in full.
fn power(exponent: i32) -> String {
    match exponent {
        -2..0 => format!("{}", 10f64.powi(exponent)),
        0..=3 => grouped(10u64.pow(exponent.unsigned_abs()), ','),
        _ => {
            let raised = |c: char| match c {
                '-' => '⁻',
                digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
            };
            format!("10{}", exponent.to_string().chars().map(raised).collect::<String>())
        }
    }
}

impl Plot {
    /// Where a point lies on the page; nothing if one of its numbers has no place.
    pub fn at(&self, (x, y): (f64, f64)) -> Option<(f32, f32)> {
        let [left, top, width, height] = self.frame;
        Some((left + width * self.across.place(x)?, top + height * (1.0 - self.up.place(y)?)))
    }

    /// The right end of the plot.
    pub fn right(&self) -> f32 {
        self.frame[0] + self.frame[2]
    }

    /// The lower end of the plot.
    pub fn bottom(&self) -> f32 {
        self.frame[1] + self.frame[3]
    }

    /// Ticks along both axes, lines across at those of the second, and the name of the first.
    pub fn axes(&self, page: &mut Page, across: &str) {
        let [left, _, _, height] = self.frame;
        for (value, text) in self.up.ticks(f64::from(height) / 36.0) {
            let Some((_, y)) = self.at((self.across.from, value)) else { continue };
            page.straight([left, y, self.right(), y], &format!("stroke=\"{RULE}\""));
            page.text(left - 8.0, y + 4.0, 12.0, &text, &format!("text-anchor=\"end\" fill=\"{GREY}\""));
        }
        self.bottom_axis(page, across);
    }

    /// The first axis, its ticks and its name.
    pub fn bottom_axis(&self, page: &mut Page, name: &str) {
        let [left, _, width, _] = self.frame;
        let bottom = self.bottom();
        for (value, text) in self.across.ticks(f64::from(width) / 70.0) {
            let Some((x, _)) = self.at((value, self.up.from)) else { continue };
            page.straight([x, bottom, x, bottom + 5.0], &format!("stroke=\"{GREY}\""));
            page.text(x, bottom + 19.0, 12.0, &text, &format!("text-anchor=\"middle\" fill=\"{GREY}\""));
        }
        page.straight([left, bottom, self.right(), bottom], &format!("stroke=\"{GREY}\""));
        let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
        page.text(left + width / 2.0, bottom + 39.0, 12.0, name, &more);
    }

    /// A line through what has a place of `points`.
    pub fn line(&self, page: &mut Page, points: impl IntoIterator<Item = (f64, f64)>, style: &str) {
        let path = self.path(points);
        let _ = writeln!(page.body, "<path d=\"{path}\" fill=\"none\" stroke-linejoin=\"round\" {style}/>");
    }

    /// What lies between two lines over the same places: (across, lower, upper).
    pub fn band(&self, page: &mut Page, points: &[(f64, f64, f64)], style: &str) {
        let upper = points.iter().map(|&(x, _, upper)| (x, upper));
        let lower = points.iter().rev().map(|&(x, lower, _)| (x, lower));
        let path = self.path(upper.chain(lower));
        let _ = writeln!(page.body, "<path d=\"{path}Z\" {style}/>");
    }

    fn path(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (x, y) in points.into_iter().filter_map(|point| self.at(point)) {
            let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
        }
        path
    }

    /// Names right of the plot, each near its number on the second axis, in this colour.
    pub fn names(&self, page: &mut Page, names: &[(f64, String, &str)]) {
        let mut places: Vec<(f32, &str, &str)> = names
            .iter()
            .filter_map(|(value, name, colour)| {
                Some((self.at((self.across.to, *value))?.1, name.as_str(), *colour))
            })
            .collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = self.frame[1];
        let mut at: Vec<f32> = places
            .iter()
            .map(|&(y, ..)| {
                let y = y.max(free);
                free = y + PITCH;
                y
            })
            .collect();
        let mut free = self.bottom();
        for y in at.iter_mut().rev() {
            *y = y.min(free);
            free = *y - PITCH;
        }
        for ((y, name, colour), at) in places.into_iter().zip(at) {
            let right = self.right();
            page.straight([right + 3.0, y, right + 13.0, at], &format!("stroke=\"{colour}\""));
            page.text(right + 17.0, at + 4.0, 12.5, name, &format!("fill=\"{colour}\" font-weight=\"700\""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let ticks =
            |axis: Axis, parts| axis.ticks(parts).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(ticks(Axis::linear(-0.5, 1.1), 4.0), ["\u{2212}0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(ticks(Axis::linear(0.0, 30.0), 3.0), ["0", "10", "20", "30"]);
        let decades = ["10⁻³", "0.01", "0.1", "1", "10", "100", "1,000", "10⁴"];
        assert_eq!(ticks(Axis::logarithmic(1e-3, 2e4), 9.0), decades);
        assert_eq!(ticks(Axis::logarithmic(1e-12, 1.0), 4.0), ["10⁻¹²", "10⁻⁸", "10⁻⁴", "1"]);
    }

    #[test]
    fn places_end_at_the_frame() {
        let plot = Plot {
            frame: [10.0, 20.0, 100.0, 50.0],
            across: Axis::logarithmic(1.0, 100.0),
            up: Axis::linear(0.0, 2.0),
        };
        assert_eq!(plot.at((10.0, 1.0)), Some((60.0, 45.0)));
        assert_eq!(plot.at((1e9, -3.0)), Some((110.0, 70.0)));
        assert_eq!(plot.at((0.0, 2.0)), Some((10.0, 20.0)));
        assert_eq!(plot.at((f64::NAN, 1.0)), None);
    }
}
