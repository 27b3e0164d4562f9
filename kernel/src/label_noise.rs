//! Label noise: fresh noise on the target at every visit of a sample.
//!
//! ```text
//! t_o <- t_o + sigma n_o      n one vector of normals from (seed, label noise, v), v the number of the visit
//! ```
//!
//! It keeps the residual alive that learns the support, where a network could fit its targets (Damian, Ma, Lee,
//! arXiv 2106.06530). The loss is against the target as trained on.
//!
//! Targets must be measured numbers: for the cross-entropies there is no such noise, and the compiler says so.
//!
//! ```
//! use tamis::{LabelNoise, Mse, Seed};
//!
//! let mut noise = LabelNoise::of(&Mse, 0.5, Seed(1))?;
//! let mut target = [1.0];
//! noise.add(&mut target);
//! assert_ne!(target, [1.0]);
//! # Ok::<(), tamis::LabelNoiseError>(())
//! ```

use core::fmt;

use crate::loss::Regression;
use crate::random::{self, Purpose, Seed};
use crate::state::{State, Words};

/// A source of noise for targets.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LabelNoise {
    sigma: f32,
    seed: Seed,
    visits: u64,
}

/// Why there is no such noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LabelNoiseError {
    /// sigma is negative or not a finite number.
    Sigma,
    /// The loss takes classes or probabilities.
    Loss,
}

impl fmt::Display for LabelNoiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sigma => "the label noise must be a finite number, zero or more",
            Self::Loss => "label noise is for mean squared error and Huber only",
        })
    }
}

impl core::error::Error for LabelNoiseError {}

impl LabelNoise {
    /// Noise of standard deviation `sigma` for targets of a regression loss.
    pub fn of<L: Regression>(_loss: &L, sigma: f32, seed: Seed) -> Result<Self, LabelNoiseError> {
        Self::checked(sigma, seed)
    }

    /// [`LabelNoise::of`] a loss that is known at run time to be one of regression.
    pub(crate) fn checked(sigma: f32, seed: Seed) -> Result<Self, LabelNoiseError> {
        if sigma.is_finite() && sigma >= 0.0 {
            Ok(Self { sigma, seed, visits: 0 })
        } else {
            Err(LabelNoiseError::Sigma)
        }
    }

    /// Adds fresh noise to `target`: one more visit.
    pub fn add(&mut self, target: &mut [f32]) {
        let mut generator = self.seed.generator(Purpose::LabelNoise, self.visits);
        self.visits = self.visits.wrapping_add(1);
        // Pairs, as a vector of normals is drawn.
        for pair in target.chunks_mut(2) {
            let mut noise = [0.0; 2];
            random::fill_normal(&mut generator, &mut noise);
            pair.iter_mut().zip(noise).for_each(|(target, noise)| *target += self.sigma * noise);
        }
    }
}

impl State for LabelNoise {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.long(&mut self.visits)
    }
}
