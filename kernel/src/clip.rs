//! Clipping: a bound on what one update may do.
//!
//! ```text
//! by norm    c = min(1, bound / (|g| + 1e-6)), g <- c g      all parameters together, decay excluded
//! by value   g <- -bound if g < -bound, bound if g > bound, else g        each by itself
//! ```
//!
//! As PyTorch's `clip_grad_norm_` and `clip_grad_value_`; one or the other. A gradient whose norm is infinite is
//! multiplied by 0: its finite parts vanish, its infinite ones become NaN, which the next step reports.

/// How gradients are bounded.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Clip<T = f32> {
    /// The norm of the whole gradient is at most this.
    Norm(T),
    /// Each number of the gradient is at most this, and at least its negative.
    Value(T),
}

impl<T: Copy> Clip<T> {
    /// The bound.
    pub const fn bound(&self) -> T {
        match *self {
            Self::Norm(bound) | Self::Value(bound) => bound,
        }
    }

    /// The same with its number changed by `f`.
    pub(crate) fn map<U>(&self, f: &mut impl FnMut(T) -> U) -> Clip<U> {
        match *self {
            Self::Norm(bound) => Clip::Norm(f(bound)),
            Self::Value(bound) => Clip::Value(f(bound)),
        }
    }
}
