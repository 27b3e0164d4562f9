//! The number type of all arithmetic: `f32`, or [`crate::Lanes`] of it that does the same to each.
//!
//! A [`Number`] has the operations of the contract and no others: sums, differences, products, quotients, one
//! comparison with select, powers of two from bits, and square root and logarithms of the pinned `libm`; the other
//! transcendental functions are made of these ([`crate::exponential`]).
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

    /// [`Number::if_less`] of values computed on demand: a branch on one number, both and a select on lanes.
    fn either(self, than: Self, then: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self;

    /// 2^n, where x is 1.5 2^23 + n and -126 <= n <= 127: the low bits of such a sum are n.
    fn exp2_int(self) -> Self;

    /// 2^n as two factors, which are in range where 2^n is not: -252 <= n <= 254.
    fn exp2_halves(self) -> (Self, Self);

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

    /// Runs a pass over many numbers, which lanes may compile with instructions that the rest of the program does not
    /// have. To gain by it, `work` and all that it calls must be `#[inline(always)]`.
    #[inline(always)]
    fn pass<R>(work: impl FnOnce() -> R) -> R {
        work()
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

    #[inline(always)]
    fn either(self, than: Self, then: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        if self < than { then() } else { otherwise() }
    }

    #[inline(always)]
    fn exp2_int(self) -> Self {
        exp2(self.to_bits())
    }

    #[inline(always)]
    fn exp2_halves(self) -> (Self, Self) {
        let half = self.to_bits() >> 1;
        (exp2(half), exp2(self.to_bits().wrapping_sub(half)))
    }

    #[inline]
    fn sqrt(self) -> Self {
        libm::sqrtf(self)
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

/// 2^n from the low bits n of a number: they become its exponent.
#[inline(always)]
fn exp2(n: u32) -> f32 {
    f32::from_bits(n.wrapping_shl(23).wrapping_add(1.0_f32.to_bits()))
}
