//! Which inputs matter: the norms of the first layer's columns.
//!
//! The column of input j is its weights w_j1 .. w_jO into the first layer. Small-batch SGD shrinks the columns of
//! irrelevant inputs (Beneventano, Pinto, Poggio, arXiv 2406.11110), so their norms tell, once it has had time.
//!
//! ```text
//! norm of input j   sqrt(sum_o w_jo^2), o ascending; reported as the mean over the last 8 checks
//! ratio             rms norm of the irrelevant inputs / rms norm of the relevant ones
//! gap               smallest relevant norm / largest irrelevant norm
//! ```
//!
//! Ratio and gap need the truth, which a synthetic task knows. A [`crate::verdict::Rule`] does not.

use core::fmt;

use crate::memory::LengthError;
use crate::number::Number;
use crate::ops::{self, split};
use crate::shape::Network;
use crate::state::{State, Words};

/// Over how many checks a reported norm is the mean.
pub const CHECKS: usize = 8;

/// The norms of the first layer's columns, one per input, into `norms`.
pub fn column_norms<T: Number>(net: &impl Network, params: &[T], norms: &mut [T]) {
    let Some(first) = net.layers().next() else { return };
    let (weights, _) = split(params, first.weights());
    T::pass(
        #[inline(always)]
        || {
            for (column, norm) in weights.chunks_exact(first.outputs.max(1)).zip(norms) {
                *norm = ops::square_sum(column).sqrt();
            }
        },
    );
}

/// The column norms of the last [`CHECKS`] checks, in lent memory.
pub struct Norms<'a> {
    /// A ring of checks, [`CHECKS`] x inputs.
    ring: &'a mut [f32],
    inputs: usize,
    taken: u32,
}

impl<'a> Norms<'a> {
    /// No checks yet of a network with so many inputs, on the first [`CHECKS`] x `inputs` numbers of `ring`.
    pub fn new(ring: &'a mut [f32], inputs: usize) -> Result<Self, LengthError> {
        let ring = LengthError::check(ring, CHECKS.saturating_mul(inputs))?;
        Ok(Self { ring, inputs, taken: 0 })
    }

    /// Takes the norms of `params` as they are now, unless one of the parameters is not finite.
    pub fn check(&mut self, net: &impl Network, params: &[f32]) -> Result<(), NotFinite> {
        NotFinite::among(params)?;
        let place = self.place();
        if let Some(norms) = self.ring.chunks_exact_mut(self.inputs.max(1)).nth(place) {
            column_norms(net, params, norms);
        }
        self.taken = self.taken.saturating_add(1);
        Ok(())
    }

    /// The mean over the checks, summed from the oldest to the newest, into `mean`; `false` before the first
    /// check.
    #[must_use]
    pub fn mean(&self, mean: &mut [f32]) -> bool {
        let is_full = self.taken >= CHECKS as u32;
        let (kept, oldest) = if is_full { (CHECKS, self.place()) } else { (self.place(), 0) };
        let (ring, _) = split(self.ring, kept.saturating_mul(self.inputs));
        let (newer, older) = split(ring, oldest.saturating_mul(self.inputs));
        mean.fill(0.0);
        for check in [older, newer].iter().flat_map(|checks| checks.chunks_exact(self.inputs.max(1))) {
            mean.iter_mut().zip(check).for_each(|(mean, &norm)| *mean += norm);
        }
        ops::mean(mean, ops::count(kept.max(1)));
        kept > 0
    }

    /// Where the next check goes.
    fn place(&self) -> usize {
        self.taken as usize % CHECKS
    }
}

impl State for Norms<'_> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.word(&mut self.taken)?;
        words.numbers(self.ring)
    }
}

/// The parameter at this index is infinite or not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NotFinite(pub usize);

impl NotFinite {
    /// The first of these parameters, if there is one.
    pub(crate) fn among(params: &[f32]) -> Result<(), Self> {
        params.iter().position(|param| !param.is_finite()).map_or(Ok(()), |index| Err(Self(index)))
    }
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} is not a finite number", self.0)
    }
}

impl core::error::Error for NotFinite {}

/// How far apart the norms of relevant and irrelevant inputs are, given the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Contrast {
    /// The norm of all relevant columns together.
    pub relevant_norm: f32,
    /// The norm of all irrelevant columns together.
    pub irrelevant_norm: f32,
    /// rms irrelevant / rms relevant.
    pub ratio: f32,
    /// Smallest relevant / largest irrelevant.
    pub gap: f32,
}

impl Contrast {
    /// From the norms of all inputs that are not probes, the first `relevant` of which are relevant. Where
    /// either kind is missing, ratio and gap are not a number.
    pub fn of(norms: &[f32], relevant: usize) -> Self {
        let (relevant, irrelevant) = split(norms, relevant);
        let rms = |norms: &[f32]| libm::sqrtf(ops::square_sum(norms) / ops::count::<f32>(norms.len()));
        let least = relevant.iter().copied().reduce(|a, b| if b < a { b } else { a });
        let most = irrelevant.iter().copied().reduce(|a, b| if b > a { b } else { a });
        Self {
            relevant_norm: libm::sqrtf(ops::square_sum(relevant)),
            irrelevant_norm: libm::sqrtf(ops::square_sum(irrelevant)),
            ratio: rms(irrelevant) / rms(relevant),
            gap: least.zip(most).map_or(f32::NAN, |(least, most)| least / most),
        }
    }
}
