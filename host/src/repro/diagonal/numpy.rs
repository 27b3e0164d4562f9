//! The numbers of NumPy's `RandomState`, whose stream is frozen: what other people's notebooks were run on.
//!
//! ```text
//! words       MT19937
//! uniform     (27 bits of a word 2^26 + 26 bits of the next) 2^-53
//! normal      Marsaglia's polar method; of each pair the second number comes first
//! below n     the lowest bits of a word that n - 1 needs, until they are below n
//! ```

use rand_mt::Mt;

/// A generator as `numpy.random.seed` leaves it.
pub struct RandomState {
    words: Mt,
    /// The other number of the last pair.
    kept: Option<f64>,
}

impl RandomState {
    /// From a seed.
    pub fn new(seed: u32) -> Self {
        Self { words: Mt::new(seed), kept: None }
    }

    fn uniform(&mut self) -> f64 {
        let (high, low) = (self.words.next_u32() >> 5, self.words.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// `randn()`.
    pub fn normal(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.kept = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// `randn(count)`.
    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }

    /// `randint(n)`, n at least 1.
    pub fn below(&mut self, n: u32) -> u32 {
        let most = n.saturating_sub(1);
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let word = self.words.next_u32() & mask;
            if word <= most {
                return word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by NumPy 1.26.4.
    #[test]
    fn the_stream_is_that_of_numpy() {
        let mut state = RandomState::new(0);
        let normals = [
            1.764052345967664,
            0.4001572083672233,
            0.9787379841057392,
            2.240893199201458,
            1.8675579901499675,
        ];
        assert_eq!(state.normals(5), normals);
        assert_eq!([36, 70, 12].map(|_| state.below(80)), [36, 70, 12]);
        let mut state = RandomState::new(1);
        let draws: Vec<_> = (0..10).map(|_| state.below(80)).collect();
        assert_eq!(draws, [37, 12, 72, 9, 75, 5, 79, 64, 16, 1]);
        assert_eq!(state.normals(3), [-0.5281717522634557, -1.0729686221561705, 0.8654076293246785]);
    }
}
