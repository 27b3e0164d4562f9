//! Gradients and trajectories of the kernel, against the f64 oracle of this crate; and the oracle's own
//! gradients against finite differences, so that it has an origin of its own.

use tamis::{AnyActivation, AnyLoss, Clip, Huber, LayerSpec, Layers, Sgd, Shape, WeightDecay};
use tamis_test_kit::bench::{Bench, Listed, typed};
use tamis_test_kit::oracle::{self, Decay, Options, Oracle, Spec};
use tamis_test_kit::{Row, net, relative_distance, rows, specs_of, with_targets_for};

/// Calls `$check::<N>(&specs)` for every network of the matrix.
macro_rules! for_every_net {
    ($check:ident) => {
        for_every_net!($check:
            1 1 Identity NoBias; 3 1 Identity Bias; 4 4 Tanh NoBias; 17 5 Relu Bias; 5 17 Tanh Bias;
            8 8 Relu NoBias; 6 9 LeakyRelu NoBias; 9 6 Sigmoid Bias;
            12 7 LeakyRelu Bias, 7 10 Sigmoid NoBias, 10 3 Identity Bias;
            2 3 Tanh Bias, 3 1 Identity Bias;
            6 8 Identity NoBias, 8 1 Identity NoBias;
            15 16 Tanh Bias, 16 4 Identity Bias;
            5 7 Relu Bias, 7 3 Identity Bias;
            9 13 Relu NoBias, 13 2 Tanh NoBias;
            1 17 Tanh NoBias, 17 6 Relu Bias;
            7 9 Tanh Bias, 9 11 Relu NoBias, 11 5 Identity Bias;
            16 3 Identity Bias, 3 12 Tanh NoBias, 12 1 Identity NoBias;
            4 10 Relu Bias, 10 7 Relu Bias, 7 14 Tanh Bias, 14 2 Identity Bias;
            3 15 Tanh NoBias, 15 1 Identity Bias, 1 6 Tanh Bias, 6 17 Identity NoBias
        )
    };
    ($check:ident: $($($i:tt $o:tt $f:tt $b:tt),+);+) => {
        $($check::<net!(type $($i $o $f $b),+)>(&net!(list $($i $o $f $b),+));)+
    };
}

fn rows_for<N: Shape>(specs: &[Spec], n: usize) -> Vec<Row> {
    rows(N::PARAMS as u64, n, specs[0].inputs, specs[specs.len() - 1].outputs)
}

fn the_oracle_agrees_with_finite_differences<N: Shape>(specs: &[Spec]) {
    let oracle = Oracle::new(specs, &Bench::<N>::of_numbers(1).params);
    assert_finite_differences(&oracle, &rows_for::<N>(specs, 3), &format!("{specs:?}"));
}

fn assert_finite_differences(oracle: &Oracle, rows: &[Row], name: &str) {
    const STEP: f64 = 1e-6;
    for (index, gradient) in oracle.gradient(rows).flat().into_iter().enumerate() {
        let loss_at = |change| {
            let mut nudged = oracle.clone();
            nudged.nudge(index, change);
            nudged.loss(rows)
        };
        let slope = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
        assert!(
            (slope - gradient).abs() < 1e-7 * (1.0 + gradient.abs()),
            "{name} {index}: {slope} {gradient}"
        );
    }
}

#[test]
fn the_oracle_is_right() {
    for_every_net!(the_oracle_agrees_with_finite_differences);
}

/// Relative to the norm of the gradient. One rounding of f32 is up to 6e-8, sums have up to 18 terms, and
/// y - t may cancel: the largest distance seen is 2.0e-6, where it does, and a correctly rounded tanh has it too.
fn the_kernel_agrees_with_the_oracle<N: Shape>(specs: &[Spec]) {
    for seed in 0..5 {
        let bench = Bench::<N>::of_numbers(seed);
        let oracle = Oracle::new(specs, &bench.params);
        for n in [1, 2, 7] {
            let rows = rows_for::<N>(specs, n);
            let distance = relative_distance(&bench.mean_gradient(&rows), &oracle.gradient(&rows).flat());
            assert!(distance < 3e-6, "{specs:?}: seed {seed}, {n} rows: {distance:e}");
        }
        let (x, target) = typed::<N>(&rows_for::<N>(specs, 1)[0]);
        let loss = bench.copy().model().evaluate(&x, &target).unwrap();
        let exact = oracle.loss(&rows_for::<N>(specs, 1));
        assert!(relative_distance(&[loss], &[exact]) < 1e-5, "{specs:?}: {loss} {exact}");
    }
}

#[test]
fn gradients_are_right() {
    for_every_net!(the_kernel_agrees_with_the_oracle);
}

/// Every loss, with the oracle's.
fn losses() -> [(AnyLoss, oracle::Loss); 5] {
    let huber = |d: f32| (AnyLoss::Huber(Huber::new(d).unwrap()), oracle::Loss::Huber(d.into()));
    [
        (AnyLoss::Mse, oracle::Loss::Mse),
        huber(0.75),
        huber(3.0),
        (AnyLoss::BinaryCrossEntropy, oracle::Loss::BinaryCrossEntropy),
        (AnyLoss::SoftmaxCrossEntropy, oracle::Loss::SoftmaxCrossEntropy),
    ]
}

/// Every activation in one to four layers, the last with it or without, with biases or without.
fn layers_of(activation: AnyActivation) -> Vec<Layers> {
    let widths = [9, 6, 8, 3];
    let mut all = Vec::new();
    for depth in 1..=4 {
        for last in [activation, AnyActivation::Identity] {
            for without_bias in 0..2 {
                let mut specs: Vec<_> =
                    widths[4 - depth..].iter().map(|&outputs| LayerSpec::new(outputs, activation)).collect();
                specs[depth - 1].activation = last;
                specs.iter_mut().skip(without_bias).step_by(2).for_each(|spec| spec.has_bias = false);
                all.push(Layers::new(5, &specs).unwrap());
            }
        }
    }
    all
}

