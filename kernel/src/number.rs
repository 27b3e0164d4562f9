//! The number type of all arithmetic: `f32`, or [`crate::Lanes`] of it that does the same to each.
//!
//! A [`Number`] has the operations of the contract and no others: sums, differences, products,
//! quotients, one comparison with select, and the transcendental functions of the pinned `libm`.
//! There is no fused multiply-add and no `min` or `max`: those differ between cores.

use core::fmt::Debug;
use core::ops::{Add, Div, Mul, Neg, Sub};

/// A number that networks are made of.
///
/// Every operation acts on each lane by itself, and on each lane exactly as on `f32`.
pub trait Number:
    Copy
    + Debug
    + Default
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Positive zero, where every sum without a bias starts.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The same value in every lane.
    fn splat(value: f32) -> Self;

    /// `then` where `self < than`, else `otherwise`; a NaN is less than nothing.
    fn if_less(self, than: Self, then: Self, otherwise: Self) -> Self;

    /// |x|: 0 - x below zero, else x.
    #[inline(always)]
    fn abs(self) -> Self {
        self.if_less(Self::ZERO, Self::ZERO - self, self)
    }

    /// -bound below it, bound above it, else x; a NaN stays.
    #[inline(always)]
    fn limit(self, bound: Self) -> Self {
        let at_most = bound.if_less(self, bound, self);
        at_most.if_less(-bound, -bound, at_most)
    }

    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;

    /// The hyperbolic tangent of the pinned `libm`.
    fn tanh(self) -> Self;

    /// e^x of the pinned `libm`.
    fn exp(self) -> Self;

    /// The natural logarithm of the pinned `libm`.
    fn ln(self) -> Self;

    /// ln(1 + x) of the pinned `libm`.
    fn ln_1p(self) -> Self;

    /// Whether something holds in every lane.
    fn all(self, holds: impl Fn(f32) -> bool) -> bool;

    /// Neither infinite nor NaN, in any lane.
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.all(f32::is_finite)
    }
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn if_less(self, than: Self, then: Self, otherwise: Self) -> Self {
        if self < than { then } else { otherwise }
    }

    #[inline]
    fn sqrt(self) -> Self {
        libm::sqrtf(self)
    }

    #[inline]
    fn tanh(self) -> Self {
        libm::tanhf(self)
    }

    #[inline]
    fn exp(self) -> Self {
        libm::expf(self)
    }

    #[inline]
    fn ln(self) -> Self {
        libm::logf(self)
    }

    #[inline]
    fn ln_1p(self) -> Self {
        libm::log1pf(self)
    }

    #[inline(always)]
    fn all(self, holds: impl Fn(f32) -> bool) -> bool {
        holds(self)
    }
}
