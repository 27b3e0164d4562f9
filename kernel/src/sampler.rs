//! The order in which samples are visited.
//!
//! Epochs end where a set of samples has been seen once, or as many have been drawn as it has; no batch crosses
//! that end. Every epoch has its own generator, (seed, order, epoch).
//!
//! | order | memory | an epoch |
//! |---|---|---|
//! | sequential | none | 0, 1, .. n-1 |
//! | shuffled | n indices | Fisher-Yates from the identity, i = n-1 .. 1 |
//! | keyed | none | a permutation by a Feistel network, [`crate::permutation`] |
//! | with replacement | none | n draws, each of all samples |
//! | ring | none | has no end: each new sample, then revisits of the last N |
//! | stream | none | has no end |

use core::fmt;
use core::num::NonZeroU32;

use rand_xoshiro::Xoshiro128PlusPlus;

use crate::permutation::Permutation;
use crate::random::{self, Purpose, Seed};
use crate::state::{State, Words};

/// The next sample to visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Draw {
    /// Its index.
    pub index: u64,
    /// Whether it is the last of its epoch.
    pub ends_epoch: bool,
}

/// An order of samples.
pub enum Sampler<'a> {
    /// Ascending, over and over.
    Sequential(Sequential),
    /// Every epoch in a new random order.
    Shuffled(Shuffled<'a>),
    /// Every epoch in a new random order, without an index buffer.
    Keyed(Keyed),
    /// Any sample at any time.
    WithReplacement(WithReplacement),
    /// New samples without end, and after each some of the last ones again.
    Ring(Ring),
    /// 0, 1, 2, ... without end: each sample is seen once.
    Stream(Stream),
}

/// Ascending order over a set of samples.
pub struct Sequential {
    length: u32,
    next: u32,
}

/// Random order over a set of samples, by Fisher-Yates from the identity at the start of every epoch.
pub struct Shuffled<'a> {
    indices: &'a mut [u16],
    seed: Seed,
    epoch: u64,
    next: usize,
}

/// Random order over a set of samples, computed and not stored.
pub struct Keyed {
    permutation: Permutation,
    seed: Seed,
    epoch: u64,
    next: u32,
}

/// Independent draws from a set of samples.
pub struct WithReplacement {
    generator: Xoshiro128PlusPlus,
    length: NonZeroU32,
    seed: Seed,
    epoch: u64,
    drawn: u32,
}

/// A live stream of which the last samples are visited again. After each new sample k come `visits` - 1 draws
/// with replacement of the last `capacity` samples, k among them, from the generator (seed, order, k).
pub struct Ring {
    generator: Xoshiro128PlusPlus,
    capacity: NonZeroU32,
    visits: NonZeroU32,
    seed: Seed,
    /// How many samples there have been.
    seen: u64,
    /// How many revisits are left before the next new one.
    left: u32,
}

/// A live stream.
#[derive(Default)]
pub struct Stream {
    next: u64,
}

/// Why there is no such order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SamplerError {
    /// There are no samples.
    Empty,
    /// The index buffer counts to 65,536.
    TooMany,
    /// A ring must visit each sample at least once.
    Visits,
}

impl fmt::Display for SamplerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there are no samples",
            Self::TooMany => "an index buffer orders at most 65536 samples",
            Self::Visits => "a ring must visit each sample at least once",
        })
    }
}

impl core::error::Error for SamplerError {}

impl<'a> Sampler<'a> {
    /// Ascending order over `length` samples.
    pub fn sequential(length: u32) -> Result<Self, SamplerError> {
        if length == 0 {
            return Err(SamplerError::Empty);
        }
        Ok(Self::Sequential(Sequential { length, next: 0 }))
    }

    /// Random order over as many samples as `indices` has places.
    pub fn shuffled(indices: &'a mut [u16], seed: Seed) -> Result<Self, SamplerError> {
        match indices.len() {
            0 => Err(SamplerError::Empty),
            1..=0x1_0000 => Ok(Self::Shuffled(Shuffled { indices, seed, epoch: 0, next: 0 })),
            _ => Err(SamplerError::TooMany),
        }
    }

    /// Random order over `length` samples in constant memory.
    pub fn keyed(length: u32, seed: Seed) -> Result<Self, SamplerError> {
        let length = NonZeroU32::new(length).ok_or(SamplerError::Empty)?;
        let permutation = Permutation::new(length, &mut seed.generator(Purpose::Order, 0));
        Ok(Self::Keyed(Keyed { permutation, seed, epoch: 0, next: 0 }))
    }

    /// Independent draws from `length` samples.
    pub fn with_replacement(length: u32, seed: Seed) -> Result<Self, SamplerError> {
        let length = NonZeroU32::new(length).ok_or(SamplerError::Empty)?;
        let generator = seed.generator(Purpose::Order, 0);
        Ok(Self::WithReplacement(WithReplacement { generator, length, seed, epoch: 0, drawn: 0 }))
    }

    /// A stream that visits `visits` samples for each new one, from the last `capacity`.
    pub fn ring(capacity: u32, visits: u32, seed: Seed) -> Result<Self, SamplerError> {
        let capacity = NonZeroU32::new(capacity).ok_or(SamplerError::Empty)?;
        let visits = NonZeroU32::new(visits).ok_or(SamplerError::Visits)?;
        let generator = seed.generator(Purpose::Order, 0);
        Ok(Self::Ring(Ring { generator, capacity, visits, seed, seen: 0, left: 0 }))
    }

