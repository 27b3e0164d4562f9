//! Whole trainings with every option that PyTorch defines, against it: `reference/torch_options.py`, in float64.

use serde_json::Value;
use tamis::{AnyActivation, AnyLoss, Base, Clip, Huber, LayerSpec, Layers, Sgd, WeightDecay};
use tamis_test_kit::bench::Listed;
use tamis_test_kit::reference::{flat, narrow, numbers, rows};
use tamis_test_kit::relative_distance;

/// Relative to the norm of all parameters together. One rounding of f32 is up to 6e-8; the largest distance seen is
/// 3.0e-7.
const BOUND: f64 = 5e-7;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../reference/torch_options.json")).unwrap()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap()
}

fn layers(net: &Value) -> Layers {
    let activation = AnyActivation::ALL.into_iter().find(|each| each.name() == net["activation"]).unwrap();
    let widths: Vec<u16> = numbers(&net["widths"]).into_iter().map(|width| width as u16).collect();
    let mut specs: Vec<_> = widths[1..].iter().map(|&outputs| LayerSpec::new(outputs, activation)).collect();
    specs.last_mut().unwrap().activation = AnyActivation::Identity;
    specs.iter_mut().for_each(|spec| spec.has_bias = net["bias"] == true);
    Layers::new(widths[0], &specs).unwrap()
}

fn loss(name: &str, bound: f32) -> AnyLoss {
    match name {
        "mse" => AnyLoss::Mse,
        "huber" => AnyLoss::Huber(Huber::new(bound).unwrap()),
        "binary" => AnyLoss::BinaryCrossEntropy,
        "softmax" => AnyLoss::SoftmaxCrossEntropy,
        other => panic!("{other}"),
    }
}

/// The settings of a training, and mu.
fn settings(training: &Value) -> (Sgd, Option<f32>) {
    let known =
        ["loss", "batch", "eta", "momentum", "decay", "decay_biases", "decoupled", "clip_value", "clip_norm"];
    let known = [&known[..], &["warm_up", "step_decay", "cosine", "drop", "after"]].concat();
    assert!(
        training.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())),
        "an unknown option"
    );
    let number = |key: &str| training.get(key).map(|value| value.as_f64().unwrap() as f32);
    let pair =
        |key: &str| training.get(key).map(|value| (numbers(value)[0] as u32, numbers(value)[1] as f32));
    let mut sgd = Sgd::new(number("eta").unwrap()).unwrap();
    if let Some(bound) = number("clip_value") {
        sgd = sgd.clip(Clip::Value(bound)).unwrap();
    }
    if let Some(bound) = number("clip_norm") {
        sgd = sgd.clip(Clip::Norm(bound)).unwrap();
    }
    if let Some(lambda) = number("decay") {
        let is_decoupled = training.get("decoupled").is_some();
        let decay = if is_decoupled { WeightDecay::decoupled(lambda) } else { WeightDecay::coupled(lambda) };
        sgd = sgd.weight_decay(number("decay_biases").map_or(decay, |lambda| decay.biases(lambda))).unwrap();
    }
    if let Some(updates) = number("warm_up") {
        sgd = sgd.warm_up(updates as u32).unwrap();
    }
    if let Some((every, factor)) = pair("step_decay") {
        sgd = sgd.base(Base::StepDecay { every, factor }).unwrap();
    }
    if let Some(over) = number("cosine") {
        sgd = sgd.base(Base::Cosine { over: over as u32 }).unwrap();
    }
    if let Some((at, factor)) = pair("drop") {
        sgd = sgd.final_drop(at, factor).unwrap();
    }
    (sgd, number("momentum"))
}

#[test]
fn trainings_are_those_of_pytorch() {
    let vectors = vectors();
    let updates = vectors["updates"].as_u64().unwrap() as u32;
    let mut compared = 0;
    for net in list(&vectors, "nets") {
        let layers = layers(net);
        let widths: Vec<usize> = numbers(&net["widths"]).iter().map(|&width| width as usize).collect();
        let initial = narrow(&flat(&net["initial"], &widths));
        for training in list(net, "trainings") {
            let name = training["loss"].as_str().unwrap();
            let rows = rows(&net["inputs"], &net["targets"][name]);
            let loss = loss(name, vectors["huber"].as_f64().unwrap() as f32);
            let mut bench = Listed::new(&layers, loss, &initial);
            let (sgd, mu) = settings(training);
            bench.train(&rows, training["batch"].as_u64().unwrap() as usize, sgd, mu, updates);
            let after = flat(&training["after"], &widths);
            let distance = relative_distance(&bench.params, &after);
            let mut options = training.clone();
            options.as_object_mut().unwrap().remove("after");
            assert!(distance < BOUND, "{layers}, {options}: {distance:e}");
            assert!(relative_distance(&initial, &after) > 0.005, "{layers}, {options}: nothing moved");
            compared += 1;
        }
    }
    // Three networks, fifteen options with two losses each, plain with four losses at two lengths of batch.
    assert_eq!(compared, 3 * (15 * 2 + 4 * 2));
}

/// Trainings with other options end apart, so that the bound tells them from each other.
#[test]
fn the_options_differ_from_each_other() {
    let vectors = vectors();
    for net in list(&vectors, "nets") {
        let widths: Vec<usize> = numbers(&net["widths"]).iter().map(|&width| width as usize).collect();
        let ends: Vec<_> = list(net, "trainings").iter().map(|each| flat(&each["after"], &widths)).collect();
        for (k, end) in ends.iter().enumerate() {
            for other in &ends[..k] {
                assert!(relative_distance(&narrow(end), other) > 100.0 * BOUND);
            }
        }
    }
}
