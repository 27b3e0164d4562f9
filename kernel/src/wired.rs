//! Samples that come over a line, as one stream of numbers: row after row, each its inputs and then its targets.
//!
//! A few rows wait here until an update wants them. Probes do not travel: they are made anew from the index of a row.

use crate::memory::LengthError;
use crate::ops::{split, split_mut};
use crate::random::Seed;
use crate::samples::{NoSample, Samples};
use crate::state::Words;
use crate::task;

/// Rows that have arrived, in lent memory.
pub struct Wired<'a> {
    /// Whole rows, the oldest first, then the numbers of one that is not yet whole.
    rows: &'a mut [f32],
    filled: usize,
    inputs: usize,
    width: usize,
    probes: Seed,
    /// The index of the oldest row.
    first: u64,
    /// The index after the last row that has been used.
    next: u64,
}

impl<'a> Wired<'a> {
    /// Room for as many rows of `inputs` inputs and `targets` targets as fit in `rows`, at least one. `probes` decides the
    /// probe inputs.
    pub fn new(
        rows: &'a mut [f32],
        inputs: usize,
        targets: usize,
        probes: Seed,
    ) -> Result<Self, LengthError> {
        let width = inputs.saturating_add(targets);
        let whole = rows.len().checked_div(width).unwrap_or(0).max(1).saturating_mul(width);
        let rows = LengthError::check(rows, whole)?;
        Ok(Self { rows, filled: 0, inputs, width, probes, first: 0, next: 0 })
    }

    /// How many numbers of the stream have arrived: the place of the next one.
    pub fn received(&self) -> u64 {
        self.first.saturating_mul(self.width as u64).saturating_add(self.filled as u64)
    }

    /// Takes the next number, or has no room for it.
    pub fn push(&mut self, number: f32) -> bool {
        let place = self.rows.get_mut(self.filled);
        let has_room = place.is_some();
        if let Some(place) = place {
            *place = number;
            self.filled = self.filled.saturating_add(1);
        }
        has_room
    }

    /// How many whole rows wait.
    pub fn waiting(&self) -> usize {
        self.filled.checked_div(self.width).unwrap_or(0).saturating_sub(self.used())
    }

    /// How many rows are whole and used.
    fn used(&self) -> usize {
        self.next.saturating_sub(self.first) as usize
    }

    /// Forgets the rows that have been used.
    pub fn make_room(&mut self) {
        let numbers = self.used().saturating_mul(self.width).min(self.filled);
        if let Some(rows) = self.rows.get_mut(..self.filled) {
            rows.copy_within(numbers.., 0);
        }
        self.filled = self.filled.saturating_sub(numbers);
        self.first = self.next;
    }

    /// The next row that waits, its inputs and its targets; it is used then.
    pub fn take(&mut self) -> Option<(&[f32], &[f32])> {
        let start = self.used().saturating_mul(self.width);
        let row = self.rows.get(..self.filled)?.get(start..)?.get(..self.width)?;
        self.next = self.next.saturating_add(1);
        Some(split(row, self.inputs))
    }
}

impl Samples for Wired<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        if index != self.next {
            return Err(NoSample(index));
        }
        let (seed, inputs) = (self.probes, self.inputs);
        let (row, targets) = self.take().ok_or(NoSample(index))?;
        let (real, probes) = split_mut(x, inputs);
        real.iter_mut().zip(row).for_each(|(x, &sent)| *x = sent);
        task::probes(seed, index, probes);
        target.iter_mut().zip(targets).for_each(|(target, &sent)| *target = sent);
        Ok(())
    }

    /// The row that is wanted next; those that wait are sent again.
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        let before = self.next;
        words.long(&mut self.next)?;
        if self.next != before {
            (self.first, self.filled) = (self.next, 0);
        }
        Ok(())
    }
}
