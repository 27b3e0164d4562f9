//! What the trainings ought to come to.
//!
//! | start | step size | source |
//! |---|---|---|
//! | published | 0.1 | the curves of another program from the same start, and their spread over orders of the samples |
//! | published | 0.2, 0.5 | the ends of the same |
//! | own | 0.1 | the range of 8 starts of another generator, its width allowed on each side |

use super::runs::{self, Measured, RUNS};
use super::{Given, Origin, Synthetic};
use crate::repro::Verdict;

/// target, step size, label noise, batch, weight decay, steps, runs, norm at the checkpoints, mean and deviation at the end.
const CURVES: &str = include_str!("../../../../tests/reference/curves-seed0.csv");

const FROM_CURVES: &str = "PyTorch and C from the same start";
/// The range of 8 normal numbers is 2.85 standard deviations wide: with as much on each side, one in 50,000 lies outside.
const FROM_BANDS: &str = "range of 8 other starts, its width allowed on each side";
const DEAD: &str = "decay outweighs a target of which a line explains 7 %";

/// The verdicts on all trainings.
pub fn verdicts(target: Synthetic, origin: &Origin, options: &Given, measured: &[Measured]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for run in measured.chunk_by(|a, b| a.run == b.run) {
        let is_tenth = options.step_size == 0.1;
        match origin {
            Origin::Published if is_tenth => run.iter().for_each(|one| on_curve(target, one, &mut verdicts)),
            Origin::Published => run.iter().for_each(|one| {
                verdicts.extend(at_end(target, options.step_size, one));
            }),
            Origin::Own if is_tenth && !options.quick => in_bands(target, run, &mut verdicts),
            Origin::Own => {}
        }
        if target == Synthetic::Sine && run[0].run.weight_decay.is_some() && is_tenth {
            let relevant = run.iter().map(|one| one.end().relevant).fold(0.0, f64::max);
            let loss = run.iter().map(|one| one.end().loss).fold(f64::INFINITY, f64::min);
            let name = run[0].run.name;
            verdicts.push(Verdict::between(format!("{name}, relevant norm"), relevant, [0.0, 0.02], DEAD));
            verdicts.push(Verdict::between(format!("{name}, loss / variance"), loss, [0.98, 1.02], DEAD));
        }
    }
    verdicts
}

/// The place of a training among the six.
fn place(one: &Measured) -> usize {
    RUNS.iter().position(|run| run.name == one.run.name).unwrap_or(0)
}

/// Whether the training was not cut short.
fn is_whole(target: Synthetic, one: &Measured) -> bool {
    one.run == runs::of(target, false)[place(one)]
}

/// From the published start at 0.1: at checkpoints, and at the end.
fn on_curve(target: Synthetic, one: &Measured, verdicts: &mut Vec<Verdict>) {
    let Some(line) = reference(target, place(one)) else { return };
    let run = one.run;
    // Orders differ most in the middle of a steep fall, and at a batch of one.
    let tolerance = |norm: f64| match run.batch {
        1 => 0.08 * norm + 0.01,
        32..=512 => 0.015 * norm + 0.005,
        _ => 0.002,
    };
    for (update, column) in [(1_000, 10), (10_000, 11)] {
        let (Some(at), Some(&norm)) = (one.at(update), line.get(column)) else { continue };
        if norm.is_finite() {
            let what = format!("{}, norm after {update}", run.name);
            verdicts.push(Verdict::near(what, at.irrelevant, norm, tolerance(norm), FROM_CURVES));
        }
    }
    if !is_whole(target, one) {
        return;
    }
    let what = format!("{}, norm at the end", run.name);
    let (mean, deviation) = (line[16], line[17]);
    let end = match (target, run.name) {
        (Synthetic::Linear, "GD") => [3.596, 3.600],
        (Synthetic::Linear, "SGD-512") => [1.673, 1.693],
        (Synthetic::Linear, "SGD-128") => [0.453, 0.473],
        (Synthetic::Linear, "SGD-32") => [0.038, 0.058],
        (Synthetic::Linear, "SGD-1") => [0.10, 0.17],
        (Synthetic::Linear, _) => [0.0, 0.005],
        _ => {
            // Three to five orders tell their deviation to a half at best.
            let tolerance = (4.0 * deviation).max(0.1 * mean).max(0.01);
            [mean - tolerance, mean + tolerance]
        }
    };
    verdicts.push(Verdict::between(what, one.last_norm(), end, FROM_CURVES));
    let clipped = [1.0, 0.997, 0.937, 0.674, 0.443, 0.276];
    if target == Synthetic::Linear {
        let what = format!("{}, share clipped", run.name);
        verdicts.push(Verdict::near(what, one.end().clipped, clipped[place(one)], 0.015, FROM_CURVES));
    }
}

