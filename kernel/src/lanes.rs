//! A bundle of lanes: many independent trainings at once, each with the bits it has alone.
//!
//! [`Lanes`] is a [`Number`] that does the same to each of its `L` numbers, so the whole kernel runs on it as it
//! stands. Each lane has its own weights, samples, step size and penalties; what they share is what is decided
//! by type or variant: the shape, the loss, which options are in use, and how many samples a batch has.
//!
//! ```
//! use tamis::{Chain, Dense, Identity, Lanes, Model, Sgd, Shape, Tanh, lanes};
//!
//! type Net = Chain<Dense<2, 4, Tanh>, Dense<4, 1, Identity>>;
//! type Pair = Lanes<2>;
//!
//! let sgd = lanes::bundle(&[Sgd::new(0.1)?, Sgd::new(0.2)?]).ok_or("other options")?;
//! let (mut params, mut scratch) = ([Pair::default(); Net::PARAMS], [Pair::default(); Net::SCRATCH]);
//! let mut net = Model::<Net, tamis::Mse, Pair>::from_slices(&mut params, &mut scratch)?;
//! let (x, target) = ([[1.0, -1.0].into(), [0.5, 0.25].into()], [[1.0, 2.0].into()]);
//! net.step(&x, &target, &sgd)?; // two trainings, one update each
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A step that fails in one lane fails as a whole, with nothing written: the loss is checked before anything
//! is. [`unpack`] then takes that lane's parameters out, exactly as its training alone would have left them,
//! and a step on those tells which lane it was and why.
//!
//! How the arithmetic is compiled is part of the type, and no bit depends on it: [`Portable`] as the rest of the
//! program, another [`Compile`] with instructions that not every core of the target has.

use core::fmt::Debug;
use core::marker::PhantomData;
use core::ops::{Add, Div, Mul, Neg, Sub};

use crate::digest::Digest;
use crate::number::Number;
use crate::sgd::Sgd;

/// How the arithmetic on lanes is compiled.
pub trait Compile: Copy + Debug + PartialEq {
    /// [`Number::pass`].
    #[inline(always)]
    fn pass<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    /// The square root, correctly rounded, so that all have the same bits.
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }
}

/// For every core of the target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Portable;

impl Compile for Portable {}

/// `L` numbers that are computed on together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(32))]
pub struct Lanes<const L: usize, C = Portable>(pub [f32; L], PhantomData<C>);

impl<const L: usize, C> From<[f32; L]> for Lanes<L, C> {
    #[inline(always)]
    fn from(numbers: [f32; L]) -> Self {
        Self(numbers, PhantomData)
    }
}

impl<const L: usize, C> Lanes<L, C> {
    #[inline(always)]
    fn map(self, f: impl Fn(f32) -> f32) -> Self {
        let mut out = self.0;
        for a in &mut out {
            *a = f(*a);
        }
        out.into()
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (a, b) in out.iter_mut().zip(other.0) {
            *a = f(*a, b);
        }
        out.into()
    }
}

impl<const L: usize, C> Default for Lanes<L, C> {
    fn default() -> Self {
        [0.0; L].into()
    }
}

impl<const L: usize, C> Add for Lanes<L, C> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<const L: usize, C> Sub for Lanes<L, C> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<const L: usize, C> Mul for Lanes<L, C> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl<const L: usize, C> Div for Lanes<L, C> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
}

impl<const L: usize, C> Neg for Lanes<L, C> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl<const L: usize, C: Compile> Number for Lanes<L, C> {
    const ZERO: Self = Self([0.0; L], PhantomData);
    const ONE: Self = Self([1.0; L], PhantomData);

    #[inline(always)]
    fn splat(value: f32) -> Self {
        [value; L].into()
    }

    #[inline(always)]
    fn if_less(self, than: Self, then: Self, otherwise: Self) -> Self {
        let mut out = otherwise.0;
        for (((out, a), b), then) in out.iter_mut().zip(self.0).zip(than.0).zip(then.0) {
            *out = a.if_less(b, then, *out);
        }
        out.into()
    }

    #[inline(always)]
    fn either(self, than: Self, then: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        self.if_less(than, then(), otherwise())
    }

    #[inline(always)]
    fn exp2_int(self) -> Self {
        self.map(Number::exp2_int)
    }

    #[inline(always)]
    fn exp2_halves(self) -> (Self, Self) {
        (self.map(|a| a.exp2_halves().0), self.map(|a| a.exp2_halves().1))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(C::sqrt)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.map(Number::ln)
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.map(Number::ln_1p)
    }

    #[inline(always)]
    fn all(self, holds: impl Fn(f32) -> bool) -> bool {
        self.0.into_iter().fold(true, |all, a| all & holds(a)) // no branch for each
    }

    #[inline(always)]
    fn pass<R>(work: impl FnOnce() -> R) -> R {
        C::pass(work)
    }
}

/// Puts the numbers of one training into lane `lane`.
pub fn pack<const L: usize, C>(numbers: &[f32], lane: usize, into: &mut [Lanes<L, C>]) {
    for (lanes, &number) in into.iter_mut().zip(numbers) {
        if let Some(place) = lanes.0.get_mut(lane) {
            *place = number;
        }
    }
}

/// Takes the numbers of the training in lane `lane` out.
pub fn unpack<const L: usize, C>(from: &[Lanes<L, C>], lane: usize, numbers: &mut [f32]) {
    for (number, lanes) in numbers.iter_mut().zip(from) {
        if let Some(&place) = lanes.0.get(lane) {
            *number = place;
        }
    }
}

/// [`Digest::update`] in every lane. The chains of the lanes go side by side; alone, each waits for its multiplications.
#[inline(always)]
pub fn update_digests<const L: usize, C>(digests: &mut [Digest; L], params: &[Lanes<L, C>]) {
    for lanes in params {
        for (digest, number) in digests.iter_mut().zip(lanes.0) {
            *digest = digest.with(number.to_bits());
        }
    }
}

/// The settings of `L` trainings as one, each number a bundle; nothing where they differ in more than numbers.
pub fn bundle<const L: usize, C: Copy>(each: &[Sgd; L]) -> Option<Sgd<Lanes<L, C>>> {
    let first = each.first()?;
    let options = first.map(|_| 0.0);
    if each.iter().any(|sgd| sgd.map(|_| 0.0) != options) {
        return None;
    }
    let mut place: usize = 0;
    Some(first.map(|_| {
        let lanes =
            core::array::from_fn(|lane| each.get(lane).and_then(|sgd| sgd.number(place)).unwrap_or_default());
        place = place.saturating_add(1);
        lanes.into()
    }))
}
