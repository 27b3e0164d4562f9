//! The benchmark W4 at a batch of four: one whole step is `w4_batch_step`.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{Batch, Sgd, Shape, StepError};
use tamis_firmware::bench::{self, Learner, Sample};
use tamis_firmware::workloads::{BATCH, W4, Workload};
use tamis_firmware::{end, entry};

type Net = <W4 as Workload>::Net;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);
static GRADIENT: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);

#[inline(never)]
fn w4_batch_step(
    net: &mut Learner<'_, W4>,
    batch: &mut Batch<'_, Net>,
    samples: &[Sample<W4>; BATCH],
    sgd: &Sgd,
) -> Result<f32, StepError> {
    for sample in samples {
        net.accumulate(&sample.x, &sample.target, batch)?;
    }
    net.apply(batch, sgd)
}

#[entry]
fn main() -> ! {
    let Ok(mut batch) = Batch::<Net>::new(GRADIENT.take(), BATCH as u32) else { end::with(1) };
    bench::run(PARAMS.take(), SCRATCH.take(), |net, samples, sgd| {
        w4_batch_step(net, &mut batch, samples, sgd)
    })
}
