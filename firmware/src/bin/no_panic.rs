//! Proof by the linker that the kernel cannot panic on a typed network.
//!
//! The panic handler calls a function that exists nowhere. If any panic were reachable, this program would not
//! link. `panicky.rs` is its twin that must not link.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(feature = "microbit")]
use nrf51_hal as _; // the chip's interrupt vectors
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;
use static_cell::ConstStaticCell;
use tamis::task::Task;
use tamis::{
    Batch, BinaryCrossEntropy, Chain, Contrast, Data, Dense, Digest, Huber, Identity, Init, LeakyRelu, Lent,
    Model, NoBias, Norms, Plan, Relu, Rule, Sampler, Samples, Seed, Sgd, Shape, Sigmoid, SoftmaxCrossEntropy,
    Standardise, Stored, Tanh, Target, Verdict,
};

type Net = Chain<
    Chain<Dense<7, 9, Tanh>, Dense<9, 5, Relu, NoBias>>,
    Chain<Dense<5, 4, LeakyRelu>, Chain<Dense<4, 6, Sigmoid>, Dense<6, 3, Identity>>>,
>;

static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);
static GRADIENT: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static ROWS: ConstStaticCell<[f32; 64]> = ConstStaticCell::new([0.0; 64]);
static INDICES: ConstStaticCell<[u16; 32]> = ConstStaticCell::new([0; 32]);

/// Every public part of the kernel, with values that the compiler cannot know.
fn use_everything() -> Option<u32> {
    let seed = Seed(black_box(1));
    let params = PARAMS.try_take()?;
    let scratch = SCRATCH.try_take()?;
    let gradient = GRADIENT.try_take()?;
    let rows = ROWS.try_take()?;
    let indices = INDICES.try_take()?;

    let sgd = Sgd::new(black_box(0.1)).ok()?;
    let sgd = sgd.clip_norm(black_box(1.0)).ok()?.final_drop(black_box(10), black_box(0.2)).ok()?;
    let decayed = sgd.weight_decay(black_box(0.01)).ok()?;

    let mut x = black_box([0.5; 7]);
    let target = black_box([0.1, 0.2, 0.3]);
    let mut numbers = [0.0; 14];
    let mut scale = Standardise::new(&mut numbers, black_box(7), black_box(2)).ok()?;
    scale.observe(&x).ok()?;
    let scaled = scale.apply(&mut x);
    black_box((scaled, scale.unscalable_inputs().count()));

    let mut digest = Digest::new();
    {
        let mut net = Model::<Net>::new(params, scratch);
        net.init(black_box(Init::HeNormal), seed).ok()?;
        black_box(net.step(&x, &target, &sgd).ok()?);
        black_box(net.step(&x, &target, &decayed).ok()?);
        let mut batch = Batch::<Net>::new(gradient, black_box(2)).ok()?;
        black_box(net.accumulate(&x, &target, &mut batch).ok()?);
        black_box(net.apply(&mut batch, &decayed)?);
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

    let mut model = Model::<Net, _>::with_loss(Huber::new(black_box(1.0)).ok()?, params, scratch);
    black_box(model.step(&x, &target, &sgd).ok()?);
    let mut model = Model::<Net, _>::with_loss(BinaryCrossEntropy, params, scratch);
    black_box(model.step(&x, &target, &decayed).ok()?);
    let mut model = Model::<Net, _>::with_loss(SoftmaxCrossEntropy, params, scratch);
    black_box(model.step(&x, &[black_box(2.0)], &sgd).ok()?);

    let task = Task { seed, target: black_box(Target::Sine), inputs: black_box(5), relevant: 2, noise: 0.3 };
    let mut stored = Stored::new(rows, black_box(5), seed);
    while stored.push(&x, black_box(0.5)).is_ok() {}
    let plan = Plan {
        seed,
        task,
        data: black_box(Data::Shuffled(10)),
        standardise: black_box(Some(3)),
        init: Init::Scaled(black_box(1.0)),
        batch: black_box(4),
        sgd: decayed,
        updates: black_box(5),
        rule: Rule::Gap { least: 3.0 },
    };
    let (mut norms, mut standardise) = ([0.0; 8 * 7], [0.0; 14]);
    let lent = Lent { params, scratch, gradient, indices, norms: &mut norms, standardise: &mut standardise };
    let mut trainer = plan.start::<Net, _>(lent, stored).ok()?;
    for _ in 0..plan.updates {
        black_box(trainer.update().ok()?);
    }
    black_box((trainer.norms(), trainer.test_loss(&task).ok()?, trainer.update_on(&x, &target).ok()?));
    let mut live = task;
    live.sample(black_box(3), &mut x, &mut [0.0]).ok()?;
    black_box((Sampler::sequential(black_box(3)).ok()?.draw(), Sampler::stream().draw()));
    black_box(Sampler::keyed(black_box(3), seed).ok()?.draw());
    black_box(Sampler::with_replacement(black_box(3), seed).ok()?.draw());
    tamis::task::probes(seed, black_box(4), &mut x);
    Some(trainer.digest() ^ digest.value())
}

#[entry]
fn main() -> ! {
    black_box(use_everything());
    loop {
        core::hint::spin_loop();
    }
}

// An undefined symbol, declared only to be missed by the linker.
#[allow(unsafe_code)]
unsafe extern "C" {
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    a_panic_is_reachable()
}
