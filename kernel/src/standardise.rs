//! Standardisation on the fly: column norms mean something only where inputs have one scale.
//!
//! Welford's running mean and deviation over the first `until` samples, then frozen:
//!
//! ```text
//! mean <- mean + (x - mean) / n        m2 <- m2 + (x - mean before) (x - mean after)
//! x    <- (x - mean) / sqrt(m2 / n)    a column that cannot be scaled gives +0.0
//! ```

use crate::memory::LengthError;
use crate::model::StepError;
use crate::ops::{self, split_mut};
use crate::state::{State, Words};

/// Running mean and deviation of the inputs, in lent memory, part of the state of a training.
pub struct Standardise<'a> {
    /// (inputs)
    mean: &'a mut [f32],
    /// m2 (inputs); the deviation once frozen.
    spread: &'a mut [f32],
    seen: u32,
    until: u32,
}

impl<'a> Standardise<'a> {
    /// Learns from the first `until` samples (at least one) of `inputs` inputs, on the first 2 x `inputs`
    /// numbers of `memory`.
    pub fn new(memory: &'a mut [f32], inputs: usize, until: u32) -> Result<Self, LengthError> {
        let memory = LengthError::check(memory, inputs.saturating_mul(2))?;
        memory.fill(0.0);
        let (mean, spread) = split_mut(memory, inputs);
        Ok(Self { mean, spread, seen: 0, until: until.max(1) })
    }

    /// Whether mean and deviation are settled.
    pub fn is_frozen(&self) -> bool {
        self.seen >= self.until
    }

    /// How many more samples settle them.
    pub fn missing(&self) -> u32 {
        self.until.saturating_sub(self.seen)
    }

    /// Learns from sample `x`, unless frozen. A sample that is not finite changes nothing.
    pub fn observe(&mut self, x: &[f32]) -> Result<(), StepError> {
        if let Some(index) = x.iter().position(|x| !x.is_finite()) {
            return Err(StepError::Input(index));
        }
        if self.is_frozen() {
            return Ok(());
        }
        self.seen = self.seen.saturating_add(1);
        let n: f32 = ops::count(self.seen as usize);
        for ((&x, mean), m2) in x.iter().zip(&mut *self.mean).zip(&mut *self.spread) {
            let before = x - *mean;
            *mean += before / n;
            *m2 += before * (x - *mean);
        }
        if self.is_frozen() {
            self.spread.iter_mut().for_each(|m2| *m2 = libm::sqrtf(*m2 / n));
        }
        Ok(())
    }

    /// Scales `x` to mean 0 and deviation 1. Before it is frozen nothing changes, and `false` says so. An input
    /// that is not finite stays so, for the step to reject it.
    #[must_use]
    pub fn apply(&self, x: &mut [f32]) -> bool {
        if !self.is_frozen() {
            return false;
        }
        for ((x, &mean), &deviation) in x.iter_mut().zip(&*self.mean).zip(&*self.spread) {
            if is_scalable(deviation) {
                *x = (*x - mean) / deviation;
            } else if x.is_finite() {
                *x = 0.0;
            }
        }
        true
    }

    /// The inputs that cannot be scaled, and so carry nothing: constant while it learned, or so large that their
    /// spread is not a finite number.
    pub fn unscalable_inputs(&self) -> impl Iterator<Item = usize> + '_ {
        let unscalable = move |&(_, &spread): &(usize, &f32)| self.is_frozen() && !is_scalable(spread);
        self.spread.iter().enumerate().filter(unscalable).map(|(index, _)| index)
    }
}

impl State for Standardise<'_> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.numbers(self.mean)?;
        words.numbers(self.spread)?;
        words.word(&mut self.seen)
    }
}

/// Whether a deviation can be divided by.
fn is_scalable(deviation: f32) -> bool {
    deviation > 0.0 && deviation.is_finite()
}
