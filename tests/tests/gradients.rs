//! Gradients and trajectories of the kernel, against the f64 oracle of this crate; and the oracle's own
//! gradients against finite differences, so that it has an origin of its own.

use tamis::{Clip, Sgd, Shape, WeightDecay};
use tamis_tests::bench::{Bench, typed};
use tamis_tests::oracle::{Options, Oracle, Spec};
use tamis_tests::{Row, net, relative_distance, rows};

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
    const STEP: f64 = 1e-6;
    let rows = rows_for::<N>(specs, 3);
    let oracle = Oracle::new(specs, &Bench::<N>::of_numbers(1).params);
    for (index, gradient) in oracle.gradient(&rows).flat().into_iter().enumerate() {
        let loss_at = |change| {
            let mut nudged = oracle.clone();
            nudged.nudge(index, change);
            nudged.loss(&rows)
        };
        let slope = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
        assert!(
            (slope - gradient).abs() < 1e-7 * (1.0 + gradient.abs()),
            "{specs:?} {index}: {slope} {gradient}"
        );
    }
}

#[test]
fn the_oracle_is_right() {
    for_every_net!(the_oracle_agrees_with_finite_differences);
}

/// Relative to the norm of the gradient. One rounding of f32 is up to 6e-8, sums have up to 18 terms, and
/// y - t may cancel; the largest distance seen is 1.3e-6.
fn the_kernel_agrees_with_the_oracle<N: Shape>(specs: &[Spec]) {
    for seed in 0..5 {
        let bench = Bench::<N>::of_numbers(seed);
        let oracle = Oracle::new(specs, &bench.params);
        for n in [1, 2, 7] {
            let rows = rows_for::<N>(specs, n);
            let distance = relative_distance(&bench.mean_gradient(&rows), &oracle.gradient(&rows).flat());
            assert!(distance < 2e-6, "{specs:?}: seed {seed}, {n} rows: {distance:e}");
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

fn sgd(options: &Options) -> Sgd {
    let mut sgd = Sgd::new(options.eta as f32).unwrap();
    if let Some(bound) = options.clip {
        sgd = sgd.clip(Clip::Norm(bound as f32)).unwrap();
    }
    if let Some(decay) = options.decay {
        sgd = sgd.weight_decay(WeightDecay::coupled(decay as f32)).unwrap();
    }
    if let Some((at, factor)) = options.drop {
        sgd = sgd.final_drop(at, factor as f32).unwrap();
    }
    sgd
}

/// 400 updates with every combination of options stay near the oracle's: the largest distance seen is 1.5e-6.
fn trajectories_agree<N: Shape>(specs: &[Spec]) {
    const UPDATES: u32 = 400;
    let rows = rows_for::<N>(specs, 20);
    let start = Bench::<N>::of_numbers(3);
    for clip in [None, Some(0.125)] {
        for decay in [None, Some(0.015625)] {
            for drop in [None, Some((300, 0.25))] {
                let options = Options { eta: 0.03125, clip, decay, drop };
                for batch in [1, 7, 20] {
                    let (mut bench, mut oracle) = (start.copy(), Oracle::new(specs, &start.params));
                    bench.train(&rows, batch, &sgd(&options), UPDATES);
                    oracle.train(&rows, batch, &options, UPDATES);
                    let distance = relative_distance(&bench.params, &oracle.flat());
                    assert!(distance < 2e-6, "{specs:?}, batch {batch}, {options:?}: {distance:e}");
                }
            }
        }
    }
}

#[test]
fn trajectories_with_every_option_stay_near_the_oracle() {
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
