//! Forty small networks on the inputs and on shuffled copies of them, pressed harder from stage to stage.
//!
//! A replica is one fold of one repeat. It trains on the rows outside of its fold and is judged on those inside. Its
//! network sees every input twice: x as it is, and x of another row, the *shadow*. All shadows of a row come from one
//! other row, freshly drawn for each replica, so they keep the correlations among each other and lose every relation to
//! the target. An irrelevant input that is independent of the relevant ones is exchangeable with its shadow.
//!
//! ```text
//! network      2d - H tanh - outputs, biases; W1 ~ N(0, 1/2d), b1 ~ N(0, 1/4), w2 ~ N(0, 1/H), b2 = 0
//! loss         Huber with the bound 3, unless told
//! SGD          batches of 8, shuffled epochs, step size eta, the last 30 % of each stage at eta/5
//! penalty      the proximal group lasso on the columns of W1, every second update
//! stages       strength m / sqrt(N), m = .1 .2 .4 .8 1.6 3.2, each from where the one before ended
//! norms        means over about 100 checks in the last 30 % of a stage
//! ```
//!
//! The repeats of a fold are trained in lanes. Of several seeds each trains forty networks, and all count.
//! What the networks find rests on the penalty: without it the same
//! procedure loses half of its F1.

use std::array;
use std::num::NonZeroU32;

use anyhow::{Context, Result};
use tamis::random::{self, Purpose};
use tamis::{
    AnyActivation, AnyLoss, Init, LayerSpec, Layers, Model, Network, Proximal, Seed, Sgd, StepError, lanes,
};
use tamis_speed::simd::LANES;
use tamis_speed::stage::{self, Checks, Memory, Rows, Visit};

use super::design::Design;
use super::loss::Loss;
use crate::pool;

/// Repeats of the division into folds: the lanes of a bundle.
pub const REPEATS: usize = LANES;
/// Folds of a repeat.
pub const FOLDS: usize = 5;
/// How many networks a seed trains.
pub const REPLICAS: usize = REPEATS * FOLDS;
/// m: the strengths of the penalty, times the root of the number of rows.
pub const STRENGTHS: [f64; 6] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2];

/// Samples in a batch.
pub const BATCH: u32 = 8;
/// Updates from one step of the penalty to the next.
pub const EVERY: u32 = 2;
/// What becomes of the step size at the end of a stage.
pub const DROP: f32 = 0.2;
/// The part of a stage before that.
pub const AT_FULL: f64 = 0.7;
const CHECKS: u32 = 100;

/// How the networks are trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What they minimise.
    pub loss: Loss,
    /// H: hidden units.
    pub hidden: u16,
    /// Samples that each network sees in one stage.
    pub samples: u32,
    /// eta: the step size.
    pub step_size: f32,
    /// Whether another is tried where that one fails.
    pub auto: bool,
    /// Whether rows follow each other in time: shadows are then shifted in a circle, not shuffled.
    pub time: bool,
    /// Decides everything that is drawn.
    pub seed: Seed,
    /// How many seeds there are, from that one on.
    pub seeds: u16,
}

/// One replica at the end of one stage.
#[derive(Clone, Debug)]
pub struct Replica {
    /// The mean column norms, first those of the inputs, then those of their shadows.
    pub norms: Vec<f64>,
    /// The mean loss on the rows held out.
    pub loss: f64,
    /// All parameters, input-major.
    pub params: Vec<f32>,
}

/// All replicas at the end of a stage, for each seed replica `fold * REPEATS + repeat`.
#[derive(Clone, Debug)]
pub struct Stage {
    /// lambda: the strength of the penalty.
    pub strength: f64,
    /// The replicas.
    pub replicas: Vec<Replica>,
}

impl Stage {
    /// The mean loss on rows held out.
    pub fn loss(&self) -> f64 {
        self.replicas.iter().map(|replica| replica.loss).sum::<f64>() / self.replicas.len() as f64
    }
}

/// Which rows a replica holds out, and where its shadows come from.
#[derive(Clone, Debug)]
pub struct Part {
    /// The rows that it trains on.
    pub training: Vec<u32>,
    /// The rows that it does not.
    pub held_out: Vec<u32>,
    /// For each row the one whose inputs are its shadows.
    pub shadow: Vec<u32>,
}

/// An ensemble.
#[derive(Clone, Debug)]
pub struct Ensemble {
    /// The network of every replica.
    pub layers: Layers,
    /// The rows of every replica.
    pub parts: Vec<Part>,
    /// From weak to strong.
    pub stages: Vec<Stage>,
    /// The step size that it took.
    pub step_size: f32,
    /// What was minimised.
    pub loss: Loss,
}

