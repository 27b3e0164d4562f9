//! The regime that a training is in, from what is measured at its end.
//!
//! ```text
//! sharpness       the largest eigenvalue of the Gauss-Newton matrix of the training loss; the mean at the last 4 moments
//! stable below    2 (1 + mu) / eta: where gradient descent with momentum mu no longer settles; eta the largest there
//! residual        E[e^2], label noise included, as a share of the variance of the targets
//! clipped share   of updates like those that were made: batches drawn anew, gradients in f64
//! ```
//!
//! Moments are `MOMENTS` of the last tenth of the updates, an odd number of updates apart, so that a training that
//! bounces between two states is seen in both. Rows come from the plan's own feed: its order, scale and label noise.
//! The rules, and the trainings that they are drawn from, are in `docs/LABORATORY.md`.
//!
//! Nothing here moves a bit of the training.

use std::fmt;

use anyhow::Result;
use serde::Serialize;
use tamis::feed::Feed;
use tamis::wire::Training;
use tamis::{AnyLoss, Clip, Data, Network, Plan, Samples};

use crate::jacobian::{Wide, square};
use crate::replica::Seen;
use crate::report;

/// Moments that are looked at, and at how many of them the sharpness is measured.
const MOMENTS: u32 = 16;
const SHARP: usize = 4;
/// Rows for the sharpness.
const ROWS: usize = 256;
/// Samples per moment for residual and clipping; at least one batch where gradients are clipped.
const SAMPLES: usize = 256;

/// A residual below this share of the variance is none.
const INTERPOLATED: f64 = 1e-4;
/// Clipping more often than this is what holds the training.
const CLIPPED: f64 = 0.1;

/// What becomes of the columns of irrelevant inputs, penalties apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Regime {
    /// There is no residual left to be noisy.
    #[serde(rename = "interpolated")]
    Interpolated,
    /// Every update sees all samples: there is a residual, but no noise.
    #[serde(rename = "full batch")]
    FullBatch,
    /// The rate is that of label noise.
    #[serde(rename = "noisy and stable")]
    Stable,
    /// No minimum is stable at this step size, and clipping keeps the training from diverging.
    #[serde(rename = "unstable and clipped")]
    Clipped,
    /// None of these, or the loss is one of classes.
    #[serde(rename = "not defined")]
    NotDefined,
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interpolated => "interpolated: nothing shrinks",
            Self::FullBatch => "full batch: no noise, nothing shrinks",
            Self::Stable => "noisy and stable: the law holds",
            Self::Clipped => "unstable and held by the clip: shrinks faster than the law",
            Self::NotDefined => "not defined",
        })
    }
}

/// A regime, and what it is told from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// What it comes to.
    pub regime: Regime,
    /// The largest eigenvalue; nothing unless the loss is the mean squared error.
    pub sharpness: Option<f64>,
    /// 2 / step size.
    pub stable_below: f64,
    /// The residual as a share of the variance; nothing unless the loss is the mean squared error.
    pub residual: Option<f64>,
    /// The share of updates that are clipped; nothing where clipping is off.
    pub clipped_share: Option<f64>,
}

impl Measured {
    /// The rules.
    fn judge(self, has_noise: bool) -> Self {
        let (Some(sharpness), Some(residual)) = (self.sharpness, self.residual) else { return self };
        let is_stable = sharpness < self.stable_below;
        let is_clipped = self.clipped_share.is_some_and(|share| share >= CLIPPED);
        let regime = match (is_stable, is_clipped) {
            _ if residual < INTERPOLATED => Regime::Interpolated,
            (true, false) if !has_noise => Regime::FullBatch,
            (true, false) => Regime::Stable,
            (false, true) => Regime::Clipped,
            (true, true) | (false, false) => Regime::NotDefined,
        };
        Self { regime, ..self }
    }
}

/// "regime: noisy and stable: the law holds (sharpness 8.1, stable below 40; residual 15.0 %, nothing clipped)".
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "regime: {} (", self.regime)?;
        match self.sharpness {
            Some(sharpness) => write!(f, "sharpness {sharpness:.1}, ")?,
            None => f.write_str("loss of classes or bounded; ")?,
        }
        write!(f, "stable below {:.0}", self.stable_below)?;
        match self.residual {
            Some(residual) if residual < 1e-3 => write!(f, "; residual {residual:.0e} of the variance")?,
            Some(residual) => write!(f, "; residual {} of the variance", report::percent(residual))?,
            None => {}
        }
        match self.clipped_share {
            Some(share) => write!(f, "; {:.0} % of updates clipped)", 100.0 * share),
            None => f.write_str("; no clipping)"),
        }
    }
}

/// Keeps the parameters of the moments that count.
#[derive(Clone, Debug)]
pub struct Watcher {
    updates: u32,
    apart: u32,
    moments: Vec<(u32, Vec<f32>)>,
}

impl Watcher {
    /// For a training of so many updates.
    pub fn new(updates: u32) -> Self {
        Self { updates, apart: (updates / 10 / MOMENTS) | 1, moments: Vec::new() }
    }

    /// Takes in an update.
    pub fn watch(&mut self, Seen { update, params, .. }: Seen<'_>) {
        let left = self.updates.saturating_sub(update);
        if left.is_multiple_of(self.apart) && left / self.apart < MOMENTS {
            self.moments.push((update, params.to_vec()));
        }
    }

