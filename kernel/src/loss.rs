//! What training makes small: a loss per sample, a mean over its outputs.
//!
//! ```text
//! mean squared error     L = 1/O sum_o (y_o - t_o)^2                       dL/dy_o = (y_o - t_o) (2/O)
//! Huber, bound d         L = 1/O sum_o h(r_o), r_o = y_o - t_o             dL/dy_o = clamp(r_o, -d, d) / O
//!                        h(r) = r^2/2 if |r| <= d, else d (|r| - d/2)
//! binary cross-entropy   L = 1/O sum_o max(y_o, 0) - y_o t_o + ln(1 + e^-|y_o|)
//!                                                                          dL/dy_o = (sigmoid(y_o) - t_o) / O
//! softmax cross-entropy  L = (m - y_c) + ln sum_o e^(y_o - m)              dL/dy_o = e^(y_o - m) / sum - [o = c]
//!                        m = max_o y_o, c the class
//! ```
//!
//! The two cross-entropies take logits, the outputs of a last layer without an activation, and no others: a
//! network that ends otherwise does not compile with them.
//!
//! A loss of your own is another type:
//!
//! ```
//! use tamis::{Activation, Loss, Number, Takes, Vector, ops};
//!
//! /// L = 1/O sum_o |y_o - t_o|.
//! #[derive(Clone, Copy, Default)]
//! struct MeanAbsolute;
//!
//! impl<A: Activation> Takes<A> for MeanAbsolute {
//!     type Target<O: Vector> = O;
//! }
//!
//! impl Loss for MeanAbsolute {
//!     fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T {
//!         let n: T = ops::count(y.len());
//!         for ((delta, &y), &t) in delta.iter_mut().zip(y).zip(t) {
//!             *delta = y.if_less(t, -T::ONE, T::ONE) / n;
//!         }
//!         ops::sum(y.iter().zip(t).map(|(&y, &t)| (y - t).abs())) / n
//!     }
//! }
//! ```

use core::fmt;

use crate::activation::{Activation, Identity, Sigmoid};
use crate::exponential;
use crate::model::StepError;
use crate::number::Number;
use crate::ops;
use crate::shape::{Vector, Width};

/// A loss of one sample.
pub trait Loss: Copy {
    /// The loss of outputs `y` (O) against target `t`; `delta` (O) becomes dL/dy.
    fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T;

    /// How many numbers a target for so many outputs has. As it stands here: one for each.
    fn targets(&self, outputs: usize) -> usize {
        outputs
    }

    /// Whether targets are measured numbers, and not classes or probabilities. As it stands here: they are.
    fn is_regression(&self) -> bool {
        true
    }

    /// Whether `t` is a target for so many outputs. As it stands here: whether it is finite.
    fn check<T: Number>(&self, t: &[T], outputs: usize) -> Result<(), StepError> {
        let _ = outputs;
        match t.iter().position(|t| !t.is_finite()) {
            None => Ok(()),
            Some(index) => Err(StepError::Target(index)),
        }
    }
}

/// A loss that takes the outputs of a last layer with activation `A`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take the outputs of a layer that ends in `{A}`",
    note = "the cross-entropies take logits: end the network in `Identity`"
)]
pub trait Takes<A>: Loss {
    /// The shape of a target for outputs `O`: as many numbers, or one that names a class.
    type Target<O: Vector>: Vector;
}

impl<A: Activation> Takes<A> for Mse {
    type Target<O: Vector> = O;
}

impl<A: Activation> Takes<A> for Huber {
    type Target<O: Vector> = O;
}

impl Takes<Identity> for BinaryCrossEntropy {
    type Target<O: Vector> = O;
}

impl Takes<Identity> for SoftmaxCrossEntropy {
    type Target<O: Vector> = Width<1>;
}

/// A loss of targets that are measured, and so may be noisy: [`crate::LabelNoise`] is for these and no others.
#[diagnostic::on_unimplemented(message = "label noise is for mean squared error and Huber, not for `{Self}`")]
pub trait Regression: Loss {}

impl Regression for Mse {}
impl Regression for Huber {}

/// The mean over the outputs of the squared error, as in PyTorch's `MSELoss`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl Loss for Mse {
    #[inline(always)]
    fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T {
        let outputs = ops::count(y.len());
        let slope = T::splat(2.0) / outputs;
        for ((delta, &y), &t) in delta.iter_mut().zip(y).zip(t) {
            *delta = (y - t) * slope;
        }
        ops::sum(y.iter().zip(t).map(|(&y, &t)| (y - t) * (y - t))) / outputs
    }
}

