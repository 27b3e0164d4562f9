//! The law of batches: a batch is a mean, over what it accepted, however it arrived and within one epoch.
//!
//! Against runs of the kernel that must have the same bits, and against the f64 oracle where the mean itself
//! is meant.

use tamis::{
    AnyActivation, AnyLoss, Batch, Clip, Data, Huber, Init, LayerSpec, Layers, Lent, Loss, Model, Mse,
    Network, NoSample, Plan, Proximal, Rule, Samples, Seed, Sgd, StepError, Target, Task, TrainError,
    WeightDecay,
};
use tamis_test_kit::bench::{Bench, Listed, typed};
use tamis_test_kit::oracle::{self, Options, Oracle};
use tamis_test_kit::{Row, bits, literal, net, numbers, relative_distance, rows, specs_of, with_targets_for};

type Net = net!(type 5 7 Tanh Bias, 7 2 Identity Bias);

fn start() -> (Bench<Net>, Oracle) {
    let bench = Bench::<Net>::of_numbers(5);
    let oracle = Oracle::new(&net!(list 5 7 Tanh Bias, 7 2 Identity Bias), &bench.params);
    (bench, oracle)
}

fn plain() -> Sgd {
    Sgd::new(0.125).unwrap()
}

/// One rounding of f32, relatively.
const UNIT: f64 = 1.0 / 8_388_608.0;

#[test]
fn a_last_short_batch_is_a_mean_over_what_it_has() {
    for (rows_in_set, batch) in [(10, 4), (7, 3), (5, 2), (3, 8)] {
        let rows = rows(1, rows_in_set, 5, 2);
        let (mut bench, mut oracle) = start();
        let short = &rows[rows_in_set / batch * batch..];
        // The batch is declared longer than what arrives before it is applied.
        let (mut model, mut sum) = bench.model_and_batch(batch as u32);
        for row in short {
            let (x, target) = typed::<Net>(row);
            model.accumulate(&x, &target, &mut sum).unwrap();
        }
        assert_eq!((sum.accepted() as usize, sum.is_complete()), (short.len(), false));
        let loss = model.apply(&mut sum, &plain()).unwrap();
        assert!(relative_distance(&[loss], &[oracle.loss(short)]) < 1e-6);
        oracle.train(short, short.len(), &Options::plain(0.125), 1);
        assert!(relative_distance(&bench.params, &oracle.flat()) < 2.0 * UNIT);
    }
}

#[test]
fn a_batch_starts_again_from_nothing_after_an_update() {
    let rows = rows(2, 6, 5, 2);
    let (mut twice, _) = start();
    twice.train(&rows, 3, &plain(), 2);
    let (mut anew, _) = start();
    anew.train(&rows[..3], 3, &plain(), 1);
    let mut anew = anew.copy();
    anew.train(&rows[3..], 3, &plain(), 1);
    assert_eq!(bits(&twice.params), bits(&anew.params));
    assert_eq!(bits(&twice.gradient), bits(&anew.gradient));
}

/// The declared length says when a batch is complete, and has no other effect.
#[test]
fn the_declared_length_moves_no_bit() {
    let rows = rows(3, 4, 5, 2);
    let params = [4, 5, 1000].map(|length| {
        let (mut bench, _) = start();
        let (mut model, mut batch) = bench.model_and_batch(length);
        for row in &rows {
            let (x, target) = typed::<Net>(row);
            model.accumulate(&x, &target, &mut batch).unwrap();
        }
        model.apply(&mut batch, &plain()).unwrap();
        bits(&bench.params)
    });
    assert!(params[0] == params[1] && params[1] == params[2]);
}

