//! Where samples come from: a synthetic [`Task`], a [`Stored`] set, or a device's own queue.

use core::fmt;

use crate::ops::{split, split_mut};
use crate::random::Seed;
use crate::task::{self, Task};

/// A source of samples.
pub trait Samples {
    /// Writes sample `index` into `x` (the inputs of the network) and `target` (its outputs).
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample>;
}

/// There is no sample of this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoSample(pub u64);

impl fmt::Display for NoSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no sample {}", self.0)
    }
}

impl core::error::Error for NoSample {}

/// Every row of the task, made anew at each visit.
impl Samples for Task {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        target.fill(self.row(index, x));
        Ok(())
    }
}

/// Samples in lent memory, `inputs` inputs and one target each, which all outputs share; probes are left out:
/// they are made anew.
pub struct Stored<'a> {
    rows: &'a mut [f32],
    inputs: usize,
    stored: usize,
    probes: Seed,
}

/// Why a sample was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StoreError {
    /// The lent memory holds no more samples.
    Full,
    /// It has fewer inputs than a stored sample.
    Inputs,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the memory for samples is full",
            Self::Inputs => "the sample has fewer inputs than a stored one",
        })
    }
}

impl core::error::Error for StoreError {}

impl<'a> Stored<'a> {
    /// No samples yet, room for as many as fit in `rows`. `probes` decides the probe inputs.
    pub fn new(rows: &'a mut [f32], inputs: usize, probes: Seed) -> Self {
        Self { rows, inputs, stored: 0, probes }
    }

    /// How many samples are stored.
    pub fn len(&self) -> usize {
        self.stored
    }

    /// Whether none is stored.
    pub fn is_empty(&self) -> bool {
        self.stored == 0
    }

    /// Stores the first `inputs` numbers of `x`, and `target`.
    pub fn push(&mut self, x: &[f32], target: f32) -> Result<(), StoreError> {
        let x = x.get(..self.inputs).ok_or(StoreError::Inputs)?;
        let (start, length) = self.place(self.stored);
        let row = self.rows.get_mut(start..).and_then(|rows| rows.get_mut(..length));
        let (inputs, last) = split_mut(row.ok_or(StoreError::Full)?, self.inputs);
        inputs.iter_mut().zip(x).for_each(|(stored, &x)| *stored = x);
        last.fill(target);
        self.stored = self.stored.saturating_add(1);
        Ok(())
    }

    /// Where row `index` starts, and its length.
    fn place(&self, index: usize) -> (usize, usize) {
        let length = self.inputs.saturating_add(1);
        (index.saturating_mul(length), length)
    }
}

impl Samples for Stored<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let known = usize::try_from(index).ok().filter(|&row| row < self.stored);
        let (start, length) = self.place(known.ok_or(NoSample(index))?);
        let row = self.rows.get(start..).and_then(|rows| rows.get(..length)).ok_or(NoSample(index))?;
        let (inputs, stored_target) = split(row, self.inputs);
        let (real, probes) = split_mut(x, self.inputs);
        real.iter_mut().zip(inputs).for_each(|(x, &stored)| *x = stored);
        task::probes(self.probes, index, probes);
        if let Some(&stored) = stored_target.first() {
            target.fill(stored);
        }
        Ok(())
    }
}
