//! The kernel against a second transcription of the arithmetic contract, bit for bit: every parameter after every
//! update, every loss, initial weights, orders, digests, standardised inputs.

use tamis::{
    Clip, Data, Init, Lent, Mse, Plan, Rule, Sampler, Seed, Sgd, Shape, Standardise, Target, Task,
    WeightDecay, task::TEST_ROWS,
};
use tamis_tests::bench::{Bench, typed};
use tamis_tests::literal::{Chain, Literal, Settings, Start, Welford, mean, shuffled};
use tamis_tests::oracle::Spec;
use tamis_tests::{Row, bits, net, numbers, rows};

/// Calls `$check::<N>(&specs)` for every network of the matrix.
macro_rules! for_every_net {
    ($check:ident) => {
        for_every_net!($check:
            1 1 Identity Bias; 1 1 Identity NoBias; 5 3 Identity NoBias; 6 4 Relu Bias; 4 6 LeakyRelu Bias; 7 3 Sigmoid NoBias; 3 17 Tanh Bias;
            17 2 Tanh NoBias; 13 9 Relu NoBias;
            6 8 Identity NoBias, 8 1 Identity NoBias;
            8 16 Tanh Bias, 16 1 Identity Bias;
            5 11 Relu Bias, 11 3 Identity NoBias;
            17 1 Tanh NoBias, 1 17 Relu Bias;
            9 11 LeakyRelu NoBias, 11 6 Sigmoid Bias, 6 2 Identity Bias;
            7 9 Tanh Bias, 9 12 Relu NoBias, 12 5 Identity Bias;
            10 3 Identity Bias, 3 14 Tanh NoBias, 14 2 Tanh Bias;
            4 10 Relu Bias, 10 7 Identity NoBias, 7 13 Tanh Bias, 13 2 Identity Bias;
            2 15 Tanh NoBias, 15 1 Identity Bias, 1 6 Relu Bias, 6 4 Identity NoBias
        )
    };
    ($check:ident: $($($i:tt $o:tt $f:tt $b:tt),+);+) => {
        $($check::<net!(type $($i $o $f $b),+)>(&net!(list $($i $o $f $b),+));)+
    };
}

/// More than the final drop needs, and several epochs of every batch.
const UPDATES: usize = 200;
const ROWS: usize = 23;

/// Some rows hold what rounds or compares in a way of its own: zeros of either sign, a subnormal, the ends of a
/// wide range.
fn rows_for(specs: &[Spec]) -> Vec<Row> {
    let (inputs, outputs) = (specs[0].inputs, specs[specs.len() - 1].outputs);
    let mut rows = rows(5, ROWS, inputs, outputs);
    rows[4].x.fill(0.0);
    rows[9].x.fill(-0.0);
    rows[9].target.fill(-0.0);
    rows[12].x[inputs / 2] = 1e-41;
    rows[15].x[inputs - 1] = 2.5;
    rows[20].x[0] = -3e-20;
    rows
}

/// Parameters that look random, and every seventh is -0.0.
fn start<N: Shape>() -> Bench<N> {
    let mut params = numbers(3, N::PARAMS);
    params.iter_mut().step_by(7).for_each(|param| *param = -0.0);
    Bench::new(&params)
}

/// No number is a power of two, so that every product rounds.
fn combinations() -> impl Iterator<Item = Settings> {
    let switch = |bit: usize| move |combination: usize| combination >> bit & 1 == 1;
    let (clip, decay, drop) = (switch(0), switch(1), switch(2));
    (0..8).map(move |combination| Settings {
        eta: 0.013,
        clip: clip(combination).then_some(0.7),
        decay: decay(combination).then_some(0.011),
        drop: drop(combination).then_some((90, 0.2)),
    })
}

fn sgd(settings: &Settings) -> Sgd {
    let mut sgd = Sgd::new(settings.eta).unwrap();
    if let Some(bound) = settings.clip {
        sgd = sgd.clip(Clip::Norm(bound)).unwrap();
    }
    if let Some(decay) = settings.decay {
        sgd = sgd.weight_decay(WeightDecay::coupled(decay)).unwrap();
    }
    if let Some((from, factor)) = settings.drop {
        sgd = sgd.final_drop(from, factor).unwrap();
    }
    sgd
}

