//! The step size over time.
//!
//! Constant step sizes at a batch of one keep the noise that learns the support, and pay for it with a noisier
//! fit; a drop near the end gets most of the fit back. Time is counted in completed updates.

use crate::number::Number;

/// A constant step size, perhaps with a final drop.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Schedule<T> {
    pub(crate) eta: T,
    pub(crate) drop: Option<FinalDrop<T>>,
}

/// From update `at` on, the step size is multiplied by `factor`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct FinalDrop<T> {
    pub(crate) at: u32,
    pub(crate) factor: T,
}

impl<T: Number> Schedule<T> {
    /// eta of update `t`.
    pub(crate) fn step_size(&self, t: u32) -> T {
        match self.drop {
            Some(FinalDrop { at, factor }) if t >= at => self.eta * factor,
            _ => self.eta,
        }
    }
}