fn with_rejected(at: usize, rows: &[Row]) -> (Bench<Net>, Result<f32, StepError>) {
    let (mut bench, _) = start();
    bench.gradient.fill(1e3); // left over from a batch before: the first accepted sample must overwrite it
    let (mut model, mut batch) = bench.model_and_batch(rows.len() as u32 + 1);
    for place in 0..=rows.len() {
        if place == at {
            let (mut x, target) = typed::<Net>(&rows[0]);
            x[3] = f32::NAN;
            assert_eq!(model.accumulate(&x, &target, &mut batch), Err(StepError::Input(3)));
        }
        if let Some(row) = rows.get(place) {
            let (x, target) = typed::<Net>(row);
            model.accumulate(&x, &target, &mut batch).unwrap();
        }
    }
    assert!(batch.is_complete(), "a rejected sample takes its place in the order");
    assert_eq!(batch.accepted() as usize, rows.len());
    let loss = model.apply(&mut batch, &plain());
    (bench, loss)
}

#[test]
fn a_rejected_sample_leaves_no_trace_in_the_mean() {
    let rows = rows(4, 5, 5, 2);
    let (mut clean, _) = start();
    let loss = clean.batch_loss(&rows, &plain());
    for at in 0..=rows.len() {
        let (bench, loss_with_rejected) = with_rejected(at, &rows);
        assert_eq!(loss_with_rejected.map(f32::to_bits), Ok(loss.to_bits()));
        assert_eq!(bits(&bench.params), bits(&clean.params), "rejected at place {at}");
    }
}

#[test]
fn a_batch_with_none_accepted_makes_no_update() {
    let (mut bench, _) = start();
    let before = bits(&bench.params);
    let (mut model, mut batch) = bench.model_and_batch(3);
    assert_eq!(model.apply(&mut batch, &plain()), Err(StepError::EmptyBatch));
    for _ in 0..3 {
        assert_eq!(model.accumulate(&[0.0; 5], &[0.0, f32::INFINITY], &mut batch), Err(StepError::Target(1)));
    }
    assert!(batch.is_complete());
    assert_eq!(model.apply(&mut batch, &plain()), Err(StepError::EmptyBatch));
    assert_eq!(model.updates(), 0);
    assert!(!batch.is_complete());
    assert_eq!(bits(&bench.params), before);
}

/// n copies of one gradient, summed and divided by n: the sum rounds n - 1 times, the quotient once.
#[test]
fn the_step_size_does_not_depend_on_the_batch_length() {
    let row = rows(6, 1, 5, 2).remove(0);
    let (bench, oracle) = start();
    let exact = oracle.gradient(std::slice::from_ref(&row)).flat();
    let of_copies = |n: usize| bench.mean_gradient(&vec![row.clone(); n]);
    let one = of_copies(1);
    assert!(relative_distance(&one, &exact) < 1e-6);
    for n in [2, 4, 64] {
        let copies = of_copies(n);
        let wide: Vec<f64> = one.iter().map(|&g| f64::from(g)).collect();
        let bound = n as f64 * UNIT;
        assert!(relative_distance(&copies, &wide) < bound, "{n} copies");
    }
    // Doubling and halving are exact.
    assert_eq!(bits(&of_copies(2)), bits(&one));
}

/// No decay is w - (eta d) x, a decay of zero is w - eta (d x + 0 w): another form, the same to a few
/// roundings.
#[test]
fn a_decay_of_zero_is_nearly_no_decay() {
    let rows = rows(7, 12, 5, 2);
    for batch in [1, 4] {
        let (mut without, _) = start();
        without.train(&rows, batch, &plain(), 100);
        let (mut with, _) = start();
        with.train(&rows, batch, &plain().weight_decay(WeightDecay::coupled(0.0)).unwrap(), 100);
        let wide: Vec<f64> = without.params.iter().map(|&w| f64::from(w)).collect();
        assert!(relative_distance(&with.params, &wide) < 10.0 * UNIT);
    }
}

/// A source that notes which rows are asked for, and has NaN for some.
struct Noted<'a> {
    asked: &'a mut Vec<u64>,
    bad: &'a [u64],
    rows: u64,
}

