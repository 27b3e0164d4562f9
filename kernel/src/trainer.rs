//! The training loop: draw, sample, learn, take the digest, look at the norms.

use core::fmt;

use crate::batch::Batch;
use crate::digest::Digest;
use crate::feed::Feed;
use crate::growing::Growing;
use crate::loss::Loss;
use crate::model::{Model, StepError};
use crate::momentum::Method;
use crate::ops::{self, split_mut};
use crate::samples::{NoSample, Samples};
use crate::shape::Network;
use crate::standardise::Standardise;
use crate::state::{State, Words};
use crate::support::{Norms, NotFinite};
use crate::task::{TEST_ROWS, Task};

/// Column norms are checked after every so many updates.
pub const CHECK_EVERY: u32 = 100;

/// A training under way. [`crate::Plan::start`] makes one.
pub struct Trainer<'a, N, L, S> {
    pub(crate) model: Model<'a, N, L>,
    pub(crate) batch: Option<Batch<'a, N>>,
    pub(crate) feed: Feed<'a, S>,
    pub(crate) method: Method<'a, N>,
    /// A growing penalty and its rate per input.
    pub(crate) growing: Option<(Growing, &'a [f32])>,
    /// Room for one sample: inputs, then targets.
    pub(crate) sample: &'a mut [f32],
    pub(crate) digest: Digest,
    pub(crate) norms: Norms<'a>,
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

impl<'a, N: Network, L: Loss, S: Samples> Trainer<'a, N, L, S> {
    /// The model that is trained.
    pub fn model(&mut self) -> &mut Model<'a, N, L> {
        &mut self.model
    }

    /// Where the samples come from.
    pub fn samples(&mut self) -> &mut S {
        &mut self.feed.samples
    }

    /// How many updates have been completed.
    pub fn updates(&self) -> u32 {
        self.model.updates()
    }

    /// The chained digest of all updates so far.
    pub fn digest(&self) -> u32 {
        self.digest.value()
    }

    /// The mean column norms over the last checks, one per input, in the place of the last sample; nothing before
    /// the first check.
    pub fn norms(&mut self) -> Option<&[f32]> {
        let (mean, _) = split_mut(self.sample, self.model.net().inputs());
        self.norms.mean(mean).then_some(mean)
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

    /// One update, on as many samples as the batch is declared to have, fewer at the end of an epoch.
    pub fn learn(&mut self) -> Result<Update, TrainError> {
        self.update_from(true)
    }

    /// One update whose samples are all the one seen last, with no digest: what a step itself costs.
    pub fn learn_again(&mut self) -> Result<Update, TrainError> {
        self.update_from(false)
    }

    /// One update, from samples that are `fresh` or the last one over and over.
    fn update_from(&mut self, fresh: bool) -> Result<Update, TrainError> {
        let (x, target) = split_mut(self.sample, self.model.net().inputs());
        let mut rejected: u32 = 0;
        let loss = loop {
            let (sample, ends_epoch) = if fresh { self.feed.next(x, target) } else { (Ok(()), false) };
            let Some(batch) = &mut self.batch else {
                sample?;
                let step = self.model.step_slices(x, target, &mut self.method);
                break step.map_err(TrainError::Rejected)?;
            };
            let result = match sample {
                Ok(()) => self.model.accumulate_slices(x, target, batch).map_err(TrainError::Rejected),
                Err(error) => {
                    batch.reject();
                    Err(error)
                }
            };
            if result.is_err() {
                rejected = rejected.saturating_add(1);
            }
            if batch.is_complete() || ends_epoch {
                break match self.model.apply(batch, &mut self.method) {
                    // Nothing was accepted, so the last result is an error, and says more.
                    Err(StepError::EmptyBatch) => result?,
                    loss => loss.map_err(TrainError::Rejected)?,
                };
            }
        };
        if let Some((growing, rates)) = &self.growing {
            self.model.shrink(growing, rates);
        }
        Ok(Update { loss, rejected })
    }

    /// The scale of the inputs, if they are standardised.
    pub fn standardise(&self) -> Option<&Standardise<'a>> {
        self.feed.standardise.as_ref()
    }

    /// The mean loss over the test set of `task`.
    pub fn test_loss(&mut self, task: &Task) -> Result<f32, StepError> {
        self.test_loss_on(|row, x| task.test_row(row, x))
    }

    /// The mean loss over a test set of your own: `row` fills in the inputs of the row of this index, the first of
    /// which is 0, and gives its target.
    pub fn test_loss_on(&mut self, row: impl FnMut(u64, &mut [f32]) -> f32) -> Result<f32, StepError> {
        test_loss(&mut self.model, row, self.feed.standardise.as_ref(), self.sample)
    }
}

/// Between updates.
impl<N, L, S: Samples> State for Trainer<'_, N, L, S> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        self.model.pass(words)?;
        self.method.pass(words)?;
        self.digest.pass(words)?;
        self.norms.pass(words)?;
        self.feed.pass(words)
    }
}

/// The mean loss of `model` over a test set, its inputs scaled; `make_row` is that of [`Trainer::test_loss_on`], and
/// `sample` has room for one.
pub fn test_loss<N: Network, L: Loss>(
    model: &mut Model<'_, N, L>,
    mut make_row: impl FnMut(u64, &mut [f32]) -> f32,
    scale: Option<&Standardise<'_>>,
    sample: &mut [f32],
) -> Result<f32, StepError> {
    let (x, target) = split_mut(sample, model.net().inputs());
    let mut sum = 0.0;
    for row in 0..TEST_ROWS {
        target.fill(make_row(row, x));
        // Not yet settled, it leaves the inputs as they are.
        let _ = scale.is_some_and(|scale| scale.apply(x));
        sum += model.evaluate_slices(x, target)?;
    }
    Ok(sum / ops::count::<f32>(TEST_ROWS as usize))
}
