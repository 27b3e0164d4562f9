//! The benchmark W3: one whole step is `w3_step`.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{Sgd, Shape, StepError};
use tamis_firmware::bench::{self, Learner, Sample};
use tamis_firmware::entry;
use tamis_firmware::workloads::{W3, Workload};

type Net = <W3 as Workload>::Net;
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);

#[inline(never)]
fn w3_step(net: &mut Learner<'_, W3>, sample: &Sample<W3>, sgd: &Sgd) -> Result<f32, StepError> {
    net.step(&sample.x, &sample.target, sgd)
}

#[entry]
fn main() -> ! {
    bench::run(PARAMS.take(), SCRATCH.take(), |net, [sample], sgd| w3_step(net, sample, sgd))
}