impl Samples for Noted<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        self.asked.push(index);
        if index >= self.rows {
            return Err(NoSample(index));
        }
        let row = &rows(index, 1, x.len(), target.len())[0];
        x.copy_from_slice(&row.x);
        target.copy_from_slice(&row.target);
        if self.bad.contains(&index) {
            x[0] = f32::NAN;
        }
        Ok(())
    }
}

fn plan(data: Data, batch: u32) -> Plan {
    Plan {
        seed: Seed(9),
        task: Task::plain(Target::Linear, 5, 2, 0.5, Seed(9)),
        data,
        standardise: None,
        label_noise: None,
        init: Init::he(),
        batch,
        sgd: plain(),
        momentum: None,
        pressed: None,
        updates: 8,
        rule: Rule::Gap { least: 3.0 },
    }
}

/// What a training did.
struct Trained {
    /// For each update the rows it asked for, and how many it rejected.
    log: Vec<(Vec<u64>, Result<u32, TrainError>)>,
    params: Vec<f32>,
    updates: u32,
}

fn trained(data: Data, batch: u32, bad: &[u64], updates: usize) -> Trained {
    let plan = plan(data, batch);
    let (mut arena, mut indices, mut asked) = (vec![0.0; plan.ram::<Net>().total() / 4], [0; 10], Vec::new());
    let lent = Lent { arena: &mut arena, indices: &mut indices };
    let source = Noted { asked: &mut asked, bad, rows: 10 };
    let mut trainer = plan.start::<Net, _, _>(Mse, lent, source).unwrap();
    let mut seen = 0;
    let log = (0..updates).map(|_| {
        let report = trainer.update().map(|update| update.rejected);
        let asked = trainer.samples().asked[seen..].to_vec();
        seen += asked.len();
        (asked, report)
    });
    let log = log.collect();
    let (updates, params) = (trainer.model().updates(), trainer.model().params().to_vec());
    Trained { log, params, updates }
}

#[test]
fn a_batch_crosses_no_epoch() {
    let Trained { log, .. } = trained(Data::Sequential(10), 4, &[], 6);
    let asked: Vec<_> = log.into_iter().map(|(asked, _)| asked).collect();
    let epoch = [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9]];
    assert_eq!(asked, [epoch.clone(), epoch].concat());

    let Trained { log, .. } = trained(Data::Shuffled(10), 4, &[], 6);
    for epoch in log.chunks(3) {
        assert_eq!(epoch.iter().map(|(asked, _)| asked.len()).collect::<Vec<_>>(), [4, 4, 2]);
        let mut asked: Vec<_> = epoch.iter().flat_map(|(asked, _)| asked.clone()).collect();
        asked.sort_unstable();
        assert_eq!(asked, (0..10).collect::<Vec<_>>());
    }

    let Trained { log, .. } = trained(Data::Sequential(10), 64, &[], 2);
    assert!(log.iter().all(|(asked, _)| asked.len() == 10), "a batch longer than the epoch ends with it");
}

#[test]
fn the_trainer_does_what_a_loop_by_hand_does() {
    for batch in [1, 4, 10] {
        let Trained { log, params, updates } = trained(Data::Sequential(10), batch, &[], 30);
        let mut by_hand = Bench::<Net>::drawn(Init::he(), Seed(9));
        let set: Vec<Row> = (0..10).map(|index| rows(index, 1, 5, 2).remove(0)).collect();
        by_hand.train(&set, batch as usize, &plain(), 30);
        assert_eq!(bits(&params), bits(&by_hand.params), "batch of {batch}");
        assert_eq!((updates, log.iter().all(|(_, report)| *report == Ok(0))), (30, true));
    }
}

