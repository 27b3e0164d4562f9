//! A training as a value: everything that decides its bits, the same on device and host.

use core::fmt;

use crate::batch::{Batch, BatchError};
use crate::init::{Init, InitError};
use crate::memory::{LengthError, Ram};
use crate::model::Model;
use crate::random::Seed;
use crate::sampler::{Sampler, SamplerError};
use crate::samples::Samples;
use crate::sgd::{Sgd, SgdError};
use crate::shape::{Shape, Vector};
use crate::standardise::Standardise;
use crate::support::Norms;
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
    /// The initial weights.
    pub init: Init,
    /// Samples per update.
    pub batch: u32,
    /// The settings of the update.
    pub sgd: Sgd,
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
    /// The first rows, every epoch in a new random order.
    Shuffled(u16),
}

impl Data {
    /// How many rows are stored.
    pub fn stored(&self) -> u16 {
        match *self {
            Self::Stream => 0,
            Self::Sequential(samples) | Self::Shuffled(samples) => samples,
        }
    }
}

/// The memory that a plan works on, lent buffer by buffer. Longer ones than needed are fine.
pub struct Lent<'a> {
    /// [`Shape::PARAMS`] numbers.
    pub params: &'a mut [f32],
    /// [`Shape::SCRATCH`] numbers.
    pub scratch: &'a mut [f32],
    /// [`Shape::PARAMS`] numbers if the batch is more than one.
    pub gradient: &'a mut [f32],
    /// One place per sample if the order is shuffled.
    pub indices: &'a mut [u16],
    /// [`crate::support::CHECKS`] numbers per input.
    pub norms: &'a mut [f32],
    /// Two numbers per input if they are standardised.
    pub standardise: &'a mut [f32],
}

/// Why a plan cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PlanError {
    /// The task.
    Task(TaskError),
    /// The rule of the verdicts.
    Rule(RuleError),
    /// The settings of the update.
    Sgd(SgdError),
    /// The batch, or its gradient buffer.
    Batch(BatchError),
    /// The order of samples.
    Sampler(SamplerError),
    /// The initial weights.
    Init(InitError),
    /// The buffer of parameters or scratch.
    Model(LengthError),
    /// The buffer of indices.
    Indices(LengthError),
    /// The buffer of norms.
    Norms(LengthError),
    /// The buffer of mean and deviation.
    Standardise(LengthError),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(error) => error.fmt(f),
            Self::Rule(error) => error.fmt(f),
            Self::Sgd(error) => error.fmt(f),
            Self::Batch(error) => error.fmt(f),
            Self::Sampler(error) => error.fmt(f),
            Self::Init(error) => error.fmt(f),
            Self::Model(error) => write!(f, "parameters or scratch: {error}"),
            Self::Indices(error) => write!(f, "indices: {error}"),
            Self::Norms(error) => write!(f, "norms: {error}"),
            Self::Standardise(error) => write!(f, "mean and deviation: {error}"),
        }
    }
}

impl core::error::Error for PlanError {}

impl Plan {
    /// The RAM that network `N` needs for this plan, usable in a `const` assertion.
    ///
    /// ```
    /// use tamis::{Chain, Data, Dense, Identity, Init, Plan, Rule, Seed, Sgd, Tanh, Target, Task};
    ///
    /// type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;
    /// const PLAN: Plan = Plan {
    ///     seed: Seed(1),
    ///     task: Task { seed: Seed(1), target: Target::Sine, inputs: 8, relevant: 2, noise: 0.3 },
    ///     data: Data::Stream,
    ///     standardise: None,
    ///     init: Init::Scaled(1.0),
    ///     batch: 1,
    ///     sgd: match Sgd::new(0.05) {
    ///         Ok(sgd) => sgd,
    ///         Err(_) => panic!("not a step size"),
    ///     },
    ///     updates: 50_000,
    ///     rule: Rule::Gap { least: 3.0 },
    /// };
    /// const _: () = assert!(PLAN.ram::<Net>().total() <= 1100);
    /// ```
    pub const fn ram<N: Shape>(&self) -> Ram {
        let ram = Ram::of::<N>().with_norms(N::In::LEN);
        let ram = if self.batch > 1 { ram.with_gradient() } else { ram };
        let ram = if self.standardise.is_some() { ram.with_standardise(N::In::LEN) } else { ram };
        let sample = (self.task.inputs as usize).saturating_add(1);
        match self.data {
            Data::Stream => ram,
            Data::Sequential(samples) => ram.with_samples(samples as usize, sample),
            Data::Shuffled(samples) => {
                ram.with_indices(samples as usize).with_samples(samples as usize, sample)
            }
        }
    }

    /// A trainer for network `N` on `lent` memory, its weights drawn, ready for the first update.
    pub fn start<'a, N: Shape, S: Samples>(
        &self,
        lent: Lent<'a>,
        samples: S,
    ) -> Result<Trainer<'a, N, S>, PlanError> {
        self.task.check(N::In::LEN).map_err(PlanError::Task)?;
        self.rule.check(N::In::LEN).map_err(PlanError::Rule)?;
        let sgd = self.sgd.checked().map_err(PlanError::Sgd)?;
        let batch = match self.batch {
            1 => None,
            length => Some(Batch::from_slice(lent.gradient, length).map_err(PlanError::Batch)?),
        };
        let sampler = match self.data {
            Data::Stream => Ok(Sampler::stream()),
            Data::Sequential(samples) => Sampler::sequential(u32::from(samples)),
            Data::Shuffled(samples) => {
                let indices = LengthError::check(lent.indices, usize::from(samples));
                Sampler::shuffled(indices.map_err(PlanError::Indices)?, self.seed)
            }
        };
        let sampler = sampler.map_err(PlanError::Sampler)?;
        let norms = Norms::new(lent.norms, N::In::LEN).map_err(PlanError::Norms)?;
        let standardise = match self.standardise {
            None => None,
            Some(until) => {
                let scale = Standardise::new(lent.standardise, N::In::LEN, until);
                Some(scale.map_err(PlanError::Standardise)?)
            }
        };
        // Last, so that the parameters stay as they were if anything above fails.
        let mut model = Model::from_slices(lent.params, lent.scratch).map_err(PlanError::Model)?;
        model.init(self.init, self.seed).map_err(PlanError::Init)?;
        Ok(Trainer::new(model, batch, sampler, samples, standardise, sgd, norms))
    }
}
