//! The digest of a training.

/// "FNV-1a over 32-bit words (h <- (h ^ word) * 0x01000193, from 0x811C9DC5): `ARITHMETIC_VERSION` first, then
/// after every step the bits of all parameters in layout order, h going on from step to step"
#[derive(Clone, Copy, Debug)]
pub struct Chain(pub u32);

impl Default for Chain {
    fn default() -> Self {
        let mut chain = Self(0x811C_9DC5);
        chain.word(2); // the version of the arithmetic
        chain
    }
}

impl Chain {
    fn word(&mut self, word: u32) {
        let mixed = self.0 ^ word;
        self.0 = mixed.wrapping_mul(0x0100_0193);
    }

    /// Takes in the parameters after a step.
    pub fn step(&mut self, params: &[f32]) {
        for param in params {
            self.word(param.to_bits());
        }
    }
}