    /// A stream from index 0 on.
    pub fn stream() -> Self {
        Self::Stream(Stream::default())
    }

    /// The next sample to visit.
    pub fn draw(&mut self) -> Draw {
        match self {
            Self::Sequential(order) => order.draw(),
            Self::Shuffled(order) => order.draw(),
            Self::Keyed(order) => order.draw(),
            Self::WithReplacement(order) => order.draw(),
            Self::Ring(order) => order.draw(),
            Self::Stream(order) => order.draw(),
        }
    }
}

impl Sequential {
    fn draw(&mut self) -> Draw {
        let index = self.next;
        let following = index.saturating_add(1);
        let ends_epoch = following >= self.length;
        self.next = if ends_epoch { 0 } else { following };
        Draw { index: u64::from(index), ends_epoch }
    }
}

impl Shuffled<'_> {
    fn draw(&mut self) -> Draw {
        if self.next == 0 {
            self.shuffle();
        }
        let index = self.indices.get(self.next).copied().unwrap_or_default();
        let following = self.next.saturating_add(1);
        let ends_epoch = following >= self.indices.len();
        self.next = if ends_epoch { 0 } else { following };
        if ends_epoch {
            self.epoch = self.epoch.wrapping_add(1);
        }
        Draw { index: u64::from(index), ends_epoch }
    }

    fn shuffle(&mut self) {
        let mut generator = self.seed.generator(Purpose::Order, self.epoch);
        for (place, index) in (0..=u16::MAX).zip(self.indices.iter_mut()) {
            *index = place;
        }
        for last in (1..self.indices.len()).rev() {
            let choices = NonZeroU32::MIN.saturating_add(last as u32);
            let chosen = random::below(&mut generator, choices) as usize;
            // The two places are one where the last stays: nothing to swap.
            if let Ok([a, b]) = self.indices.get_disjoint_mut([last, chosen]) {
                core::mem::swap(a, b);
            }
        }
    }
}

impl Keyed {
    fn draw(&mut self) -> Draw {
        let index = self.permutation.at(self.next);
        self.next = self.next.saturating_add(1);
        let ends_epoch = self.next >= self.permutation.length();
        if ends_epoch {
            self.next = 0;
            self.epoch = self.epoch.wrapping_add(1);
            self.permutation.rekey(&mut self.seed.generator(Purpose::Order, self.epoch));
        }
        Draw { index: u64::from(index), ends_epoch }
    }
}

impl WithReplacement {
    fn draw(&mut self) -> Draw {
        let index = random::below(&mut self.generator, self.length);
        self.drawn = self.drawn.saturating_add(1);
        let ends_epoch = self.drawn >= self.length.get();
        if ends_epoch {
            self.drawn = 0;
            self.epoch = self.epoch.wrapping_add(1);
            self.generator = self.seed.generator(Purpose::Order, self.epoch);
        }
        Draw { index: u64::from(index), ends_epoch }
    }
}

impl Ring {
    fn draw(&mut self) -> Draw {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            let kept = self.kept();
            let back = u64::from(random::below(&mut self.generator, kept)).saturating_add(1);
            return Draw { index: self.seen.saturating_sub(back), ends_epoch: false };
        }
        let index = self.seen;
        self.seen = index.wrapping_add(1);
        self.left = self.visits.get().saturating_sub(1);
        self.generator = self.seed.generator(Purpose::Order, index);
        Draw { index, ends_epoch: false }
    }

    /// How many samples can be visited again.
    fn kept(&self) -> NonZeroU32 {
        u32::try_from(self.seen).map_or(self.capacity, |seen| {
            NonZeroU32::new(seen).map_or(NonZeroU32::MIN, |seen| seen.min(self.capacity))
        })
    }
}

impl Stream {
    fn draw(&mut self) -> Draw {
        let index = self.next;
        self.next = index.wrapping_add(1);
        Draw { index, ends_epoch: false }
    }
}

impl State for Sampler<'_> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        match self {
            Self::Sequential(order) => words.word(&mut order.next),
            Self::Shuffled(order) => order.pass(words),
            Self::Keyed(order) => order.pass(words),
            Self::WithReplacement(order) => order.pass(words),
            Self::Ring(order) => order.pass(words),
            Self::Stream(order) => words.long(&mut order.next),
        }
    }
}

impl State for Shuffled<'_> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        let mut next = self.next as u32;
        words.long(&mut self.epoch)?;
        words.word(&mut next)?;
        self.next = next as usize;
        self.shuffle();
        Ok(())
    }
}

impl State for Keyed {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.long(&mut self.epoch)?;
        words.word(&mut self.next)?;
        self.permutation.rekey(&mut self.seed.generator(Purpose::Order, self.epoch));
        Ok(())
    }
}

impl State for WithReplacement {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.long(&mut self.epoch)?;
        words.word(&mut self.drawn)?;
        self.generator = self.seed.generator(Purpose::Order, self.epoch);
        for _ in 0..self.drawn.min(self.length.get()) {
            random::below(&mut self.generator, self.length);
        }
        Ok(())
    }
}

impl State for Ring {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.long(&mut self.seen)?;
        words.word(&mut self.left)?;
        let newest = self.seen.saturating_sub(1);
        self.generator = self.seed.generator(Purpose::Order, newest);
        let (kept, revisits) = (self.kept(), self.visits.get().saturating_sub(1));
        for _ in 0..revisits.saturating_sub(self.left) {
            random::below(&mut self.generator, kept);
        }
        Ok(())
    }
}
