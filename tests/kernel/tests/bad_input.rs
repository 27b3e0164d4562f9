//! Whatever is wrong is an error that says so, and nothing has been written: bit for bit the parameters from
//! before.
//!
//! The source is the documentation of each error: which one, and what it names.

use std::error::Error;

use tamis::compaction::{self, CompactionError};
use tamis::frame::FrameError;
use tamis::momentum::Method;
use tamis::{
    AnyActivation, AnyLoss, Base, Batch, BatchError, Clip, FloatEnvironmentError, Growing, GrowingError,
    Huber, HuberBound, Init, InitError, LabelNoise, LabelNoiseError, LayerSpec, Layers, LayersError,
    LengthError, Model, Momentum, MomentumError, Mse, Network, NoSample, Norms, NotFinite, PlanError,
    Proximal, Ring, RuleError, Sampler, SamplerError, Samples, Seed, Sgd, SgdError, Shape, StepError,
    StoreError, Stored, Target, Task, TaskError, TrainError, Vector, WeightDecay,
};
use tamis_test_kit::bench::{Bench, Listed, typed};
use tamis_test_kit::{bits, net, numbers, rows};

type Net = net!(type 5 7 Tanh Bias, 7 3 Identity Bias);

const NOT_FINITE: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// Every way to update, and mu.
fn settings() -> Vec<(Sgd, Option<f32>)> {
    let plain = Sgd::new(0.1).unwrap();
    let (coupled, decoupled) = (WeightDecay::coupled(0.1), WeightDecay::decoupled(0.1).biases(0.2));
    let norm = plain.clip(Clip::Norm(1.0)).unwrap();
    let value = plain.clip(Clip::Value(0.01)).unwrap();
    let all = [
        plain,
        norm,
        value,
        plain.weight_decay(coupled).unwrap(),
        norm.weight_decay(coupled).unwrap(),
        plain.weight_decay(decoupled).unwrap(),
        value.weight_decay(decoupled).unwrap(),
        plain.proximal(Proximal::l1(100.0)).unwrap(),
        norm.proximal(Proximal::group(100.0)).unwrap(),
        plain.warm_up(7).unwrap().base(Base::Cosine { over: 1 }).unwrap(),
        plain.base(Base::StepDecay { every: 1, factor: 0.5 }).unwrap().final_drop(0, 0.2).unwrap(),
    ];
    all.into_iter().flat_map(|sgd| [(sgd, None), (sgd, Some(0.9))]).collect()
}

/// What makes updates of network `N`.
fn method<N: Shape>((sgd, mu): (Sgd, Option<f32>), velocity: &mut [f32]) -> Method<'_, N> {
    match mu {
        None => Method::Plain(sgd),
        Some(mu) => Method::Momentum(Momentum::over(&N::default(), sgd, mu, velocity).unwrap()),
    }
}

/// One sample with `x[input]` or `target[output]` spoilt is refused by every way to learn, and leaves no
/// trace.
fn assert_refused(spoil: &dyn Fn(&mut [f32], &mut [f32]), error: StepError) {
    let row = &rows(1, 1, 5, 3)[0];
    let good = typed::<Net>(row);
    let (mut x, mut target) = good;
    spoil(&mut x, &mut target);
    for settings in settings() {
        let mut bench = Bench::<Net>::of_numbers(1);
        let mut velocity = [0.0; Net::PARAMS];
        let mut method = method::<Net>(settings, &mut velocity);
        let mut model = bench.model();
        model.step(&good.0, &good.1, &mut method).unwrap();
        let before = bits(model.params());
        assert_eq!(model.step(&x, &target, &mut method), Err(error));
        assert_eq!(model.evaluate(&x, &target), Err(error));
        assert_eq!((model.updates(), bits(model.params())), (1, before.clone()));

        let (mut model, mut batch) = bench.model_and_batch(2);
        assert_eq!(model.accumulate(&x, &target, &mut batch), Err(error));
        assert_eq!((batch.accepted(), model.updates()), (0, 0));
        assert_eq!(model.apply(&mut batch, &mut method), Err(StepError::EmptyBatch));
        assert_eq!(bits(&bench.params), before);
    }
}

