//! A permutation of 0..n in constant memory: a Feistel network with cycle walking.
//!
//! The network permutes 0..4^k, the smallest such range that holds n; k bits are a half. A round takes the
//! halves (l, r) to (r, l xor f(r)), with f the finaliser of MurmurHash3 over r xor the round's key, its
//! lowest k bits kept. Twelve rounds; with eight the places of pairs of five are not uniform. What falls
//! outside 0..n is permuted again until it falls inside ("cycle walking", Black and Rogaway, CT-RSA 2002):
//! on average less than four times, and always in the end, because the walk started inside.

use core::num::NonZeroU32;

use rand_core::Rng;

/// Rounds of the network.
const ROUNDS: usize = 12;

/// A keyed permutation of 0..n.
#[derive(Clone, Debug)]
pub struct Permutation {
    length: NonZeroU32,
    half_bits: u32,
    keys: [u32; ROUNDS],
}

impl Permutation {
    /// A permutation of 0..`length`, its keys the next draws of `generator`.
    pub fn new(length: NonZeroU32, generator: &mut impl Rng) -> Self {
        let bits = u32::BITS.saturating_sub(length.get().saturating_sub(1).leading_zeros());
        let mut permutation = Self { length, half_bits: bits.div_ceil(2), keys: [0; ROUNDS] };
        permutation.rekey(generator);
        permutation
    }

    /// Another permutation of the same range.
    pub fn rekey(&mut self, generator: &mut impl Rng) {
        self.keys.fill_with(|| generator.next_u32());
    }

    /// n.
    pub fn length(&self) -> u32 {
        self.length.get()
    }

    /// Where `index` goes; an index outside the range stays.
    pub fn at(&self, index: u32) -> u32 {
        if index >= self.length() {
            return index;
        }
        let mut place = self.network(index);
        while place >= self.length() {
            place = self.network(place);
        }
        place
    }

    /// The Feistel network on 0..4^k.
    fn network(&self, place: u32) -> u32 {
        // k is 16 at most, so no shift loses a bit.
        let mask = 1_u32.wrapping_shl(self.half_bits).wrapping_sub(1);
        let (mut left, mut right) = (place.wrapping_shr(self.half_bits), place & mask);
        for &key in &self.keys {
            (left, right) = (right, left ^ (finalise(right ^ key) & mask));
        }
        left.wrapping_shl(self.half_bits) | right
    }
}

/// The 32-bit finaliser of MurmurHash3.
fn finalise(h: u32) -> u32 {
    let h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    let h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}
