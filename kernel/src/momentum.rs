//! Momentum: a velocity for every parameter, in lent memory.
//!
//! ```text
//! v <- mu v + g, w <- w - eta v         v starts at +0.0
//! ```
//!
//! As PyTorch's `SGD(momentum)` without dampening; g with decay and clipping. Settings with a momentum are
//! another type than settings without, so none can be had without the memory for its velocity.
//!
//! ```
//! use tamis::{Dense, Identity, Model, Momentum, Sgd, Shape};
//!
//! type Net = Dense<3, 1, Identity>;
//! let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
//! let mut velocity = [0.0; Net::PARAMS];
//! let mut net = Model::<Net>::new(&mut params, &mut scratch);
//! let mut sgd = Momentum::<Net>::new(Sgd::new(0.01)?, 0.9, &mut velocity)?;
//! net.step(&[1.0, 2.0, 3.0], &[1.0], &mut sgd)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use core::marker::PhantomData;

use crate::memory::LengthError;
use crate::number::Number;
use crate::sgd::Sgd;
use crate::shape::{Network, Shape};
use crate::state::{State, Words};

/// What makes updates of network `N`: `&Sgd`, or `&mut Momentum`.
pub trait Optimiser<N, T> {
    /// The settings, and the velocity where there is one.
    fn parts(&mut self) -> (&Sgd<T>, Option<Velocity<'_, T>>);
}

/// mu, and v of every parameter.
pub struct Velocity<'a, T> {
    /// mu.
    pub momentum: T,
    /// v, in layout order.
    pub v: &'a mut [T],
}

impl<N, T> Optimiser<N, T> for &Sgd<T> {
    #[inline(always)]
    fn parts(&mut self) -> (&Sgd<T>, Option<Velocity<'_, T>>) {
        (self, None)
    }
}

impl<N: Network, T: Number> Optimiser<N, T> for &mut Momentum<'_, N, T> {
    #[inline(always)]
    fn parts(&mut self) -> (&Sgd<T>, Option<Velocity<'_, T>>) {
        self.parts_mut()
    }
}

/// Without momentum or with it, as is known at run time only.
pub enum Method<'a, N, T = f32> {
    /// Without.
    Plain(Sgd<T>),
    /// With.
    Momentum(Momentum<'a, N, T>),
}

impl<N: Network, T: Number> Optimiser<N, T> for &mut Method<'_, N, T> {
    #[inline(always)]
    fn parts(&mut self) -> (&Sgd<T>, Option<Velocity<'_, T>>) {
        match self {
            Method::Plain(sgd) => (sgd, None),
            Method::Momentum(momentum) => momentum.parts_mut(),
        }
    }
}

impl<N> State for Method<'_, N> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Momentum(momentum) => words.numbers(momentum.velocity),
        }
    }
}

/// SGD with momentum for network `N`.
pub struct Momentum<'a, N, T = f32> {
    net: PhantomData<N>,
    sgd: Sgd<T>,
    momentum: T,
    velocity: &'a mut [T],
}

/// Why there is no such momentum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum MomentumError {
    /// mu is negative, 1 or more, or not a number.
    Momentum,
    /// The buffer of the velocity is too short.
    Velocity(LengthError),
}

impl fmt::Display for MomentumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Momentum => f.write_str("the momentum must be at least 0 and less than 1"),
            Self::Velocity(error) => write!(f, "velocity: {error}"),
        }
    }
}

impl core::error::Error for MomentumError {}

impl<'a, N: Shape> Momentum<'a, N> {
    /// Momentum `mu` beside the settings `sgd`. A velocity of any length but [`Shape::PARAMS`] does not
    /// compile. It starts at zero.
    pub fn new<const P: usize>(sgd: Sgd, mu: f32, velocity: &'a mut [f32; P]) -> Result<Self, MomentumError> {
        const { assert!(P == N::PARAMS, "the velocity array must have the length Net::PARAMS") }
        check(mu)?;
        Self::over(&N::default(), sgd, mu, velocity)
    }
}

/// Whether `mu` is a momentum.
pub(crate) fn check(mu: f32) -> Result<(), MomentumError> {
    if (0.0..1.0).contains(&mu) { Ok(()) } else { Err(MomentumError::Momentum) }
}

impl<'a, N: Network, T: Number> Momentum<'a, N, T> {
    /// [`Momentum::new`] for a shape known at run time or several lanes, on the first elements of a longer slice.
    /// `mu` is taken as it is.
    pub fn over(net: &N, sgd: Sgd<T>, mu: T, velocity: &'a mut [T]) -> Result<Self, MomentumError> {
        let velocity = LengthError::check(velocity, net.params()).map_err(MomentumError::Velocity)?;
        velocity.fill(T::ZERO);
        Ok(Self { net: PhantomData, sgd, momentum: mu, velocity })
    }

    /// See [`Optimiser::parts`].
    #[inline(always)]
    pub(crate) fn parts_mut(&mut self) -> (&Sgd<T>, Option<Velocity<'_, T>>) {
        (&self.sgd, Some(Velocity { momentum: self.momentum, v: self.velocity }))
    }

    /// v of every parameter, to load it from elsewhere.
    pub fn velocity_mut(&mut self) -> &mut [T] {
        self.velocity
    }
}
