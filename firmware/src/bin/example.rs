//! A network that learns on the device: the whole program.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use static_cell::ConstStaticCell;
use tamis::{Chain, Dense, Identity, Init, Model, Seed, Sgd, Shape, Tanh, Target, Task};
use tamis_firmware::end;

type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>; // 8 sensors, 16 hidden units, 1 output
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);
const _: () = assert!(Net::RAM_BYTES <= 1024); // checked by the compiler

#[entry]
fn main() -> ! {
    let mut net = Model::<Net>::new(PARAMS.take(), SCRATCH.take()); // a wrong length does not compile
    end::unless_ok(net.init(Init::Scaled(1.0), Seed(1)));
    let sgd = end::unless_ok(Sgd::new(0.05));
    let sensors = Task { seed: Seed(1), target: Target::Sine, inputs: 8, relevant: 2, noise: 0.3 };
    for k in 0..20_000 {
        let mut x = [0.0; 8];
        let target = sensors.row(k, &mut x); // your sensors here
        end::unless_ok(net.step(&x, &[target], &sgd)); // forward, backward, update
    }
    let mut norms = [0.0; 8]; // one per sensor: what the network makes of it
    tamis::support::column_norms(net.net(), net.params(), &mut norms);
    defmt::info!("column norms {}", norms);
    end::with(0)
}
