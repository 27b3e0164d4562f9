//! The two-parameter example of the paper: f = a b x with the loss (f - y)^2, without a factor 1/2.
//!
//! Every point of the axes is a minimum; how flat it is depends on how far out it lies. Step size 0.008, from (4, 1).
//!
//! ```text
//! D1   x = 1, 1       y = -1, 1    mean loss a^2 b^2 + 1:      gradient descent stops where it meets an axis
//! D2   x = 1/3, 3     y = 0, 0     mean loss 41/9 a^2 b^2:     the sharpness differs from sample to sample
//! ```
//!
//! It is a network, 1-1-1 without biases, trained by the kernel: gradient descent is a batch of both samples, SGD takes
//! them in turn, in this order. The published ends decide both questions: with a factor 1/2 gradient descent on D1 ends at
//! a = 3.865 and not 3.855, and the other order ends with b of the other sign.

use anyhow::Result;
use serde_json::{Value, json};
use tamis::{Batch, Chain, Dense, Digest, Identity, Model, NoBias, Sgd, Shape, StepError};

use super::{Options, Outcome, Verdict};
use crate::plot::{Axis, Plot};
use crate::report;
use crate::svg::{self, ACCENT, GREY, INK, MARGIN, Page, WIDTH, grouped, hex};

type Net = Chain<Dense<1, 1, Identity, NoBias>, Dense<1, 1, Identity, NoBias>>;

/// The step size.
pub const STEP_SIZE: f32 = 0.008;
/// Where every path begins.
pub const START: (f32, f32) = (4.0, 1.0);
const PUBLISHED: &str = "arXiv 2406.11110, example";

/// Two samples, (x, y).
pub type Pair = [(f32, f32); 2];
/// Targets that contradict each other.
pub const D1: Pair = [(1.0, -1.0), (1.0, 1.0)];
/// Inputs of very different size.
pub const D2: Pair = [(1.0 / 3.0, 0.0), (3.0, 0.0)];

/// (a, b) before the first update and after every one, and the digest of them all.
pub struct Path {
    /// The parameters.
    pub points: Vec<(f32, f32)>,
    /// Of the whole path.
    pub digest: u32,
}

/// A path of so many updates: of SGD, a sample an update, or of gradient descent, both in each.
pub fn path(data: &Pair, is_sgd: bool, updates: usize) -> Result<Path> {
    let sgd = Sgd::new(STEP_SIZE)?;
    let (mut params, mut scratch, mut gradient) = ([START.0, START.1], [0.0; Net::SCRATCH], [0.0; 2]);
    let mut model = Model::<Net>::new(&mut params, &mut scratch);
    let mut batch = Batch::new(&mut gradient, 2)?;
    let (mut points, mut digest) = (vec![START], Digest::new());
    let mut both = |model: &mut Model<'_, Net>| -> Result<f32, StepError> {
        for (x, y) in data {
            model.accumulate(&[*x], &[*y], &mut batch)?;
        }
        model.apply(&mut batch, &sgd)
    };
    for (x, y) in data.iter().cycle().take(updates) {
        if is_sgd {
            model.step(&[*x], &[*y], &sgd)?
        } else {
            both(&mut model)?
        };
        digest.update(model.params());
        points.push((model.params()[0], model.params()[1]));
    }
    Ok(Path { points, digest: digest.value() })
}

/// A path and what is published of it.
struct Run {
    name: &'static str,
    path: Path,
    /// After so many updates, a and b, each with its tolerance.
    published: &'static [(usize, [(f64, f64); 2])],
}

/// Gradient descent on D1 stops for good; SGD goes on.
fn runs() -> Result<[Run; 3]> {
    let stopped = &[(500, [(3.855, 5e-4), (0.0, 5e-4)])];
    let turning = &[
        (500, [(3.555, 5e-4), (0.032, 5e-4)]),
        (5_000, [(1.861, 5e-4), (0.015, 5e-4)]),
        (50_000, [(0.0057, 5e-5), (5e-5, 5e-6)]),
    ];
    let jumping = &[(500, [(2.4, 5e-4), (0.0, 5e-4)])];
    Ok([
        Run { name: "D1, GD", path: path(&D1, false, 50_000)?, published: stopped },
        Run { name: "D1, SGD", path: path(&D1, true, 50_000)?, published: turning },
        Run { name: "D2, SGD", path: path(&D2, true, 500)?, published: jumping },
    ])
}

