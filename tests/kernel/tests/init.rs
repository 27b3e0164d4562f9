//! Initial weights have the spread that their authors give, and the shape that was asked for.

use tamis::{Init, Seed, Shape as _};
use tamis_test_kit::bench::Bench;
use tamis_test_kit::net;

type Net = net!(type 60 100 Tanh Bias, 100 60 Identity Bias);

/// The weights of both layers, 6,000 each, and the biases of the first.
fn drawn(init: Init) -> [Vec<f64>; 3] {
    let params = Bench::<Net>::drawn(init, Seed(2)).params;
    let part = |from: usize, n: usize| params[from..from + n].iter().map(|&w| f64::from(w)).collect();
    [part(0, 6_000), part(6_100, 6_000), part(6_000, 100)]
}

/// The root of the mean square, and the largest size.
fn spread(numbers: &[f64]) -> (f64, f64) {
    let mean = numbers.iter().map(|number| number * number).sum::<f64>() / numbers.len() as f64;
    (mean.sqrt(), numbers.iter().fold(0.0, |most, number| number.abs().max(most)))
}

/// Of 6,000 draws the deviation is within 4 % and the largest beyond three deviations; of uniform ones it is the root of
/// three, which none exceeds.
#[test]
fn weights_have_the_spread_of_their_formulas() {
    assert_eq!(Net::PARAMS, 6_100 + 6_060);
    type Formula = fn(f64, f64) -> f64;
    let spreads: [(Init, Formula); 3] = [
        (Init::he(), |inputs, _| (2.0 / inputs).sqrt()),
        (Init::xavier(), |inputs, outputs| (2.0 / (inputs + outputs)).sqrt()),
        (Init::scaled(0.7), |inputs, _| 0.7 / inputs.sqrt()),
    ];
    for (init, formula) in spreads {
        let expected = [formula(60.0, 100.0), formula(100.0, 60.0)];
        for (weights, expected) in drawn(init).iter().zip(expected) {
            let (deviation, largest) = spread(weights);
            assert!((deviation / expected - 1.0).abs() < 0.04, "{init:?}: {deviation}, not {expected}");
            assert!(largest > 3.0 * expected, "{init:?}: {largest} is no end of 6,000 normal numbers");
        }
        for (weights, expected) in drawn(init.uniform()).iter().zip(expected) {
            let (deviation, largest) = spread(weights);
            assert!((deviation / expected - 1.0).abs() < 0.04, "{init:?}: {deviation}, not {expected}");
            let bound = 3.0_f64.sqrt() * expected;
            assert!((0.99 * bound..=1.000_001 * bound).contains(&largest), "{init:?}: {largest}");
        }
    }
}

/// Of 100 draws the deviation is within 30 %.
#[test]
fn biases_are_zero_or_normal() {
    for init in [Init::he(), Init::xavier().uniform()] {
        let [_, _, none] = drawn(init);
        assert_eq!(none, [0.0; 100]);
        let [_, _, biases] = drawn(init.with_biases(0.5));
        let (deviation, largest) = spread(&biases);
        assert!((0.35..0.65).contains(&deviation), "{deviation}");
        assert!(largest > 0.9, "{largest}");
    }
}
