//! Why inputs of zero are not skipped: that would change bits.

use tamis::{Identity, NoBias, Sgd, StepError, WeightDecay};
use tamis_test_kit::bench::Bench;

type Net = tamis::Dense<1, 1, Identity, NoBias>;

/// One update of a network of one weight on an input of zero.
fn step(weight: f32, target: f32, sgd: &Sgd) -> (Result<f32, StepError>, f32) {
    let mut bench = Bench::<Net>::new(&[weight]);
    let loss = bench.model().step(&[0.0], &[target], sgd);
    (loss, bench.params[0])
}

#[test]
fn an_update_by_zero_can_change_a_weight_of_minus_zero() {
    let sgd = Sgd::new(0.1).unwrap();
    // y = 0, so d = -2 t: the product with x = +0 is -0 for t > 0, and -0 - (-0) = +0.
    let (loss, weight) = step(-0.0, 1.0, &sgd);
    assert_eq!(loss, Ok(1.0));
    assert_eq!(weight.to_bits(), 0.0_f32.to_bits());
    let (_, weight) = step(-0.0, -1.0, &sgd);
    assert_eq!(weight.to_bits(), (-0.0_f32).to_bits());
}

#[test]
fn training_can_make_a_weight_of_minus_zero() {
    let smallest = -f32::from_bits(1);
    let sgd = Sgd::new(0.5).unwrap().weight_decay(WeightDecay::decoupled(1.5)).unwrap();
    let (_, weight) = step(smallest, -1.0, &sgd);
    assert_eq!(weight.to_bits(), (-0.0_f32).to_bits());
}

#[test]
fn an_input_of_zero_finds_a_damaged_weight() {
    let sgd = Sgd::new(0.1).unwrap();
    assert_eq!(step(f32::INFINITY, 1.0, &sgd).0, Err(StepError::Loss));
}
