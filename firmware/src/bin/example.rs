//! A network that learns on the device.
#![no_std]
#![no_main]
use static_cell::ConstStaticCell;
use tamis::{Chain, Dense, Identity, Init, Model, Seed, Sgd, Shape, Tanh, Target, Task};
use tamis_firmware::{end, entry};

type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>; // 8 sensors, 16 hidden units, 1 output
const _: () = assert!(Net::RAM_BYTES <= 1024); // checked by the compiler
static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);

#[entry]
fn main() -> ! {
    let mut net = Model::<Net>::new(PARAMS.take(), SCRATCH.take());
    end::unless_ok(net.init(Init::scaled(1.0), Seed(1))); // the same weights on every machine
    let sgd = end::unless_ok(Sgd::new(0.05));
    // Eight inputs, two of them relevant, noise of deviation 0.3: your sensors here.
    let sensors = Task::plain(Target::Sine, 8, 2, 0.3, Seed(1));
    let mut x = [0.0; 8];
    for k in 0..20_000 {
        let target = sensors.row(k, &mut x);
        end::unless_ok(net.step(&x, &[target], &sgd)); // forward, backward, update
    }
    defmt::info!("column norms {}", net.column_norms()); // what it makes of each sensor
    end::with(0)
}
