//! The figures of a synthetic experiment, in the paper's form.

use std::cmp::Ordering;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::runs::{Measured, norms};
use super::{INPUTS, RELEVANT, Synthetic, WIDTHS};
use crate::curves::{LEFT, RIGHT, Scale, apart};
use crate::matrices::{self, Matrix, Row};
use crate::quantile::{median, quantile};
use crate::svg::{self, GREY, INK, MARGIN, Page, RULE, thousands};

/// Colours of Okabe and Ito and dashes, in the order of the runs.
const STYLES: [(&str, &str); 6] =
    [(INK, ""), ("#0072b2", ""), ("#56b4e9", "9 3"), ("#009e73", ""), ("#d55e00", ""), ("#8a5a83", "3 3")];

/// The norms that are shown: what is below lies on the floor.
const FLOOR: f64 = 0.008;
/// How high the plots are.
const HEIGHT: f32 = 400.0;

/// Draws all of them into `folder`.
pub fn draw(target: Synthetic, measured: &[Measured], step_size: f32, folder: &Path) -> Result<Vec<PathBuf>> {
    let name = target.name();
    let groups: Vec<&[Measured]> = measured.chunk_by(|a, b| a.run == b.run).collect();
    let mut pictures = vec![
        svg::save(&curves(target, &groups, step_size), folder, &format!("{name}-curves"))?,
        svg::save(&first_layer(target, &groups), folder, &format!("{name}-first-layer"))?,
        svg::save(&grams(target, &groups), folder, &format!("{name}-gram"))?,
    ];
    if groups.iter().any(|group| group.len() > 1) {
        pictures.push(svg::save(&ends(target, &groups, step_size), folder, &format!("{name}-ends"))?);
    }
    Ok(pictures)
}

/// How many starts a figure is of, in words.
fn starts(groups: &[&[Measured]]) -> String {
    match groups.first().map_or(0, |group| group.len()) {
        1 => "One start".to_owned(),
        count => format!("{count} starts: medians, and bands from the 10th to the 90th percentile"),
    }
}

/// A scale for norms that has room for all.
fn scale(values: impl Iterator<Item = f64>, y: f32) -> Scale {
    let values = values.map(|value| value.max(FLOOR) as f32).chain([0.01, 4.5]);
    Scale::logarithmic(values, y, y + HEIGHT)
}

