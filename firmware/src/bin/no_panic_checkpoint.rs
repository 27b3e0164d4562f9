//! Proof by the linker that checkpoints cannot panic, whatever the flash memory holds: as `no_panic.rs`.
#![no_std]
#![no_main]

mod proof;

use core::hint::black_box;

use proof::entry;
use proof::nowhere::Nowhere;
use static_cell::ConstStaticCell;
use tamis::checkpoint::Checkpoints;
use tamis::{
    AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Lent, Plan, Ring, Rule, Seed, Sgd, Target, Task,
};

static NUMBERS: ConstStaticCell<[f32; 512]> = ConstStaticCell::new([0.0; 512]);
static INDICES: ConstStaticCell<[u16; 32]> = ConstStaticCell::new([0; 32]);
static ROWS: ConstStaticCell<[f32; 64]> = ConstStaticCell::new([0.0; 64]);

/// Checkpoints of a training with everything that has a state, in any order of samples.
fn checkpoints() -> Option<()> {
    let (arena, indices, rows) = (NUMBERS.try_take()?, INDICES.try_take()?, ROWS.try_take()?);
    let seed = Seed(black_box(1));
    let plan = Plan {
        seed,
        task: Task::plain(black_box(Target::Sine), 5, 2, 0.3, seed),
        data: black_box(Data::Shuffled(10)),
        standardise: black_box(Some(3)),
        label_noise: black_box(Some(0.1)),
        init: black_box(Init::scaled(1.0)),
        batch: black_box(4),
        sgd: Sgd::new(black_box(0.1)).ok()?,
        momentum: black_box(Some(0.5)),
        pressed: None,
        updates: black_box(5),
        rule: black_box(Rule::Gap { least: 3.0 }),
    };
    let layers = [LayerSpec::new(9, AnyActivation::Tanh), LayerSpec::new(3, AnyActivation::Identity)];
    let layers = Layers::new(black_box(5), black_box(&layers)).ok()?;
    let source = Ring::new(plan.task, rows, black_box(5), black_box(8), seed).ok()?;
    let mut training = plan.start_layers(layers, AnyLoss::Mse, Lent { arena, indices }, source).ok()?;
    let mut checkpoints = Checkpoints::new(Nowhere, black_box(4096)).ok()?;
    let description = black_box([1; 40]);
    let description = description.get(..black_box(33))?;
    black_box(checkpoints.load(description, &mut training).is_ok());
    black_box(checkpoints.save(description, &mut training).is_ok());
    let found = checkpoints.newest().ok()??;
    black_box(checkpoints.description(&found, &mut black_box([0; 50])).is_ok());
    black_box(checkpoints.look(black_box(7)).is_ok());
    Some(())
}

#[entry]
fn main() -> ! {
    black_box(checkpoints());
    loop {
        core::hint::spin_loop();
    }
}
