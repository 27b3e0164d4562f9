//! A growing penalty: chosen inputs are pressed to exactly zero, so that they can be cut off.
//!
//! ```text
//! w_j <- w_j max(0, 1 - r_j k)      after every update t >= from, k = 1 + floor((t - from) / every)
//! ```
//!
//! r_j is the rate of input j, 0 where it is to stay. Once r_j k reaches 1 the column is +0.0 after every
//! update, so 1 / r_j periods are enough, however large the noise; until then the network has time to put its
//! weight elsewhere. After growing regularisation (Wang et al., arXiv 2012.09243), with eta lambda for r k.
//! [`crate::compaction`] then takes the inputs out.

use core::fmt;

use crate::number::Number;
use crate::ops::{self, split_mut};
use crate::shape::Network;

/// A penalty on the columns of chosen inputs that grows until they are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Growing {
    from: u32,
    every: u32,
}

/// A growing penalty that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum GrowingError {
    /// It grows every zero updates.
    Every,
    /// A rate is negative or not a finite number.
    Rate,
    /// It presses on inputs that the network does not have.
    Inputs,
}

impl fmt::Display for GrowingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Every => "a growing penalty must grow every one or more updates",
            Self::Rate => "the rate of a growing penalty must be a finite number, zero or more",
            Self::Inputs => "a growing penalty must be on inputs that the network has",
        })
    }
}

impl core::error::Error for GrowingError {}

/// A growing penalty on some inputs of a plan: `count` from input `first` on, all at the same rate.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Pressed {
    /// When it grows.
    pub growing: Growing,
    /// The first input that it presses on.
    pub first: u16,
    /// On how many.
    pub count: u16,
    /// r: how much it grows.
    pub rate: f32,
}

impl Pressed {
    /// Whether it makes sense for a network of so many inputs.
    pub fn check(&self, inputs: usize) -> Result<(), GrowingError> {
        if self.growing.every == 0 {
            return Err(GrowingError::Every);
        }
        if !(self.rate.is_finite() && self.rate >= 0.0) {
            return Err(GrowingError::Rate);
        }
        let end = usize::from(self.first).saturating_add(self.count.into());
        if end > inputs { Err(GrowingError::Inputs) } else { Ok(()) }
    }

    /// The rate of every input.
    pub fn fill(&self, rates: &mut [f32]) {
        rates.fill(0.0);
        rates.iter_mut().skip(self.first.into()).take(self.count.into()).for_each(|rate| *rate = self.rate);
    }
}

impl Growing {
    /// Begins at update `from`, the first of which is 0, and grows `every` so many updates.
    pub const fn new(from: u32, every: u32) -> Result<Self, GrowingError> {
        if every == 0 { Err(GrowingError::Every) } else { Ok(Self { from, every }) }
    }

    /// Shrinks the columns of `params` (the parameters of `net`) after update `t`; `rates` has one rate per input.
    pub fn shrink<T: Number>(&self, net: &impl Network, params: &mut [T], rates: &[T], t: u32) {
        let (Some(since), Some(first)) = (t.checked_sub(self.from), net.layers().next()) else { return };
        let periods = since.checked_div(self.every).unwrap_or(0).saturating_add(1);
        let (w, _) = split_mut(params, first.weights());
        ops::shrink_columns(w, first.outputs, rates, ops::count(periods as usize));
    }
}
