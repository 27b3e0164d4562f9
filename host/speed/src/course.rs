//! Whole trainings of one of two networks on stored samples, one alone or several in lanes, with the bits of a plan.
//!
//! ```text
//! order      sequential where a batch is the whole set, else shuffled every epoch from (order seed, epoch)
//! clipped    an update of length |w - w'| / eta, decay taken out, that reaches the bound: it was made shorter
//! ```
//!
//! The kernel does not tell the factor of clipping, and need not: a gradient that is clipped to norm `bound` leaves an
//! update of that length. Lengths within 1e-4 of the bound count as clipped.

use std::fmt;

use anyhow::{Context, Result, ensure};
use tamis::lanes;
use tamis::{
    AnyActivation, AnyLoss, Batch, Clip, Digest, LabelNoise, LayerSpec, Layers, LayersError, Model, Mse,
    Network, Number, Sampler, Seed, Sgd, StepError, WeightDecay,
};

use crate::simd::{Bundle, LANES};

/// A number that holds one training or several.
trait Several: Number {
    /// The number of training `run`.
    fn of(&self, run: usize) -> f32;

    /// Replaces it.
    fn set(&mut self, run: usize, value: f32);

    /// [`Digest::update`] of every training.
    fn update_digests(digests: &mut [Digest; LANES], params: &[Self]);
}

impl Several for f32 {
    #[inline(always)]
    fn of(&self, _: usize) -> f32 {
        *self
    }

    #[inline(always)]
    fn set(&mut self, _: usize, value: f32) {
        *self = value;
    }

    #[inline(always)]
    fn update_digests([digest, ..]: &mut [Digest; LANES], params: &[Self]) {
        digest.update(params);
    }
}

impl Several for Bundle {
    #[inline(always)]
    fn of(&self, run: usize) -> f32 {
        self.0[run]
    }

    #[inline(always)]
    fn set(&mut self, run: usize, value: f32) {
        self.0[run] = value;
    }

    #[inline(always)]
    fn update_digests(digests: &mut [Digest; LANES], params: &[Self]) {
        lanes::update_digests(digests, params);
    }
}

/// What a training starts from.
#[derive(Clone, Debug)]
pub struct Start {
    /// The initial weights, in the kernel's order.
    pub params: Vec<f32>,
    /// The samples, one after the other: inputs, then target.
    pub rows: Vec<f32>,
    /// Decides the order of the samples, and the label noise.
    pub seed: Seed,
}

/// How it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Samples an update; the whole set is gradient descent.
    pub batch: u32,
    /// The step size.
    pub step_size: f32,
    /// The bound on the norm of the gradient, if any.
    pub clip: Option<f32>,
    /// The coupled weight decay, if any.
    pub weight_decay: Option<f32>,
    /// The deviation of fresh noise on the targets, if any.
    pub label_noise: Option<f32>,
}

impl Settings {
    /// As the kernel takes them.
    pub fn sgd(&self) -> Result<Sgd> {
        let mut sgd = Sgd::new(self.step_size)?;
        if let Some(bound) = self.clip {
            sgd = sgd.clip(Clip::Norm(bound))?;
        }
        if let Some(lambda) = self.weight_decay {
            sgd = sgd.weight_decay(WeightDecay::coupled(lambda))?;
        }
        Ok(sgd)
    }
}

/// A training at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// How many updates have been made.
    pub update: u32,
    /// All parameters.
    pub params: Vec<f32>,
    /// How many of the updates were clipped.
    pub clipped: u32,
    /// The digest of all updates.
    pub digest: u32,
}

/// A training that ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// In this update.
    pub update: u32,
    /// Why.
    pub error: StepError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "update {}: {}", self.update, self.error)
    }
}

impl std::error::Error for Failed {}

/// One of two networks. As lists of layers, which are compiled once for all: typed, each is compiled for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// That of arXiv 2406.11110: 15-15-15-15-1, linear, without biases.
    Linear,
    /// The same with ReLU between its layers.
    Rectified,
}