#[test]
fn the_trainer_leaves_rejected_rows_out_and_says_how_many() {
    // Batches 0..4, 4..8 and 8..10: one row of the first is bad, both of the last.
    let bad = [1, 8, 9];
    let Trained { log, params, updates } = trained(Data::Sequential(10), 4, &bad, 3);
    let reports: Vec<_> = log.iter().map(|(_, report)| *report).collect();
    assert_eq!(reports, [Ok(1), Ok(0), Err(TrainError::Rejected(StepError::Input(0)))]);
    assert_eq!(updates, 2);
    let mut by_hand = Bench::<Net>::drawn(Init::he(), Seed(9));
    for batch in [&[0, 2, 3][..], &[4, 5, 6, 7]] {
        let set: Vec<Row> = batch.iter().map(|&index| rows(index, 1, 5, 2).remove(0)).collect();
        by_hand.train(&set, 4, &plain(), 1);
    }
    assert_eq!(bits(&params), bits(&by_hand.params));
}

#[test]
fn a_row_that_is_missing_is_left_out_and_the_order_moves_on() {
    let Trained { log, params, .. } = trained(Data::Sequential(16), 4, &[], 5);
    let asked: Vec<_> = log.iter().map(|(asked, _)| asked.first().copied()).collect();
    assert_eq!(asked, [0, 4, 8, 12, 0].map(Some));
    let reports: Vec<_> = log.iter().map(|(_, report)| *report).collect();
    assert_eq!(reports, [Ok(0), Ok(0), Ok(2), Err(TrainError::NoSample(NoSample(15))), Ok(0)]);
    let mut by_hand = Bench::<Net>::drawn(Init::he(), Seed(9));
    for batch in [&[0, 1, 2, 3][..], &[4, 5, 6, 7], &[8, 9], &[0, 1, 2, 3]] {
        let set: Vec<Row> = batch.iter().map(|&index| rows(index, 1, 5, 2).remove(0)).collect();
        by_hand.train(&set, 4, &plain(), 1);
    }
    assert_eq!(bits(&params), bits(&by_hand.params));
}

/// A network of any shape with a loss that takes its outputs, its rows, and settings of any kind.
#[derive(Debug)]
struct Any {
    layers: Layers,
    loss: AnyLoss,
    rows: Vec<Row>,
    sgd: Sgd,
    momentum: Option<f32>,
}

impl Any {
    /// What `seed` decides, with `n` rows.
    fn of(seed: u64, n: usize) -> Self {
        let chosen = numbers(seed, 60);
        let mut dice = chosen.iter().map(|number| (number + 1.0) / 2.0);
        let mut below = |n: usize| (dice.next().unwrap() * n as f32) as usize % n;
        let losses = [
            AnyLoss::Mse,
            AnyLoss::Huber(Huber::new(0.3).unwrap()),
            AnyLoss::BinaryCrossEntropy,
            AnyLoss::SoftmaxCrossEntropy,
        ];
        let loss = losses[below(4)];
        let mut specs: Vec<_> = (0..1 + below(4))
            .map(|_| {
                // No ReLU: where all its units are dead there is nothing to compare.
                let smooth = [AnyActivation::Identity, AnyActivation::Tanh, AnyActivation::Sigmoid];
                let spec = LayerSpec::new(
                    1 + below(12) as u16,
                    [smooth[below(3)], AnyActivation::LeakyRelu][below(2)],
                );
                if below(3) == 0 { spec.without_bias() } else { spec }
            })
            .collect();
        let last = specs.last_mut().unwrap();
        if !loss.is_regression() {
            (last.activation, last.outputs) = (AnyActivation::Identity, last.outputs.max(2));
        }
        let outputs = last.outputs.into();
        let layers = Layers::new(1 + below(11) as u16, &specs).unwrap();
        let sgd = plain();
        let decay = WeightDecay::coupled(0.01).first(0.03);
        let options = [
            sgd,
            sgd.clip(Clip::Norm(0.1)).unwrap(),
            sgd.clip(Clip::Value(0.02)).unwrap(),
            sgd.weight_decay(decay).unwrap(),
            sgd.weight_decay(WeightDecay::decoupled(0.02).biases(0.01))
                .unwrap()
                .clip(Clip::Norm(0.1))
                .unwrap(),
            sgd.proximal(Proximal::group(0.01)).unwrap(),
        ];
        let sgd = options[below(6)];
        let momentum = [None, None, Some(0.8)][below(3)];
        let rows = with_targets_for(&loss, rows(seed + 1000, n, layers.inputs(), outputs));
        Self { layers, loss, rows, sgd, momentum }
    }

