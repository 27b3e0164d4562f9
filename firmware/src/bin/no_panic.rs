//! Proof by the linker that the kernel cannot panic: on typed networks, in lanes, on layers known at run time.
//!
//! `proof/mod.rs` has the panic handler that makes it one.
#![no_std]
#![no_main]

mod proof;

use core::hint::black_box;

use proof::entry;
use static_cell::ConstStaticCell;
use tamis::{
    AnyActivation, AnyLoss, Base, Batch, BinaryCrossEntropy, Chain, Clip, Contrast, Data, Dense, Digest,
    Growing, Huber, Identity, Init, LabelNoise, Labels, Lanes, LayerSpec, Layers, LeakyRelu, Lent, Model,
    Momentum, Mse, NoBias, Norms, Number, Plan, Pressed, Proximal, Relu, Ring, Rule, Sampler, Samples, Seed,
    Sgd, Shape, Sigmoid, SoftmaxCrossEntropy, Standardise, Stored, Tanh, Target, Task, Verdict, WeightDecay,
    compaction, lanes,
};

type Net = Chain<
    Chain<Dense<7, 9, Tanh>, Dense<9, 5, Relu, NoBias>>,
    Chain<Dense<5, 4, LeakyRelu>, Chain<Dense<4, 6, Sigmoid>, Dense<6, 3, Identity>>>,
>;
/// A small one, for the losses that are left: the program must fit the flash of each board.
type Small = Chain<Dense<7, 4, Sigmoid>, Dense<4, 3, Identity>>;
type Pair = Lanes<2>;

/// Numbers enough for a plan on a network of this size with every option.
const ARENA: usize = 4 * Net::PARAMS + Net::SCRATCH + 8 * 7 + 4 * 7 + 10;

static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);
static GRADIENT: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static NUMBERS: ConstStaticCell<[f32; ARENA]> = ConstStaticCell::new([0.0; ARENA]);
static ROWS: ConstStaticCell<[f32; 64]> = ConstStaticCell::new([0.0; 64]);
static INDICES: ConstStaticCell<[u16; 32]> = ConstStaticCell::new([0; 32]);
static LANES: ConstStaticCell<[Pair; Net::PARAMS + Net::SCRATCH]> =
    ConstStaticCell::new([Pair::ZERO; Net::PARAMS + Net::SCRATCH]);

/// Settings with every option, none of which the compiler can know.
fn settings() -> Option<Sgd> {
    let sgd = Sgd::new(black_box(0.1)).ok()?;
    let sgd = sgd.warm_up(black_box(3)).ok()?.final_drop(black_box(10), black_box(0.2)).ok()?;
    let sgd = sgd.base(black_box(Base::StepDecay { every: 2, factor: 0.5 })).ok()?;
    let sgd = sgd.clip(black_box(Clip::Norm(1.0))).ok()?;
    let sgd = sgd.weight_decay(black_box(WeightDecay::coupled(0.01).biases(0.1))).ok()?;
    sgd.proximal(black_box(Proximal::group(0.01).every(2))).ok()
}

/// Typed networks, one part after the other.
fn typed() -> Option<u32> {
    let seed = Seed(black_box(1));
    let params = PARAMS.try_take()?;
    let scratch = SCRATCH.try_take()?;
    let gradient = GRADIENT.try_take()?;
    let sgd = settings()?;

    let mut x = black_box([0.5; 7]);
    let mut target = black_box([0.1, 0.2, 0.3]);
    let mut numbers = [0.0; 14];
    let mut scale = Standardise::new(&mut numbers, black_box(7), black_box(2)).ok()?;
    scale.observe(&x).ok()?;
    let scaled = scale.apply(&mut x);
    black_box((scaled, scale.unscalable_inputs().count()));
    LabelNoise::of(&Mse, black_box(0.1), seed).ok()?.add(&mut target);

    let mut digest = Digest::new();
    {
        let mut net = Model::<Net>::new(params, scratch);
        net.init(black_box(Init::xavier().uniform().with_biases(0.1)), seed).ok()?;
        black_box(net.step(&x, &target, &sgd).ok()?);
        let growing = Growing::new(black_box(0), black_box(3)).ok()?;
        net.shrink(&growing, &black_box([0.5; 7]));
        {
            let mut momentum = Momentum::<Net>::new(sgd, black_box(0.9), gradient).ok()?;
            black_box(net.step(&x, &target, &mut momentum).ok()?);
        }
        let mut batch = Batch::<Net>::new(gradient, black_box(2)).ok()?;
        black_box(net.accumulate(&x, &target, &mut batch).ok()?);
        black_box(net.apply(&mut batch, &sgd).ok()?);
        black_box((net.predict(&x), net.evaluate(&x, &target).ok()?, net.updates()));
        digest.update(net.params());
        let mut ring = [0.0; 8 * 7];
        let mut checks = Norms::new(&mut ring, black_box(7)).ok()?;
        checks.check(net.net(), net.params()).ok()?;
        let mut norms = [0.0; 7];
        black_box(checks.mean(&mut norms));
        black_box(net.column_norms());
        let mut verdicts = [Verdict::Undecided; 7];
        Rule::Probes { count: black_box(2), factor: 3.0 }.judge(&norms, &mut verdicts);
        Rule::Gap { least: black_box(3.0) }.judge(&norms, &mut verdicts);
        black_box((Contrast::of(&norms, black_box(2)), tamis::verdict::is_exact(&verdicts, black_box(2))));
    }
    black_box(compaction::compact(&Net::default(), params, black_box(&[true; 7])).ok()?);

    let mut model = Model::<Net, _>::with_loss(Huber::new(black_box(1.0)).ok()?, params, scratch);
    black_box(model.step(&x, &target, &sgd).ok()?);
    let mut model = Model::<Small, BinaryCrossEntropy>::from_slices(params, scratch).ok()?;
    black_box(model.step(&x, &target, &sgd).ok()?);
    let mut model = Model::<Small, SoftmaxCrossEntropy>::from_slices(params, scratch).ok()?;
    black_box(model.step(&x, &[black_box(2.0)], &sgd).ok()?);
    Some(digest.value())
}

