//! tanh, sigmoid and exp from sums, products, one quotient, comparisons and bits: the same on every core, and
//! quicker than a library's.
//!
//! e^x is split as the exponent of a float is: with n the integer nearest to x / ln 2,
//!
//! ```text
//! e^x = 2^n (1 + p),   p = e^r - 1 = r + r^2 E(r),   r = x - n ln 2,  |r| <= ln 2 / 2
//! ```
//!
//! The number n is never converted: added to 1.5 2^23, where floats are 1 apart, x / ln 2 rounds to it, and the
//! low bits of that sum are n. Rounding must be to nearest, which the float environment's check sees to. Then
//!
//! ```text
//! tanh x = x + x^3 T(x^2)                |x| < 5/8   sigmoid x = 1/2 + tanh(x/2) / 2    |x| < 5/4
//! tanh x = +-(1 - 2 tail |2x|)           else        sigmoid x = tail(-x), 1 - tail(x)  else, by the sign of x
//! tail y = 1 / (1 + e^y) = c / (c 2^n + (c + c 2^n p))
//! ```
//!
//! where c = 2^-32 keeps every term in range until the quotient itself is below the smallest subnormal. Over all
//! f32: tanh within 1.23 units in the last place, sigmoid within 1.60, exp within 0.92; each monotone, each in its
//! range, a NaN in a NaN out, results below the smallest normal number not flushed. The test that shows it is
//! `tests/tests/exponential.rs`, the polynomials are from `tests/reference/exponential.py`.

use crate::number::Number;

/// 1.5 2^23: adding it rounds to an integer.
const ROUND: f32 = 12_582_912.0;
/// The exponent that `tail` keeps back from 2^n, and c.
const SHIFT: f32 = 32.0;
const DOWN: f32 = 1.0 / 4_294_967_296.0;
/// e^104 overflows, and e^-104 is nearer to 0 than to the smallest subnormal.
const LIMIT: f32 = 104.0;
/// Where tanh leaves its polynomial.
const NEAR: f32 = 0.625;

/// 1 / ln 2, and ln 2 = `LN_2_HIGH` - `LN_2_LOW`; n times the nine bits of `LN_2_HIGH` is exact.
const LOG2_E: f32 = core::f32::consts::LOG2_E;
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = 2.121_944_4e-4;

/// E(r) = (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2.
const E: [f32; 5] = [0.499_999_9, 0.166_665_05, 0.041_668_132, 0.008_369_661, 0.001_384_385_4];
/// T(z) = (tanh x - x) / x^3, z = x^2, on |x| <= 5/8.
const T: [f32; 5] = [-0.333_332_8, 0.133_314_1, -0.053_736_668, 0.020_627_812, -0.005_690_914];

/// tanh x.
#[cfg_attr(target_os = "none", inline)]
#[cfg_attr(not(target_os = "none"), inline(always))] // for lanes: with the instructions of the caller
pub fn tanh<N: Number>(x: N) -> N {
    let a = x.abs();
    a.either(
        N::splat(NEAR),
        #[inline(always)]
        || tanh_near(x),
        #[inline(always)]
        || {
            let y = N::ONE - N::splat(2.0) * tail(N::splat(2.0) * a);
            x.if_less(N::ZERO, -y, y)
        },
    )
}

/// 1 / (1 + e^-x).
#[cfg_attr(target_os = "none", inline)]
#[cfg_attr(not(target_os = "none"), inline(always))]
pub fn sigmoid<N: Number>(x: N) -> N {
    let (half, a) = (N::splat(0.5), x.abs());
    a.either(
        N::splat(2.0 * NEAR),
        #[inline(always)]
        || half + half * tanh_near(half * x),
        #[inline(always)]
        || {
            let y = tail(a);
            x.if_less(N::ZERO, y, N::ONE - y)
        },
    )
}

/// e^x.
#[cfg_attr(target_os = "none", inline)]
#[cfg_attr(not(target_os = "none"), inline(always))]
pub fn exp<N: Number>(x: N) -> N {
    x.abs().either(
        N::splat(LIMIT),
        #[inline(always)]
        || {
            let (sum, p) = split(x, N::splat(ROUND));
            let (s, rest) = sum.exp2_halves();
            (s + s * p) * rest
        },
        // Far below it is zero; far above infinity; a NaN stays one.
        #[inline(always)]
        || x.if_less(N::ZERO, N::ZERO, x * N::splat(f32::INFINITY)),
    )
}

/// (`round` + n, p) of e^x = 2^n (1 + p), where `round` is [`ROUND`] but for a shift of n.
#[inline(always)]
fn split<N: Number>(x: N, round: N) -> (N, N) {
    let [e0, e1, e2, e3, e4] = E.map(N::splat);
    let sum = x * N::splat(LOG2_E) + round;
    let n = sum - round;
    let (high, low) = (x - n * N::splat(LN_2_HIGH), n * N::splat(LN_2_LOW));
    let r = high + low;
    let r2 = r * r;
    let e = (e0 + e1 * r) + r2 * ((e2 + e3 * r) + r2 * e4);
    (sum, high + (low + r2 * e)) // r's own rounding error is not in the sum
}

/// 1 / (1 + e^y) for y >= 5/4: from there on this order of the sum is the most precise.
#[inline(always)]
fn tail<N: Number>(y: N) -> N {
    let (limit, down) = (N::splat(LIMIT), N::splat(DOWN));
    let (sum, p) = split(limit.if_less(y, limit, y), N::splat(ROUND - SHIFT));
    let s = sum.exp2_int();
    down / (s + (down + s * p))
}

/// tanh x for |x| < 5/8. Of -0 it is -0, because z T(z) begins with a sum, which is +0, and not with a product.
#[inline(always)]
fn tanh_near<N: Number>(x: N) -> N {
    let [t0, t1, t2, t3, t4] = T.map(N::splat);
    let z = x * x;
    let z2 = z * z;
    x + x * ((t0 * z + t1 * z2) + z * z2 * ((t2 + t3 * z) + t4 * z2))
}
