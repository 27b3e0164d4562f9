//! Losses, gradients and trainings of the kernel, against PyTorch: `reference/torch_vectors.py`, in float64.

use serde_json::Value;
use tamis::{Bias, Chain, Clip, Dense, Identity, NoBias, Relu, Sgd, Shape, Tanh, WeightDecay};
use tamis_test_kit::bench::Bench;
use tamis_test_kit::reference::{self, flat, narrow, numbers};
use tamis_test_kit::relative_distance;

type TanhNet = Chain<Dense<15, 16, Tanh, Bias>, Dense<16, 4, Identity, Bias>>;
type LinearNet = Chain<Dense<6, 8, Identity, NoBias>, Dense<8, 1, Identity, NoBias>>;
type ReluNet = Chain<Dense<5, 7, Relu, Bias>, Dense<7, 3, Identity, Bias>>;

/// Relative to the norm of all numbers together. One rounding of f32 is up to 6e-8; the
/// largest distance seen is 1.3e-7.
const BOUND: f64 = 4e-7;

fn settings(training: &Value) -> Sgd {
    let option = |name: &str| training.get(name).map(|value| value.as_f64().unwrap() as f32);
    let sgd = Sgd::new(option("eta").unwrap()).unwrap();
    let sgd = option("clip").map_or(sgd, |bound| sgd.clip(Clip::Norm(bound)).unwrap());
    option("decay").map_or(sgd, |lambda| sgd.weight_decay(WeightDecay::coupled(lambda)).unwrap())
}

fn agrees_with_torch<N: Shape>(name: &str) {
    let vectors: Value = serde_json::from_str(include_str!("../../reference/torch_vectors.json")).unwrap();
    let updates = vectors["updates"].as_u64().unwrap() as u32;
    let net = vectors["nets"].as_array().unwrap().iter().find(|net| net["name"] == name).unwrap();
    let widths: Vec<usize> = numbers(&net["widths"]).iter().map(|&width| width as usize).collect();
    let rows = reference::rows(&net["inputs"], &net["targets"]);
    let start = Bench::<N>::new(&narrow(&flat(&net["initial"], &widths)));

    let loss = start.copy().batch_loss(&rows, &Sgd::new(1.0).unwrap());
    let distance = relative_distance(&[loss], &[net["loss"].as_f64().unwrap()]);
    assert!(distance < BOUND, "{name}, loss: {distance:e}");

    let gradient = start.mean_gradient(&rows);
    let distance = relative_distance(&gradient, &flat(&net["gradient"], &widths));
    assert!(distance < BOUND, "{name}, gradient: {distance:e}");

    for training in net["trainings"].as_array().unwrap() {
        let mut bench = start.copy();
        let batch = training["batch"].as_u64().unwrap() as usize;
        bench.train(&rows, batch, &settings(training), updates);
        let after = flat(&training["after"], &widths);
        let distance = relative_distance(&bench.params, &after);
        assert!(distance < BOUND, "{name}, {}: {distance:e}", training["name"]);
        assert!(
            relative_distance(&start.params, &after) > 0.01,
            "{name}, {}: nothing moved",
            training["name"]
        );
    }
}

#[test]
fn tanh_with_bias() {
    agrees_with_torch::<TanhNet>("tanh");
}

#[test]
fn linear_without_bias() {
    agrees_with_torch::<LinearNet>("linear");
}

#[test]
fn relu_with_bias() {
    agrees_with_torch::<ReluNet>("relu");
}

/// Twenty updates with another setting are another training: the vectors tell them apart.
#[test]
fn the_trainings_differ_from_each_other() {
    let vectors: Value = serde_json::from_str(include_str!("../../reference/torch_vectors.json")).unwrap();
    for net in vectors["nets"].as_array().unwrap() {
        let after: Vec<_> =
            net["trainings"].as_array().unwrap().iter().map(|t| numbers(&t["after"]["0.weight"])).collect();
        for (k, one) in after.iter().enumerate() {
            for other in &after[..k] {
                assert!(relative_distance(&narrow(one), other) > 1000.0 * BOUND);
            }
        }
    }
}