/// Several trainings at once.
fn bundled() -> Option<f32> {
    let (params, scratch) = LANES.try_take()?.split_at_mut(Net::PARAMS);
    lanes::pack(&black_box([0.5; 9]), black_box(1), params);
    let sgd = lanes::bundle(&[settings()?, settings()?])?;
    let mut net = Model::<Net, Mse, Pair>::from_slices(params, scratch).ok()?;
    let half = Pair::from(black_box([0.5; 2]));
    net.step(&[half; 7], &[half; 3], &sgd).ok()?;
    let mut numbers = [0.0; 9];
    lanes::unpack(net.params(), black_box(1), &mut numbers);
    numbers.first().copied()
}

/// A whole training of a plan on layers that are known at run time.
fn planned() -> Option<u32> {
    let seed = Seed(black_box(1));
    let arena = NUMBERS.try_take()?;
    let indices = INDICES.try_take()?;
    let rows = ROWS.try_take()?;
    let plan = plan(seed)?;
    let task = plan.task;
    let layers = [LayerSpec::new(9, AnyActivation::Tanh), LayerSpec::new(3, AnyActivation::Identity)];
    let layers = Layers::new(black_box(7), black_box(&layers)).ok()?;
    let loss = black_box(AnyLoss::SoftmaxCrossEntropy);
    let mut x = black_box([0.5; 7]);
    {
        let mut stored = Stored::new(rows, black_box(5), seed);
        while stored.push(&x, black_box(0.5)).is_ok() {}
        let lent = Lent { arena, indices };
        let mut trainer = plan.start_layers(layers, loss, lent, stored).ok()?;
        for _ in 0..plan.updates {
            black_box(trainer.update().ok()?);
        }
        black_box((trainer.norms().map(<[f32]>::len), trainer.test_loss(&task).ok()?));
        black_box(trainer.learn_again().ok()?);
    }
    let lent = Lent { arena, indices };
    let mut trainer = plan.start::<Net, _, _>(Mse, lent, task).ok()?;
    black_box(trainer.update().ok()?);
    let digest = trainer.digest();

    let mut live = task;
    live.sample(black_box(3), &mut x, &mut [0.0]).ok()?;
    let mut ring = Ring::new(task, rows, black_box(5), black_box(4), seed).ok()?;
    ring.sample(black_box(0), &mut x, &mut [0.0]).ok()?;
    let samplers = [
        Sampler::sequential(black_box(3)),
        Sampler::keyed(black_box(3), seed),
        Sampler::with_replacement(black_box(3), seed),
        Sampler::ring(black_box(3), black_box(2), seed),
        Ok(Sampler::stream()),
    ];
    for sampler in samplers {
        black_box(sampler.ok()?.draw());
    }
    tamis::task::probes(seed, black_box(4), &mut x);
    Some(digest)
}

/// A plan with every option.
fn plan(seed: Seed) -> Option<Plan> {
    let labels = black_box(Labels::Classes(3));
    let growing = Growing::new(black_box(2), black_box(3)).ok()?;
    Some(Plan {
        seed,
        task: Task { labels, ..Task::plain(black_box(Target::Sine), black_box(5), 2, 0.3, seed) },
        data: black_box(Data::Shuffled(10)),
        standardise: black_box(Some(3)),
        label_noise: black_box(None),
        init: black_box(Init::scaled(1.0)),
        batch: black_box(4),
        sgd: settings()?,
        momentum: black_box(Some(0.5)),
        pressed: black_box(Some(Pressed { growing, first: 1, count: 2, rate: 0.5 })),
        updates: black_box(5),
        rule: black_box(Rule::Gap { least: 3.0 }),
    })
}

#[entry]
fn main() -> ! {
    black_box((typed(), bundled(), planned()));
    loop {
        core::hint::spin_loop();
    }
}
