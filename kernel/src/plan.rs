//! A training as a value: everything that decides its bits, the same on device and host.

use core::fmt;

use crate::batch::{Batch, BatchError};
use crate::digest::Digest;
use crate::feed::Feed;
use crate::growing::{GrowingError, Pressed};
use crate::init::{Init, InitError};
use crate::label_noise::{LabelNoise, LabelNoiseError};
use crate::layers::{AnyLoss, Layers, LayersError};
use crate::loss::{Loss, Takes};
use crate::memory::{Arena, LengthError, Ram};
use crate::model::Model;
use crate::momentum::{self, Method, Momentum, MomentumError};
use crate::random::Seed;
use crate::sampler::{Sampler, SamplerError};
use crate::samples::Samples;
use crate::sgd::{Sgd, SgdError};
use crate::shape::{Network, Shape, Vector};
use crate::standardise::Standardise;
use crate::support::{CHECKS, Norms};
use crate::task::{Task, TaskError};
use crate::trainer::Trainer;
use crate::verdict::{Rule, RuleError};

/// What to train on, how, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Plan {
    /// Decides initial weights and the order of samples.
    pub seed: Seed,
    /// The rows to learn from.
    pub task: Task,
    /// How many of them, in which order.
    pub data: Data,
    /// How many samples settle the scale of the inputs before training begins, if any.
    pub standardise: Option<u32>,
    /// The standard deviation of fresh noise on the targets, if any.
    pub label_noise: Option<f32>,
    /// The initial weights.
    pub init: Init,
    /// Samples per update.
    pub batch: u32,
    /// The settings of the update.
    pub sgd: Sgd,
    /// mu, if there is momentum.
    pub momentum: Option<f32>,
    /// A growing penalty on some inputs, if any.
    pub pressed: Option<Pressed>,
    /// How many updates.
    pub updates: u32,
    /// How norms become verdicts.
    pub rule: Rule,
}

/// Which rows of a task are visited, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Data {
    /// A new row for every sample, stored nowhere.
    Stream,
    /// The first rows, in ascending order.
    Sequential(u16),
    /// The first rows, every epoch in a new random order, kept in an index buffer.
    Shuffled(u16),
    /// The first rows, every epoch in a new random order, computed.
    Keyed(u16),
    /// The first rows, drawn with replacement.
    WithReplacement(u16),
    /// New rows without end, and after each some of the last ones again.
    Ring {
        /// How many rows are kept.
        capacity: u16,
        /// How many visits for each new row, its own among them.
        visits: u16,
    },
}

impl Data {
    /// How many rows are stored.
    pub const fn stored(&self) -> u16 {
        match *self {
            Self::Stream => 0,
            Self::Sequential(samples)
            | Self::Shuffled(samples)
            | Self::Keyed(samples)
            | Self::WithReplacement(samples) => samples,
            Self::Ring { capacity, .. } => capacity,
        }
    }
}

/// The memory that a plan works on. [`Plan::ram`] tells how much it needs; more is fine.
pub struct Lent<'a> {
    /// Numbers, for everything but the order of samples and what their source keeps.
    pub arena: &'a mut [f32],
    /// One place per sample if the order is shuffled.
    pub indices: &'a mut [u16],
}

/// Why a plan cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PlanError {
    /// The network, or its loss.
    Layers(LayersError),
    /// The task.
    Task(TaskError),
    /// The rule of the verdicts.
    Rule(RuleError),
    /// The settings of the update.
    Sgd(SgdError),
    /// The warm-up is longer than the training.
    WarmUp,
    /// The momentum.
    Momentum(MomentumError),
    /// The label noise.
    LabelNoise(LabelNoiseError),
    /// The growing penalty.
    Growing(GrowingError),
    /// The batch.
    Batch(BatchError),
    /// The order of samples.
    Sampler(SamplerError),
    /// The initial weights.
    Init(InitError),
    /// The arena of numbers.
    Arena(LengthError),
    /// The buffer of indices.
    Indices(LengthError),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layers(error) => error.fmt(f),
            Self::Task(error) => error.fmt(f),
            Self::Rule(error) => error.fmt(f),
            Self::Sgd(error) => error.fmt(f),
            Self::WarmUp => f.write_str("the warm-up is longer than the training"),
            Self::Momentum(error) => error.fmt(f),
            Self::LabelNoise(error) => error.fmt(f),
            Self::Growing(error) => error.fmt(f),
            Self::Batch(error) => error.fmt(f),
            Self::Sampler(error) => error.fmt(f),
            Self::Init(error) => error.fmt(f),
            Self::Arena(error) => write!(f, "arena: {error}"),
            Self::Indices(error) => write!(f, "indices: {error}"),
        }
    }
}

