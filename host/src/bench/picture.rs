//! The picture of how a step's cost grows: with the network, and with the batch.

use anyhow::Result;

use super::growth::{Fit, Growth, Line};
use crate::svg::{ACCENT, GREY, MARGIN, Page, RULE, WIDTH, measure, thousands};

/// Room for the numbers left of a plot.
const AXIS: f32 = 64.0;
/// How high the plots are, and how wide; the first is square.
const HEIGHT: f32 = 440.0;
const GUTTER: f32 = 36.0;
/// Networks that are named, and on which side of their points.
const NAMED: [(&str, Side); 6] = [
    ("8-8-1", Side::Below),
    ("16-16-1", Side::Below),
    ("16-16-16-16-1", Side::Above),
    ("64-64-10", Side::Below),
    ("64-64-64-64-10", Side::Above),
    ("256-256-10", Side::Above),
];
/// Beside [`ACCENT`], and told from it by all readers; the marks differ too.
const BLUE: &str = "#0072b2";
const GREEN: &str = "#009e73";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

/// The picture.
pub fn svg(growth: &Growth) -> Result<String> {
    let (fit, line) = (growth.fit()?, growth.line()?);
    let title = "Instructions of one training step on a Cortex-M4F, counted and predicted";
    let guide = format!(
        "Left, {} networks at a batch of one: on the diagonal, the count is what the formula predicts. Right, one \
         network at batches of 1 to 32. The networks are lists of layers, with ReLU and biases.",
        growth.grid.len()
    );
    let mut page = Page::default();
    let y = page.heading(title, &guide) + 26.0;
    let left = Plot { left: MARGIN + AXIS, top: y, width: HEIGHT, height: HEIGHT };
    page.networks(&left, growth, &fit);
    let start = left.left + left.width + GUTTER + AXIS;
    let right = Plot { left: start, width: WIDTH - MARGIN - start, ..left };
    page.batches(&right, growth, &line);
    Ok(page.finish(title, "", y + HEIGHT + 62.0))
}

/// Where a plot is.
#[derive(Clone, Copy)]
struct Plot {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Plot {
    fn at(&self, across: f64, up: f64) -> (f32, f32) {
        (self.left + self.width * across as f32, self.top + self.height * (1.0 - up as f32))
    }

    fn middle(&self) -> f32 {
        self.left + self.width / 2.0
    }
}

impl Page {
    fn networks(&mut self, plot: &Plot, growth: &Growth, fit: &Fit) {
        let counts = || growth.grid.iter().map(|point| point.instructions as f64);
        let (from, to) = (counts().fold(f64::MAX, f64::min) / 1.5, counts().fold(0.0, f64::max) * 1.5);
        let share = |value: f64| (value / from).ln() / (to / from).ln();
        self.text(MARGIN, plot.top - 14.0, 14.0, "Networks", "font-weight=\"700\"");
        for decade in 2..9 {
            for digit in [1, 3] {
                let value = digit * 10_u32.pow(decade);
                let place = share(value.into());
                if (0.0..=1.0).contains(&place) {
                    self.tick_up(plot, place, &thousands(value));
                    self.tick_across(plot, place, &thousands(value));
                }
            }
        }
        self.frame(plot, "predicted from layers, units and MACs");
        let ((x1, y1), (x2, y2)) = (plot.at(0.0, 0.0), plot.at(1.0, 1.0));
        self.straight([x1, y1, x2, y2], &format!("stroke=\"{GREY}\" stroke-width=\"1.2\""));
        let grey = format!("fill=\"{GREY}\"");
        for point in &growth.grid {
            let (x, y) = plot.at(share(fit.predict(point)), share(point.instructions as f64));
            self.mark(x, y, point.layers);
            if let Some((name, side)) = NAMED.iter().find(|(name, _)| *name == point.network) {
                match side {
                    Side::Above => {
                        self.halo(x - 10.0, y - 8.0, 12.0, name, &format!("{grey} text-anchor=\"end\""))
                    }
                    Side::Below => self.halo(x + 10.0, y + 16.0, 12.0, name, &grey),
                }
            }
        }
        let (x, y) = plot.at(0.0, 1.0);
        for (row, (layers, name)) in [(2, "two layers"), (3, "three"), (4, "four")].into_iter().enumerate() {
            let y = y + 22.0 + 20.0 * row as f32;
            self.mark(x + 18.0, y - 4.5, layers);
            self.halo(x + 32.0, y, 13.0, name, "");
        }
        let worst = growth.grid.iter().map(|point| fit.error(point).abs()).fold(0.0, f64::max);
        let Fit { a, b, c, d } = fit;
        let lines = [
            format!("{a:.0} + {b:.0} a layer"),
            format!("+ {c:.1} a unit + {d:.2} a MAC"),
            format!("largest error {:.1} %", 100.0 * worst),
        ];
        let (x, y) = plot.at(1.0, 0.0);
        for (row, line) in lines.iter().enumerate() {
            let weight = if row < 2 { "font-weight=\"700\"" } else { "" };
            self.halo(
                x - 14.0,
                y - 56.0 + 20.0 * row as f32,
                13.0,
                line,
                &format!("text-anchor=\"end\" {weight}"),
            );
        }
    }

