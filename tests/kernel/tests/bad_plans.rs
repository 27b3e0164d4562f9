//! A plan that makes no sense, does not fit its memory or came damaged over a wire is refused for the reason that is
//! true, and no parameter has been written.

use serde::{Serialize, de::DeserializeOwned};
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Base, BatchError, BinaryCrossEntropy, Clip, Data, Growing, GrowingError, Huber,
    HuberBound, Init, InitError, LabelNoiseError, Labels, LayerSpec, Layers, LayersError, LengthError, Lent,
    MomentumError, Mse, Plan, PlanError, Pressed, Proximal, Rule, RuleError, SamplerError, Seed, Sgd,
    SgdError, Shape, SoftmaxCrossEntropy, Target, Task, TaskError, WeightDecay,
};
use tamis_bits::Memory;
use tamis_test_kit::net;

type Net = net!(type 5 7 Tanh Bias, 7 3 Identity Bias);

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
    let no_ring = Data::Ring { capacity: 0, visits: 2 };
    let none = [Data::Sequential(0), Data::Shuffled(0), Data::Keyed(0), Data::WithReplacement(0), no_ring];
    for data in none {
        assert_eq!(refused(Plan { data, ..good }, ENOUGH), Some(PlanError::Sampler(SamplerError::Empty)));
    }
    let ring = Data::Ring { capacity: 5, visits: 0 };
    let visits = refused(Plan { data: ring, ..good }, ENOUGH);
    assert_eq!(visits, Some(PlanError::Sampler(SamplerError::Visits)));
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
fn options_that_make_no_sense_are_refused() {
    let good = plan();
    let warm = |updates| Plan { sgd: good.sgd.warm_up(updates).unwrap(), ..good };
    assert_eq!(refused(warm(good.updates), ENOUGH), None, "it ends with the training");
    assert_eq!(refused(warm(good.updates + 1), ENOUGH), Some(PlanError::WarmUp));
    let enough = [ENOUGH[0] + Net::PARAMS + 5, ENOUGH[1]];
    for mu in [1.0, 2.0, -0.1, f32::NAN, f32::INFINITY] {
        let error = refused(Plan { momentum: Some(mu), ..good }, enough);
        assert_eq!(error, Some(PlanError::Momentum(MomentumError::Momentum)));
    }
    for sigma in [-0.1, f32::NAN, f32::INFINITY] {
        let error = refused(Plan { label_noise: Some(sigma), ..good }, enough);
        assert_eq!(error, Some(PlanError::LabelNoise(LabelNoiseError::Sigma)));
        let init = Init::he().with_biases(sigma);
        assert_eq!(refused(Plan { init, ..good }, enough), Some(PlanError::Init(InitError::Biases)));
    }
    for labels in [Labels::Mirrored(0), Labels::Classes(0), Labels::Classes(1)] {
        let task = Task { labels, ..good.task };
        assert_eq!(refused(Plan { task, ..good }, enough), Some(PlanError::Task(TaskError::Labels)));
    }
    let growing = Growing::new(3, 2).unwrap();
    let pressed = Pressed { growing, first: 3, count: 2, rate: 0.1 };
    let with = |pressed| refused(Plan { pressed: Some(pressed), ..good }, enough);
    assert_eq!((with(pressed), with(Pressed { rate: 0.0, count: 0, ..pressed })), (None, None));
    for (first, count) in [(4, 2), (5, 1), (0, 6), (u16::MAX, u16::MAX)] {
        let error = with(Pressed { first, count, ..pressed });
        assert_eq!(error, Some(PlanError::Growing(GrowingError::Inputs)));
    }
    for rate in [-0.1, f32::NAN, f32::INFINITY] {
        assert_eq!(with(Pressed { rate, ..pressed }), Some(PlanError::Growing(GrowingError::Rate)));
    }
    let never: Growing = reread(&(3_u32, 0_u32));
    let error = with(Pressed { growing: never, ..pressed });
    assert_eq!(error, Some(PlanError::Growing(GrowingError::Every)));
}

