//! Quantiles of a few numbers.

/// The middle of them; not a number where there are none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The number below which this share of them lies, linear between two; not a number where there are none.
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    of_sorted(&values, share)
}

/// [`quantile`] of values that ascend.
pub fn of_sorted(values: &[f64], share: f64) -> f64 {
    let place = share * values.len().saturating_sub(1) as f64;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_numbers() {
        let of = |share| quantile([4.0, 1.0, 2.0].into_iter(), share);
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(of), [1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!(quantile([7.0].into_iter(), 0.9), 7.0);
        assert!(quantile([].into_iter(), 0.5).is_nan());
    }
}
