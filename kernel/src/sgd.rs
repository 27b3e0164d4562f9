//! Stochastic gradient descent: its settings.
//!
//! ```text
//! mean gradient -> clip -> coupled decay -> momentum -> w <- w - eta v -> proximal step
//! ```
//!
//! Each option has a file of its own: [`crate::schedule`], [`crate::clip`], [`crate::weight_decay`],
//! [`crate::momentum`] (which needs memory, and so another type), [`crate::proximal`]. An option is one value, so
//! that two that contradict each other cannot be set. The order of operations is in [`crate::ops`].
//!
//! ```
//! use tamis::{Base, Clip, Proximal, Sgd, WeightDecay};
//!
//! let sgd = Sgd::new(0.05)?
//!     .warm_up(100)?
//!     .base(Base::Cosine { over: 10_000 })?
//!     .clip(Clip::Norm(1.0))?
//!     .weight_decay(WeightDecay::decoupled(0.01))?
//!     .proximal(Proximal::group(0.001).every(10))?;
//! assert_eq!(sgd.step_size(99), 0.05);
//! # Ok::<(), tamis::SgdError>(())
//! ```

use core::fmt;

use crate::clip::Clip;
use crate::number::Number;
use crate::proximal::Proximal;
use crate::schedule::{Base, Clock, FinalDrop, Schedule};
use crate::weight_decay::WeightDecay;

/// The settings of stochastic gradient descent. What is not asked for costs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Sgd<T = f32> {
    pub(crate) schedule: Schedule<T>,
    pub(crate) clip: Option<Clip<T>>,
    pub(crate) decay: Option<WeightDecay<T>>,
    pub(crate) proximal: Option<Proximal<T>>,
}

/// A setting that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SgdError {
    /// The step size is not a positive finite number.
    StepSize,
    /// The warm-up is zero updates long.
    WarmUp,
    /// The step decay happens every zero updates, or its factor is not a positive finite number.
    StepDecay,
    /// The cosine is zero updates long.
    Cosine,
    /// The factor of the final drop, or the step size after it, is not a positive finite number.
    DropFactor,
    /// The clipping bound is not a positive finite number.
    ClipBound,
    /// A weight decay is negative or not a finite number.
    Decay,
    /// The proximal penalty is negative or not a finite number, or applied every zero updates.
    Penalty,
}

impl fmt::Display for SgdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StepSize => "the step size must be a positive finite number",
            Self::WarmUp => "the warm-up must be at least one update long",
            Self::StepDecay => {
                "the step decay must have a positive finite factor, and be at least one update apart"
            }
            Self::Cosine => "the cosine must be at least one update long",
            Self::DropFactor => {
                "the factor of the final drop, and the step size after it, must be positive finite numbers"
            }
            Self::ClipBound => "the clipping bound must be a positive finite number",
            Self::Decay => "the weight decay must be a finite number, zero or more",
            Self::Penalty => {
                "the proximal penalty must be a finite number, zero or more, at least one update apart"
            }
        })
    }
}

impl core::error::Error for SgdError {}

const fn is_positive(value: f32) -> bool {
    value.is_finite() && value > 0.0
}

const fn is_penalty(value: f32) -> bool {
    value.is_finite() && value >= 0.0
}

impl Sgd {
    /// Plain SGD with the constant step size `eta`.
    pub const fn new(eta: f32) -> Result<Self, SgdError> {
        if !is_positive(eta) {
            return Err(SgdError::StepSize);
        }
        let schedule = Schedule { eta, warm_up: None, base: Base::Constant, drop: None };
        Ok(Self { schedule, clip: None, decay: None, proximal: None })
    }

    /// With a step size that grows to its full length over the first `updates` updates.
    pub const fn warm_up(self, updates: u32) -> Result<Self, SgdError> {
        if updates == 0 {
            return Err(SgdError::WarmUp);
        }
        Ok(Self { schedule: Schedule { warm_up: Some(updates), ..self.schedule }, ..self })
    }

