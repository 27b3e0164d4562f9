//! tanh, sigmoid and exp against f64: error, order, range, signs and special values; what the kernel's file
//! `exponential.rs` publishes of them.

use tamis::exponential::{exp, sigmoid, tanh};
use tamis_host::pool;
use tamis_tests::exponential::{Exp, Found, Function, Piece, Sigmoid, Tanh, error, measure};

/// `F` is within its bound, in its range, and never steps back.
fn holds<F: Function>(pieces: &[Piece]) -> Found {
    let found = measure::<F>(pieces);
    let name = F::NAME;
    assert!(found.worst <= F::BOUND, "{name} is {} ulp off at {:e}", found.worst, found.at);
    assert!(found.steps_back.is_none(), "{name} steps back at {:e}", found.steps_back.unwrap_or_default());
    assert!(
        found.out_of_range.is_none(),
        "{name} leaves its range at {:e}",
        found.out_of_range.unwrap_or_default()
    );
    found
}

#[test]
fn tanh_is_within_its_bound_and_monotone() {
    holds::<Tanh>(&Piece::lively());
}

#[test]
fn sigmoid_is_within_its_bound_and_monotone() {
    holds::<Sigmoid>(&Piece::lively());
}

#[test]
fn exp_is_within_its_bound_and_monotone() {
    holds::<Exp>(&Piece::lively());
}

/// -tanh x = tanh -x, bit for bit.
fn tanh_is_odd_on(mut pieces: Vec<Piece>) {
    pieces.retain(Piece::is_positive);
    let differs = |x: &f32| (-tanh(*x)).to_bits() != tanh(-x).to_bits();
    let found = pool::map(&pieces, |piece| piece.numbers().find(differs));
    assert_eq!(found.into_iter().flatten().next(), None);
}

#[test]
fn tanh_is_odd() {
    tanh_is_odd_on(Piece::lively());
}

/// Every f32 there is.
#[test]
#[ignore = "minutes: cargo verify --long"]
fn everything_holds_for_every_number() {
    let all = Piece::all();
    println!("{:10}{:>10}{:>18}{:>12}{:>20}", "", "worst, ulp", "at", "bits", "correctly rounded");
    let row = |name: &str, found: Found| {
        let Found { worst, at, counted, .. } = found;
        println!("{name:10}{worst:10.4}{at:18.9e}{:12x}{:10.2} % of {counted}", at.to_bits(), found.share());
    };
    row(Tanh::NAME, holds::<Tanh>(&all));
    row(Sigmoid::NAME, holds::<Sigmoid>(&all));
    row(Exp::NAME, holds::<Exp>(&all));
    tanh_is_odd_on(all);
}

#[test]
fn a_nan_stays_one_whatever_its_bits() {
    for bits in 0x7F80_0001..=0x7FFF_FFFF_u32 {
        for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
            assert!(tanh(x).is_nan() && sigmoid(x).is_nan() && exp(x).is_nan(), "{bits:x}");
        }
    }
}

#[test]
fn zeros_and_infinities_have_their_values() {
    let bits = |f: fn(f32) -> f32| [f32::NEG_INFINITY, -0.0, 0.0, f32::INFINITY].map(|x| f(x).to_bits());
    assert_eq!(bits(tanh), [-1.0, -0.0, 0.0, 1.0].map(f32::to_bits));
    assert_eq!(bits(sigmoid), [0.0, 0.5, 0.5, 1.0].map(f32::to_bits));
    assert_eq!(bits(exp), [0.0, 1.0, 1.0, f32::INFINITY].map(f32::to_bits));
}

#[test]
fn subnormal_numbers_are_not_flushed() {
    let smallest = f32::from_bits(1);
    for x in (1..1 << 23).step_by(1009).map(f32::from_bits) {
        assert_eq!((tanh(x).to_bits(), tanh(-x).to_bits()), (x.to_bits(), (-x).to_bits()));
        assert_eq!((sigmoid(x), sigmoid(-x), exp(x), exp(-x)), (0.5, 0.5, 1.0, 1.0));
    }
    // Half the smallest number is e^-103.97208; e^88.72284 is 2^128.
    assert_eq!((exp(-103.97), sigmoid(-103.97)), (smallest, smallest));
    assert_eq!((exp(-103.98), sigmoid(-103.98)), (0.0, 0.0));
    assert!(exp(88.722_83) < f32::INFINITY);
    assert_eq!(exp(88.722_84), f32::INFINITY);
}

/// The true values are those of the library wherever it is asked, and an error is told in spacings.
#[test]
fn the_judge_is_right() {
    fn agrees<F: Function>(direct: fn(f64) -> f64) {
        for m in [1e-3, -0.02, 0.3, -1.0, 5.0, -20.0, 80.0, -104.0] {
            for d in [m / 16_384.0, -m / 20_000.0, 0.0] {
                let (found, expected) = (F::truth(F::ask(m), d), direct(m + d));
                assert!((found / expected - 1.0).abs() < 2e-14, "{} {m} {d}: {found} {expected}", F::NAME);
            }
        }
    }
    agrees::<Tanh>(f64::tanh);
    agrees::<Sigmoid>(|x| 1.0 / (1.0 + (-x).exp()));
    agrees::<Exp>(f64::exp);

    let spacing = f64::from(f32::EPSILON);
    assert_eq!(error(1.0, 1.0 + 0.75 * spacing), 0.75);
    assert_eq!(error(1.0, 1.0 - 0.5 * spacing), 1.0);
    assert_eq!(error(0.0, f64::from(f32::from_bits(1))), 1.0);
    assert_eq!((error(f32::INFINITY, 1e39), error(f32::MAX, 1e39)), (0.0, 1.0));
}