/// Classes and probabilities are not noisy numbers. What is known when it is built is refused then:
/// `kernel/tests/ui/fail/label_noise.rs`.
#[test]
fn label_noise_with_a_cross_entropy_is_refused() {
    let plan = Plan { label_noise: Some(0.1), ..plan() };
    let error = Some(PlanError::LabelNoise(LabelNoiseError::Loss));
    let mut arena = vec![0.75; 2 * ENOUGH[0]];
    let mut order = [0; ENOUGH[1]];
    let lent = Lent { arena: &mut arena, indices: &mut order };
    assert_eq!(plan.start::<Net, _, _>(BinaryCrossEntropy, lent, plan.task).err(), error);
    let lent = Lent { arena: &mut arena, indices: &mut order };
    assert_eq!(plan.start::<Net, _, _>(SoftmaxCrossEntropy, lent, plan.task).err(), error);
    assert!(arena.iter().all(|&number| number == 0.75));
    let layers = Layers::new(5, &[LayerSpec::new(3, AnyActivation::Identity)]).unwrap();
    for (loss, error) in [
        (AnyLoss::BinaryCrossEntropy, error),
        (AnyLoss::SoftmaxCrossEntropy, error),
        (AnyLoss::Huber(Huber::default()), None),
        (AnyLoss::Mse, None),
    ] {
        assert_eq!(refused_training(&Training { layers: layers.clone(), loss, plan }), error);
    }
}

/// What `training` is refused for on enough memory.
fn refused_training(training: &Training) -> Option<PlanError> {
    let mut memory = Memory::of(training);
    let Training { layers, loss, plan } = training;
    plan.start_layers(layers.clone(), *loss, memory.lent(), plan.task).err()
}

/// The same bytes as another type: what no constructor has looked at.
fn reread<M: DeserializeOwned>(value: &impl Serialize) -> M {
    let mut buffer = [0; 256];
    postcard::from_bytes(postcard::to_slice(value, &mut buffer).unwrap()).unwrap()
}

#[test]
fn a_damaged_network_is_refused() {
    let good =
        Layers::new(5, &[LayerSpec::new(4, AnyActivation::Tanh), LayerSpec::new(2, AnyActivation::Identity)]);
    let good = Training { layers: good.unwrap(), loss: AnyLoss::Mse, plan: plan() };
    assert_eq!(refused_training(&good), None);
    let layers = |inputs: u16, outputs: &[u16]| -> Layers {
        let specs: Vec<_> =
            outputs.iter().map(|&outputs| LayerSpec::new(outputs, AnyActivation::Tanh)).collect();
        reread(&(inputs, specs))
    };
    for (layers, error) in [
        (layers(5, &[]), LayersError::Empty),
        (layers(0, &[4, 2]), LayersError::Width(0)),
        (layers(5, &[0, 2]), LayersError::Width(0)),
        (layers(5, &[4, 0]), LayersError::Width(1)),
    ] {
        let error = Some(PlanError::Layers(error));
        assert_eq!(refused_training(&Training { layers, ..good.clone() }), error);
    }
    for bound in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        let loss = AnyLoss::Huber(reread(&bound));
        let error = Some(PlanError::Layers(LayersError::Huber(HuberBound)));
        assert_eq!(refused_training(&Training { loss, ..good.clone() }), error);
    }
    for loss in [AnyLoss::BinaryCrossEntropy, AnyLoss::SoftmaxCrossEntropy] {
        let error = Some(PlanError::Layers(LayersError::Logits));
        assert_eq!(refused_training(&Training { loss, layers: layers(5, &[4, 2]), ..good.clone() }), error);
    }
}

/// A NaN in any parameter ends a plan at its next update, with every option, and is where it was; an infinite one that
/// the activations hide, at the next check of norms.
#[test]
fn a_damaged_parameter_ends_a_plan() {
    let growing = Growing::new(0, 1).unwrap();
    let pressed = Some(Pressed { growing, first: 0, count: 5, rate: 10.0 });
    let l1 = plan().sgd.proximal(Proximal::l1(1.0)).unwrap();
    let decoupled = l1.weight_decay(WeightDecay::decoupled(0.1)).unwrap().clip(Clip::Norm(0.1)).unwrap();
    let base = Plan { standardise: None, updates: 300, ..plan() };
    for plan in [
        base,
        Plan { pressed, ..base },
        Plan { pressed, batch: 1, sgd: decoupled, ..base },
        Plan { momentum: Some(0.5), label_noise: Some(0.1), sgd: l1, ..base },
        Plan { momentum: Some(0.5), batch: 1, sgd: decoupled, ..base },
    ] {
        for place in 0..Net::PARAMS {
            let mut arena = vec![0.0; plan.ram::<Net>().arena_len()];
            let mut order = [0; 10];
            let lent = Lent { arena: &mut arena, indices: &mut order };
            let mut trainer = plan.start::<Net, _, _>(Mse, lent, plan.task).unwrap();
            trainer.update().unwrap();
            trainer.model().params_mut()[place] = f32::NAN;
            let before = tamis_test_kit::bits(trainer.model().params());
            let error = trainer.update();
            assert_eq!(error, Err(tamis::TrainError::Rejected(tamis::StepError::Loss)), "parameter {place}");
            assert_eq!(tamis_test_kit::bits(trainer.model().params()), before);
            assert_eq!(trainer.model().updates(), 1);
        }
    }
}
