//! Penalties by hand: where the data ask for nothing, weights move by the penalty alone.

use tamis::{Growing, NoBias, Proximal, Sgd, Tanh};
use tamis_test_kit::bench::Bench;
use tamis_test_kit::bits;

/// Two inputs, two weights each.
type Net = tamis::Dense<2, 2, Tanh, NoBias>;

const START: [f32; 4] = [3.0, -4.0, 0.25, 0.0];

/// The weights after so many updates at a step size of a half, on inputs of zero.
fn after(updates: u32, proximal: Proximal) -> Vec<f32> {
    let sgd = Sgd::new(0.5).unwrap().proximal(proximal).unwrap();
    let mut bench = Bench::<Net>::new(&START);
    let mut model = bench.model();
    for _ in 0..updates {
        model.step(&[0.0; 2], &[0.0; 2], &sgd).unwrap();
    }
    bench.params
}

#[test]
fn every_weight_loses_as_much_by_l1() {
    let l1 = Proximal::l1(0.25);
    assert_eq!(after(1, l1), [2.875, -3.875, 0.125, 0.0]);
    assert_eq!(after(2, l1), [2.75, -3.75, 0.0, 0.0]);
    assert_eq!(after(4, l1), [2.5, -3.5, 0.0, 0.0]);
}

/// The column of the first input is 5 long.
#[test]
fn a_column_loses_its_length_by_group() {
    let group = Proximal::group(1.0);
    assert_eq!(after(1, group), [3.0 * 0.9, -4.0 * 0.9, 0.0, 0.0]);
}

/// Three times as much every third time.
#[test]
fn a_penalty_may_come_at_every_mth_update() {
    let l1 = Proximal::l1(0.25).every(3);
    assert_eq!(after(2, l1), START);
    assert_eq!(after(3, l1), [2.625, -3.625, 0.0, 0.0]);
    assert_eq!(after(5, l1), after(3, l1));
    assert_eq!(after(6, l1), [2.25, -3.25, 0.0, 0.0]);
}

/// No penalty leaves a minus zero behind, whatever was there before and however small it becomes.
#[test]
fn what_a_penalty_makes_zero_is_plus_zero() {
    for weight in [-0.0, -f32::from_bits(1), 0.0, f32::from_bits(1), -1.0] {
        let mut bench = Bench::<Net>::new(&[weight; 4]);
        bench.model().shrink(&Growing::new(0, 1).unwrap(), &[0.75; 2]);
        let exact = f64::from(weight) * 0.25;
        let expected = if exact as f32 == 0.0 { 0.0 } else { exact as f32 };
        assert_eq!(bits(&bench.params), [expected.to_bits(); 4], "{weight:e}");
    }
}
