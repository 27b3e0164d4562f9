//! The kernel against a second transcription of the arithmetic contract, bit for bit: every parameter after every
//! update, every loss, initial weights, orders, digests, standardised inputs.

use tamis::momentum::Method;
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Data, Growing, Huber, Init, LayerSpec, Layers, Lent, Momentum, Mse,
    Plan, Pressed, Proximal, Rule, Sampler, Seed, Sgd, Shape, Standardise, Target, Task, WeightDecay,
    wire::Training,
};
use tamis_bits::{Golden, golden};
use tamis_test_kit::bench::{Bench, typed};
use tamis_test_kit::literal::{Literal, Literally, Loss, Settings, Start, Welford, assert_literal, order};
use tamis_test_kit::oracle::Spec;
use tamis_test_kit::{Row, bits, net, numbers, rows, with_targets_for};

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
const UPDATES: usize = 100;
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

/// Settings, with mu.
#[derive(Clone, Copy, Debug)]
struct Combination(Sgd, Option<f32>);

impl Combination {
    fn literal(self) -> Settings {
        let Self(sgd, mu) = self;
        let settings = Settings::of(&sgd);
        if let Some(mu) = mu { settings.with_momentum(mu) } else { settings }
    }

    /// What makes updates of network `N`.
    fn method<N: Shape>(self, velocity: &mut [f32]) -> Method<'_, N> {
        let Self(sgd, mu) = self;
        match mu {
            None => Method::Plain(sgd),
            Some(mu) => Method::Momentum(Momentum::over(&N::default(), sgd, mu, velocity).unwrap()),
        }
    }
}

/// No number is a power of two, so that every product rounds.
fn combinations() -> Vec<Combination> {
    let plain = Sgd::new(0.013).unwrap();
    let norm = |sgd: Sgd| sgd.clip(Clip::Norm(0.7)).unwrap();
    let value = |sgd: Sgd| sgd.clip(Clip::Value(0.06)).unwrap();
    let coupled = |sgd: Sgd| sgd.weight_decay(WeightDecay::coupled(0.011)).unwrap();
    let groups = |decay: WeightDecay| decay.first(0.03).hidden(0.007).output(0.0).biases(0.013);
    let all_coupled = |sgd: Sgd| sgd.weight_decay(groups(WeightDecay::coupled(0.011))).unwrap();
    let decoupled = |sgd: Sgd| sgd.weight_decay(groups(WeightDecay::decoupled(0.011))).unwrap();
    let weights_only = |sgd: Sgd| sgd.weight_decay(WeightDecay::decoupled(0.011)).unwrap();
    let dropped = |sgd: Sgd| sgd.final_drop(45, 0.2).unwrap();
    let stepped = |sgd: Sgd| sgd.base(Base::StepDecay { every: 17, factor: 0.7 }).unwrap();
    let cosine = |sgd: Sgd| sgd.base(Base::Cosine { over: 65 }).unwrap();
    let warmed = |sgd: Sgd| sgd.warm_up(29).unwrap();
    let l1 = |sgd: Sgd| sgd.proximal(Proximal::l1(0.02)).unwrap();
    let group = |sgd: Sgd| sgd.proximal(Proximal::group(0.05).every(3)).unwrap();
    let without = [
        plain,
        norm(plain),
        coupled(plain),
        norm(coupled(plain)),
        dropped(plain),
        dropped(norm(plain)),
        dropped(coupled(plain)),
        dropped(norm(coupled(plain))),
        value(plain),
        value(coupled(plain)),
        all_coupled(norm(plain)),
        decoupled(plain),
        weights_only(plain),
        dropped(norm(decoupled(plain))),
        value(decoupled(plain)),
        warmed(plain),
        stepped(plain),
        cosine(plain),
        dropped(warmed(stepped(norm(plain)))),
        dropped(warmed(cosine(plain))),
        l1(warmed(plain)),
        group(decoupled(cosine(plain))),
        group(value(plain)),
    ];
    let with =
        [plain, norm(plain), value(all_coupled(plain)), decoupled(warmed(norm(plain))), l1(stepped(plain))];
    let without = without.map(|sgd| Combination(sgd, None));
    let with = with.map(|sgd| Combination(sgd, Some(0.7)));
    [&without[..], &with].concat()
}