    /// The regime of `training` on the samples of `source`.
    pub fn measure(&self, training: &Training, source: impl Samples) -> Result<Measured> {
        let Training { layers, loss, plan } = training;
        let step_size =
            |&(update, _): &(u32, Vec<f32>)| f64::from(plan.sgd.step_size(update.saturating_sub(1)));
        let step_size = self.moments.iter().map(step_size).fold(0.0, f64::max);
        let mu = f64::from(plan.momentum.unwrap_or(0.0));
        let mut measured = Measured {
            regime: Regime::NotDefined,
            sharpness: None,
            stable_below: 2.0 * (1.0 + mu) / step_size,
            residual: None,
            clipped_share: None,
        };
        if *loss != AnyLoss::Mse || self.moments.is_empty() {
            return Ok(measured);
        }
        let (mut scale, mut indices) = (vec![0.0; 2 * layers.inputs()], vec![0; plan.data.stored().into()]);
        let feed = plan.feed(layers.inputs(), &mut scale, &mut indices, source)?;
        let mut samples = Drawn { feed, x: vec![0.0; layers.inputs()], target: vec![0.0; layers.outputs()] };

        let mut tally = Tally::default();
        for (_, params) in &self.moments {
            tally.take(&mut Wide::new(layers, params), plan, &mut samples)?;
        }
        measured.residual = Some(tally.residual());
        measured.clipped_share = plan.sgd.clipping().map(|_| tally.clipped as f64 / tally.batches as f64);
        let mut rows = Vec::new();
        for _ in 0..match usize::from(plan.data.stored()) {
            0 => ROWS,
            stored => stored.min(ROWS),
        } {
            samples.next()?;
            rows.push(samples.x.clone());
        }
        let last = &self.moments[self.moments.len().saturating_sub(SHARP)..];
        // Begun with the same numbers everywhere, and then with what was found at the moment before.
        let mut v: Vec<_> = (0..layers.params()).map(|place| (1.0 + place as f64).sin()).collect();
        let sharpness = last.iter().map(|(_, params)| Wide::new(layers, params).sharpness(&rows, &mut v));
        measured.sharpness = Some(sharpness.sum::<f64>() / last.len() as f64);
        Ok(measured.judge(has_noise(plan)))
    }
}

/// Whether two updates on the same weights differ.
fn has_noise(plan: &Plan) -> bool {
    let sees_all = match plan.data {
        Data::Sequential(rows) | Data::Shuffled(rows) | Data::Keyed(rows) => plan.batch >= rows.into(),
        Data::Stream | Data::WithReplacement(_) | Data::Ring { .. } => false,
    };
    !sees_all || plan.label_noise.is_some_and(|sigma| sigma > 0.0)
}

/// Samples as they are trained on, one after the other.
struct Drawn<'a, S> {
    feed: Feed<'a, S>,
    x: Vec<f32>,
    target: Vec<f32>,
}

impl<S: Samples> Drawn<'_, S> {
    fn next(&mut self) -> Result<()> {
        self.feed.next(&mut self.x, &mut self.target).0?;
        Ok(())
    }
}

/// Sums over targets and batches.
#[derive(Default)]
struct Tally {
    targets: f64,
    sum: f64,
    squares: f64,
    errors: f64,
    batches: u32,
    clipped: u32,
}

impl Tally {
    /// Some batches at one moment.
    fn take(&mut self, net: &mut Wide, plan: &Plan, samples: &mut Drawn<'_, impl Samples>) -> Result<()> {
        let clip = plan.sgd.clipping();
        // Where nothing is clipped, samples count and batches do not.
        let length = clip.map_or(1, |_| plan.batch as usize);
        let mut gradient = vec![0.0; net.params()];
        for _ in 0..(SAMPLES / length).max(1) {
            gradient.fill(0.0);
            for _ in 0..length {
                samples.next()?;
                let outputs = net.forward(&samples.x).iter();
                let errors: Vec<_> = outputs.zip(&samples.target).map(|(y, &t)| y - f64::from(t)).collect();
                self.add(&samples.target, &errors);
                if clip.is_some() {
                    let scale = 2.0 / (errors.len() * length) as f64;
                    let slopes: Vec<_> = errors.iter().map(|error| scale * error).collect();
                    net.add_transposed(&slopes, &mut gradient);
                }
            }
            self.batches += 1;
            self.clipped += u32::from(match clip {
                None => false,
                Some(Clip::Norm(bound)) => square(&gradient).sqrt() > bound.into(),
                Some(Clip::Value(bound)) => gradient.iter().any(|g| g.abs() > bound.into()),
            });
        }
        Ok(())
    }

    fn add(&mut self, targets: &[f32], errors: &[f64]) {
        self.errors += square(errors);
        for target in targets.iter().map(|&target| f64::from(target)) {
            self.targets += 1.0;
            self.sum += target;
            self.squares += target * target;
        }
    }

    /// The squared error as a share of the variance.
    fn residual(&self) -> f64 {
        let mean = self.sum / self.targets;
        self.errors / (self.squares - self.targets * mean * mean)
    }
}
