//! A batch of more than one: samples arrive one by one, their gradients are collected, the mean is applied.
//!
//! The declared length alone decides: a batch of one has no [`Batch`] at all, it is [`crate::Model::step`]. The
//! bits do not depend on how the samples arrive; a last short batch is a mean over what it has; a rejected
//! sample takes its place in the order but not in the mean.

use core::fmt;
use core::marker::PhantomData;

use crate::blocks;
use crate::memory::LengthError;
use crate::number::Number;
use crate::ops;
use crate::shape::{Network, Pass, Shape, Visit};
use crate::state::{State, Words};

/// The gradient of a batch for network `N`, on lent memory.
pub struct Batch<'a, N, T = f32> {
    net: PhantomData<N>,
    gradient: &'a mut [T],
    length: u32,
    arrived: u32,
    accepted: u32,
    loss: T,
}

/// Why a batch cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BatchError {
    /// A batch of zero samples.
    Zero,
    /// A batch of one stores no gradient.
    One,
    /// The gradient buffer is too short.
    Gradient(LengthError),
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("a batch needs at least one sample"),
            Self::One => f.write_str("a batch of one stores no gradient: call Model::step"),
            Self::Gradient(error) => write!(f, "gradient: {error}"),
        }
    }
}

impl core::error::Error for BatchError {}

impl<'a, N: Shape> Batch<'a, N> {
    /// A batch of `length` samples. A gradient of any length but [`Shape::PARAMS`] does not compile.
    pub fn new<const P: usize>(gradient: &'a mut [f32; P], length: u32) -> Result<Self, BatchError> {
        const { assert!(P == N::PARAMS, "the gradient array must have the length Net::PARAMS") }
        Self::from_slice(gradient, length)
    }
}

impl<'a, N: Shape, T: Number> Batch<'a, N, T> {
    /// A batch of `length` samples on the first elements of a longer slice.
    pub fn from_slice(gradient: &'a mut [T], length: u32) -> Result<Self, BatchError> {
        Self::over(&N::default(), gradient, length)
    }
}

impl<'a, N: Network, T: Number> Batch<'a, N, T> {
    /// [`Batch::from_slice`] for a shape known at run time.
    pub fn over(net: &N, gradient: &'a mut [T], length: u32) -> Result<Self, BatchError> {
        match length {
            0 => return Err(BatchError::Zero),
            1 => return Err(BatchError::One),
            _ => {}
        }
        let gradient = LengthError::check(gradient, net.params()).map_err(BatchError::Gradient)?;
        Ok(Self { net: PhantomData, gradient, length, arrived: 0, accepted: 0, loss: T::ZERO })
    }

    /// Forgets what has arrived.
    pub fn clear(&mut self) {
        (self.arrived, self.accepted, self.loss) = (0, 0, T::ZERO);
    }

    /// Whether as many samples have arrived as declared.
    pub fn is_complete(&self) -> bool {
        self.arrived >= self.length
    }

    /// How many samples have been accepted since the last update.
    pub fn accepted(&self) -> u32 {
        self.accepted
    }

    pub(crate) fn reject(&mut self) {
        self.arrived = self.arrived.saturating_add(1);
    }

    /// Takes a sample in. `false` if this is a batch for another network, which layers known at run time may be; past
    /// this check the compiler knows the length.
    #[inline(always)]
    #[must_use]
    pub(crate) fn accept(&mut self, net: &N, loss: T, x: &[T], y: &[T], delta: &mut [T]) -> bool {
        let first = self.accepted == 0;
        let gradient = &mut *self.gradient;
        if gradient.len() != net.params() {
            return false;
        }
        net.walk(gradient, x, y, delta, &mut Collect { first });
        self.loss = self.loss + loss;
        self.accepted = self.accepted.saturating_add(1);
        self.arrived = self.arrived.saturating_add(1);
        true
    }

    /// The mean gradient and the mean loss of the accepted samples, if any; the batch starts again.
    #[inline(always)]
    pub(crate) fn take_mean(&mut self, net: &N) -> Option<(&mut [T], T)> {
        let (accepted, loss) = (self.accepted, self.loss);
        self.clear();
        if accepted == 0 {
            return None;
        }
        let n = ops::count(accepted as usize);
        let gradient = self.gradient.get_mut(..net.params())?;
        if !blocks::is_scalar::<T>() && accepted.is_power_of_two() {
            ops::scale(gradient, T::ONE / n);
        } else {
            ops::mean(gradient, n);
        }
        Some((gradient, loss / n))
    }
}

/// What has arrived: in the middle of a batch there is no other trace of it.
impl<N> State for Batch<'_, N> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.numbers(self.gradient)?;
        words.number(&mut self.loss)?;
        words.word(&mut self.arrived)?;
        words.word(&mut self.accepted)
    }
}

/// Stores the gradient of a batch's first sample, adds those of the others.
struct Collect {
    first: bool,
}

impl<T: Number> Visit<T> for Collect {
    #[inline(always)]
    fn layer(&mut self, gradient: Pass<'_, T>) {
        if self.first {
            ops::store_gradient(gradient.w, gradient.b, gradient.x, gradient.delta);
        } else {
            ops::add_gradient(gradient.w, gradient.b, gradient.x, gradient.delta);
        }
    }
}
