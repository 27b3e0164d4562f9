//! Initial weights.
//!
//! ```text
//! He          standard deviation sqrt(2 / in), whatever the activation      arXiv 1502.01852
//! Xavier      sqrt(2 / (in + out))                                          Glorot and Bengio 2010
//! scaled      g / sqrt(in); g = 1 keeps the variance of a linear layer
//! normal      deviation times a standard normal draw
//! uniform     sqrt(3) deviation times (2 u - 1), u uniform in [0, 1)
//! biases      +0.0, or normal with a stated deviation
//! ```
//!
//! In layout order, from one generator (seed, weights, 0) for all layers: one vector of draws for the weights of
//! a layer, then one for its biases if they are drawn.

use core::fmt;

use crate::environment::FloatEnvironmentError;
use crate::ops;
use crate::random::{self, Purpose, Seed};
use crate::shape::{Layer, Network};

/// How initial weights are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Init {
    spread: Spread,
    is_uniform: bool,
    biases: Option<f32>,
}

/// How wide weights spread.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
enum Spread {
    He,
    Xavier,
    Scaled(f32),
}

/// Why a model could not be initialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum InitError {
    /// The gain is not a positive finite number.
    Gain,
    /// The deviation of the biases is negative or not a finite number.
    Biases,
    /// The processor does not compute as the contract says.
    FloatEnvironment(FloatEnvironmentError),
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gain => f.write_str("the gain of the initial weights must be a positive finite number"),
            Self::Biases => {
                f.write_str("the deviation of the initial biases must be a finite number, zero or more")
            }
            Self::FloatEnvironment(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for InitError {}

impl Init {
    /// He's, normal: PyTorch's `kaiming_normal_`.
    pub const fn he() -> Self {
        Self { spread: Spread::He, is_uniform: false, biases: None }
    }

    /// Xavier's, normal: PyTorch's `xavier_normal_`.
    pub const fn xavier() -> Self {
        Self { spread: Spread::Xavier, ..Self::he() }
    }

    /// Normal with this gain.
    pub const fn scaled(gain: f32) -> Self {
        Self { spread: Spread::Scaled(gain), ..Self::he() }
    }

    /// The same deviation, uniform instead of normal.
    pub const fn uniform(self) -> Self {
        Self { is_uniform: true, ..self }
    }

    /// With normal biases of this standard deviation.
    pub const fn with_biases(self, deviation: f32) -> Self {
        Self { biases: Some(deviation), ..self }
    }

    fn check(self) -> Result<(), InitError> {
        match self {
            Self { spread: Spread::Scaled(gain), .. } if !(gain.is_finite() && gain > 0.0) => {
                Err(InitError::Gain)
            }
            Self { biases: Some(deviation), .. } if !(deviation.is_finite() && deviation >= 0.0) => {
                Err(InitError::Biases)
            }
            _ => Ok(()),
        }
    }

    /// The standard deviation of a layer's weights.
    fn deviation(self, layer: &Layer) -> f32 {
        match self.spread {
            Spread::He => core::f32::consts::SQRT_2 / root(layer.inputs),
            Spread::Scaled(gain) => gain / root(layer.inputs),
            Spread::Xavier => {
                libm::sqrtf(2.0 / ops::count::<f32>(layer.inputs.saturating_add(layer.outputs)))
            }
        }
    }

    /// Fills `params`.
    pub(crate) fn draw(self, net: &impl Network, params: &mut [f32], seed: Seed) -> Result<(), InitError> {
        self.check()?;
        let mut generator = seed.generator(Purpose::Weights, 0);
        let mut rest = params;
        for layer in net.layers() {
            let (weights, biases);
            (weights, rest) = ops::split_mut(rest, layer.weights());
            (biases, rest) = ops::split_mut(rest, layer.biases());
            let deviation = self.deviation(&layer);
            if self.is_uniform {
                weights.iter_mut().for_each(|w| *w = 2.0 * random::uniform(&mut generator) - 1.0);
                ops::scale(weights, libm::sqrtf(3.0) * deviation);
            } else {
                random::fill_normal(&mut generator, weights);
                ops::scale(weights, deviation);
            }
            match self.biases {
                None => biases.fill(0.0),
                Some(deviation) => {
                    random::fill_normal(&mut generator, biases);
                    ops::scale(biases, deviation);
                }
            }
        }
        Ok(())
    }
}

/// sqrt(n).
fn root(n: usize) -> f32 {
    libm::sqrtf(ops::count(n))
}
