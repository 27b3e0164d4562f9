//! Two settings against each other: a tile for each pair of values, in the colour of the mean of its runs.
//!
//! Both axes are logarithmic where their values are positive and far apart, so that in the phase diagram a line of equal
//! step size / batch is straight and rises by one decade in one.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::{Colours, HEIGHT, LEFT, Point, RIGHT, axis_names, words};
use crate::curves::{spans_much, tick};
use crate::report;
use crate::svg::{GREY, INK, Page, measure};

/// More values than this on an axis are no tiles.
const MOST: usize = 64;

/// The values of a setting, and where their tiles begin and end.
struct Axis {
    values: Vec<f32>,
    /// One more than there are values, from the first.
    edges: Vec<f32>,
    is_log: bool,
    near: f32,
    far: f32,
}

impl Axis {
    fn new(values: impl Iterator<Item = f32>, near: f32, far: f32) -> Self {
        let mut values: Vec<f32> = values.collect();
        values.sort_by(f32::total_cmp);
        values.dedup();
        let is_log = spans_much(values.iter().copied());
        let of = |value: f32| if is_log { value.ln() } else { value };
        let at: Vec<f32> = values.iter().map(|&value| of(value)).collect();
        let mut edges: Vec<f32> = at.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
        let (first, last) = (at[0], at[at.len() - 1]);
        let (low, high) = match edges[..] {
            [] => (first - 0.5, last + 0.5),
            [low, ..] => (2.0 * first - low, 2.0 * last - edges[edges.len() - 1]),
        };
        edges.insert(0, low);
        edges.push(high);
        Self { values, edges, is_log, near, far }
    }

    /// Where `place`, of the kind of the edges, is on the page.
    fn at(&self, place: f32) -> f32 {
        let (low, high) = (self.edges[0], self.edges[self.edges.len() - 1]);
        self.near + (self.far - self.near) * (place - low) / (high - low)
    }

    /// Begin and end of tile `index` on the page.
    fn tile(&self, index: usize) -> (f32, f32) {
        (self.at(self.edges[index]), self.at(self.edges[index + 1]))
    }
}

/// What is known of one tile.
#[derive(Default)]
struct Tile {
    values: Vec<f32>,
    diverged: usize,
}

impl Tile {
    fn mean(&self) -> Option<f32> {
        let sum: f64 = self.values.iter().map(|&value| f64::from(value)).sum();
        (!self.values.is_empty()).then(|| (sum / self.values.len() as f64) as f32)
    }
}

/// The picture; `about` is what all runs share.
pub fn svg(points: &[Point], [x, y, colour]: [&str; 3], about: &str) -> Result<String> {
    let both = || points.iter().filter_map(|point| Some((point.x?, point.y?, point)));
    ensure!(both().next().is_some(), "no run has both {x} and {y}");
    let is_phase = x == "step_size" && y == "batch";
    let mut page = Page::default();
    let title = format!("The {} over {} and {}", words(colour), words(x), words(y));
    let runs = points.len();
    let lines = if is_phase { " Along a dashed line step size / batch is equal." } else { "" };
    let caption = format!(
        "Colour and number: the mean of a tile's runs, {runs} runs in all.{lines} A cross: every run diverged; x2: two did, \
         and the mean is of the others. Shared: {about}."
    );
    let top = page.heading(&title, &caption) + if is_phase { 44.0 } else { 26.0 };
    let across = Axis::new(both().map(|(x, ..)| x), LEFT, RIGHT);
    let up = Axis::new(both().map(|(_, y, _)| y), top + HEIGHT, top);
    ensure!(
        across.values.len() <= MOST && up.values.len() <= MOST,
        "more than {MOST} values are too many for tiles: name another --x or --y"
    );

    let mut tiles = BTreeMap::<(usize, usize), Tile>::new();
    for (x, y, point) in both() {
        let place = |axis: &Axis, value: f32| axis.values.partition_point(|&other| other < value);
        let tile = tiles.entry((place(&across, x), place(&up, y))).or_default();
        tile.values.extend(point.value);
        tile.diverged += usize::from(point.diverged);
    }
    let means: Vec<f32> = tiles.values().filter_map(Tile::mean).collect();
    let colours = Colours::of(&means, top);
    let area = |&(x, y): &(usize, usize)| {
        let ((left, right), (bottom, above)) = (across.tile(x), up.tile(y));
        [left, above, right - left, bottom - above]
    };
    for (place, tile) in &tiles {
        paint(&mut page, area(place), tile, &colours, top);
    }
    if is_phase && across.is_log && up.is_log {
        equal_lines(&mut page, &across, &up);
    }
    for (place, tile) in &tiles {
        write(&mut page, area(place), tile, &colours, top);
    }
    labels(&mut page, &across, &up);
    colours.draw(&mut page, top, &words(colour));
    let end = axis_names(&mut page, top, if is_phase { 28.0 } else { 10.0 }, [x, y]);
    Ok(page.finish(&title, "", end))
}