/// Runs the target.
pub fn run(options: &Options) -> Result<Outcome> {
    let runs = runs()?;
    let gd = path(&D2, false, 500)?;
    let mut verdicts = Vec::new();
    for Run { name, path, published } in &runs {
        for (update, expected) in *published {
            let (a, b) = path.points[*update];
            for (parameter, value, (reference, tolerance)) in [("a", a, expected[0]), ("b", b, expected[1])] {
                let what = format!("{name}: {parameter} after {}", grouped(*update as u64, ','));
                verdicts.push(Verdict::near(what, value.into(), reference, tolerance, PUBLISHED));
            }
        }
    }
    let end = |path: &Path| *path.points.last().unwrap_or(&START);
    let stays = f64::from(end(&runs[0].path).0 - runs[0].path.points[500].0);
    verdicts.push(Verdict::near("D1, GD: change of a from 500 to 50,000", stays, 0.0, 0.0, PUBLISHED));
    let rows = runs.iter().map(|run| (run.name, &run.path)).chain([("D2, GD", &gd)]).map(|(name, path)| {
        let (a, b) = end(path);
        let updates = path.points.len() - 1;
        vec![
            name.to_owned(),
            grouped(updates as u64, ','),
            format!("{a:.4}"),
            format!("{b:.6}"),
            format!("{:08x}", path.digest),
        ]
    });
    let table = report::table(&["", "updates", "a", "b", "digest"], 1, rows);
    let svg = draw(&runs, &gd);
    Ok(Outcome {
        target: "toy",
        text: vec![format!("f = a b x from (4, 1), loss (f - y)^2, step size {STEP_SIZE}\n\n{table}")],
        verdicts,
        pictures: vec![svg::save(&svg, &options.out, "toy")?],
        runs: runs.iter().map(|run| to_json(run.name, &run.path)).chain([to_json("D2, GD", &gd)]).collect(),
    })
}

fn to_json(name: &str, path: &Path) -> Value {
    let points = [0, 50, 500, 5_000, 50_000].iter().filter_map(|&at| Some((at, path.points.get(at)?)));
    let points = points.map(|(at, &(a, b))| json!({ "update": at, "a": a, "b": b }));
    json!({ "name": name, "path": points.collect::<Vec<_>>(), "digest": format!("{:08x}", path.digest) })
}

const GD_STYLE: &str = "stroke=\"#0072b2\" stroke-width=\"2.4\" stroke-dasharray=\"7 3\"";
const BLUE: &str = "#0072b2";
/// The loss above its minimum, in decades.
const LEVELS: [i32; 5] = [1, 0, -1, -2, -3];

/// Both landscapes with the paths over them; below, the valley of the first from near by.
fn draw(runs: &[Run; 3], gd: &Path) -> String {
    let title = "Gradient descent stops at the first minimum it meets; SGD goes on to flatter ones";
    let guide = "The loss of f = a b x over its two parameters; each shade is a factor of ten above the minimum, and all of \
                 the line a b = 0 is minimal. Step size 0.008, from (4, 1). Gradient descent dashed, SGD solid.";
    let mut page = Page::default();
    let y = page.heading(title, guide) + 44.0;
    let across = Axis::linear(0.0, 4.3);
    let width = 372.0;
    let up = Axis::linear(-1.4, 1.1);
    let left = Plot { frame: [MARGIN + 44.0, y, width, 300.0], across, up };
    let right = Plot { frame: [WIDTH - MARGIN - width - 52.0, y, width, 300.0], ..left };
    let [d1_gd, d1_sgd, d2_sgd] = runs;
    landscape(&mut page, &left, "D1: x = 1, y = -1 and 1", 1.0);
    slide(&mut page, &left, &d1_sgd.path);
    left.line(&mut page, wide(&d1_gd.path, 500), GD_STYLE);
    end(&mut page, &left, &d1_gd.path, 500, "GD, for good", BLUE, [-6.0, 24.0]);
    end(&mut page, &left, &d1_sgd.path, 50_000, "SGD at 50,000", ACCENT, [8.0, -16.0]);
    landscape(&mut page, &right, "D2: x = 1/3 and 3, y = 0", 41.0 / 9.0);
    right.line(&mut page, wide(&d2_sgd.path, 500), &format!("stroke=\"{ACCENT}\" stroke-width=\"1.6\""));
    right.line(&mut page, wide(gd, 500), GD_STYLE);
    end(&mut page, &right, gd, 500, "GD, for good", BLUE, [-6.0, 24.0]);
    end(&mut page, &right, &d2_sgd.path, 500, "SGD, for good", ACCENT, [-8.0, -14.0]);

    let y = left.bottom() + 104.0;
    let frame = [left.frame[0], y, right.right() - left.frame[0], 200.0];
    let near = Plot { frame, across, up: Axis::linear(-0.05, 0.05) };
    landscape(&mut page, &near, "The valley of D1 from near by", 1.0);
    slide(&mut page, &near, &d1_sgd.path);
    let inside = wide(&d1_gd.path, 500).filter(|&(_, b)| b < near.up.to);
    near.line(&mut page, inside, GD_STYLE);
    end(&mut page, &near, &d1_gd.path, 500, "GD at 500", BLUE, [0.0, 24.0]);
    for (update, name) in [(500, "SGD at 500"), (5_000, "SGD at 5,000"), (50_000, "SGD at 50,000")] {
        let shift = if update == 50_000 { [10.0, -14.0] } else { [0.0, -12.0] };
        end(&mut page, &near, &d1_sgd.path, update, name, ACCENT, shift);
    }
    page.finish(title, "", near.bottom() + 52.0 + MARGIN - 14.0)
}

