//! The training loop: draw, sample, learn, take the digest, look at the norms.

use core::fmt;

use crate::batch::Batch;
use crate::digest::Digest;
use crate::model::{Input, Model, Output, StepError};
use crate::ops;
use crate::sampler::Sampler;
use crate::samples::{NoSample, Samples};
use crate::sgd::Sgd;
use crate::shape::{Shape, Vector};
use crate::standardise::Standardise;
use crate::support::{Norms, NotFinite};
use crate::task::{TEST_ROWS, Task};

/// Column norms are checked after every so many updates.
pub const CHECK_EVERY: u32 = 100;

/// A training under way. [`crate::Plan::start`] makes one.
pub struct Trainer<'a, N: Shape, S> {
    model: Model<'a, N>,
    batch: Option<Batch<'a, N>>,
    sampler: Sampler<'a>,
    samples: S,
    standardise: Option<Standardise<'a>>,
    sgd: Sgd,
    digest: Digest,
    norms: Norms<'a>,
}

/// What went wrong in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TrainError {
    /// Every sample of the batch was rejected, the last for this reason. The parameters are as they were, and
    /// the order has moved on.
    Rejected(StepError),
    /// As [`TrainError::Rejected`], because the source had no such sample.
    NoSample(NoSample),
    /// The update was made, and a parameter is infinite or not a number: go back to a good state.
    Overflow(NotFinite),
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => error.fmt(f),
            Self::NoSample(error) => error.fmt(f),
            Self::Overflow(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TrainError {}

/// What an update tells.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Update {
    /// The mean loss of the batch before the update.
    pub loss: f32,
    /// How many samples of the batch were rejected.
    pub rejected: u32,
}

impl<'a, N: Shape, S: Samples> Trainer<'a, N, S> {
    /// A trainer of its parts.
    pub fn new(
        model: Model<'a, N>,
        batch: Option<Batch<'a, N>>,
        sampler: Sampler<'a>,
        samples: S,
        standardise: Option<Standardise<'a>>,
        sgd: Sgd,
        norms: Norms<'a>,
    ) -> Self {
        Self { model, batch, sampler, samples, standardise, sgd, digest: Digest::new(), norms }
    }

    /// The model that is trained.
    pub fn model(&mut self) -> &mut Model<'a, N> {
        &mut self.model
    }

    /// Where the samples come from.
    pub fn samples(&self) -> &S {
        &self.samples
    }

    /// The chained digest of all updates so far.
    pub fn digest(&self) -> u32 {
        self.digest.value()
    }

    /// The mean column norms over the last checks; nothing before the first.
    pub fn norms(&self) -> Option<Input<N>> {
        let mut mean = N::In::zeros();
        self.norms.mean(mean.as_mut()).then_some(mean)
    }

    /// One update, recorded: [`Trainer::learn`], then [`Trainer::record`].
    pub fn update(&mut self) -> Result<Update, TrainError> {
        let update = self.learn()?;
        self.record()?;
        Ok(update)
    }

    /// Takes the parameters into the digest, and every [`CHECK_EVERY`] updates their norms into the mean. There
    /// a parameter that has overflowed is found, which an activation may hide from the loss.
    pub fn record(&mut self) -> Result<(), TrainError> {
        self.digest.update(self.model.params());
        if self.model.updates().is_multiple_of(CHECK_EVERY) {
            self.norms.check(self.model.net(), self.model.params()).map_err(TrainError::Overflow)?;
        }
        Ok(())
    }

    /// One update, on as many samples as the batch is declared to have, fewer at the end of an epoch. Samples
    /// that settle the scale of the inputs come first, and are not learned from.
    pub fn learn(&mut self) -> Result<Update, TrainError> {
        let mut x: Input<N> = N::In::zeros();
        let mut target: Output<N> = N::Out::zeros();
        let mut rejected: u32 = 0;
        loop {
            let draw = self.sampler.draw();
            let sample = self.samples.sample(draw.index, x.as_mut(), target.as_mut());
            let sample = sample.map_err(TrainError::NoSample);
            if let Some(scale) = &mut self.standardise
                && !scale.apply(x.as_mut())
            {
                sample?;
                scale.observe(x.as_ref()).map_err(TrainError::Rejected)?;
                continue;
            }
            let Some(batch) = &mut self.batch else {
                sample?;
                let loss = self.model.step(&x, &target, &self.sgd).map_err(TrainError::Rejected)?;
                return Ok(Update { loss, rejected });
            };
            let result = match sample {
                Ok(()) => self.model.accumulate(&x, &target, batch).map_err(TrainError::Rejected),
                Err(error) => {
                    batch.reject();
                    Err(error)
                }
            };
            if result.is_err() {
                rejected = rejected.saturating_add(1);
            }
            if batch.is_complete() || draw.ends_epoch {
                return match self.model.apply(batch, &self.sgd) {
                    Some(loss) => Ok(Update { loss, rejected }),
                    // Nothing was accepted, so the last result is an error.
                    None => result.map(|loss| Update { loss, rejected }),
                };
            }
        }
    }

    /// One update whose samples are all (`x`, `target`), with no digest: what a step itself costs.
    pub fn update_on(&mut self, x: &Input<N>, target: &Output<N>) -> Result<f32, TrainError> {
        let Some(batch) = &mut self.batch else {
            return self.model.step(x, target, &self.sgd).map_err(TrainError::Rejected);
        };
        loop {
            let loss = self.model.accumulate(x, target, batch).map_err(TrainError::Rejected)?;
            if batch.is_complete() {
                return Ok(self.model.apply(batch, &self.sgd).unwrap_or(loss));
            }
        }
    }

    /// The mean loss over the test set of `task`.
    pub fn test_loss(&mut self, task: &Task) -> Result<f32, StepError> {
        let mut x: Input<N> = N::In::zeros();
        let mut target: Output<N> = N::Out::zeros();
        let mut sum = 0.0;
        for row in 0..TEST_ROWS {
            target.as_mut().fill(task.test_row(row, x.as_mut()));
            // Not yet settled, it leaves the inputs as they are.
            let _ = self.standardise.as_ref().is_some_and(|scale| scale.apply(x.as_mut()));
            sum += self.model.evaluate(&x, &target)?;
        }
        Ok(sum / ops::count::<f32>(TEST_ROWS as usize))
    }
}
