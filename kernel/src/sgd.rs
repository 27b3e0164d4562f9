//! Stochastic gradient descent: its settings, and the update they make.
//!
//! ```text
//! mean gradient -> clip by norm -> coupled decay g + lambda w -> w <- w - eta g
//! ```
//!
//! Decay is coupled, as PyTorch's `SGD(weight_decay)`; but here biases do not decay, there they do. Clipping
//! is PyTorch's `clip_grad_norm_`: all parameters together, the decay excluded.

use core::fmt;

use crate::number::Number;
use crate::ops::{self, Descent};
use crate::schedule::{FinalDrop, Schedule};
use crate::shape::Network;

/// The settings of stochastic gradient descent. What is not asked for costs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Sgd<T = f32> {
    schedule: Schedule<T>,
    clip: Option<T>,
    decay: Option<T>,
}

/// A setting that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SgdError {
    /// The step size is not a positive finite number.
    StepSize,
    /// The factor of the final drop, or the step size after it, is not a positive finite number.
    DropFactor,
    /// The bound of the gradient's norm is not a positive finite number.
    ClipBound,
    /// The weight decay is negative or not a finite number.
    Decay,
}

impl fmt::Display for SgdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StepSize => "the step size must be a positive finite number",
            Self::DropFactor => {
                "the factor of the final drop, and the step size after it, must be positive finite numbers"
            }
            Self::ClipBound => "the clipping bound must be a positive finite number",
            Self::Decay => "the weight decay must be a finite number, zero or more",
        })
    }
}

impl core::error::Error for SgdError {}

const fn is_positive(value: f32) -> bool {
    value.is_finite() && value > 0.0
}

impl Sgd {
    /// Plain SGD with the constant step size `eta`.
    pub const fn new(eta: f32) -> Result<Self, SgdError> {
        if !is_positive(eta) {
            return Err(SgdError::StepSize);
        }
        Ok(Self { schedule: Schedule { eta, drop: None }, clip: None, decay: None })
    }

    /// With the step size multiplied by `factor` from update `at` on.
    pub const fn final_drop(self, at: u32, factor: f32) -> Result<Self, SgdError> {
        if !(is_positive(factor) && is_positive(self.schedule.eta * factor)) {
            return Err(SgdError::DropFactor);
        }
        let drop = Some(FinalDrop { at, factor });
        Ok(Self { schedule: Schedule { drop, ..self.schedule }, ..self })
    }

    /// With the gradient scaled down where its norm exceeds `bound`. A gradient whose norm is infinite is
    /// multiplied by 0: its finite parts vanish, its infinite ones become NaN, which the next step reports.
    pub const fn clip_norm(self, bound: f32) -> Result<Self, SgdError> {
        if !is_positive(bound) {
            return Err(SgdError::ClipBound);
        }
        Ok(Self { clip: Some(bound), ..self })
    }

    /// With coupled weight decay `lambda`, on weights and not on biases.
    pub const fn weight_decay(self, lambda: f32) -> Result<Self, SgdError> {
        if !(lambda.is_finite() && lambda >= 0.0) {
            return Err(SgdError::Decay);
        }
        Ok(Self { decay: Some(lambda), ..self })
    }

    /// Settings that came from outside, checked again.
    pub fn checked(self) -> Result<Self, SgdError> {
        let mut checked = Self::new(self.schedule.eta)?;
        if let Some(drop) = self.schedule.drop {
            checked = checked.final_drop(drop.at, drop.factor)?;
        }
        if let Some(bound) = self.clip {
            checked = checked.clip_norm(bound)?;
        }
        self.decay.map_or(Ok(checked), |lambda| checked.weight_decay(lambda))
    }
}

impl<T: Number> Sgd<T> {
    /// The step size of update `t`, the first of which is 0.
    pub fn step_size(&self, t: u32) -> T {
        self.schedule.step_size(t)
    }

    /// Update `t` from a batch of one, without a stored gradient.
    #[inline(always)]
    pub(crate) fn update_one(
        &self,
        net: &impl Network,
        params: &mut [T],
        x: &[T],
        y: &[T],
        delta: &mut [T],
        t: u32,
    ) {
        let step_size = self.step_size(t);
        let clip_factor = self.clip.map(|bound| {
            let mut squares = T::ZERO;
            net.walk(params, x, y, delta, &mut |pass| {
                squares = squares + ops::outer_square_sum(pass.x, pass.delta, pass.b.is_some());
            });
            ops::clip_factor(squares.sqrt(), bound)
        });
        if self.decay.is_some() {
            let change = Descent { step_size, clip_factor, decay: self.decay };
            net.walk(params, x, y, delta, &mut |pass| {
                ops::update_general(pass.w, pass.b, pass.x, pass.delta, &change);
            });
        } else {
            let eta = clip_factor.map_or(step_size, |c| step_size * c);
            net.walk(params, x, y, delta, &mut |pass| {
                ops::scale(pass.delta, eta);
                ops::update(pass.w, pass.b, pass.x, pass.delta);
            });
        }
    }

    /// Update `t` from the mean gradient of a batch of more than one.
    #[inline(always)]
    pub(crate) fn update_mean(&self, net: &impl Network, params: &mut [T], gradient: &[T], t: u32) {
        let clip_factor = self.clip.map(|bound| ops::clip_factor(ops::square_sum(gradient).sqrt(), bound));
        let change = Descent { step_size: self.step_size(t), clip_factor, decay: self.decay };
        let (mut params, mut gradient) = (params, gradient);
        for layer in net.layers() {
            let (w, b, g_w, g_b);
            (w, params) = ops::split_mut(params, layer.weights());
            (b, params) = ops::split_mut(params, layer.biases());
            (g_w, gradient) = ops::split(gradient, layer.weights());
            (g_b, gradient) = ops::split(gradient, layer.biases());
            ops::descend(w, b, g_w, g_b, &change);
        }
    }
}
