//! Standardisation on the fly: column norms mean something only where inputs have one scale.
//!
//! Welford's running mean and deviation over the first `n` samples, then frozen:
//!
//! ```text
//! mean <- mean + (x - mean) / n        m2 <- m2 + (x - mean before) (x - mean after)
//! x    <- (x - mean) / sqrt(m2 / n)    a column that cannot be scaled gives +0.0
//! ```

use crate::model::StepError;
use crate::ops;

/// Running mean and deviation of `D` inputs, part of the state of a training.
#[derive(Clone, Copy, Debug)]
pub struct Standardise<const D: usize> {
    mean: [f32; D],
    /// The sum of squared differences; the deviation once frozen.
    spread: [f32; D],
    seen: u32,
    until: u32,
}

impl<const D: usize> Standardise<D> {
    /// Learns from the first `until` samples (at least one).
    pub const fn new(until: u32) -> Self {
        let until = if until == 0 { 1 } else { until };
        Self { mean: [0.0; D], spread: [0.0; D], seen: 0, until }
    }

    /// Whether mean and deviation are settled.
    pub fn is_frozen(&self) -> bool {
        self.seen >= self.until
    }

    /// Learns from sample `x`, unless frozen. A sample that is not finite changes nothing.
    pub fn observe(&mut self, x: &[f32; D]) -> Result<(), StepError> {
        if let Some(index) = x.iter().position(|x| !x.is_finite()) {
            return Err(StepError::Input(index));
        }
        if self.is_frozen() {
            return Ok(());
        }
        self.seen = self.seen.saturating_add(1);
        let n: f32 = ops::count(self.seen as usize);
        for ((&x, mean), m2) in x.iter().zip(&mut self.mean).zip(&mut self.spread) {
            let before = x - *mean;
            *mean += before / n;
            *m2 += before * (x - *mean);
        }
        if self.is_frozen() {
            self.spread.iter_mut().for_each(|m2| *m2 = libm::sqrtf(*m2 / n));
        }
        Ok(())
    }

    /// Scales `x` to mean 0 and deviation 1. Before it is frozen nothing changes, and `false` says so. An input that is
    /// not finite stays so, for the step to reject it.
    #[must_use]
    pub fn apply(&self, x: &mut [f32; D]) -> bool {
        if !self.is_frozen() {
            return false;
        }
        for ((x, &mean), &deviation) in x.iter_mut().zip(&self.mean).zip(&self.spread) {
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

/// Whether a deviation can be divided by.
fn is_scalable(deviation: f32) -> bool {
    deviation > 0.0 && deviation.is_finite()
}
