//! What the user should know of a selection, and what to change.

use anyhow::Result;
use serde::Serialize;

use super::Options;
use super::conditional;
use super::design::Design;
use super::encoder;
use super::ensemble::{Ensemble, STRENGTHS};
use super::judge::{Judgement, LEARNT};
use super::table::Table;
use crate::report;

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Advice(pub String);

/// Fewer rows than this find strong effects only.
const FEW: usize = 150;
/// The loss of a trained network on its own rows rises with the penalty. Where it falls to this part of that of the
/// stage before, training is not done.
const FALLING: f64 = 0.95;
/// The loss on its own rows, as a part of that on rows held out, below which a network knows them by heart; where the
/// latter is less than a tenth of a constant's no harm is done.
const BY_HEART: f64 = 0.25;
const HARM: f64 = 0.1;

/// Whether the rows are to be taken as a time series: if the user says so, or if the target of a row tells that of the
/// next and the settings may be changed.
pub fn time(table: &Table, options: &Options, advice: &mut Vec<Advice>) -> Result<bool> {
    let rows: Vec<u32> = (0..table.rows() as u32).collect();
    if options.time || rows.len() < 20 {
        return Ok(options.time);
    }
    let (features, _) = encoder::outputs(table, &options.target, &rows)?;
    let y = encoder::rowwise(&features, table, &rows)?;
    let outputs = features.len();
    let of = |output: usize| {
        let y = || y.iter().skip(output).step_by(outputs);
        y().zip(y().skip(1)).map(|(a, b)| f64::from(a * b)).sum::<f64>() / rows.len() as f64
    };
    let strongest =
        (0..outputs).map(of).fold(0.0, |most: f64, r| if r.abs() > most.abs() { r } else { most });
    if strongest.abs() < 5.0 / (rows.len() as f64).sqrt() || is_sorted(&y, outputs) {
        return Ok(false);
    }
    let seen = format!("the target of a row tells that of the next (correlation {strongest:.2})");
    advice.push(Advice(if options.no_auto {
        format!(
            "{seen}: if the rows follow each other in time, say --time; shuffled shadows find too much there"
        )
    } else {
        format!(
            "{seen}: the rows were taken as a time series, as by --time; --no-auto takes them as independent"
        )
    }));
    Ok(!options.no_auto)
}

/// Whether rows of equal targets stand together: the table is sorted by its target, and its order means nothing.
fn is_sorted(y: &[f32], outputs: usize) -> bool {
    let mut runs: Vec<Vec<u32>> =
        y.chunks_exact(outputs).map(|y| y.iter().map(|y| y.to_bits()).collect()).collect();
    runs.dedup();
    let count = runs.len();
    runs.sort_unstable();
    runs.dedup();
    let rising = || y.iter().zip(y.iter().skip(1));
    let is_monotone = outputs == 1 && (rising().all(|(a, b)| a <= b) || rising().all(|(a, b)| a >= b));
    is_monotone || count == runs.len() && count * outputs < y.len() / 2
}

/// The inputs that do not vary on the training rows.
pub fn constant(table: &Table, targets: &[String], design: &Design) -> Vec<String> {
    let varies = |name: &String| design.encoder.inputs.iter().any(|input| input.column == *name);
    let names = table.columns.iter().map(|column| &column.name);
    names.filter(|name| !targets.contains(name) && !varies(name)).cloned().collect()
}

/// What the outcome says about the settings.
pub fn diagnose(
    design: &Design,
    ensemble: &Ensemble,
    judgement: &Judgement,
    options: &Options,
    advice: &mut Vec<Advice>,
) -> Result<()> {
    let mut say = |text: String| advice.push(Advice(text));
    if design.rows < FEW {
        say(format!("{} rows are few: what matters weakly is not found on so many", design.rows));
    }
    let (asked, taken) = (options.step_size, ensemble.step_size);
    if taken < asked {
        say(format!("networks diverged at the step size {asked}; it was lowered to {taken}"));
    }
    if taken > asked {
        say(format!("networks stayed as they began at the step size {asked}; it was raised to {taken}"));
    }
    if judgement.explained < LEARNT {
        say("nothing was learnt here: the networks explain none of the target on rows held out. Joint effects of this \
             size are not excluded on so many rows; --effort high trains longer"
            .to_owned());
        return Ok(());
    }
    let learned = |stage: usize| conditional::loss(design, ensemble, stage, |part| &part.training, |_, _| {});
    let (best, last) = (judgement.stage, STRENGTHS.len() - 1);
    let at_best = learned(best)?;
    if best == last && at_best < FALLING * learned(last - 1)? {
        say("training was too brief: under the strongest penalty the loss on the rows learned from still fell; more \
             --steps, a larger --step-size or --effort high learn more"
            .to_owned());
    }
    let constant = ensemble.loss.of_constant(design);
    let (learned, held_out) = (at_best / constant, 1.0 - judgement.explained);
    if learned < BY_HEART * held_out && held_out > HARM {
        say(format!(
            "the networks know the rows that they learned from by heart (interpolation): {} of the loss is left there, \
             {} on rows held out; more rows would tell more",
            report::percent(learned),
            report::percent(held_out)
        ));
    }
    Ok(())
}