impl Net {
    /// Its layers.
    pub fn layers(self) -> Result<Layers, LayersError> {
        let hidden = match self {
            Self::Linear => AnyActivation::Identity,
            Self::Rectified => AnyActivation::Relu,
        };
        let (hidden, last) = (LayerSpec::new(15, hidden), LayerSpec::new(1, AnyActivation::Identity));
        Layers::new(15, &[hidden, hidden, hidden, last].map(LayerSpec::without_bias))
    }
}

/// Trains from each start, all at once, and gives each training at the `moments`, which are updates in ascending order;
/// the last is the end. `progress` hears of every moment. At most [`LANES`] starts.
///
/// The error is [`Failed`] where a sample was rejected. Nothing here is generic for a caller, so that all of it is compiled
/// in this crate, as this crate is.
pub fn run(
    net: Net,
    starts: &[Start],
    settings: &Settings,
    moments: &[u32],
    progress: &mut dyn FnMut(u32),
) -> Result<Vec<Vec<Moment>>> {
    ensure!(starts.len() <= LANES, "at most {LANES} trainings go together");
    match starts.len() {
        ..=1 => train::<f32>(net.layers()?, starts, settings, moments, progress),
        _ => train::<Bundle>(net.layers()?, starts, settings, moments, progress),
    }
}

fn train<T: Several>(
    layers: Layers,
    starts: &[Start],
    settings: &Settings,
    moments: &[u32],
    progress: &mut dyn FnMut(u32),
) -> Result<Vec<Vec<Moment>>> {
    let first = starts.first().context("no start")?;
    let width = layers.inputs() + 1;
    let samples = first.rows.len() / width;
    for start in starts {
        ensure!(start.params.len() == layers.params(), "a start has {} parameters", start.params.len());
        ensure!(start.rows.len() == samples * width, "the starts have as many samples");
    }
    let mut indices = vec![vec![0; samples]; starts.len()];
    let runs = starts.iter().zip(&mut indices).map(|(start, indices)| {
        let is_whole = settings.batch as usize >= samples;
        Ok(Run {
            rows: &start.rows,
            order: if is_whole {
                Sampler::sequential(samples as u32)?
            } else {
                Sampler::shuffled(indices, start.seed)?
            },
            noise: settings.label_noise.map(|sigma| LabelNoise::of(&Mse, sigma, start.seed)).transpose()?,
            clipped: 0,
            moments: Vec::new(),
        })
    });
    let mut runs = runs.collect::<Result<Vec<_>>>()?;
    let mut params = vec![T::ZERO; layers.params()];
    for (run, start) in starts.iter().enumerate() {
        params.iter_mut().zip(&start.params).for_each(|(param, &value)| param.set(run, value));
    }
    let sgd = settings.sgd()?.map(T::splat);
    let course = Course { layers, runs: &mut runs, params, settings, sgd, moments, progress };
    T::pass(
        #[inline(always)]
        || course.run(),
    )?;
    Ok(runs.into_iter().map(|run| run.moments).collect())
}

/// What one training keeps for itself.
struct Run<'a> {
    rows: &'a [f32],
    order: Sampler<'a>,
    noise: Option<LabelNoise>,
    clipped: u32,
    moments: Vec<Moment>,
}

/// All updates of all trainings.
struct Course<'c, 'a, T> {
    layers: Layers,
    runs: &'c mut [Run<'a>],
    params: Vec<T>,
    settings: &'c Settings,
    sgd: Sgd<T>,
    moments: &'c [u32],
    progress: &'c mut dyn FnMut(u32),
}