/// Squared near the target, linear beyond a bound, as in PyTorch's `HuberLoss`: outliers pull no harder than
/// the bound.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Huber {
    bound: f32,
}

/// The bound of a Huber loss is not a positive finite number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HuberBound;

impl fmt::Display for HuberBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bound of a Huber loss must be a positive finite number")
    }
}

impl core::error::Error for HuberBound {}

impl Default for Huber {
    /// The bound 1.
    fn default() -> Self {
        Self { bound: 1.0 }
    }
}

impl Huber {
    /// One that came from outside, checked again.
    pub(crate) fn checked(self) -> Result<Self, HuberBound> {
        Self::new(self.bound)
    }

    /// With the bound `d`.
    pub const fn new(d: f32) -> Result<Self, HuberBound> {
        if d.is_finite() && d > 0.0 { Ok(Self { bound: d }) } else { Err(HuberBound) }
    }
}

impl Loss for Huber {
    #[inline(always)]
    fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T {
        let outputs = ops::count(y.len());
        let d = T::splat(self.bound);
        let half = T::splat(0.5);
        for ((delta, &y), &t) in delta.iter_mut().zip(y).zip(t) {
            *delta = (y - t).limit(d) / outputs;
        }
        let terms = y.iter().zip(t).map(|(&y, &t)| {
            let r = y - t;
            let size = r.abs();
            d.if_less(size, d * (size - half * d), half * (r * r))
        });
        ops::sum(terms) / outputs
    }
}

/// Cross-entropy of independent yes-or-no outputs, given as logits, as in PyTorch's `BCEWithLogitsLoss`.
/// Targets are probabilities, 0 and 1 at the ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

impl Loss for BinaryCrossEntropy {
    fn is_regression(&self) -> bool {
        false
    }

    /// Every target must be a probability.
    fn check<T: Number>(&self, t: &[T], _outputs: usize) -> Result<(), StepError> {
        match t.iter().position(|t| !t.all(|t| (0.0..=1.0).contains(&t))) {
            None => Ok(()),
            Some(index) => Err(StepError::Probability(index)),
        }
    }

    #[inline(always)]
    fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T {
        let outputs = ops::count(y.len());
        for ((delta, &y), &t) in delta.iter_mut().zip(y).zip(t) {
            *delta = (Sigmoid::forward(y) - t) / outputs;
        }
        let terms = y.iter().zip(t).map(|(&y, &t)| {
            let positive = y.if_less(T::ZERO, T::ZERO, y);
            positive - y * t + exponential::exp(-y.abs()).ln_1p()
        });
        ops::sum(terms) / outputs
    }
}

/// Cross-entropy of one class among the outputs, given as logits, as in PyTorch's `CrossEntropyLoss`. The
/// target is one number, the index of the class.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftmaxCrossEntropy;

impl Loss for SoftmaxCrossEntropy {
    #[inline(always)]
    fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T {
        let largest = y.iter().copied().reduce(|m, y| m.if_less(y, y, m)).unwrap_or(T::ZERO);
        for (delta, &y) in delta.iter_mut().zip(y) {
            *delta = exponential::exp(y - largest);
        }
        let sum = ops::sum(delta.iter().copied());
        let class = t.first().copied().unwrap_or(T::ZERO);
        let mut of_class = T::ZERO;
        for ((o, delta), &y) in (0..).zip(delta).zip(y) {
            let o = ops::count(o);
            of_class = is_equal(o, class, y, of_class);
            *delta = *delta / sum - is_equal(o, class, T::ONE, T::ZERO);
        }
        (largest - of_class) + sum.ln()
    }

    fn is_regression(&self) -> bool {
        false
    }

    /// One: the index of a class.
    fn targets(&self, _outputs: usize) -> usize {
        1
    }

    /// The target must be the index of an output.
    fn check<T: Number>(&self, t: &[T], outputs: usize) -> Result<(), StepError> {
        let is_output = |class: f32| (0..outputs).any(|o| ops::count::<f32>(o) == class);
        match t.first() {
            Some(class) if class.all(is_output) => Ok(()),
            _ => Err(StepError::Class),
        }
    }
}

/// `then` where a = b, else `otherwise`.
#[inline(always)]
fn is_equal<T: Number>(a: T, b: T, then: T, otherwise: T) -> T {
    a.if_less(b, otherwise, b.if_less(a, otherwise, then))
}
