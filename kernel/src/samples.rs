//! Where samples come from: a synthetic [`Task`], a [`Stored`] set, a [`Ring`] of the last ones, or a device's own
//! queue.

use core::fmt;

use crate::ops::{split, split_mut};
use crate::random::Seed;
use crate::state::Words;
use crate::task::{self, Task};

/// A source of samples.
pub trait Samples {
    /// Writes sample `index` into `x` (the inputs of the network) and `target` (its outputs).
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample>;

    /// Hands over what the source itself must keep for a training to go on: nothing, where it finds every sample again
    /// by its index.
    fn pass<W: Words>(&mut self, _words: &mut W) -> Result<(), W::Error>
    where
        Self: Sized,
    {
        Ok(())
    }
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

impl<S: Samples> Samples for &mut S {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        (**self).sample(index, x, target)
    }

    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        (**self).pass(words)
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

    /// Fills the lent memory with the first samples of `source`.
    pub fn fill(&mut self, source: &mut impl Samples) -> Result<(), NoSample> {
        let width = self.inputs.saturating_add(1);
        for (row, index) in self.rows.chunks_exact_mut(width).zip(0..) {
            let (x, target) = split_mut(row, self.inputs);
            source.sample(index, x, target)?;
            self.stored = self.stored.saturating_add(1);
        }
        Ok(())
    }

    /// Stores the first `inputs` numbers of `x`, and `target`.
    pub fn push(&mut self, x: &[f32], target: f32) -> Result<(), StoreError> {
        self.write(self.stored, x, target)?;
        self.stored = self.stored.saturating_add(1);
        Ok(())
    }

    /// Writes row `place`.
    fn write(&mut self, place: usize, x: &[f32], target: f32) -> Result<(), StoreError> {
        let x = x.get(..self.inputs).ok_or(StoreError::Inputs)?;
        let (start, length) = self.place(place);
        let row = self.rows.get_mut(start..).and_then(|rows| rows.get_mut(..length));
        let (inputs, last) = split_mut(row.ok_or(StoreError::Full)?, self.inputs);
        inputs.iter_mut().zip(x).for_each(|(stored, &x)| *stored = x);
        last.fill(target);
        Ok(())
    }

    /// Reads row `place`, which holds sample `index`.
    fn read(&self, place: usize, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let (start, length) = self.place(place);
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

    /// Where row `index` starts, and its length.
    fn place(&self, index: usize) -> (usize, usize) {
        let length = self.inputs.saturating_add(1);
        (index.saturating_mul(length), length)
    }
}

impl Samples for Stored<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let known = usize::try_from(index).ok().filter(|&row| row < self.stored);
        self.read(known.ok_or(NoSample(index))?, index, x, target)
    }
}

/// The last samples of a stream, in lent memory: what [`crate::Sampler::ring`] visits again.
pub struct Ring<'a, S> {
    stream: S,
    stored: Stored<'a>,
    capacity: u64,
    /// The index of the next new sample.
    next: u64,
}

impl<'a, S: Samples> Ring<'a, S> {
    /// The last `capacity` samples of `stream`, in `rows` as [`Stored`] keeps them.
    pub fn new(
        stream: S,
        rows: &'a mut [f32],
        inputs: usize,
        capacity: u16,
        probes: Seed,
    ) -> Result<Self, StoreError> {
        let stored = Stored::new(rows, inputs, probes);
        let (needed, _) = stored.place(capacity.into());
        if capacity == 0 || stored.rows.len() < needed {
            return Err(StoreError::Full);
        }
        Ok(Self { stream, stored, capacity: capacity.into(), next: 0 })
    }

    /// Where the new samples come from.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Where sample `index` is kept.
    fn place(&self, index: u64) -> usize {
        index.checked_rem(self.capacity).unwrap_or(0) as usize
    }
}

impl<S: Samples> Samples for Ring<'_, S> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let place = self.place(index);
        if index == self.next {
            self.stream.sample(index, x, target)?;
            let first = target.first().copied().unwrap_or_default();
            self.stored.write(place, x, first).map_err(|_| NoSample(index))?;
            self.next = index.saturating_add(1);
            return Ok(());
        }
        if index > self.next || self.next.saturating_sub(index) > self.capacity {
            return Err(NoSample(index));
        }
        self.stored.read(place, index, x, target)
    }

    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.long(&mut self.next)?;
        words.numbers(self.stored.rows)?;
        self.stream.pass(words)
    }
}
