//! Standardised inputs.

/// "Welford in f32, `mean += (x - mean)/n`, `m2 += (x - mean_before)*(x - mean_after)`, deviation sqrt(m2/n)"
#[derive(Clone, Debug)]
pub struct Welford {
    mean: Vec<f32>,
    m2: Vec<f32>,
    n: u32,
}

impl Welford {
    /// Of rows with `width` columns.
    pub fn new(width: usize) -> Self {
        Self { mean: vec![0.0; width], m2: vec![0.0; width], n: 0 }
    }

    /// How many rows it has taken in.
    pub fn seen(&self) -> u32 {
        self.n
    }

    /// Takes a row in.
    pub fn observe(&mut self, x: &[f32]) {
        self.n += 1;
        let n = self.n as f32;
        for i in 0..x.len() {
            let before = x[i] - self.mean[i];
            let share = before / n;
            self.mean[i] += share;
            let after = x[i] - self.mean[i];
            let product = before * after;
            self.m2[i] += product;
        }
    }

    /// "then (x - mean)/deviation; a constant column gives +0.0"
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut scaled = Vec::new();
        for i in 0..x.len() {
            let variance = self.m2[i] / self.n as f32;
            let deviation = libm::sqrtf(variance);
            // Open: whether m2, its mean or the deviation tells that a column is constant (a quotient may round
            // to zero), and what an infinite deviation gives. It is the deviation, and +0.0.
            scaled.push(if deviation > 0.0 && deviation.is_finite() {
                let centred = x[i] - self.mean[i];
                centred / deviation
            } else {
                0.0
            });
        }
        scaled
    }
}