/// As [`the_kernel_agrees_with_the_oracle`]. Where the softmax is sure of the right class, e/sum - 1 cancels: the largest
/// distance seen is 2.6e-6, of the other losses 7.7e-7.
#[test]
fn gradients_are_right_for_every_activation_and_loss() {
    let (mut checked, mut dead) = (0, 0);
    for activation in AnyActivation::ALL {
        for layers in layers_of(activation) {
            for (loss, exact) in losses() {
                if loss.check_layers(&layers).is_err() {
                    continue; // it takes logits
                }
                let bench = Listed::of_numbers(&layers, loss, 7);
                let oracle = Oracle::new(&specs_of(&layers), &bench.params).with_loss(exact);
                let name = format!("{layers}, {}, {loss:?}", activation.name());
                for n in [1, 2, 7] {
                    let rows = with_targets_for(&loss, rows(n as u64, n, 5, 3));
                    assert_finite_differences(&oracle, &rows, &name);
                    let (found, exact) = (bench.mean_gradient(&rows), oracle.gradient(&rows).flat());
                    if exact.iter().all(|&g| g == 0.0) {
                        dead += 1; // no unit of the last layer is over zero
                        assert!(found.iter().all(|&g| g == 0.0), "{name}, {n} rows");
                    } else {
                        let distance = relative_distance(&found, &exact);
                        assert!(distance < 4e-6, "{name}, {n} rows: {distance:e}");
                    }
                    let of_one = bench.copy().model().evaluate_slices(&rows[0].x, &rows[0].target).unwrap();
                    assert!(relative_distance(&[of_one], &[oracle.loss(&rows[..1])]) < 1e-5, "{name}");
                    checked += 1;
                }
            }
        }
    }
    // 5 activations, 4 depths, 2 kinds of biases, 3 sizes: the last layer has the activation for 3 losses, the identity
    // for 5. Where the activation is the identity, both are.
    assert_eq!(checked, 5 * 4 * 2 * 3 * (3 + 5) + 4 * 2 * 3 * (5 - 3));
    assert!(dead < checked / 50, "{dead} of {checked}");
}

/// w - (eta d) x rounds three times: the two products, half a unit each of eta g, and the difference.
fn a_step_descends<N: Shape>(specs: &[Spec]) {
    const ETA: f32 = 0.05;
    const HALF_UNIT: f64 = 1.0 / 16_777_216.0;
    let mut bench = Bench::<N>::of_numbers(2);
    let before = bench.params.clone();
    let rows = rows_for::<N>(specs, 1);
    let gradient = bench.mean_gradient(&rows);
    bench.train(&rows, 1, &Sgd::new(ETA).unwrap(), 1);
    for ((&after, before), g) in bench.params.iter().zip(before).zip(gradient) {
        let change = f64::from(ETA) * f64::from(g);
        let error = (f64::from(after) - (f64::from(before) - change)).abs();
        // The stored gradient d x has rounded once too.
        let bound = HALF_UNIT * (f64::from(after).abs() + 3.01 * change.abs());
        assert!(error <= bound, "{specs:?}: {error:e} > {bound:e}");
    }
}

#[test]
fn a_batch_of_one_changes_parameters_by_eta_times_the_gradient() {
    for_every_net!(a_step_descends);
}

/// 400 updates with every combination of options stay near the oracle's: the largest distance seen is 1.5e-6.
fn trajectories_agree<N: Shape>(specs: &[Spec]) {
    const UPDATES: u32 = 400;
    let rows = rows_for::<N>(specs, 20);
    let start = Bench::<N>::of_numbers(3);
    for combination in 0..8 {
        let is_on = |option: usize| combination >> option & 1 == 1;
        let mut sgd = Sgd::new(0.03125).unwrap();
        let mut options = Options::plain(0.03125);
        if is_on(0) {
            sgd = sgd.clip(Clip::Norm(0.125)).unwrap();
            options.clip = Some(oracle::Clip::Norm(0.125));
        }
        if is_on(1) {
            sgd = sgd.weight_decay(WeightDecay::coupled(0.015625)).unwrap();
            options.decay = Decay { weights: [0.015625; 3], ..Decay::default() };
        }
        if is_on(2) {
            sgd = sgd.final_drop(300, 0.25).unwrap();
            options.drop = Some((300, 0.25));
        }
        for batch in [1, 7, 20] {
            let (mut bench, mut oracle) = (start.copy(), Oracle::new(specs, &start.params));
            bench.train(&rows, batch, &sgd, UPDATES);
            oracle.train(&rows, batch, &options, UPDATES);
            let distance = relative_distance(&bench.params, &oracle.flat());
            assert!(distance < 2e-6, "{specs:?}, batch {batch}, {options:?}: {distance:e}");
        }
    }
}

#[test]
fn trajectories_of_typed_networks_stay_near_the_oracle() {
    trajectories_agree::<net!(type 6 8 Identity NoBias, 8 1 Identity NoBias)>(
        &net!(list 6 8 Identity NoBias, 8 1 Identity NoBias),
    );
    trajectories_agree::<net!(type 15 16 Tanh Bias, 16 4 Identity Bias)>(
        &net!(list 15 16 Tanh Bias, 16 4 Identity Bias),
    );
    trajectories_agree::<net!(type 5 7 Relu Bias, 7 9 Tanh NoBias, 9 3 Identity Bias)>(
        &net!(list 5 7 Relu Bias, 7 9 Tanh NoBias, 9 3 Identity Bias),
    );
}
