//! Whatever is wrong is an error that says so, and nothing has been written: bit for bit the parameters from
//! before.
//!
//! The source is the documentation of each error: which one, and what it names.

use std::error::Error;

use tamis::plan::{Data, Lent, Plan, PlanError};
use tamis::{
    Base, Batch, BatchError, Clip, FloatEnvironmentError, Growing, Init, InitError, LengthError, Model, Mse,
    NoSample, NotFinite, Pressed, Proximal, Rule, RuleError, Sampler, SamplerError, Samples, Seed, Sgd,
    SgdError, Shape, StepError, StoreError, Stored, Target, Task, TaskError, TrainError, Vector, WeightDecay,
};
use tamis_tests::bench::{Bench, typed};
use tamis_tests::{bits, net, rows};

type Net = net!(type 5 7 Tanh Bias, 7 3 Identity Bias);

const NOT_FINITE: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// Every way to update.
fn settings() -> [Sgd; 4] {
    let plain = Sgd::new(0.1).unwrap();
    let decay = WeightDecay::coupled(0.1);
    let clip = plain.clip(Clip::Norm(1.0)).unwrap();
    [plain, clip, plain.weight_decay(decay).unwrap(), clip.weight_decay(decay).unwrap()]
}

/// One sample with `x[input]` or `target[output]` spoilt is refused by every way to learn, and leaves no
/// trace.
fn assert_refused(spoil: impl Fn(&mut [f32], &mut [f32]), error: StepError) {
    let row = &rows(1, 1, 5, 3)[0];
    let good = typed::<Net>(row);
    let (mut x, mut target) = good;
    spoil(&mut x, &mut target);
    for sgd in settings() {
        let mut bench = Bench::<Net>::of_numbers(1);
        let mut model = bench.model();
        model.step(&good.0, &good.1, &sgd).unwrap();
        let before = bits(model.params());
        assert_eq!(model.step(&x, &target, &sgd), Err(error));
        assert_eq!(model.evaluate(&x, &target), Err(error));
        assert_eq!((model.updates(), bits(model.params())), (1, before.clone()));

        let (mut model, mut batch) = bench.model_and_batch(2);
        assert_eq!(model.accumulate(&x, &target, &mut batch), Err(error));
        assert_eq!((batch.accepted(), model.updates()), (0, 0));
        assert_eq!(model.apply(&mut batch, &sgd), Err(StepError::EmptyBatch));
        assert_eq!(bits(&bench.params), before);
    }
}

#[test]
fn an_input_that_is_not_finite_is_named() {
    for bad in NOT_FINITE {
        for index in 0..5 {
            assert_refused(|x, _| x[index] = bad, StepError::Input(index));
        }
    }
}

#[test]
fn a_target_that_is_not_finite_is_named() {
    for bad in NOT_FINITE {
        for index in 0..3 {
            assert_refused(|_, target| target[index] = bad, StepError::Target(index));
        }
    }
}

#[test]
fn the_first_of_several_is_named_and_inputs_come_first() {
    let spoil = |x: &mut [f32], target: &mut [f32]| {
        (x[3], x[4], target[0]) = (f32::NAN, f32::NAN, f32::NAN);
    };
    assert_refused(spoil, StepError::Input(3));
}

#[test]
fn a_loss_that_overflows_is_refused() {
    assert_refused(|_, target| target[1] = f32::MAX, StepError::Loss);
    assert_refused(|_, target| target[2] = -1e30, StepError::Loss);
}

fn a_planted_nan_is_reported<N: Shape>() {
    let mut row = rows(2, 1, N::In::LEN, N::Out::LEN).remove(0);
    for zero in [false, true] {
        if zero {
            row.x.fill(0.0); // 0 NaN is NaN: nothing hides it
        }
        let (x, target) = typed::<N>(&row);
        for place in 0..N::PARAMS {
            for sgd in settings() {
                let mut bench = Bench::<N>::of_numbers(3);
                bench.params[place] = f32::NAN;
                let before = bits(&bench.params);
                let mut model = bench.model();
                assert_eq!(model.step(&x, &target, &sgd), Err(StepError::Loss), "parameter {place}");
                assert_eq!(model.updates(), 0);
                let (mut model, mut batch) = bench.model_and_batch(2);
                assert_eq!(
                    model.accumulate(&x, &target, &mut batch),
                    Err(StepError::Loss),
                    "parameter {place}"
                );
                assert_eq!(model.apply(&mut batch, &sgd), Err(StepError::EmptyBatch));
                assert_eq!(bits(&bench.params), before, "parameter {place}");
            }
        }
    }
}

