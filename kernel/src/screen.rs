//! Marginal screening: which inputs are visible by themselves, from sums that a stream adds to.
//!
//! Of each input x and its square, whether it goes with the target y (Fan and Lv, *Sure independence screening*, 2008,
//! have the correlation alone). Six numbers per input; n counts samples from 1, `-` is before a sample and `+` after it:
//!
//! ```text
//! mean_y <- mean_y + (y - mean_y) / n                        dy = y - mean_y+
//! for v = x, then v = x x:
//!     mean <- mean + (v - mean) / n                          dv = v - mean-
//!     p = dv dy,   sum <- sum + p,   squares <- squares + p p
//!     z = sum / sqrt(squares)                                +0.0 where the squares are 0
//! ```
//!
//! z is standard normal, at many samples, where v and y are independent or only the spread of y goes with v (White,
//! *A heteroskedasticity-consistent covariance matrix estimator*, 1980): the factors of a product are not visible, each
//! by itself. An input is visible if z z > 2 ln(40 d) for x or its square. P(|z| > c) < e^(-c c / 2), so of d inputs that
//! are independent of y one or more are visible in less than 5 % of cases. Rows that follow each other closely are fewer
//! than they seem, and more is visible then.
//!
//! The inputs must be scaled to mean 0 and deviation 1; where the mean is far from 0, x and x x are the same thing.

use crate::ops;
use crate::state::{State, Words};

/// The screen of `D` inputs.
#[derive(Clone, Copy, Debug)]
pub struct Screen<const D: usize> {
    samples: u32,
    mean_y: f32,
    columns: [[Sums; 2]; D],
}

/// What is added up of an input or its square.
#[derive(Clone, Copy, Debug)]
struct Sums {
    mean: f32,
    sum: f32,
    squares: f32,
}

impl<const D: usize> Default for Screen<D> {
    fn default() -> Self {
        let zero = Sums { mean: 0.0, sum: 0.0, squares: 0.0 };
        Self { samples: 0, mean_y: 0.0, columns: [[zero; 2]; D] }
    }
}

impl<const D: usize> Screen<D> {
    /// Takes in a sample, all of it finite.
    pub fn push(&mut self, x: &[f32; D], y: f32) {
        self.samples = self.samples.saturating_add(1);
        let n: f32 = ops::count(self.samples as usize);
        self.mean_y += (y - self.mean_y) / n;
        let dy = y - self.mean_y;
        for (column, &x) in self.columns.iter_mut().zip(x) {
            for (sums, v) in column.iter_mut().zip([x, x * x]) {
                let dv = v - sums.mean;
                sums.mean += dv / n;
                let p = dv * dy;
                sums.sum += p;
                sums.squares += p * p;
            }
        }
    }

    /// z of each input and of its square.
    pub fn z(&self) -> [[f32; 2]; D] {
        let z = |sums: Sums| if sums.squares > 0.0 { sums.sum / libm::sqrtf(sums.squares) } else { 0.0 };
        self.columns.map(|column| column.map(z))
    }

    /// Whether each input is visible by itself.
    pub fn visible(&self) -> [bool; D] {
        let least = 2.0 * libm::logf(40.0 * ops::count::<f32>(D));
        self.z().map(|column| column.iter().any(|z| z * z > least))
    }
}

impl<const D: usize> State for Screen<D> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.word(&mut self.samples)?;
        words.number(&mut self.mean_y)?;
        let mut sums = self.columns.as_flattened_mut().iter_mut();
        sums.try_for_each(|Sums { mean, sum, squares }| {
            [mean, sum, squares].into_iter().try_for_each(|number| words.number(number))
        })
    }
}
