//! Standardisation on the fly, against mean and deviation in two passes of f64.

use tamis::{Standardise, StepError};
use tamis_test_kit::{bits, numbers};

/// Five columns: several scales and offsets, the last one constant.
fn samples(n: usize) -> Vec<[f32; 5]> {
    let scaled = |row: &[f32]| [row[0], 100.0 * row[1] + 20.0, 0.01 * row[2], 3.0 * row[3] - 50.0, 7.25];
    numbers(11, 4 * n).chunks(4).map(scaled).collect()
}

/// Learns from `until` samples, in memory that the test need not free.
fn fresh(inputs: usize, until: u32) -> Standardise<'static> {
    Standardise::new(vec![f32::NAN; 2 * inputs].leak(), inputs, until).unwrap()
}

fn learned(samples: &[[f32; 5]]) -> Standardise<'static> {
    let mut standardise = fresh(5, samples.len() as u32);
    samples.iter().for_each(|x| standardise.observe(x).unwrap());
    standardise
}

fn applied(standardise: &Standardise<'_>, x: &[f32; 5]) -> [f32; 5] {
    let mut x = *x;
    assert!(standardise.apply(&mut x));
    x
}

/// The column at -50 +- 1.7 loses five bits to its offset: the largest error seen is 1.2e-5 deviations.
#[test]
fn it_scales_to_mean_0_and_deviation_1() {
    for n in [2, 3, 50, 1000] {
        let samples = samples(n);
        let standardise = learned(&samples);
        for column in 0..4 {
            let values = samples.iter().map(|x| f64::from(x[column]));
            let mean = values.clone().sum::<f64>() / n as f64;
            let deviation = (values.map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            for x in &samples {
                let exact = (f64::from(x[column]) - mean) / deviation;
                let error = (f64::from(applied(&standardise, x)[column]) - exact).abs();
                assert!(error < 3e-5, "{n} samples, column {column}: off by {error:e}");
            }
        }
    }
}

#[test]
fn it_says_when_it_is_not_yet_settled() {
    let samples = samples(4);
    let mut standardise = fresh(5, 4);
    for (seen, x) in samples.iter().enumerate() {
        let mut same = *x;
        assert!(!standardise.is_frozen() && !standardise.apply(&mut same), "after {seen}");
        assert_eq!(bits(&same), bits(x));
        assert_eq!(standardise.unscalable_inputs().count(), 0);
        standardise.observe(x).unwrap();
    }
    assert!(standardise.is_frozen());
}

#[test]
fn it_is_frozen_after_the_stated_count() {
    let samples = samples(40);
    let mut standardise = learned(&samples[..20]);
    let before = applied(&standardise, &samples[0]);
    samples.iter().for_each(|x| standardise.observe(x).unwrap());
    standardise.observe(&[1e6; 5]).unwrap();
    assert_eq!(bits(&applied(&standardise, &samples[0])), bits(&before));
}

#[test]
fn a_constant_column_is_reported_and_gives_zero() {
    let mut standardise = learned(&samples(30));
    assert_eq!(standardise.unscalable_inputs().collect::<Vec<_>>(), [4]);
    for value in [7.25, -7.25, 1e30] {
        assert_eq!(applied(&standardise, &[0.0, 0.0, 0.0, 0.0, value])[4].to_bits(), 0, "+0.0");
    }
    standardise = fresh(5, 1);
    standardise.observe(&[1.0, -2.0, 3.0, 0.0, 5.0]).unwrap();
    assert_eq!(standardise.unscalable_inputs().count(), 5, "one sample has no deviation");
}

#[test]
fn a_sample_that_is_not_finite_changes_nothing() {
    let samples = samples(20);
    let clean = learned(&samples);
    let mut disturbed = fresh(5, 20);
    for (k, x) in samples.iter().enumerate() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut x = *x;
            x[k % 5] = bad;
            assert_eq!(disturbed.observe(&x), Err(StepError::Input(k % 5)));
        }
        disturbed.observe(x).unwrap();
    }
    assert!(disturbed.is_frozen());
    for x in &samples {
        assert_eq!(bits(&applied(&disturbed, x)), bits(&applied(&clean, x)));
    }
    assert_eq!(disturbed.observe(&[0.0, 0.0, f32::NAN, 0.0, 0.0]), Err(StepError::Input(2)), "frozen or not");
}

#[test]
fn a_count_of_zero_is_taken_for_one() {
    let mut standardise = fresh(1, 0);
    assert!(!standardise.is_frozen());
    standardise.observe(&[3.0]).unwrap();
    assert!(standardise.is_frozen());
}

#[test]
fn a_column_too_large_to_scale_is_reported_and_gives_zero() {
    for large in [1e30, 3e38] {
        let mut standardise = fresh(1, 2);
        standardise.observe(&[large]).unwrap();
        standardise.observe(&[-large]).unwrap();
        let mut x = [1.0];
        assert!(standardise.apply(&mut x));
        assert_eq!(x[0].to_bits(), 0);
        assert_eq!(standardise.unscalable_inputs().collect::<Vec<_>>(), [0]);
    }
}

#[test]
fn an_input_that_is_not_finite_stays_so() {
    let mut standardise = fresh(2, 2);
    standardise.observe(&[1.0, 5.0]).unwrap();
    standardise.observe(&[2.0, 5.0]).unwrap();
    let mut x = [f32::NAN; 2];
    assert!(standardise.apply(&mut x));
    assert!(x[0].is_nan() && x[1].is_nan());
}
