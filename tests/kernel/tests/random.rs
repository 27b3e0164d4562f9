//! Every kind of draw, against `reference/random_vectors.py`: Python's standard library, from the contract's
//! text. And what the initial weights promise of themselves.

use std::num::NonZeroU32;

use rand_core::Rng as _;
use serde_json::Value;
use tamis::random::{self, Purpose};
use tamis::{Bias, Chain, Dense, Identity, Init, NoBias, Sampler, Seed, Tanh, task};
use tamis_test_kit::bench::Bench;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../reference/random_vectors.json")).unwrap()
}

fn list<T>(value: &Value, of: impl FnMut(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(of).collect()
}

fn word(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn long(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn purpose(number: u32) -> Purpose {
    let all = [
        Purpose::Weights,
        Purpose::Order,
        Purpose::LabelNoise,
        Purpose::Probes,
        Purpose::TaskInputs,
        Purpose::TaskNoise,
    ];
    all[number as usize - 1]
}

#[test]
fn generators_draw_what_the_contract_says() {
    for case in vectors()["generators"].as_array().unwrap() {
        let generator =
            Seed(long(&case["seed"])).generator(purpose(word(&case["purpose"])), long(&case["stream"]));
        let name = format!("{} {} {}", case["seed"], case["purpose"], case["stream"]);

        let mut of_words = generator.clone();
        assert_eq!(list(&case["words"], |_| of_words.next_u32()), list(&case["words"], word), "{name}");

        let mut of_uniforms = generator.clone();
        let uniforms = list(&case["uniforms"], |_| random::uniform(&mut of_uniforms).to_bits());
        assert_eq!(uniforms, list(&case["uniforms"], word), "{name}");

        let mut of_integers = generator.clone();
        let below =
            list(&case["bounds"], |n| random::below(&mut of_integers, NonZeroU32::new(word(n)).unwrap()));
        assert_eq!(below, list(&case["below"], word), "{name}");
    }
}

/// The angle is up to 2 pi and rounds in f32, by 2.4e-7 at most; the radius is up to 5.8.
/// The largest error seen is 9e-7.
#[test]
fn normals_are_those_of_box_and_muller() {
    for case in vectors()["generators"].as_array().unwrap() {
        let generator =
            Seed(long(&case["seed"])).generator(purpose(word(&case["purpose"])), long(&case["stream"]));
        let exact = list(&case["normals"], |normal| normal.as_f64().unwrap());
        let mut normals = vec![0.0; exact.len()];
        random::fill_normal(&mut generator.clone(), &mut normals);
        for (&normal, exact) in normals.iter().zip(&exact) {
            assert!((f64::from(normal) - exact).abs() < 1.5e-6, "{normal} {exact}");
        }
        assert_eq!(random::normal(&mut generator.clone()), normals[0]);
    }
}

#[test]
fn shuffled_orders_are_those_of_fisher_and_yates() {
    for case in vectors()["orders"].as_array().unwrap() {
        let epochs = list(&case["epochs"], |epoch| list(epoch, Value::as_u64));
        let n = epochs[0].len();
        let mut indices = vec![u16::MAX; n];
        let mut sampler = Sampler::shuffled(&mut indices, Seed(long(&case["seed"]))).unwrap();
        for epoch in epochs {
            for (place, index) in epoch.into_iter().enumerate() {
                let draw = sampler.draw();
                assert_eq!((Some(draw.index), draw.ends_epoch), (index, place + 1 == n));
            }
        }
    }
}

#[test]
fn probes_are_the_bits_of_one_draw_per_32() {
    for case in vectors()["probes"].as_array().unwrap() {
        let signs = list(&case["signs"], |sign| sign.as_i64().unwrap() as f32);
        let mut probes = vec![f32::NAN; signs.len()];
        task::probes(Seed(long(&case["seed"])), long(&case["index"]), &mut probes);
        assert_eq!(probes, signs);
    }
}

/// The deviation of n normals lies within 4 / sqrt(2 n) of the true one, relatively, but for 1 case in
/// 16,000.
#[test]
fn initial_weights_have_their_deviation_and_biases_are_zero() {
    type Net = Chain<Dense<50, 80, Tanh, Bias>, Dense<80, 60, Identity, Bias>>;
    for (init, gain) in [(Init::he(), 2.0_f64.sqrt()), (Init::scaled(1.0), 1.0), (Init::scaled(0.3), 0.3)] {
        for seed in [0, 1, u64::MAX] {
            let params = Bench::<Net>::drawn(init, Seed(seed)).params;
            let (first, second) = params.split_at(50 * 80 + 80);
            for (layer, inputs, outputs) in [(first, 50, 80), (second, 80, 60)] {
                let (weights, biases) = layer.split_at(inputs * outputs);
                let n = weights.len() as f64;
                let promised = gain / (inputs as f64).sqrt();
                let mean = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
                let deviation = (weights.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / n).sqrt();
                assert!(mean.abs() < 4.0 * promised / n.sqrt(), "{init:?} {seed}: mean {mean}");
                let error = (deviation / promised - 1.0).abs();
                assert!(error < 4.0 / (2.0 * n).sqrt(), "{init:?} {seed}: {deviation}, not {promised}");
                assert!(biases.len() == outputs && biases.iter().all(|b| b.to_bits() == 0));
            }
        }
    }
}

/// One vector of draws per layer: an odd layer drops its last sine, so that the next starts with a new pair.
#[test]
fn initial_weights_are_the_normals_of_purpose_1_layer_by_layer() {
    type Net = Chain<Dense<3, 5, Tanh, NoBias>, Dense<5, 1, Identity, NoBias>>;
    for case in vectors()["generators"].as_array().unwrap() {
        if (word(&case["purpose"]), long(&case["stream"])) != (1, 0) {
            continue;
        }
        let normals = list(&case["normals"], |normal| normal.as_f64().unwrap());
        let params = Bench::<Net>::drawn(Init::scaled(1.0), Seed(long(&case["seed"]))).params;
        let first = normals[..15].iter().map(|normal| normal / 3.0_f64.sqrt());
        let second = normals[16..21].iter().map(|normal| normal / 5.0_f64.sqrt());
        for (param, exact) in params.iter().zip(first.chain(second)) {
            assert!((f64::from(*param) - exact).abs() < 1.5e-6, "{param} {exact}");
        }
    }
}