    /// With this course of the step size after the warm-up.
    pub const fn base(self, base: Base) -> Result<Self, SgdError> {
        match base {
            Base::StepDecay { every, factor } if every == 0 || !is_positive(factor) => {
                Err(SgdError::StepDecay)
            }
            Base::Cosine { over: 0 } => Err(SgdError::Cosine),
            _ => Ok(Self { schedule: Schedule { base, ..self.schedule }, ..self }),
        }
    }

    /// With the step size multiplied by `factor` from update `at` on.
    pub const fn final_drop(self, at: u32, factor: f32) -> Result<Self, SgdError> {
        if !(is_positive(factor) && is_positive(self.schedule.eta * factor)) {
            return Err(SgdError::DropFactor);
        }
        let drop = Some(FinalDrop { at, factor });
        Ok(Self { schedule: Schedule { drop, ..self.schedule }, ..self })
    }

    /// With bounded gradients.
    pub const fn clip(self, clip: Clip) -> Result<Self, SgdError> {
        if !is_positive(clip.bound()) {
            return Err(SgdError::ClipBound);
        }
        Ok(Self { clip: Some(clip), ..self })
    }

    /// With weight decay.
    pub const fn weight_decay(self, decay: WeightDecay) -> Result<Self, SgdError> {
        let weights = is_penalty(decay.first) && is_penalty(decay.hidden) && is_penalty(decay.output);
        let biases = match decay.biases {
            Some(lambda) => is_penalty(lambda),
            None => true,
        };
        if weights && biases { Ok(Self { decay: Some(decay), ..self }) } else { Err(SgdError::Decay) }
    }

    /// With a proximal step on the first layer.
    pub const fn proximal(self, proximal: Proximal) -> Result<Self, SgdError> {
        if !is_penalty(proximal.lambda) || proximal.every == 0 {
            return Err(SgdError::Penalty);
        }
        Ok(Self { proximal: Some(proximal), ..self })
    }

    /// Settings that came from outside, checked again.
    pub fn checked(self) -> Result<Self, SgdError> {
        let mut checked = Self::new(self.schedule.eta)?.base(self.schedule.base)?;
        if let Some(updates) = self.schedule.warm_up {
            checked = checked.warm_up(updates)?;
        }
        if let Some(drop) = self.schedule.drop {
            checked = checked.final_drop(drop.at, drop.factor)?;
        }
        if let Some(clip) = self.clip {
            checked = checked.clip(clip)?;
        }
        if let Some(decay) = self.decay {
            checked = checked.weight_decay(decay)?;
        }
        self.proximal.map_or(Ok(checked), |proximal| checked.proximal(proximal))
    }

    /// How many updates the warm-up has.
    pub(crate) fn warm_up_updates(&self) -> u32 {
        self.schedule.warm_up.unwrap_or(0)
    }

    /// The number that [`Sgd::map`] visits as number `place`.
    pub(crate) fn number(&self, place: usize) -> Option<f32> {
        let (mut at, mut found) = (0_usize, None);
        let _ = self.map(|number| {
            if at == place {
                found = Some(number);
            }
            at = at.saturating_add(1);
        });
        found
    }
}

impl<T: Number> Sgd<T> {
    /// The step size of update `t`, the first of which is 0.
    pub fn step_size(&self, t: u32) -> T {
        self.schedule.step_size(&mut Clock::at(t))
    }
}

impl<T: Copy> Sgd<T> {
    /// The bound on gradients, if there is one.
    pub const fn clipping(&self) -> Option<Clip<T>> {
        self.clip
    }

    /// The same settings with every number changed by `f`: how runs are bundled into lanes.
    pub fn map<U>(&self, mut f: impl FnMut(T) -> U) -> Sgd<U>
    where
        T: Number,
    {
        Sgd {
            schedule: self.schedule.map(&mut f),
            clip: self.clip.map(|clip| clip.map(&mut f)),
            decay: self.decay.map(|decay| decay.map(&mut f)),
            proximal: self.proximal.map(|proximal| proximal.map(&mut f)),
        }
    }
}
