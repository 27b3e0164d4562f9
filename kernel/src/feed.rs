//! What a training loop is fed with: the next sample in order, to scale, with label noise.

use crate::label_noise::LabelNoise;
use crate::sampler::{Draw, Sampler};
use crate::samples::Samples;
use crate::standardise::Standardise;
use crate::state::{State, Words};
use crate::trainer::TrainError;

/// Samples in the order of a sampler, ready to learn from.
pub struct Feed<'a, S> {
    /// The order.
    pub sampler: Sampler<'a>,
    /// Where samples come from.
    pub samples: S,
    /// The scale of the inputs, if they are standardised.
    pub standardise: Option<Standardise<'a>>,
    /// Noise on the targets, if any.
    pub label_noise: Option<LabelNoise>,
}

impl<S: Samples> Feed<'_, S> {
    /// Fills `x` and `target` with the next sample, and tells whether it is the last of its epoch. Samples that
    /// settle the scale of the inputs come first, and are passed over.
    pub fn next(&mut self, x: &mut [f32], target: &mut [f32]) -> (Result<(), TrainError>, bool) {
        loop {
            let Draw { index, ends_epoch } = self.sampler.draw();
            let sample = self.samples.sample(index, x, target).map_err(TrainError::NoSample);
            if let Some(scale) = &mut self.standardise
                && !scale.apply(x)
            {
                match sample.and_then(|()| scale.observe(x).map_err(TrainError::Rejected)) {
                    Ok(()) => continue,
                    error => return (error, ends_epoch),
                }
            }
            if let Some(noise) = &mut self.label_noise {
                noise.add(target);
            }
            return (sample, ends_epoch);
        }
    }
}

impl<S: Samples> State for Feed<'_, S> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        self.sampler.pass(words)?;
        self.standardise.pass(words)?;
        self.label_noise.pass(words)?;
        self.samples.pass(words)
    }
}