    fn batches(&mut self, plot: &Plot, growth: &Growth, line: &Line) {
        let most = growth.batches.iter().map(|point| point.instructions).max().unwrap_or(1) as f64 * 1.08;
        let widest = growth.batches.iter().map(|point| point.batch).max().unwrap_or(1);
        let across = |batch: f64| batch / (f64::from(widest) * 1.06);
        let network = growth.batches.first().map_or("", |point| point.network.as_str());
        let title = format!("Batches of {network}");
        self.text(plot.left - AXIS, plot.top - 14.0, 14.0, &title, "font-weight=\"700\"");
        let step = 10_f64.powf(most.log10().floor());
        let step = if most / step < 3.0 { step / 2.0 } else { step };
        for value in (0..).map(|tick| f64::from(tick) * step).take_while(|&value| value < most) {
            self.tick_up(plot, value / most, &thousands(value as u32));
        }
        for batch in [1, 8, 16, 24, 32] {
            self.tick_across(plot, across(batch.into()), &batch.to_string());
        }
        self.frame(plot, "samples in a batch");
        let place = |batch: f64| plot.at(across(batch), (line.intercept + line.slope * batch) / most);
        let ((x1, y1), (x2, y2)) = (place(0.0), place(widest.into()));
        self.straight([x1, y1, x2, y2], &format!("stroke=\"{GREY}\" stroke-width=\"1.2\""));
        for point in &growth.batches {
            let (x, y) = plot.at(across(point.batch.into()), point.instructions as f64 / most);
            self.mark(x, y, if point.batch > 1 { point.layers } else { 0 });
        }
        let (x, y) = plot.at(0.0, 1.0);
        let Line { intercept, slope, r_squared } = line;
        let lines = [
            format!("{} an update", thousands(*intercept as u32)),
            format!("+ {} a sample", thousands(*slope as u32)),
            format!("R² = {r_squared:.5}"),
        ];
        for (row, line) in lines.iter().enumerate() {
            let weight = if row < 2 { "font-weight=\"700\"" } else { "" };
            self.halo(x + 14.0, y + 24.0 + 20.0 * row as f32, 13.0, line, weight);
        }
        let (x, y) = plot.at(1.0, 0.0);
        let name = "batch of one: no gradient is stored";
        self.mark(x - 22.0 - measure(name, 12.0, false), y - 20.5, 0);
        self.text(x - 8.0, y - 16.0, 12.0, name, "text-anchor=\"end\"");
    }

    /// A point: its form tells the number of layers; an empty circle for none.
    fn mark(&mut self, x: f32, y: f32, layers: u64) {
        let path = match layers {
            0 => "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
            2 => "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
            3 => "m-4.5 -4.5h9v9h-9z",
            _ => "m0 -6l5.5 10h-11z",
        };
        let (fill, stroke) = match layers {
            0 => ("#ffffff", ACCENT),
            2 => (ACCENT, "#ffffff"),
            3 => (BLUE, "#ffffff"),
            _ => (GREEN, "#ffffff"),
        };
        let width = if layers == 0 { 2.0 } else { 1.0 };
        self.body += &format!(
            "<path d=\"M{x:.1} {y:.1}{path}\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>\n"
        );
    }

    /// Text that stays readable on lines.
    fn halo(&mut self, x: f32, y: f32, size: f32, text: &str, more: &str) {
        let halo = "stroke=\"#ffffff\" stroke-width=\"5\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
        self.text(x, y, size, text, &format!("{halo} {more}"));
    }

    fn frame(&mut self, plot: &Plot, across: &str) {
        let ((x1, y1), (x2, _)) = (plot.at(0.0, 0.0), plot.at(1.0, 0.0));
        self.straight([x1, y1, x2, y1], &format!("stroke=\"{GREY}\""));
        let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
        self.text(plot.middle(), y1 + 40.0, 12.0, across, &more);
    }

    fn tick_up(&mut self, plot: &Plot, up: f64, text: &str) {
        let ((x1, y), (x2, _)) = (plot.at(0.0, up), plot.at(1.0, up));
        self.straight([x1, y, x2, y], &format!("stroke=\"{RULE}\""));
        self.text(x1 - 8.0, y + 4.0, 12.0, text, &format!("text-anchor=\"end\" fill=\"{GREY}\""));
    }

    fn tick_across(&mut self, plot: &Plot, across: f64, text: &str) {
        let (x, y) = plot.at(across, 0.0);
        self.straight([x, y, x, y + 5.0], &format!("stroke=\"{GREY}\""));
        self.text(x, y + 20.0, 12.0, text, &format!("text-anchor=\"middle\" fill=\"{GREY}\""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::growth::Point;
    use crate::svg::tests::check;

    fn point(network: &str, batch: u16, [layers, units, macs]: [u64; 3], instructions: u64) -> Point {
        Point { network: network.to_owned(), batch, layers, units, macs, narrowest: 8, instructions }
    }

    #[test]
    fn no_text_overlaps() -> Result<()> {
        let grid = vec![
            point("8-8-1", 1, [2, 9, 152], 2_600),
            point("16-16-1", 1, [2, 17, 560], 4_300),
            point("8-8-8-1", 1, [3, 17, 344], 4_200),
            point("16-16-16-16-1", 1, [4, 49, 2_096], 11_500),
            point("64-64-64-64-10", 1, [4, 202, 34_688], 113_000),
            point("256-256-10", 1, [2, 266, 138_752], 419_000),
        ];
        let batches =
            [1, 2, 4, 32].map(|batch| point("16-32-1", batch, [2, 33, 1_120], 7_000 * u64::from(batch)));
        let texts = check(&svg(&Growth { grid, batches: batches.to_vec() })?);
        assert!(texts.iter().any(|text| text == "256-256-10"));
        Ok(())
    }
}
