//! Proximal steps on the first layer: penalties that can make weights exactly zero.
//!
//! ```text
//! L1       w   <- sign(w) max(|w| - s, 0)          each weight of the first layer
//! group    w_j <- w_j max(0, 1 - s / |w_j|)        w_j the column of input j (group lasso)
//! s = (m eta) lambda, every m updates; what becomes zero is +0.0
//! ```
//!
//! Parikh and Boyd, *Proximal Algorithms* (2014), section 6.5. At a batch of one the noise of the gradient
//! refills a column between two steps, so exact zeros do not stay: to be rid of an input, see
//! [`crate::growing`].

/// A penalty on the first layer, applied after the update.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Proximal<T = f32> {
    pub(crate) penalty: Penalty,
    pub(crate) lambda: T,
    pub(crate) every: u32,
}

/// What is penalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Penalty {
    /// The size of each weight.
    L1,
    /// The norm of each input's column.
    Group,
}

impl<T: Copy> Proximal<T> {
    /// The L1 penalty of strength `lambda`.
    pub const fn l1(lambda: T) -> Self {
        Self { penalty: Penalty::L1, lambda, every: 1 }
    }

    /// The group lasso of strength `lambda`, a group being the column of one input.
    pub const fn group(lambda: T) -> Self {
        Self { penalty: Penalty::Group, lambda, every: 1 }
    }

    /// Only every `m` updates, `m` times as strong.
    pub const fn every(self, m: u32) -> Self {
        Self { every: m, ..self }
    }

    /// The same with its number changed by `f`.
    pub(crate) fn map<U>(&self, f: &mut impl FnMut(T) -> U) -> Proximal<U> {
        Proximal { penalty: self.penalty, lambda: f(self.lambda), every: self.every }
    }
}