impl core::error::Error for PlanError {}

impl Plan {
    /// The RAM that network `N` needs for this plan with one target per output, usable in a `const` assertion.
    ///
    /// ```
    /// use tamis::{Chain, Data, Dense, Identity, Init, Plan, Rule, Seed, Sgd, Tanh, Target, Task};
    ///
    /// type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;
    /// const PLAN: Plan = Plan {
    ///     seed: Seed(1),
    ///     task: Task::plain(Target::Sine, 8, 2, 0.3, Seed(1)),
    ///     data: Data::Stream,
    ///     standardise: None,
    ///     label_noise: None,
    ///     init: Init::scaled(1.0),
    ///     batch: 1,
    ///     sgd: match Sgd::new(0.05) {
    ///         Ok(sgd) => sgd,
    ///         Err(_) => panic!("not a step size"),
    ///     },
    ///     momentum: None,
    ///     pressed: None,
    ///     updates: 50_000,
    ///     rule: Rule::Gap { least: 3.0 },
    /// };
    /// const _: () = assert!(PLAN.ram::<Net>().total() <= 1100);
    /// ```
    pub const fn ram<N: Shape>(&self) -> Ram {
        self.ram_beside(Ram::of::<N>(), N::In::LEN, N::Out::LEN)
    }

    /// The RAM that `layers` need for this plan with `loss`.
    pub fn ram_of_layers(&self, layers: &Layers, loss: &AnyLoss) -> Ram {
        let net = Ram::of_sizes(layers.params(), layers.units());
        self.ram_beside(net, layers.inputs(), loss.targets(layers.outputs()))
    }

    /// What this plan needs beside a network of so many inputs and targets.
    const fn ram_beside(&self, net: Ram, inputs: usize, targets: usize) -> Ram {
        let ram = net.with_norms(inputs).with_sample(inputs.saturating_add(targets));
        let ram = if self.batch > 1 { ram.with_gradient() } else { ram };
        let ram = if self.momentum.is_some() { ram.with_velocity() } else { ram };
        let ram = if self.pressed.is_some() { ram.with_rates(inputs) } else { ram };
        let ram = if self.standardise.is_some() { ram.with_standardise(inputs) } else { ram };
        let ram = match self.data {
            Data::Shuffled(samples) => ram.with_indices(samples as usize),
            _ => ram,
        };
        ram.with_samples(self.data.stored() as usize, (self.task.inputs as usize).saturating_add(1))
    }

