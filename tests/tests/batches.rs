//! The law of batches: a batch is a mean, over what it accepted, however it arrived and within one epoch.
//!
//! Against runs of the kernel that must have the same bits, and against the f64 oracle where the mean itself
//! is meant.

use tamis::{
    Data, Init, Lent, Mse, NoSample, Plan, Rule, Samples, Seed, Sgd, StepError, Target, Task, TrainError,
    WeightDecay,
};
use tamis_tests::bench::{Bench, typed};
use tamis_tests::oracle::{Options, Oracle};
use tamis_tests::{Row, bits, net, relative_distance, rows};

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