/// The numbers of a line of the reference curves; a text is not a number.
fn reference(target: Synthetic, place: usize) -> Option<Vec<f64>> {
    let name = if target == Synthetic::Staircase { "stair" } else { target.name() };
    let mut lines = CURVES.lines().filter(|line| line.split(',').next() == Some(name));
    let line = lines.nth(place)?;
    Some(line.split(',').map(|field| field.parse().unwrap_or(f64::NAN)).collect())
}

/// From the published start at the other step sizes of the paper: the ends that are known.
fn at_end(target: Synthetic, step_size: f32, one: &Measured) -> Option<Verdict> {
    if !is_whole(target, one) {
        return None;
    }
    let ends = match (target, (10.0 * step_size).round() as u32) {
        (Synthetic::Linear, 2) => [3.581, 0.407, 0.031, 0.062, 0.22],
        (Synthetic::Linear, 5) => [3.561, 0.038, 0.078, 0.154, 0.96],
        (Synthetic::Sine, 2) => [4.101, 2.537, 0.368, 0.177, 0.53],
        _ => return None,
    };
    let end = *ends.get(place(one))?;
    let tolerance = match one.run.batch {
        1 => 0.5 * end,
        32..=512 => 0.15 * end + 0.01,
        _ => 0.01,
    };
    let what = format!("{}, norm at the end", one.run.name);
    Some(Verdict::near(what, one.last_norm(), end, tolerance, FROM_CURVES))
}

/// From starts of our own at 0.1: the least and the most of what remains of the norm, and of the ratio of columns.
fn in_bands(target: Synthetic, run: &[Measured], verdicts: &mut Vec<Verdict>) {
    let at = place(&run[0]);
    let kept = match target {
        Synthetic::Linear => {
            [[0.79, 0.87], [0.36, 0.42], [0.094, 0.12], [0.01, 0.012], [0.017, 0.04], [0.0, 0.001]]
        }
        Synthetic::Sine => {
            [[0.93, 0.96], [0.66, 0.77], [0.43, 0.62], [0.06, 0.17], [0.05, 0.09], [0.0, 0.001]]
        }
        Synthetic::Staircase => return,
    };
    let ratio = match target {
        Synthetic::Linear => {
            [[0.83, 1.09], [0.61, 0.81], [0.21, 0.28], [0.019, 0.025], [0.014, 0.028], [0.0, 0.002]]
        }
        // Of a dead network there is no ratio.
        _ => [[0.81, 1.11], [0.66, 0.97], [0.53, 0.81], [0.11, 0.34], [0.04, 0.07], [0.0, f64::INFINITY]],
    };
    let mut judge = |what: &str, of: &dyn Fn(&Measured) -> f64, [least, most]: [f64; 2]| {
        let width = most - least;
        if !width.is_finite() {
            return;
        }
        let values = || run.iter().map(of);
        for (end, value) in
            [("least", values().fold(f64::INFINITY, f64::min)), ("most", values().fold(0.0, f64::max))]
        {
            let what = format!("{}, {what}, {end} of {}", run[0].run.name, run.len());
            verdicts.push(Verdict::between(
                what,
                value,
                [(least - width).max(0.0), most + width],
                FROM_BANDS,
            ));
        }
    };
    judge("norm kept", &Measured::kept, kept[at]);
    judge("ratio of columns", &Measured::ratio, ratio[at]);
}