impl<T: Several> Course<'_, '_, T> {
    #[inline(always)]
    fn run(self) -> Result<()> {
        let Self { layers, runs, mut params, settings, sgd, moments, progress } = self;
        let zeros = |n: usize| vec![T::ZERO; n];
        let (mut scratch, mut gradient) = (zeros(2 * layers.units()), zeros(layers.params()));
        let mut before = params.clone();
        let mut digests = [Digest::new(); LANES];
        let mut batch = match settings.batch {
            1 => None,
            length => Some(Batch::over(&layers, &mut gradient, length)?),
        };
        let (mut x, mut target) = (zeros(layers.inputs()), zeros(layers.outputs()));
        let mut model = Model::of_layers(layers, AnyLoss::Mse, &mut params, &mut scratch)?;
        let mut moments = moments.iter().copied().peekable();
        let mut update = 0;
        while let Some(&moment) = moments.peek() {
            if settings.clip.is_some() {
                before.copy_from_slice(model.params());
            }
            update += 1;
            let failed = |error| Failed { update, error };
            loop {
                let ends_epoch = draw(runs, &mut x, &mut target);
                let Some(batch) = &mut batch else {
                    model.step_slices(&x, &target, &sgd).map_err(failed)?;
                    break;
                };
                model.accumulate_slices(&x, &target, batch).map_err(failed)?;
                if batch.is_complete() || ends_epoch {
                    model.apply(batch, &sgd).map_err(failed)?;
                    break;
                }
            }
            if let Some(bound) = settings.clip {
                let squares = square_length(&before, model.params(), settings);
                for (run, state) in runs.iter_mut().enumerate() {
                    state.clipped += u32::from(squares.of(run) >= bound * bound * (1.0 - 2e-4));
                }
            }
            T::update_digests(&mut digests, model.params());
            if update == moment {
                for (run, (state, digest)) in runs.iter_mut().zip(&digests).enumerate() {
                    let params = model.params().iter().map(|param| param.of(run)).collect();
                    let (clipped, digest) = (state.clipped, digest.value());
                    state.moments.push(Moment { update, params, clipped, digest });
                }
                moments.next();
                progress(update);
            }
        }
        Ok(())
    }
}

/// The next sample of every run into `x` and `target`: whether it ends an epoch, which is the same for all.
#[inline(always)]
fn draw<T: Several>(runs: &mut [Run<'_>], x: &mut [T], target: &mut [T]) -> bool {
    let width = x.len() + 1;
    let mut ends = false;
    for (run, state) in runs.iter_mut().enumerate() {
        let draw = state.order.draw();
        let row = &state.rows[draw.index as usize * width..][..width];
        x.iter_mut().zip(row).for_each(|(x, &value)| x.set(run, value));
        let mut label = [row[width - 1]];
        if let Some(noise) = &mut state.noise {
            noise.add(&mut label);
        }
        target.iter_mut().for_each(|target| target.set(run, label[0]));
        ends = draw.ends_epoch;
    }
    ends
}

/// |(w - w') / eta - lambda w|^2, w from before the update.
#[inline(always)]
fn square_length<T: Several>(before: &[T], after: &[T], settings: &Settings) -> T {
    let rate = T::splat(1.0 / settings.step_size);
    let decay = T::splat(settings.weight_decay.unwrap_or(0.0));
    before.iter().zip(after).fold(T::ZERO, |sum, (&before, &after)| {
        let part = (before - after) * rate - decay * before;
        sum + part * part
    })
}

/// The mean loss of the network with these parameters over `rows`.
pub fn mean_loss(net: Net, params: &[f32], rows: &[f32]) -> Result<f64> {
    let layers = net.layers()?;
    let (mut params, mut scratch) = (params.to_vec(), vec![0.0; 2 * layers.units()]);
    let width = layers.inputs() + 1;
    let mut model = Model::of_layers(layers, AnyLoss::Mse, &mut params, &mut scratch)?;
    let mut sum = 0.0;
    for row in rows.chunks(width) {
        let (x, target) = row.split_at(width - 1);
        sum += f64::from(model.evaluate_slices(x, target)?);
    }
    Ok(sum / (rows.len() / width) as f64)
}
