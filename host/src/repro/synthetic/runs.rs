//! The six trainings of a figure, carried out, and what is looked at in each.

use std::cmp::Reverse;

use anyhow::{Context, Result};
use indicatif::MultiProgress;
use serde_json::{Value, json};
use tamis::{AnyLoss, Init, Labels, Model, Network, Seed, Task};
use tamis_speed::course::{self, Moment, Net, Settings, Start};
use tamis_speed::simd::LANES;

use super::{INPUTS, RELEVANT, Synthetic, WIDTHS};
use crate::{pool, report};

/// One of the trainings that share a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// "SGD-32".
    pub name: &'static str,
    /// Samples an update.
    pub batch: u32,
    /// How many updates.
    pub updates: u32,
    /// The coupled weight decay, if any.
    pub weight_decay: Option<f32>,
}

/// How many samples there are, mirrored.
pub const SAMPLES: u32 = 10_000;

/// The six of every figure.
pub const RUNS: [Run; 6] = [
    Run { name: "GD", batch: SAMPLES, updates: 20_000, weight_decay: None },
    Run { name: "SGD-512", batch: 512, updates: 200_000, weight_decay: None },
    Run { name: "SGD-128", batch: 128, updates: 200_000, weight_decay: None },
    Run { name: "SGD-32", batch: 32, updates: 200_000, weight_decay: None },
    Run { name: "SGD-1", batch: 1, updates: 200_000, weight_decay: None },
    Run { name: "GD+wd", batch: SAMPLES, updates: 5_000, weight_decay: Some(0.1) },
];

/// So many updates of [`RUNS`] are made for `target`. Those that are `quick` are cut to what a minute can do.
///
/// Decay kills the network of the sine within 1,000 updates. What follows changes nothing but takes the longest: products
/// of ever smaller weights are subnormal numbers, which a core computes many times slower.
pub fn of(target: Synthetic, quick: bool) -> [Run; 6] {
    RUNS.map(|run| {
        let is_dead = target == Synthetic::Sine && run.weight_decay.is_some();
        let most = match run.batch {
            _ if is_dead => 1_000,
            _ if !quick => u32::MAX,
            33.. => 1_000,
            _ => 10_000,
        };
        Run { updates: run.updates.min(most), ..run }
    })
}

/// Where the norms are told.
pub const CHECKPOINTS: [u32; 9] = [1, 10, 100, 1_000, 10_000, 20_000, 50_000, 100_000, 200_000];

/// Over how many updates the end is a mean.
pub const LAST: u32 = 20;

/// A training at a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkpoint {
    /// After so many updates.
    pub update: u32,
    /// |W1[:, r:]|.
    pub irrelevant: f64,
    /// |W1[:, :r]|.
    pub relevant: f64,
    /// The mean squared error over all samples, as a share of the variance of the targets.
    pub loss: f64,
    /// The share of the updates so far that were clipped.
    pub clipped: f64,
}

/// A training that has been carried out.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which.
    pub run: Run,
    /// What decided its order, and its start if that is its own.
    pub seed: u64,
    /// Its initial weights.
    pub init: Vec<f32>,
    /// Its weights at the end.
    pub params: Vec<f32>,
    /// The irrelevant norm after so many updates.
    pub curve: Vec<(u32, f64)>,
    /// At the checkpoints it has come to, the end among them.
    pub checkpoints: Vec<Checkpoint>,
    /// The digest of all updates.
    pub digest: u32,
}

/// The step size and the bound of clipping, for all six.
pub fn settings(run: &Run, step_size: f32) -> Settings {
    let Run { batch, weight_decay, .. } = *run;
    Settings { batch, step_size, clip: Some(1.0), weight_decay, label_noise: None }
}

/// A start of our own: weights, samples and their order from `seed`.
pub fn own_start(target: Synthetic, seed: u64) -> Result<Start> {
    let seed = Seed(seed);
    let task = Task {
        seed,
        target: target.task(),
        inputs: INPUTS as u16,
        relevant: RELEVANT as u16,
        noise: target.noise(),
        labels: Labels::Mirrored(SAMPLES / 2),
    };
    let mut rows = Vec::with_capacity(SAMPLES as usize * (INPUTS + 1));
    let mut x = [0.0; INPUTS];
    for index in 0..SAMPLES.into() {
        let label = task.row(index, &mut x);
        rows.extend(x);
        rows.push(label);
    }
    let layers = Net::Linear.layers()?;
    let (mut params, mut scratch) = (vec![0.0; layers.params()], vec![0.0; 2 * layers.units()]);
    Model::of_layers(layers, AnyLoss::Mse, &mut params, &mut scratch)?.init(Init::he(), seed)?;
    Ok(Start { params, rows, seed })
}

/// Carries out all `runs` from each start, the longest first.
pub fn carry_out(runs: &[Run], starts: &[Start], step_size: f32) -> Result<Vec<Measured>> {
    let mut work: Vec<(Run, &[Start])> =
        runs.iter().flat_map(|&run| starts.chunks(LANES).map(move |starts| (run, starts))).collect();
    work.sort_by_key(|(run, _)| Reverse(u64::from(run.batch) * u64::from(run.updates)));
    let bars = MultiProgress::new();
    let done = pool::map(&work, |&(run, starts)| {
        let bar = bars.add(report::progress(run.updates as usize));
        bar.set_message(run.name);
        let moments = moments(run.updates);
        let settings = settings(&run, step_size);
        let courses = course::run(Net::Linear, starts, &settings, &moments, &mut |update| {
            bar.set_position(update.into());
        });
        bar.finish_and_clear();
        let courses = courses.with_context(|| run.name)?;
        starts
            .iter()
            .zip(courses)
            .map(|(start, course)| look(run, start, &course))
            .collect::<Result<Vec<_>>>()
    });
    let mut measured = Vec::new();
    for result in done {
        measured.extend(result?);
    }
    let place = |run: &Run| runs.iter().position(|other| other == run);
    measured.sort_by_key(|one| (place(&one.run), one.seed));
    Ok(measured)
}

