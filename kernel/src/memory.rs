//! Memory before it runs: the RAM of a training as a constant, buffer by buffer.
//!
//! A configuration pays for what it uses: a batch of one from a stream needs parameters and scratch, and
//! nothing else. Where the shape is known at run time only, all of it comes out of one lent [`Arena`].
//!
//! ```
//! use tamis::{Chain, Dense, Identity, Ram, Tanh};
//!
//! type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;
//! const GD_ON_256_SAMPLES: Ram = Ram::of::<Net>().with_gradient().with_samples(256, 8 + 1);
//! const _: () = assert!(GD_ON_256_SAMPLES.total() <= 12 * 1024);
//! ```

use core::fmt;

use crate::shape::Shape;
use crate::support::CHECKS;

/// Bytes of each buffer that is lent to a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ram {
    /// Weights and biases.
    pub params: usize,
    /// Outputs and deltas of the units.
    pub scratch: usize,
    /// The gradient that a batch of more than one collects.
    pub gradient: usize,
    /// The velocity of momentum.
    pub velocity: usize,
    /// The rates of a growing penalty.
    pub rates: usize,
    /// One sample on its way from the source to the network.
    pub sample: usize,
    /// The order of a shuffled epoch.
    pub indices: usize,
    /// Stored samples.
    pub samples: usize,
    /// The column norms of the last checks.
    pub norms: usize,
    /// Mean and deviation of the inputs.
    pub standardise: usize,
}

const NUMBER: usize = size_of::<f32>();

impl Ram {
    /// A batch of one, from a stream.
    pub const fn of<N: Shape>() -> Self {
        Self::of_sizes(N::PARAMS, N::UNITS)
    }

    /// [`Ram::of`] a network with so many parameters and units.
    pub const fn of_sizes(params: usize, units: usize) -> Self {
        Self {
            params: params.saturating_mul(NUMBER),
            scratch: units.saturating_mul(2).saturating_mul(NUMBER),
            gradient: 0,
            velocity: 0,
            rates: 0,
            sample: 0,
            indices: 0,
            samples: 0,
            norms: 0,
            standardise: 0,
        }
    }

    /// With a gradient, for batches of more than one.
    pub const fn with_gradient(self) -> Self {
        Self { gradient: self.params, ..self }
    }

    /// With a velocity, for momentum.
    pub const fn with_velocity(self) -> Self {
        Self { velocity: self.params, ..self }
    }

    /// With the rates of a growing penalty, one per input.
    pub const fn with_rates(self, inputs: usize) -> Self {
        Self { rates: inputs.saturating_mul(NUMBER), ..self }
    }

    /// With room for one sample of so many inputs and targets.
    pub const fn with_sample(self, numbers: usize) -> Self {
        Self { sample: numbers.saturating_mul(NUMBER), ..self }
    }

    /// With the index buffer that shuffles `samples` samples.
    pub const fn with_indices(self, samples: usize) -> Self {
        Self { indices: samples.saturating_mul(size_of::<u16>()), ..self }
    }

    /// With `samples` stored samples of `numbers` inputs and targets each.
    pub const fn with_samples(self, samples: usize, numbers: usize) -> Self {
        Self { samples: samples.saturating_mul(numbers).saturating_mul(NUMBER), ..self }
    }

    /// With the column norms of so many inputs.
    pub const fn with_norms(self, inputs: usize) -> Self {
        Self { norms: CHECKS.saturating_mul(inputs).saturating_mul(NUMBER), ..self }
    }

    /// With mean and deviation of so many inputs.
    pub const fn with_standardise(self, inputs: usize) -> Self {
        Self { standardise: inputs.saturating_mul(2).saturating_mul(NUMBER), ..self }
    }

    /// How many numbers a plan takes out of an arena: all buffers but the order and the stored samples.
    pub const fn arena_len(&self) -> usize {
        self.total().saturating_sub(self.indices).saturating_sub(self.samples) / NUMBER
    }

    /// All buffers together.
    pub const fn total(&self) -> usize {
        let net = self.params.saturating_add(self.scratch).saturating_add(self.gradient);
        let options = self.velocity.saturating_add(self.rates).saturating_add(self.standardise);
        let data = self.sample.saturating_add(self.indices).saturating_add(self.samples);
        net.saturating_add(options).saturating_add(data).saturating_add(self.norms)
    }
}

/// Lent memory, given out piece by piece.
pub struct Arena<'a, T> {
    free: &'a mut [T],
    taken: usize,
}

impl<'a, T> Arena<'a, T> {
    /// All of `memory`.
    pub fn new(memory: &'a mut [T]) -> Self {
        Self { free: memory, taken: 0 }
    }

    /// All that is left.
    pub fn rest(self) -> &'a mut [T] {
        self.free
    }

    /// The next `n` elements. The error says how many the arena would need for this piece and those before.
    pub fn take(&mut self, n: usize) -> Result<&'a mut [T], LengthError> {
        let needed = self.taken.saturating_add(n);
        let given = self.taken.saturating_add(self.free.len());
        match core::mem::take(&mut self.free).split_at_mut_checked(n) {
            Some((piece, rest)) => {
                (self.free, self.taken) = (rest, needed);
                Ok(piece)
            }
            None => Err(LengthError { needed, given }),
        }
    }
}

/// A lent buffer of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LengthError {
    /// How many elements the network or the plan needs.
    pub needed: usize,
    /// How many were lent.
    pub given: usize,
}

impl LengthError {
    /// Lends the first `needed` elements.
    pub(crate) fn check<T>(buffer: &mut [T], needed: usize) -> Result<&mut [T], Self> {
        let given = buffer.len();
        buffer.get_mut(..needed).ok_or(Self { needed, given })
    }
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a buffer of {} elements is needed, {} were lent", self.needed, self.given)
    }
}

impl core::error::Error for LengthError {}
