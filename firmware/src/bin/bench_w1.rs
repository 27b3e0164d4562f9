//! The benchmark W1: one whole step is `w1_step`.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{Sgd, Shape, StepError};
use tamis_firmware::bench::{self, Learner, Sample};
use tamis_firmware::entry;
use tamis_firmware::workloads::{W1, Workload};

type Net = <W1 as Workload>::Net;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);

#[inline(never)]
fn w1_step(net: &mut Learner<'_, W1>, sample: &Sample<W1>, sgd: &Sgd) -> Result<f32, StepError> {
    net.step(&sample.x, &sample.target, sgd)
}

#[entry]
fn main() -> ! {
    bench::run(PARAMS.take(), SCRATCH.take(), |net, [sample], sgd| w1_step(net, sample, sgd))
}
