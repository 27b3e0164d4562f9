//! Chance: one generator per purpose, so that no option moves another's draws.
//!
//! A generator's state comes from (seed, purpose, stream); the stream is the epoch, the index of a
//! sample, or 0. SplitMix64 from a state adds G = 0x9E3779B97F4A7C15 to it, mixes, and gives the mix out:
//!
//! ```text
//! a             the first output of SplitMix64 from the state seed + G purpose        all wrapping
//! s0 s1 s2 s3   the first two outputs of SplitMix64 from the state a + stream, low half first
//! ```
//!
//! and the four words are the state of Xoshiro128++; all zero becomes 1, 0, 0, 0. What is drawn from it:
//!
//! ```text
//! uniform    u = (next >> 8) 2^-24, in [0, 1)
//! normal     Box-Muller in pairs: r = sqrt(-2 ln(1 - u1)), then r cos(2 pi u2), then r sin(2 pi u2)
//! integer    below n by Lemire's multiplication with rejection (arXiv 1805.10941)
//! ```

use core::num::NonZeroU32;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro128PlusPlus};

/// 2^64 / golden ratio: what SplitMix64 adds at every step.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Decides every draw of a run. Any value is valid, 0 too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Seed(pub u64);

/// What a generator is for. The numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Purpose {
    /// Initial weights.
    Weights = 1,
    /// The order of samples; the stream is the epoch.
    Order = 2,
    /// Noise on labels, fresh at each visit.
    LabelNoise = 3,
    /// Probe inputs; the stream is the sample's index.
    Probes = 4,
    /// Inputs of a synthetic task; the stream is the sample's index.
    TaskInputs = 5,
    /// Noise of a synthetic task; the stream is the sample's index.
    TaskNoise = 6,
    /// Rows from a reservoir; the stream is the row's index.
    Shadows = 7,
}

impl Seed {
    /// The generator of one purpose.
    pub fn generator(self, purpose: Purpose, stream: u64) -> Xoshiro128PlusPlus {
        let state = self.0.wrapping_add(GOLDEN.wrapping_mul(purpose as u64));
        let a = split_mix(state).next_u64();
        let mut words = split_mix(a.wrapping_add(stream));
        from_words(words.next_u64(), words.next_u64())
    }
}

fn split_mix(state: u64) -> SplitMix64 {
    SplitMix64::from_seed(state.to_le_bytes())
}

/// Xoshiro128++ from four words, low half first.
fn from_words(low: u64, high: u64) -> Xoshiro128PlusPlus {
    let words = u128::from(low) | u128::from(high) << 64;
    let words = if words == 0 { 1 } else { words };
    Xoshiro128PlusPlus::from_seed(words.to_le_bytes())
}

/// A number in [0, 1), a multiple of 2^-24.
pub fn uniform(generator: &mut impl Rng) -> f32 {
    (generator.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// An integer in 0..n, without bias.
pub fn below(generator: &mut impl Rng, n: NonZeroU32) -> u32 {
    // 2^32 mod n: low split under it are over-represented.
    let biased = n.get().wrapping_neg() % n;
    loop {
        let product = u64::from(generator.next_u32()).wrapping_mul(u64::from(n.get()));
        if product as u32 >= biased {
            return (product >> 32) as u32;
        }
    }
}

/// Fills `out` with standard normal numbers, in pairs; an odd length drops the last sine.
pub fn fill_normal(generator: &mut impl Rng, out: &mut [f32]) {
    for pair in out.chunks_mut(2) {
        let u1 = uniform(generator);
        let u2 = uniform(generator);
        let r = libm::sqrtf(-2.0 * libm::logf(1.0 - u1));
        let angle = core::f32::consts::TAU * u2;
        let normals = [r * libm::cosf(angle), r * libm::sinf(angle)];
        pair.iter_mut().zip(normals).for_each(|(out, normal)| *out = normal);
    }
}

/// The first number of a vector of normals.
pub fn normal(generator: &mut impl Rng) -> f32 {
    let mut out = [0.0];
    fill_normal(generator, &mut out);
    let [first] = out;
    first
}