fn one_by_one<N: Shape>(specs: &[Spec]) {
    let rows = rows_for(specs);
    for settings in combinations() {
        let mut bench = start::<N>();
        let mut literal = Literal::new(specs, &bench.params);
        let (mut model, sgd) = (bench.model(), sgd(&settings));
        for (update, row) in rows.iter().cycle().take(UPDATES).enumerate() {
            let (x, target) = typed::<N>(row);
            let loss = model.step(&x, &target, &sgd).unwrap();
            let at = || format!("{specs:?}, {settings:?}, update {update}");
            assert_eq!(loss.to_bits(), literal.step(row, &settings).to_bits(), "loss: {}", at());
            assert_eq!(bits(model.params()), bits(&literal.flat()), "{}", at());
        }
    }
}

#[test]
fn every_update_of_a_batch_of_one() {
    for_every_net!(one_by_one);
}

/// 23 rows: the last batch of 3 has two, of 7 too, and the full set is less than the 32 it declares.
fn in_batches<N: Shape>(specs: &[Spec]) {
    let rows = rows_for(specs);
    for settings in combinations() {
        for length in [3, 7, 32] {
            let mut bench = start::<N>();
            let mut literal = Literal::new(specs, &bench.params);
            let (mut model, mut batch) = bench.model_and_batch(length as u32);
            let sgd = sgd(&settings);
            for (update, rows) in rows.chunks(length).cycle().take(UPDATES).enumerate() {
                let at = || format!("{specs:?}, {settings:?}, batch of {length}, update {update}");
                for row in rows {
                    let (x, target) = typed::<N>(row);
                    let loss = model.accumulate(&x, &target, &mut batch).unwrap();
                    assert_eq!(loss.to_bits(), literal.evaluate(row).to_bits(), "loss of a row: {}", at());
                }
                let loss = model.apply(&mut batch, &sgd).unwrap();
                assert_eq!(loss.to_bits(), literal.batch(rows, &settings).to_bits(), "loss: {}", at());
                assert_eq!(bits(model.params()), bits(&literal.flat()), "{}", at());
            }
        }
    }
}

#[test]
fn every_update_of_longer_batches() {
    for_every_net!(in_batches);
}

/// With parameters that are all -0.0 too: a sum that starts elsewhere than at +0.0 shows.
fn outputs<N: Shape>(specs: &[Spec]) {
    for params in [numbers(8, N::PARAMS), vec![-0.0; N::PARAMS]] {
        let literal = Literal::new(specs, &params);
        let mut bench = Bench::<N>::new(&params);
        for row in rows_for(specs) {
            let y = bench.model().predict(&typed::<N>(&row).0);
            assert_eq!(bits(y.as_ref()), bits(&literal.predict(&row.x)), "{specs:?}, {row:?}");
        }
    }
}

#[test]
fn every_output() {
    for_every_net!(outputs);
}

fn initial_weights<N: Shape>(specs: &[Spec]) {
    for seed in [0, 1, u64::MAX].map(Seed) {
        for (init, start) in [
            (Init::he(), Start::He),
            (Init::scaled(1.0), Start::Scaled(1.0)),
            (Init::scaled(0.37), Start::Scaled(0.37)),
        ] {
            let literal = Literal::drawn(specs, start, seed).flat();
            assert_eq!(bits(&Bench::<N>::drawn(init, seed).params), bits(&literal), "{specs:?}, {init:?}");
        }
    }
}

#[test]
fn every_initial_weight() {
    for_every_net!(initial_weights);
}

#[test]
fn every_order() {
    for n in [1, 2, 3, 10, 64, 1000] {
        for seed in [0, 7].map(Seed) {
            let mut indices = vec![0; n];
            let mut sampler = Sampler::shuffled(&mut indices, seed).unwrap();
            for epoch in 0..5 {
                let order: Vec<u64> = (0..n).map(|_| sampler.draw().index).collect();
                let literal: Vec<u64> = shuffled(n as u32, seed, epoch).into_iter().map(u64::from).collect();
                assert_eq!(order, literal, "{n} rows, {seed:?}, epoch {epoch}");
            }
        }
    }
}

type Whole = net!(type 6 8 Tanh Bias, 8 2 Identity NoBias);