#[test]
fn a_nan_in_any_parameter_is_reported_by_the_next_step() {
    a_planted_nan_is_reported::<net!(type 5 7 Relu Bias, 7 3 Identity Bias)>();
    a_planted_nan_is_reported::<net!(type 5 7 Relu NoBias, 7 3 Relu NoBias)>();
    a_planted_nan_is_reported::<net!(type 4 9 Tanh Bias, 9 2 Tanh Bias)>();
    a_planted_nan_is_reported::<net!(type 4 9 Tanh NoBias, 9 2 Identity NoBias)>();
    a_planted_nan_is_reported::<net!(type 6 8 Identity NoBias, 8 1 Identity NoBias)>();
    a_planted_nan_is_reported::<net!(type 3 5 Relu Bias, 5 4 Tanh NoBias, 4 6 Relu Bias, 6 2 Identity Bias)>(
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let good = Sgd::new(0.1).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1] {
        assert_eq!(Sgd::new(bad), Err(SgdError::StepSize));
        assert_eq!(good.clip(Clip::Norm(bad)), Err(SgdError::ClipBound));
        assert_eq!(good.final_drop(10, bad), Err(SgdError::DropFactor));
        assert_eq!(good.weight_decay(WeightDecay::coupled(bad)), Err(SgdError::Decay));
    }
    for zero in [0.0, -0.0] {
        assert_eq!(Sgd::new(zero), Err(SgdError::StepSize));
        assert_eq!(good.clip(Clip::Norm(zero)), Err(SgdError::ClipBound));
        assert_eq!(good.final_drop(10, zero), Err(SgdError::DropFactor));
        assert!(good.weight_decay(WeightDecay::coupled(zero)).is_ok(), "a decay of zero is a decay");
    }
    assert_eq!(good.checked(), Ok(good));
    // The step size after the drop must be one too.
    assert_eq!(Sgd::new(1e30).unwrap().final_drop(10, 1e30), Err(SgdError::DropFactor));
    assert_eq!(Sgd::new(1e-30).unwrap().final_drop(10, 1e-30), Err(SgdError::DropFactor));
}

#[test]
fn lengths_of_zero_and_one_are_no_batch() {
    let mut gradient = [0.0; Net::PARAMS];
    assert_eq!(Batch::<Net>::new(&mut gradient, 0).err(), Some(BatchError::Zero));
    assert_eq!(Batch::<Net>::new(&mut gradient, 1).err(), Some(BatchError::One));
    assert!(Batch::<Net>::new(&mut gradient, 2).is_ok());
}

#[test]
fn an_order_of_nothing_is_refused() {
    assert_eq!(Sampler::sequential(0).err(), Some(SamplerError::Empty));
    assert_eq!(Sampler::shuffled(&mut [], Seed(1)).err(), Some(SamplerError::Empty));
    assert_eq!(Sampler::shuffled(&mut vec![0; 65_537], Seed(1)).err(), Some(SamplerError::TooMany));
    assert!(Sampler::shuffled(&mut vec![0; 65_536], Seed(1)).is_ok());
}

#[test]
fn a_gain_that_makes_no_sense_is_refused_and_nothing_is_drawn() {
    for gain in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        let mut bench = Bench::<Net>::of_numbers(4);
        let before = bits(&bench.params);
        assert_eq!(bench.model().init(Init::scaled(gain), Seed(1)), Err(InitError::Gain));
        assert_eq!(bits(&bench.params), before);
    }
}

#[test]
fn a_full_memory_takes_no_more_samples() {
    // Room for two samples of three inputs and a target, and one number over.
    let mut memory = [0.0; 9];
    let mut stored = Stored::new(&mut memory, 3, Seed(1));
    assert_eq!(stored.push(&[1.0, 2.0, 3.0], 4.0), Ok(()));
    assert_eq!(stored.push(&[5.0, 6.0, 7.0], 8.0), Ok(()));
    assert_eq!(stored.push(&[9.0; 2], 9.0), Err(StoreError::Inputs));
    assert_eq!(stored.push(&[9.0; 3], 9.0), Err(StoreError::Full));
    assert_eq!(stored.len(), 2);
    let (mut x, mut target) = ([0.0; 3], [0.0]);
    stored.sample(1, &mut x, &mut target).unwrap();
    assert_eq!((x, target), ([5.0, 6.0, 7.0], [8.0]));
    assert_eq!(stored.sample(2, &mut x, &mut target), Err(NoSample(2)));
    assert_eq!((x, target), ([5.0, 6.0, 7.0], [8.0]), "nothing is written");
    assert_eq!(Stored::new(&mut [], 3, Seed(1)).push(&[1.0; 3], 1.0), Err(StoreError::Full));
}