/// The colour of a tile, and whether it is a dark one.
fn fill(tile: &Tile, colours: &Colours, top: f32) -> Option<(String, bool)> {
    tile.mean().and_then(|mean| colours.colour(mean, top))
}

fn paint(page: &mut Page, [x, y, width, height]: [f32; 4], tile: &Tile, colours: &Colours, top: f32) {
    match fill(tile, colours, top) {
        Some((fill, _)) => {
            page.rect(
                [x, y, width, height],
                &format!("fill=\"{fill}\" stroke=\"{fill}\" stroke-width=\"0.5\""),
            );
        }
        None => page.rect([x, y, width, height], "fill=\"#f2f2f2\" stroke=\"#ffffff\""),
    }
}

/// The mean and how many diverged, where there is room; a cross where all did.
fn write(page: &mut Page, [x, y, width, height]: [f32; 4], tile: &Tile, colours: &Colours, top: f32) {
    let (middle, centre) = (x + width / 2.0, y + height / 2.0);
    let Some((mean, (fill, is_dark))) = tile.mean().zip(fill(tile, colours, top)) else {
        if tile.diverged > 0 {
            let arm = (width.min(height) / 4.0).min(9.0);
            let more = format!("stroke=\"{GREY}\" stroke-width=\"2\"");
            page.straight([middle - arm, centre - arm, middle + arm, centre + arm], &more);
            page.straight([middle - arm, centre + arm, middle + arm, centre - arm], &more);
        }
        return;
    };
    let diverged = if tile.diverged > 0 { format!(" x{}", tile.diverged) } else { String::new() };
    let text = report::number(mean, if mean < 0.1 { 3 } else { 2 }) + &diverged;
    if measure(&text, 11.0, false) + 6.0 < width && height > 14.0 {
        let ink = if is_dark { "#ffffff" } else { INK };
        let halo = format!("stroke=\"{fill}\" stroke-width=\"5\" paint-order=\"stroke\"");
        page.text(
            middle,
            centre + 4.0,
            11.0,
            &text,
            &format!("text-anchor=\"middle\" fill=\"{ink}\" {halo}"),
        );
    }
}

/// The values beside the tiles, as many as there is room for.
fn labels(page: &mut Page, across: &Axis, up: &Axis) {
    let mut free = f32::NEG_INFINITY;
    let bottom = up.near;
    for (index, &value) in across.values.iter().enumerate() {
        let (left, right) = across.tile(index);
        let (middle, text) = ((left + right) / 2.0, tick(value));
        let half = measure(&text, 12.0, false) * 0.54;
        if middle - half > free {
            let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
            page.text(middle, bottom + 20.0, 12.0, &text, &more);
            free = middle + half + 8.0;
        }
    }
    let mut free = f32::INFINITY;
    for (index, &value) in up.values.iter().enumerate() {
        let (low, high) = up.tile(index);
        let middle = (low + high) / 2.0;
        if middle < free {
            let more = format!("text-anchor=\"end\" fill=\"{GREY}\"");
            page.text(LEFT - 8.0, middle + 4.0, 12.0, &tick(value), &more);
            free = middle - 16.0;
        }
    }
}

/// Lines of equal x / y, a decade apart, named where they end.
fn equal_lines(page: &mut Page, across: &Axis, up: &Axis) {
    let ends = |axis: &Axis| (axis.edges[0], axis.edges[axis.edges.len() - 1]);
    let ((x0, x1), (y0, y1)) = (ends(across), ends(up));
    let decades = ((x0 - y1) / 10f32.ln()).ceil() as i32..=((x1 - y0) / 10f32.ln()).floor() as i32;
    let mut free = f32::NEG_INFINITY;
    for decade in decades {
        // ln x - ln y = level.
        let level = decade as f32 * 10f32.ln();
        let (from, to) = (x0.max(y0 + level), x1.min(y1 + level));
        let [a, b] = [from, to].map(|x| (across.at(x), up.at(x - level)));
        if to - from < 0.12 * (x1 - x0) {
            continue;
        }
        let both = [a.0, a.1, b.0, b.1];
        page.straight(both, "stroke=\"#000000\" stroke-opacity=\"0.45\" stroke-width=\"3\"");
        page.straight(both, "stroke=\"#ffffff\" stroke-width=\"1.6\" stroke-dasharray=\"7 5\"");
        let text = tick(10f32.powi(decade));
        let ends_above = b.1 < up.far + 1.0;
        if ends_above {
            let half = measure(&text, 12.0, false) * 0.54;
            if b.0 - half > free && b.0 + half < RIGHT + 30.0 {
                page.text(b.0, up.far - 6.0, 12.0, &text, &format!("text-anchor=\"middle\" fill=\"{INK}\""));
                free = b.0 + half + 8.0;
            }
        } else {
            page.text(b.0 + 6.0, b.1 + 4.0, 12.0, &text, &format!("fill=\"{INK}\""));
        }
    }
}