/// A plan from the first weight to the test loss, the digest after every update.
fn whole_training(data: Data, batch: usize, settings: Settings) {
    let seed = Seed(11);
    let task = Task::plain(Target::Sine, 5, 2, 0.3, Seed(12));
    let (init, rule) = (Init::scaled(1.1), Rule::Gap { least: 3.0 });
    let plan = Plan {
        seed,
        task,
        data,
        standardise: None,
        label_noise: None,
        init,
        batch: batch as u32,
        sgd: sgd(&settings),
        momentum: None,
        pressed: None,
        updates: UPDATES as u32,
        rule,
    };
    let row = |index: u64, of_the_test: bool| {
        let mut x = vec![0.0; 6];
        let target = if of_the_test { task.test_row(index, &mut x) } else { task.row(index, &mut x) };
        Row { x, target: vec![target; 2] }
    };

    let mut literal =
        Literal::drawn(&net!(list 6 8 Tanh Bias, 8 2 Identity NoBias), Start::Scaled(1.1), seed);
    let mut chain = Chain::default();
    // Batches in the order of the plan; none crosses an epoch.
    let epoch = |epoch: u64| -> Vec<u64> {
        match data {
            Data::Stream => (0..batch as u64).map(|k| epoch * batch as u64 + k).collect(),
            Data::Sequential(n) => (0..u64::from(n)).collect(),
            Data::Shuffled(n) => shuffled(n.into(), seed, epoch).into_iter().map(u64::from).collect(),
            Data::Keyed(_) | Data::WithReplacement(_) | Data::Ring { .. } => panic!("see orders.rs"),
        }
    };
    let batches = (0..).flat_map(|e| epoch(e).chunks(batch).map(<[u64]>::to_vec).collect::<Vec<_>>());

    let (mut arena, mut indices) = (vec![0.0; plan.ram::<Whole>().total() / 4], [0; ROWS]);
    let lent = Lent { arena: &mut arena, indices: &mut indices };
    let mut trainer = plan.start::<Whole, _, _>(Mse, lent, task).unwrap();
    for (update, batch_of) in batches.take(UPDATES).enumerate() {
        let rows: Vec<Row> = batch_of.into_iter().map(|index| row(index, false)).collect();
        let loss = match batch {
            1 => literal.step(&rows[0], &settings),
            _ => literal.batch(&rows, &settings),
        };
        chain.step(&literal.flat());
        let at = format!("{data:?}, batch of {batch}, {settings:?}, update {update}");
        assert_eq!(trainer.update().unwrap().loss.to_bits(), loss.to_bits(), "loss: {at}");
        assert_eq!(trainer.digest(), chain.0, "digest: {at}");
    }
    let losses: Vec<f32> = (0..TEST_ROWS).map(|index| literal.evaluate(&row(index, true))).collect();
    assert_eq!(trainer.test_loss(&task).unwrap().to_bits(), mean(&losses).to_bits());
}

#[test]
fn every_digest_of_a_whole_training() {
    let n = ROWS as u16;
    for settings in combinations() {
        for batch in [1, 3, 7, ROWS] {
            for data in [Data::Stream, Data::Sequential(n), Data::Shuffled(n)] {
                whole_training(data, batch, settings);
            }
        }
    }
}

#[test]
fn every_standardised_input() {
    for until in [1, 2, 3, 50, 1000] {
        let row = |row: &[f32]| [row[0], 100.0 * row[1] + 20.0, 1e-22 * row[2], 3.0 * row[3] - 50.0, 7.25];
        let rows: Vec<[f32; 5]> = numbers(11, 4 * 1000).chunks(4).map(row).collect();
        let mut memory = [0.0; 2 * 5];
        let (mut standardise, mut literal) =
            (Standardise::new(&mut memory, 5, until).unwrap(), Welford::new(5));
        for x in &rows[..until as usize] {
            standardise.observe(x).unwrap();
            literal.observe(x);
        }
        for x in rows {
            standardise.observe(&x).unwrap(); // frozen: nothing changes
            let mut scaled = x;
            assert!(standardise.apply(&mut scaled));
            assert_eq!(bits(&scaled), bits(&literal.apply(&x)), "frozen after {until}: {x:?}");
        }
    }
}
