//! The digest of a training: one word that covers every bit of every step.
//!
//! FNV-1a over 32-bit words, h <- (h xor word) 0x01000193 from 0x811C9DC5: first [`ARITHMETIC_VERSION`], then
//! after every update the bits of all parameters in layout order. h goes on from update to update, so none is
//! uncovered however rarely the digest is printed.
//!
//! ```
//! use tamis::Digest;
//!
//! let mut digest = Digest::new();
//! assert_eq!(digest.value(), 0x070c_6045);
//! digest.update(&[1.0, -0.0]);
//! assert_eq!(digest.value(), 0x95fe_5e4d);
//! ```

use crate::ops::ARITHMETIC_VERSION;
use crate::state::{State, Words};

/// A running digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Digest(u32);

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// The digest before the first update.
    pub fn new() -> Self {
        Self(0x811C_9DC5).with(ARITHMETIC_VERSION)
    }

    /// Takes in the parameters after an update.
    pub fn update(&mut self, params: &[f32]) {
        *self = params.iter().fold(*self, |digest, param| digest.with(param.to_bits()));
    }

    /// The digest so far.
    pub fn value(&self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn with(self, word: u32) -> Self {
        Self((self.0 ^ word).wrapping_mul(0x0100_0193))
    }
}

impl State for Digest {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.word(&mut self.0)
    }
}