/// The irrelevant norm over the updates, both logarithmic.
fn curves(target: Synthetic, groups: &[&[Measured]], step_size: f32) -> String {
    let title = format!("Small batches shrink what does not matter: {}", target.name());
    let guide = format!(
        "Norm of the irrelevant columns of the first layer over the updates, both logarithmic; step size {step_size}. {}.",
        starts(groups)
    );
    let mut page = Page::default();
    let y = page.heading(&title, &guide) + 8.0;
    let all = groups.iter().copied().flatten().flat_map(|one| &one.curve).map(|&(_, norm)| norm);
    let scale = scale(all, y);
    let last = groups.iter().copied().flatten().map(|one| one.run.updates).max().unwrap_or(1).max(2);
    let across = |update: u32| LEFT + (RIGHT - LEFT) * (f64::from(update).ln() / f64::from(last).ln()) as f32;
    page.grid(&scale);
    page.decades(y + HEIGHT, last, across);
    let mut ends = Vec::new();
    for (group, &(colour, dashes)) in groups.iter().zip(&STYLES) {
        let mut lines = [const { Vec::new() }; 3];
        for place in 0..group[0].curve.len() {
            let update = group[0].curve[place].0;
            let norms = || group.iter().map(|one| one.curve[place].1);
            for (line, share) in lines.iter_mut().zip([0.1, 0.5, 0.9]) {
                line.push((across(update), quantile(norms(), share).max(FLOOR) as f32));
            }
        }
        let [low, middle, high] = lines;
        if group.len() > 1 {
            page.band(&scale, &low, &high, colour);
        }
        let style = format!("stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"");
        if let Some(&end) = middle.last() {
            let norm = median(group.iter().map(Measured::last_norm));
            ends.push((end, format!("{} {norm:.3}", group[0].run.name), colour));
        }
        page.curve(&scale, middle.into_iter(), &style);
    }
    page.ends(&scale, ends);
    page.finish(&title, "", y + HEIGHT + 46.0 + MARGIN - 14.0)
}

/// One strip a training: the irrelevant norm at the end, a dot a start.
fn ends(target: Synthetic, groups: &[&[Measured]], step_size: f32) -> String {
    let title =
        format!("Where {} starts end: {}", groups.first().map_or(0, |group| group.len()), target.name());
    let guide = format!(
        "Norm of the irrelevant columns of the first layer, logarithmic, at the start and after each training; a dot a start, a line their median. Step size {step_size}."
    );
    let mut page = Page::default();
    let y = page.heading(&title, &guide) + 8.0;
    let mut strips: Vec<(&str, Vec<f64>, &str)> = Vec::new();
    if let Some(first) = groups.first() {
        strips.push(("init", first.iter().map(|one| norms(&one.init).1).collect(), GREY));
    }
    for (group, &(colour, _)) in groups.iter().zip(&STYLES) {
        strips.push((group[0].run.name, group.iter().map(Measured::last_norm).collect(), colour));
    }
    let scale = scale(strips.iter().flat_map(|(_, values, _)| values.iter().copied()), y);
    page.grid(&scale);
    let pitch = (RIGHT - LEFT) / strips.len() as f32;
    for (place, (name, values, colour)) in strips.iter().enumerate() {
        let middle = LEFT + (place as f32 + 0.5) * pitch;
        for (dot, &value) in values.iter().enumerate() {
            let Some(at) = scale.place(value.max(FLOOR) as f32) else { continue };
            let x =
                middle + (dot as f32 + 0.5 - values.len() as f32 / 2.0) * (0.5 * pitch / values.len() as f32);
            page.circle(x, at, 4.0, &format!("fill=\"{colour}\" fill-opacity=\"0.75\""));
        }
        let typical = median(values.iter().copied());
        if let Some(at) = scale.place(typical.max(FLOOR) as f32) {
            let line = [middle - 0.36 * pitch, at, middle + 0.36 * pitch, at];
            page.straight(line, &format!("stroke=\"{colour}\" stroke-width=\"1.5\""));
        }
        let style = "text-anchor=\"middle\"";
        page.text(middle, y + HEIGHT + 20.0, 13.0, name, &format!("{style} font-weight=\"700\""));
        page.text(
            middle,
            y + HEIGHT + 37.0,
            12.0,
            &format!("{typical:.3}"),
            &format!("{style} fill=\"{GREY}\""),
        );
    }
    page.finish(&title, "", y + HEIGHT + 40.0 + MARGIN)
}

impl Page {
    /// Powers of ten below the plot, a line at each.
    fn decades(&mut self, y: f32, last: u32, across: impl Fn(u32) -> f32) {
        for update in (0..).map(|power| 10_u32.pow(power)).take_while(|&update| update <= last) {
            let x = across(update);
            self.straight([x, y - HEIGHT, x, y + 5.0], &format!("stroke=\"{RULE}\""));
            let style = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
            self.text(x, y + 19.0, 12.0, &thousands(update), &style);
        }
        let style = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
        self.text((LEFT + RIGHT) / 2.0, y + 39.0, 12.0, "updates", &style);
    }

    /// What lies between two lines.
    fn band(&mut self, scale: &Scale, low: &[(f32, f32)], high: &[(f32, f32)], colour: &str) {
        let mut path = String::new();
        for &(x, value) in low.iter().chain(high.iter().rev()) {
            let Some(y) = scale.place(value) else { continue };
            let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
        }
        let _ = writeln!(self.body, "<path d=\"{path}Z\" fill=\"{colour}\" fill-opacity=\"0.18\"/>");
    }

    /// The names of the curves where they end: beside the plot, or above an end within it.
    fn ends(&mut self, scale: &Scale, mut ends: Vec<((f32, f32), String, &str)>) {
        ends.sort_by(|a, b| (a.0.0, -a.0.1).partial_cmp(&(b.0.0, -b.0.1)).unwrap_or(Ordering::Equal));
        let (beside, within): (Vec<_>, Vec<_>) = ends.into_iter().partition(|((x, _), ..)| *x > RIGHT - 1.0);
        let wanted: Vec<f32> = beside.iter().filter_map(|((_, norm), ..)| scale.place(*norm)).collect();
        for (((_, name, colour), y), at) in beside.iter().zip(&wanted).zip(apart(&wanted, scale.bottom)) {
            self.straight([RIGHT + 2.0, *y, RIGHT + 10.0, at], &format!("stroke=\"{colour}\""));
            let style = format!("fill=\"{colour}\" font-weight=\"700\"");
            self.text(RIGHT + 13.0, at + 4.0, 12.0, name, &style);
        }
        for group in within.chunk_by(|a, b| a.0.0 == b.0.0) {
            let wanted: Vec<f32> =
                group.iter().filter_map(|((_, norm), ..)| Some(scale.place(*norm)? - 7.0)).collect();
            for (((x, _), name, colour), at) in group.iter().zip(apart(&wanted, scale.bottom)) {
                let halo = "stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\"";
                let style = format!("fill=\"{colour}\" font-weight=\"700\" {halo}");
                self.text(x + 6.0, at, 12.0, name, &style);
            }
        }
    }
}

/// |W1| and |W1^T W1| of the first start, before training and after each.
fn first_layer(target: Synthetic, groups: &[&[Measured]]) -> String {
    let title = format!("The first layer: {}", target.name());
    let guide = "Before training and after each, of the first start. Columns are inputs; those over the thick bar matter.";
    let weights = |params: &[f32]| {
        // Rows of the picture are hidden units; the parameters go by inputs.
        (0..WIDTHS[1])
            .flat_map(|o| (0..INPUTS).map(move |i| (o, i)))
            .map(|(o, i)| params[i * WIDTHS[1] + o])
            .collect()
    };
    let rows = [
        row("|W1|: hidden units over inputs", "|w|", RELEVANT, groups, &weights),
        row("|W1^T W1|: inputs over inputs", "|g|", RELEVANT, groups, &|params| gram(params, 0)),
    ];
    matrices::svg(&title, guide, &rows)
}

/// Gram matrices of the second and the third layer.
fn grams(target: Synthetic, groups: &[&[Measured]]) -> String {
    let title = format!("The hidden layers: {}", target.name());
    let guide = "Gram matrices of what the hidden units of a layer are to the next, before training and after each, of the first start.";
    let rows = [
        row("|W2^T W2|", "|g|", 0, groups, &|params| gram(params, 1)),
        row("|W3^T W3|", "|g|", 0, groups, &|params| gram(params, 2)),
    ];
    matrices::svg(&title, guide, &rows)
}

fn row(
    heading: &str,
    symbol: &'static str,
    marked: usize,
    groups: &[&[Measured]],
    of: &dyn Fn(&[f32]) -> Vec<f32>,
) -> Row {
    let firsts = groups.iter().filter_map(|group| group.first());
    let init = firsts.clone().take(1).map(|one| ("init", &one.init));
    let matrices = init.chain(firsts.map(|one| (one.run.name, &one.params)));
    let matrix = |(name, params): (&str, &Vec<f32>)| Matrix {
        name: name.to_owned(),
        values: of(params),
        size: INPUTS,
    };
    Row { heading: heading.to_owned(), symbol, matrices: matrices.map(matrix).collect(), marked }
}

/// W^T W of a layer, inputs over inputs.
fn gram(params: &[f32], layer: usize) -> Vec<f32> {
    let start: usize = WIDTHS.windows(2).take(layer).map(|widths| widths[0] * widths[1]).sum();
    let (inputs, outputs) = (WIDTHS[layer], WIDTHS[layer + 1]);
    let columns: Vec<_> = params[start..].chunks(outputs).take(inputs).collect();
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    columns.iter().flat_map(|a| columns.iter().map(move |b| product(a, b))).collect()
}