    fn bench(&self) -> Listed {
        Listed::of_numbers(&self.layers, self.loss, 9)
    }

    /// All bits after an update from `rows` of a batch of declared `length`, and the loss.
    fn after(&self, rows: &[Row], length: u32) -> (Vec<u32>, Vec<u32>, u32) {
        let mut bench = self.bench();
        let (mut model, mut batch, mut method) = bench.parts(length, self.sgd, self.momentum);
        for row in rows {
            model.accumulate_slices(&row.x, &row.target, &mut batch).unwrap();
        }
        let loss = model.apply(&mut batch, &mut method).unwrap();
        (bits(&bench.params), bits(&bench.velocity), loss.to_bits())
    }
}

/// What happens between two samples of a batch leaves no trace in it: predictions, evaluations, other models on the same
/// parameters, batches of others.
#[test]
fn slices_of_any_size_have_the_same_bits() {
    for seed in 0..60 {
        let any = Any::of(seed, 13);
        let straight = any.after(&any.rows, 13);
        for sizes in [vec![1; 13], vec![13], vec![5, 1, 4, 3], vec![12, 1], vec![2, 2, 9]] {
            let mut bench = any.bench();
            let other = Listed::of_numbers(&any.layers, any.loss, 10);
            let (mut params, mut scratch) = (other.params, vec![0.0; 2 * any.layers.units()]);
            let mut other_gradient = vec![0.0; params.len()];
            let mut other_batch = Batch::over(&any.layers, &mut other_gradient, 100).unwrap();
            let mut other =
                Model::of_layers(any.layers.clone(), any.loss, &mut params, &mut scratch).unwrap();
            let (mut model, mut batch, mut method) = bench.parts(13, any.sgd, any.momentum);
            let mut rest = &any.rows[..];
            for size in sizes {
                let slice;
                (slice, rest) = rest.split_at(size);
                for row in slice {
                    model.accumulate_slices(&row.x, &row.target, &mut batch).unwrap();
                }
                let Row { x, target } = &any.rows[size - 1];
                model.evaluate_slices(x, target).unwrap();
                model.predict_slices(x, &mut vec![0.0; any.layers.outputs()]).unwrap();
                other.accumulate_slices(x, target, &mut other_batch).unwrap();
                assert_eq!(model.evaluate_slices(&[], target), Err(StepError::InputWidth));
            }
            assert!(batch.is_complete());
            let loss = model.apply(&mut batch, &mut method).unwrap();
            assert_eq!((bits(&bench.params), bits(&bench.velocity), loss.to_bits()), straight, "{any:?}");
        }
    }
}

/// Declared as one it is a step, whoever makes it; and the model's past does not matter.
#[test]
fn a_batch_of_one_is_the_same_however_it_arrives() {
    for seed in 0..60 {
        let any = Any::of(seed, 6);
        let mut bench = any.bench();
        bench.train(&any.rows, 1, any.sgd, any.momentum, 6);

        // With other work between the steps.
        let mut busy = any.bench();
        let (mut model, mut batch, mut method) = busy.parts(2, any.sgd, any.momentum);
        for Row { x, target } in &any.rows {
            model.accumulate_slices(x, target, &mut batch).unwrap();
            batch.clear();
            model.predict_slices(x, &mut vec![0.0; any.layers.outputs()]).unwrap();
            let evaluated = model.evaluate_slices(x, target).unwrap();
            let stepped = model.step_slices(x, target, &mut method).unwrap();
            assert_eq!(evaluated.to_bits(), stepped.to_bits());
        }
        assert_eq!(bits(&busy.params), bits(&bench.params), "{any:?}");

        // By a trainer, from a source of these rows.
        let plan = Plan {
            sgd: any.sgd,
            momentum: any.momentum,
            task: Task::plain(Target::Linear, 1, 1, 0.5, Seed(9)),
            rule: Rule::Gap { least: 3.0 },
            ..plan(Data::Stream, 1)
        };
        let mut arena = vec![0.0; plan.ram_of_layers(&any.layers, &any.loss).arena_len()];
        let lent = Lent { arena: &mut arena, indices: &mut [] };
        let mut trainer = plan.start_layers(any.layers.clone(), any.loss, lent, Listing(&any.rows)).unwrap();
        trainer.model().params_mut().copy_from_slice(&any.bench().params);
        (0..6).for_each(|_| _ = trainer.update().unwrap());
        assert_eq!(bits(trainer.model().params()), bits(&bench.params), "{any:?}");
    }
}

