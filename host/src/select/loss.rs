//! What the networks of a selection minimise.
//!
//! ```text
//! huber           of the standardised target, with the bound 3: what is far off counts linearly
//! mse             of the standardised target
//! cross-entropy   of each class against all others, -t ln p - (1 - t) ln(1 - p), p the sigmoid of its output
//! ```

use anyhow::{Result, anyhow};
use clap::ValueEnum;
use tamis::{AnyLoss, Huber};

use super::design::Design;

/// A loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Loss {
    /// Squared error, linear from three deviations on.
    #[default]
    Huber,
    /// Squared error.
    Mse,
    /// Cross-entropy of each class against all others; for classes only.
    CrossEntropy,
}

/// The bound of the Huber loss, in deviations of the target.
const BOUND: f32 = 3.0;

impl Loss {
    /// As the kernel knows it.
    pub fn kernel(self) -> Result<AnyLoss> {
        Ok(match self {
            Self::Huber => AnyLoss::Huber(Huber::new(BOUND).map_err(|error| anyhow!("{error}"))?),
            Self::Mse => AnyLoss::Mse,
            Self::CrossEntropy => AnyLoss::BinaryCrossEntropy,
        })
    }

    /// What a network that gives these outputs expects of the targets: of logits, the probabilities.
    pub fn expected(self, mut outputs: Vec<f32>) -> Vec<f32> {
        if self == Self::CrossEntropy {
            outputs.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp()));
        }
        outputs
    }

    /// The loss of the best constant, mean over the outputs.
    pub fn of_constant(self, design: &Design) -> f64 {
        let n = design.rows as f64;
        let of = |output: usize| {
            let y = || design.y_column(output);
            let mean = y().sum::<f64>() / n;
            match self {
                Self::Huber => huber(y),
                Self::Mse => y().map(|y| (y - mean).powi(2)).sum::<f64>() / n,
                Self::CrossEntropy => -(mean * mean.ln() + (1.0 - mean) * (1.0 - mean).ln()),
            }
        };
        (0..design.outputs).map(of).sum::<f64>() / design.outputs as f64
    }
}

/// The mean Huber loss around Huber's location, found by iteration.
fn huber<I: Iterator<Item = f64>>(y: impl Fn() -> I) -> f64 {
    let bound = f64::from(BOUND);
    let n = y().count() as f64;
    let mut centre = 0.0;
    for _ in 0..20 {
        centre += y().map(|y| (y - centre).clamp(-bound, bound)).sum::<f64>() / n;
    }
    let loss = |r: f64| if r < bound { 0.5 * r * r } else { bound * (r - 0.5 * bound) };
    y().map(|y| loss((y - centre).abs())).sum::<f64>() / n
}
