//! Shadows: rows that the target cannot depend on, distributed as the inputs are.
//!
//! Beside every input the network gets the same column of another row. What it makes of the shadows shows what it makes
//! of an input by chance (Kursa and Rudnicki, *Feature selection with the Boruta package*, 2010, permute the columns; a
//! stream has earlier rows). One row's columns stay together, so shadows are correlated as inputs are.
//!
//! ```text
//! previous    row k - 1                            where rows do not depend on each other
//! delay       row k - m, from a ring of m rows     where they do, for longer than m rows they must not
//! reservoir   one of m rows kept from all earlier ones, each as likely
//! ```
//!
//! Rows count from k = 0; as many as are kept come first without a shadow. The reservoir is Algorithm R (Vitter, *Random
//! sampling with a reservoir*, 1985). Its draws for row k are from the generator (seed, shadows, k): the place of the
//! shadow, an integer below m; then an integer below k + 1, and if that is a place, row k is kept there. The first m rows
//! take the places in their order, without a draw.
//!
//! Which one: the row before, if rows do not depend on each other; all three are as good then. Where rows follow each
//! other closely it is nearly the input itself, and what is relevant stands out less; a delay longer than the memory of
//! the inputs does better. A reservoir is not for such rows: its shadows have lost the course of time, and any two slow
//! quantities go together for a while, so that most streams of noise find something (`docs/SELECTION.md`). It is for rows
//! whose order is a cycle that a delay would hit.

use core::num::NonZeroU32;

use crate::random::{Purpose, Seed, below};
use crate::state::{State, Words};

/// Where the shadows of a stream of `D` inputs come from.
#[derive(Debug)]
pub enum Shadow<'a, const D: usize> {
    /// The row before.
    Previous,
    /// The row so many rows before as are lent.
    Delay(&'a mut [[f32; D]]),
    /// An earlier row at random, from as many as are lent.
    Reservoir(&'a mut [[f32; D]]),
}

impl<const D: usize> Shadow<'_, D> {
    /// m: how many rows come before the first that has a shadow.
    pub fn rows(&self) -> u32 {
        match self {
            Self::Previous => 1,
            Self::Delay(rows) | Self::Reservoir(rows) => u32::try_from(rows.len()).unwrap_or(u32::MAX),
        }
    }

    /// Keeps row `k`, and makes `pair` of it and its shadow; `false` for a row that has none.
    pub(crate) fn take(&mut self, k: u32, seed: Seed, row: &[f32; D], pair: &mut [[f32; D]; 2]) -> bool {
        let has_shadow = k >= self.rows();
        let [now, shadow] = pair;
        match self {
            Self::Previous => *shadow = *now,
            Self::Delay(rows) => {
                let place = (k as usize).checked_rem(rows.len()).unwrap_or(0);
                if let Some(kept) = rows.get_mut(place) {
                    *shadow = *kept;
                    *kept = *row;
                }
            }
            Self::Reservoir(rows) => {
                let mut place = k;
                if has_shadow {
                    let mut generator = seed.generator(Purpose::Shadows, k.into());
                    let mut draw = |n: u32| NonZeroU32::new(n).map_or(0, |n| below(&mut generator, n));
                    let drawn = draw(u32::try_from(rows.len()).unwrap_or(u32::MAX));
                    if let Some(kept) = rows.get(drawn as usize) {
                        *shadow = *kept;
                    }
                    place = draw(k.saturating_add(1));
                }
                if let Some(kept) = rows.get_mut(place as usize) {
                    *kept = *row;
                }
            }
        }
        *now = *row;
        has_shadow
    }
}

/// The rows that are kept.
impl<const D: usize> State for Shadow<'_, D> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        match self {
            Self::Previous => Ok(()),
            Self::Delay(rows) | Self::Reservoir(rows) => words.numbers(rows.as_flattened_mut()),
        }
    }
}