/// When to look: evenly on a logarithmic scale, at the checkpoints, and at the last updates.
fn moments(updates: u32) -> Vec<u32> {
    let even = (0..).map(|k| 10f64.powf(f64::from(k) / 40.0) as u32).take_while(|&update| update <= updates);
    let last = updates.saturating_sub(LAST - 1).max(1)..=updates;
    let mut all: Vec<u32> = even.chain(CHECKPOINTS).chain(last).filter(|&update| update <= updates).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What can be seen in a course.
fn look(run: Run, start: &Start, course: &[Moment]) -> Result<Measured> {
    let end = course.last().context("a training has an end")?;
    let variance = variance(&start.rows);
    let told = course.iter().filter(|moment| CHECKPOINTS.contains(&moment.update) || *moment == end);
    let checkpoints = told.map(|moment| {
        let (relevant, irrelevant) = norms(&moment.params);
        let loss = course::mean_loss(Net::Linear, &moment.params, &start.rows)?;
        let clipped = f64::from(moment.clipped) / f64::from(moment.update);
        Ok(Checkpoint { update: moment.update, irrelevant, relevant, loss: loss / variance, clipped })
    });
    Ok(Measured {
        run,
        seed: start.seed.0,
        init: start.params.clone(),
        params: end.params.clone(),
        curve: course.iter().map(|moment| (moment.update, norms(&moment.params).1)).collect(),
        checkpoints: checkpoints.collect::<Result<_>>()?,
        digest: end.digest,
    })
}

/// The norms of the first layer's relevant and of its irrelevant columns.
pub fn norms(params: &[f32]) -> (f64, f64) {
    let (relevant, rest) = params.split_at(RELEVANT * WIDTHS[1]);
    let irrelevant = &rest[..(INPUTS - RELEVANT) * WIDTHS[1]];
    let norm = |weights: &[f32]| weights.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
    (norm(relevant), norm(irrelevant))
}

/// The variance of the targets.
pub fn variance(rows: &[f32]) -> f64 {
    let targets = || rows.iter().skip(INPUTS).step_by(INPUTS + 1).map(|&target| f64::from(target));
    let mean = targets().sum::<f64>() / targets().count() as f64;
    targets().map(|target| (target - mean).powi(2)).sum::<f64>() / targets().count() as f64
}

impl Measured {
    /// The checkpoint at the end.
    pub fn end(&self) -> Checkpoint {
        let nothing = Checkpoint {
            update: 0,
            irrelevant: f64::NAN,
            relevant: f64::NAN,
            loss: f64::NAN,
            clipped: f64::NAN,
        };
        self.checkpoints.last().copied().unwrap_or(nothing)
    }

    /// At this checkpoint, if it has come so far.
    pub fn at(&self, update: u32) -> Option<Checkpoint> {
        self.checkpoints.iter().copied().find(|checkpoint| checkpoint.update == update)
    }

    /// The irrelevant norm, a mean over the last updates.
    pub fn last_norm(&self) -> f64 {
        let last = self.curve.iter().rev().take(LAST as usize);
        last.clone().map(|(_, norm)| norm).sum::<f64>() / last.count() as f64
    }

    /// The irrelevant norm at the end as a share of that at the start.
    pub fn kept(&self) -> f64 {
        self.last_norm() / norms(&self.init).1
    }

    /// The rms irrelevant column over the rms relevant one.
    pub fn ratio(&self) -> f64 {
        let columns = |count: usize| (count as f64).sqrt();
        self.last_norm() / columns(INPUTS - RELEVANT) / (self.end().relevant / columns(RELEVANT))
    }

    /// As an object.
    pub fn to_json(&self) -> Value {
        let Run { name, batch, weight_decay, updates } = self.run;
        let end = self.end();
        let by_update: serde_json::Map<_, _> =
            self.checkpoints.iter().map(|at| (at.update.to_string(), json!(at.irrelevant))).collect();
        let checkpoints: Vec<_> = self.checkpoints.iter().copied().map(Checkpoint::to_json).collect();
        json!({
            "name": name,
            "batch": batch,
            "weight_decay": weight_decay.unwrap_or(0.0),
            "updates": updates,
            "seed": self.seed,
            "irrelevant_norm": by_update,
            "last_irrelevant_norm": self.last_norm(),
            "relevant_norm": end.relevant,
            "loss": end.loss,
            "clipped_share": end.clipped,
            "digest": format!("{:08x}", self.digest),
            "checkpoints": checkpoints,
        })
    }
}

impl Checkpoint {
    fn to_json(self) -> Value {
        let Self { update, irrelevant, relevant, loss, clipped } = self;
        json!({
            "update": update,
            "irrelevant_norm": irrelevant,
            "relevant_norm": relevant,
            "loss": loss,
            "clipped_share": clipped,
        })
    }
}