    /// A trainer for the typed network `N` with `loss` on `lent` memory, its weights drawn, ready for the first
    /// update.
    pub fn start<'a, N: Shape, L: Takes<N::Last>, S: Samples>(
        &self,
        loss: L,
        lent: Lent<'a>,
        samples: S,
    ) -> Result<Trainer<'a, N, L, S>, PlanError> {
        self.start_over(N::default(), loss, lent, samples)
    }

    /// [`Plan::start`] for a network known at run time.
    pub fn start_layers<'a, S: Samples>(
        &self,
        layers: Layers,
        loss: AnyLoss,
        lent: Lent<'a>,
        samples: S,
    ) -> Result<Trainer<'a, Layers, AnyLoss, S>, PlanError> {
        let layers = layers.checked().map_err(PlanError::Layers)?;
        loss.check_layers(&layers).map_err(PlanError::Layers)?;
        self.start_over(layers, loss, lent, samples)
    }

    /// Whether the plan makes sense for a network of so many inputs and a loss.
    fn check(&self, inputs: usize, loss: &impl Loss) -> Result<(), PlanError> {
        self.task.check(inputs).map_err(PlanError::Task)?;
        self.rule.check(inputs).map_err(PlanError::Rule)?;
        if self.sgd.warm_up_updates() > self.updates {
            return Err(PlanError::WarmUp);
        }
        if self.batch == 0 {
            return Err(PlanError::Batch(BatchError::Zero));
        }
        if self.label_noise.is_some() && !loss.is_regression() {
            return Err(PlanError::LabelNoise(LabelNoiseError::Loss));
        }
        if let Some(mu) = self.momentum {
            momentum::check(mu).map_err(PlanError::Momentum)?;
        }
        self.pressed.map_or(Ok(()), |pressed| pressed.check(inputs).map_err(PlanError::Growing))
    }

    fn start_over<'a, N: Network, L: Loss, S: Samples>(
        &self,
        net: N,
        loss: L,
        lent: Lent<'a>,
        samples: S,
    ) -> Result<Trainer<'a, N, L, S>, PlanError> {
        let inputs = net.inputs();
        self.check(inputs, &loss)?;
        let sgd = self.sgd.checked().map_err(PlanError::Sgd)?;
        let targets = loss.targets(net.outputs());
        let needed = self.ram_beside(Ram::of_sizes(net.params(), net.units()), inputs, targets).arena_len();
        let mut arena = Arena::new(LengthError::check(lent.arena, needed).map_err(PlanError::Arena)?);
        let mut take = |numbers: usize| arena.take(numbers).map_err(PlanError::Arena);
        let (params, scratch) = (take(net.params())?, take(net.units().saturating_mul(2))?);
        let sample = take(inputs.saturating_add(targets))?;
        let norms = take(CHECKS.saturating_mul(inputs))?;
        let norms = Norms::new(norms, inputs).map_err(PlanError::Arena)?;
        let batch = match self.batch {
            1 => None,
            length => Some(Batch::over(&net, take(net.params())?, length).map_err(PlanError::Batch)?),
        };
        let method = match self.momentum {
            None => Method::Plain(sgd),
            Some(mu) => {
                let momentum = Momentum::over(&net, sgd, mu, take(net.params())?);
                Method::Momentum(momentum.map_err(PlanError::Momentum)?)
            }
        };
        let scale = if self.standardise.is_some() { take(inputs.saturating_mul(2))? } else { &mut [] };
        let feed = self.feed(inputs, scale, lent.indices, samples)?;
        let growing = match self.pressed {
            None => None,
            Some(pressed) => {
                let rates = take(inputs)?;
                pressed.fill(rates);
                Some((pressed.growing, &*rates))
            }
        };

        // Last, so that the parameters stay as they were if anything above fails.
        let mut model = Model::over(net, loss, params, scratch).map_err(PlanError::Arena)?;
        model.init(self.init, self.seed).map_err(PlanError::Init)?;
        Ok(Trainer { model, batch, feed, method, growing, sample, digest: Digest::new(), norms })
    }

    /// What feeds the training of a network of so many inputs: `samples` in the order of the plan. `scale` has two
    /// numbers per input if they are standardised.
    pub fn feed<'a, S: Samples>(
        &self,
        inputs: usize,
        scale: &'a mut [f32],
        indices: &'a mut [u16],
        samples: S,
    ) -> Result<Feed<'a, S>, PlanError> {
        let scale = self.standardise.map(|until| Standardise::new(scale, inputs, until));
        let noise = self.label_noise.map(|sigma| LabelNoise::checked(sigma, self.seed));
        Ok(Feed {
            sampler: self.sampler(indices)?,
            samples,
            standardise: scale.transpose().map_err(PlanError::Arena)?,
            label_noise: noise.transpose().map_err(PlanError::LabelNoise)?,
        })
    }

    /// The order of samples.
    fn sampler<'a>(&self, indices: &'a mut [u16]) -> Result<Sampler<'a>, PlanError> {
        let seed = self.seed;
        let sampler = match self.data {
            Data::Stream => Ok(Sampler::stream()),
            Data::Sequential(samples) => Sampler::sequential(samples.into()),
            Data::Keyed(samples) => Sampler::keyed(samples.into(), seed),
            Data::WithReplacement(samples) => Sampler::with_replacement(samples.into(), seed),
            Data::Ring { capacity, visits } => Sampler::ring(capacity.into(), visits.into(), seed),
            Data::Shuffled(samples) => {
                let indices = LengthError::check(indices, samples.into());
                Sampler::shuffled(indices.map_err(PlanError::Indices)?, seed)
            }
        };
        sampler.map_err(PlanError::Sampler)
    }
}
