//! Proof by the linker that checkpoints cannot panic, whatever the flash memory holds: as `no_panic.rs`.
#![no_std]
#![no_main]

mod proof;

use core::hint::black_box;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use proof::entry;
use static_cell::ConstStaticCell;
use tamis::checkpoint::Checkpoints;
use tamis::{
    AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Lent, Plan, Ring, Rule, Seed, Sgd, Target, Task,
};

static NUMBERS: ConstStaticCell<[f32; 512]> = ConstStaticCell::new([0.0; 512]);
static INDICES: ConstStaticCell<[u16; 32]> = ConstStaticCell::new([0; 32]);
static ROWS: ConstStaticCell<[f32; 64]> = ConstStaticCell::new([0.0; 64]);

/// Flash memory that keeps nothing, and of which nothing is known.
struct Nowhere;

impl ErrorType for Nowhere {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Nowhere {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        into.fill_with(|| black_box(at as u8));
        black_box(Ok(()))
    }

    fn capacity(&self) -> usize {
        black_box(16_384)
    }
}

impl NorFlash for Nowhere {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        black_box((from, to));
        black_box(Ok(()))
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        black_box((at, bytes));
        black_box(Ok(()))
    }
}

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
