//! Initial weights: normal, with a standard deviation of gain / sqrt(fan_in). Biases start at +0.0.

use core::fmt;

use crate::environment::FloatEnvironmentError;
use crate::ops;
use crate::random::{self, Purpose, Seed};
use crate::shape::Network;

/// How wide the initial weights spread.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Init {
    /// Gain sqrt(2) whatever the activation (He et al., arXiv 1502.01852; PyTorch's `kaiming_normal_`).
    HeNormal,
    /// This gain; 1 keeps the variance of a linear layer.
    Scaled(f32),
}

/// Why a model could not be initialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum InitError {
    /// The gain is not a positive finite number.
    Gain,
    /// The processor does not compute as the contract says.
    FloatEnvironment(FloatEnvironmentError),
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gain => f.write_str("the gain of the initial weights must be a positive finite number"),
            Self::FloatEnvironment(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for InitError {}

impl Init {
    fn gain(self) -> Result<f32, InitError> {
        match self {
            Self::HeNormal => Ok(core::f32::consts::SQRT_2),
            Self::Scaled(gain) if gain.is_finite() && gain > 0.0 => Ok(gain),
            Self::Scaled(_) => Err(InitError::Gain),
        }
    }

    /// Fills `params`: one vector of draws per layer, in layout order.
    pub(crate) fn draw(self, net: &impl Network, params: &mut [f32], seed: Seed) -> Result<(), InitError> {
        let gain = self.gain()?;
        let mut generator = seed.generator(Purpose::Weights, 0);
        let mut params = params;
        for layer in net.layers() {
            let (weights, biases);
            (weights, params) = ops::split_mut(params, layer.weights());
            (biases, params) = ops::split_mut(params, layer.biases());
            random::fill_normal(&mut generator, weights);
            ops::scale(weights, gain / libm::sqrtf(layer.inputs as f32));
            biases.fill(0.0);
        }
        Ok(())
    }
}
