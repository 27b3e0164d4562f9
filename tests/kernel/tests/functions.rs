//! tanh, sigmoid and exp have the bits of their transcription, on both sides of every bound.

use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro128PlusPlus;
use tamis::exponential::{exp, sigmoid, tanh};
use tamis_test_kit::literal::exponential;

/// The bounds between two ways to a result, and the ends of the numbers.
const BOUNDS: [f32; 9] = [0.0, f32::MIN_POSITIVE, 0.625, 1.25, 52.0, 88.0, 104.0, 1e30, f32::INFINITY];

#[test]
fn functions_have_the_bits_of_their_transcription() {
    let mut random = Xoshiro128PlusPlus::seed_from_u64(8);
    let near = |bound: f32| (-3..=3).map(move |steps: i32| bound.to_bits().saturating_add_signed(steps));
    let numbers = BOUNDS.into_iter().flat_map(near).chain((0..100_000).map(|_| random.next_u32()));
    for bits in numbers {
        for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
            let functions: [(&str, f32, f32); 3] = [
                ("tanh", tanh(x), exponential::tanh(x)),
                ("sigmoid", sigmoid(x), exponential::sigmoid(x)),
                ("exp", exp(x), exponential::exp(x)),
            ];
            for (name, found, expected) in functions {
                let is_same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
                assert!(is_same, "{name} of {x:e}, {bits:08x}: {found:e}, not {expected:e}");
            }
        }
    }
}