fn one_by_one<N: Shape>(specs: &[Spec]) {
    let rows = rows_for(specs);
    for combination in combinations() {
        let mut bench = start::<N>();
        let mut literal = Literal::new(specs, &bench.params);
        let settings = combination.literal();
        let mut velocity = vec![f32::NAN; N::PARAMS];
        let mut method = combination.method::<N>(&mut velocity);
        let mut model = bench.model();
        for (update, row) in rows.iter().cycle().take(UPDATES).enumerate() {
            let (x, target) = typed::<N>(row);
            let loss = model.step(&x, &target, &mut method).unwrap();
            let at = || format!("{specs:?}, {combination:?}, update {update}");
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
    for combination in combinations() {
        for length in [3, 7, 32] {
            let mut bench = start::<N>();
            let mut literal = Literal::new(specs, &bench.params);
            let (mut model, mut batch) = bench.model_and_batch(length as u32);
            let settings = combination.literal();
            let mut velocity = vec![f32::NAN; N::PARAMS];
            let mut method = combination.method::<N>(&mut velocity);
            for (update, rows) in rows.chunks(length).cycle().take(UPDATES / 2).enumerate() {
                let at = || format!("{specs:?}, {combination:?}, batch of {length}, update {update}");
                for row in rows {
                    let (x, target) = typed::<N>(row);
                    let loss = model.accumulate(&x, &target, &mut batch).unwrap();
                    assert_eq!(loss.to_bits(), literal.evaluate(row).to_bits(), "loss of a row: {}", at());
                }
                let loss = model.apply(&mut batch, &mut method).unwrap();
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

/// By themselves, on any number of outputs; those of the cover have one to three.
#[test]
fn every_loss() {
    let losses = [
        AnyLoss::Mse,
        AnyLoss::Huber(Huber::new(0.7).unwrap()),
        AnyLoss::Huber(Huber::default()),
        AnyLoss::BinaryCrossEntropy,
        AnyLoss::SoftmaxCrossEntropy,
    ];
    for outputs in 1..=17 {
        for (seed, scale) in (0..40).zip([0.0, 1e-30, 0.01, 0.7, 3.0, 40.0, 1e3].into_iter().cycle()) {
            let y: Vec<f32> = numbers(seed, outputs).into_iter().map(|y| scale * y).collect();
            for loss in losses {
                let literal = Loss::of(&loss);
                let rows = with_targets_for(&loss, rows(seed + 100, 3, 1, outputs));
                for Row { target, .. } in rows {
                    let mut slope = vec![f32::NAN; outputs];
                    let value = tamis::Loss::evaluate(&loss, &y, &target, &mut slope);
                    assert_eq!(
                        value.to_bits(),
                        literal.value(&y, &target).to_bits(),
                        "{loss:?} {y:?} {target:?}"
                    );
                    assert_eq!(bits(&slope), bits(&literal.slope(&y, &target)), "{loss:?} {y:?} {target:?}");
                }
            }
        }
    }
}

fn initial_weights<N: Shape>(specs: &[Spec]) {
    for seed in [0, 1, u64::MAX].map(Seed) {
        for init in [Init::he(), Init::xavier(), Init::scaled(1.0), Init::scaled(0.37)] {
            for init in [init, init.uniform(), init.with_biases(0.3), init.uniform().with_biases(0.07)] {
                let literal = Literal::drawn(specs, Start::of(&init), seed).flat();
                assert_eq!(
                    bits(&Bench::<N>::drawn(init, seed).params),
                    bits(&literal),
                    "{specs:?}, {init:?}"
                );
            }
        }
    }
}

#[test]
fn every_initial_weight() {
    for_every_net!(initial_weights);
}

#[test]
fn every_order() {
    for n in [1, 2, 3, 4, 5, 10, 16, 17, 64, 1000] {
        for seed in [0, 7].map(Seed) {
            let mut indices = vec![0; n.into()];
            let (length, ring) = (u32::from(n), Data::Ring { capacity: n, visits: 1 + n % 4 });
            let samplers = [
                (Data::Stream, Ok(Sampler::stream())),
                (Data::Sequential(n), Sampler::sequential(length)),
                (Data::Shuffled(n), Sampler::shuffled(&mut indices, seed)),
                (Data::Keyed(n), Sampler::keyed(length, seed)),
                (Data::WithReplacement(n), Sampler::with_replacement(length, seed)),
                (ring, Sampler::ring(length, u32::from(1 + n % 4), seed)),
            ];
            for (data, sampler) in samplers {
                let mut sampler = sampler.unwrap();
                for epoch in 0..50.min(5000 / u64::from(n)) {
                    let literal = order::epoch(data, seed, epoch);
                    for (place, &index) in (1..).zip(&literal) {
                        let draw = sampler.draw();
                        assert_eq!(draw.index, index, "{data:?}, {seed:?}, epoch {epoch}");
                        assert_eq!(draw.ends_epoch, order::has_epochs(data) && place == literal.len());
                    }
                }
            }
        }
    }
}

type Whole = net!(type 6 8 Tanh Bias, 8 2 Identity NoBias);

/// A plan for a typed network from the first weight to the test loss, the digest after every update.
fn whole_training(data: Data, batch: u32, Combination(sgd, momentum): Combination, pressed: Option<Pressed>) {
    let plan = Plan {
        seed: Seed(11),
        task: Task::plain(Target::Sine, 5, 2, 0.3, Seed(12)),
        data,
        standardise: None,
        label_noise: None,
        init: Init::scaled(1.1),
        batch,
        sgd,
        momentum,
        pressed,
        updates: UPDATES as u32,
        rule: Rule::Gap { least: 3.0 },
    };
    let layers =
        [LayerSpec::new(8, AnyActivation::Tanh), LayerSpec::new(2, AnyActivation::Identity).without_bias()];
    let training = Training { layers: Layers::new(6, &layers).unwrap(), loss: AnyLoss::Mse, plan };
    let mut literal = Literally::of(&training);
    let (mut arena, mut indices) = (vec![0.0; plan.ram::<Whole>().arena_len()], [0; ROWS]);
    let lent = Lent { arena: &mut arena, indices: &mut indices };
    let mut trainer = plan.start::<Whole, _, _>(Mse, lent, plan.task).unwrap();
    for update in 0..UPDATES {
        let expected = literal.update();
        assert_eq!(
            trainer.update().unwrap().loss.to_bits(),
            expected.loss.to_bits(),
            "loss: {plan:?}, {update}"
        );
        assert_eq!(trainer.digest(), expected.digest, "digest: {plan:?}, update {update}");
    }
    assert_eq!(trainer.test_loss(&plan.task).unwrap().to_bits(), literal.test_loss().to_bits());
}

#[test]
fn every_digest_of_a_whole_training() {
    let n = ROWS as u16;
    let pressed = Pressed { growing: Growing::new(30, 3).unwrap(), first: 3, count: 2, rate: 0.07 };
    let data = [Data::Stream, Data::Sequential(n), Data::Shuffled(n), Data::Keyed(n)];
    for (case, combination) in combinations().into_iter().enumerate() {
        // Each with each: settings and batch, settings and data, batch and data.
        for (place, batch) in [1, 3, 7, ROWS as u32].into_iter().enumerate() {
            whole_training(data[(case + place) % data.len()], batch, combination, None);
            whole_training(Data::WithReplacement(n), batch, combination, Some(pressed));
        }
    }
}

/// The trainings of the golden file, which cover all options.
#[test]
fn every_update_of_the_cover() {
    for Golden { name, training, .. } in golden().unwrap() {
        assert_literal(&name, &training);
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