/// These rows, one after the other.
struct Listing<'a>(&'a [Row]);

impl Samples for Listing<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let row = self.0.get(index as usize).ok_or(NoSample(index))?;
        x.copy_from_slice(&row.x);
        target.copy_from_slice(&row.target);
        Ok(())
    }
}

/// The bits of a batch that was declared as long as its tail, and the mean of the oracle. A Huber loss or a leaky unit
/// may be on either side of its bend; no row here is so near.
#[test]
fn a_short_tail_is_a_true_mean() {
    for seed in 0..60 {
        let any = Any::of(seed, 9);
        for tail in [2, 3, 8, 9] {
            let short = &any.rows[..tail];
            assert_eq!(any.after(short, 100), any.after(short, tail as u32), "{any:?}");
        }
        for tail in [1, 4, 9] {
            let mut bench = any.bench();
            let exact = match literal::Loss::of(&any.loss) {
                literal::Loss::Mse => oracle::Loss::Mse,
                literal::Loss::Huber(d) => oracle::Loss::Huber(d.into()),
                literal::Loss::BinaryCrossEntropy => oracle::Loss::BinaryCrossEntropy,
                literal::Loss::SoftmaxCrossEntropy => oracle::Loss::SoftmaxCrossEntropy,
            };
            let oracle = Oracle::new(&specs_of(&any.layers), &bench.params).with_loss(exact);
            let (mut model, mut batch, mut method) = bench.parts(100, plain(), None);
            for Row { x, target } in &any.rows[..tail] {
                model.accumulate_slices(x, target, &mut batch).unwrap();
            }
            let loss = model.apply(&mut batch, &mut method).unwrap();
            assert!(relative_distance(&[loss], &[oracle.loss(&any.rows[..tail])]) < 1e-5, "{any:?}");
            let exact = oracle.gradient(&any.rows[..tail]).flat();
            let distance = relative_distance(&bench.gradient, &exact);
            assert!(distance < 1e-5, "{any:?}, {tail} rows: {distance:e}");
        }
    }
}

/// n equal samples make the step of one, but for roundings of the sum, whatever the option. Relative to the step itself,
/// which is small beside the weights: they round by up to half a unit each.
#[test]
fn equal_samples_move_like_one() {
    for seed in 0..60 {
        let any = Any::of(seed, 1);
        let start: Vec<f64> = any.bench().params.iter().map(|&w| w.into()).collect();
        let mut one = any.bench();
        one.train(&any.rows, 1, any.sgd, any.momentum, 1);
        let wide: Vec<f64> = one.params.iter().map(|&w| w.into()).collect();
        let moved = relative_distance(&one.params, &start);
        assert!(moved > 1e-5, "{any:?}: {moved:e}");
        for n in [2, 3, 16, 50] {
            let mut many = any.bench();
            many.train(&vec![any.rows[0].clone(); n], n, any.sgd, any.momentum, 1);
            let apart = relative_distance(&many.params, &wide);
            assert!(apart < UNIT * (1.0 + n as f64 * moved), "{any:?}, {n} samples: {apart:e}");
        }
    }
}
