//! Which error is kept small, and how small a p-value has to be for that.
//!
//! ```text
//! any false    alpha: the chance of naming one or more that do not matter.  p <= a/d, Bonferroni
//! false rate   q: the expected share of those that do not matter among the named.  p <= k a/d, Benjamini-Hochberg:
//!              k the largest number for which k of the d p-values are k a/d or less; 1 if there is none
//! ```
//!
//! Of alpha, or q, .8 goes to the norms and .2 to what is seen by itself: a is that part of it.

/// An error under control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Control {
    /// The chance of naming any input that does not matter.
    AnyFalse(f64),
    /// The expected share of inputs that do not matter among those named.
    FalseRate(f64),
}

impl Control {
    /// By the options: a rate goes before a chance.
    pub fn new(alpha: f64, rate: Option<f64>) -> Self {
        rate.map_or(Self::AnyFalse(alpha), Self::FalseRate)
    }

    /// alpha or q.
    pub fn level(self) -> f64 {
        let (Self::AnyFalse(level) | Self::FalseRate(level)) = self;
        level
    }

    /// How small a p-value among `p` has to be, with this `part` of the level.
    pub fn bound(self, part: f64, p: &[f64]) -> f64 {
        let each = part * self.level() / p.len() as f64;
        match self {
            Self::AnyFalse(_) => each,
            Self::FalseRate(_) => each * steps(each, p).max(1) as f64,
        }
    }
}

/// The largest k for which k of the p-values are `k * each` or less.
fn steps(each: f64, p: &[f64]) -> usize {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let holds = |k: &usize| sorted[k - 1] <= *k as f64 * each;
    (1..=sorted.len()).rev().find(holds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rejected are those whose adjusted p-value is q or less; the numbers are those of
    /// `scipy.stats.false_discovery_control`.
    #[test]
    fn the_false_rate_is_that_of_benjamini_and_hochberg() {
        let p = [0.041, 0.001, 0.27, 0.008, 0.039, 0.06, 0.205, 0.042, 0.074, 0.212];
        let adjusted = [0.0840, 0.0100, 0.2700, 0.0400, 0.0840, 0.1000, 0.2356, 0.0840, 0.1057, 0.2356];
        for q in [0.005, 0.02, 0.05, 0.09, 0.11, 0.25, 0.5] {
            let bound = Control::FalseRate(q).bound(1.0, &p);
            let rejected = p.map(|p| p <= bound);
            assert_eq!(rejected, adjusted.map(|p| p <= q), "{q}");
        }
        // None is small enough: the bound is Bonferroni's, and still none is.
        assert_eq!(Control::FalseRate(0.005).bound(1.0, &p), Control::AnyFalse(0.005).bound(1.0, &p));
        assert_eq!(Control::AnyFalse(0.05).bound(0.8, &p), 0.8 * 0.05 / 10.0);
    }
}