impl Ensemble {
    /// Trains on `design`. Where the step size fails, all start again at another.
    pub fn train(design: &Design, settings: &Settings, progress: impl Fn() + Sync) -> Result<Self> {
        let inputs = u16::try_from(2 * design.width);
        let outputs = u16::try_from(design.outputs).context("there are too many classes")?;
        let layers = Layers::new(
            inputs.context("there are too many inputs")?,
            &[
                LayerSpec::new(settings.hidden, AnyActivation::Tanh),
                LayerSpec::new(outputs, AnyActivation::Identity),
            ],
        )?;
        let seeds: Vec<_> =
            (0..settings.seeds).map(|n| Seed(settings.seed.0.wrapping_add(n.into()))).collect();
        let parts: Vec<_> = seeds.iter().flat_map(|&seed| parts(design.rows, settings.time, seed)).collect();
        let constant = settings.loss.of_constant(design);
        let (mut step_size, mut tries) = (settings.step_size, if settings.auto { TRIES } else { 0 });
        loop {
            let jobs: Vec<_> = (0..seeds.len() * FOLDS).collect();
            let bundles = pool::map(&jobs, |&job| {
                let settings = Settings { step_size, seed: seeds[job / FOLDS], ..*settings };
                let parts = array::from_fn(|repeat| &parts[job * REPEATS + repeat]);
                Bundle { design, layers: &layers, settings: &settings, parts, fold: job % FOLDS }
                    .train(&progress)
            });
            let bundles: Result<Vec<_>> = bundles.into_iter().collect();
            match bundles {
                Ok(bundles) => {
                    let stages = STRENGTHS.iter().enumerate().map(|(stage, m)| Stage {
                        strength: m / (design.rows as f64).sqrt(),
                        replicas: bundles.iter().flat_map(|bundle| bundle[stage].clone()).collect(),
                    });
                    let stages: Vec<_> = stages.collect();
                    let other = other_step_size(step_size, stages.last().map_or(0.0, Stage::loss) / constant);
                    match other.filter(|_| tries > 0) {
                        None => return Ok(Self { layers, stages, parts, step_size, loss: settings.loss }),
                        Some(other) => step_size = other,
                    }
                }
                Err(error) if tries > 0 && is_divergence(&error) => step_size /= 2.0,
                Err(error) => return Err(error),
            }
            tries -= 1;
        }
    }

    /// How often `progress` is called in a training with so many seeds.
    pub fn steps(seeds: u16) -> usize {
        usize::from(seeds) * FOLDS * STRENGTHS.len()
    }
}

/// How many other step sizes are tried.
const TRIES: u32 = 12;

/// What to try in place of `step_size`, by the loss under the strongest penalty as a multiple of a constant's: there
/// nothing is left to do better than a constant, but neither is there a reason to do worse.
fn other_step_size(step_size: f32, excess: f64) -> Option<f32> {
    match excess {
        unstable if unstable > 3.0 => Some(step_size / 2.0),
        frozen if frozen > 1.1 && step_size < 0.05 => Some(step_size * 4.0),
        _ => None,
    }
}

/// Whether a network has diverged: its loss is no longer a number.
fn is_divergence(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&StepError::Loss)
}

/// The seed of one replica.
fn seed_of(seed: Seed, replica: usize) -> Seed {
    Seed(seed.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(replica as u64))
}

/// A random order of 0..n.
pub fn permutation(n: usize, seed: Seed, stream: u64) -> Vec<u32> {
    let mut generator = seed.generator(Purpose::Order, stream);
    let mut order: Vec<u32> = (0..n as u32).collect();
    for place in (1..n).rev() {
        if let Some(count) = NonZeroU32::new(place as u32 + 1) {
            order.swap(place, random::below(&mut generator, count) as usize);
        }
    }
    order
}

/// The stream of a replica's shadows, away from its epochs.
const SHADOWS: u64 = 1 << 40;

