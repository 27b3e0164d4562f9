//! The benchmark of networks that are known at run time only: one whole step is `layers_step`. Who runs it writes
//! the network into `SHAPE` before `main`.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU16, Ordering};

use static_cell::ConstStaticCell;
use tamis::{Batch, Layers, Sgd, StepError};
use tamis_firmware::growth::{self, ARENA, Learner, Rows};
use tamis_firmware::{bench, entry};

static SHAPE: [AtomicU16; 8] = [const { AtomicU16::new(0) }; 8];
static MEMORY: ConstStaticCell<[f32; ARENA]> = ConstStaticCell::new([0.0; ARENA]);

#[inline(never)]
fn layers_step(
    net: &mut Learner<'_>,
    batch: Option<&mut Batch<'_, Layers>>,
    rows: &Rows<'_>,
    sgd: &Sgd,
) -> Result<f32, StepError> {
    growth::step(net, batch, rows, sgd)
}

#[entry]
fn main() -> ! {
    let shape = black_box(&SHAPE).each_ref().map(|number| number.load(Ordering::Relaxed));
    bench::finish(growth::train(&shape, MEMORY.take(), layers_step))
}