#[test]
fn an_input_that_is_not_finite_is_named() {
    for bad in NOT_FINITE {
        for index in 0..5 {
            assert_refused(&|x, _| x[index] = bad, StepError::Input(index));
        }
    }
}

#[test]
fn a_target_that_is_not_finite_is_named() {
    for bad in NOT_FINITE {
        for index in 0..3 {
            assert_refused(&|_, target| target[index] = bad, StepError::Target(index));
        }
    }
}

#[test]
fn the_first_of_several_is_named_and_inputs_come_first() {
    let spoil = |x: &mut [f32], target: &mut [f32]| {
        (x[3], x[4], target[0]) = (f32::NAN, f32::NAN, f32::NAN);
    };
    assert_refused(&spoil, StepError::Input(3));
}

#[test]
fn a_loss_that_overflows_is_refused() {
    assert_refused(&|_, target| target[1] = f32::MAX, StepError::Loss);
    assert_refused(&|_, target| target[2] = -1e30, StepError::Loss);
}

fn a_planted_nan_is_reported<N: Shape>() {
    let mut row = rows(2, 1, N::In::LEN, N::Out::LEN).remove(0);
    for zero in [false, true] {
        if zero {
            row.x.fill(0.0); // 0 NaN is NaN: nothing hides it
        }
        let (x, target) = typed::<N>(&row);
        for place in 0..N::PARAMS {
            for settings in settings() {
                let mut velocity = vec![0.0; N::PARAMS];
                let mut method = method::<N>(settings, &mut velocity);
                let mut bench = Bench::<N>::of_numbers(3);
                bench.params[place] = f32::NAN;
                let before = bits(&bench.params);
                let mut model = bench.model();
                assert_eq!(model.step(&x, &target, &mut method), Err(StepError::Loss), "parameter {place}");
                assert_eq!(model.updates(), 0);
                let (mut model, mut batch) = bench.model_and_batch(2);
                assert_eq!(
                    model.accumulate(&x, &target, &mut batch),
                    Err(StepError::Loss),
                    "parameter {place}"
                );
                assert_eq!(model.apply(&mut batch, &mut method), Err(StepError::EmptyBatch));
                assert_eq!(bits(&bench.params), before, "parameter {place}");
                assert!(velocity.iter().all(|&v| v == 0.0), "parameter {place}");
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

/// A parameter that becomes infinite or a NaN in an update is not hidden by what comes after the update: the proximal
/// step leaves it, and the next step or the check of norms tells. Only what the growing penalty has pressed to zero is
/// zero, whatever it was.
#[test]
fn an_overflow_is_not_hidden_by_an_option() {
    type Net = net!(type 3 4 Tanh Bias, 4 2 Identity Bias);
    let row = &rows(4, 1, 3, 2)[0];
    let (x, target) = typed::<Net>(row);
    for (sgd, _) in settings() {
        for bad in NOT_FINITE {
            for place in [0, 5, 11] {
                // In the weights of the first layer, by a velocity that has overflowed.
                let mut velocity = [0.0; Net::PARAMS];
                let mut momentum = Momentum::<Net>::new(sgd, 0.9, &mut velocity).unwrap();
                momentum.velocity_mut()[place] = bad;
                let mut bench = Bench::<Net>::of_numbers(5);
                let mut model = bench.model();
                model.step(&x, &target, &mut momentum).unwrap();
                assert!(!model.params()[place].is_finite(), "{sgd:?}: {}", model.params()[place]);
                let mut ring = [0.0; 8 * 3];
                let mut norms = Norms::new(&mut ring, 3).unwrap();
                // A group step passes it on to the column, four weights, and no further.
                let Err(NotFinite(first)) = norms.check(model.net(), model.params()) else {
                    panic!("{sgd:?}: not found");
                };
                assert!(first == place || first == place / 4 * 4);
                model.shrink(&Growing::new(0, 1).unwrap(), &[0.25; 3]);
                assert!(!model.params()[place].is_finite(), "it is not yet zero");
                model.shrink(&Growing::new(0, 1).unwrap(), &[1.0; 3]);
                assert_eq!(bits(&model.params()[..12]), [0; 12]);
            }
        }
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let good = Sgd::new(0.1).unwrap();
    let step = |every, factor| good.base(Base::StepDecay { every, factor });
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1] {
        assert_eq!(Sgd::new(bad), Err(SgdError::StepSize));
        assert_eq!(good.clip(Clip::Norm(bad)), Err(SgdError::ClipBound));
        assert_eq!(good.clip(Clip::Value(bad)), Err(SgdError::ClipBound));
        assert_eq!(good.final_drop(10, bad), Err(SgdError::DropFactor));
        assert_eq!(step(10, bad), Err(SgdError::StepDecay));
        let (coupled, decoupled) = (WeightDecay::coupled(0.1), WeightDecay::decoupled(0.1));
        for decay in [WeightDecay::coupled(bad), WeightDecay::decoupled(bad), coupled.first(bad)] {
            assert_eq!(good.weight_decay(decay), Err(SgdError::Decay));
        }
        for decay in [coupled.hidden(bad), decoupled.output(bad), coupled.biases(bad), decoupled.biases(bad)]
        {
            assert_eq!(good.weight_decay(decay), Err(SgdError::Decay));
        }
        for proximal in [Proximal::l1(bad), Proximal::group(bad)] {
            assert_eq!(good.proximal(proximal), Err(SgdError::Penalty));
        }
        let mut velocity = [0.5; Net::PARAMS];
        let momentum = Momentum::<Net>::new(good, bad, &mut velocity);
        assert_eq!(momentum.err(), Some(MomentumError::Momentum));
        assert_eq!(velocity, [0.5; Net::PARAMS]);
        assert_eq!(LabelNoise::of(&Mse, bad, Seed(1)), Err(LabelNoiseError::Sigma));
        assert!(Huber::new(bad).is_err());
    }
    for zero in [0.0, -0.0] {
        assert_eq!(Sgd::new(zero), Err(SgdError::StepSize));
        assert_eq!(good.clip(Clip::Norm(zero)), Err(SgdError::ClipBound));
        assert_eq!(good.clip(Clip::Value(zero)), Err(SgdError::ClipBound));
        assert_eq!(good.final_drop(10, zero), Err(SgdError::DropFactor));
        assert_eq!(step(10, zero), Err(SgdError::StepDecay));
        assert!(good.weight_decay(WeightDecay::coupled(zero)).is_ok(), "a decay of zero is a decay");
        assert!(good.proximal(Proximal::l1(zero)).is_ok());
        assert!(LabelNoise::of(&Mse, zero, Seed(1)).is_ok());
        assert!(Momentum::<Net>::new(good, zero, &mut [0.5; Net::PARAMS]).is_ok());
    }
    for mu in [1.0, 1.5, f32::MAX] {
        let momentum = Momentum::<Net>::new(good, mu, &mut [0.5; Net::PARAMS]).err();
        assert_eq!(momentum, Some(MomentumError::Momentum));
    }
    assert_eq!(good.checked(), Ok(good));
    // The step size after the drop must be one too.
    assert_eq!(Sgd::new(1e30).unwrap().final_drop(10, 1e30), Err(SgdError::DropFactor));
    assert_eq!(Sgd::new(1e-30).unwrap().final_drop(10, 1e-30), Err(SgdError::DropFactor));
}

#[test]
fn nothing_happens_every_zero_updates() {
    let good = Sgd::new(0.1).unwrap();
    assert_eq!(good.warm_up(0), Err(SgdError::WarmUp));
    assert_eq!(good.base(Base::StepDecay { every: 0, factor: 0.5 }), Err(SgdError::StepDecay));
    assert_eq!(good.base(Base::Cosine { over: 0 }), Err(SgdError::Cosine));
    assert_eq!(good.proximal(Proximal::l1(0.1).every(0)), Err(SgdError::Penalty));
    assert_eq!(good.proximal(Proximal::group(0.1).every(0)), Err(SgdError::Penalty));
    assert_eq!(Growing::new(5, 0), Err(GrowingError::Every));
    assert!(Growing::new(0, 1).is_ok());
}

/// A class that is no output, a target that is no probability: refused by every way to learn, typed and listed.
#[test]
fn targets_that_a_loss_does_not_take_are_named() {
    let layers = Layers::new(2, &[LayerSpec::new(3, AnyActivation::Identity)]).unwrap();
    let x = [0.5, -0.5];
    let cases = [-1.0, 3.0, 0.5, 1e9, f32::NAN, f32::INFINITY, f32::NEG_INFINITY]
        .map(|class| (AnyLoss::SoftmaxCrossEntropy, vec![class], StepError::Class));
    let mut cases = cases.to_vec();
    for bad in [-0.1, -1e-30, 1.000_001, 2.0, f32::NAN, f32::INFINITY] {
        for place in 0..3 {
            let mut target = vec![0.0, 1.0, 0.5];
            target[place] = bad;
            cases.push((AnyLoss::BinaryCrossEntropy, target, StepError::Probability(place)));
        }
    }
    cases.push((AnyLoss::SoftmaxCrossEntropy, vec![0.0; 3], StepError::TargetWidth));
    cases.push((AnyLoss::BinaryCrossEntropy, vec![0.0], StepError::TargetWidth));
    cases.push((AnyLoss::Mse, vec![0.0; 4], StepError::TargetWidth));
    for (loss, target, error) in cases {
        for (sgd, mu) in settings() {
            let mut bench = Listed::of_numbers(&layers, loss, 2);
            let before = bits(&bench.params);
            let (mut model, mut batch, mut method) = bench.parts(2, sgd, mu);
            assert_eq!(model.step_slices(&x, &target, &mut method), Err(error), "{loss:?} {target:?}");
            assert_eq!(model.evaluate_slices(&x, &target), Err(error));
            assert_eq!(model.accumulate_slices(&x, &target, &mut batch), Err(error));
            assert_eq!(model.apply(&mut batch, &mut method), Err(StepError::EmptyBatch));
            assert_eq!((bits(&bench.params), &bench.velocity), (before, &vec![0.0; 9]));
        }
    }
}

/// What is lent to one network of layers known at run time is refused by another: nothing is left out in silence.
#[test]
fn the_batch_and_the_velocity_of_another_network_are_refused() {
    let layers = |outputs: u16| {
        Layers::new(
            2,
            &[LayerSpec::new(outputs, AnyActivation::Tanh), LayerSpec::new(1, AnyActivation::Identity)],
        )
    };
    let (layers, smaller, larger) = (layers(4).unwrap(), layers(3).unwrap(), layers(5).unwrap());
    for other in [smaller, larger] {
        let mut bench = Listed::of_numbers(&layers, AnyLoss::Mse, 2);
        let before = bits(&bench.params);
        let mut others = Listed::of_numbers(&other, AnyLoss::Mse, 2);
        let (_, mut batch, mut method) = others.parts(2, Sgd::new(0.1).unwrap(), Some(0.5));
        let mut model = bench.model();
        assert_eq!(model.step_slices(&[0.5; 2], &[1.0], &mut method), Err(StepError::Memory));
        assert_eq!(model.accumulate_slices(&[0.5; 2], &[1.0], &mut batch), Err(StepError::Memory));
        assert_eq!(batch.accepted(), 0);
        assert_eq!((bits(&bench.params), bits(&others.velocity)), (before, vec![0; other.params()]));
    }
    let needed = layers.params();
    let short = Momentum::over(&layers, Sgd::new(0.1).unwrap(), 0.5, &mut vec![0.0; needed - 1]).err();
    assert_eq!(short, Some(MomentumError::Velocity(LengthError { needed, given: needed - 1 })));
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
    assert_eq!(Sampler::keyed(0, Seed(1)).err(), Some(SamplerError::Empty));
    assert_eq!(Sampler::with_replacement(0, Seed(1)).err(), Some(SamplerError::Empty));
    assert_eq!(Sampler::ring(0, 1, Seed(1)).err(), Some(SamplerError::Empty));
    assert_eq!(Sampler::ring(3, 0, Seed(1)).err(), Some(SamplerError::Visits));
}

#[test]
fn a_gain_that_makes_no_sense_is_refused_and_nothing_is_drawn() {
    for gain in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        let mut bench = Bench::<Net>::of_numbers(4);
        let before = bits(&bench.params);
        assert_eq!(bench.model().init(Init::scaled(gain), Seed(1)), Err(InitError::Gain));
        assert_eq!(bits(&bench.params), before);
    }
    for deviation in [f32::NAN, f32::INFINITY, -1.0] {
        let mut bench = Bench::<Net>::of_numbers(4);
        let before = bits(&bench.params);
        let init = Init::xavier().uniform().with_biases(deviation);
        assert_eq!(bench.model().init(init, Seed(1)), Err(InitError::Biases));
        assert_eq!(bits(&bench.params), before);
    }
}

#[test]
fn a_full_memory_takes_no_more_samples() {
    // Room for two samples of three inputs and a target, and one number over.
    let mut memory = [0.0; 9];
    let mut stored = Stored::new(&mut memory, 3, Seed(1));
    let (mut x, mut target) = ([9.0; 3], [9.0]);
    assert_eq!((stored.len(), stored.is_empty()), (0, true));
    assert_eq!(stored.sample(0, &mut x, &mut target), Err(NoSample(0)));
    assert_eq!(stored.push(&[1.0, 2.0, 3.0], 4.0), Ok(()));
    assert_eq!((stored.len(), stored.is_empty()), (1, false));
    assert_eq!(stored.sample(1, &mut x, &mut target), Err(NoSample(1)), "there is room for it, and no more");
    assert_eq!((x, target), ([9.0; 3], [9.0]), "nothing is written");
    assert_eq!(stored.push(&[5.0, 6.0, 7.0], 8.0), Ok(()));
    assert_eq!(stored.push(&[9.0; 2], 9.0), Err(StoreError::Inputs));
    assert_eq!(stored.push(&[9.0; 3], 9.0), Err(StoreError::Full));
    assert_eq!((stored.len(), stored.is_empty()), (2, false));
    stored.sample(1, &mut x, &mut target).unwrap();
    assert_eq!((x, target), ([5.0, 6.0, 7.0], [8.0]));
    assert_eq!(stored.sample(2, &mut x, &mut target), Err(NoSample(2)));
    assert_eq!((x, target), ([5.0, 6.0, 7.0], [8.0]), "nothing is written");
    assert_eq!(Stored::new(&mut [], 3, Seed(1)).push(&[1.0; 3], 1.0), Err(StoreError::Full));
}

/// A ring has the last samples and no others.
#[test]
fn a_ring_has_no_sample_that_it_has_let_go() {
    let task = Task::plain(Target::Linear, 3, 1, 0.5, Seed(1));
    let ring = |numbers: usize, capacity| Ring::new(task, vec![0.0; numbers].leak(), 3, capacity, Seed(1));
    assert_eq!(ring(8, 0).err(), Some(StoreError::Full));
    assert_eq!(ring(7, 2).err(), Some(StoreError::Full));
    let mut ring = ring(8, 2).unwrap();
    let (mut x, mut target) = ([0.0; 3], [0.0]);
    assert_eq!(ring.sample(1, &mut x, &mut target), Err(NoSample(1)), "0 comes first");
    for index in 0..5 {
        ring.sample(index, &mut x, &mut target).unwrap();
    }
    let newest = (x, target);
    for gone in [0, 1, 2, 6, u64::MAX] {
        assert_eq!(ring.sample(gone, &mut x, &mut target), Err(NoSample(gone)));
        assert_eq!((x, target), newest, "nothing is written");
    }
    assert_eq!((ring.sample(3, &mut x, &mut target), ring.sample(4, &mut x, &mut target)), (Ok(()), Ok(())));
    assert_eq!((x, target), newest);
}

/// An input that is in use is not cut off.
#[test]
fn a_compaction_that_would_change_outputs_is_refused() {
    type Net = net!(type 3 2 Tanh Bias, 2 1 Identity Bias);
    let mut params = numbers(3, Net::PARAMS);
    params[2..4].fill(-0.0);
    let refused = |keep: &[bool], params: &mut [f32]| {
        let before = bits(params);
        let error = compaction::compact(&Net::default(), params, keep).err();
        assert_eq!(bits(params), before);
        error
    };
    assert_eq!(refused(&[true; 2], &mut params), Some(CompactionError::Mask));
    assert_eq!(refused(&[true; 4], &mut params), Some(CompactionError::Mask));
    assert_eq!(refused(&[false; 3], &mut params), Some(CompactionError::Nothing));
    assert_eq!(refused(&[false, false, true], &mut params), Some(CompactionError::NotZero(0)));
    assert_eq!(refused(&[true, false, false], &mut params), Some(CompactionError::NotZero(2)));
    assert_eq!(refused(&[true, false, true], &mut params[1..]), Some(CompactionError::Params));
    params[3] = f32::NAN;
    assert_eq!(refused(&[true, false, true], &mut params), Some(CompactionError::NotZero(1)));
    params[3] = 0.0;
    assert_eq!(compaction::compact(&Net::default(), &mut params, &[true, false, true]), Ok(Net::PARAMS - 2));
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

#[test]
fn every_error_is_a_plain_sentence() {
    let length = LengthError { needed: 41, given: 40 };
    let errors: Vec<Box<dyn Error>> = vec![
        Box::new(StepError::Input(3)),
        Box::new(StepError::Target(1)),
        Box::new(StepError::Probability(1)),
        Box::new(StepError::Class),
        Box::new(StepError::Loss),
        Box::new(StepError::EmptyBatch),
        Box::new(StepError::InputWidth),
        Box::new(StepError::TargetWidth),
        Box::new(StepError::Memory),
        Box::new(SgdError::StepSize),
        Box::new(SgdError::WarmUp),
        Box::new(SgdError::StepDecay),
        Box::new(SgdError::Cosine),
        Box::new(SgdError::DropFactor),
        Box::new(SgdError::ClipBound),
        Box::new(SgdError::Decay),
        Box::new(SgdError::Penalty),
        Box::new(MomentumError::Momentum),
        Box::new(MomentumError::Velocity(length)),
        Box::new(LabelNoiseError::Sigma),
        Box::new(LabelNoiseError::Loss),
        Box::new(GrowingError::Every),
        Box::new(GrowingError::Rate),
        Box::new(GrowingError::Inputs),
        Box::new(CompactionError::Mask),
        Box::new(CompactionError::Nothing),
        Box::new(CompactionError::NotZero(3)),
        Box::new(CompactionError::Params),
        Box::new(LayersError::Empty),
        Box::new(LayersError::TooMany),
        Box::new(LayersError::Width(2)),
        Box::new(LayersError::Logits),
        Box::new(LayersError::Huber(HuberBound)),
        Box::new(LayersError::Memory(length)),
        Box::new(HuberBound),
        Box::new(BatchError::Zero),
        Box::new(BatchError::One),
        Box::new(BatchError::Gradient(length)),
        Box::new(SamplerError::Empty),
        Box::new(SamplerError::TooMany),
        Box::new(SamplerError::Visits),
        Box::new(InitError::Gain),
        Box::new(InitError::Biases),
        Box::new(InitError::FloatEnvironment(FloatEnvironmentError::FlushesResults)),
        Box::new(FloatEnvironmentError::FlushesOperands),
        Box::new(FloatEnvironmentError::Rounding),
        Box::new(TaskError::Inputs),
        Box::new(TaskError::Relevant),
        Box::new(TaskError::Noise),
        Box::new(TaskError::Labels),
        Box::new(length),
        Box::new(StoreError::Full),
        Box::new(StoreError::Inputs),
        Box::new(NotFinite(3)),
        Box::new(RuleError::Probes),
        Box::new(RuleError::Factor),
        Box::new(NoSample(7)),
        Box::new(FrameError),
        Box::new(TrainError::Rejected(StepError::Loss)),
        Box::new(TrainError::NoSample(NoSample(7))),
        Box::new(TrainError::Overflow(NotFinite(7))),
        Box::new(PlanError::Layers(LayersError::Empty)),
        Box::new(PlanError::Task(TaskError::Noise)),
        Box::new(PlanError::Rule(RuleError::Factor)),
        Box::new(PlanError::Sgd(SgdError::Decay)),
        Box::new(PlanError::WarmUp),
        Box::new(PlanError::Momentum(MomentumError::Momentum)),
        Box::new(PlanError::LabelNoise(LabelNoiseError::Loss)),
        Box::new(PlanError::Growing(GrowingError::Rate)),
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