fn parts(rows: usize, time: bool, seed: Seed) -> Vec<Part> {
    let mut parts = Vec::new();
    let orders: Vec<_> =
        (0..REPEATS).map(|repeat| permutation(rows, seed_of(seed, 1000 + repeat), 0)).collect();
    for fold in 0..FOLDS {
        for (repeat, order) in orders.iter().enumerate() {
            let seed = seed_of(seed, fold * REPEATS + repeat);
            let (from, to) = (fold * rows / FOLDS, (fold + 1) * rows / FOLDS);
            let shadow = match time {
                false => permutation(rows, seed, SHADOWS),
                true => {
                    let tenth = (rows / 10).max(1);
                    let room = NonZeroU32::new((rows - 2 * tenth) as u32).unwrap_or(NonZeroU32::MIN);
                    let drawn = random::below(&mut seed.generator(Purpose::Order, SHADOWS), room) as usize;
                    (0..rows).map(|row| ((row + tenth + drawn) % rows) as u32).collect()
                }
            };
            parts.push(Part {
                training: [&order[..from], &order[to..]].concat(),
                held_out: order[from..to].to_vec(),
                shadow,
            });
        }
    }
    parts
}

/// The replicas of one fold.
struct Bundle<'a> {
    design: &'a Design,
    layers: &'a Layers,
    settings: &'a Settings,
    parts: [&'a Part; REPEATS],
    fold: usize,
}

impl Bundle<'_> {
    /// For each stage, the replicas.
    fn train(&self, progress: impl Fn()) -> Result<Vec<Vec<Replica>>> {
        let Self { design, layers, settings, parts, fold } = *self;
        let Design { x, y, width, .. } = design;
        let rows = Rows { layers, loss: settings.loss.kernel()?, x, y, width: *width };
        let mut memory = self.initial()?;
        let mut epochs = array::from_fn::<_, REPEATS, _>(|repeat| {
            Epochs::new(parts[repeat], seed_of(settings.seed, fold * REPEATS + repeat))
        });
        // The folds of all repeats are of one length.
        let held_out: Vec<_> = (0..parts[0].held_out.len())
            .map(|place| parts.map(|part| part.visit(part.held_out[place])))
            .collect();
        let updates = settings.samples.div_ceil(BATCH);
        let from = (f64::from(updates) * AT_FULL) as u32;
        let checks = Checks { from, every: ((updates - from) / CHECKS).max(1) };
        let mut stages = Vec::new();
        for m in STRENGTHS {
            let strength = m / (design.rows as f64).sqrt();
            let sgd = Sgd::new(settings.step_size)?
                .final_drop(from, DROP)?
                .proximal(Proximal::group(strength as f32).every(EVERY))?;
            let visits: Vec<_> = (0..updates * BATCH).map(|_| epochs.each_mut().map(Epochs::next)).collect();
            let norms = stage::train(rows, &mut memory, &sgd, BATCH, &visits, checks)?;
            let losses = stage::evaluate(rows, &mut memory, &held_out)?;
            let replica = |repeat: usize| {
                let mut params = vec![0.0; layers.params()];
                lanes::unpack(&memory.params, repeat, &mut params);
                let norms = norms.iter().map(|norms| norms[repeat]).collect();
                Replica { norms, loss: losses[repeat], params }
            };
            stages.push((0..REPEATS).map(replica).collect());
            progress();
        }
        Ok(stages)
    }

    /// All lanes with their initial weights.
    fn initial(&self) -> Result<Memory> {
        let layers = self.layers;
        let mut memory = Memory::new(layers);
        for repeat in 0..REPEATS {
            let (mut params, mut scratch) = (vec![0.0; layers.params()], vec![0.0; 2 * layers.units()]);
            let mut model = Model::of_layers(layers.clone(), AnyLoss::Mse, &mut params, &mut scratch)?;
            let seed = seed_of(self.settings.seed, self.fold * REPEATS + repeat);
            model.init(Init::scaled(1.0).with_biases(0.5), seed)?;
            let biases = params.len() - layers.outputs();
            params[biases..].fill(0.0);
            lanes::pack(&params, repeat, &mut memory.params);
        }
        Ok(memory)
    }
}

/// The rows of one replica, over and over, each time in a new order.
struct Epochs<'a> {
    part: &'a Part,
    seed: Seed,
    epoch: u64,
    order: Vec<u32>,
}

impl<'a> Epochs<'a> {
    fn new(part: &'a Part, seed: Seed) -> Self {
        Self { part, seed, epoch: 0, order: Vec::new() }
    }

    /// The next row to train on.
    fn next(&mut self) -> Visit {
        if self.order.is_empty() {
            self.order = permutation(self.part.training.len(), self.seed, self.epoch);
            self.epoch += 1;
        }
        let place = self.order.pop().unwrap_or(0);
        self.part.visit(self.part.training[place as usize])
    }
}

impl Part {
    fn visit(&self, row: u32) -> Visit {
        Visit { row, shadow: self.shadow[row as usize] }
    }
}
