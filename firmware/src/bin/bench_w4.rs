//! The benchmark W4: one whole step is `w4_step`.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{Sgd, Shape, StepError};
use tamis_firmware::bench::{self, Learner, Sample};
use tamis_firmware::entry;
use tamis_firmware::workloads::{W4, Workload};

type Net = <W4 as Workload>::Net;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);

#[inline(never)]
fn w4_step(net: &mut Learner<'_, W4>, sample: &Sample<W4>, sgd: &Sgd) -> Result<f32, StepError> {
    net.step(&sample.x, &sample.target, sgd)
}

#[entry]
fn main() -> ! {
    bench::run(PARAMS.take(), SCRATCH.take(), |net, [sample], sgd| w4_step(net, sample, sgd))
}