#[test]
fn a_buffer_that_is_too_short_is_named_with_its_lengths() {
    let (p, s) = (Net::PARAMS, Net::SCRATCH);
    let model = |params: usize, scratch: usize| {
        Model::<Net>::from_slices(&mut vec![0.0; params], &mut vec![0.0; scratch]).err()
    };
    assert_eq!(model(p - 1, s), Some(LengthError { needed: p, given: p - 1 }));
    assert_eq!(model(p, s - 1), Some(LengthError { needed: s, given: s - 1 }));
    assert_eq!(model(0, 0), Some(LengthError { needed: p, given: 0 }));
    assert_eq!((model(p, s), model(p + 3, s + 5)), (None, None));
    let batch = Batch::<Net>::from_slice(&mut vec![0.0; p - 1], 2).err();
    assert_eq!(batch, Some(BatchError::Gradient(LengthError { needed: p, given: p - 1 })));
}

/// 5 inputs, 10 samples in random order, batches of 4.
fn plan() -> Plan {
    Plan {
        seed: Seed(1),
        task: Task::plain(Target::Linear, 5, 2, 0.5, Seed(1)),
        data: Data::Shuffled(10),
        standardise: Some(3),
        label_noise: None,
        init: Init::he(),
        batch: 4,
        sgd: Sgd::new(0.1).unwrap(),
        momentum: None,
        pressed: None,
        updates: 10,
        rule: Rule::Gap { least: 3.0 },
    }
}

/// What `plan` is refused for on so many numbers and indices, which must stay as they were.
fn refused(plan: Plan, [numbers, indices]: [usize; 2]) -> Option<PlanError> {
    let (mut arena, mut order) = (vec![0.75; numbers], vec![0; indices]);
    let lent = Lent { arena: &mut arena, indices: &mut order };
    let error = plan.start::<Net, _, _>(Mse, lent, plan.task).err();
    let params = arena.iter().take(Net::PARAMS);
    assert!(error.is_none() || params.into_iter().all(|&param| param == 0.75), "{error:?}, but they changed");
    error
}

/// Parameters, scratch, one sample, column norms, gradient, mean and deviation; ten places.
const ENOUGH: [usize; 2] = [Net::PARAMS + Net::SCRATCH + (5 + 3) + 8 * 5 + Net::PARAMS + 2 * 5, 10];

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    let (good, task) = (plan(), plan().task);
    assert_eq!(refused(good, ENOUGH), None);
    let of_task = |task| refused(Plan { task, ..good }, ENOUGH);
    assert_eq!(of_task(Task { inputs: 6, ..task }), Some(PlanError::Task(TaskError::Inputs)));
    assert_eq!(of_task(Task { inputs: 0, relevant: 0, ..task }), Some(PlanError::Task(TaskError::Inputs)));
    assert_eq!(of_task(Task { relevant: 6, ..task }), Some(PlanError::Task(TaskError::Relevant)));
    let noise = Task { target: Target::Noise, ..task };
    assert_eq!(of_task(noise), Some(PlanError::Task(TaskError::Relevant)));
    assert_eq!(of_task(Task { noise: f32::NAN, ..task }), Some(PlanError::Task(TaskError::Noise)));

    let batch = refused(Plan { batch: 0, ..good }, ENOUGH);
    assert_eq!(batch, Some(PlanError::Batch(BatchError::Zero)));
    for data in [Data::Sequential(0), Data::Shuffled(0)] {
        assert_eq!(refused(Plan { data, ..good }, ENOUGH), Some(PlanError::Sampler(SamplerError::Empty)));
    }
    let rule = Rule::Probes { count: 5, factor: 3.0 };
    assert_eq!(refused(Plan { rule, ..good }, ENOUGH), Some(PlanError::Rule(RuleError::Probes)));
    for gain in [f32::NAN, 0.0, -1.0, f32::INFINITY] {
        let init = Init::scaled(gain);
        assert_eq!(refused(Plan { init, ..good }, ENOUGH), Some(PlanError::Init(InitError::Gain)));
    }
}