/// The first points of a path.
fn wide(path: &Path, updates: usize) -> impl Iterator<Item = (f64, f64)> {
    path.points.iter().take(updates + 1).map(|&(a, b)| (a.into(), b.into()))
}

/// How many updates of SGD are drawn one by one before they are drawn as a band, and how many there are in one piece of
/// it.
const SINGLE: usize = 40;
const PIECE: usize = 40;

/// SGD on D1: first each update, then the band between those after one sample and those after the other.
fn slide(page: &mut Page, plot: &Plot, path: &Path) {
    let band: Vec<_> = path.points[SINGLE..]
        .chunks_exact(PIECE)
        .map(|piece| (f64::from(piece[0].0), f64::from(piece[0].1), f64::from(piece[1].1)))
        .collect();
    plot.band(page, &band, &format!("fill=\"{ACCENT}\" fill-opacity=\"0.45\" stroke=\"{ACCENT}\""));
    let single = wide(path, SINGLE).filter(|&(_, b)| b < plot.up.to);
    plot.line(page, single, &format!("stroke=\"{ACCENT}\" stroke-width=\"1.6\""));
}

/// A dot where a path is after so many updates, and its name, shifted from there.
fn end(
    page: &mut Page,
    plot: &Plot,
    path: &Path,
    update: usize,
    name: &str,
    colour: &str,
    [dx, dy]: [f32; 2],
) {
    let Some(&(a, b)) = path.points.get(update) else { return };
    let Some((x, y)) = plot.at((a.into(), b.into())) else { return };
    page.straight(
        [x, y, x + 0.1, y],
        &format!("stroke=\"{colour}\" stroke-width=\"9\" stroke-linecap=\"round\""),
    );
    let anchor = if dx > 0.0 {
        "start"
    } else if dx < 0.0 {
        "end"
    } else {
        "middle"
    };
    let halo = "stroke=\"#ffffff\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
    let more = format!("fill=\"{colour}\" font-weight=\"700\" text-anchor=\"{anchor}\" {halo}");
    page.text(x + dx, y + dy, 12.5, &format!("{name}: a = {}", short(a)), &more);
}

fn short(a: f32) -> String {
    if a < 0.1 { format!("{a:.4}") } else { format!("{a:.3}") }
}

/// factor a^2 b^2 as shades between decades, which are named at the right end.
fn landscape(page: &mut Page, plot: &Plot, name: &str, factor: f64) {
    let shade = |level: usize| {
        let colour = crate::heatmap::colour(1.0 - level as f32 / LEVELS.len() as f32);
        hex(colour.map(|part| (f32::from(part) * 0.35 + 255.0 * 0.65) as u8))
    };
    let [left, top, width, _] = plot.frame;
    page.text(left - 44.0, top - 34.0, 14.0, name, "font-weight=\"700\"");
    page.rect(plot.frame, &format!("fill=\"{}\"", shade(0)));
    let mut names = Vec::new();
    for (index, &level) in LEVELS.iter().enumerate() {
        // On this level a |b| is reach.
        let reach = (10f64.powi(level) / factor).sqrt();
        let points: Vec<_> = (0..=200)
            .map(|step| plot.across.to * f64::from(step) / 200.0)
            .map(|a| (a, -reach / a, reach / a))
            .collect();
        plot.band(page, &points, &format!("fill=\"{}\"", shade(index + 1)));
        names.push((reach / plot.across.to, format!("{}", 10f64.powi(level)), GREY));
    }
    plot.axes(page, "a");
    let more = format!("fill=\"{GREY}\" text-anchor=\"end\"");
    page.text(left - 8.0, top - 12.0, 12.0, "b", &more);
    page.text(left + width + 52.0, top - 12.0, 12.0, "excess loss", &more);
    plot.line(page, [(0.0, 0.0), (plot.across.to, 0.0)], &format!("stroke=\"{INK}\" stroke-width=\"1.2\""));
    plot.line(
        page,
        [(0.0, plot.up.from), (0.0, plot.up.to)],
        &format!("stroke=\"{INK}\" stroke-width=\"2.4\""),
    );
    let seen = names.iter().filter(|name| name.0 < plot.up.to);
    plot.names(page, &seen.cloned().collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::check;

    #[test]
    fn no_text_overlaps() -> Result<()> {
        let texts = check(&draw(&runs()?, &path(&D2, false, 500)?));
        assert!(texts.iter().any(|text| text == "SGD at 5,000: a = 1.861"), "{texts:?}");
        Ok(())
    }
}