/// The error tells how much all of it needs.
#[test]
fn a_plan_on_too_little_memory_is_refused() {
    let [numbers, indices] = ENOUGH;
    let error = refused(plan(), [numbers, indices - 1]);
    assert_eq!(error, Some(PlanError::Indices(LengthError { needed: indices, given: indices - 1 })));

    let growing = Growing::new(3, 2).unwrap();
    let pressed = Some(Pressed { growing, first: 4, count: 1, rate: 0.1 });
    let (p, s) = (Net::PARAMS, Net::SCRATCH);
    let least = Plan { batch: 1, data: Data::Sequential(10), standardise: None, ..plan() };
    for (plan, needed) in [
        (least, p + s + 8 + 8 * 5),
        (Plan { batch: 2, ..least }, p + s + 8 + 8 * 5 + p),
        (Plan { momentum: Some(0.5), ..least }, p + s + 8 + 8 * 5 + p),
        (Plan { standardise: Some(3), ..least }, p + s + 8 + 8 * 5 + 2 * 5),
        (Plan { pressed, ..least }, p + s + 8 + 8 * 5 + 5),
        (Plan { momentum: Some(0.5), pressed, data: least.data, ..plan() }, numbers + p + 5),
    ] {
        for given in [0, p - 1, p, p + s, needed - 1] {
            assert_eq!(refused(plan, [given, 0]), Some(PlanError::Arena(LengthError { needed, given })));
        }
        // What a plan does not use may be missing.
        assert_eq!(refused(plan, [needed, 0]), None);
        assert_eq!(plan.ram::<Net>().arena_len(), needed, "what the plan says of itself");
    }
}

/// eta, warm-up, base, final drop.
type Schedule = (f32, Option<u32>, Base, Option<(u32, f32)>);

/// Settings as they may come over a wire, where no constructor has looked at them.
fn unchecked(
    schedule: Schedule,
    clip: Option<Clip>,
    decay: Option<WeightDecay>,
    proximal: Option<Proximal>,
) -> Sgd {
    let mut buffer = [0; 128];
    let bytes = postcard::to_slice(&(schedule, clip, decay, proximal), &mut buffer).unwrap();
    postcard::from_bytes(bytes).unwrap()
}

#[test]
fn damaged_settings_in_a_plan_are_refused() {
    let constant = (0.1, None, Base::Constant, None);
    assert_eq!(unchecked(constant, None, None, None), plan().sgd);
    let refused_for = |sgd: Sgd, error| {
        assert_eq!(sgd.checked(), Err(error));
        assert_eq!(refused(Plan { sgd, ..plan() }, ENOUGH), Some(PlanError::Sgd(error)));
    };
    let schedule = |schedule: Schedule, error| refused_for(unchecked(schedule, None, None, None), error);
    for bad in [f32::NAN, f32::INFINITY, -1.0] {
        schedule((bad, None, Base::Constant, None), SgdError::StepSize);
        schedule((0.1, None, Base::StepDecay { every: 3, factor: bad }, None), SgdError::StepDecay);
        schedule((0.1, None, Base::Constant, Some((7, bad))), SgdError::DropFactor);
        for clip in [Clip::Norm(bad), Clip::Value(bad)] {
            refused_for(unchecked(constant, Some(clip), None, None), SgdError::ClipBound);
        }
        for decay in decays(bad) {
            refused_for(unchecked(constant, None, Some(decay), None), SgdError::Decay);
        }
        for proximal in [Proximal::l1(bad), Proximal::group(bad)] {
            refused_for(unchecked(constant, None, None, Some(proximal)), SgdError::Penalty);
        }
    }
    schedule((0.0, None, Base::Constant, None), SgdError::StepSize);
    schedule((0.1, Some(0), Base::Constant, None), SgdError::WarmUp);
    schedule((0.1, None, Base::StepDecay { every: 0, factor: 0.5 }, None), SgdError::StepDecay);
    schedule((0.1, None, Base::StepDecay { every: 3, factor: 0.0 }, None), SgdError::StepDecay);
    schedule((0.1, None, Base::Cosine { over: 0 }, None), SgdError::Cosine);
    schedule((0.1, None, Base::Constant, Some((7, 0.0))), SgdError::DropFactor);
    refused_for(unchecked(constant, Some(Clip::Value(0.0)), None, None), SgdError::ClipBound);
    refused_for(unchecked(constant, None, None, Some(Proximal::l1(0.1).every(0))), SgdError::Penalty);
}

/// A decay that is `lambda` in one group only, for each group.
fn decays(lambda: f32) -> [WeightDecay; 8] {
    let each = |decay: WeightDecay| {
        [decay.first(lambda), decay.hidden(lambda), decay.output(lambda), decay.biases(lambda)]
    };
    let [coupled, decoupled] = [WeightDecay::coupled(0.5), WeightDecay::decoupled(0.5)].map(each);
    std::array::from_fn(|k| if k < 4 { coupled[k] } else { decoupled[k - 4] })
}

#[test]
fn every_error_is_a_plain_sentence() {
    let length = LengthError { needed: 41, given: 40 };
    let errors: Vec<Box<dyn Error>> = vec![
        Box::new(StepError::Input(3)),
        Box::new(StepError::Target(1)),
        Box::new(StepError::Loss),
        Box::new(SgdError::StepSize),
        Box::new(SgdError::DropFactor),
        Box::new(SgdError::ClipBound),
        Box::new(SgdError::Decay),
        Box::new(BatchError::Zero),
        Box::new(BatchError::One),
        Box::new(BatchError::Gradient(length)),
        Box::new(SamplerError::Empty),
        Box::new(SamplerError::TooMany),
        Box::new(InitError::Gain),
        Box::new(InitError::FloatEnvironment(FloatEnvironmentError::FlushesResults)),
        Box::new(FloatEnvironmentError::FlushesOperands),
        Box::new(FloatEnvironmentError::Rounding),
        Box::new(TaskError::Inputs),
        Box::new(TaskError::Relevant),
        Box::new(TaskError::Noise),
        Box::new(length),
        Box::new(StoreError::Full),
        Box::new(StoreError::Inputs),
        Box::new(NotFinite(3)),
        Box::new(RuleError::Probes),
        Box::new(RuleError::Factor),
        Box::new(NoSample(7)),
        Box::new(TrainError::Rejected(StepError::Loss)),
        Box::new(TrainError::NoSample(NoSample(7))),
        Box::new(PlanError::Task(TaskError::Noise)),
        Box::new(PlanError::Sgd(SgdError::Decay)),
        Box::new(PlanError::Batch(BatchError::Zero)),
        Box::new(PlanError::Sampler(SamplerError::Empty)),
        Box::new(PlanError::Init(InitError::Gain)),
        Box::new(PlanError::Arena(length)),
        Box::new(PlanError::Indices(length)),
    ];
    for error in errors {
        let (sentence, dump) = (error.to_string(), format!("{error:?}"));
        assert!(sentence.split(' ').count() >= 4, "{dump}: {sentence:?}");
        assert!(!sentence.contains(&dump) && !sentence.contains(['{', '}', '(', ')', '\n']), "{sentence}");
        assert!(sentence.starts_with(|first: char| first.is_ascii_lowercase()), "{sentence}");
        assert!(!sentence.ends_with('.'), "{sentence}");
    }
    assert!(length.to_string().contains("41") && length.to_string().contains("40"));
    assert!(StepError::Input(3).to_string().contains('3'));
}

/// A dead unit gives no gradient, however large the inputs: 0 times an infinite |x|^2 is not a number, but no
/// part of the norm.
#[test]
fn clipping_survives_inputs_whose_square_overflows() {
    type Dead = net!(type 2 2 Relu Bias, 2 1 Identity Bias);
    let mut params = [-1.0; Dead::PARAMS];
    params[Dead::PARAMS - 1] = 0.25;
    for sgd in
        [Sgd::new(0.1).unwrap(), Sgd::new(0.1).unwrap().weight_decay(WeightDecay::coupled(0.01)).unwrap()]
    {
        let mut bench = Bench::<Dead>::new(&params);
        let loss = bench.model().step(&[2e19, 1.0], &[0.0], &sgd.clip(Clip::Norm(1.0)).unwrap());
        assert_eq!(loss, Ok(0.0625));
        assert!(bench.params.iter().all(|param| param.is_finite()), "{:?}", bench.params);
    }
}
